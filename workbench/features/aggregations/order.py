"""What time does to the values: first and last, how long ago, which way they move."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from workbench.features.aggregations.contract import Aggregation, Rows, first_by, number, register


@register
class First(Aggregation):
    name, word = "first", ("first", "首次")
    en, zh = "first {noun} {when}", "{when}首次{noun}"
    needs, gives, timed = "value", "value", True

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(first_by(rows.value, rows.at, rows.value))


@register
class Last(Aggregation):
    name, word = "last", ("latest", "最近一次")
    en, zh = "latest {noun} {when}", "{when}最近一次{noun}"
    needs, gives, timed = "value", "value", True

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(first_by(rows.value, rows.at, rows.value, last=True))


@register
class DaysSinceFirst(Aggregation):
    name, word = "days_since_first", ("days since first", "距首次天数")
    en, zh = "days since the first {noun} {when}", "{when}距首次{noun}的天数"
    needs, timed = "nothing", True

    def sql(self, rows: Rows) -> exp.Expr:
        return exp.Sub(this=rows.last_day, expression=rows.only(exp.Min(this=rows.day)))

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        return (rows.only(exp.Min(this=rows.day)),)

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        return exp.Sub(this=rows.last_day, expression=rows.only(exp.Min(this=parts[0].copy())))


@register
class DaysSinceLast(Aggregation):
    name, word = "days_since_last", ("days since last", "距最近一次天数")
    en, zh = "days since the last {noun} {when}", "{when}距最近一次{noun}的天数"
    needs, timed = "nothing", True

    def sql(self, rows: Rows) -> exp.Expr:
        return exp.Sub(this=rows.last_day, expression=rows.only(exp.Max(this=rows.day)))

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        return (rows.only(exp.Max(this=rows.day)),)

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        return exp.Sub(this=rows.last_day, expression=rows.only(exp.Max(this=parts[0].copy())))


@register
class Trend(Aggregation):
    """Least-squares slope of the value against time, in units of the value per 30 days."""

    name, word = "trend", ("trend", "趋势")
    en, zh = "trend of {noun} {when} (change per 30 days)", "{when}{noun}趋势（每30天变化）"
    timed = True

    def sql(self, rows: Rows) -> exp.Expr:
        back = exp.Neg(this=exp.Paren(this=rows.age_days))
        slope = rows.only(exp.RegrSlope(this=rows.value.copy(), expression=back))
        return exp.Mul(this=slope, expression=number(30.0))
