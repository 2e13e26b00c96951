"""Data: which tables there are, what is predicted from them, and whether they are sound."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from workbench.ui.components.dataset_line import describe
from workbench.ui.components.datasets import datasets, label_detail
from workbench.ui.components.empty import teach
from workbench.ui.components.label_facts import show_label_facts
from workbench.ui.components.picks import pick
from workbench.ui.view import View, address, go, plain

SEVERITY_ICONS = {
    "stop": ":material/block:",
    "quarantine": ":material/warning:",
    "warn": ":material/visibility:",
    "note": ":material/info:",
}


def page(view: View) -> None:
    st.title(view.t("data.title"))
    found = datasets(view)
    if not found:
        teach(view, "data.none", folder=str(view.wb.home.feature_defs))
        return
    dataset = pick(
        view.t("data.which"),
        found,
        name=lambda each: each.name,
        words=lambda each: view.text(each.title),
        asked=address("dataset"),
    )
    st.caption(describe(view, dataset))
    tables, goals, checks = st.tabs([view.t("data.tables"), view.t("data.goals"), view.t("data.check")])
    with tables:
        show_tables(view, dataset)
    with goals:
        show_goals(view, dataset)
    with checks:
        show_checks(view, dataset)


def show_tables(view: View, dataset: Any) -> None:
    rows = [(table.name, table.rows, day(table.first), day(table.last)) for table in dataset.tables]
    names = [view.t(f"data.column.{name}") for name in ("table", "rows", "first", "last")]
    st.dataframe(
        pd.DataFrame(rows, columns=names),
        hide_index=True,
        column_config={names[1]: st.column_config.NumberColumn(format="localized")},
        alt=view.t("data.tables"),
    )
    st.caption(view.t("data.features", n=dataset.n_features))


def day(moment: datetime | None) -> str:
    """The date of a moment; a dash for a table without dates."""
    return f"{moment:%Y-%m-%d}" if moment is not None else "–"


def show_goals(view: View, dataset: Any) -> None:
    if not dataset.labels:
        st.caption(view.t("data.no_goals"))
        return
    labels = {label.task: label for label in dataset.labels}
    task = st.radio(
        view.t("build.goal"),
        list(labels),
        format_func=lambda task: view.word("kind", labels[task].kind),
        captions=[view.text(label.sentence) for label in labels.values()],
        key="data-goal",
    )
    detail = label_detail(view, task)
    show_label_facts(view, detail)
    if st.button(view.t("data.build"), type="primary", disabled=not view.may("business", "modeler")):
        go("build", task=task)
    st.markdown(f"**{view.t('data.feature_list', n=len(dataset.features))}**")
    st.dataframe(
        pd.DataFrame(
            [(view.text(column.sentence), column.name) for column in dataset.features],
            columns=[view.t("data.column.says"), view.t("data.column.name")],
        ),
        hide_index=True,
        alt=view.t("data.features", n=len(dataset.features)),
    )


def show_checks(view: View, dataset: Any) -> None:
    st.caption(view.t("data.check.about"))
    if not st.button(view.t("data.check.run"), icon=":material/fact_check:"):
        return
    with st.spinner(view.t("data.check.running")):
        report = view.wb.data.check(dataset.name)
    if not report.findings:
        st.success(view.t("data.check.clean"), icon=":material/verified:")
        return
    (st.success if report.ok else st.error)(view.t("data.check.ok" if report.ok else "data.check.stop"))
    for finding in report.findings:
        where = ".".join(part for part in (finding.table, finding.column) if part)
        with st.container(border=True):
            head = f"{SEVERITY_ICONS[finding.severity]} **{view.word('severity', finding.severity)}** {where} `{finding.code}`"
            st.markdown(head)
            st.markdown(plain(finding.message))
            if finding.hint:
                st.caption(plain(finding.hint))


if __name__ == "__main__":
    page(View.now())
