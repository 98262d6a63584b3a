"""From a point to the nearest building, and to the grid and community that contain it.

The index is built once for a library (30,000 to 550,000 buildings) and answers in under a millisecond. Areas decide
by their outline where they have one, else the nearest building's place in the library does; never a code's digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from kuai.address.ground.outlines import shapes_by_code
from kuai.address.ground.plane import LocalPlane
from kuai.address.ground.systems import declared_datum, in_china
from kuai.address.types import Level, State
from kuai.kit.coordinates import points_to_cgcs2000, to_cgcs2000
from kuai.kit.errors import Refusal

# A phone in a street is wrong by about ten metres: a rival building less than that farther away is no rival lost.
CLOSE_M = 20.0
NEAR_M = 100.0
FARTHEST_M = 500.0
RIVAL_M = 10.0
MOST_RIVALS = 3
_LIVING = (str(State.PLANNED), str(State.IN_USE))
_AREA_LEVELS = (Level.DISTRICT, Level.SUBDISTRICT, Level.COMMUNITY, Level.GRID)


class Closeness(StrEnum):
    """How far the nearest building may be taken as the place meant."""

    INSIDE = "inside"
    CLOSE = "close"
    NEAR = "near"
    FAR = "far"
    OUTSIDE = "outside"


class FoundBy(StrEnum):
    """What says in which area a point lies: the area's outline, or the library's place of the nearest building."""

    GEOMETRY = "geometry"
    BUILDING = "building"
    NOTHING = "nothing"


@dataclass(frozen=True)
class NearBuilding:
    """A building near the point; `inside` when its footprint contains it."""

    address_code: str
    name: str
    standard_text: str
    distance_m: float
    inside: bool = False


@dataclass(frozen=True)
class ContainingArea:
    """An area that holds the point, and what says so."""

    address_code: str
    name: str
    found_by: FoundBy


@dataclass(frozen=True)
class ReverseAnswer:
    """What is at a point. `longitude` and `latitude` are CGCS2000; areas lack where nothing says where we are."""

    longitude: float
    latitude: float
    closeness: Closeness
    words: str
    building: NearBuilding | None = None
    rivals: tuple[NearBuilding, ...] = ()
    grid: ContainingArea | None = None
    community: ContainingArea | None = None
    subdistrict: ContainingArea | None = None
    district: ContainingArea | None = None


class _Outlines:
    """The outlines of one level's areas; a point on a shared border belongs to the lowest code."""

    def __init__(self, codes: Sequence[str], outlines: Sequence[shapely.Geometry]) -> None:
        order = np.argsort(np.asarray(codes, dtype=object), kind="stable")
        self.codes = np.asarray(codes, dtype=object)[order]
        self._outlines = np.asarray(outlines, dtype=object)[order]
        shapely.prepare(self._outlines)
        self._tree = shapely.STRtree(self._outlines)

    def containing(self, points: np.ndarray) -> np.ndarray:
        """Row of the outline around each point (degrees), -1 where there is none."""
        found = np.full(len(points), -1)
        point, outline = self._tree.query(points)
        inside = shapely.covers(self._outlines[outline], points[point])
        point, outline = point[inside], outline[inside]
        order = np.lexsort((-outline, point))
        found[point[order]] = outline[order]
        return found


