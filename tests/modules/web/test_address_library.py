"""The library's pages: tree, entry, map, what is wrong on it, acts with undo, imports planned first, grids."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kuai.address import library
from kuai.address.types import EventKind, State
from kuai.guard.ledger import LedgerFilter, list_entries
from kuai.guard.types import Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.web.addresses import grids, working
from kuai.web.addresses.working import requeue_interrupted_work
from kuai.web.models import LibraryWork, UploadState, WorkKind
from kuai.web.rules import KEEPS_ADDRESSES, SEES_ADDRESSES
from tests.modules.web import library_town as town

LogIn = Callable[[Role], Client]
ACT = {"day": "2026-11-20", "reason": "地名批复〔2026〕8号"}
NO_TITLE = "门牌和编码不代表产权"


@pytest.fixture
def library_store(portal: Store, tmp_path: Path) -> Store:
    """The portal with the small library in its record, without outlines."""
    town.settle_town(portal, tmp_path, outlined=False)
    return portal


@pytest.fixture
def outlined_store(portal: Store, tmp_path: Path) -> Store:
    """The portal with the small library and its outlines."""
    town.settle_town(portal, tmp_path)
    return portal


@pytest.fixture
def outlined_steward(outlined_store: Store, log_in: LogIn) -> Client:
    return log_in(Role.DATA_STEWARD)


@pytest.fixture
def steward(library_store: Store, log_in: LogIn) -> Client:
    return log_in(Role.DATA_STEWARD)


def read(client: Client, path: str, **more: Any) -> str:
    answer = client.get(path, **more)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def act(client: Client, place: str, kind: str, **values: Any) -> Any:
    """Preview and confirm, as the two pages do."""
    path = f"/addresses/library/{place}/{kind}/"
    shown = client.post(path, {**ACT, **values, "step": "preview"})
    assert shown.status_code == 200, shown.content.decode()
    return client.post(path, {**ACT, **values, "step": "record", "seen": shown.context["seen"]})


def record_of(store: Store) -> library.LibraryRecord:
    return library.open_record(store)


def count_steps() -> int:
    return library.list_events(limit=1)[0].number


# --- reading ----------------------------------------------------------------------------------------------
def test_clerks_read_and_only_the_steward_changes(library_store: Store, log_in: LogIn) -> None:
    read_pages = (
        "/addresses/library/",
        f"/addresses/library/{town.TALL}/",
        f"/addresses/library/{town.OUTLINED}/shapes/",
        "/addresses/events/",
        "/addresses/grids/",
    )
    change_pages = ("/addresses/imports/", f"/addresses/library/{town.TALL}/split/")
    for role in Role:
        client = log_in(role)
        for pages, roles in ((read_pages, SEES_ADDRESSES), (change_pages, KEEPS_ADDRESSES)):
            for path in pages:
                expected = 200 if role in roles else 403
                assert client.get(path).status_code == expected, (role, path)


def test_the_clerk_is_offered_no_act(library_store: Store, log_in: LogIn) -> None:
    page = read(log_in(Role.SUBDISTRICT_CLERK), f"/addresses/library/{town.SMALL}/")
    assert "/split/" not in page
    assert "和平路12号" in page


def test_an_empty_library_says_what_to_do_first(portal: Store, log_in: LogIn) -> None:
    assert "导入地址库" in read(log_in(Role.DATA_STEWARD), "/addresses/library/")
    clerk = read(log_in(Role.SUBDISTRICT_CLERK), "/addresses/library/")
    assert "请数据管理员先导入地址库" in clerk
    assert "/addresses/imports/" not in clerk
    shapes = log_in(Role.LEADER).get("/addresses/library/shapes/").json()
    assert shapes == {"type": "FeatureCollection", "bounds": None, "features": []}


def test_every_page_of_the_library_says_that_a_code_proves_no_title(steward: Client) -> None:
    act(steward, town.SMALL, "renamed", name="和平楼", text=f"{town.TOP_TEXT}一社区和平楼")
    for path in (
        "/addresses/library/",
        f"/addresses/library/{town.TALL}/",
        f"/addresses/library/{town.TALL}/demolished/",
        "/addresses/library/search/?q=和平",
        f"/addresses/library/{town.OUTLINED}/findings/",
        "/addresses/events/",
        "/addresses/events/2/",
        "/addresses/imports/",
        f"/addresses/imports/{library.list_plans()[0].plan_id}/",
        "/addresses/grids/",
        f"/addresses/grids/{town.OUTLINED}/",
    ):
        assert NO_TITLE in read(steward, path), path


def test_the_page_of_an_entry_opens_the_tree_down_to_it(steward: Client) -> None:
    page = read(steward, f"/addresses/library/{town.ROOM}/")
    opened = re.findall(r'data-code="(\d+)"[^>]*aria-expanded="true"', page)
    assert opened == [town.DISTRICT, town.SUBDISTRICT, town.OUTLINED, town.WEST, town.SMALL]
    chosen = re.findall(r'data-code="(\d+)"[^>]*aria-selected="true"', page)
    assert chosen == [town.ROOM]


def test_a_branch_is_fetched_when_it_is_opened_and_no_further(steward: Client) -> None:
    page = read(steward, f"/addresses/library/{town.OUTLINED}/children/?depth=3")
    assert re.findall(r'data-code="(\d*)"', page) == [town.WEST, town.EAST]
    assert 'aria-level="4"' in page


def test_a_tall_house_is_shown_floor_by_floor(steward: Client) -> None:
    page = read(steward, f"/addresses/library/{town.TALL}/children/?depth=5")
    floors = re.findall(r'class="tree-name"[^>]*>(\S+) 层', page)
    assert floors == ["1", "2", "3", "4", "5", "6"]
    assert page.count('data-code="4') == town.FLOORS * town.ROOMS_A_FLOOR


def test_the_search_finds_by_code_and_by_words_and_takes_anything(steward: Client) -> None:
    for text in (town.TALL, "和平路 11号", "一社区和平路１１号"):
        page = read(steward, "/addresses/library/search/", query_params={"q": text})
        assert re.findall(r'href="/addresses/library/(\d+)/"', page)[:1] == [town.TALL], text
    for text in (
        "",
        "ＣＯＤＥ",
        "'; drop table address_entry; --",
        "%",
        "_",
        "和平路" * 200,
        "\x00",
    ):
        page = read(steward, "/addresses/library/search/", query_params={"q": text})
        assert re.findall(r'href="/addresses/library/(\d+)/"', page) == [], text


def test_a_code_that_ended_is_found_and_leads_to_what_followed(steward: Client) -> None:
    act(steward, town.SMALL, "renumbered", name="和平楼", text="", code="")
    page = read(steward, f"/addresses/library/{town.SMALL}/")
    follower = record_steps_begun()[0]
    assert "这个编码已改号" in page
    assert f"/addresses/library/{follower}/" in page
    found = read(steward, f"/addresses/library/search/?q={town.SMALL}")
    assert "已改号" in found


def record_steps_begun() -> tuple[str, ...]:
    return library.list_events(limit=1)[0].begun


def test_an_unknown_code_is_not_found(steward: Client) -> None:
    for path in ("440399", "x-y", f"{town.TALL}/shapes"):
        status = steward.get(f"/addresses/library/{path}/").status_code
        assert status == (200 if "shapes" in path else 404)
    assert steward.get("/addresses/library/440399/children/").status_code == 404
    assert steward.get("/addresses/events/999/").status_code == 404
    assert steward.get("/addresses/imports/L-none/").status_code == 404


# --- the map and its list ------------------------------------------------------------------------------------
def test_the_map_shows_outlines_gaps_overlaps_and_points_outside(
    outlined_steward: Client,
) -> None:
    steward = outlined_steward
    shapes = steward.get(f"/addresses/library/{town.OUTLINED}/shapes/").json()
    kinds = {one["properties"]["kind"] for one in shapes["features"]}
    assert kinds == {"outline", "gap", "overlap", "point", "outside"}
    outside = [
        one["properties"]["code"]
        for one in shapes["features"]
        if one["properties"]["kind"] == "outside"
    ]
    assert outside == [town.OUTSIDE]
    names = {one["properties"]["name"] for one in shapes["features"]}
    assert "和平路11号" in names
    west, south, east, north = shapes["bounds"]
    assert (west, south) == (114.0, 22.6)
    assert 114.01 < east < 114.02
    assert north == 22.61


def test_everything_wrong_on_the_map_stands_in_the_list_too(
    outlined_steward: Client,
) -> None:
    steward = outlined_steward
    shapes = steward.get(f"/addresses/library/{town.OUTLINED}/shapes/").json()
    page = read(steward, f"/addresses/library/{town.OUTLINED}/findings/")
    for one in shapes["features"]:
        if one["properties"]["kind"] in ("gap", "overlap"):
            assert f'data-shape="{one["properties"]["key"]}"' in page
    for code in (town.OUTSIDE, town.POINTLESS):
        assert f"/addresses/library/{code}/" in page
    assert page.count("data-show-on-map") == 3


def test_a_community_without_outlines_is_drawn_from_its_buildings(steward: Client) -> None:
    shapes = steward.get(f"/addresses/library/{town.BARE}/shapes/").json()
    kinds = [one["properties"]["kind"] for one in shapes["features"]]
    assert kinds.count("cell") == 2
    assert kinds.count("point") == 12
    page = read(steward, f"/addresses/library/{town.BARE}/findings/")
    assert "还没有导入边界" in page


def test_a_district_never_sends_its_buildings(steward: Client) -> None:
    for path in ("shapes/", f"{town.DISTRICT}/shapes/"):
        features = steward.get(f"/addresses/library/{path}").json()["features"]
        assert features
        assert not [one for one in features if one["properties"]["level"] in ("building", "room")]


# --- acts ------------------------------------------------------------------------------------------------------
def test_what_would_happen_is_shown_and_nothing_is_written(steward: Client) -> None:
    before = count_steps()
    answer = steward.post(
        f"/addresses/library/{town.SMALL}/renumbered/",
        {**ACT, "name": "和平楼", "text": "", "code": "", "step": "preview"},
    )
    page = answer.content.decode()
    assert "会变这些，还没有写入" in page
    assert f'data-changes="ended"' in page  # noqa: F541
    assert f"{town.SMALL}000003" in page
    assert count_steps() == before


EVERY_ROLE = {"ended", "begun", "changed"}
ACTS: list[tuple[str, str, dict[str, Any], set[str]]] = [
    (town.SMALL, "renamed", {"name": "和平楼", "text": "甲街道一社区和平楼"}, {"changed"}),
    (town.SMALL, "renumbered", {"name": "和平路120号"}, {"ended", "begun"}),
    (town.SMALL, "demolished", {}, {"ended"}),
    (town.SMALL, "moved", {"into": town.EAST}, {"changed"}),
    (
        town.SMALL,
        "merged",
        {"others": [f"{town.WEST}00003"], "result": "this", f"prefix-{town.WEST}00003": "乙"},
        {"ended", "begun"},
    ),
    (
        town.SMALL,
        "split",
        {
            "parts": "和平路12号甲\n和平路12号乙",
            f"assign-{town.SMALL}000001": "0",
            f"assign-{town.SMALL}000002": "1",
            f"assign-{town.SMALL}000003": "1",
        },
        {"ended", "begun"},
    ),
    (town.SMALL, "planned", {"name": "301"}, {"begun"}),
    (town.WEST, "planned", {"name": "和平路19号", "rooms": "101 102"}, {"begun"}),
    (town.ROOM, "split", {"parts": "101A\n101B"}, {"ended", "begun"}),
    (
        town.BARE,
        "split",
        {
            "parts": "三社区\n四社区",
            f"assign-{town.BARE}01": "0",
            f"assign-{town.BARE}02": "1",
        },
        EVERY_ROLE,
    ),
    (town.EAST, "merged", {"others": [town.WEST], "result": "new", "name": "第9网格"}, EVERY_ROLE),
]


def test_each_act_is_recorded_and_undone(library_store: Store, steward: Client) -> None:
    before = record_of(library_store).counts()
    for code, kind, values, roles in ACTS:
        answer = act(steward, code, kind, **values)
        assert answer.status_code == 302, answer.content.decode()
        event = library.list_events(limit=1)[0]
        assert event.kind == kind
        assert event.by == "demo-data-steward"
        touched = {role for role in ("ended", "begun", "changed") if getattr(event, role)}
        assert touched == roles, kind
        assert "撤销这一条" in read(steward, answer.headers["Location"])
        undo = f"/addresses/events/{event.number}/undo/"
        assert steward.post(undo, {"reason": "批文作废"}).status_code == 302
        after = record_of(library_store).counts()
        for level in ("grid", "building", "room"):
            for state in ("planned", "in_use"):
                assert after[level, state] == before[level, state], (kind, level)
        assert "已撤销" in read(steward, f"/addresses/events/{event.number}/")


def test_a_planned_place_is_taken_into_use(library_store: Store, steward: Client) -> None:
    act(steward, town.WEST, "planned", name="和平路19号", rooms="101、102")
    planned = min(record_steps_begun(), key=len)
    assert record_of(library_store).entry(planned).state is State.PLANNED
    page = read(steward, f"/addresses/library/{planned}/")
    assert f"/addresses/library/{planned}/taken_into_use/" in page
    act(steward, planned, "taken_into_use")
    assert record_of(library_store).entry(planned).state is State.IN_USE
    assert len(record_of(library_store).children(planned)) == 2


def test_a_forbidden_move_is_refused_with_its_reason(steward: Client) -> None:
    act(steward, town.SMALL, "demolished")
    before = count_steps()
    answer = steward.post(
        f"/addresses/library/{town.SMALL}/renamed/", {**ACT, "name": "别名", "step": "preview"}
    )
    assert answer.status_code == 409
    assert "不能更名" in answer.content.decode()
    room = steward.get(f"/addresses/library/{town.ROOM}/")
    assert "/moved/" not in room.content.decode()
    assert count_steps() == before


LACKING = [
    ({"reason": ""}, "请写明原因"),
    ({"reason": "李某 13800138000 说的"}, "像有电话或证件号码"),
    ({"day": ""}, "请写明日期"),
    ({"day": "2206-11-20"}, "请核对年份"),
    ({"day": "昨天"}, "日期写成"),
    ({"parts": "只有一处"}, "至少要有两处"),
    ({f"assign-{town.SMALL}000002": ""}, "还有 1 个下级没有选"),
    ({f"assign-{town.SMALL}000002": "5"}, "没有写出的那一处"),
]


def test_a_form_that_lacks_something_is_kept_and_says_what(steward: Client) -> None:
    before = count_steps()
    whole = dict(ACTS[5][2])
    path = f"/addresses/library/{town.SMALL}/split/"
    for values, sentence in LACKING:
        answer = steward.post(path, {**ACT, **whole, **values, "step": "record"})
        page = answer.content.decode()
        assert answer.status_code == 400
        assert sentence in page
        assert "和平路12号甲" in page or "parts" in values
    assert count_steps() == before


def test_a_library_that_changed_meanwhile_is_shown_again_before_anything_is_written(
    steward: Client,
) -> None:
    path = f"/addresses/library/{town.SMALL}/renumbered/"
    values = {**ACT, "name": "和平路120号", "text": "", "code": ""}
    seen = steward.post(path, {**values, "step": "preview"}).context["seen"]
    # The number that was shown goes to somebody else.
    act(steward, town.WEST, "planned", name="和平路88号")
    before = count_steps()
    answer = steward.post(path, {**values, "step": "record", "seen": seen})
    assert "有了别的变更" in answer.content.decode()
    assert count_steps() == before
    again = steward.post(path, {**values, "step": "record", "seen": answer.context["seen"]})
    assert again.status_code == 302


def test_an_event_that_later_ones_build_upon_is_not_undone(steward: Client) -> None:
    act(steward, town.SMALL, "renumbered", name="和平路120号", text="", code="")
    event = library.list_events(limit=1)[0]
    act(steward, min(event.begun, key=len), "demolished")
    answer = steward.post(f"/addresses/events/{event.number}/undo/", {"reason": "弄错了"})
    assert answer.status_code == 409
    assert "后来又变过" in answer.content.decode()


def test_acts_leave_lines_in_the_ledger(steward: Client) -> None:
    act(steward, town.SMALL, "renamed", name="和平楼", text=f"{town.TOP_TEXT}一社区和平楼")
    number = library.list_events(limit=1)[0].number
    steward.post(f"/addresses/events/{number}/undo/", {"reason": "弄错了"})
    for action, objects in (
        ("recorded_library_event", (town.SMALL,)),
        ("undid_library_event", (f"event-{number}",)),
    ):
        entries = list_entries(LedgerFilter(action=action)).entries
        assert [(one.actor, one.objects) for one in entries] == [("demo-data-steward", objects)]


def test_an_unknown_act_and_an_act_on_a_district_are_not_found(steward: Client) -> None:
    for code, kind in (
        (town.SMALL, "exploded"),
        (town.DISTRICT, "demolished"),
        (town.SUBDISTRICT, "split"),
        (town.ROOM, "planned"),
    ):
        assert steward.get(f"/addresses/library/{code}/{kind}/").status_code == 404, kind


STRANGE = (
    "%00",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "1" * 3000,
    "😀",
    "'%20or%201=1",
)


def test_nothing_that_is_typed_into_an_address_or_a_form_breaks_a_page(steward: Client) -> None:
    before = count_steps()
    for strange in STRANGE:
        for pattern in (
            "/addresses/library/{}/",
            "/addresses/library/search/?q={}",
            "/addresses/imports/{}/",
            f"/addresses/grids/{town.BARE}/?what={{}}&target=400",
            f"/addresses/grids/{town.BARE}/?what=drawn&target={{}}",
            f"/addresses/grids/{town.BARE}/redraw/?first={{}}&last=2",
            f"/addresses/library/{town.BARE}/children/?depth={{}}",
        ):
            answer = steward.get(pattern.format(strange))
            assert answer.status_code < 500, (pattern, strange)
            assert b"<script>alert" not in answer.content
    odd = {"name": "<b>x</b>", "text": "a\x00b", "parts": "<b>x</b>\n" * 5000, "into": "😀"}
    for kind in EventKind:
        for code in (town.WEST, town.SMALL, town.ROOM):
            answer = steward.post(
                f"/addresses/library/{code}/{kind}/", {**ACT, **odd, "step": "record"}
            )
            assert answer.status_code < 500, (kind, code)
            assert b"<b>x</b>" not in answer.content
    assert count_steps() == before


# --- imports ----------------------------------------------------------------------------------------------------
def upload(client: Client, path: Path, **values: str) -> Any:
    file = SimpleUploadedFile(path.name, path.read_bytes())
    given = {"datum": "CGCS2000", "extent": "part", "day": "2026-11-20", **values}
    return client.post("/addresses/imports/", {"file": file, **given}, follow=True)


def test_an_import_is_planned_looked_at_and_applied(
    outlined_store: Store, outlined_steward: Client, tmp_path: Path
) -> None:
    library_store, steward = outlined_store, outlined_steward
    rows = [list(row) for row in town.list_rows()]
    rows[4][3] = "改名网格"
    new = [f"{town.EAST}00009", "楼栋", town.EAST, "和平路", f"{town.TOP_TEXT}一社区和平路29号"]
    orphan = ["4403090019990100001", "楼栋", "44030900199901", "和平路", "哪里也不是1号"]
    more = [(*new, "114.007", "22.604", ""), (*orphan, "", "", "")]
    path = town.write_rows(tmp_path / "再交.csv", [*(tuple(row) for row in rows), *more])
    answer = upload(steward, path)
    plan = answer.context["plan"]
    # Beside the orphan goes back the building whose point lies outside the outline that came in meanwhile.
    assert (plan.added, plan.changed, plan.refused, plan.retired) == (1, 1, 2, 0)
    page = answer.content.decode()
    assert "改名网格" in page
    assert "上级编码 44030900199901 不在库中" in page
    assert record_of(library_store).find_entry(new[0]) is None
    applied = steward.post(
        f"/addresses/imports/{plan.plan_id}/apply/", {"reason": "补交"}, follow=True
    )
    assert applied.context["plan"].state == "applied"
    assert record_of(library_store).entry(new[0]).name == "和平路"


def test_an_applied_import_is_undone_on_its_page(
    library_store: Store, steward: Client, tmp_path: Path
) -> None:
    new = (f"{town.EAST}00009", "楼栋", town.EAST, "和平路", f"{town.TOP_TEXT}一社区和平路29号")
    plan = upload(steward, town.write_rows(tmp_path / "补.csv", [(*new, "", "", "")])).context[
        "plan"
    ]
    steward.post(f"/addresses/imports/{plan.plan_id}/apply/", {"reason": "补交"})
    number = record_of(library_store).sequence
    assert 'id="undo"' in steward.get(f"/addresses/events/{number}/").content.decode()
    answer = steward.post(f"/addresses/events/{number}/undo/", {"reason": "交错了"}, follow=True)
    assert answer.status_code == 200
    assert record_of(library_store).entry(new[0]).state not in ("in_use", "planned")


def test_refused_rows_are_taken_out_with_reason_and_remedy(steward: Client, tmp_path: Path) -> None:
    bad = ("=1+1", "楼栋", town.WEST, "坏行", "坏行", "", "", "")
    path = town.write_rows(tmp_path / "坏.csv", [bad])
    plan = upload(steward, path).context["plan"]
    answer = steward.get(f"/addresses/imports/{plan.plan_id}/refused-rows/")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    cells = list(sheet.iter_rows(values_only=True))
    assert cells[0] == ("行号", "地址编码", "列", "错误原因", "怎么改")
    assert cells[1][1] == "=1+1"
    assert sheet.cell(2, 2).data_type == "s"
    assert "不是 4 到 40 位数字" in cells[1][3]


def test_a_full_delivery_lists_what_it_would_end(steward: Client, tmp_path: Path) -> None:
    rows = [row for row in town.list_rows() if not row[0].startswith(town.SMALL)]
    answer = upload(steward, town.write_rows(tmp_path / "全.csv", rows), extent="full")
    assert answer.context["plan"].retired == 4
    assert "停用不是删除" in answer.content.decode()


def test_a_dropped_plan_changes_nothing(
    library_store: Store, steward: Client, tmp_path: Path
) -> None:
    rows = [(f"{town.EAST}00009", "楼栋", town.EAST, "x", "一社区和平路29号", "", "", "")]
    plan = upload(steward, town.write_rows(tmp_path / "a.csv", rows)).context["plan"]
    before = count_steps()
    answer = steward.post(f"/addresses/imports/{plan.plan_id}/drop/", follow=True)
    assert "地址库没有变" in answer.content.decode()
    late = steward.post(
        f"/addresses/imports/{plan.plan_id}/apply/", {"reason": "还是要"}, follow=True
    )
    assert "已经丢弃" in late.content.decode()
    assert count_steps() == before


UNREADABLE = [
    ("空.csv", b"", "文件是空的"),
    ("图.png", b"x", "只收 CSV"),
    ("坏.csv", b"\xff\xff\xff", ""),
    ("无头.csv", "甲,乙\n1,2\n".encode(), "缺少列"),
    ("坏.geojson", b"{", ""),
    ("坏.zip", b"PK", ""),
    ("坏.gpkg", b"SQLite format 3", ""),
]


def test_a_file_that_cannot_be_read_is_refused_and_nothing_changes(
    steward: Client, tmp_path: Path
) -> None:
    before = count_steps()
    for name, content, sentence in UNREADABLE:
        (tmp_path / name).write_bytes(content)
        page = upload(steward, tmp_path / name).content.decode()
        assert 'role="alert"' in page, name
        assert sentence in page
        assert "系统出了故障" not in page, name
    assert count_steps() == before


def test_an_import_must_say_whether_it_is_the_whole_library(
    steward: Client, tmp_path: Path
) -> None:
    path = town.write_rows(tmp_path / "a.csv", town.list_rows())
    assert "全库还是一部分" in upload(steward, path, extent="").content.decode()
    assert 'role="alert"' in upload(steward, path, datum="北京54").content.decode()


def test_work_that_a_killed_worker_left_begins_again_and_is_done_once(
    library_store: Store, steward: Client, tmp_path: Path
) -> None:
    rows = [(f"{town.EAST}00009", "楼栋", town.EAST, "x", "一社区和平路29号", "", "", "")]
    plan = upload(steward, town.write_rows(tmp_path / "a.csv", rows)).context["plan"]
    steward.post(f"/addresses/imports/{plan.plan_id}/apply/", {"reason": "补交"})
    after = count_steps()
    LibraryWork.objects.filter(kind=WorkKind.APPLY).update(state=UploadState.RUNNING)
    assert requeue_interrupted_work() == 1
    assert LibraryWork.objects.get(kind=WorkKind.APPLY).state == UploadState.KEPT
    assert count_steps() == after
    LibraryWork.objects.filter(kind=WorkKind.PLAN).update(state=UploadState.RUNNING)
    assert requeue_interrupted_work() == 0
    left = LibraryWork.objects.get(kind=WorkKind.PLAN)
    assert left.state == UploadState.BROKEN
    assert "文件已不在" in read(steward, f"/addresses/imports/work/{left.uuid}/")


def test_work_that_ends_its_worker_twice_is_given_up(
    library_store: Store, steward: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """The process is gone: nothing behind this is done."""

    killed = 0

    def kill(*_: object, **__: object) -> None:
        nonlocal killed
        killed += 1
        # What a killed process leaves: its work running, its file there.
        left = LibraryWork.objects.get()
        kept[:] = [(path, path.read_bytes()) for path in working.folder_of(left).iterdir()]
        raise Killed

    kept: list[tuple[Path, bytes]] = []
    monkeypatch.setattr(library, "plan_import", kill)
    upload(steward, town.write_rows(tmp_path / "a.csv", town.list_rows()))
    for begins_again in (1, 0):
        for path, content in kept:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        LibraryWork.objects.update(state=UploadState.RUNNING)
        assert requeue_interrupted_work() == begins_again
    left = LibraryWork.objects.get()
    assert (killed, left.state) == (2, UploadState.BROKEN)
    assert "不再自动重试" in read(steward, f"/addresses/imports/work/{left.uuid}/")
    assert not working.folder_of(left).exists()


def test_the_file_handed_in_does_not_stay(
    library_store: Store, steward: Client, tmp_path: Path
) -> None:
    upload(steward, town.write_rows(tmp_path / "a.csv", town.list_rows()))
    assert [path for path in library_store.scratch.rglob("*") if path.is_file()] == []


# --- grids --------------------------------------------------------------------------------------------------------
DRAW = f"/addresses/grids/{town.BARE}/?what=drawn&target=50"


def test_grids_are_proposed_compared_accepted_and_undone(
    library_store: Store, steward: Client
) -> None:
    page = steward.get(DRAW)
    proposal = page.context["proposal"]
    assert "最多是平均的几倍" in page.content.decode()
    shapes = steward.get(f"/addresses/grids/{town.BARE}/shapes/?what=drawn&target=50").json()
    drawn = [one for one in shapes["features"] if one["properties"]["kind"] == "proposal"]
    assert len(drawn) == len(proposal.grids)
    before = record_of(library_store).counts()["grid", "in_use"]
    accepted = steward.post(
        f"/addresses/grids/{town.BARE}/accept/?what=drawn&target=50",
        {**ACT, "seen": page.context["seen"]},
    )
    assert accepted.status_code == 302, accepted.content.decode()
    living = [one.address_code for one in record_of(library_store).children(town.BARE)]
    assert sorted(living) == sorted(grid.address_code for grid in proposal.grids)
    for grid in proposal.grids:
        held = [one.address_code for one in record_of(library_store).children(grid.address_code)]
        assert tuple(sorted(held)) == tuple(sorted(grid.buildings))
    redraw = accepted.headers["Location"]
    assert "整次撤销" in read(steward, redraw)
    first, last = re.findall(r"\d+", redraw.partition("?")[2])
    assert f"/redraw/?first={first}&amp;last={last}" in read(
        steward, f"/addresses/grids/{town.BARE}/"
    )
    undone = steward.post(
        f"/addresses/grids/{town.BARE}/undo/", {"first": first, "last": last, "reason": "方案退回"}
    )
    assert undone.status_code == 302, undone.content.decode()
    assert record_of(library_store).counts()["grid", "in_use"] == before


def test_a_division_without_its_outlines_is_neither_accepted_nor_undone(
    library_store: Store, steward: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise Refusal("library.raced", "别人刚刚改了地址库。")

    path = f"/addresses/grids/{town.BARE}/accept/?what=drawn&target=50"
    before = count_steps()
    with monkeypatch.context() as patched:
        patched.setattr(grids, "_bring_in", refuse)
        seen = steward.get(DRAW).context["seen"]
        answer = steward.post(path, {**ACT, "seen": seen})
        assert "别人刚刚改了地址库" in answer.content.decode()
    assert count_steps() == before
    assert not list(library_store.library.glob("redraws/*.json"))
    accepted = steward.post(path, {**ACT, "seen": steward.get(DRAW).context["seen"]})
    first, last = re.findall(r"\d+", accepted.headers["Location"].partition("?")[2])
    before = count_steps()
    monkeypatch.setattr(grids, "_bring_in", refuse)
    answer = steward.post(
        f"/addresses/grids/{town.BARE}/undo/", {"first": first, "last": last, "reason": "退回"}
    )
    assert answer.status_code == 409
    assert count_steps() == before


def test_another_proposal_than_the_one_looked_at_is_not_accepted(steward: Client) -> None:
    before = count_steps()
    answer = steward.post(
        f"/addresses/grids/{town.BARE}/accept/?what=drawn&target=50", {**ACT, "seen": "x" * 24}
    )
    assert answer.status_code == 400
    assert "和您看到的不一样" in answer.content.decode()
    assert count_steps() == before


NOT_DRAWN = [
    ("what=drawn&target=", "请写每个网格大约多少户"),
    ("what=drawn&target=1", "至少 50 户"),
    ("what=split&target=400", "请选要拆分的网格"),
    ("what=merged&target=400", "至少两个"),
    (f"what=split&target=400&grid={town.WEST}", "不是二社区在用的网格"),
]


def test_what_cannot_be_drawn_is_said(steward: Client) -> None:
    for query, sentence in NOT_DRAWN:
        answer = steward.get(f"/addresses/grids/{town.BARE}/?{query}")
        assert answer.status_code == 400
        assert sentence in answer.content.decode()


def test_a_grid_is_split_and_two_are_merged_with_their_lineage(
    library_store: Store, steward: Client
) -> None:
    grids = [f"{town.BARE}01", f"{town.BARE}02"]
    for query in (
        f"what=split&target=400&grid={grids[0]}&parts=2",
        f"what=merged&target=400&grids={grids[0]}&grids={grids[1]}",
    ):
        page = steward.get(f"/addresses/grids/{town.BARE}/?{query}")
        assert page.status_code == 200, page.content.decode()
        assert page.context["lineage"]
    answer = steward.post(
        f"/addresses/grids/{town.BARE}/accept/?{query}", {**ACT, "seen": page.context["seen"]}
    )
    assert answer.status_code == 302, answer.content.decode()
    follower = record_of(library_store).resolve(grids[0]).successors
    assert follower == record_of(library_store).resolve(grids[1]).successors


def test_a_clerk_sees_proposals_and_accepts_none(library_store: Store, log_in: LogIn) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    page = clerk.get(DRAW)
    assert "采用由数据管理员做" in page.content.decode()
    seen = {**ACT, "seen": page.context["seen"]}
    url = f"/addresses/grids/{town.BARE}/accept/?what=drawn&target=50"
    assert clerk.post(url, seen).status_code == 403


def test_nothing_of_the_pages_is_large_enough_to_be_the_whole_library(steward: Client) -> None:
    """What the map and the tree fetch for one community says nothing of another."""
    shapes = json.dumps(steward.get(f"/addresses/library/{town.OUTLINED}/shapes/").json())
    assert town.BARE not in shapes
    assert town.BARE not in read(steward, f"/addresses/library/{town.OUTLINED}/children/")


def test_a_grid_that_kept_its_code_gets_its_outline_back(outlined_steward: Client) -> None:
    steward = outlined_steward
    findings = f"/addresses/library/{town.OUTLINED}/findings/"
    before = steward.get(findings).context["findings"].sums
    draw = f"/addresses/grids/{town.OUTLINED}/?what=drawn&target=50"
    page = steward.get(draw)
    assert [grid.address_code for grid in page.context["proposal"].grids] == [town.WEST]
    accepted = steward.post(
        f"/addresses/grids/{town.OUTLINED}/accept/?what=drawn&target=50",
        {**ACT, "seen": page.context["seen"]},
    )
    after = dict(
        (key, count) for key, _title, count in steward.get(findings).context["findings"].sums
    )
    assert (after["gap"], after["overlap"]) == (0, 0)
    first, last = re.findall(r"\d+", accepted.headers["Location"].partition("?")[2])
    steward.post(
        f"/addresses/grids/{town.OUTLINED}/undo/", {"first": first, "last": last, "reason": "退回"}
    )
    assert steward.get(findings).context["findings"].sums == before
