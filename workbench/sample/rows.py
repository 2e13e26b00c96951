"""Columns of a table while it grows, and how they become Arrow: numbers, moments, and words by their code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa


@dataclass(frozen=True)
class Words:
    """A text column as codes into a vocabulary; -1 is missing."""

    codes: np.ndarray
    vocabulary: pa.Array

    @classmethod
    def of(cls, codes: np.ndarray, vocabulary: Sequence[str]) -> Words:
        return cls(codes, pa.array(vocabulary, pa.string()))


Column = np.ndarray | Words | pa.Array
Rows = dict[str, Column]


def pick(rows: Rows, index: np.ndarray) -> Rows:
    """The rows at these positions, in this order; a boolean mask keeps the rows where it is true."""
    if index.dtype == bool:
        index = np.flatnonzero(index)
    return {name: _pick(column, index) for name, column in rows.items()}


def to_table(rows: Rows, schema: pa.Schema) -> pa.Table:
    """An Arrow table of exactly the schema's columns. NaN and NaT become missing."""
    return pa.Table.from_arrays([_arrow(rows[f.name], f.type) for f in schema], schema=schema)


def _pick(column: Column, index: np.ndarray) -> Column:
    if isinstance(column, Words):
        return Words(column.codes[index], column.vocabulary)
    return column.take(pa.array(index)) if isinstance(column, pa.Array) else column[index]


def _arrow(column: Column, kind: pa.DataType) -> pa.Array:
    if isinstance(column, Words):
        codes = np.asarray(column.codes, dtype="int32")
        return column.vocabulary.take(pa.array(codes, mask=codes < 0))
    if isinstance(column, pa.Array):
        return column
    if pa.types.is_timestamp(kind) and column.dtype.kind in "iu":  # seconds since 1970
        return pa.array(column.astype("datetime64[s]").astype("datetime64[us]"), kind)
    if pa.types.is_timestamp(kind):
        return pa.array(column.astype("datetime64[us]"), kind)
    return pa.array(column, kind, from_pandas=True)
