"""Which candidates make the ensemble, and with what weight."""

from __future__ import annotations

import numpy as np

from workbench.search.calibration import log_loss

_STEPS = 25
MAX_ROWS = 100_000  # more rows do not change the choice, only its price
_SMALLEST_WEIGHT = 0.06  # a member below it costs scoring time and moves nothing


def greedy_weights(
    y: np.ndarray,
    candidates: np.ndarray,
    *,
    seed: int,
    max_members: int = 6,
    max_rows: int = MAX_ROWS,
    counts_as: np.ndarray | None = None,
) -> np.ndarray:
    """Weights (summing to 1) of the blend of `candidates` (members x rows, log-odds) with the least log-loss.

    Greedy selection with replacement (Caruana et al., "Ensemble selection from libraries of models", 2004): each
    step adds the candidate that lowers the blend's log-loss most; the best step is kept. Small weights are dropped.
    `counts_as` is how much each row counts.
    """
    if candidates.shape[1] > max_rows:
        rows = np.random.default_rng(seed).choice(candidates.shape[1], max_rows, replace=False)
        y, candidates = y[rows], candidates[:, rows]
        counts_as = None if counts_as is None else counts_as[rows]
    counts = np.zeros(len(candidates))
    total = np.zeros(candidates.shape[1])
    best_loss, best_counts = float("inf"), counts
    for step in range(1, _STEPS + 1):
        full = np.count_nonzero(counts) >= max_members
        losses = [
            log_loss(y, (total + row) / step, counts_as) if not full or counts[i] else float("inf")
            for i, row in enumerate(candidates)
        ]
        chosen = int(np.argmin(losses))
        counts = counts.copy()
        counts[chosen] += 1
        total = total + candidates[chosen]
        if losses[chosen] < best_loss - 1e-7:
            best_loss, best_counts = losses[chosen], counts
    weights = best_counts / best_counts.sum()
    kept = np.where(weights >= _SMALLEST_WEIGHT, weights, 0.0)
    if not kept.any():
        kept = np.where(weights == weights.max(), weights, 0.0)
    return kept / kept.sum()
