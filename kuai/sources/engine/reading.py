"""Reads one delivered file, in the child process: format, encoding, heading, rows. Called by the sandbox alone.

Knows nothing of the store or the vault: it gets a path and a scratch folder and leaves two Arrow files there.
"""

from __future__ import annotations

import re
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kuai.kit.errors import DataFault, Where
from kuai.sources.engine import reading_limits as limits
from kuai.sources.engine.detecting_encoding import is_garbled
from kuai.sources.engine.detecting_format import FileFormat, detect_format
from kuai.sources.engine.detecting_heading import HeadingFound, Merge, find_heading, name_columns
from kuai.sources.engine.reading_dbf import DbfTable
from kuai.sources.engine.reading_json import JsonTable
from kuai.sources.engine.reading_rows import RowSorter
from kuai.sources.engine.reading_scan import scan_workbook
from kuai.sources.engine.reading_sheets import SheetTable, Workbook
from kuai.sources.engine.reading_text import TextTable

Advance = Callable[[int], None]
# A nameless column counts as one of the table's when at least half of the sampled rows fill it.
NAMELESS_FILLED_SHARE = 0.5
# Replacement and control characters in a heading: then nothing below it can be trusted either.
GARBLED_HEADING = re.compile("[\ufffd\x00-\x08\x0e-\x1f\x7f-\x9f]")
ROWS_FOR_GARBLING = 30


@dataclass(frozen=True)
class ReadingJob:
    """What is to be read. `expected_headings`: those of the parts before, which this part must share."""

    path: str
    file_name: str
    scratch: str
    declared_encoding: str = ""
    first_row_no: int = 0
    expected_headings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data for the way to the child."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ReadingJob:
        """Inverse of `as_json`."""
        return cls(**{**value, "expected_headings": tuple(value["expected_headings"])})


@dataclass
class ReadingResult:
    """What was found. No value of any cell; headings are names of columns."""

    format: str
    headings: tuple[str, ...]
    heading_row: int
    kept: int
    quarantined: int
    empty_rows: int
    next_row_no: int
    reasons: dict[str, int]
    encoding: str = ""
    sheet: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data for the way back."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ReadingResult:
        """Inverse of `as_json`."""
        return cls(**{**value, "headings": tuple(value["headings"])})


def read_delivery(job: ReadingJob, advance: Advance) -> ReadingResult:
    """Read the file of `job` into its scratch folder; a DataFault if it cannot be taken as a whole."""
    path = Path(job.path)
    kind = detect_format(path, name=job.file_name)
    if kind is FileFormat.CSV:
        return _read_text(job, path, advance)
    if kind in (FileFormat.DBF, FileFormat.JSON):
        return read_named_columns(job, path, kind, advance)
    return _read_workbook(job, path, kind, advance)


def read_named_columns(
    job: ReadingJob, path: Path, kind: FileFormat, advance: Advance
) -> ReadingResult:
    """A file whose columns have their names from itself: no heading row is looked for."""
    form = {"name": job.file_name, "declared_encoding": job.declared_encoding}
    table = JsonTable(path, **form) if kind is FileFormat.JSON else DbfTable(path, **form)
    names = name_columns(
        table.headings if isinstance(table, JsonTable) else [field.name for field in table.fields]
    )
    heading = HeadingFound(0, -1, names, ())
    _require_shared_headings(job, heading, Where(file=job.file_name))
    sorter = RowSorter(Path(job.scratch), headings=names, first_row_no=job.first_row_no)
    if isinstance(table, JsonTable):
        for place, rows in table.batches(advance):
            sorter.take_rows(rows, sheet_row=place)
    else:
        for place, columns in table.batches(advance):
            sorter.take_columns(columns, sheet_row=place)
    sorter.close()
    result = _result(job, kind.value, heading, sorter)
    result.encoding = table.encoding.name if isinstance(table, JsonTable) else table.encoding
    result.notes.update(_notes_of(table))
    return result


def _notes_of(table: JsonTable | DbfTable) -> dict[str, Any]:
    if isinstance(table, JsonTable):
        notes: dict[str, Any] = {
            "json_member": table.member,
            "nested_deeper": sorted(table.nested_deeper),
        }
    else:
        notes = {
            "deleted_records": table.deleted,
            "memo_columns": table.memo_fields,
            "overflowed_numbers": table.overflowed,
        }
    return {name: found for name, found in notes.items() if found}


