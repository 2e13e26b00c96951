"""Rows at the bottom of a table that add up the rows above them: they are nobody's."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from workbench.tables.noticed import Noticed
from workbench.tables.types import Reading, read_as
from workbench.tables.widths import halfwidth

_WORD = re.compile(
    r"(?:本页|本月|本年|累计)?(?:合计|总计|小计|共计|总和|合計|總計|小計|汇总)(?:数|额|金额)?"
    r"|(?:grand |sub-?|sub |column )?totals?|sums?(?: total)?|overall",
    re.IGNORECASE,
)
_LOOKED_AT = 8  # rows at the bottom: totals, subtotals and a signature below them
_WORD_CELLS = 2  # the word stands in one of the first filled cells
_TOLERANCE = 1e-9


def without_totals(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Noticed, ...]]:
    """The table without total rows at its bottom and what stands below them, and what was set aside.

    A total row is told by its word (合计, 总计, 小计, Total, Sum, ...) in one of its first filled cells, if it also leaves cells
    empty that other rows fill or adds up a column; or without a word by an empty first cell, which no other row has,
    and numbers that each are the sum of the column above.
    """
    bottom = max(len(frame) - _LOOKED_AT, 1)
    first = len(frame)
    for place in range(len(frame) - 1, bottom - 1, -1):
        if _is_total(frame, place):
            first = place
        elif not _may_stand_below(frame, place):
            break
    if first == len(frame):
        return frame, ()
    aside = len(frame) - first
    rows = (
        "row at the bottom adds up the rows above it and was"
        if aside == 1
        else ("rows at the bottom add up the rows above them, or stand below such a row, and were")
    )
    shown = ", ".join(str(v) for v in frame.iloc[first].dropna().tolist()[:4] if str(v).strip())
    noticed = Noticed(
        "WB-T29",
        "quarantine",
        "",
        f"{aside} {rows} set aside ({shown[:60]}).",
        "Nothing to do, unless it is a row like the others; then give its first column a value of its own.",
        aside,
    )
    return frame.iloc[:first].reset_index(drop=True), (noticed,)


def _filled(row: pd.Series) -> list[tuple[int, str]]:
    cells = ((i, halfwidth(str(v)).strip()) for i, v in enumerate(row.tolist()) if not pd.isna(v))
    return [(i, text) for i, text in cells if text]


def _may_stand_below(frame: pd.DataFrame, place: int) -> bool:
    """Whether a row is a remark below a total (制表人: ...): one filled cell in a table of several columns."""
    return frame.shape[1] > 2 and len(_filled(frame.iloc[place])) <= 1


def _is_total(frame: pd.DataFrame, place: int) -> bool:
    filled = _filled(frame.iloc[place])
    if not filled:
        return False
    worded = _has_word(filled)
    nameless = filled[0][0] > 0 and frame.shape[1] > 1
    if not worded and not (nameless and _all_named(frame.iloc[:place, 0])):
        return False
    end = place
    while end > 1 and _has_word(_filled(frame.iloc[end - 1])):
        end -= 1  # a total is of the rows, not of the subtotals under them
    sums = [_adds_up(frame.iloc[:end, i], frame.iat[place, i]) for i, _ in filled]
    known = [s for s in sums if s is not None]
    if worded:
        return any(known) or _usually_full(frame.iloc[max(0, end - 200) : end], filled)
    return bool(known) and all(known) and len(known) == len(filled)


def _has_word(filled: list[tuple[int, str]]) -> bool:
    cells = (text for _, text in filled[:_WORD_CELLS])
    return any(_WORD.fullmatch(re.sub(r"[\s:]", "", text)) or _WORD.fullmatch(text) for text in cells)


def _all_named(column: pd.Series) -> bool:
    text = column.tail(10_000)
    return bool((text.notna() & (text.astype("str").str.strip() != "")).all())


def _usually_full(above: pd.DataFrame, filled: list[tuple[int, str]]) -> bool:
    """Whether a cell that the row leaves empty is filled in nearly all rows above."""
    for i in set(range(above.shape[1])) - {i for i, _ in filled}:
        column = above.iloc[:, i]
        present = column.notna() & (column.astype("str").str.strip() != "")
        if len(above) and present.mean() >= 0.95:
            return True
    return False


def _adds_up(above: pd.Series, cell: object) -> bool | None:
    """Whether the cell is the sum of the numbers above it; None where it is no number."""
    total = read_as(pd.Series([str(cell)], dtype="str"), Reading("number", "units")).series.iloc[0]
    if np.isnan(total):
        return None
    values = read_as(above, Reading("number", "" if above.dtype != object else "units")).series.to_numpy(
        dtype=float
    )
    present = values[~np.isnan(values)]
    if len(present) < 2 or not present.any():
        return False
    return bool(abs(present.sum() - total) <= max(_TOLERANCE * np.abs(present).sum(), 5e-7))
