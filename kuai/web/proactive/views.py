"""What I am offered, and yes or no; rules with state and precision, signed and suspended by name."""

from __future__ import annotations

from collections import Counter

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kuai.guard.types import Actor
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.services.proactive import actions, queries
from kuai.services.proactive.types import OfferState, OfferView
from kuai.web.doors import current_store
from kuai.web.looks import note_look
from kuai.web.proactive.rules import answers_own_offers, owns_rules

SMALLEST_SHOWN = 10
STATES = {
    OfferState.OFFERED.value: gettext_lazy("等您回答"),
    OfferState.ACCEPTED.value: gettext_lazy("您要了"),
    OfferState.DECLINED.value: gettext_lazy("您不要，不再提"),
    OfferState.LAPSED.value: gettext_lazy("过了期限，仍可回答"),
}
RULE_STATES = {
    "draft": gettext_lazy("没有演练"),
    "rehearsed": gettext_lazy("演练过，等签字"),
    "live": gettext_lazy("在用"),
    "suspended": gettext_lazy("停用"),
    "withdrawn": gettext_lazy("已撤销"),
}
CAUSES = {
    "not_live": gettext_lazy("规则没有签字上线"),
    "suspended": gettext_lazy("规则停用了"),
    "contested": gettext_lazy("本人提过异议"),
    "cool_down": gettext_lazy("不久前提过"),
    "no_contact": gettext_lazy("没有联系方式"),
    "unanswered": gettext_lazy("提过，没有回答"),
}


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
        elif act == "sign":
            actions.sign_rule(store, rule, by=by, at=at)
        elif act == "suspend":
            actions.suspend_rule(store, rule, because=request.POST.get("reason", ""), by=by, at=at)
        else:
            raise Refusal("rule.act", _("请选一个动作。"))
    except Refusal as refusal:
        return _rules_page(request, refused=refusal)
    return HttpResponseRedirect(reverse("offer_rules"))


def _own_page(request: HttpRequest, *, refused: Refusal | None = None) -> HttpResponse:
    actor = _actor(request)
    offers: tuple[OfferView, ...] = ()
    try:
        offers = queries.list_own_offers(current_store(), actor)
        note_look(
            request, "viewed_own_offers", kind="person", refs=(actor.person_code or "",), count=1
        )
    except Refusal as refusal:
        refused = refused or refusal
    context = {
        "offers": [(one, STATES.get(one.state.value, ""), _may_answer(one)) for one in offers],
        "refused": refused,
        "here": "offers",
    }
    status = 409 if refused and request.method == "POST" else 200
    return render(request, "proactive/own.html", context, status=status)


def _rules_page(request: HttpRequest, *, refused: Refusal | None = None) -> HttpResponse:
    missed = Counter((one.rule, one.blocking.value) for one in queries.list_missed())
    context = {
        "rules": [
            (one, RULE_STATES[one.state.value]) for one in queries.list_standings(current_store())
        ],
        # A cause of few would be about somebody.
        "missed": [
            (rule, CAUSES[cause], count if count >= SMALLEST_SHOWN else None)
            for (rule, cause), count in sorted(missed.items())
        ],
        "refused": refused,
    }
    status = 400 if refused else 200
    return render(request, "proactive/rules.html", context, status=status)


def _may_answer(offer: OfferView) -> bool:
    return offer.state in (OfferState.OFFERED, OfferState.LAPSED)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
