"""DuckDB as the bulk engine: opening it, reading SQL steps, writing declared tables, hashing their content.

Steps are written in the subset of SQL that sqlglot carries to Spark; a house test transpiles every step.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.tables import BulkTable, Column, TableRef

# Measured 2026-11-22: with 3 GB the widest step of a district of 551,600 rooms spills and the process tree stays
# under 6 GB.
DEFAULT_MEMORY_GB = 3.0
ROW_GROUP_ROWS = 122_880
# Measured 2026-11-22 on 4.7 M relations: 219 MB in 6.4 s of processor at level 1, 234 MB in 7.4 s at DuckDB's own 3.
ZSTD_LEVEL = 1
# Offline DuckDB 2.0 encrypts with its built-in library alone, whose random numbers it calls weak: better than plain
# text on disk, no substitute for an encrypted volume. The key dies with the session.
_ENCRYPTED_SPILL = {"temp_file_encryption": "true", "force_mbedtls_unsafe": "true"}
_SPILL_FOLDER = re.compile(r"^([0-9]+)-[0-9]+$")
_MEMORY = re.compile(r"^([0-9]+(?:\.[0-9]+)?) ?([GM])I?B?$")
_ENGINE_NUMBERS = count(1)
_SHARES: ContextVar[int] = ContextVar("shares", default=1)


@contextmanager
def shared_machine(shares: int) -> Iterator[None]:
    """Inside, a new engine takes one of `shares` parts of memory and cores: several work at once, in threads."""
    token = _SHARES.set(shares)
    try:
        yield
    finally:
        _SHARES.reset(token)


def memory_limit_gb() -> float:
    """What all engines of this process may take together (KUAI_MEMORY_LIMIT, such as 3GB or 800MB), in gigabytes."""
    text = os.environ.get("KUAI_MEMORY_LIMIT", "").strip().upper()
    if not text:
        return DEFAULT_MEMORY_GB
    found = _MEMORY.match(text)
    if found is None:
        raise Refusal(
            "engine.memory",
            "KUAI_MEMORY_LIMIT 的写法不认识。",
            next_step="写成 3GB 或 800MB 的样子。",
        )
    return float(found.group(1)) / (1000 if found.group(2) == "M" else 1)


def core_count() -> int:
    """Processors this process may use (KUAI_THREADS, else what the system grants)."""
    text = os.environ.get("KUAI_THREADS", "").strip() or "0"
    if not text.isdigit():
        raise Refusal("engine.threads", "KUAI_THREADS 要写成个数。", next_step="写成 4 的样子。")
    return int(text) or len(os.sched_getaffinity(0))


def open_engine(
    *,
    spill_to: Path | None = None,
    memory_limit: str = "",
    threads: int = 0,
    spills_in_clear: bool = False,
) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB session that spills to `spill_to`, encrypted, beyond its memory limit, and without it
    never touches a disk. Never loads extensions.

    `spills_in_clear`: only for steps over nothing but what lies in the extracts in clear anyway (decision 0027).
    """
    shares = _SHARES.get()
    config: dict[str, Any] = {
        "memory_limit": memory_limit or f"{memory_limit_gb() / shares:.2f}GB",
        "threads": threads or max(1, -(-core_count() // shares)),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        # Surprising: left out, it is a folder .tmp wherever the command was started.
        "temp_directory": "",
    }
    if spill_to is not None:
        # Each engine spills into a folder of its own, because two in one folder overwrite each other's files.
        own = spill_to / f"{os.getpid()}-{next(_ENGINE_NUMBERS)}"
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep_spills(spill_to)
        config["temp_directory"] = str(own)
        config |= {} if spills_in_clear else _ENCRYPTED_SPILL
    connection = duckdb.connect(":memory:", config=config)
    # Because DuckDB's own progress bar writes over ours.
    connection.execute("set enable_progress_bar = false")
    return connection


def _sweep_spills(folder: Path) -> None:
    """What engines of processes that were killed left there goes; the living keep theirs."""
    for left in folder.iterdir():
        found = _SPILL_FOLDER.match(left.name)
        if found and not Path(f"/proc/{found.group(1)}").exists():
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def engine(
    *, spill_to: Path | None = None, memory_limit: str = "", spills_in_clear: bool = False
) -> Iterator[duckdb.DuckDBPyConnection]:
    """`open_engine` around a block."""
    connection = open_engine(
        spill_to=spill_to, memory_limit=memory_limit, spills_in_clear=spills_in_clear
    )
    try:
        yield connection
    finally:
        connection.close()


def rows_of(found: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """All rows of an executed query, each by its columns' names."""
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def read_sql(module_file: str, name: str) -> str:
    """The text of step `name` in the `sql/` folder beside `module_file` (pass `__file__`)."""
    folder = Path(module_file).parent
    for place in (folder / "sql", folder.parent / "sql"):
        path = place / f"{name}.sql"
        if path.exists():
            return path.read_text(encoding="utf-8")
    raise Breakdown(f"no SQL step {name!r} beside {module_file}")


def path_sql(path: Path) -> str:
    """The path as a text of SQL, because a folder's name may hold a quote."""
    return "'" + str(path).replace("'", "''") + "'"


def scan_sql(paths: Sequence[Path]) -> str:
    """A FROM item that reads these Parquet files."""
    return f"read_parquet([{', '.join(map(path_sql, paths))}])"


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
    row_group_rows: int = ROW_GROUP_ROWS,
    same_in_all: Sequence[str] = (),
) -> TableRef:
    """Write `select_sql` as `folder/<name>.parquet` in the declared shape and order; complete or not at all.

    The select must yield every declared column; types are cast. Equal content gives equal bytes, because rows
    are sorted by `order_by` and row groups have a fixed size. `same_in_all` names columns that the parameter of the
    same name fills in every row: they need not be carried through the sort.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{table.name}.parquet"
    sorted_sql = _sorted_sql(table, select_sql, same_in_all)
    with replace_when_complete(target) as scratch:
        run_within_memory(
            connection,
            f"copy ({sorted_sql}) to {path_sql(scratch)}"
            f" (format parquet, compression zstd, compression_level {ZSTD_LEVEL}, row_group_size {row_group_rows})",
            parameters,
        )
    return table_at(connection, table, folder)


def _sorted_sql(table: BulkTable, select_sql: str, same_in_all: Sequence[str]) -> str:
    varied = [column for column in table.columns if column.name not in same_in_all]
    cast = ", ".join(f'cast("{one.name}" as {one.type}) as "{one.name}"' for one in varied)
    order = ", ".join(f'"{name}"' for name in table.order_by if name not in same_in_all)
    rows = f"select {cast} from ({select_sql}) order by {order}"
    if not same_in_all:
        return rows
    # Measured 2026-11-23 on 2 M links of rows: 4.9 s of processor with source and period in the sort, 2.9 without.
    whole = ", ".join(
        f'cast(${one.name} as {one.type}) as "{one.name}"'
        if one.name in same_in_all
        else f'"{one.name}"'
        for one in table.columns
    )
    return f"select {whole} from ({rows}) as sorted_rows"


def run_within_memory(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, Any] | None = None
) -> None:
    """Run a statement that leaves nothing behind when it fails; short of memory, again on fewer threads.

    Each thread of DuckDB pins buffers of its own that cannot spill: what does not fit on four may fit on one.
    """
    threads = setting = int(
        connection.execute("select current_setting('threads')").fetchall()[0][0]
    )
    try:
        while True:
            try:
                connection.execute(sql, dict(parameters) if parameters else None)
                return
            except duckdb.OutOfMemoryException as short:
                if threads == 1:
                    raise Breakdown(
                        "内存不够，这一步在给定的内存里做不完。请调大 KUAI_MEMORY_LIMIT（55 万间房的一个区要 3GB）"
                    ) from short
                threads //= 2
                connection.execute(f"set threads = {threads}")
    finally:
        if threads != setting:
            connection.execute(f"set threads = {setting}")


def table_at(_connection: duckdb.DuckDBPyConnection, table: BulkTable, folder: Path) -> TableRef:
    """A reference to the table written into `folder`, with its row count from the file's footer."""
    target = folder / f"{table.name}.parquet"
    return TableRef(table=table, paths=(target,), rows=row_count(target))


def row_count(path: Path) -> int:
    """How many rows a Parquet file has, from its footer."""
    return int(pq.read_metadata(path).num_rows)


def content_hash(connection: duckdb.DuckDBPyConnection, ref: TableRef) -> str:
    """Order-independent hash of a table's content; probabilities (DOUBLE) count to 4 places.

    The sum and the xor of a 64-bit digest a row: equal multisets of rows give equal hashes on every machine.
    """
    use_table(connection, ref, name="hashed_table")
    return hash_rows(connection, "hashed_table", ref.table.columns)


def hash_rows(connection: duckdb.DuckDBPyConnection, name: str, columns: Sequence[Column]) -> str:
    """`content_hash` of these columns of a table or view that is open under `name`."""
    parts = [
        f'coalesce(cast(round("{c.name}", 4) as varchar), chr(0))'
        if c.type in ("DOUBLE", "FLOAT")
        else f'coalesce(cast("{c.name}" as varchar), chr(0))'
        for c in columns
    ]
    row_text = " || chr(31) || ".join(parts)
    row = connection.execute(
        "select count(*), sum(digest::hugeint)::varchar, bit_xor(digest)::varchar from"
        f' (select md5_number_lower({row_text}) as digest from "{name}")'
    ).fetchall()[0]
    return "-".join(str(value or 0) for value in row)
