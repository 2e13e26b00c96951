"""Loans by their instalments: days past due are counted day by day, the oldest unpaid instalment deciding."""

from __future__ import annotations

import pandas as pd
from sqlglot import exp

from workbench.features.columns import CUTOFF_AT, ROW, aliased
from workbench.labels.loan_rows import (
    DAYS,
    EVE,
    FIRST_DAY,
    LAST_DAY,
    PAID_BEFORE,
    beside_loans,
    chosen_rows,
    day,
    number,
    one_if,
    unless_small,
    worst,
)
from workbench.labels.overdue import CountedDays, Overdue
from workbench.labels.statuses import any_flag, flags
from workbench.labels.windows import BEGIN, END
from workbench.tables.durations import Duration
from workbench.tables.engine import AT, KNOWN, Engine, column
from workbench.tables.expression import date_difference


def standing_query(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    """Per candidate how it stood on the last whole day before the cutoff, a payment counting once it could be known."""
    paid = column(_rule(outcome).paid, "t")
    in_time = exp.LT(
        this=exp.Cast(this=paid, to=exp.DataType.build("timestamp")), expression=column(PAID_BEFORE, "s")
    )
    known_paid = exp.Case(ifs=[exp.If(this=in_time, true=day(paid))])
    span = [exp.LT(this=column(KNOWN, "t"), expression=column(CUTOFF_AT, "s"))]
    on_eve = beside_loans(engine, outcome, rows, span, where).select(
        column(ROW, "s"),
        exp.alias_(days_on(engine, outcome, day(column(EVE, "s")), paid=known_paid), DAYS, quoted=True),
        *(exp.alias_(f, n, quoted=True) for n, f in flags(outcome).items()),
    )
    return (
        exp.select(
            column(ROW),
            worst(column(DAYS), "days"),
            exp.alias_(any_flag(outcome, "bad", worst=True), "bad", quoted=True),
        )
        .from_(on_eve.subquery("on_eve", copy=False))
        .group_by(column(ROW))
    )


def window_query(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    """Per candidate what its instalments show: how many are open in the window, the most days, bad or not, statuses."""
    rule = _rule(outcome)
    due, paid = day(column(rule.due, "t")), day(column(rule.paid, "t"))
    first, last = day(column(FIRST_DAY, "s")), day(column(LAST_DAY, "s"))
    span = [exp.LTE(this=due, expression=last), exp.Paren(this=_open_from(first, due=due, paid=paid))]
    if outcome.at_month is not None:
        days = days_on(engine, outcome, last, paid=paid)
    else:
        days = _days_until(engine, outcome, first, last, paid=paid)
    reached = exp.GTE(this=days, expression=number(outcome.bad))
    stays: exp.Expr = reached
    if outcome.ignore_cured_within is not None:
        in_all = _plus(date_difference(paid.copy(), due.copy()), rule.first)
        forgiven = outcome.bad + round(outcome.ignore_cured_within.days)
        soon = exp.and_(
            exp.not_(exp.Is(this=paid.copy(), expression=exp.Null())),
            exp.LTE(this=in_all, expression=number(forgiven)),
        )
        stays = exp.and_(reached.copy(), exp.not_(exp.Paren(this=soon)))
    in_window = exp.and_(
        exp.GTE(this=column(AT, "t"), expression=column(BEGIN, "s")),
        exp.LT(this=column(AT, "t"), expression=column(END, "s")),
    )
    return (
        beside_loans(engine, outcome, rows, span, where)
        .select(
            column(ROW, "s"),
            exp.alias_(exp.Count(this=exp.Star()), "statements", quoted=True),
            worst(days, "worst"),
            worst(one_if(reached.copy()), "bad_days"),
            worst(one_if(stays.copy()), "bad"),
            *(worst(f, n) for n, f in flags(outcome, only=in_window).items()),
        )
        .group_by(column(ROW, "s"))
    )


def first_bad_query(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    """`_row` and `_at` of the first day of the window on which an instalment of the candidate is bad."""
    rule = _rule(outcome)
    due, paid = column(rule.due, "t"), day(column(rule.paid, "t"))
    turns = day(exp.Add(this=_moment(day(due)), expression=Duration(outcome.bad - rule.first).interval()))
    first, last = day(column(FIRST_DAY, "s")), day(column(LAST_DAY, "s"))
    before = exp.LT(this=turns, expression=first)
    since = exp.Case(ifs=[exp.If(this=before, true=first.copy())], default=turns.copy())
    unpaid = exp.or_(
        exp.Is(this=paid, expression=exp.Null()), exp.GTE(this=paid.copy(), expression=since.copy())
    )
    span = [
        exp.LTE(this=turns.copy(), expression=last),
        exp.GTE(this=unless_small(engine, outcome, number(outcome.bad)), expression=number(outcome.bad)),
        exp.Paren(this=unpaid),
    ]
    return (
        beside_loans(engine, outcome, rows, span, where)
        .select(column(ROW, "s"), exp.alias_(exp.Min(this=_moment(since)), AT, quoted=True))
        .group_by(column(ROW, "s"))
    )


def states_query(engine: Engine, outcome: Overdue, where: str) -> exp.Select:
    """The state of every loan on each day of which the table speaks: loan columns, `_at`, `_days`, status flags."""
    moments = (
        exp.select(*(column(c, "a") for c in outcome.loan), column(AT, "a"))
        .distinct()
        .from_(aliased(outcome.table, "a"))
    )
    same = [exp.EQ(this=column(c, "t"), expression=column(c, "m")) for c in outcome.loan]
    query = (
        exp.select()
        .from_(aliased(outcome.table, "t"))
        .join(moments.subquery("m", copy=False), on=exp.and_(*same))
    )
    by = [*(column(c, "m") for c in outcome.loan), column(AT, "m")]
    days = days_on(engine, outcome, day(column(AT, "m")), paid=day(column(_rule(outcome).paid, "t")))
    own = exp.EQ(this=column(AT, "t"), expression=column(AT, "m"))
    return (
        chosen_rows(engine, outcome, query, where)
        .select(*by, worst(days, DAYS), *(worst(f, n) for n, f in flags(outcome, only=own).items()))
        .group_by(*(b.copy() for b in by))
    )


def days_on(engine: Engine, outcome: Overdue, on: exp.Expr, *, paid: exp.Expr) -> exp.Expr:
    """Days past due of an instalment on one day; 0 where it is not due yet, or was paid before."""
    due = day(column(_rule(outcome).due, "t"))
    unpaid = exp.or_(
        exp.Is(this=paid.copy(), expression=exp.Null()), exp.GTE(this=paid.copy(), expression=on.copy())
    )
    return _late_days(
        engine, outcome, exp.and_(exp.LT(this=due, expression=on.copy()), exp.Paren(this=unpaid)), on
    )


def _days_until(
    engine: Engine, outcome: Overdue, first: exp.Expr, last: exp.Expr, *, paid: exp.Expr
) -> exp.Expr:
    """The most days past due that an instalment reaches on the days from `first` to `last`."""
    due = day(column(_rule(outcome).due, "t"))
    still = exp.or_(
        exp.Is(this=paid.copy(), expression=exp.Null()), exp.GT(this=paid.copy(), expression=last.copy())
    )
    stop = exp.Case(ifs=[exp.If(this=still, true=last.copy())], default=paid.copy())
    late = exp.and_(exp.GT(this=stop, expression=due), exp.GTE(this=stop.copy(), expression=first.copy()))
    return _late_days(engine, outcome, late, stop)


def _late_days(engine: Engine, outcome: Overdue, late: exp.Expr, on: exp.Expr) -> exp.Expr:
    rule = _rule(outcome)
    span = _plus(date_difference(on.copy(), column(rule.due, "t")), rule.first)
    return unless_small(engine, outcome, exp.Case(ifs=[exp.If(this=late, true=span)], default=number(0)))


def _open_from(first: exp.Expr, *, due: exp.Expr, paid: exp.Expr) -> exp.Expr:
    return exp.or_(
        exp.GTE(this=due.copy(), expression=first.copy()),
        exp.Is(this=paid.copy(), expression=exp.Null()),
        exp.GTE(this=paid.copy(), expression=first.copy()),
    )


def _rule(outcome: Overdue) -> CountedDays:
    if not isinstance(outcome.days, CountedDays):
        raise TypeError("the days past due are a column, not counted")
    return outcome.days


def _plus(value: exp.Expr, more: int) -> exp.Expr:
    return exp.Add(this=value, expression=number(more)) if more else value


def _moment(value: exp.Expr) -> exp.Cast:
    return exp.Cast(this=value.copy(), to=exp.DataType.build("timestamp"))
