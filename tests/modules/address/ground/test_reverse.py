"""From a point to building, grid and community."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from kuai.address.ground.reverse import Closeness, FoundBy, open_reverse
from kuai.kit.coordinates import points_from_cgcs2000
from kuai.kit.errors import Refusal
from tests.modules.address.ground import builders
from tests.modules.address.ground.builders import COMMUNITY, OTHER_COMMUNITY, entry, spot, square

GRID, OTHER_GRID = COMMUNITY + "01", OTHER_COMMUNITY + "01"
FIRST, SECOND = GRID + "00001", OTHER_GRID + "00002"


def finder(shapes=None, more=()):
    rows = [
        *builders.areas_above(),
        entry(GRID, "grid", COMMUNITY),
        entry(OTHER_GRID, "grid", OTHER_COMMUNITY),
        entry(FIRST, "building", GRID, spot(5, 5)),
        entry(SECOND, "building", OTHER_GRID, spot(12, 5)),
        *more,
    ]
    table = None if shapes is None else builders.geometries(shapes)
    return open_reverse(builders.entries(rows), table)


def test_the_nearest_building_comes_with_its_distance_and_its_areas():
    answer = finder().find(*spot(5.1, 5))
    assert answer.building.address_code == FIRST
    assert answer.building.distance_m == pytest.approx(10.0, abs=0.1)
    assert answer.closeness is Closeness.CLOSE
    assert (answer.grid.address_code, answer.grid.found_by) == (GRID, FoundBy.BUILDING)
    assert answer.community.address_code == COMMUNITY
    assert answer.district.address_code == builders.DISTRICT


def test_an_outline_decides_over_the_nearest_building():
    shapes = {COMMUNITY: square(0, 0, size=10), OTHER_COMMUNITY: square(10, 0, size=10)}
    answer = finder(shapes).find(*spot(9.9, 5))
    assert answer.building.address_code == SECOND
    assert (answer.community.address_code, answer.community.found_by) == (
        COMMUNITY,
        FoundBy.GEOMETRY,
    )
    # The nearest building stands across the border: its grid is not the point's.
    assert answer.grid is None
    assert answer.subdistrict.address_code == builders.SUBDISTRICT


def test_the_current_grid_is_the_outline_not_the_digits_of_the_building_code():
    redrawn = COMMUNITY + "07"
    shapes = {redrawn: square(0, 0, size=10)}
    answer = finder(shapes, more=[entry(redrawn, "grid", COMMUNITY)]).find(*spot(5, 5.05))
    assert answer.building.address_code == FIRST
    assert answer.grid.address_code == redrawn


def test_a_point_on_a_shared_border_belongs_to_the_lower_code_every_time():
    shapes = {OTHER_COMMUNITY: square(10, 0, size=10), COMMUNITY: square(0, 0, size=10)}
    border = shapely.get_coordinates(shapes[COMMUNITY])[:, 0].max()
    answer = finder(shapes).find(border, spot(0, 3)[1])
    assert answer.community.address_code == COMMUNITY


def test_a_footprint_contains_and_counts_from_its_edge():
    shapes = {FIRST: square(4, 4, size=2)}
    inside = finder(shapes).find(*spot(5.9, 5.9))
    beside = finder(shapes).find(*spot(6.5, 5))
    assert (inside.closeness, inside.building.distance_m) == (Closeness.INSIDE, 0.0)
    assert beside.building.distance_m == pytest.approx(50, abs=0.5)
    assert beside.closeness is Closeness.NEAR


def test_two_buildings_equally_near_are_both_told():
    twin = GRID + "00009"
    answer = finder(more=[entry(twin, "building", GRID, spot(5.2, 5))]).find(*spot(5.1, 5))
    assert [answer.building.address_code, *(one.address_code for one in answer.rivals)] == [
        FIRST,
        twin,
    ]
    assert answer.closeness is Closeness.NEAR
    assert "不能断定" in answer.words


def test_places_outside_say_so_and_give_no_code():
    here = finder()
    far, sea, swapped = (
        here.find(*spot(80, 80)),
        here.find(0.0, 0.0),
        here.find(*reversed(spot(5, 5))),
    )
    for answer in (far, sea, swapped):
        assert answer.closeness is Closeness.OUTSIDE
        assert answer.building is answer.grid is answer.community is None
    assert "不在本库范围" in far.words
    assert "不在中国境内" in sea.words
    assert "写反" in swapped.words


def test_an_outline_without_buildings_near_still_names_its_community():
    answer = finder({COMMUNITY: square(0, 0, size=60)}).find(*spot(50, 50))
    assert answer.building is None
    assert answer.community.address_code == COMMUNITY
    assert answer.closeness is Closeness.FAR


@pytest.mark.parametrize("datum", ["CGCS2000", "WGS84", "GCJ-02", "BD-09"])
def test_a_point_of_any_datum_finds_the_same_building(datum):
    shown = points_from_cgcs2000(np.array([spot(5.02, 5.02)]), system=datum)[0]
    answer = finder().find(*shown, datum=datum)
    assert answer.building.address_code == FIRST
    assert answer.longitude == pytest.approx(spot(5.02, 5.02)[0], abs=1e-9)


@pytest.mark.parametrize(
    ("point", "datum"),
    [((114.3, 22.6), ""), ((114.3, 22.6), "火星"), ((float("nan"), 22.6), "WGS84")],
)
def test_an_unlabelled_point_and_no_number_are_refused_with_a_next_step(point, datum):
    with pytest.raises(Refusal) as refused:
        finder().find(*point, datum=datum)
    assert refused.value.next_step


def test_ended_buildings_are_never_found():
    gone = entry(GRID + "00003", "building", GRID, spot(3, 3), state="demolished")
    assert finder(more=[gone]).find(*spot(3, 3)).building.address_code == FIRST


def test_a_batch_answers_as_one_by_one_and_as_a_plain_search_would():
    points = builders.scattered(300, seed=4)
    rows = [
        entry(f"{GRID}{number:05d}", "building", GRID, tuple(point))
        for number, point in enumerate(builders.scattered(200, seed=5))
    ]
    here = open_reverse(
        builders.entries([*builders.areas_above(), entry(GRID, "grid", COMMUNITY), *rows])
    )
    batch = here.find_many(points)
    assert batch[::29] == [here.find(*point) for point in points[::29]]
    homes = np.array([[row["longitude"], row["latitude"]] for row in rows])
    scale = (builders.EAST_100_M, builders.NORTH_100_M)
    plain = np.hypot(*np.moveaxis((points[:, None] - homes[None]) / scale, 2, 0)).argmin(axis=1)
    agree = [
        answer.building.address_code == rows[row]["address_code"]
        for answer, row in zip(batch, plain, strict=True)
    ]
    # The scale of the test is rounded to a part in a thousand: near ties may fall the other way.
    assert np.mean(agree) > 0.99


def test_an_empty_library_answers_outside():
    here = open_reverse(builders.entries(builders.areas_above()))
    assert here.find(*spot(1, 1)).closeness is Closeness.OUTSIDE
    assert here.find_many(np.empty((0, 2))) == []
