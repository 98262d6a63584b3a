"""What was decided since the build, over figures of the published one: the same on a page, a file and the API."""

from __future__ import annotations

from collections.abc import Sequence

from kuai.blocks.queries import BlockReader as BuildReader
from kuai.blocks.types import AreaView, BlockView
from kuai.flows.block_overlay import all_as_decided, area_as_decided
from kuai.web.doors import BlockReader, current_store


def laid_over(reader: BlockReader, blocks: Sequence[BlockView]) -> list[BlockView]:
    """The blocks as decided; those of an older build, which another has followed meanwhile, stay as built."""
    if not isinstance(reader, BuildReader):
        return list(blocks)
    return all_as_decided(current_store(), reader, blocks)


def area_laid_over(reader: BlockReader, view: AreaView) -> AreaView:
    """An area's figures as decided."""
    if not isinstance(reader, BuildReader):
        return view
    return area_as_decided(current_store(), reader, view)
