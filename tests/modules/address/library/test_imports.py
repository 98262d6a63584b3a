"""An import is planned first: what it adds, changes, ends, refuses and why; then it is applied to that version."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
import shapely
import xlsxwriter

from kuai.address import library
from kuai.address.types import EventKind, State
from kuai.kit.coordinates import gcj02_from_cgcs2000
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from tests.modules.address.deliveries import (
    Row,
    delivered_rows,
    with_changes,
    without,
    write_delivery,
)
from tests.modules.address.life.builders import EAST, GRIDS, WEST, building, room

pytestmark = pytest.mark.django_db
DAY = date(2026, 11, 1)
ROAD = "广东省深圳市青湾区松涛街道东岸社区望潮101路"


def plan(store: Store, folder: Path, rows: list[Row], **asked: object) -> library.ImportPlan:
    path = write_delivery(folder / "library.csv", rows)
    return library.plan_import(store, path, by="os:wang", day=DAY, **asked)  # type: ignore[arg-type]


def take_in(store: Store, folder: Path, rows: list[Row], **asked: object) -> library.ImportPlan:
    made = plan(store, folder, rows, **asked)
    library.apply_plan(store, made.plan_id, by="os:wang", reason="测试导入")
    return made


def reasons(made: library.ImportPlan) -> dict[str, str]:
    return {one.address_code: one.kind for one in made.conflicts}


def test_a_plan_changes_nothing_until_it_is_applied(store: Store, tmp_path: Path) -> None:
    made = plan(store, tmp_path, delivered_rows())
    assert (made.received, made.added, made.refused) == (68, 68, 0)
    assert library.open_record(store).is_empty
    receipt = library.apply_plan(store, made.plan_id, by="os:wang", reason="首次导入")
    assert receipt.kept == 68
    record = library.open_record(store)
    assert record.entry(room()).standard_text == f"{ROAD}1号101房"
    assert [one.address_code for one in record.children(GRIDS[0])] == [
        building(number=number) for number in (1, 2, 3)
    ]


def test_applying_twice_is_applying_once(store: Store, tmp_path: Path) -> None:
    made = plan(store, tmp_path, delivered_rows())
    first = library.apply_plan(store, made.plan_id, by="os:wang", reason="导入")
    again = library.apply_plan(store, made.plan_id, by="os:wang", reason="导入")
    assert first == again
    assert library.open_record(store).sequence == 1


def test_a_plan_against_an_older_version_is_refused(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    stale = plan(store, tmp_path, with_changes(delivered_rows(), building(), 用途="商铺"))
    event = library.NewEvent(EventKind.DEMOLISHED, DAY, "拆除", codes=(building(number=2),))
    library.record_event(store, event, by="os:wang")
    assert library.open_plan(stale.plan_id).is_outdated
    with pytest.raises(Refusal) as refused:
        library.apply_plan(store, stale.plan_id, by="os:wang", reason="导入")
    assert refused.value.code == "library.plan_outdated"
    assert library.open_record(store).entry(building()).use == "住宅"


def test_a_dropped_plan_stays_dropped(store: Store, tmp_path: Path) -> None:
    made = plan(store, tmp_path, delivered_rows())
    assert library.drop_plan(made.plan_id, store=store).state == "dropped"
    assert library.drop_plan(made.plan_id).state == "dropped"
    with pytest.raises(Refusal, match="丢弃"):
        library.apply_plan(store, made.plan_id, by="os:wang", reason="导入")
    assert [one.plan_id for one in library.list_plans()] == [made.plan_id]
    assert library.list_plans(open_only=True) == ()


def test_changes_are_told_value_by_value(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    rows = with_changes(delivered_rows(), building(), 用途="商铺", 标准地址=f"{ROAD}1号望潮楼")
    made = take_in(store, tmp_path, rows)
    assert {(one.column, one.old, one.new) for one in made.changes} == {
        ("用途", "住宅", "商铺"),
        ("标准地址", f"{ROAD}1号", f"{ROAD}1号望潮楼"),
    }
    assert (made.changed, made.unchanged) == (1, 67)
    record = library.open_record(store)
    assert record.entry(building()).use == "商铺"
    assert [line.text for line in record.aliases(building())] == [f"{ROAD}1号"]


def test_an_empty_cell_says_nothing(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    made = plan(
        store, tmp_path, with_changes(delivered_rows(), building(), 用途="", 经度="", 纬度="")
    )
    assert made.changes_nothing


FAULTS = [
    ("code_unreadable", {"地址编码": "44039900101010001"[:3]}),
    ("code_unreadable", {"地址编码": "4.40399E+24"}),
    ("level_unknown", {"级别": "镇"}),
    ("code_twice", {"地址编码": f"{building()}000001"}),
    ("text_empty", {"标准地址": " "}),
    ("coordinate_unreadable", {"经度": "东", "纬度": "22.6"}),
    ("coordinate_unreadable", {"经度": "114.1"}),
    ("coordinate_outside", {"经度": "22.6", "纬度": "114.1"}),
    ("state_unknown", {"状态": "不明"}),
    ("code_level", {"地址编码": f"{GRIDS[0]}00099"}),
    ("code_hierarchy", {"上级编码": building(number=2)}),
    ("parent_unknown", {"上级编码": f"{GRIDS[0]}99999", "地址编码": f"{GRIDS[0]}99999000001"}),
    ("parent_not_above", {"级别": "楼栋", "地址编码": "440399001001010000100000199999"}),
    ("room_without_building", {"上级编码": GRIDS[0]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "cells"), FAULTS, ids=[f"{k}-{n}" for n, (k, _) in enumerate(FAULTS)]
)
def test_a_faulty_row_is_refused_with_its_reason_and_the_good_ones_go_in(
    store: Store, tmp_path: Path, kind: str, cells: dict[str, str]
) -> None:
    odd = {
        "地址编码": f"{building()}000099", "级别": "房屋", "上级编码": building(),
        "名称": "999", "标准地址": f"{ROAD}1号999房", **cells,
    }  # fmt: skip
    rows = [*delivered_rows(), odd]
    made = plan(store, tmp_path, rows)
    found = [one for one in made.conflicts if one.row == len(rows) + 1]
    assert kind in {one.kind for one in found}
    assert all(one.reason and one.remedy and one.column for one in found)
    assert made.received == made.added + made.refused == len(rows)
    library.apply_plan(store, made.plan_id, by="os:wang", reason="好的先进")
    assert library.open_record(store).counts()["building", "in_use"] == 12


def test_rows_that_contradict_each_other_are_both_refused(store: Store, tmp_path: Path) -> None:
    rows = delivered_rows()
    other = {**rows[-1], "名称": "别的"}
    made = plan(store, tmp_path, [*rows, other])
    assert [one.row for one in made.conflicts] == [len(rows) + 1, len(rows) + 2]


def test_what_stands_in_a_refused_row_is_refused_too(store: Store, tmp_path: Path) -> None:
    made = plan(store, tmp_path, with_changes(delivered_rows(), GRIDS[0], 级别="片区"))
    assert reasons(made)[GRIDS[0]] == "level_unknown"
    assert reasons(made)[building()] == "parent_refused"
    assert reasons(made)[room()] == "parent_refused"
    assert made.refused == 1 + 3 + 12


def test_a_code_that_ended_is_not_taken_in_again(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    event = library.NewEvent(EventKind.DEMOLISHED, DAY, "拆除", codes=(building(),))
    library.record_event(store, event, by="os:wang")
    newcomer = {
        "地址编码": room(9), "级别": "房屋", "上级编码": building(), "名称": "9", "标准地址": "9"
    }  # fmt: skip
    made = plan(store, tmp_path, [*delivered_rows(), newcomer])
    assert reasons(made)[building()] == reasons(made)[room()] == "code_ended"
    assert reasons(made)[room(9)] == "parent_refused"
    alone = plan(store, tmp_path, [newcomer])
    assert reasons(alone)[room(9)] == "parent_ended"


def test_a_code_does_not_change_its_level(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    made = plan(store, tmp_path, with_changes(delivered_rows(), EAST, 级别="网格"))
    assert "level_changed" in {one.kind for one in made.conflicts if one.address_code == EAST}


def test_a_grid_re_cut_since_the_code_was_issued_is_no_contradiction(
    store: Store, tmp_path: Path
) -> None:
    rows = with_changes(delivered_rows(), building(), 上级编码=GRIDS[1])
    assert plan(store, tmp_path, rows).refused == 0
    strange = plan(store, tmp_path, with_changes(delivered_rows(), building(), 上级编码=GRIDS[2]))
    assert reasons(strange)[building()] == "code_hierarchy"


def test_a_move_that_was_recorded_is_no_contradiction_either(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    event = library.NewEvent(EventKind.MOVED, DAY, "社区调整", codes=(building(),), into=GRIDS[2])
    library.record_event(store, event, by="os:wang")
    moved = library.open_record(store).entry(building())
    rows = with_changes(
        delivered_rows(), building(), 上级编码=GRIDS[2], 标准地址=moved.standard_text
    )
    assert building() not in reasons(plan(store, tmp_path, rows))


def test_only_a_full_delivery_ends_what_it_does_not_name(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    gone = [building(), *(room(number) for number in range(1, 5))]
    fewer = without(delivered_rows(), *gone)
    assert plan(store, tmp_path, fewer).retired == 0
    made = take_in(store, tmp_path, fewer, full=True)
    assert [one.address_code for one in made.retired_entries] == gone
    found = library.open_record(store).resolve(room())
    assert (found.successors, found.state) == ((), State.DEMOLISHED)
    assert found.chain[0].reason == "全量导入中不再有"


def test_a_full_delivery_of_one_community_leaves_the_others_alone(
    store: Store, tmp_path: Path
) -> None:
    take_in(store, tmp_path, delivered_rows())
    east = [row for row in delivered_rows() if row["地址编码"].startswith(EAST)]
    made = plan(store, tmp_path, without(east, building()), full=True)
    assert made.retired == 0
    assert made.kept_unnamed == 1
    assert "parent_refused" not in reasons(made).values()


def test_a_full_delivery_does_not_end_what_was_issued_here(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    new = library.NewEntry("新楼", standard_text=f"{ROAD}88号")
    event = library.NewEvent(EventKind.RENUMBERED, DAY, "改号", codes=(building(),), begins=(new,))
    number = library.record_event(store, event, by="os:wang").begun[0]
    made = plan(store, tmp_path, delivered_rows(), full=True)
    assert (made.retired, made.kept_unnamed) == (0, 5)
    assert library.open_record(store).entry(number).is_living


def test_other_texts_and_other_codes_come_with_their_columns(store: Store, tmp_path: Path) -> None:
    rows = with_changes(delivered_rows(), building(), 俗称="老村口;牌坊楼", 门牌="望潮101路1号-1")
    rows = [
        {**row, "编码（GB/T 39609）": "Z1" if row["地址编码"] == building() else ""} for row in rows
    ]
    take_in(store, tmp_path, rows)
    record = library.open_record(store)
    assert {line.text: line.kind.value for line in record.aliases(building())} == {
        "老村口": "vernacular",
        "牌坊楼": "vernacular",
        "望潮101路1号-1": "doorplate",
    }
    assert record.identifiers(building()) == (("GB/T 39609", "Z1"),)
    made = take_in(store, tmp_path, with_changes(rows, building(), 俗称="老村口"))
    assert [(one.column, one.new) for one in made.changes] == [("别名", "望潮101路1号-1;老村口")]
    texts = {line.text for line in library.open_record(store).aliases(building())}
    assert texts == {"老村口", "望潮101路1号-1"}


def test_a_row_that_tells_of_somebody_is_refused_and_counted(store: Store, tmp_path: Path) -> None:
    rows = delivered_rows()
    rows[-1]["别名"] = "老村口;老王 138-0013-8000"
    rows[-2]["名称"] = "张先生１３８００１３８０００"
    rows[-3]["别名"] = "老村口"
    made = plan(store, tmp_path, rows)
    assert (made.added, made.refused) == (66, 2)
    assert reasons(made) == {
        rows[-1]["地址编码"]: "alias_personal",
        rows[-2]["地址编码"]: "text_personal",
    }
    assert "138" not in repr([one.reason for one in made.conflicts])


def test_reasons_and_names_tell_of_nobody(store: Store, tmp_path: Path) -> None:
    made = plan(store, tmp_path, delivered_rows())
    with pytest.raises(Refusal) as refused:
        library.apply_plan(store, made.plan_id, by="os:wang", reason="业主13800138000要求")
    assert refused.value.code == "library.personal"
    library.apply_plan(store, made.plan_id, by="os:wang", reason="导入")
    for event in (
        library.NewEvent(EventKind.DEMOLISHED, DAY, "业主13800138000要求", codes=(building(),)),
        library.NewEvent(
            EventKind.RENAMED, DAY, "改名", codes=(building(),), new_name="138 0013 8000号"
        ),
    ):
        with pytest.raises(Refusal) as refused:
            library.record_event(store, event, by="os:wang")
        assert refused.value.code == "library.personal"
        assert "138" not in str(refused.value)
    assert library.open_record(store).sequence == 1


def test_points_are_converted_once_from_the_system_that_was_declared(
    store: Store, tmp_path: Path
) -> None:
    x, y = gcj02_from_cgcs2000(114.1, 22.6)
    rows = with_changes(delivered_rows(), building(), 经度=f"{x:.9f}", 纬度=f"{y:.9f}")
    rows = [
        row if row["地址编码"] == building() else {**row, "经度": "", "纬度": ""} for row in rows
    ]
    made = take_in(store, tmp_path, rows, datum="gcj02")
    entry = library.open_record(store).entry(building())
    assert entry.longitude == pytest.approx(114.1, abs=1e-6)
    assert entry.latitude == pytest.approx(22.6, abs=1e-6)
    assert made.datum == "GCJ-02"
    with pytest.raises(Refusal, match="坐标系"):
        plan(store, tmp_path, rows, datum="火星")


def test_a_point_outside_its_community_is_refused(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    area = shapely.to_geojson(shapely.box(114.09, 22.59, 114.11, 22.61))
    feature = (
        f'{{"type":"Feature","geometry":{area},"properties":{{"地址编码":"{EAST}","级别":"社区",'
        f'"上级编码":"{EAST[:9]}","名称":"东岸社区","标准地址":"广东省深圳市青湾区松涛街道东岸社区"}}}}'
    )
    path = tmp_path / "areas.geojson"
    path.write_text(f'{{"type":"FeatureCollection","features":[{feature}]}}', encoding="utf-8")
    drawn = library.plan_import(store, path, by="os:wang", day=DAY)
    assert [(one.column, one.address_code) for one in drawn.changes] == [("图形", EAST)]
    library.apply_plan(store, drawn.plan_id, by="os:wang", reason="社区范围")
    assert library.open_record(store).outline(EAST) is not None
    rows = with_changes(delivered_rows(), building(), 经度="114.2", 纬度="22.6")
    made = plan(store, tmp_path, rows)
    assert reasons(made) == {building(): "point_outside"}
    assert EAST in made.conflicts[0].reason
    assert plan(store, tmp_path, with_changes(rows, building(), 经度="114.1101")).refused == 0
    # A new building off the map takes its rooms along: none stands in what is not there.
    new = f"{GRIDS[0]}00077"
    newcomers = [
        {"地址编码": new, "级别": "楼栋", "上级编码": GRIDS[0], "名称": "新楼",
         "标准地址": f"{ROAD}77号", "经度": "114.2", "纬度": "22.6"},
        {"地址编码": room(of=new), "级别": "房屋", "上级编码": new, "名称": "101",
         "标准地址": f"{ROAD}77号101房"},
    ]  # fmt: skip
    far = plan(store, tmp_path, newcomers)
    assert reasons(far) == {new: "point_outside", room(of=new): "parent_refused"}
    assert far.added == 0


def test_gb18030_with_titles_and_other_headings_reads_the_same(
    store: Store, tmp_path: Path
) -> None:
    path = write_delivery(
        tmp_path / "office.csv",
        delivered_rows(),
        encoding="gb18030",
        titles=("青湾区统一地址库,,,,,,,", "2026年11月,,,,,,,"),
        headings={
            "地址编码": "code",
            "级别": "Level",
            "上级编码": "父编码",
            "标准地址": "地址全称",
        },
    )
    made = library.plan_import(store, path, by="os:wang", day=DAY)
    assert (made.added, made.refused) == (68, 0)
    bad = write_delivery(
        tmp_path / "bad.csv",
        with_changes(delivered_rows(), building(), 级别="栋"),
        titles=("标题",),
    )
    first = library.plan_import(store, bad, by="os:wang", day=DAY).conflicts[0]
    assert first.row == 8


def test_a_worksheet_reads_as_a_csv_does(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "library.xlsx"
    rows = delivered_rows()
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["统一地址库"])
        sheet.write_row(1, 0, list(rows[0]))
        for number, row in enumerate(rows):
            sheet.write_row(number + 2, 0, list(row.values()))
    made = library.plan_import(store, path, by="os:wang", day=DAY)
    assert (made.added, made.refused) == (68, 0)


def test_one_address_for_two_neighbours_is_refused(store: Store, tmp_path: Path) -> None:
    twin = {
        **with_changes(delivered_rows(), room())[-1], "地址编码": room(9), "上级编码": building(),
        "名称": "101", "标准地址": f"{ROAD}1号101房",
    }  # fmt: skip
    within = plan(store, tmp_path, [*delivered_rows(), twin])
    assert reasons(within) == {room(9): "text_taken"}
    assert room() in within.conflicts[0].reason
    take_in(store, tmp_path, delivered_rows())
    assert reasons(plan(store, tmp_path, [twin])) == {room(9): "text_taken"}
    changed = with_changes(delivered_rows(), room(2), 标准地址=f"{ROAD}1号101房")
    assert reasons(plan(store, tmp_path, changed)) == {room(2): "text_taken"}


def test_what_stands_in_a_building_of_a_taken_address_goes_with_it(
    store: Store, tmp_path: Path
) -> None:
    take_in(store, tmp_path, delivered_rows())
    new = f"{GRIDS[0]}00077"
    newcomers = [
        {"地址编码": new, "级别": "楼栋", "上级编码": GRIDS[0], "标准地址": f"{ROAD}1号"},
        {"地址编码": room(of=new), "级别": "房屋", "上级编码": new, "标准地址": f"{ROAD}1号1"},
    ]
    named = [{"名称": "楼", **row} for row in newcomers]
    assert reasons(plan(store, tmp_path, named)) == {
        new: "text_taken",
        room(of=new): "parent_refused",
    }


def test_neighbours_may_exchange_their_addresses_or_leave_one_to_a_successor(
    store: Store, tmp_path: Path
) -> None:
    take_in(store, tmp_path, delivered_rows())
    one, two = f"{ROAD}1号101房", f"{ROAD}1号102房"
    swapped = with_changes(delivered_rows(), room(1), 标准地址=two)
    swapped = with_changes(swapped, room(2), 标准地址=one)
    assert plan(store, tmp_path, swapped).refused == 0
    # A full delivery that no longer has the old code ends it, so the new one may have its address.
    again = [
        {**row, "地址编码": room(9)} if row["地址编码"] == room() else row
        for row in delivered_rows()
    ]
    made = plan(store, tmp_path, again, full=True)
    assert (made.refused, made.added, made.retired) == (0, 1, 1)
    assert reasons(plan(store, tmp_path, again)) == {room(9): "text_taken"}


def test_an_address_refused_to_one_is_not_given_to_the_next(store: Store, tmp_path: Path) -> None:
    take_in(store, tmp_path, delivered_rows())
    # 2 wants what 3 keeps, so 2 keeps its own, so 1 cannot have that.
    rows = with_changes(delivered_rows(), room(2), 标准地址=f"{ROAD}1号103房")
    rows = with_changes(rows, room(1), 标准地址=f"{ROAD}1号102房")
    assert reasons(plan(store, tmp_path, rows)) == {room(1): "text_taken", room(2): "text_taken"}


def deliver(store: Store, rows: list[Row]) -> Receipt:
    """As a build takes a full delivery in."""
    digest = hashlib.sha256(repr(rows).encode()).hexdigest()
    delivery = library.delivery_of_rows(
        pa.Table.from_pylist(rows),
        file_name="library.csv",
        source="address_library",
        digest=digest,
        full=True,
        day=DAY,
    )
    return library.take_delivery(store, delivery, by="build", reason="建库")


def test_a_build_does_not_end_a_large_part_of_the_library_unasked(
    store: Store, tmp_path: Path
) -> None:
    rows = delivered_rows()
    assert deliver(store, rows).kept == 68
    without_rooms = [row for row in rows if row["级别"] != "房屋"]
    with pytest.raises(Refusal) as refused:
        deliver(store, without_rooms)
    assert refused.value.code == "library.too_many_retired"
    assert "48" in refused.value.sentence
    assert "kuai library plan" in refused.value.next_step
    assert library.open_record(store).entry(room()).is_living
    assert not library.list_plans(open_only=True)
    # Looked at and applied by a person, the same delivery builds.
    take_in(store, tmp_path, without_rooms, full=True)
    assert deliver(store, without_rooms).notes["retired"] == 0
    assert not library.open_record(store).entry(room()).is_living


def test_a_build_ends_a_few_and_says_how_many(store: Store) -> None:
    rows = delivered_rows()
    deliver(store, rows)
    gone = [room(number) for number in (1, 2)]
    assert deliver(store, without(rows, *gone)).notes["retired"] == 2
    assert not library.open_record(store).entry(room()).is_living


def test_a_row_number_of_the_files_own_loses_no_row(store: Store, tmp_path: Path) -> None:
    rows = [{"行号": str(1 + place % 3), **row} for place, row in enumerate(delivered_rows())]
    rows[-1]["级别"] = "镇"
    made = plan(store, tmp_path, rows)
    assert (made.added, made.refused) == (67, 1)
    assert made.conflicts[0].row == len(rows) + 1
    delivery = library.delivery_of_rows(
        pa.Table.from_pylist(rows[:-1]),
        file_name="x.csv",
        source="address_library",
        digest="x",
        full=False,
        day=DAY,
    )
    assert library.take_delivery(store, delivery, by="build", reason="建库").kept == 67


def test_one_cell_at_the_end_of_a_worksheet_is_refused_and_not_unpacked(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(delivered_rows()[0]))
        sheet.write(1_048_575, 16_383, "x")
    with pytest.raises(DataFault) as fault:
        library.plan_import(store, path, by="os:wang", day=DAY)
    assert fault.value.code == "address.workbook_too_big"


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_no_text_goes_out_as_a_formula_and_all_come_back_equal(
    store: Store, tmp_path: Path, ending: str
) -> None:
    rows = delivered_rows()
    names = ("=cmd()", "+1", "-1", "@x")
    for number, name in enumerate(names, start=1):
        rows = with_changes(rows, room(number), 名称=name, 用途=f"''{name}")
    # A worksheet's texts are what they are: no quotation mark is taken away.
    take_in_sheet(store, tmp_path, rows)
    assert library.open_record(store).entry(room()).name == "=cmd()"
    assert library.open_record(store).entry(room()).use == "''=cmd()"
    out = tmp_path / f"out.{ending}"
    library.export_library(store, out)
    if ending == "csv":
        with out.open(encoding="utf-8", newline="") as stream:
            cells = [cell for row in csv.reader(stream) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
        assert "'=cmd()" in cells
    if ending != "parquet":
        assert library.plan_import(store, out, by="os:wang", full=True).changes_nothing


def take_in_sheet(store: Store, folder: Path, rows: list[Row]) -> None:
    path = folder / "library.xlsx"
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([list(rows[0]), *(list(row.values()) for row in rows)]):
            sheet.write_row(number, 0, row)
    made = library.plan_import(store, path, by="os:wang", day=DAY)
    library.apply_plan(store, made.plan_id, by="os:wang", reason="测试导入")


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "address.library_empty"), ("a,b\n1,2\n", "address.library_column_missing")],
)
def test_a_file_that_is_no_library_is_refused_whole(
    store: Store, tmp_path: Path, text: str, code: str
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFault) as fault:
        library.plan_import(store, path, by="os:wang")
    assert fault.value.code == code
    assert library.list_plans() == ()


def test_fifty_thousand_rows_are_planned_and_applied(store: Store, tmp_path: Path) -> None:
    rows = delivered_rows(buildings=500, rooms=25)
    bad = with_changes(rows, room(7), 标准地址="")
    made = take_in(store, tmp_path, bad)
    assert (made.received, made.added, made.refused) == (len(rows), len(rows) - 1, 1)
    assert made.received > 50_000
    record = library.open_record(store)
    assert record.counts()["room", "in_use"] == 4 * 500 * 25 - 1
    again = plan(store, tmp_path, rows)
    assert (again.added, again.changed, again.unchanged) == (1, 0, len(rows) - 1)


def test_lists_of_a_plan_are_paged(store: Store, tmp_path: Path) -> None:
    made = plan(store, tmp_path, delivered_rows(buildings=40, rooms=4))
    assert len(made.added_entries) == 200
    page = library.list_plan_lines(store, made.plan_id, "added", limit=10, offset=300)
    assert len(page) == 10
    assert page[0].address_code not in {one.address_code for one in made.added_entries}
    assert WEST.startswith("4403")
