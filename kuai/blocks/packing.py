"""Pack: library + elements + relations -> blocks with counters, and the serving file readers open. Private."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from kuai.blocks.engine.counters import SMALLEST_SHOWN_COUNT, counter_catalogue
from kuai.blocks.engine.search_text import spaced_characters
from kuai.blocks.types import BLOCK, BLOCK_COUNTER
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.engine import read_sql, use_table, write_table
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.receipt import Receipt
from kuai.kit.tables import TableRef

SERVING_FILE = "serving.sqlite3"
COUNTED_LEVELS = ("district", "subdistrict", "community", "grid", "building")
BATCH_ROWS = 50_000

SERVING_SCHEMA = """
create table meta (key text primary key, value text not null) without rowid;
create table block (
  block_no integer primary key, code text not null unique, level text not null, parent_no integer,
  last_no integer not null,
  path text not null, name text, standard_text text, longitude real, latitude real, use text
);
create index block_by_parent on block (parent_no);
create index block_by_level on block (level);
create table counter (
  block_no integer not null, counter text not null, figure integer, suppressed integer not null,
  asserted_share real, sources text not null, primary key (block_no, counter)
) without rowid;
create table organisation (
  organisation_no integer primary key, code text not null unique, name text, credit_code text, kind text, state text,
  place_code text
);
create virtual table search using fts5 (characters, tokenize = 'unicode61', detail = 'full', content = '');
create table search_target (
  search_no integer primary key, kind text not null, target_no integer not null, text text not null
);
"""


def pack_blocks(
    connection: duckdb.DuckDBPyConnection,
    *,
    inputs: Mapping[str, TableRef],
    version: str,
    as_of: date,
    library_title: str,
    folder: Path,
    progress: Progress = SILENT,
) -> tuple[dict[str, TableRef], Receipt]:
    """Write `block`, `block_counter` and the serving file into `folder`. Safe to repeat.

    `inputs`: address_entry, relation, organisation, event.
    """
    for name in ("address_entry", "relation", "organisation", "event"):
        use_table(connection, inputs[name])
    with progress_line(progress, "装块", total=7, measure="步") as line:
        _make(connection, "block_chain")
        made = {"block": write_table(connection, BLOCK, read_sql(__file__, "block"), folder)}
        use_table(connection, made["block"])
        line.advance()
        _make(connection, "block_ancestor")
        _make(connection, "placed_fact", library=library_title)
        line.advance()
        _make(connection, "counted")
        line.advance()
        _hide_small_counts(connection)
        line.advance()
        step = read_sql(__file__, "block_counter")
        made["block_counter"] = write_table(
            connection, BLOCK_COUNTER, step, folder, parameters={"as_of": as_of}
        )
        use_table(connection, made["block_counter"])
        line.advance()
        _write_serving(connection, folder, version=version, as_of=as_of)
        line.advance(2)
    entries = inputs["address_entry"].rows
    receipt = Receipt(
        "pack",
        entries,
        made["block"].rows,
        refused=entries - made["block"].rows,
        what="address entries",
        notes={"counters": made["block_counter"].rows},
    )
    return made, receipt


def _make(connection: duckdb.DuckDBPyConnection, step: str, **parameters: object) -> None:
    connection.execute(
        f"create or replace temp table {step} as {read_sql(__file__, step)}", parameters or None
    )


def _hide_small_counts(connection: duckdb.DuckDBPyConnection) -> None:
    """Decide which cells to hold back, level by level from the top (decision 0008)."""
    keys = [counter.key for counter in counter_catalogue().values() if counter.counts_persons]
    connection.register("incoming", pa.table({"counter": pa.array(keys, pa.string())}))
    connection.execute("create or replace temp table person_counter as select * from incoming")
    connection.unregister("incoming")
    connection.execute("create or replace temp table hidden (block_no integer, counter varchar)")
    step = read_sql(__file__, "hidden_cell")
    for level in COUNTED_LEVELS:
        connection.execute(
            f"insert into hidden {step}", {"level": level, "floor": SMALLEST_SHOWN_COUNT}
        )


def _write_serving(
    connection: duckdb.DuckDBPyConnection, folder: Path, *, version: str, as_of: date
) -> None:
    """The read-only SQLite file behind pages and the API; written in a fixed order so that its bytes are too."""
    with replace_when_complete(folder / SERVING_FILE) as scratch:
        serving = sqlite3.connect(scratch)
        serving.executescript(
            "pragma journal_mode = off; pragma synchronous = off; pragma page_size = 4096;"
        )
        serving.executescript(SERVING_SCHEMA)
        serving.executemany(
            "insert into meta values (?, ?)", [("as_of", as_of.isoformat()), ("version", version)]
        )
        for target, select in _SERVING_ROWS:
            _copy_rows(connection, serving, target, select)
        _write_search(serving)
        serving.commit()
        serving.execute("pragma optimize")
        serving.close()


_SERVING_ROWS = (
    (
        "block",
        "select b.block_no, b.code, b.level, b.parent_no, coalesce(d.last_no, b.block_no), b.path, b.name,"
        " b.standard_text, b.longitude, b.latitude, b.use from block as b left join"
        " (select a.block_no, max(c.block_no) as last_no from block_ancestor as a"
        " join block as c on c.code = a.place_code group by a.block_no) as d"
        " on d.block_no = b.block_no order by b.block_no",
    ),
    (
        "counter",
        "select block_no, counter, figure, cast(suppressed as integer), asserted_share, sources from block_counter"
        " order by block_no, counter",
    ),
    (
        "organisation",
        "select o.organisation_no, o.organisation_code, o.name, o.credit_code, o.kind, o.state, r.to_code"
        " from organisation as o left join (select from_code, min(to_code) as to_code from relation"
        " where type = 'LH_REGISTERED' and status in ('asserted', 'verified')"
        " and not coalesce(is_contested, false) group by from_code) as r"
        " on r.from_code = o.organisation_code order by o.organisation_no",
    ),
)


def _copy_rows(
    connection: duckdb.DuckDBPyConnection, serving: sqlite3.Connection, target: str, select: str
) -> None:
    rows = connection.execute(select)
    marks = ", ".join("?" * len(rows.description or ()))
    while batch := rows.fetchmany(BATCH_ROWS):
        serving.executemany(f"insert into {target} values ({marks})", batch)


def _write_search(serving: sqlite3.Connection) -> None:
    """Index places down to buildings, and organisations. Rooms are found inside their building; nobody is indexed."""
    found = serving.execute(
        "select 'block', block_no, coalesce(nullif(standard_text, ''), name) from block"
        " where level not in ('room', 'grid') and coalesce(nullif(standard_text, ''), name) is not null"
        " union all select 'organisation', organisation_no, name from organisation where name is not null"
        " order by 1, 2"
    ).fetchall()
    for search_no, (kind, target_no, text) in enumerate(found, start=1):
        serving.execute(
            "insert into search_target values (?, ?, ?, ?)", (search_no, kind, target_no, text)
        )
        serving.execute(
            "insert into search (rowid, characters) values (?, ?)",
            (search_no, spaced_characters(text)),
        )
