"""Other futures: the sampled rows changed in ways that nobody at the cutoff could have noticed."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from workbench.dataset.proof.sample import Frames, Sample, at, known, moments, with_times
from workbench.tables.schema import Table

MOST_LATE = 2_000  # rows of a table that are added as late ones
MICROSECOND = timedelta(microseconds=1)


def forgotten(sample: Sample, cutoff: datetime) -> Frames:
    """Everything that was not known at the cutoff deleted."""
    return sample.frames | {
        n: sample.frames[n][~sample.unknown(n, sample.frames[n], cutoff)] for n in sample.timed
    }


def permuted(sample: Sample, cutoff: datetime, seed: int = 0) -> Frames:
    """What was not known yet dealt out anew: times, customers and every value among the unknown rows of a table."""
    changed = dict(sample.frames)
    for place, name in enumerate(sample.timed):
        table, rows = sample.tables.tables[name], sample.frames[name].copy()
        future = np.flatnonzero(sample.unknown(name, rows, cutoff).to_numpy())
        rng = np.random.default_rng([seed, place])
        for group in _dealt_together(sample, table, list(rows.columns)):
            order = rng.permutation(future)
            for one in group:
                column = rows.columns.get_loc(one)
                rows.iloc[future, column] = rows.iloc[order, column].to_numpy()
        changed[name] = rows
    return changed


def _dealt_together(sample: Sample, table: Table, columns: list[str]) -> list[list[str]]:
    """A row's times belong together, else it might become known; so do key and end of a row that is asked about."""
    blocks = [[c for c in (table.event_time, table.known_at) if c is not None]]
    row = sample.label.row
    if row is not None and row.table == table.name:
        ends = [sample.label.outcome.until, row.responded.until if row.responded else None]
        own = [*row.key, *([row.cutoff] if row.cutoff else []), *(e.partition(".")[2] for e in ends if e)]
        blocks = [list(dict.fromkeys([*blocks[0], *own]))]
    taken = {c for block in blocks for c in block}
    return blocks + [[c] for c in columns if c not in taken]


def with_late(sample: Sample, cutoff: datetime) -> tuple[Frames, int]:
    """Rows added that became known at the cutoff or after it although they happened before, and how many.

    Where rows are known as soon as they happen they happen at the cutoff itself."""
    changed, added = dict(sample.frames), 0
    for name in sample.timed:
        table, rows = sample.tables.tables[name], sample.frames[name]
        if rows.empty:
            continue
        copies = rows.iloc[: MOST_LATE // 4]
        late = [with_times(table, copies, *moment) for moment in _late_moments(table, copies, cutoff)]
        changed[name] = pd.concat([rows, *late], ignore_index=True)
        added += sum(len(part) for part in late)
    return changed, added


def _late_moments(
    table: Table, rows: pd.DataFrame, cutoff: datetime
) -> list[tuple[pd.Series, pd.Series | None]]:
    if table.known_at is not None:
        happened = at(table, rows)
        happened = happened.where(happened < cutoff, pd.Timestamp(cutoff) - timedelta(days=1))
        times = (cutoff, cutoff + MICROSECOND, cutoff + timedelta(days=3))
        return [(happened, _always(t, rows)) for t in times]
    first = table.known_after.before(cutoff)
    if table.known_after.after(first) < cutoff:  # 31 March less a month, and a month later, is the 28th
        first = cutoff - MICROSECOND
    last = cutoff - MICROSECOND
    moments = [cutoff, first] if first == cutoff else [cutoff, first, first + (last - first) / 2, last]
    return [(_always(m, rows), None) for m in moments]


def _always(moment: datetime, rows: pd.DataFrame) -> pd.Series:
    return pd.Series(pd.Timestamp(moment), index=rows.index)


def shuffled(sample: Sample, seed: int = 0) -> Frames:
    """The same rows of every table in another order."""
    return {
        n: rows.sample(frac=1, random_state=seed).reset_index(drop=True) for n, rows in sample.frames.items()
    }


def in_zone(sample: Sample, zone: str) -> Frames:
    """The same instants as a clock of that zone shows them, with its offset; times without a zone count as UTC."""
    changed = dict(sample.frames)
    for name in sample.timed:
        table, rows = sample.tables.tables[name], sample.frames[name].copy()
        for column in (table.event_time, table.known_at):
            if column is not None:
                rows[column] = moments(rows[column]).dt.tz_localize("UTC").dt.tz_convert(zone)
        changed[name] = rows
    return changed


def known_rows(sample: Sample, name: str, cutoff: datetime) -> pd.DataFrame:
    """The rows of a table that were known at the cutoff."""
    table, rows = sample.tables.tables[name], sample.frames[name]
    return rows[(known(table, rows) < pd.Timestamp(cutoff)) & (at(table, rows) < pd.Timestamp(cutoff))]
