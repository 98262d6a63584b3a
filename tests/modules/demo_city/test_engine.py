"""The generator's pure parts: the ceiling, the writers, the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pytest
from python_calamine import CalamineWorkbook

from kuai.demo_city import package_files
from kuai.demo_city.engine.ceiling import linkage_ceiling
from kuai.demo_city.engine.extracts import Evidence
from kuai.demo_city.engine.numbers import body_number, identity_numbers
from kuai.demo_city.engine.places import lay_out
from kuai.demo_city.engine.vocabulary import chinese_number
from kuai.demo_city.package_files import SheetHead, write_csv_parts, write_sheet
from kuai.kit.identity_numbers import check_character


@dataclass
class FewPeople:
    """Stands for People where only keys of identity matter."""

    name_key: np.ndarray
    phone: np.ndarray
    birth_day: np.ndarray


def rows_of(*persons: int, number: bool = False, room: list[int] | None = None) -> Evidence:
    """Rows that hold a name, and what is said."""
    total = len(persons)
    nothing = np.zeros(total, bool)
    rooms = np.array(room if room is not None else [-1] * total)
    return Evidence(
        person=np.array(persons),
        number=np.full(total, number),
        phone=nothing,
        birth_date=nothing,
        room=rooms,
        building=np.full(total, -1),
    )


def people(*names: int) -> FewPeople:
    total = len(names)
    return FewPeople(np.array(names), np.arange(total) + 10**10, np.arange(total))


def test_rows_with_numbers_can_all_be_joined() -> None:
    ceiling = linkage_ceiling([rows_of(0, 0, 1, 1, number=True)], people(7, 7))
    assert (ceiling.precision, ceiling.recall, ceiling.f1) == (1, 1, 1)


def test_a_name_nobody_else_carries_is_enough() -> None:
    assert linkage_ceiling([rows_of(0, 0, 1)], people(7, 8)).f1 == 1


def test_namesakes_without_anything_else_are_lost_or_guessed_at_a_price() -> None:
    with_number = rows_of(0, 0, 0, 1, 1, number=True)
    bare = rows_of(0, 1)
    ceiling = linkage_ceiling([with_number, bare], people(7, 7))
    assert ceiling.lone_mentions == 2
    assert ceiling.f1 < 1


def test_a_shared_room_tells_namesakes_of_different_rooms_apart() -> None:
    rooms = rows_of(0, 0, 1, 1, room=[5, 5, 6, 6])
    assert linkage_ceiling([rooms], people(7, 7)).f1 == 1


def test_a_chain_of_keys_joins_rows_that_share_none() -> None:
    numbered = rows_of(0, 0, 1, number=True, room=[-1, 5, 9])
    at_home = rows_of(0, 1, room=[5, 9])
    assert linkage_ceiling([numbered, at_home], people(7, 7)).recall == 1


def test_check_characters_agree_with_the_kit() -> None:
    random = np.random.default_rng(1)
    days = random.integers(-10_000, 20_000, 500)
    body = body_number(random.integers(0, 20, 500), days, random.integers(0, 1000, 500))
    for number, written in zip(body.tolist(), identity_numbers(body).to_pylist(), strict=True):
        assert written == f"{number}{check_character(str(number))}"


@pytest.mark.parametrize(
    ("number", "text"), [(1, "一"), (10, "十"), (15, "十五"), (20, "二十"), (32, "三十二")]
)
def test_floors_are_counted_as_offices_do(number: int, text: str) -> None:
    assert chinese_number(number) == text


@pytest.mark.parametrize("rooms", [200, 501, 4000, 30_011])
def test_the_ground_has_exactly_the_rooms_asked_for(rooms: int) -> None:
    places = lay_out(rooms, seed=11)
    assert places.rooms == rooms
    assert np.bincount(places.room_building).min() >= 1
    assert places.room_number.max() < 4000
    assert places.grid_number.max() <= 99
    spots = np.c_[places.room_building, places.room_unit, places.room_number]
    assert len(np.unique(spots, axis=0)) == rooms


def test_a_file_over_the_limit_is_delivered_in_parts_each_with_headings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_files, "ROWS_A_CSV_PART", 3)
    column = pa.array([f"第{i}行" for i in range(7)])
    names = write_csv_parts(tmp_path, "rows.csv", {"行": column}, encoding="gb18030")
    assert names == ["rows-1.csv", "rows-2.csv", "rows-3.csv"]
    parts = [(tmp_path / name).read_text(encoding="gb18030").split() for name in names]
    assert [part[0] for part in parts] == ["行"] * 3
    assert [row for part in parts for row in part[1:]] == column.to_pylist()


def test_a_sheet_is_read_alike_by_two_readers(tmp_path: Path) -> None:
    path = tmp_path / "sheet.xlsx"
    head = SheetHead("名单(内部资料)", ("姓名", "号码", "面积"), (("人", 2), ("房", 1)))
    columns = [pa.array(["陈一", "李 二"]), pa.array(["", "0123"]), pa.array([12.5, 80.0])]
    write_sheet(path, head, columns)
    sheet = openpyxl.load_workbook(path).active
    assert sorted(str(span) for span in sheet.merged_cells.ranges) == ["A1:C1", "A2:B2"]
    seen = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert seen == [
        ["名单(内部资料)", "", ""],
        ["人", "", "房"],
        ["姓名", "号码", "面积"],
        ["陈一", "", 12.5],
        ["李 二", "0123", 80],
    ]
    assert CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python() == seen
