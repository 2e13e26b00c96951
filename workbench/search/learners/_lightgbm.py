"""LightGBM: few-leaf, extra-trees and wide variants of one booster."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from workbench.files import read_json, write_json
from workbench.search.budget import Slot
from workbench.search.encoder import Encoded
from workbench.search.learners._pace import Pace, pace
from workbench.search.learners.contract import FitTask

_PROBE_ROUNDS = 6
_QUIET = {"verbosity": -1, "objective": "binary", "metric": "binary_logloss", "deterministic": True}


class FittedLightGBM:
    """A booster over the active columns."""

    def __init__(self, text: str, active: tuple[int, ...], width: int, settled: dict[str, Any]) -> None:
        self.text = text
        self.active = active
        self.width = width
        self.settled = settled

    @cached_property
    def _booster(self) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    @property
    def n_trees(self) -> int:
        return int(self.settled["rounds"])

    def log_odds(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        matrix = data.values[:, list(self.active)]
        return np.asarray(
            self._booster.predict(matrix, raw_score=True, num_threads=threads), dtype=np.float64
        )

    def contributions(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        matrix = data.values[:, list(self.active)]
        shares = np.asarray(self._booster.predict(matrix, pred_contrib=True, num_threads=threads))
        out = np.zeros((data.rows, self.width + 1))
        out[:, list(self.active)] = shares[:, :-1]
        out[:, -1] = shares[:, -1]
        return out

    def save(self, folder: Path) -> None:
        (folder / "model.txt").write_text(self.text, encoding="utf-8")
        write_json(
            folder / "model.json",
            {"active": list(self.active), "width": self.width, "settled": self.settled},
        )


class LightGBM:
    """Categories go in as codes: the library searches for the best grouping of levels itself."""

    family: ClassVar[str] = "lightgbm"

    def prepare(self) -> None:
        import lightgbm  # noqa: F401

    def fit(self, task: FitTask) -> FittedLightGBM:
        import lightgbm

        active = task.train.active
        params = {**_QUIET, **_library_params(task.params), "num_threads": task.threads, "seed": task.seed}
        if task.directions:
            params["monotone_constraints"] = [task.directions.get(j, 0) for j in active]
        categories = [i for i, j in enumerate(active) if j in task.train.sizes]
        data = lightgbm.Dataset(
            task.train.values[:, list(active)],
            label=task.y,
            weight=task.weights,
            categorical_feature=categories,
            params=params,
            free_raw_data=True,
        )
        chosen = self._pace(data, params, task)
        params["learning_rate"] = chosen.rate
        best = _Best(task.slot, chosen.patience)
        valid_sets = []
        if task.valid is not None:
            held = task.valid.values[:, list(active)]
            valid_sets = [
                data.create_valid(held, label=task.y_valid, weight=task.weights_valid, params=params)
            ]
        booster = lightgbm.train(params, data, chosen.rounds, valid_sets=valid_sets, callbacks=[best])
        rounds = best.rounds or booster.current_iteration()
        text = booster.model_to_string(num_iteration=rounds)
        settled = {"learning_rate": chosen.rate, "rounds": rounds}
        return FittedLightGBM(text, active, task.train.width, settled)

    def load(self, folder: Path) -> FittedLightGBM:
        facts = read_json(folder / "model.json")
        text = (folder / "model.txt").read_text(encoding="utf-8")
        return FittedLightGBM(text, tuple(facts["active"]), facts["width"], facts["settled"])

    def _pace(self, data: Any, params: Mapping[str, Any], task: FitTask) -> Pace:
        rate, rounds = float(task.params["learning_rate"]), int(task.params["rounds"])
        if not task.slot.timed or task.params.get("settled") or task.valid is None:
            return pace(rate, rounds, task.slot, None)
        import lightgbm

        data.construct()
        start = task.slot.elapsed()
        stop = _Best(task.slot, patience=_PROBE_ROUNDS)
        lightgbm.train(dict(params), data, _PROBE_ROUNDS, callbacks=[stop])
        # later trees cost more than the first ones, and each round is also scored on the validation rows
        cost = 1.4 * (task.slot.elapsed() - start) / _PROBE_ROUNDS
        return pace(rate, rounds, task.slot, cost)


class _Best:
    """Callback: stops at the slot's end or after `patience` rounds without gain, and remembers the best round."""

    def __init__(self, slot: Slot, patience: int) -> None:
        self.slot = slot
        self.patience = patience
        self.loss = float("inf")
        self.rounds = 0
        self.order = 30  # after LightGBM's own evaluation callbacks
        self.before_iteration = False

    def __call__(self, env: Any) -> None:
        import lightgbm

        results = env.evaluation_result_list or []
        done = env.iteration + 1
        if results:
            loss = float(results[0][2])
            if loss < self.loss - 1e-9:
                self.loss, self.rounds = loss, done
        stale = bool(results) and done - self.rounds >= self.patience
        if stale or self.slot.over():
            raise lightgbm.callback.EarlyStopException(max(0, (self.rounds or done) - 1), results)


def _library_params(params: Mapping[str, Any]) -> dict[str, Any]:
    known = {k: v for k, v in params.items() if k not in ("rounds", "settled")}
    if known.get("bagging_fraction", 1.0) < 1.0:
        known["bagging_freq"] = 1
    return known
