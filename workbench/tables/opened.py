"""A table's source, found and looked at: either cells that were read, or Parquet files that an engine reads itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from workbench.errors import DataError
from workbench.tables.column_read import ColumnRead
from workbench.tables.fingerprint import SourceState
from workbench.tables.noticed import Noticed
from workbench.tables.parts import (
    Part,
    keys_above,
    partition_columns,
    parts_of,
    refuse_other_columns,
    refuse_other_parquet,
    refuse_twice,
)
from workbench.tables.read import RawTable, ReadResult, joined, read_raw, understand
from workbench.tables.schema import Table
from workbench.tables.shape import partition_reading, refuse_unknown
from workbench.tables.types import Reading


@dataclass(frozen=True)
class Opened:
    """Either `frame`, the rows as read, or `parquet`, the files to read; what was noticed; and whose bytes they were.

    With `hive`, the folders' names hold the columns in `partitions`, to be read as text and then in that way (see
    `shape.shaped`); `above` are names in the path above the source that only look like such columns. `state` was taken before anything was read: ask it again once all rows have been taken.
    """

    table: str
    state: SourceState
    frame: pd.DataFrame | None = None
    parquet: tuple[Path, ...] = ()
    partitions: dict[str, Reading] = field(default_factory=dict)
    above: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    noticed: tuple[Noticed, ...] = ()
    columns: tuple[
        ColumnRead, ...
    ] = ()  # what was understood of each; empty for Parquet, which states its types

    @property
    def hive(self) -> bool:
        return bool(self.partitions)

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that stand for the source's content (see `SourceState.fingerprint`)."""
        return self.state.fingerprint

    def refuse_if_changed(self) -> None:
        """Raises DataError WB-T25 if the source was written to since it was opened."""
        self.state.refuse_if_changed(f"the source of table '{self.table}'")


def open_source(table: Table, folder: Path) -> Opened:
    """Find a table's files and read them, or for Parquet make sure that they belong together.

    Raises WB-T03 and WB-T04 for a source that is not there, WB-T24 for files that make no table together, WB-T25 for
    one that changes meanwhile, and what `read_table` raises.
    """
    parts = parts_of(table, folder)
    state = SourceState.of(part.path for part in parts)
    partitions = {k: partition_reading(v) for k, v in partition_columns(parts).items()}
    if parts[0].is_parquet:
        if len(parts) > 1 or table.reading.rename:
            refuse_other_parquet(table.name, parts, table.reading)
        paths = tuple(p.path for p in parts)
        return Opened(
            table.name,
            state,
            parquet=paths,
            partitions=partitions,
            above=keys_above(parts) if partitions else frozenset(),
        )
    result = _read(table, parts, partitions)
    opened = Opened(
        table.name, state, result.frame, notes=result.notes, noticed=result.noticed, columns=result.columns
    )
    opened.refuse_if_changed()
    return opened


def _read(table: Table, parts: tuple[Part, ...], partitions: dict[str, Reading]) -> ReadResult:
    raws = [
        read_raw(part.path, options=table.reading, of=f"the source of table '{table.name}'") for part in parts
    ]
    offered = dict.fromkeys(str(c) for raw in raws for c in raw.frame.columns)
    refuse_unknown(table.reading.rename, offered, table.name, "rename")
    raws = [_renamed(raw, part, table) for raw, part in zip(raws, parts, strict=True)]
    if len(parts) > 1:
        refuse_other_columns(
            table.name, ((p.name, list(map(str, r.frame.columns))) for p, r in zip(parts, raws, strict=True))
        )
    raw = joined([_partitioned(r, p, table.name) for r, p in zip(raws, parts, strict=True)], parts)
    refuse_unknown(table.reading.types, dict.fromkeys(map(str, raw.frame.columns)), table.name, "types")
    return understand(raw, options=table.reading, readings=partitions)


def _renamed(raw: RawTable, part: Part, table: Table) -> RawTable:
    if not table.reading.rename:
        return raw
    own = table.reading.renamed(map(str, raw.frame.columns))
    refuse_twice(table.name, part.name, own)
    return replace(raw, frame=raw.frame.set_axis(own, axis=1))


def _partitioned(raw: RawTable, part: Part, table: str) -> RawTable:
    """The rows with their folders' values as further columns, as text."""
    frame = raw.frame
    for key, value in part.partition:
        if key in frame.columns:
            raise DataError(
                "WB-T24",
                f"table '{table}': '{part.name}' has a column '{key}', and so have its folders' names.",
                "Rename one of the two.",
            )
        frame = frame.assign(**{key: pd.Series([value] * len(frame), index=frame.index, dtype="str")})
    return replace(raw, frame=frame)
