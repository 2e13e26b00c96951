"""What a table's columns are good for, judged by the rows that were known before a moment: roles, levels, rhythm.

Only those rows are looked at, so that a definition made from these facts knows nothing of the time it will be judged on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlglot import exp

from workbench.errors import DefinitionError
from workbench.features.columns import aliased, is_number, known_column, resolver, with_hops
from workbench.features.glossary import words_of
from workbench.tables.engine import AT, KNOWN, Engine, column, moment
from workbench.tables.expression import checked, columns_of
from workbench.tables.schema import Table
from workbench.tables.trees import sub
from workbench.tables.words import Bytewise, DayNumber

Role = Literal["identifier", "number", "category", "text", "time", "unused"]

_IDENTIFYING = {"id", "ids", "no", "nr", "key", "code", "upc", "ean", "sku", "uuid", "guid", "zip", "phone", "iban", "手机", "电话"}  # fmt: skip
_NAMING_ENDS = ("号", "号码", "编号", "代码", "编码")
_NUMBERED = re.compile(
    r"[A-Za-z]{0,4}\d{9,}[A-Za-z]?"
)  # card, phone and identity numbers, whatever their column is called
_MOST_LEVELS = 200  # values of a category; more only where few of them cover most rows
_COVERED = 0.5
_SHOWN = 30
EMPTY, CONSTANT = "hardly ever filled", "always the same"
_TIMES = ("TIMESTAMP", "DATE", "TIME")
_CLOCK = 0.98
_PER_ROW = 0.95
_FILLED = 0.01


@dataclass(frozen=True)
class Level:
    """A frequent value and its share of the rows with one."""

    value: str
    share: float


@dataclass(frozen=True)
class ColumnFacts:
    """One column that a definition could read. `reason` says why it is not used."""

    reference: str  # as a definition writes it: sales_value, products.department, "Unit Price"
    name: str
    role: Role
    reason: str = ""
    hop: str | None = None
    distinct: int = 0
    filled: float = 0.0
    levels: tuple[Level, ...] = ()
    low: float = 0.0
    negative: float = 0.0  # share of values below 0
    by_type: Role = "unused"  # what it would be by its type alone


@dataclass(frozen=True)
class TableFacts:
    """What was known of a table before the moment. `gap_days` is the mean time between an entity's active days."""

    table: Table
    rows: int
    entities: int = 0
    columns: tuple[ColumnFacts, ...] = ()
    first: datetime | None = None
    last: datetime | None = None
    gap_days: float | None = None
    has_hours: bool = False
    has_entity: bool = False
    one_row_each: bool = False

    def of(self, *roles: Role) -> list[ColumnFacts]:
        return [c for c in self.columns if c.role in roles]


def reference(name: str, hop: str | None = None) -> str:
    """The column as a condition or value names it, in quotes where its name needs them.

    >>> reference("amount"), reference("Unit Price"), reference("aisle", "products")
    ('amount', '"Unit Price"', 'products.aisle')
    """
    plain = name
    try:
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) or columns_of(name, "") != ((None, name),):
            plain = None
    except DefinitionError:
        plain = None
    if plain is None:
        plain = '"' + name.replace('"', '""') + '"'
    return f"{hop}.{plain}" if hop else plain


def table_facts(engine: Engine, table: Table, before: datetime | None) -> TableFacts:
    """The facts of a loaded table, its look-ups included; `before` is a moment, or None for all rows."""
    own = engine.columns(table.name)
    offered = [(n, None) for n in own] + [
        (n, other.name)
        for other in _look_ups(engine, table)
        for n in engine.columns(other.name)
        if n != other.key
    ]
    refused: dict[str, str] = {}
    readable: dict[str, tuple[str, str | None]] = {}
    for name, hop in offered:
        where, origin = "a proposal", engine.tables.tables[hop] if hop else table
        try:
            known_column(origin, name, engine.columns(origin.name), where)
            readable[reference(name, hop)] = (name, hop)
        except DefinitionError as error:
            refused[reference(name, hop)] = "sensitive" if error.code == "WB-F11" else "not allowed here"
    base, types = _base(engine, table, list(readable), before)
    shorts = {f"c{n}": ref for n, ref in enumerate(readable, start=1)}
    timed = table.event_time is not None
    has_entity = engine.tables.entity in own
    counts = _counts(engine, base, types, shorts, timed=timed, has_entity=has_entity)
    rows = int(counts["n"])
    facts = [
        _column(engine, table, readable[ref], ref, types[short], counts, short, base)
        for short, ref in shorts.items()
    ]
    facts += [ColumnFacts(ref, ref, "unused", reason) for ref, reason in refused.items()]
    entities = int(counts.get("entities") or 0)
    gap = _gap(engine, base) if timed and has_entity and rows else None
    return TableFacts(
        table=table,
        rows=rows,
        entities=entities,
        columns=tuple(facts),
        first=counts.get("first") if timed else None,
        last=counts.get("last") if timed else None,
        gap_days=gap,
        has_hours=bool(timed and rows and (counts.get("hours") or 0) > 0.2),
        has_entity=has_entity,
        one_row_each=rows > 0 and entities == rows,
    )


