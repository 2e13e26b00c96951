"""How regular, and at which hours and days: all of them look at each day, hour or week once."""

from __future__ import annotations

from sqlglot import exp

from workbench.features.aggregations.contract import Aggregation, Rows, number, quotient, register, share
from workbench.features.aggregations.values import different, most_frequent
from workbench.tables.words import Seconds


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
