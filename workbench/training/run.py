"""One training run: dataset, search, one look at the hold-out, scorecard, explanation, a registered version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from workbench.config import Home
from workbench.dataset.frame import LABEL, OUTCOME_KNOWN, TrainingFrame
from workbench.dataset.leakage import LeakFinding, leakage_findings
from workbench.dataset.splits import Splits, make_splits
from workbench.evaluation import Evaluation, evaluate
from workbench.progress import Progress
from workbench.search.budget import Deadline
from workbench.search.search import SearchResult, search
from workbench.search.spec import SearchSpec
from workbench.training.clock import Clock
from workbench.training.request import TrainRequest


@dataclass(frozen=True)
class TrainResult:
    """What a run leaves: a registered version and the figures it was judged by."""

    run_id: str | None
    model: str
    version: int
    task: str
    kind: str
    event_class: str
    rows: int
    event_rate: float
    metrics: dict[str, float]
    split: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    wall_seconds: float
    against_champion: dict[str, Any] | None

    def as_dict(self) -> dict[str, Any]:
        return {**self.__dict__, "notes": list(self.notes), "warnings": list(self.warnings)}


def read_frame(request: TrainRequest, home: Home, progress: Progress) -> TrainingFrame:
    """The training frame that a request speaks of."""
    if request.task is not None:
        from workbench.dataset.build import build_training_frame

        return build_training_frame(home, request.task, as_of=request.as_of, progress=progress)
    from workbench.dataset.flat import flat_training_frame

    source = Path(str(request.file))
    return flat_training_frame(
        source,
        label=str(request.label),
        positive=request.positive,
        kind=request.kind or "response",
        id_column=request.id_column,
        time_column=request.time_column,
        known_after_event=request.known_after_event,
        name=request.name or source.name.split(".")[0],
    )