def _look_ups(engine: Engine, table: Table) -> list[Table]:
    """Tables whose key is a column here, and whose columns are not taken along already.

    The customer's own table is none: over her rows its columns never change, and they are attributes already.
    """
    own, joined = engine.columns(table.name), {j.table for j in table.join}
    found = []
    for other in engine.tables.tables.values():
        if other.name == table.name or other.key is None or other.key not in own or other.name in joined:
            continue
        if other.key == engine.tables.entity:
            continue
        if other.name in engine.loaded:
            found.append(other)
    return found


def _base(
    engine: Engine, table: Table, references: list[str], before: datetime | None
) -> tuple[exp.Select, dict[str, str]]:
    """The known rows with c1, c2, ... for the references; their types."""
    hops: dict[str, exp.Expr] = {}
    resolve = resolver(engine, table, hops, "a proposal")
    chosen = [
        exp.alias_(checked(ref, resolve, "a proposal"), f"c{n}", quoted=True)
        for n, ref in enumerate(references, start=1)
    ]
    query = exp.select(*chosen).from_(aliased(table.name, "t"))
    if engine.tables.entity in engine.columns(table.name):
        query = query.select(exp.alias_(column(engine.tables.entity, "t"), "who", quoted=True))
    if table.event_time is not None:
        query = query.select(exp.alias_(column(AT, "t"), "at", quoted=True))
        if before is not None:
            query = query.where(
                exp.LT(this=column(AT, "t"), expression=moment(before)),
                exp.LT(this=column(KNOWN, "t"), expression=moment(before)),
            )
    query = with_hops(query, hops)
    return query, engine.describe(query)


def _counts(
    engine: Engine,
    base: exp.Select,
    types: dict[str, str],
    shorts: dict[str, str],
    *,
    timed: bool,
    has_entity: bool,
) -> dict[str, Any]:
    chosen = [exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True)]
    if has_entity:
        different = exp.Count(this=exp.Distinct(expressions=[column("who")]))
        chosen.append(exp.alias_(different, "entities", quoted=True))
    if timed:
        late = exp.Case(
            ifs=[exp.If(this=exp.GT(this=exp.Hour(this=column("at")), expression=_n(0)), true=_n(1.0))],
            default=_n(0.0),
        )
        chosen += [
            exp.alias_(exp.Min(this=column("at")), "first", quoted=True),
            exp.alias_(exp.Max(this=column("at")), "last", quoted=True),
            exp.alias_(exp.Avg(this=late), "hours", quoted=True),
        ]
    for short in shorts:
        chosen.append(exp.alias_(exp.Count(this=column(short)), f"{short} filled", quoted=True))
        different = exp.Count(this=exp.Distinct(expressions=[column(short)]))
        chosen.append(exp.alias_(different, f"{short} distinct", quoted=True))
        if is_number(types[short]):
            value = exp.Cast(this=column(short), to=exp.DataType.build("double"))
            below = exp.Case(
                ifs=[exp.If(this=exp.LT(this=value.copy(), expression=_n(0)), true=_n(1.0))], default=_n(0.0)
            )
            whole = exp.Case(
                ifs=[
                    exp.If(
                        this=exp.EQ(this=exp.Floor(this=value.copy()), expression=value.copy()), true=_n(0)
                    )
                ],
                default=_n(1),
            )
            filled = exp.not_(exp.Is(this=column(short), expression=exp.Null()))
            broken = exp.Case(ifs=[exp.If(this=filled, true=whole)])
            chosen += [
                exp.alias_(exp.Min(this=value.copy()), f"{short} low", quoted=True),
                exp.alias_(exp.Avg(this=below), f"{short} negative", quoted=True),
                exp.alias_(exp.Sum(this=broken), f"{short} broken", quoted=True),
            ]
            if timed:
                day = exp.Cast(this=DayNumber(this=column("at")), to=exp.DataType.build("double"))
                together = exp.CovarSamp(this=value.copy(), expression=day.copy())
                for made, word in (
                    (together, "with time"),
                    (exp.StddevSamp(this=value.copy()), "spread"),
                    (exp.StddevSamp(this=day.copy()), "days"),
                ):
                    chosen.append(exp.alias_(made, f"{short} {word}", quoted=True))
    found = engine.frame(exp.select(*chosen).from_(sub(base, "b"))).iloc[0]
    return {str(k): (None if v is None or v != v else v) for k, v in found.items()}


