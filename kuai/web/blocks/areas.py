"""Areas drawn from building points (decision: no footprints, then Voronoi cells). A picture, not a boundary of law.

Made once a build from the published points and kept in scratch; nothing but the map reads it.
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
import shapely

from kuai.blocks.types import BlockView
from kuai.kit.atomic_files import write_text
from kuai.kit.store import Store
from kuai.web.blocks.drawing import list_mapped_children
from kuai.web.doors import BlockReader

METRES_A_DEGREE = 111_320.0
# The ground is the hull of all buildings and a margin. Half of the way from tightest to convex: tried on the sample
# district, where tighter hulls cut lone villages off and the convex one lays ground into the sea.
HULL_RATIO = 0.5
MARGIN_M = 500.0
SMOOTH_M = 5.0
# More buildings than a city has; above this the map does without areas.
MOST_BUILDINGS = 200_000
_making = threading.Lock()


def find_areas(store: Store, reader: BlockReader, codes: Iterable[str]) -> dict[str, Any]:
    """GeoJSON areas of the children (down to grids) of `codes`; empty code: those at the top."""
    version = store.current_version() or ""
    areas = _areas(store.scratch / "map-areas" / f"{version}.json", reader)
    features = [feature for code in codes for feature in areas.get(code, [])]
    return {"type": "FeatureCollection", "features": features}


def _areas(path: Path, reader: BlockReader) -> dict[str, list[dict[str, Any]]]:
    with _making:
        if not path.exists():
            write_text(path, json.dumps(make_areas(reader), separators=(",", ":")))
            _read_areas.cache_clear()
        return _read_areas(path)


@lru_cache(maxsize=2)
def _read_areas(path: Path) -> dict[str, list[dict[str, Any]]]:
    areas: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return areas


def make_areas(reader: BlockReader) -> dict[str, list[dict[str, Any]]]:
    """The areas of all blocks above the building, under the code of their parent."""
    grids = list(_list_grids(reader))
    points: list[tuple[float, float]] = []
    owners: list[int] = []
    for number, (_path, code) in enumerate(grids):
        for feature in reader.building_points(code)["features"]:
            points.append(tuple(feature["geometry"]["coordinates"]))
            owners.append(number)
    if not 3 <= len(points) <= MOST_BUILDINGS:
        return {}
    shapes = _grid_shapes(np.array(points), np.array(owners), len(grids))
    return _gather(grids, shapes, latitude=float(np.mean([y for _, y in points])))


def _list_grids(reader: BlockReader) -> Iterator[tuple[tuple[tuple[str, str], ...], str]]:
    """((code, level) from the top down to the grid itself, its code) of every grid."""
    waiting: list[tuple[tuple[tuple[str, str], ...], BlockView]] = [
        ((), one) for one in list_mapped_children(reader, "")
    ]
    while waiting:
        above, block = waiting.pop()
        path = (*above, (block.code, block.level))
        if block.level == "grid":
            yield path, block.code
        elif block.level != "building":
            waiting += [(path, child) for child in list_mapped_children(reader, block.code)]


def _grid_shapes(points: np.ndarray, owners: np.ndarray, count: int) -> list[Any]:
    """One polygon a grid, in metres: the Voronoi cells of its buildings, cut at the edge of the ground."""
    scale = _scale(float(points[:, 1].mean()))
    flat = np.unique(np.column_stack([points * scale, owners]), axis=0)
    sites = shapely.points(flat[:, :2])
    hull = shapely.concave_hull(shapely.multipoints(sites), ratio=HULL_RATIO)
    ground = shapely.buffer(hull, MARGIN_M)
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(sites), extend_to=ground.envelope)
    )
    inside, site = shapely.STRtree(cells).query(sites, predicate="intersects")
    owner_of_cell = np.full(len(cells), -1)
    owner_of_cell[site] = flat[inside, 2].astype(int)
    shapely.prepare(ground)
    shapes = []
    for number in range(count):
        own = cells[owner_of_cell == number]
        shape = shapely.intersection(shapely.unary_union(own), ground) if len(own) else None
        shapes.append(shape)
    return shapes


def _scale(latitude: float) -> np.ndarray:
    return np.array([METRES_A_DEGREE * math.cos(math.radians(latitude)), METRES_A_DEGREE])


def _gather(
    grids: list[tuple[tuple[tuple[str, str], ...], str]], shapes: list[Any], *, latitude: float
) -> dict[str, list[dict[str, Any]]]:
    """Grids' shapes joined upwards, so that the levels fit into each other."""
    members: dict[tuple[str, str, str], list[Any]] = {}
    for (path, _code), shape in zip(grids, shapes, strict=True):
        parents = ("", *(code for code, _level in path))
        for parent, (code, level) in zip(parents, path, strict=False):
            if shape is not None:
                members.setdefault((parent, code, level), []).append(shape)
    areas: dict[str, list[dict[str, Any]]] = {}
    for (parent, code, level), parts in members.items():
        joined = shapely.simplify(shapely.unary_union(parts), SMOOTH_M)
        degrees = shapely.transform(joined, lambda flat: np.round(flat / _scale(latitude), 6))
        areas.setdefault(parent, []).append(
            {
                "type": "Feature",
                "geometry": json.loads(shapely.to_geojson(degrees)),
                "properties": {"code": code, "level": level},
            }
        )
    return areas
