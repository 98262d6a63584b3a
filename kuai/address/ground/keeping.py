"""What stays together when grids are drawn: buildings of one estate, village section or lane that touch.

A bundle is a set of neighbouring buildings with the ground around them; grids are made of whole bundles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import shapely

from kuai.address.ground.cells import Cells
from kuai.address.ground.households import GridBuilding
from kuai.address.ground.partition import Graph
from kuai.address.ground.plane import LocalPlane

# Cutting a road's row of houses costs as much as a border longer by this: following streets is worth a detour.
ROW_CUT_M = 120.0
# A border along a street is nearly free.
STREET_PRICE = 0.1


@dataclass(frozen=True)
class Bundles:
    """`of_cell` and `of_building`: the bundle of each cell of the area and of each placed building. `touching`: for
    each estate, lane or road the pairs of buildings (by row) that stand side by side."""

    of_cell: np.ndarray
    of_building: np.ndarray
    graph: Graph
    touching: Mapping[str, list[tuple[int, int]]]

    def cut_by(self, labels: np.ndarray) -> set[str]:
        """The estates, lanes and roads with neighbours in different grids; `labels` are the buildings' grids."""
        return {
            place
            for place, pairs in self.touching.items()
            if any(labels[one] != labels[other] for one, other in pairs)
        }


def gather_bundles(
    cells: Cells,
    buildings: list[GridBuilding],
    weights: np.ndarray,
    plane: LocalPlane,
    *,
    most: float,
    lane_most: float,
) -> Bundles:
    """Bundles of at most `most` weight, lanes of `lane_most` (one building may be heavier); `cells.site_cell` is in the
    buildings' order."""
    owner = _with_empty_cells(cells)
    seats, of_building = np.unique(cells.site_cell, return_inverse=True)
    seat_of_cell = np.full(len(cells.outlines), -1)
    seat_of_cell[seats] = np.arange(len(seats))
    of_cell = seat_of_cell[owner]
    sides = _sides(cells, of_cell)
    seat_weight = np.bincount(of_building, weights=weights, minlength=len(seats))
    touching = _touching(sides, buildings, of_building, len(seats))
    roads = {building.place for building in buildings if building.on_road}
    lanes = {building.place for building in buildings if building.is_in_lane}
    kept = {
        place: (pairs, lane_most if place in lanes else most)
        for place, pairs in touching.items()
        if place not in roads
    }
    joined = _join_places(kept, seat_weight)
    # Of each seat the first building speaks for it.
    speaker = np.unique(of_building, return_index=True)[1].tolist()
    side_by_side = {
        place: [(speaker[a], speaker[b]) for a, b in pairs] for place, pairs in touching.items()
    }
    bundle = np.unique(joined, return_inverse=True)[1]
    of_building, of_cell = bundle[of_building], bundle[of_cell]
    graph = _graph(cells, buildings, weights, of_building, of_cell, plane)
    return Bundles(of_cell, of_building, graph, side_by_side)


def _with_empty_cells(cells: Cells) -> np.ndarray:
    """For each cell the seat cell it goes with: itself, or the neighbour it shares most of its open border with."""
    owner = np.full(len(cells.outlines), -1)
    owner[cells.site_cell] = cells.site_cell
    neighbours: dict[int, list[tuple[int, float, float]]] = {}
    for (a, b), open_m, street_m in zip(
        cells.pairs.tolist(), cells.open_m.tolist(), cells.street_m.tolist(), strict=True
    ):
        neighbours.setdefault(a, []).append((b, open_m, street_m))
        neighbours.setdefault(b, []).append((a, open_m, street_m))
    empty = np.flatnonzero(owner < 0).tolist()
    # Across a street only when nothing on this side is left to go with.
    for across in (False, True):
        empty = _spread(owner, empty, neighbours, across=across)
    if empty:
        seats = np.unique(cells.site_cell)
        tree = shapely.STRtree(cells.outlines[seats])
        rows, near = tree.query_nearest(cells.outlines[empty], all_matches=False)
        owner[np.array(empty)[rows]] = seats[near]
    return owner


def _spread(
    owner: np.ndarray,
    empty: list[int],
    neighbours: dict[int, list[tuple[int, float, float]]],
    *,
    across: bool,
) -> list[int]:
    while True:
        found: dict[int, int] = {}
        for cell in empty:
            best = max(
                (
                    (open_m + street_m if across else open_m, -int(owner[other]))
                    for other, open_m, street_m in neighbours.get(cell, ())
                    if owner[other] >= 0 and (across or open_m > 0)
                ),
                default=None,
            )
            if best is not None:
                found[cell] = -best[1]
        if not found:
            return empty
        for cell, seat in found.items():
            owner[cell] = seat
        empty = [cell for cell in empty if cell not in found]


