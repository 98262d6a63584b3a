"""A state beside a link of files: who comes later is linked without linking everybody again (decision 0025).

Owns the folder of a state: sealed rows and figures in a vault of its own, and two tables of row numbers and keyed
tokens in clear. An increment looks again at every row that shares a group with a new one, and at whatever hangs
together with those; with the same frozen figures its answer is that of a full run. Exact keys only: the model and the
ties by a lone name weigh the whole city, and are for the full run without a state.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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
from kuai.kit.atomic_files import replace_when_complete, write_text
from kuai.kit.engine import memory_limit_gb, open_engine, scan_sql, write_table
from kuai.kit.errors import DataFault, Where
from kuai.kit.progress import SILENT, Progress
from kuai.kit.store import Store
from kuai.kit.tables import BulkTable
from kuai.linkage.engine.figures import LinkFigures
from kuai.linkage.engine.frozen_figures import (
    FIGURES,
    SOUGHT_BY,
    GroupKind,
    frozen_figures,
    group_labels,
    note_groups,
)
from kuai.linkage.engine.persons import link_person_rows
from kuai.linkage.engine.steps import registered
from kuai.linkage.file_linking import (
    FILE_COLUMNS,
    number_rows,
    parts_of_batches,
    person_codes,
    text_rows,
)
from kuai.linkage.types import LINK_STATE_GROUP, LINK_STATE_ROW

_ZONE = Zone.CORE
_SOURCE = "link_state"
_ROWS = "row"
_SUBKEY = "groups of a link state"
_RESTORE = "请从备份恢复整个状态文件夹（连同 .keys），或用全部数据另建一个"
# Another number with every change of what the groups of a row are, because their tokens would no longer meet.
_GROUP_FORM = "groups-2"
_FORM_FILE = "form.txt"
_SHARE_OF_SORTING = 0.4
_ROWS_AT_ONCE = 1_000_000


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
    """The state in `folder`; an empty one where there is none yet. DataFault if a part of it is missing or damaged."""
    linked = folder / "linked"
    found = (
        sorted(path.name for path in linked.iterdir() if path.name.isdigit())
        if linked.exists()
        else []
    )
    for place, name in enumerate(found):
        if name != f"{place:04}":
            raise DataFault(
                "state_gap",
                f"状态文件夹缺少批次 {place:04}",
                where=Where(file=f"linked/{place:04}"),
                remedy=_RESTORE,
            )
    state = LinkState(folder, tuple(found))
    for table in (LINK_STATE_ROW, LINK_STATE_GROUP):
        for path in state.tables(table.name):
            _require_whole(path, table)
    for delivery in state.deliveries:
        _require_form(linked / delivery)
    return state


def _require_whole(path: Path, table: BulkTable) -> None:
    """By the file's footer, which is written last."""
    with _telling_damage(path.parent.name, path.name):
        names = set(pq.read_schema(path).names)
    if not names >= {column.name for column in table.columns}:
        raise _damaged(path.parent.name, path.name)


def _require_form(delivery: Path) -> None:
    path = delivery / _FORM_FILE
    with _telling_damage(delivery.name, _FORM_FILE):
        form = path.read_text(encoding="utf-8").strip()
    if form != _form():
        raise DataFault(
            "state_form",
            "状态是由另一版本的程序写的，其记号与本版本的不可比",
            where=Where(file=f"linked/{delivery.name}/{_FORM_FILE}"),
            remedy="请用全部数据另建一个状态文件夹",
        )


def _form() -> str:
    """What the tokens of a state depend on: how groups are hashed here, and the engine's hash."""
    return f"{_GROUP_FORM} duckdb-{duckdb.__version__}"


def _damaged(*place: str) -> DataFault:
    return DataFault(
        "state_damaged",
        "状态里的这个文件缺失或已损坏",
        where=Where(file="/".join(("linked", *place))),
        remedy=_RESTORE,
    )


