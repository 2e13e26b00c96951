"""Which of a label's two values is the event."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from workbench.errors import DataError, did_you_mean
from workbench.tables.headers import listed
from workbench.tables.types import as_text
from workbench.tables.yes_no import PAIRS

FEWEST_ROWS = 20  # of either class; below it no figure about a model means anything

# (other, event), compared without regard to case
SELF_EVIDENT: tuple[tuple[str, str], ...] = (
    ("0", "1"),
    ("-1", "1"),
    *PAIRS,
    ("good", "bad"),
    ("好", "坏"),
)


@dataclass(frozen=True)
class Classes:
    """The event's value and the other one, as the source spells them, and how the choice came about."""

    event: str
    other: str
    sentence: str


def label_values(series: pd.Series) -> pd.Series:
    """A label column as text with NaN for missing; numbers in one spelling, so that 1 and 1.0 are the same value."""
    text = as_text(series).to_pandas().astype("str")
    levels = {str(level): _number(str(level)) for level in text.dropna().unique()[:1000]}
    if levels and all(spelled is not None for spelled in levels.values()):
        text = text.map(levels).astype("str")
    return pd.Series(text.to_numpy(), index=series.index, dtype="str")


def spelled_alike(values: pd.Series) -> tuple[pd.Series, str]:
    """The label with spellings that differ in capitals only taken as one, where that leaves two values; and a note."""
    counts = values.value_counts()
    spellings: dict[str, list[str]] = {}
    for level in counts.index[:10]:  # commonest first: its spelling stays
        spellings.setdefault(str(level).casefold(), []).append(str(level))
    if len(counts) <= 2 or len(counts) > 10 or len(spellings) != 2:
        return values, ""
    same = {other: group[0] for group in spellings.values() for other in group}
    merged = "; ".join(listed(group) for group in spellings.values() if len(group) > 1)
    return values.map(same).astype(
        "str"
    ), f"Label values that differ in capitals only were taken as one: {merged}."


def _number(level: str) -> str | None:
    try:
        value = float(level)
    except ValueError:
        return None
    if not math.isfinite(value):
        return None
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def choose_classes(values: pd.Series, *, column: str, positive: str | None) -> Classes:
    """Decide on the event: the value asked for, else the one that is self-evident, else the rarer.

    `values` as from `label_values`. Raises DataError: WB-D02 no value, WB-D03 one value, WB-D04 three or more,
    WB-D06 `positive` is not a value, WB-D05 fewer than 20 rows of either class.
    """
    counts = values.value_counts()
    _two_values(counts, column)
    levels = [str(level) for level in counts.index]
    if positive is not None:
        event = _asked_for(positive, levels, column)
        sentence = f"The event is '{event}' in column '{column}', as asked."
    else:
        event, sentence = _found(counts, levels, column)
    other = next(level for level in levels if level != event)
    fewer = min((event, other), key=lambda level: int(counts[level]))
    if counts[fewer] < FEWEST_ROWS:
        raise DataError(
            "WB-D05",
            f"Only {counts[fewer]} rows have '{fewer}' in label column '{column}'; at least {FEWEST_ROWS} of either value "
            f"are needed.",
            "Collect more rows, or choose another label.",
        )
    return Classes(event, other, sentence)


def _two_values(counts: pd.Series, column: str) -> None:
    if len(counts) == 2:
        return
    if len(counts) == 0:
        raise DataError(
            "WB-D02",
            f"Label column '{column}' has no values: every cell is missing.",
            "Choose another label column, or fill it in.",
        )
    shown = ", ".join(f"'{level}' ({count:,})" for level, count in counts.head(8).items())
    if len(counts) == 1:
        raise DataError(
            "WB-D03",
            f"Label column '{column}' has only one value: {shown}; a label needs two.",
            "Add rows of the other outcome, or choose another label column.",
        )
    raise DataError(
        "WB-D04",
        f"Label column '{column}' has {len(counts):,} values; a label needs two: {shown}{', ...' if len(counts) > 8 else ''}.",
        "Keep the rows of two values only, or add a yes/no column for the outcome that you want to predict.",
    )


def _asked_for(positive: str, levels: Iterable[str], column: str) -> str:
    known = list(levels)
    wanted = str(positive).strip()
    if wanted in known:
        return wanted
    number = _number(wanted)
    same = [k for k in known if k == number or k.casefold() == wanted.casefold()]
    if len(same) == 1:
        return same[0]
    raise DataError(
        "WB-D06", f"'{positive}' is not a value of label column '{column}'.", did_you_mean(wanted, known)
    )


def _found(counts: pd.Series, levels: list[str], column: str) -> tuple[str, str]:
    folded = {level.casefold(): level for level in levels}
    for other, event in SELF_EVIDENT:
        if set(folded) == {other, event}:
            return folded[
                event
            ], f"The event is '{folded[event]}' in column '{column}' (the other value: '{folded[other]}')."
    first, second = sorted(levels)
    event = first if counts[first] < counts[second] else second
    share = counts[event] / counts.sum()
    return event, (
        f"The event is taken to be '{event}' in column '{column}', the rarer value ({share:.1%} of rows); "
        f"name the other one as the positive value to turn this round."
    )
