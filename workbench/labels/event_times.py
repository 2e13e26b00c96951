"""How long after the cutoff events come: the evidence from which the window of a marketing label is chosen.

Rows leave the count when their follow-up ends. The share by day d adds up, day by day, the events of that day among the
rows that were watched through it; events are counted against everybody watched, so a share never divides by survivors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from workbench.tables.durations import Duration

_LEAST_SHARE = 0.1  # of the rows must still be watched
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class EventTimes:
    """`curve` has day (1 = the first 24 hours of the window), rows (watched through it), events, rate (of rows, so
    far), share (of the rate at the last day). `nine_tenths_at` is the day by which 90% of those events had come.

    For a label that asks for *no* event the events are returns: the window must be long enough for most to have come.
    """

    returns: bool
    curve: pd.DataFrame
    nine_tenths_at: int | None

    def sentence(self, window_days: float) -> str:
        if self.nine_tenths_at is None:
            return "Event times: no event to draw a curve from."
        last = self.curve.iloc[-1]
        inside = self.curve[self.curve["day"] <= max(1, round(window_days))]["share"].max()
        what = "returns" if self.returns else "events"
        return (
            f"Event times: {last['rate']:.1%} within {last['day']:.0f} days; 90% of these {what} come by day "
            f"{self.nine_tenths_at}; the label's window of {window_days:.0f} days holds {inside:.0%} of them."
        )


def event_times(
    begin: pd.Series,
    event_at: pd.Series,
    *,
    days: int,
    lag: Duration,
    observed_until: datetime,
    returns: bool,
) -> EventTimes:
    """The curve over the first `days` days after `begin` (less where nobody was watched as long)."""
    begin = pd.to_datetime(begin).reset_index(drop=True)
    event_at = pd.to_datetime(event_at).reset_index(drop=True)
    end = pd.Timestamp(lag.before(observed_until))
    watched = ((end - begin) // pd.Timedelta(1, "D")).clip(lower=0)
    wait = (event_at - begin) // pd.Timedelta(1, "D") + 1
    day = np.arange(1, days + 1)
    rows = np.array([int((watched >= d).sum()) for d in day])
    counted = wait.where(wait <= watched)
    events = counted.value_counts().reindex(day, fill_value=0).to_numpy()
    long_enough = rows >= max(1.0, _LEAST_SHARE * rows.max(initial=0))
    curve = pd.DataFrame({"day": day, "rows": rows, "events": events})[long_enough].reset_index(drop=True)
    curve["rate"] = (curve["events"] / curve["rows"]).cumsum()
    final = curve["rate"].iloc[-1] if len(curve) else 0.0
    curve["share"] = curve["rate"] / final if final > 0 else np.nan
    there = curve.loc[curve["share"] >= _NEARLY_ALL, "day"]
    return EventTimes(returns, curve, int(there.iloc[0]) if len(there) else None)
