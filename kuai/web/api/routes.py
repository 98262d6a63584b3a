"""The JSON API: blocks, search, points for the map, health. The same rules and ledger lines as the pages."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import NinjaAPI, Schema
from ninja.responses import Response

from kuai.web.addresses.api import router as addresses
from kuai.web.addresses.reconcile_routes import router as reconciliation
from kuai.web.api.blocks import BlockOut, block_json
from kuai.web.api.blocks import router as blocks
from kuai.web.api.elements import router as elements
from kuai.web.api.refusing import RefusalOut, refuse_in_json
from kuai.web.blocks.areas import find_areas, read_areas
from kuai.web.blocks.decided import laid_over
from kuai.web.blocks.drawing import children_features
from kuai.web.doors import current_reader, current_search, current_store
from kuai.web.looks import note_look
from kuai.web.rules import anybody, searches, sees_blocks
from kuai.web.search.views import LONGEST_TEXT

MOST_CODES = 60
MOST_HITS = 50

api = NinjaAPI(
    title="块 Kuai",
    version="1",
    urls_namespace="api",
    docs_url=None,
    description="块、查找、地图点、地址清洗与联想。人数少于 10 的不给出数值。",
)
refuse_in_json(api)
api.add_router("/addresses", addresses)
api.add_router("/reconcile", reconciliation)
api.add_router("/elements", elements)
api.add_router("", blocks)


class HitOut(Schema):
    """One place or organisation found; an organisation's `code` is the place it is registered at."""

    code: str
    level: str
    text: str
    why: str
    organisation_code: str = ""


@api.get("/health", url_name="health")
@anybody("api.health")
def report_health(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001
    """Whether the server answers, and which build it shows."""
    return {"status": "ok", "version": current_store().current_version()}


@api.get(
    "/blocks/{code}",
    response={200: BlockOut, 404: RefusalOut, 409: RefusalOut},
    url_name="block",
)
@sees_blocks
def get_block(request: HttpRequest, code: str) -> Response:
    """One block."""
    reader = current_reader()
    block = reader.get_block(code)
    note_look(request, "viewed_block", kind="block", refs=(block.code,))
    return Response(block_json(laid_over(reader, [block])[0]))


@api.get(
    "/blocks/{code}/children",
    response={200: list[BlockOut], 404: RefusalOut, 409: RefusalOut},
    url_name="children",
)
@sees_blocks
def list_children(request: HttpRequest, code: str) -> Response:
    """The blocks one level down."""
    reader = current_reader()
    children = reader.list_children(code)
    note_look(request, "viewed_block", kind="block", refs=(code,))
    return Response([block_json(child) for child in laid_over(reader, children)])


@api.get("/map/children", url_name="map_children")
@sees_blocks
def draw_children(request: HttpRequest, of: str = "") -> dict[str, Any]:  # noqa: ARG001
    """GeoJSON points of the children of the blocks in `of` (codes, comma separated; empty: those at the top).

    Leaves no line of its own: the look is the block page that carries the map.
    """
    codes = of.split(",")[:MOST_CODES]
    reader = current_reader()
    return children_features(reader, read_areas(current_store(), reader), codes)


@api.get("/map/areas", url_name="map_areas")
@sees_blocks
def draw_areas(request: HttpRequest, of: str = "") -> dict[str, Any]:  # noqa: ARG001
    """GeoJSON areas of the children of the blocks in `of`, drawn from building points: a picture, no boundary."""
    return find_areas(current_store(), current_reader(), of.split(",")[:MOST_CODES])


@api.get("/search", response={200: list[HitOut], 409: RefusalOut}, url_name="search")
@searches
def search(request: HttpRequest, q: str, limit: int = 20) -> list[HitOut]:
    """Addresses and organisations by characters, pinyin, initials or code, or all but one character of it."""
    hits = current_search().find(q.strip()[:LONGEST_TEXT], limit=min(limit, MOST_HITS))
    note_look(request, "searched_places", kind="search")
    return [
        HitOut(
            code=hit.code,
            level=hit.level,
            text=hit.text,
            why=hit.why,
            organisation_code=hit.organisation_code,
        )
        for hit in hits
    ]
