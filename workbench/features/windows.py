"""The spans before the cutoff over which a feature looks: `30d`, `3mo`, `30d..60d`, `month-1`, `this_month`, `all`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from workbench.errors import DefinitionError
from workbench.tables.durations import Duration, TooLongError

_MONTH = re.compile(r"month-(\d{1,3})")
_ALLOWED = (
    "Allowed: 30d, 3mo, 30d..60d (from 60 to 30 days before), month-1 (the last full calendar month), "
    "month-3..month-1, this_month or all."
)


@dataclass(frozen=True, order=True)
class MonthStart:
    """The first moment of the calendar month that lies `back` months before the cutoff's own, by the cutoff's calendar.

    It can stand wherever a window has a `Duration` as one of its ends.

    >>> MonthStart(1).before(datetime(2025, 3, 31, 12))
    datetime.datetime(2025, 2, 1, 0, 0)
    """

    back: int

    def before(self, moment: datetime) -> datetime:
        return Duration(self.back, "mo").before(datetime(moment.year, moment.month, 1))

    def before_sql(self, moment: exp.Expr) -> exp.Expr:
        """The month's first moment as SQL."""
        start = exp.TimestampTrunc(this=moment.copy(), unit=exp.var("MONTH"))
        return Duration(self.back, "mo").before_sql(start) if self.back else start

    @property
    def days(self) -> float:
        """Days back from the end of the cutoff's month; for ordering and for rates only."""
        return Duration(self.back, "mo").days

    @property
    def unit(self) -> str:
        return "mo"

    def __str__(self) -> str:
        return f"month-{self.back}"


Edge = Duration | MonthStart


def edge(moment: Edge) -> str:
    """The column that holds the moment which lies this span before a row's cutoff: `30d before`, `month-1 before`."""
    return f"{moment} before"


