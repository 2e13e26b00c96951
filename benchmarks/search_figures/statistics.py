"""From stored predictions to figures: metrics, ranks, paired intervals, and the summary over tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.search_figures.programs import OURS, PROGRAMS
from workbench.evaluation import paired_difference
from workbench.evaluation.metrics import METRICS, Sample

RESAMPLES = 2_000
HIGHER_IS_BETTER = {"auc": True, "logloss": False, "brier": False}


@dataclass(frozen=True)
class Line:
    """One program on one table with one seed at one budget; `metrics` is empty if it failed."""

    table: str
    seed: int
    seconds: float
    program: str
    metrics: Mapping[str, float]
    failed: str = ""


@dataclass(frozen=True)
class Difference:
    """Ours less the best rival, with its 95% interval; for log-loss below zero is better."""

    table: str
    seed: int
    seconds: float
    metric: str
    rival: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Summary:
    """One budget over all tables. `worst_gap` is the most AUC by which a rival is ahead, and where."""

    seconds: float
    tables: int
    programs: int
    mean_rank: Mapping[str, Mapping[str, float]]  # metric -> program -> mean rank
    failures: Mapping[str, int]
    worst_gap: float
    worst_table: str


def metrics_of(y: np.ndarray, p: np.ndarray) -> dict[str, float]:
    sample = Sample.of(y, p)
    return {name: METRICS[name](sample, None) for name in HIGHER_IS_BETTER}


def ranks(values: Mapping[str, float | None], *, higher_is_better: bool) -> dict[str, float]:
    """Rank 1 is best, equal values share the mean of their ranks, and who failed (None) comes last.

    >>> ranks({"a": 0.8, "b": 0.9, "c": 0.8, "d": None, "e": None}, higher_is_better=True)
    {'a': 2.5, 'b': 1.0, 'c': 2.5, 'd': 5.0, 'e': 5.0}
    """
    sign = -1.0 if higher_is_better else 1.0
    there = {name: sign * value for name, value in values.items() if value is not None}
    found = {}
    for name in values:
        if name not in there:
            found[name] = float(len(values))
            continue
        better = sum(v < there[name] for v in there.values())
        equal = sum(v == there[name] for v in there.values())
        found[name] = better + (equal + 1) / 2
    return found


def difference(
    y: np.ndarray,
    entity: np.ndarray | None,
    ours: np.ndarray,
    rivals: Mapping[str, np.ndarray],
    metric: str,
    *,
    resamples: int = RESAMPLES,
) -> tuple[str, float, float, float]:
    """(best rival by this metric, ours less it, low, high): the same resampled rows, or customers, for both."""
    of = METRICS[metric]
    scores = {name: of(Sample.of(y, p), None) for name, p in rivals.items()}
    choose = max if HIGHER_IS_BETTER[metric] else min
    best = choose(scores, key=scores.__getitem__)
    return best, *paired_difference(y, ours, rivals[best], entity, metric, n_boot=resamples)


def summarise(lines: Iterable[Line], seconds: float) -> Summary | None:
    """The summary of the ranked programs at one budget, over the tables and seeds that all of them ran; None if there is none.

    Each table counts once: its ranks are the means over its seeds.
    """
    here = [line for line in lines if line.seconds == seconds and PROGRAMS[line.program].ranked]
    programs = {line.program for line in here}
    groups: dict[tuple[str, int], dict[str, Line]] = {}
    for line in here:
        groups.setdefault((line.table, line.seed), {})[line.program] = line
    whole = {key: found for key, found in groups.items() if set(found) == programs}
    if not whole or OURS not in programs or len(programs) < 2:
        return None
    mean_rank = {}
    for metric in ("auc", "logloss"):
        per_table: dict[str, list[dict[str, float]]] = {}
        for (table, _), found in whole.items():
            values = {p: line.metrics.get(metric) for p, line in found.items()}
            per_table.setdefault(table, []).append(ranks(values, higher_is_better=HIGHER_IS_BETTER[metric]))
        tables = [{p: float(np.mean([r[p] for r in rs])) for p in programs} for rs in per_table.values()]
        mean_rank[metric] = {p: float(np.mean([t[p] for t in tables])) for p in sorted(programs)}
    gaps = {t: gap for t in {t for t, _ in whole} if (gap := _gap(whole, t)) is not None}
    worst = max(gaps, key=gaps.__getitem__, default="")
    return Summary(
        seconds=seconds,
        tables=len({t for t, _ in whole}),
        programs=len(programs),
        mean_rank=mean_rank,
        failures={p: sum(bool(found[p].failed) for found in whole.values()) for p in sorted(programs)},
        worst_gap=gaps.get(worst, float("nan")),
        worst_table=worst,
    )


def _gap(whole: Mapping[tuple[str, int], Mapping[str, Line]], table: str) -> float | None:
    """AUC of the best rival less ours, mean over the table's seeds; infinite where ours failed."""
    gaps = []
    for (name, _), found in whole.items():
        rivals = [line.metrics["auc"] for p, line in found.items() if p != OURS and not line.failed]
        if name != table or not rivals:
            continue
        mine = found[OURS].metrics.get("auc")
        gaps.append(float("inf") if mine is None else max(rivals) - mine)
    return float(np.mean(gaps)) if gaps else None


def early_against_late(
    lines: Iterable[Line], early: float, late: float, metric: str
) -> tuple[float, int] | None:
    """(mean over tables of ours at `early` seconds less the best rival at `late` seconds, number of tables)."""
    lines = list(lines)
    best = max if HIGHER_IS_BETTER[metric] else min
    per_table: dict[str, list[float]] = {}
    for mine in lines:
        if mine.program != OURS or mine.seconds != early or mine.failed:
            continue
        rivals = [
            line.metrics[metric]
            for line in lines
            if (line.table, line.seed, line.seconds) == (mine.table, mine.seed, late)
            and line.program != OURS
            and PROGRAMS[line.program].ranked
            and not line.failed
        ]
        if rivals:
            per_table.setdefault(mine.table, []).append(mine.metrics[metric] - best(rivals))
    if not per_table:
        return None
    return float(np.mean([np.mean(v) for v in per_table.values()])), len(per_table)
