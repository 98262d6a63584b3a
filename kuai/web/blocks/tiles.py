"""Vector tiles of the published build: areas, buildings' cells and points, by code and name. No figure is in a tile, so
that one may lie in a browser's cache; figures come with the block page that carries the map.
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely

from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.web.blocks.areas import DRAWING, read_cells
from kuai.web.blocks.vector_tile import EXTENT, Layer, encode_tile
from kuai.web.doors import BlockReader

NEAREST_ZOOM = 16
# From which zoom a level's areas are worth their bytes: a city has 20,000 grids.
LEAST_ZOOM = {"district": 0, "subdistrict": 7, "community": 9, "grid": 11}
CELLS_FROM_ZOOM = 16
# Below, tiles are drawn from outlines made simpler once: thousands of areas lie in one of them.
COARSE_TO_ZOOM = 12
# So that outlines are not seen where tiles meet, in the tile's own measure.
MARGIN = 64
SMOOTH = 3.0
MOST_CACHED = 4_000
_drawing = threading.Lock()


@dataclass(frozen=True)
class Sheet:
    """Shapes of one kind in world coordinates (0 to 1, y downwards), with what a tile tells of each."""

    shapes: np.ndarray
    tree: shapely.STRtree
    told: Sequence[dict[str, str]]


class TileDrawer:
    """Draws any tile of one build; holds its shapes in memory."""

    def __init__(self, store: Store, reader: BlockReader) -> None:
        cells, areas = read_cells(store, reader)
        self._areas = {level: _areas_of(areas, level) for level in LEAST_ZOOM}
        self._coarse = {level: _coarse(sheet) for level, sheet in self._areas.items()}
        told = [{"code": code} for code in cells["code"].to_pylist()]
        self._cells = _sheet(shapely.from_wkb(cells["cell"].to_numpy(zero_copy_only=False)), told)
        places = np.column_stack([cells["x"].to_numpy(), cells["y"].to_numpy()])
        self._points = _sheet(shapely.points(places), told)

    def draw(self, zoom: int, column: int, row: int) -> bytes:
        """The tile, not compressed."""
        side = 1.0 / (1 << zoom)
        west, north = column * side, row * side
        scale = EXTENT / side
        edge = MARGIN / scale
        box = (west - edge, north - edge, west + side + edge, north + side + edge)
        frame = _Frame(box, np.array([west, north]), scale)
        layer = Layer("area")
        areas = self._coarse if zoom <= COARSE_TO_ZOOM else self._areas
        for level, least in LEAST_ZOOM.items():
            if zoom >= least:
                frame.add_polygons(layer, areas[level])
        cells, buildings = Layer("cell"), Layer("building")
        if zoom >= CELLS_FROM_ZOOM:
            frame.add_polygons(cells, self._cells)
            frame.add_points(buildings, self._points)
        return encode_tile([layer, cells, buildings])


@dataclass(frozen=True)
class _Frame:
    """Where a tile lies in the world, and how much it enlarges."""

    box: tuple[float, float, float, float]
    corner: np.ndarray
    scale: float

    def add_polygons(self, layer: Layer, sheet: Sheet) -> None:
        found = np.sort(sheet.tree.query(shapely.box(*self.box)))
        if not found.size:
            return
        cut = shapely.clip_by_rect(sheet.shapes[found], *self.box)
        local = shapely.transform(cut, lambda world: (world - self.corner) * self.scale)
        smooth = shapely.simplify(local, SMOOTH, preserve_topology=False)
        layer.add_polygons(smooth, [sheet.told[place] for place in found])

    def add_points(self, layer: Layer, sheet: Sheet) -> None:
        found = np.sort(sheet.tree.query(shapely.box(*self.box)))
        places = shapely.get_coordinates(sheet.shapes[found])
        local = np.rint((places - self.corner) * self.scale).astype(np.int64)
        layer.add_points(local, [sheet.told[place] for place in found])


def read_tile(store: Store, reader: BlockReader, place: tuple[int, int, int]) -> tuple[bytes, str]:
    """(the tile, compressed; its mark, which changes with the build). Refuses a place outside the world.

    All of it is of the reader's build: the store may publish another one meanwhile.
    """
    require_in_the_world(place)
    zoom, column, row = place
    version = reader.version
    mark = mark_of(version)
    key = (str(store.root), version, zoom, column, row)
    kept = _kept(key)
    if kept is None:
        # Compressed once, not at each request; 5 gives nearly what 9 gives, in a third of the time.
        kept = gzip.compress(_drawer(store, reader, version).draw(*place), 5, mtime=0)
        _keep(key, kept)
    return kept, mark


def require_in_the_world(place: tuple[int, int, int]) -> None:
    """Refuse a place that no tile has."""
    zoom, column, row = place
    if not (0 <= zoom <= NEAREST_ZOOM and 0 <= column < 1 << zoom and 0 <= row < 1 << zoom):
        raise Refusal("tile.unknown", "没有这一块图。")


def mark_of(version: str) -> str:
    """The ETag of all tiles of a build."""
    return f'"{version}-{DRAWING}"'


_tiles: dict[tuple[Any, ...], bytes] = {}


def _kept(key: tuple[Any, ...]) -> bytes | None:
    return _tiles.get(key)


def _keep(key: tuple[Any, ...], tile: bytes) -> None:
    if len(_tiles) >= MOST_CACHED:
        _tiles.clear()
    _tiles[key] = tile


def _drawer(store: Store, reader: BlockReader, version: str) -> TileDrawer:
    with _drawing:
        return _open_drawer(_Opening(store, reader, (str(store.root), version)))


@dataclass(frozen=True, eq=False)
class _Opening:
    """What a drawer is opened with; the same build of the same store is the same drawer."""

    store: Store
    reader: BlockReader
    key: tuple[str, str]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Opening) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=2)
def _open_drawer(opening: _Opening) -> TileDrawer:
    return TileDrawer(opening.store, opening.reader)


def forget_tiles() -> None:
    """Drop what is kept in memory: for tests and measurements."""
    _tiles.clear()
    _open_drawer.cache_clear()


def _areas_of(areas: dict[str, dict[str, Any]], level: str) -> Sheet:
    found = [one for one in areas.values() if one["properties"]["level"] == level]
    shapes = np.array([shapely.geometry.shape(one["geometry"]) for one in found], dtype=object)
    told = [{"code": one["properties"]["code"], "level": level} for one in found]
    return _sheet(shapes, told)


def _sheet(shapes: np.ndarray, told: Sequence[dict[str, str]]) -> Sheet:
    world = shapely.transform(np.asarray(shapes, dtype=object), _to_world)
    return Sheet(world, shapely.STRtree(world), told)


def _coarse(sheet: Sheet) -> Sheet:
    shapes = shapely.simplify(sheet.shapes, SMOOTH / (EXTENT << COARSE_TO_ZOOM))
    return Sheet(shapes, shapely.STRtree(shapes), sheet.told)


def _to_world(degrees: np.ndarray) -> np.ndarray:
    """Degrees to Web Mercator, 0 to 1, y downwards, as tiles are numbered."""
    x = degrees[:, 0] / 360.0 + 0.5
    sine = np.sin(np.radians(degrees[:, 1]))
    y = 0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)
    return np.column_stack([x, y])
