"""Proofs about the label: it depends on its own outcome window only, and is never given before that is over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from workbench.dataset.proof import futures
from workbench.dataset.proof.futures import MICROSECOND
from workbench.dataset.proof.report import Change, Proof, plain, together
from workbench.dataset.proof.sample import Frames, Sample, at, moment_of, moments, with_times
from workbench.features.columns import CUTOFF_AT
from workbench.labels.candidates import population_table
from workbench.labels.compile import LABEL
from workbench.labels.conditions import Condition
from workbench.labels.overdue import Overdue
from workbench.labels.windows import KNOWN_OUTCOME
from workbench.tables.expression import columns_of

BEGIN, END = "_begin", "_end"


def prove_outcomes(sample: Sample) -> list[Proof]:
    """Events outside the outcome window deleted; events moved to its edges; rows in another order; immature rows."""
    base = sample.outcomes(sample.frames)
    spans = _spans(sample, base)
    return [
        _outside(sample, spans),
        _edges(sample, spans),
        _shuffled(sample, base),
        _immature(sample, base),
    ]


def _spans(sample: Sample, base: pd.DataFrame) -> pd.DataFrame:
    """The rows of the chosen cutoffs with where their outcome window begins and ends, read apart from the compiler."""
    outcome = sample.label.outcome
    rows = base[base[CUTOFF_AT].isin([pd.Timestamp(c) for c in sample.cutoffs])].copy()
    rows[BEGIN] = pd.to_datetime(pd.Series([outcome.gap.after(c) for c in rows[CUTOFF_AT]], index=rows.index))
    ends = []
    if outcome.within is not None:
        ends.append(pd.Series([outcome.within.after(b) for b in rows[BEGIN]], index=rows.index))
    if outcome.until is not None:
        until = moments(rows[outcome.until.partition(".")[2]])
        day = until == until.dt.normalize()  # a plain date means that whole day
        ends.append(until.where(~day, until + timedelta(days=1)).where(day, until + MICROSECOND))
    rows[END] = pd.to_datetime(pd.concat(ends, axis=1).min(axis=1))
    if isinstance(outcome, Overdue) and outcome.ignore_cured_within is not None:
        # whether a bad loan cures is seen after its window
        rows[END] = pd.to_datetime(
            pd.Series([outcome.ignore_cured_within.after(e) for e in rows[END]], index=rows.index)
        )
    return rows


def _outside(sample: Sample, spans: pd.DataFrame) -> Proof:
    """Per cutoff everything deleted from the outcome's table that lies outside each customer's own window."""
    changes: list[Change] = []
    gone = 0
    for cutoff, rows in _first_rows(sample, spans):
        frames, n = _only_inside(sample, rows)
        gone += n
        changes += _relabelled(sample, rows, frames, rows[LABEL], cutoff, "events outside its window deleted")
    return _proof(sample, "the outcome's own window", "WB-V08", f"{gone:,} events outside it deleted", spans, changes)  # fmt: skip


def _edges(sample: Sample, spans: pd.DataFrame) -> Proof:
    """The events that made an outcome happen, moved to the edges of its window."""
    name = "the outcome's edges"
    outcome = sample.label.outcome
    if isinstance(outcome, Overdue):
        return Proof(name, "WB-V08", "skipped", "days past due are a state, not an event that could be moved")
    if outcome.table in {*sample.questions, *([sample.label.row.table] if sample.label.row else [])}:
        return Proof(
            name, "WB-V08", "skipped", "the outcome is looked for among the rows that are asked about"
        )
    if _reads_time(sample, outcome):
        return Proof(name, "WB-V08", "skipped", "the outcome's condition reads the time of the event")
    changes: list[Change] = []
    wants_any = outcome.wants_any
    tried = 0
    for cutoff, rows in _first_rows(sample, spans):
        happened = rows[(rows[LABEL] == 1) == wants_any]
        if happened.empty:
            continue
        places = (
            (BEGIN, -MICROSECOND, False, "one microsecond before its window"),
            (BEGIN, timedelta(0), True, "exactly at the beginning of its window"),
            (END, -MICROSECOND, True, "one microsecond before its window's end"),
            (END, timedelta(0), False, "exactly at its window's end"),
        )
        for edge, aside, inside, what in places:
            if edge == BEGIN and not inside and _decides_who(sample):
                continue  # before the window the event would decide who is eligible
            frames = _moved_to(sample, happened, happened[edge] + aside)
            expected = pd.Series(int(inside == wants_any), index=happened.index)
            changes += _relabelled(sample, happened, frames, expected, cutoff, f"its events {what}")
            tried += len(happened)
    if not tried:
        return Proof(name, "WB-V08", "skipped", "nothing happened to the sampled customers")
    return _proof(sample, name, "WB-V08", f"{tried:,} times a row's events moved to an edge", spans, changes)


def _shuffled(sample: Sample, base: pd.DataFrame) -> Proof:
    other = sample.outcomes(futures.shuffled(sample))
    changes = _against(sample, base, other, "rows in another order")
    return _proof(
        sample, "outcomes, rows in another order", "WB-V05", "all sampled rows shuffled", base, changes
    )


def _immature(sample: Sample, base: pd.DataFrame) -> Proof:
    """As of an earlier day only the rows are labelled whose outcome was known by then, with the same label."""
    changes: list[Change] = []
    days = sorted(base[KNOWN_OUTCOME].unique())
    earlier = [moment_of(d) for d in dict.fromkeys((days[0], days[len(days) // 2]))]
    end = sample.tables.end_of_observation()
    late = base[base[KNOWN_OUTCOME] > pd.Timestamp(end)]
    changes += _against(sample, base.drop(late.index), base, f"outcome known after {end:%Y-%m-%d}")
    for by in [*earlier, *(d - MICROSECOND for d in earlier)]:
        table = sample.label.outcome.table
        rows = sample.frames[table]
        seen = rows[at(sample.tables.tables[table], rows) < pd.Timestamp(by)]
        expected = base[base[KNOWN_OUTCOME] <= pd.Timestamp(by)]
        found = sample.outcomes(sample.frames | {table: seen}, known_by=by)
        changes += _against(sample, expected, found, f"as of {by}")
    done = f"labelled again as of {2 * len(earlier)} earlier moments, later events deleted"
    return _proof(sample, "immature outcomes", "WB-V09", done, base, changes)


def _first_rows(sample: Sample, spans: pd.DataFrame) -> list[tuple[datetime, pd.DataFrame]]:
    """Per cutoff the first row of each customer: two contacts of a day may have windows of different lengths."""
    entity = sample.tables.entity
    found = []
    for cutoff, rows in spans.groupby(spans[CUTOFF_AT].to_numpy()):
        found.append((moment_of(cutoff), rows.drop_duplicates(entity)))
    return found


def _in_span(sample: Sample, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """The outcome table's rows, which of them belong to a customer of `rows`, and which lie in her window."""
    name, entity = sample.label.outcome.table, sample.tables.entity
    events = sample.frames[name]
    windows = rows.set_index(rows[entity].to_numpy())
    begin, end = events[entity].map(windows[BEGIN]), events[entity].map(windows[END])
    happened = at(sample.tables.tables[name], events)
    return events, begin.notna(), (happened >= begin) & (happened < end)


