"""The merging of neighbouring pre-bins that has the largest information value, found exactly.

State of the dynamic programme: the last bin [start, end] and the number of bins so far. A bin may follow
another if its WOE lies on the right side of it by at least the gap, so sorting the possible predecessors by WOE
and taking a running maximum answers all successors at once: O(P^2 log P) per number of bins for P pre-bins.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.scorecard.spec import Trend
from workbench.scorecard.woe import Floats, information, woe


@dataclass(frozen=True)
class Merging:
    """One way to merge: the first pre-bin of every bin, and the information value of all of them."""

    starts: tuple[int, ...]
    iv: float
    trend: Trend


@dataclass(frozen=True)
class Limits:
    """What every bin must keep to."""

    max_bins: int
    min_rows: float
    min_events: float
    min_woe_gap: float
    smoothing: float


def best_mergings(
    events: Floats,
    non_events: Floats,
    *,
    trend: Trend,
    limits: Limits,
    all_events: float,
    all_non_events: float,
) -> list[Merging]:
    """The best merging for each feasible number of bins, fewest bins first; empty if not even one bin is allowed.

    With the trend `auto` these of each of the four trends, monotone ones first.

    `events` and `non_events` are counts per pre-bin, `all_...` the totals with missing and special values.
    A gap of 0 still means strictly rising or falling.
    """
    size = len(events)
    if size == 0:
        return []
    sums1, sums0 = (np.concatenate([[0.0], np.cumsum(part)]) for part in (events, non_events))
    segment1, segment0 = (sums[None, 1:] - sums[:-1, None] for sums in (sums1, sums0))  # [start, end]
    allowed = np.triu(np.ones((size, size), dtype=bool))
    segment1, segment0 = np.where(allowed, segment1, 0.0), np.where(allowed, segment0, 0.0)
    allowed &= segment1 + segment0 >= limits.min_rows
    allowed &= (segment1 >= limits.min_events) & (segment0 >= limits.min_events)
    rate = all_events / (all_events + all_non_events)
    evidence = woe(segment1, segment0, rate=rate, smoothing=limits.smoothing)
    value = information(
        segment1,
        segment0,
        all_events=all_events,
        all_non_events=all_non_events,
        smoothing=limits.smoothing,
    )
    value[~allowed] = -np.inf
    max_bins = min(limits.max_bins, size)
    if trend == "auto":
        # the first phase of a peak is an ascent, that of a valley a descent: two tables hold all four trends
        peak = _fill(value, evidence, signs=(1, -1), gap=limits.min_woe_gap, max_bins=max_bins)
        valley = _fill(value, evidence, signs=(-1, 1), gap=limits.min_woe_gap, max_bins=max_bins)
        return [
            *_read(peak, trend="ascending", phases=1),
            *_read(valley, trend="descending", phases=1),
            *_read(peak, trend="peak", phases=2),
            *_read(valley, trend="valley", phases=2),
        ]
    signs = {"ascending": (1,), "descending": (-1,), "peak": (1, -1), "valley": (-1, 1), "none": (1,)}[trend]
    gap = -np.inf if trend == "none" else limits.min_woe_gap
    tables = _fill(value, evidence, signs=signs, gap=gap, max_bins=max_bins)
    return _read(tables, trend=trend, phases=len(signs))


@dataclass(frozen=True)
class _Tables:
    best: Floats  # [phase, bins - 1, start, end]
    came_from: NDArray[np.int32]  # the predecessor: phase * size + its start


def _fill(value: Floats, evidence: Floats, *, signs: tuple[int, ...], gap: float, max_bins: int) -> _Tables:
    """Phase p may follow itself and the phase before it; the WOE rises in phases of sign 1 and falls in those of -1."""
    size = len(value)
    best = np.full((len(signs), max_bins, size, size), -np.inf)
    came_from = np.full(best.shape, -1, dtype=np.int32)
    best[0, 0, 0] = value[0]
    side = "left" if gap == 0 else "right"
    for start in range(1, size):
        ends = slice(start, size)
        for phase, sign in enumerate(signs):
            before = range(max(0, phase - 1), phase + 1)
            reached = np.concatenate([best[p, :-1, :start, start - 1] for p in before], axis=1)
            origin = np.concatenate([p * size + np.arange(start) for p in before])
            level = sign * np.tile(evidence[:start, start - 1], len(before))
            order = np.argsort(level, kind="stable")
            sorted_reached = reached[:, order]
            running = np.maximum.accumulate(sorted_reached, axis=1)
            place = np.maximum.accumulate(
                np.where(sorted_reached == running, np.arange(len(order)), 0), axis=1
            )
            eligible = np.searchsorted(level[order], sign * evidence[start, ends] - gap, side=side)
            found = np.maximum(eligible - 1, 0)
            total = np.where(eligible > 0, running[:, found] + value[start, ends], -np.inf)
            best[phase, 1:, start, ends] = total
            came_from[phase, 1:, start, ends] = origin[order][place[:, found]]
    return _Tables(best, came_from)


def _read(tables: _Tables, *, trend: Trend, phases: int) -> list[Merging]:
    _, max_bins, size, _ = tables.best.shape
    mergings = []
    for bins in range(max_bins):
        last = tables.best[:phases, bins, :, size - 1]
        phase, start = divmod(int(np.argmax(last)), size)
        iv = float(last[phase, start])
        if iv == -np.inf:
            continue
        starts, end = [], size - 1
        for k in range(bins, -1, -1):
            starts.append(start)
            here, end_before = (phase, k, start, end), start - 1
            if k:
                phase, start = divmod(int(tables.came_from[here]), size)
            end = end_before
        mergings.append(Merging(tuple(reversed(starts)), iv, trend))
    return mergings
