"""What does not fit on the ground of a library: gaps, overlaps, areas and points outside their parent.

Every finding is a small row for the steward's page, with its area and where there is one its polygon. Nothing is
mended here. Slivers as thin as a line drawn twice are no findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from kuai.address.ground.outlines import shapes_by_code
from kuai.address.ground.plane import LocalPlane, square_metres, square_metres_of
from kuai.address.types import Level, State
from kuai.kit.coordinates import points_from_cgcs2000, points_to_cgcs2000

# Two surveys of one border differ by some decimetres; narrower or smaller is a border drawn twice, not a gap.
SLIVER_M2 = 1.0
SLIVER_WIDTH_M = 0.2
# A footprint reaches into a second grid only from this share on: eaves and drawing errors are less.
SECOND_GRID_SHARE = 0.1
# So many points outside their areas, and most of them inside once shifted, is a datum declared wrongly.
SUSPECT_SHARE = 0.2
SUSPECT_POINTS = 20
_LIVING = (str(State.PLANNED), str(State.IN_USE))
_AREA_LEVELS = tuple(
    str(level) for level in (Level.DISTRICT, Level.SUBDISTRICT, Level.COMMUNITY, Level.GRID)
)


class FindingKind(StrEnum):
    """What can be wrong on the ground."""

    GAP = "gap"
    OVERLAP = "overlap"
    CHILD_OUTSIDE = "child_outside"
    BUILDING_WITHOUT_POINT = "building_without_point"
    POINT_OUTSIDE = "point_outside"
    BUILDING_IN_TWO_GRIDS = "building_in_two_grids"
    DATUM_SUSPECT = "datum_suspect"


@dataclass(frozen=True)
class GroundFinding:
    """One thing that does not fit. `address_codes` are the entries in question, the one to mend first."""

    kind: FindingKind
    address_codes: tuple[str, ...]
    parent_code: str
    words: str
    area_m2: float | None = None
    distance_m: float | None = None
    geometry: bytes | None = None


@dataclass(frozen=True)
class _Place:
    level: str
    parent: str
    name: str


class _Ground:
    """The living entries above the rooms, their outlines and the buildings' points."""

    def __init__(self, entries: pa.Table, geometries: pa.Table | None) -> None:
        living = entries.filter(pc.is_in(entries["state"], value_set=pa.array(_LIVING)))
        areas = living.filter(pc.is_in(living["level"], value_set=pa.array(_AREA_LEVELS)))
        self.places = {
            code: _Place(level, parent or "", name or code)
            for code, level, parent, name in zip(
                *(areas[column].to_pylist() for column in _PLACE_COLUMNS), strict=True
            )
        }
        self.shapes = shapes_by_code(geometries)
        self.outlines = {
            code: self.shapes[code]
            for code in sorted(self.places)
            if code in self.shapes and shapely.area(self.shapes[code]) > 0
        }
        buildings = living.filter(pc.equal(living["level"], str(Level.BUILDING)))
        self.codes: list[str] = buildings["address_code"].to_pylist()
        self.parents: list[str] = [parent or "" for parent in buildings["parent_code"].to_pylist()]
        self.points = np.column_stack(
            [
                buildings[column].to_numpy(zero_copy_only=False)
                for column in ("longitude", "latitude")
            ]
        ).astype(float)

    def children(self) -> dict[str, list[str]]:
        """Outlined areas under each parent, in the order of their codes."""
        found: dict[str, list[str]] = {}
        for code in self.outlines:
            found.setdefault(self.places[code].parent, []).append(code)
        return found

    def outlined_above(self, code: str) -> str:
        """`code` or the nearest area above it that has an outline; empty if none has."""
        for _ in _AREA_LEVELS:
            if code in self.outlines or code not in self.places:
                break
            code = self.places[code].parent
        return code if code in self.outlines else ""

    def name(self, code: str) -> str:
        return self.places[code].name if code in self.places else code


_PLACE_COLUMNS = ("address_code", "level", "parent_code", "name")


