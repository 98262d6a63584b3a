"""Sheets as the wash takes and gives them: CSV, XLSX, Parquet by file ending, `-` for CSV on stdin or stdout.

Read in batches and in order, so that a file of any length costs the memory of one batch. Knows columns and cells,
not addresses. Workbooks are in `workbooks.py`.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

from kuai.address.reading import encoding_of
from kuai.address.sheet_cells import (
    BATCH_ROWS,
    ROWS_ABOVE_HEADING,
    Cells,
    OpenSheet,
    find_heading,
    texts_of,
)
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.errors import DataFault, Refusal, Where

if TYPE_CHECKING:
    import pyarrow as pa

STREAM = Path("-")
MOST_FIELD_CHARACTERS = 1 << 24


class SheetWriter(Protocol):
    """Takes batches of columns in order."""

    def write(self, columns: Sequence[Cells]) -> None:
        """Add these rows."""


def form_of(path: Path) -> str:
    """csv, xlsx or parquet, by the ending; refuses others with what is taken."""
    form = {".csv": "csv", ".xlsx": "xlsx", ".parquet": "parquet", ".pq": "parquet"}.get(
        path.suffix.lower(), "csv" if path == STREAM else ""
    )
    if not form:
        raise Refusal(
            "address.file_form",
            f"不认识这种文件：{path.name}",
            next_step="用 .csv、.xlsx、.parquet，或用 - 表示标准输入、标准输出（CSV）。",
        )
    return form


@contextmanager
def open_sheet(path: Path, text_column: str) -> Iterator[OpenSheet]:
    """The sheet in `path` whose heading has `text_column`; a DataFault says what is wrong and where."""
    form = form_of(path)
    if path != STREAM and not path.is_file():
        raise DataFault("address.input_absent", "找不到要清洗的文件", where=Where(file=path.name))
    if form == "csv" and path != STREAM:
        form = _form_within(path)
    if form == "xlsx":
        from kuai.address.workbooks import open_workbook  # noqa: PLC0415 - only where one comes in

        yield open_workbook(path, text_column)
    elif form == "parquet":
        with _open_parquet(path, text_column) as sheet:
            yield sheet
    else:
        with _open_text(path) as stream:
            yield _read_text(stream, text_column, path.name)


def _form_within(path: Path) -> str:
    """What a file called .csv really is, as its first bytes tell."""
    with path.open("rb") as stream:
        beginning = stream.read(8)
    if beginning.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataFault(
            "address.input_unreadable",
            "是旧版 Excel（.xls），不是 CSV",
            where=Where(file=path.name),
            remedy="请在 Excel 或 WPS 里另存为 .xlsx 或 CSV",
        )
    if beginning.startswith(b"PK\x03\x04"):
        return "xlsx"
    return "parquet" if beginning.startswith(b"PAR1") else "csv"


@contextmanager
def sheet_writer(path: Path, heading: Sequence[str]) -> Iterator[SheetWriter]:
    """A new sheet in `path`, there only once it is whole; on stdout as it comes."""
    form = form_of(path)
    if path == STREAM:
        with open(sys.stdout.fileno(), "w", encoding="utf-8", newline="", closefd=False) as stream:
            yield TextWriter(stream, heading)
        return
    with replace_when_complete(path) as scratch:
        if form == "xlsx":
            from kuai.address.workbooks import workbook_writer  # noqa: PLC0415 - see above

            with workbook_writer(scratch, heading) as writer:
                yield writer
        elif form == "parquet":
            with _parquet_writer(scratch, heading) as writer:
                yield writer
        else:
            with scratch.open("w", encoding="utf-8", newline="") as stream:
                yield TextWriter(stream, heading)


# --- CSV ------------------------------------------------------------------------------------------------


class TextWriter:
    """CSV in UTF-8."""

    def __init__(self, stream: IO[str], heading: Sequence[str]) -> None:
        self._stream = stream
        self._writer = csv.writer(stream, lineterminator="\n")
        self._writer.writerow(heading)

    def write(self, columns: Sequence[Cells]) -> None:
        self._writer.writerows(zip(*map(texts_of, columns), strict=True))
        self._stream.flush()


class _Beginning(io.RawIOBase):
    """A stream whose beginning has been looked at."""

    def __init__(self, beginning: bytes, rest: IO[bytes]) -> None:
        self._beginning = beginning
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._beginning:
            self._beginning = self._rest.read(len(buffer))
        part, self._beginning = self._beginning[: len(buffer)], self._beginning[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


@contextmanager
def _open_text(path: Path) -> Iterator[IO[str]]:
    if path == STREAM:
        beginning = sys.stdin.buffer.read(1 << 16)
        joined = io.BufferedReader(_Beginning(beginning, sys.stdin.buffer))
        yield io.TextIOWrapper(joined, encoding_of(beginning), errors="replace", newline="")
        return
    with path.open("rb") as binary:
        encoding = encoding_of(binary.read(1 << 20))
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        yield stream


def _read_text(stream: IO[str], text_column: str, file: str) -> OpenSheet:
    csv.field_size_limit(MOST_FIELD_CHARACTERS)
    reader = csv.reader(stream)
    try:
        first = list(islice(reader, ROWS_ABOVE_HEADING))
    except (csv.Error, UnicodeError) as cause:
        raise _unreadable(file) from cause
    above = find_heading(first, text_column, file)
    heading = first[above]
    # The lines of the first rows are not known any more; a fault there is told without its line.
    batches = _text_batches(first[above + 1 :], reader, len(heading), file)
    return OpenSheet(tuple(heading), batches, rows_above=above)


def _text_batches(
    first: list[list[str]], reader: Any, width: int, file: str
) -> Iterator[Sequence[Cells]]:
    rows = list(first)
    while True:
        wanted = max(1, BATCH_ROWS - len(rows))
        try:
            fresh = list(islice(reader, wanted))
        except (csv.Error, UnicodeError) as cause:
            raise _unreadable(file, reader.line_num) from cause
        is_last = len(fresh) < wanted
        rows.extend(fresh)
        if any(len(row) != width for row in rows):
            rows = _fitted_rows(rows, width, reader.line_num, file)
        if rows:
            yield [list(column) for column in zip(*rows, strict=True)]
        if is_last:
            return
        rows = []


def _fitted_rows(rows: list[list[str]], width: int, last_line: int, file: str) -> list[list[str]]:
    """Rows as wide as the heading; refuses one with more cells."""
    fitted = []
    for number, row in enumerate(rows):
        if any(row[width:]):
            raise DataFault(
                "address.row_too_wide",
                f"这一行有 {len(row)} 格，表头只有 {width} 列",
                # Exact unless a cell of a later row holds a line break.
                where=Where(file=file, row=last_line - (len(rows) - 1 - number)),
                remedy="含逗号的文字要加引号",
            )
        # A blank line is no row, unless a blank is all a row of one column can say.
        if row or width == 1:
            fitted.append((row + [""] * width)[:width])
    return fitted


def _unreadable(file: str, line: int | None = None) -> DataFault:
    return DataFault("address.input_unreadable", "不是可读的 CSV", where=Where(file=file, row=line))


# --- Parquet --------------------------------------------------------------------------------------------


@contextmanager
def _open_parquet(path: Path, text_column: str) -> Iterator[OpenSheet]:
    import pyarrow as pa  # noqa: PLC0415 - only where Parquet comes in
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        source = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as cause:
        raise _unreadable_parquet(path.name) from cause
    with source:
        heading = source.schema_arrow.names
        find_heading([heading], text_column, path.name)
        yield OpenSheet(
            tuple(heading), _parquet_batches(source, path.name), rows=source.metadata.num_rows
        )


def _parquet_batches(source: Any, file: str) -> Iterator[Sequence[Cells]]:
    import pyarrow as pa  # noqa: PLC0415 - see above

    batches = source.iter_batches(batch_size=BATCH_ROWS)
    while True:
        try:
            batch = next(batches, None)
        except (pa.ArrowException, OSError) as cause:
            raise _unreadable_parquet(file) from cause
        if batch is None:
            return
        yield list(batch.columns)


def _unreadable_parquet(file: str) -> DataFault:
    return DataFault(
        "address.input_unreadable", "不是可读的 Parquet，或已损坏", where=Where(file=file)
    )


class ParquetWriter:
    """Columns that came as Parquet keep their type; all others are text."""

    def __init__(self, path: Path, heading: Sequence[str]) -> None:
        self._path = path
        self._heading = heading
        self._writer: Any = None

    def write(self, columns: Sequence[Cells]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - see above
        import pyarrow.parquet as pq  # noqa: PLC0415

        arrays = [_arrow_column(column) for column in columns]
        table = pa.table(arrays, names=list(self._heading))
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table.cast(self._writer.schema))

    def close(self) -> None:
        if self._writer is None:
            self.write([[] for _ in self._heading])
        self._writer.close()


def _arrow_column(column: Cells) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - see above

    return column if isinstance(column, pa.Array) else pa.array(texts_of(column), pa.string())


@contextmanager
def _parquet_writer(path: Path, heading: Sequence[str]) -> Iterator[ParquetWriter]:
    writer = ParquetWriter(path, heading)
    yield writer
    writer.close()
