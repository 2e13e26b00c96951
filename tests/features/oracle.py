"""A slow, per-row reading of the definitions: the witness against which the compiled SQL is held."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from workbench.features.definition import RowsFeature
from workbench.features.windows import Window
from workbench.tables.durations import Duration

Event = tuple[datetime, Any]


def known_before(rows: pd.DataFrame, cutoff: datetime, known_after: timedelta) -> pd.DataFrame:
    return rows[(rows["at"] + known_after < cutoff) & (rows["at"] < cutoff)]


def inside(events: list[Event], window: Window, cutoff: datetime) -> list[Event]:
    begin = window.far.before(cutoff) if window.far else datetime.min
    end = window.near.before(cutoff) if window.near else cutoff
    return [(at, v) for at, v in events if begin <= at < end]


def answer(name: str, events: list[Event], cutoff: datetime, end: datetime, half_life: Duration) -> Any:
    """The aggregation `name` over (time, value) pairs; missing values are gone before."""
    values = [v for _, v in events]
    times = [at for at, _ in events]
    days = sorted({(at.date() - datetime(1970, 1, 1).date()).days for at in times})
    gaps = [b - a for a, b in zip(days, days[1:], strict=False)]
    today = (cutoff.date() - datetime(1970, 1, 1).date()).days
    if name in ("count", "distinct", "sum", "decayed_sum", "streak", "streak_months") and not events:
        return 0.0
    if name == "count":
        return float(len(events))
    if name == "distinct":
        return float(len(set(values)))
    if name == "sum":
        return float(sum(values))
    if name == "decayed_sum":
        ages = [(cutoff - at).total_seconds() / 86400 for at in times]
        return sum(v * 0.5 ** (a / half_life.days) for v, a in zip(values, ages, strict=True))
    if name == "streak":
        weeks, week = 0, timedelta(days=7)
        while any(end - (weeks + 1) * week <= at < end - weeks * week for at in times):
            weeks += 1
        return float(weeks)
    if name == "streak_months":
        month, months = (end.year, end.month), 0
        seen = {(at.year, at.month) for at in times}
        while (month := (month[0], month[1] - 1) if month[1] > 1 else (month[0] - 1, 12)) in seen:
            months += 1
        return float(months)
    if not events:
        return None
    if name[0] == "q" and name[1:].isdigit():
        return float(np.quantile(values, int(name[1:]) / 100))
    simple = {
        "mean": lambda: float(np.mean(values)),
        "min": lambda: min(values),
        "max": lambda: max(values),
        "std": lambda: float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "median": lambda: float(np.quantile(values, 0.5)),
        "first": lambda: min(events)[1],
        "last": lambda: max(events)[1],
        "mode": lambda: most_frequent(values),
        "entropy": lambda: bits(values),
        "top_share": lambda: max(Counter(values).values()) / len(values),
        "trend": lambda: slope(events, cutoff),
        "days_since_first": lambda: float(today - days[0]),
        "days_since_last": lambda: float(today - days[-1]),
        "mean_gap": lambda: float(np.mean(gaps)) if gaps else None,
        "std_gap": lambda: float(np.std(gaps, ddof=1)) if len(gaps) > 1 else None,
        "peak_hour": lambda: float(most_frequent([at.hour for at in times])),
        "peak_hour_share": lambda: max(Counter(at.hour for at in times).values()) / len(times),
        "weekend_share": lambda: sum(at.weekday() > 4 for at in times) / len(times),
        "peak_weekday": lambda: float(most_frequent([at.isoweekday() for at in times])),
    }
    return simple[name]()


def most_frequent(values: list[Any]) -> Any:
    counts = Counter(values)
    return min(v for v, n in counts.items() if n == max(counts.values()))


def bits(values: list[Any]) -> float:
    shares = [n / len(values) for n in Counter(values).values()]
    return -sum(p * math.log2(p) for p in shares)


def slope(events: list[Event], cutoff: datetime) -> float | None:
    x = np.array([-(cutoff - at).total_seconds() / 86400 for at, _ in events])
    y = np.array([v for _, v in events], dtype=float)
    if len(set(x)) < 2:
        return None
    x = x - x.mean()
    return float((x * (y - y.mean())).sum() / (x * x).sum() * 30)


def expected(
    feature: RowsFeature,
    rows: pd.DataFrame,
    value: str | None,
    entity: Any,
    cutoff: datetime,
    known_after: timedelta,
) -> dict[str, Any]:
    """Every column of a definition without `where` and `via` for one frame row."""
    known = known_before(rows[rows["customer"] == entity], cutoff, known_after)
    events: list[Event] = []
    for _, row in known.iterrows():
        if value is None or not pd.isna(row[value]):
            events.append((row["at"].to_pydatetime(), row[value] if value else 1))
    out = {}
    for window in feature.windows:
        end = window.near.before(cutoff) if window.near else cutoff
        for aggregate in feature.aggregate:
            name = feature.column(aggregate, window).name
            out[name] = answer(aggregate.name, inside(events, window, cutoff), cutoff, end, feature.half_life)
    return out
