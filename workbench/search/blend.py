"""The candidates' blend while the search goes on: weights, its loss, and whether fold models make it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.search.bench import Bench
from workbench.search.calibration import log_loss
from workbench.search.learners import Config
from workbench.search.selection import MAX_ROWS, MOST_MEMBERS, blend_weights

_MOST = 0.75  # of the rows: a model that saw these gains little from a refit on all


class Blend:
    """Weights in log-odds over out-of-fold scores."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def weights(self, configs: Sequence[Config]) -> np.ndarray:
        """Shape (configs,), summing to 1."""
        return self._weighed(configs, MAX_ROWS)[0]

    def loss(self, configs: Sequence[Config], *, max_rows: int) -> float:
        """Log-loss of the blend of these candidates; infinite if there are none."""
        return self._weighed(configs, max_rows)[1] if configs else float("inf")

    def _weighed(self, configs: Sequence[Config], max_rows: int) -> tuple[np.ndarray, float]:
        bench = self.bench
        scores = np.stack([bench.out_of_fold(c) for c in configs])
        seen = ~np.isnan(scores).any(axis=0)
        scores, y = scores[:, seen], bench.y[seen]
        counts_as = None if bench.weights is None else bench.weights[seen]
        weights = blend_weights(
            y,
            scores,
            seed=bench.spec.seed,
            max_rows=max_rows,
            counts_as=counts_as,
        )
        return weights, log_loss(y, weights @ scores, counts_as)


def bagged(bench: Bench) -> bool:
    """Whether fold models are the ensemble: together they have seen all rows, or one alone has seen most of them."""
    held = sum(len(bench.folds[f][1]) for f in bench.all_folds)
    if len(bench.all_folds) > 1 and held >= 0.95 * len(bench.y):
        return True
    return len(bench.all_folds) == 1 and widest(bench) >= _MOST


def widest(bench: Bench) -> float:
    """Share of all rows that the fold with the most training rows learns from."""
    return max(len(bench.folds[f][0]) for f in bench.all_folds) / len(bench.y)


def in_turn(weights: Sequence[float], folds: Sequence[Sequence[int]]) -> list[list[int]]:
    """The folds whose models speak for each member: about 40 in all, as many each as its weight deserves, at least one.

    They are dealt in turn, so that every fold is left out by about as many models as any other: together they have learned
    from all rows alike.
    """
    taken: list[list[int]] = []
    turn = 0
    for weight, own in zip(weights, folds, strict=True):
        count = min(len(own), max(1, round(MOST_MEMBERS * weight)))
        taken.append(sorted(own[(turn + i) % len(own)] for i in range(count)))
        turn += count
    return taken