def _read_text(job: ReadingJob, path: Path, advance: Advance) -> ReadingResult:
    table = TextTable(path, name=job.file_name, declared_encoding=job.declared_encoding)
    table.refuse_if_empty()
    heading = _require_heading(job, table.sample, merges=(), sheet="")
    sorter = RowSorter(Path(job.scratch), headings=heading.headings, first_row_no=job.first_row_no)
    sorter.expect_repeats_of(heading.raw_rows)
    place = 1
    below = heading.last_row + 1
    for rows in table.batches(advance):
        sorter.take_rows(rows[below:] if below else rows, sheet_row=place + below)
        place += len(rows)
        below = 0
    sorter.close()
    result = _result(job, "csv", heading, sorter)
    result.encoding = table.encoding.name
    result.notes["separator"] = table.separator
    if table.encoding.bad_lines:
        result.notes["undecodable_lines"] = table.encoding.bad_lines
    if table.encoding.differs_from_declared:
        result.notes["declared_encoding"] = job.declared_encoding
    return result


def _read_workbook(
    job: ReadingJob, path: Path, kind: FileFormat, advance: Advance
) -> ReadingResult:
    scan = (
        scan_workbook(path, name=job.file_name, advance=lambda _: advance(0))
        if kind is FileFormat.XLSX
        else None
    )
    book = Workbook(path, name=job.file_name, scan=scan)
    chosen, tabs, unread = _choose_sheets(job, book)
    heading = _require_heading(job, chosen.sample, merges=chosen.merges, sheet=chosen.tab)
    if not tabs:
        tabs, unread = _same_headed_sheets(book, chosen, heading)
    sorter = RowSorter(Path(job.scratch), headings=heading.headings, first_row_no=job.first_row_no)
    for table, found in _tables(book, tabs, chosen, heading):
        sorter.expect_repeats_of(found.raw_rows)
        _sort_sheet(table, found, sorter, advance)
    sorter.close()
    result = _result(job, kind.value, heading, sorter)
    result.sheet = "、".join(tabs)
    if unread:
        result.notes["sheets_not_read"] = unread
    if book.hidden_tabs:
        result.notes["hidden_sheets_not_read"] = book.hidden_tabs
    merged = sum(1 for (top, _), _ in chosen.merges if top > heading.last_row)
    if merged:
        result.notes["merged_ranges_in_rows"] = merged
    return result


def _choose_sheets(job: ReadingJob, book: Workbook) -> tuple[SheetTable, list[str], list[str]]:
    """The fullest visible sheet, and the list of sheets if it is clear already that it is the only one."""
    sizes = {tab: scan.cells if (scan := book.scan_of(tab)) else 0 for tab in book.tabs}
    if not any(sizes.values()):
        # Without a scan (XLS) a sheet's size is known only once it is parsed.
        for tab in book.tabs:
            table = book.open_sheet(tab, allow_memory=allow_memory)
            sizes[tab] = sum(1 for row in table.sample for cell in row if cell) * max(1, table.rows)
    filled = [tab for tab in book.tabs if sizes[tab]]
    if not filled:
        raise DataFault(
            "file.empty",
            "工作簿里没有能看见的数据",
            where=Where(file=job.file_name),
            remedy="请确认数据所在的工作表没有隐藏，保存后再交。",
        )
    chosen = book.open_sheet(max(filled, key=lambda tab: sizes[tab]), allow_memory=allow_memory)
    return chosen, filled if len(filled) == 1 else [], []


def _same_headed_sheets(
    book: Workbook, chosen: SheetTable, heading: HeadingFound
) -> tuple[list[str], list[str]]:
    """Sheets under the same headings are one table (a sheet ends at 1,048,576 rows); others are named, not read."""
    tabs: list[str] = []
    unread: list[str] = []
    for tab in book.tabs:
        if tab == chosen.tab:
            tabs.append(tab)
            continue
        try:
            found = _heading_of(book.open_sheet(tab, allow_memory=allow_memory))
        except DataFault:
            found = None
        (tabs if found and found.headings == heading.headings else unread).append(tab)
    return tabs, unread


