"""Where requests come from, by squares of the map: counts of requests, never who made one or what it says."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import shapely
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kuai.blocks.types import BlockView, HeatSpot
from kuai.kit.errors import Refusal
from kuai.web.blocks.areas import Areas, read_areas
from kuai.web.blocks.decided import laid_over
from kuai.web.blocks.drawing import Box, bounds_of, short_name
from kuai.web.blocks.map_frame import map_frame
from kuai.web.doors import BlockReader, current_reader, current_store
from kuai.web.looks import note_look
from kuai.web.rules import sees_blocks

# As the blocks room divides a tile: a square of zoom 16 is some 150 m wide here, of 14 some 600 m.
SQUARES_A_TILE = 4
ZOOM_OF_LEVEL = {"district": 14, "subdistrict": 15, "community": 16, "grid": 16, "building": 16}
MOST_STEPS = 5
REQUESTS = "requests"


@dataclass(frozen=True)
class HeatLine:
    """One square as list and map show it."""

    number: int
    figure: int | None
    near: str
    near_code: str
    step: int
    box: Box


@sees_blocks
@require_GET
def show_heat(request: HttpRequest, code: str) -> HttpResponse:
    """The squares of one block, most requests first, as a table and on the map."""
    reader = current_reader()
    try:
        block = reader.get_block(code)
    except Refusal as refusal:
        raise Http404(str(refusal)) from refusal
    if block.level == "room":
        raise Http404
    first, last = _day(request.GET.get("first", "")), _day(request.GET.get("last", ""))
    areas = read_areas(current_store(), reader)
    zoom = ZOOM_OF_LEVEL.get(block.level, 14)
    box = bounds_of(block, areas)
    spots = reader.heat(first=first, last=last, box=box, zoom=zoom)
    lines = _lines(reader, spots, zoom=zoom, areas=areas)
    note_look(request, "viewed_heat", kind="block", refs=(block.code,))
    context = {
        "as_of": block.counters[0].as_of if block.counters else None,
        "moved": _moved_since(reader, block),
        "shown": block,
        "title": short_name(block),
        "lines": [line for line in lines if line.figure is not None],
        "withheld": sum(1 for line in lines if line.figure is None),
        "first": first,
        "last": last,
        "bounds": ",".join(f"{degrees:.6f}" for degrees in box or ()),
        "squares": json.dumps(_features(lines)),
        **map_frame(),
    }
    return render(request, "blocks/heat.html", context)


def _moved_since(reader: BlockReader, block: BlockView) -> int:
    """By how many requests the block's own page differs from these squares, which are the build's."""
    (decided,) = laid_over(reader, [block])
    built, now = (
        next((one.figure or 0 for one in each.counters if one.key == REQUESTS), 0)
        for each in (block, decided)
    )
    return now - built


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise Refusal("heat.day", _("日期要写成 2026-10-31 的样子。")) from fault


def _lines(
    reader: BlockReader, spots: Sequence[HeatSpot], *, zoom: int, areas: Areas
) -> list[HeatLine]:
    most = max((spot.figure or 0 for spot in spots), default=0)
    ordered = sorted(spots, key=lambda s: (-(s.figure or 0), s.longitude, s.latitude))
    lines = []
    nearest = _nearest(areas, ordered)
    for number, (spot, near_code) in enumerate(zip(ordered, nearest, strict=True), start=1):
        step = math.ceil(MOST_STEPS * (spot.figure or 0) / most) if most else 0
        box = square_at(spot, zoom)
        lines.append(
            HeatLine(
                number, spot.figure, _name(reader, near_code), near_code, min(MOST_STEPS, step), box
            )
        )
    return lines


def square_at(spot: HeatSpot, zoom: int) -> Box:
    """(west, south, east, north) of the square around a spot. Squares of few requests went to one of twice the side:
    its middle lies on the lines of the small ones, theirs does not.
    """
    side = 360.0 / (2**zoom * SQUARES_A_TILE)
    lines = spot.longitude / side
    half = side if abs(lines - round(lines)) < 0.25 else side / 2
    x, y = spot.longitude, spot.latitude
    return (x - half, y - half, x + half, y + half)


def _nearest(areas: Areas, spots: Sequence[HeatSpot]) -> list[str]:
    """The grid whose name stands nearest to each: a place's name for the list, no claim about the square's edge."""
    grids = [one["properties"] for one in areas.values() if one["properties"]["level"] == "grid"]
    if not grids or not spots:
        return [""] * len(spots)
    tree = shapely.STRtree(shapely.points([one["name_at"] for one in grids]))
    at = shapely.points([(spot.longitude, spot.latitude) for spot in spots])
    return [str(grids[place]["code"]) for place in tree.nearest(at)]


def _name(reader: BlockReader, code: str) -> str:
    if not code:
        return ""
    block = reader.get_block(code)
    above = [name for _code, level, name in block.path if level == "community"]
    return " ".join([*above, short_name(block)])


def _features(lines: list[HeatLine]) -> dict[str, Any]:
    features = []
    # Wide squares first: they lie under the small ones.
    for line in sorted(lines, key=lambda one: one.box[0] - one.box[2]):
        west, south, east, north = line.box
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        told = {"step": line.step, "label": "" if line.figure is None else f"{line.figure:,}"}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "geometry": geometry, "properties": told})
    return {"type": "FeatureCollection", "features": features}
