"""Questions in headless Chromium: a clerk sends, a resident answers by the link on a phone without scripts, the sheet
of the week is drawn and handed in by row codes; each page looked at on both widths, the public one in large letters."""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import LazySettings
from django.core.cache import cache
from playwright.sync_api import Page, expect

from kuai.guard import access
from kuai.guard.types import Role
from kuai.kit.clock import local_day, utc_now
from kuai.kit.store import Store, write_json
from kuai.services.questions import actions
from kuai.services.questions.types import Asking
from tests.modules.web.conftest import PASSWORD
from tests.modules.web.test_browser import (
    FAINT_TEXT,
    PHONE,
    LogInPage,
    chromium,
    open_page,
    playwright,
)
from tests.stories.test_declarations_browser import MOST_FIRST_LOAD, require_fitting
from tests.stories.test_questions import own_home, register_sources

__all__ = ["chromium", "open_page", "playwright"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOW = utc_now().replace(microsecond=0)


@pytest.fixture
def portal(own_store: Path, settings: LazySettings, transactional_db: None) -> Store:
    """The built town with demo logins and three questions: two to one person, one that lapsed."""
    store = Store(own_store)
    settings.STORE, settings.KUAI_STORE = store, store.root
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.KUAI_ANSWER_ORIGIN = "https://q.example.cn"
    cache.clear()
    register_sources(at=NOW)
    access.create_demo_accounts((), synthetic=True, at=NOW, password=PASSWORD)
    write_json(store.keys / "demo.json", {"password": PASSWORD})
    for app in ("registry", "services_residence", "services_questions"):
        apps.get_app_config(app).ready()
    home = own_home(store)
    for number, contact in ((1, home["from_code"]), (2, home["from_code"]), (3, "")):
        asking = Asking(
            origin=f"test:{number}",
            rule="test.home",
            text=[
                "您登记的住处，现在还住着吗？",
                "租赁备案到期了，续租了吗？",
                "这一户还有人住吗？",
            ][number - 1],
            reason="两处登记不一样",
            purpose="residence_registration",
            basis="居住证暂行条例第二条",
            responsible="街道综治办",
            subject_ref=f"person:{home['from_code']}",
            contact=f"person:{contact}" if contact else "",
            place_code=home["to_code"],
            fact_key=home["fact_key"] if number == 1 else "",
        )
        at = NOW if contact else NOW - timedelta(days=30)
        actions.open_question(store, asking, at=at)
    actions.lapse_overdue(on=local_day(NOW), at=NOW)
    return store


def keep(page: Page, name: str) -> None:
    """A picture to look at, where a folder is named for it."""
    folder = os.environ.get("KUAI_PICTURES")
    if folder:
        width = page.viewport_size["width"]  # type: ignore[index]
        page.screenshot(path=f"{folder}/questions-{name}-{width}.png", full_page=True)


def looked_at(page: Page, name: str) -> None:
    """Nothing over the edge, nothing faint; a public page's targets are for thumbs."""
    if name in ("link", "wrong"):
        require_fitting(page)
    for width in (1440, 375):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
        assert page.evaluate(FAINT_TEXT) == [], page.url
        keep(page, name)


def test_asked_by_message_answered_on_a_phone_and_the_rest_at_the_door(
    portal: Store, open_page: LogInPage
) -> None:
    clerk = open_page(Role.SUBDISTRICT_CLERK)
    clerk.goto("/questions/")
    expect(clerk.locator("main")).to_contain_text("等着上门的户")
    clerk.get_by_role("button", name="发出待发的").click()
    expect(clerk.locator("main")).to_contain_text("共 1 条：发出 1")
    looked_at(clerk, "list")
    line = (portal.scratch / "messages-sent.jsonl").read_text().splitlines()[-1]
    text = json.loads(line)["text"]
    assert len(text) <= 70
    token = re.search(r"/q/(\w+)/", text).group(1)  # type: ignore[union-attr]

    page = open_page(None, PHONE)
    page.context.clear_cookies()
    loaded: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.clearBrowserCache")
    session.on("Network.loadingFinished", lambda it: loaded.append(it["encodedDataLength"]))
    session.send("Emulation.setScriptExecutionDisabled", {"value": True})
    page.goto(f"/q/{token}/", wait_until="load")
    assert sum(loaded) <= MOST_FIRST_LOAD
    shown = page.inner_text("body")
    home = own_home(portal)
    assert not any(word in shown for word in (home["to_code"], "栋", json.loads(line)["phone"]))
    assert "街道综治办" in shown
    looked_at(page, "link")
    page.get_by_role("button", name="长辈版大字").click()
    require_fitting(page, letters="big")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.get_by_role("button", name="以前是，现在不是了").first.click()
    expect(page.get_by_role("status")).to_contain_text("记下了")
    page.get_by_role("button", name="不想回答").first.click()
    expect(page.locator("main")).to_contain_text("都答完了")
    keep(page, "done")
    page.goto(f"/q/{token}/")
    used = page.inner_text("main")
    page.goto("/q/0000000000000000/")
    assert page.inner_text("main") == used
    looked_at(page, "wrong")

    clerk.set_viewport_size({"width": 1440, "height": 900})
    clerk.goto("/questions/")
    clerk.get_by_role("link", name="这一户还有人住吗？").click()
    clerk.get_by_role("button", name="领这一件的凭据").click()
    clerk.get_by_role("button", name="看姓名和电话（留痕）").click()
    expect(clerk.get_by_role("status").first).to_contain_text("姓名")
    looked_at(clerk, "one")
    clerk.set_viewport_size({"width": 1440, "height": 900})
    clerk.goto("/questions/visits/")
    clerk.get_by_role("button", name="出表").click()
    looked_at(clerk, "sheet")
    row = clerk.locator("main strong.code").inner_text()
    with clerk.expect_download() as waited:
        clerk.get_by_role("link", name="A4 表（PDF）").click()
    assert Path(waited.value.path()).read_bytes().startswith(b"%PDF")
    clerk.goto("/questions/visits/")
    clerk.get_by_label("或者扫、打行码").fill(f"{row} 1\nAAAAAA 1")
    clerk.get_by_role("button", name="交回这些行").click()
    expect(clerk.locator("main")).to_contain_text("收下 1，没收 1")
    looked_at(clerk, "visits")


def test_an_officer_has_no_page_of_questions(portal: Store, open_page: LogInPage) -> None:
    page = open_page(Role.OFFICER)
    assert page.goto("/questions/").status == 403  # type: ignore[union-attr]
