"""Invented person rows with their truth, for the linkage benchmark and for training its model.

Households with fathers and sons, brothers that share a character, twins, same-name cohabitants, movers,
owners who live elsewhere, shared and placeholder phones, placeholder and mistyped numbers, name variants.
Division codes 440380-440399 are unissued: the numbers belong to nobody.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林郑谢罗梁宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
GIVEN = (
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂文辉玲华红建国玉梅萍飞鹏波斌宇浩凯俊健峰海燕雪琳婷慧"
    "莹颖佳嘉欣怡悦子梓轩涵晨阳睿博思雨诗琪瑶梦洁晓春冬秋夏云龙虎凤祥瑞志成德福贵荣生发财宝金银铜铁锋林森"
    "木水淼江河湖山石岩松柏竹菊荷莲香馨美好善良忠孝仁义礼智信诚实真纯朴安康宁乐喜庆丰收盛昌兴旺远达通顺利"
)
WEIGHTS = np.array((7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
CHECKS = np.array(list("10X98765432"))
ROWS_A_PART = 1_000_000
ROW_GROUP_ROWS = 122_880
DEPARTMENTS = ("police", "ownership", "rental", "insurance", "water", "access")
ROLES = {"ownership": "owner", "water": "account_holder", "rental": "tenant"}
# Which columns a department delivers: number, phone, birth date and sex, room.
EASY = {
    "police": "number phone birth room",
    "ownership": "number room",
    "rental": "number phone room",
    "insurance": "number",
    "water": "room",
    "access": "phone room",
}
HARD = {
    "police": "number birth room",
    "rental": "phone room",
    "insurance": "number phone",
    "access": "phone birth",
}


@dataclass(frozen=True)
class Persons:
    """The invented people, column by column."""

    name: np.ndarray
    number: np.ndarray
    birth: np.ndarray
    male: np.ndarray
    phone: np.ndarray
    room: np.ndarray
    adult: np.ndarray
    # For each household, in the order of its first member: that member and the owner of its room.
    head: np.ndarray
    owner: np.ndarray


@dataclass(frozen=True)
class Part:
    """Which of how many districts a call invents: so that a city larger than memory is written in parts whose
    rooms, phones and numbers are their own while names and birth dates are everybody's."""

    place: int = 0
    count: int = 1


