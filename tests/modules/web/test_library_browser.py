"""The library's pages in headless Chromium: keyboard, map, acts with undo, imports, grids, phones, other hosts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kuai.address import library
from kuai.guard.types import Role
from kuai.kit.store import Store
from tests.modules.web import library_town as town
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

__all__ = ["chromium", "open_page", "playwright"]

pytestmark = pytest.mark.browser

PAGES = [
    "/addresses/library/",
    f"/addresses/library/{town.OUTLINED}/",
    f"/addresses/library/{town.TALL}/",
    f"/addresses/library/{town.TALL}/split/",
    f"/addresses/library/{town.SMALL}/merged/",
    f"/addresses/library/{town.WEST}/planned/",
    "/addresses/library/search/?q=和平",
    "/addresses/events/",
    "/addresses/events/1/",
    "/addresses/imports/",
    "/addresses/grids/",
    f"/addresses/grids/{town.BARE}/?what=drawn&target=50",
]
SMALL_TARGETS = """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
    .filter((one) => one.offsetParent && !one.closest('p, .map-holder, .visually-hidden'))
    .map((one) => [one.textContent.trim().slice(0, 20), one.getBoundingClientRect()])
    .filter(([, box]) => box.height > 0 && (box.height < 23.5 || box.width < 23.5))
    .map(([text, box]) => `${text} ${box.width}x${box.height}`)"""
UNLABELLED = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter((one) => !one.labels?.length && !one.ariaLabel).map((one) => one.outerHTML)"""

DRAWN = """() => { const map = document.querySelector('[data-library-map]');
    return !map || ['ready', 'empty'].includes(map.dataset.mapState); }"""


@pytest.fixture
def library_store(portal: Store, tmp_path: Path) -> Store:
    """The portal with the small library in its record."""
    town.settle_town(portal, tmp_path)
    return portal


def wait_for_shapes(page: Page, code: str) -> None:
    """Until the map shows what the panel asks for."""
    page.wait_for_selector(f"[data-library-map][data-map-state=ready][data-shown='{code}']")


def test_no_page_asks_another_host_scrolls_sideways_or_hides_its_fields(
    library_store: Store, open_page: LogInPage
) -> None:
    for viewport in (DESKTOP, PHONE):
        page = open_page(Role.DATA_STEWARD, viewport)
        for path in PAGES:
            page.goto(path)
            page.wait_for_function(DRAWN)
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
            assert page.evaluate(SMALL_TARGETS) == [], path
            assert page.evaluate(UNLABELLED) == [], path
            assert viewport is PHONE or page.evaluate(FAINT_TEXT) == [], path
            assert page.locator("h1").count() == 1, path
        assert watched(page).hosts <= {"localhost", "127.0.0.1"}
        assert watched(page).complaints == []


def test_the_tree_is_walked_by_keyboard_down_to_a_room(
    library_store: Store, open_page: LogInPage
) -> None:
    page = open_page(Role.GRID_WORKER)
    page.goto("/addresses/library/")
    page.locator("[role=treeitem]").first.focus()
    for code in (town.SUBDISTRICT, town.OUTLINED, town.WEST, town.TALL):
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(f"[role=treeitem][data-code='{code}']")
        page.keyboard.press("ArrowRight")
        expect(page.locator(f"[role=treeitem][data-code='{code}']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#entry-panel h1")).to_contain_text("和平路11号")
    assert page.url.endswith(f"/addresses/library/{town.TALL}/")
    tall = page.locator(f"[role=treeitem][data-code='{town.TALL}']")
    expect(tall).to_have_attribute("aria-selected", "true")
    wait_for_shapes(page, town.TALL)
    tall.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text("6 层")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#entry-panel h1")).to_contain_text("101")
    page.locator(f"[role=treeitem][data-code='{town.TALL}']").focus()
    page.keyboard.press("ArrowLeft")
    expect(tall).to_have_attribute("aria-expanded", "false")


def test_the_search_opens_an_entry_and_the_tree_follows(
    library_store: Store, open_page: LogInPage
) -> None:
    page = open_page(Role.SUBDISTRICT_CLERK)
    page.goto("/addresses/library/")
    page.locator("#library-find").fill("和平路12号")
    page.locator("#library-hits a").first.click()
    expect(page.locator("#entry-panel h1")).to_contain_text("和平路12号")
    chosen = page.locator(f"[role=treeitem][data-code='{town.SMALL}']")
    expect(chosen).to_have_attribute("aria-selected", "true")
    page.go_back()
    expect(page.locator("#entry-panel h1")).to_contain_text("地址库")


