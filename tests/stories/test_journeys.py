"""A day at work of five people, each through the portal in headless Chromium, at a desk and on a phone.

KUAI_PICTURES=FOLDER keeps a screenshot of each step.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from django.conf import LazySettings
from playwright.sync_api import Download, Page, expect

from kuai.guard.types import Role
from kuai.kit.store import Store
from tests.modules.web.test_browser import (
    DESKTOP,
    PHONE,
    LogInPage,
    chromium,
    open_page,
    playwright,
    wait_for_map,
    watched,
)
from tests.stories.test_every_page import WIDE, portal

__all__ = ["chromium", "open_page", "playwright", "portal"]

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("KUAI_PICTURES", "")
PURPOSE = "社区消防设施布点"
BAD_ROWS = 2
ENDED_WELL = re.compile("已收下|没有收下|故障")
at_both_widths = pytest.mark.parametrize(
    "viewport", [DESKTOP, PHONE], ids=["at a desk", "on a phone"]
)


class Journey:
    """One person's way through the portal; every step is looked at: nothing sideways, nothing complained of."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name, self.steps = page, name, 0

    def step(self, what: str) -> None:
        self.page.wait_for_load_state("networkidle")
        self.steps += 1
        assert self.page.evaluate(WIDE) <= 0, f"{self.name}, {what}: sideways"
        assert watched(self.page).complaints == [], f"{self.name}, {what}"
        if PICTURES:
            width = (self.page.viewport_size or DESKTOP)["width"]
            picture = Path(PICTURES) / f"{self.name}-{self.steps}-{what}-{width}.png"
            self.page.screenshot(path=picture, full_page=True)

    def by_menu(self, name: str) -> None:
        """A page of the main menu."""
        menu = self.page.get_by_role("navigation", name="主菜单")
        menu.get_by_role("link", name=name, exact=True).click()

    def open_all(self) -> None:
        for one in self.page.locator("details:not([open]) > summary").all():
            if one.is_visible():
                one.click()

    def download(self, act: Callable[[], None]) -> Download:
        with self.page.expect_download() as coming:
            act()
        return coming.value

    def ends_well(self) -> None:
        assert watched(self.page).hosts <= {"localhost", "127.0.0.1"}
        assert watched(self.page).complaints == []


def figure(page: Page, title: str) -> int:
    """The figure under this title on the page."""
    counter = page.locator(".counter", has=page.get_by_text(title, exact=True)).first
    return int(counter.locator(".counter-figure").inner_text().replace(",", ""))


@at_both_widths
def test_a_clerk_marks_out_an_area_and_takes_its_figures_to_a_meeting(
    open_page: LogInPage, viewport: dict[str, int], tmp_path: Path
) -> None:
    page = open_page(Role.SUBDISTRICT_CLERK, viewport)
    clerk = Journey(page, "clerk")
    clerk.step("home")
    clerk.by_menu("块地图")
    wait_for_map(page)
    clerk.step("own ground")
    rooms_of_all = figure(page, "房屋")
    clerk.by_menu("区域")
    expect(page.get_by_text("还没有保存的区域")).to_be_visible()
    page.get_by_role("link", name="新的区域").click()
    page.get_by_label("哪一级").select_option("grid")
    page.get_by_role("button", name="列出来").click()
    page.locator("input[name=code]").first.check()
    clerk.step("ticked")
    page.get_by_role("button", name="统计勾选的").click()
    rooms = figure(page, "房屋")
    assert 0 < rooms < rooms_of_all
    page.get_by_label("名称").fill("消防布点一片")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("消防布点一片")
    clerk.step("area kept")
    page.locator("details[data-export] > summary").click()
    page.get_by_role("textbox", name="用途").fill(PURPOSE)
    page.get_by_label("XLSX").check()
    sheet = clerk.download(page.get_by_role("button", name="导出", exact=True).click)
    sheet.save_as(tmp_path / "area.xlsx")
    cells = {
        str(cell.value)
        for one in openpyxl.load_workbook(tmp_path / "area.xlsx").worksheets
        for row in one.iter_rows()
        for cell in row
    }
    assert str(rooms) in cells
    assert any(PURPOSE in cell for cell in cells)
    clerk.by_menu("区域")
    expect(page.get_by_role("link", name="消防布点一片")).to_be_visible()
    page.get_by_role("button", name="移除 消防布点一片").click()
    page.get_by_role("button", name="撤销移除 消防布点一片").click()
    expect(page.get_by_role("link", name="消防布点一片")).to_be_visible()
    clerk.step("brought back")
    clerk.ends_well()


