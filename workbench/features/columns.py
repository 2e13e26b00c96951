"""Columns that a definition may name: of a table itself or by a hop, never a sensitive one, with clean values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables import yes_no
from workbench.tables.engine import Engine, column, ident
from workbench.tables.expression import Resolve, checked
from workbench.tables.schema import Table
from workbench.tables.words import Bytewise, IsFinite

SPINE = "_spine"
ROW = "_row"
CUTOFF_AT = "_cutoff"
_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
    "DECIMAL",
    "BOOLEAN",
)
_FRACTIONS = ("FLOAT", "DOUBLE")


@dataclass
class Events:
    """The `events` step while it grows: each different value and condition is computed once per source row.

    `resolver` makes a resolver whose refusals begin with the words given."""

    table: Table
    resolver: Callable[[str], Resolve]
    computed: dict[str, exp.Expr] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def name(self, text: str, prefix: str, where: str) -> str:
        """The short column name under which the expression of `text` is computed."""
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
    return sql_type.startswith(_NUMBERS)


def resolver(
    engine: Engine,
    table: Table,
    hops: dict[str, exp.Expr],
    where: str,
    *,
    alias: str = "t",
    offered: dict[str, str] | None = None,
) -> Resolve:
    """Columns of the table itself, or by a hop through the key of a look-up; the hops used are noted in `hops`."""
    own = engine.columns(table.name) if offered is None else offered

    def resolve(other: str | None, name: str, *, truth: bool = False) -> exp.Expr:
        if other is None or other == table.name:
            found = column(known_column(table, name, own, where), alias)
            source = table.name if offered is None else SPINE
            return _truth(engine, source, found, own[name], where) if truth else found
        target = engine.tables.usable(other, where)
        if target.key is None or target.key not in own:
            raise DefinitionError(
                "WB-F10",
                f"{where}: '{table.name}' cannot reach '{other}.{name}': a hop needs the other table's `key:` as a column here.",
                f"Declare `key:` for '{other}' in tables.yaml, or use a column of '{table.name}'.",
            )
        hops[other] = exp.EQ(this=column(target.key, f"h_{other}"), expression=column(target.key, alias))
        found = column(known_column(target, name, engine.columns(other), where), f"h_{other}")
        return _truth(engine, other, found, engine.columns(other)[name], where) if truth else found

    return resolve


def _truth(engine: Engine, source: str, found: exp.Column, sql_type: str, where: str) -> exp.Expr:
    """A column that stands where a condition does: words for yes and no, and numbers (0 is false), are understood."""
    if sql_type == "BOOLEAN":
        return found
    if is_number(sql_type):
        return exp.NEQ(this=found, expression=exp.Literal.number(0))
    if not sql_type.startswith("VARCHAR"):
        raise DefinitionError(
            "WB-F06",
            f"{where}: '{found.name}' stands where a condition does, and is {sql_type.lower()}.",
            "Compare it with a value.",
        )
    other = strange_word(engine, aliased(source, "t"), column(found.name, "t"))
    if other is not None:
        raise DefinitionError(
            "WB-F06",
            f"{where}: '{found.name}' stands where a condition does, and '{other}' in it says neither yes nor no.",
            f"Compare it with a value: {found.name} = '{other}'.",
        )
    return yes_no.as_truth(found)


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
