"""What each department knows of the city, and how badly it writes it down. One function an extract."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kuai.demo_city.engine import vocabulary as words
from kuai.demo_city.engine.address_texts import (
    LOOSE_HABIT,
    REGISTER_HABIT,
    Habit,
    WrittenPlaces,
    write_places,
)
from kuai.demo_city.engine.extracts import NONE, City, Evidence, Extract
from kuai.demo_city.engine.firms import found_late_firms
from kuai.demo_city.engine.people import (
    ADULT,
    LET,
    SHARED,
    VACANT,
    People,
)
from kuai.demo_city.engine.person_texts import (
    NUMBER_MISSING,
    write_names,
    write_numbers,
    write_phones,
)
from kuai.demo_city.engine.pieces import (
    choose,
    dates_text,
    digits,
    draw,
    glue,
    pick,
    repeat,
    stream,
)
from kuai.demo_city.engine.places import SHOP
from kuai.demo_city.engine.profiles import ADDRESS, BIRTH_DATE, NUMBER, PHONE

POLICE_COVERAGE, POLICE_DOUBLE = 0.905, 0.004
RENTAL_COVERAGE, SUBLET_SHARE = 0.72, 0.12
READING_MONTHS = 6


class _Desk:
    """One department at work: its random stream and its habits, over the true city."""

    def __init__(self, city: City, name: str) -> None:
        self.city, self.name = city, name
        self.random = stream(city.seed, city.profile.key, name)
        self.noise = city.profile.noise

    def places(self, room: np.ndarray, habit: Habit) -> WrittenPlaces:
        return write_places(
            self.city.places, room, habit=habit, noise=self.noise, random=self.random
        )

    def names(self, person: np.ndarray) -> pa.Array:
        return write_names(self.city.people, person, noise=self.noise, random=self.random)

    def numbers(self, person: np.ndarray, *, missing: float) -> tuple[pa.Array, np.ndarray]:
        written = write_numbers(
            self.city.people, person, missing=missing, noise=self.noise, random=self.random
        )
        return written.texts, written.state > NUMBER_MISSING

    def phones(self, person: np.ndarray, *, missing: float) -> tuple[pa.Array, np.ndarray]:
        return write_phones(
            self.city.people, person, missing=missing, noise=self.noise, random=self.random
        )

    def lacks(self, attribute: str) -> bool:
        return self.city.profile.lacks(self.name, attribute)

    def days(self, rows: int, *, years: float, newest: int = 3) -> np.ndarray:
        """Days in the last years before the package's day, none after it."""
        return self.city.as_of_day - self.random.integers(newest, round(years * 365), rows)

    def days_of_life(self, person: np.ndarray, *, from_age: int, years: float) -> np.ndarray:
        """Days in the last years, none before the person had reached the age."""
        birth_day = self.city.people.birth_day[person]
        earliest = birth_day + np.int64(from_age * 366)
        return np.clip(self.days(len(person), years=years), earliest, self.city.as_of_day)

    def sample(self, candidates: np.ndarray, share: float) -> np.ndarray:
        return candidates[self.random.random(len(candidates)) < share]


def _evidence(  # noqa: PLR0913 - the five things a row may hold
    person: np.ndarray,
    *,
    number: np.ndarray | None = None,
    phone: np.ndarray | None = None,
    birth_date: bool = False,
    written: WrittenPlaces | None = None,
) -> Evidence:
    rows = len(person)
    nothing, nowhere = np.zeros(rows, bool), np.full(rows, NONE, np.int64)
    return Evidence(
        person=person,
        number=nothing if number is None else number,
        phone=nothing if phone is None else phone,
        birth_date=np.full(rows, birth_date),
        room=nowhere if written is None else written.room,
        building=nowhere if written is None else written.building,
    )


def _none(rows: int) -> np.ndarray:
    return np.full(rows, NONE, np.int64)


def _without(columns: dict[str, pa.Array], *headings: str) -> dict[str, pa.Array]:
    return {name: column for name, column in columns.items() if name not in headings}


