"""What names a customer stays text, and digits that Excel has lost are missed aloud."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from workbench.tables.read import read_table
from workbench.tables.types import Reading, understood


def lost(path: Path) -> dict[str, int]:
    return {n.column: n.count for n in read_table(path).noticed if n.code == "WB-T26"}


def test_long_names_cut_to_powers_of_ten_are_text_and_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("card,amount\n1.10E+17,5\n6.22202E+18,6\n110101199001011234,7\n")
    assert read_table(path).frame["card"].tolist() == ["1.10E+17", "6.22202E+18", "110101199001011234"]
    assert lost(path) == {"card": 2}


@pytest.mark.parametrize(
    "cells", [["1.2E+12", "33.5", "12"], ["1.2e+17", "3e+16"], ["1.5E17", "2"], ["1.5E+3", "2.5E+4"]]
)
def test_amounts_in_powers_of_ten_stay_numbers(cells: list[str]) -> None:
    assert understood(pd.Series(cells, dtype="str"))[0] == Reading("number")


def book(path: Path, rows: list[tuple[object, ...]], **whole: str) -> Path:
    """A workbook; `whole` replaces a cell's number by one with more digits than openpyxl writes."""
    made = Workbook()
    for row in rows:
        made.worksheets[0].append(row)
    made.save(path)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    sheet = entries["xl/worksheets/sheet1.xml"].decode()
    for short, digits in whole.items():
        assert sheet.count(f"<v>{short[1:]}</v>") == 1
        sheet = sheet.replace(f"<v>{short[1:]}</v>", f"<v>{digits}</v>")
    entries["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


def test_a_number_cell_of_more_than_15_digits_has_lost_some(tmp_path: Path) -> None:
    rows = [("card", "whole", "small"), (101, 102, 1), (103, 12, 2), (None, 13, 3)]
    path = book(
        tmp_path / "t.xlsx",
        rows,
        _101="6222021234567890000",
        _102="6222021234567891234",
        _103="6.22202123456789E+18",
    )
    frame = read_table(path).frame
    assert frame["card"].dropna().tolist() == ["6222021234567890000", "6222021234567890000"]
    assert frame["whole"].tolist() == [
        "6222021234567891234",
        "12",
        "13",
    ]  # a program wrote it: nothing is lost
    assert frame["small"].tolist() == [1, 2, 3]
    assert lost(path) == {"card": 2}


def test_long_numbers_with_gaps_keep_their_digits(tmp_path: Path) -> None:
    path = book(
        tmp_path / "t.xlsx",
        [("card", "n"), (101, 1), (None, 2), (102, 3)],
        _101="6222021234567891234",
        _102="622202123456789123456789",
    )
    cards = read_table(path).frame["card"]
    assert cards.iloc[0] == "6222021234567891234"
    assert pd.isna(cards.iloc[1])
    assert cards.iloc[2] == "622202123456789123456789"
