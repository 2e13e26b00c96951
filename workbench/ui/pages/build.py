"""Build: which customers, which goal, how long; then one button."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import streamlit as st

from workbench.service import TrainRequest
from workbench.ui.components.dataset_line import describe
from workbench.ui.components.datasets import datasets, label_detail
from workbench.ui.components.empty import teach
from workbench.ui.components.label_facts import show_label_facts
from workbench.ui.components.picks import pick
from workbench.ui.view import View, address, go, remember

BUDGETS_SECONDS = (60, 300, 900, 3600)
# starting the process, and the last sentence of a run
_AROUND_SECONDS = 30


def page(view: View) -> None:
    st.title(view.t("build.title"))
    found = [dataset for dataset in datasets(view) if dataset.labels]
    if not found:
        teach(view, "build.no_data", leads_to="data")
        return
    task = choose(view, found)
    detail = label_detail(view, task)
    show_label_facts(view, detail)
    budget = st.segmented_control(
        view.t("build.budget"),
        BUDGETS_SECONDS,
        default=BUDGETS_SECONDS[0],
        format_func=lambda seconds: view.t("build.budget.minutes", n=seconds // 60),
        required=True,
        help=view.t("build.budget.help"),
    )
    above = st.container()
    with st.expander(view.t("build.modeler")):
        seed = st.number_input(
            view.t("build.seed"), min_value=0, value=0, step=1, help=view.t("build.seed.help")
        )
    with above:
        start(view, task, int(budget), int(seed))


def choose(view: View, datasets: Sequence[Any]) -> str:
    """Dataset, then goal; filled in from the address if it names a task."""
    asked = address("task")
    dataset = pick(
        view.t("build.dataset"),
        datasets,
        name=lambda each: each.name,
        words=lambda each: view.text(each.title),
        asked=next((d.name for d in datasets if asked in [label.task for label in d.labels]), None),
        about=view.t("build.dataset.help"),
    )
    st.caption(describe(view, dataset))
    tasks = {label.task: label for label in dataset.labels}
    return st.radio(
        view.t("build.goal"),
        list(tasks),
        index=list(tasks).index(asked) if asked in tasks else 0,
        format_func=lambda task: view.word("kind", tasks[task].kind),
        captions=[view.text(label.sentence) for label in tasks.values()],
    )


def start(view: View, task: str, budget: int, seed: int) -> None:
    ahead = sum(job.active for job in view.wb.runs.list())
    latest = datetime.now().astimezone() + timedelta(seconds=budget + _AROUND_SECONDS)
    sentence = (
        view.t("build.promise.queued", n=ahead, budget=view.duration(budget))
        if ahead
        else view.t("build.promise", budget=view.duration(budget), latest=f"{latest:%H:%M}")
    )
    st.markdown(sentence)
    if not view.may("business", "modeler"):
        st.caption(view.t("build.look_only"))
        return
    if st.button(view.t("build.start"), type="primary", icon=":material/rocket_launch:"):
        job = view.wb.runs.start(
            TrainRequest(task=task, budget_seconds=float(budget), seed=seed, user=view.user)
        )
        remember("watching", job.id)
        go("runs", run=job.id)


if __name__ == "__main__":
    page(View.now())
