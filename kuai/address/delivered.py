"""A delivered library as a table of texts under the house's headings, whatever file it came in. Private.

Title rows above the headings are passed over; every row keeps its number in the sheet, as the office counts.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
from python_calamine import CalamineError, load_workbook

from kuai.address.ground.reading import read_ground_file
from kuai.address.reading import (
    REQUIRED_COLUMNS,
    find_encoding,
    require_columns,
    unreadable_csv,
)
from kuai.address.types import AliasKind
from kuai.address.workbooks import look_through
from kuai.kit.errors import DataFault, Where

ROW_NUMBER = "行号"
GEOMETRY = "geometry"
STATE_COLUMN = "状态"
MOST_TITLE_ROWS = 10
GROUND_ENDINGS = frozenset({".geojson", ".json", ".shp", ".zip", ".gpkg"})
SHEET_ENDINGS = frozenset({".xlsx", ".xls", ".xlsm"})
# Sheets of these could say that they are larger than any memory, and nothing looks through them first.
UNREAD_ENDINGS = frozenset({".xlsb", ".ods"})

_SPELLINGS = {
    "地址编码": ("编码", "code", "address_code", "统一地址编码", "地址代码", "标准地址编码"),
    "级别": ("level", "地址级别", "层级", "地址层级"),
    "上级编码": ("parent", "parent_code", "上级", "父编码", "上级地址编码", "上级代码"),
    "名称": ("name", "简称", "地址名称"),
    "标准地址": (
        "standard_text",
        "standard_address",
        "address",
        "标准地址全称",
        "地址全称",
        "全称",
    ),
    "经度": ("longitude", "lon", "lng"),
    "纬度": ("latitude", "lat"),
    "用途": ("use", "房屋用途", "建筑用途"),
    STATE_COLUMN: ("state", "地址状态", "编码状态"),
    GEOMETRY: ("wkb",),
}
_HEADING_OF = {word: heading for heading, words in _SPELLINGS.items() for word in (heading, *words)}
# Columns whose cells hold other texts of the place, several apart by ; or |.
ALIAS_KINDS = {
    "别名": AliasKind.VERNACULAR,
    "俗称": AliasKind.VERNACULAR,
    "旧名": AliasKind.OLD_NAME,
    "曾用名": AliasKind.OLD_NAME,
    "原名": AliasKind.OLD_NAME,
    "原地址": AliasKind.OLD_NAME,
    "门牌": AliasKind.DOORPLATE,
    "门牌地址": AliasKind.DOORPLATE,
    "小区名": AliasKind.ESTATE,
    "楼盘名": AliasKind.ESTATE,
    "主址": AliasKind.SECONDARY,
    "副址": AliasKind.SECONDARY,
    "次址": AliasKind.SECONDARY,
}
# 编码（GB/T 39609) and the like: the same place in another scheme.
_SCHEME = re.compile(r"^(?:编码|代码)[（(](?P<scheme>[^（）()]{1,40})[）)]$")
_OTHER_SCHEMES = frozenset({"不动产单元号", "宗地代码", "房屋代码"})
_CONTROL = r"[\x00-\x1f\x7f]+"
# What a spreadsheet takes for a formula, and the quotation mark before it that says it is text.
FORMULA = r"^('*[=+\-@])"
GUARDED_FORMULA = r"^'('*[=+\-@])"


def read_delivered(path: Path, *, datum: str) -> pa.Table:
    """The rows of `path` (CSV, XLSX, or a file of geometries) as texts under our headings, numbered."""
    ending = path.suffix.lower()
    if not path.is_file():
        raise DataFault("address.library_absent", "找不到地址库文件", where=Where(file=path.name))
    if ending in GROUND_ENDINGS:
        return with_house_headings(_read_ground(path, datum), file=path.name)
    if ending in UNREAD_ENDINGS:
        raise _unreadable(path)
    rows, titles = _read_sheet(path) if ending in SHEET_ENDINGS else _read_csv(path)
    numbers = range(titles + 2, titles + 2 + rows.num_rows)
    return with_house_headings(rows, file=path.name, numbers=numbers)


def with_house_headings(
    rows: pa.Table, *, file: str = "", numbers: Sequence[int] | None = None
) -> pa.Table:
    """Rename what we know by another spelling, tidy the texts, number the rows (else from 2 on, below a heading).

    Refuses missing columns. A column of the file with our row number's name is none: its numbers may repeat.
    """
    named: dict[str, Any] = {}
    for heading, values in zip(rows.column_names, rows.columns, strict=True):
        ours = house_heading(heading)
        if ours and ours not in named:
            named[ours] = values if ours == GEOMETRY else _tidy(values)
    require_columns(named, rows=rows.num_rows, file=file)
    named[ROW_NUMBER] = pa.array(numbers or range(2, rows.num_rows + 2), type=pa.int64())
    table = pa.table(named)
    # A sheet's blank rows are none.
    written = pc.binary_join_element_wise(*(table[name] for name in REQUIRED_COLUMNS), "")
    return table.filter(pc.not_equal(written, ""))


def house_heading(heading: str) -> str:
    """Our word for a heading, or "" for a column that says nothing we keep."""
    written = heading.strip().lstrip("\ufeff")
    known = _HEADING_OF.get(written) or _HEADING_OF.get(written.lower())
    if known or written in ALIAS_KINDS:
        return known or written
    return written if scheme_of(written) else ""


def scheme_of(heading: str) -> str:
    """The other scheme whose codes a column holds, or ""."""
    found = _SCHEME.match(heading)
    if found:
        return found.group("scheme").strip()
    return heading if heading in _OTHER_SCHEMES else ""


def _tidy(values: Any) -> Any:
    texts = values.cast(pa.string())
    texts = pc.fill_null(texts, "")
    return pc.utf8_trim_whitespace(_replaced(texts, _CONTROL, ""))


def _replaced(texts: Any, pattern: str, by: str) -> Any:
    """Hardly any column holds what is replaced; to look is quicker than to write it all anew."""
    if not pc.any(pc.match_substring_regex(texts, pattern)).as_py():
        return texts
    return pc.replace_substring_regex(texts, pattern, by)


def without_guards(rows: pa.Table) -> pa.Table:
    """A CSV's texts as meant: '=1号 is the text =1号, kept from being a formula, as `export_library` writes it."""
    for place, column in enumerate(rows.column_names):
        if rows.schema.field(place).type in (pa.string(), pa.large_string()):
            meant = _replaced(rows[column], GUARDED_FORMULA, r"\1")
            rows = rows.set_column(place, column, meant)
    return rows


def _read_ground(path: Path, datum: str) -> pa.Table:
    return read_ground_file(path, datum=datum)


def _read_csv(path: Path) -> tuple[pa.Table, int]:
    encoding = find_encoding(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            reader = csv.reader(stream)
            first = [row for row, _ in zip(reader, range(MOST_TITLE_ROWS), strict=False)]
        titles = _title_rows(first, path.name)
        heading = _distinct(first[titles])
        table = pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(
                encoding=encoding, skip_rows=titles + 1, column_names=heading
            ),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(heading, pa.string()), strings_can_be_null=False
            ),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error) as cause:
        raise unreadable_csv(path) from cause
    return without_guards(table), titles


def _read_sheet(path: Path) -> tuple[pa.Table, int]:
    if path.suffix.lower() != ".xls":
        # An old .xls cannot say that it is larger than 65,536 rows of 256 cells.
        look_through(path)
    try:
        rows = load_workbook(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as cause:
        raise _unreadable(path) from cause
    texts = [[_cell(value) for value in row] for row in rows]
    titles = _title_rows(texts[:MOST_TITLE_ROWS], path.name)
    heading = _distinct(texts[titles])
    body = texts[titles + 1 :]
    columns = list(zip(*body, strict=True)) if body else [()] * len(heading)
    table = pa.table(
        {
            name: pa.array(values, type=pa.string())
            for name, values in zip(heading, columns, strict=True)
        }
    )
    return table, titles


def _unreadable(path: Path) -> DataFault:
    return DataFault(
        "address.library_unreadable",
        "地址库不是可读的表格",
        where=Where(file=path.name),
        remedy="请另存为 XLSX 或 CSV",
    )


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        # A code of 25 digits typed as a number has lost its last digits: it reads as such and is refused.
        return str(int(value)) if abs(value) < 1e15 else repr(value)
    return "" if value is None else str(value)


def _title_rows(first: Sequence[Sequence[str]], file: str) -> int:
    """How many rows stand above the headings: the first row that bears three or more words we know is theirs."""
    for place, row in enumerate(first):
        if len({house_heading(cell) for cell in row} & set(REQUIRED_COLUMNS)) >= 3:
            return place
    if not first or not any(cell.strip() for row in first for cell in row):
        raise DataFault("address.library_empty", "地址库没有数据行", where=Where(file=file))
    return 0


def _distinct(heading: Sequence[str]) -> list[str]:
    """Headings as the sheet has them, empty and repeated ones told apart."""
    seen: dict[str, int] = {}
    names = []
    for place, cell in enumerate(heading):
        name = cell.strip().lstrip("\ufeff") or f"第{place + 1}列"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return names
