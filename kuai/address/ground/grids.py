"""Drawing grids (网格划分): proposals that cover a community exactly, follow lanes and streets and weigh about alike.

Size: 300 to 500 households, the custom beside GB/T 34300 (4-standards 1.7). Numbers run as one reads a map: rows from
north to south, west to east within a row (Beijing DB11). Nothing is random: the same input gives the same grids.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely

from kuai.address.ground.dividing import Wish, divide_ground
from kuai.address.ground.figures import measure_grids, trace_lineage
from kuai.address.ground.households import USUAL_SETTINGS, GridBuilding, GridSettings
from kuai.address.ground.numbering import (
    MOST_GRIDS,
    NUMBER_DIGITS,
    continued_codes,
    free_codes,
    map_order,
)
from kuai.address.ground.outlines import hull_around
from kuai.address.ground.plane import square_metres
from kuai.address.ground.proposals import DrawnGrid, GridProposal, Redraw
from kuai.kit.errors import Refusal


@dataclass(frozen=True)
class Ground:
    """What grids are drawn on. `present`: the living grids now, with their outlines where known; `issued`: every code
    ever given to a grid here, living or ended. Without a boundary one is drawn around the buildings."""

    community_code: str
    boundary: shapely.Geometry | None = None
    streets: Sequence[shapely.Geometry] = ()
    present: Mapping[str, shapely.Geometry | None] = field(default_factory=dict)
    issued: Collection[str] = ()


def draw_grids(
    ground: Ground, buildings: Iterable[GridBuilding], *, settings: GridSettings = USUAL_SETTINGS
) -> GridProposal:
    """A proposal for the whole community; refuses one without boundary and without a single building on the map."""
    listed = _sorted_once(buildings)
    counts = settings.counts_for(_weight(listed, settings))
    wish = Wish.of_drawing(counts, settings)
    return _propose(Redraw.DRAWN, ground, listed, settings, wish)


def split_grid(
    ground: Ground,
    grid_code: str,
    buildings: Iterable[GridBuilding],
    *,
    parts: int = 2,
    settings: GridSettings = USUAL_SETTINGS,
) -> GridProposal:
    """A proposal to divide one grid; `buildings` are that grid's. Refuses more parts than there are places for."""
    listed = _sorted_once(buildings)
    outline = ground.present.get(grid_code)
    spots = {(one.longitude, one.latitude) for one in listed if one.is_placed}
    if parts < 2 or len(spots) < parts:
        raise _split_refusal(len(spots), parts)
    part = Ground(
        ground.community_code, outline, ground.streets, {grid_code: outline}, ground.issued
    )
    wish = Wish.of_splitting(parts, _weight(listed, settings))
    proposal = _propose(Redraw.SPLIT, part, listed, settings, wish)
    if len(proposal.grids) < parts:
        raise _split_refusal(len(proposal.grids), parts)
    return proposal


def _split_refusal(spots: int, parts: int) -> Refusal:
    return Refusal(
        "ground.split_impossible",
        f"这个网格只有 {spots} 处有坐标的楼栋，不能分成 {parts} 个",
        next_step="请减少份数，或先补楼栋坐标",
    )


def merge_grids(
    ground: Ground,
    grid_codes: Sequence[str],
    buildings: Iterable[GridBuilding],
    *,
    settings: GridSettings = USUAL_SETTINGS,
) -> GridProposal:
    """A proposal to make one grid of several that touch; `buildings` are all of theirs."""
    listed = _sorted_once(buildings)
    codes = sorted(set(grid_codes))
    outlines = [ground.present.get(code) for code in codes]
    known = [outline for outline in outlines if outline is not None]
    if len(codes) < 2:
        raise Refusal("ground.merge_one", "合并至少要两个网格", next_step="请再选一个相邻的网格")
    boundary = shapely.normalize(shapely.union_all(known)) if len(known) == len(codes) else None
    if boundary is not None and _touch_nowhere(known):
        raise Refusal("ground.merge_apart", "要合并的网格不相邻", next_step="请选有共同边界的网格")
    part = Ground(
        ground.community_code,
        boundary,
        (),
        {code: ground.present.get(code) for code in codes},
        ground.issued,
    )
    whole = Wish((1,), (0.0, math.inf), ((math.inf, math.inf),))
    return _propose(Redraw.MERGED, part, listed, settings, whole)


def _touch_nowhere(outlines: list[shapely.Geometry]) -> bool:
    """Whether the outlines fall in more pieces together than they must: a shared corner is no border."""
    together = len(shapely.get_parts(shapely.union_all(outlines)))
    return together >= sum(len(shapely.get_parts(outline)) for outline in outlines)


