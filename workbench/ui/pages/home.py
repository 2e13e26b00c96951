"""Home: what waits for me, what runs, what is live, and where to begin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench.ui.components.dataset_line import is_flat
from workbench.ui.components.datasets import datasets, task_words
from workbench.ui.components.empty import teach
from workbench.ui.components.job_card import state_badge
from workbench.ui.view import View, go, guarded, plain

SAMPLE = "complete_journey"


def page(view: View) -> None:
    st.title(view.t("home.heading"))
    st.markdown(view.t("home.intro"))
    with guarded(view):
        offer(view)
    left, middle, right = st.columns(3)
    with left:
        waiting(view)
    with middle:
        recent_runs(view)
    with right:
        live_models(view)


def offer(view: View) -> None:
    """The sample, or how to bring data."""
    sample = sample_task(datasets(view))
    if sample is None:
        teach(view, "home.no_data", folder=str(view.wb.home.feature_defs))
    else:
        begin(view, sample)


def sample_task(datasets: Sequence[Any]) -> str | None:
    """The first goal of the sample tables, or of whatever dataset there is."""
    ordered = sorted(datasets, key=lambda dataset: (dataset.name != SAMPLE, is_flat(dataset)))
    return next((label.task for dataset in ordered for label in dataset.labels), None)


def begin(view: View, sample: str) -> None:
    if not view.may("business", "modeler"):
        st.caption(view.t("home.look_only"))
        return
    with st.container(horizontal=True):
        if st.button(view.t("home.try"), type="primary", icon=":material/play_circle:"):
            go("build", task=sample)
        if st.button(view.t("home.new"), icon=":material/add:"):
            go("build")


def waiting(view: View) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{view.t('home.waiting')}**")
        pending = view.wb.approvals.pending(view.user)
        if not pending:
            st.caption(view.t("home.waiting.none"))
        elif st.button(view.t("home.waiting.some", n=len(pending)), icon=":material/approval:"):
            go("approvals")


def recent_runs(view: View) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{view.t('home.runs')}**")
        jobs = view.wb.runs.list()[:4]
        if not jobs:
            st.caption(view.t("home.runs.none"))
        for job in jobs:
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.button(plain(task_words(view, job.title)), key=f"run-{job.id}", type="tertiary"):
                    go("runs", run=job.id)
                state_badge(view, job.state)


def live_models(view: View) -> None:
    with st.container(border=True, height="stretch"):
        st.markdown(f"**{view.t('home.live')}**")
        champions = [model for model in view.wb.models.list() if model.champion]
        if not champions:
            st.caption(view.t("home.live.none"))
        for model in champions:
            label = view.t("model.version", name=model.name, version=model.version)
            if st.button(label, key=f"live-{model.name}", type="tertiary"):
                go("results", model=model.name, version=str(model.version))


if __name__ == "__main__":
    page(View.now())
