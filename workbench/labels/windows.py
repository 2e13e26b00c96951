"""The span after a cutoff in which the outcome is looked for, and when that outcome is known."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from workbench.errors import DataError, DefinitionError
from workbench.features.columns import CUTOFF_AT
from workbench.labels.definition import EachRow, LabelDefinition
from workbench.text import counted

BEGIN = "_begin"  # the first moment of the outcome window
END = "_end"  # the first moment after it
KNOWN_OUTCOME = "_outcome_known"


def with_window(label: LabelDefinition, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the begin and end of their outcome window and the moment when it is known."""
    outcome = label.outcome
    rows = rows.copy()
    begins = {c: outcome.gap.after(c) for c in rows[CUTOFF_AT].unique()}
    rows[BEGIN] = pd.to_datetime(rows[CUTOFF_AT].map(begins)).astype("datetime64[us]")
    ends = None
    if outcome.within is not None:
        after = {c: outcome.within.after(b) for c, b in begins.items()}
        ends = pd.to_datetime(rows[CUTOFF_AT].map(after)).astype("datetime64[us]")
    if outcome.until is not None and label.row is not None:
        until = until_of(label, label.row, outcome.until, rows)
        ends = until if ends is None else ends.where(ends < until, until)
    rows[END] = ends
    known = {e: outcome.known_at(e) for e in rows[END].unique()}
    rows[KNOWN_OUTCOME] = pd.to_datetime(rows[END].map(known)).astype("datetime64[us]")
    return rows


def until_of(label: LabelDefinition, row: EachRow, until: str, rows: pd.DataFrame) -> pd.Series:
    """The first moment after what the row's own column holds. Raises WB-L07 where that is missing or before the cutoff."""
    name = until.partition(".")[2]
    if name not in rows:
        raise DefinitionError(
            "WB-F01",
            f"label '{label.name}', outcome: table '{row.table}' has no column '{name}'.",
            f"Known: {', '.join(c for c in rows if not c.startswith('_'))}.",
        )
    until_at = pd.to_datetime(rows[name]).astype("datetime64[us]")
    wrong = until_at.isna() | (until_at < rows[CUTOFF_AT])
    if wrong.any():
        raise DataError(
            "WB-L07",
            f"label '{label.name}': {counted(int(wrong.sum()), 'row')} of '{row.table}' {'has' if wrong.sum() == 1 else 'have'} no {name}, or one before their cutoff.",
            "Correct the dates.",
        )
    # a plain date means that whole day; a moment is the last one that counts
    whole_day = until_at == until_at.dt.normalize()
    return until_at + whole_day.map({True: timedelta(days=1), False: timedelta(microseconds=1)})
