"""Answers: by link, by phone, at the counter, from a visit. Each becomes a decision of the registry, or nothing.

A department hears of it by the case that the registry opens. Private: see the doors.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from kuai.guard import access
from kuai.guard.actions import tokenise
from kuai.guard.types import Actor, Role, Ticket, TicketKind, Zone
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import decisions
from kuai.registry.decisions import DecisionKind, EvidenceKind, Objection, VerifiedLevel
from kuai.services.questions import asking
from kuai.services.questions.engine.moves import ANSWERABLE
from kuai.services.questions.engine.texts import digest_of
from kuai.services.questions.models import GivenAnswer, LinkMiss, Message, Question
from kuai.services.questions.sending import ORIGIN, PERSON
from kuai.services.questions.types import (
    AskedByLink,
    By,
    MessageState,
    Said,
    Settled,
    State,
    Way,
)

# A slip of the finger or two; more tries links. By network address.
MOST_MISSES, MISSES_WITHIN = 20, timedelta(hours=1)
TICKET_LASTS = timedelta(days=5)
FIELDS = ("name", "phone")
# A door where nobody was met twice is left alone: nothing is concluded.
MOST_VISITS = 2
BY_LINK = frozenset({Said.HOLDS, Said.ENDED, Said.WRONG, Said.UNKNOWN, Said.REFUSED})
# What decides something; the rest may be written down while a question stands still.
EFFECTIVE = frozenset({Said.HOLDS, Said.ENDED, Said.WRONG})
_ENDS = frozenset({Role.DATA_STEWARD, Role.DEPARTMENT_CLERK, Role.SUBDISTRICT_CLERK})
_SAYS = {Said.ENDED: Objection.MOVED_OUT, Said.WRONG: Objection.OTHER}
_LIVES = ("PH_RESIDE|", "PH_RENT|")


@dataclass(frozen=True)
class Word:
    """One answer on its way in."""

    said: Said
    by: By
    ends_on: date | None = None


def open_link(store: Store, token: str, *, address: str, at: datetime) -> tuple[AskedByLink, ...]:
    """What a link asks. One sentence for a wrong, an expired, an answered and an ill-formed link; tries are counted."""
    rows = _asked_by(_message(store, token, address=address, at=at))
    paused = asking.paused_numbers(rows)
    return tuple(
        AskedByLink(
            number=row.number,
            text=row.text,
            reason=row.reason,
            basis=row.basis,
            responsible=row.responsible,
            channel=row.channel,
            due_on=row.due_on,
            is_answered=State(row.state) not in ANSWERABLE,
            is_paused=row.number in paused,
            is_request=row.origin.startswith(asking.OF_CELLS),
        )
        for row in rows
    )


def answer_link(
    store: Store, token: str, number: str, said: Said, *, address: str, at: datetime
) -> Settled:
    """One answer, once, by whoever holds the link.

    A phone that is on file speaks for its person: it may take their own fact out of use, as a login may. A letter
    may lie in anybody's hands: what it brings waits for staff.
    """
    message = _message(store, token, address=address, at=at)
    row = next((one for one in _asked_by(message) if one.number == number), None)
    if row is None or said not in BY_LINK:
        raise Refusal("question.answer", "请选一个回答。")
    word = Word(said, By.LINK)
    with transaction.atomic():
        _require_open(row)
        if said in EFFECTIVE and asking.paused_numbers([row]):
            raise Refusal("question.paused", "这一条有异议，正在校核，暂时不用答。")
        decided = None
        if message.way == Way.SMS.value and said in _SAYS and row.contact == row.subject_ref:
            decided = _contest_own(store, row, message, said, at=at)
        return _keep(row, word, decided, entered_by=message.number, at=at, needs_staff=True)


def take_ticket(number: str, *, by: Actor, at: datetime) -> Ticket:
    """A ticket about the person of one question; the guard enters it. Refuses other roles and areas."""
    row = asking.find_in_area(number, by)
    ref = row.contact if row.contact.startswith(PERSON) else row.subject_ref
    if not ref.startswith(PERSON):
        raise Refusal("question.nobody", "这个问题没有写到哪一个人，不用凭据。")
    return access.issue_ticket(
        access.TicketRequest(
            kind=TicketKind.QUESTION,
            origin=f"{ORIGIN}{row.number}",
            purpose=row.purpose,
            subjects=(ref,),
            fields=FIELDS,
            ends_at=at + TICKET_LASTS,
        ),
        holder=by,
        at=at,
    )


def settle(
    store: Store,
    number: str,
    said: Said,
    *,
    way: By,
    by: Actor,
    at: datetime,
    ends_on: date | None = None,
) -> Settled:
    """What staff were told or saw. Holds on a visit promotes the fact, ended ends it, wrong disputes it; the rest
    leaves it as it is. Refuses what stands still, and a day that is not over."""
    row = asking.find_in_area(number, by)
    word = Word(said, way, ends_on)
    if ends_on is not None and (said is not Said.ENDED or ends_on > local_day(at)):
        raise Refusal("question.day", "只有“已经不是”才写终止日期，并且不晚于今天。")
    with transaction.atomic():
        _require_open(row, also_answered=True)
        if said in EFFECTIVE and asking.paused_numbers([row]):
            raise Refusal(
                "question.paused",
                "这一条有异议正在校核，或这条规则停用了：先等结果。",
                next_step="校核办结以后再记。",
            )
        decided = _decide(store, row, word, by=by, at=at)
        settled = _keep(row, word, decided, entered_by=by.user_id, at=at, needs_staff=False)
        access.record_entry(
            actor=by,
            action="question.answered",
            object_kind="question",
            object_refs=(row.number,),
            purpose="fact_upkeep",
            count=1,
            at=at,
            outcome=said.value,
        )
    if settled.state is State.CLOSED:
        access.end_tickets(TicketKind.QUESTION, f"{ORIGIN}{row.number}", at=at)
    return settled


def is_question_open(origin: str) -> bool:
    """Whether the question behind a ticket still asks."""
    row = Question.objects.filter(number=origin.removeprefix(ORIGIN)).first()
    return row is not None and row.state != State.CLOSED.value


def is_held_by(origin: str, actor: Actor) -> bool:
    """Whether the actor asks where the question lies."""
    row = Question.objects.filter(number=origin.removeprefix(ORIGIN)).first()
    return (
        row is not None
        and actor.role in asking.ASKING_ROLES
        and bool(asking.in_areas([row], actor))
    )


@dataclass(frozen=True)
class _Decided:
    """What the registry wrote."""

    sequence: int
    cases: tuple[str, ...] = ()


def _contest_own(
    store: Store, row: Question, message: Message, said: Said, *, at: datetime
) -> _Decided | None:
    if not row.fact_key:
        return None
    person = Actor(
        user_id=f"link-{message.number}",
        role=Role.RESIDENT,
        person_code=row.contact.removeprefix(PERSON),
    )
    found = decisions.contest_fact(store, row.fact_key, says=_says(row, said), by=person, at=at)
    return _Decided(found.sequence, tuple(one.number for one in found.cases))


def _decide(store: Store, row: Question, word: Word, *, by: Actor, at: datetime) -> _Decided | None:
    if not row.fact_key:
        return None
    reason = f"核对答复 {row.number}"
    evidence = {
        "evidence_kind": (
            EvidenceKind.VISIT if word.by is By.VISIT else EvidenceKind.OWN_DECLARATION
        ).value,
        "evidence_ref": row.number,
    }
    if word.said is Said.HOLDS:
        # What is only said stays asserted: a look at the door promotes, a word on the phone does not.
        return _promote(store, row, evidence, by=by, at=at) if word.by is By.VISIT else None
    if word.said is Said.ENDED and word.ends_on is not None and by.role in _ENDS:
        detail = {"on": word.ends_on.isoformat(), **evidence}
        return _Decided(
            decisions.decide_fact(
                store, DecisionKind.END, row.fact_key, detail=detail, reason=reason, by=by, at=at
            )
        )
    if word.said in _SAYS:
        found = decisions.contest_fact(
            store, row.fact_key, says=_says(row, word.said), reason=reason, by=by, at=at
        )
        return _Decided(found.sequence, tuple(one.number for one in found.cases))
    return None


def _promote(
    store: Store, row: Question, evidence: dict[str, str], *, by: Actor, at: datetime
) -> _Decided | None:
    if not decisions.may_decide(by.role, DecisionKind.VERIFY, level=VerifiedLevel.COMMUNITY):
        return None
    try:
        with transaction.atomic():
            sequence = decisions.promote_fact(
                store,
                row.fact_key,
                detail={"level": VerifiedLevel.COMMUNITY.value, **evidence},
                reason=f"上门核对 {row.number}",
                by=by,
                at=at,
            )
    except Refusal as refusal:
        # Of a kind that nobody verifies, or verified long ago: the answer stands without a step up.
        if refusal.code.startswith(("fact.level", "decision.level", "decision.verified")):
            return None
        raise
    return _Decided(sequence)


def _says(row: Question, said: Said) -> Objection:
    if said is Said.WRONG and row.fact_key.startswith(_LIVES):
        return Objection.NEVER_LIVED
    return _SAYS[said]


def _keep(
    row: Question,
    word: Word,
    decided: _Decided | None,
    *,
    entered_by: str,
    at: datetime,
    needs_staff: bool,
) -> Settled:
    GivenAnswer(
        question=row,
        said=word.said.value,
        by=word.by.value,
        ends_on=word.ends_on,
        decision=decided.sequence if decided else None,
        entered_by=entered_by,
        given_at=at,
    ).save()
    for end in _steps(row, word, is_decided=decided is not None, needs_staff=needs_staff):
        asking.move(row, end, by=entered_by, at=at, because=word.said.value)
    return Settled(
        row.number,
        State(row.state),
        decided.sequence if decided else None,
        decided.cases if decided else (),
    )


def _steps(row: Question, word: Word, *, is_decided: bool, needs_staff: bool) -> tuple[State, ...]:
    """The way of an answer: closed where it decided something or ends the asking, back to waiting where it is none."""
    start = State(row.state)
    if word.said is Said.NOT_MET:
        row.visits += 1
        if start is not State.CHECK:
            raise Refusal("question.not_met", "没有上门的问题不能记“没见到人”。")
        return (State.CLOSED,) if row.visits >= MOST_VISITS else (State.LAPSED,)
    if word.said is Said.UNKNOWN and row.ends_as_check and start is not State.CHECK:
        return ((State.ANSWERED,) if start is not State.ANSWERED else ()) + (State.LAPSED,)
    to_answered = (State.ANSWERED,) if start is not State.ANSWERED else ()
    waits = needs_staff and not is_decided and word.said is not Said.REFUSED
    return to_answered if waits else (*to_answered, State.CLOSED)


def _require_open(row: Question, *, also_answered: bool = False) -> None:
    row.refresh_from_db()
    state = State(row.state)
    if state not in ANSWERABLE and not (also_answered and state is State.ANSWERED):
        raise Refusal("question.answered", "这个问题已经答复过，谢谢。")


def _message(store: Store, token: str, *, address: str, at: datetime) -> Message:
    mark = tokenise(store, zone=Zone.CORE, value=f"address:{address or 'unknown'}") or ""
    recent = LinkMiss.objects.filter(address_mark=mark, missed_at__gt=at - MISSES_WITHIN)
    if recent.count() >= MOST_MISSES:
        raise Refusal("link.wait", "试错的次数太多了，请过一小时再试。", next_step="或到社区窗口。")
    row = Message.objects.filter(
        token_digest=digest_of(token),
        expires_at__gt=at,
        # Unsure ones too: it may have arrived.
        state__in=(
            MessageState.SENT.value,
            MessageState.UNSURE.value,
            MessageState.CLAIMED.value,
        ),
    ).first()
    if row is None or not any(State(one.state) in ANSWERABLE for one in _asked_by(row)):
        LinkMiss.objects.create(address_mark=mark, missed_at=at)
        raise Refusal(
            "link.unknown",
            "这个链接打不开：可能输错了、过期了，或者已经答复过。",
            next_step="不用再答；有疑问请到社区服务窗口。",
        )
    return row


def _asked_by(message: Message) -> list[Question]:
    return list(Question.objects.filter(lines__message=message).order_by("pk"))
