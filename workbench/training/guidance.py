"""What a person asks of the learning: columns to do without, directions to keep, a column that says how much a row counts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from workbench.dataset.frame import TrainingFrame
from workbench.dataset.schema import ColumnSchema, FlatFrame
from workbench.errors import DataError, UsageError, did_you_mean
from workbench.text import counted
from workbench.training.request import TrainRequest


@dataclass(frozen=True)
class Guidance:
    """`weights` has one value above 0 per row of the frame, their mean 1, or is None; `directions` hold 1 or -1."""

    weights: np.ndarray | None = None
    directions: dict[str, int] = field(default_factory=dict)


def guided(frame: TrainingFrame, request: TrainRequest) -> tuple[TrainingFrame, Guidance]:
    """The frame without the columns that may not teach, and what is asked of the others.

    Raises UsageError WB-U39 for a column that the model does not have, for one that is asked to rise and to fall, and
    where no column is left to learn from; DataError WB-D26 for weights that are none.
    """
    asked = {"--without": request.without, "--rising": request.rising, "--falling": request.falling}
    if request.weight is not None:
        asked["--weight"] = (request.weight,)
    for option, names in asked.items():
        for name in names:
            if name not in frame.features:
                raise UsageError(
                    "WB-U39",
                    f"{option} names '{name}', which is no feature of {frame.name}.",
                    did_you_mean(name, frame.features),
                )
    gone = {*request.without} | ({request.weight} if request.weight is not None else set())
    directions = dict.fromkeys(request.rising, 1) | dict.fromkeys(request.falling, -1)
    for name in sorted(set(request.rising) & set(request.falling)):
        raise UsageError("WB-U39", f"'{name}' cannot both rise and fall.")
    for name in sorted(set(directions) & gone):
        raise UsageError("WB-U39", f"'{name}' is asked to keep a direction, and not to teach at all.")
    for name in directions:
        if not pd.api.types.is_numeric_dtype(frame.rows[name].dtype):
            raise UsageError(
                "WB-U39", f"'{name}' holds no numbers: only with a number can the outcome rise or fall."
            )
    kept = tuple(name for name in frame.features if name not in gone)
    if not kept:
        raise UsageError("WB-U39", "no feature is left to learn from.", "Take a column from --without.")
    weights = None if request.weight is None else _weights(frame.rows[request.weight], request.weight)
    notes = _notes(request)
    if not gone and not notes:
        return frame, Guidance()
    return _narrowed(frame, kept, notes), Guidance(weights, directions)


def _narrowed(frame: TrainingFrame, kept: tuple[str, ...], notes: tuple[str, ...]) -> TrainingFrame:
    changed = replace(frame, features=kept, notes=(*frame.notes, *notes))
    if not isinstance(changed, FlatFrame):
        return changed
    columns = tuple(column for column in changed.schema.columns if column.name in kept)
    return replace(changed, schema=ColumnSchema(columns, changed.schema.keys))


def _weights(column: pd.Series, name: str) -> np.ndarray:
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        raise DataError(
            "WB-D26",
            f"--weight {name}: {counted(int(wrong.sum()), 'row')} of {len(values):,} have no finite value above 0, "
            f"the first of them row {int(np.argmax(wrong)) + 1:,}.",
            "Give every row a weight, or leave rows that count nothing out of the table.",
        )
    return values / values.mean()


def _notes(request: TrainRequest) -> tuple[str, ...]:
    notes = []
    if request.without:
        notes.append(f"By request without {', '.join(request.without)}.")
    for names, how in ((request.rising, "rise"), (request.falling, "fall")):
        if names:
            notes.append(f"By request the score may only {how} with {', '.join(names)}.")
    if request.weight is not None:
        notes.append(
            f"Rows count by '{request.weight}' while learning, blending and calibrating; all figures count each row once."
        )
    return tuple(notes)
