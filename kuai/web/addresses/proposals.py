"""Rooms and buildings that several sources name and the library lacks: looked at, set aside, or applied for.

About premises, for the owner of the library: no person, no source by name, no row; clerks see their own area; no way
out of the house but an application.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kuai.address import learning
from kuai.flows.address_upkeep import refresh_address_proposals
from kuai.kit.clock import utc_now
from kuai.web.addresses.learning_words import PROPOSAL_NAMES, PROPOSAL_STATES
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.rules import (
    KEEPS_ADDRESSES,
    files_applications,
    refreshes_proposals,
    sees_proposals,
)

PAGE = 30


@sees_proposals
@require_GET
def show_proposals(request: HttpRequest) -> HttpResponse:
    """The proposals of the reader's areas in one state."""
    actor = request.actor  # type: ignore[attr-defined]
    state = request.GET.get("state", "open")
    state = state if state in PROPOSAL_STATES else "open"
    after = _number(request.GET.get("after", "0"))
    proposals = learning.list_proposals(actor, state=state, after=after, limit=PAGE + 1)
    counts = learning.count_proposals(actor)
    note_look(request, "viewed_address_proposals", kind="address", count=len(proposals[:PAGE]))
    context = {
        "proposals": [(one, PROPOSAL_NAMES[one.kind]) for one in proposals[:PAGE]],
        "state": state,
        "states": [(key, name, counts.get(key, 0)) for key, name in PROPOSAL_STATES.items()],
        "next_after": after + PAGE if len(proposals) > PAGE else 0,
        "after": after,
        "may_refresh": actor.role in KEEPS_ADDRESSES,
        "is_known": bool(counts),
    }
    return render(request, "addresses/proposals.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


@refreshes_proposals
@require_POST
def refresh(request: HttpRequest) -> HttpResponse:
    """Look at the published build anew."""
    receipt = refresh_address_proposals(
        current_store(),
        by=request.actor,  # type: ignore[attr-defined]
        at=utc_now(),
    )
    messages.success(
        request,
        _("已按最新版本更新：%(kept)s 条建议，另有 %(held)s 处证据不足没有列出。")
        % {"kept": receipt.kept, "held": receipt.refused},
    )
    return HttpResponseRedirect(reverse("address_proposals"))


@sees_proposals
@require_POST
def set_aside(request: HttpRequest, number: int) -> HttpResponse:
    """Nothing follows from it, and why."""
    learning.set_aside(
        number,
        reason=request.POST.get("reason", "").strip(),
        by=request.actor,  # type: ignore[attr-defined]
        at=utc_now(),
    )
    messages.success(request, _("已搁置。在“已搁置”里可以取回。"))
    return HttpResponseRedirect(reverse("address_proposals"))


@sees_proposals
@require_POST
def take_up_again(request: HttpRequest, number: int) -> HttpResponse:
    """Undo the setting aside."""
    learning.take_up_again(
        number,
        by=request.actor,  # type: ignore[attr-defined]
        at=utc_now(),
    )
    messages.success(request, _("已取回。"))
    return HttpResponseRedirect(reverse("address_proposals"))


@files_applications
@require_POST
def apply_for(request: HttpRequest, number: int) -> HttpResponse:
    """Draft an application that carries the proposal's evidence."""
    application = learning.open_from_proposal(
        number,
        by=request.actor,  # type: ignore[attr-defined]
        at=utc_now(),
    )
    return HttpResponseRedirect(reverse("address_application", args=[application.number]))
