"""How much each candidate counts in the ensemble."""

from __future__ import annotations

import numpy as np

MAX_ROWS = 50_000  # of more rows a sample, which weighs as its own events allow: somewhat flatter, at a bearable price
_SMALLEST_WEIGHT = 0.01  # a member below it costs scoring time and moves nothing
MOST_MEMBERS = 40
_STEPS = 200


def blend_weights(
    y: np.ndarray,
    candidates: np.ndarray,
    *,
    seed: int,
    max_rows: int = MAX_ROWS,
    counts_as: np.ndarray | None = None,
) -> np.ndarray:
    """Weights (summing to 1) of a blend of `candidates` (members x rows, out-of-fold log-odds): unequal only where evidence says so.

    They minimise

        log-loss of the blend + (Kullback-Leibler divergence of the weights from equal ones) / e,

    where e is the number of rows of the rarer class. With a few hundred events this comes near to the plain mean, with many
    thousands near to the best blend. Weights below 1% (with more than fifty candidates: below half of an equal one) are
    dropped, and all but the 40 heaviest. `counts_as` is how much each row counts.
    """
    if candidates.shape[1] > max_rows:
        rows = np.random.default_rng(seed).choice(candidates.shape[1], max_rows, replace=False)
        y, candidates = y[rows], candidates[:, rows]
        counts_as = None if counts_as is None else counts_as[rows]
    rarer = max(1, int(min(y.sum(), len(y) - y.sum())))
    weights = _weigh(y, candidates, 1.0 / rarer, counts_as)
    least = min(_SMALLEST_WEIGHT, 0.5 / len(weights))
    least = max(least, np.sort(weights)[-MOST_MEMBERS:][0])
    kept = np.where(weights >= least, weights, 0.0)
    return kept / kept.sum()


def _weigh(y: np.ndarray, candidates: np.ndarray, price: float, counts_as: np.ndarray | None) -> np.ndarray:
    """By L-BFGS over the logarithms of the weights, from equal ones."""
    from scipy.optimize import minimize
    from scipy.special import expit, softmax

    share = np.full(len(y), 1.0 / len(y)) if counts_as is None else counts_as / counts_as.sum()

    def cost(free: np.ndarray) -> tuple[float, np.ndarray]:
        weights = softmax(free)
        blend = weights @ candidates
        further = np.log(np.maximum(weights, 1e-300) * len(weights))
        value = float(share @ (np.logaddexp(0.0, blend) - y * blend) + price * weights @ further)
        slope = candidates @ (share * (expit(blend) - y)) + price * (further + 1.0)
        return value, weights * (slope - weights @ slope)

    # the costs differ in their fifth digit: in units of the price the optimiser sees when it is done
    scaled = lambda free: tuple(part / price for part in cost(free))  # noqa: E731
    found = minimize(
        scaled, np.zeros(len(candidates)), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}
    )
    return np.asarray(softmax(found.x))
