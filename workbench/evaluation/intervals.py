"""How sure a figure is: bootstrap over whole entities, since one customer's rows depend on each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from workbench.errors import UsageError, did_you_mean
from workbench.evaluation.metrics import METRICS, Metric, Sample

_LOW, _HIGH = 0.025, 0.975

Interval = tuple[float, float]


def resamples(rows: int, entity: np.ndarray | None, *, n_boot: int, seed: int) -> Iterator[np.ndarray]:
    """Row weights of `n_boot` resamples: entities drawn with replacement, each with all its rows."""
    codes = np.arange(rows) if entity is None else pd.factorize(entity, use_na_sentinel=False)[0]
    n = int(codes.max()) + 1 if rows else 0
    rng = np.random.default_rng(seed)
    for _ in range(n_boot):
        drawn = np.bincount(rng.integers(0, n, n), minlength=n)
        yield drawn[codes]


def bootstrap(
    y: np.ndarray,
    p: np.ndarray,
    names: Sequence[str],
    *,
    entity: np.ndarray | None,
    n_boot: int,
    seed: int,
) -> dict[str, Interval]:
    """95% percentile intervals of the named metrics; resamples that lack a class are left out."""
    sample = Sample.of(y, p)
    draws: dict[str, list[float]] = {name: [] for name in names}
    for weights in resamples(len(y), entity, n_boot=n_boot, seed=seed):
        for name in names:
            draws[name].append(_metric(name)(sample, weights))
    return {name: _interval(np.asarray(values)) for name, values in draws.items()}


def paired_difference(
    y: np.ndarray,
    p_a: np.ndarray,
    p_b: np.ndarray,
    entity: np.ndarray | None,
    metric: str = "auc",
    *,
    n_boot: int = 200,
    seed: int = 0,
) -> tuple[float, float, float]:
    """(difference A - B, low, high): both models on the same rows and the same resamples of entities.

    `metric` is one of the names in `workbench.evaluation.metrics.METRICS`; raises UsageError WB-S07 otherwise.
    """
    of = _metric(metric)
    a, b = Sample.of(y, p_a), Sample.of(y, p_b)
    draws = [of(a, w) - of(b, w) for w in resamples(len(y), entity, n_boot=n_boot, seed=seed)]
    low, high = _interval(np.asarray(draws))
    return of(a, None) - of(b, None), low, high


def _metric(name: str) -> Metric:
    if name not in METRICS:
        raise UsageError("WB-S07", f"No metric is called {name!r}.", did_you_mean(name, METRICS))
    return METRICS[name]


def _interval(values: np.ndarray) -> Interval:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [_LOW, _HIGH])
    return float(low), float(high)
