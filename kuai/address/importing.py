"""Imports of the library: planned against one version, looked at, then applied or dropped. Private: see `library`."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction

from kuai.address.delivered import (
    GROUND_ENDINGS,
    read_delivered,
    with_house_headings,
    without_guards,
)
from kuai.address.ground.reading import survey_ground_file
from kuai.address.life.faults import FAULT_KINDS
from kuai.address.life.planning import PlanTables, plan_rows, register_outlines
from kuai.address.life.shapes import LIVING
from kuai.address.log import NewStep, append_step, head
from kuai.address.models import PlannedImport, StepSubject
from kuai.address.models.record import IMPORTED
from kuai.address.record import open_record, snapshot_of
from kuai.address.snapshots import LIBRARY_TABLES, Snapshot, library_engine, put_in_place
from kuai.address.types import State
from kuai.guard.free_text import require_reason
from kuai.kit.coordinates import known_datum
from kuai.kit.engine import path_sql
from kuai.kit.errors import Breakdown, DataFault, Refusal, Where
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store

MOST_EXAMPLES = 200
RETIRED_REASON = "全量导入中不再有"
# A full delivery ends what it does not name. A city loses far fewer than one place in twenty from one delivery to the
# next; an extract that lost a level or a sub-district loses more. Ended codes never live again, so a build asks first.
MOST_RETIRED_UNASKED = 0.05
FEW_RETIRED = 20
PLAN_LISTS = ("conflicts", "changes", "added", "retired")


@dataclass(frozen=True)
class Conflict:
    """A delivered row that is refused: where, why, what to do."""

    row: int
    address_code: str
    column: str
    kind: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class PlannedChange:
    """One value of a living entry that the import would change."""

    row: int
    address_code: str
    column: str
    old: str
    new: str


@dataclass(frozen=True)
class PlannedEntry:
    """An entry that the import would add or retire."""

    address_code: str
    level: str
    name: str
    standard_text: str


@dataclass(frozen=True)
class ImportPlan:
    """What a file would do to the library. The lists hold the first MOST_EXAMPLES; `list_plan_lines` has them all."""

    plan_id: str
    file_name: str
    state: str
    datum: str
    full: bool
    day: date | None
    planned_by: str
    planned_at: datetime
    based_on: int
    received: int
    added: int
    changed: int
    unchanged: int
    refused: int
    retired: int
    kept_unnamed: int
    levels: Mapping[str, int]
    conflicts: tuple[Conflict, ...] = ()
    changes: tuple[PlannedChange, ...] = ()
    added_entries: tuple[PlannedEntry, ...] = ()
    retired_entries: tuple[PlannedEntry, ...] = ()
    applied_as: int | None = None
    is_outdated: bool = False

    @property
    def changes_nothing(self) -> bool:
        return not (self.added or self.changed or self.retired)

    @property
    def receipt(self) -> Receipt:
        """received = added + changed + unchanged (kept) + refused."""
        return Receipt(
            "import_library",
            self.received,
            self.added + self.changed + self.unchanged,
            refused=self.refused,
            what="entries",
            notes={
                "added": self.added,
                "changed": self.changed,
                "unchanged": self.unchanged,
                "retired": self.retired,
            },
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self) | {"receipt": self.receipt.as_json()}


@dataclass(frozen=True)
class Delivery:
    """Rows to be planned, and what is said of them."""

    rows: pa.Table
    file_name: str
    digest: str
    datum: str
    full: bool = False
    day: date | None = None
    source: str = ""
    faults: tuple[tuple[int, str, str], ...] = field(default=())


def plan_import(
    store: Store,
    path: Path,
    *,
    by: str,
    datum: str = "CGCS2000",
    full: bool = False,
    day: date | None = None,
    at: datetime | None = None,
) -> ImportPlan:
    """Read `path` and compare it with the library as recorded; nothing is changed yet. Refuses an unreadable file."""
    return _plan(store, _delivery_of(path, datum=datum, full=full, day=day), by=by, at=at)[0]


def list_plans(*, open_only: bool = False) -> tuple[ImportPlan, ...]:
    """Plans, the newest first, without their lists."""
    rows = PlannedImport.objects.order_by("-id").select_related("step").defer("examples")
    at = head().sequence
    return tuple(
        _view(row, at, with_lists=False)
        for row in (rows.filter(state="open") if open_only else rows)
    )


def open_plan(plan_id: str) -> ImportPlan:
    """One plan with its lists; refuses an unknown one."""
    return _view(_row(plan_id), head().sequence)


def drop_plan(plan_id: str, *, store: Store | None = None) -> ImportPlan:
    """Give a plan up. May be repeated; refuses one that was applied."""
    row = _row(plan_id)
    if row.state == "applied":
        raise Refusal("library.plan_applied", f"计划 {plan_id} 已经执行，不能丢弃。")
    PlannedImport.objects.filter(pk=row.pk).update(state="dropped")
    if store is not None:
        shutil.rmtree(_plan_folder(store, plan_id), ignore_errors=True)
    return open_plan(plan_id)


def list_plan_lines(
    store: Store, plan_id: str, kind: str, *, limit: int = 500, offset: int = 0
) -> tuple[Conflict | PlannedChange | PlannedEntry, ...]:
    """A page of one of PLAN_LISTS of a plan; empty once the plan was dropped."""
    if kind not in PLAN_LISTS:
        raise ValueError(f"a plan has no list {kind!r}")
    _row(plan_id)
    path = _plan_folder(store, plan_id) / f"{kind}.parquet"
    if not path.exists():
        return ()
    rows = pq.read_table(path).slice(offset, limit).to_pylist()
    return tuple(_LINES[kind](row) for row in rows)


def apply_plan(
    store: Store, plan_id: str, *, by: str, reason: str, at: datetime | None = None
) -> Receipt:
    """Do what the plan says: its good rows become part of the library. May be repeated: the second time is a no-op.

    Refuses a dropped plan and one made against an older version of the library.
    """
    reason = require_reason(reason, what="导入", area="library")
    with transaction.atomic():
        now = head(locked=True)
        row = _row(plan_id)
        plan = _view(row, now.sequence)
        if row.state == "applied":
            return plan.receipt
        if row.state == "dropped":
            raise Refusal("library.plan_dropped", f"计划 {plan_id} 已经丢弃。")
        if row.based_on != now.sequence:
            raise Refusal(
                "library.plan_outdated",
                f"计划 {plan_id} 是对第 {row.based_on} 版做的，库已经到第 {now.sequence} 版。",
                next_step="请用同一个文件重新做计划。",
            )
        step = None
        if not plan.changes_nothing:
            step = append_step(
                store,
                now,
                NewStep(
                    kind=IMPORTED,
                    happened_on=row.happened_on,
                    reason=reason,
                    by=by,
                    intent=_intent(row, plan),
                    bulk=_keep_effect(store, plan_id),
                    at=at,
                ),
            )
        PlannedImport.objects.filter(pk=row.pk).update(state="applied", step=step)
    # What it leaves behind lies with the imports now. Opened at once, so that the next reader need not wait.
    shutil.rmtree(_plan_folder(store, plan_id) / "effect", ignore_errors=True)
    open_record(store)
    return plan.receipt


def take_delivery(store: Store, delivery: Delivery, *, by: str, reason: str) -> Receipt:
    """A build's library: planned and applied in one go; the same content again adds nothing to the record.

    Refuses the delivery at the first row that contradicts itself or its file, and one that would end more than
    MOST_RETIRED_UNASKED of what lives. Rows that contradict the record (a code that ended, a point outside its
    community) are refused one by one and counted.
    """
    latest = (
        PlannedImport.objects.filter(state="applied", file_name=delivery.source)
        .order_by("-id")
        .first()
    )
    if latest is not None and latest.content_digest == _digest(delivery):
        # An interrupted build comes here again and must tell what it would have told undisturbed.
        return _view(latest, head().sequence, with_lists=False).receipt
    plan, tables = _plan(store, delivery, by=by, at=None)
    fault = _first_of_form(tables, delivery.file_name)
    if fault is not None:
        drop_plan(plan.plan_id, store=store)
        raise fault
    living = _count_living(store)
    if plan.retired > max(FEW_RETIRED, MOST_RETIRED_UNASKED * living):
        drop_plan(plan.plan_id, store=store)
        raise _too_many_retired(plan, living, delivery.file_name)
    return apply_plan(store, plan.plan_id, by=by, reason=reason)


def _count_living(store: Store) -> int:
    counts = open_record(store).counts()
    return sum(many for (_, state), many in counts.items() if State(state) in LIVING)


def _too_many_retired(plan: ImportPlan, living: int, file: str) -> Refusal:
    return Refusal(
        "library.too_many_retired",
        f"{file} 标为全量，却没有库里 {living:,} 个在用地点中的 {plan.retired:,} 个，建库不会自动停用这么多。",
        next_step="请核对文件是否缺行；若确实都已停用，先用 kuai library plan FILE --full 看过再 apply；"
        "若只是增量，在 datapackage.json 里把 delivery 写成 delta。",
    )


def delivery_of_rows(
    rows: pa.Table, *, file_name: str, source: str, digest: str, full: bool, day: date | None
) -> Delivery:
    """Rows that somebody else has read already, as a delivery in CGCS2000."""
    return Delivery(
        rows=with_house_headings(without_guards(rows), file=file_name),
        file_name=file_name,
        digest=f"{digest}|{full}",
        datum="CGCS2000",
        full=full,
        day=day,
        source=source,
    )


# --- planning --------------------------------------------------------------------------------------------
def _delivery_of(path: Path, *, datum: str, full: bool, day: date | None) -> Delivery:
    try:
        system = known_datum(datum)
    except ValueError:
        raise Refusal(
            "library.datum",
            f"不认识坐标系“{datum}”。",
            next_step="写 CGCS2000、WGS84、GCJ-02 或 BD-09。",
        ) from None
    faults: tuple[tuple[int, str, str], ...] = ()
    if path.is_file() and path.suffix.lower() in GROUND_ENDINGS:
        survey = survey_ground_file(path, datum=system)
        refused = {one.where.row or 0 for one in survey.faults}
        numbers = [row for row in range(1, survey.received + 1) if row not in refused]
        rows = with_house_headings(survey.rows, file=path.name, numbers=numbers)
        faults = tuple((one.where.row or 0, "shape", one.sentence) for one in survey.faults)
        # Its points were converted while reading.
        system = "CGCS2000"
    else:
        rows = read_delivered(path, datum=system)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Delivery(rows, path.name, f"{digest}|{full}|{datum}", system, full, day, faults=faults)


def _plan(
    store: Store, delivery: Delivery, *, by: str, at: datetime | None
) -> tuple[ImportPlan, PlanTables]:
    record = open_record(store)
    known = snapshot_of(store, record)
    with library_engine(store) as connection:
        _use_known(connection, known)
        register_outlines(connection, delivery.rows)
        tables = plan_rows(
            connection,
            delivery.rows,
            datum=delivery.datum,
            full=delivery.full,
            issued_here=_issued_here() if delivery.full else (),
            more_faults=delivery.faults,
        )
    plan_id = f"L-{secrets.token_hex(6)}"
    _write_plan(_plan_folder(store, plan_id), tables, delivery)
    row = PlannedImport(
        plan_id=plan_id,
        file_name=delivery.source or delivery.file_name,
        content_digest=_digest(delivery),
        datum=delivery.datum,
        is_full=delivery.full,
        happened_on=delivery.day,
        planned_by=by,
        based_on=record.sequence,
        counts=_counts(tables),
        examples=_examples(tables),
        state="open",
    )
    if at is not None:
        row.planned_at = at
    row.save(force_insert=True)
    row.refresh_from_db()
    return _view(row, record.sequence), tables


def _issued_here() -> list[str]:
    """Codes that began by an event of our own: a city's file may not know them yet."""
    begun = StepSubject.objects.filter(role="begun").order_by("address_code")
    return list(begun.values_list("address_code", flat=True).distinct())


