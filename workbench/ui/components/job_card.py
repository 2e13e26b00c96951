"""One run: how far it is, what it said last, and what can be done about it."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime

import streamlit as st

from workbench.service import Workbench
from workbench.ui.view import View, plain, show_error

STATE_COLOURS = {"queued": "gray", "running": "blue", "done": "green", "failed": "red", "cancelled": "orange"}
LOG_LINES = 30
# preparing data and explaining the model take their share beside the search
_NEVER_FULL = 0.99


def state_badge(view: View, state: str) -> None:
    """The state in a word, in its colour."""
    st.badge(view.word("state", state), color=STATE_COLOURS[state])  # ty: ignore[invalid-argument-type]


def time_share(elapsed: float, budget: float | None, fraction: float) -> float:
    """How full the bar is: time used of the time granted; without a time budget the share of work done."""
    share = fraction if not budget else elapsed / budget
    return min(max(share, 0.0), _NEVER_FULL)


def show_running(view: View, job) -> None:
    """The bar, the stages so far, and the newest sentence."""
    elapsed = (datetime.now(UTC) - (job.started_at or job.created_at)).total_seconds()
    budget, told = job.budget_seconds, job.progress
    share = time_share(elapsed, budget, told.fraction if told else 0.0)
    used = view.duration(elapsed)
    text = used
    if budget:
        key = "runs.used_of" if elapsed <= budget else "runs.time_is_up"
        text = view.t(key, used=used, budget=view.duration(budget))
    st.progress(share, text=text)
    if told is None:
        st.caption(view.t("runs.starting"))
        return
    done, current = told.stages[:-1], told.stage
    marks = [f":material/check: {view.word('stage', stage)}" for stage in done]
    st.markdown("  ·  ".join([*marks, f"**{view.word('stage', current)}**"]))
    st.caption(plain(told.sentence))


def show_controls(view: View, wb: Workbench, job) -> None:
    """Cancel and finish now, for whoever may."""
    if not view.may("business", "modeler"):
        return
    with st.container(horizontal=True):
        if st.button(
            view.t("runs.finish"),
            key="finish",
            help=view.t("runs.finish.help"),
            disabled=job.finishing or job.state != "running",
        ):
            wb.runs.finish(job.id, view.user)
            st.toast(view.t("runs.finishing"))
            st.rerun()
        if st.button(view.t("runs.cancel"), key="cancel", help=view.t("runs.cancel.help")):
            wb.runs.cancel(job.id, view.user)
            st.rerun()
    if job.finishing:
        st.caption(view.t("runs.finishing"))


def show_failure(view: View, job) -> None:
    """The sentence that the run ended with."""
    if job.error is None:
        st.error(view.t("runs.no_reason"), icon=":material/error:")
    else:
        show_error(job.error.code, job.error.message, job.error.hint)


def log_tail(job) -> str:
    """The last lines that the run's process printed."""
    source = job.folder / "log.txt"
    if not source.is_file():
        return ""
    with source.open(encoding="utf-8", errors="replace") as stream:
        return "".join(deque(stream, LOG_LINES))
