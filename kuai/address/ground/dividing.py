"""From buildings and a boundary to outlines of grids: cells, what stays together, and the best of several divisions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from kuai.address.ground.cells import Cells, cut_cells
from kuai.address.ground.households import GridBuilding, GridSettings
from kuai.address.ground.keeping import Bundles, gather_bundles
from kuai.address.ground.outlines import dissolve
from kuai.address.ground.partition import divide, join_islands
from kuai.address.ground.plane import LocalPlane

# Households beyond the limits that are worth one more estate or lane cut in two.
CUT_PLACE = 30.0


@dataclass(frozen=True)
class Wish:
    """What a division should come to: how many grids, how heavy one may be, and how heavy the estates and the lanes
    that stay together may be, the strictest first. `is_exact`: so many grids, even if nothing can stay together."""

    counts: tuple[int, ...]
    limits: tuple[float, float]
    keeping: tuple[tuple[float, float], ...]
    is_exact: bool = False

    @classmethod
    def of_drawing(cls, counts: tuple[int, ...], settings: GridSettings) -> Wish:
        """Estates whole up to the most; lanes too, then lanes of half and a quarter of it, if the limits ask for it."""
        most = settings.most
        lanes = tuple((most, most / part) for part in (1, 2, 4))
        return cls(counts, (settings.fewest, most), lanes)

    @classmethod
    def of_splitting(cls, parts: int, weight: float) -> Wish:
        """So many parts of about the same weight, whatever must be cut for it."""
        share = weight / parts
        return cls((parts,), (0.0, math.inf), ((share, share), (0.0, 0.0)), is_exact=True)


@dataclass(frozen=True)
class Division:
    """Grids without codes yet: outlines, the grid of each placed building, who stands outside, what was cut."""

    outlines: list[shapely.Geometry]
    grid_of_placed: np.ndarray
    outside: np.ndarray
    cut: frozenset[str] = frozenset()
    street_share: float | None = None


def divide_ground(
    boundary: shapely.Geometry,
    streets: Sequence[shapely.Geometry],
    placed: list[GridBuilding],
    points: np.ndarray,
    weights: np.ndarray,
    wish: Wish,
) -> Division:
    if not len(points):
        return Division([boundary], np.empty(0, dtype=int), np.empty(0, dtype=bool))
    plane = LocalPlane.around(shapely.get_coordinates(boundary))
    cells = cut_cells(boundary, points, streets=_inside(streets, boundary))
    bundles, labels = _best_labels(cells, placed, weights, plane, wish)
    of_placed = labels[bundles.of_building]
    return Division(
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
    wish: Wish,
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
