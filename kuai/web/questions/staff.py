"""For staff who ask: questions of their area, the outbox in sums, one person by the ticket of one question."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kuai.flows import questions as outbox
from kuai.guard.access import reveal
from kuai.guard.route_rules import TICKET_IN_SESSION
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.services.questions import actions, queries
from kuai.services.questions.types import By, MandateState, MessageState, Said, State
from kuai.web.doors import current_store
from kuai.web.questions import words
from kuai.web.questions.rules import (
    SENDS_QUESTIONS,
    opens_person,
    sees_questions,
    sends_messages,
    settles_question,
    takes_ticket,
)

FIELDS = ("name", "phone")
MOST_SHOWN = 50
LISTED = queries.TURNS
IN_HAND = "asked_in_hand"


@sees_questions
@require_GET
def show_questions(request: HttpRequest) -> HttpResponse:
    """What is open, what went out, what waits."""
    return _list(request)


@sees_questions
@require_GET
def show_question(request: HttpRequest, number: str) -> HttpResponse:
    """One question with its reason, basis, day, official and channel."""
    return _one(request, number)


@takes_ticket
@require_POST
def take_ticket(request: HttpRequest, number: str) -> HttpResponse:
    """A ticket about the person of this question; the session keeps it."""
    try:
        ticket = actions.take_ticket(number, by=actor_of(request), at=utc_now())
    except Refusal as refusal:
        return _one(request, number, said=refusal)
    request.session[TICKET_IN_SESSION] = ticket.ticket_id
    request.session[IN_HAND] = number
    return HttpResponseRedirect(reverse("question", args=[number]))


@opens_person
@require_POST
def open_person(request: HttpRequest) -> HttpResponse:
    """Whom to ask for and where to call: one entry in the ledger a look."""
    ticket = request.ticket  # type: ignore[attr-defined]
    number = request.session.get(IN_HAND, "")
    try:
        (ref,) = ticket.subjects
        card = reveal(ref, FIELDS, to=actor_of(request), ticket=ticket, at=utc_now())
    except Refusal as refusal:
        return _one(request, number, said=refusal)
    shown = [(words.FIELD_NAMES[key], value or _("没有")) for key, value in card.items()]
    return _one(request, number, card=shown)


@settles_question
@require_POST
def settle(request: HttpRequest, number: str) -> HttpResponse:
    """What was said on the phone or at the counter."""
    try:
        said, way = request.POST.get("answer", ""), request.POST.get("way", "")
        if said not in set(words.STAFF_ANSWERS) or way not in set(words.WAY_NAMES):
            raise Refusal("question.answer", _("请选一个回答，和怎么问到的。"))
        done = outbox.settle(
            current_store(),
            number,
            Said(said),
            way=By(way),
            by=actor_of(request),
            at=utc_now(),
            ends_on=_day(request.POST.get("ends_on", "")),
        )
    except Refusal as refusal:
        return _one(request, number, said=refusal)
    told = _("记下了。")
    if done.cases:
        told = _("记下了，已请登记的单位校核：%s。") % "、".join(done.cases)
    messages.success(request, told)
    return HttpResponseRedirect(reverse("questions"))


@sends_messages
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Send what is open; a contact has one message a day."""
    try:
        sent = actions.send_due(current_store(), by=actor_of(request), at=utc_now())
    except Refusal as refusal:
        return _list(request, said=refusal)
    told = _("共 %(all)d 条：发出 %(sent)d，改印信 %(letters)d，没发出或说不清 %(held)d。")
    messages.success(
        request,
        told
        % {
            "all": sent.received,
            "sent": sent.kept,
            "letters": sent.refused,
            "held": sent.quarantined,
        },
    )
    return HttpResponseRedirect(reverse("questions"))


@sends_messages
@require_POST
def print_letters(request: HttpRequest) -> HttpResponse:
    """The letters that wait, as one PDF; a lost one is printed again by its number."""
    at, by = utc_now(), actor_of(request)
    try:
        again = request.POST.get("number", "").strip()
        if again:
            actions.print_again(again, by=by, at=at)
        pdf, _count = actions.print_letters(by=by, at=at)
    except Refusal as refusal:
        return _list(request, said=refusal)
    return paper(pdf, "application/pdf", f"letters-{at:%Y%m%d}.pdf")


@sends_messages
@require_POST
def settle_unsure(request: HttpRequest) -> HttpResponse:
    """What the gateway's own record says of a message."""
    try:
        actions.settle_unsure(
            request.POST.get("number", ""),
            was_sent=request.POST.get("answer") == "sent",
            by=actor_of(request),
            at=utc_now(),
        )
    except Refusal as refusal:
        return _list(request, said=refusal)
    return HttpResponseRedirect(reverse("questions"))


def actor_of(request: HttpRequest) -> Actor:
    """Who asks."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def paper(content: bytes, kind: str, name: str) -> HttpResponse:
    """A file to take along."""
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _list(request: HttpRequest, *, said: Refusal | None = None) -> HttpResponse:
    by = actor_of(request)
    wanted = request.GET.get("state", "")
    states = (State(wanted),) if wanted in LISTED else LISTED
    shown, more = queries.list_living(by=by, states=states, up_to=MOST_SHOWN)
    counts = queries.count_outbox(by=by)
    context: dict[str, Any] = {
        "lines": [{"one": one, "state": words.STATE_NAMES[one.state]} for one in shown],
        "more": more,
        "questions": [
            (words.STATE_NAMES[State(key)], n, key if State(key) in LISTED else "")
            for key, n in counts.questions.items()
        ],
        "only": words.STATE_NAMES[states[0]] if len(states) == 1 else "",
        "to_write_down": counts.questions.get(State.ANSWERED.value, 0),
        "to_send": counts.questions.get(State.OPEN.value, 0),
        "sent": [(words.MESSAGE_NAMES[MessageState(key)], n) for key, n in counts.messages.items()],
        "waiting_doors": counts.waiting_doors,
        "unsure": queries.list_unsure(by=by),
        "may_send": Role(by.role) in SENDS_QUESTIONS,
        "mandates": _living_mandates(by),
        "said": said,
    }
    return render(request, "questions/list.html", context, status=409 if said else 200)


def _living_mandates(by: Actor) -> list[Any]:
    if by.role not in SENDS_QUESTIONS:
        return []
    rows = queries.list_mandates(by=by, at=utc_now())
    return [one for one in rows if one.state is MandateState.HOLDS]


def _one(
    request: HttpRequest,
    number: str,
    *,
    said: Refusal | None = None,
    card: list[tuple[Any, Any]] | None = None,
) -> HttpResponse:
    try:
        one = queries.get_question(number, by=actor_of(request))
    except Refusal as refusal:
        return _list(request, said=refusal)
    context = {
        "one": one,
        "state": words.STATE_NAMES[one.state],
        "answer": words.SAID_NAMES[Said(one.said)] if one.said else "",
        "answers": [(one.value, words.SAID_NAMES[one]) for one in words.STAFF_ANSWERS],
        "ways": [(way.value, name) for way, name in words.WAY_NAMES.items()],
        "is_in_hand": request.session.get(IN_HAND) == number,
        "names_person": one.subject_ref.startswith("person:"),
        "is_open": one.state is not State.CLOSED,
        "card": card,
        "said": said,
    }
    return render(request, "questions/one.html", context, status=409 if said else 200)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as fault:
        raise Refusal("question.day", _("日期要写 2026-11-01 这样的样子。")) from fault