def police_residents(city: City) -> Extract:
    """Residents where they were registered: movers still at the old room, some at both."""
    desk = _Desk(city, "police_residents")
    people = city.people
    residents = np.flatnonzero(people.room >= 0)
    person = desk.sample(residents, POLICE_COVERAGE)
    movers = np.intersect1d(person, np.flatnonzero(people.old_room >= 0))
    stale = np.zeros(people.count, bool)
    stale[desk.sample(movers, 0.7)] = True
    room = np.where(stale[person], people.old_room[person], people.room[person])
    again = desk.sample(person[stale[person]], 0.35)
    doubled = np.r_[again, desk.sample(person, POLICE_DOUBLE)]
    person, room = np.r_[person, doubled], np.r_[room, people.room[doubled]]
    order = np.lexsort((person, room))
    person, room = person[order], room[order]
    written = desk.places(room, REGISTER_HABIT)
    numbers, has_number = desk.numbers(person, missing=0.04)
    phones, has_phone = desk.phones(person, missing=0.05)
    columns = {
        "姓名": desk.names(person),
        "性别": pick(["女", "男"], people.is_male[person].astype(np.int8)),
        "身份证号码": numbers,
        "出生日期": dates_text(people.birth_day[person], "ymd"),
        "现住地址": written.texts,
        "联系电话": phones,
        "登记日期": dates_text(desk.days_of_life(person, from_age=0, years=14), "y/m/d"),
    }
    dropped = {NUMBER: "身份证号码", PHONE: "联系电话", BIRTH_DATE: "出生日期"}
    return Extract(
        name=desk.name,
        columns=_without(columns, *[h for a, h in dropped.items() if desk.lacks(a)]),
        room_codes=written.codes,
        person=person,
        firm=_none(len(person)),
        evidence=_evidence(
            person,
            number=has_number & (not desk.lacks(NUMBER)),
            phone=has_phone & (not desk.lacks(PHONE)),
            birth_date=not desk.lacks(BIRTH_DATE),
            written=written,
        ),
    )


def housing_ownership(city: City) -> Extract:
    """Titles of homes and workshops; shops are leased land and have none."""
    desk = _Desk(city, "housing_ownership")
    places = city.places
    room = desk.sample(np.flatnonzero(places.room_use != SHOP), 0.97)
    person = city.people.room_owner[room].astype(np.int64)
    written = desk.places(room, REGISTER_HABIT)
    numbers, has_number = desk.numbers(person, missing=0.02)
    rows = len(room)
    year = desk.random.integers(2004, 2026, rows)
    area = np.round(np.exp(desk.random.normal(4.25, 0.45, rows)).clip(12, 420), 2)
    columns = {
        "不动产权证号": glue(
            "粤(",
            digits(year),
            ")深圳市不动产权第",
            digits(desk.random.integers(0, 10_000_000, rows), width=7),
            "号",
        ),
        "权利人": desk.names(person),
        "权利人证件号": numbers,
        "坐落": written.texts,
        "建筑面积": pa.array(area),
        "用途": pick(["住宅", "工业", "宿舍", "商业"], places.room_use[room]),
    }
    lacking = desk.lacks(NUMBER)
    return Extract(
        name=desk.name,
        columns=_without(columns, "权利人证件号") if lacking else columns,
        room_codes=written.codes,
        person=person,
        firm=_none(rows),
        evidence=_evidence(person, number=has_number & (not lacking), written=written),
    )


