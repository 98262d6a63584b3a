"""What both links share: running a step, reading columns, making ties of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa

from kuai.kit.engine import read_sql
from kuai.linkage.engine.clerk_ties import ClerkRow, ClerkWord, word_of
from kuai.linkage.engine.components import Edges


def make_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    *,
    step: str = "",
    parameters: dict[str, object] | None = None,
) -> None:
    """Run step `step` (default: of the table's own name) into the temporary table `name`."""
    sql = read_sql(__file__, step or name)
    connection.execute(f"create or replace temp table {name} as {sql}", parameters or None)


def key_rows(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> None:
    """The view keyed_<table>: its rows with the integers by which they are joined, key_no of the mention and record_no
    of the row it stands in. As with tokens, of 100 million two share one with a probability under one in a thousand.
    """
    keys = ["*"]
    if "mention_key" in columns:
        keys.append("hash(mention_key) as key_no")
    if "record_key" in columns:
        keys.append("hash(record_key, period) as record_no")
    connection.execute(
        f"create or replace temp view keyed_{table} as select {', '.join(keys)} from {table}"
    )


def row_count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of `table`."""
    return int(connection.execute(f"select count(*) from {table}").fetchall()[0][0])


def columns_of(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, np.ndarray]:
    """The query's columns as numpy arrays."""
    return connection.execute(query).fetchnumpy()


def edges_of(found: dict[str, np.ndarray], *, tier: int) -> Edges:
    """Ties of `mention_no` to `first_no`, all of one tier."""
    left, right = found["mention_no"].astype(np.int64), found["first_no"].astype(np.int64)
    return Edges(left, right, np.full(len(left), tier, dtype=np.int16))


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, **tables: pa.Table) -> Iterator[None]:
    """Arrow tables as relations of `connection` for the length of a block."""
    for name, table in tables.items():
        connection.register(name, table)
    try:
        yield
    finally:
        for name in tables:
            connection.unregister(name)


def clerk_word(
    connection: duckdb.DuckDBPyConnection, decided: Sequence[ClerkRow], *, rows: str
) -> ClerkWord:
    """What was decided, over the mention numbers of the relation `rows`."""
    if not decided:
        return ClerkWord.silent()
    named = pa.table({"mention_key": sorted({row.subject for row in decided})})
    with registered(connection, named_mention=named):
        found = connection.sql(
            f"select r.mention_key, r.mention_no from {rows} as r"
            " inner join named_mention as n on n.mention_key = r.mention_key"
        ).fetchall()
    return word_of(decided, {key: int(number) for key, number in found})
