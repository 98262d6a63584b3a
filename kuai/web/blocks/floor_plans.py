"""A building's floor plan (楼栋图): floors by rooms, coloured by facts of premises alone.

Nothing here tells whether anybody lives in a room. What of a room asked for help is not shown either, though the
blocks room could tell: a request from a home is its author's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from kuai.blocks.types import RoomFace
from kuai.guard.types import Role
from kuai.kit.errors import Refusal
from kuai.web.areas.counting import require_own_ground
from kuai.web.blocks.drawing import short_name
from kuai.web.doors import current_reader
from kuai.web.looks import note_look
from kuai.web.rules import sees_floor_plans

# Filings room by room tell more than their count may: only who works on rental filings sees them (purpose
# `rental_management` names the same roles).
SEES_FILINGS = (Role.SUBDISTRICT_CLERK, Role.GRID_WORKER, Role.DEPARTMENT_CLERK)
# Words as the departments write them; the address library keeps them as delivered.
_HOMES = ("住宅", "公寓", "宿舍", "居住", "住房")
_SHOPS = ("商铺", "商业", "店", "铺")
_WORKSHOPS = ("厂房", "工业", "仓", "车间")
_OFFICES = ("办公", "写字")


@dataclass(frozen=True)
class Sign:
    """How a room is marked: a letter, a ground with its own pattern, and the words for it."""

    letter: str
    pattern: str
    words: Any


USES = {
    "home": Sign("住", "home", gettext_lazy("住宅")),
    "shop": Sign("商", "shop", gettext_lazy("商铺")),
    "office": Sign("办", "office", gettext_lazy("办公")),
    "workshop": Sign("厂", "workshop", gettext_lazy("厂房、仓储")),
    "other": Sign("他", "other", gettext_lazy("其他或未注明")),
}
FILINGS = {
    True: Sign("租", "let", gettext_lazy("有租赁备案")),
    False: Sign("无", "unlet", gettext_lazy("没有租赁备案")),
}
HAZARDS = {
    True: Sign("!", "hazard", gettext_lazy("有检查不合格")),
    False: Sign("·", "sound", gettext_lazy("没有不合格记录")),
}
TRADES = {
    True: Sign("企", "firm", gettext_lazy("有单位经营或注册")),
    False: Sign("·", "sound", gettext_lazy("没有单位")),
}
VIEWS = {
    "use": gettext_lazy("用途"),
    "filing": gettext_lazy("租赁备案"),
    "hazard": gettext_lazy("检查隐患"),
    "firms": gettext_lazy("单位"),
}


def use_of(words: str) -> str:
    """The kind of use behind a department's word."""
    for kind, starts in (
        ("home", _HOMES),
        ("shop", _SHOPS),
        ("workshop", _WORKSHOPS),
        ("office", _OFFICES),
    ):
        if any(start in words for start in starts):
            return kind
    return "other"


def sign_of(room: RoomFace, view: str) -> Sign:
    """The mark of a room in a view."""
    if view == "filing":
        return FILINGS[bool(room.is_let)]
    if view == "hazard":
        return HAZARDS[room.failed_inspections > 0]
    if view == "firms":
        return TRADES[room.firms > 0]
    return USES[use_of(room.use)]


@sees_floor_plans
@require_GET
def show_floor_plan(request: HttpRequest, code: str) -> HttpResponse:
    """The plan of one building in the reader's areas. `view`: what colours it."""
    reader = current_reader()
    try:
        building = reader.get_block(code)
    except Refusal as refusal:
        raise Http404(str(refusal)) from refusal
    if building.level != "building":
        raise Http404
    actor = request.actor  # type: ignore[attr-defined]
    require_own_ground(reader, [building.code], actor=actor)
    with_let = actor.role in SEES_FILINGS
    views = {key: name for key, name in VIEWS.items() if key != "filing" or with_let}
    view = request.GET.get("view", "use")
    view = view if view in views else "use"
    plan = reader.floor_plan(building.code, with_let=with_let)
    note_look(request, "viewed_floor_plan", kind="block", refs=(building.code,), fields=(view,))
    floors = [
        (floor, [(room, sign_of(room, view)) for room in rooms]) for floor, rooms in plan.floors
    ]
    signs = [sign for _floor, rooms in floors for _room, sign in rooms]
    context = {
        "shown": building,
        "title": short_name(building),
        "plan": plan,
        "floors": floors,
        "widest": max((len(rooms) for _floor, rooms in floors), default=0),
        "views": views,
        "view": view,
        "legend": [
            (sign, count)
            for sign in {one.pattern: one for one in signs}.values()
            if (count := sum(1 for one in signs if one.pattern == sign.pattern))
        ],
        "without_floor": _("未标楼层"),
    }
    return render(request, "blocks/floor_plan.html", context)
