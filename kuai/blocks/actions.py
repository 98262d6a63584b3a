"""The writes of `blocks` that others may call."""

from kuai.blocks.packing import pack_blocks

__all__ = ["pack_blocks"]
