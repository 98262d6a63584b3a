"""Which rows of several deliveries of one source still stand: the newest row of a record is the one that counts.

Private to the room; the door is `kuai.sources.actions.leave_replaced_rows`. The deliveries at rest are not changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from kuai.kit.engine import use_tables, write_table
from kuai.kit.receipt import Receipt
from kuai.kit.tables import BulkTable, TableRef
from kuai.sources.types import MENTION_TABLES, MentionSet

_NEWER = "newer_record"


def leave_replaced_rows(
    connection: duckdb.DuckDBPyConnection, mention_sets: Sequence[MentionSet], folder: Path
) -> tuple[tuple[MentionSet, ...], Receipt]:
    """The mentions of deliveries of one source, oldest first, without the rows that a later one brings anew.

    What changed is written below `folder`. May be repeated: equal deliveries give equal files.
    """
    standing: list[MentionSet] = []
    parts: list[Receipt] = []
    connection.execute(f"create or replace temp table {_NEWER} (record_key varchar)")
    for one in reversed(mention_sets):
        _open_records(connection, one)
        records = _count(connection, "select count(*) from delivered_record")
        replaced = _count(
            connection,
            f"select count(*) from delivered_record semi join {_NEWER} using (record_key)",
        )
        standing.append(_without_newer(connection, one, folder) if replaced else one)
        parts.append(
            Receipt(
                one.period,
                records,
                records - replaced,
                refused=replaced,
                notes={"source": one.source},
            )
        )
        connection.execute(
            f"insert into {_NEWER} select record_key from delivered_record"
            f" anti join {_NEWER} using (record_key)"
        )
    return tuple(reversed(standing)), Receipt.total("standing", tuple(reversed(parts)))


def _open_records(connection: duckdb.DuckDBPyConnection, one: MentionSet) -> None:
    """Table `delivered_record`: the records that the delivery says anything of."""
    for table in MENTION_TABLES:
        use_tables(connection, table, [one.tables[table.name]])
    union = " union ".join(f"select record_key from {table.name}" for table in MENTION_TABLES)
    connection.execute(f"create or replace temp table delivered_record as {union}")


def _without_newer(
    connection: duckdb.DuckDBPyConnection, one: MentionSet, folder: Path
) -> MentionSet:
    own = folder / one.source / one.period
    return replace(
        one,
        folder=own,
        tables={table.name: _kept(connection, table, own) for table in MENTION_TABLES},
    )


def _kept(connection: duckdb.DuckDBPyConnection, table: BulkTable, folder: Path) -> TableRef:
    return write_table(
        connection,
        table,
        f"select * from {table.name} anti join {_NEWER} using (record_key)",
        folder,
    )


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])
