"""Questions about declarations: asked once each, answered by a side or by staff, decided by no machine. Private."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.residence.engine.fields import OF_LANDLORDS
from kuai.services.residence.engine.marks import new_number
from kuai.services.residence.models import (
    CodeSent,
    Declaration,
    DeclarationStep,
    Question,
    QuestionAnswer,
)
from kuai.services.residence.on_file import LIVES, find_on_file, is_landlord_of
from kuai.services.residence.types import (
    DOUBTS,
    Act,
    Answer,
    AskedOf,
    Channel,
    Proof,
    QuestionKind,
    QuestionState,
    QuestionView,
    Step,
)

# What is not answered by then becomes a check.
ANSWER_DAYS = 14
WAITING = (QuestionState.OPEN.value, QuestionState.CHECK.value)
# A number that cannot be stays so however it was copied; against a verified fact a word is not enough; and a child
# alone is somebody to look after, not an answer to leave lying.
CHECKED_AFTER = frozenset(
    {
        (QuestionKind.IMPOSSIBLE_NUMBER, Answer.YES),
        (QuestionKind.CONTRADICTS_VERIFIED, Answer.YES),
        (QuestionKind.UNDER_AGE_ALONE, Answer.NO),
    }
)
DOUBT_VALUES = [one.value for one in DOUBTS]


def ask(
    declaration: Declaration,
    kind: QuestionKind,
    *,
    of: AskedOf,
    at: datetime,
    other: Declaration | None = None,
) -> Question:
    """One question; the same about the same declaration is asked once. What only staff may find out is a check."""
    known = Question.objects.filter(declaration=declaration, kind=kind.value).first()
    if known is not None:
        return known
    row = Question(
        number=new_number("Q"),
        kind=kind.value,
        asked_of=of.value,
        state=(QuestionState.CHECK if of is AskedOf.STAFF else QuestionState.OPEN).value,
        declaration=declaration,
        other=other,
        asked_at=at,
        due_on=local_day(at) + timedelta(days=ANSWER_DAYS),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return Question.objects.get(declaration=declaration, kind=kind.value)
    return row


def take_step(declaration: Declaration, step: Step, *, by: str, at: datetime) -> None:
    """Add a step; the same again adds nothing."""
    if not declaration.steps.filter(step=step.value).exists():
        DeclarationStep(declaration=declaration, step=step.value, taken_by=by, taken_at=at).save()


def agree(declaration: Declaration, *, by: str, at: datetime) -> None:
    """The other side said the same: what it was asked is answered."""
    take_step(declaration, Step.AGREED, by=by, at=at)
    asked = declaration.questions.filter(
        kind__in=(QuestionKind.TENANT_CONFIRMS.value, QuestionKind.LANDLORD_CONFIRMS.value),
        state__in=WAITING,
    )
    for question in asked:
        _answer(question, Answer.YES, by="declaration", at=at)


def list_for_proof(store: Store, proof: CodeSent) -> tuple[QuestionView, ...]:
    """The open questions that this proven phone may answer at this door: about what it declared itself, what was said
    of it by its own number, and as landlord only of a room that is on file as theirs. A name alone opens nothing."""
    return tuple(view_question(one) for one, _ in _asked_of(store, proof))


def answer_question(
    store: Store, number: str, answer: Answer, *, proof: CodeSent, at: datetime
) -> QuestionView:
    """One side's answer. A no ends nothing of the other's: it becomes one question to both."""
    asked = {one.number: (one, side) for one, side in _asked_of(store, proof)}
    if number not in asked:
        raise Refusal("question.none", "没有这个要您回答的问题。")
    question, side = asked[number]
    with transaction.atomic():
        _answer(question, answer, by=side, at=at)
        _follow(question, answer, side=side, at=at)
    return view_question(question)


def settle_question(question: Question, answer: Answer, *, by: str, at: datetime) -> None:
    """Staff's verdict on a doubt or a disagreement, after they asked: yes lets it in, no leaves it out."""
    with transaction.atomic():
        _answer(question, answer, by=by, at=at)
        step = {Answer.YES: Step.SETTLED, Answer.NO: Step.REFUTED}.get(answer)
        if step is not None:
            take_step(question.declaration, step, by=by, at=at)


def turn_into_checks(*, on: date) -> int:
    """Questions whose day is over without an answer become checks; returns how many. May be repeated."""
    due = Question.objects.filter(state=QuestionState.OPEN.value, due_on__lt=on)
    return due.update(state=QuestionState.CHECK.value)


def waiting_questions() -> QuerySet[Question]:
    """Open ones and checks, oldest first."""
    return Question.objects.filter(state__in=WAITING).select_related("declaration", "other")


def list_waiting(*, up_to: int = 10_000) -> tuple[QuestionView, ...]:
    """Every open question and check with its room, oldest first: what the outbox reads. To whom it goes is asked of
    the guard by a ticket; nothing of anybody is told here."""
    return tuple(view_question(one) for one in waiting_questions()[:up_to])


