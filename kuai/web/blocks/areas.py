"""Areas drawn from building points (decision: no footprints, then Voronoi cells). A picture, not a boundary of law.

Made once a build from the published points and kept in scratch, with each building's own cell for the tiles; nothing
but the map reads it.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from pyarrow import feather

from kuai.blocks.types import BlockView
from kuai.kit.atomic_files import replace_when_complete, write_text
from kuai.kit.store import Store
from kuai.web.blocks.children import list_mapped_children
from kuai.web.doors import BlockReader

METRES_A_DEGREE = 111_320.0
# The ground is the hull of all buildings and a margin. Half of the way from tightest to convex: tried on the sample
# district, where tighter hulls cut lone villages off and the convex one lays ground into the sea.
HULL_RATIO = 0.5
MARGIN_M = 500.0
SMOOTH_M = 8.0
# More buildings than a city has; above this the map does without areas.
MOST_BUILDINGS = 200_000
# Raised when the drawing changes, so that an older picture in scratch is made anew.
DRAWING = 3
Areas = dict[str, dict[str, Any]]
GridPath = tuple[tuple[str, str], ...]
_making = threading.Lock()


def find_areas(store: Store, reader: BlockReader, codes: Iterable[str]) -> dict[str, Any]:
    """GeoJSON areas of the children (down to grids) of `codes`; empty code: those at the top."""
    wanted = set(codes)
    features = [
        area
        for area in read_areas(store, reader).values()
        if area["properties"]["parent"] in wanted
    ]
    return {"type": "FeatureCollection", "features": features}


def read_areas(store: Store, reader: BlockReader) -> Areas:
    """All areas by code, made now if this build has none yet."""
    path = _drawn(store, reader)
    with _making:
        return _read_areas(path)


def read_cells(store: Store, reader: BlockReader) -> tuple[pa.Table, Areas]:
    """(code, name, point and cell of every mapped building; all areas): what tiles are drawn from."""
    path = _drawn(store, reader)
    return feather.read_table(path.with_suffix(".arrow")), _read_areas(path)


def _drawn(store: Store, reader: BlockReader) -> Path:
    """The picture's file, made now if the reader's build has none yet; its cells lie beside it."""
    path = store.scratch / "map-areas" / f"{reader.version}-{DRAWING}.json"
    with _making:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            areas, cells = draw_ground(reader)
            with replace_when_complete(path.with_suffix(".arrow")) as scratch:
                feather.write_feather(cells, str(scratch), compression="lz4")
            # Written last: its being there says that both are.
            write_text(path, json.dumps(areas, separators=(",", ":")))
    return path


@lru_cache(maxsize=2)
def _read_areas(path: Path) -> Areas:
    areas: Areas = json.loads(path.read_text(encoding="utf-8"))
    return areas


def make_areas(reader: BlockReader) -> Areas:
    """The areas of all blocks above the building, with a point for their name."""
    return draw_ground(reader)[0]


def draw_ground(reader: BlockReader) -> tuple[Areas, pa.Table]:
    """The areas of all blocks above the building, and each building's cell (none on another's spot)."""
    grids = list(_list_grids(reader))
    points: list[tuple[float, float]] = []
    owners: list[int] = []
    named: list[tuple[str, str]] = []
    for number, (_path, code) in enumerate(grids):
        for feature in reader.building_points(code)["features"]:
            points.append(tuple(feature["geometry"]["coordinates"]))
            owners.append(number)
            told = feature["properties"]
            named.append((told["code"], told.get("text") or told.get("name") or ""))
    if not 3 <= len(points) <= MOST_BUILDINGS:
        return {}, _as_cells(named, np.array(points).reshape(-1, 2), np.full(len(points), None))
    scale = _scale(float(np.mean([y for _, y in points])))
    shapes, cells = _grid_shapes(np.array(points) * scale, np.array(owners), len(grids))
    degrees = shapely.transform(cells, lambda metres: metres / scale)
    return (
        _gather([path for path, _code in grids], shapes, scale),
        _as_cells(named, np.array(points), degrees),
    )


def _as_cells(named: list[tuple[str, str]], points: np.ndarray, cells: np.ndarray) -> pa.Table:
    return pa.table(
        {
            "code": pa.array([code for code, _name in named], pa.string()),
            "name": pa.array([name for _code, name in named], pa.string()),
            "x": pa.array(points[:, 0] if len(points) else [], pa.float64()),
            "y": pa.array(points[:, 1] if len(points) else [], pa.float64()),
            "cell": pa.array(list(shapely.to_wkb(cells)), pa.binary()),
        }
    )


def _list_grids(reader: BlockReader) -> Iterator[tuple[GridPath, str]]:
    """((code, level) from the top down to the grid itself, its code) of every grid."""
    waiting: list[tuple[GridPath, BlockView]] = [
        ((), one) for one in list_mapped_children(reader, "")
    ]
    while waiting:
        above, block = waiting.pop()
        path = (*above, (block.code, block.level))
        if block.level == "grid":
            yield path, block.code
        elif block.level != "building":
            waiting += [(path, child) for child in list_mapped_children(reader, block.code)]


def _scale(latitude: float) -> np.ndarray:
    return np.array([METRES_A_DEGREE * math.cos(math.radians(latitude)), METRES_A_DEGREE])


def _grid_shapes(flat: np.ndarray, owners: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """One polygon a grid, in metres: the Voronoi cells of its buildings, cut at the edge of the ground; and the cells,
    cut at their grid (None for a building on another's spot)."""
    every_owner = owners
    _, first = np.unique(flat, axis=0, return_index=True)
    sites, owners = shapely.points(flat[first]), owners[first]
    everywhere = shapely.multipoints(sites)
    ground = shapely.buffer(shapely.concave_hull(everywhere, ratio=HULL_RATIO), MARGIN_M)
    cells = shapely.get_parts(shapely.voronoi_polygons(everywhere, extend_to=ground.envelope))
    site, cell = shapely.STRtree(cells).query(sites, predicate="intersects")
    owner_of_cell = np.full(len(cells), -1)
    owner_of_cell[cell] = owners[site]
    order = np.argsort(owner_of_cell, kind="stable")
    borders = np.searchsorted(owner_of_cell[order], np.arange(count + 1))
    joined = np.array(
        [
            shapely.coverage_union_all(cells[order[begin:end]])
            for begin, end in zip(borders[:-1], borders[1:], strict=True)
        ]
    )
    # As one coverage, so that neighbours keep a common edge and no gap opens between them.
    smooth = shapely.coverage_simplify(joined, SMOOTH_M)
    shapely.prepare(ground)
    grids = np.asarray(shapely.intersection(smooth, ground))
    own = np.full(len(flat), None, dtype=object)
    own[first[site]] = cells[cell]
    has_cell = np.flatnonzero(shapely.is_valid(own))
    shapely.prepare(grids)
    own[has_cell] = shapely.intersection(own[has_cell], grids[every_owner[has_cell]])
    return grids, own


def _gather(paths: list[GridPath], shapes: np.ndarray, scale: np.ndarray) -> Areas:
    """Grids' shapes joined upwards, so that the levels fit into each other."""
    members: dict[tuple[str, str, str], list[Any]] = {}
    for path, shape in zip(paths, shapes, strict=True):
        parents = ("", *(code for code, _level in path))
        for parent, (code, level) in zip(parents, path, strict=False):
            if not shapely.is_empty(shape):
                members.setdefault((parent, code, level), []).append(shape)
    areas: Areas = {}
    for (parent, code, level), parts in members.items():
        joined = shapely.unary_union(parts)
        degrees = shapely.transform(joined, lambda metres: np.round(metres / scale, 6))
        name_at = shapely.point_on_surface(degrees)
        areas[code] = {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(degrees)),
            "properties": {
                "code": code,
                "level": level,
                "parent": parent,
                "name_at": [round(name_at.x, 6), round(name_at.y, 6)],
                "bounds": [round(edge, 6) for edge in degrees.bounds],
            },
        }
    return areas
