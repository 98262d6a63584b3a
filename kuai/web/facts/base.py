"""The base library: facts by kind and standing; promoted step by step with evidence, contested, undone."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from kuai.registry import queries
from kuai.registry.decisions import DecisionKind, may_decide
from kuai.web.facts.acting import decisions_about, list_steps, possible_level
from kuai.web.facts.conflicts import read_number
from kuai.web.facts.shown import Reader
from kuai.web.facts.words import DISPUTED_BY, EVIDENCE_WORDS, OBJECTION_NAMES, STATUS_NAMES
from kuai.web.looks import note_look
from kuai.web.rules import sees_facts

PAGE = 15


@sees_facts
@require_GET
def show_base(request: HttpRequest) -> HttpResponse:
    """Facts of one standing (and kind) that the reader may see."""
    reader = Reader(request)
    status = request.GET.get("status", "verified")
    status = status if status in queries.BASE_STATUSES else "verified"
    relation = request.GET.get("type", "")
    relation = relation if relation in dict(reader.types()) else ""
    after = read_number(request.GET.get("after", "0"))
    page = queries.list_base_facts(
        reader.store, reader.actor, status=status, relation=relation, after=after, limit=PAGE
    )
    reader.note([one.fact_key for one in page.lines])
    counts = queries.count_base_facts(reader.store)
    persons = {
        part for one in page.lines for part in one.fact_key.split("|") if part.startswith("P-")
    }
    note_look(
        request,
        "viewed_base_library",
        kind="person" if persons else "fact",
        refs=tuple(sorted(persons)),
        count=len(page.lines),
    )
    context = {
        "lines": [_line(reader, one) for one in page.lines],
        "status": status,
        "relation": relation,
        "types": reader.types(),
        "statuses": [
            (word, STATUS_NAMES[word], _total(counts, word, relation))
            for word in queries.BASE_STATUSES
        ],
        "after": after,
        "next_after": page.next_after,
        "evidence": list(EVIDENCE_WORDS.items()),
        "objections": list(OBJECTION_NAMES.items()),
        "may_contest": may_decide(reader.actor.role, DecisionKind.OBJECT),
        "is_whole": "" in reader.actor.areas,
    }
    return render(request, "facts/base.html", context)


def _total(counts: dict[str, dict[str, int]], status: str, relation: str) -> int:
    kinds = [relation] if relation else list(counts)
    return sum(counts.get(kind, {}).get(status, 0) for kind in kinds)


def _line(reader: Reader, one: queries.FactLine) -> dict[str, Any]:
    standing = reader.standing(one.fact_key, one.status, one.level)
    return {
        "one": one,
        "fact": reader.fact(one.fact_key),
        "sources": [reader.source_title(source) for source in one.sources],
        "standing": standing,
        "disputed_by": DISPUTED_BY.get(one.disputed_by, ""),
        "next_level": possible_level(reader, one.fact_key) if standing.is_in_use else None,
        "steps": list_steps(reader, one.fact_key),
        "decisions": decisions_about(reader, one.fact_key),
    }
