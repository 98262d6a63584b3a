"""One address explained, confirmed or corrected by a steward; the list of what was confirmed, with undo.

The text comes and goes in the body of a POST: it may hold somebody's name, so that it stays out of addresses, logs and
the ledger. Kept is only the part that says where, as the steward saw it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.address import learning
from kuai.address.queries import SCORE_CEILINGS
from kuai.address.types import Grade, WashedAddress
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.web.addresses.learning_words import GRADE_NAMES, PART_NAMES
from kuai.web.addresses.opened import standings_of
from kuai.web.addresses.places import current_places, plain_text
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.rules import KEEPS_ADDRESSES, confirms_aliases, washes_one_address

LONGEST_TEXT = 400
LONGEST_REASON = 400
PAGE = 50
# The table shows them with their parts; as steps they would stand there twice.
SHOWN_AS_TABLE = frozenset({"候选得分", "原文"})
OTHER_PLACE = "other"


@washes_one_address
@require_http_methods(["GET", "POST"])
def show_explain(request: HttpRequest) -> HttpResponse:
    """The form; with a text in the body, how it was understood and, for a steward, what it means."""
    text = plain_text(request.POST.get("text", "")).strip()[:LONGEST_TEXT]
    context = _explained(request, text) if text else {"text": ""}
    if text:
        # Neither the text nor what it meant is entered: either may say where somebody lives.
        note_look(request, "explained_address", kind="address")
    return render(request, "addresses/explain.html", context)


def _explained(request: HttpRequest, text: str) -> dict[str, Any]:
    library = current_places().library
    washed = library.wash_text(text)
    kept = library.place_part(text)
    alias = learning.find_alias(kept) or learning.find_alias(text)
    role = request.actor.role  # type: ignore[attr-defined]
    return {
        "text": text,
        "washed": washed,
        "grade_name": GRADE_NAMES[washed.grade],
        "steps": [step for step in library.explain_text(text) if step.title not in SHOWN_AS_TABLE],
        "candidates": list_candidates(washed),
        "ceilings": [(PART_NAMES[part], ceiling) for part, ceiling in SCORE_CEILINGS.items()],
        "alias": alias,
        "alias_place": standings_of([alias.address_code]).get(alias.address_code)
        if alias
        else None,
        "kept": kept,
        "may_confirm": role in KEEPS_ADDRESSES and washed.grade is not Grade.A,
    }


def list_candidates(washed: WashedAddress) -> list[dict[str, Any]]:
    """What may be meant, best first, with the parts of the score; a sure answer is the one candidate."""
    if not washed.candidates:
        if washed.address_code is None:
            return []
        return [{"code": washed.address_code, "text": washed.matched_text, "why": "", "parts": ()}]
    return [
        {
            "code": one["address_code"],
            "text": one["text"],
            "why": one["why"],
            "score": one["score"],
            "parts": [
                (PART_NAMES[part], one["parts"].get(part, 0), ceiling)  # type: ignore[attr-defined]
                for part, ceiling in SCORE_CEILINGS.items()
            ],
        }
        for one in washed.candidates
    ]


@confirms_aliases
@require_POST
def confirm_pair(request: HttpRequest) -> HttpResponse:
    """Keep what the steward says the text means."""
    said = request.POST
    text = plain_text(said.get("text", "")).strip()[:LONGEST_TEXT]
    chosen = said.get("code", "")
    code = said.get("other_code", "").strip() if chosen == OTHER_PLACE else chosen
    try:
        place = standings_of([code]).get(code) if code else None
        if place is None:
            raise Refusal("alias.no_place", _("请选一处，或填一个地址库里有的编码。"))
        pair = learning.Pair(
            text, said.get("kept", ""), place, said.get("reason", "").strip()[:LONGEST_REASON]
        )
        alias = learning.confirm_pair(
            pair,
            store=current_store(),
            library=current_places().library,
            by=request.actor,  # type: ignore[attr-defined]
            at=utc_now(),
        )
    except Refusal as refusal:
        context = {
            **(_explained(request, text) if text else {"text": ""}),
            "refusal": refusal,
            "chosen": chosen,
            "other_code": said.get("other_code", "").strip(),
            "reason": said.get("reason", ""),
            "kept": said.get("kept", ""),
        }
        return render(request, "addresses/explain.html", context, status=409)
    messages.success(
        request,
        _("已记下：“%(text)s”就是 %(place)s。下次构建起生效，可以撤回。")
        % {"text": alias.text, "place": place.standard_text},
    )
    return HttpResponseRedirect(reverse("address_aliases"))


@confirms_aliases
@require_GET
def show_aliases(request: HttpRequest) -> HttpResponse:
    """What was confirmed, newest first, living and taken back."""
    is_revoked = request.GET.get("state") == "revoked"
    aliases = [one for one in reversed(learning.list_aliases()) if one.is_revoked == is_revoked]
    page = Paginator(aliases, PAGE).get_page(request.GET.get("page"))
    places = standings_of({one.address_code for one in page})
    note_look(request, "viewed_aliases", kind="address", count=len(page))
    context = {
        "page": page,
        "lines": [(one, places.get(one.address_code)) for one in page],
        "is_revoked": is_revoked,
    }
    return render(request, "addresses/aliases.html", context)


@confirms_aliases
@require_POST
def revoke_alias(request: HttpRequest, number: int) -> HttpResponse:
    """Take one back, with the reason."""
    alias = learning.revoke_pair(
        number,
        reason=request.POST.get("reason", "").strip(),
        by=request.actor,  # type: ignore[attr-defined]
        at=utc_now(),
    )
    messages.success(
        request,
        _("已撤回“%(text)s”。下次构建起不再生效；在“已撤回”里可以恢复。") % {"text": alias.text},
    )
    return HttpResponseRedirect(reverse("address_aliases"))


@confirms_aliases
@require_POST
def restore_alias(request: HttpRequest, number: int) -> HttpResponse:
    """Undo a revocation."""
    alias = learning.restore_pair(
        number,
        store=current_store(),
        reason=request.POST.get("reason", "").strip(),
        by=request.actor,  # type: ignore[attr-defined]
        at=utc_now(),
    )
    messages.success(request, _("已恢复“%(text)s”，下次构建起生效。") % {"text": alias.text})
    return HttpResponseRedirect(reverse("address_aliases"))
