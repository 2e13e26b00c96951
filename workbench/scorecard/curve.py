"""From whole points back to a probability: refitted, so that neither rounding nor the card's straight line biases it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.scorecard.logistic import fit_logit, sigmoid
from workbench.scorecard.woe import Floats

CASES_PER_KNOT = 40  # of the rarer outcome; with fewer than three knots the curve stays one straight line
MAX_KNOTS = 10
PRIOR_CASES = 10.0  # of the rarer outcome, at the straight line's rate: draws each knot towards that line
LEAST_SLOPE = 0.1  # of the straight line's: the curve never lies flat, so every point counts


@dataclass(frozen=True)
class ProbabilityCurve:
    """log-odds of the event = intercepts[k] + slopes[k] * score in segment k, whose upper ends are `uppers`.

    Continuous and strictly monotone in the card's direction (or flat if the score tells nothing); the last segment
    has no upper end.
    """

    uppers: tuple[float, ...]
    intercepts: tuple[float, ...]
    slopes: tuple[float, ...]

    def __call__(self, score: Floats) -> Floats:
        """Probability of the event at each score."""
        return sigmoid(self.log_odds(score))

    def log_odds(self, score: Floats) -> Floats:
        values = np.asarray(score, dtype=float)
        segment = np.searchsorted(np.array(self.uppers), values, side="left")
        return np.array(self.intercepts)[segment] + np.array(self.slopes)[segment] * values

    def as_dict(self) -> dict[str, list[float]]:
        return {"uppers": list(self.uppers), "intercepts": list(self.intercepts), "slopes": list(self.slopes)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ProbabilityCurve:
        return cls(*(tuple(stored[name]) for name in ("uppers", "intercepts", "slopes")))

    @classmethod
    def flat(cls, rate: float) -> ProbabilityCurve:
        """The same probability for everyone."""
        return cls((), (math.log(rate / (1 - rate)),), (0.0,))

    @classmethod
    def fit(cls, score: Floats, y: Floats, *, weight: Floats | None, sign: int) -> ProbabilityCurve:
        """Refitted on the whole scores; `sign` is +1 where more points mean a likelier event, else -1.

        A straight line in log-odds, bent at up to ten knots of equal mass where there are cases enough to know.
        """
        weights = np.ones(len(y)) if weight is None else weight * (len(y) / weight.sum())
        middle, spread = float(np.mean(score)), float(np.std(score))
        if spread == 0:
            return cls.flat(float(np.average(y, weights=weights)))
        logit = fit_logit(((score - middle) / spread)[:, None], y, weight=weights, ridge=0.0)
        slope = float(logit.coefficients[0]) / spread
        if slope * sign <= 0:
            return cls.flat(float(np.average(y, weights=weights)))
        line = cls((), (logit.intercept - slope * middle,), (slope,))
        knots = min(MAX_KNOTS, int(min(weights @ y, weights @ (1 - y)) // CASES_PER_KNOT))
        if knots < 3:
            return line
        return _centred(_bent(line, score, y, weights, knots=knots), score, y, weights)


def _bent(
    line: ProbabilityCurve, score: Floats, y: Floats, weights: Floats, *, knots: int
) -> ProbabilityCurve:
    """The line bent towards the event rates of groups of customers of neighbouring score."""
    slope = line.slopes[0]
    cuts = np.unique(np.sort(score)[np.arange(1, knots) * len(score) // knots])
    group = np.searchsorted(cuts, score, side="left")
    mass = np.bincount(group, weights=weights)
    events = np.bincount(group, weights=weights * y)
    expected = np.bincount(group, weights=weights * line(score))
    at = np.bincount(group, weights=weights * score) / np.where(mass > 0, mass, 1)
    filled = mass > 0
    mass, events, expected, at = (part[filled] for part in (mass, events, expected, at))
    rate = expected / mass
    prior = PRIOR_CASES / np.minimum(rate, 1 - rate)
    seen = (events + prior * rate) / (mass - events + prior * (1 - rate))
    bend = np.log(seen) - np.log(rate / (1 - rate))
    height = line.log_odds(at) + bend
    # what stands above a floor that is nearly flat is made monotone; the floor itself keeps it strict
    floor = LEAST_SLOPE * slope * at
    direction = 1.0 if slope > 0 else -1.0
    height = floor + direction * _rising(direction * (height - floor), mass)
    if len(at) < 2:
        return line
    inner = np.diff(height) / np.diff(at)
    # beyond the outer knots nobody knows: go on by the nearest slope, never steeper than the straight line's
    ends = direction * np.minimum(np.abs(inner[[0, -1]]), abs(slope))
    slopes = np.concatenate([ends[:1], inner, ends[1:]])
    starts = np.concatenate([[at[0]], at])
    heights = np.concatenate([[height[0]], height])
    intercepts = heights - slopes * starts
    return ProbabilityCurve(tuple(at.tolist()), tuple(intercepts.tolist()), tuple(slopes.tolist()))


def _rising(values: Floats, mass: Floats) -> Floats:
    """The nearest non-decreasing values in weighted least squares, by pooling adjacent violators."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values.tolist(), mass.tolist(), strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] > pool[0]:
            before = pools.pop()
            total = before[1] + pool[1]
            pool = ((before[0] * before[1] + pool[0] * pool[1]) / total, total, before[2] + pool[2])
        pools.append(pool)
    return np.repeat([p[0] for p in pools], [p[2] for p in pools])


def _centred(curve: ProbabilityCurve, score: Floats, y: Floats, weights: Floats) -> ProbabilityCurve:
    """Shifted as a whole so that the mean probability is the event rate."""
    z, shift, events = curve.log_odds(score), 0.0, float(weights @ y)
    for _ in range(50):
        p = sigmoid(z + shift)
        gap = events - float(weights @ p)
        shift += gap / float(weights @ (p * (1 - p)))
        if abs(gap) < 1e-10 * len(y):
            break
    return ProbabilityCurve(curve.uppers, tuple(a + shift for a in curve.intercepts), curve.slopes)
