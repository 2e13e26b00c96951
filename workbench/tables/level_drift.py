"""Columns whose values are no longer what they were: levels that come or go, and shares that shift.

Each month is compared with the first half of the months on bins that are frozen there: the levels themselves, or for
numbers seven cuts at fixed distances from the mean; missing is a bin of its own. A month shifts where its PSI is at least
.25 (the usual bound of a strong shift) *and* the shift is no chance: PSI times the harmonic size of the two samples
follows chi-squared, judged at 1% divided by the number of columns and months looked at. Columns that run with time
(receipt numbers, week numbers) are no drift and are passed over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2
from sqlglot import exp

from workbench.tables.columns_profile import ColumnProfile, month_of
from workbench.tables.engine import AT, Engine, column, named
from workbench.tables.schema import Table

STRONG_PSI = 0.25
ALPHA = 0.01
FEWEST_ROWS = 200  # in a month that is judged
FEWEST_MONTHS = 4
LEVEL_SHARE = 0.02  # of a level that is missed when it is gone
_GONE_MONTHS = 2
_EXPECTED = 20.0  # rows of a level that should have been there
_CUTS = (-1.5, -0.75, -0.25, 0.25, 0.75, 1.5, 3.0)  # in standard deviations
_RUNS_WITH_TIME = 0.8
_DRIFTED_LEVELS = 30  # more levels than that are names, not states
_MISSING = "(missing)"


@dataclass(frozen=True)
class Shift:
    """A column whose shares moved: months that differ from the first half, and the worst of them."""

    column: str
    months: tuple[str, ...]
    worst: str
    psi: float
    bin: str  # the bin that moved most in the worst month
    share_before: float
    share_then: float


@dataclass(frozen=True)
class LevelChange:
    """A level that appears (first seen in `month`) or disappears (last seen then)."""

    column: str
    level: str
    appears: bool
    month: str
    share: float


def drifting(
    engine: Engine, table: Table, profiles: Sequence[ColumnProfile], skip: set[str]
) -> tuple[list[Shift], list[LevelChange]]:
    """Shifts and level changes of a loaded table with event times; empty for short ones."""
    if table.event_time is None:
        return [], []
    judged = [p for p in profiles if p.name not in skip and p.distinct > 1 and p.missing < p.rows]
    tables: dict[str, pd.DataFrame] = {}
    for profile in judged:
        if profile.months is not None and profile.distinct <= _DRIFTED_LEVELS:
            tables[profile.name] = _by_level(profile.months)
    numbers = [p.name for p in judged if p.is_number and p.name not in tables]
    tables |= _by_bin(engine, table, numbers)
    shifts: list[Shift] = []
    changes: list[LevelChange] = []
    usable = {n: u for n, c in tables.items() if len(u := c[c.sum(axis=1) >= FEWEST_ROWS]) >= FEWEST_MONTHS}
    tests = sum(len(c) - len(c) // 2 for c in usable.values())
    for name, counts in usable.items():
        if name not in numbers:
            if _every_level_is_brief(counts):
                continue
            found = _level_changes(name, counts)
            changes += found
        shift = _shift(name, counts, tests)
        if shift is not None:
            shifts.append(shift)
    return shifts, changes


def _month(index: object) -> str:
    return f"{pd.Timestamp(str(index)):%Y-%m}"


def _by_level(counts: pd.DataFrame) -> pd.DataFrame:
    """Months x levels -> rows."""
    filled = counts.assign(level=counts["level"].fillna(_MISSING)).dropna(subset=["month"])
    return filled.pivot_table(
        index="month", columns="level", values="n", aggfunc="sum", fill_value=0
    ).sort_index()


def _every_level_is_brief(counts: pd.DataFrame) -> bool:
    """Whether levels follow each other in time, as week numbers do."""
    share = (counts.drop(columns=_MISSING, errors="ignore") > 0).mean()
    return bool(len(share)) and float(share.median()) <= 1 / 3 and len(share) >= len(counts) / 2


def _by_bin(engine: Engine, table: Table, names: list[str]) -> dict[str, pd.DataFrame]:
    """Months x bins -> rows for number columns, with the cuts frozen on the first half of the months."""
    if not names:
        return {}
    month = month_of(column(AT))
    asked: list[exp.Expr] = [exp.alias_(month, "month", quoted=True)]
    for i, name in enumerate(names):
        value = exp.Cast(this=column(name), to=exp.DataType.build("double"))
        asked += [
            exp.alias_(exp.Count(this=column(name)), f"n{i}", quoted=True),
            exp.alias_(exp.Avg(this=value), f"mean{i}", quoted=True),
            exp.alias_(exp.StddevPop(this=value.copy()), f"std{i}", quoted=True),
        ]
    grouped = exp.select(*asked).from_(named(table.name)).group_by(month.copy())
    moments = engine.frame(grouped).dropna(subset=["month"]).sort_values("month", ignore_index=True)
    cuts = {}
    for i, name in enumerate(names):
        found = _frozen_cuts(*(moments[f"{k}{i}"].to_numpy("float64") for k in ("n", "mean", "std")))
        if found is not None:
            cuts[name] = found
    return _counted_by_bin(engine, table, cuts)


def _frozen_cuts(n: np.ndarray, mean: np.ndarray, std: np.ndarray) -> tuple[float, ...] | None:
    usable = (n >= FEWEST_ROWS) & np.isfinite(mean) & np.isfinite(std)
    n, mean, std = n[usable], mean[usable], std[usable]
    if len(n) < FEWEST_MONTHS:
        return None
    centre = np.average(mean, weights=n)
    between, within = np.average((mean - centre) ** 2, weights=n), np.average(std**2, weights=n)
    steps = np.sign(np.diff(mean))
    if between > _RUNS_WITH_TIME * (between + within) and abs(steps.sum()) >= 0.8 * len(steps):
        return None  # it runs with time
    half = len(n) // 2
    first = np.average(mean[:half], weights=n[:half])
    spread = np.sqrt(np.average(std[:half] ** 2 + (mean[:half] - first) ** 2, weights=n[:half]))
    if not spread > 0:
        return None
    return tuple(float(first + c * spread) for c in _CUTS)


def _counted_by_bin(
    engine: Engine, table: Table, cuts: dict[str, tuple[float, ...]]
) -> dict[str, pd.DataFrame]:
    if not cuts:
        return {}
    month = month_of(column(AT))
    asked: list[exp.Expr] = [
        exp.alias_(month, "month", quoted=True),
        exp.alias_(exp.Count(this=exp.Star()), "rows", quoted=True),
    ]
    for i, (name, edges) in enumerate(cuts.items()):
        asked.append(exp.alias_(exp.Count(this=column(name)), f"n{i}", quoted=True))
        for j, edge in enumerate(edges):
            below = exp.LT(this=column(name), expression=exp.Literal.number(repr(edge)))
            one = exp.Case(
                ifs=[exp.If(this=below, true=exp.Literal.number(1))], default=exp.Literal.number(0)
            )
            asked.append(exp.alias_(exp.Sum(this=one), f"b{i}_{j}", quoted=True))
    grouped = exp.select(*asked).from_(named(table.name)).group_by(month.copy())
    counts = engine.frame(grouped).dropna(subset=["month"]).set_index("month").sort_index().astype("float64")
    return {n: _bins(counts, i, e) for i, (n, e) in enumerate(cuts.items())}


def _bins(counts: pd.DataFrame, i: int, edges: tuple[float, ...]) -> pd.DataFrame:
    below = [counts[f"b{i}_{j}"] for j in range(len(edges))]
    bins = {f"below {edges[0]:.4g}": below[0]}
    for j in range(1, len(edges)):
        bins[f"{edges[j - 1]:.4g} to {edges[j]:.4g}"] = below[j] - below[j - 1]
    bins[f"from {edges[-1]:.4g} on"] = counts[f"n{i}"] - below[-1]
    bins[_MISSING] = counts["rows"] - counts[f"n{i}"]
    return pd.DataFrame(bins)


def _shift(name: str, counts: pd.DataFrame, tests: int) -> Shift | None:
    half = len(counts) // 2
    before = counts.iloc[:half].sum()
    later = counts.iloc[half:]
    used = (before + later.sum()) > 0
    before, later = before[used], later.loc[:, used]
    n_before = float(before.sum())
    reference = _shares(before.to_numpy("float64"))
    moved: list[tuple[float, object]] = []
    for month, row in later.iterrows():
        n_then = float(row.sum())
        psi = _psi(reference, _shares(row.to_numpy("float64")))
        statistic = psi * n_before * n_then / (n_before + n_then)
        chance = float(chi2.sf(statistic, max(len(reference) - 1, 1)))
        if psi >= STRONG_PSI and chance < ALPHA / max(tests, 1):
            moved.append((psi, month))
    if not moved:
        return None
    psi, worst = max(moved, key=lambda m: m[0])
    share_then = later.loc[[worst]].iloc[0] / later.loc[[worst]].iloc[0].sum()
    share_before = before / n_before
    most = str((share_then - share_before).abs().idxmax())
    return Shift(
        name,
        tuple(_month(m) for _, m in moved),
        _month(worst),
        round(psi, 3),
        most,
        float(share_before[most]),
        float(share_then[most]),
    )


def _shares(counts: np.ndarray) -> np.ndarray:
    # half a row in each bin: an empty one must not make the index infinite
    return (counts + 0.5) / (counts.sum() + 0.5 * len(counts))


def _psi(before: np.ndarray, then: np.ndarray) -> float:
    return float(((then - before) * np.log(then / before)).sum())


def _level_changes(name: str, counts: pd.DataFrame) -> list[LevelChange]:
    rows = counts.sum(axis=1).to_numpy("float64")
    found = []
    for level in counts.columns:
        if level == _MISSING:
            continue
        n = counts[level].to_numpy("float64")
        present = np.flatnonzero(n > 0)
        if not len(present):
            continue
        first, last = int(present[0]), int(present[-1])
        share = float(n[first : last + 1].sum() / rows[first : last + 1].sum())
        if share < LEVEL_SHARE:
            continue
        if first >= _GONE_MONTHS and share * rows[:first].sum() >= _EXPECTED:
            found.append(LevelChange(name, str(level), True, _month(counts.index[first]), share))
        if last <= len(n) - 1 - _GONE_MONTHS and share * rows[last + 1 :].sum() >= _EXPECTED:
            found.append(LevelChange(name, str(level), False, _month(counts.index[last]), share))
    return found
