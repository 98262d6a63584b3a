"""Libraries to wash against that no generator of the product has built: other districts, other naming styles.

Four styles of district (lanes of urban villages, estates with phases and named towers, works and dormitories, old
town with numbered roads), one mixed district in another city, and any delivered `address_library.csv`.
"""

from __future__ import annotations

import csv
import random
import re
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

HEADINGS = ("地址编码", "级别", "上级编码", "名称", "标准地址")
CHINESE = "零一二三四五六七八九"


def in_chinese(value: int) -> str:
    """1 to 199 as people write lanes and floors: 十五, 二十, 一百零三."""
    if value >= 100:
        rest = value % 100
        joint = "零" if 0 < rest < 10 else "一" if 10 <= rest < 20 else ""
        return CHINESE[value // 100] + "百" + joint + (in_chinese(rest) if rest else "")
    tens, ones = divmod(value, 10)
    head = "" if tens == 0 else "十" if tens == 1 else CHINESE[tens] + "十"
    return head + (CHINESE[ones] if ones or not tens else "")


@dataclass(frozen=True)
class Room:
    """A room with the parts of its own text."""

    code: str
    stair: str
    number: str
    ending: str
    own: str

    @property
    def floor(self) -> int:
        """0 where the number does not tell."""
        return int(self.number[:-2]) if re.fullmatch(r"[1-9][0-9]{2,3}", self.number) else 0


@dataclass
class Building:
    """A building with the parts of its own text: road and doorplate, estate and block, or a name alone."""

    code: str
    district: str
    subdistrict: str
    community: str
    community_code: str
    road: str
    door: str
    estate: str
    block: str
    unit: str
    own: str
    rooms: list[Room] = field(default_factory=list)


@dataclass
class World:
    """A library with what the noise needs to know of it."""

    style: str
    province: str
    city: str
    rows: list[tuple[str, ...]]
    buildings: list[Building]

    def table(self) -> pa.Table:
        """As a city delivers it."""
        columns = map(list, zip(*self.rows, strict=True))
        return pa.table(dict(zip(HEADINGS, columns, strict=True)))


_ROADS = r"(?:(?P<road>.+?(?:路|街|大道|道))(?P<door>[0-9]+[A-Z]?)号)?"
_OWN = re.compile(
    rf"{_ROADS}(?P<estate>.*?)(?:(?P<block>[A-Z]?[0-9]+|[A-Z])(?P<unit>栋|座|幢|号楼))?"
)
_LANE = re.compile(r"(?P<road>.+?)(?P<door>[0-9]+(?:-[0-9]+)?[A-Z]?)号")
_ROOM = re.compile(r"(?:(?P<stair>[0-9A-Z]+)单元)?(?P<number>.*?)(?P<ending>号铺|房|室)?")


def world_of_csv(path: Path, style: str) -> World:
    """Any delivered library of Shenzhen."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = [tuple(row[name] for name in HEADINGS) for row in csv.DictReader(stream)]
    return world_of_rows(rows, style, province="广东省", city="深圳市")


def world_of_rows(rows: list[tuple[str, ...]], style: str, *, province: str, city: str) -> World:
    """The library's buildings and rooms taken apart by rules that owe nothing to the engine's."""
    entry = {row[0]: row for row in rows}
    world = World(style, province, city, rows, [])
    found: dict[str, Building] = {}
    for row in rows:
        if row[1] == "楼栋":
            building = found[row[0]] = _building_of(row, entry)
            world.buildings.append(building)
    for row in rows:
        if row[1] == "房屋":
            own = row[4].removeprefix(entry[row[2]][4])
            parts = _ROOM.fullmatch(own)
            assert parts is not None
            found[row[2]].rooms.append(
                Room(row[0], parts["stair"] or "", parts["number"], parts["ending"] or "", own)
            )
    return world


def _building_of(row: tuple[str, ...], entry: dict[str, tuple[str, ...]]) -> Building:
    chain = {}
    above = row
    while above[2] in entry:
        above = entry[above[2]]
        chain[above[1]] = above
    community = chain["社区"]
    own = row[4].removeprefix(community[4])
    parts = _LANE.fullmatch(own)
    estate = block = unit = ""
    if parts is None:
        parts = _OWN.fullmatch(own)
        assert parts is not None
        estate, block, unit = parts["estate"], parts["block"] or "", parts["unit"] or ""
    return Building(
        row[0], chain["区"][3], chain["街道"][3], community[3], community[0],
        parts["road"] or "", parts["door"] or "", estate, block, unit, own,
    )  # fmt: skip


class _Maker:
    def __init__(self, chance: random.Random, province: str, city: str, root: str) -> None:
        self.chance = chance
        self.place = province + city
        self.root = root
        self.rows: list[tuple[str, ...]] = []
        self._last: dict[str, int] = {}
        self.text = {root: self.place}
        self.grids: list[tuple[str, str]] = []
        self._made: set[str] = set()

    def add(self, level: str, parent: str, width: int, name: str, text: str) -> str:
        self._last[parent] = self._last.get(parent, 0) + 1
        code = f"{parent}{self._last[parent]:0{width}d}"
        self.rows.append((code, level, parent, name, text))
        self.text[code] = text or self.text[parent]
        return code

    def divisions(self, district: str, subdistricts: dict[str, list[str]]) -> None:
        top = self.add("区", self.root, 2, district, self.place + district)
        for subdistrict, stems in subdistricts.items():
            above = self.add("街道", top, 3, subdistrict, self.text[top] + subdistrict)
            for stem in stems:
                name = stem + "社区"
                code = self.add("社区", above, 3, name, self.text[above] + name)
                self.grids.append((self.add("网格", code, 2, "第1网格", ""), stem))

    def building(self, grid: str, own: str, rooms: list[str]) -> None:
        text = self.text[grid] + own
        if text in self._made:
            return
        self._made.add(text)
        code = self.add("楼栋", grid, 5, own, text)
        for room in dict.fromkeys(rooms):
            self.add("房屋", code, 6, re.sub("(?:房|室)$", "", room), text + room)


def _flats(storeys: int, each: int, ending: str = "房", stairs: int = 1) -> list[str]:
    return [
        f"{f'{stair}单元' if stairs > 1 else ''}{storey}{flat:02d}{ending}"
        for stair in range(1, stairs + 1)
        for storey in range(1, storeys + 1)
        for flat in range(1, each + 1)
    ]


def _stems(chance: random.Random, count: int) -> list[str]:
    first = "塘赤禾白鹤黄麻水长岗龙凤榕樟石茅径沙蚝壆流燕洪玉甲楼将官光合田寮铁"
    second = "尾头下坑屋石岭田塱围涌边厦贝岗背桥洲浪井心湖"
    found: dict[str, None] = {}
    while len(found) < count:
        stem = chance.choice(first) + chance.choice(second)
        if stem[0] != stem[1]:
            found[stem if chance.random() > 0.25 else chance.choice("上下大新") + stem] = None
    return list(found)


def lanes_world(seed: int) -> World:
    """Urban villages: 下围新村二区15巷8号, 沙井上寮旧村三排4号, houses of two to eight storeys, some 101A."""
    chance = random.Random(f"lanes{seed}")
    make = _Maker(chance, "广东省", "深圳市", "4403")
    stems = _stems(chance, 12)
    make.divisions(
        "宝安区", {"沙井街道": stems[:4], "福永街道": stems[4:8], "石岩街道": stems[8:12]}
    )
    for grid, stem in make.grids:
        villages = [stem + chance.choice(["村", "新村", "旧村", "老围", "新围"]) for _ in range(2)]
        for village in dict.fromkeys(villages):
            _lanes_of(make, grid, village)
    return world_of_rows(make.rows, f"城中村{seed}", province="广东省", city="深圳市")


def _lanes_of(make: _Maker, grid: str, village: str) -> None:
    chance = make.chance
    quarter = chance.choice(["", "", "一区", "二区", "东区", "北区"])
    kind = chance.choice(["巷", "巷", "坊", "排"])
    for lane in chance.sample(range(1, 26), 5):
        name = f"{lane}{kind}" if chance.random() < 0.4 else f"{in_chinese(lane)}{kind}"
        for house in chance.sample(range(1, 40), 5):
            letter = "A" if chance.random() < 0.05 else ""
            rooms = _flats(chance.randint(2, 8), chance.randint(1, 6))
            if chance.random() < 0.1:
                rooms += ["101A房", "101B房"]
            make.building(grid, f"{village}{quarter}{name}{house}{letter}号", rooms)


def estates_world(seed: int) -> World:
    """Estates: phases, clusters, lettered and named towers, staircases, ground-floor shops, underground."""
    chance = random.Random(f"estates{seed}")
    make = _Maker(chance, "广东省", "深圳市", "4403")
    stems = _stems(chance, 9)
    make.divisions(
        "南山区", {"桃源街道": stems[:3], "沙河街道": stems[3:6], "粤海街道": stems[6:9]}
    )
    names = [
        a + b
        for a in ("望海", "碧水", "翠湖", "鼎太", "宝翠", "纯水", "御景", "天鹅", "蔚蓝", "后海")
        for b in ("花园", "名苑", "湾", "豪庭", "风华", "居", "雅轩", "公馆", "山庄", "半岛")
    ]
    chance.shuffle(names)
    roads = [
        a + b
        for a in ("沙河", "科苑", "学府", "龙珠", "侨香", "白石", "登良", "创业")
        for b in ("路", "东路", "西路", "南路", "一路", "二路", "大道", "街")
    ]
    chance.shuffle(roads)
    for grid, _ in make.grids:
        for _ in range(5):
            door = f"{roads.pop()}{chance.randint(1, 399)}号" if chance.random() < 0.6 else ""
            _estate(make, grid, door, names.pop())
    return world_of_rows(make.rows, f"小区{seed}", province="广东省", city="深圳市")


def _estate(make: _Maker, grid: str, door: str, name: str) -> None:
    chance = make.chance
    phases = chance.choice([[""], [""], ["一期", "二期"], ["东区", "西区"], ["A组团", "B组团"]])
    style = chance.choice(["栋", "栋", "座", "letters", "named", "号楼"])
    for phase in phases:
        towers = {
            "letters": [f"{letter}座" for letter in "ABCD"],
            "named": [
                a + b
                for a, b in zip(
                    chance.sample(["揽月", "听涛", "观海", "聚福", "云山"], 3),
                    "阁轩楼",
                    strict=True,
                )
            ],
        }.get(style, [f"{number}{style}" for number in range(1, 5)])
        for tower in towers:
            stairs = chance.choice([1, 1, 1, 2, 3])
            rooms = _flats(chance.choice([6, 11, 18, 30]), chance.randint(2, 6), "", stairs)
            if chance.random() < 0.2:
                rooms += ["顶层", "夹层", "负一层"]
            make.building(grid, f"{door}{name}{phase}{tower}", rooms)
    if chance.random() < 0.5 and door:
        shops = [f"{number}号铺" for number in range(1, 15)]
        make.building(grid, f"{door}{name}商业裙楼", [*shops, "B1-23", "B1-24", "1-103"])


def works_world(seed: int) -> World:
    """Works: 第三工业区B栋, 科技园A区3栋, dormitories, towers of offices with rooms like 12A and 0803."""
    chance = random.Random(f"works{seed}")
    make = _Maker(chance, "广东省", "深圳市", "4403")
    stems = _stems(chance, 9)
    make.divisions(
        "光明区", {"公明街道": stems[:3], "马田街道": stems[3:6], "玉塘街道": stems[6:9]}
    )
    for grid, stem in make.grids:
        for zone in chance.sample(["第一", "第二", "第三", "第五", "高新", "松白"], 3):
            name = chance.choice(["", stem]) + zone + "工业区"
            for block in [*"ABC", *range(1, 6)]:
                make.building(
                    grid, f"{name}{block}栋", _flats(chance.randint(2, 5), chance.randint(1, 3))
                )
            for block in range(1, 4):
                make.building(grid, f"{name}宿舍{block}栋", _flats(6, 10))
        park = stem + chance.choice(["科技园", "创意园", "产业园"])
        for quarter in chance.sample(["A区", "B区", "一区", "二区", ""], 2):
            for block in range(1, 5):
                make.building(grid, f"{park}{quarter}{block}栋", _flats(5, 2))
        road = stem[-2:] + chance.choice(["大道", "路", "工业路"])
        tower = stem + chance.choice(["大厦", "商务中心", "创新大厦"])
        rooms = [f"{f:02d}{n:02d}室" for f in range(1, 20) for n in range(1, 7)]
        own = f"{road}{chance.randint(1, 99)}号{tower}"
        make.building(grid, own, [*rooms, "12A室", "顶层"])
    return world_of_rows(make.rows, f"工业{seed}", province="广东省", city="深圳市")


def oldtown_world(seed: int) -> World:
    """Old town: numbered roads and lanes, doorplates with shops, courts of 大院 and 新村 blocks, twin names."""
    chance = random.Random(f"oldtown{seed}")
    make = _Maker(chance, "广东省", "深圳市", "4403")
    stems = _stems(chance, 9)
    make.divisions(
        "罗湖区", {"东门街道": stems[:3], "桂园街道": stems[3:6], "黄贝街道": stems[6:9]}
    )
    roads = [
        a + b
        for a in ("文昌", "西环", "解放", "人民", "南塘", "湖贝", "晒布", "永新")
        for b in ("路", "北路", "南路", "中路", "一街", "二街", "街", "东路")
    ]
    chance.shuffle(roads)
    twins = ["翠竹新村", "水库新村", "桂花大院"]
    for grid, stem in make.grids:
        for road in [roads.pop() for _ in range(6)]:
            for door in chance.sample(range(1, 320), 6):
                shops = [f"{number}号铺" for number in range(1, chance.randint(3, 9))]
                flats = _flats(chance.randint(4, 9), chance.randint(2, 4))
                make.building(grid, f"{road}{door}号", chance.choice([shops, flats, flats]))
        for name in (stem + "大院", chance.choice(twins)):
            for block in range(1, 9):
                make.building(grid, f"{name}{block}栋", _flats(7, 2, "房", chance.choice([1, 3])))
        make.building(grid, f"{stem}大厦", _flats(25, 8))
    return world_of_rows(make.rows, f"老城{seed}", province="广东省", city="深圳市")


def other_city_world(seed: int) -> World:
    """A district of another city: the gazetteer of Shenzhen's sub-districts is of no help there."""
    chance = random.Random(f"other{seed}")
    make = _Maker(chance, "浙江省", "杭州市", "3301")
    stems = _stems(chance, 6)
    make.divisions("余杭区", {"仓前街道": stems[:2], "良渚街道": stems[2:4], "瓶窑镇": stems[4:6]})
    names = [
        a + b for a in ("良语", "荷禹", "西溪", "欧美", "海创") for b in ("苑", "华庭", "公馆")
    ]
    chance.shuffle(names)
    for grid, stem in make.grids:
        _lanes_of(make, grid, stem + "村")
        _estate(make, grid, f"{stem[-2:]}街{chance.randint(1, 300)}号", names.pop())
        _estate(make, grid, "", names.pop())
    return world_of_rows(make.rows, f"杭州{seed}", province="浙江省", city="杭州市")


def odd_world(seed: int) -> World:
    """What does not fit a scheme: 12-1号, 国道, wings of towers, campuses, blocks A1 and 甲栋, rooms -101 and 302-1."""
    chance = random.Random(f"odd{seed}")
    make = _Maker(chance, "广东省", "深圳市", "4403")
    stems = _stems(chance, 6)
    make.divisions(
        "龙岗区", {"横岗街道": stems[:2], "平湖街道": stems[2:4], "坪地街道": stems[4:6]}
    )
    roads = [
        "205国道",
        "深惠路",
        "富民路",
        "环城西路",
        "工业大道",
        "教育北路",
        "新园一街",
        "新园二街",
    ]
    chance.shuffle(roads)
    for grid, stem in make.grids:
        road = roads.pop()
        for door in chance.sample(range(1, 200), 8):
            make.building(grid, f"{road}{door}号", _flats(chance.randint(2, 7), 3))
            if chance.random() < 0.5:
                make.building(grid, f"{road}{door}-1号", _flats(chance.randint(2, 7), 3))
        tower = stem + chance.choice(["国际中心", "商业大厦", "时代广场"])
        for wing in ("东座", "西座"):
            make.building(grid, f"{tower}{wing}", _flats(20, 6, ""))
        campus = stem + chance.choice(["职业学院", "人民医院", "机械厂"])
        for part in ("南区宿舍1栋", "南区宿舍2栋", "北区宿舍1栋", "主楼", "科教楼"):
            make.building(grid, f"{campus}{part}", _flats(6, 8))
        estate = stem + chance.choice(["花半里", "城市广场", "1号公馆", "E都市", "天骄峰景"])
        for block in ("A1栋", "A2栋", "B1栋", "10栋", "11栋", "1栋"):
            make.building(grid, f"{estate}{block}", _flats(17, 4, "", chance.choice([1, 2])))
    return world_of_rows(make.rows, f"杂类{seed}", province="广东省", city="深圳市")


BUILT = {
    "lanes": lanes_world,
    "estates": estates_world,
    "works": works_world,
    "oldtown": oldtown_world,
    "other_city": other_city_world,
    "odd": odd_world,
}
