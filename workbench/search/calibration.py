"""An affine map in log-odds that makes probabilities honest and leaves the ranking alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_STEPS = 30
_FEWEST = 10  # of the rarer class: below, nothing is learned
_AS_IF_SEEN = 100
_MIN_SLOPE, _MAX_SLOPE = 0.5, 2.0  # a map outside says that something else is wrong; it is not ours to mend


@dataclass(frozen=True)
class Affine:
    """`slope * log_odds + intercept`, slope above 0: Platt's map, which keeps order and additivity.

    J. Platt, "Probabilistic outputs for support vector machines" (1999).
    """

    slope: float = 1.0
    intercept: float = 0.0

    def __call__(self, log_odds: np.ndarray) -> np.ndarray:
        return self.slope * log_odds + self.intercept


def log_loss(y: np.ndarray, log_odds: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean negative log-likelihood of labels 0/1 under log-odds; `weights` say how much each row counts."""
    return float(np.average(np.logaddexp(0.0, log_odds) - y * log_odds, weights=weights))


def logistic_line(y: np.ndarray, x: np.ndarray, weights: np.ndarray | None = None) -> Affine:
    """The maximum-likelihood affine map from `x` to the log-odds of `y`, by damped Newton steps."""
    from scipy.special import expit

    a, b = 1.0, 0.0
    loss = log_loss(y, x, weights)
    share = np.ones(len(y)) if weights is None else weights * (len(y) / weights.sum())
    for _ in range(_STEPS):
        p = expit(a * x + b)
        w = share * np.maximum(p * (1 - p), 1e-12)
        off = share * (p - y)
        g = np.array([np.dot(off, x), np.sum(off)])
        sxx, sx, s = float(np.dot(w, x * x)), float(np.dot(w, x)), float(w.sum())
        det = sxx * s - sx * sx
        if det <= 1e-9 * max(1.0, sxx * s):
            break  # a constant x: only the intercept is known, and it is right already within one step
        step = np.array([s * g[0] - sx * g[1], sxx * g[1] - sx * g[0]]) / det
        size = 1.0
        while size > 1e-6:
            trial = log_loss(y, (a - size * step[0]) * x + b - size * step[1], weights)
            if trial <= loss:
                break
            size /= 2
        else:
            break
        gain = loss - trial
        a, b, loss = a - size * float(step[0]), b - size * float(step[1]), trial
        if gain < 1e-12:
            break
    return Affine(float(a), float(b))


def calibrate(
    y: np.ndarray,
    log_odds: np.ndarray,
    entity: np.ndarray | None = None,
    weights: np.ndarray | None = None,
) -> Affine:
    """Platt's map from out-of-fold log-odds, held back towards the identity as far as few events say little.

    The map's share is e / (e + 100), where e is the number of customers (else rows) of the rarer class: as if a hundred more
    had been seen to lie on the identity. With fewer than 10 of them, or where the slope would leave 0.5 to 2, it is the
    identity.
    """
    rarer = _of_rarer_class(y, entity)
    if rarer < _FEWEST:
        return Affine()
    whole = logistic_line(y, log_odds, weights)
    share = rarer / (rarer + _AS_IF_SEEN)
    held_back = Affine(1.0 + share * (whole.slope - 1.0), share * whole.intercept)
    return held_back if _MIN_SLOPE <= held_back.slope <= _MAX_SLOPE else Affine()


def _of_rarer_class(y: np.ndarray, entity: np.ndarray | None) -> int:
    who = np.arange(len(y)) if entity is None else entity
    return min(len(np.unique(who[y == label])) for label in (0, 1))
