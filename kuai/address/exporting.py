"""The recorded library as a file in the headings it is delivered in, so that it can come in again. Private."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlsxwriter

from kuai.address.delivered import FORMULA
from kuai.address.life.moves import LEVEL_WORDS, STATE_WORDS
from kuai.address.record import open_record, snapshot_of
from kuai.address.snapshots import library_engine
from kuai.address.types import ADDRESS_ENTRY, Level, State
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.engine import path_sql
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store

# A worksheet has 1,048,576 rows, one of them for the headings.
MOST_SHEET_ROWS = 1_048_575
EXPORT_FORMS = (".csv", ".xlsx", ".parquet")


def export_library(store: Store, out: Path, *, ended_too: bool = False) -> Receipt:
    """Write the library as recorded now to `out` (CSV, XLSX or Parquet, by its ending); whole or not at all.

    In a CSV a text that a spreadsheet would run as a formula (=, +, -, @ first) has ' before it, and an import takes
    that away again: whoever opens the file is safe, and what comes back is equal.
    Refuses another ending, an empty record, and more rows than a worksheet holds.
    """
    if out.suffix.lower() not in EXPORT_FORMS:
        raise Refusal("library.export_form", f"只会写 {'、'.join(EXPORT_FORMS)}。")
    rows = _rows(store, ended_too=ended_too)
    with replace_when_complete(out) as scratch:
        if out.suffix.lower() == ".csv":
            pa_csv.write_csv(_guarded(rows), scratch)
        elif out.suffix.lower() == ".parquet":
            pq.write_table(rows, scratch, compression="zstd")
        else:
            _write_sheet(rows, scratch)
    return Receipt("export_library", rows.num_rows, rows.num_rows, what="entries")


def _rows(store: Store, *, ended_too: bool) -> pa.Table:
    at_rest = snapshot_of(store, open_record(store))
    if at_rest is None:
        raise Refusal(
            "library.empty", "地址库里还没有记录。", next_step="先导入：kuai library plan FILE。"
        )
    with library_engine(store) as connection:
        connection.register(
            "level_word", pa.table({"level": list(map(str, Level)), "word": _words(LEVEL_WORDS)})
        )
        connection.register(
            "state_word", pa.table({"state": list(map(str, State)), "word": _words(STATE_WORDS)})
        )
        where = "" if ended_too else "where e.state in ('planned', 'in_use')"
        return connection.sql(
            "select e.address_code as 地址编码, l.word as 级别, e.parent_code as 上级编码,"
            " e.name as 名称, e.standard_text as 标准地址, e.longitude as 经度, e.latitude as 纬度,"
            ' e."use" as 用途, s.word as 状态'
            f" from read_parquet({path_sql(at_rest.path(ADDRESS_ENTRY))}) as e"
            " join level_word as l on e.level = l.level join state_word as s on e.state = s.state"
            f" {where} order by length(e.address_code), e.address_code"
        ).to_arrow_table()


def _guarded(rows: pa.Table) -> pa.Table:
    for place, column in enumerate(rows.column_names):
        if rows.schema.field(place).type in (pa.string(), pa.large_string()):
            guarded = pc.replace_substring_regex(rows[column], FORMULA, r"'\1")
            rows = rows.set_column(place, column, guarded)
    return rows


def _words(words: dict[Level, str] | dict[State, str]) -> list[str]:
    return list(words.values())


def _write_sheet(rows: pa.Table, path: Path) -> None:
    if rows.num_rows > MOST_SHEET_ROWS:
        raise Refusal(
            "library.export_too_long",
            f"一张工作表放不下 {rows.num_rows:,} 行。",
            next_step="导出成 CSV 或 Parquet。",
        )
    # A standard address that begins with = is text, not a formula.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("统一地址库")
        sheet.write_row(0, 0, rows.column_names)
        number = 1
        for batch in rows.to_batches():
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                for place, value in enumerate(row):
                    if isinstance(value, str):
                        sheet.write_string(number, place, value)
                    elif value is not None:
                        sheet.write_number(number, place, value)
                number += 1
