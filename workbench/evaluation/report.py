"""How good a model is on rows that it never saw: figures, intervals and the tables behind every picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from workbench.errors import DataError
from workbench.evaluation.curves import (
    deciles_table,
    gains_table,
    ks_of,
    reliability_table,
    wilson,
)
from workbench.evaluation.intervals import Interval, bootstrap
from workbench.evaluation.metrics import METRICS, Sample
from workbench.search.calibration import logistic_line

_WITH_INTERVAL = ("auc", "ks", "lift_10", "logloss")
_LOGIT_EDGE = 1e-9


@dataclass(frozen=True)
class Evaluation:
    """`metrics` (auc, ks, ks_score, gini, lift_10, capture_20, logloss, brier, ece, slope, intercept, event_rate,
    rows, events), 95% `intervals` of four of them, and tidy tables. `by_month` and `by_seen` are empty tables
    where months or seen were not given."""

    metrics: dict[str, float]
    intervals: dict[str, Interval]
    gains: pd.DataFrame  # depth, customers, events, capture, lift: 100 rows
    deciles: pd.DataFrame
    calibration: pd.DataFrame  # bins of equal mass with Wilson intervals
    by_month: pd.DataFrame  # month, rows, events, event_rate, mean_probability, auc, ks, lift_10
    by_seen: pd.DataFrame  # seen, rows, events, ...

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; a figure that does not exist (one class only) is None."""
        tables = {
            name: _records(getattr(self, name))
            for name in ("gains", "deciles", "calibration", "by_month", "by_seen")
        }
        return {
            "metrics": {k: _finite(v) for k, v in self.metrics.items()},
            "intervals": {k: [_finite(low), _finite(high)] for k, (low, high) in self.intervals.items()},
            **tables,
        }


def evaluate(
    y: np.ndarray,
    p: np.ndarray,
    *,
    entity: np.ndarray | None = None,
    months: np.ndarray | None = None,
    seen: np.ndarray | None = None,
    n_boot: int = 200,
    seed: int = 0,
) -> Evaluation:
    """The evaluation of event probabilities `p` against labels `y` (1 = event).

    Intervals resample whole entities where `entity` is given, else rows. `months` (any labels that sort, or dates)
    and `seen` (bool: the customer also taught the model) split the figures further.

    Raises DataError WB-S08 if lengths differ, values are not probabilities, or there is no row.
    """
    y, p = _checked(y, p)
    sample = Sample.of(y, p)
    metrics = {name: of(sample, None) for name, of in METRICS.items()}
    line = _calibration_line(y, p)
    at = ks_of(*sample.ranking.counts())[1]
    metrics |= {
        "ks_score": float(sample.ranking.scores[at]),
        "slope": line[0],
        "intercept": line[1],
        "event_rate": float(y.mean()),
        "rows": float(len(y)),
        "events": float(y.sum()),
    }
    return Evaluation(
        metrics=metrics,
        intervals=bootstrap(y, p, _WITH_INTERVAL, entity=entity, n_boot=n_boot, seed=seed),
        gains=gains_table(sample.ranking),
        deciles=deciles_table(sample.ranking, p),
        calibration=reliability_table(y, p),
        by_month=_parts("month", y, p, None if months is None else _month_labels(months)),
        by_seen=_parts("seen", y, p, None if seen is None else np.asarray(seen, dtype=bool)),
    )


def _calibration_line(y: np.ndarray, p: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the outcome's log-odds on the predicted ones: 1 and 0 for honest probabilities."""
    safe = np.clip(p, _LOGIT_EDGE, 1 - _LOGIT_EDGE)
    if y.min() == y.max() or safe.min() == safe.max():
        return float("nan"), float("nan")
    line = logistic_line(y, np.log(safe) - np.log1p(-safe))
    return line.slope, line.intercept


def _parts(name: str, y: np.ndarray, p: np.ndarray, labels: np.ndarray | None) -> pd.DataFrame:
    columns = [
        name,
        "rows",
        "events",
        "event_rate",
        "low",
        "high",
        "mean_probability",
        "auc",
        "ks",
        "lift_10",
    ]
    if labels is None:
        return pd.DataFrame(columns=columns)
    rows = []
    for label in np.unique(labels):
        inside = labels == label
        sample = Sample.of(y[inside], p[inside])
        n, events = int(inside.sum()), int(y[inside].sum())
        low, high = wilson(np.array([float(events)]), np.array([float(n)]))
        figures = [METRICS[m](sample, None) for m in ("auc", "ks", "lift_10")]
        rows.append(
            [label, n, events, events / n, float(low[0]), float(high[0]), float(p[inside].mean()), *figures]
        )
    return pd.DataFrame(rows, columns=columns)


def _month_labels(months: np.ndarray) -> np.ndarray:
    values = np.asarray(months)
    if np.issubdtype(values.dtype, np.datetime64):
        return values.astype("datetime64[M]").astype(str)
    return values.astype(str)


def _checked(y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, p = np.asarray(y), np.asarray(p, dtype=np.float64)
    if y.shape != p.shape or y.ndim != 1 or not len(y):
        raise DataError(
            "WB-S08",
            f"An evaluation needs one label and one probability per row and at least one row, but got shapes {y.shape} "
            f"and {p.shape}.",
        )
    if not np.isin(y, (0, 1)).all():
        raise DataError("WB-S08", "Labels must be 0 or 1 in an evaluation.", "Encode the event as 1.")
    if not np.isfinite(p).all() or p.min() < 0 or p.max() > 1:
        raise DataError("WB-S08", "Probabilities must lie between 0 and 1 and be present in every row.")
    return y.astype(np.int64), p


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(k): _finite(v) for k, v in row.items()} for row in table.to_dict("records")]


def _finite(value: Any) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
