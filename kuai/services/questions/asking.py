"""Questions opened, moved, paused. Private: see the doors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from kuai.blocks.queries import open_blocks
from kuai.guard import officials
from kuai.guard.free_text import require_nobody
from kuai.guard.queries import covers_any
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.queries import contested_facts
from kuai.services.questions.engine.moves import ANSWERABLE, LIVING, require_move
from kuai.services.questions.engine.texts import new_number
from kuai.services.questions.models import Message, PausedRule, Question, QuestionMove
from kuai.services.questions.types import Asking, QuestionView, Said, State

# What is not answered by then waits for a visit.
ANSWER_DAYS = 14
OF_RULES, OF_CELLS = "finding:", "cell:"
# Who asks people and writes down what they say. Never an officer: enforcement does not read questions.
ASKING_ROLES = frozenset({Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK, Role.GRID_WORKER})

Row = TypeVar("Row", Question, Message)


@dataclass(frozen=True)
class Place:
    """Where a question lies."""

    text: str = ""
    grid_code: str = ""
    area_path: str = ""


def open_question(store: Store, asking: Asking, *, at: datetime) -> str:
    """The number of the question; the same origin is asked once, whatever became of it. Refuses a text that tells of
    somebody, and one without reason, basis or responsible official."""
    known = Question.objects.filter(origin=asking.origin).first()
    if known is not None:
        _name_anew(known, asking.responsible)
        return known.number
    _require_whole(asking)
    place = place_of(store, asking.place_code)
    row = Question(
        number=new_number("Q"),
        origin=asking.origin,
        rule=asking.rule,
        text=asking.text,
        reason=asking.reason,
        purpose=asking.purpose,
        basis=asking.basis,
        responsible=officials.speak_of(asking.responsible),
        channel=officials.where_to_object(asking.responsible),
        subject_ref=asking.subject_ref,
        place_code=asking.place_code,
        place_text=place.text,
        grid_code=place.grid_code,
        area_path=place.area_path,
        contact=asking.contact,
        fact_key=asking.fact_key,
        is_check=asking.is_check,
        ends_as_check=asking.ends_as_check and bool(asking.place_code),
        usefulness=asking.usefulness,
        state=State.OPEN.value,
        asked_at=at,
        due_on=local_day(at) + timedelta(days=ANSWER_DAYS),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return Question.objects.get(origin=asking.origin).number
    return row.number


def _name_anew(row: Question, office: str) -> None:
    """Whoever answers for it now stands on what is still asked."""
    if row.state == State.CLOSED.value:
        return
    spoken, channel = officials.who_answers(office)
    if (row.responsible, row.channel) != (spoken, channel):
        row.responsible, row.channel = spoken, channel
        row.save(update_fields=["responsible", "channel"])


def close_gone(origins: Iterable[str], *, of: str, at: datetime) -> int:
    """Close living questions whose origin begins with `of` and is not among `origins`: nobody asks any more.

    May be repeated. Returns how many.
    """
    wanted = set(origins)
    rows = Question.objects.filter(origin__startswith=of, state__in=[one.value for one in LIVING])
    gone = [row for row in rows if row.origin not in wanted]
    # What is contested or suspended is in no run of the rules: it stands still, it is not gone.
    paused = paused_numbers(gone)
    gone = [row for row in gone if row.number not in paused]
    with transaction.atomic():
        for row in gone:
            move(row, State.CLOSED, by="flows", at=at, because="cause_gone")
    return len(gone)


def lapse_overdue(*, on: date, at: datetime) -> int:
    """Questions whose day is over without an answer lapse; paused ones wait. May be repeated. Returns how many."""
    late = Question.objects.filter(
        state__in=(State.OPEN.value, State.SENT.value), due_on__lt=on, is_check=False
    )
    rows = list(late)
    paused = paused_numbers(rows)
    lapsed = [row for row in rows if row.number not in paused]
    with transaction.atomic():
        # While it stands still no day runs: whoever was asked has their time afterwards.
        Question.objects.filter(number__in=paused).update(due_on=on + timedelta(days=ANSWER_DAYS))
        for row in lapsed:
            move(row, State.LAPSED, by="flows", at=at, because="deadline")
    return len(lapsed)


def pause_rule(rule: str, *, because: str, at: datetime) -> None:
    """A rule was suspended: nothing more of it is sent, visited or lapses. May be repeated."""
    if not PausedRule.objects.filter(rule=rule, until__isnull=True).exists():
        PausedRule.objects.create(rule=rule, because=because[:120], since=at)


def resume_rule(rule: str, *, at: datetime) -> None:
    """A rule is in force again. May be repeated."""
    PausedRule.objects.filter(rule=rule, until__isnull=True).update(until=at)


def paused_numbers(rows: Iterable[Question]) -> frozenset[str]:
    """Which of these stand still: their rule is suspended, or something about whom they are about is contested.

    Rules say nothing of a contested code, so that what they asked is found no more: it waits, it is not gone.
    """
    rules = set(PausedRule.objects.filter(until__isnull=True).values_list("rule", flat=True))
    contested = contested_facts()
    codes = {part for key in contested for part in key.split("|")}
    return frozenset(
        one.number
        for one in rows
        if one.rule in rules
        or one.fact_key in contested
        or (
            one.origin.startswith((OF_RULES, OF_CELLS))
            and one.subject_ref.rpartition(":")[2] in codes
        )
    )


def move(row: Question, end: State, *, by: str, at: datetime, because: str) -> None:
    """One step; refuses what the table of moves does not have. Call within a transaction."""
    start = State(row.state)
    require_move(start, end)
    row.state = end.value
    if end is State.CLOSED:
        row.closed_at = at
    row.save()
    QuestionMove(
        question=row,
        start=start.value,
        end=end.value,
        moved_by=by,
        moved_at=at,
        because=because,
    ).save()


def answerable() -> QuerySet[Question]:
    """Questions that may still be answered."""
    return Question.objects.filter(state__in=[one.value for one in ANSWERABLE])


def in_areas(rows: Iterable[Question], by: Actor) -> list[Question]:
    """Those that lie where the actor works; refuses who asks nobody."""
    require_asking_role(by)
    return [one for one in rows if covers_any(by.areas, _paths(one.area_path))]


def of_areas(rows: QuerySet[Row], by: Actor) -> QuerySet[Row]:
    """The same asked of the database: a city's questions are not read to be counted."""
    require_asking_role(by)
    wanted = Q(pk__in=())
    for area in by.areas:
        path = area.strip("/")
        if not path:
            return rows
        wanted |= Q(area_path=path) | Q(area_path__startswith=f"{path}/")
    return rows.filter(wanted)


