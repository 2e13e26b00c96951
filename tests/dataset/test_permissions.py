"""Data that may serve one purpose only never reaches a label of another, by whatever way."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.dataset.shop import FEATURES, LABELS, TABLES, shop
from workbench.config import Home
from workbench.dataset.build import build_scoring_frame, build_training_frame
from workbench.dataset.catalog import load_task
from workbench.dataset.checks import check_dataset
from workbench.dataset.lineage import feature_lineage, shown
from workbench.dataset.permissions import forbidden_reads
from workbench.errors import WorkbenchError
from workbench.labels.definition import LabelDefinition
from workbench.labels.kinds import KINDS
from workbench.tables.purposes import STANDARD

LOANS = """  loans: {source: loans.parquet, event_time: due, columns: {late: {allowed_for: [risk]}}}
  terms: {source: terms.parquet, key: term, columns: {strict: {allowed_for: [risk]}}}
  dunned: {source: dunned.parquet, event_time: due, join: {terms: term}}
  files: {source: files.parquet, columns: {worst: {allowed_for: [credit], sensitive: false}}}
"""
RISK = """
bad:
  kind: risk
  cutoffs: {every: 1mo, from: 2025-03-01, to: 2025-05-01}
  outcome: {any_in: orders, within: 30d, lag: 1d}
