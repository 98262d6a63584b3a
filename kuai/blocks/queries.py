"""The reads of `blocks` that others may call."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kuai.blocks.finding import BlockFinder
from kuai.blocks.reading import BlockReader

__all__ = ["BlockFinder", "BlockReader", "open_blocks", "open_finder"]


@lru_cache(maxsize=4)
def open_blocks(build: Path) -> BlockReader:
    """A reader of the published build in `build`; kept open, because a published build never changes."""
    return BlockReader(build)


@lru_cache(maxsize=2)
def open_finder(build: Path, scratch: Path) -> BlockFinder:
    """Search over the firms and codes of the build in `build`; `scratch` takes the index, made on first use."""
    return BlockFinder(build, scratch)
