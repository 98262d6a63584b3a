"""Metres on the ground of a city: a local plane for distances, the ellipsoid for areas.

The plane is affine, so an edge that is straight in degrees stays straight and cuts made in it fit without slivers.
Areas do not come from the plane: they are the ellipsoid's, for edges straight in longitude and latitude.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

# CGCS2000 (EPSG:4490); WGS 84 differs by 0.1 mm in the minor axis.
SEMI_MAJOR_M = 6378137.0
_FLATTENING = 1 / 298.257222101
_E2 = _FLATTENING * (2 - _FLATTENING)
_E = _E2**0.5
# Gauss-Legendre with three points is exact to the fifth power; an edge of 100 km is off by less than 1e-12.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(3)


@dataclass(frozen=True)
class LocalPlane:
    """Metres east and north of an origin; distances within 40 km of it are right to some 0.3 %."""

    longitude: float
    latitude: float

    @classmethod
    def around(cls, points: np.ndarray) -> LocalPlane:
        """The plane whose origin is the middle of `points` (shape (n, 2), degrees)."""
        if not len(points):
            return cls(114.0, 22.5)
        middle = (np.nanmin(points, axis=0) + np.nanmax(points, axis=0)) / 2
        return cls(float(middle[0]), float(middle[1]))

    @property
    def metres_a_degree(self) -> np.ndarray:
        """(east, north): radii of the ellipsoid at the origin's latitude."""
        bend = 1 - _E2 * np.sin(np.radians(self.latitude)) ** 2
        east = SEMI_MAJOR_M / np.sqrt(bend) * np.cos(np.radians(self.latitude))
        north = SEMI_MAJOR_M * (1 - _E2) / bend**1.5
        return np.radians(np.array([east, north]))

    def metres(self, degrees: np.ndarray) -> np.ndarray:
        """(n, 2) degrees -> (n, 2) metres."""
        return (degrees - (self.longitude, self.latitude)) * self.metres_a_degree

    def degrees(self, metres: np.ndarray) -> np.ndarray:
        """(n, 2) metres -> (n, 2) degrees."""
        return metres / self.metres_a_degree + (self.longitude, self.latitude)

    def flatten(self, geometries: Any) -> Any:
        """Geometries in degrees -> the same in metres."""
        return shapely.transform(geometries, self.metres)

    def lift(self, geometries: Any) -> Any:
        """Geometries in metres -> the same in degrees."""
        return shapely.transform(geometries, self.degrees)


def square_metres(geometries: Sequence[shapely.Geometry] | np.ndarray) -> np.ndarray:
    """Area of each (multi)polygon in degrees, on the ellipsoid; parts of a whole add up to it exactly.

    Source: Snyder, Map Projections (USGS PP 1395), eq. 3-12: the zone between the equator and a latitude has
    a**2 * q / 2 for a radian of longitude; an outline's area is that integrated along its edges.
    """
    outlines = np.asarray(geometries, dtype=object)
    parts, part_owner = shapely.get_parts(outlines, return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return np.zeros(len(outlines))
    size = np.abs(_areas_inside(rings))
    # A polygon's first ring is its outline, the others are its holes.
    hole = np.append(False, ring_part[1:] == ring_part[:-1])
    signed = np.where(hole, -size, size)
    return np.bincount(part_owner[ring_part], weights=signed, minlength=len(outlines))


def square_metres_of(geometry: shapely.Geometry) -> float:
    """`square_metres` of one geometry."""
    return float(square_metres([geometry])[0])


def _areas_inside(rings: np.ndarray) -> np.ndarray:
    points, ring = shapely.get_coordinates(rings, return_index=True)
    origin = LocalPlane.around(points)
    x, y = np.radians(points[:, 0] - origin.longitude), np.radians(points[:, 1])
    edge = ring[1:] == ring[:-1]
    x0, x1, y0, y1 = x[:-1][edge], x[1:][edge], y[:-1][edge], y[1:][edge]
    # Measured from the middle, so that a small outline is not the difference of two large numbers.
    base = _zone_area(np.radians(np.array(origin.latitude)))
    zone = np.zeros(len(x0))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        zone += weight / 2 * (_zone_area((y0 + y1) / 2 + node * (y1 - y0) / 2) - base)
    return np.bincount(ring[:-1][edge], weights=zone * (x1 - x0), minlength=len(rings))


def _zone_area(latitude: np.ndarray) -> np.ndarray:
    """m2 from the equator to `latitude` (radians), for one radian of longitude."""
    sine = np.sin(latitude)
    q = (1 - _E2) * (
        sine / (1 - _E2 * sine**2) - np.log((1 - _E * sine) / (1 + _E * sine)) / (2 * _E)
    )
    return SEMI_MAJOR_M**2 * q / 2
