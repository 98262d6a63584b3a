"""Areas drawn or chosen by hand, snapped: things by buildings, persons by whole cells (decision 0028). Private."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from kuai.blocks.engine.counters import SMALLEST_SHOWN_COUNT, Counter
from kuai.blocks.figures import Figures
from kuai.blocks.types import ComparedCounter, CounterView
from kuai.kit.errors import DataFault

LARGEST_POLYGON_POINTS = 20_000
LARGEST_CIRCLE_M = 20_000
METRES_A_DEGREE = 111_320.0
# What an outline leaves around a building's point, in degrees: about 12 m.
AROUND_A_POINT = 0.00011
_CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])


def is_few(figure: int | None) -> bool:
    """Whether there is something, and less of it than may be told."""
    return figure is not None and 0 < figure < SMALLEST_SHOWN_COUNT


@dataclass(frozen=True)
class Points:
    """Buildings in order of their block number; NaN where the library knows no point."""

    numbers: np.ndarray
    longitudes: np.ndarray
    latitudes: np.ndarray


@dataclass(frozen=True)
class _TableCells:
    """One table: the cell of each leaf, how many leaves and how many points each has, and its figures."""

    of_leaf: np.ndarray
    leaves: np.ndarray
    points: np.ndarray
    figures: np.ndarray


@dataclass(frozen=True)
class Snapped:
    """What an area counts. `cells`: numbers of the residents' cells counted; `left_out`: leaves inside, not counted."""

    counters: tuple[CounterView, ...]
    cells: np.ndarray
    left_out: np.ndarray


