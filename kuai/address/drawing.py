"""The door for pages that draw the library: one area with what lies in it as GeoJSON, and what is wrong on the ground.

Joins the record and the ground, a few thousand entries at a time; the whole city is never drawn. Needs Django.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from kuai.address.ground.coverage import FindingKind, GroundFinding, survey_coverage
from kuai.address.ground.grids import (
    GridSettings,
    Ground,
    draw_grids,
    merge_grids,
    split_grid,
)
from kuai.address.ground.households import GridBuilding, read_buildings
from kuai.address.ground.outlines import outline_communities
from kuai.address.ground.proposals import GridProposal
from kuai.address.life.shapes import DEPTH, LIVING, Entry, Outline
from kuai.address.record import LibraryRecord
from kuai.address.snapshots import SnapshotBase
from kuai.address.types import ADDRESS_ENTRY, ADDRESS_GEOMETRY, Level
from kuai.kit.errors import Refusal
from kuai.kit.tables import BulkTable

__all__ = [
    "Drawing",
    "FindingKind",
    "GridBuilding",
    "GridGround",
    "GridProposal",
    "GridSettings",
    "GroundFinding",
    "area_under",
    "count_below",
    "count_children",
    "draw_area",
    "draw_proposal",
    "find_by_text",
    "finding_key",
    "grid_ground",
    "kept_outlines",
    "label_of",
    "propose_grids",
    "survey_area",
]

# What one sees around a single point, in degrees: about 150 m.
AROUND_ONE_POINT = 0.0015
DIGITS = 6
# What is shorter is a doorplate, not the beginning of a code.
SHORTEST_CODE = 6
_LIVING_SQL = ", ".join(f"'{state.value}'" for state in sorted(LIVING))


@dataclass(frozen=True)
class Drawing:
    """One area: its living entries down to buildings, and their outlines."""

    entries: tuple[Entry, ...]
    shapes: Mapping[str, Any]
    datums: Mapping[str, str]

    @property
    def has_outlines(self) -> bool:
        """Whether any area in it has an outline; without, gaps and overlaps cannot be told."""
        return any(
            one.level is not Level.BUILDING and one.address_code in self.shapes
            for one in self.entries
        )


def area_under(record: LibraryRecord, code: str, *, deepest: Level = Level.BUILDING) -> Drawing:
    """The living entries from `code` (empty: the tops) down to `deepest`, with their outlines."""
    tops = [record.entry(code)] if code else record.roots()
    entries = [*tops, *_living_below(record, tops, deepest=deepest)]
    outlines = _outlines_of(record, [one.address_code for one in entries])
    shapes = shapely.from_wkb(np.array([one.geometry for one in outlines], dtype=object))
    return Drawing(
        entries=tuple(entries),
        shapes={one.address_code: shape for one, shape in zip(outlines, shapes, strict=True)},
        datums={one.address_code: one.delivered_datum for one in outlines},
    )


def _living_below(record: LibraryRecord, tops: Sequence[Entry], *, deepest: Level) -> list[Entry]:
    found: list[Entry] = []
    frontier = [one.address_code for one in tops if DEPTH[one.level] < DEPTH[deepest]]
    while frontier:
        # A house's rooms are never asked for when houses are the deepest: there are twenty times as many.
        below = [
            one
            for one in record.state.children_of(frontier)
            if one.is_living and DEPTH[one.level] <= DEPTH[deepest]
        ]
        found += below
        frontier = [one.address_code for one in below if DEPTH[one.level] < DEPTH[deepest]]
    return found


def _outlines_of(record: LibraryRecord, codes: Sequence[str]) -> list[Outline]:
    """The outlines of many entries in one question."""
    state = record.state
    found = [state.outlines[code] for code in codes if code in state.outlines]
    if isinstance(state.base, SnapshotBase):
        at_rest = state.base.rows(
            "select address_code, geometry, delivered_datum from address_geometry"
            " where address_code in (select unnest(?)) order by address_code",
            [[code for code in codes if code not in state.outlines]],
        )
        found += [Outline(*row) for row in at_rest]
    return found


# --- grids ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class GridGround:
    """What grids of one community are drawn on."""

    community: Entry
    ground: Ground
    buildings: tuple[GridBuilding, ...]
    present: tuple[Entry, ...]

    @property
    def parents(self) -> dict[str, str]:
        """Code of each building -> code of what it stands in now."""
        return {one.address_code: one.grid_code for one in self.buildings}


def grid_ground(record: LibraryRecord, code: str) -> GridGround:
    """Boundary, present grids and buildings of the community `code`; refuses what is no living community."""
    community = record.entry(code)
    if community.level is not Level.COMMUNITY or not community.is_living:
        raise Refusal(
            "ground.no_community", "网格只在在用的社区里划。", next_step="请先选一个社区。"
        )
    drawing = area_under(record, code, deepest=Level.ROOM)
    ever = [one for one in record.children(code, ended_too=True) if one.level is Level.GRID]
    present = tuple(one for one in ever if one.is_living)
    buildings = read_buildings(_entry_table(drawing.entries), code)
    return GridGround(
        community=community,
        ground=Ground(
            community_code=code,
            boundary=drawing.shapes.get(code),
            present={one.address_code: drawing.shapes.get(one.address_code) for one in present},
            issued=[one.address_code for one in ever],
        ),
        buildings=tuple(buildings),
        present=present,
    )


def propose_grids(
    around: GridGround,
    settings: GridSettings,
    *,
    split: str = "",
    parts: int = 2,
    merge: Sequence[str] = (),
) -> GridProposal:
    """New grids for the whole community, or one grid split, or several merged. A proposal; nothing is recorded."""
    if split:
        _require_present(around, [split])
        own = [one for one in around.buildings if one.grid_code == split]
        return split_grid(around.ground, split, own, parts=parts, settings=settings)
    if merge:
        _require_present(around, merge)
        own = [one for one in around.buildings if one.grid_code in set(merge)]
        return merge_grids(around.ground, merge, own, settings=settings)
    return draw_grids(around.ground, around.buildings, settings=settings)


def _require_present(around: GridGround, codes: Sequence[str]) -> None:
    strangers = sorted(set(codes) - set(around.ground.present))
    if strangers:
        raise Refusal(
            "ground.grid_unknown",
            f"{strangers[0]} 不是{around.community.name}在用的网格。",
            next_step="请从清单里选。",
        )


def draw_proposal(around: GridGround, proposal: GridProposal) -> dict[str, Any]:
    """GeoJSON of a proposal: its grids with their numbers and weights, the present outlines, the buildings."""
    features = [
        _feature(
            grid.outline,
            kind="proposal",
            key=f"proposal-{grid.address_code}",
            name=f"{grid.name} {grid.households + grid.premises}",
            part=grid.number,
        )
        for grid in proposal.grids
    ]
    for entry in around.present:
        outline = around.ground.present.get(entry.address_code)
        if outline is not None:
            features.append(_feature(outline, kind="old", key=f"old-{entry.address_code}"))
    for one in around.buildings:
        if one.longitude is not None and one.latitude is not None:
            point = shapely.Point(one.longitude, one.latitude)
            features.append(_feature(point, kind="point", key=f"point-{one.address_code}"))
    return {
        "type": "FeatureCollection",
        "bounds": _bounds([one["geometry"] for one in features]),
        "features": features,
    }


def kept_outlines(around: GridGround, proposal: GridProposal) -> dict[str, Any]:
    """GeoJSON of the grids that go on under their codes with another outline, as an import takes them."""
    names = {one.address_code: one.name for one in around.present}
    features = [
        {
            "type": "Feature",
            "geometry": json.loads(shapely.to_geojson(grid.outline)),
            "properties": {
                "地址编码": grid.address_code,
                "级别": "网格",
                "上级编码": proposal.community_code,
                "名称": names.get(grid.address_code, grid.name),
                "标准地址": "",
            },
        }
        for grid in proposal.grids
        if grid.is_kept
    ]
    return {"type": "FeatureCollection", "features": features}


# --- counting and finding -------------------------------------------------------------------------------
def count_children(record: LibraryRecord, codes: Sequence[str]) -> Counter[str]:
    """Living entries right under each of `codes`."""
    state = record.state
    counts: Counter[str] = Counter()
    if isinstance(state.base, SnapshotBase) and codes:
        at_rest = state.base.rows(
            "select parent_code, count(*) from address_entry where parent_code in (select unnest(?))"
            f" and state in ({_LIVING_SQL}) and address_code not in (select unnest(?)) group by all",
            [list(codes), list(state.entries)],
        )
        counts.update(dict(at_rest))
    wanted = set(codes)
    for one in state.entries.values():
        if one.is_living and one.parent_code in wanted:
            counts[one.parent_code] += 1
    return counts


def count_below(record: LibraryRecord, code: str) -> Counter[tuple[str, str]]:
    """(level, state) of everything under `code`, ended ones too; empty code: everywhere."""
    if not code:
        return record.counts()
    counts: Counter[tuple[str, str]] = Counter()
    top = record.entry(code)
    areas, buildings = [top], []
    while areas:
        # Rooms stand in buildings only and are counted where they lie: there are twenty times as many.
        buildings += [one.address_code for one in areas if one.level is Level.BUILDING]
        codes = [one.address_code for one in areas if one.level is not Level.BUILDING]
        areas = [one for one in record.state.children_of(codes) if one.level is not Level.ROOM]
        counts.update((one.level.value, one.state.value) for one in areas)
    counts.update(_count_rooms(record, buildings))
    return counts


def _count_rooms(record: LibraryRecord, buildings: Sequence[str]) -> Counter[tuple[str, str]]:
    state = record.state
    counts: Counter[tuple[str, str]] = Counter()
    if isinstance(state.base, SnapshotBase):
        at_rest = state.base.rows(
            "select state, count(*) from address_entry where level = 'room'"
            " and parent_code in (select unnest(?)) and address_code not in (select unnest(?))"
            " group by all",
            [list(buildings), list(state.entries)],
        )
        counts.update({("room", word): count for word, count in at_rest})
    wanted = set(buildings)
    counts.update(
        ("room", one.state.value)
        for one in state.entries.values()
        if one.level is Level.ROOM and one.parent_code in wanted
    )
    return counts


def find_by_text(record: LibraryRecord, text: str, *, limit: int) -> list[Entry]:
    """Entries whose code begins with `text` or whose texts hold all its words; living ones and upper levels first."""
    if text.isdigit() and len(text) >= SHORTEST_CODE:
        return record.search(text, limit=limit)
    words = text.split()
    if not words:
        return []
    state = record.state
    found: dict[str, Entry] = {}
    if isinstance(state.base, SnapshotBase):
        holds = "contains(standard_text || ' ' || coalesce(name, ''), ?)"
        codes = state.base.rows(
            f"select address_code from address_entry where {' and '.join([holds] * len(words))}"
            f" order by (state in ({_LIVING_SQL})) desc, length(standard_text), address_code limit ?",
            [*words, limit + len(state.entries)],
        )
        wanted = [code for (code,) in codes if code not in state.entries][:limit]
        at_rest = state.base.entries("address_code in (select unnest(?))", [wanted])
        found = {one.address_code: one for one in at_rest}
    for code, one in state.entries.items():
        if all(word in f"{one.standard_text} {one.name}" for word in words):
            found[code] = one
    ranked = sorted(
        found.values(),
        key=lambda one: (not one.is_living, len(one.standard_text), one.address_code),
    )
    return ranked[:limit]


def label_of(entry: Entry, text_above: str) -> str:
    """What tells an entry from its neighbours: for a building its text after the area's, as estates share names."""
    tail = entry.standard_text.removeprefix(text_above) if text_above else ""
    is_own = entry.level is Level.BUILDING and 0 < len(tail) < len(entry.standard_text)
    return tail if is_own else entry.name or entry.address_code


