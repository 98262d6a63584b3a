"""For the person: everything that is held about them, who looked and why, and a way to say that it is wrong.

Whose page it is comes from the login alone, never from an address or a form.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kuai.guard import access
from kuai.guard.ledger import list_entries_about
from kuai.guard.ledger_types import OwnEntry, OwnFilter
from kuai.guard.queries import find_source
from kuai.guard.types import Actor, TicketKind
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.registry import decisions, queries
from kuai.registry.decisions import CaseState, CaseView, Objection, Outcome
from kuai.registry.queries import OwnObjection, PersonFact, PersonFile
from kuai.web.doors import current_store
from kuai.web.facts.words import (
    ANSWER_NAMES,
    CASE_BADGES,
    LEVEL_WORDS,
    STATUS_BADGES,
    STATUS_NAMES,
)
from kuai.web.looks import note_look
from kuai.web.residents import words
from kuai.web.rules import reads_own_file

LOOKS_A_PAGE = 100
LONGEST_PLACE = 18
REVEAL_LASTS = timedelta(minutes=5)
OWN_FIELDS = ("name", "id_number", "phone")
OVER = ("ended", "withdrawn")


class Unbound(Exception):  # noqa: N818 - no fault: a page of its own says what to do
    """Nobody has yet seen that this login is this person's, or the record it was bound by went to another code."""

    def __init__(self, *, is_stale: bool) -> None:
        super().__init__("unbound")
        self.is_stale = is_stale


@reads_own_file
@never_cache
@require_GET
def show_own(request: HttpRequest) -> HttpResponse:
    """Every fact, where it comes from, how it stands; a button on each to say that it is wrong."""
    return _facts_page(request)


@reads_own_file
@never_cache
@require_POST
def reveal_own(request: HttpRequest) -> HttpResponse:
    """One's own name, number or phone, for this one page."""
    field = request.POST.get("field", "")
    if field not in OWN_FIELDS:
        raise Refusal("access.unknown_field", _("没有这一项。"))
    try:
        actor = _require_bound(request)
    except Unbound as unbound:
        return _not_yet(request, unbound)
    at = utc_now()
    ref = access.own_data_origin(actor)
    ticket = access.issue_ticket(
        access.TicketRequest(
            kind=TicketKind.OWN_DATA,
            origin=ref,
            purpose="own_data",
            subjects=(ref,),
            fields=(field,),
            ends_at=at + REVEAL_LASTS,
        ),
        holder=actor,
        at=at,
    )
    values = access.reveal(ref, (field,), to=actor, ticket=ticket, at=at, store=current_store())
    return _facts_page(request, revealed=values)


@reads_own_file
@require_POST
def end_own(request: HttpRequest) -> HttpResponse:
    """This login is nobody's from now on, by its holder's word, also where its record went elsewhere."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    access.end_binding(actor.user_id, by=actor, at=utc_now())
    messages.success(request, _("已终止：用这个登录看不到您的资料了。"))
    return HttpResponseRedirect(reverse("own_file"))


@reads_own_file
@never_cache
@require_POST
def show_code(request: HttpRequest) -> HttpResponse:
    """The code that this login's holder says at the counter; for logins that are nobody's yet."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    code = access.show_binding_code(actor, at=utc_now())
    half = len(code) // 2
    return render(request, "residents/code.html", {"code": f"{code[:half]} {code[half:]}"})


@reads_own_file
@require_POST
def object_to(request: HttpRequest) -> HttpResponse:
    """Say that a fact is wrong: out of use at once, and the departments that said so are asked."""
    try:
        actor = _require_bound(request)
    except Unbound as unbound:
        return _not_yet(request, unbound)
    fact = _fact_behind(actor, request.POST.get("fact", ""))
    said = request.POST.get("says", "")
    if said not in set(Objection):
        raise Refusal("decision.says", _("请选错在哪里。"))
    contested = decisions.contest_fact(
        current_store(), fact, says=Objection(said), by=actor, at=utc_now()
    )
    numbers = "、".join(case.number for case in contested.cases)
    messages.success(
        request,
        _("已经停用这一条，并去问登记的单位（校核单 %(numbers)s）。") % {"numbers": numbers},
    )
    return HttpResponseRedirect(reverse("own_objections"))


@reads_own_file
@never_cache
@require_GET
def show_objections(request: HttpRequest) -> HttpResponse:
    """What one objected to, how far it is, until when there must be an answer."""
    try:
        actor = _require_bound(request)
    except Unbound as unbound:
        return _not_yet(request, unbound)
    titles = _titles()
    context = {
        "lines": [_objection(one, titles) for one in _own_objections(actor)],
        "here": "objections",
    }
    return render(request, "residents/objections.html", context)


