"""A look through a workbook's packing before anything parses it: how big, how far out, how honest.

Unpacks as a stream with bounded memory. Because calamine lays sheets out densely, one cell at XFD1048576 would
cost half a terabyte; and because a header may lie about a part's size, bytes are counted, not believed.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

from kuai.kit.errors import DataFault, Where
from kuai.sources.engine import reading_limits as limits

BLOCK = 1 << 20
# A start tag is shorter than this; the end of a block is carried over so that none is cut in two.
TAG_BYTES = 512
# Enough error cells to quarantine their rows; a sheet with more is broken as a whole.
ERROR_CELLS = 200_000

_PLACE = re.compile(rb"""\sr\s*=\s*["']\$?([A-Za-z]{1,7})\$?([0-9]{1,10})["']""")
_ERROR_CELL = re.compile(
    rb"""<(?:\w+:)?c\s(?=[^>]*\bt\s*=\s*["']e["'])[^>]*\br\s*=\s*["']([A-Za-z]{1,3})([0-9]{1,7})["'][^>]*>"""
    rb"""(?:<(?:\w+:)?f[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>))?\s*<(?:\w+:)?v>([^<]{1,20})<"""
)
_ERROR_MARK = re.compile(rb"""\bt\s*=\s*["']e["']""")
_DECLARATION = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SHEET_TAG = re.compile(r"<(?:\w+:)?sheet\s[^>]*>")
_RELATION_TAG = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_ATTRIBUTE = re.compile(r"""([\w:]+)\s*=\s*["']([^"']*)["']""")

_REPACK = "请在 Excel 或 WPS 里把数据复制到新的空白工作簿，另存为 .xlsx 后再交。"


@dataclass
class SheetScan:
    """What one sheet's XML holds; `errors` are formula error cells by (row, column), both from 0."""

    part: str
    cells: int = 0
    last_row: int = 0
    last_column: int = 0
    first_column: int = 1 << 30
    xml_bytes: int = 0
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    # The unfinished tag at the end of the last block.
    tail: bytes = field(default=b"", repr=False)

    @property
    def dense_cells(self) -> int:
        """How many cells the grid has that a dense parser lays out."""
        return self.last_row * max(0, self.last_column - self.first_column + 1)


@dataclass
class WorkbookScan:
    """All of a workbook's sheets by name, and how many bytes its parts unpack to."""

    sheets: dict[str, SheetScan]
    unpacked_bytes: int
    shared_text_bytes: int


def scan_workbook(path: Path, *, name: str, advance: Callable[[int], None]) -> WorkbookScan:
    """Unpack every XML part once. A DataFault for bombs, entity tricks, doubled or damaged parts."""
    where = Where(file=name)
    try:
        with zipfile.ZipFile(path) as archive:
            return _scan_archive(archive, where, advance)
    except DataFault:
        raise
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - zlib, struct, zipfile, key errors: all mean the same to the office
        raise DataFault(
            "file.damaged",
            "工作簿不完整或已损坏",
            where=where,
            remedy="请重新导出或重新传输后再交。",
        ) from None


def _scan_archive(
    archive: zipfile.ZipFile, where: Where, advance: Callable[[int], None]
) -> WorkbookScan:
    entries = archive.infolist()
    _refuse_odd_directory(entries, where)
    total = shared = 0
    scans: dict[str, SheetScan] = {}
    for entry in entries:
        part = entry.filename.replace("\\", "/").lstrip("/")
        if not part.lower().endswith((".xml", ".rels")):
            continue
        scan = SheetScan(part)
        is_sheet = part.lower().startswith("xl/worksheets/") and part.lower().endswith(".xml")
        for block in _unpack(archive, entry, total, where):
            scan.xml_bytes += len(block)
            advance(len(block))
            if is_sheet:
                _scan_sheet_block(scan, block, where)
        total += scan.xml_bytes
        if is_sheet:
            scans[part.lower()] = scan
        if part.lower() == "xl/sharedstrings.xml":
            shared = scan.xml_bytes
    return WorkbookScan(_name_sheets(archive, scans), total, shared)


def _refuse_odd_directory(entries: list[zipfile.ZipInfo], where: Where) -> None:
    names = [entry.filename.replace("\\", "/").lower() for entry in entries]
    if len(entries) > limits.ZIP_ENTRIES or len(set(names)) != len(names):
        raise DataFault("file.odd_package", "工作簿的内部结构不正常", where=where, remedy=_REPACK)
    if any(entry.flag_bits & 1 for entry in entries):
        raise DataFault(
            "file.encrypted", "文件有打开密码", where=where, remedy="请去掉密码后再交。"
        )


def _unpack(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, before: int, where: Where
) -> Iterator[bytes]:
    """Blocks of one part; what comes out is counted, whatever the directory says of its size."""
    seen = 0
    packed = max(1, entry.compress_size)
    with archive.open(entry) as stream:
        first = True
        while block := stream.read(BLOCK):
            seen += len(block)
            swollen = seen > limits.ZIP_FREE_BYTES and seen > limits.ZIP_RATIO * packed
            if swollen or before + seen > limits.ZIP_TOTAL_BYTES:
                raise DataFault(
                    "file.zip_bomb",
                    "工作簿解压后大得不正常，已停止读取",
                    where=where,
                    remedy=_REPACK,
                )
            if first and (block.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in block[:64]):
                raise DataFault(
                    "file.odd_package", "工作簿的内部编码不正常", where=where, remedy=_REPACK
                )
            if _DECLARATION.search(block):
                raise DataFault(
                    "file.xml_entity",
                    "工作簿里有不该有的 XML 实体声明",
                    where=where,
                    remedy=_REPACK,
                )
            first = False
            yield block


def _scan_sheet_block(scan: SheetScan, block: bytes, where: Where) -> None:
    whole = scan.tail + block
    # Matching stops at the last full tag, so that a place is counted once and never cut in two.
    end = whole.rfind(b">") + 1
    if len(whole) - end > TAG_BYTES * 128:
        end = len(whole)
    text, scan.tail = whole[:end], whole[end:]
    places = _PLACE.findall(text)
    if places:
        scan.cells += len(places)
        for letters in {letters for letters, _ in places}:
            number = column_number(letters)
            scan.last_column = max(scan.last_column, number)
            scan.first_column = min(scan.first_column, number)
        scan.last_row = max(scan.last_row, max(map(int, {digits for _, digits in places})))
    if _ERROR_MARK.search(text):
        for letters, digits, shown in _ERROR_CELL.findall(text):
            if len(scan.errors) >= ERROR_CELLS:
                raise DataFault(
                    "sheet.formula_errors",
                    "公式错误（如 #REF!）多得无法逐行处理",
                    where=where,
                    remedy="请先在 Excel 里修正公式，再“粘贴为数值”后交。",
                )
            scan.errors[int(digits) - 1, column_number(letters) - 1] = shown.decode(
                "ascii", "replace"
            )


def column_number(letters: bytes) -> int:
    """A = 1, Z = 26, AA = 27, XFD = 16,384."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _name_sheets(archive: zipfile.ZipFile, scans: dict[str, SheetScan]) -> dict[str, SheetScan]:
    """Sheets by the name on their tab. Parts nobody names keep their part name and are not parsed either."""
    targets = {}
    for tag in _RELATION_TAG.findall(_read_small(archive, "xl/_rels/workbook.xml.rels")):
        attributes = dict(_ATTRIBUTE.findall(tag))
        target = attributes.get("Target", "").replace("\\", "/")
        full = target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
        targets[attributes.get("Id", "")] = posixpath.normpath(full).lower()
    named: dict[str, SheetScan] = {}
    for tag in _SHEET_TAG.findall(_read_small(archive, "xl/workbook.xml")):
        attributes = {key.split(":")[-1]: value for key, value in _ATTRIBUTE.findall(tag)}
        scan = scans.get(targets.get(attributes.get("id", ""), ""))
        if scan is not None:
            named[unescape(attributes.get("name", ""))] = scan
    return named


def _read_small(archive: zipfile.ZipFile, part: str) -> str:
    for entry in archive.infolist():
        if entry.filename.replace("\\", "/").lstrip("/").lower() == part.lower():
            with archive.open(entry) as stream:
                return stream.read(4 * limits.MIB).decode("utf-8", errors="replace")
    return ""


def refuse_sparse_sheet(scan: SheetScan, *, file: str, sheet: str) -> None:
    """A DataFault where one stray cell makes a sheet enormous, naming how far out it lies."""
    if (
        scan.dense_cells > max(limits.DENSE_CELLS_FREE, limits.DENSE_CELLS_PER_CELL * scan.cells)
        or scan.last_column > 16_384
        or scan.last_row > 1_048_576
    ):
        raise DataFault(
            "sheet.stray_cell",
            f"表格延伸到第 {scan.last_row} 行、第 {scan.last_column} 列，但里面几乎是空的",
            where=Where(file=file, sheet=sheet, row=scan.last_row),
            remedy="请删除数据区以外的行和列（选中后右键“删除”，不是清除内容），保存后再交。",
        )


def memory_needed(scan: SheetScan, shared_text_bytes: int) -> int:
    """What parsing this sheet may honestly take, in bytes, beyond an ordinary file's limit."""
    text = int((scan.xml_bytes + shared_text_bytes) * limits.BYTES_PER_XML_BYTE)
    return scan.dense_cells * limits.BYTES_PER_DENSE_CELL + text
