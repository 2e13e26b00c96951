"""Curves over the score, as tidy tables: everything by weighted counts per distinct score."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Ranking:
    """Rows grouped by distinct score, best first: what every rank-based figure needs, sorted once.

    Weighted counts per group then give a figure in one pass, for the sample as for each bootstrap resample.
    """

    y: np.ndarray
    order: np.ndarray  # rows, highest score first
    starts: np.ndarray  # first position of each distinct score within `order`
    scores: np.ndarray  # the distinct scores, highest first

    @classmethod
    def of(cls, y: np.ndarray, score: np.ndarray) -> Ranking:
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        starts = (
            np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(ranked) else np.zeros(0, dtype=int)
        )
        return cls(y, order, starts, ranked[starts])

    @cached_property
    def _ranked_y(self) -> np.ndarray:
        return self.y[self.order].astype(np.float64)

    def counts(self, weights: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """(events, others) per distinct score, highest first; weighted where weights are given."""
        if weights is None:
            events = np.add.reduceat(self._ranked_y, self.starts)
            rows = np.diff(np.r_[self.starts, len(self.order)]).astype(np.float64)
        else:
            ranked = weights[self.order].astype(np.float64)
            events = np.add.reduceat(ranked * self._ranked_y, self.starts)
            rows = np.add.reduceat(ranked, self.starts)
        return events, rows - events


def auc_of(events: np.ndarray, others: np.ndarray) -> float:
    """Area under the ROC curve from counts per distinct score, highest first; ties count half."""
    n_events, n_others = float(events.sum()), float(others.sum())
    if n_events == 0 or n_others == 0:
        return float("nan")
    below = n_others - np.cumsum(others) + 0.5 * others
    return float(np.dot(events, below) / (n_events * n_others))


def ks_of(events: np.ndarray, others: np.ndarray) -> tuple[float, int]:
    """Kolmogorov-Smirnov distance over distinct scores, and the position of the score where it lies."""
    n_events, n_others = float(events.sum()), float(others.sum())
    if n_events == 0 or n_others == 0:
        return float("nan"), 0
    gap = np.abs(np.cumsum(events) / n_events - np.cumsum(others) / n_others)
    at = int(np.argmax(gap))
    return float(gap[at]), at


def capture_of(events: np.ndarray, others: np.ndarray, depth: np.ndarray | float) -> np.ndarray:
    """Share of all events among the best `depth` (0..1) of the rows; a tied score gives its mean share."""
    rows = events + others
    x = np.r_[0.0, np.cumsum(rows)]
    caught = np.r_[0.0, np.cumsum(events)]
    if caught[-1] == 0:
        return np.full(np.shape(depth), np.nan)
    return np.interp(np.asarray(depth) * x[-1], x, caught) / caught[-1]


def gains_table(ranking: Ranking, *, steps: int = 100) -> pd.DataFrame:
    """One row per percent of depth: customers, events, capture (share of all events), lift over the base rate."""
    events, others = ranking.counts()
    depth = np.arange(1, steps + 1) / steps
    capture = capture_of(events, others, depth)
    total = float(events.sum() + others.sum())
    return pd.DataFrame(
        {
            "depth": depth,
            "customers": depth * total,
            "events": capture * events.sum(),
            "capture": capture,
            "lift": capture / depth,
        }
    )


def deciles_table(ranking: Ranking, p: np.ndarray, *, steps: int = 10) -> pd.DataFrame:
    """Tenths by score, best first: customers, events, event rate, lift, cumulative capture, mean probability."""
    gains = gains_table(ranking, steps=steps)
    events = np.diff(np.r_[0.0, gains["events"]])
    customers = np.diff(np.r_[0.0, gains["customers"]])
    cumulated = np.r_[0.0, np.cumsum(p[ranking.order])]
    at = np.interp(np.r_[0.0, gains["customers"]], np.arange(len(cumulated)), cumulated)
    base = float(events.sum() / customers.sum())
    rate = events / customers
    return pd.DataFrame(
        {
            "decile": np.arange(1, steps + 1),
            "customers": customers,
            "events": events,
            "event_rate": rate,
            "lift": rate / base if base > 0 else np.full(steps, np.nan),
            "capture": gains["capture"],
            "mean_probability": np.diff(at) / customers,
        }
    )


def reliability_table(y: np.ndarray, p: np.ndarray, *, bins: int = 10) -> pd.DataFrame:
    """Bins of equal mass by probability: rows, mean probability, observed rate and its 95% Wilson interval."""
    bins = int(min(bins, len(p)))
    order = np.argsort(p, kind="stable")
    edges = np.linspace(0, len(p), bins + 1).round().astype(int)
    n = np.diff(edges)
    events = np.add.reduceat(y[order].astype(np.float64), edges[:-1])
    mean = np.add.reduceat(p[order], edges[:-1]) / n
    low, high = wilson(events, n)
    return pd.DataFrame(
        {
            "bin": np.arange(1, bins + 1),
            "rows": n,
            "events": events.astype(np.int64),
            "mean_probability": mean,
            "event_rate": events / n,
            "low": low,
            "high": high,
        }
    )


def wilson(
    events: np.ndarray, rows: np.ndarray, z: float = 1.959963984540054
) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval of a rate (E. B. Wilson, 1927); 95% by default."""
    share = events / rows
    centre = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    half = z / (1 + z * z / rows) * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)