@reads_own_file
@require_POST
def withdraw(request: HttpRequest, sequence: int) -> HttpResponse:
    """Take one's own objection back."""
    try:
        actor = _require_bound(request)
    except Unbound as unbound:
        return _not_yet(request, unbound)
    if sequence not in {one.sequence for one in _own_objections(actor)}:
        raise Refusal("decision.not_yours", _("这不是您提出的异议。"))
    decisions.withdraw_decision(
        sequence, reason="本人撤回异议", by=actor, at=utc_now(), store=current_store()
    )
    messages.success(request, _("异议已撤回，这一条照原来的登记使用。"))
    return HttpResponseRedirect(reverse("own_objections"))


@reads_own_file
@require_POST
def appeal(request: HttpRequest, number: str) -> HttpResponse:
    """Ask for a second reading, once, where the department upheld what it said."""
    try:
        actor = _require_bound(request)
    except Unbound as unbound:
        return _not_yet(request, unbound)
    decisions.appeal_case(current_store(), number, by=actor, at=utc_now())
    messages.success(request, _("已申请复核，由数据主管部门再看一次。"))
    return HttpResponseRedirect(reverse("own_objections"))


@reads_own_file
@never_cache
@require_GET
def show_looks(request: HttpRequest) -> HttpResponse:
    """Who looked, what at and why, in plain sentences; there as soon as the look was."""
    try:
        actor = _require_bound(request)
    except Unbound as unbound:
        return _not_yet(request, unbound)
    code = actor.person_code or ""
    told = OwnFilter(
        also=tuple(queries.read_code_history(code, store=current_store()).merged_here),
        without_roles=words.APART_ROLES,
        without_purposes=words.purposes_apart(),
    )
    at = utc_now()
    others = list_entries_about(
        code,
        at=at,
        wanted=replace(told, not_actor=actor.user_id),
        limit=LOOKS_A_PAGE,
        cursor=_place(request, "before"),
    )
    own = list_entries_about(
        code,
        at=at,
        wanted=replace(told, actor=actor.user_id),
        limit=LOOKS_A_PAGE,
        cursor=_place(request, "own_before"),
    )
    context = {
        "looks": [_look(one, actor) for one in others.entries],
        "older": others.next_cursor,
        "own": [_look(one, actor) for one in own.entries],
        "own_older": own.next_cursor,
        "is_later_page": bool(request.GET),
        "here": "looks",
    }
    return render(request, "residents/looks.html", context)


