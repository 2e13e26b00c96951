"""The engine: reads a dataset's sources cleanly once, then answers compiled queries on the database under it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType

import pandas as pd
from sqlglot import exp

from workbench.errors import DataError, DefinitionError, did_you_mean
from workbench.tables.column_read import ColumnRead, stated_column
from workbench.tables.database import Database, open_database
from workbench.tables.double_loads import DoubleLoad, find_double_load
from workbench.tables.kinds import same_key
from workbench.tables.named import is_remote, remote_table
from workbench.tables.noticed import Noticed
from workbench.tables.opened import Opened, open_source
from workbench.tables.schema import Table, TableSet
from workbench.tables.shape import shaped
from workbench.tables.trees import AT, KNOWN, column, ident, moment, named, sub
from workbench.tables.words import CompactDate, RowHash
from workbench.text import counted

__all__ = ["AT", "KNOWN", "Engine", "Loaded", "column", "ident", "in_order", "moment", "named"]

_EARLIEST = datetime(1950, 1, 1)  # an event before this is a typing error or a placeholder
_LATEST_AFTER_OBSERVATION = timedelta(days=366)  # planned contacts may lie ahead, 2099-12-31 may not


@dataclass(frozen=True)
class Loaded:
    """What reading one source found. Counts are rows; `first` and `last` span the events that were kept."""

    table: str
    rows: int
    duplicates: int = 0
    unreadable_times: int = 0
    impossible_times: int = 0
    repeated_keys: int = 0
    repeated_example: str = ""
    first: datetime | None = None
    last: datetime | None = None
    notes: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""  # of the source's content; empty for given rows and for a database's table
    noticed: tuple[Noticed, ...] = ()
    read: tuple[ColumnRead, ...] = ()  # what was understood of each column of the source
    double_load: DoubleLoad | None = None

    @property
    def copies(self) -> int:
        """Rows set aside because their whole period was loaded more than once."""
        return self.double_load.copies if self.double_load is not None else 0

    @property
    def quarantined(self) -> int:
        return self.duplicates + self.copies + self.unreadable_times + self.impossible_times

    @property
    def quarantined_share(self) -> float:
        return self.quarantined / self.rows if self.rows else 0.0


class Engine:
    """The loaded tables of one dataset on a database; a context manager.

    The database is `WORKBENCH_ENGINE`, else what tables.yaml says, else DuckDB in this process; the process may use `memory`
    (`WORKBENCH_MEMORY`, else 1500MB) and `threads` (`WORKBENCH_THREADS`, else the cores this process may use).
    """

    def __init__(
        self,
        tables: TableSet,
        *,
        threads: int | None = None,
        memory: str | None = None,
        database: Database | None = None,
    ) -> None:
        self.tables = tables
        self.loaded: dict[str, Loaded] = {}
        self._columns: dict[str, dict[str, str]] = {}
        self._opened: dict[str, Opened] = {}
        self.database = database or open_database(
            tables,
            threads=threads or _threads(),
            memory=memory or os.environ.get("WORKBENCH_MEMORY", "1500MB"),
        )

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()

    # -- asking ---------------------------------------------------------------------------------------------------

    def frame(self, query: exp.Expr) -> pd.DataFrame:
        """The answer to a compiled query."""
        return self.database.frame(query)

    def sql(self, query: exp.Expr) -> str:
        """The query as this engine's database reads it, laid out for a reader."""
        return query.sql(dialect=self.database.dialect, pretty=True)

    def row(self, query: exp.Expr) -> tuple:
        answers = self.database.rows(query)
        return tuple(answers[0]) if answers else ()

    def keep(self, name: str, query: exp.Expr) -> None:
        """Remember a query's answer as a table."""
        self.database.keep(name, query)
        self._columns[name] = self.describe(exp.select("*").from_(named(name)))

    def put(self, name: str, rows: pd.DataFrame) -> None:
        """Store a frame as a table."""
        self.database.put(name, rows)
        self._columns[name] = self.describe(exp.select("*").from_(named(name)))

    def columns(self, name: str) -> dict[str, str]:
        """Column -> SQL type of a loaded table, without the workbench's own columns."""
        return {c: t for c, t in self._columns[name].items() if c not in (AT, KNOWN)}

    # -- loading --------------------------------------------------------------------------------------------------

    def load(self, name: str, *, strict: bool = True, where: str = "tables.yaml") -> Loaded:
        """Read a table's source once: joined look-ups taken along, doubtful rows set aside and counted.

        `strict` raises WB-T08 when more than the dataset's `max_quarantine` was set aside, and WB-T09 when columns
        declared unique repeat; a check passes strict=False and reads the counts.
        """
        if name not in self.loaded:
            table = self.tables.usable(name, where)
            for join in table.join:
                self.load(join.table, strict=strict, where=where)
            self._open_source(table)
            self.loaded[name] = self._clean(table)
        if strict:
            self._refuse_if_bad(self.loaded[name])
        return self.loaded[name]

    def glance(self, table: Table) -> tuple[int, datetime | None, datetime | None, tuple[str, ...]]:
        """Rows, first and last event time and columns of a source as it is, without loading it."""
        for name in (*(j.table for j in table.join), table.name):
            if f"_raw_{name}" not in self._columns:
                self._open_source(self.tables.table(name, "tables.yaml"))
        raw = f"_raw_{table.name}"
        own = self._columns[raw]
        rows = self.row(exp.select(exp.Count(this=exp.Star())).from_(named(raw)))[0]
        if table.event_time not in own:
            return rows, None, None, tuple(own)
        at = _timestamp(column(table.event_time), own[table.event_time])
        first, last = self.row(exp.select(exp.Min(this=at), exp.Max(this=at.copy())).from_(named(raw)))
        return rows, first, last, tuple(own)

    def put_rows(self, name: str, rows: pd.DataFrame) -> Loaded:
        """Use given rows instead of a table's source: for worked examples and tests."""
        table = self.tables.table(name, "given rows")
        for join in table.join:
            if join.table not in self.loaded:
                raise DataError(
                    "WB-T05",
                    f"given rows: table '{name}' needs rows of '{join.table}' first.",
                    "Give the look-up before the table.",
                )
        self.put(f"_raw_{name}", rows)
        self.loaded[name] = self._clean(table)
        return self.loaded[name]

    def close_files(self) -> None:
        """From here on no query can read or write a file, where the database can promise that."""
        self.database.seal()

    def _open_source(self, table: Table) -> None:
        """A view (or a copy) `_raw_<table>` of the source as it is declared; `_found_<table>` is the source as it is."""
        found = f"_found_{table.name}"
        opened = None if is_remote(table.source) else open_source(table, self.tables.folder)
        if opened is None:
            remote = remote_table(table.source, f"table '{table.name}'")
            self.database.open_remote(found, remote.database, remote.table)
        elif opened.frame is None:
            self.database.open_parquet(found, opened.parquet, hive=opened.hive)
        else:
            self.database.put(found, opened.frame)
        columns = self.describe(exp.select("*").from_(named(found)))
        as_declared = shaped(
            found,
            {c: t for c, t in columns.items() if opened is None or c not in opened.above},
            table=table.name,
            options=table.reading,
            partitions={} if opened is None else opened.partitions,
            stated=opened is None or opened.frame is None,
        )
        raw = f"_raw_{table.name}"
        self.database.view(raw, as_declared)
        self._columns[raw] = self.describe(exp.select("*").from_(named(raw)))
        if opened is not None:
            self._opened[table.name] = opened

    def _clean(self, table: Table) -> Loaded:
        raw = f"_raw_{table.name}"
        own = self._columns[raw]
        offered = dict(own)
        for join in table.join:
            offered |= {c: t for c, t in self.columns(join.table).items() if c not in own}
        for needed in table.structural:
            if needed not in offered:
                raise DefinitionError(
                    "WB-T12",
                    f"table '{table.name}' has no column '{needed}'.",
                    did_you_mean(needed, offered, shown=40),
                )
        rows = self.row(exp.select(exp.Count(this=exp.Star())).from_(named(raw)))[0]
        different = rows if table.duplicates == "keep" else self._distinct_rows(raw, list(own))
        load = self.double_load(table) if different < rows else None
        source: exp.Expr = exp.select("*").from_(named(raw))
        repeats, copies = 0, load.copies if load is not None else 0
        if load is not None:
            source = load.once(raw, list(own), self._own_time(table, own))
        if table.duplicates == "quarantine" and different < rows:
            source = exp.select("*").distinct().from_(sub(source, "r"))
            left = different
            if load is not None:
                left = self.row(exp.select(exp.Count(this=exp.Star())).from_(sub(source, "r")))[0]
            repeats = rows - copies - left
        query, at = self._with_joins(table, source, own)
        if at is not None:
            unreadable, impossible = self._bad_times(query)
            readable = exp.not_(exp.Is(this=column(AT), expression=exp.Null()))
            self.keep(
                table.name,
                exp.select("*").from_(sub(query, "r")).where(exp.not_(self._impossible()), readable),
            )
            first, last = self.row(
                exp.select(exp.Min(this=column(AT)), exp.Max(this=column(AT))).from_(named(table.name))
            )
        else:
            self.keep(table.name, query)
            unreadable = impossible = 0
            first = last = None
        repeated, example = self._repeated(table)
        opened = self._opened.get(table.name)  # None where rows were given or lie in a database
        if opened is not None:
            opened.refuse_if_changed()
        return Loaded(
            table.name,
            rows,
            repeats,
            unreadable,
            impossible,
            repeated,
            example,
            first,
            last,
            opened.notes if opened is not None else (),
            self.columns(table.name),
            opened.fingerprint if opened is not None else "",
            opened.noticed if opened is not None else (),
            self._columns_read(table, opened),
            load,
        )

    def _columns_read(self, table: Table, opened: Opened | None) -> tuple[ColumnRead, ...]:
        if opened is not None and opened.columns:
            return opened.columns
        return tuple(stated_column(c, t) for c, t in self._columns[f"_raw_{table.name}"].items())

    def double_load(self, table: Table) -> DoubleLoad | None:
        """What of an opened source was loaded more than once."""
        raw = f"_raw_{table.name}"
        own = self._columns[raw]
        fixed = tuple(c for c in (*table.unique, table.event_time, self.tables.entity) if c)
        return find_double_load(self.frame, raw, list(own), self._own_time(table, own), never_differ=fixed)

    def _own_time(self, table: Table, own: dict[str, str]) -> exp.Expr | None:
        if table.event_time is None or table.event_time not in own:
            return None
        return _timestamp(column(table.event_time), own[table.event_time])

    def _distinct_rows(self, raw: str, own: list[str]) -> int:
        """Number of different rows; a 64-bit hash per row is ten times faster than comparing rows."""
        hashed = RowHash(expressions=[column(c) for c in own])
        return self.row(exp.select(exp.Count(this=exp.Distinct(expressions=[hashed]))).from_(named(raw)))[0]

    def _with_joins(
        self, table: Table, source: exp.Expr, own: dict[str, str]
    ) -> tuple[exp.Select, exp.Expr | None]:
        taken = {c: column(c, "t") for c in own}
        query = exp.select().from_(sub(source, "t"))
        for join in table.join:
            target = self.tables.tables[join.table]
            alias = f"j_{join.table}"
            key, looked_up = target.key or join.on, self.columns(join.table)
            on = same_key(column(join.on, "t"), own[join.on], column(key, alias), looked_up[key])
            query = query.join(named(join.table), on=on, join_type="left", join_alias=alias)
            taken |= {c: column(c, alias) for c in self.columns(join.table) if c not in taken}
        query = query.select(*(exp.alias_(e, c, quoted=True) for c, e in taken.items()))
        if table.event_time is None:
            return query, None
        types = own | {c: t for j in table.join for c, t in self.columns(j.table).items() if c not in own}
        at = _timestamp(taken[table.event_time], types[table.event_time])
        known: exp.Expr = exp.Add(this=at.copy(), expression=table.known_after.interval())
        if table.known_at is not None:
            known = _timestamp(taken[table.known_at], types[table.known_at])
        return query.select(exp.alias_(at, AT, quoted=True), exp.alias_(known, KNOWN, quoted=True)), at

    def _impossible(self) -> exp.Expr:
        too_early = exp.LT(this=column(AT), expression=moment(_EARLIEST))
        if self.tables.observed_until is None:
            return too_early
        return exp.or_(
            too_early,
            exp.GT(
                this=column(AT), expression=moment(self.tables.observed_until + _LATEST_AFTER_OBSERVATION)
            ),
        )

    def _bad_times(self, query: exp.Expr) -> tuple[int, int]:
        empty = exp.Is(this=column(AT), expression=exp.Null())
        counted = [exp.func("count_if", c) for c in (empty, self._impossible())]
        unreadable, impossible = self.row(exp.select(*counted).from_(sub(query, "r")))
        return int(unreadable or 0), int(impossible or 0)  # NULL on an empty table

    def _repeated(self, table: Table) -> tuple[int, str]:
        unique = table.unique
        if not unique and table.event_time is None and self.tables.entity in self.columns(table.name):
            unique = (self.tables.entity,)
        if not unique:
            return 0, ""
        keys = [column(c) for c in unique]
        twice = (
            exp.select(*(k.copy() for k in keys))
            .from_(named(table.name))
            .group_by(*(k.copy() for k in keys))
            .having(exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1)))
        )
        found = self.frame(twice.order_by(*(k.copy() for k in keys)))
        if found.empty:
            return 0, ""
        return len(found), ", ".join(f"{c} {found.iloc[0][c]}" for c in unique)

    def _refuse_if_bad(self, found: Loaded) -> None:
        if found.rows == 0:
            raise DataError(
                "WB-T14", f"table '{found.table}' is empty.", "Load its rows, or take it out of tables.yaml."
            )
        if found.repeated_keys:
            raise DataError(
                "WB-T09",
                f"table '{found.table}' must have one row per key, but {counted(found.repeated_keys, 'key repeats', 'keys repeat')} (first: {found.repeated_example}).",
                "Correct the rows, or the `key:`/`keys:` in tables.yaml.",
            )
        if found.quarantined_share > self.tables.max_quarantine:
            raise DataError(
                "WB-T08",
                f"table '{found.table}': {found.quarantined:,} of {counted(found.rows, 'row')} ({found.quarantined_share:.1%}) are duplicates or have unusable times; allowed are {self.tables.max_quarantine:.1%}.",
                "Mend the source, or raise `max_quarantine:` in tables.yaml if this is known and accepted.",
            )

    def describe(self, query: exp.Expr) -> dict[str, str]:
        """Column -> SQL type (in DuckDB's words) of a query that is not run."""
        return self.database.describe(query)


def _threads() -> int:
    said = os.environ.get("WORKBENCH_THREADS", "")
    return int(said) if said.isdigit() and int(said) else len(os.sched_getaffinity(0))


def _timestamp(value: exp.Expr, sql_type: str) -> exp.Expr:
    """The value as a timestamp, NULL where it cannot be read; 20170131 is understood too."""
    target = exp.DataType.build("timestamp")
    if sql_type.startswith(("TIMESTAMP", "DATE")):
        return exp.Cast(this=value.copy(), to=target)
    text = exp.Cast(this=value.copy(), to=exp.DataType.build("varchar"))
    return exp.Coalesce(this=exp.TryCast(this=text, to=target), expressions=[CompactDate(this=text.copy())])


def in_order(names: Iterable[str], tables: TableSet) -> list[str]:
    """Table names with their joined look-ups first, none twice."""
    ordered: dict[str, None] = {}
    for name in names:
        for join in tables.table(name, "tables.yaml").join:
            ordered[join.table] = None
        ordered[name] = None
    return list(ordered)
