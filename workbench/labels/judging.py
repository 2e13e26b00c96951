"""Whether `judge_from` leaves rows to judge by and rows to learn from."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from workbench.errors import DefinitionError
from workbench.features.columns import CUTOFF_AT
from workbench.labels.compile import LABEL, LabelRows
from workbench.labels.definition import LabelDefinition
from workbench.labels.windows import KNOWN_OUTCOME
from workbench.text import counted


def stop_if_never_judged(label: LabelDefinition) -> None:
    """Raises WB-L40 where the label's last cutoff, known from its definition, lies before `judge_from`."""
    moments = label.cutoffs.moments() if label.cutoffs is not None else ()
    if label.judge_from is not None and moments and moments[-1].date() < label.judge_from:
        raise _refusal(label, f"after the last cutoff, {moments[-1]:%Y-%m-%d}: no row would judge")


def stop_if_one_sided(label: LabelDefinition, found: LabelRows, end: datetime) -> None:
    """Raises WB-L40 where `judge_from` leaves no row, or one outcome only, to learn from or to judge by.

    A day that rows may still reach as they mature is no fault: until then the newest rows judge."""
    stop_if_never_judged(label)
    if label.judge_from is None:
        return
    day, rows = pd.Timestamp(label.judge_from), found.rows
    judging, teaching = rows[rows[CUTOFF_AT] >= day], rows[rows[KNOWN_OUTCOME] < day]
    if judging.empty:
        if label.cutoffs is None and day > end:
            raise _refusal(label, f"after the data's end on {end:%Y-%m-%d}: no row would judge")
        return
    if teaching.empty:
        raise _refusal(label, "too early: no row has an outcome that is known before that day")
    for side, told in (
        (teaching, "too early: the {} whose outcome is known before that day"),
        (judging, "too late: the {} from that day on"),
    ):
        if side[LABEL].nunique() < 2:
            raise _refusal(label, f"{told.format(counted(len(side), 'row'))} all came out alike")


def _refusal(label: LabelDefinition, why: str) -> DefinitionError:
    return DefinitionError(
        "WB-L40",
        f"label '{label.name}': `judge_from` {label.judge_from} is {why}.",
        "Write a day among the cutoffs, late enough to learn from those before it; or leave it out: then the newest fifth judges.",
    )
