"""How many and how much: count, sum, mean, and the sum that forgets."""

from __future__ import annotations

from collections.abc import Sequence

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


@register
class Count(Aggregation):
    name, word = "count", ("number", "数量")
    en, zh = "number of {noun} {when}", "{when}{noun}次数"
    needs, empty = "nothing", 0.0

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Count(this=rows.value.copy()))

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        return (double(self.sql(rows)),)  # whole numbers would be added up in 128 bits

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        return rows.only(exp.Sum(this=parts[0].copy()))


@register
class Sum(Aggregation):
    name, word = "sum", ("total", "合计")
    en, zh = "total {noun} {when}", "{when}{noun}合计"
    empty = 0.0

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Sum(this=rows.value.copy()))

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        return (self.sql(rows),)

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        return rows.only(exp.Sum(this=parts[0].copy()))


@register
class Mean(Aggregation):
    name, word = "mean", ("average", "平均")
    en, zh = "average {noun} {when}", "{when}{noun}平均值"

    def sql(self, rows: Rows) -> exp.Expr:
        # not AVG: the sum and the count are often asked for too, and an engine computes equal aggregates once
        total, count = self.parts(rows)
        return share(total, count)

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        count = rows.only(exp.Count(this=rows.value.copy()))
        return rows.only(exp.Sum(this=rows.value.copy())), double(count)

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        total, count = (rows.only(exp.Sum(this=p.copy())) for p in parts)
        return share(total, count)


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
