"""The JSON API's figures: blocks as decided since the build, areas drawn or chosen, events by period. No persons."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Router, Schema
from ninja.responses import Response

from kuai.blocks.queries import open_blocks
from kuai.blocks.types import BlockView, CounterView
from kuai.kit.errors import DataFault, Refusal
from kuai.web.addresses.api import require_json
from kuai.web.addresses.limits import BATCHES, keep_pace
from kuai.web.api.refusing import RefusalOut
from kuai.web.areas.counting import count_shape
from kuai.web.areas.shapes import MOST_CODES, AreaShape
from kuai.web.doors import current_reader, current_store
from kuai.web.looks import note_look
from kuai.web.rules import draws_areas, sees_blocks

router = Router(tags=["blocks"])
LONGEST_CODE = 40
REFUSED: Any = {404: RefusalOut, 409: RefusalOut, 422: RefusalOut, 429: RefusalOut}


class CounterOut(Schema):
    """One figure; `figure` is null where suppressed. `delivered`: newest delivery day of each source behind it;
    `waits_for_build`: decisions since the build are not in it."""

    key: str
    group: str
    title_zh: str
    title_en: str
    figure: int | None
    suppressed: bool
    counts_persons: bool
    asserted_share: float | None
    sources: list[str]
    delivered: dict[str, str]
    as_of: str
    waits_for_build: bool
    definition_zh: str


class BlockOut(Schema):
    """One block with its way up and its figures."""

    code: str
    level: str
    name: str
    standard_text: str
    path: list[list[str]]
    longitude: float | None
    latitude: float | None
    use: str
    version: str
    counters: list[CounterOut]


class CellOut(Schema):
    """Buildings whose residents are counted together."""

    buildings: list[str]
    hull: dict[str, Any]
    figure: int


class AreaIn(Schema):
    """One of three: a GeoJSON geometry, a circle (longitude, latitude, metres), or codes of blocks."""

    shape: dict[str, Any] | None = None
    circle: list[float] | None = Field(None, min_length=3, max_length=3)
    codes: list[str] = Field(default_factory=list, max_length=MOST_CODES)


class AreaOut(Schema):
    """An area as counted: things over `buildings` inside, persons over whole `cells`; `left_out` are buildings inside
    that are counted with others outside."""

    version: str
    buildings: int
    left_out: int
    counters: list[CounterOut]
    cells: list[CellOut]
    notes: list[str]


class PeriodOut(Schema):
    """Events of one kind in one month, quarter or year."""

    kind: str
    period: str
    figure: int


def counters_json(counters: tuple[CounterView, ...]) -> list[dict[str, Any]]:
    """Figures as `CounterOut`. Plain, because thirty checked schemas a block cost more than the block."""
    return [
        {
            "key": one.key,
            "group": one.group,
            "title_zh": one.title_zh,
            "title_en": one.title_en,
            "figure": None if one.suppressed else one.figure,
            "suppressed": one.suppressed,
            "counts_persons": one.counts_persons,
            "asserted_share": None if one.suppressed else one.asserted_share,
            "sources": list(one.sources),
            "delivered": {name: day.isoformat() for name, day in one.delivered},
            "as_of": one.as_of.isoformat(),
            "waits_for_build": one.waits_for_build,
            "definition_zh": one.definition_zh,
        }
        for one in counters
    ]


def block_json(block: BlockView) -> dict[str, Any]:
    """A block as `BlockOut`."""
    return {
        "code": block.code,
        "level": block.level,
        "name": block.name,
        "standard_text": block.standard_text,
        "path": [list(step) for step in block.path],
        "longitude": block.longitude,
        "latitude": block.latitude,
        "use": block.use,
        "version": block.version,
        "counters": counters_json(block.counters),
    }


@router.post("/areas/count", response={200: AreaOut, **REFUSED}, url_name="count_area")
@draws_areas
def count_area(request: HttpRequest, asked: AreaIn) -> Response:
    """Figures of an area drawn or chosen, within the asker's own areas."""
    keep_pace(request, BATCHES)
    require_json(request)
    actor = request.actor  # type: ignore[attr-defined]
    try:
        view = count_shape(current_reader(), _shape_of(asked), actor=actor)
    except DataFault as fault:
        raise Refusal("area.form", fault.sentence, next_step=fault.remedy) from fault
    note_look(request, "viewed_area", kind="area", count=len(view.buildings))
    return Response(
        {
            "version": view.version,
            "buildings": len(view.buildings),
            "left_out": len(view.left_out),
            "counters": counters_json(view.counters),
            "cells": [
                {"buildings": list(cell.buildings), "hull": cell.hull, "figure": cell.figure}
                for cell in view.cells
            ],
            "notes": list(view.notes),
        }
    )


def _shape_of(asked: AreaIn) -> AreaShape:
    given = [bool(asked.shape), asked.circle is not None, bool(asked.codes)]
    if sum(given) != 1:
        raise Refusal(
            "area.one_of_three",
            "区域要给、也只能给一种写法。",
            next_step="给出 shape（GeoJSON）、circle 或 codes 之一。",
        )
    if asked.codes:
        return AreaShape("blocks", {"codes": [code[:LONGEST_CODE] for code in asked.codes]})
    if asked.circle is not None:
        return AreaShape("circle", {"circle": asked.circle})
    return AreaShape("polygon", asked.shape or {})


@router.get(
    "/blocks/{code}/events", response={200: list[PeriodOut], **REFUSED}, url_name="block_events"
)
@sees_blocks
def count_events(
    request: HttpRequest,
    code: str,
    kind: Literal["", "request", "inspection", "case"] = "",
    by: Literal["month", "quarter", "year"] = "month",
) -> list[PeriodOut]:
    """Requests, inspections and cases at a block by period. No author, no text."""
    reader = open_blocks(current_store().current_build())
    counts = reader.count_events(code[:LONGEST_CODE], kind=kind, by=by)
    note_look(request, "viewed_block", kind="block", refs=(code[:LONGEST_CODE],))
    return [PeriodOut(kind=one.kind, period=one.period, figure=one.figure) for one in counts]
