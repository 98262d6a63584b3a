"""Pages of areas: one's own, a new one (ticked, by centre and radius, drawn), one with its figures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from os.path import commonprefix
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kuai.blocks.types import AreaView, BlockView, ChoosableBlock
from kuai.guard.queries import covers_any
from kuai.guard.types import Actor
from kuai.kit.clock import utc_now
from kuai.kit.errors import DataFault, Refusal
from kuai.web.areas import keeping
from kuai.web.areas.counting import count_shape
from kuai.web.areas.shapes import (
    LEAST_RADIUS_M,
    MOST_RADIUS_M,
    AreaShape,
    shape_of_form,
)
from kuai.web.blocks.areas import Areas, read_areas
from kuai.web.blocks.drawing import Box, around_all, bounds_of
from kuai.web.blocks.exporting import send_sheet
from kuai.web.blocks.figure_sheets import sheet_of_area
from kuai.web.blocks.map_frame import map_frame
from kuai.web.doors import BlockReader, current_reader, current_store, list_sources
from kuai.web.looks import note_look
from kuai.web.rules import draws_areas, exports_figures
from kuai.web.words import LEVEL_NAMES

CHOOSABLE = ("grid", "community", "subdistrict")
MOST_LISTED = 600
ENDS_OF_NAMES = "省市区县道镇乡村"
MAIN = ("rooms", "buildings", "residents", "households", "firms", "rooms_let", "requests")
# Half a degree of latitude is some 55 km.
METRES_A_DEGREE = 111_320.0


@draws_areas
@require_GET
def show_areas(request: HttpRequest) -> HttpResponse:
    """One's own areas, and those removed that can still be brought back."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    context = {
        "areas": keeping.list_own(actor),
        "removed": keeping.list_own(actor, removed=True),
    }
    return render(request, "areas/list.html", context)


@draws_areas
@require_http_methods(["GET", "POST"])
def show_new(request: HttpRequest) -> HttpResponse:
    """Three ways to one area; what a form asks for is counted once, kept as a draft and shown at its own link."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    reader = current_reader()
    refusal: Refusal | DataFault | None = None
    if request.method == "POST":
        try:
            shape = shape_of_form(request.POST, reader)
            count_shape(reader, shape, actor=actor)
        except (Refusal, DataFault) as fault:
            refusal = fault
        else:
            area_id = keeping.keep_draft(shape, by=actor, at=utc_now())
            return HttpResponseRedirect(reverse("area", args=[area_id]))
    context = {
        "vanished": len(actor.areas) - len(_grounds(reader, actor)),
        **_choice(request, reader, actor),
        **map_frame(),
        "refusal": refusal,
        "sent": request.POST,
        "least_radius": LEAST_RADIUS_M,
        "most_radius": MOST_RADIUS_M,
    }
    return render(request, "areas/new.html", context, status=200 if refusal is None else 409)


def _choice(request: HttpRequest, reader: BlockReader, actor: Actor) -> dict[str, Any]:
    """The list to tick: blocks of a level within the reader's areas, or within one block of it."""
    level = request.GET.get("level", "grid")
    level = level if level in CHOOSABLE else "grid"
    within = request.GET.get("within", "")
    grounds = _grounds(reader, actor)
    if within and covers_any(actor.areas, [reader.path_of(within)]):
        grounds = [within]
    offered: list[ChoosableBlock] = []
    for ground in grounds:
        offered += reader.list_for_choosing(level, within=ground, limit=MOST_LISTED)
    areas = read_areas(current_store(), reader)
    tops = _tops(reader, grounds)
    bounds = around_all(tops, areas)
    return {
        "offered": shortened(offered[:MOST_LISTED]),
        "is_cut": len(offered) >= MOST_LISTED,
        "ticked": set(request.POST.getlist("code")),
        "level": level,
        "levels": [(one, LEVEL_NAMES[one]) for one in CHOOSABLE],
        "within": within,
        "bounds": _bounds_text(bounds),
        "withins": _withins(reader, actor),
    }


def shortened(offered: Sequence[ChoosableBlock]) -> list[ChoosableBlock]:
    """The list without what all its addresses begin with; cut behind a whole name, not inside a number."""
    shared = commonprefix([one.name for one in offered])
    end = max((shared.rfind(letter) for letter in ENDS_OF_NAMES), default=-1) + 1
    return [replace(one, name=one.name[end:] or one.name) for one in offered]


def _grounds(reader: BlockReader, actor: Actor) -> list[str]:
    """Codes of the reader's areas that this build knows under the way they name; "" is everything.

    A community merged into another is nobody's ground: what follows it is assigned by an administrator.
    """
    codes = [(area, area.rsplit("/", 1)[-1]) for area in actor.areas]
    return [code for area, code in codes if not code or reader.path_of(code) == area]


def _tops(reader: BlockReader, grounds: Sequence[str]) -> list[BlockView]:
    if "" in grounds:
        return list(reader.top_blocks())
    return [reader.get_block(ground) for ground in grounds]