class AreaCounter:
    """Counts areas of one build."""

    def __init__(self, figures: Figures, points: Points) -> None:
        self._figures = figures
        self._points = points
        self._leaves = np.asarray(figures.arrays.leaves)

    def inside(self, polygon: shapely.Geometry) -> np.ndarray:
        """Numbers of the buildings whose point lies in the polygon."""
        west, south, east, north = polygon.bounds
        points = self._points
        near = np.flatnonzero(
            (points.longitudes >= west)
            & (points.longitudes <= east)
            & (points.latitudes >= south)
            & (points.latitudes <= north)
        )
        within = shapely.contains_xy(polygon, points.longitudes[near], points.latitudes[near])
        return np.asarray(points.numbers[near[within]])

    def snap_buildings(self, buildings: np.ndarray) -> Snapped:
        """An area of these buildings: cells all of whose buildings with a point are among them."""
        leaves = np.searchsorted(self._leaves, buildings)
        sums, sources = self._figures.summed(self._figures.rows_of(buildings))
        return self._snap(leaves, sums, sources, by_points=True)

    def snap_blocks(self, first: np.ndarray, last: np.ndarray) -> Snapped:
        """An area of whole blocks, none inside another."""
        begin = np.searchsorted(self._leaves, first, side="left")
        end = np.searchsorted(self._leaves, last, side="right")
        parts = [np.arange(a, b) for a, b in zip(begin, end, strict=True)]
        leaves = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
        sums, sources = self._figures.summed(self._figures.rows_of(first))
        return self._snap(leaves, sums, sources, by_points=False)

    def numbers_of(self, leaves: np.ndarray) -> np.ndarray:
        """Block numbers of leaves."""
        return np.asarray(self._leaves[leaves])

    def leaves_of_cells(self, cells: np.ndarray) -> list[np.ndarray]:
        """The leaves of each of these cells of residents."""
        order, borders = self._resident_leaves
        return [order[borders[cell] : borders[cell + 1]] for cell in cells]

    def residents_of(self, cells: np.ndarray) -> np.ndarray:
        """What these cells of residents show."""
        return np.asarray(self._tables[self._resident_table].figures[cells, 0])

    def hulls(self, groups: list[np.ndarray]) -> list[dict[str, Any]]:
        """Outlines around the points of each group of leaves; an empty one where no point is known."""
        outlines: list[dict[str, Any]] = [{"type": "Polygon", "coordinates": []} for _ in groups]
        owner = np.repeat(np.arange(len(groups)), [len(leaves) for leaves in groups])
        leaves = np.concatenate(groups) if groups else np.zeros(0, dtype=np.int64)
        points = np.stack([self._longitude[leaves], self._latitude[leaves]], axis=1)
        is_known = ~np.isnan(points[:, 0])
        points, owner = points[is_known], owner[is_known]
        if not len(points):
            return outlines
        # Four corners a point, so that a single building has an outline too.
        corners = (points[:, None, :] + _CORNERS * AROUND_A_POINT).reshape(-1, 2)
        owners, place = np.unique(owner, return_inverse=True)
        hulls = shapely.convex_hull(
            shapely.multipoints(corners, indices=np.repeat(place.ravel(), len(_CORNERS)))
        )
        rings, ring_of = shapely.get_coordinates(hulls, return_index=True)
        borders = np.searchsorted(ring_of, np.arange(len(owners) + 1)).tolist()
        rounded = np.round(rings, 6).tolist()
        for number, begin, end in zip(owners.tolist(), borders[:-1], borders[1:], strict=True):
            outlines[number]["coordinates"] = [rounded[begin:end]]
        return outlines

    def _snap(
        self, leaves: np.ndarray, sums: np.ndarray, sources: np.ndarray, *, by_points: bool
    ) -> Snapped:
        found: dict[str, int | None] = {}
        resident_cells = np.zeros(0, dtype=np.int64)
        for place, table in self._figures.tables:
            cells = self._tables[place]
            whole = _whole(cells, leaves, by_points=by_points)
            shown = cells.figures[whole].sum(axis=0) if len(whole) else None
            for column, key in enumerate(table.keys):
                found[key] = None if shown is None else int(shown[column])
            if not self._figures.counters[table.keys[0]].counts_persons:
                # A grid shows its few, a drawn area does not.
                found[table.name] = None if is_few(found[table.name]) else found[table.name]
            if place == self._resident_table:
                resident_cells = whole
        own = self._tables[self._resident_table].of_leaf[leaves]
        for key, counter in self._figures.counters.items():
            if not counter.counts_persons and not counter.is_from_homes:
                found[key] = int(sums[self._figures.columns[key]])
        counters = tuple(
            self._figures.view(
                counter, found[key], sources=self._sources_of(counter, found[key], sources)
            )
            for key, counter in self._figures.counters.items()
            if key in found
            if not counter.is_hidden
        )
        return Snapped(counters, resident_cells, leaves[~np.isin(own, resident_cells)])

    def _sources_of(self, counter: Counter, figure: int | None, sources: np.ndarray) -> int:
        """Of premises those of the buildings inside; of persons the build's; none where the figure is held back."""
        if figure is None:
            return 0
        place = self._figures.columns[counter.key]
        return int(self._figures.of_build[place] if counter.counts_persons else sources[place])

    @cached_property
    def _resident_table(self) -> int:
        return next(place for place, table in self._figures.tables if table.name == "residents")

    @cached_property
    def _longitude(self) -> np.ndarray:
        return self._at_leaves(self._points.longitudes)

    @cached_property
    def _latitude(self) -> np.ndarray:
        return self._at_leaves(self._points.latitudes)

    def _at_leaves(self, values: np.ndarray) -> np.ndarray:
        spread = np.full(len(self._leaves), np.nan)
        spread[np.searchsorted(self._leaves, self._points.numbers)] = values
        return spread

    @cached_property
    def _resident_leaves(self) -> tuple[np.ndarray, np.ndarray]:
        of_leaf = self._tables[self._resident_table].of_leaf
        order = np.argsort(of_leaf, kind="stable")
        order = order[np.searchsorted(of_leaf[order], 0) :]
        cells = len(self._tables[self._resident_table].leaves)
        return order, np.searchsorted(of_leaf[order], np.arange(cells + 1))

    @cached_property
    def _tables(self) -> dict[int, _TableCells]:
        arrays = self._figures.arrays
        has_point = ~np.isnan(self._longitude)
        tables = {}
        for place, table in self._figures.tables:
            of_leaf = np.asarray(arrays.cells[:, place])
            count = int(of_leaf.max(initial=-1)) + 1
            rows = np.asarray(arrays.cell_figures)[np.asarray(arrays.cell_figures[:, 0]) == place]
            figures = np.zeros((count, len(table.keys)), dtype=np.int64)
            of_column = {self._figures.columns[key]: c for c, key in enumerate(table.keys)}
            figures[rows[:, 1], [of_column[c] for c in rows[:, 2].tolist()]] = rows[:, 3]
            may = of_leaf >= 0
            tables[place] = _TableCells(
                of_leaf,
                np.bincount(of_leaf[may], minlength=count),
                np.bincount(of_leaf[may & has_point], minlength=count),
                figures,
            )
        return tables


