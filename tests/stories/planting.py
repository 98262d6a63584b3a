"""A town whose people are planted wherever an office might write them: a thousand numbers and names that no address,
no firm and no word contains, in their own columns, in addresses, sentences, remarks and rows that are sent back."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from kuai.kit.identity_numbers import check_character
from tests.stories import towns

PLANTED = 420
# Rare in every text of ours: a name made of them is found only where it was planted.
_FAMILIES = "亓仉佴夔妫尕逄笪郄鄢"
_GIVEN = "婞嫘彧旻昶晗曦杼枏桭楙榕沄沨洧浡淏湙滢澍炘烜煊熠玥珺琤瑄璟甯畅睿祎禛"


@dataclass(frozen=True)
class Planted:
    """One invented person: what must not be read anywhere. `known`: the row that tells of them names them too."""

    name: str
    number: str
    phone: str

    @property
    def values(self) -> tuple[str, str, str]:
        return self.name, self.number, self.phone


def invented_people(seed: int = 1204) -> list[Planted]:
    """As many people as are planted, each with a name, a number and a phone of their own."""
    dice = random.Random(seed)
    people: dict[str, Planted] = {}
    while len(people) < PLANTED:
        name = dice.choice(_FAMILIES) + "".join(dice.sample(_GIVEN, 2))
        day = f"{dice.randint(1950, 2005)}{dice.randint(1, 12):02}{dice.randint(1, 28):02}"
        body = f"4403{dice.randint(80, 99)}{day}{dice.randint(1, 998):03}"
        number = body + check_character(body)
        phone = f"1{dice.choice('67')}{dice.randint(0, 10**9 - 1):09}"
        people[name] = Planted(name, number, phone)
    return list(people.values())


def plant(town: Path, target: Path) -> Path:
    """A copy of the town's package with the invented people in its rows."""
    package = towns.copy_town(town, target)
    people = iter(invented_people())
    _plant_residents(package, [next(people) for _ in range(200)])
    _plant_leases(package, [next(people) for _ in range(80)])
    _plant_requests(package, [next(people) for _ in range(30)])
    _plant_cards(package, [next(people) for _ in range(60)])
    _plant_cared_for(package, [next(people) for _ in range(10)])
    _plant_broken_rows(package, list(people))
    return package


def _plant_residents(package: Path, people: list[Planted]) -> None:
    """In their own columns, beside their address, and in a column that nobody asked for."""
    rows = towns.read_extract(package, "police_residents")
    for place, (row, one) in enumerate(zip(rows, people, strict=False)):
        row |= {"姓名": one.name, "身份证号码": one.number, "联系电话": one.phone}
        row["现住地址"] += ("", f"（{one.name}）", f" {one.phone}", f"({one.name}{one.phone})")[
            place % 4
        ]
    for row, one in zip(rows, people, strict=False):
        row["备注"] = f"{one.name} {one.number}"
    for row in rows:
        row.setdefault("备注", "")
    towns.write_extract(package, "police_residents", rows)


def _plant_leases(package: Path, people: list[Planted]) -> None:
    rows = towns.read_extract(package, "rental_filings")
    for place, (row, one) in enumerate(zip(rows, people, strict=False)):
        role = ("出租人", "承租人")[place % 2]
        row |= {role: one.name, f"{role}证件号": one.number, f"{role}电话": one.phone}
        row["租赁房屋地址"] += f"，联系人：{one.name} 身份证{one.number}"
    towns.write_extract(package, "rental_filings", rows)


def _plant_requests(package: Path, people: list[Planted]) -> None:
    """Callers, in the number's column and in the sentence, as people write themselves and others."""
    rows = towns.read_extract(package, "hotline_requests")
    for row, one in zip(rows, people, strict=False):
        row["来电号码"] = one.phone
        row["诉求内容"] += f"。来电人：{one.name}，电话{one.phone}，证件{one.number}"
    towns.write_extract(package, "hotline_requests", rows)


def _plant_cards(package: Path, people: list[Planted]) -> None:
    rows = towns.read_extract(package, "access_cards")
    for row, one in zip(rows, people, strict=False):
        row |= {"持卡人": one.name, "手机号": one.phone}
    towns.write_extract(package, "access_cards", rows)


def _plant_cared_for(package: Path, people: list[Planted]) -> None:
    rows = towns.read_extract(package, "disability_cards")
    for row, one in zip(rows, people, strict=False):
        row |= {"姓名": one.name, "证件号": one.number}
    towns.write_extract(package, "disability_cards", rows)


def _plant_broken_rows(package: Path, people: list[Planted]) -> None:
    """Rows that are sent back: too many cells, and a formula's error beside a number."""
    resource = towns.resource_of(package, "water_usage")
    path = package / resource["path"]
    with path.open("a", encoding=resource["encoding"], newline="") as stream:
        writer = csv.writer(stream)
        for place, one in enumerate(people):
            row = ["PS" + one.phone, one.name, "#REF!", *["1"] * 6]
            writer.writerow([*row, one.number] if place % 2 else row)
