"""Rows and period of each table, cheaply: parquet is asked for its statistics, not loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workbench.tables.column_read import ColumnRead
from workbench.tables.columns_profile import ColumnProfile
from workbench.tables.engine import Engine
from workbench.tables.noticed import Noticed
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
    read: tuple[ColumnRead, ...] = ()  # what was understood of each column of the source
    noticed: tuple[Noticed, ...] = ()
    profiles: tuple[ColumnProfile, ...] = ()  # what each column holds, where a check looked

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "rows": self.rows,
            "from": self.first.isoformat() if self.first else None,
            "to": self.last.isoformat() if self.last else None,
            "columns": self._columns(),
        }

    def _columns(self) -> list[dict[str, object]]:
        """What was understood of each column, and what it holds."""
        found: dict[str, dict[str, object]] = {c.name: c.as_dict() for c in self.read}
        for profile in self.profiles:
            found[profile.name] = found.get(profile.name, {}) | profile.as_dict()
        return list(found.values())


def profile_tables(tables: TableSet) -> tuple[TableProfile, ...]:
    """A profile of every declared table, in the order of tables.yaml."""
    with Engine(tables) as engine:
        return tuple(_profile(engine, t) for t in tables.tables.values())


def profile_file(flat: FlatSource) -> TableProfile:
    """The profile of a flat dataset's one table."""
    from workbench.tables.read import read_table

    result = read_table(resolve(flat.source, flat.folder, table="flat"), options=flat.reading)
    return TableProfile(
        "flat",
        Text("the table", "数据表"),
        len(result.frame),
        columns=tuple(map(str, result.frame.columns)),
        read=result.columns,
        noticed=result.noticed,
    )


def _profile(engine: Engine, table: Table) -> TableProfile:
    rows, first, last, columns = engine.glance(table)
    return TableProfile(
        table.name, table.title or Text.of(table.name.replace("_", " ")), rows, first, last, columns
    )
