"""How many rows become one number: each aggregation is a small class, registered under its name.

A class says what it needs, what it gives where no row matches, how it reads in English and Chinese, and how it
compiles. Missing values never count. Rows with the same time are ordered by their value, so answers are deterministic.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from sqlglot import exp

from workbench.errors import DefinitionError, did_you_mean

_EPOCH = exp.Cast(this=exp.Literal.string("1970-01-01"), to=exp.DataType.build("date"))


@dataclass(frozen=True)
class Rows:
    """The rows of one feature column inside a query: expressions over the joined rows, and which of them count."""

    value: exp.Expr
    at: exp.Expr
    cutoff: exp.Expr
    end: exp.Expr  # where the window ends: the cutoff, or earlier
    keep: exp.Expr | None
    half_life_days: float = 30.0
    times: exp.Expr | None = None  # how often `value` occurs, for an aggregation over counted values

    def only(self, aggregate: exp.Expr) -> exp.Expr:
        """The aggregate over the rows that count."""
        if self.keep is None:
            return aggregate
        return exp.Filter(this=aggregate, expression=exp.Where(this=self.keep.copy()))

    @property
    def age_days(self) -> exp.Expr:
        """Days, with fractions, from the row to the cutoff."""
        seconds = exp.Sub(this=call("epoch", self.cutoff), expression=call("epoch", self.at))
        return exp.Div(this=exp.Paren(this=seconds), expression=number(86400.0), typed=True, safe=False)

    @property
    def day(self) -> exp.Expr:
        """The row's date as a day number: engines agree on day differences only between dates."""
        return _day_number(self.at)

    @property
    def last_day(self) -> exp.Expr:
        """The cutoff's date as a day number; it is the same for all rows of a group, so the largest is it."""
        return exp.Max(this=_day_number(self.cutoff))

    @property
    def often(self) -> exp.Expr:
        """How often the value occurs among the rows that count, as a double."""
        if self.times is None:
            raise TypeError("these rows are not counted by value")
        return exp.Cast(this=self.times.copy(), to=exp.DataType.build("double"))


def value_itself(rows: Rows) -> exp.Expr:
    return rows.value.copy()


def date_of(rows: Rows) -> exp.Expr:
    return rows.day


def hour_of(rows: Rows) -> exp.Expr:
    return call("hour", rows.at)


def weekday_of(rows: Rows) -> exp.Expr:
    return call("isodow", rows.at)


def week_of(rows: Rows) -> exp.Expr:
    """Weeks back from the window's end; half-open like a window: a row exactly seven days before is in week 0."""
    seconds = exp.Sub(this=call("epoch", rows.end), expression=call("epoch", rows.at))
    weeks = exp.Div(this=exp.Paren(this=seconds), expression=number(7 * 86400.0), typed=True, safe=False)
    return exp.Sub(this=call("ceil", weeks), expression=number(1))


@dataclass(frozen=True)
class Aggregation(ABC):
    """The contract. `word` is what {aggregate} becomes in a `say:`; `en` and `zh` are the whole default sentence.

    With `per`, rows are first counted per value, day, hour, ...; `sql` then sees each once, as `rows.value`, with
    `rows.often`. Many such columns share one counting, which is several times faster than COUNT(DISTINCT) for each.
    """

    name: ClassVar[str]
    en: ClassVar[str]
    zh: ClassVar[str]
    word: ClassVar[tuple[str, str]]
    needs: ClassVar[Literal["number", "value", "nothing"]] = "number"
    gives: ClassVar[Literal["number", "value"]] = "number"
    timed: ClassVar[bool] = False  # needs to know when a row happened
    per: ClassVar[Callable[[Rows], exp.Expr] | None] = None
    empty: ClassVar[float | None] = None  # where no row matches

    @abstractmethod
    def sql(self, rows: Rows) -> exp.Expr:
        """The aggregate over the rows of one window, as SQL."""


REGISTRY: dict[str, Aggregation] = {}


def register(cls: type[Aggregation]) -> type[Aggregation]:
    REGISTRY[cls.name] = cls()
    return cls


def aggregation(name: object, where: str) -> Aggregation:
    """The aggregation of that name, or WB-F03 with a did-you-mean."""
    if name not in REGISTRY:
        raise DefinitionError(
            "WB-F03",
            f"{where}: no aggregation is called '{name}'.",
            did_you_mean(str(name), sorted(REGISTRY), shown=len(REGISTRY)),
        )
    return REGISTRY[str(name)]


def call(function: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=function, expressions=[a.copy() for a in arguments])


def number(value: float) -> exp.Expr:
    return exp.Literal.number(value)


def _day_number(moment: exp.Expr) -> exp.Expr:
    date = exp.Cast(this=moment.copy(), to=exp.DataType.build("date"))
    return exp.DateDiff(this=date, expression=_EPOCH.copy(), unit=exp.var("DAY"))


