"""Where the values lie and how far apart: extremes, spread, quantiles."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from workbench.features.aggregations.contract import Aggregation, Rows, number, register
from workbench.tables.words import Quantile


@register
class Min(Aggregation):
    name, word = "min", ("smallest", "最小")
    en, zh = "smallest {noun} {when}", "{when}{noun}最小值"
    needs, gives = "value", "value"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Min(this=rows.value.copy()))

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        return (self.sql(rows),)

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        return rows.only(exp.Min(this=parts[0].copy()))


@register
class Max(Aggregation):
    name, word = "max", ("largest", "最大")
    en, zh = "largest {noun} {when}", "{when}{noun}最大值"
    needs, gives = "value", "value"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Max(this=rows.value.copy()))

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        return (self.sql(rows),)

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        return rows.only(exp.Max(this=parts[0].copy()))


@register
class Std(Aggregation):
    name, word = "std", ("spread", "波动")
    en, zh = "spread (standard deviation) of {noun} {when}", "{when}{noun}标准差"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.StddevSamp(this=rows.value.copy()))


def _quantile(rows: Rows, level: float) -> exp.Expr:
    return rows.only(Quantile(this=rows.value.copy(), level=number(level)))


@register
class Median(Aggregation):
    name, word = "median", ("median", "中位")
    en, zh = "median {noun} {when}", "{when}{noun}中位数"

    def sql(self, rows: Rows) -> exp.Expr:
        return _quantile(rows, 0.5)


@register
class Q10(Aggregation):
    name, word = "q10", ("lowest tenth", "低十分位")
    en, zh = "{noun}: the value that a tenth of them stay below, {when}", "{when}{noun}第10百分位"

    def sql(self, rows: Rows) -> exp.Expr:
        return _quantile(rows, 0.1)


@register
class Q90(Aggregation):
    name, word = "q90", ("highest tenth", "高十分位")
    en, zh = "{noun}: the value that a tenth of them exceed, {when}", "{when}{noun}第90百分位"

    def sql(self, rows: Rows) -> exp.Expr:
        return _quantile(rows, 0.9)