@dataclass(frozen=True)
class Window:
    """Half-open: `30d` holds events at or after cutoff - 30 days and before the cutoff; `30d..60d` those at or
    after cutoff - 60 days and before cutoff - 30 days; `month-1` those of the last full calendar month, from its first
    moment up to, not including, the next month's; `month-3..month-1` those of the last three; `this_month` those from
    the first of the cutoff's month on (none if the cutoff is that moment); `all` everything before the cutoff.

    >>> Window.parse("30d..60d").phrase("en")
    'from 60 to 30 days before'
    """

    far: Edge | None = None
    near: Edge | None = None

    @classmethod
    def parse(cls, text: object, where: str = "a window") -> Window:
        """From the definition's spelling. Raises WB-F04 for anything else."""
        written = str(text).strip()
        if written == "all":
            return cls()
        if written == "this_month":
            return cls(MonthStart(0))
        try:
            window = _months(written) or _span(written)
        except TooLongError as error:
            raise DefinitionError("WB-F04", f"{where}: {error.message}", error.hint) from error
        except DefinitionError as error:
            raise DefinitionError("WB-F04", f"{where}: {written!r} is not a window.", _ALLOWED) from error
        if window.far is not None and (
            window.far.days == 0 or (window.near is not None and window.near.days >= window.far.days)
        ):
            raise DefinitionError(
                "WB-F04",
                f"{where}: the window {written!r} is empty.",
                _empty_hint(written),
            )
        return window

    @property
    def days(self) -> float | None:
        """The window's length in days, for rates per day; a month counts as 30.4375. None if it has no fixed length."""
        if self.far is None or self.far.days == 0:
            return None
        return self.far.days - (0.0 if self.near is None else self.near.days)

    def condition(self, at: exp.Expr, edge_of: Callable[[Edge], exp.Expr]) -> exp.Expr | None:
        """True for the events inside; None for `all`. That an event is known before the cutoff is asked elsewhere.

        `edge_of` gives the moment that lies a span before the row's cutoff."""
        parts: list[exp.Expr] = []
        if self.far is not None:
            parts.append(exp.GTE(this=at.copy(), expression=edge_of(self.far)))
        if self.near is not None:
            parts.append(exp.LT(this=at.copy(), expression=edge_of(self.near)))
        return exp.and_(*parts) if parts else None

    def phrase(self, language: str) -> str:
        """`in the last 30 days`, `from 60 to 30 days before`, `so far`; 近30天, 前60至30天, 迄今."""
        chinese = language == "zh"
        if self.far is None:
            return "迄今" if chinese else "so far"
        if isinstance(self.far, MonthStart):
            return ("" if chinese else "in ") + self.length_phrase(language)
        if self.near is None:
            return f"近{self.far.phrase('zh')}" if chinese else f"in the last {self.far.phrase('en')}"
        near, far = _durations(self)
        if chinese:
            return f"前{far.phrase('zh')}至{near.phrase('zh')}"
        if far.unit == near.unit:
            return f"from {far.count} to {near.phrase('en')} before"
        return f"from {far.phrase('en')} to {near.phrase('en')} before"

    def length_phrase(self, language: str) -> str:
        """What `{window}` in a `say:` becomes: `30 days`, `30-60 days`, `the last full month`, `whole history`."""
        chinese = language == "zh"
        if self.far is None:
            return "全部历史" if chinese else "whole history"
        if isinstance(self.far, MonthStart):
            return self._month_phrase(chinese=chinese)
        if self.near is None:
            return self.far.phrase(language)
        near, far = _durations(self)
        if near.unit == far.unit:
            return f"{near.count}-{far.phrase(language)}"
        return f"{near.phrase(language)}{'至' if chinese else ' to '}{far.phrase(language)}"

    def _month_phrase(self, *, chinese: bool) -> str:
        first, last = _calendar(self)
        if first == 0:
            return "本月" if chinese else "the current month"
        if first == last:
            if first == 1:
                return "上月" if chinese else "the last full month"
            return f"倒数第{first}个自然月" if chinese else f"the calendar month {first} months back"
        if last == 1:
            return f"最近{first}个完整自然月" if chinese else f"the last {first} full months"
        return (
            f"倒数第{first}至第{last}个自然月" if chinese else f"the calendar months {first} to {last} back"
        )

    def __str__(self) -> str:
        if self.far is None:
            return "all"
        if isinstance(self.far, MonthStart):
            first, last = _calendar(self)
            if first == 0:
                return "this_month"
            return f"month-{first}" if first == last else f"month-{first}..month-{last}"
        return f"{self.near}..{self.far}" if self.near is not None else str(self.far)


def _months(written: str) -> Window | None:
    """`month-2` or `month-3..month-1`; None for another spelling. The window ends where the month after the last begins."""
    first, dots, last = written.partition("..")
    begin, end = _MONTH.fullmatch(first), _MONTH.fullmatch(last if dots else first)
    if begin is None or end is None:
        return None
    # month-0 would be half over: it is called this_month
    return Window(MonthStart(int(begin[1])), MonthStart(int(end[1]) - 1 if int(end[1]) else 10**6))


def _span(written: str) -> Window:
    near, dots, far = written.partition("..")
    place = f"the window {written[:40]!r}"
    if dots:
        return Window(Duration.parse(far, place), Duration.parse(near, place))
    return Window(Duration.parse(written, place))


def _durations(window: Window) -> tuple[Duration, Duration]:
    if not isinstance(window.near, Duration) or not isinstance(window.far, Duration):
        raise TypeError(f"{window!r} does not lie between two durations")
    return window.near, window.far


def _empty_hint(written: str) -> str:
    if written.startswith("month"):
        return "The last full month comes last: month-3..month-1; this_month is the month of the cutoff."
    if ".." in written:
        return "Write the nearer end first: 30d..60d."
    return "A window reaches back from the cutoff: write 1d, 30d or all."


def _calendar(window: Window) -> tuple[int, int]:
    """The first and the last calendar month of the window, in months back from the cutoff's own."""
    if not isinstance(window.far, MonthStart):
        raise TypeError(f"{window!r} is not made of calendar months")
    if window.near is None:
        return window.far.back, 0
    if not isinstance(window.near, MonthStart):
        raise TypeError(f"{window!r} mixes months and durations")
    return window.far.back, window.near.back + 1
