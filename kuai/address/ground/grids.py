"""Drawing grids (网格划分): proposals that cover a community exactly, follow lanes and streets and weigh about alike.

Size: 300 to 500 households, the custom beside GB/T 34300 (4-standards 1.7). Numbers run as one reads a map: rows from
north to south, west to east within a row (Beijing DB11). Nothing is random: the same input gives the same grids.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from kuai.address.ground.cells import Cells, cut_cells
from kuai.address.ground.households import GridBuilding, read_buildings
from kuai.address.ground.keeping import Bundles, gather_bundles
from kuai.address.ground.outlines import dissolve, hull_around, shapes_by_code
from kuai.address.ground.partition import divide, join_islands
from kuai.address.ground.plane import LocalPlane, square_metres
from kuai.address.ground.proposals import (
    DrawnGrid,
    GridFigures,
    GridLineage,
    GridProposal,
    Redraw,
)
from kuai.address.types import Level, State
from kuai.kit.errors import Refusal

# Two digits of the scheme.
MOST_GRIDS = 99
_NUMBER_DIGITS = 2
_LIVING = (str(State.PLANNED), str(State.IN_USE))
# Households beyond the limits that are worth one more estate or lane cut in two.
CUT_PLACE = 30.0
# Of a usual grid's side: what begins lower than this under the row's first grid begins a row of its own.
ROW_HEIGHT = 0.6


@dataclass(frozen=True)
class GridSettings:
    """What a grid should weigh, in households; a shop or workshop is visited, but has fewer things to ask about."""

    target: float = 400.0
    fewest: float = 300.0
    most: float = 500.0
    premises_weight: float = 0.5

    def weight_of(self, building: GridBuilding) -> float:
        return building.households + self.premises_weight * building.premises

    def counts_for(self, total: float) -> tuple[int, ...]:
        """How many grids a total weight may make, the best guess first: near the target, all within the limits."""
        usual = max(1, round(total / self.target), math.ceil(total / self.most))
        others = (usual + 1, usual - 1)
        return (usual, *(n for n in others if n and self.fewest <= total / n <= self.most))


@dataclass(frozen=True)
class _Wish:
    """What a division should come to: how many grids, how heavy one may be, and how heavy the estates and the lanes
    that stay together may be, the strictest first. `is_exact`: so many grids, even if nothing can stay together."""

    counts: tuple[int, ...]
    limits: tuple[float, float]
    keeping: tuple[tuple[float, float], ...]
    is_exact: bool = False

    @classmethod
    def of_drawing(cls, counts: tuple[int, ...], settings: GridSettings) -> _Wish:
        """Estates whole up to the most; lanes too, then lanes of half and a quarter of it, if the limits ask for it."""
        most = settings.most
        lanes = tuple((most, most / part) for part in (1, 2, 4))
        return cls(counts, (settings.fewest, most), lanes)

    @classmethod
    def of_splitting(cls, parts: int, weight: float) -> _Wish:
        """So many parts of about the same weight, whatever must be cut for it."""
        share = weight / parts
        return cls((parts,), (0.0, math.inf), ((share, share), (0.0, 0.0)), is_exact=True)


@dataclass(frozen=True)
class _Division:
    """Grids without codes yet: outlines, the grid of each placed building, who stands outside, what was cut."""

    outlines: list[shapely.Geometry]
    grid_of_placed: np.ndarray
    outside: np.ndarray
    cut: frozenset[str] = frozenset()
    street_share: float | None = None


@dataclass(frozen=True)
class Ground:
    """What grids are drawn on. `present`: the living grids now, with their outlines where known; `issued`: every code
    ever given to a grid here, living or ended. Without a boundary one is drawn around the buildings."""

    community_code: str
    boundary: shapely.Geometry | None = None
    streets: Sequence[shapely.Geometry] = ()
    present: Mapping[str, shapely.Geometry | None] = field(default_factory=dict)
    issued: Collection[str] = ()


def open_ground(
    entries: pa.Table,
    geometries: pa.Table | None,
    community_code: str,
    *,
    streets: Sequence[shapely.Geometry] = (),
) -> tuple[Ground, list[GridBuilding]]:
    """What to draw on and with, out of a library's `address_entry` and `address_geometry`: a community's boundary, its
    grids now, every grid code ever given there, and its buildings. Refuses a code that is no living community."""
    living = pc.is_in(entries["state"], value_set=pa.array(_LIVING))
    communities = entries.filter(living)
    communities = communities.filter(pc.equal(communities["level"], str(Level.COMMUNITY)))
    if community_code not in communities["address_code"].to_pylist():
        raise Refusal(
            "ground.community_unknown",
            f"{community_code} 不是在用的社区",
            next_step="网格按社区划分，请写社区编码",
        )
    grids = entries.filter(pc.equal(entries["level"], str(Level.GRID)))
    issued = [code for code in grids["address_code"].to_pylist() if code.startswith(community_code)]
    mine = grids.filter(pc.equal(grids["parent_code"], community_code))
    shapes = shapes_by_code(geometries)
    present = [
        code
        for code, state in zip(
            mine["address_code"].to_pylist(), mine["state"].to_pylist(), strict=True
        )
        if state in _LIVING
    ]
    ground = Ground(
        community_code=community_code,
        boundary=shapes.get(community_code),
        streets=streets,
        present={code: shapes.get(code) for code in present},
        issued=tuple(issued),
    )
    return ground, read_buildings(entries, community_code)


def draw_grids(
    ground: Ground, buildings: Iterable[GridBuilding], *, settings: GridSettings = GridSettings()
) -> GridProposal:
    """A proposal for the whole community; refuses one without boundary and without a single building on the map."""
    listed = _sorted_once(buildings)
    counts = settings.counts_for(_weight(listed, settings))
    wish = _Wish.of_drawing(counts, settings)
    return _propose(Redraw.DRAWN, ground, listed, settings, wish)


def split_grid(
    ground: Ground,
    grid_code: str,
    buildings: Iterable[GridBuilding],
    *,
    parts: int = 2,
    settings: GridSettings = GridSettings(),
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
    wish = _Wish.of_splitting(parts, _weight(listed, settings))
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
    settings: GridSettings = GridSettings(),
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
    whole = _Wish((1,), (0.0, math.inf), ((math.inf, math.inf),))
    return _propose(Redraw.MERGED, part, listed, settings, whole)


def _touch_nowhere(outlines: list[shapely.Geometry]) -> bool:
    """Whether the outlines fall in more pieces together than they must: a shared corner is no border."""
    together = len(shapely.get_parts(shapely.union_all(outlines)))
    return together >= sum(len(shapely.get_parts(outline)) for outline in outlines)


def _propose(
    kind: Redraw, ground: Ground, buildings: list[GridBuilding], settings: GridSettings, wish: _Wish
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
    division = _divide(boundary, ground.streets, placed, points, weights, wish)
    order = _map_order(division.outlines)
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
        lineage=tuple(_lineage(buildings, grids, ground.present)),
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


def _divide(
    boundary: shapely.Geometry,
    streets: Sequence[shapely.Geometry],
    placed: list[GridBuilding],
    points: np.ndarray,
    weights: np.ndarray,
    wish: _Wish,
) -> _Division:
    if not len(points):
        return _Division([boundary], np.empty(0, dtype=int), np.empty(0, dtype=bool))
    plane = LocalPlane.around(shapely.get_coordinates(boundary))
    cells = cut_cells(boundary, points, streets=_inside(streets, boundary))
    bundles, labels = _best_labels(cells, placed, weights, plane, wish)
    of_placed = labels[bundles.of_building]
    return _Division(
        outlines=_dissolved(cells, labels[bundles.of_cell]),
        grid_of_placed=of_placed,
        outside=~shapely.covers(boundary, shapely.points(points)),
        cut=frozenset(bundles.cut_by(of_placed)),
        street_share=_street_share(cells, labels[bundles.of_cell]),
    )


def _best_labels(
    cells: Cells,
    placed: list[GridBuilding],
    weights: np.ndarray,
    plane: LocalPlane,
    wish: _Wish,
) -> tuple[Bundles, np.ndarray]:
    """The first way whose grids all keep the limits, else the one that leaves them and cuts places least."""
    best: tuple[float, Bundles, np.ndarray] | None = None
    for most, lane_most in wish.keeping:
        counts = wish.counts if best is None else wish.counts[:1]
        bundles = gather_bundles(cells, placed, weights, plane, most=most, lane_most=lane_most)
        if wish.is_exact and bundles.graph.nodes < wish.counts[0] and most > 0:
            continue
        graph = join_islands(bundles.graph)
        for count in counts:
            labels = np.unique(divide(graph, count, limits=wish.limits), return_inverse=True)[1]
            beyond = _beyond(np.bincount(labels, weights=graph.weights), wish.limits)
            cost = beyond + CUT_PLACE * len(bundles.cut_by(labels[bundles.of_building]))
            if best is None or cost < best[0]:
                best = cost, bundles, labels
            if not beyond:
                return best[1:]
    assert best is not None
    return best[1:]


def _beyond(weights: np.ndarray, limits: tuple[float, float]) -> float:
    """How much weight in all lies outside the limits."""
    low, high = limits
    return float(np.maximum(low - weights, 0).sum() + np.maximum(weights - high, 0).sum())


def _street_share(cells: Cells, label: np.ndarray) -> float | None:
    """Of all metres of street between cells the share that is a border between grids."""
    if not cells.street_m.any():
        return None
    apart = label[cells.pairs[:, 0]] != label[cells.pairs[:, 1]]
    return round(float(cells.street_m[apart].sum() / cells.street_m.sum()), 3)


def _inside(
    streets: Sequence[shapely.Geometry], boundary: shapely.Geometry
) -> list[shapely.Geometry]:
    """The streets that matter here, in an order of their own: whoever lists them, the grids are the same."""
    near = [street for street in streets if shapely.intersects(street, boundary)]
    return sorted(near, key=lambda street: bytes(shapely.to_wkb(shapely.normalize(street))))


def _dissolved(cells: Cells, label: np.ndarray) -> list[shapely.Geometry]:
    return [dissolve(cells.outlines[label == one]) for one in range(int(label.max()) + 1)]


def _map_order(outlines: Sequence[shapely.Geometry]) -> list[int]:
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
        kept = _continued_codes(members, buildings, ground.present)
    free = _free_codes(ground, wanted=kept.count(""))
    areas = square_metres(list(outlines))
    grids = []
    for place, (own, outline) in enumerate(zip(members, outlines, strict=True)):
        code = kept[place] or next(free)
        grids.append(
            DrawnGrid(
                address_code=code,
                number=place + 1,
                name=f"第{int(code[-_NUMBER_DIGITS:])}网格",
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


def _continued_codes(
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


def _free_codes(ground: Ground, *, wanted: int) -> Iterator[str]:
    """Codes never given to a grid here, after the highest given, as the library issues them (decision 0003)."""
    width = len(ground.community_code)
    taken = {
        int(code[width:])
        for code in (*ground.issued, *ground.present)
        if code.startswith(ground.community_code) and len(code) == width + _NUMBER_DIGITS
    }
    highest = max(taken, default=0)
    numbers = [*range(highest + 1, MOST_GRIDS + 1), *range(1, highest)]
    free = [number for number in numbers if number not in taken]
    if len(free) < wanted:
        raise Refusal(
            "ground.grid_codes_used_up",
            f"社区 {ground.community_code} 的网格编码只剩 {len(free)} 个，需要 {wanted} 个",
            next_step="编码不可重复使用；请调高目标户数，或先拆分社区",
        )
    return iter([f"{ground.community_code}{number:02d}" for number in free])


def _lineage(
    buildings: list[GridBuilding],
    grids: Sequence[DrawnGrid],
    present: Mapping[str, shapely.Geometry | None],
) -> list[GridLineage]:
    """For each present grid what becomes of it, the largest share first; an empty one goes by its ground."""
    new_of = {code: grid.address_code for grid in grids for code in grid.buildings}
    count: Counter[tuple[str, str]] = Counter()
    households: Counter[tuple[str, str]] = Counter()
    for one in buildings:
        if one.grid_code in present:
            key = one.grid_code, new_of[one.address_code]
            count[key] += 1
            households[key] += one.households
    rows = []
    for old in sorted(present):
        mine = {new: number for (code, new), number in count.items() if code == old}
        homes = sum(households[old, new] for new in mine)
        for new, number in mine.items():
            share = households[old, new] / homes if homes else number / sum(mine.values())
            rows.append(GridLineage(old, new, number, households[old, new], round(share, 4)))
        outline = present[old]
        if not mine and outline is not None:
            shared = shapely.area(shapely.intersection(outline, [grid.outline for grid in grids]))
            rows.append(GridLineage(old, grids[int(np.argmax(shared))].address_code, 0, 0, 1.0))
    return sorted(rows, key=lambda row: (row.old_code, -row.share, row.new_code))


def measure_grids(
    grids: Sequence[DrawnGrid],
    buildings: Iterable[GridBuilding],
    *,
    cut: Collection[str] = frozenset(),
    settings: GridSettings = GridSettings(),
) -> GridFigures:
    """The figures of a division; `cut` names the estates, lanes and roads it tears apart."""
    cut = frozenset(cut)
    weights = [grid.weight for grid in grids]
    mean = sum(weights) / len(weights)
    outlines = np.array([grid.outline for grid in grids], dtype=object)
    flat = LocalPlane.around(shapely.get_coordinates(outlines)).flatten(outlines)
    compact = 4 * np.pi * shapely.area(flat) / np.maximum(shapely.length(flat), 1e-9) ** 2
    grid_of = {code: grid.number for grid in grids for code in grid.buildings}
    spread: dict[tuple[str, bool], set[int]] = defaultdict(set)
    for one in buildings:
        if one.place:
            spread[one.place, one.on_road].add(grid_of[one.address_code])
    several = {place for (place, on_road), held in spread.items() if len(held) > 1 and not on_road}
    roads = {place for place, on_road in spread if on_road}
    return GridFigures(
        grids=len(grids),
        weight_min=min(weights),
        weight_mean=round(mean, 1),
        weight_max=max(weights),
        balance_ratio=round(max(weights) / mean, 3) if mean else 1.0,
        below_target=sum(weight < settings.fewest for weight in weights),
        above_target=sum(weight > settings.most for weight in weights),
        compactness_mean=round(float(compact.mean()), 3),
        compactness_min=round(float(compact.min()), 3),
        places=sum(not on_road for _, on_road in spread),
        places_cut=len(cut - roads),
        places_apart=len(several - cut),
        roads_cut=len(cut & roads),
        in_pieces=sum(len(shapely.get_parts(grid.outline)) > 1 for grid in grids),
    )


def _sorted_once(buildings: Iterable[GridBuilding]) -> list[GridBuilding]:
    listed = sorted(buildings, key=lambda one: one.address_code)
    if len({one.address_code for one in listed}) != len(listed):
        raise Refusal("ground.building_twice", "同一栋楼写了两次", next_step="请核对楼栋编码")
    return listed


def _weight(buildings: Iterable[GridBuilding], settings: GridSettings) -> float:
    return sum(settings.weight_of(building) for building in buildings)
