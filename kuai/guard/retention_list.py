"""What is kept too long, per table and per source: a list for the steward and the auditor.

Records of work and of sources are never deleted here. What is cleared, and entered with its count, is technical:
ended sessions, old failed logins, finished background tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from django.apps import apps
from django.db import transaction
from django.db.models import Min, Q

from kuai.guard.engine.retention import KeptThing, OverdueThing, last_day_of_period, list_overdue
from kuai.guard.ledger import record_entry
from kuai.guard.models import SourceRecord
from kuai.guard.types import Actor
from kuai.kit.clock import local_day
from kuai.kit.store import Store

THREE_YEARS = 3 * 365
TEN_YEARS = 10 * 365


@dataclass(frozen=True)
class TableTerm:
    """For how long rows of a table stay, counted from which of its times; only rows that `rows` picks."""

    since: str
    days: int
    rows: Q = Q()


# The tables whose rows come and go; the others are permanent or end with what they describe.
TABLE_TERMS = {
    "sessions.Session": TableTerm("expire_date", 1),
    "axes.AccessAttempt": TableTerm("attempt_time", 90),
    "django_tasks_database.DBTaskResult": TableTerm(
        "finished_at", 30, Q(finished_at__isnull=False)
    ),
    "guard.TicketRecord": TableTerm("ends_at", THREE_YEARS),
    "guard.BreakGlassRecord": TableTerm("ends_at", TEN_YEARS),
    "guard.LedgerEntry": TableTerm("recorded_at", THREE_YEARS),
}


TECHNICAL_TABLES = ("sessions.Session", "axes.AccessAttempt", "django_tasks_database.DBTaskResult")


def list_overdue_things(store: Store, *, as_of: date) -> tuple[OverdueThing, ...]:
    """Deliveries in the vault and rows of tables that should have gone by `as_of`, longest overdue first."""
    return list_overdue((*_kept_deliveries(store), *_kept_rows()), as_of=as_of)


def _kept_deliveries(store: Store) -> Iterator[KeptThing]:
    for record in SourceRecord.objects.order_by("source"):
        folder = store.vault / record.zone / record.source
        for delivery in sorted(folder.iterdir()) if folder.is_dir() else ():
            yield KeptThing(
                kind="source",
                name=record.source,
                period=delivery.name,
                rows=0,
                # A delivery with a name that is no period counts from the day it lay here.
                since=last_day_of_period(delivery.name) or _came_on(delivery),
                retention_days=record.retention_days,
            )


def _came_on(delivery: Path) -> date:
    """By its card, whose time a restored store keeps; a folder's own changes with every file in it."""
    card = delivery / "snapshot.json"
    told = (card if card.exists() else delivery).stat()
    return local_day(datetime.fromtimestamp(told.st_mtime, tz=UTC))


def _kept_rows() -> Iterator[KeptThing]:
    for label, term in TABLE_TERMS.items():
        rows = apps.get_model(label)._default_manager.filter(term.rows)
        oldest = rows.aggregate(oldest=Min(term.since))["oldest"]
        if oldest is not None:
            yield KeptThing(
                kind="table",
                name=label,
                period="",
                rows=rows.count(),
                since=local_day(oldest),
                retention_days=term.days,
            )


def clear_technical_rows(*, by: Actor, at: datetime) -> dict[str, int]:
    """Delete technical rows whose time is over; how many by table. For the nightly run; may be repeated."""
    cleared = {}
    with transaction.atomic():
        for label in TECHNICAL_TABLES:
            term = TABLE_TERMS[label]
            over = Q(**{f"{term.since}__lt": at - timedelta(days=term.days)})
            cleared[label], _ = (
                apps.get_model(label)._default_manager.filter(term.rows & over).delete()
            )
        if any(cleared.values()):
            record_entry(
                actor=by,
                action="retention.cleared",
                object_kind="table",
                object_refs=tuple(label for label, rows in cleared.items() if rows),
                purpose="administration",
                count=sum(cleared.values()),
                at=at,
            )
    return cleared
