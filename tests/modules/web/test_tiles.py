"""Vector tiles: what is drawn can be read back, holds codes and shapes alone, and is asked for by rights each time."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import shapely
from django.test import Client

from kuai.guard.types import Role
from kuai.kit.store import Store
from kuai.web.blocks.areas import read_areas, read_cells
from kuai.web.blocks.tiles import MOST_CACHED, TileDrawer, forget_tiles, mark_of, read_tile
from kuai.web.blocks.vector_tile import EXTENT, Layer, encode_tile
from tests.modules.web.fakes import GRID, VERSION, FakeCity, FakeReader
from tests.modules.web.test_areas import TwoGrids
from tests.modules.web.tile_reading import read_layers

LogIn = Callable[[Role], Client]


@pytest.fixture(autouse=True)
def no_tiles_kept() -> Iterator[None]:
    forget_tiles()
    yield
    forget_tiles()


def tile_at(longitude: float, latitude: float, zoom: int) -> tuple[int, int, int]:
    side = 1 << zoom
    sine = np.sin(np.radians(latitude))
    row = (0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)) * side
    return zoom, int((longitude / 360 + 0.5) * side), int(row)


def place_of_grid(zoom: int) -> tuple[int, int, int]:
    grid = FakeReader().get_block(GRID)
    return tile_at(grid.longitude or 0, grid.latitude or 0, zoom)


def test_a_polygon_with_a_hole_comes_back_as_it_was() -> None:
    layer = Layer("area")
    outer, hole = [(10, 10), (90, 10), (90, 90), (10, 90)], [(30, 30), (30, 60), (60, 60)]
    layer.add_polygons(np.array([shapely.Polygon(outer, [hole])]), [{"code": "1"}])
    (feature,) = read_layers(encode_tile([layer]))["area"].features
    assert feature.told == {"code": "1"}
    read_outer, read_hole = (shapely.Polygon(ring) for ring in feature.rings)
    assert read_outer.equals(shapely.Polygon(outer))
    assert read_hole.equals(shapely.Polygon(hole))
    # On a screen, y downwards: outer rings turn clockwise, holes the other way.
    assert read_outer.exterior.is_ccw
    assert not read_hole.exterior.is_ccw


def test_a_shape_without_area_is_left_out_and_an_empty_layer_is_no_bytes() -> None:
    layer = Layer("area")
    sliver = shapely.Polygon([(1, 1), (1.1, 1.1), (1.2, 1.0)])
    layer.add_polygons(np.array([sliver, None]), [{"code": "1"}, {"code": "2"}])
    assert encode_tile([layer]) == b""


def test_the_cells_of_a_grid_cover_it_and_do_not_overlap(web_store: Store) -> None:
    cells, areas = read_cells(web_store, TwoGrids())
    shapes = shapely.from_wkb(cells["cell"].to_numpy(zero_copy_only=False))
    own = [shape for code, shape in zip(cells["code"].to_pylist(), shapes, strict=True)]
    grids = [
        shapely.geometry.shape(area["geometry"])
        for area in areas.values()
        if area["properties"]["level"] == "grid"
    ]
    together, ground = shapely.union_all(own), shapely.union_all(grids)
    assert shapely.area(shapely.symmetric_difference(together, ground)) < 0.01 * ground.area
    assert sum(shape.area for shape in own) == pytest.approx(together.area, rel=0.01)


def test_a_tile_tells_codes_and_levels_and_nothing_else(web_store: Store) -> None:
    drawer = TileDrawer(web_store, TwoGrids())
    layers = read_layers(drawer.draw(*place_of_grid(16)))
    assert set(layers) == {"area", "cell", "building"}
    for layer in layers.values():
        assert (layer.extent, layer.version) == (EXTENT, 2)
        assert layer.features
        for feature in layer.features:
            assert set(feature.told) <= {"code", "level"}
            assert feature.told["code"].isascii()
    assert {one.told["level"] for one in layers["area"].features} >= {"community", "grid"}


def test_far_away_there_are_no_buildings_and_no_grids(web_store: Store) -> None:
    layers = read_layers(TileDrawer(web_store, TwoGrids()).draw(*place_of_grid(9)))
    assert set(layers) == {"area"}
    assert {one.told["level"] for one in layers["area"].features} <= {
        "district",
        "subdistrict",
        "community",
    }


def test_places_without_points_give_an_empty_tile(web_store: Store) -> None:
    assert TileDrawer(web_store, FakeCity()).draw(9, 0, 0) == b""
    assert read_areas(web_store, FakeCity()) == {}


def test_the_same_build_gives_the_same_bytes(web_store: Store) -> None:
    first, mark = read_tile(web_store, TwoGrids(), place_of_grid(14))
    forget_tiles()
    assert read_tile(web_store, TwoGrids(), place_of_grid(14)) == (first, mark)
    assert MOST_CACHED > 1_000


def test_a_tile_is_asked_for_again_by_rights_and_not_sent_twice(log_in: LogIn) -> None:
    zoom, column, row = place_of_grid(14)
    url = f"/map/tiles/{zoom}/{column}/{row}.mvt"
    clerk = log_in(Role.SUBDISTRICT_CLERK)
    answer = clerk.get(url)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "area" in read_layers(gzip.decompress(answer.content))
    again = clerk.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    # Whoever may not see blocks gets none, whatever they hold.
    resident = log_in(Role.RESIDENT)
    refused = resident.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert refused.status_code == 403


def test_a_new_build_has_a_new_mark(log_in: LogIn, web_store: Store) -> None:
    zoom, column, row = place_of_grid(14)
    url = f"/map/tiles/{zoom}/{column}/{row}.mvt"
    client = log_in(Role.LEADER)
    mark = client.get(url).headers["ETag"]
    (web_store.builds / "b-2").mkdir()
    (web_store.root / "current").write_text("b-2\n", encoding="utf-8")
    answer = client.get(url, headers={"If-None-Match": mark})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != mark


def test_a_tile_drawn_while_another_build_is_published_is_marked_as_of_its_own(
    web_store: Store,
) -> None:
    older, newer = TwoGrids(), FakeCity()
    newer.version = "b-2"
    (web_store.builds / "b-2").mkdir()
    (web_store.root / "current").write_text("b-2\n", encoding="utf-8")
    # A request that opened its reader just before: what it draws is not kept as the new build's.
    drawn, mark = read_tile(web_store, older, place_of_grid(14))
    assert mark == mark_of(older.version)
    assert read_areas(web_store, older) != {}
    assert read_areas(web_store, newer) == {}
    assert read_tile(web_store, newer, place_of_grid(14)) != (drawn, mark_of("b-2"))


@pytest.mark.parametrize("place", ["17/0/0", "3/8/0", "0/0/1"])
def test_there_is_no_tile_outside_the_world(log_in: LogIn, place: str) -> None:
    url, mark = f"/map/tiles/{place}.mvt", mark_of(VERSION)
    client = log_in(Role.LEADER)
    assert client.get(url).status_code == 404
    assert client.get(url, headers={"If-None-Match": mark}).status_code == 404
