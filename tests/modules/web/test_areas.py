"""Areas drawn from building points: they cover, fit into each other and are made once."""

from __future__ import annotations

import json

import shapely

from kuai.kit.store import Store
from kuai.web.blocks.areas import find_areas, make_areas, read_areas
from kuai.web.blocks.drawing import bounds_of, point_of, short_name
from tests.modules.web.fakes import (
    BUILDING,
    COMMUNITY,
    DISTRICT,
    GRID,
    ROOM,
    SUBDISTRICT,
    FakeReader,
    a_block,
)


class TwoGrids(FakeReader):
    """The small city with a second grid beside the first."""

    def list_children(self, code: str):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        children = super().list_children(code)
        if code == COMMUNITY:
            return [*children, replace(children[0], code=GRID[:-1] + "2", longitude=114.05)]
        return children

    def get_block(self, code: str):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        if code == GRID[:-1] + "2":
            return replace(a_block(GRID), code=code, longitude=a_block(GRID).longitude + 0.005)
        return super().get_block(code)


def shape_of(areas: dict[str, dict[str, object]], code: str) -> shapely.Geometry:
    return shapely.from_geojson(json.dumps(areas[code]["geometry"]))


def test_every_building_lies_in_the_area_of_its_grid() -> None:
    areas = make_areas(TwoGrids())
    for grid in (GRID, GRID[:-1] + "2"):
        for feature in TwoGrids().building_points(grid)["features"]:
            x, y = feature["geometry"]["coordinates"]
            assert shapely.contains_xy(shape_of(areas, grid), x, y)


def test_neighbours_touch_and_do_not_overlap() -> None:
    areas = make_areas(TwoGrids())
    one, two = shape_of(areas, GRID), shape_of(areas, GRID[:-1] + "2")
    assert shapely.distance(one, two) < 1e-6
    assert shapely.area(shapely.intersection(one, two)) < 0.001 * shapely.area(one)


def test_levels_fit_into_each_other() -> None:
    areas = make_areas(TwoGrids())
    community = shape_of(areas, COMMUNITY)
    grids = shapely.unary_union([shape_of(areas, GRID), shape_of(areas, GRID[:-1] + "2")])
    assert shapely.area(shapely.symmetric_difference(community, grids)) < 1e-9
    assert areas[DISTRICT]["properties"]["parent"] == ""
    assert areas[SUBDISTRICT]["properties"]["parent"] == DISTRICT


def test_the_name_stands_inside_its_area() -> None:
    areas = make_areas(TwoGrids())
    for code, area in areas.items():
        assert shapely.contains_xy(shape_of(areas, code), *area["properties"]["name_at"])


def test_areas_are_made_once_a_build(web_store: Store) -> None:
    first = read_areas(web_store, TwoGrids())
    assert read_areas(web_store, FakeReader()) is first
    found = find_areas(web_store, FakeReader(), [COMMUNITY])
    assert {one["properties"]["code"] for one in found["features"]} == {GRID, GRID[:-1] + "2"}


def test_a_city_without_buildings_has_no_areas(web_store: Store) -> None:
    class Empty(FakeReader):
        def building_points(self, code: str) -> dict[str, object]:
            return {"type": "FeatureCollection", "features": []}

    assert make_areas(Empty()) == {}


def test_a_room_is_shown_where_its_building_is() -> None:
    areas = make_areas(TwoGrids())
    assert point_of(a_block(ROOM), areas) is None
    assert bounds_of(a_block(ROOM), areas) == bounds_of(a_block(GRID), areas)
    assert bounds_of(a_block(ROOM), {}) is None
    west, south, east, north = bounds_of(a_block(BUILDING), areas) or (0, 0, 0, 0)
    assert west < (a_block(BUILDING).longitude or 0) < east
    assert south < (a_block(BUILDING).latitude or 0) < north


def test_buildings_of_one_estate_are_told_apart() -> None:
    from dataclasses import replace

    building = replace(a_block(BUILDING), standard_text="广东省深圳市示例区甲街道一社区示例花园1栋")
    assert short_name(building) == "示例花园1栋"
    assert short_name(replace(building, standard_text="")) == building.name
