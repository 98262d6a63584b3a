"""Type-ahead: characters, pinyin, initials and mixtures find the same house; one slip is forgiven, a digit never."""

from __future__ import annotations

import sqlite3
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.address.places import Places, open_places, write_side_file
from kuai.address.reading import library_table, read_delivered_library
from kuai.address.suggesting.answers import Suggestion
from kuai.address.suggesting.finding import Typeahead
from kuai.kit.engine import engine
from kuai.kit.errors import Refusal
from kuai.kit.readings import pinyin_spellings, units_of
from tests.modules.address.builders import LibraryBuilder, floors, invented_table


@cache
def entries() -> pa.Table:
    """The invented district, and roads whose names are read in two ways."""
    library = LibraryBuilder()
    district = library.district("青湾区")
    street = library.subdistrict(district, "松涛街道")
    grid = library.community(street, "石桥社区")
    for number in (2, 12, 38, 120, 121):
        library.building(grid, f"金华路{number}号", floors(3, 2))
    for own in ("长岭陂路5号", "重庆路8号", "厦村三巷6号", "绿景苑3栋", "坂田大道1号", "葵涌路7号"):
        library.building(grid, own, floors(2, 2))
    table = invented_table().to_pylist()
    rows = library.table().to_pylist()
    # The second library under codes of its own.
    renamed = [
        {name: value.replace("440301", "440302") for name, value in row.items()} for row in rows
    ]
    joined = pa.Table.from_pylist(table + renamed)
    return library_table(read_delivered_library(joined))


@cache
def typeahead() -> Typeahead:
    folder = Path(mkdtemp(prefix="kuai-suggest-"))
    return Typeahead(write_side_file(folder / "suggest.sqlite3", entries()))


def found(text: str, *, within: str = "", limit: int = 10) -> list[Suggestion]:
    return list(typeahead().suggest(text, within=within, limit=limit))


def labels(text: str, **more: str) -> list[str]:
    return [line.label for line in found(text, **more)]


@pytest.mark.parametrize(
    "typed",
    [
        "jhl12", "JHL12", "jinhualu12", "金华l12", "金华路12", "金华路12号", "金hualu12", "jinhl12", "金h路12号",
        "ｊｈｌ１２", "jhl 12", "金华路 12 号", "青湾区金华路12号", "深圳市青湾区松涛街道石桥社区金华路12号",
    ],
)  # fmt: skip
def test_however_it_is_typed_the_house_comes_first(typed: str) -> None:
    lines = found(typed)
    assert (lines[0].step, lines[0].label) == ("building", "金华路12号")


def test_a_number_not_finished_offers_what_begins_so_the_exact_one_first() -> None:
    assert labels("jhl12") == ["金华路12号", "金华路120号", "金华路121号"]
    assert labels("jhl1")[0] == "金华路12号"


@pytest.mark.parametrize(
    ("typed", "house"),
    [
        ("clp5", "长岭陂路5号"), ("zlb5", "长岭陂路5号"), ("changlingpi5", "长岭陂路5号"),
        ("cql8", "重庆路8号"), ("zhongqing8", "重庆路8号"), ("xc3x6", "厦村三巷6号"), ("shacun3x6", "厦村三巷6号"),
        ("lvjing3", "绿景苑3栋"), ("lujing3", "绿景苑3栋"), ("bantian1", "坂田大道1号"), ("kcl7", "葵涌路7号"),
        ("kyl7", "葵涌路7号"),
    ],
)  # fmt: skip
def test_both_readings_of_a_character_lead_there(typed: str, house: str) -> None:
    assert house in labels(typed)


@pytest.mark.parametrize(
    ("typed", "house"),
    [
        ("锦兰花园2", "望潮二路220号锦澜花园2栋"), ("石桥老春三巷15", "石桥老村三巷15号"),
        ("石老村三巷15", "石桥老村三巷15号"), ("石桥的老村三巷15", "石桥老村三巷15号"), ("jinghualu12", "金华路12号"),
        ("jinhaulu12", "金华路12号"), ("jinhulu12", "金华路12号"),
    ],
)  # fmt: skip
def test_one_slip_is_forgiven_and_said(typed: str, house: str) -> None:
    lines = [line for line in found(typed) if line.label == house]
    assert lines, labels(typed)
    assert lines[0].why == "差一个字"


def test_a_digit_is_never_a_slip() -> None:
    for typed in ("石桥老村四巷15", "jhl99"):
        lines = found(typed)
        assert all("没有这个号" in line.why for line in lines)
    assert {line.label for line in lines} >= {"金华路2号", "金华路12号"}


@pytest.mark.parametrize(
    "typed",
    ["wcel220hjlhy1", "望潮二路220号锦澜花园1栋", "jlhy1", "wcel220jlhy1", "望潮2路220锦澜1"],
)
def test_doorplate_and_estate_lead_to_one_tower(typed: str) -> None:
    assert labels(typed)[0] == "望潮二路220号锦澜花园1栋"


def test_one_character_is_enough_and_areas_come_first() -> None:
    lines = found("石")
    assert lines[0].step == "community"
    assert {"石桥村", "石桥老村三巷"} <= {line.label for line in lines}
    assert found("s")[0].step == "subdistrict"


