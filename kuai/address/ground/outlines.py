"""Outlines that nobody drew: communities from their buildings, and cells of buildings for the map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import shapely

from kuai.address.ground.cells import cut_cells
from kuai.address.ground.plane import LocalPlane

# Room around the outermost buildings of an area without a boundary.
MARGIN_M = 60.0
# How far a hull may follow its points inwards: 0 hugs them, 1 is convex.
_HULL_RATIO = 0.3


def shapes_by_code(geometries: pa.Table | None) -> dict[str, shapely.Geometry]:
    """The shapes of an `address_geometry` table."""
    if geometries is None:
        return {}
    shapes = shapely.from_wkb(np.array(geometries["geometry"].to_pylist(), dtype=object))
    return dict(zip(geometries["address_code"].to_pylist(), shapes, strict=True))


def building_cells(
    area: shapely.Geometry, points: Mapping[str, tuple[float, float]]
) -> dict[str, shapely.Geometry]:
    """For the map: the part of `area` (a grid) nearest to each building that has no footprint (decision 0008).

    Buildings on one spot share their cell between them on paper: the first code has it, the others none.
    """
    return _nearest_parts(area, {code: np.array([point]) for code, point in points.items()})


def outline_communities(
    buildings: Mapping[str, np.ndarray], *, within: shapely.Geometry | None = None
) -> dict[str, shapely.Geometry]:
    """Outlines of communities without a boundary, from their buildings' points (n, 2): each gets the ground nearest
    to its own buildings, `within` their sub-district or, without one, a hull around all buildings. They touch, never
    overlap. A guess to start from, to be replaced by the surveyors' boundary."""
    some = {code: points for code, points in buildings.items() if len(points)}
    if not some:
        return {}
    if within is None:
        within = hull_around(np.concatenate(list(some.values())))
    return _nearest_parts(within, some)


def hull_around(points: np.ndarray, *, margin_m: float = MARGIN_M) -> shapely.Geometry:
    """A hull around points (n, 2, degrees) that follows them inwards a little, with a margin."""
    plane = LocalPlane.around(points)
    spots = shapely.multipoints(plane.metres(points))
    hull = shapely.concave_hull(spots, ratio=_HULL_RATIO)
    # The hull of one or two points is a point or a line; with the margin it is an area.
    around = shapely.buffer(hull, margin_m)
    outer = [shapely.Polygon(part.exterior) for part in shapely.get_parts(around)]
    return plane.lift(shapely.union_all(outer))


def _nearest_parts(
    area: shapely.Geometry, sites: Mapping[str, np.ndarray]
) -> dict[str, shapely.Geometry]:
    codes = sorted(sites)
    points = np.concatenate([sites[code] for code in codes])
    owner_of_site = np.repeat(np.arange(len(codes)), [len(sites[code]) for code in codes])
    cells = cut_cells(area, points)
    owner = owners_of_cells(cells.site_cell, owner_of_site, cells.outlines, points)
    return {
        code: dissolve(cells.outlines[owner == place])
        for place, code in enumerate(codes)
        if (owner == place).any()
    }


def owners_of_cells(
    site_cell: np.ndarray, owner_of_site: np.ndarray, outlines: np.ndarray, points: np.ndarray
) -> np.ndarray:
    """Who has each cell: the owner of the first site in it; a cell cut off from its site goes to the nearest site."""
    owner = np.full(len(outlines), -1)
    for site in range(len(site_cell) - 1, -1, -1):
        owner[site_cell[site]] = owner_of_site[site]
    empty = np.flatnonzero(owner < 0)
    if len(empty):
        tree = shapely.STRtree(shapely.points(points))
        inside = shapely.point_on_surface(outlines[empty])
        cell, site = tree.query_nearest(inside, all_matches=False)
        owner[empty[cell]] = owner_of_site[site]
    return owner


def dissolve(outlines: Sequence[shapely.Geometry] | np.ndarray) -> shapely.Geometry:
    """Cells of one net as one outline, its corners untouched."""
    return shapely.normalize(shapely.coverage_union_all(np.asarray(outlines, dtype=object)))
