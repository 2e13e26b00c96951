"""The candidates' blend while the search goes on: weights, its loss, and whether fold models make it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.search.bench import Bench
from workbench.search.calibration import log_loss
from workbench.search.learners import Config
from workbench.search.selection import MAX_ROWS, greedy_weights

_MOST = 0.75  # of the rows: a model that saw these gains little from a refit on all


class Blend:
    """Greedy weights in log-odds over out-of-fold scores."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def weights(self, configs: Sequence[Config], *, max_rows: int = MAX_ROWS) -> np.ndarray:
        """Shape (configs,), summing to 1."""
        return self._chosen(*self._scores(configs), max_rows)

    def loss(self, configs: Sequence[Config], *, max_rows: int = MAX_ROWS) -> float:
        """Log-loss of the blend of these candidates; infinite if there are none."""
        if not configs:
            return float("inf")
        scores, y, counts_as = self._scores(configs)
        return log_loss(y, self._chosen(scores, y, counts_as, max_rows) @ scores, counts_as)

    def _chosen(self, scores: np.ndarray, y: np.ndarray, counts_as: np.ndarray | None, max_rows: int) -> np.ndarray:  # fmt: skip
        return greedy_weights(y, scores, seed=self.bench.spec.seed, max_rows=max_rows, counts_as=counts_as)

    def _scores(self, configs: Sequence[Config]) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        scores = np.stack([self.bench.out_of_fold(c) for c in configs])
        seen = ~np.isnan(scores).any(axis=0)
        weights = self.bench.weights
        return scores[:, seen], self.bench.y[seen], None if weights is None else weights[seen]


def bagged(bench: Bench) -> bool:
    """Whether fold models are the ensemble: together they have seen all rows, or one alone has seen most of them."""
    held = sum(len(bench.folds[f][1]) for f in bench.main)
    if len(bench.main) > 1 and held >= 0.95 * len(bench.y):
        return True
    return len(bench.main) == 1 and widest(bench) >= _MOST


def widest(bench: Bench) -> float:
    """Share of all rows that the fold with the most training rows learns from."""
    return max(len(bench.folds[f][0]) for f in bench.main) / len(bench.y)
