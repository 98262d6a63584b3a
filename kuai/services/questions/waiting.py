"""Questions that registered forms wait for: one a person and field, whatever the number of forms. Private."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from kuai.kit.store import Store
from kuai.services.questions.asking import open_question
from kuai.services.questions.engine.moves import LIVING
from kuai.services.questions.models import Question, QuestionWait
from kuai.services.questions.types import Asking, Said, State

# Whoever was asked in vain is left alone for this long.
COOL_DOWN = timedelta(days=180)


@dataclass(frozen=True)
class Wait:
    """A form that waits for a living question."""

    origin: str
    form_number: str
    purpose: str


def ask_for_form(
    store: Store,
    asking: Asking,
    *,
    form_number: str,
    at: datetime,
    cool_down: timedelta = COOL_DOWN,
) -> str:
    """The number of the living question that the form waits for; empty where nobody is asked now.

    Whoever answered, refused, or could not tell is never asked this again; whoever was not reached, after the
    cool-down.
    """
    asked = _asked_before(asking.origin)
    last = asked[-1] if asked else None
    if last is None or State(last.state) in LIVING:
        number = open_question(store, asking, at=at)
    elif _is_left_alone(last, cool_down, at=at):
        return ""
    else:
        number = open_question(
            store, replace(asking, origin=f"{asking.origin}:{len(asked) + 1}"), at=at
        )
    row = last if last and State(last.state) in LIVING else Question.objects.get(number=number)
    QuestionWait.objects.get_or_create(
        question=row,
        form_number=form_number,
        defaults={"purpose": asking.purpose, "since": at},
    )
    return row.number


def list_waits(*, of: str) -> tuple[Wait, ...]:
    """Which forms wait for the living questions whose origin begins with `of`."""
    rows = QuestionWait.objects.filter(
        question__origin__startswith=of, question__state__in=[one.value for one in LIVING]
    )
    found = rows.order_by("pk").values_list("question__origin", "form_number", "purpose")
    return tuple(Wait(*row) for row in found)


def _asked_before(origin: str) -> list[Question]:
    """The first asking and those after a cool-down, oldest first."""
    first = Question.objects.filter(origin=origin)
    return list((first | Question.objects.filter(origin__startswith=f"{origin}:")).order_by("pk"))


def _is_left_alone(row: Question, cool_down: timedelta, *, at: datetime) -> bool:
    if row.answers.exclude(said=Said.NOT_MET.value).exists():
        return True
    return row.closed_at is not None and at - row.closed_at < cool_down