@contextmanager
def _telling_damage(*place: str) -> Iterator[None]:
    """A file of the state that cannot be read is told as such; `place`: where it lies under `linked`."""
    try:
        yield
    except duckdb.OutOfMemoryException:
        raise
    except (duckdb.Error, pa.ArrowException, OSError, UnicodeDecodeError) as fault:
        raise _damaged(*place) from fault


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
    session.execute("create or replace temp table sought_group (kind utinyint, group_no ubigint)")
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
    if not paths:
        raise DataFault(
            "no_state",
            "文件夹里没有状态",
            where=Where(file="linked"),
            remedy="先用 kuai link --state 建立状态",
        )
    with _telling_damage("*", f"{LINK_STATE_ROW.name}.parquet"):
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
    """Of every row of the state the label its newest delivery has; each delivery must add the rows it sealed."""
    labels = np.zeros(0, dtype=np.int64)
    for period, path in zip(state.deliveries, state.tables(LINK_STATE_ROW.name), strict=True):
        with _telling_damage(period, path.name):
            found = session.execute(f"select row_no, label from {scan_sql([path])}").fetchnumpy()
        added = _count_sealed(state, period)
        row_no, label = found["row_no"], found["label"]
        if (
            len(row_no) < added
            or int(row_no.max(initial=-1)) + 1 != len(labels) + added
            or int(label.max(initial=-1)) >= len(labels) + added
        ):
            raise _damaged(period, path.name)
        labels = np.concatenate([labels, np.full(added, -1, np.int64)])
        labels[row_no] = label
        if labels.min(initial=0) < 0:
            raise _damaged(period, path.name)
    return labels


def _count_sealed(state: LinkState, period: str) -> int:
    if not sealed_exists(state.store, zone=_ZONE, source=_SOURCE, period=period, name=_ROWS):
        raise DataFault(
            "state_damaged",
            f"批次 {period} 的封存行缺失或已销毁",
            where=Where(file=f"vault/{_SOURCE}/{period}"),
            remedy=_RESTORE,
        )
    return count_sealed_rows(state.store, zone=_ZONE, source=_SOURCE, period=period, name=_ROWS)