"""


def lending(folder: Path, feature: str, *, tables: str = "", labels: str = "") -> Home:
    """The shop with loans: `late`, `strict` and `worst` may serve risk only."""
    days = pd.date_range("2025-01-01", "2025-06-30", freq="5D")
    loans = pd.DataFrame(
        {"customer": [i % 7 + 1 for i in range(len(days))], "due": days, "late": [float(i % 4) for i in range(len(days))]}
    )  # fmt: skip
    loans["term"] = ["x" if i % 2 else "y" for i in range(len(loans))]
    loans["mailing"] = 1
    return shop(
        folder,
        tables=TABLES + LOANS + tables,
        features=FEATURES + feature,
        labels=LABELS + RISK + labels,
        loans=loans,
        dunned=loans.drop(columns="late"),
        terms=pd.DataFrame({"term": ["x", "y"], "strict": [1, 0], "name": ["a", "b"]}),
        files=pd.DataFrame({"customer": range(1, 8), "worst": range(7)}),
        scores=pd.DataFrame({"customer": loans["customer"], "at": loans["due"], "p": loans["late"] / 4}),
    )


WAYS = {
    "directly": ("w: {from: loans, value: late, aggregate: max}", "feature w_max_all -> value -> loans.late"),
    "through where": ("w: {from: loans, where: late > 1}", "feature w_count_all -> where -> loans.late"),
    "in an expression": ("w: {from: loans, value: 'coalesce(late, 0) * 2', aggregate: sum}", "value -> loans.late"),
    "through a hop": ("w: {from: loans, where: terms.strict = 1}", "feature w_count_all -> where -> hop to terms -> terms.strict"),
    "through a join": ("w: {from: dunned, value: strict, aggregate: mean}", "value -> join of dunned -> terms.strict"),
    "as an attribute": ("w: {attribute: files.worst}", "feature w -> attribute -> files.worst"),
    "a ratio": (
        "l: {from: loans, value: late, aggregate: sum, windows: [90d]}\nw: {ratio: [l_sum_90d, spend_sum_30d]}",
        "feature l_sum_90d -> value -> loans.late (so do w)",
    ),
    "a formula over a formula": (
        "l: {from: loans, value: late, aggregate: sum}\nv: {formula: l_sum_all + 1, for: [buys]}\nw: {formula: v * 2, for: [buys]}",
        "(so do v, w)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_a_restricted_column_never_reaches_a_marketing_label(tmp_path: Path, way: str) -> None:
    feature, path = WAYS[way]
    home = lending(tmp_path, feature + "\n")
    report = check_dataset(home, "shop", label="buys")
    found = [f for f in report.findings if f.code == "WB-T30"]
    assert [f.severity for f in found] == ["stop"]
    assert path in found[0].message
    assert "allowed for" in found[0].message
    assert not report.ok
    for build in (
        lambda: build_training_frame(home, "shop/buys"),
        lambda: build_scoring_frame(home, "shop/buys", pd.Timestamp("2025-06-30").date()),
    ):
        with pytest.raises(WorkbenchError, match="WB-T30"):
            build()
    risk = check_dataset(home, "shop", label="bad").findings
    assert not [f for f in risk if f.code == "WB-T30" and f.table != "people"]


def test_a_formula_names_the_whole_way(tmp_path: Path) -> None:
    """Where only the formula is left for the label, the message leads from it over its operand to the column."""
    home = lending(tmp_path, "l: {from: loans, value: late, aggregate: sum}\nw: {formula: l_sum_all + 1}\n")
    dataset, label = load_task(home, "shop/buys")
    assert isinstance(label, LabelDefinition)
    reads = {r.place: r.path for r in feature_lineage(dataset, label)["w"]}
    assert reads["loans.late"] == "w -> l_sum_all -> value -> loans.late"


TWINS = {
    "the same source": ("{source: loans.parquet, event_time: due}", "late"),
    "a copy": ("{source: copied.parquet, event_time: due}", "late"),
    "among other files": ("{source: [other.parquet, copied.parquet], event_time: due}", "late"),
    "under another name": ("{source: loans.parquet, event_time: due, rename: {late: days}}", "days"),
    "told long": ("{source: loans.parquet, unpivot: {time: month, rows: {2025-01-01: {days: late}}}, event_time: month}", "days"),
    "its own rule is wider": ("{source: loans.parquet, event_time: due, columns: {late: {allowed_for: [risk, marketing]}}}", "late"),
}  # fmt: skip


@pytest.mark.parametrize("twin", TWINS)
def test_a_restriction_holds_for_the_content_under_whatever_table(tmp_path: Path, twin: str) -> None:
    table, column = TWINS[twin]
    home = lending(
        tmp_path, f"w: {{from: again, value: {column}, aggregate: max}}\n", tables=f"  again: {table}\n"
    )
    folder = home.feature_defs / "shop"
    loans = pd.read_parquet(folder / "loans.parquet")
    shutil.copy(folder / "loans.parquet", folder / "copied.parquet")
    loans.assign(late=9.0).to_parquet(folder / "other.parquet")
    report = check_dataset(home, "shop", label="buys")
    (found,) = [f for f in report.findings if f.code == "WB-T30"]
    assert f"again.{column} is allowed for risk only (in 'loans', the same file)" in found.message
    told = [f.message for f in report.findings if f.code == "WB-T36" and f.table == "again"]
    assert f"`allowed_for: [risk]` in 'loans' holds for 'again.{column}' too" in told[0]
    with pytest.raises(WorkbenchError, match="WB-T30"):
        build_training_frame(home, "shop/buys")
    other = lending(
        tmp_path / "other",
        f"w: {{from: again, value: {column}, aggregate: max, for: [bad]}}\n",
        tables=f"  again: {table}\n",
    )
    assert not [f for f in check_dataset(other, "shop", label="bad").findings if f.code == "WB-T30" and f.table != "people"]  # fmt: skip


def test_a_header_that_the_restricting_table_renames_is_restricted_under_its_own_name(tmp_path: Path) -> None:
    tables = (
        "  first: {source: scores.parquet, event_time: at, rename: {p: risk}, columns: {risk: {allowed_for: [risk]}}}\n"
        "  second: {source: scores.parquet, event_time: at}\n"
    )
    home = lending(tmp_path, "w: {from: second, value: p, aggregate: max}\n", tables=tables)
    assert [f.column for f in check_dataset(home, "shop", label="buys").findings if f.code == "WB-T30"] == ["p"]  # fmt: skip


def test_a_look_up_under_a_second_name_is_as_restricted_when_it_is_joined(tmp_path: Path) -> None:
    tables = (
        "  terms2: {source: terms.parquet, key: term}\n"
        "  late: {source: dunned.parquet, event_time: due, join: {terms2: term}}\n"
    )
    home = lending(tmp_path, "w: {from: late, value: strict, aggregate: mean}\n", tables=tables)
    (found,) = [f for f in check_dataset(home, "shop", label="buys").findings if f.code == "WB-T30"]
    assert "value -> join of late -> terms2.strict" in found.message


def test_a_table_that_is_restricted_as_a_whole_restricts_its_twin(tmp_path: Path) -> None:
    """The dataset is for marketing: a second name for a table of risk does not open it."""
    tables = (
        "  first: {source: scores.parquet, event_time: at, allowed_for: [risk]}\n"
        "  second: {source: scores.parquet, event_time: at}\n"
    )
    home = lending(tmp_path, "w: {from: second, value: p, aggregate: max}\n", tables=tables)
    with pytest.raises(WorkbenchError, match="WB-T06.*'second' is allowed for risk only"):
        build_training_frame(home, "shop/buys")


@pytest.mark.parametrize(
    ("sheet", "allowed"), [("money", True), ("LATE ", False), ("1", False), (None, False)]
)
def test_two_sheets_of_a_workbook_are_two_contents(tmp_path: Path, sheet: str | None, allowed: bool) -> None:
    named = "" if sheet is None else f", sheet: '{sheet}'"
    tables = (
        "  first: {source: book.xlsx, sheet: late, columns: {days: {allowed_for: [risk]}}}\n"
        f"  second: {{source: book.xlsx{named}}}\n"
    )
    home = lending(tmp_path, "w: {attribute: second.days}\n", tables=tables)
    (home.feature_defs / "shop" / "book.xlsx").write_bytes(b"judged before it is opened")
    dataset, label = load_task(home, "shop/buys")
    assert isinstance(label, LabelDefinition)
    assert (not [f for f in forbidden_reads(dataset, label) if f.column == "days"]) == allowed


def test_what_the_label_itself_reads_counts_too(tmp_path: Path) -> None:
    """Leaving the late payers out of a mailing uses the repayments as much as a feature would."""
    late = "buys_on_time:\n  kind: conversion\n  cutoffs: {every: 1mo, from: 2025-03-01, to: 2025-05-01}\n"
    eligible = "  eligible: {none_in: loans, where: late > 1, within: 90d}\n  outcome: {any_in: orders, within: 30d, lag: 1d}\n"
    home = lending(tmp_path, "", labels=late + eligible)
    (found,) = [f for f in check_dataset(home, "shop", label="buys_on_time").findings if f.code == "WB-T30"]
    assert "label 'buys_on_time' -> eligible -> where -> loans.late" in found.message


def test_via_match_and_link_count_too(tmp_path: Path) -> None:
    tables = "  lists: {source: loans.parquet, columns: {term: {allowed_for: [risk]}}}\n"
    feature = "w: {from: dunned, via: [lists], match: [mailing], link: [term]}\n"
    home = lending(tmp_path, feature, tables=tables)
    (found,) = [f for f in check_dataset(home, "shop", label="answers").findings if f.code == "WB-T30"]
    assert "feature w_count_all -> via lists -> lists.term" in found.message


@pytest.mark.parametrize("score_of", ["bad", "shop/bad"])
def test_a_models_score_is_as_restricted_as_what_the_model_read(tmp_path: Path, score_of: str) -> None:
    tables = f"  scores: {{source: scores.parquet, event_time: at, score_of: {score_of}}}\n"
    feature = "l: {from: loans, value: late, aggregate: max, for: [bad]}\nw: {from: scores, value: p, aggregate: last}\n"
    home = lending(tmp_path, feature, tables=tables)
    found = [f for f in check_dataset(home, "shop", label="buys").findings if f.code == "WB-T30"]
    assert [f.column for f in found] == ["late"]
    way = "feature w_last_all -> value -> scores.p -> score of shop/bad -> l_max_all -> value -> loans.late"
    assert way in found[0].message
    risk = check_dataset(home, "shop", label="bad").findings
    assert not [f for f in risk if f.code == "WB-T30" and f.table != "people"]


def test_a_score_of_nothing_known_is_refused(tmp_path: Path) -> None:
    tables = "  scores: {source: scores.parquet, event_time: at, score_of: shop/bda}\n"
    home = lending(tmp_path, "w: {from: scores, value: p, aggregate: last}\n", tables=tables)
    found = {f.code: f for f in check_dataset(home, "shop", label="buys").findings if f.severity == "stop"}
    assert "Did you mean 'bad'" in found["WB-T31"].hint
    with pytest.raises(WorkbenchError, match="WB-T31"):
        build_training_frame(home, "shop/buys")


@pytest.mark.parametrize(("origin", "reached"), [("loans.late", True), ("loans", True), ("orders", False)])
def test_a_derived_table_is_as_restricted_as_its_origins(tmp_path: Path, origin: str, reached: bool) -> None:
    tables = f"  scores: {{source: scores.parquet, event_time: at, built_from: [{origin}]}}\n"
    home = lending(tmp_path, "w: {from: scores, value: p, aggregate: last}\n", tables=tables)
    found = [f for f in check_dataset(home, "shop", label="buys").findings if f.code == "WB-T30"]
    assert bool(found) == reached


def test_a_table_may_be_allowed_for_some_purposes_as_a_whole(tmp_path: Path) -> None:
    """The dataset's purpose opens the table (WB-T06); a label of another purpose still may not use it."""
    home = lending(tmp_path, "")
    (found,) = [f for f in check_dataset(home, "shop", label="bad").findings if f.code == "WB-T30"]
    assert "feature town -> attribute -> people.town" in found.message
    assert "allowed for marketing only" in found.message


