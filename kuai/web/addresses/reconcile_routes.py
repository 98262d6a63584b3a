"""The portal's routes of the Reconciliation API, behind the login like everything else (decision 0019).

For scripts and pages that hold a session. OpenRefine, which knows no login, uses `kuai reconcile` on the clerk's own
machine instead: a key in the address would end in every log on the way.
"""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.utils import check_csrf

from kuai.kit.errors import Refusal
from kuai.web.addresses.api import require_json
from kuai.web.addresses.limits import BATCHES, TYPING, keep_pace
from kuai.web.addresses.places import current_places
from kuai.web.addresses.reconciliation import Reconciler
from kuai.web.looks import note_look
from kuai.web.rules import reconciles

router = Router(tags=["reconciliation"])


@router.get("/", url_name="reconcile")
@reconciles
def show_manifest(request: HttpRequest) -> dict[str, Any]:
    """The manifest of 0.2. Queries come by POST only: what was sent must not stand in an address."""
    if "queries" in request.GET or "extend" in request.GET:
        raise Refusal(
            "request.not_in_address",
            "查询不放在网址里。",
            next_step="改用 POST，网址会留在各处日志里。",
        )
    return _reconciler(request).manifest()


@router.post("/", url_name="reconcile")
@reconciles
def answer_form(request: HttpRequest) -> dict[str, Any]:
    """`queries` or `extend` as a form field, with the token of our forms (X-CSRFToken)."""
    keep_pace(request, BATCHES)
    if check_csrf(request, answer_form) is not None:
        raise Refusal(
            "request.no_token", "缺少防伪令牌。", next_step="带上请求头 X-CSRFToken，或改用 JSON。"
        )
    if "extend" in request.POST:
        query = read_json_text(request.POST["extend"])
        return _noted(request, _reconciler(request).extend(query), len(query.get("ids", ())))
    queries = read_json_text(request.POST.get("queries", ""))
    return _noted(request, _reconciler(request).answer_queries(queries), len(queries))


@router.get("/v1/", url_name="reconcile_draft")
@reconciles
def show_draft_manifest(request: HttpRequest) -> dict[str, Any]:
    """The manifest of the 1.0 draft."""
    return _reconciler(request).draft_manifest()


@router.post("/v1/reconcile", url_name="reconcile_draft_queries")
@reconciles
def answer_draft(request: HttpRequest) -> dict[str, Any]:
    """A query batch of the 1.0 draft."""
    keep_pace(request, BATCHES)
    require_json(request)
    answers = _reconciler(request).answer_batch(read_json_text(request.body))
    return _noted(request, answers, len(answers["results"]))


@router.post("/v1/extend", url_name="reconcile_draft_extend")
@reconciles
def extend_draft(request: HttpRequest) -> dict[str, Any]:
    """A data extension query of the 1.0 draft."""
    keep_pace(request, BATCHES)
    require_json(request)
    answers = _reconciler(request).extend_batch(read_json_text(request.body))
    return _noted(request, answers, len(answers["rows"]))


def suggest(request: HttpRequest, kind: str, prefix: str = "", cursor: int = 0) -> dict[str, Any]:
    """Entities, types or properties that begin so."""
    keep_pace(request, TYPING)
    return _reconciler(request).suggest(kind, prefix, cursor)


def preview(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002 - the specification's word
    """A small page about one entry."""
    return HttpResponse(_reconciler(request).preview(id))


def propose(request: HttpRequest, type: str = "", limit: int = 0) -> dict[str, Any]:  # noqa: A002 - as above
    """Properties worth fetching for a type."""
    return _reconciler(request).propose(type, limit)


# Both versions have these at the same place below their root.
for _root, _name in (("", "reconcile"), ("/v1", "reconcile_draft")):
    router.get(f"{_root}/suggest/{{kind}}", url_name=f"{_name}_suggest")(reconciles(suggest))
    router.get(f"{_root}/preview", url_name=f"{_name}_preview")(reconciles(preview))
    router.get(f"{_root}/extend/propose", url_name=f"{_name}_propose")(reconciles(propose))


def read_json_text(text: str | bytes) -> Any:
    """The JSON that was sent; refuses what is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Refusal(
            "request.form", "请求读不懂。", next_step="queries、extend 须是 JSON 对象。"
        ) from None
    if not isinstance(found, dict):
        raise Refusal("request.form", "请求须是 JSON 对象。")
    return found


def _reconciler(request: HttpRequest) -> Reconciler:
    base = request.build_absolute_uri("/api/reconcile")
    return Reconciler(
        current_places(), base_url=base, entity_url=request.build_absolute_uri("/blocks/") + "{id}/"
    )


def _noted(request: HttpRequest, answers: dict[str, Any], count: int) -> dict[str, Any]:
    note_look(request, "reconciled_addresses", kind="address", count=count)
    return answers
