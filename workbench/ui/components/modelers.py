"""The technical twin: what a modeler asks before signing."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from workbench.ui.view import View

FIGURE_WIDTH = 180
METRICS = ("auc", "ks", "gini", "lift_10", "capture_20", "logloss", "brier", "ece", "slope", "intercept")


def for_modelers(view: View, model: Any, report: Any) -> None:
    """Metrics with their intervals, the leaderboard, the MLflow run, and the files."""
    evaluation, summary = report.evaluation, report.summary
    shown = [name for name in ("auc", "ks", "lift_10") if name in evaluation["metrics"]]
    figures = st.container(horizontal=True)
    for name in (*shown, "card_auc"):
        value = model.metrics.get("card_auc") if name == "card_auc" else evaluation["metrics"][name]
        low_high = evaluation["intervals"].get(name)
        figures.metric(
            view.word("metric", name),
            "–" if value is None else f"{value:.3f}",
            delta=f"{low_high[0]:.3f} – {low_high[1]:.3f}" if low_high else None,
            delta_color="off",
            delta_arrow="off",
            help=view.word("metric.help", name),
            width=FIGURE_WIDTH,
        )
    st.dataframe(
        metric_table(view, evaluation), hide_index=True, placeholder="–", alt=view.t("modelers.metrics")
    )
    st.markdown(f"**{view.t('modelers.leaderboard')}**")
    st.dataframe(report.leaderboard, hide_index=True, alt=view.t("modelers.leaderboard"))
    st.markdown(
        "  \n".join(
            [
                view.t("modelers.mlflow", run=model.run_id or view.t("modelers.no_mlflow")),
                view.t(
                    "modelers.task", task=model.task, kind=model.kind, event=summary.get("event_class", "")
                ),
                view.t("modelers.rows", rows=f"{summary['rows']:,}", test=f"{summary['rows_test']:,}"),
                view.t(
                    "modelers.repeat",
                    seed=summary.get("seed"),
                    fingerprint=summary.get("fingerprint", "")[:16],
                ),
            ]
        )
    )
    champion = summary.get("against_champion")
    if champion and champion.get("comparable"):
        st.markdown(
            view.t("modelers.champion", **{k: champion[k] for k in ("version", "difference", "low", "high")})
        )
    with st.expander(view.t("modelers.files")), st.container(horizontal=True):
        for name, path in report.files.items():
            st.download_button(
                name, data=path.read_bytes, file_name=name, key=f"file-{name}", on_click="ignore"
            )


def metric_table(view: View, evaluation: dict[str, Any]) -> pd.DataFrame:
    """One row per metric, with its interval where one was estimated."""
    rows = []
    for name in METRICS:
        if name in evaluation["metrics"]:
            low, high = evaluation["intervals"].get(name) or (None, None)
            rows.append((view.word("metric", name), round(evaluation["metrics"][name], 4), low, high))
    return pd.DataFrame(
        rows, columns=[view.t(f"modelers.column.{c}") for c in ("metric", "value", "low", "high")]
    ).round(4)
