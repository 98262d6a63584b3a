"""The outbox: one message a contact a day, claimed before it leaves, so that none leaves twice unseen. Private.

A kill between the gateway and the record leaves a claim; the next run marks it unsure and a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from kuai.guard import access
from kuai.guard.queries import covers_any
from kuai.guard.types import Actor, TicketKind
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.services.questions import asking
from kuai.services.questions.engine.moves import ANSWERABLE
from kuai.services.questions.engine.texts import digest_of, new_number, new_token, sms_text
from kuai.services.questions.gateways import Gateway, current_gateway
from kuai.services.questions.models import Message, MessageLine, Question
from kuai.services.questions.types import MessageState, State, Way

# A gateway answers within this; an older claim is of a run that died.
MOST_IN_A_MESSAGE = 99
CLAIM_LASTS = timedelta(minutes=10)
TICKET_LASTS = timedelta(hours=1)
PERSON = "person:"
ORIGIN = "question:"


def send_due(store: Store, *, by: Actor, at: datetime, gateway: Gateway | None = None) -> Receipt:
    """Send what is open in the actor's areas: received = sent + to print (refused) + failed or unsure (quarantined).

    The actor reads each phone by a ticket of the questions, so it stands in the ledger. May be repeated: a contact has
    one message a day, and a claim is never sent by another run.
    """
    mark_unsure(at=at)
    _require_short(at)
    send = gateway or current_gateway()
    outcome = {state: 0 for state in MessageState}
    for contact, rows in sorted(_due(by).items()):
        message = _claim(contact, rows, by=by, at=at)
        if message is not None:
            outcome[_send(store, message, rows, send=send, by=by, at=at)] += 1
    to_print = outcome[MessageState.TO_PRINT]
    held = outcome[MessageState.FAILED] + outcome[MessageState.UNSURE]
    sent = outcome[MessageState.SENT]
    return Receipt(
        stage="questions_sent",
        received=sent + to_print + held,
        kept=sent,
        refused=to_print,
        quarantined=held,
        what="messages",
    )


def count_waiting(*, beyond: Iterable[str]) -> int:
    """Contacts whose messages are due outside these areas: nobody's mandate reaches them. No phone is read."""
    covered = list(beyond)
    rows = [
        one
        for one in Question.objects.filter(state=State.OPEN.value, is_check=False).exclude(
            contact=""
        )
        if not covers_any(covered, (one.area_path,) if one.area_path else ())
    ]
    paused = asking.paused_numbers(rows)
    # A letter that waits for the printer waits for no mandate.
    claimed = set(
        MessageLine.objects.filter(
            message__state__in=(MessageState.UNSURE.value, MessageState.TO_PRINT.value)
        ).values_list("question__number", flat=True)
    )
    return len({one.contact for one in rows if one.number not in paused | claimed})


def _require_short(at: datetime) -> None:
    """Refuse before anything is claimed where no message of this installation would fit."""
    sms_text(
        count=MOST_IN_A_MESSAGE,
        link=link_of(new_token()),
        number=new_number("M"),
        until=local_day(at).replace(month=12, day=30),
    )


def mark_unsure(*, at: datetime) -> int:
    """Claims that nobody recorded: sent or not, nobody knows. Returns how many. May be repeated."""
    stale = Message.objects.filter(
        state=MessageState.CLAIMED.value, claimed_at__lt=at - CLAIM_LASTS
    )
    return stale.update(state=MessageState.UNSURE.value, recorded_at=at)


def settle_unsure(number: str, *, was_sent: bool, by: Actor, at: datetime) -> None:
    """A person looked it up at the gateway's: it went out, or it did not and may go tomorrow. Entered in the ledger."""
    asking.require_asking_role(by)
    with transaction.atomic():
        row = Message.objects.filter(number=number, state=MessageState.UNSURE.value).first()
        if row is None or not covers_any(by.areas, (row.area_path,)):
            raise Refusal("message.none", "辖区里没有这条说不清的消息。")
        row.state = (MessageState.SENT if was_sent else MessageState.FAILED).value
        row.recorded_at = at
        row.save()
        if was_sent:
            _mark_asked(_questions_of(row), by=by.user_id, at=at)
        access.record_entry(
            actor=by,
            action="question.message_settled",
            object_kind="message",
            object_refs=(row.number,),
            purpose="fact_upkeep",
            count=1,
            at=at,
            outcome=row.state,
        )


def claim_letters(*, by: Actor, at: datetime) -> list[tuple[Message, str]]:
    """The letters that wait in the actor's areas, each with a fresh token; marked sent, because they are in the
    printer's hands. One that was lost is asked for again by its number."""
    asking.require_asking_role(by)
    claimed = []
    waiting = Message.objects.filter(state=MessageState.TO_PRINT.value).order_by("pk")
    for row in waiting:
        if not covers_any(by.areas, (row.area_path,)):
            continue
        asked = _questions_of(row)
        if asking.paused_numbers(asked):
            # Contested since, or its rule stopped: the letter waits with its question.
            continue
        if not any(State(one.state) in ANSWERABLE for one in asked):
            # Answered elsewhere, or nobody asks any more: no letter lies at a door for nothing.
            _record(row, MessageState.FAILED, at=at)
            continue
        with transaction.atomic():
            taken = Message.objects.filter(pk=row.pk, state=MessageState.TO_PRINT.value)
            token = new_token()
            if not taken.update(
                state=MessageState.SENT.value, token_digest=digest_of(token), recorded_at=at
            ):
                continue
            _mark_asked(_questions_of(row), by=by.user_id, at=at)
        claimed.append((row, token))
    return claimed