def _propose(
    kind: Redraw, ground: Ground, buildings: list[GridBuilding], settings: GridSettings, wish: Wish
) -> GridProposal:
    placed = [building for building in buildings if building.is_placed]
    points = np.array([(one.longitude, one.latitude) for one in placed], dtype=float).reshape(-1, 2)
    boundary = _boundary(ground, points)
    if wish.counts[0] > MOST_GRIDS:
        raise Refusal(
            "ground.too_many_grids",
            f"需要 {wish.counts[0]} 个网格，一个社区的编码只够 {MOST_GRIDS} 个",
            next_step="请调高目标户数，或先拆分社区",
        )
    weights = np.array([settings.weight_of(building) for building in placed])
    division = divide_ground(boundary, ground.streets, placed, points, weights, wish)
    order = map_order(division.outlines)
    rank = {place: number for number, place in enumerate(order)}
    grid_of = {
        one.address_code: rank[grid]
        for one, grid in zip(placed, division.grid_of_placed.tolist(), strict=True)
    }
    _place_the_rest(grid_of, buildings, settings, len(order))
    outlines = [division.outlines[place] for place in order]
    grids = _grids(kind, ground, buildings, grid_of, outlines, settings)
    living = {grid.address_code for grid in grids}
    return GridProposal(
        kind=kind,
        community_code=ground.community_code,
        boundary=boundary,
        grids=grids,
        lineage=tuple(trace_lineage(buildings, grids, ground.present)),
        figures=replace(
            measure_grids(grids, buildings, cut=division.cut, settings=settings),
            street_share=division.street_share,
        ),
        ended=tuple(sorted(code for code in ground.present if code not in living)),
        without_point=tuple(one.address_code for one in buildings if not one.is_placed),
        outside=tuple(
            placed[row].address_code for row in np.flatnonzero(division.outside).tolist()
        ),
    )


def _boundary(ground: Ground, points: np.ndarray) -> shapely.Geometry:
    if ground.boundary is not None and shapely.area(ground.boundary) > 0:
        return ground.boundary
    if not len(points):
        raise Refusal(
            "ground.nothing_to_draw_on",
            "没有边界，也没有一栋楼有坐标",
            next_step="请先导入社区边界或楼栋坐标",
        )
    return hull_around(points)


def _place_the_rest(
    grid_of: dict[str, int], buildings: list[GridBuilding], settings: GridSettings, count: int
) -> None:
    """Buildings nobody has on the map: with their estate or lane, else with their present grid, else the lightest."""
    by_place: dict[str, Counter[int]] = defaultdict(Counter)
    by_grid: dict[str, Counter[int]] = defaultdict(Counter)
    weights = [0.0] * count
    for one in buildings:
        if one.address_code in grid_of:
            grid = grid_of[one.address_code]
            by_place[one.place][grid] += 1
            by_grid[one.grid_code][grid] += 1
            weights[grid] += settings.weight_of(one)
    for one in buildings:
        if one.address_code in grid_of:
            continue
        votes = (one.place and by_place.get(one.place)) or (
            one.grid_code and by_grid.get(one.grid_code)
        )
        lightest = min(range(count), key=lambda grid: (weights[grid], grid))
        grid = min(votes, key=lambda g: (-votes[g], g)) if votes else lightest
        grid_of[one.address_code] = grid
        weights[grid] += settings.weight_of(one)


def _grids(
    kind: Redraw,
    ground: Ground,
    buildings: list[GridBuilding],
    grid_of: Mapping[str, int],
    outlines: Sequence[shapely.Geometry],
    settings: GridSettings,
) -> tuple[DrawnGrid, ...]:
    members: list[list[GridBuilding]] = [[] for _ in outlines]
    for one in buildings:
        members[grid_of[one.address_code]].append(one)
    kept = [""] * len(outlines)
    if kind is Redraw.DRAWN:
        kept = continued_codes(members, buildings, ground.present)
    free = free_codes(
        ground.community_code, (*ground.issued, *ground.present), wanted=kept.count("")
    )
    areas = square_metres(list(outlines))
    grids = []
    for place, (own, outline) in enumerate(zip(members, outlines, strict=True)):
        code = kept[place] or next(free)
        grids.append(
            DrawnGrid(
                address_code=code,
                number=place + 1,
                name=f"第{int(code[-NUMBER_DIGITS:])}网格",
                buildings=tuple(one.address_code for one in own),
                households=sum(one.households for one in own),
                premises=sum(one.premises for one in own),
                weight=sum(settings.weight_of(one) for one in own),
                area_m2=float(areas[place]),
                outline=outline,
                is_kept=bool(kept[place]),
            )
        )
    return tuple(grids)


def _sorted_once(buildings: Iterable[GridBuilding]) -> list[GridBuilding]:
    listed = sorted(buildings, key=lambda one: one.address_code)
    if len({one.address_code for one in listed}) != len(listed):
        raise Refusal("ground.building_twice", "同一栋楼写了两次", next_step="请核对楼栋编码")
    return listed


def _weight(buildings: Iterable[GridBuilding], settings: GridSettings) -> float:
    return sum(settings.weight_of(building) for building in buildings)
