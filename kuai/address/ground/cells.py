"""Cutting an area into cells that cover it exactly: around buildings (Voronoi) and along streets.

All cells come out of one net of lines, so neighbours share their corners to the last bit: no gaps, no overlaps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from kuai.address.ground.plane import LocalPlane

# A cell's side lies along a street when its middle does: 1 cm, in degrees.
_ON_STREET_DEGREES = 1e-7


@dataclass(frozen=True)
class Cells:
    """Cells of an area; `site_cell` is the cell of each site. Neighbours share a side, not a corner alone.

    `pairs` holds each pair of neighbours once; `open_m` is their shared side away from streets, `street_m` along one.
    """

    outlines: np.ndarray
    site_cell: np.ndarray
    pairs: np.ndarray
    open_m: np.ndarray
    street_m: np.ndarray


def cut_cells(
    area: shapely.Geometry, sites: np.ndarray, *, streets: Sequence[shapely.Geometry] = ()
) -> Cells:
    """`area` (degrees) cut half-way between `sites` (n, 2) and along `streets`. A site outside belongs to the cell
    nearest to it. The same input gives the same cells in the same order."""
    plane = LocalPlane.around(shapely.get_coordinates(area))
    lines = [shapely.boundary(area), *streets]
    if len(np.unique(sites, axis=0)) > 1:
        lines.append(_edges_between(sites, area, plane))
    net = shapely.union_all(lines)
    outlines = np.array(shapely.get_parts(shapely.polygonize(shapely.get_parts(net))), dtype=object)
    shapely.prepare(area)
    outlines = outlines[shapely.covers(area, shapely.point_on_surface(outlines))]
    outlines = shapely.normalize(outlines)
    pairs, open_m, street_m = _shared_sides(outlines, plane, streets)
    return Cells(outlines, _cells_of_sites(outlines, sites), pairs, open_m, street_m)


def _edges_between(
    sites: np.ndarray, area: shapely.Geometry, plane: LocalPlane
) -> shapely.Geometry:
    flat = shapely.multipoints(np.unique(plane.metres(sites), axis=0))
    # The edges must run through the whole area, wherever its corners are.
    reach = shapely.buffer(shapely.envelope(plane.flatten(area)), 100.0)
    return plane.lift(shapely.voronoi_polygons(flat, extend_to=reach, only_edges=True))


def _cells_of_sites(outlines: np.ndarray, sites: np.ndarray) -> np.ndarray:
    points = shapely.points(sites)
    found = np.full(len(sites), -1)
    site, cell = shapely.STRtree(outlines).query_nearest(points, all_matches=True)
    # On a border several cells are equally near: the first in order.
    order = np.lexsort((-cell, site))
    found[site[order]] = cell[order]
    return found


def _shared_sides(
    outlines: np.ndarray, plane: LocalPlane, streets: Sequence[shapely.Geometry]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rings, ring_cell = shapely.get_rings(outlines, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    inner = ring[1:] == ring[:-1]
    start, end = points[:-1][inner], points[1:][inner]
    cell = ring_cell[ring[:-1][inner]]
    backward = (start[:, 0] > end[:, 0]) | ((start[:, 0] == end[:, 0]) & (start[:, 1] > end[:, 1]))
    low, high = np.where(backward[:, None], end, start), np.where(backward[:, None], start, end)
    order = np.lexsort((cell, high[:, 1], high[:, 0], low[:, 1], low[:, 0]))
    low, high, cell = low[order], high[order], cell[order]
    same = (low[1:] == low[:-1]).all(axis=1) & (high[1:] == high[:-1]).all(axis=1)
    same &= cell[1:] != cell[:-1]
    length = np.hypot(*(plane.metres(high[1:][same]) - plane.metres(low[1:][same])).T)
    along = _along_streets((low[1:][same] + high[1:][same]) / 2, streets)
    return _sum_by_pair(np.column_stack([cell[:-1][same], cell[1:][same]]), length, along)


def _sum_by_pair(
    sides: np.ndarray, length: np.ndarray, along: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if not len(sides):
        return np.empty((0, 2), dtype=np.int64), np.empty(0), np.empty(0)
    pairs, place = np.unique(np.sort(sides, axis=1), axis=0, return_inverse=True)
    place = place.ravel()
    street_m = np.bincount(place, weights=length * along, minlength=len(pairs))
    return pairs, np.bincount(place, weights=length, minlength=len(pairs)) - street_m, street_m


def _along_streets(middles: np.ndarray, streets: Sequence[shapely.Geometry]) -> np.ndarray:
    along = np.zeros(len(middles), dtype=bool)
    if len(streets) and len(middles):
        tree = shapely.STRtree(np.asarray(streets, dtype=object))
        on, _ = tree.query(
            shapely.points(middles), predicate="dwithin", distance=_ON_STREET_DEGREES
        )
        along[on] = True
    return along
