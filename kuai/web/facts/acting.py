"""What pages do to facts: verify, contest, end, undo. One form's words become one call of the registry's door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kuai.guard.types import Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import decisions, queries
from kuai.registry.decisions import LEVELS, DecisionKind, Objection, VerifiedLevel, may_decide
from kuai.web.doors import current_store
from kuai.web.facts.shown import Reader, fact_behind
from kuai.web.facts.words import EVIDENCE_WORDS, LEVEL_WORDS, OBJECTION_NAMES
from kuai.web.rules import decides_facts

LONGEST_REASON = 200


def act_on(request: HttpRequest, store: Store, keys: Sequence[str]) -> list[str]:
    """Do to each fact what the form says; returns what to tell. Refuses what the door refuses."""
    said, by, at = request.POST, request.actor, utc_now()  # type: ignore[attr-defined]
    reason = said.get("reason", "").strip()[: LONGEST_REASON + 1]
    told = []
    for key in keys:
        if said.get("act") == "verify":
            level = _next_level(queries.decided_as(store, [key])[key])
            if level is None:
                raise Refusal("fact.verified", _("三级都已核实。"))
            detail = {
                "level": level.value,
                "evidence_kind": said.get("evidence_kind", ""),
                "evidence_ref": said.get("evidence_ref", "").strip(),
            }
            decisions.promote_fact(store, key, detail=detail, reason=reason, by=by, at=at)
            told.append(_("已核实：%(level)s。") % {"level": LEVEL_WORDS[level]})
        elif said.get("act") == "contest":
            if said.get("says") not in set(Objection):
                raise Refusal("decision.says", _("请选错在哪里。"))
            contested = decisions.contest_fact(
                store, key, says=Objection(said["says"]), reason=reason, by=by, at=at
            )
            told.append(
                _("已停用这一条，并开校核单 %(numbers)s。")
                % {"numbers": "、".join(case.number for case in contested.cases)}
            )
    return told


@decides_facts
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """An act on one fact from the page of the base library; the form names it by a mark of the session."""
    reader = Reader(request)
    key = fact_behind(request, request.POST.get("fact", ""))
    for sentence in act_on(request, reader.store, [key]):
        messages.success(request, sentence)
    return back(request)


@decides_facts
@require_POST
def undo(request: HttpRequest, sequence: int) -> HttpResponse:
    """Withdraw a decision."""
    decisions.withdraw_decision(
        sequence,
        reason=request.POST.get("reason", "").strip() or "看错了，撤回",
        by=request.actor,  # type: ignore[attr-defined]
        at=utc_now(),
        store=current_store(),
    )
    messages.success(request, _("已撤回决定 %(number)s。") % {"number": sequence})
    return back(request)


def back(request: HttpRequest) -> HttpResponse:
    """To the page the form stood on, within the portal."""
    to = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(to, allowed_hosts=None):
        to = reverse("base_library")
    return HttpResponseRedirect(to)


def possible_level(reader: Reader, key: str) -> tuple[VerifiedLevel, Any] | None:
    """The next step of promotion, if this reader's role is the one to make it."""
    level = _next_level(reader.decided_as(key))
    if level is None or level.value not in reader.levels(key):
        return None
    if not may_decide(reader.actor.role, DecisionKind.VERIFY, level=level):
        return None
    return level, LEVEL_WORDS[level]


def _next_level(names: Sequence[str]) -> VerifiedLevel | None:
    reached = queries.verified_level(names[0])
    at = -1 if reached is None else LEVELS.index(reached)
    return LEVELS[at + 1] if at + 1 < len(LEVELS) else None


def list_steps(reader: Reader, key: str) -> list[tuple[Any, bool]]:
    """The steps a fact of this kind can make and which of them were made."""
    reached = queries.verified_level(reader.decided_as(key)[0])
    done = -1 if reached is None else LEVELS.index(reached)
    possible = reader.levels(key)
    return [
        (LEVEL_WORDS[level], place <= done)
        for place, level in enumerate(LEVELS)
        if level.value in possible
    ]


def decisions_about(reader: Reader, key: str) -> list[dict[str, Any]]:
    """What was decided about a fact and is in force, in words, with who may take it back."""
    return [
        {
            "one": one,
            "title": _title(one),
            "may_undo": _may_undo(reader, one),
            "is_own": one.decided_by == reader.actor.user_id,
        }
        for name in reader.decided_as(key)
        for one in queries.list_decisions(key=name, living_only=True)
    ]


def _title(one: queries.DecisionView) -> str:
    if one.kind is DecisionKind.VERIFY:
        level = LEVEL_WORDS[VerifiedLevel(one.detail["level"])]
        evidence = next(
            name for kind, name in EVIDENCE_WORDS.items() if kind == one.detail["evidence_kind"]
        )
        return f"{level} · {evidence} {one.detail['evidence_ref']}"
    if one.kind is DecisionKind.OBJECT:
        return f"{_('异议')} · {OBJECTION_NAMES[Objection(one.detail['says'])]}"
    if one.kind is DecisionKind.END:
        return f"{_('终止')} · {one.detail['on']}"
    return str(_("不属实") if one.kind is DecisionKind.RETRACT else one.kind.value)


def _may_undo(reader: Reader, one: queries.DecisionView) -> bool:
    """As the registry will judge it, so that no button leads to a refusal; it judges again."""
    own = one.decided_by == reader.actor.user_id
    return own or (reader.actor.role is Role.DATA_STEWARD and one.kind is not DecisionKind.OBJECT)
