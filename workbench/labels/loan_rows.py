"""Candidates beside the rows of their loans, and the pieces of SQL that statements and instalments share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import pandas as pd
from sqlglot import exp

from workbench.features.columns import CUTOFF_AT, ROW, aliased, clean_value, known_column, resolver, with_hops
from workbench.labels.hits import CANDIDATES, expect_columns
from workbench.labels.overdue import Overdue
from workbench.labels.windows import BEGIN, END
from workbench.tables.engine import Engine, column
from workbench.tables.expression import checked
from workbench.tables.kinds import same_key
from workbench.tables.schema import Table

DAYS = "_days"
SEEN_UNTIL = "_seen_until"  # the window's end, and the days after it in which a cure still counts
FIRST_DAY, LAST_DAY, EVE = "_first_day", "_last_day", "_eve"
PAID_BEFORE = "_paid_before"  # a payment before this could be known at the cutoff
_TICK = timedelta(microseconds=1)


def beside_loans(
    engine: Engine, outcome: Overdue, rows: pd.DataFrame, span: Sequence[exp.Expr], where: str
) -> exp.Select:
    """Candidates `s` beside their loans' rows `t` in the span, nothing selected yet."""
    table = engine.tables.usable(outcome.table, where)
    expect_columns(rows, outcome.match, where)
    offered = engine.columns(table.name)
    keys = list(outcome.match)
    if engine.tables.entity in offered or not keys:
        keys.append(known_column(table, engine.tables.entity, offered, where))
    engine.put(CANDIDATES, _carried(rows, outcome, keys, table))
    asked = engine.columns(CANDIDATES)
    on = [
        same_key(column(k, "t"), offered[known_column(table, k, offered, where)], column(k, "s"), asked[k])
        for k in dict.fromkeys(keys)
    ]
    query = (
        exp.select().from_(aliased(CANDIDATES, "s")).join(aliased(table.name, "t"), on=exp.and_(*on, *span))
    )
    return chosen_rows(engine, outcome, query, where)


def chosen_rows(engine: Engine, outcome: Overdue, query: exp.Select, where: str) -> exp.Select:
    """The query over the loans' rows `t` with the outcome's own condition on them."""
    if outcome.where is None:
        return query
    hops: dict[str, exp.Expr] = {}
    table = engine.tables.usable(outcome.table, where)
    chosen = checked(outcome.where, resolver(engine, table, hops, where), where, condition=True)
    return with_hops(query, hops).where(chosen)


def unless_small(engine: Engine, outcome: Overdue, days: exp.Expr) -> exp.Expr:
    """The days, or 0 where the arrears are too small to count."""
    if outcome.smallest is None:
        return days
    small = exp.LT(
        this=number_in(engine, outcome, outcome.smallest.column),
        expression=exp.Literal.number(repr(outcome.smallest.least)),
    )
    return exp.Case(ifs=[exp.If(this=small, true=number(0))], default=days)


def one_if(condition: exp.Expr) -> exp.Case:
    return exp.Case(ifs=[exp.If(this=condition, true=number(1))], default=number(0))


def number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def number_in(engine: Engine, outcome: Overdue, name: str) -> exp.Expr:
    """A column of the loans' rows as a number; infinite and undefined ones are missing."""
    return clean_value(column(name, "t"), engine.columns(outcome.table)[name])


def day(value: exp.Expr) -> exp.Cast:
    return exp.Cast(this=value.copy(), to=exp.DataType.build("date"))


def worst(value: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(exp.Max(this=value.copy()), name, quoted=True)


def _carried(rows: pd.DataFrame, outcome: Overdue, keys: Iterable[str], table: Table) -> pd.DataFrame:
    spine = rows[list(dict.fromkeys([ROW, CUTOFF_AT, *keys]))].copy()
    cutoff = spine[CUTOFF_AT]
    spine[EVE] = (cutoff - _TICK).dt.normalize()
    late = {c: (table.known_after.before(c) if table.known_at is None else c) for c in cutoff.unique()}
    spine[PAID_BEFORE] = pd.to_datetime(cutoff.map(late)).astype("datetime64[us]")
    # before a window is known (scoring) only the cutoff itself is asked about
    spine[BEGIN] = rows.get(BEGIN, cutoff)
    spine[END] = rows.get(END, cutoff)
    cure = outcome.ignore_cured_within
    seen = {e: e if cure is None else cure.after(e) for e in spine[END].unique()}
    spine[SEEN_UNTIL] = pd.to_datetime(spine[END].map(seen)).astype("datetime64[us]")
    spine[FIRST_DAY] = spine[BEGIN].dt.normalize()
    spine[LAST_DAY] = (spine[END] - _TICK).dt.normalize()
    return spine
