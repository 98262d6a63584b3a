"""Doors of `sources`: receiving deliveries, reading packages, mapping. A list of re-exports only."""

from __future__ import annotations

from kuai.sources.receiving import (
    get_snapshot,
    read_profile,
    read_receipt,
    receive_file,
    receive_parts,
    write_refused_sheet,
)

__all__ = [
    "get_snapshot",
    "read_profile",
    "read_receipt",
    "receive_file",
    "receive_parts",
    "write_refused_sheet",
]
