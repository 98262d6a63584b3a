"""Who may open which page, and what stands on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client

from kuai.guard.access import create_demo_accounts
from kuai.guard.ledger import LedgerFilter, list_entries
from kuai.guard.types import Role
from kuai.kit.store import Store
from kuai.web.rules import KEEPS_SOURCES, SEES_BLOCKS, SEES_LEDGER, SEES_SOURCES
from tests.modules.web.conftest import NOW, PASSWORD
from tests.modules.web.fakes import BUILDING, DISTRICT, HIDDEN_FIGURE, ROOM, SUBDISTRICT

LogIn = Callable[[Role], Client]
PAGES = [
    ("/", tuple(Role)),
    (f"/blocks/{DISTRICT}/", SEES_BLOCKS),
    ("/search/?q=示例", SEES_BLOCKS),
    ("/search/hits/?q=示例", SEES_BLOCKS),
    ("/api/map/children", SEES_BLOCKS),
    (f"/api/blocks/{DISTRICT}", SEES_BLOCKS),
    (f"/api/blocks/{DISTRICT}/children", SEES_BLOCKS),
    ("/api/search?q=示例", SEES_BLOCKS),
    ("/sources/", SEES_SOURCES),
    ("/sources/police_residents/", SEES_SOURCES),
    ("/uploads/", KEEPS_SOURCES),
    ("/ledger/", SEES_LEDGER),
    ("/api/openapi.json", tuple(Role)),
]


@pytest.mark.parametrize("role", list(Role))
def test_each_page_opens_for_its_roles_and_for_nobody_else(log_in: LogIn, role: Role) -> None:
    client = log_in(role)
    for path, roles in PAGES:
        answer = client.get(path)
        assert answer.status_code == (200 if role in roles else 403), path


@pytest.mark.parametrize("path", [path for path, _roles in PAGES])
def test_a_stranger_is_asked_to_log_in(portal: Store, client: Client, path: str) -> None:
    answer = client.get(path)
    if path.startswith("/api/") and path != "/api/openapi.json":
        assert answer.status_code == 401
        assert answer.json()["sentence"] == "请先登录。"
    else:
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("path", ["/login/", "/not-done/", "/help/", "/api/health"])
def test_public_pages_need_no_login(portal: Store, client: Client, path: str) -> None:
    assert client.get(path).status_code == 200


# Read tables of a build, which this store has not: test_facts and test_reviews open them on a built town.
PAGES_OF_A_BUILD = ("/facts/", "/reviews/", "/welfare/")


def test_the_menu_names_only_pages_that_open(log_in: LogIn) -> None:
    for role in Role:
        client = log_in(role)
        menu = client.get("/").context["menu"]
        for item in menu:
            if item["url"].startswith(PAGES_OF_A_BUILD):
                continue
            assert client.get(item["url"], follow=True).status_code == 200, (role, item)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/blocks/{DISTRICT}/",
        f"/api/blocks/{DISTRICT}",
        f"/api/blocks/{DISTRICT}/children",
        "/api/map/children",
        f"/api/map/children?of={DISTRICT}",
    ],
)
def test_a_suppressed_figure_is_never_shown(log_in: LogIn, path: str) -> None:
    text = log_in(Role.LEADER).get(path).content.decode()
    assert f'"figure": {HIDDEN_FIGURE}' not in text
    assert f'"residents": {HIDDEN_FIGURE}' not in text
    assert f">{HIDDEN_FIGURE}<" not in text
    assert f'data-sort="{HIDDEN_FIGURE}"' not in text
    assert "不公布" in text or '"suppressed"' in text


def test_a_block_page_gives_each_figure_its_definition_source_and_date(log_in: LogIn) -> None:
    text = log_in(Role.LEADER).get(f"/blocks/{DISTRICT}/").content.decode()
    for expected in ("1,234", "注册单位的口径", "实有人口登记", "2026-10-31", "甲街道", "乙街道"):
        assert expected in text


def test_a_share_of_asserted_facts_is_held_back_with_its_suppressed_figure(log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    assert "25%" not in client.get(f"/blocks/{DISTRICT}/").content.decode()
    counters = client.get(f"/api/blocks/{DISTRICT}").json()["counters"]
    residents = next(one for one in counters if one["key"] == "residents")
    assert residents["figure"] is None
    assert residents["asserted_share"] is None


def test_a_room_page_shows_its_address_and_no_figures(log_in: LogIn) -> None:
    answer = log_in(Role.GRID_WORKER).get(f"/blocks/{ROOM}/")
    text = answer.content.decode()
    assert "广东省深圳市示例区101" in text
    assert 'class="counter"' not in text


def test_a_building_lists_its_rooms(log_in: LogIn) -> None:
    text = log_in(Role.GRID_WORKER).get(f"/blocks/{BUILDING}/").content.decode()
    assert f"/blocks/{ROOM}/" in text


def test_an_unknown_block_is_told_in_plain_words(log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    answer = client.get("/blocks/999999/")
    assert answer.status_code == 404
    assert "没有这一页" in answer.content.decode()
    api_answer = client.get("/api/blocks/999999")
    assert api_answer.status_code == 404
    assert api_answer.json()["code"] == "block.unknown"


def test_a_part_of_the_page_is_sent_for_a_part_request(log_in: LogIn) -> None:
    answer = log_in(Role.LEADER).get(f"/blocks/{DISTRICT}/", headers={"HX-Request": "true"})
    text = answer.content.decode()
    assert 'id="block-panel"' in text
    assert "<html" not in text
    assert "HX-Request" in answer.headers["Vary"]


def test_a_look_at_a_block_leaves_one_line_in_the_ledger(log_in: LogIn) -> None:
    log_in(Role.LEADER).get(f"/blocks/{DISTRICT}/")
    entries = list_entries(LedgerFilter(action="viewed_block")).entries
    assert [(entry.actor, entry.objects, entry.purpose) for entry in entries] == [
        ("demo-leader", (DISTRICT,), "block_statistics")
    ]


def test_a_search_leaves_a_line_without_the_text(log_in: LogIn) -> None:
    log_in(Role.LEADER).get("/search/?q=示例花园")
    (entry,) = list_entries(LedgerFilter(action="searched_places")).entries
    assert "示例花园" not in repr(entry)


def test_search_finds_places_and_organisations(log_in: LogIn) -> None:
    client = log_in(Role.SUBDISTRICT_CLERK)
    assert f"/blocks/{BUILDING}/" in client.get("/search/hits/?q=花园").content.decode()
    assert "示例贸易有限公司" in client.get("/search/?q=贸易").content.decode()
    assert "没有找到" in client.get("/search/hits/?q=不存在").content.decode()
    assert client.get("/search/hits/?q=").content.decode().strip() == ""


def test_an_organisation_found_opens_its_file(log_in: LogIn) -> None:
    client = log_in(Role.SUBDISTRICT_CLERK)
    (hit,) = client.get("/api/search?q=示例贸易有限公司").json()
    assert hit["organisation_code"].startswith("O-")
    link = f'href="/files/{hit["organisation_code"]}/"'
    for path in ("/search/", "/search/hits/"):
        assert link in client.get(f"{path}?q=示例贸易有限公司").content.decode(), path


def test_search_text_is_shown_as_text(log_in: LogIn) -> None:
    text = log_in(Role.LEADER).get("/search/?q=<script>alert(1)</script>").content.decode()
    assert "<script>alert" not in text


def test_the_map_draws_a_district_without_a_point_at_the_middle_of_its_parts(
    log_in: LogIn,
) -> None:
    features = log_in(Role.LEADER).get("/api/map/children").json()["features"]
    assert [one["properties"]["code"] for one in features] == [DISTRICT]
    x, y = features[0]["geometry"]["coordinates"]
    assert 114 < x < 114.1
    assert 22.6 < y < 22.7


def test_a_store_without_a_build_says_what_to_do_first(log_in: LogIn, portal: Store) -> None:
    (portal.root / "current").unlink()
    client = log_in(Role.DATA_STEWARD)
    assert "还没有建好的版本" in client.get("/").content.decode()
    answer = client.get("/blocks/")
    assert answer.status_code == 409
    assert "还没有建好的版本" in answer.content.decode()


@pytest.mark.parametrize("path", ["/sources/", "/sources/disability_cards/"])
def test_figures_of_care_sources_are_for_their_keeper_alone(log_in: LogIn, path: str) -> None:
    def shown(role: Role) -> str:
        text = log_in(role).get(path).content.decode()
        return text[text.index("残疾人证") :]

    assert "1,000" in shown(Role.DATA_STEWARD)
    for role in (Role.LEADER, Role.AUDITOR, Role.DEPARTMENT_CLERK, Role.SUBDISTRICT_CLERK):
        assert "1,000" not in shown(role)
        assert "不显示数目" in shown(role)


def test_a_source_page_shows_sums_that_add_up_and_why_columns_are_taken(
    log_in: LogIn, portal: Store
) -> None:
    text = log_in(Role.AUDITOR).get("/sources/police_residents/").content.decode()
    for expected in (
        "公安分局",
        "职责清单第 12 项",
        "1,000",
        "990",
        "980",
        "数据核校",
    ):
        assert expected in text
    assert "下载退回的行" not in text


def test_a_steward_sees_what_waits(log_in: LogIn) -> None:
    text = log_in(Role.DATA_STEWARD).get("/").content.decode()
    assert "10 行要退回原部门" in text
    assert "需要处理" not in log_in(Role.LEADER).get("/").content.decode()


def test_pages_are_not_kept_by_browsers(log_in: LogIn) -> None:
    client = log_in(Role.LEADER)
    for path in ("/", f"/blocks/{DISTRICT}/", f"/api/blocks/{DISTRICT}"):
        assert "no-store" in client.get(path).headers["Cache-Control"]


def test_the_api_describes_itself(log_in: LogIn) -> None:
    described = log_in(Role.LEADER).get("/api/openapi.json").json()
    assert {
        "/api/blocks/{code}",
        "/api/blocks/{code}/children",
        "/api/blocks/{code}/events",
        "/api/areas/count",
        "/api/elements/{code}",
        "/api/search",
        "/api/map/children",
        "/api/map/areas",
        "/api/health",
        "/api/addresses/wash",
        "/api/addresses/suggest",
        "/api/addresses/reverse",
        *(
            f"/api/reconcile/{path}"
            for path in (
                "",
                "suggest/{kind}",
                "preview",
                "extend/propose",
                "v1/",
                "v1/reconcile",
                "v1/extend",
            )
        ),
        *(f"/api/reconcile/v1/{path}" for path in ("suggest/{kind}", "preview", "extend/propose")),
    } == set(described["paths"])


def test_the_health_answer_tells_the_build_and_nothing_else(portal: Store, client: Client) -> None:
    assert client.get("/api/health").json() == {"status": "ok", "version": portal.current_version()}


def test_the_map_begins_where_somebody_works(log_in: LogIn) -> None:
    create_demo_accounts((f"{DISTRICT}/{SUBDISTRICT}",), synthetic=True, at=NOW, password=PASSWORD)
    clerk = log_in(Role.SUBDISTRICT_CLERK).get("/blocks/")
    assert clerk.headers["Location"] == f"/blocks/{SUBDISTRICT}/"
    leader = log_in(Role.LEADER).get("/blocks/")
    assert leader.headers["Location"] == f"/blocks/{DISTRICT}/"


def test_an_area_that_the_build_does_not_know_begins_at_the_top(log_in: LogIn) -> None:
    create_demo_accounts(("440309/440309999",), synthetic=True, at=NOW, password=PASSWORD)
    answer = log_in(Role.GRID_WORKER).get("/blocks/")
    assert answer.headers["Location"] == f"/blocks/{DISTRICT}/"


def test_several_districts_begin_with_the_list_of_them(
    log_in: LogIn, settings: LazySettings
) -> None:
    settings.KUAI_OPEN_BLOCKS = "tests.modules.web.fakes.open_fake_city"
    client = log_in(Role.LEADER)
    text = client.get("/blocks/").content.decode()
    for expected in ("示例区", "别区", "/blocks/440311/", 'data-block-panel=""'):
        assert expected in text
    home = client.get("/").content.decode()
    assert "示例区" in home
    assert "别区" in home


def test_a_part_asked_for_after_the_session_leads_to_the_login_page(
    portal: Store, client: Client
) -> None:
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": f"http://testserver/blocks/{DISTRICT}/",
    }
    answer = client.get(f"/blocks/{BUILDING}/", headers=headers)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == f"/login/?next=%2Fblocks%2F{DISTRICT}%2F"


def test_a_refused_part_takes_the_place_of_the_page(log_in: LogIn) -> None:
    answer = log_in(Role.LEADER).get("/blocks/999999/", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == answer.headers["HX-Reselect"] == "main"
