"""How far behind each candidate was at its cutoff and came within its window, asked of the statement table.

A *state* is one loan at one moment: days past due and which special status it has. Statements hold states as they
are; of instalments the days are counted, day by day, the oldest unpaid one deciding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import numpy as np
import pandas as pd
from sqlglot import exp

from workbench.errors import DataError, did_you_mean
from workbench.features.columns import (
    CUTOFF_AT,
    ROW,
    aliased,
    is_number,
    known_column,
    resolver,
    with_hops,
)
from workbench.labels.hits import CANDIDATES, expect_columns
from workbench.labels.overdue import CountedDays, Overdue, Treatment
from workbench.labels.windows import BEGIN, END
from workbench.tables.engine import AT, KNOWN, Engine, column
from workbench.tables.expression import checked, date_difference
from workbench.tables.schema import Table

CLASS = "_class"
DAYS = "_days"
NO_STATEMENT = "no_statement"
_SEEN_UNTIL = "_seen_until"  # the window's end, and the days after it in which a cure still counts
_FIRST_DAY, _LAST_DAY, _EVE, _PAID_BEFORE = "_first_day", "_last_day", "_eve", "_paid_before"
_TICK = timedelta(microseconds=1)


def standing(engine: Engine, outcome: Overdue, rows: pd.DataFrame, label: str) -> pd.DataFrame:
    """`days` (worst of the loans) and `bad` (1 by its status) of each candidate by what was known at its cutoff.

    The index is that of `rows`; whoever had no loan yet stands at 0."""
    where = f"label '{label}', outcome"
    if isinstance(outcome.days, CountedDays):
        query = _counted_standing(engine, outcome, rows, where)
    else:
        query = _stated_standing(engine, outcome, rows, where)
    found = engine.frame(query).set_index(ROW).reindex(rows[ROW])
    return found.fillna(0).set_axis(rows.index)


def classes(engine: Engine, outcome: Overdue, rows: pd.DataFrame, label: str) -> pd.Series:
    """What became of each candidate in its window: `good`, `indeterminate`, `bad`, `no_statement` (there was no loan to
    watch), or the name of the status that excludes it. The index is that of `rows`."""
    where = f"label '{label}', outcome"
    if isinstance(outcome.days, CountedDays):
        query = _counted_window(engine, outcome, rows, where)
    else:
        query = _stated_window(engine, outcome, rows, where)
    found = engine.frame(query).set_index(ROW).reindex(rows[ROW]).fillna(0).set_axis(rows.index)
    by_status = {t: _any_status(found, outcome, t) for t in ("bad", "indeterminate")}
    doubtful = by_status["indeterminate"] | (found["bad_days"] > 0)
    if outcome.indeterminate is not None:
        doubtful |= found["worst"] >= outcome.indeterminate
    excluded = [(r.name, found[_flag(r.name)] > 0) for r in _rules(outcome, "excluded")]
    choices: list[tuple[str, pd.Series]] = [
        (NO_STATEMENT, found["statements"] == 0),
        ("bad", (found["bad"] > 0) | by_status["bad"]),
        *excluded,
        ("indeterminate", doubtful),
    ]
    chosen = np.select([mask.to_numpy(dtype=bool) for _, mask in choices], [n for n, _ in choices], "good")
    return pd.Series(chosen, index=rows.index, name=CLASS)


def check_columns(engine: Engine, outcome: Overdue, where: str) -> None:
    """Every column of the statement table is there and of a usable type.

    Raises WB-F01, or WB-L14 for days that are no number and dates that are none."""
    table = engine.tables.usable(outcome.table, where)
    offered = engine.columns(table.name)
    for name in outcome.columns:
        known_column(table, name, offered, where)
    counted = isinstance(outcome.days, CountedDays)
    dates = (outcome.days.due, outcome.days.paid) if isinstance(outcome.days, CountedDays) else ()
    numbers = [] if counted else [str(outcome.days)]
    numbers += [outcome.smallest.column] if outcome.smallest else []
    for name in numbers:
        _expect_type(table, name, offered[name], "a number", is_number(offered[name]), where)
    for name in dates:
        _expect_type(
            table, name, offered[name], "a date", offered[name].startswith(("DATE", "TIMESTAMP")), where
        )


def unseen_statuses(engine: Engine, outcome: Overdue) -> tuple[list[tuple[str, str]], list[str]]:
    """([(rule, value)] of the named statuses that no statement has, the statuses that do occur)."""
    status = outcome.status
    if status is None:
        return [], []
    text = exp.Cast(this=column(status.column), to=exp.DataType.build("varchar"))
    query = (
        exp.select(exp.alias_(text, "status", quoted=True))
        .distinct()
        .from_(aliased(outcome.table, "t"))
        .where(exp.not_(exp.Is(this=text.copy(), expression=exp.Null())))
    )
    occurring = sorted(engine.frame(query)["status"])
    named = [(rule.name, value) for rule in status.rules for value in rule.values]
    return [pair for pair in named if pair[1] not in occurring], occurring


def stop_if_status_unknown(engine: Engine, outcome: Overdue, where: str) -> None:
    """Raises WB-L13 where none of the named statuses occurs: then the column or the spelling is wrong."""
    unseen, occurring = unseen_statuses(engine, outcome)
    if (
        outcome.status is not None
        and unseen
        and len(unseen) == sum(len(r.values) for r in outcome.status.rules)
    ):
        raise DataError(
            "WB-L13",
            f"{where}: {unseen_sentence(outcome, *unseen[0])}",
            unseen_hint(outcome, unseen[0], occurring),
        )


def unseen_sentence(outcome: Overdue, rule: str, value: str) -> str:
    column_name = outcome.status.column if outcome.status else ""
    return f"no row of '{outcome.table}' has the {column_name} '{value}' ({rule})."


def unseen_hint(outcome: Overdue, pair: tuple[str, str], occurring: list[str]) -> str:
    column_name = outcome.status.column if outcome.status else ""
    return f"{did_you_mean(pair[1], occurring)} Name its values: status: {{column: {column_name}, {pair[0]}: [...]}}."


def states(engine: Engine, outcome: Overdue, where: str) -> exp.Select:
    """Every state of the statement table: loan columns, `_at`, `_days` and a flag per status rule, once per moment."""
    table = engine.tables.usable(outcome.table, where)
    hops: dict[str, exp.Expr] = {}
    resolve = resolver(engine, table, hops, where)
    chosen = [checked(outcome.where, resolve, where)] if outcome.where is not None else []
    loan = [column(c, "t") for c in outcome.loan]
    if isinstance(outcome.days, CountedDays):
        at_day = _date(column(AT, "m"))
        days = _counted_on(outcome, at_day, paid=_date(column(outcome.days.paid, "t")))
        same = [exp.EQ(this=column(c, "t"), expression=column(c, "m")) for c in outcome.loan]
        moments = (
            exp.select(*(column(c) for c in outcome.loan), column(AT))
            .distinct()
            .from_(aliased(table.name, "a"))
        )
        query = (
            exp.select()
            .from_(aliased(table.name, "t"))
            .join(moments.subquery("m", copy=False), on=exp.and_(*same))
        )
        at = column(AT, "m")
        flags = _flags(outcome, only=exp.EQ(this=column(AT, "t"), expression=column(AT, "m")))
    else:
        query, at = exp.select().from_(aliased(table.name, "t")), column(AT, "t")
        days, flags = _stated_days(outcome), _flags(outcome)
    return (
        with_hops(query, hops)
        .select(
            *loan,
            exp.alias_(at, AT, quoted=True),
            exp.alias_(exp.Max(this=days), DAYS, quoted=True),
            *(exp.alias_(exp.Max(this=f), n, quoted=True) for n, f in flags.items()),
        )
        .where(*chosen)
        .group_by(*(c.copy() for c in loan), at.copy())
    )


def status_flags(outcome: Overdue, treatment: Treatment) -> tuple[str, ...]:
    """The columns of `states` that are 1 where a status has this treatment."""
    return tuple(_flag(r.name) for r in _rules(outcome, treatment))


# -- statements: a column says how many days -----------------------------------------------------------------------


def _stated_standing(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    cutoff = column(CUTOFF_AT, "s")
    span = [
        exp.LT(this=column(AT, "t"), expression=cutoff),
        exp.LT(this=column(KNOWN, "t"), expression=cutoff.copy()),
    ]
    state = _stated(engine, outcome, rows, span, where)
    newest = state.subquery("state", copy=False)
    ranked = exp.select("*", exp.alias_(_newest(outcome), "_nth", quoted=True)).from_(newest)
    flags = status_flags(outcome, "bad")
    return (
        exp.select(
            column(ROW),
            exp.alias_(exp.Max(this=column(DAYS)), "days", quoted=True),
            exp.alias_(_or_zero([exp.Max(this=column(f)) for f in flags]), "bad", quoted=True),
        )
        .from_(ranked.subquery("ranked", copy=False))
        .where(exp.EQ(this=column("_nth"), expression=_number(1)))
        .group_by(column(ROW))
    )


def _stated_window(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    span = [
        exp.GTE(this=column(AT, "t"), expression=column(BEGIN, "s")),
        exp.LT(this=column(AT, "t"), expression=column(_SEEN_UNTIL, "s")),
    ]
    state = _stated(engine, outcome, rows, span, where)
    inside = exp.LT(this=column(AT), expression=column(END))
    marks = [exp.alias_(_newest(outcome, first=inside), "_nth", quoted=True)]
    if outcome.ignore_cured_within is not None:
        marks.append(exp.alias_(_next_current(outcome), "_cured", quoted=True))
    marked = exp.select("*", *marks).from_(state.subquery("state", copy=False))
    chosen = [inside.copy()]
    if outcome.at_month is not None:
        chosen.append(exp.EQ(this=column("_nth"), expression=_number(1)))
    reached: exp.Expr = exp.GTE(this=column(DAYS), expression=_number(outcome.bad))
    bad = reached
    if outcome.ignore_cured_within is not None:
        latest = exp.Add(this=column(AT), expression=outcome.ignore_cured_within.interval())
        stays = exp.or_(
            exp.Is(this=column("_cured"), expression=exp.Null()),
            exp.GT(this=column("_cured"), expression=latest),
        )
        bad = exp.and_(reached.copy(), stays)
    return (
        exp.select(
            column(ROW),
            exp.alias_(exp.Count(this=exp.Star()), "statements", quoted=True),
            exp.alias_(exp.Max(this=column(DAYS)), "worst", quoted=True),
            exp.alias_(exp.Max(this=_one_if(reached.copy())), "bad_days", quoted=True),
            exp.alias_(exp.Max(this=_one_if(bad)), "bad", quoted=True),
            *_worst_flags(outcome),
        )
        .from_(marked.subquery("marked", copy=False))
        .where(*chosen)
        .group_by(column(ROW))
    )


def _stated(
    engine: Engine, outcome: Overdue, rows: pd.DataFrame, span: Sequence[exp.Expr], where: str
) -> exp.Select:
    """One state per candidate, loan and moment: of two statements at one moment the worse counts."""
    query = _joined(engine, outcome, rows, span, where)
    by = [column(ROW, "s"), column(END, "s"), *(column(c, "t") for c in outcome.loan), column(AT, "t")]
    return query.select(
        *by,
        exp.alias_(exp.Max(this=_stated_days(outcome)), DAYS, quoted=True),
        *(exp.alias_(exp.Max(this=f), n, quoted=True) for n, f in _flags(outcome).items()),
    ).group_by(*(b.copy() for b in by))


def _stated_days(outcome: Overdue) -> exp.Expr:
    days = exp.Coalesce(this=_double(column(str(outcome.days), "t")), expressions=[_number(0)])
    return _unless_small(outcome, days)


def _newest(outcome: Overdue, first: exp.Expr | None = None) -> exp.Window:
    """1 for the latest state of each candidate's loan (of those for which `first` holds, if there is one)."""
    order: list[exp.Expr] = [exp.Ordered(this=column(AT), desc=True)]
    if first is not None:
        order.insert(0, exp.Ordered(this=_one_if(first.copy()), desc=True))
    return exp.Window(
        this=exp.RowNumber(), partition_by=_per_loan(outcome), order=exp.Order(expressions=order)
    )