def _digest(delivery: Delivery) -> str:
    return hashlib.sha256(delivery.digest.encode()).hexdigest()


def _use_known(connection: Any, known: Snapshot | None) -> None:
    for table in LIBRARY_TABLES:
        name = table.name.replace("address_", "known_")
        if known is None:
            columns = ", ".join(f'"{column.name}" {column.type}' for column in table.columns)
            connection.execute(f"create temp table {name} ({columns})")
        else:
            connection.execute(
                f"create temp view {name} as"
                f" select * from read_parquet({path_sql(known.path(table))})"
            )


def _plan_folder(store: Store, plan_id: str) -> Path:
    return store.library / "plans" / plan_id


def _write_plan(folder: Path, tables: PlanTables, delivery: Delivery) -> None:
    effect = folder / "effect"
    effect.mkdir(parents=True)
    for name, rows in tables.effect.items():
        if rows.num_rows and name != "retired":
            pq.write_table(rows, effect / f"{name}.parquet", compression="zstd")
    ended = tables.effect["retired"]
    if ended.num_rows:
        pq.write_table(_successions(ended, delivery.day), effect / "address_succession.parquet")
    for name, rows in (
        ("conflicts", tables.faults),
        ("changes", tables.changes),
        ("added", tables.added_rows),
        ("retired", tables.retired_rows),
    ):
        pq.write_table(rows, folder / f"{name}.parquet", compression="zstd")


