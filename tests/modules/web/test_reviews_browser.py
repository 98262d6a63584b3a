"""Reviews in headless Chromium by keyboard alone: J, K, U and Z answer, the tie to cut and the bars are seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from playwright.sync_api import Page, expect

from kuai.guard.access import create_demo_accounts, register_source
from kuai.guard.types import Role
from kuai.kit.store import Store, read_json, write_json
from kuai.registry.queries import list_decisions
from tests.modules.web.conftest import NOW, PASSWORD, STEWARD, a_registration
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
from tests.modules.web.test_reviews import held_town

__all__ = ["chromium", "held_town", "open_page", "playwright"]
pytestmark = pytest.mark.browser


@pytest.fixture
def portal(held_town: Path, settings: LazySettings, transactional_db: None) -> Store:
    store = Store(held_town)
    settings.STORE = store
    settings.KUAI_STORE = store.root
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    for line in read_json(store.current_build() / "receipts.json")["sources"]:
        if line["zone"] == "core":
            register_source(a_registration(line["source"], line["title"]), by=STEWARD, at=NOW)
    create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    write_json(store.keys / "demo.json", {"password": PASSWORD})
    return store


def press_on(page: Page, key: str) -> None:
    """A key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)
    page.wait_for_load_state("networkidle")


def looked_at(page: Page, name: str) -> None:
    """Nothing over the edge, nothing faint, nothing nameless or too small for a thumb, on both widths."""
    folder = os.environ.get("KUAI_PICTURES")
    for viewport in (DESKTOP, PHONE):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        width = viewport["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        assert page.evaluate(FAINT_TEXT) == [], name
        assert page.evaluate(UNLABELLED) == [], name
        if viewport is PHONE:
            assert page.evaluate(SMALL_TARGETS) == [], name
        if folder:
            page.screenshot(path=f"{folder}/reviews-{name}-{width}.png", full_page=True)
    page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]


def decided() -> list[str]:
    """What is in force, in the log's order."""
    found = sorted(list_decisions(), key=lambda one: one.sequence)
    return [one.kind.value for one in found if not one.is_withdrawn]


def test_a_queue_is_worked_off_with_four_keys(portal: Store, open_page: LogInPage) -> None:
    page = open_page(Role.DATA_STEWARD)
    page.goto("/reviews/")
    looked_at(page, "list")
    page.get_by_role("link", name="开始核校").press("Enter")
    expect(page.locator("h1")).to_contain_text("左右两侧是同一个人吗")
    expect(page.locator(".review-ties .is-cut")).to_contain_text("要剪的这一环")
    expect(page.locator(".review-bars li.is-sum .bar-bits")).not_to_be_empty()
    looked_at(page, "question")
    # Who writes a reason answers nothing with its letters.
    page.locator("#reveal-reason").fill("")
    page.locator("#reveal-reason").press_sequentially("jku")
    assert decided() == []
    page.locator("h1").focus()
    first = page.url
    press_on(page, "j")
    assert decided() == ["same"]
    assert page.url != first
    press_on(page, "z")
    assert (decided(), page.url) == ([], first)
    press_on(page, "j")
    press_on(page, "k")
    assert decided() in (["same", "split"], ["same", "different"])
    press_on(page, "u")
    page.goto("/reviews/")
    expect(page.locator("main")).to_contain_text("已核定 2 / 3")
    expect(page.locator("main")).to_contain_text("待第二人 1")
    assert watched(page).complaints == []
