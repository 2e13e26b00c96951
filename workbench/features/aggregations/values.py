"""Which values, and how mixed: all of them look at each different value once, with its count."""

from __future__ import annotations

import math

from sqlglot import exp

from workbench.features.aggregations.contract import (
    Aggregation,
    Rows,
    first_by,
    number,
    quotient,
    register,
    share,
)


def value_itself(rows: Rows) -> exp.Expr:
    return rows.value.copy()


def most_frequent(rows: Rows) -> exp.Expr:
    """The most frequent value; of equally frequent ones the smallest, whatever order the rows were read in."""
    return rows.only(first_by(rows.value, exp.Neg(this=rows.often), rows.value))


def different(rows: Rows) -> exp.Expr:
    """How many different values count."""
    return rows.only(exp.Count(this=rows.value.copy()))


def of_the_most_frequent(rows: Rows) -> exp.Expr:
    """Which share of the rows that count the most frequent value has."""
    return share(rows.only(exp.Max(this=rows.often)), rows.only(exp.Sum(this=rows.often)))


def _bits(value: exp.Expr) -> exp.Expr:
    """The logarithm to base 2, by way of LN, which every engine has."""
    return quotient(exp.Ln(this=value), number(math.log(2)))


@register
class Distinct(Aggregation):
    name, word = "distinct", ("number of different", "不同个数")
    en, zh = "number of different {noun} {when}", "{when}不同{noun}数"
    needs, empty = "value", 0.0
    per = staticmethod(value_itself)

    def sql(self, rows: Rows) -> exp.Expr:
        return different(rows)


@register
class Mode(Aggregation):
    name, word = "mode", ("most frequent", "最常见")
    en, zh = "most frequent {noun} {when}", "{when}最常见的{noun}"
    needs, gives = "value", "value"
    per = staticmethod(value_itself)

    def sql(self, rows: Rows) -> exp.Expr:
        return most_frequent(rows)


@register
class Entropy(Aggregation):
    name, word = "entropy", ("variety (bits)", "多样性")
    en, zh = "variety of {noun} {when} (entropy in bits)", "{when}{noun}多样性（熵）"
    needs = "value"
    per = staticmethod(value_itself)

    def sql(self, rows: Rows) -> exp.Expr:
        total = rows.only(exp.Sum(this=rows.often))
        logs = rows.only(exp.Sum(this=exp.Mul(this=rows.often, expression=_bits(rows.often))))
        # -sum p log p with p = n / N is log N - sum(n log n) / N
        return exp.Sub(this=_bits(total), expression=share(logs, total.copy()))


@register
class TopShare(Aggregation):
    name, word = "top_share", ("share of the most frequent", "首位占比")
    en, zh = "share of the most frequent {noun} {when}", "{when}最常见{noun}占比"
    needs = "value"
    per = staticmethod(value_itself)

    def sql(self, rows: Rows) -> exp.Expr:
        return of_the_most_frequent(rows)
