"""An invented district to wash against. No place in it exists; the city is Shenzhen, so that the gazetteer counts."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from kuai.address.queries import OpenLibrary, open_library

CITY = "广东省深圳市"
DISTRICT = "青湾区"


class LibraryBuilder:
    """Adds entries top down and gives each the next code under its parent."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str, str]] = []
        self._children: dict[str, int] = {}
        self.text: dict[str, str] = {}

    def _add(self, level: str, parent: str, width: int, name: str, text: str) -> str:
        self._children[parent] = self._children.get(parent, 0) + 1
        code = f"{parent}{self._children[parent]:0{width}d}"
        self.rows.append((code, level, parent, name, text))
        self.text[code] = text
        return code

    def district(self, name: str) -> str:
        return self._add("区", "4403", 2, name, CITY + name)

    def subdistrict(self, district: str, name: str) -> str:
        return self._add("街道", district, 3, name, self.text[district] + name)

    def community(self, subdistrict: str, name: str) -> str:
        code = self._add("社区", subdistrict, 3, name, self.text[subdistrict] + name)
        grid = self._add("网格", code, 2, "第1网格", "")
        self.text[grid] = self.text[code]
        return grid

    def building(self, grid: str, own: str, rooms: list[str]) -> str:
        code = self._add("楼栋", grid, 5, own, self.text[grid] + own)
        for room in rooms:
            self._add("房屋", code, 6, room.removesuffix("房"), self.text[code] + room)
        return code

    def table(self) -> pa.Table:
        """As a city delivers it."""
        names = ("地址编码", "级别", "上级编码", "名称", "标准地址")
        return pa.table(dict(zip(names, map(list, zip(*self.rows, strict=True)), strict=True)))


def floors(storeys: int, flats: int, ending: str = "房") -> list[str]:
    return [
        f"{storey}{flat:02d}{ending}"
        for storey in range(1, storeys + 1)
        for flat in range(1, flats + 1)
    ]


@cache
def invented_table() -> pa.Table:
    library = LibraryBuilder()
    district = library.district(DISTRICT)
    pine = library.subdistrict(district, "松涛街道")
    lake = library.subdistrict(district, "坪湖街道")
    stone = library.community(pine, "石桥社区")
    for own in ("石桥村三巷5号", "石桥老村三巷7号", "石桥新村三巷7号", "石桥围12号"):
        library.building(stone, own, floors(6, 4))
    library.building(stone, "石桥老村三巷15号", floors(6, 4))
    library.building(stone, "石桥村138号", floors(5, 2))
    library.building(stone, "石桥村13号", floors(3, 2))
    reed = library.community(lake, "芦荻社区")
    library.building(reed, "芦荻村十五坊8号", floors(7, 3))
    library.building(reed, "芦荻村十二坊9号", floors(7, 3))
    stairs = [f"{stair}单元{room}" for stair in (1, 2) for room in floors(12, 2, "")]
    library.building(reed, "望潮二路220号锦澜花园1栋", floors(12, 2, ""))
    library.building(reed, "望潮二路220号锦澜花园2栋", stairs)
    library.building(reed, "望潮二路220号锦澜花园A座", floors(9, 2, ""))
    library.building(reed, "白鹭路317号", [f"{shop}号铺" for shop in range(1, 9)])
    library.building(reed, "望潮二路88号云帆公馆1栋", floors(20, 4, ""))
    works = library.community(lake, "沙咀社区")
    library.building(works, "沙咀工业区3栋", floors(4, 2))
    library.building(works, "沙咀工业区A3栋", floors(4, 2))
    library.building(works, "第二工业区12栋", floors(4, 2))
    library.building(works, "望潮二路99号六和云庭1栋", floors(8, 2, ""))
    library.building(works, "启明大厦", floors(15, 3))
    return library.table()


@cache
def invented_library() -> OpenLibrary:
    return open_library(invented_table())


def wash(text: str) -> tuple[str, str]:
    """(grade, standard text without the city and district) of one text."""
    answer = invented_library().wash_text(text)
    return str(answer.grade), answer.matched_text.removeprefix(CITY + DISTRICT)
