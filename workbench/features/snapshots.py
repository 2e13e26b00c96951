"""Values of an entity as they were known at the cutoff, from a table that holds one row per entity and change.

Of the rows that had begun and were known strictly before the cutoff, the one that began last counts. Where two began at
the same moment, the one known later does (it corrects the other); where these are equal too, the greater values do, so
that every engine and every order of rows gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from workbench.errors import DefinitionError
from workbench.features.columns import (
    CUTOFF_AT,
    ROW,
    SPINE,
    aliased,
    clean_value,
    is_number,
    known_column,
)
from workbench.features.compile import Compiled, Made
from workbench.features.definition import EntityAttribute
from workbench.tables.engine import AT, KNOWN, Engine, column
from workbench.tables.kinds import same_key
from workbench.tables.words import Bytewise

_NEWEST = "_newest"


def compile_snapshots(engine: Engine, table_name: str, features: Iterable[EntityAttribute]) -> Compiled:
    """One query for all attributes taken from a snapshot table. Raises WB-F09 where it lacks the entity."""
    chosen = list(features)
    table = engine.tables.usable(table_name, chosen[0].place)
    entity = engine.tables.entity
    offered = engine.columns(table_name)
    if entity not in offered:
        raise DefinitionError(
            "WB-F09",
            f"{chosen[0].place}: the snapshots of '{table_name}' have no column {entity}.",
            f"Take attributes from a table with {entity}, or aggregate with `from:`.",
        )
    made, values = [], []
    for feature in chosen:
        name = known_column(table, feature.column_name, offered, feature.place)
        values.append(exp.alias_(clean_value(column(name, "t"), offered[name]), feature.name, quoted=True))
        made.append(Made(feature.columns()[0], None, is_number(offered[name])))
    order: list[exp.Expr] = [column(AT, "t"), column(KNOWN, "t")]
    for name in sorted(c for c in offered if c != entity):
        text = offered[name].upper().startswith(("VARCHAR", "TEXT"))
        order.append(Bytewise(this=column(name, "t")) if text else column(name, "t"))
    newest = exp.Window(
        this=exp.RowNumber(),
        partition_by=[column(ROW, "s")],
        order=exp.Order(expressions=[exp.Ordered(this=c, desc=True, nulls_first=False) for c in order]),
    )
    on = exp.and_(
        same_key(column(entity, "t"), offered[entity], column(entity, "s"), engine.columns(SPINE)[entity]),
        exp.LT(this=column(AT, "t"), expression=column(CUTOFF_AT, "s")),
        exp.LT(this=column(KNOWN, "t"), expression=column(CUTOFF_AT, "s")),
    )
    ranked = (
        exp.select(column(ROW, "s"), *values, exp.alias_(newest, _NEWEST, quoted=True))
        .from_(aliased(SPINE, "s"))
        .join(aliased(table_name, "t"), on=on)
    )
    first = exp.EQ(this=column(_NEWEST), expression=exp.Literal.number(1))
    query = (
        exp.select(column(ROW), *(column(f.name) for f in chosen))
        .from_("ranked")
        .where(first)
        .with_("ranked", as_=ranked)
    )
    return Compiled(table_name, query, tuple(made))
