"""From sample data to a released list, by clicking, as the first visitor would."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.selectors import button, choose_person, link, press, settle, tab, title
from tests.ui.running import App
from workbench.ui.i18n import say

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def en(key: str, **values: object) -> str:
    return say("en", key, **values)


def test_five_clicks_from_sample_data_to_a_released_list(
    app: App, browser: Browser, page: Page, pictures: Path
) -> None:
    def picture(name: str) -> None:
        page.wait_for_timeout(1200)  # charts fade in
        page.screenshot(path=pictures / f"{name}.png", full_page=True)

    page.goto(app.url)
    settle(page)
    picture("1-home")
    press(page, en("home.try"))
    expect(title(page)).to_have_text(en("build.title"))
    expect(page.get_by_text("Cases to learn from")).to_be_visible()
    picture("2-build")

    pressed = time.monotonic()
    button(page, en("build.start")).click()
    expect(title(page)).to_have_text(en("runs.title"))
    expect(page.get_by_role("progressbar").first).to_be_visible(timeout=10_000)
    seen = time.monotonic() - pressed
    page.wait_for_function("document.body.innerText.includes('search')", timeout=150_000)
    picture("3-runs")
    page.wait_for_url("**/runs?run=*")
    address = page.url
    assert "run=" in address
    assert seen < 6, f"{seen:.1f} s from Start to a visible bar"

    # the page is closed and looked at again by its address: the run does not care
    page.goto("about:blank")
    page.goto(address)
    settle(page)
    press(page, en("runs.finish"))
    expect(button(page, en("runs.see"))).to_be_visible(timeout=180_000)
    press(page, en("runs.see"))
    expect(title(page)).to_have_text(en("results.title"))
    expect(page.get_by_text("of every 100 customers", exact=False).first).to_be_visible()
    picture("4-results")
    for name in ("trust", "why", "card", "modelers"):
        tab(page, en(f"results.tab.{name}")).click()
        picture(f"4-results-{name}")

    press(page, en("results.make_list"))
    expect(title(page)).to_have_text(en("audience.title"))
    picture("5-audience")
    press(page, en("audience.send"))
    page.wait_for_function("location.search.includes('list=')", timeout=60_000)
    settle(page)
    expect(page.get_by_text("A second person decides", exact=False)).to_be_visible()
    expect(button(page, en("release.prepare"))).to_have_count(0)
    picture("6-list-waiting")

    # whoever asked is not offered the decision
    link(page, en("approvals.title")).click()
    settle(page)
    expect(button(page, en("approvals.approve"))).to_have_count(0)
    choose_person(page, "li.approver")
    expect(button(page, en("approvals.approve"))).to_have_count(1)
    picture("7-approvals")
    press(page, en("approvals.approve"))
    page.wait_for_function("location.search.includes('list=')", timeout=60_000)
    settle(page)
    press(page, en("release.prepare"))
    picture("8-released")
    with page.expect_download() as taken:
        button(page, en("release.file")).click()
    rows = check_file(taken.value.path(), taken.value.suggested_filename)
    with page.expect_download() as taken_manifest:
        button(page, en("release.manifest")).click()
    manifest = json.loads(Path(taken_manifest.value.path()).read_text(encoding="utf-8"))
    assert manifest["mark"] == "PRACTICE"
    assert manifest["rows"] == rows
    assert manifest["sha256"] == hashlib.sha256(Path(taken.value.path()).read_bytes()).hexdigest()
    assert (manifest["requested_by"], manifest["approved_by"]) == ("wang.requester", "li.approver")


def check_file(path: Path, name: str) -> int:
    """A PRACTICE file says so in its name and in each row."""
    assert "PRACTICE" in name
    rows = list(csv.DictReader(io.StringIO(Path(path).read_text(encoding="utf-8-sig"))))
    assert rows
    assert {row["mark"] for row in rows} == {"PRACTICE"}
    return len(rows)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_fit_their_width_in_both_languages(
    app: App, browser: Browser, pictures: Path, width: int, language: str
) -> None:
    locale = "zh-CN" if language == "zh" else "en-US"
    context = browser.new_context(
        viewport={"width": width, "height": 1400 if width > 1000 else 900}, locale=locale
    )
    page = context.new_page()
    for name in ("", "data", "build", "runs", "results", "audience", "approvals"):
        page.goto(f"{app.url}/{name}")
        settle(page)
        key = f"{name}.title" if name else "home.heading"
        expect(title(page)).to_have_text(say(language, key))
        expect(page.get_by_text("WB-")).to_have_count(0)
        page.wait_for_timeout(800)
        page.screenshot(path=pictures / f"{language}-{width}-{name or 'home'}.png", full_page=True)
        overflow = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert overflow <= 1, f"{name} is {overflow} px too wide"
    context.close()


def test_a_cancelled_run_says_so_and_two_visitors_see_the_same(
    app: App, browser: Browser, page: Page
) -> None:
    page.goto(f"{app.url}/build")
    settle(page)
    button(page, en("build.start")).click()
    expect(title(page)).to_have_text(en("runs.title"), timeout=30_000)
    page.wait_for_url("**/runs?run=*")
    other = browser.new_context(locale="en-US").new_page()
    other.goto(page.url)
    settle(other)
    expect(button(other, en("runs.cancel"))).to_be_visible()
    press(page, en("runs.cancel"))
    expect(page.get_by_text(en("runs.cancelled"))).to_be_visible()
    expect(other.get_by_text(en("runs.cancelled"))).to_be_visible(timeout=10_000)
    other.context.close()
