"""Third step: read province, city, district, sub-district and community off the head.

The library's own divisions win; a gazetteer of other places tells "elsewhere" from "misspelt"; a table of
successions carries old names (坪山新区, 宝安区龙华) to today's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kuai.address.engine.normalising import to_one_spelling
from kuai.address.engine.similarity import TELLING_APART, Slip, find_slip, one_character_less

_SUBDISTRICT_TAIL = r"街道办事处|街道办|办事处|街道|地区|事处|镇|乡|街|办|道"
_COMMUNITY_TAIL = r"社区居民委员会|社区居委会|居民委员会|社区工作站|居委会|社区|社|区|村民委员会|村委会|股份合作公司"
_DISTRICT_TAIL = r"新区|功能区|矿区|林区|区|县|旗|市"
_SUBDISTRICT_MARK = re.compile(rf"(?:{_SUBDISTRICT_TAIL})")
# 民治街15号 is a street, 民治街沙湖村 a sub-district with a lost 道.
_ROAD_FOLLOWS = re.compile(r"[0-9A-Z坊]|(?<!镇)$|[东西南北]?[路段]|公")
_COMMUNITY_MARK = re.compile(rf"(?:{_COMMUNITY_TAIL})")
_DISTRICT_MARK = re.compile(rf"(?:{_DISTRICT_TAIL})")
_CITY_MARK = re.compile(r"市|地区|自治州|盟")
# 市场, 市民 and 社区 name no city or district.
_CITY_OR_DISTRICT = re.compile("市(?![场政民])|地区|自治州|盟|(?<![社小园])区|县")
_CITY_MARKS = ("市", "地区", "自治州", "盟")
_LONGEST_PLACE_ELSEWHERE = 6
_LONGEST_NAME = 9
# After a bare name these make it part of another name: 龙华大道, 西乡河, 福田花园.
_ANOTHER_NAME = re.compile(
    r"大道|大厦|路|街|道|巷|河|湖|山|公园|广场|中心|花园|花苑|工业|新村|老村|村|围|苑|城|园|市场|酒店|医院|学校|中学|小学|"
    r"商业|国际|科技|大酒店|港|码头|口岸|地铁|岭|岗|坑|角|头|镇|站|桥|立交|水库|体育|文化|新|老|旧|东|西|南|北|中|上|下|人民|[0-9]"
)
# 莲花支路, 南山法院, 龙华公园: what bears a division's name and lies anywhere.
BEARS_THE_NAME = re.compile(
    r"[东南西北中上下前后内外一二三四五六七八九十0-9支横环新老]{0,2}(?:路|街(?!道)|大道|巷)|"
    r"大厦|广场|公园|花园|花苑|医院|法院|检察院|公安|派出所|政府|学校|中学|小学|大学|学院|酒店|宾馆|国际|中心(?!村)|口岸|码头|"
    r"车站|站|立交|水库|湾|半岛|河|海关|名苑|名庭|豪庭|雅苑|家园|新城(?!村)|商业|市场|体育|文化|科技|创业|洞|山庄|区(?!域)|港|城(?!村)"
)
# 深圳大道, 广东大厦, 深圳湾: things named after the city or province.
_NAMED_AFTER = re.compile(
    r"[东西南北中]?(?:大道|路|街(?!道)|湾|大厦|湖|河|公园|广场|站|大学|酒店|宾馆)"
)


@dataclass(frozen=True, slots=True)
class Division:
    """A district, sub-district or community of the library. `core` is the name without its kind."""

    code: str
    level: str
    parent: int
    name: str
    core: str
    standard_text: str


@dataclass(frozen=True)
class Succession:
    """An old name and what it became: `within` is the district as written, empty where the name stands alone."""

    within: str
    written: str
    district: str
    reason: str


@dataclass(frozen=True)
class Elsewhere:
    """Names of places that a library need not hold: provinces, cities, districts, and sub-districts by city."""

    provinces: frozenset[str] = frozenset()
    cities: frozenset[str] = frozenset()
    districts: frozenset[str] = frozenset()
    districts_by_city: Mapping[str, frozenset[str]] = field(default_factory=dict)
    subdistricts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    successions: tuple[Succession, ...] = ()
    # (district, old sub-district) -> the sub-districts that were taken out of it since.
    splits: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)


@dataclass(slots=True)
class DivisionReading:
    """What the head says above the place's own name. Empty tuples mean: not written."""

    districts: tuple[int, ...] = ()
    subdistricts: tuple[int, ...] = ()
    communities: tuple[int, ...] = ()
    has_province: bool = False
    has_city: bool = False
    elsewhere: str = ""
    unknown_subdistrict: str = ""
    variations: list[str] = field(default_factory=list)
    weak: list[str] = field(default_factory=list)
    rest: str = ""


