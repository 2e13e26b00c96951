"""How regularly a table has rows: days on which some are missing, and how long its silence usually lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlglot import exp

from workbench.tables.engine import AT, Engine, column, named

_UNLIKELY = 1e-6  # a silence that a table with its weekly habit shows once in a million
_FEWEST_DAYS = 28  # with rows, before a table has a habit
_FEWEST_GAP_DAYS = 2
_FEWEST_MONTHS = 6
_MONTHLY = 0.8  # of all months have rows


@dataclass(frozen=True)
class Gap:
    """A silence: the first and the last day without rows, and on how many of these days rows are usual."""

    first: date
    last: date
    usual_days: int


@dataclass(frozen=True)
class Rhythm:
    """The days on which a table has rows."""

    days: tuple[date, ...]

    @property
    def usual_gap(self) -> timedelta | None:
        """How far apart days with rows usually are (19 of 20 are nearer); None for fewer than ten."""
        if len(self.days) < 10:
            return None
        steps = np.diff(np.array(self.days, dtype="datetime64[D]").astype("int64"))
        return timedelta(days=int(np.ceil(np.quantile(steps, 0.95))))

    def silence(self, until: datetime) -> timedelta | None:
        """How long before `until` the table fell silent, if that is far longer than usual, else None."""
        usual = self.usual_gap
        if usual is None:
            return None
        quiet = until - datetime.combine(self.days[-1] + timedelta(days=1), datetime.min.time())
        return quiet if quiet > 2 * usual + timedelta(days=1) else None

    def gaps(self) -> list[Gap]:
        """Runs of days (or, for a monthly table, months) without rows where rows are usual, the longest first.

        Each weekday has its own habit, so weekends and closed Mondays are no gaps; a run counts if a table with these
        habits would show it less than once in a million."""
        if len(self.days) < 2:
            return []
        every = pd.date_range(self.days[0], self.days[-1], freq="D")
        has = np.isin(every.to_numpy(dtype="datetime64[D]"), np.array(self.days, dtype="datetime64[D]"))
        if has.sum() >= _FEWEST_DAYS and has.mean() >= 0.2:
            return _daily_gaps(every, has)
        return self._monthly_gaps()

    def _monthly_gaps(self) -> list[Gap]:
        months = pd.PeriodIndex([pd.Timestamp(d) for d in self.days], freq="M").unique().sort_values()
        every = pd.period_range(months[0], months[-1], freq="M")
        if len(every) < _FEWEST_MONTHS or len(months) < _MONTHLY * len(every):
            return []
        missing = [m for m in every if m not in months]
        return [Gap(m.start_time.date(), m.end_time.date(), m.days_in_month) for m in missing]


def rhythm_of(engine: Engine, table: str) -> Rhythm:
    """The days on which a loaded table has rows."""
    day = exp.Cast(this=column(AT), to=exp.DataType.build("date"))
    query = exp.select(exp.alias_(day, "day", quoted=True)).distinct().from_(named(table))
    days = pd.to_datetime(engine.frame(query)["day"]).dropna().sort_values()
    return Rhythm(tuple(d.date() for d in days))


def _daily_gaps(every: pd.DatetimeIndex, has: np.ndarray) -> list[Gap]:
    weekday = every.day_of_week.to_numpy()
    seen = np.bincount(weekday, minlength=7)
    active = np.bincount(weekday, weights=has, minlength=7)
    habit = (active + 0.5) / (seen + 1.0)
    # what a weekday misses in the gap itself must not excuse the gap: habits are those of the other weeks
    run = np.cumsum(np.diff(has.astype("int8"), prepend=has[:1].astype("int8")) != 0)
    gaps = []
    for number in np.unique(run[~has]):
        places = np.flatnonzero(run == number)
        inside = np.bincount(weekday[places], minlength=7)
        others = (active + 0.5) / (seen - inside + 1.0)
        chance = float(np.prod(1 - np.minimum(others[weekday[places]], 1 - 1e-3)))
        usual = int((habit[weekday[places]] >= 0.5).sum())
        if chance < _UNLIKELY and usual >= _FEWEST_GAP_DAYS:
            gaps.append(Gap(every[places[0]].date(), every[places[-1]].date(), usual))
    return sorted(gaps, key=lambda g: g.first - g.last)
