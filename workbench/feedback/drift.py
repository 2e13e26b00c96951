"""Population stability: frozen reference bins, PSI, and the PSI that chance alone would give.

PSI = sum over bins of (a - e) ln(a / e), e the reference share, a today's. Two samples of the same
population give about (1/N + 1/M) chi2(B - 1) (Yurdakul 2018), so an alert needs to exceed both the
customary band and that distribution's 95% point. Missing values are a bin of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

SHARE_FLOOR = 1e-4
"""An empty bin counts as this share, so that PSI stays finite; said in every report."""
WATCH, ALERT = 0.10, 0.25
N_BINS = 10
MAX_LEVELS = 20
MISSING, OTHER = "(missing)", "(other)"


@dataclass(frozen=True)
class Bins:
    """The frozen bins of one column: `edges` for numbers (inner cut points), `levels` for text."""

    edges: tuple[float, ...] | None
    levels: tuple[str, ...] | None
    shares: tuple[float, ...]  # the last is the missing bin; before it, for text, "(other)"

    def counts(self, column: pd.Series) -> np.ndarray:
        missing = column.isna().to_numpy()
        if self.edges is not None:
            values = _numbers(column)
            missing = missing | ~np.isfinite(values)
            bin_of = np.searchsorted(np.asarray(self.edges), values[~missing], side="left")
            counted = np.bincount(bin_of, minlength=len(self.edges) + 1)
        else:
            levels = {level: i for i, level in enumerate(self.levels or ())}
            text = column[~missing].astype(str)
            bin_of = text.map(levels).fillna(len(levels)).to_numpy(dtype=int)
            counted = np.bincount(bin_of, minlength=len(levels) + 1)
        return np.append(counted, missing.sum()).astype(float)

    def as_dict(self) -> dict[str, Any]:
        return {
            "edges": None if self.edges is None else list(self.edges),
            "levels": None if self.levels is None else list(self.levels),
            "shares": list(self.shares),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Bins:
        edges, levels = value["edges"], value["levels"]
        return cls(
            None if edges is None else tuple(edges),
            None if levels is None else tuple(levels),
            tuple(value["shares"]),
        )


def _numbers(column: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(column):
        days = (column - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
        return days.to_numpy(dtype=float, na_value=np.nan)
    return column.to_numpy(dtype=float, na_value=np.nan)


def _is_text(column: pd.Series) -> bool:
    return not (
        pd.api.types.is_numeric_dtype(column)
        or pd.api.types.is_bool_dtype(column)
        or pd.api.types.is_datetime64_any_dtype(column)
    )


def freeze(column: pd.Series) -> Bins:
    """Reference bins of one column: about ten of equal mass for numbers, the 20 commonest levels for text."""
    if _is_text(column):
        common = column.dropna().astype(str).value_counts()
        levels = tuple(sorted(common.index[:MAX_LEVELS]))
        empty = Bins(None, levels, ())
    else:
        values = _numbers(column)
        finite = values[np.isfinite(values)]
        cuts = (
            np.unique(np.quantile(finite, np.linspace(0, 1, N_BINS + 1)[1:-1]))
            if len(finite)
            else np.array([])
        )
        empty = Bins(tuple(float(c) for c in cuts), None, ())
    counts = empty.counts(column)
    return Bins(empty.edges, empty.levels, tuple(float(s) for s in counts / max(counts.sum(), 1.0)))


@dataclass(frozen=True)
class Reference:
    """The frozen bins of every feature and of the score, and how many rows they were made from."""

    columns: dict[str, Bins]
    rows: int

    @classmethod
    def of(cls, features: pd.DataFrame, score: np.ndarray) -> Reference:
        columns = {str(name): freeze(features[name]) for name in features.columns}
        return cls({"(score)": freeze(pd.Series(score)), **columns}, len(features))

    def as_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "columns": {name: bins.as_dict() for name, bins in self.columns.items()}}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Reference:
        return cls({name: Bins.from_dict(bins) for name, bins in value["columns"].items()}, value["rows"])


def strange(reference: Reference, features: pd.DataFrame) -> tuple[list[str], list[str]]:
    """Columns whose every value is new to the model, and columns that are empty though they were not at training.

    The first can only be told of columns with so few levels that all of them are known.
    """
    new, empty = [], []
    for name, bins in reference.columns.items():
        if name not in features.columns or not len(features):
            continue
        counts = bins.counts(features[name])
        if counts[-1] == len(features) and bins.shares[-1] < 0.5:
            empty.append(name)
        elif bins.levels and bins.shares[-2] == 0 and counts[-2] > 0 and counts[-2] == counts[:-1].sum():
            new.append(name)
    return new, empty


def psi(expected: np.ndarray, actual: np.ndarray) -> float:
    """PSI of two share vectors over the same bins; shares below `SHARE_FLOOR` count as the floor."""
    e, a = np.maximum(expected, SHARE_FLOOR), np.maximum(actual, SHARE_FLOOR)
    return float(np.sum((a - e) * np.log(a / e)))


def drift(reference: Reference, features: pd.DataFrame, score: np.ndarray) -> pd.DataFrame:
    """One row per column: `psi`, `chance_95` (the PSI that chance alone exceeds in 5% of samples), `state`.

    The score comes first, then the columns by falling PSI. `state` is alert, watch or steady.
    """
    from scipy.stats import chi2

    rows = []
    for name, bins in reference.columns.items():
        column = pd.Series(score) if name == "(score)" else features[name]
        counts = bins.counts(column)
        value = psi(np.asarray(bins.shares), counts / max(counts.sum(), 1.0))
        used = sum(1 for share, count in zip(bins.shares, counts, strict=True) if share or count)
        chance = (1 / max(reference.rows, 1) + 1 / max(len(column), 1)) * float(
            chi2.ppf(0.95, max(used - 1, 1))
        )
        state = "alert" if value > max(ALERT, chance) else "watch" if value > max(WATCH, chance) else "steady"
        rows.append({"column": name, "psi": value, "chance_95": chance, "state": state})
    table = pd.DataFrame(rows, columns=["column", "psi", "chance_95", "state"])
    order = table["column"].ne("(score)").astype(int) * 1e9 - table["psi"]
    return table.iloc[np.argsort(order.to_numpy(), kind="stable")].reset_index(drop=True)
