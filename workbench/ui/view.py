"""What every page is given: the service, who is looking, and in which language."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import streamlit as st

from workbench.errors import WorkbenchError
from workbench.service import Workbench
from workbench.text import Text
from workbench.ui.i18n import knows, say

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGES = Path(__file__).parent / "pages"
_MARKS = re.compile(r"([\\`*_{}\[\]<>#!|~$:])")
_log = logging.getLogger("workbench.ui")


@dataclass(frozen=True)
class View:
    """One look at the app by one person."""

    wb: Workbench
    user: str
    roles: tuple[str, ...]
    language: str

    @classmethod
    def now(cls) -> View:
        """The view that the shell put into the session."""
        return st.session_state["view"]

    def t(self, key: str, **values: object) -> str:
        """A sentence of the catalog."""
        return say(self.language, key, **values)

    def text(self, text: Text | str | Mapping[str, str]) -> str:
        """A sentence that a definition brought along."""
        return Text.of(text)[self.language]

    def word(self, group: str, name: str) -> str:
        """The catalog's word for one of a group's names (`state.running`); the name itself if it has none."""
        key = f"{group}.{name}"
        return self.t(key) if knows(self.language, key) else name

    def may(self, *roles: str) -> bool:
        """Whether to offer something. A courtesy: the service checks each call."""
        return any(role in self.roles for role in (*roles, "admin"))

    def when(self, moment: datetime | str | None) -> str:
        """A moment in the server's time zone, to the minute."""
        if moment is None:
            return "–"
        at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone().strftime("%Y-%m-%d %H:%M")

    def duration(self, seconds: float) -> str:
        """A length of time: "45 s", "3 min 20 s"."""
        whole = max(0, round(seconds))
        if whole < 60:
            return self.t("time.seconds", n=whole)
        minutes, left = divmod(whole, 60)
        return self.t("time.minutes", m=minutes, s=left) if left else self.t("time.whole_minutes", m=minutes)


def go(page: str, **parameters: str) -> NoReturn:
    """Show another page, with its address (`?run=...`)."""
    st.switch_page(PAGES / f"{page}.py", query_params=parameters)


def address(name: str) -> str | None:
    """A parameter of this page's address."""
    return st.query_params.get(name)


@contextlib.contextmanager
def guarded(view: View) -> Generator[None]:
    """Show the sentence of whatever goes wrong inside, and log the rest."""
    try:
        yield
    except WorkbenchError as error:
        _log.info("refused: %s", error)
        show_error(error.code, error.message, error.hint)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person sees a sentence, the log the rest
        _log.exception("a page failed")
        st.error(view.t("error.unexpected", name=type(error).__name__), icon=":material/error:")


def show_error(code: str, message: str, hint: str) -> None:
    """An error in the shape of every error of the workbench."""
    parts = [plain(message), plain(hint), f"`{code}`"]
    st.error("\n\n".join(part for part in parts if part), icon=":material/error:")


def plain(text: str) -> str:
    """Text that came from data or from a person, so that Streamlit shows it and never obeys it.

    Links, pictures, colours and formulas stay letters; `code` stays code.
    """
    parts = re.split(r"(`[^`\n]*`)", text)
    return "".join(part if part.startswith("`") else _MARKS.sub(r"\\\1", part) for part in parts)


def remember(key: str, value: Any) -> None:
    """Keep a value for this session."""
    st.session_state[key] = value
