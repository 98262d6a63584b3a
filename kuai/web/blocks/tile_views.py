"""Tiles of the map: asked for anew by rights at each request, drawn once a build."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from kuai.kit.errors import Refusal
from kuai.web.blocks.tiles import mark_of, read_tile, require_in_the_world
from kuai.web.doors import current_reader, current_store
from kuai.web.rules import sees_blocks

TILE_TYPE = "application/vnd.mapbox-vector-tile"
# Kept by the browser, used only after asking again: whoever lost the role gets no further tile. Shapes and codes only.
KEPT_BUT_ASKED = "private, no-cache"


@sees_blocks
@require_GET
def draw_tile(request: HttpRequest, zoom: int, column: int, row: int) -> HttpResponse:
    """One tile; 304 while the build is the same. No line in the ledger: the look is the page that carries the map."""
    place = (zoom, column, row)
    try:
        require_in_the_world(place)
    except Refusal as refusal:
        raise Http404(str(refusal)) from refusal
    reader = current_reader()
    mark = mark_of(reader.version)
    if request.headers.get("If-None-Match") == mark:
        response = HttpResponse(status=304)
    else:
        tile, mark = read_tile(current_store(), reader, place)
        response = HttpResponse(tile, content_type=TILE_TYPE)
        # Every browser that draws a map takes gzip; a copy for others would be a second cache.
        response.headers["Content-Encoding"] = "gzip"
    response.headers["ETag"] = mark
    response.headers["Cache-Control"] = KEPT_BUT_ASKED
    return response
