"""Reading a delivered library into the declared table, or refusing it with row and column."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
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
    require_columns(table.column_names, rows=table.num_rows, file=name)
    columns = {
        column: table[column].cast(pa.string()).fill_null("")
        if column in table.column_names
        else pa.chunked_array([pa.array([""] * table.num_rows)])
        for column in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
    }
    return pa.table({column: pc.utf8_trim_whitespace(values) for column, values in columns.items()})


def require_columns(columns: Iterable[str], *, rows: int, file: str) -> None:
    """Refuse a library without a column that it must have, or without a row."""
    given = set(columns)
    missing = [column for column in REQUIRED_COLUMNS if column not in given]
    if missing:
        raise DataFault(
            "address.library_column_missing",
            f"地址库缺少列：{'、'.join(missing)}",
            where=Where(file=file, row=1, column=missing[0]),
            remedy=f"表头须有：{'、'.join(REQUIRED_COLUMNS)}（{'、'.join(OPTIONAL_COLUMNS)}可空）",
        )
    if rows == 0:
        raise DataFault("address.library_empty", "地址库没有数据行", where=Where(file=file))


def unreadable_csv(path: Path) -> DataFault:
    """What is said of a CSV that cannot be taken apart."""
    return DataFault(
        "address.library_unreadable",
        "地址库不是可读的 CSV",
        where=Where(file=path.name),
        remedy="请另存为 UTF-8 或 GB18030 的 CSV，每行列数相同",
    )


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
        raise unreadable_csv(path) from cause


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
    delivered = delivered.combine_chunks()
    codes, parents = delivered["地址编码"], delivered["上级编码"]
    words = pc.dictionary_encode(delivered["级别"]).combine_chunks()
    levels = [LEVEL_OF_WORD.get(word) for word in words.dictionary.to_pylist()]
    texts = delivered["标准地址"]
    depths = np.array([_DEPTH[level] if level else -1 for level in levels], np.int8)
    depth = depths[words.indices.to_numpy()]
    if not _is_faultless(codes, depth, parents, texts):
        of_row = [LEVEL_OF_WORD.get(word) for word in delivered["级别"].to_pylist()]
        _refuse_faulty_rows(codes.to_pylist(), of_row, parents.to_pylist(), texts.to_pylist(), file)
    return pa.table(
        {
            "address_code": codes,
            "level": pa.array([str(level) for level in levels]).take(words.indices),
            "parent_code": parents,
            "name": delivered["名称"],
            "standard_text": texts,
            "longitude": _coordinates(delivered["经度"], "经度", 180.0, file),
            "latitude": _coordinates(delivered["纬度"], "纬度", 90.0, file),
            "use": delivered["用途"],
            "state": pa.array(["in_use"]).take(pa.array(np.zeros(len(codes), np.int8))),
        }
    )


def _is_faultless(
    codes: pa.ChunkedArray, depth: np.ndarray, parents: pa.ChunkedArray, texts: pa.ChunkedArray
) -> bool:
    """Does every row pass? Asked of whole columns, because row by row takes a second for 600,000 rows."""
    if (depth < 0).any() or not pc.all(pc.match_substring_regex(codes, "^[0-9]+$")).as_py():
        return False
    if pc.count_distinct(codes).as_py() < len(codes):
        return False
    above = pc.index_in(parents, value_set=codes)
    has_parent = pc.is_valid(above).to_numpy()
    above_depth = depth[pc.fill_null(above, 0).to_numpy()]
    is_room = depth == _DEPTH[Level.ROOM]
    has_text = (pc.binary_length(texts).to_numpy() > 0) | (depth == _DEPTH[Level.GRID])
    return not (
        (~has_parent & (depth > depth.min())).any()
        or (has_parent & (above_depth >= depth)).any()
        or (has_parent & is_room & (above_depth != _DEPTH[Level.BUILDING])).any()
        or (~has_text).any()
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


def _coordinates(
    values: pa.ChunkedArray, column: str, limit: float, file: str
) -> pa.ChunkedArray | list[float | None]:
    try:
        numbers = pc.replace_with_mask(
            values.combine_chunks(),
            pc.equal(values, "").combine_chunks(),
            pa.scalar(None, pa.string()),
        ).cast(pa.float64())
    except pa.ArrowInvalid:
        return _coordinates_by_row(values.to_pylist(), column, limit, file)
    if pc.all(pc.less_equal(pc.abs(numbers), limit)).as_py() is False:
        return _coordinates_by_row(values.to_pylist(), column, limit, file)
    return numbers


def _coordinates_by_row(
    values: Sequence[str], column: str, limit: float, file: str
) -> list[float | None]:
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