def core_of(name: str, level: str) -> str:
    """观湖街道 -> 观湖, 坳背社区居委会 -> 坳背; the name itself where nothing would remain."""
    tail = {
        "district": _DISTRICT_TAIL,
        "subdistrict": _SUBDISTRICT_TAIL,
        "community": _COMMUNITY_TAIL,
    }[level]
    core = re.sub(rf"(?:{tail})$", "", name)
    # 杨美社区杨美社区: some registers write the community within the community.
    doubled = re.fullmatch(r"(.+?)社区\1", core)
    return (doubled.group(1) if doubled else core) or name


class DivisionBook:
    """The divisions of one library, ready to be read off a head."""

    def __init__(self, divisions: Sequence[Division], elsewhere: Elsewhere) -> None:
        self.divisions = list(divisions)
        self.elsewhere = elsewhere
        self.provinces, self.cities = _provinces_and_cities(self.divisions)
        self.by_core: dict[str, dict[str, tuple[int, ...]]] = {
            level: self._cores(level) for level in ("district", "subdistrict", "community")
        }
        # Names of the library's places: what is one of them is no division to be peeled.
        self.place_names: Collection[str] = frozenset()
        self._other_subdistricts = self._gather_other_subdistricts()
        self._other_districts = frozenset(
            name for city in self.cities for name in elsewhere.districts_by_city.get(city, ())
        )
        self._places_elsewhere = self._gather_places_elsewhere()
        self._slip_forms: dict[str, dict[str, list[str]]] = {}
        self._spellings: dict[int, tuple[str, ...]] = {}
        self._names_by_community: dict[int, list[str]] | None = None
        self._below: dict[int, list[int]] | None = None
        self._chains = [self._climb(number) for number in range(len(self.divisions))]
        # Number -1, no division: a library may hold buildings alone.
        self._chains.append((-1, -1, -1))
        self._successions = {(s.within, s.written): s for s in elsewhere.successions}
        self._historic_districts = {s.written: s for s in elsewhere.successions if not s.within}

    def _cores(self, level: str) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        for number, division in enumerate(self.divisions):
            if division.level == level:
                found.setdefault(division.core, []).append(number)
        return {core: tuple(numbers) for core, numbers in found.items()}

    def _gather_other_subdistricts(self) -> frozenset[str]:
        """Sub-districts of the library's cities that the library lacks: they lie outside it."""
        known = self.by_core["subdistrict"]
        return frozenset(
            core
            for city in self.cities
            for core in self.elsewhere.subdistricts.get(city, ())
            if core not in known
        )

    def names_in(self, above: Sequence[int]) -> list[str]:
        """The library's names of roads, villages and estates in these divisions (asked only for hard texts)."""
        if self._names_by_community is None:
            found: dict[int, list[str]] = {}
            for name, communities in self._names_with_communities():
                for community in communities:
                    found.setdefault(community, []).append(name)
            self._names_by_community = found
        return list(
            dict.fromkeys(
                name
                for community in self._communities_in(above)
                for name in self._names_by_community.get(community, ())
            )
        )

    def _names_with_communities(self) -> Iterable[tuple[str, Iterable[int]]]:
        return self.place_names.items() if isinstance(self.place_names, Mapping) else ()

    def _communities_in(self, above: Sequence[int]) -> Iterable[int]:
        if self._below is None:
            below: dict[int, list[int]] = {}
            for number, division in enumerate(self.divisions):
                if division.level == "community":
                    for upper in self._chains[number]:
                        below.setdefault(upper, []).append(number)
            self._below = below
        return [number for one in above for number in self._below.get(one, ())]

    def spellings_of(self, community: int) -> tuple[str, ...]:
        """How the divisions above a place are written, from the community alone to the whole chain."""
        known = self._spellings.get(community)
        if known is None:
            names = [self.divisions[a].name for a in self.ancestors(community) if a >= 0]
            runs = [
                "".join(names[i:j]) for i in range(len(names)) for j in range(i + 1, len(names) + 1)
            ]
            known = self._spellings[community] = tuple(runs)
        return known

    def start_of_divisions(self, head: str) -> int:
        """Where the first division of the library begins behind other words; -1 if nowhere."""
        for mark in _ANY_MARK.finditer(head, 2):
            for length in range(min(6, mark.start() - 1), 1, -1):
                start = mark.start() - length
                if self._is_own_division(head[start : mark.start()], mark.group()):
                    return start
        return -1

    def _is_own_division(self, written: str, mark: str) -> bool:
        if mark in "省市":
            return written in (self.provinces if mark == "省" else self.cities)
        levels = _LEVELS_OF_MARK[mark]
        return any(written in self.by_core[level] for level in levels)

    def ancestors(self, number: int) -> tuple[int, int, int]:
        """(district, sub-district, community) of a division; -1 where it has none."""
        return self._chains[number]

    def _climb(self, number: int) -> tuple[int, int, int]:
        found = {"district": -1, "subdistrict": -1, "community": -1}
        while number >= 0:
            division = self.divisions[number]
            found[division.level] = number
            number = division.parent
        return found["district"], found["subdistrict"], found["community"]

    def is_within(self, number: int, parents: Iterable[int]) -> bool:
        """Does division `number` lie in one of `parents`?"""
        chain = self._chains[number]
        return any(parent in chain for parent in parents)

    def read(self, head: str) -> DivisionReading:
        """Peel what names a division off the front of `head`, in whatever order it was written."""
        reading = DivisionReading(rest=head)
        steps: tuple[Callable[[DivisionReading], bool], ...] = (
            self._read_province, self._read_city, self._read_district, self._read_subdistrict,
            self._read_community,
        )  # fmt: skip
        # Three rounds, because people write 观湖街道 before 龙华区 too.
        for _ in range(3):
            before = reading.rest
            for step in steps:
                if reading.elsewhere or not reading.rest or reading.rest in self.place_names:
                    return reading
                step(reading)
            self._peel_repeated(reading)
            if reading.rest == before:
                break
        return reading

    def elsewhere_in(self, words: str) -> str:
        """Another city, or a district that the library lacks, written anywhere in `words`; empty if there is none.

        The library's own city written behind it says that somebody only came from there.
        """
        for mark in _CITY_OR_DISTRICT.finditer(words, 1):
            end = mark.end()
            for start in range(
                mark.start() - 1, max(mark.start() - _LONGEST_PLACE_ELSEWHERE, 0) - 1, -1
            ):
                if words[start:end] in self._places_elsewhere and self._may_begin_at(
                    words, start, end
                ):
                    reading = self.read(words[start:])
                    if reading.elsewhere and not any(city in words[end:] for city in self.cities):
                        return reading.elsewhere
        return ""

    def _gather_places_elsewhere(self) -> frozenset[str]:
        """惠州市, 宝安区, 惠阳区: all that `elsewhere_in` looks for, as they are written."""
        own = self.by_core["district"]
        cities = (
            c + mark for c in self.elsewhere.cities for mark in _CITY_MARKS if c not in self.cities
        )
        districts = (
            district
            for district in (*self.elsewhere.districts, *self._other_districts)
            if core_of(district, "district") not in own
        )
        return frozenset((*cities, *districts))

    def _may_begin_at(self, words: str, start: int, end: int) -> bool:
        """惠州市 and 宝安区 anywhere; 惠阳区 behind a city or behind words after which a place begins."""
        written = words[start:end]
        if not written.endswith(("区", "县")) or written in self._other_districts:
            return True
        before = words[:start]
        is_behind_city = (
            before[-2:] in self.elsewhere.cities or before[-3:] in self.elsewhere.cities
        )
        return is_behind_city or written.endswith("地区") or is_sentence_lead(before)

    def _peel_repeated(self, reading: DivisionReading) -> None:
        """青湾区青湾区松涛街道松涛街道: what is written twice says no more."""
        for numbers in (reading.districts, reading.subdistricts, reading.communities):
            if len(numbers) == 1 and reading.rest not in self.place_names:
                reading.rest = reading.rest.removeprefix(self.divisions[numbers[0]].name)

    def read_old_community(self, reading: DivisionReading) -> bool:
        """石桥行政村, 石桥管理区, 石桥村 before the place: the community by the name of its day."""
        village = _OLD_COMMUNITY.fullmatch(reading.rest)
        if village is None or reading.communities:
            return False
        known = self.by_core["community"].get(village.group(1), ())
        numbers = self.narrow(known, reading.subdistricts or reading.districts)
        if not numbers:
            return False
        reading.variations.append(f"“{self.divisions[numbers[0]].name}”写作“{reading.rest}”")
        reading.communities, reading.rest = numbers, ""
        return True

    def _read_province(self, reading: DivisionReading) -> bool:
        rest = reading.rest.removeprefix("中国").removeprefix("中华人民共和国")
        for province in self.provinces:
            if rest.startswith(province):
                after = rest[len(province) :]
                if not _NAMED_AFTER.match(after):
                    reading.rest = after.removeprefix("省") if province not in self.cities else rest
                    reading.has_province = True
                    return True
        mark = rest.find("省", 1, 5)
        written = rest[:mark] if mark > 0 else ""
        if written in self.elsewhere.provinces:
            reading.elsewhere = written + "省"
        elif written:
            for province in self.provinces:
                slip = find_slip(written, province)
                if slip:
                    reading.rest, reading.has_province = rest[mark + 1 :], True
                    reading.variations.append(f"省名{slip.in_words()}")
                    return True
        return False

    def _read_city(self, reading: DivisionReading) -> bool:
        rest = reading.rest
        for city in self.cities:
            if rest.startswith(city):
                after = rest[len(city) :]
                if after.startswith("市") and not after.startswith(("市场", "市政")):
                    reading.rest, reading.has_city = after[1:], True
                    return True
                if not _NAMED_AFTER.match(after):
                    reading.rest, reading.has_city = after, True
                    return True
        if reading.has_city:
            return False
        for mark in _CITY_MARK.finditer(rest, 1, 9):
            written = rest[: mark.start()]
            if written in self.elsewhere.cities or any(
                written.startswith(p) and written[len(p) :] in self.elsewhere.cities
                for p in self.elsewhere.provinces
            ):
                reading.elsewhere = written + mark.group()
                return False
            slip = next((s for city in self.cities if (s := find_slip(written, city))), None)
            if slip and not rest.startswith("市场", mark.start()):
                reading.rest, reading.has_city = rest[mark.end() :], True
                reading.variations.append(f"市名{slip.in_words()}")
                return True
        self._notice_other_city(reading)
        return False

    def _notice_other_city(self, reading: DivisionReading) -> None:
        """东莞长安镇, 湖南长沙岳麓区: a city's bare name counts only before another division."""
        rest = reading.rest
        for length in (2, 3, 4):
            name, after = rest[:length], rest[length:]
            is_place = name in self.elsewhere.cities or (
                name in self.elsewhere.provinces and after[:2] in self.elsewhere.cities
            )
            if (
                is_place
                and name not in self.cities
                and re.match(r"[^0-9]{1,5}?(?:区|县|镇|市|乡)", after)
            ):
                own = any(name == core for core in self.by_core["subdistrict"])
                if not own:
                    reading.elsewhere = name

    def _read_district(self, reading: DivisionReading) -> bool:
        rest = reading.rest
        for mark in _DISTRICT_MARK.finditer(rest, 1, _LONGEST_NAME):
            written, whole = rest[: mark.start()], rest[: mark.end()]
            if self._take_historic_district(reading, whole):
                return True
            if mark.group() == "市":
                continue
            numbers = self.by_core["district"].get(written)
            if numbers and self._agrees(numbers, reading):
                reading.districts = numbers
                if self.divisions[numbers[0]].name != whole:
                    reading.variations.append(f"“{self.divisions[numbers[0]].name}”写作“{whole}”")
                reading.rest = rest[mark.end() :]
                return True
            is_first = _nothing_read(reading)
            if is_first and whole in self._other_districts:
                reading.elsewhere = whole
                return False
            near = self._near(written, "district", ())
            if near and not reading.districts:
                numbers, slip = near
                reading.districts, reading.rest = numbers, rest[mark.end() :]
                reading.variations.append(f"区名{slip.in_words()}")
                return True
            # Because 深圳市平山区 is 坪山区 misspelt though another city has a 平山区, slips come first.
            if is_first and whole in self.elsewhere.districts:
                reading.elsewhere = whole
                return False
        return self._read_bare_district(reading)

    def _take_historic_district(self, reading: DivisionReading, whole: str) -> bool:
        """坪山新区 -> 坪山区; 宝安区 before 龙华 -> 龙华区. The row of the table that applies is named."""
        after = reading.rest[len(whole) :]
        succession = next(
            (
                s
                for length in range(4, 1, -1)
                if (s := self._successions.get((whole, after[:length])))
            ),
            None,
        ) or self._historic_districts.get(whole)
        if succession is None or (succession.within and not _is_a_division_next(after, succession)):
            return False
        numbers = tuple(
            number
            for name in succession.district.split("+")
            for number in self.by_core["district"].get(core_of(name, "district"), ())
        )
        if not numbers:
            return False
        reading.districts, reading.rest = numbers, after
        reading.variations.append(succession.reason)
        return True

    def _read_bare_district(self, reading: DivisionReading) -> bool:
        """深圳龙华民治街道…: a district without 区 counts only before something below it."""
        if reading.districts:
            return False
        rest = reading.rest
        for length in range(2, 5):
            numbers = self.by_core["district"].get(rest[:length])
            after = rest[length:]
            if numbers and self._take_historic_bare(reading, numbers, after):
                return True
            if numbers and any(after[:n] in self.by_core["subdistrict"] for n in range(2, 6)):
                reading.districts, reading.rest = numbers, after
                reading.variations.append(
                    f"“{self.divisions[numbers[0]].name}”写作“{rest[:length]}”"
                )
                return True
        return False

    def _take_historic_bare(
        self, reading: DivisionReading, numbers: tuple[int, ...], after: str
    ) -> bool:
        """龙岗坪山六联 -> 坪山区."""
        whole = self.divisions[numbers[0]].name
        for length in range(4, 1, -1):
            succession = self._successions.get((whole, after[:length]))
            if succession is None or not _is_a_division_next(after, succession):
                continue
            today = self.by_core["district"].get(core_of(succession.district, "district"), ())
            if today:
                reading.districts, reading.rest = today, after
                reading.variations.append(succession.reason)
                return True
        return False

    def _read_subdistrict(self, reading: DivisionReading) -> bool:
        if reading.subdistricts:
            return False
        rest = reading.rest
        marks: list[re.Match[str]] = []
        for mark in _SUBDISTRICT_MARK.finditer(rest, 1, _LONGEST_NAME + 2):
            written, unit = rest[: mark.start()], mark.group()
            if unit in ("街", "道", "办", "镇") and _ROAD_FOLLOWS.match(rest, mark.end()):
                continue
            numbers = self.narrow(self.by_core["subdistrict"].get(written, ()), reading.districts)
            if numbers:
                reading.subdistricts, reading.rest = numbers, rest[mark.end() :]
                name = self.divisions[numbers[0]].name
                if unit in ("镇", "乡") and name != written + unit:
                    reading.variations.append(f"“{name}”写作“{written}{unit}”")
                return True
            marks.append(mark)
        # Because 西乡街道 holds 乡 as well, slips are looked for only when no mark fits exactly.
        return any(self._take_other_subdistrict(reading, rest[: m.start()], m) for m in marks)

    def _take_other_subdistrict(
        self, reading: DivisionReading, written: str, mark: re.Match[str]
    ) -> bool:
        unit = mark.group()
        if unit in ("街", "乡", "办", "地区", "道") and (
            (unit == "乡" and len(written) < 2) or not self._is_sure_slip(written)
        ):
            return False
        if written in self._other_subdistricts and unit != "街":
            reading.elsewhere = written + unit
            return False
        town = self.narrow(
            self.by_core["subdistrict"].get(_OLD_MARKET.sub("", written), ()), reading.districts
        )
        if town and unit == "镇":
            name = self.divisions[town[0]].name
            reading.subdistricts, reading.rest = town, reading.rest[mark.end() :]
            reading.variations.append(f"“{name}”写作“{written}{unit}”")
            return True
        near = self._near(written, "subdistrict", reading.districts)
        if near:
            reading.subdistricts, reading.rest = near[0], reading.rest[mark.end() :]
            reading.variations.append(f"街道名{near[1].in_words()}")
            return True
        if (
            unit in ("街道", "街道办", "街道办事处", "办事处", "镇")
            and not _has_community_mark(written)
            and not self._ends_in_own_subdistrict(written)
        ):
            reading.unknown_subdistrict = written + unit
            reading.rest = reading.rest[mark.end() :]
            return True
        return False

    def _ends_in_own_subdistrict(self, written: str) -> bool:
        """我在石岩(街道): a sentence before a sub-district of ours is no unknown one."""
        known = self.by_core["subdistrict"]
        return any(written[start:] in known for start in range(1, len(written) - 1))

    def _is_sure_slip(self, written: str) -> bool:
        near = self._near(written, "subdistrict", ())
        return near is not None and near[1].is_explained

    def _read_community(self, reading: DivisionReading) -> bool:
        if reading.communities:
            return False
        rest = reading.rest
        for mark in _COMMUNITY_MARK.finditer(rest, 1, 12):
            written = rest[: mark.start()]
            if mark.group() in ("社", "区") and written not in self.by_core["community"]:
                continue
            below = reading.subdistricts or reading.districts
            if mark.group() == "区" and not self.inside(
                self.by_core["community"].get(written, ()), below
            ):
                continue
            known = self.by_core["community"].get(written, ())
            if not known and written.endswith("村"):
                known = self.by_core["community"].get(written[:-1], ())
            numbers = self.narrow(known, below) or self.narrow(known, reading.districts)
            if numbers:
                if below and not self.narrow(numbers, below):
                    numbers = self.inside(numbers, self.split_from(below)) or numbers
                    reading.weak.append(self._words_for_other_subdistrict(numbers, below))
                reading.communities, reading.rest = numbers, rest[mark.end() :]
                return True
            near = self._near(written, "community", below) or self._near(
                written, "community", reading.districts
            )
            if near and not known:
                reading.communities, reading.rest = near[0], rest[mark.end() :]
                reading.variations.append(f"社区名{near[1].in_words()}")
                return True
            if self._peel_bare_subdistrict(reading, written):
                return True
        return False

    def split_from(self, subdistricts: Sequence[int]) -> tuple[int, ...]:
        """The sub-districts that were taken out of these since."""
        found: list[int] = []
        for number in subdistricts:
            division = self.divisions[number]
            district = self.divisions[division.parent].name if division.parent >= 0 else ""
            for core in sorted(self.elsewhere.splits.get((district, division.core), ())):
                found.extend(self.by_core["subdistrict"].get(core, ()))
        return tuple(found)

    def _words_for_other_subdistrict(self, numbers: Sequence[int], below: Sequence[int]) -> str:
        if self.inside(numbers, self.split_from(below)):
            old = self.divisions[below[0]].name
            new = self.divisions[self.ancestors(numbers[0])[1]].name
            return f"{old}后来分出{new}"
        return OTHER_SUBDISTRICT

    def has_split(self, subdistrict: int) -> bool:
        """Were other sub-districts taken out of this one since? Then its old name says less."""
        return bool(self.split_from((subdistrict,)))

    def _peel_bare_subdistrict(self, reading: DivisionReading, written: str) -> bool:
        """龙华区民治横岭社区…: a bare sub-district before a community's full name."""
        for length in range(2, min(6, len(written))):
            numbers = self.narrow(
                self.by_core["subdistrict"].get(written[:length], ()), reading.districts
            )
            below = self.narrow(self.by_core["community"].get(written[length:], ()), numbers)
            if numbers and below and not reading.subdistricts:
                reading.subdistricts, reading.rest = numbers, reading.rest[length:]
                reading.variations.append(
                    f"“{self.divisions[numbers[0]].name}”写作“{written[:length]}”"
                )
                return self._read_community(reading)
        return False

    def read_bare(self, reading: DivisionReading) -> bool:
        """Names without their kind at the front of the rest (民治横岭村): for heads nothing else explains."""
        rest = reading.rest
        for level, above in (
            ("subdistrict", reading.districts),
            ("community", reading.subdistricts),
        ):
            if getattr(reading, _FIELD[level]) or (level == "district" and reading.subdistricts):
                continue
            for length in range(5, 1, -1):
                written, after = rest[:length], rest[length:]
                numbers = self.narrow(
                    self.by_core[level].get(written, ()), above or reading.districts
                )
                if len(numbers) != 1 or len(written) < length:
                    continue
                if _ANOTHER_NAME.match(after) and not self._goes_on_below(level, numbers, after):
                    continue
                if level == "community" and not self._may_stand_bare(written, reading):
                    continue
                setattr(reading, _FIELD[level], numbers)
                reading.rest = after
                reading.variations.append(f"“{self.divisions[numbers[0]].name}”写作“{written}”")
                return True
        return False

    def _goes_on_below(self, level: str, above: Sequence[int], after: str) -> bool:
        """黄贝新光涌: 新 begins the community's name, not another place called 黄贝新…."""
        if level != "subdistrict":
            return False
        known = self.by_core["community"]
        return any(self.narrow(known.get(after[:n], ()), above) for n in range(2, 6))

    def _may_stand_bare(self, community: str, reading: DivisionReading) -> bool:
        """东门街道东门立新路 speaks of the quarter, not of 东门社区; a gazetteer has no place to prove it by."""
        if self.place_names:
            return True
        above = {self.divisions[number].core for number in reading.subdistricts}
        return bool(above) and community not in above

    def _near(
        self, written: str, level: str, within: Sequence[int]
    ) -> tuple[tuple[int, ...], Slip] | None:
        """The one division of `level` a single slip away; None if there is none or more than one."""
        found: list[tuple[tuple[int, ...], Slip]] = []
        for core in self._one_slip_away(written, level):
            slip = find_slip(written, core)
            narrowed = self.narrow(self.by_core[level][core], within)
            if slip and narrowed and _is_a_slip_of_division(slip, core):
                found.append((narrowed, slip))
        if len(found) > 1 and all(s.kind == "missing" for _, s in found):
            # 观街 may be 观湖 or 观澜: both are kept, the rest of the text decides.
            return tuple(number for numbers, _ in found for number in numbers), found[0][1]
        return found[0] if len(found) == 1 else None

    def _one_slip_away(self, written: str, level: str) -> list[str]:
        """Names that share a form less one character with `written`, in the order of the library."""
        forms = self._slip_forms.get(level)
        if forms is None:
            forms = self._slip_forms[level] = {}
            for core in self.by_core[level]:
                for form in one_character_less(core) | {core}:
                    forms.setdefault(form, []).append(core)
        near = {
            core for form in one_character_less(written) | {written} for core in forms.get(form, ())
        }
        # Because the one character left of a name of two is shared by many, it is no name yet.
        return [core for core in sorted(near) if set(core) & set(written)]

    def narrow(self, numbers: Sequence[int], within: Sequence[int]) -> tuple[int, ...]:
        """Those of `numbers` that lie in one of `within`; all where nothing is written above."""
        if not within:
            return tuple(numbers)
        return tuple(number for number in numbers if self.is_within(number, within))

    def inside(self, numbers: Sequence[int], within: Sequence[int]) -> tuple[int, ...]:
        """As `narrow`, but nothing lies in no division."""
        return self.narrow(numbers, within) if within else ()

    def _agrees(self, numbers: Sequence[int], reading: DivisionReading) -> bool:
        return not reading.districts or set(numbers) == set(reading.districts)


