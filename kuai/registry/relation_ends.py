"""What readers of a build ask for besides: relations under either code, facts in lists, namings without any key.

Because a build's relations are sorted by source, one element of a city, or one page of its facts, would cost a
reading of them all. Private.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from kuai.kit.engine import read_sql, use_table, use_tables, write_table
from kuai.kit.receipt import Receipt
from kuai.kit.tables import CATALOGUE, TableRef
from kuai.registry.types import (
    FACT_LINE,
    KEYLESS_MENTION,
    RELATION,
    RELATION_END,
    TOLD_BY_BOTH_ENDS,
)

# Measured 2026-11-22: groups of this size are skipped or read in about a millisecond each.
ROWS_READ_AT_ONCE = 8192


def write_relation_ends(
    connection: duckdb.DuckDBPyConnection, *, relations: TableRef, folder: Path
) -> tuple[dict[str, TableRef], Receipt]:
    """Write `relation_end` beside the relations. May be repeated: equal relations give equal bytes."""
    use_table(connection, relations)
    rest = ", ".join(name for name in RELATION.column_names if name not in TOLD_BY_BOTH_ENDS)
    ref = write_table(
        connection,
        RELATION_END,
        f"select from_code as code, true as is_from, to_code as other_code, {rest} from relation"
        f" union all select to_code, false, from_code, {rest} from relation",
        folder,
        row_group_rows=ROWS_READ_AT_ONCE,
    )
    receipt = Receipt("serve", relations.rows, relations.rows, what="relations")
    return {ref.name: ref}, receipt


def write_fact_lines(
    connection: duckdb.DuckDBPyConnection,
    *,
    relations: TableRef,
    base_facts: TableRef,
    folder: Path,
) -> tuple[dict[str, TableRef], Receipt]:
    """Write `fact_line` beside the relations. May be repeated: equal relations give equal bytes."""
    use_table(connection, relations)
    use_table(connection, base_facts)
    ref = write_table(
        connection,
        FACT_LINE,
        read_sql(__file__, FACT_LINE.name),
        folder,
        row_group_rows=ROWS_READ_AT_ONCE,
    )
    receipt = Receipt(
        "list", relations.rows, relations.rows, what="relations", notes={"lines": ref.rows}
    )
    return {ref.name: ref}, receipt


def write_keyless_mentions(
    connection: duckdb.DuckDBPyConnection,
    *,
    inputs: Mapping[str, Sequence[TableRef]],
    folder: Path,
) -> tuple[dict[str, TableRef], Receipt]:
    """Write `keyless_mention` from mention tables and washes, by table name. Nothing is left out: they are listed."""
    for name, refs in inputs.items():
        use_tables(connection, CATALOGUE.tables[name], refs)
    ref = write_table(connection, KEYLESS_MENTION, read_sql(__file__, KEYLESS_MENTION.name), folder)
    named = sum(
        one.rows for name in ("person_mention", "organisation_mention") for one in inputs[name]
    )
    receipt = Receipt("without key", named, named, what="mentions", notes={"without_key": ref.rows})
    return {ref.name: ref}, receipt
