"""Declarations in headless Chromium: a newcomer on a phone at 400 kbit/s, a guardian, a landlord's Excel, a receipt
that anybody may verify, a resident at home; each page looked at on both widths and in large letters."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from django.conf import LazySettings
from django.core.cache import cache
from playwright.sync_api import Page, expect

from kuai.flows.demo_resident import seed_demo_resident
from kuai.guard import access
from kuai.guard.types import Role
from kuai.kit.clock import utc_now
from kuai.kit.store import Store, write_json
from kuai.services.residence.models import Declaration
from tests.modules.registry.contested_town import STEWARD, a_registration
from tests.modules.web.conftest import PASSWORD
from tests.modules.web.test_browser import (
    DESKTOP,
    FAINT_TEXT,
    PHONE,
    LogInPage,
    chromium,
    open_page,
    playwright,
)
from tests.stories.declaring import NEW_PHONE, NEWCOMER, door_of, rooms_with

__all__ = ["chromium", "open_page", "playwright"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = utc_now().replace(microsecond=0)
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
MOST_FIRST_LOAD = 100 * 1024
LEAST_TARGET = {"": 44, "big": 60, "huge": 60}
SMALL = """(least) => [...document.querySelectorAll('a, button, select, input:not([type=hidden])')]
  .filter(one => one.offsetParent && !one.closest('.tick'))
  .filter(one => one.getBoundingClientRect().height < least)
  .map(one => one.textContent || one.name)"""
SMALL_LETTERS = """(least) => [...document.querySelectorAll('body *')]
  .filter(one => one.offsetParent && [...one.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
  .filter(one => parseFloat(getComputedStyle(one).fontSize) < least).map(one => one.textContent.trim().slice(0, 20))"""


@pytest.fixture
def portal(own_store: Path, settings: LazySettings, transactional_db: None) -> Iterator[Store]:
    """The built town with a synthetic source and demo logins."""
    store = Store(own_store)
    settings.STORE, settings.KUAI_STORE = store, store.root
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    access.load_purposes()
    access.register_source(a_registration("police"), by=STEWARD, at=NOW)
    access.create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    write_json(store.keys / "demo.json", {"password": PASSWORD})
    return store


@pytest.fixture
def door(portal: Store) -> str:
    return door_of(portal, str(rooms_with(portal, "PH_RENT")[0]["to_code"]), at=NOW)


def newest_code(store: Store) -> str:
    """What the file gateway sent last."""
    lines = (store.scratch / "codes-sent.jsonl").read_text().splitlines()
    return re.search(r"\d{6}", json.loads(lines[-1])["text"]).group()  # type: ignore[union-attr]


def require_fitting(page: Page, *, letters: str = "") -> None:
    """Nothing over the edge, nothing faint, nothing small for a thumb; in large letters 18 pt and 60 px."""
    for viewport in (DESKTOP, PHONE):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], (page.url, viewport)
        assert page.evaluate(FAINT_TEXT) == [], page.url
        assert page.evaluate(SMALL, LEAST_TARGET[letters]) == [], (page.url, letters)
        if letters:
            # 18 pt are 24 px; the strip of a demo store and the letters' own buttons are no main text.
            small = page.evaluate(SMALL_LETTERS, 24)
            assert [one for one in small if "演示库" not in one] == [], page.url


def test_a_newcomer_declares_on_a_slow_phone_without_scripts_and_anybody_verifies_the_receipt(
    portal: Store, door: str, open_page: LogInPage, live_server
) -> None:
    page = open_page(None, PHONE)
    page.context.clear_cookies()
    bytes_loaded: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.send("Network.emulateNetworkConditions", SLOW)
    session.on("Network.loadingFinished", lambda it: bytes_loaded.append(it["encodedDataLength"]))
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    began = time.monotonic()
    page.goto(f"/d/{door}/", wait_until="load")
    seconds = time.monotonic() - began
    assert sum(bytes_loaded) <= MOST_FIRST_LOAD
    assert seconds < 5
    session.send(
        "Network.emulateNetworkConditions",
        {**SLOW, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1},
    )

    page.get_by_role("link", name="我搬来住了").click()
    page.get_by_label("您的姓名").fill(NEWCOMER)
    page.get_by_label("您的手机号").fill("12345")
    page.get_by_label("我看过告知书").check()
    page.get_by_role("button", name="发验证码").click()
    expect(page.get_by_role("alert")).to_contain_text("手机号要写 11 位数字")
    assert page.get_by_label("您的姓名").input_value() == NEWCOMER
    page.get_by_label("您的手机号").fill(NEW_PHONE)
    page.get_by_role("button", name="发验证码").click()
    page.get_by_label("6 位验证码").fill("000000")
    page.get_by_role("button", name="申报", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("验证码不对")
    page.get_by_label("6 位验证码").fill(newest_code(portal))
    page.get_by_role("button", name="申报", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("申报好了")
    assert "欧阳**" in page.inner_text("main")
    require_fitting(page)
    assert NEW_PHONE not in page.inner_text("main")
    assert NEW_PHONE not in page.url
    assert Declaration.objects.get().fields_typed == 2
    with page.expect_download() as waited:
        page.get_by_role("link", name="下载盖章回执").click()
    assert Path(waited.value.path()).read_bytes().startswith(b"%PDF")

    link = page.get_by_role("link", name="别人扫码核对").get_attribute("href")
    stranger = open_page(None, PHONE)
    stranger.goto(link)
    expect(stranger.locator("main")).to_contain_text("这张回执是真的")
    told = stranger.inner_text("main")
    assert "居住申报" in told
    assert not re.search(r"欧阳|139|\d{19}|栋", told)
    stranger.goto("/verify/00000000000000000000/")
    expect(stranger.locator("main")).to_contain_text("没有这张回执")


def test_every_public_page_fits_a_phone_a_desk_and_old_eyes(
    portal: Store, door: str, open_page: LogInPage
) -> None:
    page = open_page(None, PHONE)
    paths = [
        "/declare/",
        f"/d/{door}/",
        f"/d/{door}/live/",
        f"/d/{door}/child/",
        f"/d/{door}/employ/",
        f"/d/{door}/questions/",
        "/declare/tenants/",
        "/declare/notice/",
        "/verify/",
    ]
    for path in paths:
        page.goto(path)
        require_fitting(page)
    page.goto("/declare/")
    for button, letters in (("长辈版大字", "big"), ("再大些", "huge")):
        page.get_by_role("button", name=button).click()
        for path in paths[1:7:2]:
            page.goto(path)
            require_fitting(page, letters=letters)
        page.goto("/declare/")
    headings = page.evaluate("parseFloat(getComputedStyle(document.querySelector('h1')).fontSize)")
    assert headings >= 40, "30 pt"


def test_a_guardian_ticks_a_year_and_a_child_is_on_no_receipt(
    portal: Store, door: str, open_page: LogInPage
) -> None:
    page = open_page(None, PHONE)
    page.goto(f"/d/{door}/child/")
    page.get_by_label("孩子的姓名").fill("欧阳小试")
    page.get_by_label("您（监护人）的手机号").fill(NEW_PHONE)
    page.get_by_label("孩子哪一年出生").select_option(str(NOW.year - 6))
    page.get_by_label("我看过告知书").check()
    page.get_by_role("button", name="发验证码").click()
    page.get_by_label("6 位验证码").fill(newest_code(portal))
    page.get_by_role("button", name="申报", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("申报好了")
    assert "欧阳" not in page.inner_text("main")
    row = Declaration.objects.get()
    assert row.is_child_under_14
    assert row.fields_typed == 2


def test_a_landlord_hands_in_a_sheet_and_gets_the_wrong_rows_back(
    portal: Store, door: str, open_page: LogInPage, tmp_path: Path
) -> None:
    page = open_page(None, PHONE)
    page.goto("/declare/tenants/")
    page.get_by_label("您的手机号").fill(NEW_PHONE)
    page.get_by_role("button", name="发验证码").click()
    page.get_by_label("6 位验证码").fill(newest_code(portal))
    page.get_by_role("button", name="下一步").click()
    with page.expect_download() as waited:
        page.get_by_role("link", name="下载空白表").click()
    book = openpyxl.load_workbook(io.BytesIO(Path(waited.value.path()).read_bytes()))
    book.worksheets[0].append([door, "租客甲", "", "13900000011", "2026-11-01"])
    book.worksheets[0].append([door, "租客乙", "", "123", ""])
    filled = tmp_path / "filled.xlsx"
    book.save(filled)
    page.get_by_label("填好的表").set_input_files(filled)
    page.get_by_label("我看过告知书").check()
    page.get_by_role("button", name="交表").click()
    expect(page.get_by_role("status")).to_contain_text("收到 2 行 = 收下 1 行 + 退回 1 行")
    require_fitting(page)
    with page.expect_download() as waited:
        page.get_by_role("link", name="下载退回的行").click()
    back = openpyxl.load_workbook(io.BytesIO(Path(waited.value.path()).read_bytes())).worksheets[0]
    assert [line[1] for line in back.values] == ["承租人姓名", "租客乙"]
    assert Declaration.objects.count() == 1


def test_a_resident_answers_whether_they_live_there_and_staff_settle_a_question(
    portal: Store, door: str, open_page: LogInPage
) -> None:
    assert seed_demo_resident(portal, "demo-resident", officers=(), at=NOW)
    page = open_page(Role.RESIDENT, PHONE)
    page.goto("/mine/home/")
    page.get_by_role("button", name="对，我住这里").first.click()
    expect(page.get_by_role("status")).to_contain_text("已记下您的确认")
    page.get_by_text("不对", exact=True).first.click()
    page.get_by_role("button", name="我已经搬走").first.click()
    expect(page.get_by_role("status")).to_contain_text("这些地方的人数不再算您")
    newcomer = open_page(None, PHONE)
    newcomer.goto(f"/d/{door}/live/")
    newcomer.get_by_label("您的姓名").fill(NEWCOMER)
    newcomer.get_by_label("您的手机号").fill(NEW_PHONE)
    newcomer.get_by_label("我看过告知书").check()
    newcomer.get_by_role("button", name="发验证码").click()
    newcomer.get_by_label("6 位验证码").fill(newest_code(portal))
    newcomer.get_by_role("button", name="申报", exact=True).click()

    clerk = open_page(Role.SUBDISTRICT_CLERK, PHONE)
    clerk.goto("/declarations/")
    assert "欧阳" not in clerk.inner_text("main")
    expect(clerk.locator("main")).to_contain_text("不到 10，不显示")
    clerk.get_by_role("button", name="领这一件的凭据").click()
    clerk.get_by_role("button", name="看该问谁").click()
    expect(clerk.get_by_role("status")).to_contain_text(NEWCOMER)
    clerk.goto("/declarations/")
    clerk.get_by_label("申报属实").check()
    clerk.get_by_role("button", name="记下").click()
    expect(clerk.locator("main")).to_contain_text("没有等着问的事")
    room = Declaration.objects.exclude(act="confirm").get().room_code
    with clerk.expect_download() as waited:
        clerk.get_by_label("楼栋编码").fill(room[:19])
        clerk.get_by_role("button", name="印这栋楼的").click()
    assert Path(waited.value.path()).read_bytes().startswith(b"%PDF")
