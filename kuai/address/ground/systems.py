"""The datum somebody declares, held against what the file says of itself; then everything becomes CGCS2000, once.

GCJ-02 and BD-09 have no entry in any register of systems: a file that names a surveyor's system is not in them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import shapely
from pyproj.exceptions import CRSError

from kuai.kit.coordinates import known_datum, points_to_cgcs2000
from kuai.kit.errors import DataFault, Refusal, Where

# Mainland, islands and waters; the conversions of the map datums hold inside only.
CHINA = (73.0, 3.0, 136.0, 54.0)
_CGCS2000_NAMES = ("china 2000", "cgcs2000", "cgcs_2000", "china geodetic coordinate system 2000")
_WGS84_NAMES = ("world geodetic system 1984", "wgs_1984", "wgs 84")
_SURVEY_DATUMS = ("CGCS2000", "WGS84")


def declared_datum(datum: str) -> str:
    """One of CGCS2000, WGS84, GCJ-02, BD-09; coordinates of an undeclared system are refused."""
    try:
        return known_datum(datum)
    except ValueError:
        raise Refusal(
            "address.datum_unknown",
            "须声明坐标系",
            next_step="请写明 CGCS2000、WGS84、GCJ-02 或 BD-09 之一",
        ) from None


def agreed_system(system: str | None, *, datum: str, file: str) -> pyproj.CRS | None:
    """The file's own system if it fits the declared datum, None if it has none; a contradiction is a DataFault.

    WGS 84 and CGCS2000 pass for one another: the ellipsoids differ by 0.1 mm, the epochs by less than a metre (1.13).
    """
    if not system:
        return None
    try:
        known = pyproj.CRS.from_user_input(system)
    except CRSError as cause:
        raise _fault(file, "system_unreadable", "文件写明的坐标系认不出", _DECLARE) from cause
    said = _datum_of(known)
    if said is None:
        raise _fault(
            file,
            "system_foreign",
            f"文件写明的坐标系是 {known.name}，不能准确换算",
            "北京 54、西安 80 和地方独立坐标系请先由测绘部门转换为 CGCS2000",
        )
    if datum not in _SURVEY_DATUMS:
        raise _fault(
            file,
            "system_contradicts",
            f"声明为 {datum}，文件却写明 {known.name}",
            "两者只能有一个对：如确是加偏坐标，请删去 .prj 或 crs 再交；否则请按文件所写声明",
        )
    return known


_DECLARE = "请删去 .prj 或 crs 并声明坐标系，或按 CGCS2000 重新导出"


def _datum_of(known: pyproj.CRS) -> str | None:
    geodetic = known.geodetic_crs
    if geodetic is None or geodetic.datum is None:
        return None
    name = geodetic.datum.name.lower()
    if any(word in name for word in _CGCS2000_NAMES):
        return "CGCS2000"
    return "WGS84" if any(word in name for word in _WGS84_NAMES) else None


def shapes_in_cgcs2000(shapes: np.ndarray, *, system: pyproj.CRS | None, datum: str) -> np.ndarray:
    """Flat shapes (no Z) in CGCS2000 degrees, longitude first; missing ones stay missing.

    What lies outside China is left where it is: the shifts hold inside only, and the row is refused anyway.
    """
    flat = shapely.force_2d(shapes)
    if system is not None and system.is_projected:
        to_degrees = pyproj.Transformer.from_crs(system, system.geodetic_crs, always_xy=True)
        flat = shapely.transform(flat, lambda points: _unproject(points, to_degrees))
    if datum in _SURVEY_DATUMS:
        return flat
    return shapely.transform(flat, lambda points: _unshift(points, datum))


def _unproject(points: np.ndarray, to_degrees: Any) -> np.ndarray:
    return np.column_stack(to_degrees.transform(points[:, 0], points[:, 1]))


def _unshift(points: np.ndarray, datum: str) -> np.ndarray:
    moved = points.copy()
    inside = in_china(points)
    moved[inside] = points_to_cgcs2000(points[inside], system=datum)
    return moved


def in_china(points: np.ndarray) -> np.ndarray:
    """Which points (degrees, longitude first) lie in the box around China's land and waters."""
    west, south, east, north = CHINA
    x, y = points[:, 0], points[:, 1]
    return (x >= west) & (x <= east) & (y >= south) & (y <= north)


def misplacement(bounds: np.ndarray, *, projected: bool) -> str:
    """Why an outline with these bounds (CGCS2000) cannot be in China; empty when it can."""
    corners = bounds.reshape(2, 2)
    if not np.isfinite(corners).all():
        return "坐标不是数字"
    if in_china(corners).all():
        return ""
    if in_china(corners[:, ::-1]).all():
        return "经度与纬度写反了"
    if not projected and np.abs(corners).max() > 360:
        return "坐标像是投影坐标（米），文件却没有写明投影"
    return "不在中国境内"


def _fault(file: str, code: str, sentence: str, remedy: str) -> DataFault:
    return DataFault(f"address.ground_{code}", sentence, where=Where(file=file), remedy=remedy)
