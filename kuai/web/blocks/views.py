"""Pages of blocks: the map with its panel. Figures of areas only; a room shows its address and nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from kuai.blocks.types import BlockView, CounterView
from kuai.kit.errors import Refusal
from kuai.registry.queries import count_removals_since_build
from kuai.web.blocks.areas import read_areas
from kuai.web.blocks.children import MAPPED_LEVELS
from kuai.web.blocks.decided import laid_over
from kuai.web.blocks.drawing import around_all, bounds_of, short_name
from kuai.web.blocks.map_frame import map_frame
from kuai.web.doors import BlockReader, current_reader, current_store, list_sources
from kuai.web.looks import note_look
from kuai.web.rules import sees_blocks
from kuai.web.words import LEVEL_NAMES, counter_title

MAIN_COUNTERS = ("rooms", "buildings", "residents", "firms", "rooms_let", "requests")
CHILD_COUNTERS = ("rooms", "residents", "firms")
USE_COUNTERS = ("rooms_home", "rooms_shop", "rooms_workshop", "rooms_other")


@sees_blocks
@require_GET
def show_top(request: HttpRequest) -> HttpResponse:
    """The whole map: the only block at the top, or the list of them."""
    reader = current_reader()
    tops = reader.top_blocks()
    if not tops:
        return render(request, "blocks/empty.html")
    mine = _own_area(reader, request) or (tops[0].code if len(tops) == 1 else "")
    if mine:
        return HttpResponseRedirect(reverse("block", args=[mine]))
    everything = _everything(tops)
    context = _panel(reader, everything, laid_over(reader, tops))
    return render(request, "blocks/page.html", {**context, **_map_settings(reader, everything)})


def _everything(tops: Sequence[BlockView]) -> BlockView:
    """What stands above several districts: no block of its own, so without figures."""
    return BlockView(
        code="",
        level="city",
        name=_("全部"),
        standard_text="",
        path=(),
        longitude=None,
        latitude=None,
        use="",
        counters=(),
        version=tops[0].version,
        children=len(tops),
    )


def _own_area(reader: BlockReader, request: HttpRequest) -> str:
    """Where somebody's work lies, if the build knows it."""
    areas = [area.rsplit("/", 1)[-1] for area in request.user.areas]  # type: ignore[union-attr]
    for area in areas[:1]:
        try:
            return reader.get_block(area).code
        except Refusal:
            continue
    return ""


@sees_blocks
@require_GET
@vary_on_headers("HX-Request")
def show_block(request: HttpRequest, code: str) -> HttpResponse:
    """One block: figures with definition, source and date; what lies in it; the map."""
    reader = current_reader()
    try:
        block = reader.get_block(code)
    except Refusal as refusal:
        raise Http404(str(refusal)) from refusal
    (block,) = laid_over(reader, [block])
    children = laid_over(reader, reader.list_children(code)) if block.level != "room" else []
    note_look(request, "viewed_block", kind="block", refs=(block.code,))
    context = _panel(reader, block, children)
    is_part = request.headers.get("HX-Request") == "true"
    if is_part and not request.headers.get("HX-History-Restore-Request"):
        return render(request, "blocks/panel.html", context)
    return render(request, "blocks/page.html", {**context, **_map_settings(reader, block)})


def _panel(reader: BlockReader, block: BlockView, children: Sequence[BlockView]) -> dict[str, Any]:
    are_rooms = bool(children) and children[0].level == "room"
    # A district without figures of its own (several at the top) borrows the headings of its first part.
    figures = block if block.counters or not children else children[0]
    shown = [] if are_rooms else [key for key in CHILD_COUNTERS if key in _by_key(figures)]
    bars = [
        (counter_title(counter), counter.figure)
        for counter in _picked(block, USE_COUNTERS)
        if counter.figure
    ]
    areas = read_areas(current_store(), reader)
    bounds = bounds_of(block, areas) if block.code else around_all(children, areas)
    return {
        "shown": block,
        "title": short_name(block),
        "bounds": ",".join(f"{degrees:.6f}" for degrees in bounds or ()),
        "path_codes": ",".join([*(code for code, _level, _name in block.path), block.code]),
        "main_counters": _picked(block, MAIN_COUNTERS),
        "bars": json.dumps(bars, ensure_ascii=False) if bars else "",
        "bars_count": len(bars),
        "removals": count_removals_since_build(current_store()),
        "bars_text": "，".join(f"{name} {figure:,}" for name, figure in bars),
        "children": [(child, short_name(child), _picked(child, shown)) for child in children],
        "children_counters": _picked(figures, shown),
        "children_are_rooms": are_rooms,
        "children_title": LEVEL_NAMES.get(children[0].level, "") if children else "",
        "source_titles": {line.source: line.title for line in list_sources()},
    }


def _by_key(block: BlockView) -> dict[str, CounterView]:
    return {counter.key: counter for counter in block.counters}


def _picked(block: BlockView, keys: Sequence[str]) -> list[CounterView]:
    counters = _by_key(block)
    return [counters[key] for key in keys if key in counters]


def _map_settings(reader: BlockReader, block: BlockView) -> dict[str, Any]:
    counters = _picked(block, MAIN_COUNTERS) or _picked(reader.top_blocks()[0], MAIN_COUNTERS)
    return {
        "map_counters": [{"key": c.key, "title": counter_title(c)} for c in counters],
        "map_levels": [(level, LEVEL_NAMES[level]) for level in MAPPED_LEVELS],
        "open_url": reverse("block", args=["CODE"]),
        **map_frame(),
    }