@pytest.mark.parametrize(
    ("stated", "allowed"), [("", False), ("  purpose: risk\n", True), ("  purpose: credit\n", True)]
)
def test_a_label_may_state_its_purpose(tmp_path: Path, stated: str, allowed: bool) -> None:
    label = LABELS[LABELS.index("buys:") : LABELS.index("answers:")].replace("buys:", "buys_more:") + stated
    home = lending(
        tmp_path, "w: {from: loans, value: late, aggregate: max, for: [buys_more]}\n", labels=label
    )
    found = [
        f for f in check_dataset(home, "shop", label="buys_more").findings if f.code == "WB-T30" and f.column == "late"
    ]  # fmt: skip
    assert (not found) == allowed


@pytest.mark.parametrize(("stated", "allowed"), [("", False), ("  purpose: collections\n", True)])
def test_a_purpose_of_ones_own_is_declared(tmp_path: Path, stated: str, allowed: bool) -> None:
    """`purposes: [collections]` makes the word known: to the label that states it, and to the column that asks for it."""
    home = shop(
        tmp_path,
        tables="purposes: [collections]\n"
        + TABLES.replace("allowed_for: [marketing]", "columns: {town: {allowed_for: [collections]}}"),
        labels=LABELS + RISK + stated,
    )
    found = [f for f in check_dataset(home, "shop", label="bad").findings if f.code == "WB-T30"]
    assert (not found) == allowed


