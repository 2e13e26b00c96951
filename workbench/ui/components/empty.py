"""What a page says while it has nothing to show: what would be here, and the next step towards it."""

from __future__ import annotations

import streamlit as st

from workbench.ui.view import View, go


def teach(view: View, key: str, *, leads_to: str | None = None, **values: object) -> None:
    """The sentence `<key>` and, if it leads somewhere, a button `<key>.action`."""
    with st.container(border=True):
        st.markdown(view.t(key, **values))
        if leads_to is not None and st.button(view.t(f"{key}.action"), type="primary", key=f"teach-{key}"):
            go(leads_to)