def survey_area(drawing: Drawing, *, under: str) -> tuple[GroundFinding, ...]:
    """Gaps, overlaps, buildings without a point, points outside their area, in what was gathered."""
    return survey_coverage(_entry_table(drawing.entries), _geometry_table(drawing), under=under)


def _schema_of(table: BulkTable) -> pa.Schema:
    return pa.schema([(column.name, _ARROW[column.type]) for column in table.columns])


_ARROW = {"VARCHAR": pa.string(), "DOUBLE": pa.float64(), "BLOB": pa.binary()}


def _entry_table(entries: Sequence[Entry]) -> pa.Table:
    rows = [
        {
            "address_code": one.address_code,
            "level": one.level.value,
            "parent_code": one.parent_code,
            "name": one.name,
            "standard_text": one.standard_text,
            "longitude": one.longitude,
            "latitude": one.latitude,
            "use": one.use,
            "state": one.state.value,
        }
        for one in entries
    ]
    return pa.Table.from_pylist(rows, schema=_schema_of(ADDRESS_ENTRY))


def _geometry_table(drawing: Drawing) -> pa.Table:
    rows = [
        {
            "address_code": code,
            "geometry": shapely.to_wkb(shape),
            "delivered_datum": drawing.datums[code],
        }
        for code, shape in drawing.shapes.items()
    ]
    return pa.Table.from_pylist(rows, schema=_schema_of(ADDRESS_GEOMETRY))


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
        "bounds": _bounds([one["geometry"] for one in features]),
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
            yield _feature(shape, kind="outline", entry=one)