def _refuse_known_rows(
    session: duckdb.DuckDBPyConnection, state: LinkState, new: pa.Table, path: Path
) -> None:
    if not state.deliveries:
        return
    with (
        registered(session, new_row=new.select(["row_id"])),
        _telling_damage("*", f"{LINK_STATE_ROW.name}.parquet"),
    ):
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
        # Without a figure the few new rows would tell it, and silently tell it wrong.
        if not sealed_exists(state.store, zone=_ZONE, source=_SOURCE, period=period, name=name):
            raise DataFault(
                "state_damaged",
                f"批次 {period} 封存的全市数字 {name} 缺失或已销毁",
                where=Where(file=f"vault/{_SOURCE}/{period}"),
                remedy=_RESTORE,
            )
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
        count = _count_sealed(state, period)
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
    """Numbers of the state's rows that share a group with a row of this run, but for the groups sought before: whoever
    shares those is in this run already."""
    if not state.deliveries:
        return np.zeros(0, dtype=np.int64)
    session.execute(
        "create or replace temp table new_group as select distinct kind, group_no from person_group"
        " except select kind, group_no from sought_group"
    )
    session.execute("insert into sought_group select kind, group_no from new_group")
    sought = " ".join(f"when {kind} then {other}" for kind, other in SOUGHT_BY.items())
    token = _token_sql(f"case kind {sought} else kind end")
    with _telling_damage("*", f"{LINK_STATE_GROUP.name}.parquet"):
        found = session.execute(
            f"with wanted as (select {token} as token from new_group)"
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
    # A label is the smallest number of its rows, whatever their order in this run.
    label = _smallest(group_labels(session, len(row_no)), row_no)
    scratch = state.folder / "linked" / f".{period}"
    shutil.rmtree(scratch, ignore_errors=True)
    spill = state.folder / "spill"
    # Groups and rows are more than the session may hold beside what it has: they are sorted in an engine of their own.
    # Because all of it lies in clear in the very tables made here, keyed or without a value, it spills in clear
    # (decision 0027).
    sorting = open_engine(
        memory_limit=f"{memory_limit_gb() * _SHARE_OF_SORTING:.2f}GB",
        spill_to=spill,
        spills_in_clear=True,
    )
    try:
        _write_groups(session, sorting, row_no, scratch)
        session.execute("drop table person_group")
        _write_rows(session, sorting, row_no, label, row_ids, scratch)
    finally:
        sorting.close()
        shutil.rmtree(spill, ignore_errors=True)
    write_text(scratch / _FORM_FILE, _form() + "\n")
    os.replace(scratch, state.folder / "linked" / period)


def _smallest(group: np.ndarray, number: np.ndarray) -> np.ndarray:
    """For each row the smallest number in its group."""
    smallest = np.full(len(group), np.iinfo(np.int64).max)
    np.minimum.at(smallest, group, number)
    return smallest[group]


def _write_groups(
    session: duckdb.DuckDBPyConnection,
    sorting: duckdb.DuckDBPyConnection,
    row_no: np.ndarray,
    scratch: Path,
) -> None:
    # Only repairs note a row twice in one group.
    groups = (
        f"(select * from person_group where kind <> {int(GroupKind.REPAIR)}"
        f" union all select distinct * from person_group where kind = {int(GroupKind.REPAIR)})"
    )
    numbers = pa.table({"mention_no": np.arange(len(row_no), dtype=np.int32), "row_no": row_no})
    with registered(session, numbered_row=numbers):
        reader = session.sql(
            f"select {_token_sql('g.kind')} as token, n.row_no from {groups} as g"
            " inner join numbered_row as n on n.mention_no = g.mention_no"
        ).to_arrow_reader(_ROWS_AT_ONCE)
        sorting.register("told_group", reader)
        write_table(sorting, LINK_STATE_GROUP, "select * from told_group", scratch)
        sorting.unregister("told_group")


def _write_rows(
    session: duckdb.DuckDBPyConnection,
    sorting: duckdb.DuckDBPyConnection,
    row_no: np.ndarray,
    label: np.ndarray,
    row_ids: pa.ChunkedArray,
    scratch: Path,
) -> None:
    found = session.execute(
        "select founder_no from mention_cluster order by mention_no"
    ).fetchnumpy()
    # Not the first by source and row_id, as within a run: who came to the state first keeps the code.
    founder = _smallest(found["founder_no"].astype(np.int64), row_no)
    told = session.sql(
        "select match_probability, reason from mention_cluster order by mention_no"
    ).to_arrow_reader(_ROWS_AT_ONCE)
    schema = pa.schema(
        [
            ("row_no", pa.int64()),
            ("row_id", pa.string()),
            ("label", pa.int64()),
            ("founder_row_no", pa.int64()),
            ("match_probability", pa.float64()),
            ("reason", pa.string()),
        ]
    )

    def batches() -> Iterator[pa.RecordBatch]:
        begin = 0
        for batch in told:
            place = slice(begin, begin + len(batch))
            begin += len(batch)
            part = pa.table(
                {
                    "row_no": row_no[place],
                    "row_id": row_ids.slice(place.start, len(batch)),
                    "label": label[place],
                    "founder_row_no": founder[place],
                    "match_probability": batch["match_probability"],
                    "reason": batch["reason"],
                },
                schema=schema,
            )
            yield from part.to_batches()

    sorting.register("told_row", pa.RecordBatchReader.from_batches(schema, batches()))
    write_table(sorting, LINK_STATE_ROW, "select * from told_row", scratch)


def _write_answer(state: LinkState, target: Path) -> None:
    newest = state.tables(LINK_STATE_ROW.name)[-1]
    with _telling_damage(newest.parent.name, newest.name):
        rows = pq.read_table(newest)
    # A person's code is that of the row that came first of all it has now: later rows change no code but by a merge.
    answer = rows.select(["row_id", "match_probability", "reason"]).add_column(
        1, "person_code", person_codes(rows["founder_row_no"].to_numpy() + 1)
    )
    pq.write_table(answer, target, compression="zstd")