@at_both_widths
def test_a_leader_goes_from_the_district_to_a_floor_plan_and_meets_no_name(
    open_page: LogInPage, viewport: dict[str, int]
) -> None:
    page = open_page(Role.LEADER, viewport)
    leader = Journey(page, "leader")
    leader.by_menu("块地图")
    wait_for_map(page)
    leader.step("district")
    leader.open_all()
    leader.step("every figure with its definition")
    expect(page.get_by_text("口径").first).to_be_visible()
    panel = page.locator("[data-block-panel]")
    for level in ("subdistrict", "community", "grid", "building"):
        page.locator("[data-sortable] tbody a").first.click()
        expect(panel).to_have_attribute("data-level", level)
    leader.step("building")
    rooms = figure(page, "房屋")
    page.get_by_role("link", name="楼栋图").click()
    leader.step("floor plan")
    assert page.locator("a[href^='/blocks/4403']").count() >= rooms
    page.go_back()
    page.get_by_role("link", name="全息档案").click()
    leader.step("file")
    expect(page.get_by_role("heading", name="来源").first).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="对比两个日期").click()
    leader.step("two dates")
    # Nobody can be looked up by name, and nobody's name stood on the way.
    page.goto("/search/?q=王")
    leader.step("search")
    assert "P-" not in page.content()
    leader.ends_well()


@pytest.fixture
def in_this_process(settings: LazySettings, portal: Store) -> None:
    """Uploads are received at once; the job worker is a process of its own, which a test database does not reach."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}


@at_both_widths
def test_a_steward_hands_in_a_sheet_and_gets_the_bad_rows_back(
    open_page: LogInPage, viewport: dict[str, int], tmp_path: Path, in_this_process: None
) -> None:
    page = open_page(Role.DATA_STEWARD, viewport)
    steward = Journey(page, "steward")
    steward.by_menu("上传")
    sheet = tmp_path / "实有人口.csv"
    sheet.write_text(
        "姓名,身份证号码,现住地址\n"
        + "".join(f"示例甲{n},,坪山区示例路{n}号\n" for n in range(5))
        + "示例乙,#REF!,坪山区示例路8号\n示例丙,#REF!,坪山区示例路9号\n",
        encoding="utf-8",
    )
    page.get_by_label("来源").select_option("police_residents")
    page.get_by_label("期次").fill("2026-11")
    page.get_by_label("文件").set_input_files(sheet)
    steward.step("before handing in")
    page.get_by_role("button", name="上传并接收").click()
    expect(page.locator("#upload-state .badge").first).to_have_text(ENDED_WELL)
    steward.step("received")
    sums = [int(one) for one in page.locator(".sum b").all_inner_texts()]
    assert sums[0] == sum(sums[1:]) == 7
    assert sums[3] == BAD_ROWS
    page.get_by_role("button", name="取凭据，看原值").click()
    expect(page.get_by_text("五天内有效").or_(page.get_by_text("前有效"))).to_be_visible()
    back = steward.download(page.get_by_role("button", name="下载退回的行（含原值）").click)
    back.save_as(tmp_path / "back.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "back.xlsx").active.iter_rows(values_only=True))  # type: ignore[union-attr]
    assert len(rows) == 1 + BAD_ROWS
    assert "原文件第" in str(rows[1][-1])
    steward.by_menu("来源")
    steward.step("sources")
    page.get_by_role("link", name="实有人口登记").first.click()
    steward.step("one source")
    steward.by_menu("核校")
    steward.step("review")
    steward.ends_well()


@at_both_widths
def test_an_auditor_finds_the_look_of_a_moment_ago_and_proves_the_ledger(
    open_page: LogInPage, viewport: dict[str, int]
) -> None:
    leader = open_page(Role.LEADER, viewport)
    leader.goto("/blocks/440310/")
    page = open_page(Role.AUDITOR, viewport)
    auditor = Journey(page, "auditor")
    auditor.by_menu("台账")
    auditor.step("ledger")
    page.locator("#id_actor").fill("demo-leader")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator("tbody tr").first).to_contain_text("440310")
    auditor.step("one person's looks")
    page.get_by_role("link", name="清除").click()
    page.get_by_role("button", name="现在验证全部记录").click()
    expect(page.locator("#verdict")).to_contain_text("没有被改动")
    auditor.step("proved")
    auditor.ends_well()


@at_both_widths
def test_a_resident_reads_what_is_held_objects_and_takes_it_back(
    open_page: LogInPage, viewport: dict[str, int]
) -> None:
    page = open_page(Role.RESIDENT, viewport)
    resident = Journey(page, "resident")
    resident.step("home")
    resident.by_menu("我的资料")
    resident.step("everything held")
    fact = page.locator(".own-fact", has_text="您住在").first
    resident.open_all()
    fact.get_by_label("从来不是这样").check()
    fact.get_by_role("button", name="提出异议").click()
    expect(page.locator(".notice")).to_contain_text("已经停用这一条")
    resident.step("objected")
    page.get_by_role("button", name="撤回这个异议").click()
    expect(page.locator(".notice")).to_contain_text("异议已撤回")
    page.goto("/mine/looks/")
    resident.step("who looked")
    resident.ends_well()
