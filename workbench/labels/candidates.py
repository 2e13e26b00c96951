"""Who is asked about, and as of when: one row per candidate, before anybody is left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
from sqlglot import exp

from workbench.errors import DataError
from workbench.features.columns import CUTOFF_AT, ROW, aliased, known_column, resolver, with_hops
from workbench.labels.definition import EachRow, LabelDefinition
from workbench.labels.hits import first_hits
from workbench.labels.windows import BEGIN, END, until_of
from workbench.tables.engine import AT, Engine, column, named
from workbench.tables.expression import checked

_STARTED = "_started"


def candidates(
    engine: Engine, label: LabelDefinition, cutoffs: Sequence[datetime], *, seen: str
) -> tuple[pd.DataFrame, tuple[str, ...], dict[str, int]]:
    """(rows with `_row` and `_cutoff` in a fixed order, key columns, counts of what could not become a row).

    `seen` is AT or KNOWN: what had happened before a shared cutoff, or what was known by then, makes a candidate."""
    if label.row is not None:
        rows, counts = _each_row(engine, label, label.row, cutoffs, seen)
        keys = label.row.key
    elif label.per_event is not None:
        rows, counts, keys = _each_event(engine, label), {}, (engine.tables.entity,)
    else:
        rows, counts, keys = _each_entity(engine, label, cutoffs, seen), {}, (engine.tables.entity,)
    return numbered(rows, keys), keys, counts


def numbered(rows: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    """In the order of cutoff and keys, counted from 0 in `_row`: the order of the source decides nothing."""
    rows = rows.sort_values([CUTOFF_AT, *keys], kind="stable", ignore_index=True)
    rows[ROW] = range(len(rows))
    return rows


def _each_row(
    engine: Engine, label: LabelDefinition, row: EachRow, cutoffs: Sequence[datetime], seen: str
) -> tuple[pd.DataFrame, dict[str, int]]:
    where = f"label '{label.name}'"
    offered = engine.columns(row.table)
    table = engine.tables.table(row.table, where)
    for name in (*row.key, *([row.cutoff] if row.cutoff else [])):
        known_column(table, name, offered, f"{where}, row")
    taken = [column(c) for c in offered if c not in table.sensitive]
    at = (
        exp.alias_(_timestamp(column(row.cutoff), offered[row.cutoff]), CUTOFF_AT, quoted=True)
        if row.cutoff
        else exp.alias_(column(seen), _STARTED, quoted=True)
    )
    rows = engine.frame(exp.select(*taken, at).from_(named(row.table)))
    usable = rows[CUTOFF_AT if row.cutoff else _STARTED].notna() & rows[list(row.key)].notna().all(axis=1)
    rows, counts = rows[usable], {"without_key_or_cutoff": int((~usable).sum())}
    _expect_one_each(rows, row, where)
    if row.cutoff is None:
        rows = rows.merge(pd.DataFrame({CUTOFF_AT: pd.to_datetime(list(cutoffs))}), how="cross")
        return rows[rows[_STARTED] < rows[CUTOFF_AT]].drop(columns=_STARTED), counts
    if row.responded is not None:
        rows = _answered(engine, label, row, rows, counts)
    return rows, counts


def _expect_one_each(rows: pd.DataFrame, row: EachRow, where: str) -> None:
    if rows.duplicated(list(row.key)).any():
        first = rows[rows.duplicated(list(row.key))].iloc[0]
        named_key = ", ".join(f"{k} {first[k]}" for k in row.key)
        raise DataError(
            "WB-L06",
            f"{where}: '{row.table}' has two rows with the key {named_key}.",
            "A frame row must be one contact: correct the rows, or the label's `key:`.",
        )


def _answered(
    engine: Engine, label: LabelDefinition, row: EachRow, rows: pd.DataFrame, counts: dict[str, int]
) -> pd.DataFrame:
    """Only rows that were answered, each as of its first answer."""
    condition = row.responded
    if condition is None or rows.empty:
        return rows
    rows = rows.reset_index(drop=True)
    rows[ROW] = range(len(rows))
    rows[BEGIN] = rows[CUTOFF_AT]
    rows[END] = pd.Timestamp.max.floor("D").as_unit("us")
    if condition.within is not None:
        rows[END] = pd.to_datetime([condition.within.after(c) for c in rows[CUTOFF_AT]])
    if condition.until is not None:
        rows[END] = pd.concat([rows[END], until_of(label, row, condition.until, rows)], axis=1).min(axis=1)
    answers = first_hits(engine, condition, rows, f"label '{label.name}', responded")
    counts["not_responded"] = len(rows) - len(answers)
    rows = rows.merge(answers, on=ROW)
    rows[CUTOFF_AT] = rows[AT]
    return rows.drop(columns=[AT, BEGIN, END])


def _each_event(engine: Engine, label: LabelDefinition) -> pd.DataFrame:
    """Each moment at which an entity has an event; two at one moment are one cutoff."""
    asked = label.per_event
    if asked is None:
        raise TypeError("the label has no `per_event:`")
    where = f"label '{label.name}', per_event"
    table = engine.tables.usable(asked.table, where)
    entity = engine.tables.entity
    known_column(table, entity, engine.columns(asked.table), where)
    hops: dict[str, exp.Expr] = {}
    chosen = [exp.not_(exp.Is(this=column(entity, "t"), expression=exp.Null()))]
    if asked.where is not None:
        chosen.append(checked(asked.where, resolver(engine, table, hops, where), where, condition=True))
    query = (
        exp.select(column(entity, "t"), exp.alias_(column(AT, "t"), CUTOFF_AT, quoted=True))
        .distinct()
        .from_(aliased(asked.table, "t"))
    )
    return engine.frame(with_hops(query, hops).where(*chosen))


def _each_entity(
    engine: Engine, label: LabelDefinition, cutoffs: Sequence[datetime], seen: str
) -> pd.DataFrame:
    """Every entity that a table had shown before the cutoff, at each cutoff."""
    table = population_table(label)
    entity = engine.tables.entity
    known_column(
        engine.tables.table(table, label.name), entity, engine.columns(table), f"label '{label.name}'"
    )
    first_known = (
        exp.select(column(entity), exp.alias_(exp.Min(this=column(seen)), _STARTED, quoted=True))
        .from_(named(table))
        .where(exp.not_(exp.Is(this=column(entity), expression=exp.Null())))
        .group_by(column(entity))
    )
    first = engine.frame(first_known)
    rows = first.merge(pd.DataFrame({CUTOFF_AT: pd.to_datetime(list(cutoffs))}), how="cross")
    return rows[rows[_STARTED] < rows[CUTOFF_AT]].drop(columns=_STARTED)


def population_table(label: LabelDefinition) -> str:
    """The table in which an entity must have shown itself: of the first eligibility that wants rows, else the outcome's."""
    wanting = [c for c in label.eligible if c.wants_any]
    return (wanting or list(label.eligible) or [label.outcome])[0].table


def _timestamp(value: exp.Expr, sql_type: str) -> exp.Expr:
    """The value as a moment, NULL where it cannot be read as one."""
    to = exp.DataType.build("timestamp")
    if sql_type.startswith(("DATE", "TIMESTAMP")):
        return exp.Cast(this=value, to=to)
    return exp.TryCast(this=exp.Cast(this=value, to=exp.DataType.build("varchar")), to=to)
