"""The JSON API's two clocks: a room, building or organisation as of a day and as believed. Never a person."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from kuai.registry.queries import find_belief, state_of
from kuai.web.api.refusing import RefusalOut
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.rules import sees_elements

router = Router(tags=["elements"])
LONGEST_CODE = 40


class BeliefOut(Schema):
    """The build, and how far the log of decisions was taken in; `built_up_to` is the build's own share."""

    version: str
    sequence: int
    built_up_to: int


class RelationOut(Schema):
    """A public relation that held on the day; `certainty` is holds or may_hold. A person's code is left empty."""

    relation_no: int
    type: str
    title: str
    from_code: str
    to_code: str
    role: str
    valid_from: date | None
    valid_to: date | None
    precision: str
    certainty: str
    status: str
    level: str
    ended_by: str
    is_contested: bool
    source: str
    period: str
    decision: int | None
    purposes: str
    is_laid_over: bool


class HiddenOut(Schema):
    """Relations not listed here; `figure` is null below ten. None of a room, nor of another day than the build's."""

    type: str
    title: str
    figure: int | None


class ConflictOut(Schema):
    """Two statements that cannot both be true."""

    kind: str
    explanation: str


class LifeEventOut(Schema):
    """One turn in its life, up to the day."""

    kind: str
    on_day: date | None
    precision: str
    source: str
    decision: int | None


class WaitingOut(Schema):
    """Decided; the next build takes it in."""

    sequence: int
    kind: str


class ElementOut(Schema):
    """One element as of a day and as believed."""

    code: str
    asked_code: str
    element: str
    on: date
    stage: str
    belief: BeliefOut
    values: dict[str, Any]
    relations: list[RelationOut]
    hidden: list[HiddenOut]
    conflicts: list[ConflictOut]
    life_events: list[LifeEventOut]
    waiting: list[WaitingOut]


@router.get(
    "/{code}",
    response={200: ElementOut, 404: RefusalOut, 409: RefusalOut},
    url_name="element",
)
@sees_elements
def get_element(
    request: HttpRequest,
    code: str,
    on: date | None = None,
    believed: str = "",
    believed_on: date | None = None,
) -> dict[str, Any]:
    """A room, a building or an organisation. `on`: the day it is about; `believed`: BUILD or BUILD:SEQUENCE."""
    store = current_store()
    belief = find_belief(store, believed[:LONGEST_CODE], on=believed_on)
    state = state_of(store, code[:LONGEST_CODE], on=on, belief=belief, is_open=True)
    note_look(request, "viewed_block", kind="block", refs=(state.code,))
    return state.as_json()
