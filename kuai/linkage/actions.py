"""Doors of linkage: proposals which mentions are one person or one organisation.

Raw names, numbers and phones are opened inside a private in-memory session that may not spill to disk, and
are gone when it closes; what is written carries mention keys, a probability and a reason, never a value.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from kuai.guard.actions import open_sealed
from kuai.guard.types import Zone
from kuai.kit.engine import (
    memory_limit_gb,
    open_engine,
    path_sql,
    read_sql,
    scan_sql,
    use_tables,
    write_table,
)
from kuai.kit.errors import Breakdown
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.kit.tables import BulkTable, TableRef
from kuai.linkage.engine.clerk_ties import ClerkRow
from kuai.linkage.engine.figures import LinkFigures
from kuai.linkage.engine.organisations import link_organisation_rows
from kuai.linkage.engine.persons import link_person_rows
from kuai.linkage.engine.steps import key_rows, make_table, registered
from kuai.linkage.file_linking import link_rows_of_file
from kuai.linkage.link_state import link_rows_into_state
from kuai.linkage.types import (
    ORGANISATION_LINK,
    ORGANISATION_SUSPICION,
    ORGANISATION_TIE,
    PERSON_LINK,
    PERSON_SUSPICION,
    PERSON_TIE,
)
from kuai.sources.types import (
    ADDRESS_MENTION,
    ORGANISATION_MENTION,
    PERSON_MENTION,
    ROW_LINK,
    MentionSet,
)

# No other zone is linked: care and reporters' rows meet no register.
ZONE = Zone.CORE
RESULT_TABLES = {
    "person": (PERSON_LINK, PERSON_SUSPICION, PERSON_TIE),
    "organisation": (ORGANISATION_LINK, ORGANISATION_SUSPICION, ORGANISATION_TIE),
}

# Because raw values may not spill, linking gets more than an engine's usual share; the caller's engine is idle then.
SHARE_OF_LINK = 1.5


def link_persons(
    connection: duckdb.DuckDBPyConnection,
    *,
    store: Store,
    mention_sets: Sequence[MentionSet],
    washes: TableRef,
    folder: Path,
    decisions: TableRef | None = None,
    as_of: date | None = None,
    progress: Progress = SILENT,
) -> tuple[TableRef, Receipt]:
    """Write `person_link` for the mentions of the core zone: every mention once, alone if nothing ties it; beside it
    `person_suspicion` (what is held back, and the tie to cut) and `person_tie`.

    What people decided (`decisions`, the build's table) holds whatever the rules say; `as_of` is the build's day.
    Refuses nothing and keeps no raw value. May be repeated: the same input gives the same rows.
    """
    own = [mention_set for mention_set in mention_sets if mention_set.zone == ZONE]
    with _frame_files(connection, own, washes, folder) as frames, _private_session() as session:
        _open_frame(session, frames)
        with registered(session, sealed_identity=_opened_identities(store, own)):
            make_table(session, "person_row")
        session.execute("drop view person_frame")
        figures = link_person_rows(
            session, progress=progress, decided=_decided(connection, decisions), as_of=as_of
        )
        found = _found(session, "person", rows="person_row")
    ref = _write(connection, "person", found, folder)
    return ref, _receipt("link persons", figures, what="mentions")


def link_organisations(
    connection: duckdb.DuckDBPyConnection,
    *,
    mention_sets: Sequence[MentionSet],
    washes: TableRef,
    folder: Path,
    decisions: TableRef | None = None,
    progress: Progress = SILENT,
) -> tuple[TableRef, Receipt]:
    """Write `organisation_link`: credit code first, then names that belong to one organisation only; beside it
    `organisation_suspicion` and `organisation_tie`."""
    own = [mention_set for mention_set in mention_sets if mention_set.zone == ZONE]
    task = progress.begin("关联主体", total=1, measure="步")
    with _private_session() as session:
        for table in (ORGANISATION_MENTION, ADDRESS_MENTION):
            _use_keyed(session, table, _refs(own, table))
        _use_keyed(session, washes.table, [washes])
        make_table(session, "organisation_row")
        figures = link_organisation_rows(session, decided=_decided(connection, decisions))
        found = _found(session, "organisation", rows="organisation_row")
    ref = _write(connection, "organisation", found, folder)
    task.advance()
    progress.end(task)
    return ref, _receipt("link organisations", figures, what="mentions")


def link_file(
    in_parquet: Path,
    out_parquet: Path,
    progress: Progress = SILENT,
    *,
    state: Path | None = None,
    figures_of: Path | None = None,
    spill_to: Path | None = None,
) -> Receipt:
    """`kuai link`: a table of person rows -> row_id, person_code, match_probability, reason.

    With `state` (a folder) the rows join those linked there before, exact keys only, and the answer holds every row
    that was looked at; `figures_of` takes another state's frozen figures. With `spill_to` what does not fit into
    memory goes there, encrypted under a key that dies with the run (decision 0025).
    Refuses a file without row_id, with a repeated row_id, or with nothing to compare. Written whole or not at all.
    """
    with _private_session(spill_to) as session:
        if state is None:
            figures = link_rows_of_file(session, in_parquet, out_parquet, progress)
        else:
            figures = link_rows_into_state(
                session,
                in_parquet,
                out_parquet,
                folder=state,
                figures_of=figures_of,
                progress=progress,
            )
    return _receipt("link file", figures, what="rows")


@contextmanager
def _frame_files(
    connection: duckdb.DuckDBPyConnection,
    mention_sets: Sequence[MentionSet],
    washes: TableRef,
    folder: Path,
) -> Iterator[list[Path]]:
    """What the mentions say besides the sealed values, in files for the length of a block.

    Made in the caller's engine, because that one may spill: the widest join of the stage holds no raw value. A source
    at a time, because then none of it has to (measured 2026-11-22, 3.5 M mentions: 39 processor seconds and 1 GB of
    encrypted spill at once, 16 and none by source).
    """
    used = (PERSON_MENTION, ADDRESS_MENTION, ROW_LINK, ORGANISATION_MENTION)
    views = [
        f"{prefix}{table.name}" for table in (*used, washes.table) for prefix in ("keyed_", "")
    ]
    frames = folder / ".person_frames"
    shutil.rmtree(frames, ignore_errors=True)
    frames.mkdir(parents=True)
    sql = read_sql(__file__, "person_frame")
    written: list[Path] = []
    first_no = 0
    try:
        _use_keyed(connection, washes.table, [washes])
        # In founding order: the first of a cluster is the first by source.
        for source in sorted({one.source for one in mention_sets}):
            of_source = [one for one in mention_sets if one.source == source]
            for table in used:
                _use_keyed(connection, table, _refs(of_source, table))
            frame = frames / f"{len(written):04}.parquet"
            connection.execute(
                f"copy ({sql}) to {path_sql(frame)} (format parquet)",
                {"first_no": first_no, "source": source},
            ).fetchall()
            written.append(frame)
            first_no += pq.read_metadata(frame).num_rows
        for view in views:
            connection.execute(f"drop view if exists {view}").fetchall()
        yield written
    finally:
        shutil.rmtree(frames, ignore_errors=True)


def _open_frame(session: duckdb.DuckDBPyConnection, frames: Sequence[Path]) -> None:
    """The files as `person_frame`; without any, an empty one."""
    shape = (
        "cast(null as bigint) as mention_no, '' as mention_key, '' as source, '' as role, '' as period,"
        " cast(null as date) as birth_date, '' as sex, '' as room_code, '' as building_code,"
        " '' as likely_room_code, '' as organisation_name where false"
    )
    rows = f"* from {scan_sql(frames)}" if frames else shape
    session.execute(f"create temp view person_frame as select {rows}")


@contextmanager
def _private_session(spill_to: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine that holds raw values in memory alone; without `spill_to` it has no folder to spill to."""
    session = open_engine(
        memory_limit=f"{memory_limit_gb() * SHARE_OF_LINK:.2f}GB", spill_to=spill_to
    )
    try:
        yield session
    except duckdb.OutOfMemoryException as cause:
        raise Breakdown(
            "关联阶段内存不足：原始值不得写入磁盘，请调高 KUAI_MEMORY_LIMIT 后重试"
        ) from cause
    finally:
        session.close()


def _refs(mention_sets: Sequence[MentionSet], table: BulkTable) -> list[TableRef]:
    return [one.tables[table.name] for one in mention_sets if table.name in one.tables]


def _use_keyed(
    connection: duckdb.DuckDBPyConnection, table: BulkTable, refs: Sequence[TableRef]
) -> None:
    """The tables under their name, and with integers to join by under keyed_<name>."""
    use_tables(connection, table, refs)
    key_rows(connection, table.name, [column.name for column in table.columns])


def _decided(
    connection: duckdb.DuckDBPyConnection, decisions: TableRef | None
) -> tuple[ClerkRow, ...]:
    """The decisions that say who is whom; the others are not this room's."""
    if decisions is None or not decisions.paths:
        return ()
    found = connection.execute(
        f"select sequence, kind, part, subject, says from {scan_sql(decisions.paths)}"
        " where kind in ('same', 'different', 'split', 'confirm') order by sequence, part, place, subject"
    ).fetchall()
    return tuple(ClerkRow(*row) for row in found)


def _opened_identities(store: Store, mention_sets: Sequence[MentionSet]) -> pa.Table:
    shape = pa.schema(
        [(name, pa.string()) for name in ("mention_key", "name", "id_number", "phone")]
    )
    parts = []
    for mention_set in mention_sets:
        if not mention_set.has_identity:
            continue
        source, period = mention_set.source, mention_set.period
        opened = open_sealed(
            store, zone=ZONE, source=source, period=period, name="identity", columns=shape.names
        )
        length = len(opened)
        part = opened.select(shape.names).cast(shape)
        part = part.append_column("source", pa.repeat(source, length))
        parts.append(part.append_column("period", pa.repeat(period, length)))
    empty = shape.append(pa.field("source", pa.string())).append(pa.field("period", pa.string()))
    return pa.concat_tables([empty.empty_table(), *parts])


def _found(
    session: duckdb.DuckDBPyConnection, element: str, *, rows: str
) -> dict[BulkTable, pa.Table]:
    """What a link came to, by the table it belongs into; numbers of mentions become their keys."""
    link, suspicion, tie = RESULT_TABLES[element]
    links = (
        "select r.mention_key, f.mention_key as cluster_key, round(c.match_probability, 4) as match_probability,"
        f" c.reason, c.quarantined from mention_cluster as c inner join {rows} as r on r.mention_no = c.mention_no"
        f" inner join {rows} as f on f.mention_no = c.founder_no"
    )
    suspicions = (
        f"select '{element}' as element, f.mention_key as cluster_key, s.kind, l.mention_key as left_mention,"
        " r.mention_key as right_mention, s.explanation, s.agreement from cluster_suspicion as s"
        f" inner join {rows} as f on f.mention_no = s.founder_no"
        f" inner join {rows} as l on l.mention_no = s.left_no left join {rows} as r on r.mention_no = s.right_no"
    )
    ties = (
        f"select '{element}' as element, l.mention_key as left_mention, r.mention_key as right_mention,"
        " cast(t.key_code as varchar) as key_code, t.match_probability, t.is_kept from cluster_tie as t"
        f" inner join {rows} as l on l.mention_no = t.left_no inner join {rows} as r on r.mention_no = t.right_no"
    )
    return {
        table: session.sql(sql).to_arrow_table()
        for table, sql in ((link, links), (suspicion, suspicions), (tie, ties))
    }


def _write(
    connection: duckdb.DuckDBPyConnection,
    element: str,
    found: dict[BulkTable, pa.Table],
    folder: Path,
) -> TableRef:
    """Write them all; returns the links."""
    refs = {}
    for table, rows in found.items():
        with registered(connection, found_rows=rows):
            refs[table] = write_table(connection, table, "select * from found_rows", folder)
    return refs[RESULT_TABLES[element][0]]


def _receipt(stage: str, figures: LinkFigures, *, what: str) -> Receipt:
    return Receipt(
        stage=stage,
        received=figures.mentions,
        kept=figures.mentions,
        what=what,
        notes=figures.as_notes(),
    )