# What may stand before an address in a sentence: the name begins right after one of these.
_SENTENCE_LEAD = re.compile(
    r"(?:在|住|于|位于|反映|来电|关于|家住|地址|地址是|投诉|举报|我是|我家|你好|您好|请问|因为|到|的|是|称|说|查|对|租住|居住|暂住|户籍|咨询|求助|"
    r"要求|希望|建议|申请|发现|看见|路过|经过|来到|现住|现居|住址|住所|地点|位置|坐落|座落|经营场所|经营地址|注册地址|收件|寄往|寄到|"
    r"送到|送货|昨天|今天|昨晚|今早|刚才|就是|本人|我们|我司|我公司|楼下|从|去|给|叫|找|请到|请去)$"
)


def is_sentence_lead(lead: str) -> bool:
    """May a name begin right after `lead`?"""
    return _SENTENCE_LEAD.search(lead) is not None or lead.endswith(",")


# Said where a community is written under a sub-district it does not lie in.
OTHER_SUBDISTRICT = "社区与所写街道不符"
_OLD_COMMUNITY = re.compile("(.{2,6}?)(?:行政村|管理区|村)")
# 横岗墟镇: the market of the old town.
_OLD_MARKET = re.compile("老?墟$")
_ANY_MARK = re.compile("省|市|街道|镇|乡|社区|区|县")
_LEVELS_OF_MARK = {
    "街道": ("subdistrict",), "镇": ("subdistrict",), "乡": ("subdistrict",), "社区": ("community",),
    "区": ("district",), "县": ("district",),
}  # fmt: skip
_FIELD = {"district": "districts", "subdistrict": "subdistricts", "community": "communities"}


