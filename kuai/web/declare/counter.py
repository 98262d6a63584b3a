"""At a service window: a clerk writes down what somebody says, and sees beforehand what rules in force make of it."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.flows.drafts import Drafted, Foreseen, FormDesk
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.services.residence import actions, queries
from kuai.services.residence.types import Act, Paper, Premises, Tenure, Wish
from kuai.web.declare import words
from kuai.web.declare.frame import kept_of, words_of
from kuai.web.declare.rules import takes_declarations
from kuai.web.declare.views import CHILD_YEARS, keep_receipt, receipt_lines, receipt_on_paper
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.words import reads_english

TAKEN = "taken_at_counter"
LOOKED = "looked_ahead_at"
# Without scripts the page waits for the desk once; with them it asks again.
PATIENCE_S = 20.0
ROOM_DIGITS = 25


@takes_declarations
@require_http_methods(["GET", "POST"])
def choose_room(request: HttpRequest) -> HttpResponse:
    """Which room it is about."""
    if request.method == "GET":
        return render(request, "declare/counter.html", {"may_write": False})
    try:
        code = _room_code(request.POST.get("room", ""))
        queries.open_at_counter(current_store(), code, by=_actor(request))
    except Refusal as refusal:
        context = {"may_write": False, "said": request.POST, "refused": words_of(refusal)}
        return render(request, "declare/counter.html", context, status=409)
    return HttpResponseRedirect(reverse("counter_form", args=[code]))


@takes_declarations
@require_http_methods(["GET", "POST"])
def show_form(request: HttpRequest, code: str) -> HttpResponse:
    """The form; posted, the declaration is recorded. The button that looks ahead works without scripts."""
    room = queries.open_at_counter(current_store(), code, by=_actor(request))
    if request.method == "GET":
        return _form(request, room)
    if "ahead" in request.POST:
        return _form(request, room, ahead=_ahead(request, room, wait_s=PATIENCE_S))
    try:
        taken = actions.declare_at_counter(
            current_store(),
            room.room_code,
            _wish(request),
            paper=_paper(request),
            by=_actor(request),
            at=utc_now(),
        )
    except Refusal as refusal:
        return _form(request, room, refused=refusal)
    keep_receipt(request, taken.declared, text=room.standard_text, name=TAKEN)
    request.session[TAKEN] |= {"is_told": taken.is_told}
    return HttpResponseRedirect(reverse("counter_done"))


@takes_declarations
@require_POST
def show_ahead(request: HttpRequest, code: str) -> HttpResponse:
    """What rules in force make of the form as it stands: a part of the page, asked while somebody types."""
    room = queries.open_at_counter(current_store(), code, by=_actor(request))
    context = {"ahead": _ahead(request, room), "room": room}
    return render(request, "declare/_ahead.html", context)


@takes_declarations
@require_GET
def show_taken(request: HttpRequest) -> HttpResponse:
    """The receipt of what was written down last, to print and hand over."""
    kept = kept_of(request, TAKEN)
    if kept is None:
        return HttpResponseRedirect(reverse("counter"))
    asked = [str(words.QUESTION_NAMES[one]) for one in kept["asked"]]
    context = {"kept": kept, "lines": receipt_lines(kept), "asked": asked}
    return render(request, "declare/counter_done.html", context)


@takes_declarations
@require_GET
def download_receipt(request: HttpRequest) -> HttpResponse:
    """The stamped receipt on paper, for whoever stands at the window."""
    kept = kept_of(request, TAKEN)
    if kept is None:
        return HttpResponseRedirect(reverse("counter"))
    return receipt_on_paper(request, kept)


@lru_cache(maxsize=1)
def _desk() -> FormDesk:
    return FormDesk()


def _ahead(request: HttpRequest, room: Premises, *, wait_s: float = 0.0) -> dict[str, Any]:
    """What would come, by whom it concerns; `is_ready` False while rules are being opened."""
    drafted = _drafted(request, room)
    try:
        found = _desk().foresee(current_store(), drafted, at=utc_now(), wait_s=wait_s)
    except Refusal as refusal:
        return {"refused": words_of(refusal)}
    if found is None:
        return {"is_ready": False}
    if any(one.is_about_room for one in found):
        _note_once(request, room)
    return {
        "is_ready": True,
        "is_foreseen": drafted.act is not Act.LEAVE,
        "person": [_shown(one) for one in found if not one.is_about_room],
        "room": [_shown(one) for one in found if one.is_about_room and not one.is_settled],
        "settled": [_shown(one) for one in found if one.is_settled],
        "knows_birth": drafted.born_on is not None,
    }


def _note_once(request: HttpRequest, room: Premises) -> None:
    """What rules found of a room was seen: one entry a form, not one a key."""
    if request.session.get(LOOKED) != room.room_code:
        request.session[LOOKED] = room.room_code
        note_look(request, "foresaw_declaration", kind="room", refs=(room.room_code,), count=1)


def _shown(one: Foreseen) -> dict[str, Any]:
    return {
        "one": one,
        "title": one.title_en if reads_english() and one.title_en else one.title_zh,
        "kind": words.ASKS_NAMES[one.asks],
    }


def _drafted(request: HttpRequest, room: Premises) -> Drafted:
    today = local_day(utc_now())
    born_on = queries.born_on_by(request.POST.get("id_number", ""), on=today)
    return Drafted(_act(request), room.room_code, born_on, _day(request))


def _room_code(text: str) -> str:
    code = "".join(text.split())
    if len(code) != ROOM_DIGITS or not (code.isascii() and code.isdigit()):
        raise Refusal(
            "counter.no_room",
            _("请从联想里选一套房，或填 25 位房屋编码。"),
            next_step=_("输入路名、小区或拼音首字母，先选楼栋，再选房号。"),
        )
    return code


def _form(
    request: HttpRequest,
    room: Premises,
    *,
    refused: Refusal | None = None,
    ahead: dict[str, Any] | None = None,
) -> HttpResponse:
    said = request.POST
    this_year = local_day(utc_now()).year
    context = {
        "may_write": True,
        "room": room,
        "said": said,
        "acts": [(one.value, name) for one, name in words.COUNTER_ACTS.items()],
        "act": _act(request).value,
        "papers": [(one.value, name) for one, name in words.PAPER_NAMES.items()],
        "tenures": [(one.value, name) for one, name in words.TENURE_NAMES.items()],
        "tenure": said.get("tenure", Tenure.RENT.value),
        "years": range(this_year, this_year - CHILD_YEARS, -1),
        "notice": queries.COUNTER_NOTICE_VERSION,
        "notice_lines": queries.NOTICES[queries.COUNTER_NOTICE_VERSION],
        "ahead": ahead,
        "refused": words_of(refused) if refused else None,
    }
    return render(request, "declare/counter.html", context, status=409 if refused else 200)


def _wish(request: HttpRequest) -> Wish:
    said = request.POST
    tenure, year = said.get("tenure", ""), said.get("birth_year", "")
    return Wish(
        act=_act(request),
        name=said.get("name", ""),
        phone=said.get("phone", ""),
        id_number=said.get("id_number", ""),
        tenure=Tenure(tenure) if tenure in set(Tenure) else Tenure.RENT,
        birth_year=int(year) if year.isascii() and year.isdecimal() and len(year) == 4 else 0,
        since=_day(request),
        has_consented=said.get("consent") == queries.COUNTER_NOTICE_VERSION,
    )


def _act(request: HttpRequest) -> Act:
    wanted = request.POST.get("act", "")
    return Act(wanted) if wanted in {one.value for one in words.COUNTER_ACTS} else Act.LIVE


def _paper(request: HttpRequest) -> Paper:
    wanted = request.POST.get("paper", "")
    if wanted not in set(Paper):
        raise Refusal("counter.paper", _("请选看过本人的哪种证件。"))
    return Paper(wanted)


def _day(request: HttpRequest) -> date | None:
    try:
        return date.fromisoformat(request.POST.get("since", ""))
    except ValueError:
        return None


def _actor(request: HttpRequest) -> Any:
    return request.actor  # type: ignore[attr-defined]
