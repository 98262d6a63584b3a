"""In whose name messages leave by night: who, since when, until when; a clerk gives theirs, a click ends it."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kuai.guard.types import Role
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.services.questions import actions, queries
from kuai.services.questions.types import MandateState
from kuai.web.questions.rules import (
    SENDS_QUESTIONS,
    ends_mandates,
    gives_mandates,
    sees_mandates,
)
from kuai.web.questions.staff import actor_of
from kuai.web.questions.words import MANDATE_NAMES


@sees_mandates
@require_GET
def show_mandates(request: HttpRequest) -> HttpResponse:
    """Every mandate of the actor's areas, and one's own to give or end."""
    return _page(request)


@gives_mandates
@require_POST
def give(request: HttpRequest) -> HttpResponse:
    """The night may send in one's name from now on."""
    try:
        actions.give_mandate(
            basis=request.POST.get("basis", ""),
            until=_day(request.POST.get("until", "")),
            by=actor_of(request),
            at=utc_now(),
        )
    except Refusal as refusal:
        return _page(request, said=refusal)
    messages.success(request, _("委托好了：今晚起以您的名义发，每看一个电话都留痕。"))
    return HttpResponseRedirect(reverse("question_mandates"))


@ends_mandates
@require_POST
def end(request: HttpRequest, number: str) -> HttpResponse:
    """From now on the night sends nothing by this mandate."""
    try:
        actions.end_mandate(number, by=actor_of(request), at=utc_now())
    except Refusal as refusal:
        return _page(request, said=refusal)
    messages.success(request, _("收回了，夜里不再以这个名义发。"))
    return HttpResponseRedirect(reverse("question_mandates"))


def _page(request: HttpRequest, *, said: Refusal | None = None) -> HttpResponse:
    by, at = actor_of(request), utc_now()
    rows = queries.list_mandates(by=by, at=at)
    living = [one for one in rows if one.state is MandateState.HOLDS]
    context: dict[str, Any] = {
        "living": [(one, one.is_own or by.role is Role.LEADER) for one in living],
        "past": [(one, MANDATE_NAMES[one.state]) for one in rows if one not in living],
        "may_give": by.role in SENDS_QUESTIONS and not any(one.is_own for one in living),
        "asks_people": by.role in SENDS_QUESTIONS,
        "basis": request.POST.get("basis", "") if said else "",
        "until": request.POST.get("until", "") if said else "",
        "today": local_day(at).isoformat(),
        "latest": (local_day(at) + queries.LONGEST_MANDATE).isoformat(),
        "said": said,
    }
    return render(request, "questions/mandates.html", context, status=409 if said else 200)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise Refusal("mandate.until", _("请写截止日期，例如 2026-11-01 这样的样子。")) from fault
