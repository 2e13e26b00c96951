"""Loans by their statements: a column says how many days past due a loan is at the statement's moment."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from sqlglot import exp

from workbench.features.columns import CUTOFF_AT, ROW, aliased
from workbench.labels.loan_rows import (
    DAYS,
    SEEN_UNTIL,
    beside_loans,
    chosen_rows,
    number,
    number_in,
    one_if,
    unless_small,
    worst,
)
from workbench.labels.overdue import Overdue
from workbench.labels.statuses import any_flag, flags
from workbench.labels.windows import BEGIN, END
from workbench.tables.engine import AT, KNOWN, Engine, column


def standing_query(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    """Per candidate the worst of its loans' latest states that were known at the cutoff."""
    cutoff = column(CUTOFF_AT, "s")
    span = [
        exp.LT(this=column(AT, "t"), expression=cutoff),
        exp.LT(this=column(KNOWN, "t"), expression=cutoff.copy()),
    ]
    state = _state(engine, outcome, rows, span, where)
    ranked = exp.select("*", exp.alias_(_newest(outcome), "_nth", quoted=True)).from_(
        state.subquery("state", copy=False)
    )
    return (
        exp.select(
            column(ROW),
            worst(column(DAYS), "days"),
            exp.alias_(any_flag(outcome, "bad", worst=True), "bad", quoted=True),
        )
        .from_(ranked.subquery("ranked", copy=False))
        .where(exp.EQ(this=column("_nth"), expression=number(1)))
        .group_by(column(ROW))
    )


def window_query(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    """Per candidate what its statements in the window show: how many, the worst days, bad or not, each status."""
    inside = exp.LT(this=column(AT), expression=column(END))
    marks = [exp.alias_(_newest(outcome, first=inside), "_nth", quoted=True)]
    if outcome.ignore_cured_within is not None:
        marks.append(exp.alias_(_next_current(outcome), "_cured", quoted=True))
    state = _state(engine, outcome, rows, _in_window(SEEN_UNTIL), where)
    marked = exp.select("*", *marks).from_(state.subquery("state", copy=False))
    chosen: list[exp.Expr] = [inside.copy()]
    if outcome.at_month is not None:
        chosen.append(exp.EQ(this=column("_nth"), expression=number(1)))
    reached = exp.GTE(this=column(DAYS), expression=number(outcome.bad))
    return (
        exp.select(
            column(ROW),
            exp.alias_(exp.Count(this=exp.Star()), "statements", quoted=True),
            worst(column(DAYS), "worst"),
            worst(one_if(reached), "bad_days"),
            worst(one_if(_stays(outcome, reached)), "bad"),
            *(worst(column(name), name) for name in flags(outcome)),
        )
        .from_(marked.subquery("marked", copy=False))
        .where(*chosen)
        .group_by(column(ROW))
    )


def first_bad_query(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    """`_row` and `_at` of each candidate's first bad statement in the window, cured later or not."""
    state = _state(engine, outcome, rows, _in_window(END), where)
    bad = exp.or_(
        exp.GTE(this=column(DAYS), expression=number(outcome.bad)),
        exp.GT(this=any_flag(outcome, "bad", worst=False), expression=number(0)),
    )
    return (
        exp.select(column(ROW), exp.alias_(exp.Min(this=column(AT)), AT, quoted=True))
        .from_(state.subquery("state", copy=False))
        .where(bad)
        .group_by(column(ROW))
    )


def states_query(engine: Engine, outcome: Overdue, where: str) -> exp.Select:
    """Every state of the table: loan columns, `_at`, `_days` and a flag per status rule."""
    by = [*(column(c, "t") for c in outcome.loan), column(AT, "t")]
    query = chosen_rows(engine, outcome, exp.select().from_(aliased(outcome.table, "t")), where)
    return query.select(
        *by, worst(_days(engine, outcome), DAYS), *(worst(f, n) for n, f in flags(outcome).items())
    ).group_by(*(b.copy() for b in by))


def _state(
    engine: Engine, outcome: Overdue, rows: pd.DataFrame, span: Sequence[exp.Expr], where: str
) -> exp.Select:
    """One state per candidate, loan and moment: of two statements at one moment the worse counts."""
    query = beside_loans(engine, outcome, rows, span, where)
    by = [column(ROW, "s"), column(END, "s"), *(column(c, "t") for c in outcome.loan), column(AT, "t")]
    return query.select(
        *by, worst(_days(engine, outcome), DAYS), *(worst(f, n) for n, f in flags(outcome).items())
    ).group_by(*(b.copy() for b in by))


def _in_window(end: str) -> list[exp.Expr]:
    return [
        exp.GTE(this=column(AT, "t"), expression=column(BEGIN, "s")),
        exp.LT(this=column(AT, "t"), expression=column(end, "s")),
    ]


def _days(engine: Engine, outcome: Overdue) -> exp.Expr:
    stated = exp.Coalesce(this=number_in(engine, outcome, str(outcome.days)), expressions=[number(0)])
    return unless_small(engine, outcome, stated)


def _stays(outcome: Overdue, reached: exp.Expr) -> exp.Expr:
    """Bad, and not current again soon enough to be forgiven."""
    if outcome.ignore_cured_within is None:
        return reached.copy()
    latest = exp.Add(this=column(AT), expression=outcome.ignore_cured_within.interval())
    not_cured = exp.or_(
        exp.Is(this=column("_cured"), expression=exp.Null()),
        exp.GT(this=column("_cured"), expression=latest),
    )
    return exp.and_(reached.copy(), not_cured)


def _newest(outcome: Overdue, first: exp.Expr | None = None) -> exp.Window:
    """1 for the latest state of each candidate's loan (of those for which `first` holds, if there is one)."""
    order: list[exp.Expr] = [exp.Ordered(this=column(AT), desc=True)]
    if first is not None:
        order.insert(0, exp.Ordered(this=one_if(first.copy()), desc=True))
    return exp.Window(
        this=exp.RowNumber(), partition_by=_per_loan(outcome), order=exp.Order(expressions=order)
    )


def _next_current(outcome: Overdue) -> exp.Window:
    """The next later moment at which the loan is current again."""
    current = exp.Case(ifs=[exp.If(this=exp.LT(this=column(DAYS), expression=number(1)), true=column(AT))])
    later = exp.WindowSpec(
        kind="ROWS", start=number(1), start_side="FOLLOWING", end="UNBOUNDED", end_side="FOLLOWING"
    )
    return exp.Window(
        this=exp.Min(this=current),
        partition_by=_per_loan(outcome),
        order=exp.Order(expressions=[exp.Ordered(this=column(AT))]),
        spec=later,
    )


def _per_loan(outcome: Overdue) -> list[exp.Expr]:
    return [column(ROW), *(column(c) for c in outcome.loan)]
