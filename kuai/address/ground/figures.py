"""How good a division into grids is, and what becomes of the present grids in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import shapely

from kuai.address.ground.households import USUAL_SETTINGS, GridBuilding, GridSettings
from kuai.address.ground.plane import LocalPlane
from kuai.address.ground.proposals import DrawnGrid, GridFigures, GridLineage


def trace_lineage(
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
    settings: GridSettings = USUAL_SETTINGS,
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
