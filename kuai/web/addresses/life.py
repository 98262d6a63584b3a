"""Pages of life-cycle events: a form, what would happen, and only then the record; the undoing of an event."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.address import library
from kuai.address.library import Entry
from kuai.address.types import EventKind, Level
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.web.addresses.acts import ACTED_LEVELS, FORMS, ActForm, Surroundings, list_acts
from kuai.web.addresses.effects import fingerprint, tell_effect
from kuai.web.addresses.events import show_event, show_events
from kuai.web.addresses.forms import ReasonForm
from kuai.web.addresses.library import get_entry
from kuai.web.addresses.reader import LibraryReader, open_reader
from kuai.web.addresses.words import ACT_HINTS, ACT_NAMES, LEVEL_BELOW
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.rules import KEEPS_ADDRESSES, keeps_library, reads_library

LAST_EVENTS = 50


@keeps_library
@require_http_methods(["GET", "POST"])
def show_act(request: HttpRequest, code: str, kind: str) -> HttpResponse:
    """The form of one act on one entry; sent, it shows what would happen; sent again, it is recorded."""
    reader = open_reader()
    entry = get_entry(reader, code)
    form_class = _form_of(entry, kind)
    around = _look_around(reader, entry, form_class.kind)
    today = local_day(utc_now())
    if request.method != "POST":
        form = form_class(around, today=today, initial=_suggested(form_class.kind, entry, today))
        return _show_form(request, form)
    form = form_class(around, request.POST, today=today)
    if not form.is_valid() or request.POST.get("step") == "edit":
        return _show_form(request, form)
    try:
        effect = library.preview_event(current_store(), form.event())
    except Refusal as refusal:
        return _show_form(request, form, refusal=refusal)
    seen = fingerprint(effect)
    if request.POST.get("step") == "record" and request.POST.get("seen") == seen:
        return _record(request, form)
    context = {
        **_frame(form),
        "groups": tell_effect(effect),
        "seen": seen,
        "is_other": request.POST.get("step") == "record",
        "carried": _carried(request),
    }
    return render(request, "addresses/act_preview.html", context)


def _form_of(entry: Entry, kind: str) -> type[ActForm]:
    form_class = FORMS.get(EventKind(kind)) if kind in set(EventKind) else None
    if form_class is None:
        raise Http404(kind)
    is_below = form_class.kind is EventKind.PLANNED
    level = LEVEL_BELOW.get(entry.level) if is_below else entry.level
    if level not in ACTED_LEVELS:
        raise Http404(kind)
    return form_class


def _look_around(reader: LibraryReader, entry: Entry, kind: EventKind) -> Surroundings:
    code = entry.address_code
    below = reader.children(code) if kind is EventKind.SPLIT else ()
    siblings = reader.children(entry.parent_code or "")
    beside = [
        one
        for one in siblings
        if one.address_code != code and one.level is entry.level and one.is_living
    ]
    homes = _homes(reader, entry, kind)
    return Surroundings(entry, label=reader.label(entry), below=below, beside=beside, homes=homes)


def _homes(reader: LibraryReader, entry: Entry, kind: EventKind) -> list[Entry]:
    """Where it could be moved: the other grids of its community, the other communities of its sub-district."""
    if kind is not EventKind.MOVED:
        return []
    path = list(reader.path(entry.address_code))
    if len(path) < 2:
        return []
    parent, above = path[-1], path[-2]
    return [
        one
        for one in reader.children(above.address_code)
        if one.is_living and one.level is parent.level and one.address_code != parent.address_code
    ]


def _suggested(kind: EventKind, entry: Entry, today: date) -> dict[str, Any]:
    goes_on = kind in (EventKind.RENAMED, EventKind.RENUMBERED)
    # Where the name is not the end of the address, nobody can tell the new address from the new name.
    is_apart = goes_on and not (entry.name and entry.standard_text.endswith(entry.name))
    return {
        "name": entry.name if goes_on else "",
        "text": entry.standard_text if is_apart else "",
        "day": today.isoformat(),
    }


def _frame(form: ActForm) -> dict[str, Any]:
    entry = form.around.entry
    return {
        "form": form,
        "entry": entry,
        "label": form.around.label,
        "kind": form.kind.value,
        "act_name": ACT_NAMES[form.kind],
        "act_hint": ACT_HINTS[form.kind],
        "level_below": LEVEL_BELOW.get(entry.level, ""),
        "is_building": entry.level is Level.BUILDING,
        "acts": list_acts(entry),
    }


def _show_form(
    request: HttpRequest, form: ActForm, *, refusal: Refusal | None = None
) -> HttpResponse:
    is_sent_back = request.method == "POST" and request.POST.get("step") == "edit"
    status = 409 if refusal else 400 if form.is_bound and form.errors and not is_sent_back else 200
    context = {**_frame(form), "refusal": refusal}
    return render(request, "addresses/act.html", context, status=status)


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """The form's values, to be sent once more with the confirmation."""
    own = {"csrfmiddlewaretoken", "step", "seen"}
    return [
        (name, value)
        for name in request.POST
        if name not in own
        for value in request.POST.getlist(name)
    ]


