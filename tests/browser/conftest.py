"""The real app: server and worker as `workbench app` starts them, on real data, in Debian's chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.ui.running import ROOT, App, start_app


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "feature_defs", folder / "feature_defs")
    running = start_app(folder)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium fonts-noto-cjk)")
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: `WORKBENCH_PICTURES`, else a temporary folder."""
    chosen = os.environ.get("WORKBENCH_PICTURES")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh visitor at 1280 px; every request that would leave this machine fails the test."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 1300}, locale="en-US", accept_downloads=True
    )
    opened = context.new_page()
    abroad: list[str] = []
    opened.on(
        "request",
        lambda r: (
            None if "127.0.0.1" in r.url or r.url.startswith(("data:", "blob:")) else abroad.append(r.url)
        ),
    )
    yield opened
    context.close()
    assert abroad == []
