"""What a person asks for when they launch a run."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from workbench.dataset.frame import KINDS, Kind
from workbench.errors import UsageError, did_you_mean
from workbench.registry.models import FORBIDDEN_IN_NAMES, check_name

SHORTEST_BUDGET_SECONDS = 5.0
MOST_WORKERS = 256
_LISTS = ("known_after_event", "known_before", "without", "rising", "falling")


@dataclass(frozen=True)
class TrainRequest:
    """One training run, as data: it can be queued, journalled and repeated.

    Either `task` ("dataset/label") or `file` with `label`. Either `budget_seconds` or `trials`.
    """

    task: str | None = None
    file: str | None = None
    label: str | None = None
    positive: str | None = None
    kind: Kind | None = None
    id_column: str | None = None
    time_column: str | None = None
    known_after_event: tuple[str, ...] = ()
    known_before: tuple[
        str, ...
    ] = ()  # columns that a person vouches for, whatever they say about the outcome
    without: tuple[str, ...] = ()  # features that may not teach
    rising: tuple[str, ...] = ()  # number features with which the score may only rise
    falling: tuple[str, ...] = ()
    weight: str | None = None  # a feature that says how much a row counts, and teaches nothing itself
    name: str | None = None
    budget_seconds: float | None = 60.0
    trials: int | None = None
    seed: int = 0
    workers: int = 1  # processes that fit side by side; 1: threads of the run's own
    user: str = ""
    trigger: str = "manual"  # manual, demo or schedule: who started it
    as_of: str | None = None  # ISO date: outcomes known by then only
    started_at: float | None = None  # Unix time at which the person pressed start; the budget counts from it
    job_id: str | None = None

    def __post_init__(self) -> None:
        if (self.task is None) == (self.file is None):
            raise UsageError("WB-U32", "A run needs either a task (dataset/label) or a file.")
        if self.file is not None and not self.label:
            raise UsageError(
                "WB-U32",
                f"Which column of '{self.file}' is to be predicted?",
                hint="Name it: --label COLUMN.",
            )
        if self.name is not None:
            check_name(self.name)
        if self.kind is not None and self.kind not in KINDS:
            raise UsageError(
                "WB-U33",
                f"There is no kind of label called '{self.kind}'.",
                hint=did_you_mean(self.kind, KINDS),
            )
        if self.trials is None and (
            self.budget_seconds is None or self.budget_seconds < SHORTEST_BUDGET_SECONDS
        ):
            raise UsageError(
                "WB-U31",
                f"A budget of {self.budget_seconds or 0:g} s is too short; the shortest is {SHORTEST_BUDGET_SECONDS:g} s.",
                hint="60s gives a good first model.",
            )
        if self.trials is not None and self.trials < 1:
            raise UsageError("WB-U34", f"--trials must be at least 1, but got {self.trials}.")
        if not 1 <= self.workers <= MOST_WORKERS:
            raise UsageError(
                "WB-U07",
                f"--workers must be 1 to {MOST_WORKERS}, but got {self.workers}.",
                hint="One per processor core is the most that helps.",
            )

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> TrainRequest:
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(value) - known)
        if unknown:
            raise UsageError(
                "WB-U35", f"A run has no setting '{unknown[0]}'.", hint=did_you_mean(unknown[0], known)
            )
        lists = {name: tuple(value.get(name, ())) for name in _LISTS}
        plain: dict[str, Any] = {**value, **lists}
        return cls(**plain)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {name: list(getattr(self, name)) for name in _LISTS}

    @property
    def key(self) -> str:
        """Sixteen hex digits, the same for the same wish whenever it is uttered: two of it are one job."""
        wish = self.as_dict() | {"started_at": None, "job_id": None}
        return hashlib.sha256(json.dumps(wish, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        return self.name or self.task or str(self.file)

    @property
    def model_name(self) -> str:
        """`name`, else the task's, else the file's without its endings and without what no model's name can have."""
        if self.name or self.task:
            return self.name or str(self.task).replace("/", ".")
        file = Path(str(self.file))
        stem = re.sub(r"(\.(csv|tsv|txt|gz|parquet|xlsx))+$", "", file.name, flags=re.IGNORECASE) or file.name
        return re.sub(FORBIDDEN_IN_NAMES, "_", stem).lstrip(".")[:150] or "model"