def _next_current(outcome: Overdue) -> exp.Window:
    """The next later moment at which the loan is current again."""
    current = exp.Case(ifs=[exp.If(this=exp.LT(this=column(DAYS), expression=_number(1)), true=column(AT))])
    later = exp.WindowSpec(
        kind="ROWS", start=_number(1), start_side="FOLLOWING", end="UNBOUNDED", end_side="FOLLOWING"
    )
    return exp.Window(
        this=exp.Min(this=current),
        partition_by=_per_loan(outcome),
        order=exp.Order(expressions=[exp.Ordered(this=column(AT))]),
        spec=later,
    )


def _per_loan(outcome: Overdue) -> list[exp.Expr]:
    return [column(ROW), *(column(c) for c in outcome.loan)]


# -- instalments: the days are counted -----------------------------------------------------------------------------


def _counted_standing(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    """On the last whole day before the cutoff, a payment counting once it could be known."""
    paid = column(_counted(outcome).paid, "t")
    known_paid = exp.Case(
        ifs=[
            exp.If(
                this=exp.LT(
                    this=exp.Cast(this=paid, to=exp.DataType.build("timestamp")),
                    expression=column(_PAID_BEFORE, "s"),
                ),
                true=_date(paid.copy()),
            )
        ]
    )
    days = _counted_on(outcome, _date(column(_EVE, "s")), paid=known_paid)
    span = [exp.LT(this=column(KNOWN, "t"), expression=column(CUTOFF_AT, "s"))]
    bad = [exp.Max(this=f) for n, f in _flags(outcome).items() if n in status_flags(outcome, "bad")]
    return (
        _joined(engine, outcome, rows, span, where)
        .select(
            column(ROW, "s"),
            exp.alias_(exp.Max(this=days), "days", quoted=True),
            exp.alias_(_or_zero(bad), "bad", quoted=True),
        )
        .group_by(column(ROW, "s"))
    )


def _counted_window(engine: Engine, outcome: Overdue, rows: pd.DataFrame, where: str) -> exp.Select:
    counted = _counted(outcome)
    due, paid = _date(column(counted.due, "t")), _date(column(counted.paid, "t"))
    first, last = _date(column(_FIRST_DAY, "s")), _date(column(_LAST_DAY, "s"))
    open_at_start = exp.or_(
        exp.GTE(this=due, expression=first),
        exp.Is(this=paid, expression=exp.Null()),
        exp.GTE(this=paid.copy(), expression=first.copy()),
    )
    span = [exp.LTE(this=due.copy(), expression=last), exp.Paren(this=open_at_start)]
    if outcome.at_month is not None:
        days = _counted_on(outcome, last, paid=paid)
    else:
        days = _counted_until(outcome, first, last, paid=paid)
    reached: exp.Expr = exp.GTE(this=days, expression=_number(outcome.bad))
    bad = reached
    if outcome.ignore_cured_within is not None:
        in_all = _plus(date_difference(paid.copy(), due.copy()), counted.first)
        soon = exp.LTE(this=in_all, expression=_number(outcome.bad + round(outcome.ignore_cured_within.days)))
        soon_paid = exp.and_(exp.not_(exp.Is(this=paid.copy(), expression=exp.Null())), soon)
        bad = exp.and_(reached.copy(), exp.not_(exp.Paren(this=soon_paid)))
    in_window = exp.and_(
        exp.GTE(this=column(AT, "t"), expression=column(BEGIN, "s")),
        exp.LT(this=column(AT, "t"), expression=column(END, "s")),
    )
    return (
        _joined(engine, outcome, rows, span, where)
        .select(
            column(ROW, "s"),
            exp.alias_(exp.Count(this=exp.Star()), "statements", quoted=True),
            exp.alias_(exp.Max(this=days.copy()), "worst", quoted=True),
            exp.alias_(exp.Max(this=_one_if(reached.copy())), "bad_days", quoted=True),
            exp.alias_(exp.Max(this=_one_if(bad)), "bad", quoted=True),
            *(
                exp.alias_(exp.Max(this=f), n, quoted=True)
                for n, f in _flags(outcome, only=in_window).items()
            ),
        )
        .group_by(column(ROW, "s"))
    )


def _counted_on(outcome: Overdue, day: exp.Expr, *, paid: exp.Expr) -> exp.Expr:
    """Days past due of an instalment on one day; 0 where it is not due yet, or was paid before."""
    counted = _counted(outcome)
    due = _date(column(counted.due, "t"))
    unpaid = exp.or_(
        exp.Is(this=paid.copy(), expression=exp.Null()), exp.GTE(this=paid.copy(), expression=day.copy())
    )
    late = exp.and_(exp.LT(this=due, expression=day.copy()), exp.Paren(this=unpaid))
    return _late_days(outcome, late, day)


def _counted_until(outcome: Overdue, first: exp.Expr, last: exp.Expr, *, paid: exp.Expr) -> exp.Expr:
    """The most days past due that an instalment reaches on the days from `first` to `last`."""
    due = _date(column(_counted(outcome).due, "t"))
    still = exp.or_(
        exp.Is(this=paid.copy(), expression=exp.Null()), exp.GT(this=paid.copy(), expression=last.copy())
    )
    stop = exp.Case(ifs=[exp.If(this=still, true=last.copy())], default=paid.copy())
    late = exp.and_(exp.GT(this=stop, expression=due), exp.GTE(this=stop.copy(), expression=first.copy()))
    return _late_days(outcome, late, stop)


def _late_days(outcome: Overdue, late: exp.Expr, day: exp.Expr) -> exp.Expr:
    counted = _counted(outcome)
    span = _plus(date_difference(day.copy(), column(counted.due, "t")), counted.first)
    return _unless_small(outcome, exp.Case(ifs=[exp.If(this=late, true=span)], default=_number(0)))


def _counted(outcome: Overdue) -> CountedDays:
    if not isinstance(outcome.days, CountedDays):
        raise TypeError("the days past due are a column, not counted")
    return outcome.days


# -- both ----------------------------------------------------------------------------------------------------------


def _joined(
    engine: Engine, outcome: Overdue, rows: pd.DataFrame, span: Sequence[exp.Expr], where: str
) -> exp.Select:
    """Candidates `s` beside their loans' rows `t` in the span, nothing selected yet."""
    table = engine.tables.usable(outcome.table, where)
    expect_columns(rows, outcome.match, where)
    offered = engine.columns(table.name)
    keys = list(outcome.match)
    if engine.tables.entity in offered or not keys:
        known_column(table, engine.tables.entity, offered, where)
        keys.append(engine.tables.entity)
    engine.put(CANDIDATES, _carried(rows, outcome, keys, table))
    on = [exp.EQ(this=column(k, "t"), expression=column(k, "s")) for k in dict.fromkeys(keys)]
    hops: dict[str, exp.Expr] = {}
    query = (
        exp.select().from_(aliased(CANDIDATES, "s")).join(aliased(table.name, "t"), on=exp.and_(*on, *span))
    )
    if outcome.where is None:
        return query
    chosen = checked(outcome.where, resolver(engine, table, hops, where), where)
    return with_hops(query, hops).where(chosen)


def _carried(rows: pd.DataFrame, outcome: Overdue, keys: Iterable[str], table: Table) -> pd.DataFrame:
    spine = rows[list(dict.fromkeys([ROW, CUTOFF_AT, *keys]))].copy()
    cutoff = spine[CUTOFF_AT]
    spine[_EVE] = (cutoff - _TICK).dt.normalize()
    late = {c: (table.known_after.before(c) if table.known_at is None else c) for c in cutoff.unique()}
    spine[_PAID_BEFORE] = pd.to_datetime(cutoff.map(late)).astype("datetime64[us]")
    # before a window is known (scoring) only the cutoff itself is asked about
    spine[BEGIN] = rows.get(BEGIN, cutoff)
    spine[END] = rows.get(END, cutoff)
    seen = {
        e: outcome.ignore_cured_within.after(e) if outcome.ignore_cured_within else e
        for e in spine[END].unique()
    }
    spine[_SEEN_UNTIL] = pd.to_datetime(spine[END].map(seen)).astype("datetime64[us]")
    spine[_FIRST_DAY] = spine[BEGIN].dt.normalize()
    spine[_LAST_DAY] = (spine[END] - _TICK).dt.normalize()
    return spine


def _rules(outcome: Overdue, treatment: Treatment) -> list:
    return [r for r in outcome.status.rules if r.treatment == treatment] if outcome.status else []


def _flag(name: str) -> str:
    return f"_is_{name}"


def _flags(outcome: Overdue, only: exp.Expr | None = None) -> dict[str, exp.Expr]:
    """Column -> 1 where the status is one of the rule's values (and `only` holds), else 0."""
    if outcome.status is None:
        return {}
    status = exp.Cast(this=column(outcome.status.column, "t"), to=exp.DataType.build("varchar"))
    found: dict[str, exp.Expr] = {}
    for rule in outcome.status.rules:
        listed = exp.In(this=status.copy(), expressions=[exp.Literal.string(v) for v in rule.values])
        found[_flag(rule.name)] = _one_if(listed if only is None else exp.and_(listed, only.copy()))
    return found


def _worst_flags(outcome: Overdue) -> list[exp.Expr]:
    return [exp.alias_(exp.Max(this=column(n)), n, quoted=True) for n in _flags(outcome)]


def _any_status(found: pd.DataFrame, outcome: Overdue, treatment: Treatment) -> pd.Series:
    flags = list(status_flags(outcome, treatment))
    return (found[flags] > 0).any(axis=1) if flags else pd.Series(False, index=found.index)


def _unless_small(outcome: Overdue, days: exp.Expr) -> exp.Expr:
    if outcome.smallest is None:
        return days
    small = exp.LT(
        this=_double(column(outcome.smallest.column, "t")),
        expression=exp.Literal.number(repr(outcome.smallest.least)),
    )
    return exp.Case(ifs=[exp.If(this=small, true=_number(0))], default=days)


def _or_zero(values: Sequence[exp.Expr]) -> exp.Expr:
    if not values:
        return _number(0)
    return values[0] if len(values) == 1 else exp.Greatest(this=values[0], expressions=values[1:])


def _one_if(condition: exp.Expr) -> exp.Case:
    return exp.Case(ifs=[exp.If(this=condition, true=_number(1))], default=_number(0))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _plus(value: exp.Expr, more: int) -> exp.Expr:
    return exp.Add(this=value, expression=_number(more)) if more else value


def _double(value: exp.Expr) -> exp.Cast:
    return exp.Cast(this=value, to=exp.DataType.build("double"))


def _date(value: exp.Expr) -> exp.Cast:
    return exp.Cast(this=value.copy(), to=exp.DataType.build("date"))


def _expect_type(table: Table, name: str, sql_type: str, what: str, fine: bool, where: str) -> None:
    if not fine:
        raise DataError(
            "WB-L14",
            f"{where}: the column '{table.name}.{name}' is {sql_type}, but {what} is needed.",
            "Correct the source, or name another column.",
        )
