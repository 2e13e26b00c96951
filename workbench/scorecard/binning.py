"""Finds the bins of one variable: pre-bins by quantile, then the exact optimum, codes and missing values apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from workbench.scorecard.bins import Bins, ColumnType, as_floats, as_levels, column_type
from workbench.scorecard.decimals import shortest_between
from workbench.scorecard.optimum import Limits, Merging, best_mergings
from workbench.scorecard.spec import CardSpec, Trend
from workbench.scorecard.woe import Floats, woe

MIN_ROWS, TINY_SHARE = (
    30.0,
    0.08,
)  # no ordinary bin has fewer rows than 30, or than this share of a tiny table
MIN_LEVEL_SHARE, MIN_LEVEL_ROWS = 0.01, 20.0  # rarer levels go to `other`
MONOTONE: tuple[Trend, ...] = ("ascending", "descending")
TURN_MUST_BRING = 1.1  # a peak or valley is believed if its IV exceeds the monotone one's by this factor


@dataclass(frozen=True)
class Outcome:
    """The outcome as the binning counts it: weights of events and of non-events, per row."""

    event: Floats
    non_event: Floats

    @classmethod
    def of(cls, y: np.ndarray, weight: Floats | None = None) -> Outcome:
        event = np.asarray(y, dtype=float)
        weights = np.ones(len(event)) if weight is None else weight * (len(event) / weight.sum())
        return cls(event * weights, (1 - event) * weights)

    @property
    def totals(self) -> tuple[float, float]:
        return float(self.event.sum()), float(self.non_event.sum())

    @property
    def rate(self) -> float:
        events, non_events = self.totals
        return events / (events + non_events)

    def count(self, number: np.ndarray, size: int) -> tuple[Floats, Floats]:
        return (
            np.bincount(number, weights=self.event, minlength=size),
            np.bincount(number, weights=self.non_event, minlength=size),
        )


def fit_bins(column: pd.Series, outcome: Outcome, *, spec: CardSpec) -> Bins:
    """The bins of a column against the outcome. One ordinary bin means that the column says nothing."""
    name, kind = str(column.name), column_type(column)
    if kind == "category":
        return _fit_levels(column, outcome, name=name, spec=spec)
    values = as_floats(column, type=kind)
    specials = tuple(float(v) for v in spec.specials.get(name, ())) or _codes(values, type=kind)
    usual = ~np.isnan(values)
    for special in specials:
        usual &= values != special
    cuts = _prebin_cuts(values[usual], max_prebins=spec.max_prebins, whole=kind == "date")
    number = np.searchsorted(np.array(cuts), values, side="left")
    number[~usual] = len(cuts) + 1
    events, non_events = (part[:-1] for part in outcome.count(number, len(cuts) + 2))
    merging = _choose(events, non_events, outcome, trend=spec.trends.get(name, "auto"), spec=spec)
    edges = tuple(cuts[start - 1] for start in merging.starts[1:])
    return _counted(column, outcome, _blank(name, kind, edges, (), specials, outcome, merging.trend, spec))


def _fit_levels(column: pd.Series, outcome: Outcome, *, name: str, spec: CardSpec) -> Bins:
    codes, levels = as_levels(column)
    events, non_events = outcome.count(np.where(codes < 0, len(levels), codes), len(levels) + 1)
    events, non_events = events[:-1], non_events[:-1]
    frequent = events + non_events >= max(MIN_LEVEL_SHARE * len(column), MIN_LEVEL_ROWS)
    evidence = woe(events, non_events, rate=outcome.rate, smoothing=spec.smoothing_rows(outcome.rate))
    # levels in order of their event rate, names breaking ties: the best grouping is then one of neighbours
    ordered = sorted(np.flatnonzero(frequent), key=lambda code: (evidence[code], levels[code]))
    merging = _choose(events[ordered], non_events[ordered], outcome, trend="ascending", spec=spec)
    stops = (*merging.starts[1:], len(ordered))
    groups = tuple(
        tuple(levels[code] for code in ordered[start:stop])
        for start, stop in zip(merging.starts, stops, strict=True)
    )
    return _counted(column, outcome, _blank(name, "category", (), groups, (), outcome, "ascending", spec))


def _choose(events: Floats, non_events: Floats, outcome: Outcome, *, trend: Trend, spec: CardSpec) -> Merging:
    """The best merging after paying for each bin what chance alone would bring; monotone unless a turn pays."""
    all_events, all_non_events = outcome.totals
    rows = all_events + all_non_events
    limits = Limits(
        max_bins=spec.max_bins,
        min_rows=max(spec.min_share * rows, min(MIN_ROWS, TINY_SHARE * rows)),
        min_events=spec.min_events,
        min_woe_gap=spec.min_woe_gap,
        smoothing=spec.smoothing_rows(outcome.rate),
    )
    # under no relation the IV of k bins is about (k - 1) (1/events + 1/non-events)
    price = spec.bin_penalty * (1 / all_events + 1 / all_non_events)

    def worth(m: Merging) -> float:
        return m.iv - price * len(m.starts)

    found = best_mergings(
        events, non_events, trend=trend, limits=limits, all_events=all_events, all_non_events=all_non_events
    )
    if not found:
        return Merging((0,), 0.0, "ascending" if trend == "auto" else trend)
    straight = max((m for m in found if trend != "auto" or m.trend in MONOTONE), key=worth)
    turning = max(found, key=worth)
    pays = worth(turning) > worth(straight) + price and turning.iv > TURN_MUST_BRING * straight.iv
    return turning if pays else straight


def _prebin_cuts(values: Floats, *, max_prebins: int, whole: bool) -> list[float]:
    """Inner upper edges: between all distinct values if they are few, else near the quantiles, readable."""
    ordered = np.sort(values[np.isfinite(values)])
    if len(ordered) == 0:
        return []
    changes = np.flatnonzero(ordered[1:] != ordered[:-1])
    if len(changes) < max_prebins:
        return [shortest_between(float(ordered[at]), float(ordered[at + 1])) for at in changes]
    ranks = (np.arange(1, max_prebins) * len(ordered)) // max_prebins
    at = ordered[ranks]
    before, after = (
        ordered[np.maximum(ranks - len(ordered) // max_prebins, 0)],
        np.append(at[1:], ordered[-1]),
    )
    cuts = set()
    for low, cut, high in zip(before.tolist(), at.tolist(), after.tolist(), strict=True):
        heavy = cut in (low, high)  # a value that fills a pre-bin: keep the cut exactly on it
        room = (high - cut) / 10
        cuts.add(cut if heavy or whole else shortest_between(cut, cut + room))
    return sorted(cut for cut in cuts if ordered[0] <= cut < ordered[-1])


def _codes(values: Floats, *, type: ColumnType) -> tuple[float, ...]:
    """Values that are evidently codes: the only negative ones are -1, -9, -99, ..., or a far 999... on top."""
    finite = values[np.isfinite(values)]
    if type == "date" or len(finite) == 0:
        return ()
    found = []
    negative = finite[finite < 0]
    if len(negative) and len(negative) < len(finite):
        distinct = np.unique(negative[:1000])
        if len(distinct) <= 3 and all(_is_code(-v) for v in distinct) and np.isin(negative, distinct).all():
            found += distinct.tolist()
    top = float(finite.max())
    if top >= 999 and _is_code(top):
        rest = finite[finite < top]
        if len(rest) and top > 5 * max(float(rest.max()), 1.0) and (finite == top).sum() >= 5:
            found.append(top)
    return tuple(found)


def _is_code(value: float) -> bool:
    return value == 1 or (value < 1e12 and value == round(value) and set(str(int(value))) == {"9"})


def _blank(
    name: str,
    kind: ColumnType,
    edges: tuple[float, ...],
    groups: tuple[tuple[str, ...], ...],
    specials: tuple[float, ...],
    outcome: Outcome,
    trend: Trend,
    spec: CardSpec,
) -> Bins:
    all_events, all_non_events = outcome.totals
    return Bins(
        name,
        kind,
        edges,
        groups,
        specials,
        (),
        (),
        all_events,
        all_non_events,
        spec.smoothing_rows(outcome.rate),
        trend,
    )


def _counted(column: pd.Series, outcome: Outcome, bins: Bins) -> Bins:
    """The same bins with their counts, counted by the very function that scores."""
    events, non_events = outcome.count(bins.index(column), bins.size)
    stored = bins.as_dict() | {"events": events.tolist(), "non_events": non_events.tolist()}
    return Bins.from_dict(stored)
