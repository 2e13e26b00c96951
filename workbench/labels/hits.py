"""Which candidates meet a condition, asked of the engine."""

from __future__ import annotations

import pandas as pd
from sqlglot import exp

from workbench.errors import DefinitionError
from workbench.features.columns import CUTOFF_AT, ROW, aliased, known_column, resolver, with_hops
from workbench.labels.conditions import Condition
from workbench.labels.windows import BEGIN, END
from workbench.tables.engine import AT, KNOWN, Engine, column
from workbench.tables.expression import checked
from workbench.tables.kinds import same_key

CANDIDATES = "_candidates"


def meets_before(
    engine: Engine, condition: Condition, rows: pd.DataFrame, where: str, *, known: bool
) -> pd.Series:
    """True for candidates whose past meets the condition.

    Who was eligible is part of the truth about a labelled row, so there the past is what *happened* before the cutoff
    (a first purchase on the eve, reported late, is still the first); who is scored is decided by what was `known`."""
    at, cutoff = column(AT, "t"), column(CUTOFF_AT, "s")
    span: list[exp.Expr] = [exp.LT(this=at, expression=cutoff)]
    if known:
        span.append(exp.LT(this=column(KNOWN, "t"), expression=cutoff.copy()))
    if condition.within is not None:
        span.append(exp.GTE(this=at.copy(), expression=condition.within.before_sql(cutoff)))
    return _meets(engine, condition, rows, span, where, carried=())


def meets_after(engine: Engine, condition: Condition, rows: pd.DataFrame, where: str) -> pd.Series:
    """True for candidates whose outcome window (`_begin` to before `_end`) meets the condition."""
    return _meets(engine, condition, rows, _in_window(), where, carried=(BEGIN, END))


def first_hits(engine: Engine, condition: Condition, rows: pd.DataFrame, where: str) -> pd.DataFrame:
    """`_row` and `_at` of the event that fulfils the condition (the n-th for `at_least: n`), where there is one."""
    query = _joined(engine, condition, rows, _in_window(), where, carried=(BEGIN, END))
    ranked = query.select(
        column(ROW, "s"),
        column(AT, "t"),
        exp.alias_(
            exp.Window(
                this=exp.RowNumber(),
                partition_by=[column(ROW, "s")],
                order=exp.Order(expressions=[exp.Ordered(this=column(AT, "t"))]),
            ),
            "_nth",
            quoted=True,
        ),
    )
    nth = exp.EQ(this=column("_nth"), expression=exp.Literal.number(condition.at_least))
    return engine.frame(
        exp.select(column(ROW), column(AT)).from_(ranked.subquery("ranked", copy=False)).where(nth)
    )


def _in_window() -> list[exp.Expr]:
    at = column(AT, "t")
    return [
        exp.GTE(this=at, expression=column(BEGIN, "s")),
        exp.LT(this=at.copy(), expression=column(END, "s")),
    ]


def _meets(
    engine: Engine,
    condition: Condition,
    rows: pd.DataFrame,
    span: list[exp.Expr],
    where: str,
    *,
    carried: tuple[str, ...],
) -> pd.Series:
    query = _joined(engine, condition, rows, span, where, carried=carried).select(column(ROW, "s"))
    if condition.at_least == 1:
        query = query.distinct()
    else:
        enough = exp.GTE(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(condition.at_least))
        query = query.group_by(column(ROW, "s")).having(enough)
    return rows[ROW].isin(engine.frame(query)[ROW]) == condition.wants_any


def _joined(
    engine: Engine,
    condition: Condition,
    rows: pd.DataFrame,
    span: list[exp.Expr],
    where: str,
    *,
    carried: tuple[str, ...],
) -> exp.Select:
    """Candidates `s` beside the table's rows `t` in the span that satisfy `where`, nothing selected yet."""
    table = engine.tables.usable(condition.table, where)
    expect_columns(rows, condition.match, where)
    entity = engine.tables.entity
    engine.put(CANDIDATES, rows[list(dict.fromkeys([ROW, CUTOFF_AT, entity, *condition.match, *carried]))])
    offered, asked = engine.columns(condition.table), engine.columns(CANDIDATES)
    on: list[exp.Expr] = []
    for name in dict.fromkeys((entity, *condition.match)):
        known_column(table, name, offered, where)
        on.append(same_key(column(name, "t"), offered[name], column(name, "s"), asked[name]))
    hops: dict[str, exp.Expr] = {}
    query = (
        exp.select()
        .from_(aliased(CANDIDATES, "s"))
        .join(aliased(condition.table, "t"), on=exp.and_(*on, *span))
    )
    if condition.where is None:
        return query
    chosen = checked(condition.where, resolver(engine, table, hops, where), where, condition=True)
    return with_hops(query, hops).where(chosen)


def expect_columns(rows: pd.DataFrame, match: tuple[str, ...], where: str) -> None:
    for name in match:
        if name not in rows:
            raise DefinitionError(
                "WB-F01",
                f"{where}: the label's rows have no column '{name}' to match.",
                f"Known: {', '.join(c for c in rows if not c.startswith('_'))}.",
            )
