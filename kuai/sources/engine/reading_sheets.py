"""Rows of a workbook's sheet as the plain text a person sees there: 20101231, not 20101231.0; days as ISO."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from kuai.kit.errors import DataFault, Where
from kuai.sources.engine import reading_limits as limits
from kuai.sources.engine.detecting_heading import Merge
from kuai.sources.engine.reading_scan import (
    SheetScan,
    WorkbookScan,
    memory_needed,
    refuse_sparse_sheet,
)

# Doubles hold 15 digits: an 18-digit number typed as a number has lost its last three.
EXACT_WHOLE_NUMBER = 10**15


class Workbook:
    """A workbook opened for reading. `scan` is what was seen before parsing (none for the old XLS form)."""

    def __init__(self, path: Path, *, name: str, scan: WorkbookScan | None) -> None:
        self._name = name
        self._scan = scan
        try:
            self._book = CalamineWorkbook.from_path(str(path))
        except Exception as error:  # noqa: BLE001 - calamine's messages are for programmers
            raise self._unreadable("") from error
        self.tabs = [
            sheet.name
            for sheet in self._book.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet and sheet.visible == SheetVisibleEnum.Visible
        ]
        self.hidden_tabs = len(self._book.sheets_metadata) - len(self.tabs)

    def scan_of(self, tab: str) -> SheetScan | None:
        """What the scan saw of one sheet."""
        return self._scan.sheets.get(tab) if self._scan else None

    def open_sheet(self, tab: str, *, allow_memory: Callable[[int], None]) -> SheetTable:
        """Parse one sheet; a DataFault if it is sparse, too big or broken."""
        scan = self.scan_of(tab)
        if scan is not None and self._scan is not None:
            refuse_sparse_sheet(scan, file=self._name, sheet=tab)
            allow_memory(memory_needed(scan, self._scan.shared_text_bytes))
        try:
            sheet = self._book.get_sheet_by_name(tab)
        except Exception as error:  # noqa: BLE001 - as above
            raise self._unreadable(tab) from error
        return SheetTable(sheet, tab=tab, errors=scan.errors if scan else {})

    def _unreadable(self, tab: str) -> DataFault:
        return DataFault(
            "file.damaged",
            "工作簿读不出来，可能已损坏",
            where=Where(file=self._name, sheet=tab),
            remedy="请用 Excel 或 WPS 打开确认，另存为 .xlsx 后再交。",
        )


class SheetTable:
    """One sheet: first rows at hand, then all rows in batches, always as wide as the sheet."""

    def __init__(self, sheet: Any, *, tab: str, errors: dict[tuple[int, int], str]) -> None:
        self.tab = tab
        self.rows = int(sheet.total_height)
        self._sheet = sheet
        self._first_column = int(sheet.start[1]) if sheet.start else 0
        self._error_rows: dict[int, list[tuple[int, str]]] = {}
        for (row, column), shown in errors.items():
            self._error_rows.setdefault(row, []).append((column - self._first_column, shown))
        self.merges = self._shifted(sheet.merged_cell_ranges or [])
        self.sample = self._read_sample()

    def _read_sample(self) -> list[list[str]]:
        first = next(self._batches(limits.ROWS_SAMPLED), [])
        return [list(row) for row in zip(*first, strict=True)]

    def batches(self, advance: Callable[[int], None]) -> Iterator[list[list[str]]]:
        """All rows as columns of text, from the sheet's first row on."""
        for columns in self._batches(limits.BATCH_ROWS):
            advance(len(columns[0]) if columns else 0)
            yield columns

    def _batches(self, size: int) -> Iterator[list[list[str]]]:
        rows = iter(self._sheet.iter_rows())
        start = 0
        while batch := list(islice(rows, size)):
            columns = [column_text(column) for column in zip(*batch, strict=True)]
            self._show_errors(columns, start, len(batch))
            start += len(batch)
            yield columns

    def _show_errors(self, columns: list[list[str]], start: int, count: int) -> None:
        """calamine gives an empty cell for #REF!; a person sees #REF!, so that is what was delivered."""
        if not self._error_rows:
            return
        for row in range(start, start + count):
            for column, shown in self._error_rows.get(row, ()):
                if 0 <= column < len(columns):
                    columns[column][row - start] = shown

    def _shifted(self, merges: Sequence[Merge]) -> list[Merge]:
        shift = self._first_column
        return [
            ((top, left - shift), (bottom, right - shift))
            for (top, left), (bottom, right) in merges
        ]


def column_text(column: Sequence[Any]) -> list[str]:
    """The cells of one column as text."""
    kinds = set(map(type, column))
    if kinds == {str}:
        return list(column)
    return [cell if type(cell) is str else cell_text(cell) for cell in column]


def cell_text(cell: Any) -> str:  # noqa: PLR0911 - one answer a kind of cell
    """One cell as a person reads it, without display rounding."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return number_text(cell)
    if isinstance(cell, datetime):
        return _to_second(cell).isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, time):
        return cell.replace(microsecond=0).isoformat()
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return "" if cell is None else str(cell)


def number_text(number: float) -> str:
    """A double to the 15 digits Excel shows, never in powers of ten."""
    if number.is_integer() and abs(number) < EXACT_WHOLE_NUMBER:
        return str(int(number))
    text = format(number, ".15g")
    return format(Decimal(text), "f") if "e" in text else text


def _to_second(instant: datetime) -> datetime:
    # Days as doubles are exact to some microseconds only: 10:04:59.999997 is 10:05.
    return (instant + timedelta(microseconds=500_000)).replace(microsecond=0)
