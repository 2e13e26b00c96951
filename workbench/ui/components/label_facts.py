"""What a goal's past looks like: how many rows, how many events, since when."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench import charts
from workbench.ui.view import View

FIGURE_WIDTH = 150


def show_label_facts(view: View, detail: Any) -> None:
    """Rows, events and their share; by month where there are months."""
    with st.container(horizontal=True):
        st.metric(
            view.t("label.rows"), f"{detail.rows:,}", help=view.t("label.rows.help"), width=FIGURE_WIDTH
        )
        st.metric(view.t("label.events"), f"{detail.events:,}", width=FIGURE_WIDTH)
        st.metric(view.t("label.rate"), f"{detail.event_rate:.1%}", width=FIGURE_WIDTH)
    left_out = {reason: n for reason, n in detail.excluded.items() if n}
    if left_out:
        listed = "; ".join(f"{view.word('excluded', reason)}: {n:,}" for reason, n in left_out.items())
        st.caption(view.t("label.excluded", listed=listed))
    if len(detail.by_month) > 1:
        with st.expander(view.t("label.by_month")):
            st.altair_chart(charts.by_month(detail.by_month, language=view.language))
