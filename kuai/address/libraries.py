"""A library ready to be indexed, whatever it comes as: delivered CSV, XLSX or Parquet, or a published build."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kuai.address.batch import index_of
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.reading import (
    OPTIONAL_COLUMNS,
    REQUIRED_COLUMNS,
    library_table,
    read_delivered_library,
)
from kuai.address.sheets import form_of, open_sheet, texts_of
from kuai.address.types import ADDRESS_ALIAS, ADDRESS_ENTRY, ADDRESS_SUCCESSION
from kuai.kit.errors import DataFault, Refusal, Where
from kuai.kit.tables import BulkTable


@dataclass(frozen=True)
class LibraryTables:
    """The entries, with what a build knows of other names and of codes that ended."""

    entries: pa.Table
    aliases: pa.Table | None = None
    successions: pa.Table | None = None

    def index(self) -> PlaceIndex:
        """The look-ups of the wash."""
        tables = {"aliases": self.aliases, "successions": self.successions}
        return index_of(
            self.entries, **{name: table for name, table in tables.items() if table is not None}
        )


def read_library_file(path: Path) -> LibraryTables:
    """A library handed in as a file, by its ending; refuses a faulty row with row and column."""
    form = form_of(path)
    if form == "csv":
        return LibraryTables(library_table(read_delivered_library(path), file=path.name))
    if not path.is_file():
        raise DataFault("address.library_absent", "找不到地址库文件", where=Where(file=path.name))
    if form == "parquet":
        return LibraryTables(_parquet_library(path))
    return LibraryTables(_workbook_library(path))


def library_of_build(core: Path) -> LibraryTables:
    """The library as frozen in a build's core folder, with its aliases and successions where it has them."""
    entries = _table_in(core, ADDRESS_ENTRY)
    if entries is None:
        raise Refusal(
            "address.build_without_library",
            "这个版本里没有统一地址库。",
            next_step="先用含地址库的数据包运行 kuai build。",
        )
    return LibraryTables(
        entries, _table_in(core, ADDRESS_ALIAS), _table_in(core, ADDRESS_SUCCESSION)
    )


def _table_in(core: Path, table: BulkTable) -> pa.Table | None:
    path = core / f"{table.name}.parquet"
    return pq.read_table(path) if path.exists() else None


def _parquet_library(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as cause:
        raise DataFault(
            "address.library_unreadable", "地址库不是可读的 Parquet", where=Where(file=path.name)
        ) from cause
    if set(ADDRESS_ENTRY.column_names) <= set(table.column_names):
        return table
    return library_table(read_delivered_library(table), file=path.name)


def _workbook_library(path: Path) -> pa.Table:
    with open_sheet(path, REQUIRED_COLUMNS[0]) as sheet:
        wanted = [
            (number, name)
            for number, name in enumerate(sheet.heading)
            if name in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
        ]
        columns: dict[str, list[str]] = {name: [] for _, name in wanted}
        for batch in sheet.batches:
            for number, name in wanted:
                columns[name].extend(texts_of(batch[number]))
    return library_table(read_delivered_library(pa.table(columns)), file=path.name)
