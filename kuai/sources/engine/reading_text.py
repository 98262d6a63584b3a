"""Rows of a separated text file, as delivered: quoted line breaks kept, an unpaired quote costs one row only."""

from __future__ import annotations

import csv
import io
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from kuai.kit.errors import DataFault, Where
from kuai.sources.engine import reading_limits as limits
from kuai.sources.engine.detecting_encoding import EncodingFound, detect_encoding
from kuai.sources.engine.detecting_heading import detect_separator

Row = list[str]

# Because a cell may legally be long (and is then quarantined), the parser's own limit only guards memory.
csv.field_size_limit(64 * limits.MIB)


_EMPTY_LINES = frozenset({"\n", "\r\n", "\r"})


class BrokenRow(list[str]):
    """A line whose quotes do not pair, so that its cells cannot be told apart; holds the line as one cell."""

    fault = ("cells.unpaired_quote", "引号不成对，分不清单元格")


class PlainRows:
    """Rows of plain lines, without a quote and all of one width, by columns."""

    def __init__(self, columns: list[pa.Array]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    def __getitem__(self, part: slice) -> PlainRows:
        first, last, _ = part.indices(len(self))
        return PlainRows([column.slice(first, last - first) for column in self.columns])

    def as_rows(self) -> list[Row]:
        """The same, row by row."""
        columns = [column.to_pylist() for column in self.columns]
        return [list(cells) for cells in zip(*columns, strict=True)]


Rows = list[Row] | PlainRows


class _UnpairedQuote(Exception):  # noqa: N818
    pass


class _LineFeed:
    """Gives lines to the parser and remembers those of the record under way, so that it can be begun again."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._returned: deque[str] = deque()
        self.record: list[str] = []
        self.taken = 0
        self.has_ended = False

    def __iter__(self) -> _LineFeed:
        return self

    def __next__(self) -> str:
        if len(self.record) >= limits.LINES_IN_A_RECORD:
            raise _UnpairedQuote
        try:
            line = self._returned.popleft() if self._returned else next(self._lines)
        except StopIteration:
            self.has_ended = True
            raise
        self.record.append(line)
        self.taken += 1
        return line

    def give_back_all_but_first(self) -> str:
        """The first line of the record under way; the others will be read again."""
        first, *others = self.record
        self._returned.extendleft(reversed(others))
        self.has_ended = False
        self.taken -= len(others)
        self.record = []
        return first


class TextTable:
    """A text file opened for reading: encoding and separator found, first rows at hand, then all rows in batches."""

    def __init__(self, path: Path, *, name: str, declared_encoding: str = "") -> None:
        self.encoding: EncodingFound = detect_encoding(path, declared=declared_encoding, name=name)
        self._raw = path.open("rb")
        self._lines = io.TextIOWrapper(
            self._raw, encoding=self.encoding.name, errors="replace", newline=""
        )
        first_lines = list(islice(self._lines, limits.ROWS_SAMPLED))
        # Excel's own hint line, which Excel does not show.
        if first_lines and first_lines[0].lower().startswith("sep="):
            self.separator = first_lines.pop(0)[4:5]
        else:
            self.separator = detect_separator(first_lines)
        if self.separator in ("", "\r", "\n", '"'):
            self.separator = ","
        self._first_lines = first_lines
        self._where = Where(file=name)
        self._width = _usual_width(first_lines, self.separator)
        self._rows = self._read_batches()
        # Always row by row: it is looked through for headings, and cut where they end.
        self.sample = self._parse(self._first_lines) if self._first_lines else []

    def batches(self, advance: Callable[[int], None]) -> Iterator[Rows]:
        """All rows from the first on, the sampled ones too; `advance` is told the bytes taken."""
        seen = 0
        first: list[Rows] = [self.sample] if self.sample else []
        for rows in chain(first, self._rows):
            position = self._raw.tell()
            advance(position - seen)
            seen = position
            yield rows

    def _read_batches(self) -> Iterator[Rows]:
        while lines := list(islice(self._lines, limits.BATCH_ROWS)):
            yield self._parse_unquoted(lines) or self._parse(lines)

    def _parse(self, lines: list[str]) -> list[Row]:
        rows = self._parse_plain(lines)
        return self._parse_with_care(lines) if rows is None else rows

    def _parse_unquoted(self, lines: list[str]) -> PlainRows | None:
        """The quickest way, without an object a cell; None where a line is not plainly a row like the others."""
        text = "".join(lines)
        if '"' in text or not _EMPTY_LINES.isdisjoint(lines) or not self.separator.isascii():
            return None
        text = text.replace("\r\n", "\n")
        if "\r" in text or not self._width:
            return None
        return _cut_plainly(text, self.separator, rows=len(lines), width=self._width)

    def _parse_plain(self, lines: list[str]) -> list[Row] | None:
        """The quick way, entirely in C, for lines that are one record each; None where one is not."""
        try:
            rows = list(csv.reader(lines, delimiter=self.separator))
        except csv.Error:
            return None
        # Only a record left open at the end can hold a line break when there are as many records as lines.
        open_at_end = any("\n" in cell or "\r" in cell for cell in rows[-1]) if rows else False
        unended = '"' in lines[-1] and not lines[-1].endswith(("\n", "\r"))
        return rows if len(rows) == len(lines) and not open_at_end and not unended else None

    def _parse_with_care(self, lines: list[str]) -> list[Row]:
        """Record by record, over the end of `lines` where the last one goes on there."""
        feed = _LineFeed(chain(lines, self._lines))
        rows: list[Row] = []
        while feed.taken < len(lines):
            self._parse_until_broken(feed, len(lines), rows)
        return rows

    def _parse_until_broken(self, feed: _LineFeed, wanted: int, rows: list[Row]) -> None:
        reader = csv.reader(feed, delimiter=self.separator)
        while feed.taken < wanted:
            try:
                row = next(reader)
            except StopIteration:
                return
            except (_UnpairedQuote, csv.Error):
                rows.append(BrokenRow([feed.give_back_all_but_first()]))
                return
            if self._is_broken(feed, row):
                rows.append(BrokenRow([feed.give_back_all_but_first()]))
                return
            rows.append(row)
            feed.record = []

    def _is_broken(self, feed: _LineFeed, row: Row) -> bool:
        """Quotes that pair with another row's swallow what lies between: seen by the number of cells."""
        record = feed.record
        if len(record) > 1 and self._width and len(row) != self._width:
            return True
        if self._holds_whole_rows(record):
            return True
        if not feed.has_ended:
            # With more lines to come, the parser itself went on until the quote was closed.
            return False
        try:
            list(csv.reader(record, delimiter=self.separator, strict=True))
        except csv.Error as error:
            return "unexpected end" in str(error)
        return False

    def _holds_whole_rows(self, record: list[str]) -> bool:
        """A cell of several lines, each with as many separators as a row: two quotes of two rows paired up."""
        separators = self._width - 1
        inner = record[1:-1]
        return (
            bool(inner)
            and separators > 0
            and all(line.count(self.separator) == separators for line in inner)
        )

    def refuse_if_empty(self) -> None:
        """A DataFault for a file of blank lines."""
        if not any(any(cell.strip() for cell in row) for row in self.sample):
            raise DataFault(
                "file.empty", "文件里没有内容", where=self._where, remedy="请重新导出后再交。"
            )


def _cut_plainly(text: str, separator: str, *, rows: int, width: int) -> PlainRows | None:
    """The cells of lines that hold no quote; None where a line has more or fewer of them than `width`.

    Not Arrow's own reader, because its threads hang in a forked child.
    """
    signs = np.frombuffer(text.encode(), np.uint8)
    is_end = (signs == ord(separator)) | (signs == ord("\n"))
    ends = np.flatnonzero(is_end)
    # A file may end without a line break.
    if not text.endswith("\n"):
        ends = np.append(ends, len(signs))
    if len(ends) != rows * width or (signs[ends.reshape(rows, width)[:, :-1]] == ord("\n")).any():
        return None
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends - np.arange(len(ends))
    cells = pa.StringArray.from_buffers(
        len(ends), pa.py_buffer(offsets), pa.py_buffer(signs[~is_end])
    )
    places = np.arange(len(ends)).reshape(rows, width)
    return PlainRows([cells.take(pa.array(places[:, column])) for column in range(width)])


def _usual_width(lines: list[str], separator: str) -> int:
    """How many cells most lines have, each read by itself, so that no quote reaches the next."""
    widths: Counter[int] = Counter()
    for line in lines:
        try:
            widths.update(len(row) for row in csv.reader([line], delimiter=separator) if row)
        except csv.Error:
            continue
    return widths.most_common(1)[0][0] if widths else 0