def test_the_list_leads_the_map_to_what_is_wrong_without_dragging(
    library_store: Store, open_page: LogInPage
) -> None:
    page = open_page(Role.DATA_STEWARD)
    page.goto(f"/addresses/library/{town.OUTLINED}/")
    wait_for_shapes(page, town.OUTLINED)
    expect(page.locator("#library-findings")).to_contain_text("没有位置的楼栋")
    page.locator("[data-show-on-map]").first.click()
    page.locator(".map-pan button").first.click()
    page.get_by_role("link", name="和平路23号").first.click()
    expect(page.locator("#entry-panel h1")).to_contain_text("和平路23号")


def test_a_building_is_opened_from_the_map(library_store: Store, open_page: LogInPage) -> None:
    page = open_page(Role.DATA_STEWARD)
    page.goto(f"/addresses/library/{town.SMALL}/")
    wait_for_shapes(page, town.SMALL)
    # The chosen building stands in the middle; some 100 m off stands nothing, so the grid is opened.
    box = page.locator("[data-library-map]").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2 + 90, box["y"] + box["height"] / 2)
    expect(page.locator("#entry-panel h1")).to_contain_text("第1网格")
    page.wait_for_url(f"**/addresses/library/{town.WEST}/")


def test_a_house_is_split_looked_at_recorded_and_undone(
    library_store: Store, open_page: LogInPage
) -> None:
    page = open_page(Role.DATA_STEWARD)
    page.goto(f"/addresses/library/{town.SMALL}/")
    page.get_by_role("link", name="拆分").click()
    page.fill("#id_parts", "和平路12号甲\n和平路12号乙")
    page.fill("#id_reason", "地名批复〔2026〕8号")
    page.select_option(f"#id_assign-{town.SMALL}000003", label="2")
    page.select_option("#assign-all", label="1")
    page.get_by_role("button", name="先看会变什么").click()
    expect(page.locator("[data-changes=ended]")).to_contain_text("楼栋 1")
    expect(page.locator("[data-changes=begun]")).to_contain_text("和平路12号乙201")
    page.get_by_role("button", name="返回修改").click()
    expect(page.locator("#id_parts")).to_have_value("和平路12号甲\n和平路12号乙")
    page.get_by_role("button", name="先看会变什么").click()
    page.get_by_role("button", name="确认登记").click()
    page.wait_for_url(re.compile(r"/addresses/events/\d+/"))
    page.goto(f"/addresses/library/{town.SMALL}/")
    expect(page.locator("#entry-panel")).to_contain_text("这个编码已拆分")
    page.get_by_role("link", name="和平路12号甲").first.click()
    expect(page.locator("#entry-panel h1")).to_contain_text("和平路12号甲")
    page.locator(".timeline a").first.click()
    page.fill("#undo #id_reason", "批文作废")
    page.get_by_role("button", name="撤销这一条").click()
    page.goto(f"/addresses/library/{town.SMALL}/")
    expect(page.locator("#entry-panel h1")).to_contain_text("在用")


def test_a_file_becomes_a_plan_and_the_plan_the_library(
    portal: Store, open_page: LogInPage, tmp_path: Path
) -> None:
    page = open_page(Role.DATA_STEWARD)
    page.goto("/addresses/library/")
    page.get_by_role("link", name="导入地址库").click()
    file = town.write_rows(tmp_path / "地址库.csv", town.list_rows())
    page.set_input_files("#id_file", str(file))
    page.check("#extent-full")
    page.get_by_role("button", name="上传并做计划").click()
    page.wait_for_url(re.compile(r"/addresses/imports/L-"))
    expect(page.locator(".counters")).to_contain_text("新增")
    page.fill("#id_reason", "第一次全库")
    page.get_by_role("button", name="照计划写入").click()
    page.wait_for_url(re.compile(r"/addresses/imports/L-"))
    expect(page.locator("h1")).to_contain_text("已写入")
    page.goto("/addresses/library/")
    expect(page.locator("[role=treeitem]").first).to_contain_text("示例区")
    assert library.open_record(portal).counts()["building", "in_use"] == 20


def test_grids_are_drawn_on_the_map_and_accepted(
    library_store: Store, open_page: LogInPage
) -> None:
    page = open_page(Role.DATA_STEWARD)
    page.goto(f"/addresses/grids/{town.BARE}/")
    page.fill("#id_target", "50")
    page.get_by_role("button", name="画出建议").click()
    wait_for_shapes(page, town.BARE)
    expect(page.locator("#proposal")).to_contain_text("最多是平均的几倍")
    page.fill("#id_reason", "网格调整方案")
    page.get_by_role("button", name="采用这个建议").click()
    page.wait_for_url(re.compile(r"/redraw/"))
    page.fill("#id_reason", "方案退回")
    page.get_by_role("button", name="撤销这次划分").click()
    expect(page.locator("[role=status]").first).to_contain_text("和以前一样")
