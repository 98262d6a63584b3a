"""Geometry files (GeoJSON, shapefile, GeoPackage) as delivered rows of the library, each with its shape in CGCS2000.

A shape that cannot be taken is a fault with its row and reason, never mended in a way that changes what it covers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from kuai.address.ground.layers import Layer, open_layer
from kuai.address.ground.systems import (
    agreed_system,
    declared_datum,
    misplacement,
    shapes_in_cgcs2000,
)
from kuai.address.reading import LEVEL_OF_WORD, OPTIONAL_COLUMNS, REQUIRED_COLUMNS
from kuai.address.types import Level
from kuai.kit.coordinates import to_cgcs2000
from kuai.kit.errors import DataFault, Where

COLUMNS = (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
# Headings met in the offices' layers, in lower case.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "地址编码": (
        "地址编码",
        "统一地址编码",
        "编码",
        "代码",
        "网格编码",
        "网格代码",
        "社区编码",
        "社区代码",
        "街道编码",
    )
    + (
        "街道代码",
        "楼栋编码",
        "房屋编码",
        "行政区划代码",
        "address_code",
        "address_co",
        "code",
        "adcode",
        "bm",
        "dm",
    ),
    "级别": ("级别", "层级", "address_level", "level"),
    "上级编码": (
        "上级编码",
        "上级",
        "上级代码",
        "所属编码",
        "所属网格编码",
        "所属社区编码",
        "所属街道编码",
    )
    + ("parent_code", "parent", "sjbm", "pcode"),
    "名称": ("名称", "名字", "网格名称", "社区名称", "街道名称", "楼栋名称", "name", "mc"),
    "标准地址": (
        "标准地址",
        "地址全称",
        "详细地址",
        "地址",
        "standard_text",
        "standard_t",
        "address",
        "dz",
    ),
    "经度": ("经度", "longitude", "lon", "lng", "jd"),
    "纬度": ("纬度", "latitude", "lat", "wd"),
    "用途": ("用途", "房屋用途", "使用性质", "use", "usage", "yt"),
}
# Mending may drop spikes and doubled points; an area off by more than a millionth was changed.
UNCHANGED_AREA = 1e-6
# Farther than this from the middle of its file a shape has another city's place or a slip in its numbers.
STRAY_KM = 300.0
_KM_A_DEGREE = 111.0
_SHAPE_KINDS = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
_AREA_KINDS = ("Polygon", "MultiPolygon")


@dataclass(frozen=True)
class GroundReading:
    """What a geometry file gave: rows that can be taken, a fault for each that cannot, and how many were mended."""

    rows: pa.Table
    faults: tuple[DataFault, ...]
    received: int
    mended_rows: tuple[int, ...] = ()


def read_ground_file(
    path: Path,
    *,
    datum: str,
    level: Level | str | None = None,
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
) -> pa.Table:
    """The file's rows in the library's headings (all text), with `geometry` (WKB, CGCS2000; null for a bare point)
    and `delivered_datum`. Any row that cannot be taken refuses the file, with the first one's row and reason.

    `level` is for layers without a column of levels; `columns` names the file's heading for one of ours.
    """
    reading = survey_ground_file(path, datum=datum, level=level, columns=columns, layer=layer)
    if reading.faults:
        first = reading.faults[0]
        more = f"（另有 {len(reading.faults) - 1} 行有问题）" if len(reading.faults) > 1 else ""
        raise DataFault(first.code, first.sentence + more, where=first.where, remedy=first.remedy)
    return reading.rows


def survey_ground_file(
    path: Path,
    *,
    datum: str,
    level: Level | str | None = None,
    columns: Mapping[str, str] | None = None,
    layer: str | None = None,
) -> GroundReading:
    """As `read_ground_file`, but faulty rows are set aside and told, each with its reason; a faulty file is raised."""
    datum = declared_datum(datum)
    opened = open_layer(path, layer=layer)
    if not len(opened.shapes):
        raise DataFault(
            "address.ground_file_empty",
            "图层里没有图形",
            where=Where(file=opened.file),
            remedy="请导出有内容的图层",
        )
    system = agreed_system(opened.system, datum=datum, file=opened.file)
    texts = _library_columns(opened, level=level, columns=columns or {})
    shapes = shapes_in_cgcs2000(opened.shapes, system=system, datum=datum)
    projected = system is not None and system.is_projected
    reasons = _reasons_to_refuse(shapes, projected=projected)
    mended = _mend(shapes, reasons)
    _convert_written_points(texts, reasons, datum=datum)
    _place_points(texts, shapes, reasons)
    faults = tuple(
        _row_fault(opened.file, row, *reason) for row, reason in enumerate(reasons) if reason
    )
    kept = np.array([not reason for reason in reasons])
    return GroundReading(
        rows=_table(texts, shapes, datum).filter(pa.array(kept)),
        faults=faults,
        received=len(shapes),
        mended_rows=tuple(row + 1 for row in mended),
    )


Reason = tuple[str, str, str] | None


def _library_columns(
    opened: Layer, *, level: Level | str | None, columns: Mapping[str, str]
) -> dict[str, list[str]]:
    unknown = [heading for heading in columns.values() if heading not in opened.headings]
    if unknown:
        raise _heading_fault(opened, f"没有“{unknown[0]}”列", unknown[0])
    if level is not None and LEVEL_OF_WORD.get(str(level)) is None:
        raise _heading_fault(opened, f"级别“{level}”不认得", "级别")
    by_word = {heading.strip().lower(): heading for heading in reversed(opened.headings)}
    values = dict(zip(opened.headings, opened.columns, strict=True))
    texts: dict[str, list[str]] = {}
    for ours in COLUMNS:
        theirs = columns.get(ours) or _heading_for(ours, by_word, opened)
        texts[ours] = list(values[theirs]) if theirs else [""] * len(opened.shapes)
        if ours == "地址编码" and theirs is None:
            raise _heading_fault(opened, "找不到地址编码列", ours)
        if ours == "级别" and theirs is None and level is None:
            raise _heading_fault(opened, "找不到级别列", ours)
    if level is not None:
        texts["级别"] = [str(level)] * len(opened.shapes)
    return texts


def _heading_for(ours: str, by_word: Mapping[str, str], opened: Layer) -> str | None:
    words = [form for word in HEADINGS[ours] for form in (word, opened.heading_as_kept(word))]
    return next((by_word[word] for word in words if word in by_word), None)


def _heading_fault(opened: Layer, sentence: str, column: str) -> DataFault:
    return DataFault(
        "address.ground_column_missing",
        sentence,
        where=Where(file=opened.file, column=column),
        remedy=f"文件的列有：{'、'.join(opened.headings[:20])}；请指明各列对应，或声明整层的级别",
    )


def _reasons_to_refuse(shapes: np.ndarray, *, projected: bool) -> list[Reason]:
    """For each shape why it cannot be taken, whatever the row says besides: (code, sentence, remedy)."""
    reasons: list[Reason] = [None] * len(shapes)
    bounds = shapely.bounds(shapes)
    for row, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            reasons[row] = ("shape_missing", "没有图形", "请补画，或从这个文件删去这一行")
        elif shape.geom_type not in _SHAPE_KINDS:
            reasons[row] = ("shape_mixed", "点、线、面混在一个图形里", "请拆成单一类型的图形")
        elif misplaced := misplacement(bounds[row], projected=projected):
            remedy = "请核对坐标系与坐标顺序（经度在前）后重新导出"
            reasons[row] = ("shape_misplaced", misplaced, remedy)
    _find_strays(bounds, reasons)
    return reasons


def _find_strays(bounds: np.ndarray, reasons: list[Reason]) -> None:
    sound = np.array([reason is None for reason in reasons])
    if not sound.any():
        return
    middle = (bounds[:, :2] + bounds[:, 2:]) / 2
    offset = (middle - np.median(middle[sound], axis=0)) * _KM_A_DEGREE
    for row in np.flatnonzero(sound & (np.hypot(offset[:, 0], offset[:, 1]) > STRAY_KM)).tolist():
        sentence = f"离本文件其余图形 {STRAY_KM:.0f} 公里以上"
        reasons[row] = ("shape_astray", sentence, "请核对这一行的坐标")


def _mend(shapes: np.ndarray, reasons: list[Reason]) -> list[int]:
    """Replaces invalid outlines by valid ones of the same area, in place; returns the rows mended."""
    mended = []
    for row in np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)).tolist():
        if reasons[row]:
            continue
        sound = _areas_only(shapely.make_valid(shapes[row]))
        before, after = shapes[row].area, sound.area
        if abs(after - before) <= UNCHANGED_AREA * max(before, after) and after > 0:
            shapes[row] = sound
            mended.append(row)
        else:
            why = shapely.is_valid_reason(shapes[row]).split("[")[0]
            sentence = f"图形有错（{_WHY.get(why, why)}），修补会改变面积"
            reasons[row] = ("shape_invalid", sentence, "请在原系统中改正这一图形")
    return mended


_WHY = {
    "Self-intersection": "边线自相交",
    "Ring Self-intersection": "边线自相交",
    "Hole lies outside shell": "洞在外边线之外",
    "Nested shells": "面套面",
    "Nested holes": "洞套洞",
    "Interior is disconnected": "内部不连通",
    "Too few points in geometry component": "点数太少",
}


def _areas_only(shape: shapely.Geometry) -> shapely.Geometry:
    parts = shapely.get_parts(shapely.get_parts(shape))
    areas = [part for part in parts if part.geom_type == "Polygon"]
    return areas[0] if len(areas) == 1 else shapely.MultiPolygon(areas)


def _convert_written_points(
    texts: dict[str, list[str]], reasons: list[Reason], *, datum: str
) -> None:
    """Columns 经度 and 纬度 are of the declared datum too; half a point or no number is the row's fault."""
    for row, (east, north) in enumerate(zip(texts["经度"], texts["纬度"], strict=True)):
        if not (east or north):
            continue
        try:
            point = np.array([float(east), float(north)])
        except ValueError:
            point = np.array([np.nan, np.nan])
        if misplaced := misplacement(np.tile(point, 2), projected=False):
            reasons[row] = reasons[row] or ("point_misplaced", misplaced, "请改正经度、纬度两列")
            continue
        if datum not in ("CGCS2000", "WGS84"):
            x, y = to_cgcs2000(*point.tolist(), system=datum)
            texts["经度"][row], texts["纬度"][row] = repr(x), repr(y)


