"""Proof that windows begin and end where the definition says: rows are put exactly on an edge and counted.

Every definition is asked for its *number* of rows instead of its own aggregation. A few known rows of each customer
are moved, all together, to a moment beside an edge: how many of them satisfy the definition's conditions is known from
counting them over all time, so inside a window there must be that many, and outside none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np
import pandas as pd

from workbench.dataset.proof.futures import MICROSECOND, known_rows
from workbench.dataset.proof.report import Change, Proof, plain, same, together
from workbench.dataset.proof.sample import Sample, with_times
from workbench.features.aggregations import REGISTRY
from workbench.features.definition import AnyFeature, RowsFeature
from workbench.features.windows import Window
from workbench.tables.expression import columns_of
from workbench.tables.schema import Table

_ROWS_EACH = 25  # rows of a customer that are moved


@dataclass(frozen=True)
class Moved:
    """A moment to which rows are moved: when they happen and when they are known, and how that reads."""

    happened: datetime
    known: datetime
    what: str

    def inside(self, window: Window, cutoff: datetime) -> bool:
        """Whether the definition counts a row of that moment."""
        begin = window.far.before(cutoff) if window.far else datetime.min
        end = window.near.before(cutoff) if window.near else cutoff
        return begin <= self.happened < end and self.happened < cutoff and self.known < cutoff


def prove_boundaries(sample: Sample) -> Proof:
    """Rows one microsecond before, at and after every edge of every window, and of the moment of knowledge."""
    name, code = "boundaries", "WB-V04"
    changes: list[Change] = []
    tried = rows_asked = 0
    columns: set[str] = set()
    left_out = {f.name for f in sample.features if isinstance(f, RowsFeature) and f.source in sample.timed}
    for table, features in _countable(sample):
        left_out -= {f.name for f in features}
        for cutoff in sample.cutoffs:
            rows = sample.rows(sample.frames, cutoff)
            moved = _few(known_rows(sample, table.name, cutoff), sample.tables.entity)
            if rows.empty or moved.empty:
                continue
            found, n = _at_edges(sample, table, features, cutoff, rows, moved)
            changes += found
            tried += n
            rows_asked += len(rows)
            columns |= {c.name for f in features for c in f.columns()}
    if not tried:
        return Proof(name, code, "skipped", "no feature counts rows with a time")
    also = f"; not {', '.join(sorted(left_out))}, whose conditions read the time" if left_out else ""
    return Proof(
        name, code, "failed" if changes else "ok",
        f"rows moved to {tried} moments on and beside the edges of windows and of knowledge; "
        f"{rows_asked:,} rows, {len(columns)} windows of definitions counted{also}",
        rows_asked, len(sample.cutoffs), len(columns), together(changes),
    )  # fmt: skip


def _countable(sample: Sample) -> Iterator[tuple[Table, list[RowsFeature]]]:
    """Per table with times the definitions over it, each counting its rows over all time and over its windows."""
    count = REGISTRY["count"]
    chosen = []
    for feature in sample.features:
        if isinstance(feature, RowsFeature) and feature.source in sample.timed:
            table = sample.tables.tables[feature.source]
            if not _reads_time(feature, table):
                windows = tuple(dict.fromkeys((Window(), *feature.windows)))
                chosen.append(replace(feature, aggregate=(count,), windows=windows, say=None))
    for source, features in groupby(sorted(chosen, key=lambda f: f.source), key=lambda f: f.source):
        yield sample.tables.tables[source], list(features)


def _reads_time(feature: RowsFeature, table: Table) -> bool:
    times = {table.event_time, table.known_at}
    texts = [t for t in (feature.where, feature.value) if t is not None]
    named = {c for t in texts for other, c in columns_of(t, feature.name) if other in (None, table.name)}
    return bool(times & (named | set(feature.match) | set(feature.link)))


def _few(rows: pd.DataFrame, entity: str) -> pd.DataFrame:
    if entity not in rows:
        return rows.iloc[:_ROWS_EACH]
    mixed = rows.sample(frac=1, random_state=0)
    return mixed.groupby(entity, sort=False).head(_ROWS_EACH)


def _at_edges(
    sample: Sample,
    table: Table,
    features: list[RowsFeature],
    cutoff: datetime,
    rows: pd.DataFrame,
    moved: pd.DataFrame,
) -> tuple[list[Change], int]:
    asked: list[AnyFeature] = list(features)
    satisfied = sample.values(sample.frames | {table.name: moved}, rows, asked)
    moments = list(_moments(table, {w for f in features for w in f.windows}, cutoff))

    def wrong(at_once: list[Moved]) -> list[Change]:
        parts = [_put(table, moved, m) for m in at_once]
        counted = sample.values(
            sample.frames | {table.name: pd.concat(parts, ignore_index=True)}, rows, asked
        )
        found = []
        for feature in features:
            whole = satisfied[feature.column(REGISTRY["count"], Window()).name]
            for window in feature.windows:
                name = feature.column(REGISTRY["count"], window).name
                expected = whole * sum(m.inside(window, cutoff) for m in at_once)
                different = ~same(expected, counted[name])
                if different.any():
                    found.append(_change(sample, name, expected, counted[name], different, cutoff, at_once))
        return found

    # all at once first: only where that is wrong does one look, column by column, for a moment that is
    unplaced = {c.column: c for c in wrong(moments)}
    changes: list[Change] = []
    for moment in moments:
        if not unplaced:
            break
        here = [c for c in wrong([moment]) if unplaced.pop(c.column, None)]
        changes += here
    changes += unplaced.values()
    return changes, len(moments)


def _moments(table: Table, windows: set[Window], cutoff: datetime) -> Iterator[Moved]:
    edges = {
        (d.before(cutoff), f"{d} before the cutoff")
        for w in windows
        for d in (w.far, w.near)
        if d is not None
    }
    for edge, what in sorted(edges):
        for aside in (-MICROSECOND, timedelta(0), MICROSECOND):
            yield _moved(table, edge + aside, f"events {_said(aside)} {what}")
    for aside in (-MICROSECOND, timedelta(0), MICROSECOND):
        if table.known_at is not None:
            happened = cutoff - timedelta(hours=1)
            yield Moved(happened, cutoff + aside, f"events known {_said(aside)} the cutoff")
        else:
            happened = table.known_after.before(cutoff) + aside
            yield _moved(table, happened, f"events known {_said(aside)} the cutoff")
    yield (
        Moved(cutoff, cutoff - MICROSECOND, "events known before they happen, at the cutoff")
        if (table.known_at is not None)
        else _moved(table, cutoff, "events at the cutoff")
    )


def _moved(table: Table, happened: datetime, what: str) -> Moved:
    known = happened if table.known_at is not None else table.known_after.after(happened)
    return Moved(happened, known, what)


def _said(aside: timedelta) -> str:
    if not aside:
        return "exactly"
    return "one microsecond before" if aside < timedelta(0) else "one microsecond after"


def _put(table: Table, rows: pd.DataFrame, moment: Moved) -> pd.DataFrame:
    happened = pd.Series(pd.Timestamp(moment.happened), index=rows.index)
    said = pd.Series(pd.Timestamp(moment.known), index=rows.index)
    return with_times(table, rows, happened, said)


def _change(
    sample: Sample,
    name: str,
    expected: pd.Series,
    counted: pd.Series,
    different: np.ndarray,
    cutoff: datetime,
    at_once: list[Moved],
) -> Change:
    key = expected.index[different][0]
    parts = key if isinstance(key, tuple) else (key,)
    row = {k: plain(v) for k, v in zip(sample.keys, parts, strict=True)}
    what = at_once[0].what if len(at_once) == 1 else f"{len(at_once)} moments at once"
    n = int(different.sum())
    return Change(name, row, str(pd.Timestamp(cutoff)), plain(expected[key]), plain(counted[key]), n, what)
