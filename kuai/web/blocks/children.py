"""Blocks that have a place on the map, level by level."""

from __future__ import annotations

from kuai.blocks.types import BlockView
from kuai.web.doors import BlockReader

MAPPED_LEVELS = ("district", "subdistrict", "community", "grid", "building")


def list_mapped_children(reader: BlockReader, code: str) -> list[BlockView]:
    """Children that a map may show: rooms have no place of their own. No code: the blocks at the top."""
    children = reader.list_children(code) if code else reader.top_blocks()
    return [child for child in children if child.level in MAPPED_LEVELS]