def rental_filings(city: City) -> Extract:
    """Leases on file: landlord or subletter, tenant, period, rent."""
    desk = _Desk(city, "rental_filings")
    people = city.people
    room = desk.sample(np.flatnonzero(np.isin(people.room_state, (LET, SHARED))), RENTAL_COVERAGE)
    rows = len(room)
    tenant = people.room_head[room].astype(np.int64)
    landlord = people.room_owner[room].astype(np.int64)
    # A subletter works a building, so neighbouring rooms share one.
    by_building = city.places.room_building[room] % len(people.subletters)
    sublet = desk.random.random(rows) < SUBLET_SHARE
    landlord = np.where(sublet, people.subletters[by_building], landlord)
    written = desk.places(room, LOOSE_HABIT)
    landlord_numbers, _ = desk.numbers(landlord, missing=0.10)
    tenant_numbers, has_number = desk.numbers(tenant, missing=0.037)
    landlord_phones, _ = desk.phones(landlord, missing=0.01)
    tenant_phones, has_phone = desk.phones(tenant, missing=0.01)
    start = desk.days(rows, years=3.5)
    columns = {
        "租赁房屋地址": written.texts,
        "出租人": desk.names(landlord),
        "出租人证件号": landlord_numbers,
        "出租人电话": landlord_phones,
        "承租人": desk.names(tenant),
        "承租人证件号": tenant_numbers,
        "承租人电话": tenant_phones,
        "租期起": dates_text(start, "y年m月d日"),
        "租期止": dates_text(start + desk.random.choice([365, 365, 730, 1096], rows), "y年m月d日"),
        "月租金": digits(np.exp(desk.random.normal(7.7, 0.5, rows)).clip(400, 20_000)),
    }
    lost = [
        h
        for a, end in ((NUMBER, "证件号"), (PHONE, "电话"))
        if desk.lacks(a)
        for h in columns
        if h.endswith(end)
    ]
    return Extract(
        name=desk.name,
        columns=_without(columns, *lost),
        room_codes=written.codes,
        person=tenant,
        firm=_none(rows),
        evidence=_evidence(
            tenant,
            number=has_number & (not desk.lacks(NUMBER)),
            phone=has_phone & (not desk.lacks(PHONE)),
            written=written,
        ),
    )


def business_registry(city: City) -> Extract:
    """Every firm with its registered seat; the place of business only where the clerk filled it in."""
    desk = _Desk(city, "business_registry")
    firms = city.firms
    person = firms.representative.astype(np.int64)
    rows = firms.count
    written = desk.places(firms.registered_room, REGISTER_HABIT)
    seat = desk.places(firms.operating_room, LOOSE_HABIT)
    elsewhere = firms.registered_room != firms.operating_room
    named = elsewhere | (desk.random.random(rows) < 0.5)
    numbers, has_number = desk.numbers(person, missing=0.03)
    columns = {
        "统一社会信用代码": firms.codes,
        "名称": firms.names,
        "法定代表人": desk.names(person),
        "法人证件号": numbers,
        "住所": written.texts,
        "经营场所": choose(named, seat.texts, repeat("", rows)),
        "成立日期": dates_text(firms.founded_day, "y-m-d"),
        "登记状态": pick(["存续", "注销"], firms.is_closed.astype(np.int8)),
        "行业代码": firms.industries,
    }
    lacking = desk.lacks(NUMBER)
    return Extract(
        name=desk.name,
        columns=_without(columns, "法人证件号") if lacking else columns,
        room_codes=written.codes,
        person=person,
        firm=np.arange(rows),
        evidence=_evidence(person, number=has_number & (not lacking), written=written),
    )


def social_insurance(city: City) -> Extract:
    """Who is insured by whom: no phone, no birth date, no address."""
    desk = _Desk(city, "social_insurance")
    firms = city.firms
    person, firm = firms.job_person.astype(np.int64), firms.job_firm.astype(np.int64)
    rows = len(person)
    numbers, has_number = desk.numbers(person, missing=0.0)
    short = desk.random.random(rows) < 0.5
    unnamed = desk.random.random(rows) < 0.2 * desk.noise
    index = pa.array(firm)
    columns = {
        "姓名": desk.names(person),
        "社会保障号": numbers,
        "参保单位": choose(short, firms.short_names.take(index), firms.names.take(index)),
        "单位信用代码": choose(unnamed, repeat("", rows), firms.codes.take(index)),
        "参保起始年月": dates_text(desk.days_of_life(person, from_age=ADULT, years=11), "ym"),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=repeat("", rows),
        person=person,
        firm=firm,
        evidence=_evidence(person, number=has_number),
    )