def _place_points(texts: dict[str, list[str]], shapes: np.ndarray, reasons: list[Reason]) -> None:
    """A point shape is the row's coordinates; a building drawn as an outline gets a point inside it."""
    for row, shape in enumerate(shapes):
        if reasons[row]:
            continue
        kind = shape.geom_type
        if kind in ("Point", "MultiPoint"):
            if len(shapely.get_parts(shape)) > 1:
                reasons[row] = ("shape_mixed", "一行有几个点", "请每行只留一个点")
                continue
            point = shapely.get_parts(shape)[0]
        elif kind in _AREA_KINDS and not texts["经度"][row] and _is_building(texts["级别"][row]):
            point = shapely.point_on_surface(shape)
        else:
            continue
        texts["经度"][row], texts["纬度"][row] = repr(float(point.x)), repr(float(point.y))


def _is_building(word: str) -> bool:
    return LEVEL_OF_WORD.get(word) is Level.BUILDING


def _table(texts: dict[str, list[str]], shapes: np.ndarray, datum: str) -> pa.Table:
    is_point = np.isin(shapely.get_type_id(shapes), (0, 4))
    outlines = shapes.copy()
    outlines[is_point] = None
    wkb = shapely.to_wkb(outlines, byte_order=1)
    return pa.table(
        {
            **{column: pa.array(values, pa.string()) for column, values in texts.items()},
            "geometry": pa.array(wkb.tolist(), pa.binary()),
            "delivered_datum": pa.array([datum] * len(shapes), pa.string()),
        }
    )