def _withins(reader: BlockReader, actor: Actor) -> list[tuple[str, str]]:
    """The parts of the reader's ground that the list can be narrowed to."""
    tops = _tops(reader, _grounds(reader, actor))
    inner = [child for top in tops for child in reader.list_children(top.code)]
    return [
        (one.code, one.name) for one in [*tops, *inner] if one.level in ("district", *CHOOSABLE)
    ]


@draws_areas
@require_GET
def show_area(request: HttpRequest, area_id: UUID) -> HttpResponse:
    """One area with its figures, for whoever may see every building in it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    kept = keeping.get_area(area_id, by=actor)
    reader = current_reader()
    view = count_shape(reader, kept.shape, actor=actor)
    note_look(request, "viewed_area", kind="area", refs=(str(area_id),))
    by_key = {counter.key: counter for counter in view.counters}
    bounds = _bounds_of_shape(reader, kept.shape)
    context = {
        "kept": kept,
        "view": view,
        "main_counters": [by_key[key] for key in MAIN if key in by_key],
        "blocks": _blocks_of(reader, kept.shape),
        "others": [one for one in keeping.list_own(actor) if one.uuid != kept.uuid],
        "bounds": _bounds_text(bounds),
        "drawn": json.dumps(_drawn(kept.shape, view)),
        "chosen_codes": ",".join(kept.shape.content.get("codes", ())),
        "as_of": view.counters[0].as_of if view.counters else None,
        "source_titles": {line.source: line.title for line in list_sources()},
        **map_frame(),
    }
    return render(request, "areas/area.html", context)


def _blocks_of(reader: BlockReader, shape: AreaShape) -> list[Any]:
    if shape.kind != "blocks":
        return []
    return [reader.get_block(code) for code in shape.content["codes"]]


def _drawn(shape: AreaShape, view: AreaView) -> dict[str, Any]:
    """GeoJSON of what was drawn and of the outlines that residents are counted by."""
    features: list[dict[str, Any]] = []
    if shape.kind == "polygon":
        told = {"what": "shape"}
        features.append({"type": "Feature", "geometry": dict(shape.content), "properties": told})
    elif shape.kind == "circle":
        x, y, metres = shape.content["circle"]
        told = {"what": "circle", "x": x, "y": y, "metres": metres}
        point = {"type": "Point", "coordinates": [x, y]}
        features.append({"type": "Feature", "geometry": point, "properties": told})
    features += [
        {"type": "Feature", "geometry": cell.hull, "properties": {"what": "cell"}}
        for cell in view.cells
    ]
    return {"type": "FeatureCollection", "features": features}


def _bounds_of_shape(reader: BlockReader, shape: AreaShape) -> Box | None:
    if shape.kind == "blocks":
        areas: Areas = read_areas(current_store(), reader)
        boxes = [
            box for one in _blocks_of(reader, shape) if (box := bounds_of(one, areas)) is not None
        ]
        return _around(boxes)
    if shape.kind == "circle":
        x, y, metres = shape.content["circle"]
        reach = metres / METRES_A_DEGREE
        return (x - reach, y - reach, x + reach, y + reach)
    corners = [corner for ring in shape.content["coordinates"] for corner in ring]
    return _around([(x, y, x, y) for x, y in corners])


def _around(boxes: Sequence[Box]) -> Box | None:
    if not boxes:
        return None
    wests, souths, easts, norths = zip(*boxes, strict=True)
    return (min(wests), min(souths), max(easts), max(norths))


def _bounds_text(bounds: Box | None) -> str:
    return ",".join(f"{degrees:.6f}" for degrees in bounds or ())


@draws_areas
@require_POST
def name(request: HttpRequest, area_id: UUID) -> HttpResponse:
    """Name one's own area, which keeps it."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    keeping.name_area(area_id, request.POST.get("name", ""), by=actor, at=utc_now())
    note_look(request, "area.named", kind="area", refs=(str(area_id),))
    messages.success(request, _("已保存。链接可以发给同事：他只有在能看这片区域时才打得开。"))
    return HttpResponseRedirect(reverse("area", args=[area_id]))


@draws_areas
@require_POST
def remove(request: HttpRequest, area_id: UUID) -> HttpResponse:
    """Remove one's own area; the list offers to bring it back."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    keeping.remove_area(area_id, by=actor, at=utc_now())
    note_look(request, "area.removed", kind="area", refs=(str(area_id),))
    messages.success(request, _("已移除。一周内可以在下面撤销。"))
    return HttpResponseRedirect(reverse("areas"))


@draws_areas
@require_POST
def restore(request: HttpRequest, area_id: UUID) -> HttpResponse:
    """Undo a removal."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    keeping.bring_back(area_id, by=actor, at=utc_now())
    note_look(request, "area.brought_back", kind="area", refs=(str(area_id),))
    messages.success(request, _("已恢复。"))
    return HttpResponseRedirect(reverse("areas"))


@exports_figures
@require_POST
def export(request: HttpRequest, area_id: UUID) -> HttpResponse:
    """An area's figures as a file, by the same rights as its page."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    kept = keeping.get_area(area_id, by=actor)
    view = count_shape(current_reader(), kept.shape, actor=actor)
    sheet = sheet_of_area(view, title=kept.title, shape=kept.shape)
    return send_sheet(request, sheet, kind="area", refs=(str(area_id),))