def _finding_features(findings: Sequence[GroundFinding]) -> Iterable[dict[str, Any]]:
    kinds = {
        FindingKind.GAP: "gap",
        FindingKind.OVERLAP: "overlap",
        FindingKind.CHILD_OUTSIDE: "overlap",
    }
    for one in findings:
        if one.kind in kinds and one.geometry is not None:
            shape = shapely.from_wkb(one.geometry)
            yield _feature(shape, kind=kinds[one.kind], key=finding_key(one))


def _point_features(drawing: Drawing, outside: set[str], level: Level) -> Iterable[dict[str, Any]]:
    above = drawing.entries[0].standard_text if drawing.entries else ""
    for one in drawing.entries:
        is_placed = one.longitude is not None and one.latitude is not None
        if one.level is level and is_placed:
            kind = "outside" if one.address_code in outside else "point"
            point = shapely.Point(one.longitude, one.latitude)
            yield _feature(point, kind=kind, entry=one, name=label_of(one, above))


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
        yield _feature(shape, kind="cell", entry=wanted[code])


def _holders(drawing: Drawing, level: Level) -> dict[str, str]:
    """Code of each entry below an area of `level` -> that area; parents come first in what was gathered."""
    holder: dict[str, str] = {}
    for one in drawing.entries:
        if one.level is level:
            holder[one.address_code] = one.address_code
        elif one.parent_code in holder:
            holder[one.address_code] = holder[one.parent_code]
    return holder


def _feature(
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


def _bounds(geometries: Sequence[Mapping[str, Any]]) -> list[float] | None:
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
