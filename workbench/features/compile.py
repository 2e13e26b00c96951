"""Feature definitions to SQL: one query per source table, built as a tree.

The spine is a table `_spine` with `_row`, `_cutoff`, the entity and the frame row's own columns. A query has three
steps that a modeler can read: `events` (the source with the values and conditions that its features name), `pairs`
(each frame row with the events *known before* its cutoff), and the aggregates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from workbench.errors import DefinitionError, did_you_mean
from workbench.features.aggregations import Aggregation, Rows
from workbench.features.definition import EntityAttribute, FeatureColumn, RowAttribute, RowsFeature
from workbench.features.grouping import Grouping
from workbench.features.windows import Window
from workbench.tables.engine import AT, KNOWN, Engine, column, ident, named
from workbench.tables.expression import Resolve, checked, columns_of
from workbench.tables.schema import Table

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


def is_number(sql_type: str) -> bool:
    return sql_type.startswith(_NUMBERS)


@dataclass(frozen=True)
class Made:
    """One output column of a query."""

    column: FeatureColumn
    empty: float | None
    is_number: bool


@dataclass(frozen=True)
class Compiled:
    """A query that gives `_row` and one column per `made`; rows of the spine without events are absent."""

    source: str
    query: exp.Select
    made: tuple[Made, ...]

    @property
    def sql(self) -> str:
        """The query as DuckDB reads it, laid out for a reader."""
        return self.query.sql(dialect="duckdb", pretty=True)


@dataclass
class _Events:
    """The `events` step while it grows: each different value and condition is computed once per source row."""

    table: Table
    resolve: Resolve
    computed: dict[str, exp.Expr] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def name(self, text: str, prefix: str, where: str) -> str:
        """The short column name under which the expression of `text` is computed."""
        written = f"{prefix}:{text}"
        if written not in self._names:
            short = f"{prefix}{len(self.computed) + 1}"
            self._names[written] = short
            self.computed[short] = checked(text, self.resolve, where)
        return self._names[written]

    def own(self, name: str) -> str:
        """A source column, or one by a hop, taken along to be joined or matched on."""
        other, dot, hopped = name.partition(".")
        short = f"c_{name}"
        self.computed.setdefault(short, self.resolve(other, hopped) if dot else self.resolve(None, name))
        return short


def compile_rows(engine: Engine, features: Iterable[RowsFeature]) -> Compiled:
    """One query for all features over one source table. Raises DefinitionError for columns or types that do not fit."""
    chosen = list(features)
    table = engine.tables.usable(chosen[0].source, f"feature '{chosen[0].name}'")
    spine = engine.columns(SPINE)
    hops: dict[str, exp.Expr] = {}
    events = _Events(table, resolver(engine, table, hops, f"features over '{table.name}'"))
    values: dict[str, str] = {}
    for feature in chosen:
        if feature.value is not None:
            values[feature.name] = events.name(feature.value, "v", f"feature '{feature.name}'")
        if feature.where is not None:
            events.name(feature.where, "w", f"feature '{feature.name}'")
    types = engine.describe(_events_query(engine, events, hops))
    for short in set(values.values()):
        events.computed[short] = clean_value(events.computed[short], types[short])
    pairs, keeps = _pairs(engine, events, chosen, spine)
    made: list[Made] = []
    grouping = Grouping()
    for feature in chosen:
        short = values.get(feature.name)
        number = short is not None and is_number(types[short])
        for aggregate in feature.aggregate:
            _fits(feature, aggregate, table, types.get(short or "", ""), number)
            for window in feature.windows:
                output = feature.column(aggregate, window)
                keep = _keep(feature, aggregate, window, short, keeps)
                end = (
                    column("cutoff")
                    if window.near is None
                    else exp.Paren(this=window.near.before_sql(column("cutoff")))
                )
                value = column(short) if short is not None else exp.Literal.number(1)
                rows = Rows(value, column("at"), column("cutoff"), end, keep, feature.half_life.days)
                grouping.add(output.name, aggregate, rows)
                made.append(Made(output, aggregate.empty, aggregate.gives == "number" or number))
    query, steps = grouping.finish()
    shared = _shared_match(engine, table, chosen)
    if shared:
        answered, query = query, _spread(shared, [m.column.name for m in made])
        steps.append(("answered", answered))
        steps.insert(0, ("asked", _asked(shared)))
    steps = [
        *[s for s in steps if s[0] == "asked"],
        ("events", _events_query(engine, events, hops)),
        ("pairs", pairs),
        *[s for s in steps if s[0] != "asked"],
    ]
    for name, step in steps:
        query = query.with_(name, as_=step)
    return Compiled(table.name, query, tuple(made))


def compile_attributes(engine: Engine, table_name: str, features: Iterable[EntityAttribute]) -> Compiled:
    """One query for all attributes taken from a table with one row per entity; sensitive columns are refused."""
    chosen = list(features)
    table = engine.tables.usable(table_name, f"feature '{chosen[0].name}'")
    entity = engine.tables.entity
    offered = engine.columns(table_name)
    if entity not in offered or table.event_time is not None or (table.unique and table.unique != (entity,)):
        raise DefinitionError(
            "WB-F09",
            f"feature '{chosen[0].name}': table '{table_name}' does not have one row per {entity}.",
            "Aggregate it with `from:` instead.",
        )
    made, selected = [], []
    for feature in chosen:
        source_column = known_column(table, feature.column_name, offered, f"feature '{feature.name}'")
        selected.append(
            exp.alias_(
                clean_value(column(source_column, "t"), offered[source_column]), feature.name, quoted=True
            )
        )
        made.append(Made(feature.columns()[0], None, is_number(offered[source_column])))
    on = exp.EQ(this=column(entity, "t"), expression=column(entity, "s"))
    query = (
        exp.select(column(ROW, "s"), *selected)
        .from_(_aliased(SPINE, "s"))
        .join(_aliased(table_name, "t"), on=on)
    )
    return Compiled(table_name, query, tuple(made))


def compile_row_values(engine: Engine, row_table: str, features: Iterable[RowAttribute]) -> Compiled:
    """One query for values of the frame row itself (the contact's campaign type, its planned length)."""
    table = engine.tables.usable(row_table, "row")
    hops: dict[str, exp.Expr] = {}
    resolve = resolver(engine, table, hops, "row", alias="s", offered=engine.columns(SPINE))
    chosen = list(features)
    built = {f.name: checked(f.row, resolve, f"feature '{f.name}'") for f in chosen}
    base = _with_hops(exp.select().from_(_aliased(SPINE, "s")), hops)
    types = engine.describe(base.select(*(exp.alias_(e.copy(), n, quoted=True) for n, e in built.items())))
    values = [exp.alias_(clean_value(e, types[n]), n, quoted=True) for n, e in built.items()]
    made = tuple(Made(f.columns()[0], None, is_number(types[f.name])) for f in chosen)
    return Compiled("row", base.select(column(ROW, "s"), *values), made)


def tables_needed(feature: RowsFeature | EntityAttribute | RowAttribute, row_table: str | None) -> set[str]:
    """Every table that a feature reads, hops included."""
    if isinstance(feature, EntityAttribute):
        return {feature.table}
    if isinstance(feature, RowAttribute):
        return {t for t, _ in columns_of(feature.row, feature.name) if t is not None and t != row_table}
    found = (
        {feature.source}
        | ({feature.via} if feature.via else set())
        | {c.partition(".")[0] for c in feature.link if "." in c}
    )
    for text in (feature.value, feature.where):
        if text is not None:
            found |= {t for t, _ in columns_of(text, feature.name) if t is not None}
    return found


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

    def resolve(other: str | None, name: str) -> exp.Expr:
        if other is None or other == table.name:
            return column(known_column(table, name, own, where), alias)
        target = engine.tables.usable(other, where)
        if target.key is None or target.key not in own:
            raise DefinitionError(
                "WB-F10",
                f"{where}: '{table.name}' cannot reach '{other}.{name}': a hop needs the other table's `key:` as a column here.",
                f"Declare `key:` for '{other}' in tables.yaml, or use a column of '{table.name}'.",
            )
        hops[other] = exp.EQ(this=column(target.key, f"h_{other}"), expression=column(target.key, alias))
        return column(known_column(target, name, engine.columns(other), where), f"h_{other}")

    return resolve


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
    if is_number(sql_type):
        double = exp.Cast(this=value.copy(), to=exp.DataType.build("double"))
        if not sql_type.startswith(_FRACTIONS):
            return double
        return exp.Case(
            ifs=[exp.If(this=exp.Anonymous(this="isfinite", expressions=[value.copy()]), true=double)]
        )
    to = "timestamp" if sql_type.startswith(("TIMESTAMP", "DATE")) else "varchar"
    return exp.Cast(this=value.copy(), to=exp.DataType.build(to))


def _fits(feature: RowsFeature, aggregate: Aggregation, table: Table, sql_type: str, number: bool) -> None:
    if aggregate.needs == "number" and not number:
        raise DefinitionError(
            "WB-F06",
            f"feature '{feature.name}': '{aggregate.name}' needs numbers, and '{feature.value}' is {sql_type.lower()}.",
            "Use distinct, mode, first, last, entropy or top_share for texts.",
        )
    if table.event_time is None and (aggregate.timed or any(w.far is not None for w in feature.windows)):
        raise DefinitionError(
            "WB-F12",
            f"feature '{feature.name}': table '{table.name}' has no `event_time:`, so it has no windows and no '{aggregate.name}' over time.",
            "Use windows: [all] and an aggregation without time.",
        )


def _events_query(engine: Engine, events: _Events, hops: dict[str, exp.Expr]) -> exp.Select:
    query = exp.select().from_(_aliased(events.table.name, "t"))
    entity = engine.tables.entity
    if entity in engine.columns(events.table.name):
        query = query.select(exp.alias_(column(entity, "t"), "k", quoted=True))
    if events.table.event_time is not None:
        query = query.select(column(AT, "t"), column(KNOWN, "t"))
    query = query.select(*(exp.alias_(e.copy(), n, quoted=True) for n, e in events.computed.items()))
    return _with_hops(query, hops)


def _with_hops(query: exp.Select, hops: dict[str, exp.Expr]) -> exp.Select:
    for other, on in hops.items():
        query = query.join(_aliased(other, f"h_{other}"), on=on.copy(), join_type="left")
    return query


def _pairs(
    engine: Engine, events: _Events, features: list[RowsFeature], spine: dict[str, str]
) -> tuple[exp.Select, dict[tuple[str, str], exp.Expr]]:
    """The `pairs` step, and the condition column of every (kind, text) that a feature may ask for."""
    table = events.table
    timed = table.event_time is not None
    has_entity = engine.tables.entity in engine.columns(table.name)
    keeps: dict[tuple[str, str], exp.Expr] = {}
    query = exp.select(column(ROW, "s"), exp.alias_(column(CUTOFF_AT, "s"), "cutoff", quoted=True)).from_(
        _aliased(SPINE if has_entity else "asked", "s")
    )
    conditions: list[exp.Expr] = []
    if has_entity:
        conditions.append(exp.EQ(this=column("k", "e"), expression=column(engine.tables.entity, "s")))
    if timed:
        conditions.append(exp.LT(this=column(KNOWN, "e"), expression=column(CUTOFF_AT, "s")))
        # known first implies happened first, unless a row was known early: then it still has not happened
        conditions.append(exp.LT(this=column(AT, "e"), expression=column(CUTOFF_AT, "s")))
        reach = [w.far for f in features for w in f.windows]
        if all(r is not None for r in reach):
            # the earliest of all: a calendar month is sometimes shorter than 30 days
            starts = [r.before_sql(column(CUTOFF_AT, "s")) for r in dict.fromkeys(reach) if r is not None]
            earliest = starts[0] if len(starts) == 1 else exp.Anonymous(this="least", expressions=starts)
            conditions.append(exp.GTE(this=column(AT, "e"), expression=earliest))
    matches: dict[tuple[str, ...], exp.Expr] = {}
    joins: list[tuple[exp.Expr, exp.Expr]] = []
    for feature in features:
        if feature.via is not None and ("via", _via_key(feature)) not in keeps:
            alias = f"via{len(joins) + 1}"
            joins.append(_via(engine, events, feature, spine, alias))
            keeps["via", _via_key(feature)] = exp.not_(
                exp.Is(this=column("hit", alias), expression=exp.Null())
            )
        elif feature.via is None and feature.match:
            for name in feature.match:
                known_column(table, name, spine, f"feature '{feature.name}', match")
            matches[feature.match] = exp.and_(
                *(exp.EQ(this=column(events.own(n), "e"), expression=column(n, "s")) for n in feature.match)
            )
    if not has_entity:
        conditions.append(next(iter(matches.values())))
        matches = {}
    query = query.join(_aliased("events", "e"), on=exp.and_(*conditions))
    for subquery, on in joins:
        query = query.join(subquery, on=on, join_type="left")
    query = query.select(*(column(n, "e") for n in events.computed if not n.startswith("c_")))
    if timed:
        query = query.select(exp.alias_(column(AT, "e"), "at", quoted=True))
    for key, condition in [(("match", ",".join(m)), c) for m, c in matches.items()] + [
        (k, c) for k, c in keeps.items() if k[0] == "via"
    ]:
        query = _conditional(query, keeps, key, condition)
    for window in dict.fromkeys(w for f in features for w in f.windows):
        inside = window.condition(column(AT, "e"), column(CUTOFF_AT, "s"))
        if inside is not None:
            query = _conditional(query, keeps, ("window", str(window)), inside)
    for feature in features:
        if feature.where is not None:
            keeps["where", feature.where] = column(events.name(feature.where, "w", feature.name))
    return query, keeps


def _shared_match(engine: Engine, table: Table, features: list[RowsFeature]) -> tuple[str, ...]:
    """For a table without the entity: the `match` columns that its features share; empty for other tables."""
    if engine.tables.entity in engine.columns(table.name):
        return ()
    matches = {f.match for f in features}
    if len(matches) != 1 or not features[0].match or any(f.via for f in features):
        raise DefinitionError(
            "WB-F13",
            f"feature '{features[0].name}': the table '{table.name}' has no column {engine.tables.entity}, so the feature needs `match:` with the frame's row.",
            "Example: match: [campaign_id].",
        )
    return features[0].match


def _asked(shared: tuple[str, ...]) -> exp.Select:
    """Each different (cutoff, match) of the spine once: thousands of contacts share one campaign."""
    keys = [column(CUTOFF_AT), *(column(c) for c in shared)]
    first = exp.alias_(exp.Min(this=column(ROW)), ROW, quoted=True)
    return exp.select(first, *keys).from_(named(SPINE)).group_by(*(k.copy() for k in keys))


def _spread(shared: tuple[str, ...], names: list[str]) -> exp.Select:
    """The answers of `asked` given to every row of the spine that asked the same."""
    same = exp.and_(*(exp.EQ(this=column(c, "g"), expression=column(c, "s")) for c in (CUTOFF_AT, *shared)))
    found = exp.EQ(this=column(ROW, "a"), expression=column(ROW, "g"))
    query = exp.select(column(ROW, "s"), *(column(n, "a") for n in names)).from_(_aliased(SPINE, "s"))
    return query.join(_aliased("asked", "g"), on=same).join(_aliased("answered", "a"), on=found)


def _conditional(
    query: exp.Select,
    keeps: dict[tuple[str, str], exp.Expr],
    key: tuple[str, str],
    condition: exp.Expr,
) -> exp.Select:
    name = f"{key[0]} {key[1]}"
    keeps[key] = column(name)
    return query.select(exp.alias_(condition, name, quoted=True))


def _via_key(feature: RowsFeature) -> str:
    links = f" by {','.join(feature.link)}" if feature.link else ""
    return f"{feature.via} on {','.join(feature.match)}{links}"


def _via(
    engine: Engine, events: _Events, feature: RowsFeature, spine: dict[str, str], alias: str
) -> tuple[exp.Expr, exp.Expr]:
    """A look-up without repeats of what belongs to the frame's row: an event counts once however often it is listed."""
    where = f"feature '{feature.name}', via"
    table = engine.tables.usable(feature.via or "", where)
    offered = engine.columns(table.name)
    for name in feature.match:
        known_column(table, name, offered, where)
        if name not in spine:
            raise DefinitionError(
                "WB-F13",
                f"{where}: the frame's rows have no column '{name}' to match.",
                did_you_mean(name, spine),
            )
    hops: dict[str, exp.Expr] = {}
    resolve = resolver(engine, table, hops, where)
    links = feature.link or _shared_links(engine, events.table, table, feature, where)
    chosen = [exp.alias_(column(c, "t"), c, quoted=True) for c in feature.match]
    for link in links:
        other, dot, hopped = link.partition(".")
        chosen.append(exp.alias_(resolve(other, hopped) if dot else resolve(None, link), link, quoted=True))
    hit = exp.alias_(exp.true(), "hit", quoted=True)
    lookup = _with_hops(exp.select(*chosen, hit).distinct().from_(_aliased(table.name, "t")), hops)
    on = [exp.EQ(this=column(c, alias), expression=column(c, "s")) for c in feature.match]
    on += [exp.EQ(this=column(c, alias), expression=column(events.own(c), "e")) for c in links]
    return exp.Subquery(this=lookup, alias=exp.TableAlias(this=ident(alias))), exp.and_(*on)


def _shared_links(
    engine: Engine, source: Table, via: Table, feature: RowsFeature, where: str
) -> tuple[str, ...]:
    """Key columns that both tables have: two `quantity` columns are no link."""
    declared = [c for t in engine.tables.tables.values() for c in t.unique]
    own = engine.columns(source.name)
    links = [
        c
        for c in engine.columns(via.name)
        if c in own and c not in feature.match and c in {*declared, engine.tables.entity}
    ]
    if not links:
        raise DefinitionError(
            "WB-F13",
            f"{where}: '{source.name}' and '{via.name}' share no key column.",
            "They need a common key, such as product_id, or `link:` names what links them.",
        )
    return tuple(links)


def _keep(
    feature: RowsFeature,
    aggregate: Aggregation,
    window: Window,
    short: str | None,
    keeps: dict[tuple[str, str], exp.Expr],
) -> exp.Expr | None:
    wanted = [("window", str(window)), ("where", feature.where or "")]
    if feature.via is not None:
        wanted.append(("via", _via_key(feature)))
    elif feature.match:
        wanted.append(("match", ",".join(feature.match)))
    parts = [keeps[w].copy() for w in wanted if w in keeps]
    if short is not None and (aggregate.timed or aggregate.gives == "value"):
        # the engine's own aggregates skip missing values; those over times must be told to
        parts.append(exp.not_(exp.Is(this=column(short), expression=exp.Null())))
    return exp.and_(*parts) if parts else None


def _aliased(name: str, alias: str) -> exp.Table:
    return exp.Table(this=ident(name), alias=exp.TableAlias(this=ident(alias)))
