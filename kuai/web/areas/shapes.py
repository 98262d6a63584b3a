"""What people drew or chose, as kept: a polygon, a circle, or the codes of blocks. Form and limits, no figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.http import QueryDict
from django.utils.translation import gettext as _

from kuai.blocks.types import BlockView
from kuai.kit.errors import Refusal

MOST_CODES = 500
MOST_CORNERS = 2_000
LONGEST_DRAWING = 200_000
LEAST_RADIUS_M, MOST_RADIUS_M = 50, 20_000


class PlaceReader(Protocol):
    """Finds the block of a code."""

    def get_block(self, code: str) -> BlockView: ...


@dataclass(frozen=True)
class AreaShape:
    """`kind` is polygon, circle or blocks; `content` its GeoJSON, its centre and metres, or its codes."""

    kind: str
    content: Mapping[str, Any]

    def as_question(self) -> dict[str, Any]:
        """The parameters of the blocks room's `count_area`."""
        if self.kind == "blocks":
            return {"codes": tuple(self.content["codes"])}
        if self.kind == "circle":
            x, y, metres = self.content["circle"]
            return {"circle": (x, y, metres)}
        return {"shape": dict(self.content)}


def shape_of_form(form: QueryDict, reader: PlaceReader) -> AreaShape:
    """The shape that a form of the page of new areas asks for; refuses what has no sense, and says what to do."""
    way = form.get("way", "")
    if way == "blocks":
        return _chosen(form)
    if way == "circle":
        return _circle(form, reader)
    return _drawn(form)


def _chosen(form: QueryDict) -> AreaShape:
    codes = sorted({code for code in form.getlist("code") if code.isalnum()})
    if not codes:
        raise Refusal(
            "area.nothing_chosen", _("还没有勾选。"), next_step=_("请至少勾选一个块再统计。")
        )
    if len(codes) > MOST_CODES:
        raise Refusal(
            "area.too_many",
            _("一次最多选 %(most)s 个块。") % {"most": MOST_CODES},
            next_step=_("请改选上一级的块。"),
        )
    return AreaShape("blocks", {"codes": codes})


def _circle(form: QueryDict, reader: PlaceReader) -> AreaShape:
    metres = _number(form.get("radius_m", ""), LEAST_RADIUS_M, MOST_RADIUS_M, what=_("半径（米）"))
    centre = form.get("centre", "").strip()
    if centre:
        block = reader.get_block(centre[:32])
        if block.longitude is None or block.latitude is None:
            raise Refusal(
                "area.no_point", _("这个地址没有位置。"), next_step=_("请换一栋楼，或填经纬度。")
            )
        x, y = block.longitude, block.latitude
    else:
        x = _number(form.get("longitude", ""), -180, 180, what=_("经度"))
        y = _number(form.get("latitude", ""), -85, 85, what=_("纬度"))
    return AreaShape("circle", {"circle": [round(x, 6), round(y, 6), round(metres)]})


def _drawn(form: QueryDict) -> AreaShape:
    text = form.get("shape", "")
    if not text:
        raise Refusal(
            "area.nothing_drawn",
            _("还没有画。"),
            next_step=_("请在地图上点至少三个点；或者不画，改用勾选或圆心加半径。"),
        )
    wrong = Refusal("area.form", _("画的区域读不懂。"), next_step=_("请在地图上重画一次。"))
    if len(text) > LONGEST_DRAWING:
        raise wrong
    try:
        shape = json.loads(text)
        rings = shape["coordinates"]
        corners = [(float(x), float(y)) for ring in rings for x, y in ring]
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as fault:
        raise wrong from fault
    if shape.get("type") != "Polygon" or not 4 <= len(corners) <= MOST_CORNERS:
        raise wrong
    if not all(-180 <= x <= 180 and -85 <= y <= 85 for x, y in corners):
        raise wrong
    kept = [[[round(float(x), 6), round(float(y), 6)] for x, y in ring] for ring in rings]
    return AreaShape("polygon", {"type": "Polygon", "coordinates": kept})


def _number(text: str, least: float, most: float, *, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise Refusal(
            "area.number",
            _("%(what)s要在 %(least)s 到 %(most)s 之间。")
            % {"what": what, "least": least, "most": most},
        )
    return number
