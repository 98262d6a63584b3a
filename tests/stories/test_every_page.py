"""Whoever logs in may click through every page of their role, on a desk and on a phone, and meets no barrier.

Pages are found by following links from the first page, one address a route, so a new page is visited without being
named here. On each: axe finds nothing (WCAG 2.2 A and AA), nothing scrolls sideways, nobody else's host is asked, the
console is silent, no answer is an error. KUAI_PICTURES=FOLDER keeps a screenshot of each.
"""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core.cache import cache
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from kuai.flows.build import build_package
from kuai.flows.registration import gate_of, registrar_of
from kuai.guard import access
from kuai.guard.types import Role
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from kuai.web.demo import open_demo_logins
from tests.modules.web.test_browser import (
    DESKTOP,
    PHONE,
    LogInPage,
    chromium,
    open_page,
    playwright,
    watched,
)

__all__ = ["chromium", "open_page", "playwright"]

pytestmark = pytest.mark.browser

AXE = Path(__file__).resolve().parents[2] / "frontend/node_modules/axe-core/axe.min.js"
PICTURES = os.environ.get("KUAI_PICTURES", "")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Those that work with the portal daily; the others see parts of the same pages.
ROLES = (
    Role.DATA_STEWARD,
    Role.SUBDISTRICT_CLERK,
    Role.LEADER,
    Role.AUDITOR,
    Role.SECURITY_ADMINISTRATOR,
    Role.RESIDENT,
)
# A role that cannot get further than this has a menu that leads nowhere.
FEWEST_ROUTES = {Role.DATA_STEWARD: 20, Role.SUBDISTRICT_CLERK: 15, Role.LEADER: 8}
# Files, languages and sign-out are no pages; JSON is fuzzed by its own test.
NO_PAGE = ("/api/", "/static/", "/logout/", "/language/")
LINKS = """() => [...document.querySelectorAll('a[href]')]
    .filter((one) => !one.hasAttribute('download')).map((one) => one.href)"""
WIDE = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""
# A branch of a tree is named by its own words, not by those of the branches below it (ARIA Authoring Practices).
NOT_ASKED = {"label-content-name-mismatch": {"enabled": False}}
WRONG = """async ([tags, rules]) => (await axe.run(document, {
    runOnly: {type: 'tag', values: tags}, rules, resultTypes: ['violations'],
  })).violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`)"""
SETTLED = "() => !document.querySelector('.htmx-request')"


@pytest.fixture
def portal(
    town: Path, own_store: Path, settings: LazySettings, transactional_db: None
) -> Iterator[Store]:
    """The town's store behind the portal, with a login for each role."""
    store = Store(own_store)
    settings.STORE = store
    settings.KUAI_STORE = store.root
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    now = utc_now()
    access.load_purposes()
    apps.get_app_config("registry").ready()
    build_package(
        town,
        store,
        registrar=registrar_of(synthetic=True, at=now),
        gate_on=gate_of(synthetic=True),
    )
    open_demo_logins(store, at=now)
    yield store
    apps.get_app_config("registry").ready()


def route_of(path: str) -> str:
    """The route an address belongs to; '' if it is none of our pages."""
    if path.startswith(NO_PAGE):
        return ""
    try:
        return resolve(path).route
    except Resolver404:
        return ""


def visit(page: Page, path: str) -> list[str]:
    """What is wrong on one page, on a desk and on a phone."""
    answer = page.goto(path)
    assert answer is not None
    if answer.status >= 400:
        return [f"{path}: HTTP {answer.status}"]
    page.evaluate(AXE.read_text(encoding="utf-8"))
    faults = []
    for viewport in (PHONE, DESKTOP):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        page.wait_for_function(SETTLED)
        faults += [f"{path}: {wrong}" for wrong in page.evaluate(WRONG, [RULES, NOT_ASKED])]
        if page.evaluate(WIDE) > 0:
            faults.append(
                f"{path}: {viewport['width']} px scroll {page.evaluate(WIDE)} px sideways"
            )
        keep_picture(page, path)
    return list(dict.fromkeys(faults))


def visit_all(page: Page, seen: set[str]) -> tuple[int, list[str]]:
    """How many routes links lead to from the first page, and what was wrong on those not in `seen`."""
    waiting, reached, faults = deque(["/"]), {""}, []
    while waiting:
        path = waiting.popleft()
        route = route_of(path)
        if route in seen:
            # Only its links are wanted: what was asked of the page was answered for another role.
            page.goto(path)
        else:
            faults += visit(page, path)
            seen.add(route)
        for link in page.evaluate(LINKS):
            parts = urlsplit(link)
            route = route_of(parts.path) if parts.netloc == urlsplit(page.url).netloc else ""
            if route and route not in reached:
                reached.add(route)
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return len(reached), faults


def keep_picture(page: Page, path: str) -> None:
    if PICTURES:
        width = (page.viewport_size or DESKTOP)["width"]
        name = path.strip("/").replace("/", "_").replace("?", "_")[:60] or "home"
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


def test_every_page_a_role_can_reach_is_without_barriers(open_page: LogInPage) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make setup")
    seen: set[str] = set()
    for role in ROLES:
        page = open_page(role)
        reached, faults = visit_all(page, seen)
        assert faults == [], json.dumps(faults, ensure_ascii=False, indent=1)
        assert reached >= FEWEST_ROUTES.get(role, 2), role
        assert watched(page).hosts <= {"localhost", "127.0.0.1"}
        assert watched(page).complaints == []
