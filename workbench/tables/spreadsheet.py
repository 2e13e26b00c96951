"""Excel workbooks: one sheet, its first row the header."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from workbench.errors import DataError, did_you_mean
from workbench.tables.encoding import ACCEPTED, damaged, not_a_table
from workbench.tables.headers import column_names


def read_workbook(path: Path, *, sheet: str | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """One sheet (the first, unless named) with cells as Excel typed them; WB-T68 if there is no such sheet."""
    names = _sheets(path)
    if sheet is not None and sheet not in names:
        raise DataError("WB-T68", f"'{path.name}' has no sheet '{sheet}'.", did_you_mean(sheet, names))
    chosen = sheet if sheet is not None else names[0]
    with warnings.catch_warnings():
        # openpyxl reports formatting that it does not know (styles, validation lists); cells are not touched by it
        warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
        cells = pd.read_excel(
            path, sheet_name=chosen, header=None, dtype=object, engine="openpyxl", na_filter=False
        )
    cells = cells.map(lambda v: np.nan if v is None or (isinstance(v, str) and not v.strip()) else v)
    filled = np.flatnonzero(cells.notna().any(axis=1).to_numpy())
    if not len(filled):
        raise DataError(
            "WB-T64", f"Sheet '{chosen}' of '{path.name}' is empty.", f"Name another sheet: {ACCEPTED}."
        )
    header = cells.iloc[filled[0]]
    rows = cells.iloc[filled[1:]].reset_index(drop=True)
    if not len(rows):
        raise DataError(
            "WB-T65",
            f"Sheet '{chosen}' of '{path.name}' has a header of {len(header)} columns but no rows.",
            "Give a sheet with at least one row below the header.",
        )
    titles = column_names("" if pd.isna(h) else h for h in header)
    frame = pd.DataFrame({name: _column(rows.iloc[:, i]) for i, name in enumerate(titles)})
    notes = (f"Read sheet '{chosen}' of {len(names)}.",) if len(names) > 1 and sheet is None else ()
    return frame, notes


def _sheets(path: Path) -> list[str]:
    import openpyxl  # late: only for workbooks

    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
            book = openpyxl.load_workbook(path, read_only=True)
    except (KeyError, ValueError, zipfile.BadZipFile, OSError) as exc:
        raise damaged(path, "it begins as an Excel workbook, but cannot be read as such") from exc
    try:
        names = [str(n) for n in book.sheetnames]
    finally:
        book.close()
    if not names:
        raise not_a_table(path, "a workbook without sheets")
    return names


def _column(cells: pd.Series) -> pd.Series:
    """Numbers, dates or truth values where all cells are such; a mixture stays as it is and is read as text."""
    tight = cells.infer_objects()
    return tight if tight.dtype != object else _mixed(cells)


def _mixed(cells: pd.Series) -> pd.Series:
    kinds = {type(v) for v in cells.dropna()}
    if kinds and kinds <= {int, float}:
        return cells.astype("float64")
    return cells
