"""Search for addresses and organisations, as one types and as a page of its own."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.views.decorators.http import require_GET

from kuai.web.doors import current_search
from kuai.web.looks import note_look
from kuai.web.rules import searches

HITS_WHILE_TYPING = 8
HITS_ON_PAGE = 50
LONGEST_TEXT = 60


def read_text(request: HttpRequest) -> str:
    """What was typed, full width folded, no longer than an address."""
    return unicodedata.normalize("NFKC", request.GET.get("q", "")).strip()[:LONGEST_TEXT]


def _find(text: str, *, limit: int) -> list[Any]:
    return list(current_search().find(text, limit=limit)) if text else []


@searches
@require_GET
def show_hits(request: HttpRequest) -> HttpResponse:
    """The list under the search box. Not in the ledger: each letter typed is not a look, opening a hit is."""
    text = read_text(request)
    hits = _find(text, limit=HITS_WHILE_TYPING)
    # Without the page's frame (menu, role, session), because it is asked for at every letter.
    return HttpResponse(get_template("search/hits.html").render({"hits": hits, "text": text}))


@searches
@require_GET
def show_search(request: HttpRequest) -> HttpResponse:
    """All hits on a page; works without scripts."""
    text = read_text(request)
    hits = _find(text, limit=HITS_ON_PAGE)
    if text:
        # The text itself stays out: whoever types a name by mistake should not find it in the ledger.
        note_look(request, "searched_places", kind="search", refs=())
    context = {"hits": hits, "search_text": text, "is_full": len(hits) == HITS_ON_PAGE}
    return render(request, "search/page.html", context)
