"""The question that a column raises which may know the outcome, and the two answers to it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.ui.view import View, go, guarded, plain, remember


def ask_about_suspects(view: View, report: Any) -> None:
    """One question per suspected column. Either answer trains again: with the column vouched for, or without it."""
    for number, suspect in enumerate(report.summary.get("suspects", [])):
        column = suspect["column"]
        with st.container(border=True):
            st.markdown(f"**{view.t('suspect.title', column=plain(meaning(view, report, column)))}**")
            st.caption(plain(suspect["message"]))
            st.markdown(view.t("suspect.question"))
            if not view.may("business", "modeler"):
                continue
            with st.container(horizontal=True):
                if st.button(
                    view.t("suspect.known"), key=f"suspect-known-{number}", help=view.t("suspect.known.help")
                ):
                    again(view, report, known_before=(column,))
                if st.button(
                    view.t("suspect.unknown"),
                    key=f"suspect-unknown-{number}",
                    help=view.t("suspect.unknown.help"),
                ):
                    again(view, report, without=(column,))


def meaning(view: View, report: Any, column: str) -> str:
    """The column's sentence, else its name."""
    drivers = report.importance
    if "feature" in drivers:
        told = drivers.loc[drivers["feature"] == column, f"sentence_{view.language}"]
        if len(told) and isinstance(told.iloc[0], str) and told.iloc[0]:
            return told.iloc[0]
    return column


def again(view: View, report: Any, **changes: tuple[str, ...]) -> None:
    with guarded(view):
        job = view.wb.runs.again(report.request, user=view.user, **changes)
        remember("watching", job.id)
        go("runs", run=job.id)
