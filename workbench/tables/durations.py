"""Spans of time as definitions write them: `30d`, `2w`, `3mo`, `1y`, `12h`."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlglot import exp

from workbench.errors import DefinitionError

LONGEST_YEARS = 100
FIRST_YEAR, LAST_YEAR = (
    1900,
    2200,
)  # of moments that a definition names: a century away from them is still a date

_PATTERN = re.compile(r"(\d+)(h|d|w|mo|y)")
_UNITS = {
    "h": ("HOUR", "hours", "hour", "小时"),
    "d": ("DAY", "days", "day", "天"),
    "w": ("WEEK", "weeks", "week", "周"),
    "mo": ("MONTH", "months", "month", "个月"),
    "y": ("YEAR", "years", "year", "年"),
}


class TooLongError(DefinitionError):
    """A span of more than `LONGEST_YEARS`: no moment can be moved by it."""


@dataclass(frozen=True, order=True)
class Duration:
    """A whole number of hours, days, weeks, calendar months or years.

    >>> Duration.parse("90d").before(datetime(2017, 4, 1))
    datetime.datetime(2017, 1, 1, 0, 0)
    """

    count: int
    unit: str = "d"

    @classmethod
    def parse(cls, text: object, where: str = "a duration") -> Duration:
        """From `30d`, `2w`, `3mo`, `1y` or `12h`, up to 100 years; anything else is a DefinitionError."""
        match = _PATTERN.fullmatch(str(text).strip())
        if match is None:
            raise DefinitionError(
                "WB-T11",
                f"{where} is {text!r}, which is not a span of time.",
                "Write a whole number and a unit: 12h, 30d, 2w, 3mo or 1y.",
            )
        span = cls(int(match[1]), match[2]) if len(match[1]) < 10 else None
        if span is None or span.days > LONGEST_YEARS * 365.25:
            most = int(LONGEST_YEARS * 365.25 / cls(1, match[2]).days)
            raise TooLongError(
                "WB-T11",
                f"{where} is {str(text).strip()[:40]}, longer than any data.",
                f"The longest is {LONGEST_YEARS} years: {most}{match[2]}.",
            )
        return span

    def before(self, moment: datetime) -> datetime:
        return self._moved(moment, -1)

    def after(self, moment: datetime) -> datetime:
        return self._moved(moment, 1)

    def interval(self) -> exp.Interval:
        """The span as an SQL interval."""
        return exp.Interval(this=exp.Literal.string(str(self.count)), unit=exp.var(_UNITS[self.unit][0]))

    def before_sql(self, moment: exp.Expr) -> exp.Expr:
        """The moment that lies this span earlier, as SQL."""
        if self.unit in ("mo", "y"):
            # DuckDB holds 1 month and 30 days to be the same interval and merges the two subtractions where both
            # occur in a query; an addition of a negative month is never merged with a subtraction of days
            negative = exp.Interval(
                this=exp.Literal.string(f"-{self.count}"), unit=exp.var(_UNITS[self.unit][0])
            )
            return exp.Add(this=moment.copy(), expression=negative)
        return exp.Sub(this=moment.copy(), expression=self.interval())

    @property
    def days(self) -> float:
        """The span in days; a month counts as 30.4375 and a year as 365.25. For ordering and display only."""
        return self.count * {"h": 1 / 24, "d": 1.0, "w": 7.0, "mo": 30.4375, "y": 365.25}[self.unit]

    def phrase(self, language: str) -> str:
        """`30 days` or `30天`."""
        _, many, one, chinese = _UNITS[self.unit]
        if language == "zh":
            return f"{self.count}{chinese}"
        return f"{self.count} {one if self.count == 1 else many}"

    def _moved(self, moment: datetime, sign: int) -> datetime:
        """A month later than 31 January is the last of February, as in SQL."""
        if self.unit not in ("mo", "y"):
            return moment + sign * timedelta(hours=self.count * {"h": 1, "d": 24, "w": 168}[self.unit])
        month = moment.year * 12 + moment.month - 1 + sign * self.count * (12 if self.unit == "y" else 1)
        year, month = divmod(month, 12)
        day = min(moment.day, calendar.monthrange(year, month + 1)[1])
        return moment.replace(year=year, month=month + 1, day=day)

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"