def _only_inside(sample: Sample, rows: pd.DataFrame) -> tuple[Frames, int]:
    name = sample.label.outcome.table
    events, theirs, inside = _in_span(sample, rows)
    # what decides who is eligible happened before the cutoff, and often in the same table
    before = at(sample.tables.tables[name], events) < events[sample.tables.entity].map(
        rows.set_index(rows[sample.tables.entity].to_numpy())[CUTOFF_AT]
    )
    asked = sample.asked(name, events, moment_of(rows[CUTOFF_AT].iloc[0]))
    out = theirs & ~inside & ~asked
    if _decides_who(sample):
        out &= ~before
    return sample.frames | {name: events[~out]}, int(out.sum())


def _decides_who(sample: Sample) -> bool:
    """Whether the past of the outcome's table also says who is in the frame."""
    label = sample.label
    deciding = {c.table for c in label.conditions} | set(sample.questions)
    if label.row is None and label.per_event is None:
        deciding.add(population_table(label))
    return isinstance(label.outcome, Overdue) or label.outcome.table in deciding


def _moved_to(sample: Sample, rows: pd.DataFrame, when: pd.Series) -> Frames:
    """The events in each customer's window moved to one moment of hers."""
    name, entity = sample.label.outcome.table, sample.tables.entity
    table = sample.tables.tables[name]
    events, _, inside = _in_span(sample, rows)
    moment = events[entity].map(pd.Series(when.to_numpy(), index=rows[entity].to_numpy()))
    happened = at(table, events).where(~inside, moment)
    return sample.frames | {name: with_times(table, events, happened, None)}


def _reads_time(sample: Sample, outcome: Condition) -> bool:
    if outcome.where is None:
        return False
    table = sample.tables.tables[outcome.table]
    named = {c for other, c in columns_of(outcome.where, sample.label.name) if other in (None, table.name)}
    return table.event_time in named or table.event_time in outcome.match


def _relabelled(
    sample: Sample, rows: pd.DataFrame, frames: Frames, expected: pd.Series, cutoff: datetime, what: str
) -> list[Change]:
    """Rows that get another label than expected, or none."""
    found = sample.outcomes(frames)
    wanted = rows.assign(**{LABEL: expected.to_numpy()})
    return _against(sample, wanted, found[found.index.isin(rows.index)], what)


def _against(sample: Sample, expected: pd.DataFrame, found: pd.DataFrame, what: str) -> list[Change]:
    changes = []
    for keys, was in (
        (expected.index.difference(found.index), True),
        (found.index.difference(expected.index), False),
    ):
        if len(keys):
            changes.append(_change(sample, "labelled", keys, was, not was, what))
    shared = expected.index.intersection(found.index)
    one, two = expected.loc[shared, LABEL], found.loc[shared, LABEL]
    different = one.to_numpy() != two.to_numpy()
    if different.any():
        first = shared[different][0]
        changes.append(_change(sample, "label", shared[different], one.loc[first], two.loc[first], what))
    return changes


def _change(sample: Sample, column: str, keys: pd.Index, before: object, after: object, what: str) -> Change:
    cutoff, *key = keys[0]
    row = {k: plain(v) for k, v in zip(sample.keys, key, strict=True)}
    return Change(column, row, str(pd.Timestamp(cutoff)), plain(before), plain(after), len(keys), what)


def _proof(
    sample: Sample, name: str, code: str, done: str, rows: pd.DataFrame, changes: list[Change]
) -> Proof:
    cutoffs = rows[CUTOFF_AT].nunique()
    return Proof(
        name, code, "failed" if changes else "ok", f"{done}; {len(rows):,} labelled rows, {cutoffs} cutoffs compared",
        len(rows), cutoffs, 1, together(changes),
    )  # fmt: skip
