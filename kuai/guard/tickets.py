"""Tickets: leave to read, issued by live work only. A ticket dies with its work or its time, whichever is first.

Rooms that own work tell the guard how to ask whether a piece of it is open, and whom it names (`register_origin`).
There is no way to get a ticket by choosing a purpose.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from kuai.guard.engine import reading
from kuai.guard.engine.purposes import Purpose, require_purpose
from kuai.guard.engine.ticket_terms import LONGEST, MOST_ON_A_FORM, MOST_SUBJECTS
from kuai.guard.ledger import record_entry
from kuai.guard.models import Account, TicketRecord
from kuai.guard.types import Actor, Ticket, TicketKind
from kuai.kit.errors import Refusal


@dataclass(frozen=True)
class WorkOrigin:
    """How to ask a room about its work: is it open, does it name this person, is it in this holder's hands?"""

    kind: TicketKind
    is_open: Callable[[str], bool]
    names_subject: Callable[[str, str], bool]
    is_held_by: Callable[[str, Actor], bool]


_ORIGINS: dict[TicketKind, WorkOrigin] = {}


def register_origin(
    kind: TicketKind,
    is_open: Callable[[str], bool],
    *,
    names_subject: Callable[[str, str], bool],
    is_held_by: Callable[[str, Actor], bool],
) -> None:
    """Let live work of `kind` issue tickets. Called once, when a room starts; again replaces. Never break-glass."""
    if kind is TicketKind.BREAK_GLASS:
        raise ValueError("break-glass is opened by an incident and never issues a ticket")
    _ORIGINS[kind] = WorkOrigin(kind, is_open, names_subject, is_held_by)


def withdraw_origin(kind: TicketKind) -> None:
    """Work of `kind` no longer issues tickets, and those it issued are dead."""
    _ORIGINS.pop(kind, None)


@dataclass(frozen=True)
class TicketRequest:
    """What live work asks for: by which work, for which purpose, whose fields, until when."""

    kind: TicketKind
    origin: str
    purpose: str
    subjects: tuple[str, ...]
    fields: tuple[str, ...]
    ends_at: datetime


def issue_ticket(request: TicketRequest, *, holder: Actor, at: datetime) -> Ticket:
    """Issue a ticket to `holder` for the live work of `request`; refuses work that is unknown, closed, somebody
    else's or about others, a role or kind that the purpose has not, and too much or too long."""
    purpose = require_purpose(request.purpose)
    _require_holder(holder, purpose)
    _require_kind(request, purpose)
    _require_live_work(request, holder)
    _require_modest(request, at=at)
    record = TicketRecord(
        ticket_id=f"T-{secrets.token_hex(8)}",
        kind=request.kind.value,
        origin=request.origin,
        purpose=request.purpose,
        holder=holder.user_id,
        subjects=sorted(set(request.subjects)),
        fields=sorted(set(request.fields)),
        begins_at=at,
        ends_at=request.ends_at,
    )
    with transaction.atomic():
        record.save(force_insert=True)
        record_entry(
            actor=holder,
            action="ticket.issued",
            # Persons, or the delivery whose rows go back.
            object_kind=reading.split_ref(record.subjects[0])[0],
            object_refs=tuple(reading.split_ref(ref)[1] for ref in record.subjects),
            fields=tuple(record.fields),
            purpose=request.purpose,
            ticket_id=record.ticket_id,
            count=len(record.subjects),
            at=at,
        )
    return record.as_ticket()


def _require_holder(holder: Actor, purpose: Purpose) -> None:
    account = Account.objects.filter(username=holder.user_id, is_active=True).first()
    if account is None or account.as_actor() != holder:
        raise Refusal("ticket.unknown_holder", "没有这个在用的账号，不能发凭据。")
    if holder.role not in purpose.roles:
        raise Refusal("access.role", f"这个角色不办理“{purpose.title_zh}”。")


def _require_kind(request: TicketRequest, purpose: Purpose) -> None:
    if request.kind not in _ORIGINS:
        raise Refusal(
            "ticket.unknown_origin", "这类工作没有登记，不能发凭据。凭据只由进行中的工作发出。"
        )
    if request.kind not in purpose.ticket_kinds:
        raise Refusal("ticket.wrong_kind", f"“{purpose.title_zh}”不由这类工作发凭据。")


def _require_live_work(request: TicketRequest, holder: Actor) -> None:
    origin = _ORIGINS[request.kind]
    if not origin.is_open(request.origin):
        raise Refusal("ticket.work_closed", "这项工作不存在或已经办结，不能发凭据。")
    if not origin.is_held_by(request.origin, holder):
        raise Refusal("ticket.work_of_another", "这项工作不在你手上，不能发凭据。")
    if not all(origin.names_subject(request.origin, ref) for ref in request.subjects):
        raise Refusal("ticket.other_person", "凭据里有这项工作没有涉及的人。")


def _require_modest(request: TicketRequest, *, at: datetime) -> None:
    most = MOST_ON_A_FORM if request.kind is TicketKind.FORM else MOST_SUBJECTS
    if not 0 < len(set(request.subjects)) <= most:
        raise Refusal("ticket.subjects", f"一张凭据要写明 1 到 {most} 个人。")
    for ref in request.subjects:
        reading.split_ref(ref)
    unknown = [field for field in request.fields if field not in reading.TICKET_FIELDS]
    if unknown or not request.fields:
        raise Refusal("ticket.fields", "凭据要写明字段，并且只能写登记过的字段。")
    if not at < request.ends_at <= at + LONGEST[request.kind]:
        raise Refusal("ticket.term", f"这类凭据最长 {LONGEST[request.kind]}，并且要晚于现在结束。")


def get_live_ticket(ticket_id: str, *, holder: Actor, at: datetime) -> Ticket:
    """The ticket, if it is live and the holder's; refuses otherwise. The database is asked, never the caller."""
    record = TicketRecord.objects.filter(ticket_id=ticket_id).first() if ticket_id else None
    if record is None:
        raise Refusal(
            "ticket.none",
            "没有可用的凭据。",
            next_step="个人资料只能从进行中的工作（工单、申请、申报、核校）里打开。",
        )
    ticket = record.as_ticket()
    reading.require_live_ticket(ticket, holder=holder, at=at, work_is_open=_is_work_open(ticket))
    if not Account.objects.filter(username=holder.user_id, is_active=True).exists():
        raise Refusal("ticket.holder_closed", "这个账号已经停用，它的凭据随之失效。")
    return ticket


def is_live_ticket(ticket_id: str, *, holder: Actor, at: datetime) -> bool:
    """`get_live_ticket` as a yes or no, for commands."""
    try:
        get_live_ticket(ticket_id, holder=holder, at=at)
    except Refusal:
        return False
    return True


def _is_work_open(ticket: Ticket) -> bool:
    origin = _ORIGINS.get(ticket.kind)
    return origin is not None and origin.is_open(ticket.origin)


def end_tickets(
    kind: TicketKind, origin: str, *, at: datetime, because: str = "work_closed"
) -> int:
    """End every ticket of one piece of work; returns how many. A room calls it when it closes the work, though
    nothing hangs on it: a ticket of closed work is refused anyway. May be repeated."""
    open_tickets = TicketRecord.objects.filter(
        kind=kind.value, origin=origin, ended_at__isnull=True
    )
    return open_tickets.update(ended_at=at, ended_because=because)


def end_dead_tickets(*, at: datetime) -> int:
    """Write down the end of tickets whose time is over or whose work was closed; the nightly run calls it."""
    expired = TicketRecord.objects.filter(ended_at__isnull=True, ends_at__lte=at)
    ended = expired.update(ended_at=at, ended_because="expired")
    for record in TicketRecord.objects.filter(ended_at__isnull=True).iterator():
        if not _is_work_open(record.as_ticket()):
            ended += end_tickets(TicketKind(record.kind), record.origin, at=at)
    return ended


# --- the one kind of work that the guard itself owns: a resident reading their own file ---------------


def own_data_origin(actor: Actor) -> str:
    """The origin of a resident's reading of their own file."""
    return f"person:{actor.person_code}"


def _has_own_account(origin: str) -> bool:
    code = reading.split_ref(origin)[1]
    return Account.objects.filter(person_code=code, role="resident", is_active=True).exists()


def register_own_data() -> None:
    """Residents may read their own file. Called when the guard starts."""
    register_origin(
        TicketKind.OWN_DATA,
        _has_own_account,
        names_subject=lambda origin, ref: ref == origin,
        is_held_by=lambda origin, actor: (
            bool(actor.person_code) and origin == own_data_origin(actor)
        ),
    )
