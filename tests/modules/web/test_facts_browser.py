"""Conflicts, facts and cases in headless Chromium: by keyboard alone, on a phone and on a desk."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from playwright.sync_api import Page, expect

from kuai.guard.access import create_demo_accounts
from kuai.guard.types import Role
from kuai.kit.store import Store, write_json
from kuai.registry import queries
from tests.modules.registry.contested_town import NOW, ContestedTown, publish_town
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

__all__ = ["chromium", "open_page", "playwright"]

pytestmark = pytest.mark.browser
PASSWORD = "kuai-demo-for-tests"
PAGES = (
    "/facts/conflicts/",
    "/facts/conflicts/1/",
    "/facts/base/?status=asserted",
    "/facts/cases/",
)


@pytest.fixture
def town(store: Store, settings: LazySettings, transactional_db: None) -> ContestedTown:
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    made = publish_town(store)
    create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    store.keys.mkdir(mode=0o700, exist_ok=True)
    write_json(store.keys / "demo.json", {"password": PASSWORD})
    return made


@pytest.fixture
def portal(town: ContestedTown) -> Store:
    return town.store


def press_on(page: Page, key: str) -> None:
    """A key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)
    page.wait_for_load_state("networkidle")


def test_a_conflict_is_found_judged_and_taken_back_without_a_mouse(
    town: ContestedTown, open_page: LogInPage
) -> None:
    page = open_page(Role.SUBDISTRICT_CLERK)
    page.goto("/facts/conflicts/")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    press_on(page, "Enter")
    assert page.url.endswith("/facts/conflicts/1/")
    # The second side: what is wrong, why, sent.
    page.keyboard.press("ArrowDown")
    page.keyboard.press("j")
    page.keyboard.press("w")
    expect(page.locator("select[name=says]:focus")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".side").nth(1)).to_be_focused()
    page.keyboard.press("w")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("走访时无此人")
    press_on(page, "Enter")
    expect(page.locator(".notice")).to_contain_text("JH-2026-000001")
    expect(page.locator(".side").nth(1)).to_contain_text("有异议")
    assert len(queries.contested_facts()) == 1
    page.keyboard.press("j")
    page.keyboard.press("j")
    press_on(page, "u")
    expect(page.locator(".side").nth(1)).not_to_contain_text("有异议")
    assert queries.contested_facts() == frozenset()


def test_a_letter_typed_into_a_form_is_a_letter(town: ContestedTown, open_page: LogInPage) -> None:
    page = open_page(Role.SUBDISTRICT_CLERK)
    page.goto("/facts/conflicts/1/")
    page.wait_for_load_state("networkidle")
    page.keyboard.press("j")
    page.keyboard.press("v")
    reference = page.locator(".side").first.locator("input[name=evidence_ref]")
    reference.focus()
    page.keyboard.type("vwju")
    expect(reference).to_have_value("vwju")
    assert queries.list_decisions() == ()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desk"])
@pytest.mark.parametrize("role", [Role.SUBDISTRICT_CLERK, Role.DATA_STEWARD])
def test_the_pages_fit_are_labelled_and_can_be_touched(
    town: ContestedTown, open_page: LogInPage, role: Role, viewport: dict[str, int]
) -> None:
    page = open_page(role, viewport)
    for address in PAGES:
        page.goto(address)
        page.wait_for_load_state("networkidle")
        for form in page.locator("details").all():
            form.evaluate("one => { one.open = true }")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], address
        assert page.evaluate(FAINT_TEXT) == [], address
        assert page.evaluate(SMALL_TARGETS) == [], address
        assert page.evaluate(UNLABELLED) == [], address
    assert watched(page).complaints == []
