"""A definition that cannot hold is refused in one sentence with its line, a stable code, and what to do."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.dataset.shop import FEATURES, LABELS, TABLES, orders, shop
from workbench.dataset.build import build_scoring_frame, build_training_frame
from workbench.dataset.catalog import load_dataset, load_task
from workbench.dataset.checks import check_dataset
from workbench.errors import WorkbenchError


def refusal(folder: Path, task: str = "shop/buys", **changed: object) -> WorkbenchError:
    home = shop(folder, **changed)  # ty: ignore[invalid-argument-type]
    with pytest.raises(WorkbenchError) as caught:
        build_training_frame(home, task)
    assert caught.value.exit_code in (2, 3)
    return caught.value


def test_the_shop_itself_is_fine(tmp_path: Path) -> None:
    frame = build_training_frame(shop(tmp_path), "shop/buys")
    assert frame.rows["label"].isin([0, 1]).all()
    assert frame.features == ("spend_sum_30d", "spend_count_30d", "spend_sum_all", "spend_count_all", "town")


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("value: amount", "value: amuont", "WB-F01", "no column 'amuont'.*Did you mean 'amount'"),
        ("[sum, count]", "[smu, count]", "WB-F03", "line 2.*no aggregation is called 'smu'.*Did you mean 'sum'"),
        ("[30d, all]", "[thirty]", "WB-F04", "'thirty' is not a window"),
        ("[30d, all]", "[60d..30d]", "WB-F04", "is empty"),
        ("from: orders", "from: order", "WB-T05", "no table is called 'order'.*Did you mean 'orders'"),
        ("products.aisle", "products.isle", "WB-F01", "'products' has no column 'isle'"),
        ("products.aisle", "people.town", "WB-F10", "cannot reach 'people.town'"),
        ("people.town", "people.age", "WB-F11", "sensitive"),
        ("value: amount", "valeu: amount", "WB-T02", "no setting is called 'valeu'.*Did you mean 'value'"),
        ("value: amount", "value: product", "WB-F06", "'sum' needs numbers"),
        ("[30d, all]\n", "[30d, all]\n  half_life: 0d\n", "WB-F02", "half-life of 0d"),
        ("[30d, all]\n", "[30d, all]\n  via: [products]\n", "WB-F02", "needs `match:`"),
        ("{attribute: people.town}", "{ratio: [spend_sum_30d, spend_summ_all]}", "WB-F08", "Did you mean 'spend_sum_all'"),
        ("{attribute: people.town}", "{formula: \"__import__('os')\"}", "WB-F05", "function '__import__' is not allowed"),
        ("{attribute: people.town}", '{formula: "spend_sum_30d ** 2"}', "WB-F05", "not allowed in a formula"),
        ("{attribute: people.town}", "{attribute: people.town}\nf: {formula: town + 1}", "WB-F26", "feature 'f'.*'town', which does not hold numbers"),
        ("{attribute: people.town}", "{formula: town2 + 1}\ntown2: {formula: town + 1}", "WB-F25", "town -> town2 -> town"),
        ("{attribute: people.town}", "{attribute: people.town, say: {en: '{colour}', zh: x}}", "WB-F02", "nobody fills in"),
    ],
)  # fmt: skip
def test_features(tmp_path: Path, old: str, new: str, code: str, words: str) -> None:
    assert old in FEATURES
    error = refusal(tmp_path, features=FEATURES.replace(old, new))
    assert error.code == code
    assert pd.Series([str(error)]).str.contains(words, regex=True).all(), str(error)


@pytest.mark.parametrize(
    "attack",
    [
        "1 = 1; DROP TABLE orders",
        "amount in (select amount from people)",
        "read_text('/etc/passwd') = 'x'",
        "amount > (select 1)",
        "exists (select 1)",
        "case when true then 1 else 0 end = 1",
        "amount::varchar = '1'",
        "main.orders.amount > 1",
        "amount > $1",
        "amount > ?",
    ],
)
def test_no_text_of_a_definition_reaches_the_database(tmp_path: Path, attack: str) -> None:
    """Only columns, values, comparisons, arithmetic and listed functions pass; the rest never becomes SQL."""
    error = refusal(tmp_path, features=FEATURES.replace("products.aisle = 'tea'", attack))
    assert error.code == "WB-F05", str(error)


def test_a_value_with_quotes_stays_a_value(tmp_path: Path) -> None:
    home = shop(tmp_path, features=FEATURES.replace("'tea'", "'te''a; drop table orders --'"))
    assert build_training_frame(home, "shop/buys").rows["spend_sum_all"].sum() == 0


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("kind: conversion", "kind: convertion", "WB-L01", "Did you mean 'conversion'"),
        ("any_in: orders, within: 90d", "any_in: order, within: 90d", "WB-T05", "no table is called 'order'"),
        ("any_in: orders, within: 30d", "any_in: products, within: 30d", "WB-L02", "no `event_time:`"),
        (", within: 30d, lag: 1d", "", "WB-L01", "needs an end"),
        ("from: 2025-03-01, to: 2025-06-01", "from: 2025-06-01, to: 2025-03-01", "WB-L03", "holds no cutoff"),
        ("from: 2025-03-01, to: 2025-06-01", "from: 2025-06-20, to: 2025-06-29", "WB-L05", "no row whose outcome is known"),
        ("within: 30d", "within: 30 moons", "WB-T11", "not a span of time"),
        ("from: 2025-03-01", "from: 2025-03-01T00:00:00+08:00", "WB-L03", r"line 2.*from: 2025-03-01 00:00:00\+08:00 names a time zone"),
        ("from: 2025-03-01", "from: 2025-03-01T00:00:00Z", "WB-L03", "names a time zone"),
        ("from: 2025-03-01", "from: 2025-03-01 12:30:00", "WB-L03", "names a time of day"),
        ("{every: 1mo, from: 2025-03-01, to: 2025-06-01}", "[2025-03-01, 2025-04-01T00:00:00+08:00]", "WB-L03", "names a time zone"),
        ("kind: conversion", "kind: conversion\n  judge_from: 2025-04-01T00:00:00+08:00", "WB-L03", "judge_from.*names a time zone"),
        ("kind: conversion", "kind: conversion\n  purpose: markting", "WB-L01", "Did you mean 'marketing'"),
    ],
)  # fmt: skip
def test_labels(tmp_path: Path, old: str, new: str, code: str, words: str) -> None:
    assert old in LABELS
    error = refusal(tmp_path, labels=LABELS.replace(old, new))
    assert error.code == code, str(error)
    assert pd.Series([str(error)]).str.contains(words, regex=True).all(), str(error)


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("entity: customer", "entity: [customer", "WB-T01", "line [0-9]+.*not valid YAML"),
        ("purpose: marketing\n", "purpose: marketing\nentity: x\n", "WB-T01", "'entity' is written twice"),
        ("orders.parquet", "order.parquet", "WB-T03", "there is no file order.parquet"),
        ("orders.parquet", "/tmp/orders.parquet", "WB-T04", "absolute path"),
        ("orders.parquet", "'${NO_SUCH_FOLDER}/x.parquet'", "WB-T03", "NO_SUCH_FOLDER, which is not set"),
        ("orders.parquet", "package://no_such_package/x.parquet", "WB-T03", "not installed.*pip install no-such-package"),
        ("event_time: at", "event_time: when", "WB-T12", "no column 'when'"),
        ("purpose: marketing", "purpose: credit", "WB-T06", "allowed for marketing only"),
        ("observed_until: 2025-07-01\n", "", "WB-T07", "until when"),
        ("until: 2025-07-01", "until: 2025-07-01T00:00:00+08:00", "WB-T02", "line 3.*names a time zone.*without the zone"),
        ("allowed_for: [marketing]", "allowed_for: [marketin]", "WB-T02", "line 9.*'marketin' is no known purpose. Did you mean 'marketing'"),
        ("allowed_for: [marketing]", "columns: {town: {allowed_for: rsik}}", "WB-T02", "column 'town'.*Did you mean 'risk'"),
        ("allowed_for: [marketing]", "allowed_for: []", "WB-T02", "names no purpose"),
        ("purpose: marketing", "purpose: retention", "WB-T02", r"'retention' is no known purpose.*purposes: \[retention\]"),
        ("purpose: marketing", "purpose: [marketing]", "WB-T02", "Write one word"),
    ],
)  # fmt: skip
def test_tables(tmp_path: Path, old: str, new: str, code: str, words: str) -> None:
    assert old in TABLES
    error = refusal(tmp_path, tables=TABLES.replace(old, new, 1))
    assert error.code == code, str(error)
    assert pd.Series([str(error)]).str.contains(words, regex=True).all(), str(error)


def test_unknown_names_offer_the_nearest(tmp_path: Path) -> None:
    home = shop(tmp_path)
    for task, words in [("shpo/buys", "'shop'"), ("shop/buy", "'buys'"), ("shop", "not a task")]:
        with pytest.raises(WorkbenchError, match=words) as caught:
            load_task(home, task)
        assert caught.value.exit_code == 2


def test_the_entity_twice_in_a_key_table_stops(tmp_path: Path) -> None:
    people = pd.DataFrame({"customer": [1, 2, 2], "town": ["a", "b", "c"], "age": [1, 2, 3]})
    error = refusal(tmp_path, people=people)
    assert error.code == "WB-T09"
    assert "customer 2" in error.message


def test_an_empty_table_stops(tmp_path: Path) -> None:
    assert refusal(tmp_path, orders=orders().head(0)).code == "WB-T14"


def test_a_label_without_both_outcomes_is_a_finding(tmp_path: Path) -> None:
    report = check_dataset(shop(tmp_path), "shop", label="answers")
    assert [f.code for f in report.findings if f.severity == "stop"] == ["WB-L08"]
    assert not report.ok


def test_a_check_reports_a_broken_definition_instead_of_raising(tmp_path: Path) -> None:
    report = check_dataset(
        shop(tmp_path, features=FEATURES.replace("value: amount", "value: amuont")), "shop", label="buys"
    )
    (found,) = [f for f in report.findings if f.code == "WB-F01"]
    assert found.message == "features.yaml, line 2, feature 'spend': table 'orders' has no column 'amuont'."
    assert report.as_dict()["ok"] is False


def test_definitions_load_without_any_data(tmp_path: Path) -> None:
    home = shop(tmp_path)
    for file in (home.feature_defs / "shop").glob("*.parquet"):
        file.unlink()
    assert list(load_dataset(home, "shop").labels) == ["buys", "answers"]


def test_scoring_does_not_read_the_outcome(tmp_path: Path) -> None:
    """Contacts can be scored on a machine that has no outcome table, if no feature needs it either."""
    tables = TABLES + "  replies: {source: replies.parquet, event_time: at}\n"
    labels = LABELS.replace("any_in: orders, until", "any_in: replies, until")
    home = shop(tmp_path, tables=tables, labels=labels)
    frame = build_scoring_frame(home, "shop/answers", pd.Timestamp("2025-06-20").date())
    assert frame.rows["mailing"].tolist() == [3]
