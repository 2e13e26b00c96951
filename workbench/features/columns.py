"""Columns that a definition may name: of a table itself or by a hop, never a sensitive one, with clean values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables import yes_no
from workbench.tables.comparisons import Typed, TypedResolve
from workbench.tables.engine import Engine, column, ident, named
from workbench.tables.expression import checked
from workbench.tables.kinds import kind_of, same_key
from workbench.tables.schema import Table
from workbench.tables.trees import sub
from workbench.tables.words import Bytewise, IsFinite

SPINE = "_spine"
ROW = "_row"
CUTOFF_AT = "_cutoff"
_FRACTIONS = ("FLOAT", "DOUBLE")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_LOOKED_AT = 1000  # different texts of a column that say what its values look like


@dataclass
class Events:
    """The `events` step while it grows: each different value and condition is computed once per source row.

    `resolver` makes a resolver whose refusals begin with the words given."""

    table: Table
    resolver: Callable[[str], TypedResolve]
    computed: dict[str, exp.Expr] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def name(self, text: str, prefix: str, where: str) -> str:
        """The short column name under which the expression of `text` is computed: a value `v` or a condition `w`."""
        written = f"{prefix}:{text}"
        if written not in self._names:
            short = f"{prefix}{len(self.computed) + 1}"
            self._names[written] = short
            self.computed[short] = checked(text, self.resolver(where), where, condition=prefix == "w")
        return self._names[written]

    def own(self, name: str, where: str) -> str:
        """A source column, or one by a hop, taken along to be joined or matched on."""
        other, dot, hopped = name.partition(".")
        short = f"c_{name}"
        resolve = self.resolver(where)
        self.computed.setdefault(short, resolve(other, hopped) if dot else resolve(None, name))
        return short


def is_number(sql_type: str) -> bool:
    """Whether the column can be added up: numbers, and yes or no as 1 and 0."""
    return kind_of(sql_type) in ("number", "yes-no")


def resolver(
    engine: Engine,
    table: Table,
    hops: dict[str, exp.Expr],
    where: str,
    *,
    alias: str = "t",
    offered: dict[str, str] | None = None,
) -> TypedResolve:
    """Columns of the table itself, or by a hop through the key of a look-up; the hops used are noted in `hops`."""
    return _Reachable(
        engine, table, hops, where, alias, engine.columns(table.name) if offered is None else offered
    )


@dataclass(frozen=True)
class _Reachable(TypedResolve):
    engine: Engine
    table: Table
    hops: dict[str, exp.Expr]
    where: str
    alias: str
    own: dict[str, str]

    def __call__(self, table: str | None, name: str) -> exp.Expr:
        if table is None or table == self.table.name:
            return column(known_column(self.table, name, self.own, self.where), self.alias)
        target = self.engine.tables.usable(table, self.where)
        if target.key is None or target.key not in self.own:
            raise DefinitionError(
                "WB-F10",
                f"{self.where}: '{self.table.name}' cannot reach '{table}.{name}': a hop needs the other table's `key:` as a column here.",
                f"Declare `key:` for '{table}' in tables.yaml, or use a column of '{self.table.name}'.",
            )
        offered = self.engine.columns(table)
        reached = column(known_column(target, name, offered, self.where), f"h_{table}")
        self.hops[table] = same_key(
            column(target.key, f"h_{table}"),
            offered[target.key],
            column(target.key, self.alias),
            self.own[target.key],
        )
        return reached

    def typed(self, table: str | None, name: str) -> Typed:
        if table is None or table == self.table.name:
            return Typed(self._source(name), name, self.own[name])
        return Typed(table, name, self.engine.columns(table)[name])

    def all_numbers(self, typed: Typed) -> bool:
        texts = self.engine.frame(self._different(typed))[typed.name]
        return all(_NUMBER.fullmatch(str(text).strip()) for text in texts)

    def any_date(self, typed: Typed) -> bool:
        values = self._different(typed)
        read = exp.TryCast(this=column(typed.name), to=exp.DataType.build("timestamp"))
        found = exp.select(exp.Count(this=column(typed.name)), exp.Count(this=read))
        there, dates = self.engine.row(found.from_(sub(values, "d")))
        return not there or bool(dates)

    def strange_word(self, typed: Typed) -> str | None:
        return strange_word(self.engine, named(typed.table), column(typed.name))

    def _different(self, typed: Typed) -> exp.Select:
        there = exp.not_(exp.Is(this=column(typed.name), expression=exp.Null()))
        different = exp.select(column(typed.name)).distinct().from_(named(typed.table)).where(there)
        return different.limit(_LOOKED_AT)

    def _source(self, name: str) -> str:
        """The table whose source has the column: of a joined look-up, that look-up."""
        loaded = self.engine.loaded.get(self.table.name)
        if loaded is None or not loaded.read or name in {c.name for c in loaded.read}:
            return self.table.name
        joined = (j.table for j in self.table.join if name in self.engine.columns(j.table))
        return next(joined, self.table.name)


def strange_word(engine: Engine, source: exp.Expr, value: exp.Expr) -> str | None:
    """A text of a column that says neither yes nor no; None where all are such words."""
    (found,) = engine.row(yes_no.other_word(source, value))
    return None if found is None else str(found)


def known_column(table: Table, name: str, offered: Iterable[str], where: str) -> str:
    """The name, if it exists and may be used; WB-F01 for a missing and WB-F11 for a sensitive column."""
    offered = list(offered)
    if name not in offered:
        raise DefinitionError(
            "WB-F01",
            f"{where}: table '{table.name}' has no column '{name}'.",
            did_you_mean(name, offered, shown=40),
        )
    if name in table.sensitive:
        raise DefinitionError(
            "WB-F11",
            f"{where}: the column '{table.name}.{name}' is declared sensitive and never becomes a feature.",
            "Choose another column.",
        )
    return name


def clean_value(value: exp.Expr, sql_type: str) -> exp.Expr:
    """Numbers as doubles (infinite ones missing: one of them would swallow every sum), dates as timestamps, else text."""
    if sql_type == "BOOLEAN":  # PostgreSQL casts no truth value to a number
        one, zero = exp.Literal.number("1.0"), exp.Literal.number("0.0")
        number = exp.Case(
            ifs=[exp.If(this=value.copy(), true=one), exp.If(this=exp.not_(value.copy()), true=zero)]
        )
        return exp.Cast(this=number, to=exp.DataType.build("double"))
    if is_number(sql_type):
        double = exp.Cast(this=value.copy(), to=exp.DataType.build("double"))
        if not sql_type.startswith(_FRACTIONS):
            return double
        return exp.Case(ifs=[exp.If(this=IsFinite(this=value.copy()), true=double)])
    if sql_type.startswith(("TIMESTAMP", "DATE")):
        return exp.Cast(this=value.copy(), to=exp.DataType.build("timestamp"))
    return Bytewise(this=exp.Cast(this=value.copy(), to=exp.DataType.build("varchar")))


def smallest(values: Sequence[exp.Expr]) -> exp.Expr:
    """The smallest of values of which none is missing (sqlglot's own LEAST guards against missing ones at a cost)."""
    return values[0] if len(values) == 1 else exp.Anonymous(this="LEAST", expressions=list(values))


def with_hops(query: exp.Select, hops: dict[str, exp.Expr]) -> exp.Select:
    for other, on in hops.items():
        query = query.join(aliased(other, f"h_{other}"), on=on.copy(), join_type="left")
    return query


def aliased(name: str, alias: str) -> exp.Table:
    return exp.Table(this=ident(name), alias=exp.TableAlias(this=ident(alias)))
