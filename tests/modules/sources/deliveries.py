"""Builders of delivered files for the tests of receiving. People are invented (division codes 440380-440399)."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import xlsxwriter

from kuai.guard.actions import open_sealed
from kuai.guard.types import Zone
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.sources.actions import receive_file
from kuai.sources.types import SnapshotRef

HEADINGS = ("姓名", "证件号码", "地址", "登记日期")
PEOPLE = (
    ("张三", "440380199001011239", "龙华区民治街道一路1号101", "2021/5/1"),
    ("李四", "440381198502022345", "龙华区民治街道一路1号102", "2021-05-02"),
    ("王五", "440382197703033451", "龙华区民治街道一路1号103", "20210503"),
)

Rows = Sequence[Sequence[Any]]


def csv_bytes(rows: Rows, *, encoding: str = "utf-8", separator: str = ",") -> bytes:
    """Rows as an office's plain CSV, without quoting."""
    return "".join(separator.join(map(str, row)) + "\r\n" for row in rows).encode(encoding)


def write_csv(folder: Path, rows: Rows, *, name: str = "people.csv", **form: Any) -> Path:
    """A CSV file of `rows`."""
    path = folder / name
    path.write_bytes(csv_bytes(rows, **form))
    return path


def write_xlsx(
    folder: Path, rows: Rows, *, name: str = "people.xlsx", merges: Sequence[str] = ()
) -> Path:
    """An XLSX file of one sheet; numbers and text are written as what they are."""
    path = folder / name
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("数据")
        for number, row in enumerate(rows):
            for column, cell in enumerate(row):
                if cell != "":
                    sheet.write(number, column, cell)
        for place in merges:
            sheet.merge_range(place, "", None)
    return path


def rewrite_part(path: Path, part: str, content: bytes) -> Path:
    """Replace one part of a zipped workbook."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(path) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, content if entry.filename == part else old.read(entry))
    path.write_bytes(buffer.getvalue())
    return path


def receive(store: Store, path: Path, **more: Any) -> tuple[SnapshotRef, Receipt]:
    """Receive into the core zone as source `people`, period 2026-11."""
    return receive_file(store, path, source="people", period="2026-11", zone=Zone.CORE, **more)


def opened(store: Store, name: str = "snapshot") -> pa.Table:
    """The sealed table of what `receive` took."""
    return open_sealed(store, zone=Zone.CORE, source="people", period="2026-11", name=name)


def kept_rows(store: Store) -> list[tuple[str, ...]]:
    """Kept rows as tuples of cells, without their numbers."""
    return [tuple(row.values())[1:] for row in opened(store).to_pylist()]
