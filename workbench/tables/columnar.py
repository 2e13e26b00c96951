"""Parquet files: the types they state, brought to the few that the workbench works with."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from workbench.tables.encoding import damaged
from workbench.tables.headers import column_names, listed, named_twice
from workbench.tables.kernels import pc

_INDEX = re.compile(r"^__index_level_\d+__$")


def read_parquet(path: Path) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table with unique column names, and notes on columns of lists, structures or bytes, which are left out."""
    try:
        table = parquet.ParquetFile(path).read(use_threads=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as exc:
        raise damaged(path, "it begins as Parquet, but cannot be read as such") from exc
    table = _with_counted_index(table)
    kept = [i for i, name in enumerate(table.column_names) if not _INDEX.match(name)]
    table = table.select(kept)
    names = column_names(table.column_names)
    columns, left_out = {}, []
    for name, column in zip(names, table.columns, strict=True):
        plain = _plain(column)
        if plain is None:
            left_out.append(name)
        else:
            columns[name] = plain
    frame = pa.table(columns).to_pandas(ignore_metadata=True) if columns else pd.DataFrame()
    notes = (f"Columns that hold lists or bytes were left out: {listed(left_out)}.",) if left_out else ()
    return frame, (*named_twice(table.column_names), *notes)


def _with_counted_index(table: pa.Table) -> pa.Table:
    """The table with pandas' named row index as its first column: one that counts lies in the metadata alone."""
    stated = (table.schema.pandas_metadata or {}).get("index_columns", [])
    for index in reversed(stated):
        if isinstance(index, dict) and index.get("kind") == "range" and index.get("name"):
            counted = pa.array(range(index["start"], index["stop"], index["step"]), pa.int64())
            if len(counted) == table.num_rows:
                table = table.add_column(0, str(index["name"]), counted)
    return table


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """The column as number, truth value, timestamp or text; None for what is none of them."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return (
            column
            if pa.types.is_string(kind.value_type) or pa.types.is_large_string(kind.value_type)
            else _plain(column.cast(kind.value_type))
        )
    if pa.types.is_decimal(kind):
        return column.cast(pa.float64())
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        zone = kind.tz if pa.types.is_timestamp(kind) else None
        return pc.cast(column, pa.timestamp("us", zone), safe=False)
    if pa.types.is_duration(kind):
        return pc.divide(pc.cast(column.cast(pa.int64()), pa.float64()), _ticks_per_second(kind.unit))
    if pa.types.is_time(kind):
        return column.cast(pa.large_string())
    if pa.types.is_integer(kind) and column.null_count:
        return column.cast(pa.large_string()) if _beyond_floats(column) else column.cast(pa.float64())
    if (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    ):
        return column
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    return None


def _ticks_per_second(unit: str) -> float:
    return {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[unit]


def _beyond_floats(column: pa.ChunkedArray) -> bool:
    """Whether a whole number is too long to survive as a float, as long account numbers are."""
    extremes = pc.min_max(column)
    low, high = extremes["min"].as_py(), extremes["max"].as_py()
    return high is not None and max(abs(low), abs(high)) > 2**53
