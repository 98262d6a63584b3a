"""Counts an area for a reader, after looking whether every building in it lies in the reader's areas."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from kuai.blocks.types import AreaView
from kuai.guard.queries import covers_any
from kuai.guard.types import Actor
from kuai.kit.errors import Refusal
from kuai.web.areas.shapes import AreaShape
from kuai.web.doors import BlockReader


def count_shape(reader: BlockReader, shape: AreaShape, *, actor: Actor) -> AreaView:
    """The figures of the shape; refuses one without a building, and one that leaves the reader's areas."""
    view = reader.count_area(**shape.as_question())
    if not view.buildings:
        raise Refusal(
            "area.empty", _("这个区域里没有楼栋。"), next_step=_("请画大一些，或换一个地方。")
        )
    require_own_ground(reader, view.buildings, actor=actor)
    return view


def require_own_ground(reader: BlockReader, codes: Iterable[str], *, actor: Actor) -> None:
    """Refuse unless every one of `codes` lies in the actor's areas. Which ones do not is not said."""
    if "" in actor.areas:
        return
    outside = sum(1 for code in codes if not covers_any(actor.areas, [reader.path_of(code)]))
    if outside:
        raise Refusal(
            "area.outside",
            _("这个区域有一部分不在您的辖区内。"),
            next_step=_("请只选辖区内的块；跨辖区的，请上一级或数据管理员来选。"),
        )
