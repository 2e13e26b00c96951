"""The datasets and what is counted from them, kept as long as no definition changes."""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.service import Workbench
from workbench.ui.view import View

_KEEP_SECONDS = 300


@st.cache_resource(ttl=_KEEP_SECONDS, max_entries=4, show_spinner=False)
def _datasets(key: tuple[object, ...], _wb: Workbench) -> list[Any]:
    del key
    return _wb.data.list()


@st.cache_resource(ttl=_KEEP_SECONDS, max_entries=32, show_spinner=False)
def _label(key: tuple[object, ...], task: str, _wb: Workbench) -> Any:
    del key
    return _wb.data.label(task)


@st.cache_resource(ttl=_KEEP_SECONDS, max_entries=32, show_spinner=False)
def _days(key: tuple[object, ...], task: str, _wb: Workbench) -> Any:
    del key
    return _wb.data.scoring_days(task)


def datasets(view: View) -> list[Any]:
    """Every dataset's summary."""
    return _datasets(_definitions(view), view.wb)


def label_detail(view: View, task: str) -> Any:
    """Rows, events and months of a goal."""
    with st.spinner(view.t("label.counting")):
        return _label(_definitions(view), task, view.wb)


def scoring_days(view: View, task: str) -> Any:
    """The days for which a list can be made; none for a model from a file."""
    known = {label.task for dataset in datasets(view) for label in dataset.labels}
    return _days(_definitions(view), task, view.wb) if task in known else ()


def task_words(view: View, task: str) -> str:
    """ "Who will respond? · Complete Journey" for a task that a dataset here defines; else its name as it is."""
    try:
        found = datasets(view)
    except WorkbenchError:
        # a broken definition is told where definitions are shown, not wherever a task is named
        return task
    for dataset in found:
        for label in dataset.labels:
            if label.task == task:
                return view.t(
                    "task.words",
                    question=view.word("kind", label.kind),
                    dataset=short(view.text(dataset.title)),
                )
    return task


def short(title: str) -> str:
    """A title up to its colon, of either width."""
    return re.split("[:\uff1a]", title, maxsplit=1)[0].strip()


def _definitions(view: View) -> tuple[object, ...]:
    """The home and the newest change of any definition: a folder that is put there appears at once."""
    files = sorted(view.wb.home.feature_defs.rglob("*.y*ml"))
    return (str(view.wb.home.path), *((str(file), file.stat().st_mtime_ns) for file in files))
