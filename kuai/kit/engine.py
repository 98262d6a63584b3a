"""DuckDB as the bulk engine: opening it, reading SQL steps, writing declared tables, hashing their content.

Steps are written in the subset of SQL that sqlglot carries to Spark; a house test transpiles every step.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.errors import Breakdown
from kuai.kit.tables import BulkTable, TableRef

DEFAULT_MEMORY_LIMIT = os.environ.get("KUAI_MEMORY_LIMIT", "3GB")
ROW_GROUP_ROWS = 122_880


def open_engine(
    *, spill_to: Path | None = None, memory_limit: str = "", threads: int = 0
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB session that spills to `spill_to` beyond its memory limit. Never loads extensions."""
    config: dict[str, Any] = {
        "memory_limit": memory_limit or DEFAULT_MEMORY_LIMIT,
        "threads": threads
        or int(os.environ.get("KUAI_THREADS", "0"))
        or len(os.sched_getaffinity(0)),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    if spill_to is not None:
        spill_to.mkdir(parents=True, exist_ok=True)
        config["temp_directory"] = str(spill_to)
    connection = duckdb.connect(":memory:", config=config)
    # Because DuckDB's own progress bar writes over ours.
    connection.execute("set enable_progress_bar = false")
    return connection


@contextmanager
def engine(
    *, spill_to: Path | None = None, memory_limit: str = ""
) -> Iterator[duckdb.DuckDBPyConnection]:
    """`open_engine` around a block."""
    connection = open_engine(spill_to=spill_to, memory_limit=memory_limit)
    try:
        yield connection
    finally:
        connection.close()


def read_sql(module_file: str, name: str) -> str:
    """The text of step `name` in the `sql/` folder beside `module_file` (pass `__file__`)."""
    folder = Path(module_file).parent
    for place in (folder / "sql", folder.parent / "sql"):
        path = place / f"{name}.sql"
        if path.exists():
            return path.read_text(encoding="utf-8")
    raise Breakdown(f"no SQL step {name!r} beside {module_file}")


def scan_sql(paths: Sequence[Path]) -> str:
    """A FROM item that reads these Parquet files."""
    quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{quoted}])"


def use_table(connection: duckdb.DuckDBPyConnection, ref: TableRef, *, name: str = "") -> None:
    """Make `ref` readable as a view; an empty ref (no files) becomes an empty table of the declared shape."""
    use_tables(connection, ref.table, [ref], name=name)


def use_tables(
    connection: duckdb.DuckDBPyConnection,
    table: BulkTable,
    refs: Sequence[TableRef],
    *,
    name: str = "",
) -> None:
    """Make the union of `refs`, all of shape `table`, readable as one view."""
    paths = [path for ref in refs for path in ref.paths]
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    source = (
        f"select {columns} from {scan_sql(paths)}"
        if paths
        else "select "
        + ", ".join(f'null::{column.type} as "{column.name}"' for column in table.columns)
        + " where false"
    )
    connection.execute(f'create or replace temp view "{name or table.name}" as {source}')


def write_table(
    connection: duckdb.DuckDBPyConnection,
    table: BulkTable,
    select_sql: str,
    folder: Path,
    *,
    parameters: Mapping[str, Any] | None = None,
) -> TableRef:
    """Write `select_sql` as `folder/<name>.parquet` in the declared shape and order; complete or not at all.

    The select must yield every declared column; types are cast. Equal content gives equal bytes, because rows
    are sorted by `order_by` and row groups have a fixed size.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{table.name}.parquet"
    columns = ", ".join(
        f'cast("{column.name}" as {column.type}) as "{column.name}"' for column in table.columns
    )
    order = ", ".join(f'"{name}"' for name in table.order_by)
    with replace_when_complete(target) as scratch:
        connection.execute(
            f"copy (select {columns} from ({select_sql}) order by {order}) to '{scratch}'"
            f" (format parquet, compression zstd, row_group_size {ROW_GROUP_ROWS})",
            dict(parameters) if parameters else None,
        )
    return table_at(connection, table, folder)


def table_at(connection: duckdb.DuckDBPyConnection, table: BulkTable, folder: Path) -> TableRef:
    """A reference to the table written into `folder`, with its row count from the file's footer."""
    target = folder / f"{table.name}.parquet"
    # All rows are fetched, because DuckDB refuses other work on a connection with an unfinished result.
    counted = connection.execute(f"select count(*) from {scan_sql([target])}").fetchall()
    return TableRef(table=table, paths=(target,), rows=int(counted[0][0]))


def content_hash(connection: duckdb.DuckDBPyConnection, ref: TableRef) -> str:
    """Order-independent hash of a table's content; probabilities (DOUBLE) count to 4 places.

    The sum and the xor of a 64-bit digest a row: equal multisets of rows give equal hashes on every machine.
    """
    use_table(connection, ref, name="hashed_table")
    parts = [
        f'coalesce(cast(round("{c.name}", 4) as varchar), chr(0))'
        if c.type in ("DOUBLE", "FLOAT")
        else f'coalesce(cast("{c.name}" as varchar), chr(0))'
        for c in ref.table.columns
    ]
    row_text = " || chr(31) || ".join(parts)
    row = connection.execute(
        "select count(*), sum(digest::hugeint)::varchar, bit_xor(digest)::varchar from"
        f" (select md5_number_lower({row_text}) as digest from hashed_table)"
    ).fetchall()[0]
    return "-".join(str(value or 0) for value in row)
