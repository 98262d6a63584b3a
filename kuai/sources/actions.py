"""Doors of `sources`: receiving deliveries, reading packages, mapping. A list of re-exports only."""

from __future__ import annotations

from kuai.sources.engine.mappings import ColumnMapping, Mapping, parse_mapping, write_mapping
from kuai.sources.engine.suggesting import recognise_zone
from kuai.sources.later_day import readings_mark
from kuai.sources.mapping_files import (
    ColumnChoice,
    column_choice,
    map_snapshot,
    mapping_path,
    read_mapping,
    save_mapping,
    settle_mapping,
    suggest_mapping,
)
from kuai.sources.mending import (
    MendedDelivery,
    MendedSheetFound,
    PlainChoice,
    mended_period,
    read_receipt_together,
    receive_mended,
    write_rows_to_mend,
)
from kuai.sources.newest_day import newest_day
from kuai.sources.packages import Package, Resource, read_package
from kuai.sources.receiving import (
    get_snapshot,
    hash_parts,
    open_snapshot,
    read_profile,
    read_receipt,
    receive_file,
    receive_parts,
    write_refused_sheet,
)
from kuai.sources.standing_rows import leave_replaced_rows

__all__ = [
    "ColumnChoice",
    "ColumnMapping",
    "Mapping",
    "MendedDelivery",
    "MendedSheetFound",
    "Package",
    "PlainChoice",
    "Resource",
    "column_choice",
    "get_snapshot",
    "hash_parts",
    "leave_replaced_rows",
    "open_snapshot",
    "map_snapshot",
    "mapping_path",
    "mended_period",
    "newest_day",
    "parse_mapping",
    "read_mapping",
    "read_package",
    "read_profile",
    "read_receipt",
    "read_receipt_together",
    "readings_mark",
    "receive_file",
    "receive_mended",
    "receive_parts",
    "recognise_zone",
    "save_mapping",
    "settle_mapping",
    "suggest_mapping",
    "write_mapping",
    "write_refused_sheet",
    "write_rows_to_mend",
]
