"""Feature definitions to SQL: one query per source table, built as a tree.

The spine is a table `_spine` with `_row`, `_cutoff`, the entity and the frame row's own columns. A query has three
steps that a modeler can read: `events` (the source with the values and conditions that its features name), `pairs`
(each frame row with the events *known before* its cutoff), and the aggregates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlglot import exp

from workbench.errors import DefinitionError
from workbench.features.aggregations import Aggregation, Rows
from workbench.features.columns import (
    CUTOFF_AT,
    ROW,
    SPINE,
    Events,
    aliased,
    clean_value,
    is_number,
    known_column,
    resolver,
    strange_word,
    with_hops,
)
from workbench.features.context import asked, expect_shared, shared_match, spread, via_join, via_key
from workbench.features.definition import EntityAttribute, FeatureColumn, RowAttribute, RowsFeature
from workbench.features.grouping import Grouping
from workbench.features.moments import Moments
from workbench.features.spans import STORED, SpanGrouping, calendar
from workbench.features.windows import Window, edge
from workbench.tables import yes_no
from workbench.tables.engine import AT, KNOWN, Engine, column, ident
from workbench.tables.expression import checked, columns_of
from workbench.tables.kinds import same_key
from workbench.tables.schema import Table
from workbench.tables.trees import sub
from workbench.tables.words import DIALECTS


@dataclass(frozen=True)
class Made:
    """One output column of a query; `computed` numbers come of arithmetic over many rows."""

    column: FeatureColumn
    empty: float | None
    is_number: bool
    computed: bool = False


@dataclass(frozen=True)
class Compiled:
    """A query that gives `_row` and one column per `made`; rows of the spine without events are absent."""

    source: str
    query: exp.Select
    made: tuple[Made, ...]

    @property
    def sql(self) -> str:
        """The query as DuckDB reads it, laid out for a reader."""
        return self.query.sql(dialect=DIALECTS["duckdb"], pretty=True)


def compile_rows(engine: Engine, features: Iterable[RowsFeature]) -> Compiled:
    """One query for all features over one source table. Raises DefinitionError for columns or types that do not fit."""
    chosen = list(features)
    table = engine.tables.usable(chosen[0].source, chosen[0].place)
    spine = engine.columns(SPINE)
    hops: dict[str, exp.Expr] = {}
    events = Events(table, lambda where: resolver(engine, table, hops, where))
    values: dict[str, str] = {}
    for feature in chosen:
        if feature.value is not None:
            values[feature.name] = events.name(feature.value, "v", feature.place)
        if feature.where is not None:
            events.name(feature.where, "w", feature.place)
    types = engine.describe(_read(engine, events, hops))
    said, strange = _worded(engine, events, hops, chosen, values, types)
    for short in set(values.values()):
        events.computed[short] = clean_value(events.computed[short], types[short])
    types |= dict.fromkeys(said.values(), "DOUBLE")
    chosen_windows = [w for f in chosen for w in f.windows]
    moments = Moments.of(engine)
    spans = _spans(engine, table, chosen, chosen_windows)
    pairs, keeps = _pairs(engine, events, chosen, spine, moments)
    made: list[Made] = []
    grouping = Grouping()
    for feature in chosen:
        for aggregate in feature.aggregate:
            short = values.get(feature.name)
            if aggregate.needs == "number":
                short = said.get(short or "", short)
            number = short is not None and is_number(types[short])
            _fits(feature, aggregate, table, types.get(short or "", ""), number, strange.get(short or "", ""))
            for window in feature.windows:
                output = feature.column(aggregate, window)
                computed = aggregate.gives == "number"
                made.append(Made(output, aggregate.empty, computed or number, computed))
                rows = _rows(feature, aggregate, short, window)
                if spans is not None and spans.takes(feature, aggregate, rows):
                    where = _event_condition(feature, aggregate, short, events)
                    spans.add(output.name, aggregate, replace(rows, keep=where), window)
                else:
                    keep = _keep(feature, aggregate, window, short, keeps)
                    grouping.add(output.name, aggregate, replace(rows, keep=keep))
    steps: list[tuple[str, exp.Select]] = [
        ("framed", _framed(engine, table, chosen)),
        ("events", _within_reach(_read(engine, events, hops), table, chosen_windows, moments)),
    ]
    query: exp.Select | None = None
    if grouping.names:
        query, after = grouping.finish()
        steps += [("pairs", pairs), *after]
    if spans is not None and spans.names:
        steps += spans.steps()
        query = spans.joined(query, steps, grouping.names)
    if query is None:
        raise TypeError("a query without columns")
    shared = shared_match(engine, table, chosen)
    if shared:
        answered, query = query, spread(shared, [m.column.name for m in made])
        steps = [("asked", asked(shared)), *steps, ("answered", answered)]
    for name, step in steps:
        # in place: a copy of a tree of a thousand columns costs a tenth of a second each time
        query = query.with_(name, as_=step, materialized=True if name in STORED else None, copy=False)
    return Compiled(table.name, query, tuple(made))


def _spans(
    engine: Engine, table: Table, features: list[RowsFeature], windows: list[Window]
) -> SpanGrouping | None:
    """The spans of the frame's calendar, if some feature can be made of them."""
    alone = [f for f in features if not f.match and f.via is None]
    found = calendar(engine, table, windows) if alone else None
    return SpanGrouping(engine, table, found) if found is not None else None