def survey_coverage(
    entries: pa.Table, geometries: pa.Table | None = None, *, under: str = ""
) -> tuple[GroundFinding, ...]:
    """All findings of a library, or of what stands under the area `under`; the same input gives the same order."""
    ground = _Ground(entries, geometries)
    wanted = _codes_under(ground, under)
    findings: list[GroundFinding] = []
    for parent, children in sorted(ground.children().items()):
        if not under or parent in wanted:
            findings += survey_children(
                parent,
                ground.outlines.get(parent),
                {code: ground.outlines[code] for code in children},
            )
    kept = np.array([not under or parent in wanted for parent in ground.parents], dtype=bool)
    findings += _buildings_without_point(ground, kept)
    findings += _points_outside(ground, kept)
    findings += _buildings_in_two_grids(ground, kept)
    return tuple(findings)


def survey_children(
    parent_code: str,
    parent: shapely.Geometry | None,
    children: dict[str, shapely.Geometry],
) -> list[GroundFinding]:
    """Gaps, overlaps and children outside, for one parent; without its outline only holes between children show."""
    codes = list(children)
    outlines = np.array(list(children.values()), dtype=object)
    if not codes:
        return []
    findings = list(_overlaps(parent_code, codes, outlines))
    together = shapely.union_all(outlines)
    if parent is None:
        missing = shapely.MultiPolygon(
            [
                shapely.Polygon(ring)
                for part in shapely.get_parts(together)
                for ring in part.interiors
            ]
        )
    else:
        missing = shapely.difference(parent, together)
        findings += _outside(parent_code, parent, codes, outlines)
    for part, size in _real_parts(missing):
        words = f"有 {_area_words(size)} 不属于任何下级区域"
        findings.append(
            GroundFinding(FindingKind.GAP, (), parent_code, words, size, None, _wkb(part))
        )
    return findings


def _overlaps(parent_code: str, codes: list[str], outlines: np.ndarray) -> Iterator[GroundFinding]:
    one, other = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    for first, second in sorted(
        zip(one[one < other].tolist(), other[one < other].tolist(), strict=True)
    ):
        shared = shapely.intersection(outlines[first], outlines[second])
        for part, size in _real_parts(shared):
            yield GroundFinding(
                FindingKind.OVERLAP,
                (codes[first], codes[second]),
                parent_code,
                f"{codes[first]} 与 {codes[second]} 重叠 {_area_words(size)}",
                size,
                None,
                _wkb(part),
            )


def _outside(
    parent_code: str, parent: shapely.Geometry, codes: list[str], outlines: np.ndarray
) -> Iterator[GroundFinding]:
    shapely.prepare(parent)
    for row in np.flatnonzero(~shapely.covers(parent, outlines)).tolist():
        for part, size in _real_parts(shapely.difference(outlines[row], parent)):
            yield GroundFinding(
                FindingKind.CHILD_OUTSIDE,
                (codes[row],),
                parent_code,
                f"{codes[row]} 有 {_area_words(size)} 在上级区域之外",
                size,
                None,
                _wkb(part),
            )


def _buildings_without_point(ground: _Ground, kept: np.ndarray) -> Iterator[GroundFinding]:
    for row in np.flatnonzero(kept & np.isnan(ground.points).any(axis=1)).tolist():
        if ground.codes[row] not in ground.shapes:
            yield GroundFinding(
                FindingKind.BUILDING_WITHOUT_POINT,
                (ground.codes[row],),
                ground.parents[row],
                "楼栋没有坐标，也没有轮廓",
            )


def _points_outside(ground: _Ground, kept: np.ndarray) -> list[GroundFinding]:
    rows = np.flatnonzero(kept & ~np.isnan(ground.points).any(axis=1))
    holders = np.array([ground.outlined_above(ground.parents[row]) for row in rows.tolist()])
    rows, holders = rows[holders != ""], holders[holders != ""]
    if not len(rows):
        return []
    shapely.prepare(np.array(list(ground.outlines.values()), dtype=object))
    outlines = np.array([ground.outlines[code] for code in holders.tolist()], dtype=object)
    outside = ~shapely.covers(outlines, shapely.points(ground.points[rows]))
    plane = LocalPlane.around(ground.points[rows])
    distances = shapely.distance(
        plane.flatten(outlines[outside]), shapely.points(plane.metres(ground.points[rows][outside]))
    )
    findings = _suspect_datum(ground.points[rows], outlines, outside)
    for row, holder, distance in zip(
        rows[outside].tolist(), holders[outside].tolist(), distances.tolist(), strict=True
    ):
        findings.append(
            GroundFinding(
                FindingKind.POINT_OUTSIDE,
                (ground.codes[row],),
                holder,
                f"坐标在{ground.name(holder)}之外 {distance:.0f} 米",
                distance_m=round(distance, 1),
            )
        )
    return findings


