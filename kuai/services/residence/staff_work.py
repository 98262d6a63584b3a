"""What staff see and do: counts of their own area, open questions by number, a ticket for one of them. Private."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from kuai.blocks.queries import open_blocks
from kuai.guard import access
from kuai.guard.access import ResolvedSubject, SealedMention
from kuai.guard.queries import covers_any
from kuai.guard.types import Actor, Role, Ticket, TicketKind, Zone
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.residence import questions, sealed_values
from kuai.services.residence.door_codes import PURPOSE
from kuai.services.residence.models import Declaration, Question
from kuai.services.residence.types import Act, Answer, AreaCount, QuestionView

# Who asks people and writes down what they answer; never an officer: declarations lead to no enforcement.
ASKING_ROLES = frozenset({Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK, Role.GRID_WORKER})
FEWEST_SHOWN = 10
TICKET_LASTS = timedelta(days=5)
FIELDS = ("name", "phone")
ORIGIN = "question:"


def count_declared(store: Store, *, by: Actor) -> tuple[AreaCount, ...]:
    """Declarations of the actor's areas by act; below ten nothing is told."""
    _require_asking_role(by)
    paths = _Paths(store)
    counted = Counter(
        act
        for act, room in Declaration.objects.values_list("act", "room_code").iterator()
        if covers_any(by.areas, paths.of(room))
    )
    return tuple(
        AreaCount(act, counted[act.value] if counted[act.value] >= FEWEST_SHOWN else None)
        for act in Act
        if counted[act.value]
    )


def list_area_questions(store: Store, *, by: Actor) -> tuple[QuestionView, ...]:
    """Open questions and checks of the actor's areas, oldest first; no name, no number."""
    _require_asking_role(by)
    paths = _Paths(store)
    return tuple(
        questions.view_question(one)
        for one in questions.waiting_questions()
        if covers_any(by.areas, paths.of(one.declaration.room_code))
    )


def take_question_ticket(number: str, *, by: Actor, at: datetime) -> Ticket:
    """A ticket about the one declaration of an open question; the guard enters it. Refuses other roles and areas.

    Of a child a grid worker's ticket opens nothing: the guard's rule for L4.
    """
    _require_asking_role(by)
    row = _find(number)
    return access.issue_ticket(
        access.TicketRequest(
            kind=TicketKind.DECLARATION,
            origin=f"{ORIGIN}{number}",
            purpose=PURPOSE,
            subjects=(f"declaration:{row.declaration.number}",),
            fields=FIELDS,
            ends_at=at + TICKET_LASTS,
        ),
        holder=by,
        at=at,
    )


def settle(store: Store, number: str, answer: Answer, *, by: Actor, at: datetime) -> None:
    """What staff found out by asking. Refuses whoever does not act there; entered in the ledger; ends its tickets."""
    _require_asking_role(by)
    row = _find(number)
    if not is_in_area(f"{ORIGIN}{number}", by, store=store):
        raise Refusal("question.not_your_area", "这个问题不在你的辖区。")
    if row.state not in questions.WAITING:
        raise Refusal("question.answered", "这个问题已经答复过。")
    questions.settle_question(row, answer, by=by.user_id, at=at)
    access.record_entry(
        actor=by,
        action="declaration.question_settled",
        object_kind="declaration",
        object_refs=(row.declaration.number,),
        purpose=PURPOSE,
        count=1,
        at=at,
        outcome=answer.value,
    )
    if row.state not in questions.WAITING:
        access.end_tickets(TicketKind.DECLARATION, f"{ORIGIN}{number}", at=at)


def is_question_open(origin: str) -> bool:
    """Whether the question behind a ticket is still open."""
    row = Question.objects.filter(number=origin.removeprefix(ORIGIN)).first()
    return row is not None and row.state in questions.WAITING


def question_names(origin: str, ref: str) -> bool:
    """Whether the question is about this declaration."""
    row = Question.objects.filter(number=origin.removeprefix(ORIGIN)).first()
    return row is not None and ref == f"declaration:{row.declaration.number}"


def is_in_area(origin: str, actor: Actor, *, store: Store) -> bool:
    """Whether the actor handles questions where this one lies."""
    row = Question.objects.filter(number=origin.removeprefix(ORIGIN)).first()
    if row is None or actor.role not in ASKING_ROLES:
        return False
    return covers_any(actor.areas, _Paths(store).of(row.declaration.room_code))


def resolve_declaration(number: str, *, store: Store) -> ResolvedSubject:
    """Where a declaration's sealed row lies, for the guard."""
    row = Declaration.objects.filter(number=number).first()
    if row is None:
        raise Refusal("declaration.none", "没有这份申报。")
    key = sealed_values.mention_key(row.sealed_period, row.sealed_row)
    sealed = (
        (SealedMention(Zone.CORE, sealed_values.SOURCE, row.sealed_period, row.sealed_row, key),)
        if row.sealed_period
        else ()
    )
    return ResolvedSubject(
        mentions=sealed,
        area_paths=_Paths(store).of(row.room_code),
        is_child_under_14=row.is_child_under_14,
    )


class _Paths:
    """The ways up from rooms, each read once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, room: str) -> tuple[str, ...]:
        if room not in self._known:
            try:
                reader = open_blocks(self._store.current_build())
                self._known[room] = (reader.path_of(room),)
            except Refusal:
                self._known[room] = ()
        return self._known[room]


def _find(number: str) -> Question:
    row = Question.objects.select_related("declaration").filter(number=number).first()
    if row is None:
        raise Refusal("question.none", "没有这个问题。")
    return row


def _require_asking_role(actor: Actor) -> None:
    if actor.role not in ASKING_ROLES:
        raise Refusal("question.not_yours", "申报里的问题由街道、部门窗口和网格员问。")
