"""Sorts delivered rows into kept and quarantined, with the reason in plain Chinese, and writes both as Arrow.

Nothing is repaired: a kept row's cells are exactly what was delivered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuai.sources.engine import reading_limits as limits
from kuai.sources.engine.reading_text import BrokenRow, PlainRows, Row, Rows

ROWS_FILE, REFUSED_FILE = "rows.arrow", "quarantine.arrow"
FORMULA_ERRORS = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!")
# Tab and line breaks are used on purpose (a tab before long digits keeps Excel from rounding them).
_CONTROL = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f\\x{80}-\\x{9f}]"
_UNDECODABLE = "\ufffd"
QUARANTINE_COLUMNS = ("row_no", "sheet_row", "code", "reason", "extra")

_Test = Callable[[pa.Array], pa.Array]


def snapshot_schema(width: int) -> pa.Schema:
    """row_no from 0, then the cells as delivered."""
    return pa.schema([("row_no", pa.int32()), *((f"c{i}", pa.string()) for i in range(width))])


def quarantine_schema(width: int) -> pa.Schema:
    """The refused row, its place as the office sees it (from 1), the reason; `extra`: cells beyond the heading."""
    return pa.schema(
        [
            ("row_no", pa.int32()),
            ("sheet_row", pa.int64()),
            ("code", pa.string()),
            ("reason", pa.string()),
            ("extra", pa.string()),
            *((f"c{i}", pa.string()) for i in range(width)),
        ]
    )


class RowSorter:
    """Writes the rows below one heading. Row numbers go on over sheets and parts."""

    def __init__(self, folder: Path, *, headings: tuple[str, ...], first_row_no: int) -> None:
        self.headings = headings
        self.width = len(headings)
        self.next_row_no = first_row_no
        self.kept = 0
        self.empty = 0
        self.reasons: Counter[str] = Counter()
        self._repeats: list[tuple[str, ...]] = []
        self._kept_file = pa.OSFile(str(folder / ROWS_FILE), "wb")
        self._refused_file = pa.OSFile(str(folder / REFUSED_FILE), "wb")
        self._kept_schema = snapshot_schema(self.width)
        self._refused_schema = quarantine_schema(self.width)
        self._kept = pa.ipc.new_file(self._kept_file, self._kept_schema)
        self._refused = pa.ipc.new_file(self._refused_file, self._refused_schema)
        self._pending: list[tuple[Any, ...]] = []

    def expect_repeats_of(self, raw_rows: Sequence[Sequence[str]]) -> None:
        """Rows equal to these are headings again, as pages pasted under each other leave them."""
        self._repeats = [self._fitted(row) for row in raw_rows]

    def _fitted(self, row: Sequence[str]) -> tuple[str, ...]:
        return (*row, *[""] * self.width)[: self.width]

    def take_rows(self, rows: Rows, *, sheet_row: int) -> None:
        """Rows of any length, the first of which is row `sheet_row` of the file. Blank lines have no number."""
        if isinstance(rows, PlainRows):
            if len(rows.columns) == self.width:
                self._sort(rows.columns, *self._numbers_of(len(rows), sheet_row))
                return
            rows = rows.as_rows()
        if not rows:
            return
        if set(map(len, rows)) == {self.width} and set(map(type, rows)) == {list}:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self.take_columns(columns, sheet_row=sheet_row)
            return
        straight: list[Row] = []
        row_nos: list[int] = []
        sheet_rows: list[int] = []
        for place, row in enumerate(rows, start=sheet_row):
            if not row:
                self.empty += 1
                continue
            fault = self._misfit(row)
            if fault is None:
                straight.append(row[: self.width])
                row_nos.append(self.next_row_no)
                sheet_rows.append(place)
            else:
                self._refuse(self.next_row_no, place, fault, row)
            self.next_row_no += 1
        if straight:
            columns = [list(column) for column in zip(*straight, strict=True)]
            self._sort(columns, np.array(row_nos, np.int32), np.array(sheet_rows, np.int64))

    def take_columns(self, columns: Sequence[list[str]], *, sheet_row: int) -> None:
        """Rows of equal length given by columns; every one has a number, blank ones too."""
        count = len(columns[0])
        row_nos, sheet_rows = self._numbers_of(count, sheet_row)
        fitted = list(columns[: self.width])
        fitted += [[""] * count for _ in range(self.width - len(fitted))]
        over = [column for column in columns[self.width :] if any(column)]
        if over:
            self._refuse_overhanging(fitted, over, row_nos, sheet_rows)
        else:
            self._sort(fitted, row_nos, sheet_rows)

    def _numbers_of(self, count: int, sheet_row: int) -> tuple[np.ndarray, np.ndarray]:
        """The numbers of the next `count` rows, and their places in the file."""
        first = self.next_row_no
        self.next_row_no += count
        return (
            np.arange(first, first + count, dtype=np.int32),
            np.arange(sheet_row, sheet_row + count, dtype=np.int64),
        )

    def _refuse_overhanging(
        self,
        columns: list[list[str]],
        over: list[list[str]],
        row_nos: np.ndarray,
        sheet_rows: np.ndarray,
    ) -> None:
        hanging = np.array([any(cells) for cells in zip(*over, strict=True)])
        for index in np.flatnonzero(hanging):
            cells = [column[index] for column in columns] + [column[index] for column in over]
            fault = ("cells.too_many", "表头以外的列里还有内容")
            self._refuse(int(row_nos[index]), int(sheet_rows[index]), fault, cells)
        inside = np.flatnonzero(~hanging)
        rest = [[column[index] for index in inside] for column in columns]
        if len(inside):
            self._sort(rest, row_nos[inside], sheet_rows[inside])

    def _misfit(self, row: Row) -> tuple[str, str] | None:
        if isinstance(row, BrokenRow):
            return row.fault
        if len(row) < self.width and any(cell.strip() for cell in row):
            return "cells.too_few", f"只有 {len(row)} 个单元格，表头有 {self.width} 列"
        if len(row) < self.width:
            row.extend([""] * (self.width - len(row)))
        if len(row) > self.width and any(cell.strip() for cell in row[self.width :]):
            return "cells.too_many", f"有 {len(row)} 个单元格，表头只有 {self.width} 列"
        return None

    def _sort(
        self,
        columns: Sequence[list[str] | pa.Array],
        row_nos: np.ndarray,
        sheet_rows: np.ndarray,
    ) -> None:
        arrays = [
            column if isinstance(column, pa.Array) else pa.array(column, pa.string())
            for column in columns
        ]
        good = np.ones(len(row_nos), dtype=bool)
        empty = _equal_rows(arrays, ("",) * self.width, trim=True)
        self.empty += int(empty.sum())
        good &= ~empty
        for raw in self._repeats:
            repeated = _equal_rows(arrays, raw) & good
            self._refuse_many(
                arrays, repeated, row_nos, sheet_rows, ("row.heading_again", "这一行是重复的表头")
            )
            good &= ~repeated
        for heading, array in zip(self.headings, arrays, strict=True):
            for code, reason, test in _cell_tests(array):
                bad = _mask(test(array)) & good
                if bad.any():
                    self._refuse_many(
                        arrays, bad, row_nos, sheet_rows, (code, f"“{heading}”列{reason}")
                    )
                    good &= ~bad
        self._keep(arrays, good, row_nos)

    def _keep(self, arrays: list[pa.Array], good: np.ndarray, row_nos: np.ndarray) -> None:
        kept = int(good.sum())
        self.kept += kept
        if not kept:
            return
        batch = pa.record_batch([pa.array(row_nos), *arrays], schema=self._kept_schema)
        self._kept.write_batch(batch if kept == len(good) else batch.filter(pa.array(good)))

    def _refuse_many(
        self,
        arrays: list[pa.Array],
        bad: np.ndarray,
        row_nos: np.ndarray,
        sheet_rows: np.ndarray,
        fault: tuple[str, str],
    ) -> None:
        for index in np.flatnonzero(bad):
            cells = [array[int(index)].as_py() for array in arrays]
            self._refuse(int(row_nos[index]), int(sheet_rows[index]), fault, cells)

    def _refuse(
        self, row_no: int, place: int, fault: tuple[str, str], cells: Sequence[str]
    ) -> None:
        code, reason = fault
        self.reasons[code] += 1
        extra = list(cells[self.width :])
        over = json.dumps(extra, ensure_ascii=False) if any(extra) else None
        self._pending.append((row_no, place, code, reason, over, *self._fitted(cells)))
        if len(self._pending) >= limits.BATCH_ROWS:
            self._write_refused()

    def _write_refused(self) -> None:
        if self._pending:
            columns = [
                pa.array(column, field.type)
                for column, field in zip(
                    zip(*self._pending, strict=True), self._refused_schema, strict=True
                )
            ]
            self._refused.write_batch(pa.record_batch(columns, schema=self._refused_schema))
            self._pending = []

    def close(self) -> None:
        """Finish both files."""
        self._write_refused()
        for writer, file in ((self._kept, self._kept_file), (self._refused, self._refused_file)):
            writer.close()
            file.close()

    @property
    def quarantined(self) -> int:
        return sum(self.reasons.values())


def _equal_rows(arrays: list[pa.Array], wanted: Sequence[str], *, trim: bool = False) -> np.ndarray:
    """Which rows equal `wanted` cell by cell; the first column that never does ends the search."""
    equal = np.ones(len(arrays[0]), dtype=bool)
    for array, cell in zip(arrays, wanted, strict=True):
        equal &= _mask(pc.equal(pc.utf8_trim_whitespace(array) if trim else array, cell))
        if not equal.any():
            break
    return equal


def _cell_tests(array: pa.Array) -> list[tuple[str, str, _Test]]:
    """Tests that a cell of this column may fail. The cheap look at all bytes at once spares most of them."""
    tests: list[tuple[str, str, _Test]] = [
        (
            "cell.formula_error",
            "是公式错误（如 #REF!）",
            lambda cells: pc.is_in(cells, value_set=pa.array(FORMULA_ERRORS)),
        )
    ]
    content = _bytes_of(array)
    if b"\xef\xbf\xbd" in content:
        tests.append(
            (
                "cell.undecodable",
                "有认不出的字符（乱码）",
                lambda cells: pc.match_substring(cells, _UNDECODABLE),
            )
        )
    if _has_control_bytes(content):
        tests.append(
            (
                "cell.control",
                "有看不见的控制字符",
                lambda cells: pc.match_substring_regex(cells, _CONTROL),
            )
        )
    if len(content) > limits.CELL_CHARACTERS:
        tests.append(
            (
                "cell.too_long",
                f"超过 {limits.CELL_CHARACTERS} 个字",
                lambda cells: pc.greater(pc.utf8_length(cells), limits.CELL_CHARACTERS),
            )
        )
    return tests


def _bytes_of(array: pa.Array) -> bytes:
    buffer = array.buffers()[2]
    return buffer.to_pybytes() if buffer is not None else b""


_BYTES_WITHOUT_CONTROL = bytes(
    set(range(256)) - {*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F}
)


def _has_control_bytes(content: bytes) -> bool:
    # U+0080..U+009F begin with C2 in UTF-8.
    return bool(content.translate(None, _BYTES_WITHOUT_CONTROL)) or b"\xc2" in content


def _mask(array: Any) -> np.ndarray:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)