def test_from_the_building_one_goes_on_by_staircase_floor_and_room() -> None:
    building = found("jlhy2")[0]
    assert building.next_step == "staircase"
    stairs = found("", within=building.within)
    assert [line.label for line in stairs] == ["1单元", "2单元"]
    rooms = found("", within=stairs[1].within)
    assert rooms[0].label == "2单元101"
    assert all(room.step == "room" and room.code for room in rooms)
    tower = found("qmds")[0]
    assert tower.next_step == "floor"
    storeys = found("", within=tower.within)
    assert storeys[4].label == "5层"
    assert [room.label for room in found("", within=storeys[4].within)] == [
        "501房",
        "502房",
        "503房",
    ]


def test_a_room_is_found_from_the_top_and_from_inside() -> None:
    building = found("jlhy2")[0]
    assert [r.label for r in found("1202", within=building.within)] == ["1单元1202", "2单元1202"]
    assert [r.label for r in found("2-1202", within=building.within)] == ["2单元1202"]
    assert found("锦澜花园2栋2单元1202")[0].code == found("jlhy2-2-1202")[0].code
    assert found("白鹭路317号3")[0].label == "3号铺"


def test_within_an_area_only_its_own_are_offered() -> None:
    assert labels("jhl12", within="440302")
    assert labels("jhl12", within="440301") == []
    assert {line.code for line in found("")} == {"440301", "440302"}
    assert [line.step for line in found("", within="440301")] == ["subdistrict", "subdistrict"]
    assert found("", within="440301001001")[0].step == "building"


def test_a_code_the_library_lacks_is_refused() -> None:
    for within in ("999999", "'; drop table name; --", "4403010010010100001~9~9~9x"):
        if within.startswith("4403"):
            assert found("", within=within) == []
            continue
        with pytest.raises(Refusal, match="没有这个编码"):
            found("x", within=within)


def test_ended_entries_are_not_offered_and_other_names_are() -> None:
    table = entries()
    codes = table["address_code"].to_pylist()
    texts = table["standard_text"].to_pylist()
    gone = next(c for c, t in zip(codes, texts, strict=True) if t.endswith("启明大厦"))
    here = next(c for c, t in zip(codes, texts, strict=True) if t.endswith("云帆公馆1栋"))
    states = ["demolished" if code == gone else "in_use" for code in codes]
    changed = table.set_column(table.column_names.index("state"), "state", pa.array(states))
    aliases = pa.table(
        {
            "address_code": [here, here, "440301002"],
            "text": ["青湾区老水塔", "青湾区旧水塔", "鹭湖镇"],
            "kind": ["vernacular"] * 3,
            "source": ["import"] * 3,
            "valid_from": pa.array([None] * 3, pa.date32()),
            "valid_to": pa.array([None, date(2020, 1, 1), None], pa.date32()),
        }
    )
    path = write_side_file(Path(mkdtemp()) / "suggest.sqlite3", changed, aliases)
    other = Typeahead(path)
    assert other.suggest("启明大厦") == ()
    assert [line.code for line in other.suggest("lst")] == [here]
    assert other.suggest("旧水塔") == ()
    assert [line.code for line in other.suggest("luhuzhen")] == ["440301002"]


def test_the_side_file_holds_the_library_alone_and_the_same_bytes_twice(tmp_path: Path) -> None:
    first = write_side_file(tmp_path / "a.sqlite3", entries())
    again = write_side_file(tmp_path / "b.sqlite3", entries())
    assert first.read_bytes() == again.read_bytes()
    with sqlite3.connect(first) as file:
        tables = {
            row[0] for row in file.execute("select name from sqlite_master where type = 'table'")
        }
    assert tables - {"sqlite_stat1"} == {"meta", "area", "name", "building", "door", "rooms"}
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.sqlite3", "b.sqlite3"]


def test_a_build_without_a_side_file_gets_one_beside_it_and_is_not_written_to(
    tmp_path: Path,
) -> None:
    core = tmp_path / "builds" / "b-1" / "core"
    core.mkdir(parents=True)
    with engine() as connection:
        connection.register("entries", entries())
        connection.execute(
            f"copy (select * from entries) to '{core}/address_entry.parquet' (format parquet)"
        )
    places: Places = open_places(core, tmp_path / "scratch")
    assert places.suggest("jhl12")[0].label == "金华路12号"
    assert [path.name for path in core.iterdir()] == ["address_entry.parquet"]
    assert (tmp_path / "scratch" / "b-1-suggest.sqlite3").exists()
    code = places.suggest("jhl12")[0].code
    place = places.find_places([code, "1"])[code]
    assert [above.level for above in place.above] == [
        "district",
        "subdistrict",
        "community",
        "grid",
    ]
    assert places.find_places(["没有", "", "'"]) == {}


@given(st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_whatever_is_typed_there_is_an_answer(text: str) -> None:
    for line in typeahead().suggest(text.encode("utf-8", "ignore").decode(), limit=5):
        assert line.code or line.within or line.fill


@given(st.sampled_from(["jinhualu", "金华路", "石桥老村三巷", "wangchao2lu", "jlhy"]), st.data())
@settings(max_examples=100, deadline=None)
def test_typing_on_never_loses_the_way(name: str, data: st.DataObject) -> None:
    """Every beginning of a name that is found is found too."""
    end = data.draw(st.integers(1, len(name)))
    assert typeahead().suggest(name[:end])


def test_names_with_many_doubtful_characters_stay_bounded() -> None:
    assert len(pinyin_spellings(units_of("长重厦埔涌乐行朝曾大番莞会藏车"))) <= 8
