"""Single figures of a scored sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from workbench.evaluation.curves import Ranking, auc_of, capture_of, ks_of

_TINY = 1e-15


@dataclass(frozen=True)
class Sample:
    """Labels and probabilities with their ranking: what a metric is computed from, once per resample of weights."""

    y: np.ndarray
    p: np.ndarray
    ranking: Ranking
    losses: np.ndarray  # log-loss per row

    @classmethod
    def of(cls, y: np.ndarray, p: np.ndarray) -> Sample:
        safe = np.clip(p, _TINY, 1 - _TINY)
        losses = -np.where(y == 1, np.log(safe), np.log1p(-safe))
        return cls(y, p, Ranking.of(y, p), losses)


Metric = Callable[[Sample, "np.ndarray | None"], float]


def auc(sample: Sample, weights: np.ndarray | None = None) -> float:
    """Area under the ROC curve."""
    return auc_of(*sample.ranking.counts(weights))


def gini(sample: Sample, weights: np.ndarray | None = None) -> float:
    """2 AUC - 1."""
    return 2 * auc(sample, weights) - 1


def ks(sample: Sample, weights: np.ndarray | None = None) -> float:
    """Largest distance between the score distributions of events and others, over distinct scores."""
    return ks_of(*sample.ranking.counts(weights))[0]


def lift_10(sample: Sample, weights: np.ndarray | None = None) -> float:
    """Event rate among the best-scored tenth over the base rate; a tied score is taken in part."""
    return float(capture_of(*sample.ranking.counts(weights), 0.1)) / 0.1


def capture_20(sample: Sample, weights: np.ndarray | None = None) -> float:
    """Share of all events among the best-scored fifth."""
    return float(capture_of(*sample.ranking.counts(weights), 0.2))


def logloss(sample: Sample, weights: np.ndarray | None = None) -> float:
    """Mean negative log-likelihood; probabilities are kept 1e-15 away from 0 and 1."""
    return float(np.average(sample.losses, weights=weights))


def brier(sample: Sample, weights: np.ndarray | None = None) -> float:
    """Mean squared distance of probability and outcome."""
    return float(np.average((sample.p - sample.y) ** 2, weights=weights))


def ece(sample: Sample, weights: np.ndarray | None = None, *, bins: int = 10) -> float:
    """Expected calibration error: |observed rate - mean probability| over bins of equal mass, weighted by mass."""
    order = np.argsort(sample.p, kind="stable")
    w = np.ones(len(order)) if weights is None else weights[order].astype(np.float64)
    total = np.cumsum(w)
    part = np.minimum((total - 0.5 * w) / total[-1] * min(bins, len(order)), bins - 1).astype(int)
    mass = np.bincount(part, weights=w, minlength=bins)
    gap = np.bincount(part, weights=w * (sample.y[order] - sample.p[order]), minlength=bins)
    return float(np.abs(gap).sum() / mass.sum())


METRICS: dict[str, Metric] = {
    "auc": auc,
    "ks": ks,
    "gini": gini,
    "lift_10": lift_10,
    "capture_20": capture_20,
    "logloss": logloss,
    "brier": brier,
    "ece": ece,
}
"""Every figure that can be weighted, hence resampled."""
