"""Results: what a model is worth, whether to trust it, why it says what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from workbench import charts
from workbench.ui.components.empty import teach
from workbench.ui.components.modelers import for_modelers
from workbench.ui.components.picks import model_name, pick
from workbench.ui.components.suspects import ask_about_suspects
from workbench.ui.components.verdict import TOP_TENTH, Yield, verdict
from workbench.ui.view import View, address, go, guarded, plain

DRIVERS_SHOWN = 15
CUT_COLOUR = "#d9822b"
FIGURE_WIDTH = 160
SHARES = ("share", "event_rate", "rate_low", "rate_high", "p_min", "p_max")
ROW_HEIGHT = 26
CARD_COLUMNS = ("sentence", "bin", "points", "event_rate", "n", "share", "woe", "iv", "variable")


def page(view: View) -> None:
    st.title(view.t("results.title"))
    models = view.wb.models.list()
    if not models:
        teach(view, "results.none", leads_to="build")
        return
    model = choose(view, models)
    report = view.wb.models.report(model.name, model.version)
    headline(view, model, report)
    ask_about_suspects(view, report)
    value, trust, why, card, modelers = st.tabs(
        [view.t(f"results.tab.{name}") for name in ("value", "trust", "why", "card", "modelers")]
    )
    with value:
        st.fragment(show_value)(view, model, report)
    with trust:
        show_trust(view, report)
    with why:
        show_why(view, report)
    with card:
        show_card(view, report)
    with modelers:
        for_modelers(view, model, report)


def choose(view: View, models: Sequence[Any]) -> Any:
    """The version that the address names, else the newest."""

    def title(model: Any) -> str:
        live = view.t("model.live") if model.champion else view.when(model.created_at)
        return f"{view.t('model.version', name=model.name, version=model.version)} · {live}"

    asked = f"{address('model')}@{address('version')}"
    return pick(view.t("results.which"), models, name=model_name, words=title, asked=asked)


def headline(view: View, model: Any, report: Any) -> None:
    verdict(view, kind=model.kind, gains=report.gains, metrics=report.evaluation["metrics"], depth=TOP_TENTH)
    for note in report.summary.get("notes", []):
        st.caption(f":material/info: {plain(note)}")
    with st.container(horizontal=True, vertical_alignment="center"):
        allowed = view.may("business", "modeler")
        if st.button(
            view.t("results.make_list"), type="primary", icon=":material/groups:", disabled=not allowed
        ):
            go("audience", model=model.name, version=str(model.version))
        if model.champion:
            st.badge(view.t("model.live"), color="green")
        elif st.button(view.t("results.publish"), icon=":material/approval:", disabled=not allowed):
            view.wb.approvals.request(f"{model.name}@{model.version}", user=view.user, note="")
            st.toast(view.t("results.published"), icon=":material/check:")


def show_value(view: View, model: Any, report: Any) -> None:
    """The gain curve with a cut that can be moved."""
    with guarded(view):
        depth = (
            st.slider(view.t("results.cut"), 5, 100, 10, 5, format="%d%%", help=view.t("results.cut.help"))
            / 100
        )
        show_yield(view, model.kind, Yield.at(report.gains, depth))
        left, right = st.columns(2)
        with left:
            st.altair_chart(with_cut(charts.gain_curve(report.gains, language=view.language), depth))
            st.caption(view.t("results.gain.about"))
        with right:
            st.altair_chart(charts.deciles(report.deciles, language=view.language))
            st.caption(view.t("results.deciles.about"))


def show_yield(view: View, kind: str, gained: Yield) -> None:
    """What the cut brings, in four figures."""
    figures = (
        ("contacted", f"{gained.customers:,}"),
        (f"events.{kind}", f"{gained.per_100:.0f}"),
        ("reached", f"{gained.capture:.0%}"),
        ("lift", f"{gained.lift:.1f}"),
    )
    with st.container(horizontal=True):
        for name, value in figures:
            st.metric(view.t(f"yield.{name}"), value, help=view.t("yield.help"), width=FIGURE_WIDTH)


def with_cut(chart: Any, depth: float) -> Any:
    """The gain curve with a line where the slider stands."""
    at: Any = alt.Chart(pd.DataFrame({"depth": [depth]}))
    return chart + at.mark_rule(color=CUT_COLOUR, strokeWidth=2).encode(x="depth:Q")


def show_trust(view: View, report: Any) -> None:
    st.markdown(view.t("results.split", sentence=plain(report.summary["split"])))
    left, right = st.columns(2)
    with left:
        st.altair_chart(charts.calibration(report.calibration, language=view.language))
        st.caption(view.t("results.calibration.about"))
    with right:
        if report.by_month.empty:
            st.caption(view.t("results.no_months"))
        else:
            st.altair_chart(charts.by_month(report.by_month, language=view.language))
            st.caption(view.t("results.months.about"))


def show_why(view: View, report: Any) -> None:
    drivers = report.importance.head(DRIVERS_SHOWN)
    bars = charts.importance_bar(drivers, language=view.language, top=DRIVERS_SHOWN)
    # every bar keeps its label
    st.altair_chart(
        bars.properties(height=ROW_HEIGHT * len(drivers) + 60).configure_axisY(labelOverlap=False)
    )
    st.caption(view.t("results.drivers.about"))
    for name in ("beeswarm", "waterfall"):
        if name in report.plots:
            st.markdown(f"**{view.t(f'results.{name}')}**")
            st.image(report.plots[name], alt=view.t(f"results.{name}"), width="stretch")
            st.caption(view.t(f"results.{name}.about"))


def show_card(view: View, report: Any) -> None:
    summary = report.summary
    st.markdown(f"**{view.t('results.grades')}**")
    st.caption(view.text(summary["grades"]))
    show_table(view, report.grades, "grades", about=view.t("results.grades"))
    st.markdown(f"**{view.t('results.points')}**")
    st.caption(view.text(summary["card_direction"]))
    points = report.table("scorecard_zh") if view.language == "zh" else report.scorecard
    points = points[[name for name in CARD_COLUMNS if name in points.columns]]
    show_table(view, points, "card", about=view.t("results.points"))


def show_table(view: View, table: pd.DataFrame, group: str, *, about: str) -> None:
    """The table with its columns' names in words, shares as percentages, and figures short enough to read."""
    names = {name: view.word(f"column.{group}", name) for name in table.columns}
    shapes: dict[str, Any] = {}
    for name, shown in names.items():
        if name in SHARES:
            shapes[shown] = st.column_config.NumberColumn(format="percent")
        elif pd.api.types.is_float_dtype(table[name]):
            shapes[shown] = st.column_config.NumberColumn(format="localized")
    st.dataframe(table.round(3).rename(columns=names), hide_index=True, column_config=shapes, alt=about)


if __name__ == "__main__":
    page(View.now())
