"""How many and how much: count, sum, mean, and the sum that forgets."""

from __future__ import annotations

from sqlglot import exp

from workbench.features.aggregations.contract import Aggregation, Rows, number, quotient, register


@register
class Count(Aggregation):
    name, word = "count", ("number", "数量")
    en, zh = "number of {noun} {when}", "{when}{noun}次数"
    needs, empty = "nothing", 0.0

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Count(this=rows.value.copy()))


@register
class Sum(Aggregation):
    name, word = "sum", ("total", "合计")
    en, zh = "total {noun} {when}", "{when}{noun}合计"
    empty = 0.0

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Sum(this=rows.value.copy()))


@register
class Mean(Aggregation):
    name, word = "mean", ("average", "平均")
    en, zh = "average {noun} {when}", "{when}{noun}平均值"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Avg(this=rows.value.copy()))


@register
class DecayedSum(Aggregation):
    """Sum in which a row loses half its weight every `half_life` (30d unless the definition says otherwise)."""

    name, word = "decayed_sum", ("recency-weighted total", "时间加权合计")
    en, zh = "total {noun} {when}, recent ones weighing more", "{when}{noun}合计（越近权重越高）"
    timed, empty = True, 0.0

    def sql(self, rows: Rows) -> exp.Expr:
        halvings = quotient(rows.age_days, number(float(rows.half_life_days)))
        weight = exp.Pow(this=number(0.5), expression=halvings)
        return rows.only(exp.Sum(this=exp.Mul(this=exp.Paren(this=rows.value.copy()), expression=weight)))