def _row_fault(file: str, row: int, code: str, sentence: str, remedy: str) -> DataFault:
    where = Where(file=file, row=row + 1)
    return DataFault(f"address.ground_{code}", sentence, where=where, remedy=remedy)


def read_streets(path: Path, *, datum: str, layer: str | None = None) -> list[shapely.Geometry]:
    """The lines of a file (roads, lanes) in CGCS2000, for drawing grids along them. No code is asked for; a file
    without a single line is refused, points and areas in it are passed over."""
    datum = declared_datum(datum)
    opened = open_layer(path, layer=layer)
    system = agreed_system(opened.system, datum=datum, file=opened.file)
    shapes = shapes_in_cgcs2000(opened.shapes, system=system, datum=datum)
    lines = shapes[np.isin(shapely.get_type_id(shapes), (1, 5)) & ~shapely.is_empty(shapes)]
    if not len(lines):
        raise DataFault(
            "address.ground_no_lines",
            "文件里没有线",
            where=Where(file=opened.file),
            remedy="请导出道路中心线图层",
        )
    projected = system is not None and system.is_projected
    for row, bounds in enumerate(shapely.bounds(lines)):
        if misplaced := misplacement(bounds, projected=projected):
            remedy = "请核对坐标系与坐标顺序（经度在前）后重新导出"
            raise _row_fault(opened.file, row, "shape_misplaced", misplaced, remedy)
    return list(lines)
