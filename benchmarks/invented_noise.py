"""A second invented town for linkage, of other habits than the demo city's, so that rules are not tuned to ourselves.

Errors that come in families: 15-digit numbers, digits read wrongly by a scanner (0 and O, 1 and 7, 8 and B), rare
characters shown as a question mark or a stroke, transliterated names with every dot there is, 又名, traditional and
full-width writing, blanks at the end of numbers, children filed under a parent's phone, twins with consecutive
numbers, phones handed on between deliveries, a landlord's phone on many filings, birth dates 1900-01-01 and
1970-01-01, fixed lines, near namesakes under one roof, wives under the husband's name (王陈氏), foreigners in capitals.
Each row says which families it carries. Division codes 440380-440399 are unissued: the numbers belong to nobody.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kuai.kit.identity_numbers import check_character

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
# Given names as they cluster in life: fashions of a generation, and a long tail.
FASHIONS = {
    1940: ("秀英", "桂英", "玉兰", "建国", "志强", "淑珍", "国强", "德华", "桂兰", "文"),
    1970: (
        "伟",
        "芳",
        "勇",
        "丽",
        "军",
        "静",
        "艳",
        "强",
        "敏",
        "磊",
        "海燕",
        "建军",
        "红梅",
        "志刚",
    ),
    1990: ("婷", "浩", "鑫", "雪", "宇", "佳", "俊杰", "婷婷", "丹丹", "鹏飞", "思雨", "超"),
    2005: ("子涵", "梓轩", "雨桐", "欣怡", "浩然", "宇轩", "一诺", "梓涵", "诗涵", "思远"),
}
TAIL = "安邦昌典恩福贡和吉景康乐茂宁培勤荣善泰望贤祥彦益永元泽哲震智忠卓尧舜禹岚岱岳川沅湘淮渭汐沁沐淳湛澄烨炜煜熠璇玥"
RARE = "䶮玊喆堃囍淼垚犇骉翀"
TRADITIONAL = dict(
    zip(
        "张刘陈杨黄赵吴孙马罗郑谢许韩冯邓叶苏卢华国强伟军丽兰飞凤龙云",
        "張劉陳楊黃趙吳孫馬羅鄭謝許韓馮鄧葉蘇盧華國強偉軍麗蘭飛鳳龍雲",
        strict=True,
    )
)
DOTS = ("·", "•", "・", ".", "．", "‧", " ", "")
SCANNED = {"0": "O", "1": "7", "8": "B", "5": "S", "6": "G", "3": "8"}
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
# What an office delivers: number, phone, birth date and sex, room.
OFFICES = {
    "police": "number birth room",
    "clinic": "number phone birth",
    "school": "birth phone room",
    "rental": "phone room",
    "owners": "number room",
    "pension": "number phone",
    "gate": "phone room",
}
ROLES = {"owners": "owner", "rental": "tenant"}
AGENT_PHONE = "13900001111"


@dataclass
class Person:
    """One invented person."""

    key: int
    name: str
    born: str
    male: bool
    number: str
    phone: str
    room: str
    old_room: str = ""
    families: set[str] = field(default_factory=set)


def invent_town(people: int, *, seed: int) -> list[dict[str, Any]]:
    """Rows as `kuai link` reads them, with `truth` and `families`."""
    rng = random.Random(seed)
    town = list(_people(people, rng))
    rows = []
    for office, columns in OFFICES.items():
        for person in town:
            share = {"school": 0.9 if person.born > "2004" else 0.0, "police": 0.9}.get(
                office, 0.35
            )
            if rng.random() < share:
                rows.append(_row(person, office, columns.split(), rng))
    rng.shuffle(rows)
    for place, row in enumerate(rows):
        row["row_id"] = f"{place:07d}"
    return rows


def _people(count: int, rng: random.Random) -> Iterator[Person]:
    made, household = 0, 0
    while made < count:
        household += 1
        family = _household(household, made, rng)
        made += len(family)
        yield from family


def _household(serial: int, first: int, rng: random.Random) -> list[Person]:
    room = f"440309002{serial // 40:010d}{serial % 40 + 1:06d}"
    size = rng.choices((1, 2, 3, 4, 5), (30, 25, 25, 15, 5))[0]
    surname = rng.choice(SURNAMES)
    family: list[Person] = []
    for place in range(size):
        year = rng.randint(1945, 1998) if place < 2 else rng.randint(2000, 2021)
        own = surname if place != 1 else rng.choice(SURNAMES)
        family.append(_person(first + place, own, year, room, rng))
    if size >= 4 and rng.random() < 0.15:
        _make_twins(family[2], family[3])
    if size >= 2 and rng.random() < 0.01:
        family[1].name, family[1].male = family[0].name, family[0].male
        family[1].families.add("namesake_cohabitants")
        family[0].families.add("namesake_cohabitants")
    if size >= 3 and rng.random() < 0.1:
        family[2].name = family[0].name[:2] + rng.choice(TAIL)
        family[2].families.add("father_and_son")
        family[0].families.add("father_and_son")
    for child in family[2:]:
        child.phone = family[0].phone
        child.families.add("parents_phone")
    if rng.random() < 0.04:
        family[0].old_room = f"440309002{rng.randint(0, 9999):010d}{rng.randint(1, 40):06d}"
        family[0].families.add("mover")
    return family


def _person(key: int, surname: str, year: int, room: str, rng: random.Random) -> Person:
    fashion = FASHIONS[max(since for since in FASHIONS if since <= max(year, 1940))]
    families: set[str] = set()
    if rng.random() < 0.35:
        given = rng.choice(fashion)
    else:
        given = "".join(rng.choice(TAIL) for _ in range(rng.choices((1, 2), (15, 85))[0]))
    name = surname + given
    if rng.random() < 0.01:
        name, families = surname + rng.choice(RARE) + rng.choice(TAIL), {"rare_character"}
    elif rng.random() < 0.01:
        parts = ("买买提", "阿卜杜", "古丽", "艾力", "努尔", "热合曼", "帕提古丽", "吐尔逊")
        name, families = f"{rng.choice(parts)}·{rng.choice(parts)}", {"dotted_name"}
    elif rng.random() < 0.005:
        words = ("JOHN", "MARIA", "DAVID", "ANNA", "SMITH", "GARCIA", "MULLER", "KIM")
        name, families = f"{rng.choice(words)} {rng.choice(words)}", {"foreign_name"}
    born = f"{year}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
    male = rng.random() < 0.5
    number = _number(born, rng.randint(0, 499) * 2 + male, 440380 + rng.randint(0, 19))
    return Person(key, name, born, male, number, _phone(rng), room, families=families)


def _number(born: str, sequence: int, division: int) -> str:
    body = f"{division}{born.replace('-', '')}{sequence:03d}"
    return body + check_character(body)


def _phone(rng: random.Random) -> str:
    return f"{rng.choice((154, 161, 163, 179))}{rng.randint(0, 99_999_999):08d}"


def _make_twins(elder: Person, younger: Person) -> None:
    younger.born, younger.male = elder.born, elder.male
    sequence = (int(elder.number[14:17]) + 2) % 1000
    younger.number = _number(elder.born, sequence, int(elder.number[:6]))
    younger.name = elder.name[:-1] + younger.name[-1]
    for twin in (elder, younger):
        twin.families.add("twins")


def _row(person: Person, office: str, columns: list[str], rng: random.Random) -> dict[str, Any]:
    families = set(person.families)
    number = _written_number(person, families, rng) if "number" in columns else None
    phone = _written_phone(person, office, families, rng) if "phone" in columns else None
    born = person.born if "birth" in columns else None
    if born and rng.random() < 0.02:
        born = rng.choice(("1900-01-01", "1970-01-01"))
        families.add("placeholder_birth_date")
    room = person.room
    if person.old_room and rng.random() < 0.5:
        room = person.old_room
    return {
        "source": office,
        "role": ROLES.get(office, "subject"),
        "name": _written_name(person.name, families, rng),
        "id_number": number,
        "birth_date": born,
        "sex": ("1" if person.male else "2") if "birth" in columns else None,
        "phone": phone,
        "room_code": room if "room" in columns and rng.random() > 0.06 else None,
        "truth": person.key,
        "families": sorted(families),
    }


def _written_name(name: str, families: set[str], rng: random.Random) -> str:
    chance = rng.random()
    if "rare_character" in families and chance < 0.5:
        return name[0] + rng.choice("?？□■") + name[2:]
    if "dotted_name" in families:
        return name.replace("·", rng.choice(DOTS))
    if "foreign_name" in families:
        return rng.choice((name, name.title(), name.replace(" ", "")))
    if chance < 0.02:
        families.add("traditional")
        return "".join(TRADITIONAL.get(sign, sign) for sign in name)
    if chance < 0.03:
        families.add("spaces")
        return rng.choice((" ".join(name), name[0] + "　" + name[1:], name + " "))
    if chance < 0.035:
        families.add("also_named")
        return f"{name}（又名{name[0]}{rng.choice(TAIL)}）"
    if chance < 0.05:
        families.add("name_slip")
        at = rng.randrange(len(name))
        return name[:at] + rng.choice(TAIL) + name[at + 1 :]
    return name


def _written_number(person: Person, families: set[str], rng: random.Random) -> str | None:
    number, chance = person.number, rng.random()
    if chance < 0.04:
        return None
    if chance < 0.05:
        families.add("placeholder_number")
        return rng.choice(("111111111111111111", "440300190001010000", "不详"))
    if chance < 0.07 and person.born < "1985":
        families.add("fifteen_digits")
        return number[:6] + number[8:17]
    if chance < 0.09:
        families.add("scanned")
        at = rng.choice([n for n, sign in enumerate(number) if sign in SCANNED] or [6])
        return number[:at] + SCANNED.get(number[at], number[at]) + number[at + 1 :]
    if chance < 0.11:
        families.add("swapped_digits")
        at = rng.randrange(6, 16)
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if chance < 0.13:
        families.add("spelled_number")
        return rng.choice((number + "  ", number.translate(WIDE), f"'{number}", number.lower()))
    return number


def _written_phone(person: Person, office: str, families: set[str], rng: random.Random) -> str:
    chance = rng.random()
    if office == "rental" and chance < 0.03:
        families.add("landlords_phone")
        return AGENT_PHONE
    if chance < 0.02:
        families.add("placeholder_phone")
        return "13800138000"
    if chance < 0.04:
        families.add("recycled_phone")
        # A number that served somebody else before: one of few, so that it meets its other holder.
        return f"15400{rng.randint(0, 400):06d}"
    if chance < 0.06:
        families.add("fixed_line")
        return f"0755-2{person.key % 1000000 + 1000000:07d}"
    return rng.choice((person.phone, person.phone, f"+86 {person.phone}", f"{person.phone} "))