def _rows(feature: RowsFeature, aggregate: Aggregation, short: str | None, window: Window) -> Rows:
    end = column("cutoff") if window.near is None else column(edge(window.near))
    value = column(short) if short is not None else exp.Literal.number(1)
    return Rows(value, column("at"), column("cutoff"), end, None, feature.half_life.days)


def compile_attributes(engine: Engine, table_name: str, features: Iterable[EntityAttribute]) -> Compiled:
    """One query for all attributes taken from a table with one row per entity; sensitive columns are refused."""
    chosen = list(features)
    table = engine.tables.usable(table_name, chosen[0].place)
    entity = engine.tables.entity
    offered = engine.columns(table_name)
    if entity not in offered or table.event_time is not None or (table.unique and table.unique != (entity,)):
        raise DefinitionError(
            "WB-F09",
            f"{chosen[0].place}: table '{table_name}' does not have one row per {entity}.",
            "Aggregate it with `from:` instead.",
        )
    made, selected = [], []
    for feature in chosen:
        source_column = known_column(table, feature.column_name, offered, feature.place)
        selected.append(
            exp.alias_(
                clean_value(column(source_column, "t"), offered[source_column]), feature.name, quoted=True
            )
        )
        made.append(Made(feature.columns()[0], None, is_number(offered[source_column])))
    on = same_key(column(entity, "t"), offered[entity], column(entity, "s"), engine.columns(SPINE)[entity])
    query = (
        exp.select(column(ROW, "s"), *selected)
        .from_(aliased(SPINE, "s"))
        .join(aliased(table_name, "t"), on=on)
    )
    return Compiled(table_name, query, tuple(made))


def compile_row_values(engine: Engine, row_table: str, features: Iterable[RowAttribute]) -> Compiled:
    """One query for values of the frame row itself (the contact's campaign type, its planned length)."""
    table = engine.tables.usable(row_table, "row")
    hops: dict[str, exp.Expr] = {}
    resolve = resolver(engine, table, hops, "row", alias="s", offered=engine.columns(SPINE))
    chosen = list(features)
    built = {f.name: checked(f.row, resolve, f.place) for f in chosen}
    base = with_hops(exp.select().from_(aliased(SPINE, "s")), hops)
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


def _fits(
    feature: RowsFeature, aggregate: Aggregation, table: Table, sql_type: str, number: bool, strange: str
) -> None:
    if aggregate.needs == "number" and not number:
        raise DefinitionError(
            "WB-F06",
            f"{feature.place}: '{aggregate.name}' needs numbers, and '{feature.value}' is {sql_type.lower()}.",
            "Use distinct, mode, first, last, entropy or top_share for texts."
            + (f" Words for yes and no count as 1 and 0, but '{strange}' is neither." if strange else ""),
        )
    if aggregate.needs == "text" and (number or sql_type.startswith(("TIMESTAMP", "DATE"))):
        raise DefinitionError(
            "WB-F30",
            f"{feature.place}: its levels are texts, and '{feature.value}' is {sql_type.lower()}.",
            "Write numbers without quotes: levels: [1, 2].",
        )
    if table.event_time is None and (aggregate.timed or any(w.far is not None for w in feature.windows)):
        raise DefinitionError(
            "WB-F12",
            f"{feature.place}: table '{table.name}' has no `event_time:`, so it has no windows and no '{aggregate.name}' over time.",
            "Use windows: [all] and an aggregation without time.",
        )


