"""Workbooks (XLSX) as the wash reads and writes them: cells keep their kind, nothing written is a live formula.

Because the fast reader lays a sheet out as a dense grid, one cell at XFD1048576 would cost half a terabyte and
abort the process; so the packing is looked through, as a stream, before anything parses it.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import Any

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from kuai.address.sheet_cells import (
    BATCH_ROWS,
    ROWS_ABOVE_HEADING,
    Cells,
    OpenSheet,
    cell_text,
    cells_of,
    find_heading,
)
from kuai.kit.errors import DataFault, Where

# 32 bytes a cell of the dense grid: about 1 GB, and a full sheet of 28 columns.
MOST_CELLS = 30_000_000
MOST_UNPACKED_BYTES = 4 << 30
MOST_SHEET_ROWS = 1_048_576
MOST_CELL_CHARACTERS = 32_767
BLOCK = 1 << 20
TAG_BYTES = 512

_COLUMN = re.compile(rb"""\sr\s*=\s*["']([A-Z]{1,3})[0-9]{1,7}["']""")
_ROW = re.compile(rb"""\sr\s*=\s*["'](?:[A-Z]{1,3})?([0-9]{1,7})["']""")
# Control characters that a workbook cannot hold; with one of them no programme opens it.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_REPACK = "请在 Excel 或 WPS 里把数据复制到新的空白工作簿，另存为 .xlsx，或另存为 CSV。"


def open_workbook(path: Path, text_column: str) -> OpenSheet:
    """The first sheet whose first rows hold `text_column`."""
    look_through(path)
    file = path.name
    sheets = _sheets_of(path)
    shown: list[list[str]] = []
    for name, sheet in sheets:
        top = [
            [cell_text(cell) for cell in row]
            for row in islice(sheet.iter_rows(), ROWS_ABOVE_HEADING)
        ]
        shown = shown or top[:1]
        if any(text_column in row for row in top):
            above = find_heading(top, text_column, file, sheet=name)
            rows = int(sheet.height) - above - 1
            return OpenSheet(
                tuple(top[above]), _batches(sheet, above + 1, len(top[above])), rows, above
            )
    find_heading(shown, text_column, file)
    raise AssertionError("find_heading refuses")


def _sheets_of(path: Path) -> list[tuple[str, Any]]:
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        return [(name, workbook.get_sheet_by_name(name)) for name in workbook.sheet_names]
    except (CalamineError, OSError, ValueError) as cause:
        raise _damaged(path.name) from cause
    except BaseException as cause:
        # A panic of the reader is no Exception; anything else of that height is not ours to hold.
        if type(cause).__name__ == "PanicException":
            raise _damaged(path.name) from cause
        raise


def _batches(sheet: Any, skipped: int, width: int) -> Iterator[Sequence[Cells]]:
    rows = islice(sheet.iter_rows(), skipped, None)
    while batch := list(islice(rows, BATCH_ROWS)):
        # A row without any cell is a gap in the sheet.
        filled = [row for row in batch if any(cell != "" for cell in row)]
        if filled:
            yield [list(column) for column in zip(*filled, strict=True)][:width]


def look_through(path: Path) -> None:
    """Refuse, before parsing, what unpacks to more than a machine holds, lies about itself, or is no workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
                raise _too_big(path.name)
            for part in parts:
                name = part.filename.replace("\\", "/").lower()
                if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                    _look_through_sheet(archive, part, path.name)
                elif name.endswith("sharedstrings.xml"):
                    # Read to the end, because only that proves the size the header gives.
                    _drain(archive, part)
    except DataFault:
        raise
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        NotImplementedError,
        RuntimeError,
        EOFError,
    ) as cause:
        raise _damaged(path.name) from cause
    except Exception as cause:  # noqa: BLE001 - zlib.error and struct.error mean the same to the office
        raise _damaged(path.name) from cause


def _drain(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    with archive.open(part) as stream:
        while stream.read(BLOCK):
            pass


def _look_through_sheet(archive: zipfile.ZipFile, part: zipfile.ZipInfo, file: str) -> None:
    last_row = last_column = 0
    tail = b""
    with archive.open(part) as stream:
        while block := stream.read(BLOCK):
            text = tail + block
            columns = set(_COLUMN.findall(text))
            last_column = max([last_column, *map(_column_number, columns)])
            last_row = max([last_row, *map(int, set(_ROW.findall(text)))])
            if last_row * last_column > MOST_CELLS or last_row > MOST_SHEET_ROWS:
                raise _too_big(file)
            tail = text[-TAG_BYTES:]


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _too_big(file: str) -> DataFault:
    return DataFault(
        "address.workbook_too_big",
        "工作簿展开后太大，或有单元格远在数据之外",
        where=Where(file=file),
        remedy=_REPACK,
    )


def _damaged(file: str) -> DataFault:
    return DataFault(
        "address.input_unreadable",
        "不是可读的 .xlsx，可能已损坏或有打开密码",
        where=Where(file=file),
        remedy=_REPACK,
    )


class WorkbookWriter:
    """One sheet, written row by row."""

    def __init__(self, path: Path, heading: Sequence[str]) -> None:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "default_date_format": "yyyy-mm-dd",
        }
        self._workbook = xlsxwriter.Workbook(str(path), options)
        self._sheet = self._workbook.add_worksheet("清洗结果")
        self._sheet.freeze_panes(1, 0)
        self._day_and_time = self._workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._time = self._workbook.add_format({"num_format": "hh:mm:ss"})
        self._sheet.write_row(0, 0, list(heading))
        self._row = 1

    def write(self, columns: Sequence[Cells]) -> None:
        for row in zip(*map(cells_of, columns), strict=True):
            if self._row >= MOST_SHEET_ROWS:
                raise DataFault(
                    "address.sheet_full",
                    f"一张工作表最多 {MOST_SHEET_ROWS:,} 行，结果写不下",
                    remedy="请改写成 .csv 或 .parquet",
                )
            for column, cell in enumerate(row):
                self._write_cell(column, cell)
            self._row += 1

    def _write_cell(self, column: int, cell: Any) -> None:
        if cell is None or cell == "":
            return
        if isinstance(cell, bool):
            self._sheet.write_boolean(self._row, column, cell)
        elif isinstance(cell, int | float) and isfinite(cell) and abs(cell) < 1e15:
            self._sheet.write_number(self._row, column, cell)
        elif isinstance(cell, datetime) and cell.tzinfo is None:
            self._sheet.write_datetime(self._row, column, cell, self._day_and_time)
        elif isinstance(cell, date) and not isinstance(cell, datetime):
            self._sheet.write_datetime(self._row, column, cell)
        elif isinstance(cell, time | timedelta):
            self._sheet.write_datetime(self._row, column, cell, self._time)
        else:
            self._sheet.write_string(self._row, column, _cut(cell_text(cell)))

    def close(self) -> None:
        self._workbook.close()


def _cut(text: str) -> str:
    text = _NO_XML.sub("", text)
    # A sheet's cell holds no more, and the writer would leave a longer one empty without a word.
    return text if len(text) <= MOST_CELL_CHARACTERS else text[: MOST_CELL_CHARACTERS - 1] + "…"


@contextmanager
def workbook_writer(path: Path, heading: Sequence[str]) -> Iterator[WorkbookWriter]:
    """A workbook in `path`; whole only when the block ends well."""
    writer = WorkbookWriter(path, heading)
    yield writer
    writer.close()
