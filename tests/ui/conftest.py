"""The whole app, from its entry point, in a given state of the workbench."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.ui.fakes import FakeWorkbench
from workbench.config import Home
from workbench.ui import shell

ENTRY = Path(__file__).parents[2] / "app.py"
Open = Callable[..., tuple[AppTest, FakeWorkbench]]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens a page: `opened("runs", state="failed", language="zh", person="li.approver", run="x")`."""

    def open_page(
        page: str,
        *,
        state: str = "sample",
        language: str = "en",
        person: str = "wang.requester",
        **parameters: str,
    ) -> tuple[AppTest, FakeWorkbench]:
        workbench = FakeWorkbench(Home(tmp_path), state)
        monkeypatch.setattr(shell, "open_workbench", lambda: workbench)
        app = AppTest.from_file(str(ENTRY), default_timeout=30)
        app.query_params["lang"] = language
        app.run()
        app.sidebar.selectbox(key="user").set_value(person).run()
        for name, value in parameters.items():
            app.query_params[name] = value
        app.switch_page(f"workbench/ui/pages/{page}.py")
        app.run()
        return app, workbench

    yield open_page
    st.cache_resource.clear()
