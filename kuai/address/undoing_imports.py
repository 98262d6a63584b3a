"""Undoing an import: what it changed or retired is as before, what it added ends. Set by set, because imports are bulk.

Refused once a later step holds on to what it brought. Private: see the door `library`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from kuai.address.models import LibraryStep
from kuai.address.record import LibraryRecord, record_at, snapshot_of
from kuai.address.snapshots import LIBRARY_TABLES, TOUCHED, Snapshot, library_engine
from kuai.address.types import ADDRESS_ENTRY, ADDRESS_SUCCESSION
from kuai.kit.engine import path_sql
from kuai.kit.errors import Refusal
from kuai.kit.store import Store


def effect_of_undoing_import(
    store: Store, done: LibraryStep, record: LibraryRecord, *, day: date, reason: str
) -> str:
    """Leave the compensating rows in the store, as an import's; returns the digest they lie under."""
    imported = store.library / "imports" / done.bulk
    before = snapshot_of(store, record_at(store, done.sequence - 1))
    now = snapshot_of(store, record)
    assert now is not None
    scratch = store.library / "imports" / f".undo-{done.sequence}.{os.getpid()}.part"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        with library_engine(store) as connection:
            _use(connection, imported, before=before, now=now)
            _require_untouched(connection)
            _write(connection, scratch, before=before, day=day, reason=reason)
        digest = _digest_of(scratch)
        target = store.library / "imports" / digest
        if not target.exists():
            os.rename(scratch, target)
        return digest
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _use(
    connection: duckdb.DuckDBPyConnection, imported: Path, *, before: Snapshot | None, now: Snapshot
) -> None:
    files = sorted(imported.glob("address_*.parquet"))
    touched = " union ".join(
        f"select address_code from read_parquet({path_sql(path)})" for path in files
    )
    connection.execute(f"create temp table touched as {touched}")
    brought = imported / f"{ADDRESS_ENTRY.name}.parquet"
    was = before.path(ADDRESS_ENTRY) if before else None
    nothing = f"select * from read_parquet({path_sql(now.path(ADDRESS_ENTRY))}) where false"
    for name, path in (("brought", brought), ("was", was), ("is_now", now.path(ADDRESS_ENTRY))):
        rows = (
            f"select * from read_parquet({path_sql(path)})" if path and path.exists() else nothing
        )
        connection.execute(f"create temp view {name} as {rows}")
    connection.execute(
        "create temp table added as select address_code from brought anti join was using (address_code)"
    )


def _require_untouched(connection: duckdb.DuckDBPyConnection) -> None:
    same = " and ".join(
        f'b."{name}" is not distinct from n."{name}"' for name in ADDRESS_ENTRY.column_names
    )
    for sql in (
        f"select b.address_code from brought as b join is_now as n using (address_code) where not ({same})",
        "select n.address_code from is_now as n join added as a on n.parent_code = a.address_code"
        " left join added as also on n.address_code = also.address_code"
        " where also.address_code is null and n.state in ('planned', 'in_use')",
        "select w.address_code from was as w semi join touched using (address_code)"
        " join is_now as p on w.parent_code = p.address_code left join touched as t"
        " on p.address_code = t.address_code where t.address_code is null"
        " and w.state in ('planned', 'in_use') and p.state not in ('planned', 'in_use')",
    ):
        found = connection.execute(f"{sql} order by 1 limit 1").fetchall()
        if found:
            code = found[0][0]
            raise Refusal(
                "library.undo_too_late",
                f"导入之后，{code} 又变过或有了下级，不能直接撤销这次导入。",
                next_step=f"先撤销后来的事件：kuai library events --code {code}。",
            )


def _write(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    before: Snapshot | None,
    day: date,
    reason: str,
) -> None:
    ends = (
        "select * replace ('demolished' as state) from brought semi join added using (address_code)"
    )
    leads_nowhere = (
        "select address_code, null as successor_code, 'demolished' as kind,"
        " cast($day as date) as happened_on, $reason as reason from added"
    )
    said = {"day": day.isoformat(), "reason": reason}
    for table in LIBRARY_TABLES:
        parts, asked = [], {}
        if before is not None:
            known = path_sql(before.path(table))
            parts.append(
                f"select * from read_parquet({known}) semi join touched using (address_code)"
            )
        if table is ADDRESS_ENTRY:
            parts.append(ends)
        if table is ADDRESS_SUCCESSION:
            parts.append(leads_nowhere)
            asked = said
        if parts:
            _copy(
                connection,
                " union all by name ".join(parts),
                folder / f"{table.name}.parquet",
                asked,
            )
    _copy(connection, "select address_code from touched", folder / TOUCHED, {})


def _copy(
    connection: duckdb.DuckDBPyConnection, sql: str, path: Path, asked: dict[str, Any]
) -> None:
    connection.execute(
        f"copy (select * from ({sql}) order by all) to {path_sql(path)} (format parquet, compression zstd)",
        asked or None,
    )


def _digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        with path.open("rb") as stream:
            digest.update(path.name.encode())
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