def _sides(cells: Cells, of_cell: np.ndarray) -> dict[tuple[int, int], tuple[float, float]]:
    """Open and street border between each two different owners, lower number first."""
    found: dict[tuple[int, int], tuple[float, float]] = {}
    owners = np.sort(of_cell[cells.pairs], axis=1) if len(cells.pairs) else np.empty((0, 2), int)
    for (a, b), open_m, street_m in zip(
        owners.tolist(), cells.open_m.tolist(), cells.street_m.tolist(), strict=True
    ):
        if a != b:
            known = found.get((a, b), (0.0, 0.0))
            found[a, b] = known[0] + open_m, known[1] + street_m
    return found


def _touching(
    sides: dict[tuple[int, int], tuple[float, float]],
    buildings: list[GridBuilding],
    of_building: np.ndarray,
    seats: int,
) -> dict[str, list[tuple[int, int]]]:
    """For each place the pairs of seats that share it and a border without a street between them."""
    places: list[set[str]] = [set() for _ in range(seats)]
    for building, seat in zip(buildings, of_building.tolist(), strict=True):
        if building.place:
            places[seat].add(building.place)
    touching: dict[str, list[tuple[int, int]]] = {}
    for (a, b), (open_m, _) in sorted(sides.items()):
        for place in places[a] & places[b] if open_m > 0 else ():
            touching.setdefault(place, []).append((a, b))
    return touching


def _join_places(
    kept: Mapping[str, tuple[list[tuple[int, int]], float]], seat_weight: np.ndarray
) -> np.ndarray:
    """The seats that stay together carry one number: touching, of one estate or lane, and not too heavy in all."""
    root = list(range(len(seat_weight)))
    weight = seat_weight.tolist()
    for place in sorted(kept):
        pairs, most = kept[place]
        for seats in _pieces(pairs):
            roots = sorted({_root(root, seat) for seat in seats})
            # An estate that alone exceeds the limit is the one thing that may be divided.
            if sum(weight[one] for one in roots) <= most:
                for one in roots[1:]:
                    root[one] = roots[0]
                    weight[roots[0]] += weight[one]
    return np.array([_root(root, seat) for seat in range(len(root))])


def _pieces(pairs: list[tuple[int, int]]) -> list[list[int]]:
    root = {seat: seat for pair in pairs for seat in pair}
    for a, b in pairs:
        low, high = sorted((_root(root, a), _root(root, b)))
        root[high] = low
    found: dict[int, list[int]] = {}
    for seat in sorted(root):
        found.setdefault(_root(root, seat), []).append(seat)
    return list(found.values())


def _root(root: list[int] | dict[int, int], seat: int) -> int:
    while root[seat] != seat:
        root[seat] = root[root[seat]]
        seat = root[seat]
    return seat


def _graph(
    cells: Cells,
    buildings: list[GridBuilding],
    weights: np.ndarray,
    of_building: np.ndarray,
    of_cell: np.ndarray,
    plane: LocalPlane,
) -> Graph:
    count = int(of_cell.max()) + 1
    places: list[set[str]] = [set() for _ in range(count)]
    for building, bundle in zip(buildings, of_building.tolist(), strict=True):
        places[bundle].add(building.place)
    neighbours: tuple[dict[int, float], ...] = tuple({} for _ in range(count))
    across = set()
    for (a, b), (open_m, street_m) in _sides(cells, of_cell).items():
        shared = len((places[a] & places[b]) - {""})
        cost = open_m + STREET_PRICE * street_m + ROW_CUT_M * shared
        neighbours[a][b] = neighbours[b][a] = cost
        if open_m < STREET_PRICE * street_m:
            across.add((a, b))
    flat = plane.flatten(cells.outlines)
    size = shapely.area(flat)
    middle = plane.metres(shapely.get_coordinates(shapely.point_on_surface(cells.outlines)))
    area = np.bincount(of_cell, weights=size, minlength=count)
    middles = [
        np.bincount(of_cell, weights=size * axis, minlength=count) / area for axis in middle.T
    ]
    bundle_weight = np.bincount(of_building, weights=weights, minlength=count)
    return Graph(
        bundle_weight, np.column_stack(middles), neighbours, float(size.sum()), frozenset(across)
    )
