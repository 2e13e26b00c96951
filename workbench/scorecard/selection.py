"""Which variables enter the card: by information value, then by what they add, each with the sign of its bins."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd

from workbench.scorecard.bins import as_floats, as_levels, column_type
from workbench.scorecard.logistic import Logit, fit_logit, sigmoid
from workbench.scorecard.spec import CardSpec
from workbench.scorecard.woe import Floats, information

POOL = 60  # candidates, by IV, that the stepwise choice looks at
ENTRY_P = 0.01  # a variable enters if its score test is at least this significant ...
LOOKED_AT = 20  # ... among this many columns, and the more so the more columns were looked at
MIN_COEFFICIENT = 0.05  # WOE coefficients are near 1; a negative one turns the variable's meaning round


def quick_iv(column: pd.Series, y: Floats, *, smoothing: float) -> float:
    """Information value over ten equal-mass bins (or up to 30 levels): an estimate to sort thousands of columns by."""
    kind = column_type(column)
    if kind == "category":
        number, levels = as_levels(column)
        number = np.where(number < 0, 0, 1 + np.minimum(number, 29) if len(levels) <= 30 else 1)
    else:
        values = as_floats(column, type=kind)
        usual = np.sort(values[np.isfinite(values)])
        if len(usual) == 0:
            return 0.0
        cuts = np.unique(usual[np.arange(1, 10) * len(usual) // 10])
        number = 1 + np.searchsorted(cuts, values, side="left")
        number[np.isnan(values)] = 0
    events = np.bincount(number, weights=y)
    rows = np.bincount(number)
    parts = information(
        events,
        rows - events,
        all_events=float(y.sum()),
        all_non_events=float(len(y) - y.sum()),
        smoothing=smoothing,
    )
    return float(parts.sum())


@dataclass(frozen=True)
class Choice:
    """The chosen columns of the WOE matrix in order of entry, and why others stayed out."""

    chosen: tuple[int, ...]
    dropped: dict[int, str]  # "correlation" | "adds_nothing" | "sign"


def choose(
    matrix: Floats, y: Floats, iv: Floats, *, weight: Floats | None, spec: CardSpec, looked_at: int
) -> Choice:
    """Forward by the score test (Rao), not correlated beyond the limit, every coefficient of the right sign.

    `matrix` has one column of WOE per candidate, out of fold; `looked_at` columns competed. Ties go to the larger IV, then to the earlier column.
    """
    dropped: dict[int, str] = {}
    chosen: list[int] = []
    pool = sorted(range(matrix.shape[1]), key=lambda j: (-iv[j], j))
    if not pool:
        return Choice((), {})
    weights = np.ones(len(y)) if weight is None else weight
    correlation = _correlations(matrix)
    p = ENTRY_P * min(1.0, LOOKED_AT / looked_at)
    entry = NormalDist().inv_cdf(1 - p / 2) ** 2  # chi-square with one degree of freedom
    fitted: Logit | None = None
    while pool and len(chosen) < spec.max_variables:
        for j in list(pool):
            if chosen and np.abs(correlation[j, chosen]).max() > spec.max_correlation:
                dropped[j] = "correlation"
                pool.remove(j)
        if not pool:
            break
        gain = _score_tests(matrix, y, weights, chosen, pool, fitted)
        best = int(np.argmax(gain))
        if gain[best] < entry:
            dropped.update(dict.fromkeys(pool, "adds_nothing"))
            break
        entering = pool.pop(best)
        trial = fit_logit(matrix[:, [*chosen, entering]], y, weight=weight)
        if trial.coefficients.min() < MIN_COEFFICIENT:
            dropped[entering] = "sign"
            continue
        chosen.append(entering)
        fitted = trial
    return Choice(tuple(chosen), dropped)


def _correlations(matrix: Floats) -> Floats:
    centred = matrix - matrix.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    length[length == 0] = 1
    scaled = centred / length
    return scaled.T @ scaled


def _score_tests(
    matrix: Floats, y: Floats, weights: Floats, chosen: list[int], pool: list[int], fitted: Logit | None
) -> Floats:
    """Chi-square with one degree of freedom of adding each candidate to the current model."""
    design = np.column_stack([np.ones(len(y)), matrix[:, chosen]])
    if fitted is None:
        p = np.full(len(y), float(weights @ y / weights.sum()))
    else:
        p = sigmoid(fitted.intercept + matrix[:, chosen] @ fitted.coefficients)
    spread = weights * p * (1 - p)
    candidates = matrix[:, pool]
    gradient = candidates.T @ (weights * (y - p))
    weighted = design * spread[:, None]
    cross = weighted.T @ candidates
    inside = np.linalg.solve(weighted.T @ design + 1e-9 * np.eye(design.shape[1]), cross)
    variance = (candidates**2 * spread[:, None]).sum(axis=0) - (cross * inside).sum(axis=0)
    # a WOE that the chosen ones already explain has no variance left and can add nothing
    usable = variance > 1e-9 * (1 + (candidates**2 * spread[:, None]).sum(axis=0))
    return np.where(usable & (gradient > 0), gradient**2 / np.where(usable, variance, 1.0), 0.0)
