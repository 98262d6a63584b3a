"""Invented names of roads, estates, firms and offices, and the places of China they stand in. Chance is given."""

from __future__ import annotations

import csv
import gzip
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from kuai.address.parser import words

FOLDER = Path(__file__).parent
_NO_NAME = re.compile(r"直辖|行政区划")
_PROVINCE_TAIL = re.compile(r"(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区)$")
_CITY_TAIL = re.compile(
    r"(市|地区|盟|(蒙古|藏|回|彝|壮|苗|侗|布依|土家|傣|哈尼|白|傈僳|朝鲜|哈萨克|柯尔克孜)?族?.{0,6}自治州)$"
)
_DISTRICT_TAIL = re.compile(r"(市|区|县)$")
_TOWN_TAIL = re.compile(r"(街道|镇|乡)$")
# The places the shipped model is made for lie mostly in these provinces; the rest of China is there, less often.
_BUSY_PROVINCES = {
    "浙江省": 12.0,
    "广东省": 10.0,
    "江苏省": 5.0,
    "上海市": 3.0,
    "福建省": 3.0,
    "北京市": 3.0,
}
_MUNICIPALITIES = ("北京市", "上海市", "天津市", "重庆市")
_BUSY_CITIES = frozenset(
    (
        *_MUNICIPALITIES,
        "杭州市", "宁波市", "温州市", "金华市", "广州市", "深圳市", "东莞市", "佛山市", "苏州市", "南京市", "无锡市",
        "武汉市", "成都市", "厦门市", "泉州市",
    )
)  # fmt: skip


def shortened(name: str, level: int) -> str:
    """浙江省 -> 浙江, 余杭区 -> 余杭: the name without its kind, if two characters are left."""
    tail = (_PROVINCE_TAIL, _CITY_TAIL, _DISTRICT_TAIL, _TOWN_TAIL)[level - 1]
    core = tail.sub("", name)
    return core if len(core) >= 2 else name


@dataclass(frozen=True)
class District:
    """A district with the places above it and its towns."""

    province: str
    city: str
    name: str
    towns: tuple[str, ...]