def _place(request: HttpRequest, name: str) -> int | None:
    """The place in the ledger that a page goes on from; of another person's line it opens nothing."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_PLACE else None


def _look(entry: OwnEntry, actor: Actor) -> dict[str, Any]:
    return {
        "at": entry.recorded_at,
        "who": words.who(entry, actor.user_id),
        "what": words.what(entry),
        "why": words.why(entry),
        "ticket": entry.ticket_id,
    }


def _facts_page(
    request: HttpRequest, *, revealed: dict[str, str | None] | None = None
) -> HttpResponse:
    try:
        actor = _require_bound(request)
    except Unbound as unbound:
        return _not_yet(request, unbound)
    held = queries.read_person_file(current_store(), actor.person_code or "")
    note_look(request, "viewed_own_file", kind="person", refs=(held.code,), count=1)
    objected = {one.fact_key: one for one in _own_objections(actor) if one.is_in_force}
    titles = _titles()
    binding = _own_binding(actor)
    lines = [_fact(one, binding, objected=objected, titles=titles) for one in held.facts]
    context = {
        "held": held,
        "now": [line for line in lines if line["one"].status not in OVER],
        "over": [line for line in lines if line["one"].status in OVER],
        "fields": [
            {
                "key": field,
                "name": words.FIELD_NAMES[field],
                "is_open": field in (revealed or {}),
                "value": (revealed or {}).get(field) or _("没有登记"),
            }
            for field in OWN_FIELDS
        ],
        "deliveries": _deliveries(held),
        "kinds": [(kind.value, name) for kind, name in words.OBJECTIONS.items()],
        "here": "facts",
    }
    return render(request, "residents/facts.html", context)


def _fact(
    one: PersonFact,
    binding: access.Binding,
    *,
    objected: dict[str, OwnObjection],
    titles: dict[str, str],
) -> dict[str, Any]:
    status = "contested" if one.is_contested else one.status
    title = words.SAID_NAMES.get(one.type) or words.KIND_SENTENCES.get(one.type)
    own = objected.get(one.fact_key)
    return {
        "one": one,
        "title": title or titles.get(one.type, one.title),
        "text": words.said_value(one.type, one.value) or _other(one),
        "status": STATUS_NAMES.get(status, status),
        "badge": STATUS_BADGES.get(status, ""),
        "sentence": words.STATUS_SENTENCES.get(status, ""),
        "level": next((word for key, word in LEVEL_WORDS.items() if key == one.level), ""),
        "said": [(_source_title(said.source), said) for said in one.said],
        "mark": mark_of(binding, one.fact_key),
        "objection": own,
        "may_object": own is None and one.status not in OVER,
    }


def _other(one: PersonFact) -> str:
    if one.other == "person":
        return _("对方是另一个人，为保护对方，这里不写是谁。")
    if one.other == "contact":
        return _("号码见上面“本人信息”。")
    return one.other_name


def _deliveries(held: PersonFile) -> list[tuple[str, str, int]]:
    return [(_source_title(source), period, rows) for source, period, rows in held.deliveries]


def _own_objections(actor: Actor) -> tuple[OwnObjection, ...]:
    """Those of the person, not of whoever had the login before."""
    binding = access.find_binding(actor)
    return queries.objections_of(actor.user_id, since=binding.bound_at) if binding else ()


def _objection(one: OwnObjection, titles: dict[str, str]) -> dict[str, Any]:
    kind = one.fact_key.partition("|")[0]
    return {
        "one": one,
        "title": words.SAID_NAMES.get(kind)
        or words.KIND_SENTENCES.get(kind)
        or titles.get(kind, kind),
        "says": words.OBJECTIONS[one.says],
        "cases": [_case(case) for case in one.cases],
    }


def _case(case: CaseView) -> dict[str, Any]:
    moves = decisions.get_case(case.number).moves if case.state is CaseState.CLOSED else ()
    is_upheld = bool(moves) and moves[-1].reason == Outcome.STANDS.value
    return {
        "one": case,
        "sentence": words.CASE_SENTENCES[case.state],
        "badge": CASE_BADGES[case.state],
        "answer": ANSWER_NAMES.get(case.answer, "") if case.answer else "",
        "is_overdue": case.is_overdue(local_day(utc_now())),
        "is_open": case.state in decisions.LIVING,
        "may_appeal": is_upheld and case.instance == 1,
    }


def _require_bound(request: HttpRequest) -> Actor:
    """The person of this login, as long as the record it was bound by is theirs."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    binding = access.find_binding(actor)
    if binding is None:
        raise Unbound(is_stale=False)
    store = current_store()
    if not queries.is_record_of(store, binding.record, binding.person_code):
        # The code went to others, or parted from this record: whose file it is now somebody must see again.
        raise Unbound(is_stale=True)
    return actor


def _not_yet(request: HttpRequest, unbound: Unbound) -> HttpResponse:
    """What to do instead; an act that could not be done says so by its status too."""
    status = 409 if request.method == "POST" else 200
    return render(request, "residents/unbound.html", {"is_stale": unbound.is_stale}, status=status)


def _titles() -> dict[str, str]:
    return {one.code: one.title_zh for one in queries.catalogue_of(current_store()).values()}


def _source_title(source: str) -> str:
    registered = find_source(source)
    if registered is None:
        return source
    return f"{registered.title}（{registered.handler}）" if registered.handler else registered.title


def mark_of(binding: access.Binding, fact_key: str) -> str:
    """What stands for a fact in a form: its key names codes, so it is found again among the person's own facts. Of one
    binding: a page left open before the login became somebody else's names nothing any more.
    """
    said = f"{binding.username}|{binding.bound_at.isoformat()}|{fact_key}"
    return salted_hmac("kuai.own_fact", said, algorithm="sha256").hexdigest()[:24]


def _own_binding(actor: Actor) -> access.Binding:
    binding = access.find_binding(actor)
    if binding is None:
        raise Unbound(is_stale=False)
    return binding


def _fact_behind(actor: Actor, mark: str) -> str:
    """The one of the person's own facts that a form names."""
    binding = _own_binding(actor)
    held = queries.read_person_file(current_store(), actor.person_code or "")
    keys = {mark_of(binding, one.fact_key): one.fact_key for one in held.facts}
    if mark not in keys:
        raise Refusal(
            "fact.mark", _("这一页放得太久了。"), next_step=_("请回到“我的资料”再做一次。")
        )
    return keys[mark]