def _successions(retired: pa.Table, day: date | None) -> pa.Table:
    rows = retired.num_rows
    return pa.table(
        {
            "address_code": retired["address_code"],
            "successor_code": pa.nulls(rows, pa.string()),
            "kind": pa.array(["demolished"] * rows),
            "happened_on": pa.array([day] * rows, type=pa.date32()),
            "reason": pa.array([RETIRED_REASON] * rows),
        }
    )


def _keep_effect(store: Store, plan_id: str) -> str:
    """Move the plan's effect to where imports lie for ever; returns the digest it is found by."""
    effect = _plan_folder(store, plan_id) / "effect"
    digest = hashlib.sha256()
    if not effect.is_dir():
        raise Breakdown(f"the plan {plan_id} has no rows in the store")
    for path in sorted(effect.iterdir()):
        with path.open("rb") as stream:
            digest.update(path.name.encode())
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    target = store.library / "imports" / digest.hexdigest()
    if not target.exists():
        # Copied and renamed: should the transaction fail, the plan still has its rows.
        scratch = target.with_name(f".{target.name}.{secrets.token_hex(4)}.{os.getpid()}.part")
        try:
            shutil.copytree(effect, scratch)
            put_in_place(scratch, target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return digest.hexdigest()


def _intent(row: PlannedImport, plan: ImportPlan) -> dict[str, Any]:
    return {
        "plan": row.plan_id,
        "file": row.file_name,
        "digest": row.content_digest,
        "datum": row.datum,
        "full": row.is_full,
        "counts": dict(plan.receipt.notes) | {"refused": plan.refused},
    }


def _first_of_form(tables: PlanTables, file: str) -> DataFault | None:
    for line in tables.faults.to_pylist():
        known = FAULT_KINDS[line["kind"]]
        if known.is_of_form:
            return DataFault(
                f"address.library_{line['kind']}",
                known.sentence.format(detail=line["detail"]),
                where=Where(file=file, row=line["row_no"], column=known.column),
                remedy=known.remedy,
            )
    return None


# --- what a plan looks like --------------------------------------------------------------------------------
def _counts(tables: PlanTables) -> dict[str, Any]:
    names = (
        "received",
        "added",
        "changed",
        "unchanged",
        "refused",
        "retired",
        "kept_unnamed",
    )
    return {name: getattr(tables, name) for name in names} | {"levels": dict(tables.levels)}


def _examples(tables: PlanTables) -> dict[str, Any]:
    return {
        "conflicts": tables.faults.slice(0, MOST_EXAMPLES).to_pylist(),
        "changes": tables.changes.slice(0, MOST_EXAMPLES).to_pylist(),
        "added": tables.added_rows.slice(0, MOST_EXAMPLES).to_pylist(),
        "retired": tables.retired_rows.slice(0, MOST_EXAMPLES).to_pylist(),
    }


def _row(plan_id: str) -> PlannedImport:
    found = PlannedImport.objects.filter(plan_id=plan_id).select_related("step").first()
    if found is None:
        raise Refusal(
            "library.plan_unknown", f"没有导入计划 {plan_id}。", next_step="kuai library plans"
        )
    return found


def _view(row: PlannedImport, at: int, *, with_lists: bool = True) -> ImportPlan:
    lists = row.examples if with_lists else {}
    return ImportPlan(
        plan_id=row.plan_id,
        file_name=row.file_name,
        state=row.state,
        datum=row.datum,
        full=row.is_full,
        day=row.happened_on,
        planned_by=row.planned_by,
        planned_at=row.planned_at,
        based_on=row.based_on,
        **row.counts,
        conflicts=tuple(map(_conflict, lists.get("conflicts", ()))),
        changes=tuple(map(_change, lists.get("changes", ()))),
        added_entries=tuple(map(_entry, lists.get("added", ()))),
        retired_entries=tuple(map(_entry, lists.get("retired", ()))),
        applied_as=row.step.sequence if row.step else None,
        is_outdated=row.state == "open" and row.based_on != at,
    )


def _conflict(line: Mapping[str, Any]) -> Conflict:
    known = FAULT_KINDS[line["kind"]]
    return Conflict(
        row=line["row_no"],
        address_code=line["address_code"],
        column=known.column,
        kind=line["kind"],
        reason=known.sentence.format(detail=line["detail"]),
        remedy=known.remedy,
    )


def _change(line: Mapping[str, Any]) -> PlannedChange:
    old, new = line["old_value"] or "", line["new_value"] or ""
    return PlannedChange(line["row_no"], line["address_code"], line["column_name"], old, new)


def _entry(line: Mapping[str, Any]) -> PlannedEntry:
    return PlannedEntry(line["address_code"], line["level"], line["name"], line["standard_text"])


_LINES: Mapping[str, Any] = {
    "conflicts": _conflict,
    "changes": _change,
    "added": _entry,
    "retired": _entry,
}
