"""Spans: where many rows of the frame share their cutoffs, events are added up once between the moments that matter.

The moments are all cutoffs and all window edges. Between two neighbouring ones every window holds either all of an
entity's events or none, so counts, sums, extremes of a window are made from the few spans it covers instead of from
all its events. It applies where cutoffs lie at midnight and windows are whole days, weeks, months or years.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sqlglot import exp

from workbench.features.aggregations.contract import Aggregation, Rows, number
from workbench.features.columns import CUTOFF_AT, ROW, SPINE, aliased, smallest
from workbench.features.definition import RowsFeature
from workbench.features.windows import Window, edge
from workbench.tables.engine import AT, KNOWN, Engine, column, ident, named
from workbench.tables.kinds import among, same_key
from workbench.tables.schema import Table
from workbench.tables.words import DayNumber, Listed

# steps to be computed as they stand: joined freely, a planner may compare every span with every cutoff first
STORED = ("spans", "placed")

_FEWEST_CUTOFFS_EACH = (
    2.5  # frame rows per entity below which the events are not read often enough to add them up
)
_FEWEST_EVENTS_PER_SPAN = 1.0
_FEW = 0.5  # share of a table's entities below which the others' events are left out first: looking costs too
_DAY = np.timedelta64(1, "D")
_EPOCH = np.datetime64("1970-01-01", "D")


@dataclass(frozen=True)
class Calendar:
    """The moments that matter, and on which of them each cutoff's windows begin and end.

    `places` gives for each day from `first_day` on the number of moments up to it; `cutoffs` (a table of the engine)
    for each cutoff the number of its window edges. Both count alike, so that comparing the numbers compares the moments.
    """

    first_day: int
    places: str
    cutoffs: str
    few: bool  # the frame holds only a smaller part of the table's entities


def calendar(engine: Engine, table: Table, windows: Iterable[Window]) -> Calendar | None:
    """The calendar of a frame over a table, stored in the engine; None where spans do not apply or would not help."""
    windows = tuple(dict.fromkeys(windows))
    if table.event_time is None or engine.tables.entity not in engine.columns(table.name):
        return None
    reach = [d for w in windows for d in (w.far, w.near) if d is not None]
    if any(d.unit == "h" for d in reach) or table.known_after.unit not in ("d", "w"):
        return None
    cutoffs, rows_each, entities = _asked(engine)
    if rows_each < _FEWEST_CUTOFFS_EACH or not len(cutoffs) or (cutoffs != cutoffs.normalize()).any():
        return None
    edges = {edge(w.far): [w.far.before(c) for c in cutoffs] for w in windows if w.far is not None}
    edges |= {edge(w.near): [w.near.before(c) for c in cutoffs] for w in windows if w.near is not None}
    edges[edge(table.known_after)] = [table.known_after.before(c) for c in cutoffs]
    edges["cutoff"] = list(cutoffs)
    moments = np.unique(np.array([m for e in edges.values() for m in e], dtype="datetime64[D]"))
    events = engine.loaded[table.name].rows if table.name in engine.loaded else 0
    if events < _FEWEST_EVENTS_PER_SPAN * entities * len(moments):
        return None
    days = np.arange(moments[0] - _DAY, moments[-1])  # an event on the last moment's day counts for nobody
    places = ",".join(map(str, np.searchsorted(moments, days, side="right")))
    few = entities < _FEW * _entities(engine, table.name)
    made = Calendar(int((days[0] - _EPOCH) / _DAY), places, f"_cutoffs_{table.name}", few)
    counted = {
        name: np.searchsorted(moments, np.array(e, dtype="datetime64[D]"), side="right")
        for name, e in edges.items()
    }
    engine.put(made.cutoffs, pd.DataFrame({CUTOFF_AT: cutoffs, **counted}))
    return made


def _asked(engine: Engine) -> tuple[pd.DatetimeIndex, float, int]:
    """The frame's different cutoffs, its rows per entity and its number of entities."""
    entity = column(engine.tables.entity)
    rows, entities = engine.row(
        exp.select(exp.Count(this=exp.Star()), exp.Count(this=exp.Distinct(expressions=[entity]))).from_(
            named(SPINE)
        )
    )
    found = engine.frame(exp.select(column(CUTOFF_AT)).distinct().from_(named(SPINE)))
    return pd.DatetimeIndex(found[CUTOFF_AT]).sort_values(), rows / max(entities, 1), int(entities)


def _entities(engine: Engine, table: str) -> int:
    """About how many entities a table has."""
    each = exp.ApproxDistinct(this=column(engine.tables.entity))
    return int(engine.row(exp.select(each).from_(named(table)))[0])


