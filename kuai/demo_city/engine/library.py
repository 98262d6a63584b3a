"""The demo city's address library: district to room, in the columns a city's own library has."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kuai.demo_city.engine import vocabulary as words
from kuai.demo_city.engine.pieces import choose, digits, glue, pick, repeat
from kuai.demo_city.engine.places import (
    DORMITORY,
    HEAD_FULL,
    HOME,
    SHOP,
    SHOPS,
    USES,
    VILLAGE,
    WORKSHOP,
    Places,
    community_codes,
)

HEADINGS = ("地址编码", "级别", "上级编码", "名称", "标准地址", "经度", "纬度", "用途")


def library_columns(places: Places) -> dict[str, pa.Array]:
    """Every entry under its heading, parents before children, buildings followed by all rooms."""
    blocks = [
        _divisions(places),
        _grids(places),
        _buildings(places),
        _rooms(places),
    ]
    return {
        heading: pa.concat_arrays([block[place] for block in blocks])
        for place, heading in enumerate(HEADINGS)
    }


def _divisions(places: Places) -> list[pa.Array]:
    district = f"{words.CITY_TEXT}{words.DISTRICT_NAME}"
    rows = [(str(words.DISTRICT_CODE), "区", "4403", words.DISTRICT_NAME, district, "", "", "")]
    codes = community_codes(places)
    for number, name in enumerate(places.subdistrict_names):
        code = f"{words.DISTRICT_CODE}{number + 1:03d}"
        text = f"{district}{name}"
        rows.append((code, "街道", str(words.DISTRICT_CODE), name, text, "", "", ""))
        for community in np.flatnonzero(places.community_subdistrict == number):
            stem = f"{places.community_stems[community]}社区"
            x, y = places.community_point[community]
            point = (f"{x:.6f}", f"{y:.6f}")
            rows.append((str(codes[community]), "社区", code, stem, f"{text}{stem}", *point, ""))
    return [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]


def _grid_codes(places: Places) -> np.ndarray:
    return community_codes(places)[places.grid_community] * 100 + places.grid_number


def _grids(places: Places) -> list[pa.Array]:
    rows = len(places.grid_community)
    blank = repeat("", rows)
    name = glue("第", digits(places.grid_number), "网格")
    parent = digits(community_codes(places)[places.grid_community])
    return [
        digits(_grid_codes(places)),
        repeat("网格", rows),
        parent,
        name,
        blank,
        blank,
        blank,
        blank,
    ]


def building_texts(places: Places) -> pa.Array:
    """Standard addresses of all buildings."""
    community = places.building_community
    names = [places.subdistrict_names[i] for i in places.community_subdistrict]
    before = [
        f"{words.CITY_TEXT}{words.DISTRICT_NAME}{name}{stem}社区"
        for name, stem in zip(names, places.community_stems, strict=True)
    ]
    every = np.arange(places.buildings)
    none = np.zeros(places.buildings, np.int64)
    head = places.head_text(none + HEAD_FULL, every)
    return glue(pick(before, community), head, places.block_text(none, every))


def _buildings(places: Places) -> list[pa.Array]:
    rows = places.buildings
    use = np.where(
        places.building_is_dormitory,
        DORMITORY,
        np.array([HOME, HOME, WORKSHOP, SHOP])[places.building_kind],
    )
    return [
        digits(places.building_code),
        repeat("楼栋", rows),
        digits(_grid_codes(places)[places.building_grid]),
        places.building_name,
        building_texts(places),
        _degrees(places.building_point[:, 0]),
        _degrees(places.building_point[:, 1]),
        pick(USES, use),
    ]


def _degrees(values: np.ndarray) -> pa.Array:
    millionths = np.rint(values * 1e6).astype(np.int64)
    return glue(digits(millionths // 10**6), ".", digits(millionths % 10**6, width=6))


def _rooms(places: Places) -> list[pa.Array]:
    rows = places.rooms
    building, kind = places.room_building, places.room_kind
    unit = choose(places.room_unit > 0, glue(digits(places.room_unit), "单元"), repeat("", rows))
    ending = pick(["房", "", "号铺"], np.select([kind == VILLAGE, kind == SHOPS], [0, 2], 1))
    text = glue(
        building_texts(places).take(pa.array(building)), unit, digits(places.room_number), ending
    )
    blank = repeat("", rows)
    return [
        places.room_codes(np.arange(rows)),
        repeat("房屋", rows),
        digits(places.building_code[building]),
        glue(unit, digits(places.room_number)),
        text,
        blank,
        blank,
        pick(USES, places.room_use),
    ]
