"""For staff who ask people: counts of their area, open questions by number, a name by the ticket of one question."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kuai.guard import officials
from kuai.guard.access import reveal
from kuai.guard.route_rules import TICKET_IN_SESSION
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.services.residence import actions, queries
from kuai.services.residence.types import Answer
from kuai.web.declare import words
from kuai.web.declare.printing import door_sheets_pdf
from kuai.web.declare.rules import (
    PRINTS_DOORS,
    WINDOWS,
    opens_declaration,
    prints_doors,
    sees_declarations,
    settles_questions,
    takes_question_ticket,
)
from kuai.web.doors import current_reader, current_store
from kuai.web.looks import note_look

FIELDS = ("name", "phone")
MOST_SHOWN = 50
IN_HAND = "question_in_hand"


@sees_declarations
@require_GET
def show_declarations(request: HttpRequest) -> HttpResponse:
    """Counts and questions; no name."""
    return _page(request)


@takes_question_ticket
@require_POST
def take_ticket(request: HttpRequest) -> HttpResponse:
    """A ticket about the one declaration of a question; the session keeps it."""
    number = request.POST.get("question", "")
    try:
        ticket = actions.take_question_ticket(number, by=_actor(request), at=utc_now())
    except Refusal as refusal:
        return _page(request, refused=refusal)
    request.session[TICKET_IN_SESSION] = ticket.ticket_id
    request.session[IN_HAND] = number
    return HttpResponseRedirect(reverse("declarations"))


@opens_declaration
@require_POST
def open_declaration(request: HttpRequest) -> HttpResponse:
    """Whom to ask and where to call: one entry in the ledger a look."""
    ticket = request.ticket  # type: ignore[attr-defined]
    (ref,) = ticket.subjects
    try:
        card = reveal(ref, FIELDS, to=_actor(request), ticket=ticket, at=utc_now())
    except Refusal as refusal:
        return _page(request, refused=refusal)
    shown = [(words.FIELD_NAMES[key], value or _("没有填")) for key, value in card.items()]
    return _page(request, card=shown)


@settles_questions
@require_POST
def settle(request: HttpRequest) -> HttpResponse:
    """What was found out by asking."""
    said = request.POST.get("answer", "")
    number = request.POST.get("question", "")
    try:
        if said not in set(Answer):
            raise Refusal("question.answer", _("请选一个回答。"))
        actions.settle(current_store(), number, Answer(said), by=_actor(request), at=utc_now())
    except Refusal as refusal:
        return _page(request, refused=refusal)
    if request.session.get(IN_HAND) == number:
        request.session.pop(IN_HAND)
    return HttpResponseRedirect(reverse("declarations"))


@settles_questions
@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Consent taken back at the counter, by the receipt's number."""
    number = request.POST.get("number", "")
    try:
        actions.withdraw_declaration(current_store(), number, by=_actor(request), at=utc_now())
    except Refusal as refusal:
        return _page(request, refused=refusal)
    messages.success(request, _("已撤回，这份申报的姓名和号码已销毁。"))
    return HttpResponseRedirect(reverse("declarations"))


@prints_doors
@require_POST
def print_doors(request: HttpRequest) -> HttpResponse:
    """Door sheets for every room of a building, as PDF."""
    store, reader = current_store(), current_reader()
    building = request.POST.get("building", "").strip()
    rooms = [one.code for one in reader.list_children(building) if one.level == "room"]
    if not rooms:
        raise Refusal("door.no_room", _("这栋楼没有房屋，或者编码不对。"))
    made = actions.issue_door_codes(store, rooms, by=_actor(request), at=utc_now())
    sheets = [
        (
            queries.shown_door_code(one.code),
            one.standard_text,
            request.build_absolute_uri(reverse("declare_door", args=[one.code])),
        )
        for one in made
    ]
    pdf = door_sheets_pdf(sheets, contact=_("不会用手机的，请到社区服务窗口办。"))
    answer = HttpResponse(pdf, content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="doors-{building}.pdf"'
    return answer


def _page(
    request: HttpRequest,
    *,
    refused: Refusal | None = None,
    card: list[tuple[Any, str]] | None = None,
) -> HttpResponse:
    actor = _actor(request)
    counted = queries.count_declared(current_store(), by=actor)
    asked = queries.list_area_questions(current_store(), by=actor)
    note_look(request, "viewed_declarations", kind="declaration", count=len(asked))
    in_hand = request.session.get(IN_HAND)
    context = {
        "counts": [(words.KIND_NAMES[one.act.value], one.count) for one in counted],
        "asked": [
            {
                "one": one,
                "name": words.QUESTION_NAMES[one.kind],
                "is_check": one.state == "check",
                "is_in_hand": one.number == in_hand,
            }
            for one in asked[:MOST_SHOWN]
        ],
        "more": max(0, len(asked) - MOST_SHOWN),
        "refused": refused,
        "responsible": officials.speak_of(officials.DECLARATIONS),
        "channel": officials.where_to_object(officials.DECLARATIONS),
        "card": card,
        "may_write": actor.role in WINDOWS,
        "may_print": actor.role in PRINTS_DOORS or actor.role is Role.SUBDISTRICT_CLERK,
    }
    return render(request, "declare/staff.html", context, status=409 if refused else 200)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
