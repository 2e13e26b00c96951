"""Logistic regression over flags, normal quantiles and straight pieces of each column: additive by construction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from workbench.files import read_json, write_json
from workbench.search.budget import Slot
from workbench.search.calibration import log_loss
from workbench.search.encoder import Encoded
from workbench.search.learners._columns import Rates
from workbench.search.learners.contract import FitTask

_GRID = 100  # knots of a column's empirical distribution
_ROWS_FOR_QUANTILES = 50_000
_PATH = (1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0)  # of the weakest penalty's strength
_PATH_PATIENCE = 2
_FLAGS_UP_TO = 40  # levels; beyond that one smoothed event rate stands for the column


@dataclass(frozen=True)
class NumberTerms:
    """One number as its normal quantile, hinges of that quantile, and a flag for missing.

    With a direction the pieces between the hinges stand each for themselves instead: then one sign for all weights keeps the
    whole curve rising, or falling.
    """

    column: int
    knots: tuple[float, ...]  # distinct training quantiles
    heights: tuple[float, ...]  # their normal quantiles
    hinges: tuple[float, ...]
    missing: bool
    direction: int = 0  # 1: the log-odds may only rise with the value; -1: only fall

    @classmethod
    def fit(cls, values: np.ndarray, *, column: int, hinges: int, direction: int = 0) -> NumberTerms:
        from scipy.special import ndtri

        seen = values[~np.isnan(values)]
        if len(seen) > _ROWS_FOR_QUANTILES:
            seen = seen[:: len(seen) // _ROWS_FOR_QUANTILES + 1]
        ordered = np.sort(seen)
        grid = np.unique(np.quantile(ordered, np.linspace(0, 1, _GRID + 1), method="inverted_cdf"))
        # a tied value stands in the middle of its ties, so that heaps (zero!) get a height of their own
        left = np.searchsorted(ordered, grid, side="left")
        right = np.searchsorted(ordered, grid, side="right")
        heights = ndtri(np.clip((left + right) / 2 / len(ordered), 0.005, 0.995))
        inner = np.linspace(-1.5, 1.5, hinges) if hinges > 1 else np.zeros(hinges)
        inner = inner[(inner > heights[0]) & (inner < heights[-1])]
        return cls(
            column,
            tuple(float(v) for v in grid),
            tuple(float(v) for v in heights),
            tuple(float(v) for v in inner),
            bool(np.isnan(values).any()),
            direction,
        )

    def of(self, data: Encoded) -> list[np.ndarray]:
        values = data.values[:, self.column]
        absent = np.isnan(values)
        height = np.interp(values, self.knots, self.heights)
        height[absent] = 0.0
        if self.direction:
            ends = (-np.inf, *self.hinges, np.inf)
            starts = [h if np.isfinite(h) else 0.0 for h in ends[:-1]]
            terms = [np.clip(height, a, b) - s for a, b, s in zip(ends[:-1], ends[1:], starts, strict=True)]
            terms = [np.where(absent, 0.0, term) for term in terms]
        else:
            terms = [height]
            terms += [np.where(absent, 0.0, np.maximum(height - h, 0.0)) for h in self.hinges]
        if self.missing:
            terms.append(absent.astype(np.float64))
        return terms

    @property
    def n_terms(self) -> int:
        return 1 + len(self.hinges) + self.missing

    @property
    def signs(self) -> list[int]:
        """What each term's weight may be: 1 not negative, -1 not positive, 0 anything."""
        return [self.direction] * (1 + len(self.hinges)) + [0] * self.missing


