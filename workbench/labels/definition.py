"""What a label definition says: who is asked about, when, and which outcome counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from workbench.features.definition import Example
from workbench.labels.conditions import Condition, Exclusion
from workbench.labels.cutoffs import Cutoffs, ExcludedPeriod, OnePer, PerEvent
from workbench.labels.kinds import Kind
from workbench.labels.overdue import Overdue
from workbench.text import Text


@dataclass(frozen=True)
class EachRow:
    """One frame row per row of a table, with that row's own cutoff.

    Without `cutoff` the label has `cutoffs:` and each row that has begun is asked about at each of them. With
    `responded` (a condition on what follows the row's cutoff) only rows that were answered stay, and the moment of
    the first answer is their cutoff.
    """

    table: str
    key: tuple[str, ...]
    cutoff: str | None
    responded: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class LabelDefinition:
    """A label over tables: `cutoffs` (every entity, or each row of `row`, at each), `row` alone or `per_event`."""

    name: str
    kind: Kind
    outcome: Condition | Overdue
    cutoffs: Cutoffs | None = None
    row: EachRow | None = None
    per_event: PerEvent | None = None
    one_per: OnePer | None = None
    eligible: tuple[Condition, ...] = ()
    exclude: tuple[Exclusion, ...] = ()
    exclude_periods: tuple[ExcludedPeriod, ...] = ()
    judge_from: date | None = (
        None  # the hold-out begins here; left out, a fitting share of the newest rows judges
    )
    known_before: tuple[str, ...] = ()  # features that a person vouches for, strong as they are
    say: Text | None = None
    purpose: str | None = None  # left out, what its kind serves: marketing or risk
    examples: tuple[Example, ...] = ()  # each expects {"label": 1, 0 or "left out"}
    expanded: str = ""  # the whole definition as YAML, where a template was used

    @property
    def sentence(self) -> Text:
        return self.say or Text.of(self.name.replace("_", " "))

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Everything that decides from its past whether a row is asked about."""
        return (*self.eligible, *(e.condition for e in self.exclude))

    @property
    def own_cutoff(self) -> str | None:
        """The column of the label's own rows that holds their cutoff; None where cutoffs are the same for all."""
        return self.row.cutoff if self.row is not None else None


@dataclass(frozen=True, kw_only=True)
class FlatLabel:
    """A label that is a column of a flat table."""

    name: str
    kind: Kind
    column: str
    positive: str | None = None
    known_after_event: tuple[str, ...] = ()
    known_before: tuple[str, ...] = ()  # columns that a person vouches for, strong as they are
    say: Text | None = None
    purpose: str | None = None  # left out, what its kind serves: marketing or risk

    @property
    def sentence(self) -> Text:
        return self.say or Text.of(self.name.replace("_", " "))


AnyLabel = LabelDefinition | FlatLabel
