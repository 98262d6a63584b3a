"""A file of person rows linked to a file of codes, read as a stream and written as one.

Owns the form of both files. Refuses one without row_id, with a repeated or empty row_id, or with nothing to compare.
The raw columns are never a table: they are read from the file for each step that needs them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.element_codes import code_letters
from kuai.kit.engine import ROW_GROUP_ROWS, read_sql, scan_sql
from kuai.kit.errors import DataFault, Where
from kuai.kit.progress import SILENT, Progress
from kuai.linkage.engine.figures import LinkFigures
from kuai.linkage.engine.persons import link_person_rows
from kuai.linkage.engine.shaping import PART_ROWS
from kuai.linkage.engine.steps import registered

Part = TypeVar("Part")

# What `kuai link` reads; a file may lack any of them but row_id.
FILE_COLUMNS = (
    "row_id",
    "source",
    "role",
    "name",
    "id_number",
    "birth_date",
    "sex",
    "phone",
    "address",
    "room_code",
    "organisation_name",
)
_COMPARED_COLUMNS = ("name", "id_number", "phone", "birth_date", "address", "room_code")
_OUT_ROWS_AT_ONCE = 1_000_000
# From here on not every whole number is a double.
_LEAST_INEXACT_NUMBER = 2.0**53
_OUT_SCHEMA = pa.schema(
    [
        ("row_id", pa.string()),
        ("person_code", pa.string()),
        ("match_probability", pa.float64()),
        ("reason", pa.string()),
    ]
)


def link_rows_of_file(
    session: duckdb.DuckDBPyConnection,
    in_parquet: Path,
    out_parquet: Path,
    progress: Progress = SILENT,
) -> LinkFigures:
    """row_id, person_code, match_probability, reason of each row; written whole or not at all."""
    row_ids, mention_no = number_rows(session, in_parquet)
    figures = link_person_rows(
        session,
        progress=progress,
        parts=parts_of_batches(session, batches_of(in_parquet), mention_no),
    )
    with replace_when_complete(out_parquet) as scratch:
        _write(session, row_ids, scratch)
    return figures


def number_rows(
    session: duckdb.DuckDBPyConnection, path: Path
) -> tuple[pa.ChunkedArray, np.ndarray]:
    """The file's row_ids in founding order (by source and row_id), and for each of its rows its place there."""
    place = Where(file=path.name)
    if not path.is_file():
        raise DataFault("link_input_absent", "找不到要关联的文件", where=place)
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as fault:
        raise DataFault(
            "not_parquet",
            "不是可读的 Parquet 文件",
            where=place,
            remedy="CSV 和 XLSX 请先另存为 Parquet；已是 Parquet 的可能已损坏，请重新导出",
        ) from fault
    if "row_id" not in schema.names:
        raise DataFault(
            "no_row_id", "缺少 row_id 列", where=place, remedy="请为每行加上不重复的 row_id"
        )
    if not set(_COMPARED_COLUMNS) & set(schema.names):
        raise DataFault(
            "nothing_to_compare", "没有可比较的列（姓名、证件号码、电话等）", where=place
        )
    source = "source" if "source" in schema.names else "null"
    scan = scan_sql([path]).removesuffix(")") + ", file_row_number = true)"
    session.execute(
        "create temp view file_row as select cast(row_id as varchar) as row_id,"
        f" cast({source} as varchar) as source, file_row_number as row_no from {scan}"
    )
    ordered = session.sql(
        "select row_id, row_no from file_row order by source, row_id"
    ).to_arrow_table()
    row_ids = ordered["row_id"]
    # Because two texts may share a hash, only what looks repeated is looked at in full.
    repeated = session.sql(
        "select 1 from (select row_id from file_row where hash(row_id) in (select hash(row_id) from file_row"
        " group by hash(row_id) having count(*) > 1)) group by row_id having count(*) > 1 limit 1"
    ).fetchall()
    if repeated or row_ids.null_count:
        raise DataFault(
            "repeated_row_id", "row_id 有重复或空值", where=place, remedy="请让每行的 row_id 唯一"
        )
    session.execute("drop view file_row")
    mention_no = np.empty(len(row_ids), dtype=np.int32)
    mention_no[ordered["row_no"].to_numpy()] = np.arange(len(row_ids), dtype=np.int32)
    return row_ids, mention_no


def batches_of(path: Path) -> Iterator[pa.RecordBatch]:
    """The file's known columns, a batch at a time."""
    with pq.ParquetFile(path) as file:
        known = [name for name in FILE_COLUMNS if name in file.schema_arrow.names]
        yield from file.iter_batches(ROW_GROUP_ROWS, columns=known)