def water_usage(city: City) -> Extract:
    """Water accounts, mostly the owner's, with monthly readings (which the product must refuse)."""
    desk = _Desk(city, "water_usage")
    people = city.people
    room = desk.sample(np.arange(city.places.rooms), 0.9)
    rows = len(room)
    state = people.room_state[room]
    own = (people.room_head[room] < 0) | (desk.random.random(rows) < 0.72)
    person = np.where(own, people.room_owner[room], people.room_head[room]).astype(np.int64)
    written = desk.places(room, LOOSE_HABIT)
    level = np.where(state == VACANT, 0.15, desk.random.gamma(4.0, 2.0, rows))
    columns = {
        "户号": glue("PS", digits(_serials(desk.random, rows), width=8)),
        "户名": desk.names(person),
        "用水地址": written.texts,
    }
    for month in _months_before(city.as_of_day, READING_MONTHS):
        tenths = np.rint(level * desk.random.uniform(7, 13, rows)).astype(np.int64)
        columns[month] = glue(digits(tenths // 10), ".", digits(tenths % 10))
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=person,
        firm=_none(rows),
        evidence=_evidence(person, written=written),
    )


def _serials(random: np.random.Generator, rows: int) -> np.ndarray:
    """Different eight-digit numbers without order."""
    return (np.arange(rows, dtype=np.int64) * 73_939_133 + int(random.integers(10**8))) % 10**8


def _months_before(as_of_day: int, months: int) -> list[str]:
    this = np.datetime64(as_of_day, "D").astype("datetime64[M]")
    return [str(this - back) for back in range(months, 0, -1)]


def access_cards(city: City) -> Extract:
    """Door cards: who asked for one, where and when; some holders nobody has registered there yet."""
    desk = _Desk(city, "access_cards")
    people = city.people
    adults = np.flatnonzero((people.age >= ADULT) & (people.room >= 0))
    person = desk.sample(adults, 0.27)
    room = people.room[person]
    # Newcomers: the signal that somebody lives where no register has them.
    new_rooms = desk.sample(np.flatnonzero(people.room_state == VACANT), 0.06)
    newcomers = desk.random.permutation(adults)[: len(new_rooms)]
    new_rooms = new_rooms[: len(newcomers)]
    person, room = np.r_[person, newcomers], np.r_[room, new_rooms]
    written = desk.places(room, LOOSE_HABIT)
    phones, has_phone = desk.phones(person, missing=0.0)
    rows = len(person)
    minutes = desk.random.integers(8 * 60, 21 * 60, rows)
    columns = {
        "持卡人": desk.names(person),
        "手机号": phones,
        "房号": written.texts,
        "办理时间": glue(dates_text(desk.days(rows, years=1), "y-m-d"), " ", _clock(minutes)),
    }
    lacking = desk.lacks(PHONE)
    return Extract(
        name=desk.name,
        columns=_without(columns, "手机号") if lacking else columns,
        room_codes=written.codes,
        person=person,
        firm=_none(rows),
        evidence=_evidence(person, phone=has_phone & (not lacking), written=written),
    )


def _clock(minutes: np.ndarray) -> pa.Array:
    return glue(digits(minutes // 60, width=2), ":", digits(minutes % 60, width=2))


def hotline_requests(city: City) -> Extract:
    """12345 requests: the place is inside the text; the caller's number is a reporter's identity."""
    desk = _Desk(city, "hotline_requests")
    room = desk.sample(np.arange(city.places.rooms), 0.083)
    rows = len(room)
    written = desk.places(room, LOOSE_HABIT)
    kind = draw(desk.random, [1.0] * len(words.REQUESTS), rows)
    callers = np.flatnonzero((city.people.age >= ADULT) & (city.people.room >= 0))
    caller = callers[desk.random.integers(0, len(callers), rows)]
    phones, _ = desk.phones(caller, missing=0.4 / desk.noise)
    unsorted = desk.random.random(rows) < 0.3
    minutes = desk.random.integers(0, 24 * 60, rows)
    columns = {
        "工单号": glue(
            pick(["12345-", "小程序-", "网格-"], draw(desk.random, [4, 3, 3], rows)),
            digits(_serials(desk.random, rows) * 7 + 11, width=9),
        ),
        "受理时间": glue(
            dates_text(desk.days(rows, years=1), "y-m-d"), " ", _clock(minutes), ":00"
        ),
        "诉求内容": glue(written.texts, pick([text for text, _ in words.REQUESTS], kind)),
        "来电号码": phones,
        "分类": choose(
            unsorted, repeat("", rows), pick([label for _, label in words.REQUESTS], kind)
        ),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=_none(rows),
        firm=_none(rows),
        quoted=frozenset({"诉求内容"}),
    )


def disability_cards(city: City) -> Extract:
    """Holders of disability cards (care zone)."""
    desk = _Desk(city, "disability_cards")
    people = city.people
    chance = 0.008 + 0.0012 * np.maximum(people.age - 20, 0)
    person = np.flatnonzero((desk.random.random(people.count) < chance) & (people.room >= 0))
    rows = len(person)
    written = desk.places(people.room[person], LOOSE_HABIT)
    numbers, _ = desk.numbers(person, missing=0.005)
    blank = desk.random.random(rows) < 0.05
    columns = {
        "姓名": desk.names(person),
        "证件号": numbers,
        "残疾类别": pick(words.DISABILITY_KINDS, draw(desk.random, [5, 2, 2, 1, 1.5, 1.5], rows)),
        "残疾等级": digits(desk.random.integers(1, 5, rows)),
        "家庭住址": choose(blank, repeat("", rows), written.texts),
    }
    codes = choose(blank, repeat("", rows), written.codes)
    dropped = {NUMBER: "证件号", ADDRESS: "家庭住址"}
    return Extract(
        name=desk.name,
        columns=_without(columns, *[h for a, h in dropped.items() if desk.lacks(a)]),
        room_codes=repeat("", rows) if desk.lacks(ADDRESS) else codes,
        person=person,
        firm=_none(rows),
    )


def inspections(city: City) -> Extract:
    """Visits to firms; roughly half were visited at all."""
    desk = _Desk(city, "inspections")
    firms = city.firms
    visits = np.where(
        desk.random.random(firms.count) < 0.53, desk.random.integers(1, 3, firms.count), 0
    )
    firm = np.repeat(np.arange(firms.count), visits)
    rows = len(firm)
    written = desk.places(firms.operating_room[firm], LOOSE_HABIT)
    failed = desk.random.random(rows) < 0.3
    penalty = pick(words.PENALTIES, desk.random.integers(0, len(words.PENALTIES), rows))
    columns = {
        "检查日期": dates_text(desk.days(rows, years=3), "y-m-d"),
        "统一社会信用代码": firms.codes.take(pa.array(firm)),
        "单位名称": firms.names.take(pa.array(firm)),
        "检查类别": pick(words.CHECK_KINDS, desk.random.integers(0, len(words.CHECK_KINDS), rows)),
        "结果": pick(["合格", "不合格"], failed.astype(np.int8)),
        "处理": choose(failed, penalty, repeat("", rows)),
        "检查地址": written.texts,
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=_none(rows),
        firm=firm,
    )


def transit_list(city: City) -> Extract:
    """The transit company's list of the aged who ride free: a sheet with a title and two rows of headings."""
    desk = _Desk(city, "transit_list")
    people: People = city.people
    person = desk.sample(np.flatnonzero((people.age >= 60) & (people.room >= 0)), 0.8)
    rows = len(person)
    written = desk.places(people.room[person], LOOSE_HABIT)
    numbers, _ = desk.numbers(person, missing=0.01)
    phones, _ = desk.phones(person, missing=0.2)
    columns = {
        "序号": digits(np.arange(1, rows + 1)),
        "姓名": desk.names(person),
        "证件号": numbers,
        "年龄": digits(people.age[person]),
        "手机": phones,
        "住址": written.texts,
        "卡号": glue("SZT", digits(_serials(desk.random, rows), width=8)),
        "发卡日期": dates_text(desk.days(rows, years=6), "y/m/d"),
    }
    dropped = {PHONE: "手机", ADDRESS: "住址"}
    return Extract(
        name=desk.name,
        columns=_without(columns, *[h for a, h in dropped.items() if desk.lacks(a)]),
        room_codes=repeat("", rows) if desk.lacks(ADDRESS) else written.codes,
        person=person,
        firm=_none(rows),
    )


def inspection_classes(city: City) -> Extract:
    """Of which class a firm is for which kind of inspection, as published; sole traders are in no class."""
    desk = _Desk(city, "inspection_classes")
    firms = city.firms
    is_sole_trader = np.array([code.startswith("92") for code in firms.codes.to_pylist()])
    # Mostly for what an office comes for anyway: of the rest a few.
    visits = inspections(city)
    visited, newest = np.unique(visits.firm[::-1], return_index=True)
    checked = visits.columns["检查类别"].take(pa.array(len(visits.firm) - 1 - newest)).to_pylist()
    known = dict(zip(visited.tolist(), checked, strict=True))
    chance = np.where(np.isin(np.arange(firms.count), visited), 0.9, 0.15)
    firm = np.flatnonzero(~is_sole_trader & (desk.random.random(firms.count) < chance))
    rows = len(firm)
    index = pa.array(firm)
    drawn = desk.random.integers(0, len(words.CHECK_KINDS), rows)
    category = [
        known.get(one, words.CHECK_KINDS[draw_])
        for one, draw_ in zip(firm.tolist(), drawn, strict=True)
    ]
    year_begins = np.datetime64(int(city.as_of_day), "D").astype("datetime64[Y]")
    published = np.full(rows, year_begins.astype("datetime64[D]").astype(np.int64))
    columns = {
        "统一社会信用代码": firms.codes.take(index),
        "单位名称": firms.names.take(index),
        "检查类别": pa.array(category, pa.string()),
        "检查等级": pick(["A", "B", "C", "D"], draw(desk.random, [8, 3, 1, 0.5], rows)),
        "公布日期": dates_text(published, "y-m-d"),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=repeat("", rows),
        person=_none(rows),
        firm=firm,
    )


def occupancy_limits(city: City) -> Extract:
    """How many may live in a let home, as the housing office worked it out."""
    desk = _Desk(city, "occupancy_limits")
    room = desk.sample(np.flatnonzero(np.isin(city.people.room_state, (LET, SHARED))), 0.35)
    rows = len(room)
    written = desk.places(room, REGISTER_HABIT)
    columns = {
        "房屋地址": written.texts,
        "核定居住人数": pick(["3", "4", "5", "6", "8"], draw(desk.random, [1, 3, 3, 2, 1], rows)),
        "核定日期": dates_text(desk.days(rows, years=3), "y-m-d"),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=_none(rows),
        firm=_none(rows),
    )


def birth_declarations(city: City) -> Extract:
    """Newborns whom a parent declared at the window: the child, the parent, where they live."""
    desk = _Desk(city, "birth_declarations")
    people = city.people
    born_this_year = people.birth_day > city.as_of_day - 330
    head = people.room_head[np.maximum(people.room, 0)]
    has_parent = (people.room >= 0) & (head >= 0)
    child = desk.sample(np.flatnonzero(born_this_year & has_parent), 0.1)
    parent = head[child].astype(np.int64)
    rows = len(child)
    written = desk.places(people.room[child], REGISTER_HABIT)
    numbers, _ = desk.numbers(parent, missing=0.02)
    phones, _ = desk.phones(parent, missing=0.02)
    born = people.birth_day[child]
    declared = np.minimum(born + desk.random.integers(5, 60, rows), city.as_of_day)
    columns = {
        "孩子姓名": desk.names(child),
        "孩子出生日期": dates_text(born, "y-m-d"),
        "家长姓名": desk.names(parent),
        "家长证件号": numbers,
        "家长联系电话": phones,
        "居住地址": written.texts,
        "申报日期": dates_text(declared, "y-m-d"),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=child,
        firm=_none(rows),
    )


def new_firms(city: City) -> Extract:
    """Firms founded within the last weeks; a few of them put their seat into one and the same home."""
    desk = _Desk(city, "new_firms")
    late = found_late_firms(city.places, city.people, seed=city.seed)
    rows = len(late.codes)
    written = desk.places(late.room, REGISTER_HABIT)
    numbers, _ = desk.numbers(late.representative, missing=0.0)
    columns = {
        "统一社会信用代码": late.codes,
        "名称": late.names,
        "法定代表人": desk.names(late.representative),
        "法人证件号": numbers,
        "住所": written.texts,
        "成立日期": dates_text(late.founded_day, "y-m-d"),
        "登记状态": repeat("存续", rows),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=late.representative,
        firm=city.firms.count + np.arange(rows),
    )


# So many rooms have one building that people have just moved into, and one with a nuisance that many report.
ROOMS_A_STORY = 8_000
CARDS_A_BUILDING, REPORTS_A_BUILDING = 14, 13


def _story_buildings(city: City, random: np.random.Generator, *, fewest_rooms: int) -> np.ndarray:
    """Buildings in which something happens: one in so many rooms, at least one if any is large enough."""
    rooms_of = np.bincount(city.places.room_building, minlength=city.places.buildings)
    lived_in = np.bincount(
        city.places.room_building[city.people.room_head >= 0], minlength=city.places.buildings
    )
    able = np.flatnonzero((rooms_of >= fewest_rooms) & (lived_in >= fewest_rooms))
    return random.permutation(able)[: 1 + city.places.rooms // ROOMS_A_STORY]


def new_cards(city: City) -> Extract:
    """Door cards of a building into which many have just moved: holders whom no register knows there."""
    desk = _Desk(city, "new_cards")
    homes = city.people.room_head >= 0
    room = np.concatenate(
        [
            np.flatnonzero((city.places.room_building == building) & homes)[:CARDS_A_BUILDING]
            for building in _story_buildings(city, desk.random, fewest_rooms=CARDS_A_BUILDING)
        ]
        or [np.zeros(0, np.int64)]
    )
    adults = np.flatnonzero((city.people.age >= ADULT) & (city.people.room >= 0))
    person = desk.random.permutation(adults)[: len(room)]
    rows = len(room)
    written = desk.places(room, REGISTER_HABIT)
    phones, _ = desk.phones(person, missing=0.0)
    columns = {
        "持卡人": desk.names(person),
        "手机号": phones,
        "房号": written.texts,
        "办理时间": dates_text(city.as_of_day - desk.random.integers(0, 20, rows), "y-m-d"),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=person,
        firm=_none(rows),
    )


def grid_reports(city: City) -> Extract:
    """What grid workers passed on of one building after another: many rooms, one nuisance, no caller."""
    desk = _Desk(city, "grid_reports")
    buildings = _story_buildings(city, desk.random, fewest_rooms=REPORTS_A_BUILDING)
    parts = [
        np.flatnonzero(city.places.room_building == one)[:REPORTS_A_BUILDING] for one in buildings
    ]
    room = np.concatenate(parts or [np.zeros(0, np.int64)])
    rows = len(room)
    nuisance = desk.random.integers(0, len(words.REQUESTS), len(parts))
    kind = np.repeat(nuisance, [len(part) for part in parts]).astype(np.int64)
    written = desk.places(room, REGISTER_HABIT)
    columns = {
        "工单号": glue("上报-", digits(_serials(desk.random, rows) * 7 + 13, width=9)),
        "受理时间": dates_text(city.as_of_day - desk.random.integers(0, 60, rows), "y-m-d"),
        "诉求内容": glue(written.texts, pick([text for text, _ in words.REQUESTS], kind)),
        "分类": pick([label for _, label in words.REQUESTS], kind),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=_none(rows),
        firm=_none(rows),
        quoted=frozenset({"诉求内容"}),
    )


def elder_classes(city: City) -> Extract:
    """Who signed up for the classes of the aged; now and then with a birthday typed a month off."""
    desk = _Desk(city, "elder_classes")
    people = city.people
    person = desk.sample(np.flatnonzero((people.age >= 60) & (people.room >= 0)), 0.25)
    rows = len(person)
    numbers, _ = desk.numbers(person, missing=0.0)
    phones, _ = desk.phones(person, missing=0.1)
    is_wrong = desk.random.random(rows) < 0.06
    born = people.birth_day[person] + np.where(is_wrong, 31, 0)
    columns = {
        "姓名": desk.names(person),
        "证件号": numbers,
        "出生日期": dates_text(born, "y-m-d"),
        "手机": phones,
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=repeat("", rows),
        person=person,
        firm=_none(rows),
    )


CARE_SERVICES = ("漏水提醒", "平安提醒", "上门送件")


def _asked_for_care(city: City) -> tuple[np.ndarray, np.ndarray]:
    """The rooms whose head asked for one of the services, and for which."""
    random = stream(city.seed, city.profile.key, "asked_for_care")
    people = city.people
    lived_in = np.flatnonzero(people.room_head >= 0)
    room = lived_in[random.random(len(lived_in)) < 0.02]
    return room, draw(random, [3, 3, 2], len(room))


def care_consents(city: City) -> Extract:
    """Who asked for which reminder or service (care zone): whoever took it back is on the list no more."""
    desk = _Desk(city, "care_consents")
    people = city.people
    room, service = _asked_for_care(city)
    person = people.room_head[room].astype(np.int64)
    rows = len(room)
    written = desk.places(room, REGISTER_HABIT)
    numbers, _ = desk.numbers(person, missing=0.02)
    columns = {
        "姓名": desk.names(person),
        "证件号": numbers,
        "住址": written.texts,
        "开通项目": pick(CARE_SERVICES, service),
        "开通日期": dates_text(desk.days(rows, years=2, newest=40), "y-m-d"),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=person,
        firm=_none(rows),
    )


def care_signals(city: City) -> Extract:
    """Homes whose reminder is on (care zone): one bit as the utility worked it out; some of homes that never asked."""
    desk = _Desk(city, "care_signals")
    asked, service = _asked_for_care(city)
    is_reminder = service < 2
    is_on = is_reminder & (desk.random.random(len(asked)) < 0.25)
    strays = desk.sample(np.flatnonzero(city.people.room_head >= 0), 0.001)
    room = np.r_[asked[is_on], strays]
    kind = np.r_[service[is_on], desk.random.integers(0, 2, len(strays))]
    rows = len(room)
    written = desk.places(room, REGISTER_HABIT)
    raised = city.as_of_day - desk.random.integers(0, 14, rows)
    columns = {
        "用水地址": written.texts,
        "提醒种类": pick(CARE_SERVICES, kind),
        "亮起日期": dates_text(raised, "y-m-d"),
    }
    return Extract(
        name=desk.name,
        columns=columns,
        room_codes=written.codes,
        person=_none(rows),
        firm=_none(rows),
    )


MAKERS = {
    maker.__name__: maker
    for maker in (
        *(police_residents, housing_ownership, rental_filings, business_registry),
        *(social_insurance, water_usage, access_cards, hotline_requests),
        *(disability_cards, inspections, transit_list),
        *(inspection_classes, occupancy_limits, birth_declarations, care_consents, care_signals),
        *(new_firms, new_cards, grid_reports, elder_classes),
    )
}
