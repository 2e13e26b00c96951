"""What each column of a loaded table holds, in one pass over the table and one more per column of few levels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

import pandas as pd
from sqlglot import exp

from workbench.tables.engine import AT, Engine, column, named
from workbench.tables.schema import Table

LEVELS = 50  # a column of up to so many different values has levels
_SHOWN = 5
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INT",
    "BIGINT",
    "HUGEINT",
    "U",
    "FLOAT",
    "DOUBLE",
    "REAL",
    "DECIMAL",
    "NUMERIC",
)
_TIMES = ("DATE", "TIMESTAMP")


@dataclass(frozen=True)
class ColumnProfile:
    """One column: its type, rows without a value, different values (about), range, and its most frequent levels.

    Sensitive columns and identifiers tell no values. `months` counts a level column's rows by month and level.
    """

    name: str
    type: str
    rows: int
    missing: int
    distinct: int
    least: str | None = None
    greatest: str | None = None
    top: tuple[tuple[str, int], ...] = ()
    months: pd.DataFrame | None = field(default=None, compare=False, repr=False)

    @property
    def missing_share(self) -> float:
        return self.missing / self.rows if self.rows else 0.0

    @property
    def is_number(self) -> bool:
        return self.type.upper().startswith(_NUMBERS)

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "sql_type": self.type.lower(),
            "missing": self.missing,
            "missing_share": round(self.missing_share, 6),
            "distinct_about": self.distinct,
            "min": self.least,
            "max": self.greatest,
            "top": [{"value": v, "rows": n} for v, n in self.top],
        }


def profile_columns(engine: Engine, table: Table) -> tuple[ColumnProfile, ...]:
    """A profile of every column that the table itself has; those that a join brings are told with their look-up."""
    types = own_columns(engine, table)
    if not types:
        return ()
    silent = {*identifiers(engine, table), *table.sensitive}
    asked: list[exp.Expr] = [exp.Count(this=exp.Star())]
    for name, kind in types.items():
        asked += [exp.Count(this=column(name)), exp.ApproxDistinct(this=column(name))]
        if _ranged(kind, name, silent):
            asked += [exp.Min(this=column(name)), exp.Max(this=column(name))]
    answer = list(engine.row(exp.select(*asked).from_(named(table.name))))
    rows = int(answer.pop(0))
    found = []
    for name, kind in types.items():
        present, distinct = int(answer.pop(0)), int(answer.pop(0) or 0)
        least = greatest = None
        if _ranged(kind, name, silent):
            least, greatest = _plain(answer.pop(0)), _plain(answer.pop(0))
        one = ColumnProfile(name, kind, rows, rows - present, distinct, least, greatest)
        found.append(_with_levels(engine, table, one) if name not in silent and distinct <= LEVELS else one)
    return tuple(found)


def own_columns(engine: Engine, table: Table) -> dict[str, str]:
    """Column -> type of a loaded table without what its joins brought."""
    brought = {c for j in table.join for c in engine.columns(j.table)}
    return {c: t for c, t in engine.columns(table.name).items() if c not in brought}


def identifiers(engine: Engine, table: Table) -> set[str]:
    """Columns that name somebody or something: the entity, and keys of whatever table."""
    keys = {c for t in engine.tables.tables.values() for c in t.unique}
    return {engine.tables.entity, *keys, *(j.on for j in table.join)}


def month_of(at: exp.Expr) -> exp.Expr:
    return exp.TimestampTrunc(this=at, unit=exp.var("MONTH"))


def _with_levels(engine: Engine, table: Table, profile: ColumnProfile) -> ColumnProfile:
    """The column with its levels, by month where the table has times."""
    level = exp.Cast(this=column(profile.name), to=exp.DataType.build("varchar"))
    keys: list[exp.Expr] = [level]
    names = ["level"]
    if table.event_time is not None:
        keys.append(month_of(column(AT)))
        names.append("month")
    query = (
        exp.select(
            *(exp.alias_(k, n, quoted=True) for k, n in zip(keys, names, strict=True)),
            exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True),
        )
        .from_(named(table.name))
        .group_by(*(k.copy() for k in keys))
    )
    counts = engine.frame(query)
    if profile.is_number:  # engines write 1 and 1.0
        counts["level"] = counts["level"].map(lambda v: _plain(float(v)), na_action="ignore")
    total = counts.dropna(subset=["level"]).groupby("level")["n"].sum()
    ordered = sorted(total.items(), key=lambda item: (-item[1], str(item[0])))[:_SHOWN]
    return ColumnProfile(
        profile.name,
        profile.type,
        profile.rows,
        profile.missing,
        len(total),
        profile.least,
        profile.greatest,
        tuple((str(v), int(n)) for v, n in ordered),
        counts if "month" in counts else None,
    )


def _ranged(kind: str, name: str, silent: Iterable[str]) -> bool:
    return kind.upper().startswith((*_NUMBERS, *_TIMES)) and name not in silent


def _plain(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.12g}"
    return str(value)