def _worded(
    engine: Engine,
    events: Events,
    hops: dict[str, exp.Expr],
    features: list[RowsFeature],
    values: dict[str, str],
    types: dict[str, str],
) -> tuple[dict[str, str], dict[str, str]]:
    """For values that are texts where an aggregation needs numbers: the name of a further value that is 1 where the
    text says yes and 0 where it says no, or a text that says neither."""
    wanted = {values[f.name] for f in features if any(a.needs == "number" for a in f.aggregate)}
    said, strange = {}, {}
    for short in sorted(s for s in wanted if types[s].startswith("VARCHAR")):
        other = strange_word(engine, sub(_read(engine, events, hops), "e"), column(short, "e"))
        if other is None:
            said[short] = f"{short} yes"
            events.computed[said[short]] = yes_no.as_number(events.computed[short])
        else:
            strange[short] = other
    return said, strange


def _framed(engine: Engine, table: Table, features: list[RowsFeature]) -> exp.Select:
    """The frame's rows with the edges of their windows, computed once per row and not once per event."""
    source = SPINE if engine.tables.entity in engine.columns(table.name) else "asked"
    query = exp.select(exp.Column(this=exp.Star(), table=ident("s"))).from_(aliased(source, "s"))
    reach = [d for f in features for w in f.windows for d in (w.far, w.near) if d is not None]
    cutoff = column(CUTOFF_AT, "s")
    return query.select(
        *(exp.alias_(d.before_sql(cutoff), edge(d), quoted=True) for d in dict.fromkeys(reach))
    )


def _read(engine: Engine, events: Events, hops: dict[str, exp.Expr]) -> exp.Select:
    """The source's rows with the values and conditions that its features name."""
    query = exp.select().from_(aliased(events.table.name, "t"))
    entity = engine.tables.entity
    if entity in engine.columns(events.table.name):
        query = query.select(exp.alias_(column(entity, "t"), "k", quoted=True))
    if events.table.event_time is not None:
        query = query.select(column(AT, "t"), column(KNOWN, "t"))
    query = query.select(
        *(exp.alias_(e.copy(), n, quoted=True) for n, e in events.computed.items()), copy=False
    )
    return with_hops(query, hops)


def _within_reach(query: exp.Select, table: Table, windows: list[Window], moments: Moments) -> exp.Select:
    """Without what lies outside of all windows of all rows."""
    if table.event_time is None:
        return query
    query = query.where(exp.LT(this=column(AT, "t"), expression=moments.last()))
    far = [w.far for w in windows if w.far is not None]
    if len(far) < len(windows):
        return query
    return query.where(exp.GTE(this=column(AT, "t"), expression=moments.first(far)))


