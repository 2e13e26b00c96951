"""What a finished search hands to the registry, and what it gets back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from workbench.registry.artefact import Artefact

MAX_TRIALS = 40


@dataclass(frozen=True)
class RunInput:
    """A set of rows that the run used: `context` is `training`, `validation` or `testing`."""

    name: str
    context: str
    rows: int
    digest: str  # the training frame's fingerprint, or a part's own
    source: str = ""  # the file or dataset it came from


@dataclass(frozen=True)
class RunRecord:
    """A finished search.

    `metrics` and `params` are flat and bear their prefix (`cv_auc`, `test_lift_10`, `search_seconds`). `trials` is the
    leaderboard (columns `trial family auc logloss seconds weight why config`, any of which may be missing). `files` is a
    folder whose subfolders (`report tables plots explain config data logs`) become part of the version.
    """

    artefact: Artefact
    metrics: Mapping[str, float]
    params: Mapping[str, Any]
    started_at: datetime
    ended_at: datetime
    trials: pd.DataFrame | None = None
    files: Path | None = None
    inputs: tuple[RunInput, ...] = ()
    trigger: str = "manual"
    tags: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The JSON from which MLflow can be filled at any later time."""
        return {
            "metrics": {k: float(v) for k, v in self.metrics.items() if math.isfinite(v)},
            "params": {k: _short(v) for k, v in self.params.items()},
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "trials": _trials(self.trials),
            "inputs": [asdict(i) for i in self.inputs],
            "trigger": self.trigger,
            "tags": {k: str(v) for k, v in self.tags.items()},
        }


@dataclass(frozen=True)
class Logged:
    """Where a run went. `run_id` and `mlflow_version` are None while MLflow could not be reached; `problem` says why."""

    version: int
    folder: Path
    run_id: str | None
    mlflow_version: int | None
    problem: str | None = None


def _short(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 500 else text[:497] + "..."


# the leaderboard's columns, by the names that every run uses
_TRIAL_METRICS = {
    "auc": "cv_auc",
    "logloss": "cv_logloss",
    "seconds": "trial_seconds",
    "weight": "blend_weight",
}


def _trials(leaderboard: pd.DataFrame | None) -> list[dict[str, Any]]:
    """The best trials, best first, as the leaderboard has them: at most 40, so that MLflow's page stays readable."""
    if leaderboard is None:
        return []
    trials = []
    for position, row in enumerate(leaderboard.head(MAX_TRIALS).to_dict("records")):
        numbers = {
            _TRIAL_METRICS.get(str(k), str(k)): float(v)
            for k, v in row.items()
            if isinstance(v, (int, float)) and not isinstance(v, bool) and k != "trial" and math.isfinite(v)
        }
        config = row.get("config")
        texts = config.items() if isinstance(config, Mapping) else [("config", config)]
        params = {str(k): _short(v) for k, v in texts if v is not None}
        params["family"] = str(row.get("family", ""))
        if row.get("why"):
            params["why"] = _short(row["why"])
        trials.append({"trial": str(row.get("trial", position)), "metrics": numbers, "params": params})
    return trials