def _whole(cells: _TableCells, leaves: np.ndarray, *, by_points: bool) -> np.ndarray:
    """Cells that lie whole among `leaves`."""
    own = cells.of_leaf[leaves]
    touched, inside = np.unique(own[own >= 0], return_counts=True)
    sizes = (cells.points if by_points else cells.leaves)[touched]
    return np.asarray(touched[inside == sizes])


def compare(
    first: tuple[CounterView, ...],
    second: tuple[CounterView, ...],
    *,
    with_persons: bool = True,
) -> list[ComparedCounter]:
    """Counter by counter; where either side is held back, or may not be compared, there is no difference."""
    others = {counter.key: counter for counter in second}
    rows = []
    for one in first:
        other = others.get(one.key)
        figures = (one.figure, other.figure if other else None)
        is_known = None not in figures and (with_persons or not one.counts_persons)
        rows.append(
            ComparedCounter(
                key=one.key,
                title_zh=one.title_zh,
                title_en=one.title_en,
                first=figures[0],
                second=figures[1],
                difference=(figures[1] or 0) - (figures[0] or 0) if is_known else None,
            )
        )
    return rows


def circle_of(longitude: float, latitude: float, radius_m: float) -> shapely.Geometry:
    """A circle on the ground as a polygon in degrees."""
    if not (
        0 < radius_m <= LARGEST_CIRCLE_M and -180 <= longitude <= 180 and -85 <= latitude <= 85
    ):
        raise DataFault(
            "polygon.circle", "圆的中心或半径不对", remedy=f"半径最多 {LARGEST_CIRCLE_M} 米。"
        )
    around = np.linspace(0, 2 * math.pi, 64, endpoint=False)
    north = radius_m / METRES_A_DEGREE
    east = north / math.cos(math.radians(latitude))
    ring = np.stack([longitude + east * np.cos(around), latitude + north * np.sin(around)], axis=1)
    polygon = shapely.polygons(ring)
    shapely.prepare(polygon)
    return polygon


def polygon_of(geometry: dict[str, Any]) -> shapely.Geometry:
    """The polygon in a GeoJSON geometry, feature or collection of one; a clear fault otherwise."""
    inner: Any = geometry
    if inner.get("type") == "FeatureCollection":
        features = inner.get("features")
        if isinstance(features, list) and len(features) > 1:
            raise DataFault(
                "polygon.many",
                f"文件里有 {len(features)} 个图形",
                remedy="一次只圈一个：请只留一个，或合成一个 MultiPolygon。",
            )
        inner = features[0] if isinstance(features, list) and features else {}
    if isinstance(inner, dict) and inner.get("type") == "Feature":
        inner = inner.get("geometry")
    try:
        polygon = shapely.from_geojson(json.dumps(inner))
    except (shapely.errors.GEOSException, TypeError, ValueError) as fault:
        raise DataFault(
            "polygon.form", "圈选区域不是有效的 GeoJSON", remedy="请给出 Polygon 或 MultiPolygon。"
        ) from fault
    if polygon is None or polygon.geom_type not in ("Polygon", "MultiPolygon") or polygon.is_empty:
        raise DataFault(
            "polygon.type", "圈选区域不是多边形", remedy="请给出 Polygon 或 MultiPolygon。"
        )
    west, south, east, north = polygon.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise DataFault(
            "polygon.degrees",
            "圈选区域的坐标不是经纬度",
            remedy="每个点先写经度、后写纬度，单位是度（CGCS2000）。",
        )
    if shapely.get_num_coordinates(polygon) > LARGEST_POLYGON_POINTS:
        raise DataFault(
            "polygon.points",
            f"圈选区域的点超过 {LARGEST_POLYGON_POINTS} 个",
            remedy="请简化边界后再试。",
        )
    polygon = polygon if polygon.is_valid else shapely.make_valid(polygon)
    shapely.prepare(polygon)
    return polygon
