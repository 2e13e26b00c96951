"""When the question is asked: at fixed moments, at regular steps, or at events of the entity's own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal, Protocol, cast

import pandas as pd

from workbench.errors import DefinitionError, did_you_mean
from workbench.labels.conditions import events_table, parse_reason, positive
from workbench.tables.durations import FIRST_YEAR, LAST_YEAR, Duration
from workbench.tables.expression import columns_of
from workbench.tables.schema import TableSet
from workbench.tables.yaml_file import expect_known, expect_mapping

_MOST_CUTOFFS = 10_000

Choice = Literal["first", "last", "random"]
_CHOICES: tuple[Choice, ...] = ("first", "last", "random")


class Cutoffs(Protocol):
    """Moments at which every entity is asked about."""

    def moments(self) -> tuple[datetime, ...]:
        """All cutoffs, oldest first."""
        ...


@dataclass(frozen=True)
class PeriodicCutoffs:
    """Moments at regular steps, the first and the last included where a step falls on it."""

    every: Duration
    first: date
    last: date

    def moments(self) -> tuple[datetime, ...]:
        """All cutoffs, oldest first. Steps are counted from the first, so months keep their day."""
        start = datetime(self.first.year, self.first.month, self.first.day)
        end = datetime(self.last.year, self.last.month, self.last.day)
        found, step = [], 0
        while (moment := Duration(self.every.count * step, self.every.unit).after(start)) <= end:
            found.append(moment)
            step += 1
        return tuple(found)


@dataclass(frozen=True)
class FixedCutoffs:
    """Named days, in any order."""

    days: tuple[date, ...]

    def moments(self) -> tuple[datetime, ...]:
        return tuple(datetime(d.year, d.month, d.day) for d in sorted(self.days))


@dataclass(frozen=True)
class PerEvent:
    """Each event of a table (that meets a condition) is a cutoff of its entity; the event itself is not known by then."""

    table: str
    where: str | None = None


@dataclass(frozen=True)
class OnePer:
    """At most one row per entity and calendar period: the first, the last, or one by a hash that never changes.

    A period of months or years begins with a calendar month or year; of days or weeks it counts from Monday,
    3 January 2000.
    """

    period: Duration
    choose: Choice = "first"

    def kept(self, entity: pd.Series, cutoff: pd.Series, identity: pd.DataFrame) -> pd.Series:
        """True for the row that stays in its period; `identity` (the row's keys) decides between equal cutoffs."""
        words = [
            "\x1f".join((f"{at:%Y-%m-%dT%H:%M:%S.%f}", *key))
            for at, *key in zip(cutoff, *(identity[c].astype(str) for c in identity), strict=True)
        ]
        if self.choose == "random":
            words = [hashlib.blake2b(w.encode(), digest_size=8).hexdigest() for w in words]
        ranked = pd.DataFrame(
            {"entity": entity.to_numpy(), "period": [self._period(at) for at in cutoff], "word": words}
        )
        order = ranked.sort_values("word", ascending=self.choose != "last", kind="stable")
        return ~order.duplicated(["entity", "period"]).reindex(ranked.index)

    def _period(self, at: datetime) -> int:
        if self.period.unit in ("mo", "y"):
            return (at.year * 12 + at.month - 1) // (
                self.period.count * (12 if self.period.unit == "y" else 1)
            )
        hours = (datetime(at.year, at.month, at.day, at.hour) - datetime(2000, 1, 3)).total_seconds() // 3600
        return int(hours // round(self.period.days * 24))


@dataclass(frozen=True)
class ExcludedPeriod:
    """Days, both included, in which nothing is representative: rows whose cutoff or outcome window touches them go."""

    first: date
    last: date
    reason: str


def parse_cutoffs(written: object, where: str) -> Cutoffs:
    """`{every, from, to}`, `{at: [...]}` or a list of days."""
    if isinstance(written, list):
        return _fixed(written, where)
    chosen = expect_mapping(written, where)
    if "at" in chosen:
        expect_known(chosen, ("at",), where)
        at = chosen["at"]
        return _fixed(at if isinstance(at, list) else [at], where)
    expect_known(chosen, ("every", "from", "to"), where)
    first, last = (_cutoff_day(chosen.get(k), f"{where}, {k}") for k in ("from", "to"))
    every = Duration.parse(chosen.get("every"), f"{where}, every")
    if every.count and (last - first).days / every.days > _MOST_CUTOFFS:
        raise DefinitionError(
            "WB-L30",
            f"{where}: from {first} to {last} every {every} are more than {_MOST_CUTOFFS:,} cutoffs.",
            "Every customer is asked about at each of them: write a longer `every`, or a shorter period.",
        )
    if last < first or every.count == 0:
        raise DefinitionError(
            "WB-L03",
            f"{where}: from {first} to {last} every {every} holds no cutoff.",
            "`from` must not lie after `to`."
            if every.count
            else "Write the span between two cutoffs: 1mo, 30d.",
        )
    return PeriodicCutoffs(every, first, last)


def _fixed(written: list[Any], where: str) -> FixedCutoffs:
    days = tuple(_cutoff_day(d, where) for d in written)
    twice = next((d for d in days if days.count(d) > 1), None)
    if not days or twice is not None:
        raise DefinitionError(
            "WB-L03",
            f"{where}: " + ("there is no cutoff." if twice is None else f"{twice} is named twice."),
            "Name each day once: [2025-03-01, 2025-06-01].",
        )
    return FixedCutoffs(days)


def parse_per_event(written: object, tables: TableSet, where: str) -> tuple[PerEvent, OnePer | None]:
    """The events, and the `first_per: 1mo` that thins them out if it is there."""
    chosen = expect_mapping(written, where)
    expect_known(chosen, ("in", "where", "first_per"), where)
    table = events_table(chosen.get("in"), tables, where)
    text = chosen.get("where")
    if text is not None:
        columns_of(str(text), where)
    thinned = (
        OnePer(positive(Duration.parse(chosen["first_per"], f"{where}, first_per"), f"{where}, first_per"))
        if "first_per" in chosen
        else None
    )
    return PerEvent(table, None if text is None else str(text)), thinned


def parse_one_per(written: object, where: str) -> OnePer:
    """`1mo`, or `{period: 1mo, choose: first | last | random}`."""
    chosen = written if isinstance(written, dict) else {"period": written}
    expect_known(expect_mapping(chosen, where), ("period", "choose"), where)
    choose = chosen.get("choose", OnePer.choose)
    if choose not in _CHOICES:
        raise DefinitionError(
            "WB-L01", f"{where}: `choose` is {choose!r}.", did_you_mean(str(choose), _CHOICES)
        )
    return OnePer(positive(Duration.parse(chosen.get("period"), where), where), cast(Choice, choose))


def parse_excluded_periods(written: object, where: str) -> tuple[ExcludedPeriod, ...]:
    listed = written if isinstance(written, list) else [written]
    found = []
    for number, one in enumerate(listed, start=1):
        place = f"{where}, entry {number}"
        chosen = expect_mapping(one, place)
        expect_known(chosen, ("from", "to", "reason"), place)
        first, last = (parse_day(chosen.get(k), f"{place}, {k}") for k in ("from", "to"))
        if last < first:
            raise DefinitionError(
                "WB-L03", f"{place}: from {first} to {last} holds no day.", "`from` must not lie after `to`."
            )
        found.append(ExcludedPeriod(first, last, parse_reason(chosen.get("reason"), place)))
    return tuple(found)


def _cutoff_day(value: object, where: str) -> date:
    day = parse_day(value, where)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise DefinitionError(
            "WB-L03",
            f"{where}: {day.isoformat()} lies outside of the years {FIRST_YEAR} to {LAST_YEAR}.",
            "Correct the year.",
        )
    return day


def parse_day(value: object, where: str) -> date:
    """A day of the tables' own clock. Raises WB-L03 for what is none, and for a zone or time of day, which would be lost."""
    if isinstance(value, datetime):
        if value.tzinfo is not None or value.time() != time():
            told = "a time zone" if value.tzinfo is not None else "a time of day"
            raise DefinitionError(
                "WB-L03",
                f"{where}: {value.isoformat(sep=' ')} names {told}, but this is a whole day by the tables' own clock.",
                "Write YYYY-MM-DD: the day begins at 00:00 of the clock in which the tables tell their moments.",
            )
        return value.date()
    if isinstance(value, date):
        return value
    raise DefinitionError("WB-L03", f"{where}: {value!r} is not a date.", "Write YYYY-MM-DD.")
