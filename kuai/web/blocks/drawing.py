"""Blocks as points for the map. Where the library has no point, the middle of the children stands in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from kuai.blocks.types import BlockView
from kuai.web.doors import BlockReader, current_reader

MAPPED_LEVELS = ("district", "subdistrict", "community", "grid", "building")
# A point this far around (degrees, about 150 m) is what one sees of a single building.
AROUND_ONE_POINT = 0.0015


def list_mapped_children(reader: BlockReader, code: str) -> list[BlockView]:
    """Children that a map may show: rooms have no place of their own. No code: the blocks at the top."""
    children = reader.list_children(code) if code else reader.top_blocks()
    return [child for child in children if child.level in MAPPED_LEVELS]


@lru_cache(maxsize=4096)
def _middle(version: str, code: str) -> tuple[float, float] | None:  # noqa: ARG001 - part of the key
    points = [
        point
        for child in list_mapped_children(current_reader(), code)
        if (point := point_of(child)) is not None
    ]
    if not points:
        return None
    west, south, east, north = _box(points)
    return ((west + east) / 2, (south + north) / 2)


def point_of(block: BlockView) -> tuple[float, float] | None:
    """(x, y) of a block, or of the middle of what lies in it, or None."""
    if block.longitude is not None and block.latitude is not None:
        return (block.longitude, block.latitude)
    return _middle(block.version, block.code) if block.level in MAPPED_LEVELS else None


def _box(points: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    xs = [x for x, _ in points]
    ys = [y for _, y in points]
    return (min(xs), min(ys), max(xs), max(ys))


def bounds_of(
    block: BlockView, children: Sequence[BlockView]
) -> tuple[float, float, float, float] | None:
    """The box the map goes to when this block is chosen: its own point and its children's, never less than a bit."""
    if len(children) == 1:
        # Because the one grid of a community says nothing of how far the community reaches.
        children = [
            *children,
            *list_mapped_children(current_reader(), children[0].code),
        ]
    points = [point for one in (block, *children) if (point := point_of(one)) is not None]
    if not points:
        return None
    west, south, east, north = _box(points)
    across = max(0.0, AROUND_ONE_POINT - (east - west) / 2)
    upwards = max(0.0, AROUND_ONE_POINT - (north - south) / 2)
    return (west - across, south - upwards, east + across, north + upwards)


def short_name(block: BlockView) -> str:
    """What tells it from its neighbours: for a building the text after its community, as estates share names."""
    communities = [name for _code, level, name in block.path if level == "community"]
    if block.level == "building" and communities:
        tail = block.standard_text.rpartition(communities[0])[2]
        return tail or block.name or block.code
    return block.name or block.code


def as_feature(block: BlockView, *, parent: str) -> dict[str, Any] | None:
    """GeoJSON of one block; a suppressed figure is absent, its key stands in `suppressed`."""
    point = point_of(block)
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


def children_features(reader: BlockReader, codes: Iterable[str]) -> dict[str, Any]:
    """The children of `codes` as one collection."""
    features = [
        feature
        for code in codes
        for child in list_mapped_children(reader, code)
        if (feature := as_feature(child, parent=code)) is not None
    ]
    return {"type": "FeatureCollection", "features": features}
