"""From everybody who was scored to the customers on a list: nobody vanishes without a count."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench.ui.view import View

LEFT_OUT = ("without_id", "double", "excluded", "below_grade", "below_cut", "held_out")


def funnel_steps(funnel: dict[str, int]) -> list[tuple[str, int, int]]:
    """Step, how many it took away, how many were left after it; steps that took nobody are left out."""
    left = funnel["scored"]
    steps = [("scored", 0, left)]
    for name in LEFT_OUT:
        gone = funnel.get(name, 0)
        left -= gone
        if gone:
            steps.append((name, gone, left))
    return [*steps, ("final", 0, funnel["final"])]


def show_funnel(view: View, funnel: dict[str, Any]) -> None:
    """The funnel as a table whose bars shrink."""
    steps = funnel_steps(funnel)
    names = [view.t(f"funnel.column.{name}") for name in ("step", "gone", "left")]
    rows = [(view.word("funnel", step), f"−{gone:,}" if gone else "", left) for step, gone, left in steps]
    st.dataframe(
        pd.DataFrame(rows, columns=names),
        hide_index=True,
        column_config={
            names[2]: st.column_config.ProgressColumn(
                format="localized", min_value=0, max_value=max(funnel["scored"], 1)
            )
        },
        alt=view.t("funnel.alt"),
    )
