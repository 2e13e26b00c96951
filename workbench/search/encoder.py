"""A table of mixed columns as one matrix of numbers, the same way at training and at scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from workbench.errors import DataError

MISSING = 0.0  # code of an absent category
OTHER = 1.0  # code of a level that training did not freeze: too rare, or never seen
FIRST_LEVEL = 2

_RARE = 3  # a level on fewer rows says nothing and would only be learned by heart
_MAX_LEVELS = 1000

ColumnKind = Literal["number", "category", "date"]


@dataclass(frozen=True)
class ColumnCode:
    """How one column becomes numbers."""

    name: str
    kind: ColumnKind
    levels: tuple[str, ...] = ()  # of a category, the most frequent first
    low: float = 0.0  # smallest and largest finite training value: what an infinite value is read as
    high: float = 0.0
    active: bool = True  # a constant column teaches nothing and is left out of every model

    def encode(self, column: pd.Series) -> np.ndarray:
        if self.kind == "category":
            return self._codes(column)
        values = _dates(column) if self.kind == "date" else _numbers(column)
        values = np.where(values == np.inf, self.high, values)
        return np.where(values == -np.inf, self.low, values)

    def _codes(self, column: pd.Series) -> np.ndarray:
        known = {level: float(i + FIRST_LEVEL) for i, level in enumerate(self.levels)}
        codes, uniques = pd.factorize(column, use_na_sentinel=True)
        table = np.array([known.get(str(u), OTHER) for u in uniques] + [MISSING], dtype=np.float64)
        return table[codes]  # factorize marks a missing value with -1: the table's last entry

    def to_dict(self) -> dict[str, Any]:
        if self.kind == "category":
            return {"name": self.name, "kind": self.kind, "active": self.active, "levels": list(self.levels)}
        return {
            "name": self.name,
            "kind": self.kind,
            "active": self.active,
            "low": self.low,
            "high": self.high,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> ColumnCode:
        return cls(
            stored["name"],
            stored["kind"],
            tuple(stored.get("levels", ())),
            stored.get("low", 0.0),
            stored.get("high", 0.0),
            stored["active"],
        )


@dataclass(frozen=True)
class Encoded:
    """Rows as float64, one column per feature; categories are codes (0 missing, 1 other, 2.. frozen levels)."""

    values: np.ndarray
    active: tuple[int, ...]  # columns that vary in training
    sizes: Mapping[int, int]  # category column -> number of its codes
    names: tuple[str, ...]

    @property
    def rows(self) -> int:
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        return int(self.values.shape[1])

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(j for j in self.active if j not in self.sizes)

    @property
    def categories(self) -> tuple[int, ...]:
        return tuple(j for j in self.active if j in self.sizes)

    def take(self, index: np.ndarray) -> Encoded:
        return Encoded(self.values[index], self.active, self.sizes, self.names)

    def narrowed(self, active: tuple[int, ...]) -> Encoded:
        """The same rows, of which only the given columns are to be learned from."""
        return Encoded(self.values, active, self.sizes, self.names)


@dataclass(frozen=True)
class Encoder:
    """Frozen at training: column kinds, category levels, finite ranges.

    A missing number stays missing (NaN) and a missing category is a level of its own; a level that training
    did not see, or saw on fewer than three rows, is "other"; infinite numbers are read as the largest
    (smallest) finite value of training; booleans are 0 and 1; dates are days since 1970.
    """

    columns: tuple[ColumnCode, ...]

    @classmethod
    def fit(cls, X: pd.DataFrame) -> Encoder:
        """Freezes `X`'s columns; raises DataError WB-S09 for a column name that stands twice."""
        names = pd.Index([str(name) for name in X.columns])
        if names.has_duplicates:
            twice = names[names.duplicated()][0]
            raise DataError(
                "WB-S09", f"Column name '{twice}' stands more than once.", "Give each column its own name."
            )
        return cls(tuple(_code(str(name), X.iloc[:, i]) for i, name in enumerate(X.columns)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    @cached_property
    def active(self) -> tuple[int, ...]:
        return tuple(j for j, c in enumerate(self.columns) if c.active)

    @cached_property
    def sizes(self) -> dict[int, int]:
        return {j: len(c.levels) + FIRST_LEVEL for j, c in enumerate(self.columns) if c.kind == "category"}

    def transform(self, X: pd.DataFrame) -> Encoded:
        """`X`'s columns by name, in training order; further columns are ignored.

        Raises DataError WB-S02 for an absent column and WB-S03 for text in a number column.
        """
        place = {str(name): i for i, name in enumerate(X.columns)}
        absent = [name for name in self.names if name not in place]
        if absent:
            raise DataError(
                "WB-S02",
                f"The table lacks {len(absent)} of the model's {len(self.names)} columns: {', '.join(absent[:8])}.",
                "Give all columns that the model was trained on.",
            )
        values = np.empty((len(X), len(self.columns)), dtype=np.float64)
        for j, column in enumerate(self.columns):
            values[:, j] = column.encode(X.iloc[:, place[column.name]])
        return Encoded(values, self.active, self.sizes, self.names)

    def to_dict(self) -> dict[str, Any]:
        return {"columns": [c.to_dict() for c in self.columns]}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Encoder:
        return cls(tuple(ColumnCode.from_dict(c) for c in stored["columns"]))


def _code(name: str, column: pd.Series) -> ColumnCode:
    kind = _kind(column)
    if kind == "category":
        counts = column.value_counts(dropna=True)
        counts = counts.groupby([str(k) for k in counts.index]).sum()  # 1 and "1" are one level
        kept = counts[counts >= _RARE].sort_index().sort_values(ascending=False, kind="stable")[:_MAX_LEVELS]
        levels = tuple(str(k) for k in kept.index)
        rest = bool(counts.sum() > kept.sum())
        distinct = len(levels) + rest + bool(column.isna().any())
        return ColumnCode(name, kind, levels=levels, active=distinct > 1)
    values = _dates(column) if kind == "date" else _numbers(column)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    missing = np.isnan(values)
    varies = low < high or bool(missing.any() and not missing.all())
    return ColumnCode(name, kind, low=low, high=high, active=varies)


def _kind(column: pd.Series) -> ColumnKind:
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype | pd.StringDtype):
        return "category"
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return "date"
    if pd.api.types.is_object_dtype(dtype):
        inferred = pd.api.types.infer_dtype(column, skipna=True)
        if inferred in ("datetime", "datetime64", "date"):
            return "date"
        numeric = ("integer", "floating", "mixed-integer-float", "boolean", "decimal", "empty")
        return "number" if inferred in numeric else "category"
    return "number"


def _numbers(column: pd.Series) -> np.ndarray:
    try:
        if pd.api.types.is_timedelta64_dtype(column.dtype):
            return column.to_numpy().astype("timedelta64[s]").astype(np.float64) / 86400.0
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            raise ValueError("dates")
        if pd.api.types.is_numeric_dtype(column.dtype):  # including pandas' nullable numbers and booleans
            return column.to_numpy(dtype=np.float64, na_value=np.nan)
        return pd.to_numeric(column.astype(object)).to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as exc:
        raise DataError(
            "WB-S03",
            f"Column '{column.name}' holds numbers for this model, but the table has {column.dtype}: {exc}.",
            "Give the column the type it had at training.",
        ) from exc


def _dates(column: pd.Series) -> np.ndarray:
    try:
        moments = pd.to_datetime(column, utc=True)
    except (ValueError, TypeError) as exc:
        raise DataError(
            "WB-S03",
            f"Column '{column.name}' holds dates for this model, but the table has {column.dtype}: {exc}.",
            "Give the column the type it had at training.",
        ) from exc
    days = (moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    return days.to_numpy(dtype=np.float64, na_value=np.nan)


def table_of(values: Sequence[Sequence[Any]] | np.ndarray) -> pd.DataFrame:
    """An unnamed matrix as a table with columns x0, x1, ..."""
    matrix = np.asarray(values)
    return pd.DataFrame(matrix, columns=[f"x{i}" for i in range(matrix.shape[1])])