def invent_persons(count: int, rng: np.random.Generator, part: Part = Part()) -> Persons:
    """People in households of about 2.4, twelve rooms a building."""
    household = np.sort(rng.integers(0, max(1, int(count / 2.4)), count))
    place = np.arange(count) - np.searchsorted(household, household)
    head = np.searchsorted(household, household)
    surnames, given = np.array(list(SURNAMES)), np.array(list(GIVEN))
    weight = 1 / (np.arange(len(surnames)) + 4)
    surname = rng.choice(len(surnames), count, p=weight / weight.sum())
    kin = (place >= 2) | ((place == 1) & (rng.random(count) < 0.1))
    surname[kin] = surname[head[kin]]
    weight = 1 / (np.arange(len(given)) + 12)
    first = rng.choice(len(given), count, p=weight / weight.sum())
    second = rng.choice(len(given), count, p=weight / weight.sum())
    short = rng.random(count) < 0.14
    siblings = (place >= 3) & (rng.random(count) < 0.4)
    before = np.maximum(np.arange(count) - 1, 0)
    first[siblings] = first[before[siblings]]
    short[siblings] = short[before[siblings]]
    name = np.char.add(surnames[surname], given[first])
    name = np.where(short, name, np.char.add(name, given[second]))
    day = rng.integers(
        np.datetime64("1945-01-01").astype(int), np.datetime64("2003-01-01").astype(int), count
    )
    child = place >= 2
    day[child] = rng.integers(
        np.datetime64("2003-01-01").astype(int),
        np.datetime64("2025-01-01").astype(int),
        child.sum(),
    )
    twins = (place >= 3) & (rng.random(count) < 0.03)
    day[twins] = day[before[twins]]
    namesake = (place >= 1) & (rng.random(count) < 0.0005)
    name[namesake] = name[head[namesake]]
    male = rng.random(count) < 0.53
    birth = day.astype("datetime64[D]")
    number = _numbers(day, male, part, rng)
    phone = 13_000_000_000 + rng.permutation(count * 5)[:count] * 400 % 6_999_999_999
    phone = (phone + part.place).astype(str)
    minor = place >= 2
    phone[minor] = phone[head[minor]]
    room = room_codes(household + part.place * (count // 12 + 1) * 12)
    heads = np.unique(head)
    owner = np.where(rng.random(len(heads)) < 0.6, heads, rng.choice(heads, len(heads)))
    return Persons(name, number, birth, male, phone, room, ~minor, heads, owner)


def _numbers(day: np.ndarray, male: np.ndarray, part: Part, rng: np.random.Generator) -> np.ndarray:
    sequence = rng.integers(0, 500, len(day)) * 2 + male
    division = rng.integers(0, 20, len(day))
    if part.count > 1:
        division, sequence = _own_numbers(day, male, part)
    text = np.char.replace(day.astype("datetime64[D]").astype(str), "-", "")
    body = np.char.add(
        np.char.add((440380 + division).astype(str), text),
        np.char.zfill(sequence.astype(str), 3),
    )
    return with_check(body)


def _own_numbers(day: np.ndarray, male: np.ndarray, part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Division and sequence such that no two people of all parts share a number."""
    born = day * 2 + male
    order = np.argsort(born, kind="stable")
    ordered = born[order]
    rank = np.empty(len(born), np.int64)
    rank[order] = np.arange(len(born)) - np.searchsorted(ordered, ordered)
    # Because 7919 and 10,000 have no factor in common, different places stay different.
    slot = (rank * part.count + part.place) * 7919 % 10_000
    return slot // 500, slot % 500 * 2 + male


def room_codes(serial: np.ndarray) -> np.ndarray:
    """25-digit room codes, twelve to a building."""
    building = np.char.zfill((serial // 12).astype(str), 10)
    return np.char.add(
        np.char.add("440309001", building), np.char.zfill((serial % 12 + 1).astype(str), 6)
    )


def with_check(body: np.ndarray) -> np.ndarray:
    """17-digit bodies with their check character."""
    digits = body.astype("U17").view(np.uint32).reshape(len(body), 17) - 48
    return np.char.add(body, CHECKS[(digits * WEIGHTS).sum(axis=1) % 11])


def write_rows(
    rows_file: Path, truth_file: Path, *, rows: int, seed: int, profile: str = "easy"
) -> int:
    """`invent_rows` in parts of a million, rows and their truth in two files; returns how many were written."""
    part_rows = min(rows, ROWS_A_PART)
    parts = max(1, rows // part_rows)
    written = 0
    with ExitStack() as stack:
        files: dict[Path, pq.ParquetWriter] = {}
        for place in range(parts):
            table = invent_rows(part_rows, seed=seed, profile=profile, part=Part(place, parts))
            numbers = np.arange(len(table)) + written
            table = table.set_column(
                table.column_names.index("row_id"), "row_id", pa.array(numbers.astype(str))
            )
            truth = pc.add(table["truth"], place * part_rows)
            table = table.set_column(table.column_names.index("truth"), "truth", truth)
            for target, columns in (
                (rows_file, [name for name in table.column_names if name != "truth"]),
                (truth_file, ["row_id", "truth"]),
            ):
                content = table.select(columns)
                if target not in files:
                    files[target] = stack.enter_context(pq.ParquetWriter(target, content.schema))
                files[target].write_table(content, row_group_size=ROW_GROUP_ROWS)
            written += len(table)
    return written


def invent_rows(rows: int, *, seed: int, profile: str = "easy", part: Part = Part()) -> pa.Table:
    """About `rows` person rows: row_id, source, name, id_number, birth_date, sex, phone, room_code, truth."""
    rng = np.random.default_rng(seed if part.count == 1 else (seed, part.place))
    people = invent_persons(int(rows / 2.3), rng, part)
    delivers = HARD if profile == "hard" else EASY
    parts = [_delivery(people, source, columns, rng) for source, columns in delivers.items()]
    table = pa.concat_tables(parts)
    table = table.take(pa.array(rng.permutation(len(table))[: min(rows, len(table))]))
    return table.append_column("row_id", pa.array(np.arange(len(table)).astype(str)))


def _who_and_where(
    people: Persons, source: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Who is named by a source, and whose home is the room it names: owners may live elsewhere."""
    if source in ("ownership", "water"):
        named = (
            people.owner
            if source == "ownership"
            else np.where(rng.random(len(people.head)) < 0.7, people.owner, people.head)
        )
        kept = rng.random(len(named)) < 0.8
        return named[kept], people.head[kept]
    share = {"police": 0.85, "rental": 0.4, "insurance": 0.5, "access": 0.4}[source]
    wanted = rng.random(len(people.name)) < share
    if source != "police":
        wanted &= people.adult | (
            rng.random(len(people.name)) < (0.15 if source == "access" else 0.0)
        )
    who = np.flatnonzero(wanted)
    who = np.concatenate([who, who[rng.random(len(who)) < 0.02]])
    return who, who


def _delivery(people: Persons, source: str, columns: str, rng: np.random.Generator) -> pa.Table:
    count = len(people.name)
    who, home = _who_and_where(people, source, rng)
    n = len(who)
    blank = np.full(n, None, dtype=object)
    number = _mistype_numbers(people.number[who], rng) if "number" in columns else blank
    phone = people.phone[who].astype(object)
    phone[rng.random(n) < 0.05] = None
    phone[rng.random(n) < 0.01] = "13800138000"
    room = people.room[home].astype(object)
    moved = rng.random(n) < (0.08 if source in ("police", "insurance") else 0.03)
    room[moved] = people.room[rng.integers(0, count, moved.sum())]
    vague = rng.random(n) < 0.05
    room[vague] = None
    birth = people.birth[who].astype(object)
    sex = np.where(people.male[who], "1", "2").astype(object)
    return pa.table(
        {
            "source": pa.array([source] * n),
            "role": pa.array([ROLES.get(source, "subject")] * n),
            "name": pa.array(_mistype_names(people.name[who], rng)),
            "id_number": pa.array(number, pa.string()),
            "birth_date": pa.array(birth if "birth" in columns else blank, pa.date32()),
            "sex": pa.array(sex if "birth" in columns else blank, pa.string()),
            "phone": pa.array(phone if "phone" in columns else blank, pa.string()),
            "room_code": pa.array(room if "room" in columns else blank, pa.string()),
            "truth": pa.array(who),
        }
    )


def _mistype_numbers(number: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n = len(number)
    points = number.astype("U18").view(np.uint32).reshape(n, 18).copy()
    slip = np.flatnonzero(rng.random(n) < 0.015)
    place = rng.integers(0, 17, len(slip))
    points[slip, place] = 48 + (points[slip, place] - 48 + rng.integers(1, 10, len(slip))) % 10
    swap = np.flatnonzero(rng.random(n) < 0.01)
    place = rng.integers(0, 16, len(swap))
    points[swap, place], points[swap, place + 1] = (
        points[swap, place + 1],
        points[swap, place].copy(),
    )
    written = points.view("U18").reshape(n).astype(object)
    written[rng.random(n) < 0.03] = None
    written[rng.random(n) < 0.01] = "111111111111111111"
    lower = rng.random(n) < 0.02
    written[lower] = [value.lower() if value else value for value in written[lower]]
    return written


def _mistype_names(name: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    written = name.astype(object)
    spaced = np.flatnonzero(rng.random(len(name)) < 0.01)
    written[spaced] = [value[0] + " " + value[1:] for value in written[spaced]]
    wrong = np.flatnonzero(rng.random(len(name)) < 0.012)
    written[wrong] = [value[:-1] + GIVEN[rng.integers(0, len(GIVEN))] for value in written[wrong]]
    return written


def building_of(table: pa.Table) -> pa.ChunkedArray:
    """Building codes (19 digits) of a table's rooms."""
    return pc.utf8_slice_codeunits(table["room_code"], 0, 19)
