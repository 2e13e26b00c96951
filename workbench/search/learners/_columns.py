"""Model columns made from original ones inside a fold, where the label may be used without leaking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from workbench.search.encoder import Encoded

_INNER_FOLDS = 5
_PRIOR_ROWS = 20.0  # a level's rate is drawn to the base rate as if it had this many rows more


@dataclass(frozen=True)
class Rates:
    """Log-odds of the event per level of one category, smoothed towards the base rate."""

    column: int
    table: tuple[float, ...]

    @classmethod
    def fit(cls, codes: np.ndarray, y: np.ndarray, *, column: int, size: int) -> Rates:
        table = _rates(codes.astype(np.int64), y, size)
        return cls(column, tuple(float(v) for v in table))

    def of(self, data: Encoded) -> np.ndarray:
        return np.asarray(self.table)[data.values[:, self.column].astype(np.int64)]

    def out_of_fold(self, data: Encoded, y: np.ndarray, seed: int) -> np.ndarray:
        """For the rows it was fitted on: each row's rate comes from the labels of four fifths that it is not in."""
        values = self.of(data)
        codes = data.values[:, self.column].astype(np.int64)
        part = np.random.default_rng(seed).integers(0, _INNER_FOLDS, data.rows)
        for k in range(_INNER_FOLDS):
            inside, outside = part == k, part != k
            if inside.any() and outside.any():
                values[inside] = _rates(codes[outside], y[outside], len(self.table))[codes[inside]]
        return values


def _rates(codes: np.ndarray, y: np.ndarray, size: int) -> np.ndarray:
    base = float(np.clip(y.mean(), 1e-4, 1 - 1e-4))
    rows = np.bincount(codes, minlength=size)
    events = np.bincount(codes, weights=y, minlength=size)
    share = (events + _PRIOR_ROWS * base) / (rows + _PRIOR_ROWS)
    return np.log(share / (1 - share))


@dataclass(frozen=True)
class Expansion:
    """Few-valued categories as flags, others as event rates and row counts; numbers as they are.

    `sources[i]` is the original column of model column i, to which its contribution belongs.
    """

    numbers: tuple[int, ...]
    flags: tuple[tuple[int, int], ...]  # (column, code)
    rates: tuple[Rates, ...]
    counts: tuple[tuple[int, tuple[float, ...]], ...]

    @classmethod
    def fit(cls, data: Encoded, y: np.ndarray, *, flags_up_to: int) -> Expansion:
        flags, rates, counts = [], [], []
        for j in data.categories:
            codes = data.values[:, j].astype(np.int64)
            size = data.sizes[j]
            present = np.flatnonzero(np.bincount(codes, minlength=size))
            if len(present) <= flags_up_to:
                flags += [(j, int(code)) for code in present]
                continue
            rates.append(Rates.fit(codes, y, column=j, size=size))
            shares = np.log1p(np.bincount(codes, minlength=size).astype(np.float64))
            counts.append((j, tuple(float(v) for v in shares)))
        return cls(data.numbers, tuple(flags), tuple(rates), tuple(counts))

    @property
    def sources(self) -> tuple[int, ...]:
        return (
            *self.numbers,
            *(j for j, _ in self.flags),
            *(r.column for r in self.rates),
            *(j for j, _ in self.counts),
        )

    def apply(self, data: Encoded) -> np.ndarray:
        columns = [data.values[:, j] for j in self.numbers]
        columns += [(data.values[:, j] == code).astype(np.float64) for j, code in self.flags]
        columns += [r.of(data) for r in self.rates]
        columns += [np.asarray(table)[data.values[:, j].astype(np.int64)] for j, table in self.counts]
        return np.column_stack(columns) if columns else np.zeros((data.rows, 0))

    def apply_out_of_fold(self, data: Encoded, y: np.ndarray, seed: int) -> np.ndarray:
        """Like `apply` for the rows it was fitted on: each row's event rates come from the other rows' labels."""
        matrix = self.apply(data)
        first = len(self.numbers) + len(self.flags)
        for i, rate in enumerate(self.rates):
            matrix[:, first + i] = rate.out_of_fold(data, y, seed)
        return matrix

    def to_dict(self) -> dict[str, Any]:
        return {
            "numbers": list(self.numbers),
            "flags": [list(f) for f in self.flags],
            "rates": [{"column": r.column, "table": list(r.table)} for r in self.rates],
            "counts": [{"column": j, "table": list(t)} for j, t in self.counts],
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Expansion:
        return cls(
            tuple(stored["numbers"]),
            tuple((int(j), int(code)) for j, code in stored["flags"]),
            tuple(Rates(r["column"], tuple(r["table"])) for r in stored["rates"]),
            tuple((c["column"], tuple(c["table"])) for c in stored["counts"]),
        )


def gather(shares: np.ndarray, sources: tuple[int, ...], width: int) -> np.ndarray:
    """Model columns' contributions (last column: base) added up per original column, shape (rows, width + 1)."""
    out = np.zeros((shares.shape[0], width + 1))
    for i, j in enumerate(sources):
        out[:, j] += shares[:, i]
    out[:, -1] = shares[:, -1]
    return out