def print_again(number: str, *, by: Actor, at: datetime) -> None:
    """A letter was lost on its way: the next print has it, and its old link opens nothing."""
    asking.require_asking_role(by)
    row = Message.objects.filter(number=number, way=Way.LETTER.value).first()
    if row is None or not covers_any(by.areas, (row.area_path,)):
        raise Refusal("message.none", "辖区里没有这封信。")
    row.state, row.token_digest, row.recorded_at = MessageState.TO_PRINT.value, "", at
    row.save()


def link_of(token: str) -> str:
    """The address that a message carries; empty where the city has set none, then people answer at the counter."""
    origin = str(settings.KUAI_ANSWER_ORIGIN).rstrip("/")
    return f"{origin}/q/{token}/" if origin else ""


def message_names(origin: str, ref: str) -> bool:
    """Whether the question behind a ticket is about, or put to, this person."""
    row = Question.objects.filter(number=origin.removeprefix(ORIGIN)).first()
    return row is not None and ref in (row.contact, row.subject_ref)


def _due(by: Actor) -> dict[str, list[Question]]:
    rows = asking.in_areas(
        Question.objects.filter(state=State.OPEN.value, is_check=False).exclude(contact=""), by
    )
    paused = asking.paused_numbers(rows)
    due: dict[str, list[Question]] = {}
    for row in rows:
        if row.number not in paused:
            due.setdefault(row.contact, []).append(row)
    return due


def _claim(contact: str, rows: list[Question], *, by: Actor, at: datetime) -> Message | None:
    """The claim, written before anything leaves; None where this contact has its message of the day."""
    # Claimed ones too: at midnight another run may still be handing yesterday's over.
    unclear = Message.objects.filter(
        contact=contact,
        state__in=(
            MessageState.CLAIMED.value,
            MessageState.UNSURE.value,
            MessageState.TO_PRINT.value,
        ),
    )
    if unclear.filter(lines__question__in=rows).exists():
        return None
    is_person = contact.startswith(PERSON)
    last_day = max(one.due_on for one in rows)
    message = Message(
        number=new_number("M"),
        contact=contact,
        day=local_day(at),
        way=(Way.SMS if is_person else Way.LETTER).value,
        state=MessageState.CLAIMED.value,
        area_path=rows[0].area_path,
        expires_at=at + timedelta(days=(last_day - local_day(at)).days + 1),
        claimed_by=by.user_id,
        claimed_at=at,
    )
    try:
        with transaction.atomic():
            message.save(force_insert=True)
            MessageLine.objects.bulk_create(
                MessageLine(message=message, question=one) for one in rows
            )
    except IntegrityError:
        return None
    return message


def _send(
    store: Store,
    message: Message,
    rows: list[Question],
    *,
    send: Gateway,
    by: Actor,
    at: datetime,
) -> MessageState:
    phone = _phone(store, rows[0], by=by, at=at) if message.way == Way.SMS.value else ""
    if not phone:
        return _record(message, MessageState.TO_PRINT, at=at, way=Way.LETTER)
    token = new_token()
    text = sms_text(
        count=len(rows), link=link_of(token), number=message.number, until=rows[0].due_on
    )
    message.token_digest = digest_of(token)
    message.save()
    try:
        send(message.number, phone, text)
    except Refusal:
        return _record(message, MessageState.FAILED, at=at)
    except Exception:  # noqa: BLE001 - a city's own gateway may raise anything; it may have sent
        return _record(message, MessageState.UNSURE, at=at)
    with transaction.atomic():
        _mark_asked(rows, by=by.user_id, at=at)
        return _record(message, MessageState.SENT, at=at)


def _record(
    message: Message, state: MessageState, *, at: datetime, way: Way | None = None
) -> MessageState:
    message.state, message.recorded_at = state.value, at
    if way is not None:
        message.way = way.value
    message.save()
    return state


def _mark_asked(rows: Iterable[Question], *, by: str, at: datetime) -> None:
    for row in rows:
        if row.state == State.OPEN.value:
            asking.move(row, State.SENT, by=by, at=at, because="message")


def _questions_of(message: Message) -> list[Question]:
    return list(Question.objects.filter(lines__message=message))


def _phone(store: Store, row: Question, *, by: Actor, at: datetime) -> str:
    """The phone by a ticket of this question; empty where there is none, or it may not be read (a child's)."""
    try:
        ticket = access.issue_ticket(
            access.TicketRequest(
                kind=TicketKind.QUESTION,
                origin=f"{ORIGIN}{row.number}",
                purpose=row.purpose,
                subjects=(row.contact,),
                fields=("phone",),
                ends_at=at + TICKET_LASTS,
            ),
            holder=by,
            at=at,
        )
        card = access.reveal(row.contact, ("phone",), to=by, ticket=ticket, at=at, store=store)
    except Refusal:
        return ""
    phone = str(card["phone"] or "")
    return phone if phone.isdigit() and len(phone) == 11 else ""
