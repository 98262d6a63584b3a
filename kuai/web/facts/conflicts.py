"""Conflicts of the published build: a list by kind, and one conflict with both sides and what may be done."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kuai.kit.errors import Refusal
from kuai.registry import queries
from kuai.registry.decisions import DecisionKind, may_decide
from kuai.web.facts.acting import act_on, decisions_about, list_steps, possible_level
from kuai.web.facts.shown import Reader, purposes_in_words
from kuai.web.facts.words import CONFLICT_NAMES, EVIDENCE_WORDS, OBJECTION_NAMES
from kuai.web.looks import note_look
from kuai.web.rules import decides_facts, sees_facts

PAGE = 20
SIDES = ("left", "right")


@sees_facts
@require_GET
def show_conflicts(request: HttpRequest) -> HttpResponse:
    """The conflicts the reader may see, of one kind or all."""
    reader = Reader(request)
    counts = queries.count_conflicts(reader.store, reader.actor)
    kind = request.GET.get("kind", "")
    kind = kind if kind in counts else ""
    after = read_number(request.GET.get("after", "0"))
    page = queries.list_conflicts(reader.store, reader.actor, kind=kind, after=after, limit=PAGE)
    note_look(request, "viewed_conflicts", kind="conflict", count=len(page.lines))
    context = {
        "lines": [_line(reader, one) for one in page.lines],
        "kinds": [(key, CONFLICT_NAMES.get(key, key), count) for key, count in counts.items()],
        "all": sum(counts.values()),
        "kind": kind,
        "after": after,
        "next_after": page.next_after,
    }
    return render(request, "facts/conflicts.html", context)


@sees_facts
@require_GET
def show_conflict(request: HttpRequest, number: int) -> HttpResponse:
    """One conflict, both sides beside each other."""
    reader = Reader(request)
    # Read before the conflict: a build published in between makes the form stale, never the other way round.
    version = reader.store.current_version()
    conflict, left, right = queries.get_conflict(reader.store, reader.actor, number)
    persons = [code for code in (conflict.element_code,) if code.startswith("P-")]
    note_look(
        request,
        "viewed_conflict",
        kind="person" if persons else "conflict",
        refs=tuple(persons) or (f"conflict:{number}",),
        count=1,
    )
    following = queries.list_conflicts(reader.store, reader.actor, after=number, limit=1)
    context = {
        "line": _line(reader, conflict),
        "sides": [
            _side(reader, name, side) for name, side in zip(SIDES, (left, right), strict=True)
        ],
        "following": following.lines[0].number if following.lines else None,
        "evidence": list(EVIDENCE_WORDS.items()),
        "objections": list(OBJECTION_NAMES.items()),
        "may_contest": may_decide(reader.actor.role, DecisionKind.OBJECT),
        "may_verify": may_decide(reader.actor.role, DecisionKind.VERIFY),
        "about_values": not conflict.left_fact,
        "version": version,
    }
    return render(request, "facts/conflict.html", context)


@decides_facts
@require_POST
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """Verify a side, contest a side (which opens cases), or verify both."""
    reader = Reader(request)
    if request.POST.get("version", "") != reader.store.current_version():
        # Numbers are a build's own: the same one may stand for another conflict by now.
        raise Refusal(
            "conflict.other_build",
            _("版本已经更新，这个编号可能是另一个冲突。"),
            next_step=_("请回到清单，重新打开这一条。"),
        )
    conflict, _left, _right = queries.get_conflict(reader.store, reader.actor, number)
    facts = {"left": conflict.left_fact, "right": conflict.right_fact}
    wanted = request.POST.get("side", "")
    chosen = SIDES if wanted == "both" else (wanted,) if wanted in SIDES else ()
    keys = [facts[side] for side in chosen if facts[side]]
    if not keys and conflict.element_code.startswith("P-") and not conflict.left_fact:
        # About what is said of a person: there is one thing to contest, and nothing to verify.
        keys = [f"birth_date|{conflict.element_code}"]
    for sentence in act_on(request, reader.store, keys):
        messages.success(request, sentence)
    if not keys:
        messages.error(request, _("请选一边。"))
    return HttpResponseRedirect(reverse("conflict", args=[number]))


def read_number(text: str) -> int:
    """A number as an address has it; anything else is the beginning."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _line(reader: Reader, one: queries.ConflictLine) -> dict[str, Any]:
    facts = [reader.fact(key) for key in (one.left_fact, one.right_fact) if key]
    return {
        "one": one,
        "kind_name": CONFLICT_NAMES.get(one.kind, one.kind),
        "element": reader.code(one.element_code),
        "facts": facts,
    }


def _side(reader: Reader, name: str, side: queries.Side) -> dict[str, Any]:
    key = side.fact_key
    standing = reader.standing(key, side.status, side.level)
    level = possible_level(reader, key) if key else None
    return {
        "name": name,
        "title": _("甲方") if name == "left" else _("乙方"),
        "side": side,
        "row": side.row_no + 1,
        "source_title": reader.source_title(side.source),
        "fact": reader.fact(key) if key else None,
        "standing": standing,
        "purposes": purposes_in_words(side.purposes),
        "next_level": level,
        "steps": list_steps(reader, key) if key else [],
        "decisions": decisions_about(reader, key) if key else [],
    }