def _share(top: exp.Expr, bottom: exp.Expr) -> exp.Expr:
    divisor = exp.Nullif(this=exp.Paren(this=bottom), expression=number(0))
    return exp.Div(this=exp.Paren(this=top), expression=divisor, typed=False, safe=True)


def _each(body: exp.Expr, *variables: str) -> exp.Expr:
    return exp.Lambda(this=body, expressions=[exp.to_identifier(v) for v in variables])


def _most_frequent(rows: Rows) -> exp.Expr:
    """The most frequent value; of equally frequent ones the smallest, whatever order the rows were read in."""
    rank = call("row", exp.Neg(this=rows.often), rows.value)
    return rows.only(call("arg_min", rows.value, rank))


def _different(rows: Rows) -> exp.Expr:
    return rows.only(exp.Count(this=rows.value.copy()))


def _in_order(rows: Rows) -> exp.Expr:
    return call("list_sort", rows.only(call("list", rows.value)))


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
class Min(Aggregation):
    name, word = "min", ("smallest", "最小")
    en, zh = "smallest {noun} {when}", "{when}{noun}最小值"
    needs, gives = "value", "value"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Min(this=rows.value.copy()))


@register
class Max(Aggregation):
    name, word = "max", ("largest", "最大")
    en, zh = "largest {noun} {when}", "{when}{noun}最大值"
    needs, gives = "value", "value"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(exp.Max(this=rows.value.copy()))


@register
class Std(Aggregation):
    name, word = "std", ("spread", "波动")
    en, zh = "spread (standard deviation) of {noun} {when}", "{when}{noun}标准差"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(call("stddev_samp", rows.value))


@register
class Median(Aggregation):
    name, word = "median", ("median", "中位")
    en, zh = "median {noun} {when}", "{when}{noun}中位数"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(call("quantile_cont", rows.value, number(0.5)))


@register
class Q10(Aggregation):
    name, word = "q10", ("lowest tenth", "低十分位")
    en, zh = "{noun}: the value that a tenth of them stay below, {when}", "{when}{noun}第10百分位"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(call("quantile_cont", rows.value, number(0.1)))


@register
class Q90(Aggregation):
    name, word = "q90", ("highest tenth", "高十分位")
    en, zh = "{noun}: the value that a tenth of them exceed, {when}", "{when}{noun}第90百分位"

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(call("quantile_cont", rows.value, number(0.9)))


@register
class Distinct(Aggregation):
    name, word = "distinct", ("number of different", "不同个数")
    en, zh = "number of different {noun} {when}", "{when}不同{noun}数"
    needs, empty = "value", 0.0
    per = staticmethod(value_itself)

    def sql(self, rows: Rows) -> exp.Expr:
        return _different(rows)


@register
class First(Aggregation):
    name, word = "first", ("first", "首次")
    en, zh = "first {noun} {when}", "{when}首次{noun}"
    needs, gives, timed = "value", "value", True

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(call("arg_min", rows.value, call("row", rows.at, rows.value)))


@register
class Last(Aggregation):
    name, word = "last", ("latest", "最近一次")
    en, zh = "latest {noun} {when}", "{when}最近一次{noun}"
    needs, gives, timed = "value", "value", True

    def sql(self, rows: Rows) -> exp.Expr:
        return rows.only(call("arg_max", rows.value, call("row", rows.at, rows.value)))


@register
class Mode(Aggregation):
    name, word = "mode", ("most frequent", "最常见")
    en, zh = "most frequent {noun} {when}", "{when}最常见的{noun}"
    needs, gives = "value", "value"
    per = staticmethod(value_itself)

    def sql(self, rows: Rows) -> exp.Expr:
        return _most_frequent(rows)


@register
class Entropy(Aggregation):
    name, word = "entropy", ("variety (bits)", "多样性")
    en, zh = "variety of {noun} {when} (entropy in bits)", "{when}{noun}多样性（熵）"
    needs = "value"
    per = staticmethod(value_itself)

    def sql(self, rows: Rows) -> exp.Expr:
        total = rows.only(exp.Sum(this=rows.often))
        logs = rows.only(exp.Sum(this=exp.Mul(this=rows.often, expression=call("log2", rows.often))))
        # -sum p log p with p = n / N is log N - sum(n log n) / N
        return exp.Sub(this=call("log2", total), expression=_share(logs, total.copy()))


@register
class TopShare(Aggregation):
    name, word = "top_share", ("share of the most frequent", "首位占比")
    en, zh = "share of the most frequent {noun} {when}", "{when}最常见{noun}占比"
    needs = "value"
    per = staticmethod(value_itself)

    def sql(self, rows: Rows) -> exp.Expr:
        return _share(rows.only(exp.Max(this=rows.often)), rows.only(exp.Sum(this=rows.often)))


