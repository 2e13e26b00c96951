"""The bins of one variable: which value falls where, what each bin weighs, and how it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.errors import DataError
from workbench.scorecard.spec import Trend
from workbench.scorecard.woe import Floats, information, woe
from workbench.text import Text

ColumnType = Literal["number", "date", "category"]


def column_type(column: pd.Series) -> ColumnType:
    """How a column is binned: numbers and booleans by size, dates by day, all else by its levels."""
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return "date"
    if pd.api.types.is_bool_dtype(column.dtype) or pd.api.types.is_numeric_dtype(column.dtype):
        return "number"
    return "category"


def as_floats(column: pd.Series, *, type: ColumnType) -> Floats:
    """Numbers as float64; dates as whole days since 1970-01-01; missing as nan. Raises WB-C02 for text."""
    if type == "date":
        if not pd.api.types.is_datetime64_any_dtype(column.dtype):
            if column.notna().any():
                raise DataError(
                    "WB-C02",
                    f"The scorecard reads {str(column.name)!r} as a date, but it holds {column.dtype} values.",
                    "Give the column as dates, as in training.",
                )
            return np.full(len(column), np.nan)
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            column = column.dt.tz_localize(None)
        days = column.to_numpy().astype("datetime64[D]")
        return np.where(np.isnat(days), np.nan, days.astype("int64").astype("float64"))
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f":
        return column.to_numpy().astype("float64", copy=False)
    if not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype)):
        try:
            column = pd.to_numeric(column.astype("object"))
        except (ValueError, TypeError) as problem:
            raise DataError(
                "WB-C02",
                f"The scorecard reads {str(column.name)!r} as a number, but it holds text.",
                "Give the column as numbers, as in training.",
            ) from problem
    return column.to_numpy(dtype="float64", na_value=np.nan)


def as_levels(column: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """Codes (-1 = missing) and the levels that they stand for, as text."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy().astype(np.intp)
        levels = [str(level) for level in column.cat.categories]
    else:
        codes, uniques = pd.factorize(column)
        levels = [str(level) for level in uniques]
    merged: dict[str, int] = {}
    target = np.array([merged.setdefault(level, len(merged)) for level in levels] + [-1], dtype=np.intp)
    return target[codes], list(merged)


@dataclass(frozen=True)
class Bins:
    """Bins in this order: ordinary ones, one per special value, `other` (categories only), missing.

    An ordinary bin of a number holds lower edge < value <= upper edge; the last has no upper edge. A level never
    seen in training falls into `other`; a bin without training rows has WOE 0.
    """

    variable: str
    type: ColumnType
    edges: tuple[float, ...]  # inner upper edges; dates in whole days since 1970-01-01
    groups: tuple[tuple[str, ...], ...]  # levels per ordinary bin of a category
    specials: tuple[float, ...]
    events: tuple[float, ...]
    non_events: tuple[float, ...]
    all_events: float
    all_non_events: float
    smoothing: float
    trend: Trend

    @property
    def ordinary(self) -> int:
        return len(self.groups) if self.type == "category" else len(self.edges) + 1

    @property
    def size(self) -> int:
        """Number of bins, the missing bin included."""
        return self.ordinary + len(self.specials) + (2 if self.type == "category" else 1)

    @cached_property
    def woe(self) -> Floats:
        rows = self.all_events + self.all_non_events
        return woe(
            np.array(self.events),
            np.array(self.non_events),
            rate=self.all_events / rows,
            smoothing=self.smoothing,
        )

    @cached_property
    def iv_by_bin(self) -> Floats:
        return information(
            np.array(self.events),
            np.array(self.non_events),
            all_events=self.all_events,
            all_non_events=self.all_non_events,
            smoothing=self.smoothing,
        )

    @property
    def iv(self) -> float:
        return float(self.iv_by_bin.sum())

    def index(self, column: pd.Series) -> NDArray[np.intp]:
        """The bin number of every value."""
        if self.type == "category":
            codes, levels = as_levels(column)
            place = {level: number for number, group in enumerate(self.groups) for level in group}
            target = [place.get(level, self.size - 2) for level in levels] + [self.size - 1]
            return np.array(target, dtype=np.intp)[codes]
        values = as_floats(column, type=self.type)
        found = _place(values, self.edges)
        found[np.isnan(values)] = self.size - 1
        for number, special in enumerate(self.specials, start=self.ordinary):
            found[values == special] = number
        return found

    def label(self, number: int) -> Text:
        """What a bin is called, in both languages."""
        if number == self.size - 1:
            return Text("missing", "缺失")
        if number < self.ordinary:
            if self.type == "category":
                return Text.of(" | ".join(self.groups[number]))
            return self._interval(number)
        if number < self.ordinary + len(self.specials):
            value = self._edge(self.specials[number - self.ordinary])
            return Text(f"special value {value}", f"特殊值 {value}")
        return Text("other levels", "其他取值")

    def _interval(self, number: int) -> Text:
        if not self.edges:
            return Text("any value", "任意值")
        if number == 0:
            return Text.of(f"≤ {self._edge(self.edges[0])}")
        if number == len(self.edges):
            return Text.of(f"> {self._edge(self.edges[-1])}")
        return Text.of(f"> {self._edge(self.edges[number - 1])} … ≤ {self._edge(self.edges[number])}")

    def _edge(self, value: float) -> str:
        if self.type == "date":
            return str(np.datetime64(int(value), "D"))
        return repr(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)

    def as_dict(self) -> dict[str, Any]:
        return {
            "variable": self.variable,
            "type": self.type,
            "edges": list(self.edges),
            "groups": [list(group) for group in self.groups],
            "specials": list(self.specials),
            "events": list(self.events),
            "non_events": list(self.non_events),
            "all_events": self.all_events,
            "all_non_events": self.all_non_events,
            "smoothing": self.smoothing,
            "trend": self.trend,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Bins:
        known = dict(stored)
        for name in ("edges", "specials", "events", "non_events"):
            known[name] = tuple(float(value) for value in stored[name])
        known["groups"] = tuple(tuple(group) for group in stored["groups"])
        return cls(**known)


def _place(values: Floats, edges: tuple[float, ...]) -> NDArray[np.intp]:
    """How many edges lie below each value; for a few edges comparing is several times quicker than searching."""
    if len(edges) > 16:
        return np.searchsorted(np.array(edges), values, side="left")
    count = np.zeros(len(values), dtype=np.uint8)
    for edge in edges:
        count += values > edge
    return count.astype(np.intp)
