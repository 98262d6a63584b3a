"""Actors, accounts, tickets and sealed persons for the guard's tests. Synthetic values only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from kuai.guard.engine.reading import ResolvedSubject, SealedMention
from kuai.guard.types import Actor, Role, SourceRegistration, Ticket, TicketKind, Zone

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)  # a Friday, noon in Shenzhen
TODAY = date(2026, 11, 20)
PERSON = "person:P-00000001-A"
OTHER_PERSON = "person:P-00000002-B"
AREA = "440310/440310001"
PLACE = "440310/440310001/440310001003/room"
ORDER = "order:77"


def an_actor(role: Role = Role.DEPARTMENT_CLERK, **changes: Any) -> Actor:
    """A department clerk of one sub-district, unless said otherwise."""
    return replace(Actor(user_id="li", role=role, areas=(AREA,)), **changes)


def a_ticket(**changes: Any) -> Ticket:
    """A live ticket of `li` for one person's name and phone, because of an order."""
    ticket = Ticket(
        ticket_id="T-1",
        kind=TicketKind.ORDER,
        origin=ORDER,
        purpose="rental_management",
        holder="li",
        subjects=(PERSON,),
        fields=("name", "phone"),
        begins_at=NOON - timedelta(hours=1),
        ends_at=NOON + timedelta(hours=1),
    )
    return replace(ticket, **changes)


def a_mention(row_no: int = 0, **changes: Any) -> SealedMention:
    """A naming of a person in the core zone."""
    mention = SealedMention(
        zone=Zone.CORE,
        source="rentals",
        period="2026-11",
        row_no=row_no,
        mention_key=f"rentals:{row_no}#tenant",
    )
    return replace(mention, **changes)


def a_subject(**changes: Any) -> ResolvedSubject:
    """A grown-up with one core mention, living in the area."""
    subject = ResolvedSubject(mentions=(a_mention(),), area_paths=(PLACE,), is_child_under_14=False)
    return replace(subject, **changes)


def a_registration(**changes: Any) -> SourceRegistration:
    """A real source with persons, completely registered and assessed."""
    registration = SourceRegistration(
        source="rentals",
        title="房屋租赁备案",
        zone=Zone.CORE,
        handler="住房和建设局",
        legal_basis="职责清单 3-12",
        agreement="2026-017",
        permitted_purposes=("rental_management", "residence_registration"),
        notice_version="v2",
        assessment_id="PIA-2026-4",
        assessment_approved_on=date(2026, 1, 15),
        retention_days=365,
        refresh_days=31,
        has_personal_columns=True,
        synthetic=False,
    )
    return replace(registration, **changes)


def identity_rows(rows: int, *, tenants_per_row: int = 1) -> pa.Table:
    """The sealed table `identity` of a delivery: synthetic division code, invented names and phones."""
    numbers = [(row, place) for row in range(rows) for place in range(tenants_per_row)]
    role = ("tenant", "landlord", "agent")
    return pa.table(
        {
            "mention_key": [f"rentals:{row}#{role[place]}" for row, place in numbers],
            "row_no": pa.array([row for row, _ in numbers], pa.int32()),
            "name": [f"测{role[place][0]}{row}" for row, place in numbers],
            "id_number": [f"440380190001{row % 1_000_000:06d}" for row, _ in numbers],
            "phone": [f"1380{row:07d}" for row, _ in numbers],
        }
    )
