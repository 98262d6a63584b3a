"""A state beside a link of files: who comes later is linked without linking everybody again (decision 0025).

Owns the folder of a state: sealed rows and figures in a vault of its own, and two tables of row numbers and keyed
tokens in clear. An increment looks again at every row that shares a group with a new one, and at whatever hangs
together with those; with the same frozen figures its answer is that of a full run. Exact keys only: the model and the
ties by a lone name weigh the whole city, and are for the full run without a state.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kuai.guard.actions import (
    count_sealed_rows,
    open_sealed,
    open_sealed_batches,
    seal_table,
    sealed_exists,
    tokenise,
)
from kuai.guard.types import Zone
from kuai.kit.atomic_files import replace_when_complete
from kuai.kit.element_codes import codes_of
from kuai.kit.engine import scan_sql, write_table
from kuai.kit.errors import DataFault, Where
from kuai.kit.progress import SILENT, Progress
from kuai.kit.store import Store
from kuai.linkage.engine.figures import LinkFigures
from kuai.linkage.engine.frozen_figures import (
    FIGURES,
    SOUGHT_BY,
    frozen_figures,
    group_labels,
    note_groups,
)
from kuai.linkage.engine.persons import link_person_rows
from kuai.linkage.engine.steps import registered
from kuai.linkage.file_linking import FILE_COLUMNS, number_rows, parts_of_batches, text_rows
from kuai.linkage.types import LINK_STATE_GROUP, LINK_STATE_ROW

_ZONE = Zone.CORE
_SOURCE = "link_state"
_ROWS = "row"
_SUBKEY = "groups of a link state"


@dataclass(frozen=True)
class LinkState:
    """What has been linked so far: a folder a delivery, numbered from 0."""

    folder: Path
    deliveries: tuple[str, ...]

    @property
    def store(self) -> Store:
        return Store(self.folder)

    @property
    def next_delivery(self) -> str:
        return f"{len(self.deliveries):04}"

    def tables(self, name: str) -> list[Path]:
        return [self.folder / "linked" / part / f"{name}.parquet" for part in self.deliveries]


def open_state(folder: Path) -> LinkState:
    """The state in `folder`; an empty one where there is none yet."""
    linked = folder / "linked"
    found = (
        sorted(path.name for path in linked.iterdir() if path.name.isdigit())
        if linked.exists()
        else []
    )
    return LinkState(folder, tuple(found))


def link_rows_into_state(
    session: duckdb.DuckDBPyConnection,
    in_parquet: Path,
    out_parquet: Path,
    *,
    folder: Path,
    figures_of: Path | None = None,
    progress: Progress = SILENT,
) -> LinkFigures:
    """Link the rows of a file with those of the state, and keep them there. The answer holds every row looked at:
    the new ones and those whose cluster they might have changed. `figures_of`: another state's frozen figures.
    """
    state = open_state(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    number_rows(session, in_parquet)
    new = text_rows(in_parquet)
    labels = _labels(session, state)
    _refuse_known_rows(session, state, new, in_parquet)
    _use_figures(session, state if figures_of is None else open_state(figures_of))
    session.execute(
        "set variable state_key = $key", {"key": tokenise(state.store, zone=_ZONE, value=_SUBKEY)}
    )
    again = np.zeros(len(labels), dtype=bool)
    while True:
        row_no = np.concatenate([np.flatnonzero(again), len(labels) + np.arange(len(new))])
        rows = pa.concat_tables([_sealed_rows(state, again), new])
        figures, place = _link(session, rows, progress)
        touched = np.zeros(len(labels), dtype=bool)
        touched[labels[_rows_in_groups(session, state)]] = True
        wanted = again | touched[labels]
        if wanted.sum() == again.sum():
            break
        again = wanted
    _write_delivery(session, state, new, row_no[place], rows["row_id"].take(pa.array(place)))
    with replace_when_complete(out_parquet) as scratch:
        _write_answer(open_state(folder), scratch)
    return figures


def read_answers(session: duckdb.DuckDBPyConnection, folder: Path) -> pa.Table:
    """row_id, founder_row_no, match_probability, reason of every row of the state, as last linked."""
    paths = open_state(folder).tables(LINK_STATE_ROW.name)
    return session.sql(
        f"select row_id, founder_row_no, match_probability, reason from {_newest_sql(paths)}"
    ).to_arrow_table()


def _newest_sql(paths: list[Path]) -> str:
    """Each row as its last delivery has it."""
    parts = " union all ".join(
        f"select *, {place} as delivery from {scan_sql([path])}" for place, path in enumerate(paths)
    )
    return f"(select * from ({parts}) qualify row_number() over (partition by row_no order by delivery desc) = 1)"


def _labels(session: duckdb.DuckDBPyConnection, state: LinkState) -> np.ndarray:
    labels = np.zeros(0, dtype=np.int64)
    for path in state.tables(LINK_STATE_ROW.name):
        found = session.execute(f"select row_no, label from {scan_sql([path])}").fetchnumpy()
        longer = max(len(labels), int(found["row_no"].max(initial=-1)) + 1)
        labels = np.concatenate([labels, np.zeros(longer - len(labels), np.int64)])
        labels[found["row_no"]] = found["label"]
    return labels


def _refuse_known_rows(
    session: duckdb.DuckDBPyConnection, state: LinkState, new: pa.Table, path: Path
) -> None:
    if not state.deliveries:
        return
    with registered(session, new_row=new.select(["row_id"])):
        known = session.sql(
            f"select 1 from {scan_sql(state.tables(LINK_STATE_ROW.name))}"
            " where row_id in (select row_id from new_row) limit 1"
        ).fetchall()
    if known:
        raise DataFault(
            "repeated_row_id",
            "row_id 在此前的批次里已有",
            where=Where(file=path.name),
            remedy="增量文件只放新行",
        )


def _use_figures(session: duckdb.DuckDBPyConnection, state: LinkState) -> None:
    if not state.deliveries:
        return
    for name in FIGURES:
        # Sources are numbered on as they come; all else stays as the first run found it.
        period = state.deliveries[-1 if name == "person_desk" else 0]
        if sealed_exists(state.store, zone=_ZONE, source=_SOURCE, period=period, name=name):
            frozen = open_sealed(state.store, zone=_ZONE, source=_SOURCE, period=period, name=name)
            with registered(session, sealed_figure=frozen):
                session.execute(
                    f"create or replace temp table frozen_{name} as select * from sealed_figure"
                )


def _sealed_rows(state: LinkState, wanted: np.ndarray) -> pa.Table:
    """The raw rows of the state that are `wanted`, in the order of their numbers."""
    schema = pa.schema([(name, pa.string()) for name in FILE_COLUMNS])
    found = [schema.empty_table()]
    begin = 0
    for period in state.deliveries:
        count = count_sealed_rows(
            state.store, zone=_ZONE, source=_SOURCE, period=period, name=_ROWS
        )
        if wanted[begin : begin + count].any():
            for batch in open_sealed_batches(
                state.store, zone=_ZONE, source=_SOURCE, period=period, name=_ROWS
            ):
                mask = pa.array(wanted[begin : begin + len(batch)])
                found.append(pa.Table.from_batches([batch]).filter(mask))
                begin += len(batch)
        else:
            begin += count
    return pa.concat_tables(found)


def _link(
    session: duckdb.DuckDBPyConnection, rows: pa.Table, progress: Progress
) -> tuple[LinkFigures, np.ndarray]:
    """Link `rows`; returns for each mention its place among them."""
    placed = rows.select(["source", "row_id"]).append_column(
        "place", pa.array(np.arange(len(rows)))
    )
    with registered(session, given_row=placed):
        place = (
            session.execute("select place from given_row order by source, row_id")
            .fetchnumpy()["place"]
            .astype(np.int64)
        )
    mention_no = np.empty(len(rows), dtype=np.int32)
    mention_no[place] = np.arange(len(rows), dtype=np.int32)
    note_groups(session)
    parts = parts_of_batches(session, rows.to_batches(), mention_no)
    return link_person_rows(session, progress=progress, with_model=False, parts=parts), place


def _token_sql(kind: str) -> str:
    text = f"getvariable('state_key') || chr(31) || {kind} || chr(31) || group_no"
    return f"cast(md5_number_lower({text}) >> 1 as bigint)"


def _rows_in_groups(session: duckdb.DuckDBPyConnection, state: LinkState) -> np.ndarray:
    """Numbers of the state's rows that share a group with a row of this run."""
    if not state.deliveries:
        return np.zeros(0, dtype=np.int64)
    sought = " ".join(f"when {kind} then {other}" for kind, other in SOUGHT_BY.items())
    found = session.execute(
        f"with wanted as (select distinct {_token_sql(f'case kind {sought} else kind end')} as token from person_group)"
        f" select distinct g.row_no from {scan_sql(state.tables(LINK_STATE_GROUP.name))} as g"
        " inner join wanted as w on w.token = g.token"
    ).fetchnumpy()
    return found["row_no"].astype(np.int64)


