"""The address library of a build: a delivered one goes into the record first, then one version of the record is frozen.

A store whose record is empty and whose package brings no library is washed against the shipped table of divisions.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import duckdb

from kuai.address import actions as address
from kuai.address import library as record
from kuai.flows.deliveries import ReceivedResource
from kuai.flows.stage_log import file_digest
from kuai.kit.engine import engine, table_at, write_table
from kuai.kit.errors import DataFault
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.kit.tables import TableRef
from kuai.sources import actions as sources
from kuai.sources.types import DeliveryKind

FROZEN_TABLES = record.FROZEN_TABLES
BUILD = "build"


@dataclass(frozen=True)
class PreparedLibrary:
    """What a build will be washed against, frozen in a folder of its own until the build has one."""

    title: str
    folder: Path
    receipt: Receipt
    digest: str
    # How many steps of the record are in it; 0 for the shipped divisions.
    sequence: int = 0

    def copy_to(
        self, connection: duckdb.DuckDBPyConnection, core: Path
    ) -> tuple[dict[str, TableRef], Receipt]:
        """The frozen tables in the build's core folder."""
        core.mkdir(parents=True, exist_ok=True)
        for table in FROZEN_TABLES:
            shutil.copyfile(self.folder / f"{table.name}.parquet", core / f"{table.name}.parquet")
        refs = {table.name: table_at(connection, table, core) for table in FROZEN_TABLES}
        return refs, self.receipt


def prepare_library(
    store: Store, delivered: ReceivedResource | None, *, as_of: date
) -> PreparedLibrary:
    """Take in what was delivered, freeze the record as it is now. May be repeated: the same rows are taken in once.

    The digest is of the frozen rows alone, so that two machines with the same library build the same version.
    """
    taken = _take_in(store, delivered, as_of=as_of) if delivered else None
    folder = store.scratch / "library"
    shutil.rmtree(folder, ignore_errors=True)
    with engine(spill_to=store.scratch / "spill") as connection:
        frozen = record.freeze_library(connection, store, folder)
        if frozen is None:
            title, receipt = "行政区划表", _freeze_divisions(connection, folder)
        else:
            title = delivered.resource.title if delivered else "统一地址库"
            receipt = taken or frozen.receipt
    sequence = frozen.sequence if frozen else 0
    return PreparedLibrary(title, folder, receipt, library_digest(folder), sequence)


def library_digest(folder: Path) -> str:
    """Of the frozen tables in `folder`: a scratch folder, or the core of a build."""
    return file_digest([folder / f"{table.name}.parquet" for table in FROZEN_TABLES])


def forget_prepared(store: Store) -> None:
    """The build has its own copy, or there will be none."""
    shutil.rmtree(store.scratch / "library", ignore_errors=True)


def _take_in(store: Store, delivered: ReceivedResource, *, as_of: date) -> Receipt:
    snapshot = delivered.snapshot
    rows = sources.open_snapshot(store, snapshot, zone=delivered.zone)
    try:
        delivery = record.delivery_of_rows(
            rows,
            file_name=snapshot.file_name,
            source=delivered.resource.name,
            digest=snapshot.content_hash,
            full=delivered.resource.delivery is DeliveryKind.FULL,
            day=as_of,
        )
        return record.take_delivery(store, delivery, by=BUILD, reason="建库时随数据包送来")
    except DataFault as fault:
        # The address room was given rows; which file they came from is known here.
        fault.where = replace(fault.where, file=snapshot.file_name)
        raise


def _freeze_divisions(connection: duckdb.DuckDBPyConnection, folder: Path) -> Receipt:
    entries, receipt = address.read_division_library(connection, folder)
    for table in FROZEN_TABLES:
        if table.name != entries.name:
            columns = ", ".join(f'null as "{column.name}"' for column in table.columns)
            write_table(connection, table, f"select {columns} where false", folder)
    return receipt