def _pairs(
    engine: Engine,
    events: Events,
    features: list[RowsFeature],
    spine: dict[str, str],
    moments: Moments,
) -> tuple[exp.Select, dict[tuple[str, str], exp.Expr]]:
    """The `pairs` step, and the condition column of every (kind, text) that a feature may ask for."""
    table = events.table
    timed = table.event_time is not None
    own, entity = engine.columns(table.name), engine.tables.entity
    has_entity = entity in own
    keeps: dict[tuple[str, str], exp.Expr] = {}
    cutoff = moments.cutoff("s")
    query = exp.select(column(ROW, "s"), exp.alias_(cutoff, "cutoff", quoted=True))
    query = query.from_(aliased("framed", "s"))
    conditions: list[exp.Expr] = []
    if has_entity:
        conditions.append(same_key(column("k", "e"), own[entity], column(entity, "s"), spine[entity]))
    if timed:
        conditions.append(exp.LT(this=column(KNOWN, "e"), expression=cutoff.copy()))
        # known first implies happened first, unless a row was known early: then it still has not happened
        conditions.append(exp.LT(this=column(AT, "e"), expression=cutoff.copy()))
        reach = [w.far for f in features for w in f.windows]
        if all(r is not None for r in reach):
            earliest = moments.earliest([r for r in reach if r is not None], "s")
            conditions.append(exp.GTE(this=column(AT, "e"), expression=earliest))
    matches: dict[tuple[str, ...], exp.Expr] = {}
    joins: list[tuple[exp.Expr, exp.Expr]] = []
    for feature in features:
        if feature.via is not None and ("via", via_key(feature)) not in keeps:
            alias = f"via{len(joins) + 1}"
            joins.append(via_join(engine, events, feature, spine, alias))
            keeps["via", via_key(feature)] = exp.not_(
                exp.Is(this=column("hit", alias), expression=exp.Null())
            )
        elif feature.via is None and feature.match:
            where = f"{feature.place}, match"
            for name in feature.match:
                expect_shared(table, name, own, spine, where)
            matches[feature.match] = exp.and_(
                *(
                    same_key(column(events.own(n, where), "e"), own[n], column(n, "s"), spine[n])
                    for n in feature.match
                )
            )
    if not has_entity:
        conditions.append(next(iter(matches.values())))
        matches = {}
    query = query.join(aliased("events", "e"), on=exp.and_(*conditions))
    for subquery, on in joins:
        query = query.join(subquery, on=on, join_type="left")
    query = query.select(*(column(n, "e") for n in events.computed if not n.startswith("c_")), copy=False)
    if timed:
        query = query.select(exp.alias_(column(AT, "e"), "at", quoted=True))
    for key, condition in [(("match", ",".join(m)), c) for m, c in matches.items()] + [
        (k, c) for k, c in keeps.items() if k[0] == "via"
    ]:
        query = _conditional(query, keeps, key, condition)
    ends = dict.fromkeys(w.near for f in features for w in f.windows if w.near is not None)
    query = query.select(*(exp.alias_(moments.edge(n, "s"), edge(n), quoted=True) for n in ends))
    for window in dict.fromkeys(w for f in features for w in f.windows):
        inside = window.condition(column(AT, "e"), lambda d: moments.edge(d, "s"))
        if inside is not None:
            query = _conditional(query, keeps, ("window", str(window)), inside)
    for feature in features:
        if feature.where is not None:
            keeps["where", feature.where] = column(events.name(feature.where, "w", feature.name))
    return query, keeps


def _conditional(
    query: exp.Select,
    keeps: dict[tuple[str, str], exp.Expr],
    key: tuple[str, str],
    condition: exp.Expr,
) -> exp.Select:
    name = f"{key[0]} {key[1]}"
    keeps[key] = column(name)
    return query.select(exp.alias_(condition, name, quoted=True), copy=False)


def _keep(
    feature: RowsFeature,
    aggregate: Aggregation,
    window: Window,
    short: str | None,
    keeps: dict[tuple[str, str], exp.Expr],
) -> exp.Expr | None:
    wanted = [("window", str(window)), ("where", feature.where or "")]
    if feature.via is not None:
        wanted.append(("via", via_key(feature)))
    elif feature.match:
        wanted.append(("match", ",".join(feature.match)))
    parts = [keeps[w].copy() for w in wanted if w in keeps]
    return exp.and_(*parts, *_present(aggregate, short)) if parts or _present(aggregate, short) else None


def _event_condition(
    feature: RowsFeature, aggregate: Aggregation, short: str | None, events: Events
) -> exp.Expr | None:
    """The conditions on an event itself, without its window."""
    parts = _present(aggregate, short)
    if feature.where is not None:
        parts = [column(events.name(feature.where, "w", feature.name)), *parts]
    return exp.and_(*parts) if parts else None


def _present(aggregate: Aggregation, short: str | None) -> list[exp.Expr]:
    """The engine's own aggregates skip missing values; those over times must be told to."""
    if short is None or not (aggregate.timed or aggregate.gives == "value"):
        return []
    return [exp.not_(exp.Is(this=column(short), expression=exp.Null()))]