class ReverseFinder:
    """A library's buildings and areas, ready for points. Building it takes a second or two: keep it."""

    def __init__(self, entries: pa.Table, geometries: pa.Table | None = None) -> None:
        shapes = shapes_by_code(geometries)
        living = entries.filter(pc.is_in(entries["state"], value_set=pa.array(_LIVING)))
        self._read_areas(living, shapes)
        self._read_buildings(living, shapes)

    @property
    def buildings(self) -> int:
        """How many buildings can be found."""
        return len(self._codes)

    def find(self, longitude: float, latitude: float, *, datum: str = "CGCS2000") -> ReverseAnswer:
        """The answer for one point of the declared `datum`; a point of no datum or no number is refused."""
        return self.find_many(np.array([[longitude, latitude]], dtype=float), datum=datum)[0]

    def find_many(self, points: np.ndarray, *, datum: str = "CGCS2000") -> list[ReverseAnswer]:
        """Answers for points of shape (n, 2), longitude first, in their order."""
        points = _in_cgcs2000(points, datum)
        if not len(points):
            return []
        spots = shapely.points(points)
        near = self._nearest(points)
        holders = {level: outlines.containing(spots) for level, outlines in self._outlines.items()}
        return [
            self._answer(row, points[row].tolist(), near[row], holders)
            for row in range(len(points))
        ]

    def _read_areas(self, living: pa.Table, shapes: dict[str, shapely.Geometry]) -> None:
        levels = [str(level) for level in _AREA_LEVELS]
        areas = living.filter(pc.is_in(living["level"], value_set=pa.array(levels)))
        self._areas = {
            code: (Level(level), parent or "", name or "")
            for code, level, parent, name in zip(
                *(
                    areas[column].to_pylist()
                    for column in ("address_code", "level", "parent_code", "name")
                ),
                strict=True,
            )
        }
        self._outlines: dict[Level, _Outlines] = {}
        for level in _AREA_LEVELS:
            codes = [
                code
                for code, (its_level, _, _) in self._areas.items()
                if its_level is level and code in shapes and shapely.area(shapes[code]) > 0
            ]
            if codes:
                self._outlines[level] = _Outlines(codes, [shapes[code] for code in codes])

    def _read_buildings(self, living: pa.Table, shapes: dict[str, shapely.Geometry]) -> None:
        buildings = living.filter(pc.equal(living["level"], str(Level.BUILDING)))
        codes = buildings["address_code"].to_numpy(zero_copy_only=False)
        points = np.column_stack(
            [
                buildings[column].to_numpy(zero_copy_only=False)
                for column in ("longitude", "latitude")
            ]
        ).astype(float)
        sites = np.full(len(codes), None, dtype=object)
        known = ~np.isnan(points).any(axis=1)
        sites[known] = shapely.points(points[known])
        for row in range(len(codes)) if shapes else ():
            sites[row] = shapes.get(codes[row], sites[row])
        known = ~shapely.is_missing(sites) & ~shapely.is_empty(sites)
        kept = buildings.filter(pa.array(known))
        self._codes = codes[known]
        self._texts = kept["standard_text"].combine_chunks()
        self._names = kept["name"].combine_chunks()
        self._parents = kept["parent_code"].combine_chunks()
        sites = sites[known]
        self._plane = LocalPlane.around(shapely.get_coordinates(shapely.centroid(sites)))
        self._sites = self._plane.flatten(sites)
        self._has_footprint = shapely.area(self._sites) > 0
        self._tree = shapely.STRtree(self._sites)

    def _nearest(self, points: np.ndarray) -> list[list[tuple[float, int]]]:
        """For each point the buildings in question, nearest first: the nearest one and its rivals."""
        near: list[list[tuple[float, int]]] = [[] for _ in points]
        if not len(self._sites):
            return near
        flat = shapely.points(self._plane.metres(points))
        spot, first = self._tree.query_nearest(flat, max_distance=FARTHEST_M, all_matches=False)
        if not len(spot):
            return near
        reach = shapely.distance(flat[spot], self._sites[first]) + RIVAL_M
        asker, site = self._tree.query(flat[spot], predicate="dwithin", distance=reach)
        distance = shapely.distance(flat[spot][asker], self._sites[site])
        # Equally near means equal to the centimetre; then the lower code comes first, every time.
        order = np.lexsort((self._codes[site].astype(str), distance.round(2), asker))
        for row in order.tolist():
            found = near[int(spot[asker[row]])]
            if len(found) <= MOST_RIVALS:
                found.append((float(distance[row]), int(site[row])))
        return near

    def _answer(
        self,
        row: int,
        point: list[float],
        near: list[tuple[float, int]],
        holders: dict[Level, np.ndarray],
    ) -> ReverseAnswer:
        found = [self._building(site, distance) for distance, site in near]
        held = self._areas_around(row, near[0][1] if near else None, holders)
        closeness = _closeness(found, held)
        return ReverseAnswer(
            longitude=point[0],
            latitude=point[1],
            closeness=closeness,
            words=_words(point, found, held),
            building=found[0] if found else None,
            rivals=tuple(found[1:]),
            grid=held.get(Level.GRID),
            community=held.get(Level.COMMUNITY),
            subdistrict=held.get(Level.SUBDISTRICT),
            district=held.get(Level.DISTRICT),
        )

    def _building(self, site: int, distance_m: float) -> NearBuilding:
        return NearBuilding(
            address_code=self._codes[site],
            name=self._names[site].as_py() or "",
            standard_text=self._texts[site].as_py() or "",
            distance_m=round(distance_m, 1),
            inside=distance_m == 0.0 and bool(self._has_footprint[site]),
        )

    def _areas_around(
        self, row: int, nearest: int | None, holders: dict[Level, np.ndarray]
    ) -> dict[Level, ContainingArea]:
        """By outline first, and what stands above an outline with it; the rest as the nearest building lies."""
        held: dict[Level, ContainingArea] = {}
        for level in reversed(_AREA_LEVELS):
            if level in holders and holders[level][row] >= 0:
                code = self._outlines[level].codes[holders[level][row]]
                held[level] = ContainingArea(code, self._areas[code][2], FoundBy.GEOMETRY)
        lowest = next(iter(held.values()), None)
        if lowest is not None:
            self._climb(lowest.address_code, FoundBy.GEOMETRY, held)
        if nearest is not None:
            self._climb(self._parents[nearest].as_py() or "", FoundBy.BUILDING, held)
        return held

    def _climb(self, code: str, found_by: FoundBy, held: dict[Level, ContainingArea]) -> None:
        """Adds `code` and what stands above it, as long as it fits what is held already."""
        steps: list[tuple[Level, ContainingArea]] = []
        while code in self._areas:
            level, parent, name = self._areas[code]
            if level in held:
                if held[level].address_code != code:
                    # The nearest building stands across the border: what lies under its areas is not ours.
                    steps.clear()
                    break
            else:
                steps.append((level, ContainingArea(code, name, found_by)))
            code = parent
        held.update(steps)


