"""Counts an area for a reader, after looking whether every building in it lies in the reader's areas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.translation import gettext as _

from kuai.blocks.types import AreaView
from kuai.guard.queries import covers_any
from kuai.guard.types import Actor
from kuai.kit.errors import Refusal
from kuai.web.areas.shapes import AreaShape
from kuai.web.blocks.decided import area_laid_over
from kuai.web.doors import BlockReader

# Up to here each way up is read (8 µs a building, measured); beyond, one's own buildings are listed once a build.
FEW = 50


def count_shape(reader: BlockReader, shape: AreaShape, *, actor: Actor) -> AreaView:
    """The figures of the shape with what was decided since the build.

    Refuses one without a building, and one that leaves the reader's areas.
    """
    view = reader.count_area(**shape.as_question())
    if not view.buildings:
        raise Refusal(
            "area.empty", _("这个区域里没有楼栋。"), next_step=_("请画大一些，或换一个地方。")
        )
    require_own_ground(reader, view.buildings, actor=actor)
    return area_laid_over(reader, view)


def require_own_ground(reader: BlockReader, codes: Iterable[str], *, actor: Actor) -> None:
    """Refuse unless every one of `codes` lies in the actor's areas. Which ones do not is not said."""
    if "" in actor.areas:
        return
    asked = set(codes)
    if len(asked) > FEW:
        asked -= _own_buildings(_Ground(reader, reader.version, tuple(actor.areas)))
    if any(not covers_any(actor.areas, [reader.path_of(code)]) for code in asked):
        raise Refusal(
            "area.outside",
            _("这个区域有一部分不在您的辖区内。"),
            next_step=_("请只选辖区内的块；跨辖区的，请上一级或数据管理员来选。"),
        )


@dataclass(frozen=True)
class _Ground:
    """The areas of an actor in one build; the reader is what asks, not what tells two of them apart."""

    reader: BlockReader = field(compare=False)
    version: str
    areas: tuple[str, ...]


@lru_cache(maxsize=64)
def _own_buildings(ground: _Ground) -> frozenset[str]:
    """Every building below the areas, except areas that this build does not know."""
    own: set[str] = set()
    for area in ground.areas:
        code = area.rsplit("/", 1)[-1]
        if ground.reader.path_of(code) == area:
            own |= set(ground.reader.count_area(codes=(code,)).buildings)
    return frozenset(own)