def _tables(
    book: Workbook, tabs: Sequence[str], chosen: SheetTable, heading: HeadingFound
) -> Iterator[tuple[SheetTable, HeadingFound]]:
    for tab in tabs:
        table = chosen if tab == chosen.tab else book.open_sheet(tab, allow_memory=allow_memory)
        yield table, heading if table is chosen else (_heading_of(table) or heading)


def _sort_sheet(
    table: SheetTable, heading: HeadingFound, sorter: RowSorter, advance: Advance
) -> None:
    place = 1
    below = heading.last_row + 1
    for columns in table.batches(advance):
        count = len(columns[0]) if columns else 0
        rest = [column[below:] for column in columns]
        if rest and rest[0]:
            sorter.take_columns(rest, sheet_row=place + below)
        place += count
        below = max(0, below - count)


def _heading_of(table: SheetTable) -> HeadingFound | None:
    found = find_heading(table.sample, merges=table.merges)
    return _with_nameless_columns(found, table.sample) if found else None


def _require_heading(
    job: ReadingJob, sample: Sequence[Sequence[str]], *, merges: Sequence[Merge], sheet: str
) -> HeadingFound:
    where = Where(file=job.file_name, sheet=sheet)
    found = find_heading(sample, merges=merges)
    if found is None:
        raise DataFault(
            "file.no_heading",
            "没有找到表头（各列名称所在的一行）",
            where=where,
            remedy="请在数据上方加一行列名，例如“姓名、证件号码、地址”，再交。",
        )
    found = _with_nameless_columns(found, sample)
    if GARBLED_HEADING.search("".join(found.headings)) or is_garbled(_first_text(sample)):
        raise DataFault(
            "file.garbled",
            "文字在导出时已经变成乱码",
            where=where,
            remedy="请从原系统重新导出，编码选 UTF-8 或 GB18030。",
        )
    if len(found.headings) > limits.COLUMNS:
        raise DataFault(
            "file.too_wide",
            f"表头有 {len(found.headings)} 列，最多收 {limits.COLUMNS} 列",
            where=where,
            remedy="请删去不需要的列后再交。",
        )
    _require_shared_headings(job, found, where)
    return found


def _require_shared_headings(job: ReadingJob, found: HeadingFound, where: Where) -> None:
    if job.expected_headings and found.headings != job.expected_headings:
        raise DataFault(
            "file.headings_differ",
            "这一部分的表头与前面部分不同",
            where=where,
            remedy="同一份数据拆成几个文件时，各文件的表头要相同。",
        )


def _first_text(sample: Sequence[Sequence[str]]) -> str:
    return "".join(cell for row in sample[:ROWS_FOR_GARBLING] for cell in row)


def _with_nameless_columns(found: HeadingFound, sample: Sequence[Sequence[str]]) -> HeadingFound:
    """Columns beyond the last heading that most rows fill are kept, under a made name that says so."""
    below = [row for row in sample[found.last_row + 1 :] if any(cell.strip() for cell in row)]
    width = len(found.headings)
    for column in range(max((len(row) for row in below), default=0) - 1, width - 1, -1):
        filled = sum(1 for row in below if column < len(row) and row[column].strip())
        if len(below) > 1 and filled >= NAMELESS_FILLED_SHARE * len(below):
            width = column + 1
            break
    if width == len(found.headings):
        return found
    extra = tuple(f"无标题{position + 1}" for position in range(len(found.headings), width))
    return HeadingFound(
        found.first_row, found.last_row, name_columns((*found.headings, *extra)), found.raw_rows
    )


def _result(job: ReadingJob, kind: str, heading: HeadingFound, sorter: RowSorter) -> ReadingResult:
    if sorter.kept + sorter.quarantined == 0:
        raise DataFault(
            "file.no_rows",
            "表头下面没有数据",
            where=Where(file=job.file_name, row=heading.last_row + 1),
            remedy="请确认导出的内容后再交。",
        )
    return ReadingResult(
        format=kind,
        headings=heading.headings,
        heading_row=heading.last_row + 1,
        kept=sorter.kept,
        quarantined=sorter.quarantined,
        empty_rows=sorter.empty,
        next_row_no=sorter.next_row_no,
        reasons=dict(sorter.reasons),
    )


def allow_memory(needed: int) -> None:
    """Raise this process's own memory limit for a file proved honest, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY:
        return
    wanted = limits.ORDINARY_MEMORY + needed
    resource.setrlimit(resource.RLIMIT_AS, (max(soft, min(wanted, hard)), hard))
