"""An officer looks, the person reads it at once, says that it is wrong, and the fact is out: in headless Chromium."""

from __future__ import annotations

import time

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from playwright.sync_api import Page, expect

from kuai.guard.access import create_demo_accounts, seed_resident
from kuai.guard.types import Role
from kuai.kit.store import Store, write_json
from kuai.registry import queries
from tests.modules.registry.contested_town import NOW, ROOM, ContestedTown, publish_town
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
from tests.modules.web.test_residents import name_the_person, ticket_about

__all__ = ["chromium", "open_page", "playwright"]

pytestmark = pytest.mark.browser
PASSWORD = "kuai-demo-for-tests"
# A second on a quiet machine; here it is told from waiting for the night, on a machine where others work too.
MOST_SECONDS = 10.0


@pytest.fixture
def town(store: Store, settings: LazySettings, transactional_db: None) -> ContestedTown:
    settings.STORE = store
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    made = publish_town(store)
    name_the_person(made)
    create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    record = queries.record_of(store, made.person)
    seed_resident("demo-resident", made.person, record=record, at=NOW)
    store.keys.mkdir(mode=0o700, exist_ok=True)
    write_json(store.keys / "demo.json", {"password": PASSWORD})
    return made


@pytest.fixture
def portal(town: ContestedTown) -> Store:
    return town.store


def require_fitting(page: Page) -> None:
    """On a phone and on a desk: nothing over the edge, nothing faint, small or without a name."""
    page.wait_for_load_state("networkidle")
    for form in page.locator("details").all():
        form.evaluate("one => { one.open = true }")
    for viewport in (DESKTOP, PHONE):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], page.url
        assert page.evaluate(FAINT_TEXT) == [], page.url
        assert page.evaluate(SMALL_TARGETS) == [], page.url
        assert page.evaluate(UNLABELLED) == [], page.url


def test_a_look_is_read_at_once_and_answered_by_an_objection(
    town: ContestedTown, open_page: LogInPage
) -> None:
    ticket = ticket_about(town.person)
    officer, person = open_page(Role.DATA_STEWARD, PHONE), open_page(Role.RESIDENT, PHONE)
    officer.goto(f"/files/{ROOM}/")
    require_fitting(officer)
    officer.goto("/tasks/")
    require_fitting(officer)
    officer.get_by_role("button", name="打开第 1 人").click()
    expect(officer.get_by_role("heading", name="数据核校")).to_be_visible()
    looked_at = time.monotonic()
    person.goto("/mine/looks/", wait_until="commit")
    expect(person.locator(".own-looks li").first).to_contain_text("打开了与您有关的办事页")
    assert time.monotonic() - looked_at < MOST_SECONDS
    expect(person.locator(".own-looks li").first).to_contain_text(ticket.ticket_id)
    require_fitting(officer)
    require_fitting(person)
    person.goto("/mine/")
    require_fitting(person)
    home = person.locator(".own-fact", has_text="您住在").first
    home.get_by_label("从来不是这样").check()
    home.get_by_role("button", name="提出异议").click()
    expect(person.locator(".notice")).to_contain_text("已经停用这一条")
    assert queries.contested_facts() <= {town.lives, town.lives_elsewhere}
    assert len(queries.contested_facts()) == 1
    require_fitting(person)
    person.get_by_role("button", name="撤回这个异议").click()
    expect(person.locator(".notice")).to_contain_text("异议已撤回")
    assert queries.contested_facts() == frozenset()
    assert watched(officer).complaints == watched(person).complaints == []
