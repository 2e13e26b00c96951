"""A list leaves: only after approval, as a file with its manifest, and each time it is written down."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.ui.view import View

FORMATS = ("csv", "xlsx", "parquet")


def download(view: View, list_id: str) -> None:
    """Choose a format, write the file, then take it and its manifest."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.segmented_control(
            view.t("release.format"),
            FORMATS,
            default="csv",
            required=True,
            format_func=str.upper,
            key="release-format",
        )
        if st.button(view.t("release.prepare"), type="primary", icon=":material/output:"):
            out = view.wb.home.lists / "released"
            out.mkdir(parents=True, exist_ok=True)
            name = f"{list_id.replace('@', '-v')}.{chosen}"
            st.session_state["released"] = (
                list_id,
                view.wb.lists.export(list_id, user=view.user, out=out / name),
            )
    kept_id, left = st.session_state.get("released", (None, None))
    if kept_id != list_id or left is None:
        return
    file, manifest = Path(left["file"]), Path(left["manifest_file"])
    st.success(view.t("release.ready", rows=f"{left['rows']:,}", file=file.name), icon=":material/task:")
    with st.container(horizontal=True):
        take(view.t("release.file"), file)
        take(view.t("release.manifest"), manifest)


def take(label: str, file: Path) -> None:
    """A button that hands one file over."""
    st.download_button(
        label, data=file.read_bytes, file_name=file.name, icon=":material/download:", on_click="ignore"
    )
