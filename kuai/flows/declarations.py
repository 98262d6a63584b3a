"""Declarations handed over to the store: a full delivery of two sources, which the next build takes up like any other.

What is declared is asserted, whatever its source; nothing here verifies. The caller holds no lease: this takes it.
"""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kuai.flows.delivery_series import note_delivery
from kuai.flows.handed_in import take_in
from kuai.guard import access
from kuai.guard.queries import find_source, is_synthetic_store
from kuai.guard.types import Actor, Role, SourceRegistration, Zone
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.services.residence import actions, queries
from kuai.services.residence.types import Act, HandOverRow
from kuai.sources import actions as sources
from kuai.sources.types import DeliveryKind

RESIDENTS, RENTALS = "declarations_residents", "declarations_rental"
OF_RENTALS = frozenset({Act.LET, Act.SUBLET, Act.AGENT})
BUILDER = Actor(user_id="build", role=Role.SYSTEM_ADMINISTRATOR)
_NUMBER = "申报编号"
# Heading -> (our field, role); the purpose is the source's.
_COLUMNS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    RESIDENTS: {
        _NUMBER: ("row.own_number", "filing"),
        "姓名": ("person.name", "subject"),
        "证件号码": ("person.id_number", "subject"),
        "联系电话": ("person.phone", "subject"),
        "出生日期": ("person.birth_date", "subject"),
        "监护人": ("person.name", "guardian"),
        "监护人电话": ("person.phone", "guardian"),
        "用人单位统一社会信用代码": ("organisation.credit_code", "employer"),
        "现住地址": ("address.text", "residence"),
        "登记日期": ("row.recorded_on", ""),
        "入住日期": ("row.valid_from", ""),
        "迁出日期": ("row.valid_to", ""),
    },
    RENTALS: {
        _NUMBER: ("row.own_number", "filing"),
        "承租人姓名": ("person.name", "tenant"),
        "承租人证件号码": ("person.id_number", "tenant"),
        "承租人联系电话": ("person.phone", "tenant"),
        "租赁房屋地址": ("address.text", "let_home"),
        "登记日期": ("row.recorded_on", ""),
        "起租日期": ("row.valid_from", ""),
    },
}
# A delivery repeats every declaration in force: older ones would keep what was withdrawn since.
DELIVERIES_KEPT_DAYS = 31
_TEMPLATES = {RESIDENTS: "residents", RENTALS: "rental"}
_PURPOSES = {RESIDENTS: "residence_registration", RENTALS: "rental_management"}
_TITLES = {RESIDENTS: "自主申报：居住", RENTALS: "自主申报：出租"}


@dataclass(frozen=True)
class HandedOver:
    """What was delivered, source by source, and how many declarations for the first time."""

    receipts: tuple[tuple[str, Receipt], ...]
    first_time: int


def hand_over(store: Store, *, at: datetime) -> HandedOver:
    """Deliver the declarations in force; overdue ones are shredded first. May be repeated: the same rows add nothing.

    Refuses a store without a build (rooms are told by it), and on a real store a source that nobody registered.
    """
    actions.shred_overdue(store, at=at)
    rows = list(queries.rows_in_force(store, at=at))
    delivered = []
    with store.writer_lease():
        for source, part in _parts(rows).items():
            # Also when the last one went: else the earlier delivery would go on speaking.
            if part or _was_delivered(store, source):
                _require_registered(source, at=at)
                _save_mapping(store, source)
                delivered.append((source, _deliver(store, source, part, at=at)))
    first_time = actions.note_handed_over([one.number for one in rows], at=at)
    return HandedOver(tuple(delivered), first_time)


def prepare_look_ups(store: Store) -> int:
    """After a build: the look-up by phone that makes a declaration quick; returns its rows. May be repeated.

    Until it is there the answers are the same, a second slower in a district.
    """
    return actions.write_look_up(store)


def _parts(rows: Iterable[HandOverRow]) -> dict[str, list[HandOverRow]]:
    parts: dict[str, list[HandOverRow]] = {RESIDENTS: [], RENTALS: []}
    for row in rows:
        parts[RENTALS if row.act in OF_RENTALS else RESIDENTS].append(row)
    return parts


def _deliver(store: Store, source: str, rows: Sequence[HandOverRow], *, at: datetime) -> Receipt:
    folder = store.scratch / "uploads" / f"handing-{source}"
    period = local_day(at).isoformat()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"{source}.csv"
        _write(path, source, rows)
        taken = take_in(store, path, source=source, period=period, zone=Zone.CORE)
        note_delivery(store, source, taken.snapshot.period, DeliveryKind.FULL)
        return taken.receipt
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(path: Path, source: str, rows: Sequence[HandOverRow]) -> None:
    headings = tuple(_COLUMNS[source])
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as out:
        writer = csv.writer(out)
        writer.writerow(headings)
        for row in rows:
            writer.writerow(_cells(source, row))


def _cells(source: str, row: HandOverRow) -> tuple[str, ...]:
    values = row.values
    person = (values["name"], values["id_number"], values["phone"])
    since = (row.since or row.declared_on).isoformat()
    if source == RENTALS:
        return (row.number, *person, row.standard_text, row.declared_on.isoformat(), since)
    until = row.until.isoformat() if row.until else ""
    return (
        row.number,
        *person,
        values["birth_year"],
        values["guardian_name"],
        values["guardian_phone"] if values["guardian_name"] else "",
        values["credit_code"],
        row.standard_text,
        row.declared_on.isoformat(),
        since,
        until,
    )


def _save_mapping(store: Store, source: str) -> None:
    purpose = _PURPOSES[source]
    columns = tuple(
        sources.ColumnMapping(heading=heading, field=field, role=role, purpose=purpose)
        for heading, (field, role) in _COLUMNS[source].items()
    )
    plain = sources.Mapping(
        source=source,
        template=_TEMPLATES[source],
        zone=Zone.CORE,
        columns=columns,
        reason="自主申报的固定格式",
        own_key=_NUMBER,
    )
    # Written and read once, so that every column has the sensitivity of its field.
    sources.save_mapping(store, sources.parse_mapping(sources.write_mapping(plain)))


def _require_registered(source: str, *, at: datetime) -> None:
    if find_source(source) is not None:
        return
    if not is_synthetic_store():
        raise Refusal(
            "declaration.not_registered",
            f"“{_TITLES[source]}”还没有登记为来源，申报不能入库。",
            next_step=f"请数据管理员登记来源 {source}（依据、告知书、影响评估）。",
        )
    registration = SourceRegistration(
        source=source,
        title=_TITLES[source],
        zone=Zone.CORE,
        handler="街道社区服务窗口",
        legal_basis=queries.LEGAL_BASIS,
        agreement="合成数据",
        permitted_purposes=(_PURPOSES[source], "record_review"),
        notice_version=queries.NOTICE_VERSION,
        assessment_id="",
        assessment_approved_on=None,
        retention_days=DELIVERIES_KEPT_DAYS,
        refresh_days=1,
        has_personal_columns=True,
        synthetic=True,
    )
    access.register_source(registration, by=BUILDER, at=at)


def _was_delivered(store: Store, source: str) -> bool:
    return any((store.vault / Zone.CORE.value / source).glob("*/snapshot.json"))
