"""Reviews: what linkage holds back, one question at a time, by keyboard. Values only on demand, one field, logged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from kuai.guard.types import Ticket
from kuai.kit.clock import local_day, utc_now
from kuai.kit.errors import Refusal
from kuai.linkage.queries import Agreement, match_weights, read_agreements
from kuai.registry import decisions
from kuai.registry.decisions import OpenedSuspicion, Suspicious
from kuai.registry.queries import list_decisions
from kuai.web.doors import current_reader, current_store, list_sources
from kuai.web.looks import note_look
from kuai.web.reviews.words import (
    BADGES,
    FIELDS,
    KINDS,
    OUTCOMES,
    RECORD_ROLES,
    STATES,
    agreement_words,
    key_sentences,
)
from kuai.web.rules import reads_for_review, reviews_records

ITEMS_A_PAGE = 50
OPEN_STATES = ("open", "aside")
# A bar's full length, in bits: what the strongest single comparison of the model is worth.
FULL_BITS = 14.0
BAR_HALF = 100


@reviews_records
@require_GET
def show_reviews(request: HttpRequest) -> HttpResponse:
    """The questions by kind and sub-district, how far they are, and where to begin."""
    actor = request.actor  # type: ignore[attr-defined]
    every = decisions.list_suspicious(current_store(), by=actor)
    wanted = {name: request.GET.get(name, "") for name in ("kind", "area", "state")}
    shown = [one for one in every if _fits(one, wanted)]
    note_look(request, "viewed_reviews", kind="review", count=len(shown))
    first = next((one for one in shown if _is_for(one, actor.user_id)), None)
    after = _whole_number(request.GET.get("after", ""))
    context = {
        "progress": _progress(every, actor.user_id),
        "kinds": _counted(every, lambda one: one.kind, KINDS),
        "areas": _counted(every, _area_of, _area_names(every)),
        "states": list(STATES.items()),
        "wanted": wanted,
        "lines": [_line(one) for one in shown[after : after + ITEMS_A_PAGE]],
        "more_after": after + ITEMS_A_PAGE if after + ITEMS_A_PAGE < len(shown) else 0,
        "query": urlencode({name: value for name, value in wanted.items() if value}),
        "first": first,
        "is_filtered": any(wanted.values()),
    }
    return render(request, "reviews/list.html", context)


@reviews_records
@never_cache
@require_GET
def show_review(request: HttpRequest, item: str) -> HttpResponse:
    """One question."""
    return _show(request, item)


@reviews_records
@require_POST
def answer(request: HttpRequest, item: str) -> HttpResponse:
    """Same, different or unsure; the next question follows at once."""
    actor = request.actor  # type: ignore[attr-defined]
    said = request.POST.get("answer", "")
    store = current_store()
    try:
        sequence = decisions.answer_suspicious(store, item, said, by=actor, at=utc_now())
    except Refusal as refusal:
        if refusal.code == "suspicion.unknown":
            raise
        return _show(request, item, refusal=refusal)
    if sequence is None:
        messages.success(request, _("已留给第二个人看。"))
    else:
        words = {"same": _("同一"), "different": _("不同")}
        messages.success(
            request,
            _("记为“%(answer)s”（决定 %(sequence)s），下一次建库时生效；按 Z 可撤回。")
            % {"answer": words[said], "sequence": sequence},
        )
    following = _following(decisions.list_suspicious(store, by=actor), item, actor.user_id)
    if following is None:
        return HttpResponseRedirect(reverse("reviews"))
    undo = f"?undo={sequence}" if sequence is not None else ""
    return HttpResponseRedirect(reverse("review", args=[following.item]) + undo)


@reviews_records
@require_POST
def undo(request: HttpRequest, sequence: int) -> HttpResponse:
    """Withdraw a decision; the question is open again."""
    actor = request.actor  # type: ignore[attr-defined]
    store = current_store()
    if sequence not in _undoable(decisions.list_suspicious(store, by=actor)):
        raise Refusal("decision.unknown", _("这个决定不属于你的存疑记录。"))
    decisions.withdraw_decision(sequence, reason="核校：撤回", by=actor, at=utc_now(), store=store)
    messages.success(request, _("决定 %(sequence)s 已撤回。") % {"sequence": sequence})
    back = request.POST.get("item", "")
    known = {one.item for one in decisions.list_suspicious(store, by=actor)}
    if back in known:
        return HttpResponseRedirect(reverse("review", args=[back]))
    return HttpResponseRedirect(reverse("reviews"))


@reviews_records
@never_cache
@require_POST
def ask(request: HttpRequest, item: str) -> HttpResponse:
    """Ask to read one field of the two records: the reason opens a review, whose ticket opens the next page once."""
    try:
        ticket = decisions.ask_to_read(
            current_store(),
            item,
            request.POST.get("field", ""),
            reason=request.POST.get("reason", ""),
            by=request.actor,  # type: ignore[attr-defined]
            at=utc_now(),
        )
    except Refusal as refusal:
        if refusal.code == "suspicion.unknown":
            raise
        return _show(request, item, refusal=refusal)
    return _show(request, item, ticket=ticket)


@reads_for_review
@never_cache
@require_POST
def read(request: HttpRequest, item: str) -> HttpResponse:
    """The field, for this one page; the look stands in the ledger, and the ticket is spent."""
    ticket = request.ticket  # type: ignore[attr-defined]
    values = decisions.read_for_review(
        current_store(),
        item,
        ticket,
        by=request.actor,  # type: ignore[attr-defined]
        at=utc_now(),
    )
    return _show(request, item, revealed={"field": FIELDS[ticket.fields[0]], "values": values})


# --- one question ------------------------------------------------------------------------------------


def _show(
    request: HttpRequest,
    item: str,
    *,
    refusal: Refusal | None = None,
    revealed: dict[str, Any] | None = None,
    ticket: Ticket | None = None,
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    store = current_store()
    opened = decisions.open_suspicious(store, item, by=actor, at=utc_now())
    question = opened.question
    every = decisions.list_suspicious(store, by=actor)
    following = _following(every, item, actor.user_id)
    context = {
        **_line(question),
        "opened": opened,
        "sides": _sides(opened),
        "agreements": _agreements(question, opened),
        # A bar's length tells how nearly values agree: of a child it is not told.
        "bars": [] if opened.has_child else _bars(question),
        "total_bits": round(sum(bar.bits for bar in _weights(question)), 1),
        "ties": _ties(opened),
        "progress": _progress(every, actor.user_id),
        "next_item": following.item if following else "",
        "undo": _whole_number(request.GET.get("undo", "")),
        "previous": _previous(every, _whole_number(request.GET.get("undo", "")), actor.user_id),
        "may_answer": question.state in OPEN_STATES and question.kind != "clerk_contradiction",
        "may_part": question.right_mention is not None,
        "may_undo": question.decision is not None,
        "is_own": question.decided_by == actor.user_id,
        "contradicting": _named_decisions(question),
        "fields": [(name, FIELDS[name]) for name in decisions.REVEALED_FIELDS],
        "may_reveal": question.element == "person",
        "revealed": _revealed(question, revealed),
        "ticket": ticket,
        "ticket_field": FIELDS[ticket.fields[0]] if ticket else "",
        "refusal": refusal,
        "said": request.POST,
    }
    return render(request, "reviews/one.html", context, status=409 if refusal else 200)


def _sides(opened: OpenedSuspicion) -> list[dict[str, Any]]:
    titles = {line.source: line.title for line in list_sources()}
    question = opened.question
    sides = []
    numbers = {one.mention_key: number for number, one in enumerate(opened.records, 1)}
    for is_right, name in ((False, _("左侧")), (True, _("右侧"))):
        records = [
            {
                "one": one,
                "number": numbers[one.mention_key],
                "source": titles.get(one.source) or one.source,
                "role": RECORD_ROLES.get(one.role, one.role),
                "place": _place(one.building_code),
                "is_end": one.mention_key in (question.left_mention, question.right_mention),
            }
            for one in opened.records
            if one.is_right is is_right
        ]
        codes = sorted({line["one"].code for line in records})
        if records:
            sides.append({"name": name, "records": records, "codes": codes})
    return sides


def _place(code: str) -> str:
    if not code:
        return ""
    try:
        block = current_reader().get_block(code)
    except Refusal:
        return ""
    return block.standard_text or block.name


def _agreements(question: Suspicious, opened: OpenedSuspicion) -> list[dict[str, Any]]:
    """Of a child only whether values agree: how nearly they do would tell of them."""
    lines = []
    for one in read_agreements(question.agreement):
        told = _plainly(one) if opened.has_child else one
        sign = {"same": "=", "unknown": "·"}.get(told.outcome, "≠")
        sign = "≈" if told.outcome in ("sounds_same", "one_character", "position") else sign
        lines.append(
            {
                "field": FIELDS[one.field],
                "word": agreement_words(told),
                "sign": sign,
                "outcome": told.outcome,
            }
        )
    return lines


def _plainly(one: Agreement) -> Agreement:
    """Same, different or unknown, and nothing of how and where."""
    known = one.outcome in ("same", "unknown")
    return replace(one, outcome=one.outcome if known else "different", detail="")


def _weights(question: Suspicious) -> Sequence[Any]:
    return match_weights(read_agreements(question.agreement))


def _bars(question: Suspicious) -> list[dict[str, Any]]:
    bars = []
    for bar in _weights(question):
        length = round(min(abs(bar.bits) / FULL_BITS, 1.0) * BAR_HALF, 1)
        bars.append(
            {
                "field": FIELDS.get(bar.field, bar.field),
                "word": OUTCOMES.get(bar.outcome, bar.outcome),
                "bits": f"{bar.bits:+.1f}" if abs(bar.bits) >= 0.05 else "0",
                "speaks_for": bar.bits > 0,
                "is_nothing": bar.bits == 0,
                "x": BAR_HALF if bar.bits >= 0 else BAR_HALF - length,
                "length": length,
            }
        )
    return bars


def _ties(opened: OpenedSuspicion) -> list[dict[str, Any]]:
    places = {one.mention_key: place for place, one in enumerate(opened.records, 1)}
    sentences = key_sentences()
    cut = {opened.question.left_mention, opened.question.right_mention}
    return [
        {
            "left": places.get(tie.left_mention, "—"),
            "right": places.get(tie.right_mention, "—"),
            "sentence": sentences.get(tie.key_code, tie.key_code),
            "probability": f"{tie.match_probability:.4f}",
            "is_kept": tie.is_kept,
            "is_cut": {tie.left_mention, tie.right_mention} == cut,
        }
        for tie in opened.ties
    ]


def _revealed(question: Suspicious, revealed: dict[str, Any] | None) -> dict[str, Any] | None:
    if revealed is None:
        return None
    values = revealed["values"]
    pair = [(_("左侧"), question.left_mention), (_("右侧"), question.right_mention or "")]
    lines = [(side, values[key] or _("没有写")) for side, key in pair if key in values]
    return {"field": revealed["field"], "lines": lines}


def _named_decisions(question: Suspicious) -> list[int]:
    if question.kind != "clerk_contradiction":
        return []
    named = {one.sequence for one in list_decisions(living_only=True)}
    told = [int(word) for word in question.explanation.split() if word.isdigit()]
    return [number for number in told if number in named]


def _undoable(every: Sequence[Suspicious]) -> set[int]:
    """What answered these questions, and what those about contradicting decisions name."""
    answered = {one.decision for one in every if one.decision is not None}
    return answered.union(*map(_named_decisions, every))


# --- the list ----------------------------------------------------------------------------------------


def _line(one: Suspicious) -> dict[str, Any]:
    return {
        "one": one,
        "kind_name": KINDS.get(one.kind, one.kind),
        "state_name": STATES[one.state],
        "badge": BADGES[one.state],
    }


def _fits(one: Suspicious, wanted: dict[str, str]) -> bool:
    return (
        wanted["kind"] in ("", one.kind)
        and wanted["area"] in ("", _area_of(one))
        and wanted["state"] in ("", one.state)
    )


def _is_for(one: Suspicious, user_id: str) -> bool:
    """Open, and not set aside by this very person: a second one looks at those."""
    return one.state in OPEN_STATES and user_id not in one.set_aside_by


def _following(every: Sequence[Suspicious], item: str, user_id: str) -> Suspicious | None:
    places = [place for place, one in enumerate(every) if one.item == item]
    start = places[0] + 1 if places else 0
    ordered = [*every[start:], *every[:start]]
    return next((one for one in ordered if _is_for(one, user_id) and one.item != item), None)


def _previous(every: Sequence[Suspicious], sequence: int, user_id: str) -> str:
    """What the reader answered just now: Z takes back one's own alone."""
    mine = (one for one in every if one.decided_by == user_id)
    return next((one.item for one in mine if sequence and one.decision == sequence), "")