def _record(request: HttpRequest, form: ActForm) -> HttpResponse:
    try:
        event = library.record_event(
            current_store(),
            form.event(),
            by=request.actor.user_id,  # type: ignore[attr-defined]
        )
    except Refusal as refusal:
        return _show_form(request, form, refusal=refusal)
    note_look(
        request,
        "recorded_library_event",
        kind="address",
        refs=(form.around.entry.address_code,),
        outcome=form.kind.value,
    )
    messages.success(request, _("已登记。下一次构建起生效；洗地址从那时起按新的来。"))
    return HttpResponseRedirect(reverse("address_event", args=[event.number]))


@reads_library
@require_GET
def show_events_page(request: HttpRequest) -> HttpResponse:
    """The last events of the whole library."""
    reader = open_reader()
    note_look(request, "viewed_library", kind="address")
    lines = show_events(reader, reader.events(None, limit=LAST_EVENTS))
    return render(request, "addresses/events.html", {"events": lines})


@reads_library
@require_GET
def show_event_page(request: HttpRequest, number: int) -> HttpResponse:
    """One event: what it ended, began and changed, and whether it was undone."""
    note_look(request, "viewed_library", kind="address", refs=(f"event-{number}",))
    return _event_page(request, number)


def _event_page(
    request: HttpRequest,
    number: int,
    *,
    form: ReasonForm | None = None,
    refusal: Refusal | None = None,
) -> HttpResponse:
    reader = open_reader()
    shown = show_event(reader, number)
    if shown is None:
        raise Http404(str(number))
    may_undo = request.actor.role in KEEPS_ADDRESSES and shown.may_be_undone  # type: ignore[attr-defined]
    context = {
        "event": shown,
        "may_undo": may_undo,
        "form": form or ReasonForm(),
        "refusal": refusal,
    }
    status = 409 if refusal else 400 if form is not None else 200
    return render(request, "addresses/event.html", context, status=status)


@keeps_library
@require_POST
def undo(request: HttpRequest, number: int) -> HttpResponse:
    """Take an event back by another one; refused where something later holds on to it."""
    form = ReasonForm(request.POST)
    if not form.is_valid():
        return _event_page(request, number, form=form)
    try:
        undone = library.undo_event(
            current_store(),
            number,
            by=request.actor.user_id,  # type: ignore[attr-defined]
            reason=form.cleaned_data["reason"].strip(),
        )
    except Refusal as refusal:
        return _event_page(request, number, form=form, refusal=refusal)
    note_look(request, "undid_library_event", kind="address", refs=(f"event-{number}",))
    messages.success(request, _("已撤销：停用的编码恢复，新发的编码停用并指回去。"))
    return HttpResponseRedirect(reverse("address_event", args=[undone.number]))
