"""Runs: the queue, and one run followed while it lasts."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from workbench.ui.components.datasets import task_words
from workbench.ui.components.empty import teach
from workbench.ui.components.job_card import log_tail, show_controls, show_failure, show_running, state_badge
from workbench.ui.view import View, address, go, guarded, plain, remember

# only while something runs: eleven idle tabs that poll cost more than a third of a core
POLL_SECONDS = 3


def page(view: View) -> None:
    st.title(view.t("runs.title"))
    jobs = view.wb.runs.list()
    if any(job.active for job in jobs) and not view.wb.runs.worker_alive():
        st.warning(view.t("runs.no_worker"), icon=":material/power_off:")
    if not jobs:
        teach(view, "runs.none", leads_to="build")
        return
    chosen = address("run") or jobs[0].id
    one_run(view, chosen)
    st.subheader(view.t("runs.all"))
    table = pd.DataFrame(
        {
            view.t("runs.column.what"): [task_words(view, job.title) for job in jobs],
            view.t("runs.column.state"): [view.word("state", job.state) for job in jobs],
            view.t("runs.column.asked"): [view.when(job.created_at) for job in jobs],
            view.t("runs.column.ended"): [view.when(job.ended_at) for job in jobs],
            view.t("runs.column.user"): [job.user for job in jobs],
        }
    )
    picked = st.dataframe(
        table,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="runs-table",
        alt=view.t("runs.all"),
    )
    st.caption(view.t("runs.pick"))
    rows = picked["selection"]["rows"]
    if rows and jobs[rows[0]].id != chosen:
        st.session_state.pop("runs-table", None)
        go("runs", run=jobs[rows[0]].id)


def one_run(view: View, job_id: str) -> None:
    """The run, drawn again every few seconds while it can still change."""
    active = view.wb.runs.get(job_id).active
    follow = st.fragment(run_every=POLL_SECONDS if active else None)(_one_run)
    follow(view, job_id, active)


def _one_run(view: View, job_id: str, was_active: bool) -> None:
    with guarded(view):
        job = view.wb.runs.get(job_id)
        if was_active and not job.active:
            arrive(view, job)
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.subheader(plain(task_words(view, job.title)))
                state_badge(view, job.state)
            st.caption(view.t("runs.asked", user=job.user, when=view.when(job.created_at), id=job.id))
            show_state(view, job)
            if log := log_tail(job):
                with st.expander(view.t("runs.log")):
                    st.code(log, language=None, wrap_lines=True)


def arrive(view: View, job) -> None:
    """A run that ended while somebody watched it leads on to its result."""
    remember("just-ended", job.id)
    if job.state == "done" and job.result and st.session_state.get("watching") == job.id:
        st.session_state.pop("watching")
        go("results", model=str(job.result["model"]), version=str(job.result["version"]))
    st.rerun()


def show_state(view: View, job) -> None:
    if job.state == "queued":
        st.progress(0.0, text=view.t("runs.place", n=job.queue_place or 1))
        show_controls(view, view.wb, job)
    elif job.state == "running":
        show_running(view, job)
        show_controls(view, view.wb, job)
    elif job.state == "failed":
        show_failure(view, job)
        resume_button(view, job)
    elif job.state == "cancelled":
        st.info(view.t("runs.cancelled"), icon=":material/cancel:")
        resume_button(view, job)
    else:
        show_done(view, job)


def show_done(view: View, job) -> None:
    result = job.result or {}
    if "model" not in result:
        st.caption(view.t("runs.no_model"))
        return
    took = view.duration((job.ended_at - job.started_at).total_seconds())
    st.markdown(view.t("runs.done", name=result["model"], version=result["version"], took=took))
    if st.button(view.t("runs.see"), type="primary", icon=":material/insights:"):
        go("results", model=str(result["model"]), version=str(result["version"]))


def resume_button(view: View, job) -> None:
    if view.may("business", "modeler") and st.button(view.t("runs.resume"), help=view.t("runs.resume.help")):
        view.wb.runs.resume(job.id, view.user)
        st.rerun()


if __name__ == "__main__":
    page(View.now())