def _progress(every: Sequence[Suspicious], user_id: str) -> dict[str, int]:
    today = local_day(utc_now())
    done = [one for one in every if one.state not in OPEN_STATES]
    return {
        "all": len(every),
        "done": len(done),
        "aside": sum(one.state == "aside" for one in every),
        "today": sum(
            one.decided_by == user_id and local_day(one.decided_at) == today
            for one in done
            if one.decided_at
        ),
    }


def _area_of(one: Suspicious) -> str:
    """Its sub-district: the second step of the path."""
    parts = one.area_path.strip("/").split("/")
    return parts[1] if len(parts) > 1 else ""


def _area_names(every: Sequence[Suspicious]) -> dict[str, Any]:
    names: dict[str, Any] = {"": _("地点不明")}
    for code in {_area_of(one) for one in every} - {""}:
        try:
            names[code] = current_reader().get_block(code).name
        except Refusal:
            names[code] = code
    return names


def _counted(every: Sequence[Suspicious], key: Any, names: Any) -> list[dict[str, Any]]:
    all_of = Counter(key(one) for one in every)
    open_of = Counter(key(one) for one in every if one.state in OPEN_STATES)
    return [
        {"key": value, "name": names.get(value, value), "all": count, "open": open_of[value]}
        for value, count in sorted(all_of.items())
    ]


def _whole_number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
