"""How regular, and at which hours and days: all of them look at each day, hour or week once."""

from __future__ import annotations

from sqlglot import exp

from workbench.features.aggregations.contract import (
    Aggregation,
    Rows,
    double,
    number,
    quotient,
    register,
    share,
)
from workbench.features.aggregations.values import different, most_frequent, of_the_most_frequent
from workbench.tables.words import MonthNumber, Seconds


def date_of(rows: Rows) -> exp.Expr:
    return rows.day


def hour_of(rows: Rows) -> exp.Expr:
    return exp.Hour(this=rows.at.copy())


def weekday_of(rows: Rows) -> exp.Expr:
    return exp.DayOfWeekIso(this=rows.at.copy())


def week_of(rows: Rows) -> exp.Expr:
    """Weeks back from the window's end; half-open like a window: a row exactly seven days before is in week 0."""
    seconds = exp.Sub(this=Seconds(this=rows.end.copy()), expression=Seconds(this=rows.at.copy()))
    return exp.Sub(this=exp.Ceil(this=quotient(seconds, number(7 * 86400.0))), expression=number(1))


def month_of(rows: Rows) -> exp.Expr:
    """Full calendar months back from the window's end, 0 for the last; missing for the month that is not over yet."""
    back = exp.Sub(this=MonthNumber(this=rows.end.copy()), expression=MonthNumber(this=rows.at.copy()))
    over = exp.GTE(this=back, expression=number(1))
    return exp.Case(ifs=[exp.If(this=over, true=exp.Sub(this=back.copy(), expression=number(1)))])


@register
class MeanGap(Aggregation):
    """Average number of days between days with at least one row; needs two such days."""

    name, word = "mean_gap", ("average days between", "平均间隔天数")
    en, zh = "average days between two {noun} {when}", "{when}两次{noun}平均间隔天数"
    needs, timed = "nothing", True
    per = staticmethod(date_of)

    def sql(self, rows: Rows) -> exp.Expr:
        span = exp.Sub(
            this=rows.only(exp.Max(this=rows.value.copy())),
            expression=rows.only(exp.Min(this=rows.value.copy())),
        )
        return share(span, exp.Sub(this=different(rows), expression=number(1)))


@register
class StdGap(Aggregation):
    """Standard deviation of the days between days with at least one row; needs three such days."""

    name, word = "std_gap", ("irregularity of days between", "间隔波动")
    en, zh = "irregularity of the days between two {noun} {when}", "{when}两次{noun}间隔天数标准差"
    needs, timed, ordered = "nothing", True, True
    per = staticmethod(date_of)

    def sql(self, rows: Rows) -> exp.Expr:
        gap = exp.Sub(this=rows.value.copy(), expression=rows.before)
        return rows.only(exp.StddevSamp(this=gap))


@register
class PeakHour(Aggregation):
    name, word = "peak_hour", ("busiest hour", "高峰时段")
    en, zh = "hour of the day with most {noun} {when}", "{when}{noun}最多的时段（小时）"
    needs, timed = "nothing", True
    per = staticmethod(hour_of)

    def sql(self, rows: Rows) -> exp.Expr:
        return most_frequent(rows)


@register
class PeakWeekday(Aggregation):
    name, word = "peak_weekday", ("busiest weekday", "高峰星期")
    en, zh = "weekday with most {noun} {when} (1 = Monday)", "{when}{noun}最多的星期（1为周一）"
    needs, timed = "nothing", True
    per = staticmethod(weekday_of)

    def sql(self, rows: Rows) -> exp.Expr:
        return most_frequent(rows)


@register
class PeakHourShare(Aggregation):
    """Which share of the rows falls into the busiest hour of the day."""

    name, word = "peak_hour_share", ("share in the busiest hour", "高峰时段占比")
    en, zh = "share of {noun} in the busiest hour of the day {when}", "{when}高峰时段{noun}占比"
    needs, timed = "nothing", True
    per = staticmethod(hour_of)

    def sql(self, rows: Rows) -> exp.Expr:
        return of_the_most_frequent(rows)


@register
class WeekendShare(Aggregation):
    """Which share of the rows falls on a Saturday or Sunday."""

    name, word = "weekend_share", ("share on weekends", "周末占比")
    en, zh = "share of {noun} on weekends {when}", "{when}周末{noun}占比"
    needs, timed = "nothing", True

    def sql(self, rows: Rows) -> exp.Expr:
        weekend = exp.GTE(this=weekday_of(rows), expression=number(6))
        share_of = exp.Case(ifs=[exp.If(this=weekend, true=number(1.0))], default=number(0.0))
        return rows.only(exp.Avg(this=double(share_of)))


def unbroken(rows: Rows) -> exp.Expr:
    """How many of the values 0, 1, 2, ... count before the first that does not."""
    in_place = exp.EQ(this=rows.value.copy(), expression=exp.Sub(this=rows.rank, expression=number(1)))
    return rows.only(exp.Sum(this=exp.Case(ifs=[exp.If(this=in_place, true=number(1))], default=number(0))))


@register
class Streak(Aggregation):
    """Weeks in a row, counted back from the window's end, that each hold at least one row."""

    name, word = "streak", ("weeks in a row with", "连续周数")
    en, zh = (
        "weeks in a row with {noun}, up to the day of choice, {when}",
        "{when}截至选择日连续有{noun}的周数",
    )
    needs, timed, empty = "nothing", True, 0.0
    per, ordered = staticmethod(week_of), True

    def sql(self, rows: Rows) -> exp.Expr:
        return unbroken(rows)


@register
class StreakMonths(Aggregation):
    """Calendar months in a row that each hold at least one row, counted back from the last full month of the window."""

    name, word = "streak_months", ("months in a row with", "连续月数")
    en, zh = (
        "calendar months in a row with {noun}, up to the last full month, {when}",
        "{when}截至上个完整自然月连续有{noun}的月数",
    )
    needs, timed, empty = "nothing", True, 0.0
    per, ordered = staticmethod(month_of), True

    def sql(self, rows: Rows) -> exp.Expr:
        return unbroken(rows)
