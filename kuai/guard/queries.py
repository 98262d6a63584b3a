"""Reads others may call: purposes, sources, tickets. Needs Django."""

from __future__ import annotations

from datetime import datetime

from kuai.guard.engine.areas import covers, covers_any
from kuai.guard.engine.purposes import (
    DENIED_PURPOSES,
    Purpose,
    intersect_purposes,
    lowest_status,
    permitted_purposes,
)
from kuai.guard.models import Account, SourceRecord, TicketRecord
from kuai.guard.retention_list import list_overdue_things
from kuai.guard.source_register import as_registration, find_source
from kuai.guard.types import Actor, SourceRegistration, Ticket

__all__ = [
    "are_two_people",
    "DENIED_PURPOSES",
    "count_accounts",
    "covers",
    "covers_any",
    "find_actor_by_login",
    "find_source",
    "intersect_purposes",
    "is_synthetic_store",
    "list_live_tickets",
    "list_overdue_things",
    "list_purposes",
    "list_sources",
    "lowest_status",
]


def list_purposes() -> tuple[Purpose, ...]:
    """The permitted purposes, in the order of the list."""
    return tuple(permitted_purposes().values())


def list_sources() -> tuple[SourceRegistration, ...]:
    """Every registered source, by name."""
    return tuple(as_registration(record) for record in SourceRecord.objects.order_by("source"))


def is_synthetic_store() -> bool:
    """Has this store sources, and are all of them marked synthetic? A store without sources is not known to be."""
    return (
        SourceRecord.objects.exists() and not SourceRecord.objects.filter(synthetic=False).exists()
    )


def list_live_tickets(holder: Actor, *, at: datetime) -> tuple[Ticket, ...]:
    """Tickets of `holder` whose time runs, soonest ending first; whether their work is open is asked at reading."""
    records = TicketRecord.objects.filter(
        holder=holder.user_id, begins_at__lte=at, ends_at__gt=at, ended_at__isnull=True
    )
    return tuple(record.as_ticket() for record in records.order_by("ends_at", "ticket_id"))


def find_actor_by_login(username: str) -> Actor | None:
    """The actor behind an active login, or None."""
    account = Account.objects.filter(username=username, is_active=True).first()
    return None if account is None else account.as_actor()


def are_two_people(one: str, other: str) -> bool:
    """Whether two logins are two people for certain: each has a staff number, and the numbers differ."""
    numbers = Account.objects.filter(username__in=(one, other)).values_list("username", "staff_no")
    known = {login: number.strip() for login, number in numbers if number.strip()}
    return len(known) == 2 and len(set(known.values())) == 2  # noqa: PLR2004 - two people


def count_accounts() -> int:
    """How many logins are active."""
    return Account.objects.filter(is_active=True).count()