@register
class Trend(Aggregation):
    """Least-squares slope of the value against time, in units of the value per 30 days."""

    name, word = "trend", ("trend", "趋势")
    en, zh = "trend of {noun} {when} (change per 30 days)", "{when}{noun}趋势（每30天变化）"
    timed = True

    def sql(self, rows: Rows) -> exp.Expr:
        slope = rows.only(call("regr_slope", rows.value, exp.Neg(this=exp.Paren(this=rows.age_days))))
        return exp.Mul(this=slope, expression=number(30.0))


@register
class DecayedSum(Aggregation):
    """Sum in which a row loses half its weight every `half_life` (30d unless the definition says otherwise)."""

    name, word = "decayed_sum", ("recency-weighted total", "时间加权合计")
    en, zh = "total {noun} {when}, recent ones weighing more", "{when}{noun}合计（越近权重越高）"
    timed, empty = True, 0.0

    def sql(self, rows: Rows) -> exp.Expr:
        halvings = exp.Div(
            this=exp.Paren(this=rows.age_days),
            expression=number(float(rows.half_life_days)),
            typed=True,
            safe=True,
        )
        weight = call("pow", number(0.5), halvings)
        return rows.only(exp.Sum(this=exp.Mul(this=exp.Paren(this=rows.value.copy()), expression=weight)))


@register
class DaysSinceFirst(Aggregation):
    name, word = "days_since_first", ("days since first", "距首次天数")
    en, zh = "days since the first {noun} {when}", "{when}距首次{noun}的天数"
    needs, timed = "nothing", True

    def sql(self, rows: Rows) -> exp.Expr:
        return exp.Sub(this=rows.last_day, expression=rows.only(exp.Min(this=rows.day)))


@register
class DaysSinceLast(Aggregation):
    name, word = "days_since_last", ("days since last", "距最近一次天数")
    en, zh = "days since the last {noun} {when}", "{when}距最近一次{noun}的天数"
    needs, timed = "nothing", True

    def sql(self, rows: Rows) -> exp.Expr:
        return exp.Sub(this=rows.last_day, expression=rows.only(exp.Max(this=rows.day)))


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
        return _share(span, exp.Sub(this=_different(rows), expression=number(1)))


@register
class StdGap(Aggregation):
    """Standard deviation of the days between days with at least one row; needs three such days."""

    name, word = "std_gap", ("irregularity of days between", "间隔波动")
    en, zh = "irregularity of the days between two {noun} {when}", "{when}两次{noun}间隔天数标准差"
    needs, timed = "nothing", True
    per = staticmethod(date_of)

    def sql(self, rows: Rows) -> exp.Expr:
        days = _in_order(rows)
        # zipping pads the shorter list with NULL; its difference is NULL and does not count
        pairs = call("list_zip", call("list_slice", days, number(2), call("len", days)), days)
        gap = exp.Sub(
            this=call("struct_extract", exp.to_identifier("p"), number(1)),
            expression=call("struct_extract", exp.to_identifier("p"), number(2)),
        )
        return call(
            "list_aggregate",
            call("list_transform", pairs, _each(gap, "p")),
            exp.Literal.string("stddev_samp"),
        )


@register
class PeakHour(Aggregation):
    name, word = "peak_hour", ("busiest hour", "高峰时段")
    en, zh = "hour of the day with most {noun} {when}", "{when}{noun}最多的时段（小时）"
    needs, timed = "nothing", True
    per = staticmethod(hour_of)

    def sql(self, rows: Rows) -> exp.Expr:
        return _most_frequent(rows)


@register
class PeakWeekday(Aggregation):
    name, word = "peak_weekday", ("busiest weekday", "高峰星期")
    en, zh = "weekday with most {noun} {when} (1 = Monday)", "{when}{noun}最多的星期（1为周一）"
    needs, timed = "nothing", True
    per = staticmethod(weekday_of)

    def sql(self, rows: Rows) -> exp.Expr:
        return _most_frequent(rows)


@register
class Streak(Aggregation):
    """Weeks in a row, counted back from the window's end, that each hold at least one row."""

    name, word = "streak", ("weeks in a row with", "连续周数")
    en, zh = (
        "weeks in a row with {noun}, up to the day of choice, {when}",
        "{when}截至选择日连续有{noun}的周数",
    )
    needs, timed, empty = "nothing", True, 0.0
    per = staticmethod(week_of)

    def sql(self, rows: Rows) -> exp.Expr:
        unbroken = exp.EQ(
            this=exp.to_identifier("w"), expression=exp.Sub(this=exp.to_identifier("i"), expression=number(1))
        )
        return call("len", call("list_filter", _in_order(rows), _each(unbroken, "w", "i")))
