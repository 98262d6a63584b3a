"""The reads of questions and checks that others may call. Needs Django."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, QuerySet, When

from kuai.guard.queries import covers_any
from kuai.guard.types import Actor
from kuai.kit.errors import Refusal
from kuai.services.questions import asking
from kuai.services.questions.engine.moves import LIVING
from kuai.services.questions.engine.texts import read_row_code
from kuai.services.questions.engine.visit_form import read_visits, write_visits
from kuai.services.questions.mandates import LONGEST as LONGEST_MANDATE
from kuai.services.questions.mandates import list_mandates
from kuai.services.questions.models import Message, Question
from kuai.services.questions.types import Counts, MessageState, QuestionView, State, VisitSheet
from kuai.services.questions.visiting import (
    DIGITS,
    WORDS,
    find_question_of_row,
    get_sheet,
    list_waiting_grids,
)
from kuai.services.questions.waiting import list_waits

__all__ = [
    "DIGITS",
    "LONGEST_MANDATE",
    "TURNS",
    "WORDS",
    "count_by_state",
    "count_outbox",
    "find_question_of_row",
    "get_question",
    "get_sheet",
    "list_answered",
    "list_asking_rules",
    "list_living",
    "list_mandates",
    "list_unsure",
    "list_waiting_grids",
    "list_waits",
    "read_questions",
    "read_row_code",
    "read_visits",
    "write_visit_sheet",
]
# Whose turn it is: staff write down what was answered, visits come next, whoever was asked has time.
TURNS = (State.ANSWERED, State.LAPSED, State.CHECK, State.OPEN, State.SENT)
LIVING_WORDS = [one.value for one in LIVING]


def list_living(
    *, by: Actor, states: Sequence[State] = LIVING, up_to: int = 200
) -> tuple[tuple[QuestionView, ...], int]:
    """(questions of the actor's areas, what waits for staff first, then the oldest; how many more). Refuses officers,
    leaders and others who do not ask: enforcement does not read questions."""
    rows = Question.objects.filter(state__in=[one.value for one in states])
    turn = Case(
        *(When(state=one.value, then=place) for place, one in enumerate(TURNS)), default=len(TURNS)
    )
    found = asking.of_areas(rows.order_by(turn, "due_on", "pk"), by)
    return asking.list_views(list(found[:up_to])), max(0, found.count() - up_to)


def get_question(number: str, *, by: Actor) -> QuestionView:
    """One question; refuses those of other areas in the words of unknown ones."""
    return asking.list_views([asking.find_in_area(number, by)])[0]


def list_answered(
    *, origin: str, since: datetime | None = None, up_to: int = 10_000
) -> tuple[QuestionView, ...]:
    """Closed and answered questions whose origin begins so: what a rule or another room learns from.

    `since`: of the closed ones only those closed then or later.
    """
    states = (State.ANSWERED.value, State.CLOSED.value)
    rows = Question.objects.filter(origin__startswith=origin, state__in=states).order_by("pk")
    if since is not None:
        rows = rows.exclude(closed_at__lt=since)
    return asking.list_views(list(rows[:up_to]))


def read_questions(numbers: Iterable[str]) -> tuple[QuestionView, ...]:
    """These questions as they stand, for flows that hand on what was said. Who shows one asks `get_question`."""
    rows = Question.objects.filter(number__in=list(numbers)).order_by("pk")
    return asking.list_views(list(rows))


def list_asking_rules() -> frozenset[str]:
    """The rules of which a question lives."""
    rows = Question.objects.filter(state__in=LIVING_WORDS)
    return frozenset(rows.order_by().values_list("rule", flat=True).distinct())


def list_unsure(*, by: Actor) -> tuple[str, ...]:
    """Numbers of messages of which nobody knows whether they left."""
    asking.require_asking_role(by)
    rows = Message.objects.filter(state=MessageState.UNSURE.value).order_by("pk")
    return tuple(one.number for one in rows if covers_any(by.areas, (one.area_path,)))


def count_outbox(*, by: Actor) -> Counts:
    """Sums of the actor's areas; of grids and states, never of whoever asked."""
    waiting = sum(doors for _, doors, _ in list_waiting_grids(by=by))
    return Counts(
        questions=count_by_state(by=by),
        messages=_by_state(asking.of_areas(Message.objects.all(), by)),
        waiting_doors=waiting,
    )


def count_by_state(*, by: Actor) -> dict[str, int]:
    """How many questions of the actor's areas stand where; asked of the database, so that a first page may show it."""
    return _by_state(asking.of_areas(Question.objects.all(), by))


def _by_state(rows: QuerySet[Any]) -> dict[str, int]:
    counted = rows.order_by("state").values_list("state").annotate(Count("pk"))
    return dict(counted)


def write_visit_sheet(sheet: VisitSheet) -> bytes:
    """The sheet as Excel; the same file comes back with results."""
    if not sheet.doors:
        raise Refusal("sheet.done", "这张核对表已经全部交回。")
    return write_visits(sheet, words=tuple(WORDS))
