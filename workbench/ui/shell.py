"""The frame around every page: who is looking, in which language, and where one can go."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from workbench.service import Workbench
from workbench.ui.i18n import LANGUAGES, say
from workbench.ui.view import PAGES, View, guarded

ICON = Path(__file__).parent / "entry" / "icon.svg"  # a named icon would be fetched from the internet
ICONS = {
    "home": "home",
    "data": "table_chart",
    "build": "model_training",
    "runs": "timer",
    "results": "insights",
    "audience": "groups",
    "approvals": "approval",
}


def open_workbench() -> Workbench:
    """The home that `workbench app` was started for."""
    return Workbench.open()


def main() -> None:
    """Draw the frame, then the page that was asked for."""
    st.set_page_config(page_title="Workbench", page_icon=str(ICON), layout="wide")
    with st.sidebar:
        language = _language()
        wb = open_workbench()
        user, roles = _person(wb, language)
    view = View(wb, user, roles, language)
    st.session_state["view"] = view
    pages = [
        st.Page(
            PAGES / f"{name}.py",
            title=view.t(f"{name}.title"),
            icon=f":material/{icon}:",
            url_path=name if name != "home" else None,
            default=name == "home",
        )
        for name, icon in ICONS.items()
    ]
    page = st.navigation(pages)
    with guarded(view):
        page.run()


def _language() -> str:
    if "language" not in st.session_state:
        asked = st.query_params.get("lang") or st.context.locale or "en"
        st.session_state["language"] = "zh" if asked.lower().startswith("zh") else "en"
    chosen = st.segmented_control(
        "Language / 语言",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key="language",
        required=True,
        label_visibility="collapsed",
    )
    return chosen or "en"


def _person(wb: Workbench, language: str) -> tuple[str, tuple[str, ...]]:
    people = {user.name: user for user in wb.people.practice()}

    name = st.selectbox(say(language, "person.label"), list(people), key="user")
    st.caption(say(language, "person.roles", roles=_roles(people[name].roles, language)))
    st.info(say(language, "practice.banner"), icon=":material/school:")
    return name, tuple(people[name].roles)


def _roles(roles: tuple[str, ...], language: str) -> str:
    return ", ".join(say(language, f"role.{role}") for role in roles)
