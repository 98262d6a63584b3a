"""The pages that explain, propose and apply in headless Chromium: by keyboard, on a phone, with type-ahead."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from kuai.address import learning
from kuai.guard.types import Role
from kuai.kit.store import Store
from tests.modules.web.conftest import NOW
from tests.modules.web.test_address_learning import KEPT, STEWARD, TEXT, library, proposal
from tests.modules.web.test_browser import (
    DESKTOP,
    FAINT_TEXT,
    PHONE,
    LogInPage,
    chromium,
    open_page,
    playwright,
    watched,
)
from tests.modules.web.test_library_browser import SMALL_TARGETS, UNLABELLED

__all__ = ["chromium", "library", "open_page", "playwright", "proposal"]

pytestmark = pytest.mark.browser
PAGES = [
    "/addresses/explain/",
    "/addresses/aliases/",
    "/addresses/proposals/",
    "/addresses/applications/",
    "/addresses/applications/new/",
]


def test_a_text_is_washed_and_confirmed_without_a_mouse(
    library: Store, open_page: LogInPage
) -> None:
    page = open_page(Role.DATA_STEWARD)
    page.goto("/addresses/explain/")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#id_text")).to_be_focused()
    page.keyboard.insert_text(TEXT)
    page.keyboard.press("Enter")
    expect(page.locator("[data-wash-answer]")).to_be_focused()
    assert page.url.endswith("/addresses/explain/")
    expect(page.locator("#id_kept")).to_have_value(KEPT)
    expect(page.locator("#id_other")).to_be_hidden()
    page.keyboard.press("0")
    expect(page.locator("#id_other")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#id_other")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[name=code][value=other]")).to_be_checked()
    page.locator("#id_other").focus()
    page.keyboard.insert_text("石桥村三巷")
    expect(page.locator("#other-hits [role=option]").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#id_other")).to_have_value("4403010010010100001")
    page.keyboard.press("Escape")
    page.locator("#id_reason").focus()
    page.keyboard.insert_text("现场核过门牌")
    page.keyboard.press("Enter")
    page.wait_for_url("**/addresses/aliases/")
    expect(page.locator("table")).to_contain_text(KEPT)
    assert learning.list_aliases()[0].address_code == "4403010010010100001"
    assert watched(page).complaints == []


def test_pages_fit_a_phone_and_a_desk(library: Store, proposal: int, open_page: LogInPage) -> None:
    one = learning.open_from_proposal(proposal, by=STEWARD, at=NOW)
    for viewport in (DESKTOP, PHONE):
        page = open_page(Role.DATA_STEWARD, viewport)
        for path in (*PAGES, f"/addresses/applications/{one.number}/", "explained"):
            if path == "explained":
                page.goto(PAGES[0])
                page.locator("#id_text").fill(TEXT)
                page.get_by_role("button", name="洗", exact=True).click()
                page.wait_for_selector("[data-wash-answer]")
            else:
                page.goto(path)
            page.wait_for_load_state("networkidle")
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
            assert page.evaluate(SMALL_TARGETS) == [], path
            assert page.evaluate(UNLABELLED) == [], path
            assert page.evaluate(FAINT_TEXT) == [], path
            assert page.locator("h1").count() == 1, path
        assert watched(page).hosts <= {"localhost", "127.0.0.1"}
        assert watched(page).complaints == []
