"""Total rows at the bottom are nobody's: set aside, and counted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workbench.tables.read import read_table

BODY = "id,name,amount\n01,Anna,10\n02,Bea,20.5\n03,Cem,5\n"


def aside(path: Path) -> tuple[int, int]:
    """Rows kept, and rows set aside."""
    result = read_table(path)
    found = [n for n in result.noticed if n.code == "WB-T29"]
    return len(result.frame), sum(n.count for n in found)


@pytest.mark.parametrize(
    ("bottom", "counted"),
    [
        ("合计,,35.5\n", 1),
        ("合 计：,,35.5\n", 1),
        ("Total,,99\n", 1),  # a cell is empty that all others fill
        ("Grand Total,x,35.5\n", 1),
        (",小计,35.5\n,总计,35.5\n", 2),
        (",,35.5\n", 1),  # no word, but the sum and no key
        ("总计,,35.5\n制表人：张三,,\n", 2),
    ],
)
def test_total_rows(tmp_path: Path, bottom: str, counted: int) -> None:
    path = tmp_path / "t.csv"
    path.write_text(BODY + bottom)
    assert aside(path) == (3, counted)
    assert read_table(path).frame["id"].tolist() == ["01", "02", "03"]


@pytest.mark.parametrize(
    "bottom",
    [
        ",,35.4\n",  # no key, but no sum either
        "Total,Ed,12\n",  # a brand may be called so
        "04,Sum,12\n",
        "04,,35.5\n",
        "Totalis,,35.5\n",
        ",,\n",
    ],
)
def test_rows_that_only_look_like_totals_stay(tmp_path: Path, bottom: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(BODY + bottom)
    assert aside(path) == (4, 0)


def test_totals_of_amounts_as_people_write_them_and_in_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('客户,金额\n甲,1.2万\n乙,"3,000"\n,15000\n', encoding="gb18030")
    assert aside(path) == (2, 1)
    sheet = pd.DataFrame({"客户": ["甲", "乙", None], "金额": [1.5, 2.5, 4.0]})
    sheet.to_excel(tmp_path / "t.xlsx", index=False)
    assert aside(tmp_path / "t.xlsx") == (2, 1)


def test_a_parquet_file_states_its_rows(tmp_path: Path) -> None:
    pd.DataFrame({"id": ["a", "b", "Total"], "n": [1, 2, 3]}).to_parquet(tmp_path / "t.parquet")
    assert aside(tmp_path / "t.parquet") == (3, 0)
