"""A build freezes the log of decisions as a bulk table: what is in force, without reasons and deciders. Private.

Its door is `decisions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from django.db import connection as work_database
from django.db.models import Max, QuerySet
from django.utils.timezone import get_default_timezone

from kuai.kit.engine import write_table
from kuai.kit.receipt import Receipt
from kuai.kit.tables import TableRef
from kuai.registry.engine.decision_kinds import DecisionKind
from kuai.registry.models import Decision
from kuai.registry.types import DECISION

# The keys of a decision beside its subjects, by the field of its detail.
MORE_PARTS = {"staying": "staying", "mentions": "mention"}
# What a decision says beyond its keys, by the field of its detail; no kind has two of these.
SAYING = ("says", "event", "suspicion")
_SCHEMA = pa.schema(
    [
        ("sequence", pa.int64()),
        ("kind", pa.string()),
        ("place", pa.int32()),
        ("part", pa.string()),
        ("subject", pa.string()),
        ("level", pa.string()),
        ("on_day", pa.date32()),
        ("says", pa.string()),
        ("evidence_kind", pa.string()),
        ("evidence_ref", pa.string()),
        ("decided_on", pa.date32()),
    ]
)


def freeze_decisions(
    connection: duckdb.DuckDBPyConnection, folder: Path, *, up_to: int | None = None
) -> tuple[TableRef, Receipt]:
    """Write the decisions in force after `up_to` (None: all there are) into `folder`. Repeatable: equal bytes.

    Withdrawals count as of the same place in the log, so that an old belief can be built again. Without a work
    database there is nothing to freeze, and the table is empty.
    """
    rows = pa.Table.from_pylist(list(_rows_up_to(up_to)), schema=_SCHEMA)
    connection.register("frozen_decision", rows)
    try:
        ref = write_table(connection, DECISION, "select * from frozen_decision", folder)
    finally:
        connection.unregister("frozen_decision")
    given = _log(up_to).count() if has_log() else 0
    in_force = len(set(rows["sequence"].to_pylist()))
    receipt = Receipt(
        "decisions",
        given,
        in_force,
        refused=given - in_force,
        what="decisions",
        notes={"keys": ref.rows, "sequence": last_sequence() if up_to is None else up_to},
    )
    return ref, receipt


def last_sequence() -> int:
    """Place of the newest decision in the log; 0 while there is none, or no work database."""
    if not has_log():
        return 0
    return int(Decision.objects.aggregate(newest=Max("pk"))["newest"] or 0)


def has_log() -> bool:
    """Whether there is a work database at all: one that was never migrated holds no decision."""
    names = work_database.introspection.table_names()
    return "django_migrations" in names


def in_force(up_to: int | None = None) -> QuerySet[Decision]:
    """Decisions in the log up to there that nobody had withdrawn by then, in order."""
    withdrawn = _log(up_to).filter(kind=DecisionKind.WITHDRAW).values("withdraws_id")
    return _log(up_to).exclude(kind=DecisionKind.WITHDRAW).exclude(pk__in=withdrawn)


def _log(up_to: int | None) -> QuerySet[Decision]:
    log = Decision.objects.order_by("pk")
    return log if up_to is None else log.filter(pk__lte=up_to)


def _rows_up_to(up_to: int | None) -> Iterator[dict[str, Any]]:
    if not has_log():
        return
    for decision in in_force(up_to).iterator(chunk_size=2000):
        yield from _rows_of(decision)


def _rows_of(decision: Decision) -> Iterator[dict[str, Any]]:
    detail: dict[str, Any] = decision.detail
    day = detail.get("on")
    common = {
        "sequence": decision.pk,
        "kind": decision.kind,
        "level": detail.get("level", ""),
        "on_day": date.fromisoformat(day) if day else None,
        "says": next((detail[name] for name in SAYING if name in detail), ""),
        "evidence_kind": detail.get("evidence_kind", ""),
        "evidence_ref": detail.get("evidence_ref", ""),
        "decided_on": decision.decided_at.astimezone(get_default_timezone()).date(),
    }
    parts = [("subject", decision.subjects)]
    parts += [(part, detail.get(name, ())) for name, part in MORE_PARTS.items()]
    for part, keys in parts:
        for place, key in enumerate(keys):
            yield {**common, "part": part, "place": place, "subject": key}
