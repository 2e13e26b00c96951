"""The tables of a dataset as tables.yaml declares them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from workbench.errors import DataError, DefinitionError, did_you_mean
from workbench.tables.durations import Duration
from workbench.tables.options import ReadOptions
from workbench.text import Text

Duplicates = Literal["quarantine", "loads", "keep"]
"""Which equal rows are set aside: all repeats, those that came with a second load of a period, or none."""


@dataclass(frozen=True)
class Join:
    """Columns of a look-up table, taken along wherever the table itself is read."""

    table: str
    on: str


@dataclass(frozen=True)
class ColumnRule:
    """What tables.yaml says of one column: the purposes that may use it (none named: all) and its title."""

    allowed_for: tuple[str, ...] = ()
    title: Text | None = None


@dataclass(frozen=True)
class Inherited:
    """An `allowed_for` that holds in a table because the table `of` has the same file; without `column` for all of it."""

    of: str
    allowed_for: tuple[str, ...]
    column: str | None = None


@dataclass(frozen=True)
class Table:
    """One source table.

    `key` names the column of a static look-up that other tables reach by a hop; `keys` the columns that are
    unique together; `event_time` the moment a row speaks of, and `known_after` (or the column `known_at`) when it
    could be known.

    `snapshot` rows hold values of an entity from their `event_time` on, until a later row. `as_of` is the day on which
    a vendor made the whole file (or `as_of_column` each row). `score_of` and `built_from` say whose data a derived table was made of.
    """

    name: str
    source: str
    key: str | None = None
    keys: tuple[str, ...] = ()
    event_time: str | None = None
    known_after: Duration = Duration(0)
    known_at: str | None = None
    sensitive: tuple[str, ...] = ()
    allowed_for: tuple[str, ...] = ()
    join: tuple[Join, ...] = ()
    keep_duplicates: bool = False
    loaded_once: bool = False  # of kept duplicates, those of a period that was loaded twice are set aside
    title: Text | None = None
    reading: ReadOptions = ReadOptions()

    @property
    def sources(self) -> tuple[str, ...]:
        """The files or folders whose rows together are this table."""
        return (self.source, *self.reading.also)

    columns: dict[str, ColumnRule] = field(default_factory=dict)
    snapshot: bool = False
    as_of: datetime | None = None
    as_of_column: str | None = None
    score_of: str | None = None
    built_from: tuple[str, ...] = ()
    inherited: tuple[Inherited, ...] = ()

    @property
    def limits(self) -> tuple[tuple[str, ...], ...]:
        """Every `allowed_for` that holds for the table as a whole."""
        told = (self.allowed_for, *(i.allowed_for for i in self.inherited if i.column is None))
        return tuple(a for a in told if a)

    def limits_of(self, column: str) -> tuple[tuple[str, ...], ...]:
        """Every `allowed_for` that holds for one of its columns, those of the whole table among them."""
        rule = self.columns.get(column)
        told = (
            rule.allowed_for if rule else (),
            *(i.allowed_for for i in self.inherited if i.column == column),
        )
        return (*self.limits, *(a for a in told if a))

    @property
    def duplicates(self) -> Duplicates:
        """Which equal rows are set aside, as tables.yaml says it."""
        if not self.keep_duplicates:
            return "quarantine"
        return "loads" if self.loaded_once else "keep"

    @property
    def unique(self) -> tuple[str, ...]:
        """The columns declared to be unique together, if any."""
        return (self.key,) if self.key else self.keys

    @property
    def structural(self) -> tuple[str, ...]:
        """Columns that must exist for the declaration itself to hold (in the file or a joined look-up)."""
        named = [
            self.key,
            *self.keys,
            self.event_time,
            self.known_at,
            *self.sensitive,
            *(j.on for j in self.join),
            *self.columns,
        ]
        return tuple(dict.fromkeys(c for c in named if c))


@dataclass(frozen=True)
class Consent:
    """Which table says who agreed to what: entity, purpose, and from when; the latest word before the cutoff counts."""

    table: str
    purpose: str
    granted: str | None = None


@dataclass(frozen=True)
class FlatSource:
    """A dataset of one ready-made table: a row is a case, its columns are the features."""

    source: str
    folder: Path
    id: str | None = None
    time: str | None = None
    columns: dict[str, Text] = field(default_factory=dict)
    reading: ReadOptions = ReadOptions()


@dataclass(frozen=True)
class TableSet:
    """What tables.yaml says: the entity, the clock, the purpose and the tables; or one flat table."""

    name: str
    folder: Path
    title: Text
    entity: str
    tables: dict[str, Table]
    observed_until: datetime | None = None
    observed_from: datetime | None = None
    purpose: str | None = None
    purposes: tuple[str, ...] = ()  # words for purposes beside those that every dataset knows
    consent: Consent | None = None
    max_quarantine: float = 0.05
    engine: str = "duckdb"  # what the features are computed on: duckdb, postgres or spark
    database: str | None = None  # the named database that engine: postgres works in
    flat: FlatSource | None = None

    def table(self, name: str, where: str) -> Table:
        """The table of that name, or WB-T05 with a did-you-mean."""
        if name not in self.tables:
            raise DefinitionError(
                "WB-T05", f"{where}: no table is called '{name}'.", did_you_mean(name, self.tables)
            )
        return self.tables[name]

    def usable(self, name: str, where: str) -> Table:
        """The table, if this dataset's purpose may use it; else WB-T06."""
        table = self.table(name, where)
        refusing = next((limit for limit in table.limits if self.purpose not in limit), None)
        if refusing is not None:
            raise DefinitionError(
                "WB-T06",
                f"{where}: table '{name}' is allowed for {', '.join(refusing)} only, and this dataset's purpose is {self.purpose or 'not stated'}.",
                "Leave the table out, or have its owner allow this purpose in tables.yaml.",
            )
        return table

    def end_of_observation(self) -> datetime:
        if self.observed_until is None:
            raise DataError(
                "WB-T07",
                f"dataset '{self.name}' does not say until when its outcomes are known.",
                "Add `observed_until: YYYY-MM-DD` to tables.yaml.",
            )
        return self.observed_until
