"""A clerk marks out areas of the town without dragging, keeps one, sends its link, compares, takes figures along."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client

from kuai.blocks.happenings import SQUARES_A_TILE as SQUARES_OF_THE_DOOR
from kuai.blocks.queries import BlockReader, open_blocks
from kuai.guard.access import create_demo_accounts, register_source
from kuai.guard.ledger import list_entries
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.models import Account
from kuai.guard.types import Role
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from kuai.web.areas import counting, keeping
from kuai.web.blocks.heat import SQUARES_A_TILE
from kuai.web.models import SavedArea
from tests.modules.web.conftest import NOW, PASSWORD, STEWARD, a_registration

pytestmark = pytest.mark.django_db

LogIn = Callable[..., Client]
PERSON_CODE = re.compile(r"P-[0-9A-Z]{4}")


@dataclass(frozen=True)
class Ground:
    """The town's places that the stories speak of."""

    reader: BlockReader
    own: str
    own_grids: list[str]
    other_grid: str
    building: str
    foreign_building: str


@pytest.fixture(scope="module")
def copied(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The town's store, copied once for this file: pictures of areas are drawn into it."""
    root = tmp_path_factory.mktemp("areas") / "store"
    shutil.copytree(built, root)
    shutil.copytree(Store(built).keys, Store(root).keys)
    return Store(root)


@pytest.fixture
def ground(copied: Store) -> Ground:
    reader = open_blocks(copied.current_build())
    (district,) = reader.top_blocks()
    first, second, *_ = reader.list_children(district.code)

    def grids(code: str) -> list[str]:
        return [one.code for one in reader.list_for_choosing("grid", within=code)]

    def largest(grid_codes: list[str]) -> str:
        buildings = [b for code in grid_codes for b in reader.list_children(code)]
        return max(buildings, key=lambda b: b.counters[0].figure or 0).code

    own, foreign = grids(first.code), grids(second.code)
    return Ground(
        reader,
        f"{district.code}/{first.code}",
        own,
        foreign[0],
        largest(own),
        largest(foreign),
    )


@pytest.fixture
def log_in(copied: Store, ground: Ground, settings: LazySettings) -> LogIn:
    """A browser of somebody of this role; roles that act in an area act in the first sub-district."""
    settings.STORE = copied
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    register_source(a_registration("police_residents", "实有人口登记"), by=STEWARD, at=NOW)
    create_demo_accounts([ground.own], synthetic=True, at=NOW, password=PASSWORD)

    def as_role(role: Role) -> Client:
        client = Client()
        name = f"demo-{role.value.replace('_', '-')}"
        assert client.post("/login/", {"username": name, "password": PASSWORD}).status_code == 302
        return client

    return as_role


def mark_out(client: Client, **form: object) -> str:
    """The address of the new area."""
    answer = client.post("/areas/new/", form)
    assert answer.status_code == 302, re.sub(r"<[^>]+>", " ", answer.content.decode())[:1500]
    return str(answer.headers["Location"])


def test_ticking_a_circle_and_a_polygon_give_figures(log_in: LogIn, ground: Ground) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    ticked = mark_out(clerk, way="blocks", code=ground.own_grids)
    page = clerk.get(ticked).content.decode()
    rooms = sum(ground.reader.get_block(code).counters[0].figure or 0 for code in ground.own_grids)
    assert f'counter-figure">{rooms:,}<' in page
    circle = mark_out(clerk, way="circle", centre=ground.building, radius_m="60")
    assert clerk.get(circle).status_code == 200
    block = ground.reader.get_block(ground.building)
    x, y = block.longitude or 0, block.latitude or 0
    ring = [[x - 1e-4, y - 1e-4], [x + 1e-4, y - 1e-4], [x + 1e-4, y + 1e-4], [x - 1e-4, y - 1e-4]]
    shape = json.dumps({"type": "Polygon", "coordinates": [ring]})
    assert clerk.get(mark_out(clerk, way="polygon", shape=shape)).status_code == 200
    # Nothing of the shape is in an address; the look is in the ledger.
    for address in (ticked, circle):
        assert re.fullmatch(r"/areas/[0-9a-f-]{36}/", address)
    assert len(list_entries(LedgerFilter(action="viewed_area")).entries) == 3


@pytest.mark.parametrize(
    "form",
    [
        {"way": "blocks"},
        {"way": "blocks", "code": ["0000"]},
        {"way": "blocks", "code": [f"{n}" for n in range(501)]},
        {"way": "circle", "longitude": "x", "latitude": "22.6", "radius_m": "500"},
        {"way": "circle", "longitude": "114", "latitude": "22.6", "radius_m": "5"},
        {"way": "circle", "longitude": "10", "latitude": "10", "radius_m": "500"},
        {"way": "circle", "longitude": "nan", "latitude": "22.6", "radius_m": "500"},
        {"way": "polygon", "shape": ""},
        {"way": "polygon", "shape": "{"},
        {"way": "polygon", "shape": '{"type": "Point", "coordinates": [1, 2]}'},
        {"way": "polygon", "shape": '{"type": "Polygon", "coordinates": [[[1, 2], [3, 4]]]}'},
    ],
)
def test_what_makes_no_area_is_said_and_not_kept(log_in: LogIn, form: dict[str, object]) -> None:
    answer = log_in(Role.LEADER).post("/areas/new/", form)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
    assert not SavedArea.objects.exists()


def test_an_area_beyond_ones_own_ground_is_refused(log_in: LogIn, ground: Ground) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    for codes in ([ground.other_grid], [ground.own_grids[0], ground.other_grid]):
        answer = clerk.post("/areas/new/", {"way": "blocks", "code": codes})
        assert answer.status_code == 409
        said = answer.content.decode()
        assert "不在您的辖区内" in said
        assert "counter-figure" not in said
    offered = clerk.get("/areas/new/?within=").content.decode()
    assert ground.own_grids[0] in offered
    assert ground.other_grid not in offered


def test_a_clerk_one_of_whose_areas_was_merged_away_still_marks_out_the_others(
    log_in: LogIn, ground: Ground
) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    gone = f"{ground.own}/440399999999"
    Account.objects.filter(username="demo-subdistrict-clerk").update(areas=[gone, ground.own])
    page = clerk.get("/areas/new/")
    assert page.status_code == 200
    assert "有 1 处在现在的版本里已经没有" in page.content.decode()
    assert ground.own_grids[0] in page.content.decode()
    mark_out(clerk, way="blocks", code=ground.own_grids[:1])
    Account.objects.filter(username="demo-subdistrict-clerk").update(areas=[gone])
    alone = clerk.get("/areas/new/")
    assert alone.status_code == 200
    assert ground.own_grids[0] not in alone.content.decode()


def test_large_areas_are_judged_by_the_same_ground(
    log_in: LogIn, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a few buildings one's own are listed once instead of asking each: the answer is the same."""
    monkeypatch.setattr(counting, "FEW", 0)
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    mark_out(clerk, way="blocks", code=ground.own_grids)
    mixed = [*ground.own_grids, ground.other_grid]
    assert clerk.post("/areas/new/", {"way": "blocks", "code": mixed}).status_code == 409


def test_one_keeps_a_limited_number_of_drafts(
    log_in: LogIn, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_DRAFTS", 2)
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    made = [mark_out(clerk, way="blocks", code=ground.own_grids[:1]) for _ in range(3)]
    assert clerk.get(made[0]).status_code == 409
    assert SavedArea.objects.count() == 2


def test_a_link_opens_only_what_its_opener_may_see(log_in: LogIn, ground: Ground) -> None:
    leader, clerk = log_in(Role.LEADER), log_in(Role.SUBDISTRICT_CLERK)
    both = mark_out(leader, way="blocks", code=[ground.own_grids[0], ground.other_grid])
    inside = mark_out(leader, way="blocks", code=ground.own_grids[:1])
    # A draft is its maker's alone.
    assert clerk.get(inside).status_code == 409
    for address, name in ((both, "两街道"), (inside, "一网格")):
        assert leader.post(f"{address}name/", {"name": name}).status_code == 302
    assert clerk.get(inside).status_code == 200
    refused = clerk.get(both)
    assert refused.status_code == 409
    assert "counter-figure" not in refused.content.decode()
    sent = {"form": "csv", "reason": "布点"}
    assert clerk.post(f"{both}export/", sent).status_code == 409
    # Nobody else's area is changed; roles that see no blocks see no area.
    for act in ("name/", "remove/", "bring-back/"):
        assert clerk.post(f"{inside}{act}", {"name": "改"}).status_code == 409
    assert log_in(Role.RESIDENT).get(inside).status_code == 403


def test_an_area_is_named_removed_and_brought_back(log_in: LogIn, ground: Ground) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    address = mark_out(clerk, way="blocks", code=ground.own_grids[:1])
    for name in ("", "王先生家", "13800138000", "长" * 41):
        assert clerk.post(f"{address}name/", {"name": name}).status_code == 409
    clerk.post(f"{address}name/", {"name": "学校周边"})
    other = mark_out(clerk, way="blocks", code=ground.own_grids[:1])
    assert clerk.post(f"{other}name/", {"name": "学校周边"}).status_code == 409
    assert "学校周边" in clerk.get("/areas/").content.decode()
    clerk.post(f"{address}remove/")
    page = clerk.get("/areas/").content.decode()
    assert "撤销移除" in page
    clerk.post(f"{address}bring-back/")
    assert "撤销移除" not in clerk.get("/areas/").content.decode()
    assert clerk.get(address).status_code == 200


def test_drafts_and_what_was_removed_go_after_a_week(log_in: LogIn, ground: Ground) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    for name in ("", "留", "走"):
        address = mark_out(clerk, way="blocks", code=ground.own_grids[:1])
        if name:
            clerk.post(f"{address}name/", {"name": name})
    clerk.post(f"{address}remove/")
    long_ago = utc_now() - timedelta(days=8)
    SavedArea.objects.update(made_at=long_ago)
    SavedArea.objects.exclude(removed_at=None).update(removed_at=long_ago)
    mark_out(clerk, way="blocks", code=ground.own_grids[:1])
    assert sorted(SavedArea.objects.values_list("name", flat=True)) == ["", "留"]


def test_two_areas_stand_side_by_side(log_in: LogIn, ground: Ground) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    ids = [
        mark_out(clerk, way="blocks", code=[code]).split("/")[2] for code in ground.own_grids[:2]
    ]
    page = clerk.get(f"/areas/compare/?first={ids[0]}&second={ids[1]}").content.decode()
    first, second = (
        ground.reader.get_block(code).counters[0].figure or 0 for code in ground.own_grids[:2]
    )
    difference = second - first
    assert f">{first:,}<" in page
    assert f">{second:,}<" in page
    assert f">{difference:+,}<" in page.replace(">0<", ">+0<")
    district = ground.own.split("/")[0]
    # Nor is a published block beyond one's own ground set against a part of it.
    for place in (district, ground.other_grid):
        refused = clerk.get(f"/areas/compare/?first={ids[0]}&second={place}")
        assert (refused.status_code, "不在您的辖区内" in refused.content.decode()) == (409, True)
    street = ground.own.split("/")[1]
    assert clerk.get(f"/areas/compare/?first={ids[0]}&second={street}").status_code == 200
    leader = log_in(Role.LEADER)
    both = f"/areas/compare/?first={ground.own_grids[0]}&second={district}"
    assert leader.get(both).status_code == 200
    assert clerk.get(f"/areas/compare/?first={ids[0]}&second=../x").status_code == 409


def test_a_plan_tells_of_premises_and_of_nobody(log_in: LogIn, ground: Ground) -> None:
    url = f"/blocks/{ground.building}/plan/"
    clerk, leader = log_in(Role.SUBDISTRICT_CLERK), log_in(Role.LEADER)
    page = clerk.get(url).content.decode()
    rooms = [
        room for _floor, faces in ground.reader.floor_plan(ground.building).floors for room in faces
    ]
    for room in rooms:
        assert f"/blocks/{room.code}/" in page
    assert page.count('<td><a class="plan-room') == len(rooms)
    assert not PERSON_CODE.search(page)
    for word in ("登记居住", "住户", "诉求</", "人口"):
        assert word not in page
    # Filings to those who work on them, and the plan itself on one's own ground only.
    assert "租赁备案" in clerk.get(f"{url}?view=filing").content.decode()
    assert "?view=filing" not in leader.get(url).content.decode()
    assert "有租赁备案" not in leader.get(f"{url}?view=filing").content.decode()
    assert clerk.get(f"/blocks/{ground.foreign_building}/plan/").status_code == 409
    assert leader.get(f"/blocks/{ground.foreign_building}/plan/").status_code == 200
    assert clerk.get(f"/blocks/{ground.own_grids[0]}/plan/").status_code == 404


def test_the_heat_of_requests_has_no_square_below_ten(log_in: LogIn, ground: Ground) -> None:
    assert SQUARES_A_TILE == SQUARES_OF_THE_DOOR
    district = ground.own.split("/")[0]
    page = log_in(Role.LEADER).get(f"/blocks/{district}/heat/").content.decode()
    shown = [int(text) for text in re.findall(r'data-sort="(\d+)"', page)]
    assert all(figure >= 10 for figure in shown)
    squares = json.loads(
        re.search(r'data-squares="([^"]*)"', page)[1].replace("&quot;", '"')  # type: ignore[index]
    )
    assert len([one for one in squares["features"] if one["properties"]["label"]]) == len(shown)
    assert not PERSON_CODE.search(page)
    bad = log_in(Role.LEADER).get(f"/blocks/{district}/heat/?first=x")
    assert bad.status_code == 409


def test_an_areas_export_shows_what_the_page_shows_and_nobody(
    log_in: LogIn, ground: Ground
) -> None:
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    address = mark_out(clerk, way="blocks", code=ground.own_grids)
    sent = {"reason": "设施布点"}
    text = clerk.post(f"{address}export/", {**sent, "form": "csv"}).content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    view = ground.reader.count_area(codes=tuple(ground.own_grids))
    whole = {row["指标"]: row["数"] for row in rows if not row["编码"]}
    assert whole == {c.title_zh: "不公布" if c.suppressed else str(c.figure) for c in view.counters}
    assert all(
        int(row["数"]) >= 10 or row["数"] == "0" for row in rows if row["级别"] == "人数单元"
    )
    collection = json.loads(clerk.post(f"{address}export/", {**sent, "form": "geojson"}).content)
    assert len(collection["features"]) == 1 + len(view.cells)
    for form in ("csv", "xlsx", "geojson", "pdf"):
        answer = clerk.post(f"{address}export/", {**sent, "form": form})
        assert answer.status_code == 200
        if form in ("csv", "geojson"):
            assert not PERSON_CODE.search(answer.content.decode())


def test_one_build_has_no_two_dates_and_an_unknown_one_is_refused(
    log_in: LogIn, ground: Ground, copied: Store
) -> None:
    leader = log_in(Role.LEADER)
    district = ground.own.split("/")[0]
    url = f"/blocks/{district}/dates/"
    assert "还没有可比的日期" in leader.get(url).content.decode()
    assert leader.get(f"{url}?earlier=b-1&later=b-2").status_code == 409
    version = copied.current_version()
    same = leader.get(f"{url}?earlier={version}&later={version}")
    assert same.status_code == 200
    assert "data-compared" in same.content.decode()
    # A second build: here the first one's copy, so nothing has changed between the two.
    later = f"{version}0"
    shutil.copytree(copied.builds / version, copied.builds / later)
    copied.note_publication(later, utc_now())
    assert "还没有可比的日期" not in leader.get(url).content.decode()
    page = leader.get(f"{url}?earlier={version}&later={later}").content.decode()
    differences = re.findall(r'data-label="差">([^<]*)<', page)
    assert set(differences) <= {"0", "—"}
    assert len(differences) > 5