def _suspect_datum(
    points: np.ndarray, outlines: np.ndarray, outside: np.ndarray
) -> list[GroundFinding]:
    """Points that fall into their areas only once shifted were declared in the wrong datum (4-standards 1.13)."""
    if outside.sum() < SUSPECT_POINTS or outside.mean() < SUSPECT_SHARE:
        return []
    best, fewest = "", int(outside.sum()) // 2
    for datum in ("GCJ-02", "BD-09"):
        for words, convert in (
            (f"像是 {datum} 坐标未换算", points_to_cgcs2000),
            (f"像是误作 {datum} 换算过", points_from_cgcs2000),
        ):
            moved = shapely.points(convert(points, system=datum))
            left = int((~shapely.covers(outlines, moved)).sum())
            if left < fewest:
                best, fewest = words, left
    if not best:
        return []
    words = f"{int(outside.sum())} 个楼栋坐标在其区域之外，{best}：换算后只余 {fewest} 个"
    return [GroundFinding(FindingKind.DATUM_SUSPECT, (), "", words)]


def _buildings_in_two_grids(ground: _Ground, kept: np.ndarray) -> Iterator[GroundFinding]:
    grids = [code for code in ground.outlines if ground.places[code].level == str(Level.GRID)]
    rows = [
        row
        for row in np.flatnonzero(kept).tolist()
        if ground.codes[row] in ground.shapes and shapely.area(ground.shapes[ground.codes[row]]) > 0
    ]
    if not grids or not rows:
        return
    footprints = np.array([ground.shapes[ground.codes[row]] for row in rows], dtype=object)
    outlines = np.array([ground.outlines[code] for code in grids], dtype=object)
    foot, grid = shapely.STRtree(outlines).query(footprints, predicate="intersects")
    shares = shapely.area(shapely.intersection(footprints[foot], outlines[grid]))
    shares = shares / shapely.area(footprints[foot])
    touched: dict[int, list[tuple[float, str]]] = {}
    for one, code, share in zip(foot.tolist(), grid.tolist(), shares.tolist(), strict=True):
        if share >= SECOND_GRID_SHARE:
            touched.setdefault(one, []).append((share, grids[code]))
    for one, held in sorted(touched.items()):
        if len(held) > 1:
            held.sort(key=lambda pair: (-pair[0], pair[1]))
            parts = "、".join(f"{ground.name(code)} {share:.0%}" for share, code in held)
            yield GroundFinding(
                FindingKind.BUILDING_IN_TWO_GRIDS,
                (ground.codes[rows[one]], *(code for _, code in held)),
                ground.parents[rows[one]],
                f"楼栋轮廓跨 {len(held)} 个网格：{parts}",
                area_m2=round(square_metres_of(footprints[one]), 1),
            )


def _real_parts(shape: shapely.Geometry) -> Iterator[tuple[shapely.Geometry, float]]:
    """The polygons of `shape` that are wider and larger than a border drawn twice, largest first."""
    parts = [part for part in _polygons(shape) if not part.is_empty]
    if not parts:
        return
    sizes = square_metres(parts)
    plane = LocalPlane.around(shapely.get_coordinates(parts))
    widths = (
        2 * sizes / np.maximum(shapely.length(plane.flatten(np.array(parts, dtype=object))), 1e-9)
    )
    for row in np.argsort(-sizes, kind="stable").tolist():
        if sizes[row] >= SLIVER_M2 and widths[row] >= SLIVER_WIDTH_M:
            yield parts[row], round(float(sizes[row]), 1)


def _polygons(shape: shapely.Geometry) -> Iterable[shapely.Geometry]:
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            yield part
        elif part.geom_type == "MultiPolygon":
            yield from shapely.get_parts(part)


def _codes_under(ground: _Ground, under: str) -> set[str]:
    """`under` and every area below it."""
    below: dict[str, list[str]] = {}
    for code, place in ground.places.items():
        below.setdefault(place.parent, []).append(code)
    found, waiting = set(), [under]
    while waiting:
        code = waiting.pop()
        found.add(code)
        waiting += below.get(code, [])
    return found


def _wkb(shape: shapely.Geometry) -> bytes:
    return shapely.to_wkb(shape, byte_order=1)


def _area_words(size: float) -> str:
    return f"{size / 10_000:.2f} 公顷" if size >= 10_000 else f"{size:.0f} 平方米"
