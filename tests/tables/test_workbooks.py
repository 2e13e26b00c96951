"""Sheets as people keep them: titles above, a chosen sheet, a chosen header row, errors in cells."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from tests.tables.one import loaded, refusal
from workbench.errors import DataError
from workbench.tables.read import read_table


def book(path: Path, **sheets: list[tuple[object, ...]]) -> Path:
    made = Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    made.save(path)
    return path


REPORT: list[tuple[object, ...]] = [
    ("2025年一月 客户报表",),
    (),
    ("单位：元",),
    ("id", "name", "amount"),
    ("01", "Anna", 10),
    ("02", "Bea", 20),
    ("03", "Cem", 5),
]


def test_titles_above_the_header_are_passed_over(tmp_path: Path) -> None:
    result = read_table(book(tmp_path / "t.xlsx", May=REPORT))
    assert result.frame.to_dict("list") == {
        "id": ["01", "02", "03"],
        "name": ["Anna", "Bea", "Cem"],
        "amount": [10, 20, 5],
    }
    assert result.notes == ("The first 3 lines stand above the table's header and were skipped.",)


def test_sheet_and_header_row_are_stated_and_counted_as_excel_counts(tmp_path: Path) -> None:
    codes: list[tuple[object, ...]] = [("kept", "for", "machines"), *REPORT[3:]]
    book(tmp_path / "t.xlsx", May=REPORT, **{"2025": codes})
    assert list(loaded(tmp_path, "{source: t.xlsx, sheet: 2025, header_row: 2}")) == ["id", "name", "amount"]
    assert "WB-T68" in refusal(tmp_path, "{source: t.xlsx, sheet: Mai}")
    assert "WB-T73: Row 2 of sheet 'May'" in refusal(tmp_path, "{source: t.xlsx, header_row: 2}")
    assert "WB-T73" in refusal(tmp_path, "{source: t.xlsx, header_row: 99}")
    assert "WB-T02" in refusal(tmp_path, "{source: t.xlsx, header_row: 0}")


def test_a_header_row_of_text_is_counted_in_lines(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Report,of,May\n\nid,n,m\n01,1,2\n02,3,4\n")
    assert list(loaded(tmp_path, "{source: t.csv, header_row: 3}")) == ["id", "n", "m"]
    assert "WB-T73" in refusal(tmp_path, "{source: t.csv, header_row: 9}")


def test_errors_of_excel_are_missing_and_counted(tmp_path: Path) -> None:
    result = read_table(book(tmp_path / "t.xlsx", May=[("id", "n"), ("a", 1), ("b", "#DIV/0!"), ("c", 3)]))
    assert result.frame["n"].dropna().tolist() == [1, 3]
    assert result.notes == (
        "1 cells with an error of Excel (#N/A, #DIV/0!, ...) were counted as missing, in 'n'.",
    )


def test_a_workbook_that_would_fill_the_memory_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", May=REPORT)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/media/x.bin", "w") as entry,
    ):
        for _ in range(150):
            entry.write(bytes(1 << 20))
    with pytest.raises(DataError, match=r"WB-T71.*'t.xlsx' is not read: it unpacks to .* times its size"):
        read_table(path)


def test_a_workbook_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", May=REPORT)
    with zipfile.ZipFile(path) as archive:
        real = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    data = path.read_bytes()
    at = data.rindex(b"xl/worksheets/sheet1.xml")  # its entry in the directory
    size = at - 46 + 24
    assert int.from_bytes(data[size : size + 4], "little") == real
    path.write_bytes(data[:size] + (100).to_bytes(4, "little") + data[size + 4 :])
    with pytest.raises(DataError, match="WB-T69"):
        read_table(path)


def test_one_stray_cell_far_away_does_not_fill_the_memory(tmp_path: Path) -> None:
    made = Workbook()
    sheet = made.worksheets[0]
    for row in REPORT:
        sheet.append(row)
    sheet.cell(row=1_000_000, column=16_000, value="x")
    made.save(tmp_path / "t.xlsx")
    assert len(read_table(tmp_path / "t.xlsx").frame) == 4


@pytest.mark.parametrize("kept", [40, 400, 4000])
def test_a_workbook_that_breaks_off_is_damaged(tmp_path: Path, kept: int) -> None:
    path = book(tmp_path / "t.xlsx", May=REPORT * 50)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match="WB-T69"):
        read_table(path)
