"""Coordinates are stored as CGCS2000 (EPSG:4490), x (east) first. GCJ-02 and BD-09 are converted once, at import.

Source of the polynomial: identical in ten open implementations (4-standards 1.13); inverse by iteration.
"""

from __future__ import annotations

from math import atan2, cos, pi, sin, sqrt

_SEMI_MAJOR_M = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_BAIDU_FACTOR = pi * 3000.0 / 180.0
_CONVERGED_DEGREES = 1e-10


def gcj02_from_cgcs2000(longitude: float, latitude: float) -> tuple[float, float]:
    """(longitude, latitude) in degrees, CGCS2000/WGS 84 -> GCJ-02; valid inside China."""
    x, y = longitude - 105.0, latitude - 35.0
    wave = (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x)) + wave
    north += (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi)) * 2.0 / 3.0
    north += (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x)) + wave
    east += (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi)) * 2.0 / 3.0
    east += (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi)) * 2.0 / 3.0
    radians = latitude / 180.0 * pi
    bend = 1 - _ECCENTRICITY_SQUARED * sin(radians) ** 2
    meridian = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / (bend * sqrt(bend))
    normal = _SEMI_MAJOR_M / sqrt(bend)
    return (
        longitude + east * 180.0 / (normal * cos(radians) * pi),
        latitude + north * 180.0 / (meridian * pi),
    )


def cgcs2000_from_gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """Inverse of `gcj02_from_cgcs2000`, by iteration to 1e-10 degrees."""
    x, y = longitude, latitude
    for _ in range(30):
        forward_x, forward_y = gcj02_from_cgcs2000(x, y)
        dx, dy = longitude - forward_x, latitude - forward_y
        x, y = x + dx, y + dy
        if max(abs(dx), abs(dy)) < _CONVERGED_DEGREES:
            break
    return x, y


def gcj02_from_bd09(longitude: float, latitude: float) -> tuple[float, float]:
    """(longitude, latitude) in degrees, BD-09 -> GCJ-02, by iteration on the forward formula."""
    x, y = longitude - 0.0065, latitude - 0.006
    for _ in range(30):
        forward_x, forward_y = bd09_from_gcj02(x, y)
        dx, dy = longitude - forward_x, latitude - forward_y
        x, y = x + dx, y + dy
        if max(abs(dx), abs(dy)) < _CONVERGED_DEGREES:
            break
    return x, y


def bd09_from_gcj02(longitude: float, latitude: float) -> tuple[float, float]:
    """(longitude, latitude) in degrees, GCJ-02 -> BD-09."""
    radius = sqrt(longitude**2 + latitude**2) + 0.00002 * sin(latitude * _BAIDU_FACTOR)
    angle = atan2(latitude, longitude) + 0.000003 * cos(longitude * _BAIDU_FACTOR)
    return radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006


def to_cgcs2000(longitude: float, latitude: float, *, system: str) -> tuple[float, float]:
    """Convert from the declared `system` (CGCS2000, WGS84, GCJ-02, BD-09); an unlabelled point is a ValueError."""
    known = system.upper().replace("_", "-")
    if known in ("CGCS2000", "WGS84", "WGS-84"):
        return longitude, latitude
    if known in ("GCJ-02", "GCJ02"):
        return cgcs2000_from_gcj02(longitude, latitude)
    if known in ("BD-09", "BD09"):
        return cgcs2000_from_gcj02(*gcj02_from_bd09(longitude, latitude))
    raise ValueError(f"coordinates need a known system, not {system!r}")
