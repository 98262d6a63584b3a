"""The portal in headless Chromium: the map, the keyboard, phones, and that nothing is asked of another host."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)
from pytest_django.live_server_helper import LiveServer

from kuai.guard.types import Role
from kuai.kit.store import Store
from kuai.web.templatetags.built_assets import BUILT
from tests.modules.web.fakes import BUILDING, COMMUNITY, DISTRICT, ROOM, SUBDISTRICT

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
# Software rendering: WebGL 2 on a machine without a graphics card.
ARGUMENTS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 812}
LogInPage = Callable[..., Page]
FAINT_TEXT = """() => {
  const lightness = (rgb) => {
    const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (one) => {
    for (; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const one of document.querySelectorAll('body *')) {
    // The key's name lies over the search box, which is not its parent.
    if (!one.offsetParent || one.closest('.map-holder, .visually-hidden, .search kbd')) continue;
    const text = [...one.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim()).join('');
    if (!text) continue;
    const style = getComputedStyle(one);
    const pair = [lightness(numbers(style.color).slice(0, 3)), lightness(ground(one))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if ((pair[0] + 0.05) / (pair[1] + 0.05) < (isLarge ? 3 : 4.5)) faint.push(text.slice(0, 20));
  }
  return faint;
}"""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Playwright for the tests of this file, where there is a browser and a built front end."""
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: apt-get install chromium")
    if not (BUILT / "manifest.json").exists():
        pytest.skip("the front end is not built: make setup")
    # Because Playwright's own loop runs in this thread, Django takes fixtures' queries for asynchronous ones.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as session:
        yield session
    os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE")


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """One browser for the tests of this file."""
    browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
    yield browser
    browser.close()


class Watched:
    """What a page asked for and complained of."""

    def __init__(self, page: Page) -> None:
        self.hosts: set[str] = set()
        self.complaints: list[str] = []
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: object) -> None:
        if getattr(message, "type", "") in ("error", "warning"):
            self.complaints.append(str(getattr(message, "text", "")))


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, portal: Store) -> Iterator[LogInPage]:
    """A page in which somebody of a role (None: nobody) is logged in."""
    contexts: list[BrowserContext] = []

    def open_one(role: Role | None = None, viewport: dict[str, int] | None = None) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport=viewport or DESKTOP,  # type: ignore[arg-type]
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.watched = Watched(page)  # type: ignore[attr-defined]
        page.goto("/login/")
        if role is not None:
            page.locator(f"[data-demo-user=demo-{role.value.replace('_', '-')}]").click()
            page.locator("[data-login-button]").click()
            page.wait_for_url("**/")
        return page

    yield open_one
    for context in contexts:
        context.close()


def watched(page: Page) -> Watched:
    return page.watched  # type: ignore[attr-defined,no-any-return]


def wait_for_map(page: Page, level: str = "") -> None:
    """Until the map has drawn (this level)."""
    shown = f"[data-shown-level={level}]" if level else ""
    page.wait_for_selector(f"[data-map-state=ready]{shown}")


PAGES: dict[Role, list[str]] = {
    Role.DATA_STEWARD: [
        "/",
        f"/blocks/{DISTRICT}/",
        f"/blocks/{BUILDING}/",
        f"/blocks/{ROOM}/",
        "/search/?q=示例",
        "/sources/",
        "/sources/police_residents/",
        "/uploads/",
        "/help/",
        "/not-done/",
        "/password/",
    ],
    Role.AUDITOR: ["/ledger/"],
}


def test_no_page_asks_another_host_or_complains(open_page: LogInPage) -> None:
    for role, paths in PAGES.items():
        page = open_page(role)
        for path in paths:
            page.goto(path)
            if path.startswith("/blocks/"):
                wait_for_map(page)
            page.wait_for_load_state("networkidle")
        assert watched(page).hosts <= {"localhost", "127.0.0.1"}
        assert watched(page).complaints == []


def test_no_page_scrolls_sideways_on_a_phone(open_page: LogInPage) -> None:
    for role, paths in PAGES.items():
        page = open_page(role, PHONE)
        for path in ["/login/", *paths]:
            page.goto(path)
            page.wait_for_load_state("networkidle")
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= PHONE["width"], path


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_what_one_clicks_is_large_enough(open_page: LogInPage, viewport: dict[str, int]) -> None:
    """WCAG 2.2, 2.5.8: 24 x 24 pixels, words inside a sentence excepted; here height decides."""
    for role, paths in PAGES.items():
        page = open_page(role, viewport)
        for path in paths:
            page.goto(path)
            small = page.evaluate(
                """() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, summary')]
                    .filter((one) => one.offsetParent && !one.closest('p, .map-holder, .visually-hidden'))
                    .map((one) => [one.textContent.trim().slice(0, 20), one.getBoundingClientRect()])
                    .filter(([, box]) => box.height > 0 && (box.height < 23.5 || box.width < 23.5))
                    .map(([text, box]) => `${text} ${box.width}x${box.height}`)"""
            )
            assert small == [], path


def test_text_stands_out_from_its_ground(open_page: LogInPage) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, large text 3 to 1."""
    for role, paths in PAGES.items():
        page = open_page(role)
        for path in paths:
            page.goto(path)
            assert page.evaluate(FAINT_TEXT) == [], path
    page.evaluate("document.querySelector('h1').style.color = '#bbbbbb'")
    assert len(page.evaluate(FAINT_TEXT)) == 1


def test_a_page_narrow_as_at_four_times_zoom_scrolls_one_way_only(open_page: LogInPage) -> None:
    for role, paths in PAGES.items():
        page = open_page(role, {"width": 320, "height": 600})
        for path in paths:
            page.goto(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, path


def test_every_field_has_a_label_and_every_page_one_first_heading(open_page: LogInPage) -> None:
    for role, paths in PAGES.items():
        page = open_page(role)
        for path in paths:
            page.goto(path)
            unlabelled = page.evaluate(
                """() => [...document.querySelectorAll('input:not([type=hidden]), select')]
                    .filter((one) => !one.labels?.length).map((one) => one.outerHTML)"""
            )
            assert unlabelled == [], path
            assert page.locator("h1").count() == 1, path


def test_without_places_the_list_stands_alone(open_page: LogInPage, settings: object) -> None:
    settings.KUAI_OPEN_BLOCKS = "tests.modules.web.fakes.open_fake_city"  # type: ignore[attr-defined]
    page = open_page(Role.LEADER)
    page.goto("/blocks/")
    expect(page.locator(".map-note-empty")).to_be_visible()
    page.get_by_role("link", name="示例区").click()
    expect(page.locator("#block-panel h1")).to_contain_text("示例区")


def test_a_block_is_opened_from_the_map(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    page.goto(f"/blocks/{DISTRICT}/")
    wait_for_map(page)
    page.select_option("[data-map-setting=level]", "subdistrict")
    wait_for_map(page, "subdistrict")
    page.locator(".map-label", has_text="甲街道").click()
    expect(page.locator("#block-panel h1")).to_contain_text("甲街道")
    page.wait_for_url(f"**/blocks/{SUBDISTRICT}/")
    page.reload()
    expect(page.locator("#block-panel h1")).to_contain_text("甲街道")


def test_a_block_is_opened_from_the_list_and_marked_on_the_map(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    page.goto(f"/blocks/{DISTRICT}/")
    wait_for_map(page)
    page.locator("#block-panel table").get_by_text("甲街道", exact=True).click()
    expect(page.locator("#block-panel h1")).to_contain_text("甲街道")
    page.locator("#block-panel table").get_by_text("一社区", exact=True).click()
    expect(page.locator("#block-panel h1")).to_contain_text("一社区")
    assert page.url.endswith(f"/blocks/{COMMUNITY}/")
    page.select_option("[data-map-setting=level]", "community")
    expect(page.locator(".map-label.is-chosen")).to_contain_text("一社区")
    page.go_back()
    expect(page.locator("#block-panel h1")).to_contain_text("甲街道")


def test_after_the_session_a_click_leads_to_the_login_page(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    page.goto(f"/blocks/{DISTRICT}/")
    wait_for_map(page)
    page.context.clear_cookies(name="sessionid")
    page.locator("#block-panel table").get_by_text("甲街道", exact=True).click()
    page.wait_for_url("**/login/?next=*")
    expect(page.locator("h1")).to_contain_text("登录")


def test_the_map_shows_no_suppressed_figure(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    page.goto(f"/blocks/{DISTRICT}/")
    wait_for_map(page)
    page.select_option("[data-map-setting=counter]", "residents")
    page.select_option("[data-map-setting=level]", "subdistrict")
    wait_for_map(page, "subdistrict")
    expect(page.locator(".map-label", has_text="甲街道")).to_contain_text("不公布")


def test_without_webgl_the_list_does_it_all(
    playwright: Playwright, live_server: LiveServer, portal: Store
) -> None:
    browser = playwright.chromium.launch(
        executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-3d-apis"]
    )
    page = browser.new_page(base_url=live_server.url)
    page.goto("/login/")
    page.locator("[data-demo-user=demo-leader]").click()
    page.locator("[data-login-button]").click()
    page.wait_for_url("**/")
    page.goto(f"/blocks/{DISTRICT}/")
    expect(page.locator(".map-note-unavailable")).to_be_visible()
    page.locator("#block-panel table").get_by_text("甲街道", exact=True).click()
    expect(page.locator("#block-panel h1")).to_contain_text("甲街道")
    browser.close()


def test_the_keyboard_searches_from_any_page(open_page: LogInPage) -> None:
    page = open_page(Role.GRID_WORKER)
    page.goto("/help/")
    page.keyboard.press("/")
    expect(page.locator("[data-search-box]")).to_be_focused()
    page.keyboard.type("示例花园")
    expect(page.locator("[role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option]").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/blocks/{BUILDING}/")


def test_escape_closes_the_hits(open_page: LogInPage) -> None:
    page = open_page(Role.GRID_WORKER)
    page.keyboard.press("/")
    page.keyboard.type("社区")
    expect(page.locator("[role=option]").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[role=option]")).to_have_count(0)


def test_a_heading_sorts_its_column(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    page.goto(f"/blocks/{DISTRICT}/")
    table = page.locator("#block-panel table[data-sortable]")
    heading = table.locator("thead th").first
    heading.locator("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    downwards = table.locator("tbody th").all_inner_texts()
    heading.locator("button").click()
    expect(heading).to_have_attribute("aria-sort", "ascending")
    assert table.locator("tbody th").all_inner_texts() == downwards[::-1]


def test_a_file_is_handed_in_and_its_receipt_read(open_page: LogInPage, tmp_path: Path) -> None:
    page = open_page(Role.DATA_STEWARD)
    page.goto("/uploads/")
    good = tmp_path / "居住登记.csv"
    rows = "".join(f"张三{n},示例花园1栋10{n}\n" for n in range(20))
    good.write_text("姓名,现住址\n" + rows, encoding="gb18030")
    page.set_input_files("#id_file", str(good))
    page.get_by_role("button", name="上传并接收").click()
    page.wait_for_url(re.compile(r"/uploads/[0-9a-f-]{36}/"))
    expect(page.locator("#upload-state")).to_contain_text("已收下")
    expect(page.locator("#upload-state .sum")).to_contain_text("20")


def test_a_bad_form_keeps_the_page_and_says_why(open_page: LogInPage, tmp_path: Path) -> None:
    page = open_page(Role.DATA_STEWARD)
    page.goto("/uploads/")
    empty = tmp_path / "empty.csv"
    empty.touch()
    page.set_input_files("#id_file", str(empty))
    page.get_by_role("button", name="上传并接收").click()
    expect(page.locator("[role=alert]").first).to_contain_text("文件是空的")


def test_a_file_beyond_the_limit_is_not_even_sent(
    open_page: LogInPage, tmp_path: Path, settings: object
) -> None:
    settings.KUAI_UPLOAD_LIMIT_BYTES = 1000  # type: ignore[attr-defined]
    page = open_page(Role.DATA_STEWARD)
    page.goto("/uploads/")
    large = tmp_path / "large.csv"
    large.write_text("a,b\n" * 1000, encoding="utf-8")
    page.set_input_files("#id_file", str(large))
    page.get_by_role("button", name="上传并接收").click()
    expect(page.locator("[data-upload-refusal]")).to_be_visible()
    assert page.url.endswith("/uploads/")


def test_the_language_is_switched_on_the_page(open_page: LogInPage) -> None:
    page = open_page(Role.LEADER)
    page.get_by_role("button", name="English").click()
    expect(page.locator("h1")).to_contain_text("Welcome")
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_contain_text("您好")


def test_the_auditor_verifies_the_ledger_on_the_page(open_page: LogInPage, portal: Store) -> None:
    from kuai.guard.ledger import seal_pending
    from kuai.kit.clock import utc_now

    page = open_page(Role.AUDITOR)
    page.goto("/ledger/")
    seal_pending(portal, now=utc_now())
    page.get_by_role("button", name="现在验证全部记录").click()
    expect(page.locator("#verdict")).to_contain_text("没有被改动")
