"""Pack: library + elements + relations -> blocks with counters, and the serving files readers open. Private."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa

from kuai.blocks.counting import Counted, count_blocks, read_tree
from kuai.blocks.engine.counters import all_counters, cell_tables
from kuai.blocks.engine.firm_spelling import is_personal
from kuai.blocks.engine.search_text import spaced_characters
from kuai.blocks.firm_index import area_words
from kuai.blocks.types import BLOCK, PackFrame
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.engine import read_sql, scan_sql, use_table, write_table
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.receipt import Receipt
from kuai.kit.tables import TableRef

SERVING_FILE = "serving.sqlite3"
BATCH_ROWS = 50_000
INPUTS = ("address_entry", "relation", "organisation", "event", "person")

SERVING_SCHEMA = """
create table meta (key text primary key, value text not null) without rowid;
create table block (
  block_no integer primary key, code text not null, level text not null, parent_no integer,
  last_no integer not null, name text, standard_text text, longitude real, latitude real, use text
);
create table organisation (
  organisation_no integer primary key, code text not null unique, name text, credit_code text, kind text, state text,
  place_code text
);
create table room_face (
  room_no integer primary key, is_let integer not null, firms integer not null, requests integer not null,
  failed_inspections integer not null
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
    frame: PackFrame,
    progress: Progress = SILENT,
) -> tuple[dict[str, TableRef], Receipt]:
    """Write `block`, `block_counter`, the cells and the serving files into the frame's folder. Safe to repeat.

    `inputs`: address_entry, relation, organisation, event, person.
    """
    for name in INPUTS:
        use_table(connection, inputs[name])
    with progress_line(progress, "装块", total=4, measure="步") as line:
        _make(connection, "block_chain")
        made = {"block": write_table(connection, BLOCK, read_sql(__file__, "block"), frame.folder)}
        use_table(connection, made["block"])
        line.advance()
        with replace_when_complete(frame.folder / SERVING_FILE) as scratch:
            serving = _open_serving(scratch)
            tree, last_numbers = read_tree(connection)
            # Beside the counting, because each leaves half of the machine idle.
            with ThreadPoolExecutor(1) as beside:
                places = beside.submit(
                    _write_places, connection.cursor(), serving, made["block"], last_numbers
                )
                counted = count_blocks(connection, frame, tree)
                places.result()
            made |= counted.tables
            line.advance()
            _finish_serving(connection, serving, _meta_of(frame, counted))
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


def _meta_of(frame: PackFrame, counted: Counted) -> dict[str, str]:
    days = {name: day.isoformat() for name, day in sorted(frame.source_days.items())}
    return {
        "as_of": frame.as_of.isoformat(),
        "version": frame.version,
        "series": counted.series,
        "begun_in_tens": json.dumps(counted.begun_in_tens),
        "counters": json.dumps(tuple(all_counters())),
        "cell_tables": json.dumps([table.name for table in cell_tables()]),
        "sources": json.dumps(counted.sources, ensure_ascii=False),
        "categories": json.dumps(counted.categories, ensure_ascii=False),
        "delivered": json.dumps(days, ensure_ascii=False),
    }


def _open_serving(file: Path) -> sqlite3.Connection:
    """The SQLite file behind pages and the API; written in a fixed order so that its bytes are fixed too."""
    # One thread at a time: the places first, the rest when they are written.
    serving = sqlite3.connect(file, check_same_thread=False)
    serving.executescript(
        "pragma journal_mode = off; pragma synchronous = off; pragma page_size = 4096;"
    )
    serving.executescript(SERVING_SCHEMA)
    return serving


def _write_places(
    cursor: duckdb.DuckDBPyConnection,
    serving: sqlite3.Connection,
    blocks: TableRef,
    last_numbers: pa.Table,
) -> None:
    cursor.register("last_number", last_numbers)
    _copy_rows(
        cursor,
        serving,
        "block",
        "select b.block_no, b.code, b.level, b.parent_no, l.last_no, b.name, b.standard_text, b.longitude,"
        f" b.latitude, b.use from {scan_sql(blocks.paths)} as b join last_number as l on l.block_no = b.block_no"
        " order by b.block_no",
    )
    # After the rows: an index made at once is cheaper than one kept in order row by row.
    serving.executescript(
        "create unique index block_by_code on block (code); create index block_by_parent on block (parent_no);"
        "create index block_by_level on block (level) where level <> 'room';"
    )
    cursor.close()


def _finish_serving(
    connection: duckdb.DuckDBPyConnection, serving: sqlite3.Connection, meta: Mapping[str, str]
) -> None:
    serving.executemany("insert into meta values (?, ?)", sorted(meta.items()))
    for target, select in _SERVING_ROWS:
        _copy_rows(connection, serving, target, select)
    _write_search(serving)
    serving.commit()
    serving.execute("pragma optimize")
    serving.close()


_SERVING_ROWS = (
    ("room_face", read_sql(__file__, "room_face")),
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
    """Index places down to buildings, and organisations. Rooms are found inside their building; nobody is indexed,
    not even a sole trader who is called by the owner's name."""
    areas = area_words(serving)
    named = serving.execute("select organisation_no, name, kind, credit_code from organisation")
    personal = {
        number
        for number, name, kind, credit_code in named
        if is_personal(name or "", kind=kind or "", credit_code=credit_code or "", areas=areas)
    }
    found = serving.execute(
        "select 'block', block_no, coalesce(nullif(standard_text, ''), name) from block"
        " where level not in ('room', 'grid') and coalesce(nullif(standard_text, ''), name) is not null"
        " union all select 'organisation', organisation_no, name from organisation where name is not null"
        " order by 1, 2"
    ).fetchall()
    found = [row for row in found if row[0] == "block" or row[1] not in personal]
    for search_no, (kind, target_no, text) in enumerate(found, start=1):
        serving.execute(
            "insert into search_target values (?, ?, ?, ?)", (search_no, kind, target_no, text)
        )
        serving.execute(
            "insert into search (rowid, characters) values (?, ?)",
            (search_no, spaced_characters(text)),
        )
