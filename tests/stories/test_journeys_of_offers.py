"""Offers before anybody applies, in a browser: steward, department, clerk, landlord, resident; at a desk, on a phone.

KUAI_PICTURES=FOLDER keeps a screenshot of each step.
"""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect

from kuai.flows.demo_forms import lend_demo_sources
from kuai.flows.offers import hand_over_offers
from kuai.guard import access
from kuai.guard.types import Role
from kuai.kit.clock import utc_now
from kuai.kit.store import Store, write_json
from kuai.registry.queries import record_of
from kuai.services.forms.models import FormFilling
from kuai.services.proactive.models import Offer
from kuai.services.proactive.types import OfferState
from tests.modules.web.test_browser import DESKTOP, LogInPage, chromium, open_page, playwright
from tests.stories.declaring import door_of, rooms_with
from tests.stories.test_everyone_who_turns_sixty import run
from tests.stories.test_journeys import Journey, at_both_widths
from tests.stories.test_registered_forms import (
    NOW,
    PASSWORD,
    a_blank,
    office,
    sixty_this_year,
)

__all__ = ["chromium", "office", "open_page", "playwright"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TITLE, REASON = "老年人乘车优待名单", "年度乘车优待办理"
LANDLORD_PHONE = "13900000002"


@pytest.fixture
def portal(office: Store, settings: LazySettings) -> Store:  # noqa: F811
    """The town's store with sources whose agreements allow forms, and the demo logins' password on its page."""
    settings.KUAI_STORE = office.root
    lend_demo_sources(at=NOW)
    write_json(office.keys / "demo.json", {"password": PASSWORD})
    return office


def register_the_form(page: Page) -> str:
    """The steward's act; returns the form's number."""
    page.get_by_role("link", name="登记一张报表").click()
    page.get_by_label("报表名称").fill(TITLE)
    page.get_by_label("送往单位").fill("公交集团")
    page.get_by_label("依据").fill("老年人权益保障法第五十八条；街道职责清单（便民服务）")
    page.get_by_label("批准文号").fill("街报准〔2026〕7号")
    page.get_by_label("用途").select_option("proactive_benefit")
    for field in ("person.name", "person.birth_date", "person.residence", "person.phone"):
        page.locator(f"input[name=fields][value='{field}']").check()
    page.get_by_label("名单").select_option("persons_turning")
    page.get_by_label("岁数").fill("60")
    page.get_by_label("期间起").fill(f"{NOW.year}-01-01")
    page.get_by_label("期间止").fill(f"{NOW.year}-12-31")
    page.get_by_label("有效期至").fill(f"{NOW.year + 1}-06-30")
    page.get_by_role("button", name="登记，送批准").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLE)
    return page.url.rstrip("/").rsplit("/", 1)[1]


