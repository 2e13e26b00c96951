"""The contract of an aggregation, and the rows it sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from sqlglot import exp

from workbench.errors import DefinitionError, did_you_mean
from workbench.tables.words import DayNumber, Foremost, Seconds


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
    previous: exp.Expr | None = None  # the next smaller value that counts, for one over ordered values
    place: exp.Expr | None = None  # how many values that count are at most this one

    def only(self, aggregate: exp.Expr) -> exp.Expr:
        """The aggregate over the rows that count."""
        if self.keep is None:
            return aggregate
        return exp.Filter(this=aggregate, expression=exp.Where(this=self.keep.copy()))

    @property
    def age_days(self) -> exp.Expr:
        """Days, with fractions, from the row to the cutoff."""
        return quotient(
            exp.Sub(this=Seconds(this=self.cutoff.copy()), expression=Seconds(this=self.at.copy())),
            number(86400.0),
        )

    @property
    def day(self) -> exp.Expr:
        """The row's date as a day number."""
        return DayNumber(this=self.at.copy())

    @property
    def last_day(self) -> exp.Expr:
        """The cutoff's date as a day number; it is the same for all rows of a group, so the largest is it."""
        return exp.Max(this=DayNumber(this=self.cutoff.copy()))

    @property
    def often(self) -> exp.Expr:
        """How often the value occurs among the rows that count, as a double."""
        return double(_given(self.times, "counted by value"))

    @property
    def before(self) -> exp.Expr:
        """The value that counts before this one, NULL for the first."""
        return _given(self.previous, "put in order")

    @property
    def rank(self) -> exp.Expr:
        """1 for the smallest value that counts, 2 for the next, ..."""
        return _given(self.place, "put in order")


def _given(expression: exp.Expr | None, how: str) -> exp.Expr:
    if expression is None:
        raise TypeError(f"these rows are not {how}")
    return expression.copy()


@dataclass(frozen=True)
class Aggregation(ABC):
    """The contract. `word` is what {aggregate} becomes in a `say:`; `en` and `zh` are the whole default sentence.

    With `per`, rows are first counted per value, day, hour, ...; `sql` then sees each once, as `rows.value`, with
    `rows.often`. Many such columns share one counting, which is several times faster than COUNT(DISTINCT) for each.
    With `ordered` it also sees `rows.before` and `rows.rank`. Missing values never count. Rows with the same time
    are ordered by their value, so answers are deterministic.
    """

    name: ClassVar[str]
    en: ClassVar[str]
    zh: ClassVar[str]
    word: ClassVar[tuple[str, str]]
    needs: ClassVar[Literal["number", "text", "value", "nothing"]] = "number"
    gives: ClassVar[Literal["number", "value"]] = "number"
    timed: ClassVar[bool] = False  # needs to know when a row happened
    per: ClassVar[Callable[[Rows], exp.Expr] | None] = None
    ordered: ClassVar[bool] = False
    empty: ClassVar[float | None] = None  # where no row matches

    @abstractmethod
    def sql(self, rows: Rows) -> exp.Expr:
        """The aggregate over the rows of one window, as SQL."""

    def parts(self, rows: Rows) -> tuple[exp.Expr, ...]:
        """Aggregates over the rows of a short span from which `merged` makes the answer of any longer one.

        None where the answer of the whole cannot be had from the answers of its parts, as for a median."""
        return ()

    def merged(self, rows: Rows, parts: Sequence[exp.Expr]) -> exp.Expr:
        """The answer of a window from the parts of its spans; `rows.keep` says which spans lie inside."""
        raise TypeError(f"'{self.name}' is not made of parts")


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


def number(value: float) -> exp.Expr:
    return exp.Literal.number(value)


def double(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType.build(exp.DataType.Type.DOUBLE))


def quotient(top: exp.Expr, bottom: exp.Expr) -> exp.Expr:
    """top / bottom of doubles, the same on every engine."""
    return exp.Div(this=exp.Paren(this=top), expression=bottom, typed=True, safe=False)


def share(top: exp.Expr, bottom: exp.Expr) -> exp.Expr:
    """top / bottom as a double; missing where the bottom is 0."""
    return quotient(double(top), exp.Nullif(this=double(bottom), expression=number(0)))


def first_by(value: exp.Expr, *order: exp.Expr, last: bool = False) -> exp.Expr:
    """The value of the row that comes first (or last) in the given order."""
    return Foremost(this=value.copy(), expressions=[o.copy() for o in order], descending=last)
