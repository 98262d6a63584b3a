"""An office's own findings: listed without persons, opened one by one, said to be right or not."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kuai.guard import officials
from kuai.guard.route_rules import TICKET_IN_SESSION
from kuai.guard.types import Actor, Ticket
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.rules.queries import get_rule
from kuai.services.proactive import actions, queries
from kuai.services.proactive.types import FindingLine, OpenedFinding, Verdict
from kuai.web.doors import current_store
from kuai.web.proactive import words
from kuai.web.proactive.rules import lists_findings, opens_finding

A_PAGE = 20
IN_HAND = "finding_in_hand"


@lists_findings
@never_cache
@require_GET
def show_findings(request: HttpRequest) -> HttpResponse:
    """What one rule of the office found, in the reader's area: no person."""
    return _list(request, request.GET.get("rule", ""))


@lists_findings
@require_POST
def take_finding(request: HttpRequest) -> HttpResponse:
    """Open one finding; of a person by a ticket of its own, which the session keeps."""
    finding, store = request.POST.get("finding", ""), current_store()
    try:
        request.session[IN_HAND] = finding
        if not queries.is_about_person(store, finding):
            return HttpResponseRedirect(reverse("rule_finding_thing"))
        ticket = actions.take_finding_ticket(store, finding, by=_actor(request), at=utc_now())
    except Refusal as refusal:
        return _list(request, request.POST.get("rule", ""), refused=refusal)
    request.session[TICKET_IN_SESSION] = ticket.ticket_id
    return HttpResponseRedirect(reverse("rule_finding_person"))


@lists_findings
@never_cache
@require_GET
def show_thing(request: HttpRequest) -> HttpResponse:
    """The finding in hand, which is about no person."""
    return _one(request, request.session.get(IN_HAND, ""))


@opens_finding
@never_cache
@require_GET
def show_person(request: HttpRequest) -> HttpResponse:
    """The finding of the live ticket, its person by masks."""
    ticket: Ticket = request.ticket  # type: ignore[attr-defined]
    return _one(request, queries.finding_of(ticket), ticket=ticket)


@lists_findings
@require_POST
def answer_finding(request: HttpRequest) -> HttpResponse:
    """Right, wrong, cannot tell, no answer, refused."""
    rule, said = request.POST.get("rule", ""), request.POST.get("says", "")
    try:
        if said not in set(Verdict):
            raise Refusal("finding.answer", _("请选一个回答。"))
        actions.answer_finding(
            current_store(),
            request.POST.get("finding", ""),
            Verdict(said),
            by=_actor(request),
            at=utc_now(),
        )
    except Refusal as refusal:
        return _list(request, rule, refused=refusal)
    return HttpResponseRedirect(f"{reverse('rule_findings')}?{urlencode({'rule': rule})}")


def _list(request: HttpRequest, rule: str, *, refused: Refusal | None = None) -> HttpResponse:
    found: tuple[FindingLine, ...] = ()
    title, written = "", None
    try:
        written = get_rule(rule, current_store())
        title = words.title_of(written.title_zh, written.title_en)
        found = queries.list_rule_findings(
            current_store(),
            rule,
            by=_actor(request),
            after=request.GET.get("after", ""),
            limit=A_PAGE,
        )
    except Refusal as refusal:
        refused = refused or refusal
    context = {
        "rule": rule,
        "title": title,
        "written": written,
        "responsible": officials.speak_of(written.owner) if written else "",
        "channel": officials.where_to_object(written.owner) if written else "",
        "lines": [
            (one, words.subject_word(one), words.offer_word(one), words.verdict_word(one))
            for one in found
        ],
        "next_after": found[-1].finding if len(found) == A_PAGE else "",
        "refused": refused,
    }
    return render(request, "proactive/findings.html", context, status=409 if refused else 200)


def _one(request: HttpRequest, finding: str, *, ticket: Ticket | None = None) -> HttpResponse:
    opened: OpenedFinding | None = None
    refused: Refusal | None = None
    try:
        opened = actions.open_finding(
            current_store(), finding, by=_actor(request), at=utc_now(), ticket=ticket
        )
    except Refusal as refusal:
        refused = refusal
    context: dict[str, Any] = {"refused": refused}
    if opened is not None:
        context |= {
            "one": opened,
            "evidence": [(name, words.evidence_word(value)) for name, value in opened.evidence],
            "subject": words.subject_word(opened.line),
            "offer": words.offer_word(opened.line),
            "rows": words.row_lines(opened.grounds),
            "sure": words.sureness(opened.grounds),
            "person": [(words.FIELD_NAMES[name], value) for name, value in opened.person.items()],
            "verdicts": words.verdicts_of(opened.purpose).items(),
            "is_about_records": opened.purpose == words.ABOUT_RECORDS,
        }
    return render(request, "proactive/finding.html", context, status=409 if refused else 200)


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
