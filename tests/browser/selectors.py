"""Where things are on a page; the only place that knows Streamlit's markup."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def settle(page: Page) -> None:
    """Wait until the server has drawn the page."""
    page.wait_for_selector(IDLE, timeout=60_000)
    page.wait_for_timeout(300)
    page.wait_for_selector(IDLE, timeout=60_000)


def button(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stMain").get_by_role("button", name=label, exact=True)


def press(page: Page, label: str) -> None:
    button(page, label).click()
    settle(page)


def link(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stSidebarNav").get_by_role("link", name=label)


def title(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def choose_person(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("combobox").first.click()
    page.get_by_role("option", name=name).click()
    settle(page)


def tab(page: Page, label: str) -> Locator:
    return page.get_by_role("tab", name=label)
