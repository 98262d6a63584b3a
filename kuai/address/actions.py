"""The writes others may call: reading a library, washing mentions, washing a file."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from kuai.address.batch import ANSWER_NAMES, index_of_files, open_wash
from kuai.address.file_wash import ADDED_COLUMNS, wash_sheet
from kuai.address.gazetteer import FOLDER as DIVISIONS_FOLDER
from kuai.address.libraries import LibraryTables, library_of_build, read_library_file
from kuai.address.reading import library_table, read_delivered_library
from kuai.address.types import ADDRESS_ENTRY, ADDRESS_WASH, EarlierWash
from kuai.kit.engine import read_sql, scan_sql, use_table, use_tables, write_table
from kuai.kit.errors import Refusal
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.tables import TableRef

__all__ = [
    "ADDED_COLUMNS",
    "LibraryTables",
    "library_of_build",
    "read_division_library",
    "read_library",
    "wash_file",
    "wash_mentions",
]

_NO_ANSWERS = (
    "(select " + ", ".join(f"'' as {name}" for name in ("text", *ANSWER_NAMES)) + " where false)"
)


def read_library(
    connection: duckdb.DuckDBPyConnection, delivered: Path | pa.Table, folder: Path
) -> tuple[TableRef, Receipt]:
    """Write the library as `address_entry` in `folder`. Refuses a faulty one whole (DataFault). Repeatable."""
    name = delivered.name if isinstance(delivered, Path) else ""
    rows = library_table(read_delivered_library(delivered), file=name)
    return _write_library(connection, rows, folder, "read_library")


def read_division_library(
    connection: duckdb.DuckDBPyConnection, folder: Path
) -> tuple[TableRef, Receipt]:
    """The packaged divisions of Shenzhen as a library of districts, sub-districts and communities. Repeatable."""
    with (DIVISIONS_FOLDER / "divisions.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    delivered = pa.table(
        {
            "地址编码": [row["code"] for row in rows],
            "级别": [row["level"] for row in rows],
            "上级编码": [row["parent_code"] for row in rows],
            "名称": [row["name"] for row in rows],
            "标准地址": [row["standard_text"] for row in rows],
        }
    )
    table = library_table(read_delivered_library(delivered))
    return _write_library(connection, table, folder, "read_division_library")


def _write_library(
    connection: duckdb.DuckDBPyConnection, rows: pa.Table, folder: Path, stage: str
) -> tuple[TableRef, Receipt]:
    connection.register("delivered_library", rows)
    try:
        ref = write_table(connection, ADDRESS_ENTRY, read_sql(__file__, "address_entry"), folder)
    finally:
        _forget(connection, "delivered_library")
    levels = dict(sorted(Counter(rows["level"].to_pylist()).items()))
    return ref, Receipt(stage, rows.num_rows, ref.rows, what="entries", notes=levels)


def _forget(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    # Because DuckDB 2.0 refuses `unregister` while a result is half read, the view is dropped by SQL.
    connection.execute(f"drop view if exists {name}").fetchall()


def wash_mentions(
    connection: duckdb.DuckDBPyConnection,
    *,
    mentions: Sequence[TableRef],
    library: TableRef,
    folder: Path,
    aliases: TableRef | None = None,
    successions: TableRef | None = None,
    earlier: EarlierWash | None = None,
    progress: Progress = SILENT,
) -> tuple[TableRef, Receipt]:
    """Wash every address mention's text against `library`; writes `address_wash` in `folder`. Repeatable.

    The mentions need the columns mention_key and text. Each distinct text is washed once. `aliases` and
    `successions` are those frozen with the library. What says the same as in `earlier` keeps its answer.
    """
    if not mentions:
        raise Refusal("address.no_mentions", "没有可清洗的地址", next_step="先接收并映射部门数据。")
    use_tables(connection, mentions[0].table, list(mentions), name="every_mention")
    _keep_answers(connection, earlier)
    distinct = "select distinct text from washed_mentions where text is not null"
    texts = connection.sql(distinct).to_arrow_table()["text"]
    index = index_of_files(
        library.paths,
        aliases=_read(aliases) if aliases else None,
        successions=_read(successions) if successions else None,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".washed-", dir=folder) as scratch:
        with open_wash(index) as wash:
            files = wash.wash_to_files(texts, Path(scratch), progress=progress)
        lost = {"rooms_without_building": index.meta.lost_rooms} if index.meta.lost_rooms else {}
        del texts, index, wash
        answers = scan_sql(files) if files else _NO_ANSWERS
        connection.execute(
            f"create or replace temp view washed_texts as select * from {answers}"
        ).fetchall()
        rows = f"{read_sql(__file__, 'address_wash')} union all select * from kept_wash"
        ref = write_table(connection, ADDRESS_WASH, rows, folder)
        _forget(connection, "washed_texts")
    grades = _count_grades(connection, ref)
    return ref, Receipt("wash", ref.rows, ref.rows, what="mentions", notes=grades | lost)


def _keep_answers(connection: duckdb.DuckDBPyConnection, earlier: EarlierWash | None) -> None:
    """Table `kept_wash`, of mentions whose answer is known; view `washed_mentions`, of the others."""
    columns = ", ".join(f"cast(null as {one.type}) as {one.name}" for one in ADDRESS_WASH.columns)
    kept = f"select {columns} where false"
    if earlier is not None and earlier.mentions:
        connection.execute(
            f"create or replace temp view earlier_wash as select * from {scan_sql([earlier.answers])}"
        )
        connection.execute(
            f"create or replace temp view earlier_mention as {_earlier_mentions_sql(earlier)}"
        )
        kept = read_sql(__file__, "kept_wash")
    connection.execute(f"create or replace temp table kept_wash as {kept}")
    connection.execute(
        "create or replace temp view washed_mentions as select m.* from every_mention as m"
        " left join kept_wash as k on k.mention_key = m.mention_key where k.mention_key is null"
    ).fetchall()


def _earlier_mentions_sql(earlier: EarlierWash) -> str:
    """Of deliveries of one source the newest that has a mention tells its text: what came before was replaced."""
    parts = []
    for deliveries in earlier.mentions:
        for place, path in enumerate(deliveries):
            newer = [scan_sql([later]) for later in deliveries[place + 1 :]]
            left_out = "".join(
                f" and mention_key not in (select mention_key from {scan})" for scan in newer
            )
            parts.append(f"select mention_key, text from {scan_sql([path])} where true{left_out}")
    return " union all ".join(parts)


def _read(ref: TableRef) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in ref.paths])


def _count_grades(connection: duckdb.DuckDBPyConnection, ref: TableRef) -> dict[str, int]:
    use_table(connection, ref)
    counts = connection.execute(
        "select grade, count(*) from address_wash group by grade order by grade"
    ).fetchall()
    return {f"grade_{grade}": count for grade, count in counts}


def wash_file(
    library: Path | LibraryTables,
    source: Path,
    *,
    text_column: str,
    out: Path,
    progress: Progress = SILENT,
) -> Receipt:
    """`kuai wash`: the input's columns plus ADDED_COLUMNS, one line a row, in order; complete or not at all.

    CSV, XLSX or Parquet by file ending, `-` for CSV on stdin and stdout. `library`: such a file, or
    `library_of_build(...)`. Refuses a library with a faulty row and an input without `text_column`. Repeatable.
    """
    tables = read_library_file(library) if isinstance(library, Path) else library
    return wash_sheet(tables.index(), source, text_column=text_column, out=out, progress=progress)