def find_in_area(number: str, by: Actor) -> Question:
    """The question; refuses an unknown one in the words of one that lies elsewhere."""
    row = Question.objects.filter(number=number).first()
    if row is None or not in_areas([row], by):
        raise Refusal("question.none", "辖区里没有这个问题。")
    return row


def require_asking_role(by: Actor) -> None:
    """Refuse officers, leaders and whoever else does not ask people."""
    if by.role not in ASKING_ROLES:
        raise Refusal("question.not_yours", "问题由街道、部门窗口和网格员问。")


def view(row: Question, *, paused: frozenset[str]) -> QuestionView:
    """The row as staff see it."""
    last = row.answers.last()
    return QuestionView(
        number=row.number,
        origin=row.origin,
        rule=row.rule,
        text=row.text,
        reason=row.reason,
        purpose=row.purpose,
        basis=row.basis,
        responsible=row.responsible,
        channel=row.channel,
        place_code=row.place_code,
        place_text=row.place_text,
        grid_code=row.grid_code,
        subject_ref=row.subject_ref,
        has_contact=bool(row.contact),
        state=State(row.state),
        asked_at=row.asked_at,
        due_on=row.due_on,
        is_paused=row.number in paused,
        said=Said(last.said) if last else None,
        ends_on=last.ends_on if last else None,
    )


def list_views(rows: Sequence[Question]) -> tuple[QuestionView, ...]:
    """Rows as staff see them, each with whether it stands still."""
    paused = paused_numbers(rows)
    return tuple(view(one, paused=paused) for one in rows)


def place_of(store: Store, code: str) -> Place:
    """Where a code lies; nowhere for none and for one that the build does not know."""
    if not code:
        return Place()
    reader = open_blocks(store.current_build())
    try:
        block, path = reader.get_block(code), reader.path_of(code)
    except Refusal:
        return Place()
    above = [(level, one) for one, level, _ in block.path]
    grid = next((one for level, one in above if level == "grid"), "")
    community = next((one for level, one in above if level == "community"), "")
    return Place(block.standard_text, grid or community, path)


def _paths(path: str) -> tuple[str, ...]:
    return (path,) if path else ()


def _require_whole(asking: Asking) -> None:
    for text in (asking.text, asking.reason, asking.basis, asking.responsible):
        if not text.strip():
            raise Refusal("question.incomplete", "问题要写明内容、原因、依据和负责的单位。")
    for text in (asking.text, asking.reason):
        require_nobody(text, what="问题", code="question.personal", next_step="")
