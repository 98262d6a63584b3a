"""Doors of `sources`: receiving deliveries, reading packages, mapping. A list of re-exports only."""

from __future__ import annotations

from kuai.sources.packages import Package, Resource, read_package
from kuai.sources.receiving import (
    get_snapshot,
    hash_parts,
    read_profile,
    read_receipt,
    receive_file,
    receive_parts,
    write_refused_sheet,
)

__all__ = [
    "Package",
    "Resource",
    "get_snapshot",
    "hash_parts",
    "read_package",
    "read_profile",
    "read_receipt",
    "receive_file",
    "receive_parts",
    "write_refused_sheet",
]