@dataclass(frozen=True)
class LevelTerms:
    """One category as a flag per level of training."""

    column: int
    codes: tuple[int, ...]

    def of(self, data: Encoded) -> list[np.ndarray]:
        return [(data.values[:, self.column] == code).astype(np.float64) for code in self.codes]

    @property
    def n_terms(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class RateTerms:
    """One category of many levels as its smoothed event rate in log-odds."""

    rates: Rates

    @property
    def column(self) -> int:
        return self.rates.column

    def of(self, data: Encoded) -> list[np.ndarray]:
        return [self.rates.of(data)]

    @property
    def n_terms(self) -> int:
        return 1


Terms = NumberTerms | LevelTerms | RateTerms


class FittedLogistic:
    """Weights on standardised terms."""

    def __init__(
        self,
        terms: tuple[Terms, ...],
        centre: np.ndarray,
        scale: np.ndarray,
        weights: np.ndarray,
        intercept: float,
        width: int,
        settled: dict[str, Any],
    ) -> None:
        self._terms = terms
        self._centre, self._scale, self._weights = centre, scale, weights
        self._intercept = intercept
        self.width = width
        self.settled = settled

    @property
    def n_trees(self) -> int:
        return 0

    def log_odds(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        return self.contributions(data, threads=threads).sum(axis=1)

    def contributions(self, data: Encoded, *, threads: int = 2) -> np.ndarray:
        out = np.zeros((data.rows, self.width + 1))
        out[:, -1] = self._intercept
        i = 0
        for term in self._terms:
            # column by column, never as one matrix product: one row then scores bit-equal alone and in a batch
            for values in term.of(data):
                out[:, term.column] += (values - self._centre[i]) / self._scale[i] * self._weights[i]
                i += 1
        return out

    def save(self, folder: Path) -> None:
        write_json(
            folder / "model.json",
            {
                "terms": [_term_dict(t) for t in self._terms],
                "centre": self._centre.tolist(),
                "scale": self._scale.tolist(),
                "weights": self._weights.tolist(),
                "intercept": self._intercept,
                "width": self.width,
                "settled": self.settled,
            },
        )


class Logistic:
    """Ridge-penalised; `strength` is the inverse of the penalty on the sum of losses.

    With `path` it goes from a strong penalty towards `strength` and stops where the held-out rows no longer gain, as boosters
    stop their rounds.
    """

    family: ClassVar[str] = "logistic"

    def prepare(self) -> None:
        import scipy.optimize  # noqa: F401

    def fit(self, task: FitTask) -> FittedLogistic:
        terms = _fit_terms(
            task.train, task.y, hinges=int(task.params.get("hinges", 3)), directions=task.directions
        )
        matrix = _design(terms, task.train)
        _replace_rates(matrix, terms, task)
        centre, scale = matrix.mean(axis=0), matrix.std(axis=0)
        scale = np.where(scale < 1e-9, 1.0, scale)
        matrix = (matrix - centre) / scale
        signs = [s for t in terms for s in (t.signs if isinstance(t, NumberTerms) else [0] * t.n_terms)]
        held = None
        if task.valid is not None and task.params.get("path"):
            held = (_design(terms, task.valid) - centre) / scale
        found, strength = _along_the_path(matrix, held, signs, task)
        settled = {"rounds": 0, "strength": strength}
        return FittedLogistic(terms, centre, scale, found[:-1], float(found[-1]), task.train.width, settled)

    def load(self, folder: Path) -> FittedLogistic:
        facts = read_json(folder / "model.json")
        arrays = (np.asarray(facts[k], dtype=np.float64) for k in ("centre", "scale", "weights"))
        terms = tuple(_term_of(t) for t in facts["terms"])
        return FittedLogistic(terms, *arrays, facts["intercept"], facts["width"], facts["settled"])


def _fit_terms(
    data: Encoded, y: np.ndarray, *, hinges: int, directions: Mapping[int, int]
) -> tuple[Terms, ...]:
    terms: list[Terms] = []
    for j in data.active:
        values = data.values[:, j]
        if j not in data.sizes:
            if np.isnan(values).all():
                continue  # varies in the whole table, but not in this fold
            terms.append(NumberTerms.fit(values, column=j, hinges=hinges, direction=directions.get(j, 0)))
            continue
        codes = values.astype(np.int64)
        present = np.flatnonzero(np.bincount(codes, minlength=data.sizes[j]))
        if len(present) <= _FLAGS_UP_TO:
            terms.append(LevelTerms(j, tuple(int(c) for c in present)))
        else:
            terms.append(RateTerms(Rates.fit(codes, y, column=j, size=data.sizes[j])))
    return tuple(terms)


def _design(terms: tuple[Terms, ...], data: Encoded) -> np.ndarray:
    matrix = np.empty((data.rows, sum(t.n_terms for t in terms)), order="F")
    i = 0
    for term in terms:
        for values in term.of(data):
            matrix[:, i] = values
            i += 1
    return matrix


def _replace_rates(matrix: np.ndarray, terms: tuple[Terms, ...], task: FitTask) -> None:
    """Event rates of the training rows come from other rows' labels, else their weight would be far too large."""
    i = 0
    for term in terms:
        if isinstance(term, RateTerms):
            matrix[:, i] = term.rates.out_of_fold(task.train, task.y, task.seed)
        i += term.n_terms


def _along_the_path(
    matrix: np.ndarray, held: np.ndarray | None, signs: Sequence[int], task: FitTask
) -> tuple[np.ndarray, float]:
    """Weights with the intercept last, and the strength that gave them."""
    weakest = float(task.params["strength"])
    strengths = [weakest] if held is None else [float(f"{weakest * f:.3g}") for f in _PATH]
    base = np.clip(np.average(task.y, weights=task.weights), 1e-6, 1 - 1e-6)
    at = np.append(np.zeros(matrix.shape[1]), np.log(base / (1 - base)))
    best, chosen, least, stale = at, strengths[0], float("inf"), 0
    for strength in strengths:
        at = _descend(
            matrix, task.y, 1.0 / (strength * max(1, len(task.y))), at, task.slot, signs, task.weights
        )
        if held is None or task.y_valid is None:
            return at, strength
        loss = log_loss(task.y_valid, held @ at[:-1] + at[-1], task.weights_valid)
        if loss < least:
            best, chosen, least, stale = at, strength, loss, 0
        else:
            stale += 1
        if stale == _PATH_PATIENCE or task.slot.over():
            break
    return best, chosen


def _descend(
    matrix: np.ndarray,
    y: np.ndarray,
    penalty: float,
    start: np.ndarray,
    slot: Slot,
    signs: Sequence[int],
    counts_as: np.ndarray | None,
) -> np.ndarray:
    """Weights and, last, the intercept that minimise mean log-loss + penalty/2 |w|^2, by L-BFGS within `signs` from `start`.

    It stops with its slot. `counts_as` is how much each row counts; None: all the same.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    n, p = matrix.shape
    share = np.full(n, 1.0 / n) if counts_as is None else counts_as / counts_as.sum()

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        z = matrix @ theta[:p] + theta[p]
        value = float(share @ (np.logaddexp(0.0, z) - y * z) + 0.5 * penalty * theta[:p] @ theta[:p])
        slope = share * (expit(z) - y)
        return value, np.append(matrix.T @ slope + penalty * theta[:p], slope.sum())

    def watch(intermediate_result: Any) -> None:
        if slot.over():
            raise StopIteration

    limits = {0: (None, None), 1: (0.0, None), -1: (None, 0.0)}
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[*(limits[s] for s in signs), limits[0]] if any(signs) else None,
        callback=watch,
        options={"maxiter": 150},
    )
    return np.asarray(found.x, dtype=np.float64)


def _term_dict(term: Terms) -> dict[str, Any]:
    if isinstance(term, NumberTerms):
        return {"kind": "number", **{k: _plain(v) for k, v in vars(term).items()}}
    if isinstance(term, LevelTerms):
        return {"kind": "levels", "column": term.column, "codes": list(term.codes)}
    return {"kind": "rates", "column": term.column, "table": list(term.rates.table)}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _term_of(stored: Mapping[str, Any]) -> Terms:
    if stored["kind"] == "number":
        return NumberTerms(
            stored["column"],
            tuple(stored["knots"]),
            tuple(stored["heights"]),
            tuple(stored["hinges"]),
            stored["missing"],
            stored.get("direction", 0),
        )
    if stored["kind"] == "levels":
        return LevelTerms(stored["column"], tuple(stored["codes"]))
    return RateTerms(Rates(stored["column"], tuple(stored["table"])))
