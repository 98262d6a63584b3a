"""What I am offered, and yes or no; rules with state and precision, signed and suspended by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kuai.flows import verdicts
from kuai.guard.types import Actor
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.services.proactive import actions, queries
from kuai.services.proactive.types import OfferState, OfferView, RuleState, Standing
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.proactive import words
from kuai.web.proactive.rules import ANSWERS_FINDINGS, answers_own_offers, owns_rules

SMALLEST_SHOWN, MOST_STEPS = 10, 6
# What runs, and what stands still, before what nobody rehearsed yet; a withdrawn one is history.
SHOWN = (
    RuleState.LIVE,
    RuleState.SUSPENDED,
    RuleState.REHEARSED,
    RuleState.DRAFT,
    RuleState.WITHDRAWN,
)


@answers_own_offers
@never_cache
@require_GET
def show_offers(request: HttpRequest) -> HttpResponse:
    """Each offer with its reason, who answers for it, until when, and where to object."""
    return _own_page(request)


@answers_own_offers
@require_POST
def answer_offer(request: HttpRequest) -> HttpResponse:
    """Yes or no to one offer."""
    says = request.POST.get("says", "")
    try:
        if says not in ("yes", "no"):
            raise Refusal("offer.answer", _("请选一个回答。"))
        actions.answer_offer(
            current_store(),
            request.POST.get("offer", ""),
            accepts=says == "yes",
            by=_actor(request),
            at=utc_now(),
        )
    except Refusal as refusal:
        return _own_page(request, refused=refusal)
    return HttpResponseRedirect(reverse("own_offers"))


@owns_rules
@never_cache
@require_GET
def show_rules(request: HttpRequest) -> HttpResponse:
    """Every rule with state, precision and rehearsal, and our own errors by cause. Counts alone."""
    return _rules_page(request)


@owns_rules
@require_POST
def act_on_rule(request: HttpRequest) -> HttpResponse:
    """Rehearse, sign or suspend one rule, by name."""
    store, by, at = current_store(), _actor(request), utc_now()
    rule, act = request.POST.get("rule", ""), request.POST.get("act", "")
    try:
        if act == "rehearse":
            actions.rehearse_rule(store, rule, day=local_day(at), by=by, at=at)
            done = _("演练好了。看过各数，请经办科室的另一人签字。")
        elif act == "sign":
            actions.sign_rule(store, rule, by=by, at=at)
            done = _("签字上线了。今晚起，发现的会提供、会问；看发现可以记核对的结果。")
            verdicts.keep_pace(store, at=at)
        elif act == "suspend":
            actions.suspend_rule(store, rule, because=request.POST.get("reason", ""), by=by, at=at)
            done = _("停用了，提出的都停着。再上线要重新演练、签字。")
            verdicts.keep_pace(store, at=at)
        else:
            raise Refusal("rule.act", _("请选一个动作。"))
    except Refusal as refusal:
        return _rules_page(request, refused=refusal)
    messages.success(request, done)
    # Back to the rule, not to the top of all rules.
    return HttpResponseRedirect(f"{reverse('offer_rules')}#{quote(rule)}")


def _own_page(request: HttpRequest, *, refused: Refusal | None = None) -> HttpResponse:
    actor = _actor(request)
    offers: tuple[OfferView, ...] = ()
    try:
        offers = queries.list_own_offers(current_store(), actor, on=local_day(utc_now()))
        # Of a child's offer the child's own entry too: whoever they are when they read it.
        seen = {actor.person_code or "", *(one.subject for one in offers)}
        note_look(
            request, "viewed_own_offers", kind="person", refs=tuple(sorted(seen)), count=len(seen)
        )
    except Refusal as refusal:
        refused = refused or refusal
    context = {
        "offers": [_own_line(one) for one in offers],
        "refused": refused,
        "here": "offers",
    }
    status = 409 if refused and request.method == "POST" else 200
    return render(request, "proactive/own.html", context, status=status)


def _rules_page(request: HttpRequest, *, refused: Refusal | None = None) -> HttpResponse:
    standings = queries.list_standings(current_store())
    steps = _next_steps(standings, _actor(request))
    context = {
        "rules": [
            _rule_line(one) for one in sorted(standings, key=lambda one: SHOWN.index(one.state))
        ],
        "may_open": _actor(request).role in ANSWERS_FINDINGS,
        "next_steps": steps[:MOST_STEPS],
        "more_steps": max(0, len(steps) - MOST_STEPS),
        "missed": _missed_lines({one.rule: one for one in standings}),
        "refused": refused,
    }
    status = 400 if refused else 200
    return render(request, "proactive/rules.html", context, status=status)


def _next_steps(standings: Sequence[Standing], actor: Actor) -> list[tuple[str, str, str]]:
    """(rule, title, what) that waits for whoever reads this: stewards rehearse, an office signs its own and mends."""
    words_of = words.CLERKS_STEPS if actor.role in ANSWERS_FINDINGS else words.STEWARDS_STEPS
    mine = [
        one
        for one in standings
        if actor.role not in ANSWERS_FINDINGS or actor.department in ("", one.owner)
    ]
    return [
        (one.rule, words.title_of(one.title, one.title_en), str(words_of[state]))
        for state in words_of
        for one in mine
        if one.state is state
    ]


def _missed_lines(standings: Mapping[str, Standing]) -> list[dict[str, Any]]:
    missed = queries.list_missed()
    counts = Counter((one.rule, one.blocking.value) for one in missed)
    lines = []
    for (rule, cause), count in sorted(counts.items()):
        of = standings.get(rule)
        lines.append(
            {
                "rule": rule,
                "title": words.title_of(of.title, of.title_en) if of else rule,
                "cause": words.CAUSES[cause],
                # A cause of few would be about somebody.
                "count": count if count >= SMALLEST_SHOWN else None,
                "due_on": min(
                    one.due_on for one in missed if (one.rule, one.blocking.value) == (rule, cause)
                ),
                "responsible": of.responsible if of else _("数据管理员"),
                "channel": of.channel if of else "",
            }
        )
    return lines


def _own_line(offer: OfferView) -> dict[str, Any]:
    return {
        "one": offer,
        "state": words.OWN_STATES.get(offer.state.value, ""),
        "may_answer": _may_answer(offer),
        "rows": words.row_lines(offer.grounds) if offer.grounds else [],
        "sure": words.sureness(offer.grounds) if offer.grounds else "",
    }


def _rule_line(one: Standing) -> dict[str, Any]:
    return {
        "one": one,
        "title": words.title_of(one.title, one.title_en),
        "state": words.RULE_STATES[one.state.value],
        "due": words.due_word(one),
        "is_late": one.due_on is not None and one.due_on < local_day(utc_now()),
        "sections": words.sum_sections(one.rehearsal) if one.rehearsal else [],
        "has_findings": one.state in (RuleState.LIVE, RuleState.SUSPENDED),
    }


def _may_answer(offer: OfferView) -> bool:
    return offer.state in (OfferState.OFFERED, OfferState.LAPSED)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
