"""Writing extracts as offices deliver them: CSV in their encodings, XLSX sheets with titles. Equal input, equal bytes.

Sheets are written as XML straight from Arrow text: XlsxWriter's constant-memory mode takes a minute for half a
million rows, this takes seconds (figures in README.md).
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuai.demo_city.engine.pieces import digits, glue

ROWS_A_CHUNK = 200_000
ROWS_A_CSV_PART = 1_000_000
ROWS_A_SHEET = 1_048_576
# Because the same city must give the same bytes on any day.
ZIP_DAY = (2000, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class SheetHead:
    """What stands above the rows of a sheet. `groups` is a merged row of headings over the headings."""

    title: str
    headings: tuple[str, ...]
    groups: tuple[tuple[str, int], ...] = ()


def write_csv_parts(
    folder: Path, file_name: str, columns: Mapping[str, pa.Array], *, encoding: str = "utf-8"
) -> list[str]:
    """Write one file, or parts of a million rows each with its own heading; returns the names."""
    rows = len(next(iter(columns.values())))
    starts = range(0, max(rows, 1), ROWS_A_CSV_PART)
    stem, _, suffix = file_name.rpartition(".")
    names = (
        [file_name]
        if len(starts) == 1
        else [f"{stem}-{i + 1}.{suffix}" for i in range(len(starts))]
    )
    for name, start in zip(names, starts, strict=True):
        part = {h: column.slice(start, ROWS_A_CSV_PART) for h, column in columns.items()}
        write_csv(folder / name, part, encoding=encoding)
    return names


def write_csv(path: Path, columns: Mapping[str, pa.Array], *, encoding: str = "utf-8") -> None:
    """Rows of texts under their headings; nothing is quoted, so texts with commas arrive quoted."""
    plain = "utf-8" if encoding == "utf-8-sig" else encoding
    with path.open("wb") as stream:
        stream.write((",".join(columns) + "\r\n").encode(encoding))
        for chunk in _chunks(list(columns.values())):
            stream.write(_encoded(_line_bytes(glue(*chunk, separator=",")), plain))


def quoted(column: pa.Array) -> pa.Array:
    """The texts in quotation marks, for those that may hold commas."""
    return glue('"', column, '"')


def _chunks(columns: Sequence[pa.Array]) -> Iterator[list[pa.Array]]:
    for start in range(0, len(columns[0]), ROWS_A_CHUNK):
        yield [_text(column.slice(start, ROWS_A_CHUNK)) for column in columns]


def _text(column: pa.Array) -> pa.Array:
    return column if pa.types.is_string(column.type) else pc.cast(column, pa.string())


def _line_bytes(lines: pa.Array) -> memoryview:
    """The texts one after another with line ends: exactly an Arrow text column's data."""
    ended = glue(lines, "\r\n")
    return _text_bytes(ended)


def _text_bytes(column: pa.Array) -> memoryview:
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if whole.offset:
        raise ValueError("a sliced column reached the writer")
    offsets = np.frombuffer(whole.buffers()[1], np.int32, len(whole) + 1)
    return memoryview(whole.buffers()[2])[: int(offsets[-1])]


def _encoded(utf8: memoryview, encoding: str) -> bytes | memoryview:
    return utf8 if encoding == "utf-8" else bytes(utf8).decode("utf-8").encode(encoding)


def write_sheet(path: Path, head: SheetHead, columns: Sequence[pa.Array]) -> None:
    """One XLSX sheet: a merged title row, the headings, then the rows; texts inline, floats as numbers."""
    above = 2 + bool(head.groups)
    rows = len(columns[0])
    if rows + above > ROWS_A_SHEET:
        raise ValueError(f"{path.name}: {rows} rows do not fit a sheet")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in _SKELETON.items():
            archive.writestr(_entry(name), text, zipfile.ZIP_DEFLATED, 6)
        with archive.open(_entry("xl/worksheets/sheet1.xml"), "w", force_zip64=True) as sheet:
            last = _letter(len(columns) - 1)
            sheet.write(
                f'{_SHEET_START}<dimension ref="A1:{last}{rows + above}"/><sheetData>'.encode()
            )
            sheet.write(_head_rows(head).encode())
            for start in range(0, rows, ROWS_A_CHUNK):
                part = [column.slice(start, ROWS_A_CHUNK) for column in columns]
                sheet.write(_text_bytes(_row_xml(part, first=start + above + 1)))
            sheet.write(f"</sheetData>{_merges(head)}</worksheet>".encode())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, ZIP_DAY)
    entry.compress_type = zipfile.ZIP_DEFLATED
    # Speed decides: deflate at level 1 packs inline strings ten to one already.
    entry._compresslevel = 1  # type: ignore[attr-defined]
    return entry


def _letter(column: int) -> str:
    return chr(ord("A") + column)


def _row_xml(columns: Sequence[pa.Array], *, first: int) -> pa.Array:
    number = digits(np.arange(first, first + len(columns[0])))
    parts: list[pa.Array | str] = ['<row r="', number, '">']
    for place, column in enumerate(columns):
        letter = _letter(place)
        if pa.types.is_floating(column.type):
            parts += [f'<c r="{letter}', number, '"><v>', _text(column), "</v></c>"]
        else:
            parts += [f'<c r="{letter}', number, '" t="inlineStr"><is><t>', column, "</t></is></c>"]
    return glue(*parts, "</row>")


def _head_rows(head: SheetHead) -> str:
    rows = [[head.title]]
    if head.groups:
        rows.append(
            [text for group, width in head.groups for text in (group, *([""] * (width - 1)))]
        )
    rows.append(list(head.headings))
    return "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{_letter(place)}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
            for place, text in enumerate(row)
            if text
        )
        + "</row>"
        for number, row in enumerate(rows, start=1)
    )


def _merges(head: SheetHead) -> str:
    spans = [f"A1:{_letter(len(head.headings) - 1)}1"]
    start = 0
    for _, width in head.groups:
        if width > 1:
            spans.append(f"{_letter(start)}2:{_letter(start + width - 1)}2")
        start += width
    cells = "".join(f'<mergeCell ref="{span}"/>' for span in spans)
    return f'<mergeCells count="{len(spans)}">{cells}</mergeCells>'


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SHEET_START = (
    f'{_XML}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
)
_OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_SKELETON = {
    "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_OFFICE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_OFFICE}.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'{_XML}<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    f' xmlns:r="{_RELATIONS}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
}
