"""A small city behind the same doors as `kuai.blocks.queries.open_blocks` and `kuai.flows.queries.list_sources`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from kuai.blocks.types import BlockView, CounterView, SearchHit
from kuai.flows.queries import SourceLine
from kuai.flows.searching import Hit
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store

AS_OF = date(2026, 10, 31)
VERSION = "b-20261031-000000000000"
DISTRICT = "440309"
SUBDISTRICT = "440309001"
COMMUNITY = "440309001001"
GRID = "44030900100101"
BUILDING = "4403090010010100001"
ROOM = "4403090010010100001000001"
# What is suppressed must not be shown anywhere: this figure stands behind the suppressed counter on purpose.
HIDDEN_FIGURE = 7

COUNTERS = (
    ("rooms", "房屋", "Rooms", 120, False),
    ("rooms_home", "住宅", "Homes", 90, False),
    ("rooms_shop", "商铺", "Shops", 20, False),
    ("rooms_workshop", "厂房", "Workshops", 10, False),
    ("buildings", "楼栋", "Buildings", 12, False),
    ("residents", "登记居住人口", "Residents on record", HIDDEN_FIGURE, True),
    ("firms", "注册单位", "Firms registered", 1234, False),
    ("requests", "诉求", "Requests", 0, False),
)
NAMES = {
    DISTRICT: ("district", "示例区", ()),
    SUBDISTRICT: ("subdistrict", "甲街道", (DISTRICT,)),
    "440309002": ("subdistrict", "乙街道", (DISTRICT,)),
    COMMUNITY: ("community", "一社区", (DISTRICT, SUBDISTRICT)),
    GRID: ("grid", "01网格", (DISTRICT, SUBDISTRICT, COMMUNITY)),
    BUILDING: ("building", "示例花园1栋", (DISTRICT, SUBDISTRICT, COMMUNITY, GRID)),
    ROOM: ("room", "101", (DISTRICT, SUBDISTRICT, COMMUNITY, GRID, BUILDING)),
}


def a_counter(key: str, zh: str, en: str, figure: int, *, suppressed: bool) -> CounterView:
    """One figure; a suppressed one wrongly carries its value, so that a careless page is caught."""
    return CounterView(
        key=key,
        title_zh=zh,
        title_en=en,
        definition_zh=f"{zh}的口径",
        figure=figure,
        suppressed=suppressed,
        asserted_share=0.25 if key == "residents" else None,
        sources=("police_residents",),
        as_of=AS_OF,
    )


def a_block(code: str) -> BlockView:
    """One block of the small city."""
    level, name, above = NAMES[code]
    place = list(NAMES).index(code)
    is_mapped = level not in ("district", "room")
    return BlockView(
        code=code,
        level=level,
        name=name,
        standard_text=f"广东省深圳市示例区{name}",
        path=tuple((up, NAMES[up][0], NAMES[up][1]) for up in above),
        longitude=114.0 + place / 100 if is_mapped else None,
        latitude=22.6 + place / 100 if is_mapped else None,
        use="住宅" if level == "room" else "",
        counters=()
        if level == "room"
        else tuple(
            a_counter(key, zh, en, figure, suppressed=suppressed)
            for key, zh, en, figure, suppressed in COUNTERS
        ),
        version=VERSION,
    )


class FakeReader:
    """The small city."""

    version = VERSION

    def get_block(self, code: str) -> BlockView:
        if code not in NAMES:
            raise Refusal("block.unknown", f"没有编码为 {code} 的块。", next_step="请核对编码。")
        return a_block(code)

    def top_blocks(self) -> list[BlockView]:
        return [a_block(DISTRICT)]

    def list_children(self, code: str) -> list[BlockView]:
        self.get_block(code)
        return [
            a_block(one) for one, (_level, _name, above) in NAMES.items() if above[-1:] == (code,)
        ]

    def building_points(self, code: str) -> dict[str, Any]:
        """Nine buildings in a square around the grid's point."""
        grid = self.get_block(code)
        return {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "geometry": {
                        "type": "Point",
                        "coordinates": [grid.longitude + x / 1000, grid.latitude + y / 1000],
                    },
                    "properties": {"code": f"{code}0000{x}{y}"},
                }
                for x in (-1, 0, 1)
                for y in (-1, 0, 1)
            ],
        }

    def search_places(self, text: str, *, limit: int = 20) -> list[SearchHit]:
        hits = [
            SearchHit(code, level, f"示例区{name}", "标准地址包含所输文字")
            for code, (level, name, _above) in NAMES.items()
            if text in name
        ]
        if text in "示例贸易有限公司":
            why = "单位名称包含所输文字"
            hits.append(SearchHit("", "organisation", "示例贸易有限公司", why, "O-00000001-K"))
        return hits[:limit]


class FakeSearch:
    """The small city's search."""

    def find(self, text: str, *, limit: int = 8) -> list[Hit]:
        hits = [
            Hit(
                hit.code,
                hit.level,
                hit.text,
                "名称",
                organisation_code=hit.organisation_code,
            )
            for hit in FakeReader().search_places(text, limit=limit)
        ]
        if text in "示例老村":
            hits.append(Hit("", "name", "示例老村", "名称", ask="示例老村", count=12))
        return hits[:limit]


def open_fake_search(_store: Store) -> FakeSearch:
    """Same door as `open_search`."""
    return FakeSearch()


def open_fake_blocks(build: Path) -> FakeReader:
    """Same door as `open_blocks`."""
    reader = FakeReader()
    reader.version = build.name
    return reader


class FakeCity(FakeReader):
    """Two districts without a place on the map, as from a list of divisions."""

    def top_blocks(self) -> list[BlockView]:
        other = replace(a_block(DISTRICT), code="440311", name="别区")
        return [a_block(DISTRICT), other]

    def list_children(self, code: str) -> list[BlockView]:
        children = super().list_children(code) if code != "440311" else []
        return [replace(child, longitude=None, latitude=None) for child in children]

    def get_block(self, code: str) -> BlockView:
        return super().get_block(DISTRICT if code == "440311" else code)

    def building_points(self, code: str) -> dict[str, Any]:
        return {"type": "FeatureCollection", "features": []}


def open_fake_city(_build: Path) -> FakeCity:
    """Same door as `open_blocks`."""
    return FakeCity()


def a_source_line(**changes: Any) -> SourceLine:
    """One source of the published build."""
    values: dict[str, Any] = {
        "source": "police_residents",
        "title": "实有人口登记",
        "handler": "公安分局",
        "legal_basis": "职责清单第 12 项",
        "zone": "core",
        "template": "residents",
        "refused_reason": "",
        "period": "2026-10",
        "file_name": "police_residents.csv",
        "encoding": "gb18030",
        "delivery": "full",
        "right_to_build": "合成数据",
        "refresh_days": 31,
        "receive": Receipt(stage="receive", received=1000, kept=990, quarantined=10),
        "map": Receipt(stage="map", received=990, kept=980, refused=6, quarantined=4),
        "grades": {"A": 700, "B": 200, "C": 50, "D": 30},
        "as_of": AS_OF,
    }
    return SourceLine(**{**values, **changes})


def list_fake_sources(_store: Store) -> list[SourceLine]:
    """Same door as `list_sources`."""
    return [
        a_source_line(),
        a_source_line(
            source="disability_cards",
            title="残疾人证",
            handler="残疾人联合会",
            zone="care",
            grades={},
            map=None,
        ),
    ]
