"""Every relation under either of its codes, sorted by code: what one element is asked by lies together. Private.

Because a build's relations are sorted by source, one element of a city would cost a reading of them all.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from kuai.kit.engine import use_table, write_table
from kuai.kit.receipt import Receipt
from kuai.kit.tables import TableRef
from kuai.registry.types import RELATION_END

# Measured 2026-11-22: groups of this size are skipped or read in about a millisecond each.
ROWS_READ_AT_ONCE = 8192


def write_relation_ends(
    connection: duckdb.DuckDBPyConnection, *, relations: TableRef, folder: Path
) -> tuple[dict[str, TableRef], Receipt]:
    """Write `relation_end` beside the relations. May be repeated: equal relations give equal bytes."""
    use_table(connection, relations)
    ref = write_table(
        connection,
        RELATION_END,
        "select from_code as code, true as is_from, * from relation"
        " union all select to_code, false, * from relation",
        folder,
        row_group_rows=ROWS_READ_AT_ONCE,
    )
    receipt = Receipt("serve", relations.rows, relations.rows, what="relations")
    return {ref.name: ref}, receipt
