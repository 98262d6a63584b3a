"""Grids of one community: what they are drawn on, proposals, and proposals as GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from kuai.address.ground.grids import (
    GridSettings,
    Ground,
    draw_grids,
    merge_grids,
    split_grid,
)
from kuai.address.ground.households import GridBuilding, read_buildings
from kuai.address.ground.proposals import GridProposal
from kuai.address.life.shapes import Entry
from kuai.address.pictures.areas import as_feature, box_around, draw_area
from kuai.address.pictures.gathering import area_under, entry_table
from kuai.address.record import LibraryRecord
from kuai.address.types import Level
from kuai.kit.errors import Refusal


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
    buildings = read_buildings(entry_table(drawing.entries), code)
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
        as_feature(
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
            features.append(as_feature(outline, kind="old", key=f"old-{entry.address_code}"))
    for one in around.buildings:
        if one.longitude is not None and one.latitude is not None:
            point = shapely.Point(one.longitude, one.latitude)
            features.append(as_feature(point, kind="point", key=f"point-{one.address_code}"))
    return {
        "type": "FeatureCollection",
        "bounds": box_around([one["geometry"] for one in features]),
        "features": features,
    }


def kept_outlines(around: GridGround, proposal: GridProposal) -> dict[str, Any]:
    """GeoJSON of the grids that go on under their codes with another outline, as an import takes them."""
    return _as_import(
        around,
        {
            grid.address_code: json.loads(shapely.to_geojson(grid.outline))
            for grid in proposal.grids
            if grid.is_kept
        },
    )


def outlines_before(
    record: LibraryRecord, around: GridGround, proposal: GridProposal
) -> dict[str, Any]:
    """GeoJSON of the same grids as they are now, to be brought back when the proposal is undone.

    A grid without an outline is drawn from its buildings: an outline once given can be replaced, not taken away.
    """
    code = around.community.address_code
    drawn = {
        one["properties"]["code"]: one["geometry"]
        for one in draw_area(area_under(record, code), ())["features"]
        if one["properties"]["kind"] in ("cell", "outline")
    }
    kept = [grid.address_code for grid in proposal.grids if grid.is_kept]
    exact = {
        code: json.loads(shapely.to_geojson(outline))
        for code in kept
        if (outline := around.ground.present.get(code)) is not None
    }
    return _as_import(around, {code: drawn[code] for code in kept if code in drawn} | exact)


def _as_import(around: GridGround, geometries: Mapping[str, Any]) -> dict[str, Any]:
    names = {one.address_code: one.name for one in around.present}
    features = [
        {
            "type": "Feature",
            "geometry": geometry,
            "properties": {
                "地址编码": code,
                "级别": "网格",
                "上级编码": around.community.address_code,
                "名称": names[code],
                "标准地址": "",
            },
        }
        for code, geometry in geometries.items()
    ]
    return {"type": "FeatureCollection", "features": features}
