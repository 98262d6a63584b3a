"""What a grid worker walks: buildings with their households and premises, and what they belong to (estate, lane)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuai.address.types import Level, State
from kuai.kit.errors import Refusal

# Uses of rooms in which people live; a room of no stated use counts as a home, as most are.
_HOMES = ("住", "宿舍", "公寓", "别墅")
_LIVING = (str(State.PLANNED), str(State.IN_USE))
_NUMBER = r"[0-9０-９A-Za-z甲乙丙丁一二三四五六七八九十之\-－]+"
# 麻湾村七区3号, 8号恒泰工业园7栋: the building's own number at the end of its text.
_OWN_NUMBER = re.compile(rf"(?:第?{_NUMBER}(?:号楼|号院|号|栋|座|幢|楼|单元|#))+$")
_LONGEST_NUMBER = 40
# A road's name ends so; both its sides seldom belong together.
_LANES = ("巷", "弄", "里", "胡同", "坊", "排", "横街")
_ROADS = ("路", "大道", "道", "街", "公路", "高速")


@dataclass(frozen=True)
class GridBuilding:
    """A building to be put into a grid. `place` is the estate, village section or lane it belongs to, `on_road` says
    that it is a road only; no longitude means nobody knows where it stands."""

    address_code: str
    longitude: float | None
    latitude: float | None
    households: int
    premises: int = 0
    place: str = ""
    on_road: bool = False
    grid_code: str = ""

    @property
    def is_in_lane(self) -> bool:
        """Whether its place is a lane: kept together while it can be; an estate is whenever it fits into a grid."""
        return self.place.endswith(_LANES)

    @property
    def is_placed(self) -> bool:
        return self.longitude is not None and self.latitude is not None


@dataclass(frozen=True)
class GridSettings:
    """What a grid should weigh, in households; a shop or workshop is visited, but has fewer things to ask about."""

    target: float = 400.0
    fewest: float = 300.0
    most: float = 500.0
    premises_weight: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.fewest <= self.target <= self.most or self.premises_weight < 0:
            raise Refusal(
                "ground.settings",
                "网格规模须满足：0 < 下限 ≤ 目标 ≤ 上限，商铺折算不小于 0",
                next_step="通常为 300、400、500 户，商铺按 0.5 户折算",
            )

    def weight_of(self, building: GridBuilding) -> float:
        return building.households + self.premises_weight * building.premises

    def counts_for(self, total: float) -> tuple[int, ...]:
        """How many grids a total weight may make, the best guess first: near the target, all within the limits."""
        usual = max(1, round(total / self.target), math.ceil(total / self.most))
        others = (usual + 1, usual - 1)
        return (usual, *(n for n in others if n and self.fewest <= total / n <= self.most))


USUAL_SETTINGS = GridSettings()


def read_buildings(entries: pa.Table, community_code: str) -> list[GridBuilding]:
    """The living buildings under a community, by code; rooms say what each holds. A building without rooms counts
    as one household or one premise, as its use says."""
    living = entries.filter(pc.is_in(entries["state"], value_set=pa.array(_LIVING)))
    grids = _under(living, {community_code}, Level.GRID)
    holders = {community_code, *grids["address_code"].to_pylist()}
    buildings = _under(living, holders, Level.BUILDING)
    counts = _count_rooms(living, buildings["address_code"])
    above = _text_of(living, community_code)
    found = []
    for row in buildings.select(list(_COLUMNS)).to_pylist():
        code = row["address_code"]
        homes, premises = counts.get(code, (0, 0))
        if not homes + premises:
            homes, premises = (1, 0) if _is_home(row["use"]) else (0, 1)
        place, on_road = place_of(row["standard_text"] or "", above)
        found.append(
            GridBuilding(
                address_code=code,
                longitude=row["longitude"],
                latitude=row["latitude"],
                households=homes,
                premises=premises,
                place=place,
                on_road=on_road,
                grid_code=row["parent_code"] if row["parent_code"] != community_code else "",
            )
        )
    return sorted(found, key=lambda one: one.address_code)


_COLUMNS = ("address_code", "parent_code", "standard_text", "longitude", "latitude", "use")


def place_of(standard_text: str, community_text: str) -> tuple[str, bool]:
    """What a building belongs to (its text without the community and without its own number), and if it is a road."""
    inside = standard_text.removeprefix(community_text) if community_text else standard_text
    head, tail = inside[:-_LONGEST_NUMBER], inside[-_LONGEST_NUMBER:]
    place = head + _OWN_NUMBER.sub("", tail)
    return place, place.endswith(_ROADS)


def _under(living: pa.Table, parents: set[str], level: Level) -> pa.Table:
    of_level = living.filter(pc.equal(living["level"], str(level)))
    return of_level.filter(pc.is_in(of_level["parent_code"], value_set=pa.array(sorted(parents))))


def _count_rooms(living: pa.Table, buildings: pa.ChunkedArray) -> Mapping[str, tuple[int, int]]:
    rooms = living.filter(pc.equal(living["level"], str(Level.ROOM)))
    rooms = rooms.filter(pc.is_in(rooms["parent_code"], value_set=buildings.combine_chunks()))
    if not rooms.num_rows:
        return {}
    home = np.array([_is_home(use) for use in rooms["use"].to_pylist()])
    codes, place = np.unique(
        rooms["parent_code"].to_numpy(zero_copy_only=False).astype(str), return_inverse=True
    )
    homes = np.bincount(place, weights=home).astype(int).tolist()
    premises = np.bincount(place, weights=~home).astype(int).tolist()
    return dict(zip(codes.tolist(), zip(homes, premises, strict=True), strict=True))


def _is_home(use: str | None) -> bool:
    return not use or any(word in use for word in _HOMES)


def _text_of(living: pa.Table, code: str) -> str:
    found = living.filter(pc.equal(living["address_code"], code))["standard_text"].to_pylist()
    return (found[0] or "") if found else ""
