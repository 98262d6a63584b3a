"""The reads of `blocks` that others may call."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kuai.blocks.reading import BlockReader

__all__ = ["BlockReader", "open_blocks"]


@lru_cache(maxsize=4)
def open_blocks(build: Path) -> BlockReader:
    """A reader of the published build in `build`; kept open, because a published build never changes."""
    return BlockReader(build)
