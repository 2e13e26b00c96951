"""One fit: a candidate on one fold, from nothing but the rows, the folds and the job; the same in any thread, process or
machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workbench.files import read_json, whole_folder, write_json
from workbench.search.budget import Deadline, Slot
from workbench.search.encoder import Encoded
from workbench.search.learners import LEARNERS, Config, FitTask, Fitted
from workbench.search.narrowing import strongest

Folds = Sequence[tuple[np.ndarray, np.ndarray]]

ALL_ROWS = -1
"""The fold of a refit: it learns from every row and holds none out."""


@dataclass(frozen=True)
class Job:
    """What one fit is asked to do. `params` are the candidate's with what its earlier folds settled on."""

    config: Config
    fold: int
    params: Mapping[str, Any]
    seconds: float | None = None  # its slot; None: the clock does not shape the fit
    most_rows: int | None = None  # of more training rows it takes a random sample

    def to_dict(self) -> dict[str, Any]:
        return {
            "config": self.config.to_dict(),
            "fold": self.fold,
            "params": dict(self.params),
            "seconds": self.seconds,
            "most_rows": self.most_rows,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Job:
        return cls(
            Config.from_dict(stored["config"]),
            int(stored["fold"]),
            dict(stored["params"]),
            stored["seconds"],
            stored["most_rows"],
        )


@dataclass(frozen=True)
class Made:
    """What one fit left. `cut_short`: the deadline or a person ended it, so it compares with nothing."""

    log_odds: np.ndarray  # of the fold's held-out rows; empty after a refit
    seconds: float
    model: Fitted
    cut_short: bool = False


class Fitter:
    """The rows, labels and folds of one search, how much each row counts, and directions that columns must keep."""

    def __init__(
        self,
        data: Encoded,
        y: np.ndarray,
        folds: Folds,
        *,
        seed: int,
        weights: np.ndarray | None = None,
        directions: Mapping[int, int] | None = None,
    ) -> None:
        self.data, self.y, self.folds, self.seed = data, y, folds, seed
        self.weights, self.directions = weights, dict(directions or {})
        self._lock = threading.Lock()
        self._narrowed: dict[int, tuple[int, ...]] = {}

    def fit(self, job: Job, deadline: Deadline) -> Made:
        """Raises whatever the learner raises, and FloatingPointError for scores that are not finite."""
        slot = Slot(deadline, job.seconds)
        train = self._sampled(job)
        held = None if job.fold == ALL_ROWS else self.folds[job.fold][1]
        valid = None if held is None else self.data.take(held)
        task = FitTask(
            train=self.data.take(train).narrowed(self._columns(job.fold)),
            y=self.y[train],
            valid=valid,
            y_valid=None if held is None else self.y[held],
            params=job.params,
            seed=self.seed + max(0, job.fold),
            threads=1,
            slot=slot,
            weights=None if self.weights is None else self.weights[train],
            weights_valid=None if self.weights is None or held is None else self.weights[held],
            directions=self.directions,
        )
        model = LEARNERS[job.config.family].fit(task)
        scores = np.zeros(0) if valid is None else model.log_odds(valid, threads=1)
        if not np.isfinite(scores).all():
            raise FloatingPointError("the model's scores are not finite")
        return Made(scores, slot.elapsed(), model, slot.cut_short())

    def training_rows(self, fold: int) -> np.ndarray:
        return np.arange(len(self.y)) if fold == ALL_ROWS else np.asarray(self.folds[fold][0])

    def _sampled(self, job: Job) -> np.ndarray:
        train = self.training_rows(job.fold)
        if job.most_rows is None or job.most_rows >= len(train):
            return train
        number = len(self.folds) if job.fold == ALL_ROWS else job.fold
        rng = np.random.default_rng([self.seed, number])
        return np.sort(rng.choice(train, job.most_rows, replace=False))

    def _columns(self, fold: int) -> tuple[int, ...]:
        """The columns that this fold's fits learn from, chosen once on its own training rows."""
        with self._lock:
            if fold not in self._narrowed:
                train = self.training_rows(fold)
                self._narrowed[fold] = strongest(self.data.take(train), self.y[train])
            return self._narrowed[fold]

    def save(self, folder: Path) -> None:
        """Writes the folder whole, for other processes to open."""
        with whole_folder(folder) as part:
            np.save(part / "values.npy", np.ascontiguousarray(self.data.values), allow_pickle=False)
            np.save(part / "y.npy", self.y, allow_pickle=False)
            if self.weights is not None:
                np.save(part / "weights.npy", self.weights, allow_pickle=False)
            for i, (train, valid) in enumerate(self.folds):
                np.save(part / f"train{i}.npy", train, allow_pickle=False)
                np.save(part / f"valid{i}.npy", valid, allow_pickle=False)
            sizes = {str(j): size for j, size in self.data.sizes.items()}
            facts = {
                "active": list(self.data.active),
                "sizes": sizes,
                "names": list(self.data.names),
                "seed": self.seed,
                "folds": len(self.folds),
                "directions": {str(j): d for j, d in self.directions.items()},
            }
            write_json(part / "facts.json", facts)

    @classmethod
    def open(cls, folder: Path) -> Fitter:
        """The rows stay on disk: processes that open the same folder share the memory."""
        facts = read_json(folder / "facts.json")
        values = np.load(folder / "values.npy", mmap_mode="r", allow_pickle=False)
        sizes = {int(j): int(size) for j, size in facts["sizes"].items()}
        data = Encoded(values, tuple(facts["active"]), sizes, tuple(facts["names"]))
        folds = [
            tuple(np.load(folder / f"{side}{i}.npy", allow_pickle=False) for side in ("train", "valid"))
            for i in range(facts["folds"])
        ]
        counted = (folder / "weights.npy").exists()
        return cls(
            data,
            np.load(folder / "y.npy", allow_pickle=False),
            folds,
            seed=facts["seed"],
            weights=np.load(folder / "weights.npy", allow_pickle=False) if counted else None,
            directions={int(j): int(d) for j, d in facts["directions"].items()},
        )


def write_made(made: Made, folder: Path) -> None:
    """Model and scores into an existing folder."""
    made.model.save(folder)
    np.save(folder / "log_odds.npy", made.log_odds, allow_pickle=False)
    (folder / "made.json").write_text(json.dumps({"seconds": made.seconds, "cut_short": made.cut_short}))


def read_made(family: str, folder: Path) -> Made:
    facts = read_json(folder / "made.json")
    log_odds = np.load(folder / "log_odds.npy", allow_pickle=False)
    return Made(log_odds, float(facts["seconds"]), LEARNERS[family].load(folder), bool(facts["cut_short"]))
