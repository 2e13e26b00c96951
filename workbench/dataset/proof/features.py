"""Proofs that features, and who is in the frame, use nothing that was not known at the cutoff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pandas as pd

from workbench.dataset.build import feature_values, store_spine
from workbench.dataset.proof import futures
from workbench.dataset.proof.report import Change, Proof, differences, together
from workbench.dataset.proof.sample import Frames, Sample
from workbench.features.columns import CUTOFF_AT, ROW
from workbench.tables.engine import Engine

ZONES = ("Asia/Shanghai", "America/New_York")

Answers = dict[datetime, pd.DataFrame]


def prove_features(sample: Sample) -> list[Proof]:
    """Deleting, dealing out anew and adding to what was not known; other orders of the rows, other time zones."""
    base = {cutoff: sample.answers(sample.frames, cutoff) for cutoff in sample.cutoffs}
    if all(found.empty for found in base.values()):
        return [
            Proof(
                "features", "WB-V13", "failed",
                "none of the sampled customers would be in the frame at these cutoffs, so nothing can be proven; "
                "does scoring see whom training sees (known_after, consent)?",
            )
        ]  # fmt: skip
    return [
        _deleted(sample, base),
        _permuted(sample, base),
        _late(sample, base),
        _shuffled(sample, base),
        _zones(sample, base),
    ]


def prove_together(engine: Engine, sample: Sample, training: pd.DataFrame) -> Proof:
    """A training frame computes its cutoffs together, over everybody's rows: each alone must give the same.

    `engine` has loaded the whole tables, `training` are all rows of the task."""
    rows = training[training[sample.tables.entity].isin(sample.entities)].reset_index(drop=True)
    rows[ROW] = range(len(rows))
    store_spine(engine, rows)
    values = feature_values(engine, sample.features, sample.label, len(rows))
    changes: list[Change] = []
    compared = 0
    for cutoff in sample.cutoffs:
        here = rows[CUTOFF_AT] == pd.Timestamp(cutoff)
        together_here = values[here.to_numpy()].set_axis(sample.index(rows[here]), axis=0)
        alone = sample.values(
            sample.frames, rows[here].reset_index(drop=True).assign(**{ROW: range(here.sum())})
        )
        changes += differences(together_here, alone, cutoff)
        compared += len(alone)
    done = f"{len(rows):,} rows of all cutoffs computed together over everybody's events, {compared:,} of them again one cutoff at a time"
    columns = len(values.columns)
    status = "failed" if changes else "ok"
    return Proof(
        "all cutoffs at once", "WB-V07", status, f"{done}; {columns} columns compared", compared, len(sample.cutoffs),
        columns, together(changes),
    )  # fmt: skip


def _deleted(sample: Sample, base: Answers) -> Proof:
    gone = sum(int(sample.unknown(n, sample.frames[n], c).sum()) for n in sample.timed for c in base)
    return _same(
        sample, base, "the future deleted", "WB-V01",
        f"{gone:,} rows that were not known at the cutoff deleted", lambda c: futures.forgotten(sample, c),
        vacuous=gone == 0,
    )  # fmt: skip


def _permuted(sample: Sample, base: Answers) -> Proof:
    future = sum(int(sample.unknown(n, sample.frames[n], c).sum()) for n in sample.timed for c in base)
    return _same(
        sample, base, "the future dealt out anew", "WB-V02",
        f"times, customers and values of {future:,} unknown rows permuted", lambda c: futures.permuted(sample, c),
        vacuous=future < 2,
    )  # fmt: skip


def _late(sample: Sample, base: Answers) -> Proof:
    changes: list[Change] = []
    added = 0
    for cutoff, before in base.items():
        late, n = futures.with_late(sample, cutoff)
        added += n
        rows = sample.rows(sample.with_questions(late), cutoff)
        changes += differences(before, sample.values(late, rows), cutoff)
    return _proof(
        sample, base, "late rows added", "WB-V03", f"{added:,} rows added that became known at the cutoff or after it", changes
    )  # fmt: skip


def _shuffled(sample: Sample, base: Answers) -> Proof:
    mixed = futures.shuffled(sample)
    total = sum(len(f) for f in mixed.values())
    return _same(
        sample, base, "rows in another order", "WB-V05", f"all {total:,} sampled rows shuffled", lambda _: mixed
    )  # fmt: skip


def _zones(sample: Sample, base: Answers) -> Proof:
    changes: list[Change] = []
    for zone in ZONES:
        there = futures.in_zone(sample, zone)
        asked = sample.with_questions(there)
        for cutoff, before in base.items():
            changes += differences(before, sample.values(there, sample.rows(asked, cutoff)), cutoff)
    return _proof(
        sample, base, "times in another zone", "WB-V06",
        f"the same instants written in {' and '.join(ZONES)}, with their changes of daylight saving", changes,
    )  # fmt: skip


def _same(
    sample: Sample,
    base: Answers,
    name: str,
    code: str,
    done: str,
    change: Callable[[datetime], Frames],
    *,
    vacuous: bool = False,
) -> Proof:
    if vacuous:
        return Proof(name, code, "skipped", "every row of the sample was known at the last cutoff")
    changes = [
        c
        for cutoff, before in base.items()
        for c in differences(before, sample.answers(change(cutoff), cutoff), cutoff)
    ]
    return _proof(sample, base, name, code, done, changes)


def _proof(sample: Sample, base: Answers, name: str, code: str, done: str, changes: list[Change]) -> Proof:
    rows = sum(len(found) for found in base.values())
    columns = len(next(iter(base.values())).columns)
    size = f"{rows:,} rows, {len(base)} cutoffs, {columns} columns compared"
    return Proof(
        name, code, "failed" if changes else "ok", f"{done}; {size}", rows, len(base), columns, together(changes)
    )  # fmt: skip