@at_both_widths
def test_a_form_comes_back_filled_a_rule_goes_live_and_the_resident_says_yes(
    portal: Store, open_page: LogInPage, viewport: dict[str, int], town: Path, tmp_path: Path
) -> None:
    page = open_page(Role.DATA_STEWARD, viewport)
    steward = Journey(page, "offers-steward")
    steward.by_menu("报表")
    steward.step("forms")
    number = register_the_form(page)
    steward.step("registered")
    assert page.get_by_role("button", name="批准", exact=True).count() == 0, "their own form"
    page.goto("/offers/rules/")
    card = page.locator("form.card", has=page.locator("input[value='first.turning_60']"))
    card.get_by_role("button", name="演练").click()
    card.locator("summary").first.click()
    steward.step("rehearsed")
    assert card.get_by_role("button", name="签字上线").count() == 0, "who rehearsed"
    steward.ends_well()

    page = open_page(Role.DEPARTMENT_CLERK, viewport)
    department = Journey(page, "offers-department")
    department.by_menu("报表")
    page.get_by_role("link", name=TITLE).click()
    page.get_by_label("理由").fill("与职责清单相符")
    page.get_by_role("button", name="批准", exact=True).click()
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("等待")
    department.step("approved")
    department.ends_well()

    page = open_page(Role.SUBDISTRICT_CLERK, viewport)
    clerk = Journey(page, "offers-clerk")
    clerk.by_menu("报表")
    page.get_by_role("link", name=TITLE).click()
    blank = tmp_path / "blank.xlsx"
    blank.write_bytes(a_blank("序号", "姓名", "出生日期", "住址", "联系电话"))
    page.get_by_label("空白表或半填表").set_input_files(blank)
    page.get_by_role("button", name="看预览").click()
    assert page.locator("[role=alert]").all_inner_texts() == []
    expect(page.get_by_text("遮住的样子")).to_be_visible(timeout=30_000)
    clerk.step("preview")
    page.get_by_label("理由").fill(REASON)
    page.get_by_role("button", name="放行并填好").click()
    sheet = clerk.download(page.get_by_role("button", name="下载填好的表").click)
    clerk.step("released")
    book = openpyxl.load_workbook(io.BytesIO(Path(sheet.path()).read_bytes()))
    lines = book.worksheets[0].iter_rows(min_row=3, values_only=True)
    rows = [row for row in lines if isinstance(row[0], int)]
    assert {(row[1], row[2]) for row in rows if row[1]} == sixty_this_year(town)
    page.goto("/offers/rules/")
    card = page.locator("form.card", has=page.locator("input[value='first.turning_60']"))
    card.get_by_role("button", name="签字上线").click()
    card = page.locator("form.card", has=page.locator("input[value='first.turning_60']"))
    expect(card.get_by_text("在用")).to_be_visible()
    clerk.step("signed")
    clerk.ends_well()

    # What the night does.
    run(portal)
    assert hand_over_offers(portal, at=utc_now()).offered > 0
    listed = set(FormFilling.objects.get(form__number=number).subjects)
    offered = Offer.objects.filter(state=OfferState.OFFERED.value, subject__in=listed)
    code = offered.order_by("pk").values_list("subject", flat=True)[0]
    access.seed_resident("demo-resident", code, record=record_of(portal, code), at=utc_now())

    page = open_page(Role.RESIDENT, viewport)
    resident = Journey(page, "offers-resident")
    page.goto("/mine/offers/")
    page.get_by_text("为什么给我").click()
    expect(page.locator("main")).to_contain_text("出生日期")
    resident.step("offered")
    page.get_by_role("button", name="我要", exact=True).click()
    resident.step("accepted")
    page.goto("/mine/looks/")
    expect(page.locator("main")).to_contain_text(f"列入名单“{TITLE}”，送给公交集团")
    resident.step("who looked")
    resident.ends_well()
    assert Offer.objects.get(subject=code).state == OfferState.ACCEPTED.value


def test_a_landlord_declares_by_sheet_at_a_desk_and_reads_what_was_kept(
    portal: Store, open_page: LogInPage, tmp_path: Path
) -> None:
    door = door_of(portal, str(rooms_with(portal, "PH_RENT")[0]["to_code"]), at=NOW)
    page = open_page(None, DESKTOP)
    landlord = Journey(page, "offers-landlord")
    page.goto("/declare/tenants/")
    landlord.step("phone")
    page.get_by_label("您的手机号").fill(LANDLORD_PHONE)
    page.get_by_role("button", name="发验证码").click()
    sent = (portal.scratch / "codes-sent.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    page.get_by_label("6 位验证码").fill(re.findall(r"\d{6}", json.loads(sent)["text"])[0])
    page.get_by_role("button", name="下一步").click()
    landlord.step("sheet")
    blank = landlord.download(page.get_by_role("link", name="下载空白表").click)
    book = openpyxl.load_workbook(io.BytesIO(Path(blank.path()).read_bytes()))
    yesterday = (NOW - timedelta(days=1)).date()
    book.worksheets[0].append([door, "租客甲", "", "13900000011", str(yesterday)])
    book.worksheets[0].append([door, "租客乙", "", "123", ""])
    book.save(tmp_path / "filled.xlsx")
    page.get_by_label("填好的表").set_input_files(tmp_path / "filled.xlsx")
    page.get_by_label("我看过告知书").check()
    page.get_by_role("button", name="交表").click()
    expect(page.get_by_role("status")).to_contain_text("收到 2 行 = 收下 1 行 + 退回 1 行")
    landlord.step("kept and returned")
    landlord.ends_well()