def _write_delivery(
    session: duckdb.DuckDBPyConnection,
    state: LinkState,
    new: pa.Table,
    row_no: np.ndarray,
    row_ids: pa.ChunkedArray,
) -> None:
    """Seal what is raw, then put the tables in place at once: an interrupted run leaves the state as it was."""
    period = state.next_delivery
    sealed = {_ROWS: new} | {
        name: session.sql(f"select * from frozen_{name}").to_arrow_table()
        for name in frozen_figures(session)
    }
    for name, table in sealed.items():
        seal_table(state.store, zone=_ZONE, source=_SOURCE, period=period, name=name, table=table)
    label = row_no[group_labels(session, len(row_no))]
    # A label is the smallest number of its rows, whatever their order in this run.
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1))
    smallest = np.minimum.reduceat(row_no[order], starts) if len(order) else label
    lengths = np.diff(np.append(starts, len(order)))
    label[order] = np.repeat(smallest, lengths)
    numbers = pa.table({"mention_no": np.arange(len(row_no)), "row_no": row_no, "label": label})
    numbers = numbers.append_column("row_id", row_ids)
    scratch = state.folder / "linked" / f".{period}"
    shutil.rmtree(scratch, ignore_errors=True)
    with registered(session, numbered_row=numbers):
        write_table(
            session,
            LINK_STATE_ROW,
            # Not the first by source and row_id, as within a run: who came to the state first keeps the code.
            "select n.row_no, n.row_id, n.label, min(n.row_no) over (partition by c.founder_no) as founder_row_no,"
            " c.match_probability, c.reason"
            " from mention_cluster as c inner join numbered_row as n on n.mention_no = c.mention_no",
            scratch,
        )
        write_table(
            session,
            LINK_STATE_GROUP,
            f"select distinct {_token_sql('g.kind')} as token, n.row_no from person_group as g"
            " inner join numbered_row as n on n.mention_no = g.mention_no",
            scratch,
        )
    os.replace(scratch, state.folder / "linked" / period)


def _write_answer(state: LinkState, target: Path) -> None:
    rows = pq.read_table(state.tables(LINK_STATE_ROW.name)[-1])
    # A person's code is that of the row that came first of all it has now: later rows change no code but by a merge.
    codes = codes_of("person", rows["founder_row_no"].to_numpy() + 1)
    answer = rows.select(["row_id", "match_probability", "reason"]).add_column(
        1, "person_code", pa.array(codes, pa.string())
    )
    pq.write_table(answer, target, compression="zstd")
