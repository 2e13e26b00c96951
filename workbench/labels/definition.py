"""What a label definition says: who is asked about, when, and which outcome counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from workbench.labels.kinds import Kind
from workbench.tables.durations import Duration
from workbench.text import Text


@dataclass(frozen=True, kw_only=True)
class Condition:
    """Whether any (or no) row of a table lies in a span.

    `within` is a span after the cutoff for an outcome and before it for eligibility; None means all history.
    `until` names a column of the frame's row instead (`contacts.end_date`): the day it holds belongs to the span.
    """

    table: str
    wants_any: bool
    where: str | None = None
    within: Duration | None = None
    until: str | None = None
    match: tuple[str, ...] = ()
    gap: Duration = Duration(0)
    lag: Duration = Duration(0)


@dataclass(frozen=True)
class Cutoffs:
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
class EachRow:
    """One frame row per row of a table, with that row's own cutoff."""

    table: str
    key: tuple[str, ...]
    cutoff: str


@dataclass(frozen=True, kw_only=True)
class LabelDefinition:
    """A label over tables. Exactly one of `cutoffs` (every entity at each) and `row` (each row of a table) is set."""

    name: str
    kind: Kind
    outcome: Condition
    cutoffs: Cutoffs | None = None
    row: EachRow | None = None
    eligible: Condition | None = None
    judge_from: date | None = (
        None  # the hold-out begins here; left out, a fitting share of the newest rows judges
    )
    say: Text | None = None

    @property
    def sentence(self) -> Text:
        return self.say or Text.of(self.name.replace("_", " "))


@dataclass(frozen=True, kw_only=True)
class FlatLabel:
    """A label that is a column of a flat table."""

    name: str
    kind: Kind
    column: str
    positive: str | None = None
    known_after_event: tuple[str, ...] = ()
    say: Text | None = None

    @property
    def sentence(self) -> Text:
        return self.say or Text.of(self.name.replace("_", " "))


AnyLabel = LabelDefinition | FlatLabel