def held_back() -> Q:
    """Declarations that no build takes up: with an unanswered doubt, refuted, or withdrawn; and what an unknown phone
    said of a room whose door it did not stand before, until the tenant or staff confirm it."""
    doubted = Question.objects.filter(kind__in=DOUBT_VALUES, state__in=WAITING)
    over = (Step.REFUTED.value, Step.WITHDRAWN.value)
    refuted = DeclarationStep.objects.filter(step__in=over)
    confirmed = (Step.AGREED.value, Step.SETTLED.value)
    agreed = DeclarationStep.objects.filter(step__in=confirmed)
    unseen = Q(channel=Channel.SHEET_BY_ADDRESS.value, proof=Proof.PHONE.value)
    return (
        Q(pk__in=doubted.values("declaration"))
        | Q(pk__in=refuted.values("declaration"))
        | (unseen & ~Q(pk__in=agreed.values("declaration")))
    )


def view_question(row: Question) -> QuestionView:
    """As it crosses the door."""
    return QuestionView(
        number=row.number,
        kind=QuestionKind(row.kind),
        asked_of=AskedOf(row.asked_of),
        state=QuestionState(row.state),
        room_code=row.declaration.room_code,
        declaration=row.declaration.number,
        asked_at=row.asked_at,
        due_on=row.due_on,
    )


def _asked_of(store: Store, proof: CodeSent) -> Iterable[tuple[Question, str]]:
    if proof.door is None or not proof.phone_mark:
        return []
    room, phone = proof.door.room_code, proof.phone_mark
    of_room = waiting_questions().filter(declaration__room_code=room)
    found = []
    is_landlord: bool | None = None
    for one in of_room:
        made = one.declaration
        sides = _sides_of(one)
        if "declarant" in sides and made.declarant_mark == phone:
            found.append((one, "declarant"))
        elif "tenant" in sides and _is_tenant(store, one, phone):
            found.append((one, "tenant"))
        elif "landlord" in sides:
            if is_landlord is None:
                is_landlord = is_landlord_of(store, room, phone_mark=phone)
            if is_landlord:
                found.append((one, "landlord"))
    answered = set(
        QuestionAnswer.objects.filter(question__in=[one for one, _ in found]).values_list(
            "question_id", "answered_by"
        )
    )
    return [(one, side) for one, side in found if (one.pk, side) not in answered]


def _is_tenant(store: Store, question: Question, phone_mark: str) -> bool:
    """By the number given for them, by their own declaration, or by what is on file under their name and number."""
    made = question.declaration
    if phone_mark in (made.phone_mark, question.other.phone_mark if question.other else ""):
        return True
    if not made.name_mark:
        return False
    known = find_on_file(store, phone_mark=phone_mark, name_mark=made.name_mark)
    return known is not None and known.holds_at(made.room_code, LIVES)


def _sides_of(question: Question) -> tuple[str, ...]:
    asked = AskedOf(question.asked_of)
    return ("tenant", "landlord") if asked is AskedOf.BOTH else (asked.value,)


def _answer(question: Question, answer: Answer, *, by: str, at: datetime) -> None:
    QuestionAnswer(question=question, answer=answer.value, answered_by=by, answered_at=at).save()
    waits_for_other = question.asked_of == AskedOf.BOTH.value and (
        by in ("tenant", "landlord") and question.answers.count() < len(_sides_of(question))
    )
    if answer is not Answer.UNKNOWN and not waits_for_other:
        question.state = QuestionState.ANSWERED.value
        question.save(update_fields=["state"])


def _follow(question: Question, answer: Answer, *, side: str, at: datetime) -> None:
    """What an answer leads to: never an end of somebody else's declaration."""
    made, kind = question.declaration, QuestionKind(question.kind)
    if kind in DOUBTS:
        _follow_doubt(question, answer, at=at)
    elif kind is QuestionKind.DISAGREEMENT:
        _follow_disagreement(question, at=at)
    elif answer is Answer.YES:
        take_step(made, Step.AGREED, by=side, at=at)
    elif answer is Answer.NO:
        # Whoever merely says they let the room does not learn by this that its tenant answered.
        is_unknown = Act(made.act) in OF_LANDLORDS and made.proof != Proof.PHONE_ON_FILE.value
        of = AskedOf.STAFF if is_unknown else AskedOf.BOTH
        ask(made, QuestionKind.DISAGREEMENT, of=of, at=at, other=question.other)


def _follow_doubt(question: Question, answer: Answer, *, at: datetime) -> None:
    """One question, then a check: the declarant's own word settles what it can, and takes back what was wrong."""
    kind = QuestionKind(question.kind)
    if (kind, answer) in CHECKED_AFTER:
        _turn_into_check(question)
    elif answer is Answer.NO:
        take_step(question.declaration, Step.REFUTED, by="declarant", at=at)


def _follow_disagreement(question: Question, *, at: datetime) -> None:
    """When both have spoken: whoever declared it may have been wrong; else somebody has to look."""
    if question.state != QuestionState.ANSWERED.value:
        return
    made = question.declaration
    own = "landlord" if Act(made.act) in OF_LANDLORDS else "tenant"
    if question.answers.filter(answered_by=own, answer=Answer.NO.value).exists():
        take_step(made, Step.REFUTED, by=own, at=at)
    else:
        _turn_into_check(question)


def _turn_into_check(question: Question) -> None:
    question.state = QuestionState.CHECK.value
    question.save(update_fields=["state"])
