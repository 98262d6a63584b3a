"""Reading a delivered library into the declared table, or refusing it with row and column."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from kuai.address.types import Level
from kuai.kit.errors import DataFault, Where

REQUIRED_COLUMNS = ("地址编码", "级别", "上级编码", "名称", "标准地址")
OPTIONAL_COLUMNS = ("经度", "纬度", "用途")
LEVEL_OF_WORD = {
    "区": Level.DISTRICT,
    "区县": Level.DISTRICT,
    "街道": Level.SUBDISTRICT,
    "社区": Level.COMMUNITY,
    "网格": Level.GRID,
    "楼栋": Level.BUILDING,
    "房屋": Level.ROOM,
} | {str(level): level for level in Level}
# The heading is row 1 of the sheet as the office sees it.
FIRST_ROW = 2
_DEPTH = {level: depth for depth, level in enumerate(Level)}


def read_delivered_library(delivered: Path | pa.Table) -> pa.Table:
    """The library's rows as delivered, all text, headings checked."""
    name = delivered.name if isinstance(delivered, Path) else ""
    table = _read_csv(delivered) if isinstance(delivered, Path) else delivered
    missing = [column for column in REQUIRED_COLUMNS if column not in table.column_names]
    if missing:
        raise DataFault(
            "address.library_column_missing",
            f"地址库缺少列：{'、'.join(missing)}",
            where=Where(file=name, row=1, column=missing[0]),
            remedy=f"表头须有：{'、'.join(REQUIRED_COLUMNS)}（{'、'.join(OPTIONAL_COLUMNS)}可空）",
        )
    if table.num_rows == 0:
        raise DataFault("address.library_empty", "地址库没有数据行", where=Where(file=name))
    columns = {
        column: table[column].cast(pa.string()).fill_null("")
        if column in table.column_names
        else pa.chunked_array([pa.array([""] * table.num_rows)])
        for column in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
    }
    return pa.table({column: pc.utf8_trim_whitespace(values) for column, values in columns.items()})


def _read_csv(path: Path) -> pa.Table:
    if not path.is_file():
        raise DataFault("address.library_absent", "找不到地址库文件", where=Where(file=path.name))
    encoding = find_encoding(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            heading = next(csv.reader(stream), [])
        types = dict.fromkeys(heading, pa.string())
        return pa_csv.read_csv(
            path,
            read_options=pa_csv.ReadOptions(encoding=encoding),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error) as cause:
        raise DataFault(
            "address.library_unreadable",
            "地址库不是可读的 CSV",
            where=Where(file=path.name),
            remedy="请另存为 UTF-8 或 GB18030 的 CSV，每行列数相同",
        ) from cause


def find_encoding(path: Path) -> str:
    """utf-8-sig or gb18030, whichever reads the beginning of the file; a cut character at the end is forgiven."""
    with path.open("rb") as stream:
        return encoding_of(stream.read(1 << 20))


def encoding_of(beginning: bytes) -> str:
    """The same for a beginning already read."""
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        beginning.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        return "utf-8-sig" if fault.start > len(beginning) - 4 else "gb18030"
    return "utf-8-sig"


def library_table(delivered: pa.Table, *, file: str = "") -> pa.Table:
    """The declared columns of ADDRESS_ENTRY; refuses the first faulty row with its row and column."""
    codes = delivered["地址编码"].to_pylist()
    levels = [LEVEL_OF_WORD.get(word) for word in delivered["级别"].to_pylist()]
    parents = delivered["上级编码"].to_pylist()
    texts = delivered["标准地址"].to_pylist()
    _refuse_faulty_rows(codes, levels, parents, texts, file)
    return pa.table(
        {
            "address_code": codes,
            "level": [str(level) for level in levels],
            "parent_code": parents,
            "name": delivered["名称"],
            "standard_text": texts,
            "longitude": _coordinates(delivered["经度"].to_pylist(), "经度", 180.0, file),
            "latitude": _coordinates(delivered["纬度"].to_pylist(), "纬度", 90.0, file),
            "use": delivered["用途"],
            "state": ["in_use"] * len(codes),
        }
    )


def _refuse_faulty_rows(
    codes: Sequence[str],
    levels: Sequence[Level | None],
    parents: Sequence[str],
    texts: Sequence[str],
    file: str,
) -> None:
    level_of: dict[str, Level] = {}
    for row, (code, level) in enumerate(zip(codes, levels, strict=True)):
        if not code.isdigit() or not code.isascii():
            raise _row_fault("code_unreadable", "地址编码为空或不是数字", row, "地址编码", file)
        if level is None:
            raise _row_fault(
                "level_unknown", f"级别须是 {'、'.join(_CHINESE_LEVELS)} 之一", row, "级别", file
            )
        if code in level_of:
            raise _row_fault("code_twice", f"地址编码 {code} 重复", row, "地址编码", file)
        level_of[code] = level
    top = min(_DEPTH[level] for level in level_of.values())
    for row, (code, parent, text) in enumerate(zip(codes, parents, texts, strict=True)):
        level = level_of[code]
        above = level_of.get(parent)
        if above is None and _DEPTH[level] > top:
            raise _row_fault("parent_unknown", f"上级编码 {parent} 不在库中", row, "上级编码", file)
        if above is not None and _DEPTH[above] >= _DEPTH[level]:
            raise _row_fault("parent_not_above", "上级的级别不高于本行", row, "上级编码", file)
        if above is not None and level is Level.ROOM and above is not Level.BUILDING:
            raise _row_fault("room_without_building", "房屋的上级须是楼栋", row, "上级编码", file)
        if not text and level is not Level.GRID:
            raise _row_fault("text_empty", "标准地址为空", row, "标准地址", file)


_CHINESE_LEVELS = ("区", "街道", "社区", "网格", "楼栋", "房屋")


def _coordinates(values: Sequence[str], column: str, limit: float, file: str) -> list[float | None]:
    found: list[float | None] = []
    for row, value in enumerate(values):
        try:
            number = float(value) if value else None
        except ValueError:
            raise _row_fault("coordinate_unreadable", "不是数字", row, column, file) from None
        if number is not None and not -limit <= number <= limit:
            raise _row_fault("coordinate_outside", f"超出 ±{limit:g} 度", row, column, file)
        found.append(number)
    return found


def _row_fault(code: str, sentence: str, row: int, column: str, file: str) -> DataFault:
    return DataFault(
        f"address.library_{code}",
        sentence,
        where=Where(file=file, row=row + FIRST_ROW, column=column),
        remedy="请改正后重新导入；库未被写入",
    )
