"""A small library for the pages: two communities, one with outlines that overlap and leave a gap."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

from kuai.address import library
from kuai.kit.store import Store

HEADINGS = ("地址编码", "级别", "上级编码", "名称", "标准地址", "经度", "纬度", "用途")
DISTRICT, SUBDISTRICT = "440309", "440309001"
OUTLINED, BARE = "440309001001", "440309001002"
WEST, EAST = "44030900100101", "44030900100102"
TALL = f"{WEST}00001"
SMALL = f"{WEST}00002"
POINTLESS = f"{WEST}00005"
OUTSIDE = f"{EAST}00003"
ROOM = f"{SMALL}000001"
TOP_TEXT = "广东省深圳市示例区甲街道"
DAY = date(2026, 10, 31)
FLOORS, ROOMS_A_FLOOR = 6, 5


def list_rows() -> list[tuple[str, ...]]:
    """The library as an office delivers it."""
    rows = [
        (DISTRICT, "区", "4403", "示例区", "广东省深圳市示例区", "", "", ""),
        (SUBDISTRICT, "街道", DISTRICT, "甲街道", TOP_TEXT, "", "", ""),
        (OUTLINED, "社区", SUBDISTRICT, "一社区", f"{TOP_TEXT}一社区", "114.005", "22.605", ""),
        (BARE, "社区", SUBDISTRICT, "二社区", f"{TOP_TEXT}二社区", "114.035", "22.605", ""),
    ]
    places = {
        WEST: [("114.001", "22.602"), ("114.002", "22.604"), ("114.003", "22.606")],
        EAST: [("114.006", "22.602"), ("114.007", "22.606"), ("114.0115", "22.605")],
    }
    places[WEST] += [("114.004", "22.608"), ("", "")]
    for number, (grid, points) in enumerate(places.items(), start=1):
        rows.append((grid, "网格", OUTLINED, f"第{number}网格", "", "", "", ""))
        for place, (x, y) in enumerate(points, start=1):
            rows += _building(f"{grid}{place:05d}", grid, f"一社区和平路{number}{place}号", x, y)
    for grid_number in (1, 2):
        grid = f"{BARE}{grid_number:02d}"
        rows.append((grid, "网格", BARE, f"第{grid_number}网格", "", "", "", ""))
        for place in range(1, 7):
            x = 114.03 + 0.004 * grid_number + 0.001 * (place % 3)
            y = 22.60 + 0.002 * (place // 3)
            text = f"二社区建设巷{grid_number}{place}号"
            rows += _building(f"{grid}{place:05d}", grid, text, f"{x:.4f}", f"{y:.4f}")
    return rows


def _building(code: str, grid: str, text: str, x: str, y: str) -> list[tuple[str, ...]]:
    standard = f"{TOP_TEXT}{text}"
    numbers = (
        [f"{floor}{room:02d}" for floor in range(1, FLOORS + 1) for room in range(1, 6)]
        if code == TALL
        else ["101", "102", "201"]
    )
    return [
        (code, "楼栋", grid, "和平路", standard, x, y, "住宅"),
        *(
            (f"{code}{place:06d}", "房屋", code, number, f"{standard}{number}", "", "", "住宅")
            for place, number in enumerate(numbers, start=1)
        ),
    ]


def write_rows(path: Path, rows: list[tuple[str, ...]]) -> Path:
    """Rows as a CSV file."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([HEADINGS, *rows])
    return path


def write_outlines(path: Path) -> Path:
    """Outlines of the first community: its grids overlap in the middle and leave a gap in the east."""
    boxes = {
        OUTLINED: ("社区", SUBDISTRICT, "一社区", f"{TOP_TEXT}一社区", 114.0, 114.01),
        WEST: ("网格", OUTLINED, "第1网格", "", 114.0, 114.0052),
        EAST: ("网格", OUTLINED, "第2网格", "", 114.0048, 114.009),
    }
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [_box(west, east)]},
            "properties": {
                "地址编码": code,
                "级别": level,
                "上级编码": above,
                "名称": name,
                "标准地址": text,
            },
        }
        for code, (level, above, name, text, west, east) in boxes.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def _box(west: float, east: float) -> list[list[float]]:
    south, north = 22.60, 22.61
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def bring_in(store: Store, path: Path, **more: Any) -> library.ImportPlan:
    """Plan and apply an import."""
    plan = library.plan_import(store, path, by="demo-data-steward", day=DAY, **more)
    library.apply_plan(store, plan.plan_id, by="demo-data-steward", reason="测试")
    return plan


def settle_town(store: Store, folder: Path, *, outlined: bool = True) -> None:
    """The small library in the record: rows first, then outlines, so that one point turns out to lie outside."""
    plan = bring_in(store, write_rows(folder / "library.csv", list_rows()), full=True)
    assert plan.refused == 0, plan.conflicts
    if not outlined:
        return
    outlines = bring_in(store, write_outlines(folder / "outlines.geojson"))
    assert outlines.refused == 0, outlines.conflicts
