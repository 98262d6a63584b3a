"""Numbers and codes of grids: in the order one reads a map, going on where a present grid does, never given twice."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
import shapely

from kuai.address.ground.households import GridBuilding
from kuai.address.ground.plane import LocalPlane, square_metres
from kuai.kit.errors import Refusal

# Two digits of the scheme.
MOST_GRIDS = 99
NUMBER_DIGITS = 2
# Of a usual grid's side: what begins lower than this under the row's first grid begins a row of its own.
ROW_HEIGHT = 0.6


def map_order(outlines: Sequence[shapely.Geometry]) -> list[int]:
    """As one reads a map: in rows from north to south, each row from west to east."""
    points = shapely.get_coordinates(shapely.point_on_surface(np.array(outlines, dtype=object)))
    flat = LocalPlane.around(points).metres(points)
    row_m = ROW_HEIGHT * math.sqrt(float(square_metres(outlines).mean()))
    row, top = 0, math.inf
    row_of: dict[int, int] = {}
    for place in np.lexsort((flat[:, 0], -flat[:, 1])).tolist():
        if flat[place, 1] < top - row_m:
            row, top = row + 1, flat[place, 1]
        row_of[place] = row
    return sorted(row_of, key=lambda place: (row_of[place], flat[place, 0]))


def continued_codes(
    members: list[list[GridBuilding]],
    buildings: list[GridBuilding],
    present: Mapping[str, shapely.Geometry | None],
) -> list[str]:
    """The code each drawn grid goes on with: that of the present grid it shares more than half of both their weight
    with. Numbers are used up for ever, and the people there should not learn a new one for a few houses."""
    size = Counter(one.grid_code for one in buildings for _ in range(_doors(one)))
    codes = []
    for own in members:
        shared = Counter(one.grid_code for one in own for _ in range(_doors(one)))
        old, common = min(shared.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
        goes_on = old in present and 2 * common > size[old] and 2 * common > shared.total()
        codes.append(old if goes_on else "")
    return codes


def _doors(building: GridBuilding) -> int:
    return max(building.households + building.premises, 1)


def free_codes(community_code: str, issued: Collection[str], *, wanted: int) -> Iterator[str]:
    """Codes never given to a grid here, after the highest given, as the library issues them (decision 0003)."""
    width = len(community_code)
    taken = {
        int(code[width:])
        for code in issued
        if code.startswith(community_code) and len(code) == width + NUMBER_DIGITS
    }
    highest = max(taken, default=0)
    numbers = [*range(highest + 1, MOST_GRIDS + 1), *range(1, highest)]
    free = [number for number in numbers if number not in taken]
    if len(free) < wanted:
        raise Refusal(
            "ground.grid_codes_used_up",
            f"社区 {community_code} 的网格编码只剩 {len(free)} 个，需要 {wanted} 个",
            next_step="编码不可重复使用；请调高目标户数，或先拆分社区",
        )
    return iter([f"{community_code}{number:02d}" for number in free])
