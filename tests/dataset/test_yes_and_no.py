"""Words for yes and no: shown as what they are taken for, computed with, asked as conditions, and still texts."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.dataset.shop import shop
from workbench.config import Home
from workbench.dataset.build import build_scoring_frame
from workbench.dataset.catalog import load_dataset
from workbench.dataset.checks import check_dataset
from workbench.labels.compile import training_rows
from workbench.labels.definition import LabelDefinition
from workbench.tables.column_read import ColumnRead
from workbench.tables.engine import Engine
from workbench.tables.read import read_table

WORDS = [
    ("是", "否"),
    ("有", "无"),
    ("Yes", "No"),
    ("y", "N"),
    ("TRUE", "FALSE"),
    ("T", "f"),
    ("已同意", "不同意"),
]
TABLES = """
entity: customer
observed_from: 2024-01-01
observed_until: 2025-07-01
tables:
  calls: {source: calls.csv, event_time: at}
"""
LABELS = """
quiet:
  kind: churn
  cutoffs: [2025-03-01]
  eligible: {any_in: calls, within: 90d, where: "WHERE"}
  outcome: {none_in: calls, within: 30d}
"""


def asked(
    folder: Path,
    features: str,
    *,
    yes: str = "是",
    no: str = "否",
    third: str = "",
    where: str = "customer > 0",
) -> Home:
    """Customer 1: yes, yes, no and once nothing; customer 2: no."""
    home = shop(folder, tables=TABLES, features=features, labels=LABELS.replace("WHERE", where))
    rows = [(1, yes), (1, yes), (1, no), (1, third), (2, no)]
    lines = ["customer,at,满意", *(f"{c},2025-02-{n + 1:02d} 10:00:00,{w}" for n, (c, w) in enumerate(rows))]
    (home.feature_defs / "shop" / "calls.csv").write_text(
        "\n".join([*lines, "2,2025-06-30 10:00:00,"]), encoding="utf-8"
    )
    return home


def frame(home: Home) -> pd.DataFrame:
    rows = build_scoring_frame(home, "shop/quiet", pd.Timestamp("2025-03-01").date()).rows
    return rows.set_index("customer").sort_index()


@pytest.mark.parametrize(("yes", "no"), WORDS)
def test_yes_counts_as_one_and_no_as_zero(yes: str, no: str, tmp_path: Path) -> None:
    features = "happy: {from: calls, value: 满意, aggregate: [mean, sum, count, mode], windows: [60d]}\n"
    rows = frame(asked(tmp_path, features, yes=yes, no=no))
    assert rows["happy_mean_60d"].tolist() == [pytest.approx(2 / 3), 0.0]
    assert rows["happy_sum_60d"].tolist() == [2.0, 0.0]
    assert rows["happy_count_60d"].tolist() == [3.0, 1.0]
    expected = [yes, no] if yes not in ("TRUE",) else [1.0, 0.0]  # true and false were truth values already
    assert rows["happy_mode_60d"].tolist() == expected


@pytest.mark.parametrize(
    ("where", "counts"),
    [
        ("满意", [2, 0]),
        ("满意 = true", [2, 0]),
        ("满意 = '是'", [2, 0]),
        ("满意 = false", [1, 1]),
        ("not 满意", [1, 1]),
        ("满意 is not true", [2, 1]),
        ("(满意) and hour(at) = 10", [2, 0]),
        ("满意 is null or 满意", [3, 0]),
    ],
)
def test_such_a_column_is_a_condition(where: str, counts: list[int], tmp_path: Path) -> None:
    rows = frame(
        asked(tmp_path, f'happy: {{from: calls, where: "{where}", aggregate: count, windows: [60d]}}\n')
    )
    assert rows["happy_count_60d"].tolist() == counts


def test_a_label_may_ask_by_it(tmp_path: Path) -> None:
    home = asked(tmp_path, "n: {from: calls, aggregate: count, windows: [60d]}\n", where="满意")
    dataset = load_dataset(home, "shop")
    label = dataset.labels["quiet"]
    assert isinstance(label, LabelDefinition)
    with Engine(dataset.tables) as engine:
        engine.load("calls")
        rows = training_rows(engine, label).rows
    assert rows["customer"].tolist() == [1]  # the other was never satisfied


def test_a_third_word_is_named(tmp_path: Path) -> None:
    home = asked(
        tmp_path,
        "happy: {from: calls, value: 满意, aggregate: mean, windows: [60d]}\n",
        third="一般",
    )
    (found,) = [f for f in check_dataset(home, "shop").findings if f.code == "WB-F06"]
    assert "feature 'happy'" in found.message
    assert "'一般' is neither" in found.hint
    home = asked(
        tmp_path / "as a condition", "n: {from: calls, aggregate: count}\n", third="一般", where="满意"
    )
    (found,) = [f for f in check_dataset(home, "shop").findings if f.code == "WB-F35"]
    assert "'一般' in it says neither yes nor no" in found.message


def understood(folder: Path, *cells: str, sheet: bool = False) -> ColumnRead:
    if sheet:
        pd.DataFrame({"id": range(len(cells)), "x": list(cells)}).to_excel(folder / "t.xlsx", index=False)
        return read_table(folder / "t.xlsx").columns[1]
    (folder / "t.csv").write_text(
        "\n".join(["id,x", *(f"{n},{c}" for n, c in enumerate(cells))]), encoding="utf-8"
    )
    return read_table(folder / "t.csv").columns[1]


@pytest.mark.parametrize("sheet", [False, True])
def test_what_the_words_are_taken_for_is_shown_and_they_stay_texts(tmp_path: Path, sheet: bool) -> None:
    read = understood(tmp_path, "否", "否", "是", "", "否", sheet=sheet)
    assert (read.type, read.form, read.changed) == ("text", "yes/no", True)
    assert read.line() == "x: '是' -> 1 (yes), '否' -> 0 (no)"


@pytest.mark.parametrize("cells", [("F", "F"), ("F", "M"), ("有", "有", ""), ("yes", "no", "perhaps")])
def test_one_of_the_two_words_alone_may_be_anything(tmp_path: Path, cells: tuple[str, ...]) -> None:
    read = understood(tmp_path, *cells)
    assert (read.form, read.changed) == ("", False)