@dataclass
class SpanGrouping:
    """Collects the columns that are made of spans; `steps` lays them out."""

    engine: Engine
    table: Table
    calendar: Calendar
    parts: dict[str, tuple[str, exp.Expr]] = field(default_factory=dict)
    answers: list[exp.Expr] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def takes(self, feature: RowsFeature, aggregate: Aggregation, rows: Rows) -> bool:
        """Whether the column can be made of spans: it belongs to the entity alone and merges from parts."""
        return not feature.match and feature.via is None and bool(aggregate.parts(rows))

    def add(self, name: str, aggregate: Aggregation, rows: Rows, window: Window) -> None:
        """One output column; `rows.keep` holds the conditions on events, without the window."""
        chosen = []
        for part in aggregate.parts(replace(rows, at=column(AT, "e"))):
            short, _ = self.parts.setdefault(part.sql(), (f"p{len(self.parts) + 1}", part))
            chosen.append(column(short, "e"))
        inside = replace(rows, cutoff=column(CUTOFF_AT, "c"), keep=self._inside(window))
        self.windows.append(window)
        self.names.append(name)
        self.answers.append(exp.alias_(aggregate.merged(inside, chosen), name, quoted=True))

    def steps(self) -> list[tuple[str, exp.Select]]:
        """`spans`, one row per entity and span with its parts; `placed`, the frame's rows with the numbers of their
        window edges; and `merged`, one row per frame row."""
        entity = self.engine.tables.entity
        own, asked = self.engine.columns(self.table.name)[entity], self.engine.columns(SPINE)[entity]
        place = exp.alias_(self._place(AT), "place", quoted=True)
        query = exp.select(column("k", "e"), place).from_(aliased("events", "e"))
        by = [1, 2]
        own_knowledge = self.table.known_at is not None
        if own_knowledge:
            query = query.select(exp.alias_(self._place(KNOWN), "known", quoted=True))
            by.append(3)
        if self.calendar.few:
            query = query.where(among(column("k", "e"), own, column(entity), asked, named(SPINE)))
        query = query.select(*(exp.alias_(p.copy(), short, quoted=True) for short, p in self.parts.values()))
        spans = query.group_by(*map(number, by))
        on: list[exp.Expr] = [
            same_key(column("k", "e"), own, column("k", "c"), asked),
            exp.LT(this=column("place", "e"), expression=column(self._upper(), "c")),
        ]
        if own_knowledge:
            on.append(exp.LT(this=column("known", "e"), expression=column("cutoff", "c")))
        far = [w.far for w in dict.fromkeys(self.windows)]
        if None not in far:
            starts = [column(edge(f), "c") for f in dict.fromkeys(far) if f is not None]
            earliest = smallest(starts)
            on.append(exp.GTE(this=column("place", "e"), expression=earliest))
        same = exp.EQ(this=column(CUTOFF_AT, "c"), expression=column(CUTOFF_AT, "s"))
        edges = exp.Column(this=exp.Star(), table=ident("c"))
        placed = (
            exp.select(column(ROW, "s"), exp.alias_(column(entity, "s"), "k", quoted=True), edges)
            .from_(aliased(SPINE, "s"))
            .join(aliased(self.calendar.cutoffs, "c"), on=same)
        )
        merged = (
            exp.select(column(ROW, "c"), *self.answers)
            .from_(aliased("placed", "c"), copy=False)
            .join(aliased("spans", "e"), on=exp.and_(*on), copy=False)
            .group_by(column(ROW, "c"), copy=False)
        )
        return [("spans", spans), ("placed", placed), ("merged", merged)]

    def joined(
        self, others: exp.Select | None, steps: list[tuple[str, exp.Select]], names: list[str]
    ) -> exp.Select:
        """The final select: the columns made of spans beside those (`names`) that `others` gives, if any."""
        if others is None:
            return exp.select(column(ROW), *(column(n) for n in self.names)).from_("merged")
        query = exp.select(column(ROW, "f"), *(column(n, "merged") for n in self.names))
        query = query.from_(aliased("framed", "f")).join("merged", on=_same_row("merged"), join_type="left")
        steps.append(("single", others))
        query = query.select(*(column(n, "single") for n in names))
        return query.join("single", on=_same_row("single"), join_type="left")

    def _upper(self) -> str:
        """Where what is known ends: with a delay of its own for each row, `known` is compared as well."""
        return "cutoff" if self.table.known_at is not None else edge(self.table.known_after)

    def _inside(self, window: Window) -> exp.Expr | None:
        parts: list[exp.Expr] = []
        if window.far is not None:
            parts.append(exp.GTE(this=column("place", "e"), expression=column(edge(window.far), "c")))
        if window.near is not None:
            parts.append(exp.LT(this=column("place", "e"), expression=column(edge(window.near), "c")))
        return exp.and_(*parts) if parts else None

    def _place(self, moment: str) -> exp.Expr:
        # what happened before the first moment counts as of the day before it
        day, first = DayNumber(this=column(moment, "e")), number(self.calendar.first_day)
        early = exp.LT(this=day, expression=first)
        later = exp.Sub(this=day.copy(), expression=first.copy())
        since = exp.Case(ifs=[exp.If(this=early, true=number(0))], default=later)
        return Listed(this=since, numbers=exp.Literal.string(self.calendar.places))


def _same_row(step: str) -> exp.Expr:
    return exp.EQ(this=column(ROW, step), expression=column(ROW, "f"))