def _is_a_division_next(after: str, succession: Succession) -> bool:
    """Is the old part written as a place of its own (龙华街道, 龙华油松) and not as 龙华大道?"""
    following = after[len(succession.written) :]
    if following.startswith("新区") or succession.written.endswith(("街道", "新区")):
        return True
    if re.match(_SUBDISTRICT_TAIL, following) and not re.match(r"街[^道]", following):
        return True
    return not BEARS_THE_NAME.match(following)


def _is_a_slip_of_division(slip: Slip, core: str) -> bool:
    # Because 油松 is not 下油松 written badly, a lost telling character is no slip.
    if slip.kind == "doubled":
        return True
    if slip.kind == "extra" and len(core) < 3:
        return False
    if slip.kind != "replaced" and (slip.written + slip.meant) in TELLING_APART:
        return False
    return slip.is_explained or len(core) > 2


def _nothing_read(reading: DivisionReading) -> bool:
    return not (reading.districts or reading.subdistricts or reading.communities)


def _has_community_mark(text: str) -> bool:
    return _COMMUNITY_MARK.search(text) is not None


def _provinces_and_cities(divisions: Sequence[Division]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The provinces and cities the library lies in, read off its districts' standard texts."""
    provinces: dict[str, None] = {}
    cities: dict[str, None] = {}
    for division in divisions:
        if division.level != "district":
            continue
        text = to_one_spelling(division.standard_text)
        match = re.match(r"(?:([^省]{2,8}?)(?:省|自治区))?(?:([^市]{1,8}?)市)?", text)
        if match and match.group(1):
            provinces[match.group(1)] = None
        if match and match.group(2):
            cities[match.group(2)] = None
    return tuple(provinces), tuple(cities)
