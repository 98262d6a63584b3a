"""A build freezes one version of the library: its tables, with the texts that people gave, into a folder. Private."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from kuai.address.given_aliases import list_aliases
from kuai.address.life.folding import LibraryState
from kuai.address.life.succession import resolve_code
from kuai.address.record import open_record, snapshot_of
from kuai.address.snapshots import Snapshot, SnapshotBase
from kuai.address.types import (
    ADDRESS_ALIAS,
    ADDRESS_ENTRY,
    ADDRESS_GEOMETRY,
    ADDRESS_IDENTIFIER,
    ADDRESS_SUCCESSION,
)
from kuai.kit.engine import path_sql, read_sql, scan_sql, write_table
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.kit.tables import TableRef

FROZEN_TABLES = (
    ADDRESS_ENTRY,
    ADDRESS_ALIAS,
    ADDRESS_SUCCESSION,
    ADDRESS_GEOMETRY,
    ADDRESS_IDENTIFIER,
)


@dataclass(frozen=True)
class FrozenLibrary:
    """One version of the library as tables of a build. `sequence` is how many steps of the log it holds."""

    entries: TableRef
    aliases: TableRef
    successions: TableRef
    geometries: TableRef
    identifiers: TableRef
    sequence: int

    @property
    def tables(self) -> tuple[TableRef, ...]:
        """All of them, in the order of FROZEN_TABLES."""
        return (
            self.entries,
            self.aliases,
            self.successions,
            self.geometries,
            self.identifiers,
        )

    @property
    def receipt(self) -> Receipt:
        """Entries frozen; the rest as notes."""
        notes = {ref.name.removeprefix("address_"): ref.rows for ref in self.tables[1:]}
        rows = self.entries.rows
        return Receipt("freeze_library", rows, rows, what="entries", notes=notes)


def freeze_library(
    connection: duckdb.DuckDBPyConnection, store: Store, folder: Path
) -> FrozenLibrary | None:
    """Write the library as recorded now into `folder`; None while nothing is recorded. Repeatable.

    Equal records give equal bytes on every machine: nothing of the log's numbers goes in.
    """
    record = open_record(store)
    at_rest = snapshot_of(store, record)
    if at_rest is None:
        return None
    refs = [_write_aliases(connection, at_rest, folder)]
    for table in FROZEN_TABLES:
        if table is not ADDRESS_ALIAS:
            rows = f"select * from {scan_sql([at_rest.path(table)])}"
            refs.append(write_table(connection, table, rows, folder))
    by_name = {ref.name: ref for ref in refs}
    return FrozenLibrary(
        entries=by_name[ADDRESS_ENTRY.name],
        aliases=by_name[ADDRESS_ALIAS.name],
        successions=by_name[ADDRESS_SUCCESSION.name],
        geometries=by_name[ADDRESS_GEOMETRY.name],
        identifiers=by_name[ADDRESS_IDENTIFIER.name],
        sequence=record.sequence,
    )


def _write_aliases(
    connection: duckdb.DuckDBPyConnection, at_rest: Snapshot, folder: Path
) -> TableRef:
    given = list_aliases(live_only=True)
    connection.register(
        "given_alias",
        pa.table(
            {
                "address_code": pa.array([one.address_code for one in given], pa.string()),
                "text": pa.array([one.text for one in given], pa.string()),
                "kind": pa.array([one.kind.value for one in given], pa.string()),
                "source": pa.array([one.source for one in given], pa.string()),
                "valid_from": pa.array([one.valid_from for one in given], pa.date32()),
                "valid_to": pa.nulls(len(given), pa.date32()),
            }
        ),
    )
    views = {
        "known_alias": f"select * from read_parquet({path_sql(at_rest.path(ADDRESS_ALIAS))})",
        "living_text": f"select distinct standard_text from read_parquet({path_sql(at_rest.path(ADDRESS_ENTRY))})"
        " where state in ('planned', 'in_use') and standard_text <> ''",
    }
    for name, sql in views.items():
        connection.execute(f"create or replace temp view {name} as {sql}")
    connection.register("sole_successor", _sole_successors(connection, at_rest))
    ref = write_table(connection, ADDRESS_ALIAS, read_sql(__file__, "library_alias"), folder)
    for name in (*views, "given_alias", "sole_successor"):
        connection.execute(f"drop view if exists {name}")
    return ref


def _sole_successors(connection: duckdb.DuckDBPyConnection, at_rest: Snapshot) -> pa.Table:
    """Of ended codes that bear other texts: the one living code each leads to, where there is just one."""
    ended = connection.execute(
        "select distinct s.address_code from (select address_code from known_alias union"
        " select address_code from given_alias) as a"
        f" join read_parquet({path_sql(at_rest.path(ADDRESS_SUCCESSION))}) as s"
        " on a.address_code = s.address_code order by all"
    ).fetchall()
    library = LibraryState(SnapshotBase(at_rest)) if ended else LibraryState()
    leads = {code: resolve_code(code, library).successors for (code,) in ended}
    sole = {code: living[0] for code, living in leads.items() if len(living) == 1}
    return pa.table(
        {
            "address_code": pa.array(list(sole), pa.string()),
            "successor_code": pa.array(list(sole.values()), pa.string()),
        }
    )