def open_reverse(entries: pa.Table, geometries: pa.Table | None = None) -> ReverseFinder:
    """A finder over a frozen library: its `address_entry` table and, where there is one, its `address_geometry`."""
    return ReverseFinder(entries, geometries)


def _in_cgcs2000(points: np.ndarray, datum: str) -> np.ndarray:
    datum = declared_datum(datum)
    if not np.isfinite(points).all():
        raise Refusal("address.point_unreadable", "经纬度须是数字", next_step="请改正后再查")
    inside = in_china(points)
    converted = points.astype(float).copy()
    if len(points) == 1 and inside[0]:
        # Arrays of one are slow: a single point is what a person waits for.
        converted[0] = to_cgcs2000(*points[0].tolist(), system=datum)
    else:
        converted[inside] = points_to_cgcs2000(points[inside], system=datum)
    return converted


def _closeness(found: list[NearBuilding], held: dict[Level, ContainingArea]) -> Closeness:
    if not found:
        return Closeness.FAR if held else Closeness.OUTSIDE
    distance = found[0].distance_m
    if found[0].inside:
        return Closeness.INSIDE
    if distance <= CLOSE_M:
        return Closeness.NEAR if len(found) > 1 else Closeness.CLOSE
    return Closeness.NEAR if distance <= NEAR_M else Closeness.FAR


def _words(point: list[float], found: list[NearBuilding], held: dict[Level, ContainingArea]) -> str:
    if not found and not held:
        if not in_china(np.array([point]))[0]:
            swapped = bool(in_china(np.array([point[::-1]]))[0])
            return "该点不在中国境内" + ("，经度与纬度可能写反了" if swapped else "")
        return f"该点不在本库范围内：{FARTHEST_M:.0f} 米内没有楼栋，也不在任何区域之内"
    if not found:
        return f"{FARTHEST_M:.0f} 米内没有楼栋；所在区域按边界判定"
    nearest = found[0]
    if nearest.inside:
        return "该点在这栋楼的轮廓之内"
    words = f"最近的楼栋相距 {nearest.distance_m:.0f} 米"
    if len(found) > 1:
        words += f"，另有 {len(found) - 1} 栋几乎同样近，不能断定是哪一栋"
    elif nearest.distance_m > NEAR_M:
        words += "，只作参考"
    if any(area.found_by is FoundBy.BUILDING for area in held.values()):
        words += "；没有边界的区域按最近楼栋的归属"
    return words
