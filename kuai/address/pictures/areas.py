"""One area as GeoJSON: outlines or cells, gaps and overlaps, buildings; a district without its buildings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from kuai.address.ground.coverage import FindingKind, GroundFinding
from kuai.address.ground.outlines import outline_communities
from kuai.address.life.shapes import DEPTH, Entry
from kuai.address.pictures.gathering import Drawing, label_of
from kuai.address.types import Level

# What one sees around a single point, in degrees: about 150 m.
AROUND_ONE_POINT = 0.0015
DIGITS = 6


def draw_area(drawing: Drawing, findings: Iterable[GroundFinding]) -> dict[str, Any]:
    """GeoJSON for the map: outlines or cells of areas, gaps, overlaps, and buildings where one community is drawn."""
    listed = list(findings)
    outside = {one.address_codes[0] for one in listed if one.kind is FindingKind.POINT_OUTSIDE}
    top = drawing.entries[0].level if drawing.entries else Level.DISTRICT
    is_near = DEPTH[top] >= DEPTH[Level.COMMUNITY]
    features = [
        *_outline_features(drawing, Level.BUILDING if is_near else Level.COMMUNITY),
        *_cell_features(drawing, Level.GRID if is_near else Level.COMMUNITY),
        *_finding_features(listed),
        *_point_features(drawing, outside, Level.BUILDING if is_near else Level.COMMUNITY),
    ]
    # A community that is drawn as an area needs no point beside it.
    drawn = {one["properties"]["code"] for one in features if one["geometry"]["type"] != "Point"}
    features = [
        one
        for one in features
        if one["geometry"]["type"] != "Point"
        or one["properties"]["level"] == Level.BUILDING
        or one["properties"]["code"] not in drawn
    ]
    return {
        "type": "FeatureCollection",
        "bounds": box_around([one["geometry"] for one in features]),
        "features": features,
    }


def finding_key(finding: GroundFinding) -> str:
    """What ties a line of the list to its shape on the map, whichever of them was made first."""
    digest = hashlib.sha256(finding.geometry or finding.words.encode()).hexdigest()[:12]
    return f"{finding.kind.value}-{digest}"


def _outline_features(drawing: Drawing, deepest: Level) -> Iterable[dict[str, Any]]:
    for one in drawing.entries:
        shape = drawing.shapes.get(one.address_code)
        is_drawn = DEPTH[one.level] <= DEPTH[deepest]
        if is_drawn and shape is not None and shapely.area(shape) > 0:
            yield as_feature(shape, kind="outline", entry=one)


def _finding_features(findings: Sequence[GroundFinding]) -> Iterable[dict[str, Any]]:
    kinds = {
        FindingKind.GAP: "gap",
        FindingKind.OVERLAP: "overlap",
        FindingKind.CHILD_OUTSIDE: "overlap",
    }
    for one in findings:
        if one.kind in kinds and one.geometry is not None:
            shape = shapely.from_wkb(one.geometry)
            yield as_feature(shape, kind=kinds[one.kind], key=finding_key(one))


def _point_features(drawing: Drawing, outside: set[str], level: Level) -> Iterable[dict[str, Any]]:
    above = drawing.entries[0].standard_text if drawing.entries else ""
    for one in drawing.entries:
        is_placed = one.longitude is not None and one.latitude is not None
        if one.level is level and is_placed:
            kind = "outside" if one.address_code in outside else "point"
            point = shapely.Point(one.longitude, one.latitude)
            yield as_feature(point, kind=kind, entry=one, name=label_of(one, above))


def _cell_features(drawing: Drawing, level: Level) -> Iterable[dict[str, Any]]:
    """Areas of `level` without an outline, drawn from their buildings: a picture, no boundary."""
    holder = _holders(drawing, level)
    wanted = {
        one.address_code: one
        for one in drawing.entries
        if one.level is level and one.address_code not in drawing.shapes
    }
    points: dict[str, list[tuple[float, float]]] = {}
    for one in drawing.entries:
        code = holder.get(one.address_code, "")
        is_placed = one.longitude is not None and one.latitude is not None
        if one.level is Level.BUILDING and is_placed and code in wanted:
            points.setdefault(code, []).append((one.longitude or 0.0, one.latitude or 0.0))
    if not points:
        return
    within = drawing.shapes.get(drawing.entries[0].address_code)
    shapes = outline_communities({c: np.array(p) for c, p in points.items()}, within=within)
    for code, shape in shapes.items():
        yield as_feature(shape, kind="cell", entry=wanted[code])


def _holders(drawing: Drawing, level: Level) -> dict[str, str]:
    """Code of each entry below an area of `level` -> that area; parents come first in what was gathered."""
    holder: dict[str, str] = {}
    for one in drawing.entries:
        if one.level is level:
            holder[one.address_code] = one.address_code
        elif one.parent_code in holder:
            holder[one.address_code] = holder[one.parent_code]
    return holder


def as_feature(
    shape: Any,
    *,
    kind: str,
    entry: Entry | None = None,
    key: str = "",
    name: str = "",
    part: int = 0,
) -> dict[str, Any]:
    at = shape if shape.geom_type == "Point" else shapely.point_on_surface(shape)
    code = entry.address_code if entry else ""
    return {
        "type": "Feature",
        "geometry": _rounded(shape),
        "properties": {
            "key": key or f"{kind}-{code}",
            "kind": kind,
            "code": code,
            "name": name or ((entry.name or code) if entry else ""),
            "level": entry.level.value if entry else "",
            "part": part,
            "label_at": [round(at.x, DIGITS), round(at.y, DIGITS)],
        },
    }


def _rounded(shape: Any) -> dict[str, Any]:
    geometry: dict[str, Any] = json.loads(
        shapely.to_geojson(shapely.transform(shape, lambda points: np.round(points, DIGITS)))
    )
    return geometry


def box_around(geometries: Sequence[Mapping[str, Any]]) -> list[float] | None:
    if not geometries:
        return None
    shapes = [shapely.from_geojson(json.dumps(one)) for one in geometries]
    west, south, east, north = shapely.total_bounds(np.array(shapes, dtype=object)).tolist()
    if east - west < AROUND_ONE_POINT and north - south < AROUND_ONE_POINT:
        return [
            west - AROUND_ONE_POINT,
            south - AROUND_ONE_POINT,
            east + AROUND_ONE_POINT,
            north + AROUND_ONE_POINT,
        ]
    return [west, south, east, north]
