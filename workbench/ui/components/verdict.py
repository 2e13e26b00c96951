"""A model's worth in one sentence that a business user can repeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from workbench.ui.view import View

TOP_TENTH = 0.1


@dataclass(frozen=True)
class Yield:
    """What contacting the first `depth` of all customers, by score, brings."""

    depth: float
    customers: int
    per_100: float
    capture: float
    lift: float

    @classmethod
    def at(cls, gains: pd.DataFrame, depth: float) -> Yield:
        """From the row of a gains table whose depth is nearest to the one asked for."""
        row = gains.iloc[(gains["depth"] - depth).abs().to_numpy().argmin()]
        return cls(
            depth=float(row["depth"]),
            customers=int(row["customers"]),
            per_100=100.0 * float(row["events"]) / max(float(row["customers"]), 1.0),
            capture=float(row["capture"]),
            lift=float(row["lift"]),
        )


def verdict(view: View, *, kind: str, gains: pd.DataFrame, metrics: dict[str, Any], depth: float) -> None:
    """Say what the likeliest `depth` of customers will do, beside a random choice."""
    gained = Yield.at(gains, depth)
    say = {
        "share": f"{gained.depth:.0%}",
        "events": f"{gained.per_100:.0f}",
        "random": f"{100 * float(metrics['event_rate']):.0f}",
        "lift": f"{gained.lift:.1f}",
        "capture": f"{gained.capture:.0%}",
    }
    st.markdown(f"#### {view.t(f'verdict.{kind}', **say)}")
    st.caption(view.t(f"verdict.capture.{kind}", **say))
