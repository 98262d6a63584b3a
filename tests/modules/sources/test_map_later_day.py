"""A later day: what is mapped already reads as if mapped anew that day, and its file is not opened for it."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from kuai.sources import mapping_steps
from tests.modules.sources.map_builders import an_id, map_rows, read_rows

HEADINGS = ["姓名", "性别", "身份证号码", "出生日期", "现住地址", "登记日期"]
FIRST = date(2026, 11, 22)


def born_about(dice: random.Random, first: date) -> date:
    """Near a bound: today, 14 years ago, 150 years ago; or anywhere."""
    near = dice.choice([first, first.replace(year=first.year - 14), date(first.year - 150, 12, 30)])
    return dice.choice([near, near, date(1980, 5, 1)]) + timedelta(days=dice.randint(-9, 40))


def residents(dice: random.Random, first: date) -> list[list[str]]:
    rows = []
    for serial in range(30):
        born = born_about(dice, first)
        written = dice.choice([f"{born:%Y-%m-%d}", f"{born:%Y年%m月}", f"{born:%Y}", ""])
        number = an_id(serial, born=f"{born:%Y%m%d}") if dice.random() < 0.7 else ""
        rows.append([f"张{serial}", "女", number, written, f"一巷{serial}号101", "2024-05-01"])
    return rows


def read_all(mentions) -> dict[str, bytes]:
    return {name: ref.paths[0].read_bytes() for name, ref in mentions.tables.items()}


@pytest.mark.parametrize("seed", [0, 2, 6])
def test_the_tables_of_a_later_day_are_those_mapped_anew(store, seed: int) -> None:
    dice = random.Random(seed)
    rows = residents(dice, FIRST)
    day = FIRST
    map_rows(store, HEADINGS, rows, as_of=day)
    for _ in range(3):
        day += timedelta(days=dice.choice([1, 1, 7, 40]))
        mentions, receipt = map_rows(store, HEADINGS, rows, as_of=day)
        before = read_all(mentions)
        (mentions.folder / "map.json").unlink()
        again, told = map_rows(store, HEADINGS, rows, as_of=day)
        assert read_all(again) == before
        assert (told, again.as_of) == (receipt, mentions.as_of)


def test_a_later_day_opens_no_file_unless_a_birth_is_judged_otherwise(
    store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        ["张安", "男", an_id(1, born="20121130"), "", "一巷1号101", "2024-05-01"],
        ["李宁", "女", an_id(2, born="20270101"), "", "一巷2号101", "2024-05-01"],
    ]
    first, _ = map_rows(store, HEADINGS, rows, as_of=FIRST)
    assert [row["is_child_under_14"] for row in read_rows(first, "person_mention")] == [True, False]
    runs = []
    run = mapping_steps._run
    monkeypatch.setattr(mapping_steps, "_run", lambda *given: runs.append(given[0]) or run(*given))
    grown, receipt = map_rows(store, HEADINGS, rows, as_of=date(2026, 11, 30))
    assert [row["is_child_under_14"] for row in read_rows(grown, "person_mention")] == [
        False,
        False,
    ]
    assert receipt.notes["children_under_14"] == 0
    assert not runs
    born, _ = map_rows(store, HEADINGS, rows, as_of=date(2027, 1, 1))
    assert [row["id_valid"] for row in read_rows(born, "person_mention")] == [True, True]
    # An earlier day is read anew: what was believed later need not have been believed then.
    map_rows(store, HEADINGS, rows, as_of=FIRST)
    assert len(runs) == 2
