"""Coordinates are stored as CGCS2000 (EPSG:4490), x (east) first. GCJ-02 and BD-09 are converted once, at import.

Source of the polynomial: identical in ten open implementations (4-standards 1.13); inverse by iteration. Every
formula is written once and reads from `math` for one point, from NumPy for arrays of points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_BAIDU_FACTOR = math.pi * 3000.0 / 180.0
_CONVERGED_DEGREES = 1e-10
_MOST_ROUNDS = 30
_DATUMS = {
    "CGCS2000": "CGCS2000",
    "WGS84": "WGS84",
    "WGS-84": "WGS84",
    "GCJ-02": "GCJ-02",
    "GCJ02": "GCJ-02",
    "BD-09": "BD-09",
    "BD09": "BD-09",
}
DATUMS = ("CGCS2000", "WGS84", "GCJ-02", "BD-09")


def known_datum(system: str) -> str:
    """One of DATUMS for any of its usual spellings; an unlabelled coordinate is a ValueError."""
    found = _DATUMS.get(system.strip().upper().replace("_", "-").replace(" ", ""))
    if found is None:
        raise ValueError(f"coordinates need a known system, not {system!r}")
    return found


def gcj02_from_cgcs2000(longitude: float, latitude: float) -> tuple[float, float]:
    """(longitude, latitude) in degrees, CGCS2000/WGS 84 -> GCJ-02; valid inside China."""
    return _gcj02(longitude, latitude, math)


def cgcs2000_from_gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """Inverse of `gcj02_from_cgcs2000`, by iteration to 1e-10 degrees."""
    return _inverse(_gcj02, (longitude, latitude), (longitude, latitude), math)


def gcj02_from_bd09(longitude: float, latitude: float) -> tuple[float, float]:
    """(longitude, latitude) in degrees, BD-09 -> GCJ-02, by iteration on the forward formula."""
    return _inverse(_bd09, (longitude, latitude), (longitude - 0.0065, latitude - 0.006), math)


def bd09_from_gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """(longitude, latitude) in degrees, GCJ-02 -> BD-09."""
    return _bd09(longitude, latitude, math)


def to_cgcs2000(longitude: float, latitude: float, *, system: str) -> tuple[float, float]:
    """Convert from the declared `system` (CGCS2000, WGS84, GCJ-02, BD-09); an unlabelled point is a ValueError."""
    datum = known_datum(system)
    if datum == "BD-09":
        longitude, latitude = gcj02_from_bd09(longitude, latitude)
    if datum in ("BD-09", "GCJ-02"):
        return cgcs2000_from_gcj02(longitude, latitude)
    return longitude, latitude


def points_to_cgcs2000(points: np.ndarray, *, system: str) -> np.ndarray:
    """`to_cgcs2000` for an array of shape (n, 2), longitude first."""
    datum = known_datum(system)
    x, y = points[:, 0], points[:, 1]
    if datum == "BD-09":
        x, y = _inverse(_bd09, (x, y), (x - 0.0065, y - 0.006), np)
    if datum in ("BD-09", "GCJ-02"):
        x, y = _inverse(_gcj02, (x, y), (x, y), np)
    return np.column_stack([x, y])


def points_from_cgcs2000(points: np.ndarray, *, system: str) -> np.ndarray:
    """The inverse of `points_to_cgcs2000`: what a map in `system` would show."""
    datum = known_datum(system)
    x, y = points[:, 0], points[:, 1]
    if datum in ("BD-09", "GCJ-02"):
        x, y = _gcj02(x, y, np)
    if datum == "BD-09":
        x, y = _bd09(x, y, np)
    return np.column_stack([x, y])


def _gcj02(longitude: Any, latitude: Any, maths: Any) -> tuple[Any, Any]:
    sin, sqrt, pi = maths.sin, maths.sqrt, math.pi
    x, y = longitude - 105.0, latitude - 35.0
    root = sqrt(maths.fabs(x))
    wave = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + wave
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + wave
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    radians = latitude / 180.0 * pi
    bend = 1 - _ECCENTRICITY_SQUARED * sin(radians) ** 2
    meridian = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / (bend * sqrt(bend))
    normal = _SEMI_MAJOR_M / sqrt(bend)
    return (
        longitude + east * 180.0 / (normal * maths.cos(radians) * pi),
        latitude + north * 180.0 / (meridian * pi),
    )


def _bd09(longitude: Any, latitude: Any, maths: Any) -> tuple[Any, Any]:
    radius = maths.sqrt(longitude**2 + latitude**2)
    radius = radius + 0.00002 * maths.sin(latitude * _BAIDU_FACTOR)
    angle = maths.atan2(latitude, longitude) + 0.000003 * maths.cos(longitude * _BAIDU_FACTOR)
    return radius * maths.cos(angle) + 0.0065, radius * maths.sin(angle) + 0.006


def _inverse(
    forward: Callable[[Any, Any, Any], tuple[Any, Any]],
    wanted: tuple[Any, Any],
    start: tuple[Any, Any],
    maths: Any,
) -> tuple[Any, Any]:
    """The point `forward` carries to `wanted`; the shift hardly changes with place, so few steps do."""
    x, y = start
    for _ in range(_MOST_ROUNDS):
        forward_x, forward_y = forward(x, y, maths)
        dx, dy = wanted[0] - forward_x, wanted[1] - forward_y
        x, y = x + dx, y + dy
        if _largest(dx, dy) < _CONVERGED_DEGREES:
            break
    return x, y


def _largest(dx: Any, dy: Any) -> float:
    if isinstance(dx, np.ndarray):
        return float(np.max(np.abs(np.concatenate([dx, dy])), initial=0.0))
    return max(abs(dx), abs(dy))
