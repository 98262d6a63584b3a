"""Areas in headless Chromium: marked out without dragging, by mouse and by keys; what a first look costs in bytes."""

from __future__ import annotations

import re

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect

from kuai.guard.types import Role
from kuai.kit.store import Store
from kuai.web.templatetags.built_assets import BUILT
from tests.modules.web.fakes import BUILDING, DISTRICT, GRID
from tests.modules.web.test_browser import (
    PHONE,
    LogInPage,
    chromium,
    open_page,
    playwright,
    wait_for_map,
    watched,
)

__all__ = ["chromium", "open_page", "playwright"]

pytestmark = pytest.mark.browser

AREA_PAGE = re.compile(r"/areas/[0-9a-f-]{36}/$")
MOST_FIRST_BYTES = 300_000
ALL_ROOMS = "90"


@pytest.fixture(autouse=True)
def area_town(web_store: Store, settings: LazySettings) -> None:  # noqa: ARG001 - it sets its own
    settings.KUAI_OPEN_BLOCKS = "tests.modules.web.area_town.open_area_town"


def point_in_map(page: Page, across: float, down: float) -> tuple[float, float]:
    box = page.locator("[data-area-map]").bounding_box()
    assert box is not None
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def click_in_map(page: Page, across: float, down: float) -> None:
    page.mouse.click(*point_in_map(page, across, down))
    # The map takes two clicks in quick succession for a double click.
    page.wait_for_timeout(60)


def test_a_click_on_the_map_ticks_and_the_list_does_the_same(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    page.goto("/areas/new/")
    wait_for_map(page)
    page.wait_for_load_state("networkidle")
    tick = page.locator(f"input[value='{GRID}']")
    click_in_map(page, 0.5, 0.5)
    expect(tick).to_be_checked()
    tick.press("Space")
    expect(page.locator("[data-area-map]")).to_have_attribute("data-chosen-count", "0")
    tick.press("Space")
    page.locator("[data-tick-form] button").click()
    page.wait_for_url(AREA_PAGE)
    expect(page.locator(".counter-figure").first).to_have_text(ALL_ROOMS)
    wait_for_map(page)
    page.fill("#id_name", "学校周边")
    page.press("#id_name", "Enter")
    expect(page.locator("h1")).to_contain_text("学校周边")
    assert watched(page).complaints == []


def test_a_polygon_is_drawn_by_clicks_and_a_circle_by_two(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    page.goto("/areas/new/")
    wait_for_map(page)
    page.locator("[data-draw=polygon]").click()
    for corner in ((0.1, 0.05), (0.8, 0.05), (0.8, 0.85), (0.1, 0.85), (0.5, 0.5)):
        click_in_map(page, *corner)
    page.locator("[data-draw-act=back]").click()
    expect(page.locator("[data-draw-state]")).to_contain_text("4")
    page.locator("[data-draw-send]").click()
    page.wait_for_url(AREA_PAGE)
    expect(page.locator(".counter-figure").first).to_have_text(ALL_ROOMS)
    page.goto("/areas/new/")
    wait_for_map(page)
    page.locator("[data-draw=circle]").click()
    click_in_map(page, 0.5, 0.5)
    click_in_map(page, 0.9, 0.5)
    page.locator("[data-draw-send]").click()
    page.wait_for_url(AREA_PAGE)
    expect(page.locator(".counter-figure").first).not_to_have_text("0")
    assert watched(page).complaints == []


def test_a_polygon_is_drawn_by_keys_alone(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER, PHONE)
    page.goto("/areas/new/")
    wait_for_map(page)
    page.locator("[data-draw=polygon]").press("Enter")
    for way in ("↑", "→", "↓", "←"):
        for _ in range(2 if way in "↓←" else 1):
            page.locator(".map-pan button", has_text=way).press("Enter")
        page.locator("[data-draw-act=centre]").press("Enter")
    page.locator("[data-draw-send]").press("Enter")
    page.wait_for_url(AREA_PAGE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_plan_reads_as_a_table_of_floors(open_page: LogInPage) -> None:
    page = open_page(Role.SUBDISTRICT_CLERK, PHONE)
    page.goto(f"/blocks/{BUILDING}/plan/?view=filing")
    rows = page.get_by_role("rowheader")
    expect(rows).to_have_text(["1层"])
    cells = page.get_by_role("cell")
    expect(cells.nth(0)).to_contain_text("有租赁备案")
    expect(cells.nth(1)).to_contain_text("没有租赁备案")
    page.locator("td a").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("td a").nth(1)).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("td a").first).to_be_focused()
    page.goto(f"/blocks/{BUILDING}/plan/?view=hazard")
    # Letter, words and pattern, not colour alone.
    hazard = page.locator("td .plan-hazard")
    expect(hazard).to_contain_text("!")
    assert "gradient" in hazard.evaluate("one => getComputedStyle(one).backgroundImage")


def as_sent(url: str, plain: int) -> int:
    """The portal sends the compressed file that lies beside a static one; the tests' server does not."""
    compressed = BUILT / "assets" / f"{url.rpartition('/')[2]}.gz"
    return compressed.stat().st_size if compressed.is_file() else plain


def test_the_first_look_is_light_without_the_map_library(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    urls: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on(
        "Network.responseReceived",
        lambda told: urls.__setitem__(told["requestId"], told["response"]["url"]),
    )
    session.on(
        "Network.loadingFinished",
        lambda told: sizes.__setitem__(told["requestId"], told["encodedDataLength"]),
    )
    page.goto(f"/blocks/{DISTRICT}/")
    wait_for_map(page)
    page.wait_for_load_state("networkidle")
    light = sum(
        as_sent(urls.get(one, ""), size)
        for one, size in sizes.items()
        if "maplibre" not in urls.get(one, "")
    )
    assert any("maplibre" in url for url in urls.values())
    assert 10_000 < light <= MOST_FIRST_BYTES


def test_squares_of_requests_are_drawn_and_listed(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    page.goto(f"/blocks/{DISTRICT}/heat/")
    wait_for_map(page)
    expect(page.locator(".square-label")).to_have_text(["12"])
    expect(page.locator("td.number")).to_have_text(["12"])
    assert watched(page).complaints == []