def test_the_kinds_of_label_are_purposes_that_every_dataset_knows() -> None:
    assert set(KINDS) <= set(STANDARD)


def test_a_risk_label_that_serves_marketing_is_marketing(tmp_path: Path) -> None:
    label = RISK.replace("bad:", "bad_offer:") + "  purpose: marketing\n"
    home = lending(
        tmp_path, "w: {from: loans, value: late, aggregate: max, for: [bad_offer]}\n", labels=label
    )
    assert [f.code for f in check_dataset(home, "shop", label="bad_offer").findings if f.column == "late"] == ["WB-T30"]  # fmt: skip


def test_the_lineage_of_a_feature_is_what_it_reads(tmp_path: Path) -> None:
    dataset, label = load_task(lending(tmp_path, ""), "shop/buys")
    assert isinstance(label, LabelDefinition)
    lineage = {name: shown(reads) for name, reads in feature_lineage(dataset, label).items()}
    assert lineage["town"] == ["people.town"]
    assert lineage["spend_sum_30d"] == [
        "orders.amount", "orders.at", "orders.customer", "orders.product", "products.aisle", "products.product",
    ]  # fmt: skip


def test_consent_is_asked_for_the_labels_own_purpose(tmp_path: Path) -> None:
    """Customer 1 agrees to marketing, 2 to the use for credit decisions; each label keeps its own."""
    words = pd.DataFrame(
        {"customer": [1, 2], "what": ["marketing", "credit"], "said": pd.to_datetime(["2025-01-01", "2025-01-01"])}
    )  # fmt: skip
    tables = TABLES.replace("purpose: marketing\n", "consent: {table: words, purpose: what}\n").replace(
        ", allowed_for: [marketing]", ""
    )
    home = shop(
        tmp_path,
        tables=tables + "  words: {source: words.parquet, event_time: said}\n",
        labels=LABELS + RISK,
        words=words,
    )
    for task, customer in (("shop/buys", 1), ("shop/bad", 2)):
        frame = build_training_frame(home, task)
        assert set(frame.rows["customer"]) == {customer}
        assert frame.counts["no_consent"] > 0


@pytest.mark.parametrize(
    "words", [("是", "否"), ("Y", "n"), (1, 0), (1.0, 0.0), (True, False), ("同意", "maybe")]
)
def test_consent_is_understood_as_people_write_it(tmp_path: Path, words: tuple[object, object]) -> None:
    """Customer 1 said yes, 2 said no, 3 left it open: what is not clearly a yes is none."""
    said = pd.DataFrame(
        {
            "customer": [1, 2, 3],
            "what": "marketing",
            "granted": [*words, None],
            "said": pd.Timestamp("2025-01-01"),
        }
    )
    consent = "consent: {table: words, purpose: what, granted: granted}\n"
    home = shop(
        tmp_path,
        tables=TABLES.replace("purpose: marketing\n", "purpose: marketing\n" + consent)
        + "  words: {source: words.csv, event_time: said}\n",
    )
    said.to_csv(home.feature_defs / "shop" / "words.csv", index=False)
    frame = build_training_frame(home, "shop/buys")
    assert set(frame.rows["customer"]) == {1}
