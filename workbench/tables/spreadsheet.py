"""Excel workbooks: one sheet with its header, titles above it passed over."""

from __future__ import annotations

import warnings
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

import numpy as np
import pandas as pd

from workbench.errors import DataError, did_you_mean
from workbench.tables.archive import refuse_bomb
from workbench.tables.delimited import no_such_row
from workbench.tables.encoding import ACCEPTED, damaged, not_a_table
from workbench.tables.headers import column_names, listed, named_twice

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MOST_CELLS = 60_000_000  # of one sheet, blank ones inside the table among them
LONGEST_NUMBER = 15  # digits that Excel keeps

_TITLE_ROWS = 20
_ERRORS = frozenset(("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"))
_BROKEN = (
    KeyError,
    ValueError,
    IndexError,
    TypeError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ParseError,
)

Row = tuple[int, tuple[object, ...]]  # its number on the sheet, counted from 1, and its cells


@dataclass(frozen=True)
class Sheet:
    """A sheet's cells as Excel typed them, and what was noticed."""

    frame: pd.DataFrame
    notes: tuple[str, ...] = ()
    lost_digits: tuple[tuple[str, int, str], ...] = ()  # column, number of cells, one of them


def read_workbook(path: Path, *, sheet: str | None = None, header_row: int | None = None) -> Sheet:
    """One sheet (the first, unless named) with cells as Excel typed them.

    The header is the row `header_row`, counted from 1, else the first row that fills at least half as many cells as
    the table's rows do. Whole numbers of more than 15 digits become text: they name things.

    Raises WB-T64 and WB-T65 for a sheet without rows, WB-T68 for one that does not exist, WB-T69 for a damaged file,
    WB-T71 for one that would fill the memory, WB-T73 for a header row below the table.
    """
    refuse_bomb(path)
    with warnings.catch_warnings():
        # openpyxl reports formatting that it does not know (styles, validation lists); cells are not touched by it
        warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
        names, chosen, rows = _rows(path, sheet)
    if not rows:
        raise DataError(
            "WB-T64", f"Sheet '{chosen}' of '{path.name}' is empty.", f"Name another sheet: {ACCEPTED}."
        )
    place = _header(rows) if header_row is None else _stated_header(path, chosen, rows, header_row)
    header, body = rows[place][1], [cells for _, cells in rows[place + 1 :]]
    if not body:
        raise DataError(
            "WB-T65",
            f"Sheet '{chosen}' of '{path.name}' has a header of {len(header)} columns but no rows.",
            "Give a sheet with at least one row below the header.",
        )
    width = max(map(len, (header, *body)))
    named = ["" if i >= len(header) or header[i] is None else header[i] for i in range(width)]
    titles = column_names(named)
    columns = {name: [_at(cells, i) for cells in body] for i, name in enumerate(titles)}
    notes = [f"Read sheet '{chosen}' of {len(names)}."] if len(names) > 1 and sheet is None else []
    if place and header_row is None:
        notes.append(f"The first {rows[place][0] - 1} lines stand above the table's header and were skipped.")
    return Sheet(
        pd.DataFrame({name: _column(cells) for name, cells in columns.items()}),
        (*named_twice(named), *notes, *_errors(columns)),
        tuple((name, *lost) for name, cells in columns.items() if (lost := _lost_digits(cells))),
    )


def _at(cells: tuple[object, ...], place: int) -> object:
    return cells[place] if place < len(cells) else None


def _rows(path: Path, sheet: str | None) -> tuple[list[str], str, list[Row]]:
    import openpyxl  # late: only for workbooks

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        try:
            names = [s.title for s in book.worksheets]
            if not names:
                raise not_a_table(path, "a workbook without sheets")
            if sheet is not None and sheet not in names:
                raise DataError(
                    "WB-T68", f"'{path.name}' has no sheet '{sheet}'.", did_you_mean(sheet, names)
                )
            chosen = sheet if sheet is not None else names[0]
            return names, chosen, _filled(path, book, chosen)
        finally:
            book.close()
    except _BROKEN as exc:
        raise damaged(path, "it begins as an Excel workbook, but cannot be read as such") from exc


