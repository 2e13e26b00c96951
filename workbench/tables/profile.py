"""Rows and period of each table, cheaply: parquet is asked for its statistics, not loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.tables.engine import Engine
from workbench.tables.schema import FlatSource, Table, TableSet
from workbench.tables.sources import resolve
from workbench.text import Text


@dataclass(frozen=True)
class TableProfile:
    """How many rows a source holds and, for events, from when to when."""

    name: str
    title: Text
    rows: int
    first: datetime | None = None
    last: datetime | None = None
    columns: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "rows": self.rows,
            "from": self.first.isoformat() if self.first else None,
            "to": self.last.isoformat() if self.last else None,
        }


def profile_tables(tables: TableSet) -> tuple[TableProfile, ...]:
    """A profile of every declared table, in the order of tables.yaml."""
    with Engine(tables) as engine:
        return tuple(_profile(engine, t) for t in tables.tables.values())


def profile_file(flat: FlatSource) -> TableProfile:
    """The profile of a flat dataset's one table."""
    from workbench.tables.read import read_table

    frame = read_table(resolve(flat.source, flat.folder, table="flat")).frame
    return TableProfile(
        "flat", Text("the table", "数据表"), len(frame), columns=tuple(map(str, frame.columns))
    )


def _profile(engine: Engine, table: Table) -> TableProfile:
    rows, first, last, columns = engine.glance(table)
    return TableProfile(
        table.name, table.title or Text.of(table.name.replace("_", " ")), rows, first, last, columns
    )