def _read(name: str) -> list[dict[str, str]]:
    with gzip.open(FOLDER / name, "rt", encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def districts_of_china() -> tuple[tuple[District, ...], tuple[float, ...]]:
    """All districts, and how often each is drawn."""
    found: list[tuple[str, str, str, list[str]]] = []
    province = city = ""
    for row in _read("places.csv.gz"):
        level, name = int(row["level"]), row["name"]
        if level == 1:
            province = name
        elif level == 2:
            city = province if name in ("市辖区", "县") else "" if _NO_NAME.search(name) else name
        elif level == 3:
            found.append((province, city, "" if name == "市辖区" else name, []))
        elif not _NO_NAME.search(name):
            found[-1][3].append(name)
    districts = tuple(District(one[0], one[1], one[2], tuple(one[3])) for one in found if one[3])
    weights = tuple(
        _BUSY_PROVINCES.get(one.province, 1.0) * (2.5 if one.city in _BUSY_CITIES else 1.0)
        for one in districts
    )
    return districts, weights


@cache
def villages_of_china() -> tuple[str, ...]:
    """Names of villages and communities."""
    return tuple(row["name"] for row in _read("villages.csv.gz"))


class Inventor:
    """Draws names."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.districts, weights = districts_of_china()
        self.district_weights = _summed(weights)
        self.villages = villages_of_china()
        self.letters_of_places = "".join(self.chance.sample(self.villages, 20_000))
        self.towns = [town for one in self.districts for town in one.towns]

    def happens(self, share: float) -> bool:
        """True in `share` of all draws."""
        return self.chance.random() < share

    def one_of(self, choices: Sequence[str]) -> str:
        """Any of the choices."""
        return self.chance.choice(choices)

    def weighted(self, choices: Sequence[tuple[str, float]]) -> str:
        """One of the choices, by weight."""
        return self.chance.choices([one for one, _ in choices], [weight for _, weight in choices])[
            0
        ]

    def district(self) -> District:
        """A district of China."""
        return self.chance.choices(self.districts, cum_weights=self.district_weights)[0]

    def characters(self, least: int = 2, most: int = 3) -> str:
        """A made-up name of so many characters."""
        size = least if self.happens(0.72) else most
        source = words.NAME_CHARACTERS if self.happens(0.7) else self.letters_of_places
        return "".join(self.chance.choice(source) for _ in range(size))

    def latin(self) -> str:
        """A name in Latin letters."""
        vowels, others = "aeiou", "bcdfghklmnprstvwxyz"
        name = "".join(
            self.chance.choice(others) + self.chance.choice(vowels)
            for _ in range(self.chance.randint(1, 3))
        )
        if self.happens(0.3):
            name = "".join(self.chance.choice(others) for _ in range(self.chance.randint(2, 4)))
        return name.upper() if self.happens(0.5) else name

    def village(self) -> str:
        """A village or community as people write it."""
        return self.one_of(self.villages)

    def village_core(self) -> str:
        """A village without its kind: place names hide in roads and estates."""
        core = self.village().removesuffix("社区").removesuffix("村")
        return core if len(core) >= 2 else core + self.one_of("家山塘湾桥")

    def place_core(self) -> str:
        """Some place's bare name."""
        draw = self.chance.random()
        if draw < 0.5:
            return self.village_core()[:4]
        if draw < 0.8:
            return shortened(self.one_of(self.towns), 4)[:4]
        return shortened(self.district().name or "东城区", 3)[:3]

    def base(self) -> str:
        """What stands before a kind: 金色, 王家桥, 中山."""
        draw = self.chance.random()
        if draw < 0.48:
            return self.characters()
        if draw < 0.72:
            return self.place_core()
        if draw < 0.94:
            return self.one_of(words.ROAD_NAMES)
        if draw < 0.96:
            return self.latin()
        return self.characters() + (
            self.characters() if self.happens(0.7) else str(self.chance.randint(1, 2030))
        )

    def road(self) -> str:
        """文一西路, 江南大道, 104国道."""
        if self.happens(0.03):
            return f"{self.chance.randint(1, 350)}{self.one_of(('国道', '省道', '县道'))}"
        draw = self.chance.random()
        if draw < 0.45:
            name = self.one_of(words.ROAD_NAMES)
        elif draw < 0.75:
            name = self.characters()
        else:
            name = self.place_core()
        if self.happens(0.2):
            name += self.one_of(words.DIRECTIONS)
        elif self.happens(0.1):
            name += self.one_of(words.HANZI_NUMBERS[:12])
            name += self.one_of(words.DIRECTIONS) if self.happens(0.1) else ""
        return name + self.weighted(words.ROAD_TAILS)

    def estate(self) -> str:
        """碧水花园, 王家桥小区."""
        name = self.base()
        if self.happens(0.25):
            name = (
                self.characters()
                + self.one_of(
                    (
                        "金色",
                        "阳光",
                        "东方",
                        "时代",
                        "绿城",
                        "万科",
                        "保利",
                        "中海",
                        "碧桂园",
                        "恒大",
                        "滨江",
                        "星洲",
                        "锦绣",
                    )
                )
                if self.happens(0.5)
                else self.one_of(
                    (
                        "金色",
                        "阳光",
                        "东方",
                        "时代",
                        "绿城",
                        "万科",
                        "保利",
                        "中海",
                        "碧桂园",
                        "恒大",
                        "滨江",
                        "锦绣",
                    )
                )
                + self.characters()
            )
        return name + self.weighted(words.ESTATE_TAILS)

    def tower(self) -> str:
        """世贸大厦."""
        return self.base() + self.weighted(words.TOWER_TAILS)

    def park(self) -> str:
        """王家桥工业园."""
        return self.base() + self.weighted(words.PARK_TAILS)

    def zone(self) -> str:
        """A development zone."""
        if self.happens(0.35):
            return self.one_of(words.BARE_ZONES)
        return self.place_core() + self.weighted(words.ZONE_TAILS)

    def firm(self, district: District) -> str:
        """A firm, a factory."""
        place = ""
        if self.happens(0.3):
            city = district.city or district.name
            place = shortened(city, 2) if self.happens(0.6) else city
        trade = self.one_of(words.TRADES) if self.happens(0.85) else ""
        return place + self.characters() + trade + self.weighted(words.FIRM_TAILS)

    def shop(self) -> str:
        """A shop or restaurant."""
        draw = self.chance.random()
        if draw < 0.35:
            return self.one_of(words.SHOP_BRANDS) + (
                self.one_of(words.SHOPS) if self.happens(0.5) else ""
            )
        if draw < 0.9:
            return self.characters() + self.one_of(words.SHOPS)
        return self.one_of(words.SHOPS)

    def office(self, district: District) -> str:
        """A public office, school, bank."""
        draw = self.chance.random()
        place = (
            self.place_core() if self.happens(0.6) else shortened(district.name or district.city, 3)
        )
        if draw < 0.4:
            return (place if self.happens(0.7) else "") + self.one_of(words.OFFICES)
        if draw < 0.75:
            return place + self.one_of(words.SCHOOLS)
        bank = self.one_of(words.BANKS)
        return bank + (
            place + self.one_of(("支行", "分理处", "分行", "营业部")) if self.happens(0.5) else ""
        )

    def market(self) -> str:
        """A market."""
        return (self.place_core() if self.happens(0.7) else "") + self.one_of(words.MARKETS)

    def point_of_interest(self, district: District) -> str:
        """Anything that has a name of its own."""
        if self.happens(0.07):
            # Many a name begins with the place it stands in.
            place = self.chance.choice(
                (district.city or district.name, district.name or district.city)
            )
            return (shortened(place, 3) if self.happens(0.7) else place) + self.named_place(
                district
            )
        return self.named_place(district)

    def named_place(self, district: District) -> str:
        """A point of interest by its own name."""
        draw = self.chance.random()
        if draw < 0.08:
            # Some names have no kind at all.
            return self.base() + (self.one_of(words.PART_NAMES[:40]) if self.happens(0.5) else "")
        if draw < 0.37:
            return self.estate() + (
                self.one_of(words.PART_NAMES[:30]) if self.happens(0.06) else ""
            )
        if draw < 0.53:
            return self.tower()
        if draw < 0.66:
            return self.firm(district)
        if draw < 0.75:
            return self.park()
        if draw < 0.84:
            return self.office(district)
        if draw < 0.92:
            return self.market()
        return self.shop()


def _summed(weights: Sequence[float]) -> list[float]:
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums
