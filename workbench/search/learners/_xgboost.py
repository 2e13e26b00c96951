"""XGBoost: histogram trees over numbers, flags and out-of-fold event rates of categories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from workbench.files import read_json, write_json
from workbench.search.budget import Slot
from workbench.search.encoder import Encoded
from workbench.search.learners._columns import Expansion, gather
from workbench.search.learners._pace import pace
from workbench.search.learners.contract import FitTask

_PROBE_ROUNDS = 6
_FLOAT32 = float(np.finfo(np.float32).max)


class FittedXGBoost:
    """A booster over an expansion of the original columns."""

    def __init__(self, booster: Any, expansion: Expansion, width: int, settled: dict[str, Any]) -> None:
        self._booster = booster
        self._expansion = expansion
        self.width = width
        self.settled = settled

    @property
    def n_trees(self) -> int:
        return int(self.settled["rounds"])

    def log_odds(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        matrix = _matrix(self._expansion.apply(data), threads)
        raw = self._booster.predict(matrix, output_margin=True, iteration_range=(0, self.n_trees))
        return np.asarray(raw, dtype=np.float64)

    def contributions(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        matrix = _matrix(self._expansion.apply(data), threads)
        shares = self._booster.predict(matrix, pred_contribs=True, iteration_range=(0, self.n_trees))
        return gather(np.asarray(shares, dtype=np.float64), self._expansion.sources, self.width)

    def save(self, folder: Path) -> None:
        self._booster.save_model(folder / "model.ubj")
        write_json(
            folder / "model.json",
            {"expansion": self._expansion.to_dict(), "width": self.width, "settled": self.settled},
        )


class XGBoost:
    """Works in float32: its contributions add up to 1e-4."""

    family: ClassVar[str] = "xgboost"

    def prepare(self) -> None:
        import xgboost  # noqa: F401

    def fit(self, task: FitTask) -> FittedXGBoost:
        import xgboost

        params = {k: v for k, v in task.params.items() if k not in ("rounds", "settled", "flags_up_to")}
        params |= {
            "objective": "binary:logistic",
            "eval_metric": "logloss",
            "tree_method": "hist",
            "nthread": task.threads,
            "seed": task.seed,
            "verbosity": 0,
        }
        expansion = Expansion.fit(task.train, task.y, flags_up_to=int(task.params.get("flags_up_to", 8)))
        if task.directions:
            free = len(expansion.sources) - len(expansion.numbers)
            params["monotone_constraints"] = (*(task.directions.get(j, 0) for j in expansion.numbers), *[0] * free)  # fmt: skip
        train = _matrix(
            expansion.apply_out_of_fold(task.train, task.y, task.seed),
            task.threads,
            task.y,
            task.weights,
            train=True,
        )
        valid = None
        if task.valid is not None:
            valid = _matrix(expansion.apply(task.valid), task.threads, task.y_valid, task.weights_valid)
        rate, rounds = float(task.params["learning_rate"]), int(task.params["rounds"])
        cost = None
        if task.slot.timed and valid is not None and not task.params.get("settled"):
            start = task.slot.elapsed()
            xgboost.train(params, train, _PROBE_ROUNDS)
            cost = 1.3 * (task.slot.elapsed() - start) / _PROBE_ROUNDS
        chosen = pace(rate, rounds, task.slot, cost)
        params["learning_rate"] = chosen.rate
        best = _best(task.slot, chosen.patience)
        evals = [] if valid is None else [(valid, "valid")]
        booster = xgboost.train(
            params, train, chosen.rounds, evals=evals, verbose_eval=False, callbacks=[best]
        )
        n_rounds = best.rounds or booster.num_boosted_rounds()
        settled = {"learning_rate": chosen.rate, "rounds": int(n_rounds)}
        return FittedXGBoost(booster[: int(n_rounds)], expansion, task.train.width, settled)

    def load(self, folder: Path) -> FittedXGBoost:
        import xgboost

        facts = read_json(folder / "model.json")
        booster = xgboost.Booster()
        booster.load_model(folder / "model.ubj")
        return FittedXGBoost(
            booster, Expansion.from_dict(facts["expansion"]), facts["width"], facts["settled"]
        )


def _best(slot: Slot, patience: int) -> Any:
    from xgboost.callback import TrainingCallback

    class Best(TrainingCallback):
        """Stops at the slot's end or after `patience` rounds without gain, and remembers the best round."""

        def __init__(self) -> None:
            super().__init__()
            self.loss = float("inf")
            self.rounds = 0

        def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
            done = epoch + 1
            if evals_log:
                loss = float(evals_log["valid"]["logloss"][-1])
                if loss < self.loss - 1e-9:
                    self.loss, self.rounds = loss, done
            stale = bool(evals_log) and done - self.rounds >= patience
            return stale or slot.over()

    return Best()


def _matrix(
    values: np.ndarray,
    threads: int,
    y: np.ndarray | None = None,
    weights: np.ndarray | None = None,
    *,
    train: bool = False,
) -> Any:
    import xgboost

    # a value beyond float32 would arrive as infinite, which the library refuses
    safe = np.clip(values, -_FLOAT32, _FLOAT32).astype(np.float32)
    if train:
        return xgboost.QuantileDMatrix(safe, label=y, weight=weights, nthread=threads)
    return xgboost.DMatrix(safe, label=y, weight=weights, nthread=threads)