def text_rows(path: Path) -> pa.Table:
    """The whole file as text, missing columns empty."""
    schema = pa.schema([(name, pa.string()) for name in FILE_COLUMNS])
    parts = [_as_text(pa.Table.from_batches([batch])) for batch in batches_of(path)]
    return pa.concat_tables([schema.empty_table(), *parts])


def parts_of_batches(
    session: duckdb.DuckDBPyConnection, batches: Iterable[pa.RecordBatch], mention_no: np.ndarray
) -> Iterator[str]:
    """Rows as FROM items of the shape `person_row`, so many at once as may be spelled out."""
    sql = read_sql(__file__, "person_file_row")
    begin = 0
    for rows in _one_ahead(_gathered(batches)):
        yield from _part(session, sql, rows, mention_no[begin:])
        begin += len(rows)


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += len(batch)
        if count >= PART_ROWS:
            yield pa.Table.from_batches(waiting)
            waiting, count = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting)


def _part(
    session: duckdb.DuckDBPyConnection, sql: str, rows: pa.Table, mention_no: np.ndarray
) -> Iterator[str]:
    numbers = pa.array(mention_no[: len(rows)])
    with registered(session, file_row=_as_text(rows).append_column("mention_no", numbers)):
        yield f"({sql})"


def _as_text(rows: pa.Table) -> pa.Table:
    columns = {}
    for name in FILE_COLUMNS:
        is_known = name in rows.column_names
        columns[name] = (
            _column_as_text(name, rows[name]) if is_known else pa.nulls(len(rows), pa.string())
        )
    return pa.table(columns)


def _column_as_text(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        if pa.types.is_floating(column.type):
            column = _without_fraction(name, column)
        return column.cast(pa.string())
    except pa.ArrowException as fault:
        raise DataFault(
            "column_not_text",
            f"读不成文字（类型 {column.type}）",
            where=Where(column=name),
            remedy="请把该列存成 UTF-8 的文字、整数或日期",
        ) from fault


def _without_fraction(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers beside empty cells come as fractions (1.38e10); refuses those whose last digits are lost."""
    column = pc.if_else(pc.is_finite(column), column, None).cast(pa.float64())
    greatest = pc.max(pc.abs(column)).as_py()
    if greatest is not None and greatest >= _LEAST_INEXACT_NUMBER:
        raise DataFault(
            "digits_lost",
            "号码存成了小数，末几位已经丢了",
            where=Where(column=name),
            remedy="请把该列按文字重新导出",
        )
    whole = pc.all(pc.equal(pc.floor(column), column)).as_py()
    return column if whole is False else column.cast(pa.int64())


def _write(session: duckdb.DuckDBPyConnection, row_ids: pa.ChunkedArray, target: Path) -> None:
    found = session.execute(
        "select mention_no, founder_no from mention_cluster order by mention_no"
    ).fetchnumpy()
    founder = found["founder_no"].astype(np.int64)
    # Codes are counted in founding order.
    serial = np.cumsum(founder == np.arange(len(founder)))
    reader = session.sql(
        "select match_probability, reason from mention_cluster order by mention_no"
    ).to_arrow_reader(_OUT_ROWS_AT_ONCE)

    def parts() -> Iterator[pa.Table]:
        begin = 0
        for batch in reader:
            end = begin + len(batch)
            yield pa.table(
                {
                    "row_id": row_ids.slice(begin, len(batch)),
                    "person_code": person_codes(serial[founder[begin:end]]),
                    "match_probability": batch["match_probability"],
                    "reason": batch["reason"],
                },
                schema=_OUT_SCHEMA,
            )
            begin = end

    with pq.ParquetWriter(target, _OUT_SCHEMA, compression="zstd") as writer:
        for part in _one_ahead(parts()):
            writer.write_table(part)


def person_codes(serials: np.ndarray) -> pa.Array:
    """The codes of these serial numbers as texts, made from their bytes at once."""
    letters = code_letters("person", serials)
    ends = np.arange(len(letters) + 1, dtype=np.int32) * np.int32(letters.shape[1])
    return pa.StringArray.from_buffers(len(letters), pa.py_buffer(ends), pa.py_buffer(letters))


def _one_ahead(parts: Iterator[Part]) -> Iterator[Part]:
    """The parts in their order, each made in a thread while the one before it is worked on."""
    with ThreadPoolExecutor(1) as maker:
        waiting = maker.submit(next, parts, None)
        while (part := waiting.result()) is not None:
            waiting = maker.submit(next, parts, None)
            yield part
