"""The small city of fakes.py with the doors that pages of areas use: nine buildings around one grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import shapely

from kuai.blocks.types import AreaView, ChoosableBlock, FloorPlan, HeatSpot, RoomFace
from tests.modules.web.fakes import (
    AS_OF,
    BUILDING,
    COMMUNITY,
    DISTRICT,
    GRID,
    NAMES,
    ROOM,
    SUBDISTRICT,
    VERSION,
    FakeReader,
    a_block,
    a_counter,
)

METRES_A_DEGREE = 111_320


class AreaTown(FakeReader):
    """Counts buildings by their points; persons are withheld everywhere."""

    def path_of(self, code: str) -> str:
        above = (DISTRICT, SUBDISTRICT, COMMUNITY, GRID)
        own = NAMES[code][2] if code in NAMES else above
        return "/".join((*own, code))

    def count_area(
        self,
        *,
        shape: dict[str, Any] | None = None,
        codes: Sequence[str] = (),
        circle: tuple[float, float, float] | None = None,
    ) -> AreaView:
        features = self.building_points(GRID)["features"]
        if circle is not None:
            x, y, metres = circle
            ground = shapely.Point(x, y).buffer(metres / METRES_A_DEGREE)
        else:
            ground = shapely.geometry.shape(shape) if shape else shapely.box(-180, -85, 180, 85)
        inside = tuple(
            one["properties"]["code"]
            for one in features
            if ground.contains(shapely.Point(one["geometry"]["coordinates"]))
        )
        counters = (
            a_counter("rooms", "房屋", "Rooms", 10 * len(inside), suppressed=False),
            a_counter("residents", "登记居住人口", "Residents on record", 7, suppressed=True),
        )
        return AreaView(counters, (), inside, (), VERSION, (f"按 {len(codes) or 1} 处统计",))

    def list_for_choosing(
        self, level: str, *, within: str = "", limit: int = 2000
    ) -> list[ChoosableBlock]:
        rows = [
            ChoosableBlock(code, a_block(code).standard_text, "一社区")
            for code, (own, _name, above) in NAMES.items()
            if own == level and (not within or within in (*above, code))
        ]
        return rows[:limit]

    def floor_plan(self, building_code: str, *, with_let: bool = False) -> FloorPlan:
        rooms = (
            RoomFace(ROOM, "101", "住宅", True if with_let else None, 0, 3, 0),
            RoomFace(ROOM[:-1] + "2", "102", "商铺", False if with_let else None, 1, 0, 1),
        )
        return FloorPlan(building_code, "1栋", (("1", rooms),), VERSION, AS_OF)

    def heat(self, kind: str = "request", **_asked: Any) -> list[HeatSpot]:
        assert kind == "request"
        return [HeatSpot(114.04, 22.64, 12), HeatSpot(114.06, 22.64, None)]


def open_area_town(_build: Path) -> AreaTown:
    """Same door as `open_blocks`."""
    return AreaTown()


__all__ = ["BUILDING", "AreaTown", "open_area_town"]
