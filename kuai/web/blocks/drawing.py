"""Blocks as points for the map: a building stands at its point, everything above it in the middle of its area."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kuai.blocks.types import BlockView
from kuai.web.blocks.areas import Areas
from kuai.web.blocks.children import list_mapped_children
from kuai.web.doors import BlockReader

Box = tuple[float, float, float, float]
# What one sees around a single building, in degrees: about 150 m.
AROUND_ONE_POINT = 0.0015


def point_of(block: BlockView, areas: Areas) -> tuple[float, float] | None:
    """(x, y) of a block on the map, or None: its area's middle, else the library's point."""
    if block.code in areas:
        x, y = areas[block.code]["properties"]["name_at"]
        return (x, y)
    if block.longitude is not None and block.latitude is not None:
        return (block.longitude, block.latitude)
    return None


def bounds_of(block: BlockView, areas: Areas) -> Box | None:
    """The box the map goes to when this block is chosen: its area's, else a little around its point."""
    if block.code in areas:
        west, south, east, north = areas[block.code]["properties"]["bounds"]
        return (west, south, east, north)
    point = point_of(block, areas)
    if point is None:
        # A room is where its building is.
        above = [code for code, _level, _name in reversed(block.path) if code in areas]
        return tuple(areas[above[0]]["properties"]["bounds"]) if above else None
    x, y = point
    around = AROUND_ONE_POINT
    return (x - around, y - around, x + around, y + around)


def around_all(blocks: Sequence[BlockView], areas: Areas) -> Box | None:
    """The box around several blocks."""
    boxes = [box for one in blocks if (box := bounds_of(one, areas)) is not None]
    if not boxes:
        return None
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return (min(wests), min(souths), max(easts), max(norths))


def short_name(block: BlockView) -> str:
    """What tells it from its neighbours: for a building the text after its community, as estates share names."""
    communities = [name for _code, level, name in block.path if level == "community"]
    if block.level == "building" and communities:
        tail = block.standard_text.rpartition(communities[0])[2]
        return tail or block.name or block.code
    return block.name or block.code


def as_feature(block: BlockView, areas: Areas, *, parent: str) -> dict[str, Any] | None:
    """GeoJSON of one block; a suppressed figure is absent, its key stands in `suppressed`."""
    point = point_of(block, areas)
    if point is None:
        return None
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(point[0], 6), round(point[1], 6)]},
        "properties": {
            "code": block.code,
            "name": short_name(block),
            "level": block.level,
            "parent": parent,
            "figures": {c.key: c.figure for c in block.counters if not c.suppressed},
            "suppressed": [c.key for c in block.counters if c.suppressed],
        },
    }


def children_features(reader: BlockReader, areas: Areas, codes: Iterable[str]) -> dict[str, Any]:
    """The children of `codes` as one collection."""
    features = [
        feature
        for code in codes
        for child in list_mapped_children(reader, code)
        if (feature := as_feature(child, areas, parent=code)) is not None
    ]
    return {"type": "FeatureCollection", "features": features}