def _filled(path: Path, book: Workbook, name: str) -> list[Row]:
    """The rows that hold anything, without blank cells at their ends."""
    sheet = book[name]
    sheet.reset_dimensions()  # what a sheet says of its own size may be wrong, or meant to fill the memory
    rows: list[Row] = []
    widest = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        end = len(cells)
        while end and _is_blank(cells[end - 1]):
            end -= 1
        if end:
            rows.append((number, tuple(cells[:end])))
            widest = max(widest, end)
            if len(rows) * widest > MOST_CELLS:
                raise DataError(
                    "WB-T71",
                    f"Sheet '{name}' of '{path.name}' is not read: it spans {len(rows):,} rows and {widest:,} columns, "
                    f"more than {MOST_CELLS:,} cells.",
                    "Delete stray cells far from the table, or save the table as CSV or Parquet.",
                )
    return rows


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _header(rows: list[Row]) -> int:
    """The place of the header: titles and units above it fill fewer cells than half of a row."""
    filled = [sum(not _is_blank(v) for v in cells) for _, cells in rows[:200]]
    usual = Counter(filled).most_common(1)[0][0]
    if usual == 1:
        return 0
    enough = (place for place, count in enumerate(filled[:_TITLE_ROWS]) if count >= max(2, usual / 2))
    return next(enough, 0)


def _stated_header(path: Path, sheet: str, rows: list[Row], header_row: int) -> int:
    place = next((i for i, (number, _) in enumerate(rows) if number == header_row), None)
    if place is None:
        if header_row > rows[-1][0]:
            raise no_such_row(path, header_row, rows[-1][0], f"Sheet '{sheet}' of ")
        raise DataError(
            "WB-T73",
            f"Row {header_row} of sheet '{sheet}' of '{path.name}' is blank and can be no header.",
            f"Correct `header_row:`, counted from 1; the first row that holds anything is row {rows[0][0]}.",
        )
    return place


def _column(cells: list[object]) -> pd.Series:
    """Numbers, dates or truth values where all cells are such; a mixture stays as it is and is read as text."""
    values = [_value(v) for v in cells]
    if any(type(v) is int and abs(v) >= 10**LONGEST_NUMBER for v in values):
        # a float would keep 15 to 16 digits; these name an account or a card
        return pd.Series([np.nan if v is np.nan else str(v) for v in values], dtype="str")
    tight = pd.Series(values, dtype=object).infer_objects()
    if tight.dtype == object and {type(v) for v in tight.dropna()} <= {int, float} and tight.notna().any():
        return tight.astype("float64")
    return tight


def _value(value: object) -> object:
    if _is_blank(value) or (isinstance(value, str) and value in _ERRORS):
        return np.nan
    if isinstance(value, float) and value.is_integer():
        return int(Decimal(repr(value)))  # as it is written, without the rest that a binary float has
    return value


def _lost_digits(cells: list[object]) -> tuple[int, str] | None:
    """How many numbers are too long for Excel and end in zeros, and one of them.

    Where not nearly all end so, a program has written them whole.
    """
    long = [str(_value(v)) for v in cells if isinstance(v, int | float) and abs(v) >= 10**LONGEST_NUMBER]
    cut = [v for v in long if v.endswith("0")]
    return (len(cut), cut[0]) if cut and len(cut) >= 0.9 * len(long) else None


def _errors(columns: dict[str, list[object]]) -> tuple[str, ...]:
    hit = {name: sum(isinstance(v, str) and v in _ERRORS for v in cells) for name, cells in columns.items()}
    hit = {name: count for name, count in hit.items() if count}
    if not hit:
        return ()
    return (
        f"{sum(hit.values()):,} cells with an error of Excel (#N/A, #DIV/0!, ...) were counted as missing, in {listed(hit)}.",
    )
