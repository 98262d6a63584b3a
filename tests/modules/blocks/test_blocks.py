"""Blocks count what is there, find it again, and hold back small counts of people."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuai.blocks.engine.counters import SMALLEST_SHOWN_COUNT
from kuai.kit.errors import DataFault, Refusal
from tests.modules.blocks.builders import TOP, a_library, figure, is_suppressed, pack, residents

ROOM = f"{TOP}0010010100001000001"


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    return pack(tmp_path_factory.mktemp("district"), a_library())


def test_every_level_counts_its_rooms_exactly(district):
    expected = {
        TOP: 48,
        f"{TOP}001": 48,
        f"{TOP}001001": 24,
        f"{TOP}00100101": 12,
        f"{TOP}0010010100001": 4,
    }
    assert {code: figure(district, code, "rooms") for code in expected} == expected
    assert figure(district, TOP, "buildings") == 12


def test_a_block_knows_its_way_up_and_its_children(district):
    view = district.get_block(f"{TOP}00100101")
    assert [code for code, _, _ in view.path] == [TOP, f"{TOP}001", f"{TOP}001001"]
    assert [child.code for child in district.list_children(view.code)] == [
        f"{TOP}00100101{n:05d}" for n in (1, 2, 3)
    ]


def test_a_room_has_no_figures(district):
    assert district.get_block(ROOM).counters == ()


def test_an_unknown_code_is_refused_with_what_to_do(district):
    with pytest.raises(Refusal, match="999999"):
        district.get_block("999999")


def test_children_follow_the_librarys_parents_not_the_code(tmp_path):
    library = a_library(communities=2, grids=1, buildings=1, rooms=1)
    moved = f"{TOP}00100101"
    next(row for row in library if row["address_code"] == moved)["parent_code"] = f"{TOP}001002"
    reader = pack(tmp_path, library)
    assert figure(reader, f"{TOP}001001", "rooms") == 0
    assert figure(reader, f"{TOP}001002", "rooms") == 2


def test_a_person_registered_twice_in_a_block_is_one(tmp_path):
    library = a_library(communities=1, grids=1, buildings=2, rooms=1)
    first, second = f"{TOP}0010010100001000001", f"{TOP}0010010100002000001"
    reader = pack(tmp_path, library, residents(first, 15) + residents(second, 15))
    assert figure(reader, TOP, "residents") == 15


@pytest.mark.parametrize(("people", "shown"), [(9, None), (10, 10), (1, None), (0, 0)])
def test_fewer_than_ten_people_are_not_shown(tmp_path, people, shown):
    reader = pack(tmp_path, a_library(communities=1, grids=1, buildings=1), residents(ROOM, people))
    assert figure(reader, TOP, "residents") == shown


def test_a_small_sister_is_not_found_by_subtraction(tmp_path):
    library = a_library(communities=3, grids=1, buildings=1, rooms=1)
    people = [
        residents(f"{TOP}001{c:03d}0100001000001", n, first=c * 1000)
        for c, n in ((1, 4), (2, 30), (3, 50))
    ]
    reader = pack(tmp_path, library, sum(people, []))
    hidden = [c for c in (1, 2, 3) if is_suppressed(reader, f"{TOP}001{c:03d}", "residents")]
    assert hidden == [1, 2]
    assert is_suppressed(reader, f"{TOP}00100201", "residents")
    assert figure(reader, TOP, "residents") == 84


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(min_value=0, max_value=40), min_size=8, max_size=8))
def test_no_parent_minus_its_shown_children_leaves_fewer_than_ten(tmp_path_factory, counts):
    folder = tmp_path_factory.mktemp("attack")
    library = a_library(communities=2, grids=2, buildings=2, rooms=1)
    buildings = [row["address_code"] for row in library if row["level"] == "building"]
    people = [
        residents(f"{code}000001", n, first=i * 1000)
        for i, (code, n) in enumerate(zip(buildings, counts, strict=True))
    ]
    reader = pack(folder, library, sum(people, []))
    truth = dict(zip(buildings, counts, strict=True))
    for code in [
        row["address_code"]
        for row in library
        if row["level"] in ("district", "subdistrict", "community", "grid")
    ]:
        shown = figure(reader, code, "residents")
        children = reader.list_children(code)
        hidden = [c for c in children if is_suppressed(reader, c.code, "residents")]
        rest = sum(figure(reader, c.code, "residents") or 0 for c in children if c not in hidden)
        if shown is not None and hidden:
            assert len(hidden) > 1
            assert shown - rest >= SMALLEST_SHOWN_COUNT
    assert not [
        code
        for code, n in truth.items()
        if 0 < n < SMALLEST_SHOWN_COUNT and not is_suppressed(reader, code, "residents")
    ]


def test_ended_relations_are_not_counted(tmp_path):
    people = residents(ROOM, 12)
    for relation in people[:2]:
        relation["status"] = "ended"
    reader = pack(tmp_path, a_library(communities=1, grids=1, buildings=1), people)
    assert figure(reader, TOP, "residents") == 10


def square(x, y, size):
    ring = [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_a_drawn_area_counts_the_buildings_inside(district):
    view = district.count_polygon(square(114.11, 22.0005, 0.006))
    rooms = next(one.figure for one in view.counters if one.key == "rooms")
    assert (view.children, rooms) == (3, 12)


def test_a_drawn_area_counts_people_by_whole_cells_only(tmp_path):
    library = a_library(communities=1, grids=2, buildings=2, rooms=1)
    people = (
        residents(f"{TOP}0010010100001000001", 17)
        + residents(f"{TOP}0010010100002000001", 3, first=50)
        + residents(f"{TOP}0010010200001000001", 30, first=100)
    )
    reader = pack(tmp_path, library, people)

    def people_in(area):
        return next(
            one.figure for one in reader.count_polygon(area).counters if one.key == "residents"
        )

    assert people_in(square(114.113, 22.0, 0.0025)) == 20
    assert (
        people_in({"type": "Feature", "properties": {}, "geometry": square(114.11, 22.0, 0.1)})
        == 50
    )
    half_a_grid = {
        "type": "Polygon",
        "coordinates": [
            [[114.11, 22], [114.115, 22], [114.115, 22.0015], [114.11, 22.0015], [114.11, 22]]
        ],
    }
    assert people_in(half_a_grid) is None, "the seventeen are counted with the three next door"


@pytest.mark.parametrize(
    "area",
    [
        {},
        {"type": "Point", "coordinates": [114, 22]},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": "x"},
        {"type": "FeatureCollection", "features": []},
        {"type": "FeatureCollection", "features": "x"},
        {"type": "FeatureCollection", "features": [3]},
        {"type": "Feature", "geometry": [1]},
    ],
)
def test_an_area_that_is_none_is_refused_with_a_sentence(district, area):
    with pytest.raises(DataFault, match="圈选区域"):
        district.count_polygon(area)


def test_two_characters_find_an_address_and_a_room_number_opens_its_building(district):
    assert {hit.level for hit in district.search_places("甲1")} == {"building"}
    (hit, *_) = district.search_places("甲111村1号101")
    assert (hit.code, hit.level) == (ROOM, "room")


@pytest.mark.parametrize(
    "text", ["", "   ", '"', "AND", "甲* OR", "没有这个地方", "'; drop table block; --"]
)
def test_whatever_is_typed_the_search_answers(district, text):
    assert isinstance(district.search_places(text), list)


def test_no_limit_opens_the_whole_index(district):
    assert district.search_places("甲", limit=3)
    assert district.search_places("甲", limit=-1) == []


@pytest.mark.parametrize("name", ["q'uote", "ha#sh", "per%41cent", "what?"])
def test_a_build_is_read_wherever_it_lies(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    assert pack(folder, a_library()).get_block(TOP).code == TOP


def test_organisations_are_found_by_name_and_lead_to_their_place(tmp_path):
    firm = {
        "organisation_no": 1,
        "organisation_code": "O-00000001-1",
        "name": "示范五金店",
        "kind": "enterprise",
        "state": "active",
    }
    at = {
        "type": "LH_REGISTERED",
        "from_code": "O-00000001-1",
        "to_code": ROOM,
        "status": "asserted",
        "source": "market",
    }
    reader = pack(tmp_path, a_library(), [at], organisations=[firm])
    (hit,) = reader.search_places("五金")
    assert (hit.level, hit.code) == ("organisation", ROOM)
    assert hit.organisation_code == "O-00000001-1"
    assert figure(reader, TOP, "firms") == 1


def test_a_search_shows_places_before_firms_and_leaves_room_for_both(tmp_path):
    firms = [
        {
            "organisation_no": n,
            "organisation_code": f"O-0000000{n}-1",
            "name": f"甲{n}店",
            "kind": "enterprise",
            "state": "active",
        }
        for n in range(1, 9)
    ]
    levels = [
        hit.level
        for hit in pack(tmp_path, a_library(), organisations=firms).search_places("甲", limit=10)
    ]
    assert levels == ["building"] * 6 + ["organisation"] * 4


def test_building_points_carry_rooms_and_no_people(district):
    features = district.building_points(f"{TOP}001001")["features"]
    assert len(features) == 6
    assert {tuple(sorted(one["properties"])) for one in features} == {
        ("code", "name", "rooms", "text", "use")
    }


def test_equal_input_gives_an_equal_serving_file(tmp_path):
    library = a_library()
    first = pack(tmp_path / "a", library, residents(ROOM, 12))
    random.Random(3).shuffle(library)
    second = pack(tmp_path / "b", library, residents(ROOM, 12)[::-1])
    assert first._file.read_bytes() == second._file.read_bytes()
