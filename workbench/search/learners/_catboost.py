"""CatBoost: symmetric trees with ordered statistics for categories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from workbench.files import read_json, write_json
from workbench.search.budget import Slot
from workbench.search.encoder import Encoded
from workbench.search.learners._pace import pace
from workbench.search.learners.contract import FitTask

_PROBE_ROUNDS = 5


class FittedCatBoost:
    """A model over the active columns."""

    def __init__(self, model: Any, active: tuple[int, ...], width: int, settled: dict[str, Any]) -> None:
        self._model = model
        self.active = active
        self.width = width
        self.settled = settled

    @property
    def n_trees(self) -> int:
        return int(self._model.tree_count_)

    def log_odds(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        raw = self._model.predict(
            _pool(data, self.active), prediction_type="RawFormulaVal", thread_count=threads
        )
        return np.asarray(raw, dtype=np.float64)

    def contributions(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        shares = self._model.get_feature_importance(
            _pool(data, self.active), type="ShapValues", thread_count=threads
        )
        out = np.zeros((data.rows, self.width + 1))
        out[:, list(self.active)] = shares[:, :-1]
        out[:, -1] = shares[:, -1]
        return out

    def save(self, folder: Path) -> None:
        self._model.save_model(str(folder / "model.cbm"), format="cbm")
        write_json(
            folder / "model.json",
            {"active": list(self.active), "width": self.width, "settled": self.settled},
        )


class CatBoost:
    """Categories go in as such: CatBoost replaces them by statistics of earlier rows only, which do not leak."""

    family: ClassVar[str] = "catboost"

    def prepare(self) -> None:
        import catboost  # noqa: F401

    def fit(self, task: FitTask) -> FittedCatBoost:
        import catboost

        active = task.train.active
        train = _pool(task.train, active, task.y, task.weights)
        valid = None if task.valid is None else _pool(task.valid, active, task.y_valid, task.weights_valid)
        rate, rounds = float(task.params["learning_rate"]), int(task.params["rounds"])
        settings = {
            **_library_params(task.params),
            "loss_function": "Logloss",
            "random_seed": task.seed,
            "thread_count": task.threads,
            "allow_writing_files": False,
            "logging_level": "Silent",
        }
        if task.directions:
            settings["monotone_constraints"] = [task.directions.get(j, 0) for j in active]
        cost = None
        if task.slot.timed and valid is not None and not task.params.get("settled"):
            start = task.slot.elapsed()
            probe = catboost.CatBoost({**settings, "iterations": _PROBE_ROUNDS, "learning_rate": rate})
            watch = _Watch(task.slot)
            probe.fit(train, callbacks=[watch])
            cost = 1.1 * max(watch.seconds_per_round(), (task.slot.elapsed() - start) / _PROBE_ROUNDS / 4)
        chosen = pace(rate, rounds, task.slot, cost)
        settings |= {"iterations": chosen.rounds, "learning_rate": chosen.rate}
        if valid is not None:
            settings |= {"od_type": "Iter", "od_wait": chosen.patience, "use_best_model": True}
        model = catboost.CatBoost(settings)
        model.fit(train, eval_set=valid, callbacks=[_Watch(task.slot)])
        settled = {"learning_rate": chosen.rate, "rounds": int(model.tree_count_ or 0)}
        return FittedCatBoost(model, active, task.train.width, settled)

    def load(self, folder: Path) -> FittedCatBoost:
        import catboost

        facts = read_json(folder / "model.json")
        model = catboost.CatBoost()
        model.load_model(str(folder / "model.cbm"), format="cbm")
        return FittedCatBoost(model, tuple(facts["active"]), facts["width"], facts["settled"])


class _Watch:
    """Callback: ends the fit with its slot, and measures the pace."""

    def __init__(self, slot: Slot) -> None:
        self.slot = slot
        self.marks: list[float] = []

    def after_iteration(self, info: Any) -> bool:
        self.marks.append(self.slot.elapsed())
        return not self.slot.over()

    def seconds_per_round(self) -> float:
        if len(self.marks) < 2:
            return 0.0
        return (self.marks[-1] - self.marks[0]) / (len(self.marks) - 1)


def _library_params(params: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in params.items() if k not in ("rounds", "settled", "learning_rate")}


def _pool(
    data: Encoded, active: tuple[int, ...], y: np.ndarray | None = None, weights: np.ndarray | None = None
) -> Any:
    import catboost

    categories = [i for i, j in enumerate(active) if j in data.sizes]
    if not categories:
        matrix = data.values[:, list(active)].astype(np.float32)
        return catboost.Pool(matrix, label=y, weight=weights)
    columns: dict[str, Any] = {}
    for i, j in enumerate(active):
        if j in data.sizes:
            # a pandas categorical passes a million rows without a Python object each
            codes = data.values[:, j].astype(np.int32)
            names = [str(code) for code in range(data.sizes[j])]
            columns[str(i)] = pd.Categorical.from_codes(codes, categories=names)
        else:
            columns[str(i)] = data.values[:, j].astype(np.float32)
    return catboost.Pool(pd.DataFrame(columns), label=y, weight=weights, cat_features=categories)
