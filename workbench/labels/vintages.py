"""How the share of events grows with months on book: the evidence from which a risk label's window is chosen.

A vintage is everybody who began in one month (or quarter). Its cell at month k is the share whose event came before
cutoff + k months, shown only once that is known of the whole vintage (SCORECARDS: "event rate by months on book per
origination month"). The pooled curve adds the monthly rates of all cells that are mature: the additive method of run-off
triangles (Schmidt, Methods and Models of Loss Reserving, 2006).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from workbench.tables.durations import Duration

_LONGEST = 60  # months on book
_MANY_VINTAGES = 24  # beyond them quarters read better
_NEARLY_ALL = 0.95
_LEAST_SHARE = 0.1  # of the rows; a pooled rate over fewer wobbles
_AFTER = (
    3  # months of watching beyond the flat point, without which it is the end of the data that looks flat
)


@dataclass(frozen=True)
class Vintages:
    """`cells` has vintage, month, rows (at risk), events (so far), event_rate; `pooled` has month, vintages, rows, events
    (in that month), rate (so far), share (of the rate at the last month).

    `flat_at` is the month by which 95% of the events within the observed months had come; None while it still rises.
    """

    cells: pd.DataFrame
    pooled: pd.DataFrame
    flat_at: int | None

    def sentence(self, window_months: float) -> str:
        if self.pooled.empty or not self.pooled["rate"].iloc[-1] > 0:
            return "Vintages: no mature event to draw a curve from."
        last = self.pooled.iloc[-1]
        reached = self.pooled[self.pooled["month"] <= round(window_months)]["share"].max()
        window = f"the label's window of {window_months:.0f} months holds {reached:.0%} of them"
        if self.flat_at is None:
            return f"Vintages: {last['rate']:.1%} by month {last['month']:.0f} and still rising; {window}."
        return (
            f"Vintages: {last['rate']:.1%} by month {last['month']:.0f}; the curve flattens at month {self.flat_at} "
            f"(95% of the events); {window}."
        )


def vintages(cutoff: pd.Series, event_at: pd.Series, *, lag: Duration, observed_until: datetime) -> Vintages:
    """The curves of rows with these cutoffs and first events (NaT where none came)."""
    cutoff = pd.to_datetime(cutoff).reset_index(drop=True)
    event_at = pd.to_datetime(event_at).reset_index(drop=True)
    names = _vintage_names(cutoff)
    newest = cutoff.groupby(names).max()
    cells: list[dict] = []
    sizes = names.value_counts()
    for month in range(1, _LONGEST + 1):
        known = (newest + pd.DateOffset(months=month)).map(lag.after) <= observed_until
        mature = sorted(known.index[known])
        if not mature:
            break
        events = (event_at < cutoff + pd.DateOffset(months=month)).groupby(names).sum()
        cells += [
            {"vintage": v, "month": month, "rows": int(sizes[v]), "events": int(events[v])} for v in mature
        ]
    found = pd.DataFrame(cells, columns=["vintage", "month", "rows", "events"])
    found["event_rate"] = found["events"] / found["rows"]
    found = found.sort_values(["vintage", "month"], ignore_index=True)
    pooled = _pooled(found)
    return Vintages(found, pooled, _flat_at(pooled))


def _vintage_names(cutoff: pd.Series) -> pd.Series:
    months = cutoff.dt.strftime("%Y-%m")
    if months.nunique() <= _MANY_VINTAGES:
        return months
    return cutoff.dt.year.astype(str) + "-Q" + cutoff.dt.quarter.astype(str)


def _pooled(cells: pd.DataFrame) -> pd.DataFrame:
    fresh = cells.copy()
    fresh["events"] = fresh["events"] - fresh.groupby("vintage")["events"].shift(fill_value=0)
    pooled = fresh.groupby("month", as_index=False).agg(
        vintages=("vintage", "nunique"), rows=("rows", "sum"), events=("events", "sum")
    )
    if len(pooled):
        pooled = pooled[pooled["rows"] >= _LEAST_SHARE * pooled["rows"].max()]
    pooled["rate"] = (pooled["events"] / pooled["rows"]).cumsum()
    final = pooled["rate"].iloc[-1] if len(pooled) else 0.0
    pooled["share"] = pooled["rate"] / final if final > 0 else np.nan
    return pooled.reset_index(drop=True)


def _flat_at(pooled: pd.DataFrame) -> int | None:
    there = pooled.loc[pooled["share"] >= _NEARLY_ALL, "month"]
    if there.empty or pooled["month"].iloc[-1] - there.iloc[0] < _AFTER:
        return None
    return int(there.iloc[0])