def _column(
    engine: Engine,
    table: Table,
    origin: tuple[str, str | None],
    ref: str,
    sql_type: str,
    counts: dict[str, Any],
    short: str,
    base: exp.Select,
) -> ColumnFacts:
    name, hop = origin
    rows = _number(counts["n"])
    filled, distinct = _number(counts[f"{short} filled"]), int(_number(counts[f"{short} distinct"]))

    def fact(role: Role, reason: str = "", levels: tuple[Level, ...] = ()) -> ColumnFacts:
        return ColumnFacts(
            ref,
            name,
            role,
            reason,
            hop,
            distinct,
            filled / rows if rows else 0.0,
            levels,
            _number(counts.get(f"{short} low")),
            _number(counts.get(f"{short} negative")),
            "time" if sql_type.startswith(_TIMES) else "number" if is_number(sql_type) else "category",
        )

    if name in (engine.tables.entity, table.event_time, table.known_at):
        return fact("unused", "the entity or the time itself")
    by_type = fact("unused").by_type
    keys = {k for t in engine.tables.tables.values() for k in (*t.unique, *(j.on for j in t.join))}
    naming = bool(_IDENTIFYING & set(words_of(name))) or name.endswith(_NAMING_ENDS)
    if not rows:  # nothing is known yet, so the types alone speak
        return fact("identifier" if by_type != "time" and (name in keys or naming) else by_type)
    if filled < _FILLED * rows:
        return fact("unused", EMPTY)
    if distinct <= 1:
        return fact("unused", CONSTANT)
    if by_type == "time":
        return fact("time", "a second time, which may have been filled in later")
    # a number that names something is no quantity; a text of few values is a category, whatever it is called
    identifying = name in keys or (naming and (by_type == "number" or distinct > 50))
    if is_number(sql_type):
        if _clock(counts, short) >= _CLOCK and not identifying:
            return fact("unused", "rises with the time itself")
        identifying |= (
            _number(counts.get(f"{short} broken")) == 0 and distinct > 1000 and distinct > 0.5 * filled
        )
    if identifying:
        if hop is None and table.event_time is not None and distinct > _PER_ROW * filled:
            return fact("unused", "different on every row, so counting it is counting rows")
        return fact("identifier")
    if is_number(sql_type):
        return fact("number")
    if distinct > _PER_ROW * filled and distinct > 20:
        return fact("unused", "different on every row, so counting it is counting rows")
    levels = _levels(engine, base, short, filled)
    if levels and all(_NUMBERED.fullmatch(x.value.strip()) for x in levels):
        return fact("identifier")
    if distinct <= _MOST_LEVELS or sum(x.share for x in levels[:8]) >= _COVERED:
        return fact("category", levels=levels)
    return fact("text")


def _clock(counts: dict[str, Any], short: str) -> float:
    """The absolute correlation with the day. Not CORR: of a constant it is an error in Spark."""
    both = _number(counts.get(f"{short} spread")) * _number(counts.get(f"{short} days"))
    return abs(_number(counts.get(f"{short} with time"))) / both if both else 0.0


def _levels(engine: Engine, base: exp.Select, short: str, filled: float) -> tuple[Level, ...]:
    """The most frequent values; of equally frequent ones the first in the alphabet."""
    value = exp.Cast(this=column(short), to=exp.DataType.build("varchar"))
    times = exp.Count(this=exp.Star())
    counted = (
        exp.select(exp.alias_(value, "value", quoted=True), exp.alias_(times, "times", quoted=True))
        .from_(sub(base, "b"))
        .where(exp.not_(exp.Is(this=column(short), expression=exp.Null())))
        .group_by(value.copy())
    )
    order = exp.Ordered(this=column("times"), desc=True), exp.Ordered(this=Bytewise(this=column("value")))
    query = (
        exp.select(column("value"), column("times")).from_(sub(counted, "n")).order_by(*order).limit(_SHOWN)
    )
    found = engine.frame(query)
    pairs = sorted(zip(found["times"], found["value"], strict=True), key=lambda p: (-int(p[0]), str(p[1])))
    return tuple(Level(str(v), int(n) / filled) for n, v in pairs)


def _gap(engine: Engine, base: exp.Select) -> float | None:
    """The middle entity's mean number of days between two active days; None where nobody came twice."""
    day = DayNumber(this=column("at"))
    days = exp.Count(this=exp.Distinct(expressions=[day.copy()]))
    span = exp.Sub(this=exp.Max(this=day.copy()), expression=exp.Min(this=day.copy()))
    each = exp.Div(
        this=exp.Cast(this=span, to=exp.DataType.build("double")),
        expression=exp.Nullif(this=exp.Sub(this=days, expression=_n(1)), expression=_n(0)),
        typed=True,
        safe=False,
    )
    per_entity = (
        exp.select(exp.alias_(each, "gap", quoted=True)).from_(sub(base, "b")).group_by(column("who"))
    )
    gaps = engine.frame(per_entity)["gap"].dropna().astype("float64")
    return float(gaps.median()) if len(gaps) else None


def _n(value: float) -> exp.Expr:
    return exp.Literal.number(value)


def _number(value: Any) -> float:
    return 0.0 if value is None else float(value)
