"""Persons: what the work in hand needs, by the ticket it issued. No ticket, no page; no graph, no history, no list.

A page is opened by a form, so no address knows whom it is about. Whether anybody cares for the person is in another
zone, which this reads nothing of.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kuai.guard import access
from kuai.guard.queries import covers_any, find_source, list_live_tickets
from kuai.guard.types import Actor, Ticket
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.registry import queries
from kuai.web.doors import current_store
from kuai.web.facts.words import LEVEL_WORDS, STATUS_BADGES, STATUS_NAMES
from kuai.web.rules import binds_residents, does_tasks, opens_tasks
from kuai.web.words import purpose_title, reads_english

FIELD_NAMES = {
    "name": gettext_lazy("姓名"),
    "id_number": gettext_lazy("证件号码"),
    "phone": gettext_lazy("电话"),
}
EVIDENCE_NAMES = {
    "id_card": gettext_lazy("居民身份证"),
    "household_book": gettext_lazy("户口簿"),
    "residence_permit": gettext_lazy("居住证"),
    "passport": gettext_lazy("护照或通行证"),
}


@does_tasks
@never_cache
@require_GET
def show_tasks(request: HttpRequest) -> HttpResponse:
    """The live tickets in this reader's hands: for what, until when, about how many. No code, no name."""
    actor = request.actor  # type: ignore[attr-defined]
    at = utc_now()
    lines = [
        {
            "ticket": one,
            "purpose": purpose_title(one.purpose),
            "fields": [FIELD_NAMES[field] for field in one.fields if field in FIELD_NAMES],
            "places": range(1, len(one.subjects) + 1),
        }
        for one in list_live_tickets(actor, at=at)
        if access.is_live_ticket(one.ticket_id, holder=actor, at=at)
    ]
    return render(request, "files/tasks.html", {"lines": lines})


@opens_tasks
@never_cache
@require_POST
def open_task(request: HttpRequest) -> HttpResponse:
    """One person of the ticket: its fields, masked, and one step of relations."""
    return _show(request)


@opens_tasks
@never_cache
@require_POST
def reveal_field(request: HttpRequest) -> HttpResponse:
    """One field of the person, for this one page; the guard decides, masks and enters it."""
    ticket, code = _person_of(request)
    field = request.POST.get("field", "")
    if field not in ticket.fields:
        raise Refusal("ticket.fields", _("这张凭据没有写这一项。"))
    values = access.reveal(
        f"person:{code}",
        (field,),
        to=request.actor,  # type: ignore[attr-defined]
        ticket=ticket,
        at=utc_now(),
        store=current_store(),
    )
    return _show(request, revealed=values)


@binds_residents
@never_cache
@require_POST
def bind_login(request: HttpRequest) -> HttpResponse:
    """The person stands here with a document and the code their login shows: it is theirs from now on."""
    ticket, code = _person_of(request)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    store = current_store()
    _require_here(actor, code)
    access.bind_resident(
        request.POST.get("login", "").strip()[:64],
        code,
        code=request.POST.get("code", "")[:16],
        record=queries.record_of(store, code),
        evidence=request.POST.get("evidence", ""),
        ticket_id=ticket.ticket_id,
        by=actor,
        at=utc_now(),
    )
    messages.success(request, _("已核对：这个登录以后是本人的。"))
    return HttpResponseRedirect(reverse("tasks"))


@binds_residents
@never_cache
@require_POST
def end_login(request: HttpRequest) -> HttpResponse:
    """The person of the ticket stands here: no login is theirs from now on, as after a mistake or a lost phone."""
    ticket, code = _person_of(request)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    _require_here(actor, code)
    access.end_binding_of(code, ticket_id=ticket.ticket_id, by=actor, at=utc_now())
    messages.success(request, _("已终止：现在没有登录是这个人的。"))
    return HttpResponseRedirect(reverse("tasks"))


def _show(request: HttpRequest, *, revealed: dict[str, str | None] | None = None) -> HttpResponse:
    ticket, code = _person_of(request)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    is_child = _require_here(actor, code)
    store = current_store()
    facts = queries.read_task_facts(store, code, purpose=ticket.purpose)
    if is_child and actor.role not in access.ROLES_FOR_L4:
        facts = ()
    # With a field shown too: the guard has entered the field, this is the relations that stand beside it.
    access.record_entry(
        actor=actor,
        action="viewed_task",
        object_kind="person",
        object_refs=(code,),
        fields=tuple(sorted({one.type for one in facts})),
        purpose=ticket.purpose,
        ticket_id=ticket.ticket_id,
        count=1,
        at=utc_now(),
    )
    english = reads_english()
    titles = {
        one.code: one.title_en if english else one.title_zh
        for one in queries.catalogue_of(store).values()
    }
    context = {
        "ticket": ticket,
        "place": request.POST.get("place", ""),
        "purpose": purpose_title(ticket.purpose),
        "fields": [
            {
                "key": field,
                "name": FIELD_NAMES[field],
                "is_open": field in (revealed or {}),
                "value": (revealed or {}).get(field) or _("没有写"),
            }
            for field in ticket.fields
            if field in FIELD_NAMES
        ],
        "facts": [_fact(one, titles) for one in facts],
        "may_bind": actor.role in access.BINDERS,
        "evidence": list(EVIDENCE_NAMES.items()),
    }
    return render(request, "files/task.html", context)


def _fact(one: queries.PersonFact, titles: dict[str, str]) -> dict[str, Any]:
    status = "contested" if one.is_contested else one.status
    return {
        "one": one,
        "title": titles.get(one.type, one.title),
        "status": STATUS_NAMES.get(status, status),
        "badge": STATUS_BADGES.get(status, ""),
        "level": next((word for key, word in LEVEL_WORDS.items() if key == one.level), ""),
        "sources": sorted({_source_title(said.source) for said in one.said}),
    }


def _source_title(source: str) -> str:
    registered = find_source(source)
    return registered.title if registered else source


def _person_of(request: HttpRequest) -> tuple[Ticket, str]:
    """The ticket and the person by their place on it: a form names neither code nor name."""
    ticket: Ticket = request.ticket  # type: ignore[attr-defined]
    place = request.POST.get("place", "")
    number = int(place) if place.isascii() and place.isdigit() and len(place) < 4 else 0
    if not 0 < number <= len(ticket.subjects):
        raise Refusal("ticket.other_person", _("这张凭据不是为这个人开的。"))
    return ticket, ticket.subjects[number - 1].removeprefix("person:")


def _require_here(actor: Actor, code: str) -> bool:
    """Refuse a person of another area; whether it is a child under fourteen."""
    subject = queries.resolve_person(code, store=current_store())
    if not covers_any(actor.areas, subject.area_paths):
        raise Refusal("access.area", _("这个人不在你负责的区域内。"))
    return subject.is_child_under_14
