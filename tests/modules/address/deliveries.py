"""Delivered libraries as files, for the tests of imports: rows in the house's headings, changed as a test needs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.modules.address.life.builders import small_entries

HEADINGS = ("地址编码", "级别", "上级编码", "名称", "标准地址", "经度", "纬度", "用途")
WORDS = {
    "district": "区",
    "subdistrict": "街道",
    "community": "社区",
    "grid": "网格",
    "building": "楼栋",
    "room": "房屋",
}
Row = dict[str, str]


def delivered_rows(*, buildings: int = 3, rooms: int = 4) -> list[Row]:
    """The small invented library as a city delivers it."""
    return [
        {
            "地址编码": one.address_code,
            "级别": WORDS[one.level.value],
            "上级编码": one.parent_code or "",
            "名称": one.name,
            "标准地址": one.standard_text,
            "经度": "" if one.longitude is None else str(one.longitude),
            "纬度": "" if one.latitude is None else str(one.latitude),
            "用途": one.use or "",
        }
        for one in small_entries(buildings=buildings, rooms=rooms)
    ]


def with_changes(rows: Iterable[Row], code: str, **changes: str) -> list[Row]:
    """The rows with the cells of one code changed."""
    return [{**row, **changes} if row["地址编码"] == code else dict(row) for row in rows]


def without(rows: Iterable[Row], *codes: str) -> list[Row]:
    return [row for row in rows if row["地址编码"] not in codes]


def write_delivery(
    path: Path,
    rows: list[Row],
    *,
    encoding: str = "utf-8",
    titles: Iterable[str] = (),
    headings: Mapping[str, str] | None = None,
) -> Path:
    """`rows` as a CSV; `titles` are lines above the headings, `headings` other words for ours."""
    names = list(dict.fromkeys(name for row in rows for name in row)) or list(HEADINGS)
    with path.open("w", encoding=encoding, newline="") as stream:
        for title in titles:
            stream.write(f"{title}\n")
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([(headings or {}).get(name, name) for name in names])
        writer.writerows([[row.get(name, "") for name in names] for row in rows])
    return path
