"""Receiving a file: whatever form offices give it, the rows are sealed exactly as delivered."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
import xlsxwriter

from kuai.guard.types import Zone
from kuai.kit.errors import DataFault
from kuai.kit.store import Store
from kuai.sources.actions import (
    get_snapshot,
    open_snapshot,
    read_package,
    read_profile,
    receive_parts,
    write_refused_sheet,
)
from kuai.sources.engine import profiling, reading_sheets
from tests.modules.sources.deliveries import (
    HEADINGS,
    PEOPLE,
    kept_rows,
    opened,
    receive,
    write_csv,
    write_xlsx,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_is_read_in_every_encoding_and_separator(store, tmp_path, encoding, separator):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE], encoding=encoding, separator=separator)
    snapshot, receipt = receive(store, path)
    assert snapshot.headings == HEADINGS
    assert snapshot.encoding == encoding
    assert kept_rows(store) == list(PEOPLE)
    assert (receipt.received, receipt.kept, receipt.quarantined) == (3, 3, 0)


def test_traditional_text_in_big5_is_not_taken_for_gb18030(store, tmp_path):
    rows = [
        ("姓名", "地址", "備註"),
        ("張三", "龍華區民治街道一路一號", "業主自住"),
        ("李四", "觀湖街道", "租客"),
    ]
    snapshot, _ = receive(store, write_csv(tmp_path, rows, encoding="big5"))
    assert snapshot.encoding == "big5hkscs"
    assert kept_rows(store) == rows[1:]


def test_a_wrong_declaration_is_overruled_and_reported(store, tmp_path):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE], encoding="gb18030")
    snapshot, receipt = receive(store, path, declared_encoding="utf-8")
    assert snapshot.encoding == "gb18030"
    assert receipt.notes["declared_encoding"] == "utf-8"
    assert kept_rows(store) == list(PEOPLE)


def test_gbk_declared_for_gb18030_is_no_difference(store, tmp_path):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE], encoding="gb18030")
    _, receipt = receive(store, path, declared_encoding="GBK")
    assert "declared_encoding" not in receipt.notes


def test_format_is_told_by_content_not_by_name(store, tmp_path):
    path = write_xlsx(tmp_path, [HEADINGS, *PEOPLE], name="people.csv")
    _, receipt = receive(store, path)
    assert receipt.notes["format"] == "xlsx"
    assert kept_rows(store) == list(PEOPLE)


def test_rows_are_numbered_from_0_and_as_csv_readers_count(store, tmp_path):
    """Lines without any character are no rows; rows of separators alone are rows, but empty ones."""
    path = tmp_path / "people.csv"
    path.write_text("甲,乙\n1,2\n\n,\n3,4\n\n", encoding="utf-8")
    _, receipt = receive(store, path)
    with path.open(encoding="utf-8") as stream:
        expected = [i for i, row in enumerate(csv.DictReader(stream)) if any(row.values())]
    assert opened(store).column("row_no").to_pylist() == expected == [0, 2]
    assert receipt.received == 2
    assert receipt.notes["empty_rows"] == 3


def test_title_rows_above_the_heading_are_skipped(store, tmp_path):
    rows = [("实有人口登记（内部资料）", "", "", ""), ("制表：某科", "", "", ""), HEADINGS, *PEOPLE]
    for path in (write_csv(tmp_path, rows), write_xlsx(tmp_path, rows, merges=["A1:D1"])):
        snapshot, _ = receive(store, path)
        assert (snapshot.headings, snapshot.heading_row) == (HEADINGS, 3)
        assert kept_rows(store) == list(PEOPLE)


def test_months_as_headings_are_headings(store, tmp_path):
    heads = ("户号", "户名", "2026-04", "2026-05", "2026-06", "2026-07")
    path = write_csv(tmp_path, [heads, ("PS1", "张三", "1.5", "2", "3.5", "4")])
    assert receive(store, path)[0].headings == heads


def test_two_line_headings_under_merged_groups_are_joined(store, tmp_path):
    rows = [
        ("租赁备案", "", "", "", ""),
        ("房屋地址", "出租人", "", "承租人", ""),
        ("", "姓名", "证件号", "姓名", "证件号"),
        ("一路1号101", "张三", "440380199001011239", "李四", "440381198502022345"),
        ("一路1号102", "张三", "440380199001011239", "王五", "440382197703033451"),
    ]
    joined = ("房屋地址", "出租人姓名", "出租人证件号", "承租人姓名", "承租人证件号")
    path = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        sheet.merge_range("A1:E1", "租赁备案")
        sheet.merge_range("A2:A3", "房屋地址")
        sheet.merge_range("B2:C2", "出租人")
        sheet.merge_range("D2:E2", "承租人")
    for delivered in (path, write_csv(tmp_path, rows)):
        snapshot, receipt = receive(store, delivered)
        assert (snapshot.headings, snapshot.heading_row, receipt.kept) == (joined, 3, 2)


def test_the_first_row_is_not_taken_into_the_heading_because_of_a_gap(store, tmp_path):
    heads = ("姓名", "", "地址")
    path = write_csv(tmp_path, [heads, ("张三", "男", "一路1号101"), ("李四", "女", "一路1号102")])
    snapshot, receipt = receive(store, path)
    assert (snapshot.headings, receipt.kept) == (("姓名", "无标题2", "地址"), 2)


def test_trailing_empty_columns_are_cut_and_doubled_headings_told_apart(store, tmp_path):
    path = write_csv(
        tmp_path,
        [("姓名", "电话", "电话", "", ""), ("张三", "075512345678", "13800000000", "", "")],
    )
    snapshot, receipt = receive(store, path)
    assert snapshot.headings == ("姓名", "电话", "电话(2)")
    assert receipt.kept == 1


def test_a_filled_column_without_heading_is_kept_under_a_made_name(store, tmp_path):
    path = write_csv(tmp_path, [("姓名", "电话"), ("张三", "1", "甲"), ("李四", "2", "乙")])
    snapshot, receipt = receive(store, path)
    assert snapshot.headings == ("姓名", "电话", "无标题3")
    assert receipt.kept == 2


def test_cells_of_a_sheet_become_the_text_a_person_sees(store, tmp_path):
    path = tmp_path / "cells.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["编号", "面积", "日期", "时间", "是否", "长号"])
        sheet.write_number(1, 0, 20101231)
        sheet.write_number(1, 1, 39.52)
        sheet.write_datetime(1, 2, datetime.datetime(2010, 12, 31), day)  # noqa: DTZ001
        sheet.write_datetime(1, 3, datetime.datetime(2010, 12, 31, 10, 5), instant)  # noqa: DTZ001
        sheet.write_boolean(1, 4, True)
        sheet.write_number(1, 5, 440380199001011239)
    receive(store, path)
    assert kept_rows(store) == [
        ("20101231", "39.52", "2010-12-31", "2010-12-31 10:05:00", "TRUE", "440380199001011000")
    ]


@pytest.mark.parametrize(
    ("number", "text"),
    [(126.0, "126"), (0.1 + 0.2, "0.3"), (-5.0, "-5"), (1e-7, "0.0000001"), (1e20, "1" + "0" * 20)],
)
def test_numbers_show_fifteen_digits_and_no_powers(number, text):
    assert reading_sheets.number_text(number) == text


def test_the_old_xls_form_is_read(store, tmp_path):
    xlwt = pytest.importorskip("xlwt")
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("数据")
    for number, row in enumerate([("人口登记", "", "", ""), HEADINGS, *PEOPLE]):
        for column, cell in enumerate(row):
            sheet.write(number, column, cell)
    path = tmp_path / "people.et"
    book.save(str(path))
    snapshot, receipt = receive(store, path)
    assert (receipt.notes["format"], snapshot.heading_row) == ("xls", 2)
    assert kept_rows(store) == list(PEOPLE)


def test_sheets_under_the_same_headings_are_one_table_and_others_are_named(store, tmp_path):
    path = tmp_path / "several.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        for tab, rows in (
            ("填表说明", [("说明",), ("请如实填写",)]),
            ("一月", [HEADINGS, *PEOPLE[:2]]),
            ("二月", [("标题", "", "", ""), HEADINGS, PEOPLE[2]]),
        ):
            sheet = book.add_worksheet(tab)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        hidden = book.add_worksheet("旧数据")
        hidden.write_row(0, 0, HEADINGS)
        hidden.hide()
    snapshot, receipt = receive(store, path)
    assert snapshot.sheet == "一月、二月"
    assert kept_rows(store) == list(PEOPLE)
    assert opened(store).column("row_no").to_pylist() == [0, 1, 2]
    assert receipt.notes["sheets_not_read"] == ["填表说明"]
    assert receipt.notes["hidden_sheets_not_read"] == 1


def test_quoted_line_breaks_and_separators_stay_inside_their_cell(store, tmp_path):
    path = tmp_path / "requests.csv"
    path.write_text('编号,内容\n1,"第一行\n第二行,有逗号"\n2,"说""好"""\n', encoding="utf-8")
    receive(store, path)
    assert kept_rows(store) == [("1", "第一行\n第二行,有逗号"), ("2", '说"好"')]


def test_nothing_is_repaired_in_kept_rows(store, tmp_path):
    odd = (" 张三 ", "44038019900101123x", "龙华区　民治街道１号\t", "２０２１年５月１日")
    receive(store, write_csv(tmp_path, [HEADINGS, odd]))
    assert kept_rows(store) == [odd]


def test_the_same_file_again_is_recognised_and_not_written(store, tmp_path):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE])
    first, receipt = receive(store, path)
    sealed = store.vault / "core/people/2026-11/snapshot.sealed"
    stamp = sealed.stat().st_mtime_ns
    renamed = path.rename(tmp_path / "other name.csv")
    second, again = receive(store, renamed)
    assert second == first
    assert sealed.stat().st_mtime_ns == stamp
    assert (receipt.notes["already_received"], again.notes["already_received"]) == (False, True)
    assert again.kept == receipt.kept == 3


def test_a_corrected_file_replaces_the_snapshot(store, tmp_path):
    receive(store, write_csv(tmp_path, [HEADINGS, *PEOPLE]))
    snapshot, receipt = receive(store, write_csv(tmp_path, [HEADINGS, *PEOPLE[:1]]))
    assert receipt.kept == 1
    assert kept_rows(store) == list(PEOPLE[:1])
    assert get_snapshot(store, zone=Zone.CORE, source="people", period="2026-11") == snapshot


def test_parts_are_one_delivery_numbered_on(store, tmp_path):
    parts = [
        write_csv(tmp_path, [HEADINGS, *PEOPLE[:2]], name="1.csv"),
        write_xlsx(tmp_path, [HEADINGS, PEOPLE[2]], name="2.xlsx"),
    ]
    snapshot, receipt = receive_parts(
        store, parts, source="people", period="2026-11", zone=lambda headings: Zone.CARE
    )
    table = open_snapshot(store, snapshot, zone=Zone.CARE)
    assert table.column_names == list(HEADINGS)
    assert [tuple(row.values()) for row in table.to_pylist()] == list(PEOPLE)
    assert (receipt.received, receipt.notes["parts"], snapshot.file_name) == (3, 2, "1.csv、2.xlsx")


def test_parts_under_different_headings_are_refused(store, tmp_path):
    parts = [
        write_csv(tmp_path, [HEADINGS, *PEOPLE], name="1.csv"),
        write_csv(tmp_path, [("名称", "电话"), ("甲", "1")], name="2.csv"),
    ]
    with pytest.raises(DataFault, match="表头与前面部分不同") as fault:
        receive_parts(store, parts, source="people", period="2026-11", zone=Zone.CORE)
    assert fault.value.where.file == "2.csv"


def test_what_lies_outside_the_seal_holds_no_value(store, tmp_path):
    receive(store, write_csv(tmp_path, [HEADINGS, *PEOPLE, ("赵六", "440383196604044567")]))
    for path in store.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for person in (*PEOPLE, ("赵六", "440383196604044567")):
                assert person[0].encode() not in content, path.name
                assert person[1].encode() not in content, path.name
    assert list(store.scratch.iterdir()) == []


def test_the_profile_tells_looks_and_shapes_without_values(store, tmp_path):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE * 20, ("陈七", "", "", "")])
    receive(store, path)
    profile = read_profile(store, zone=Zone.CORE, source="people", period="2026-11")
    name, number, address, day = profile.columns
    assert (profile.rows, number.filled, number.shortest, number.longest) == (61, 60, 18, 18)
    assert (number.distinct_estimate, number.looks_like) == (3, {"id_number": 1.0})
    assert number.patterns == (("9" * 18, 1.0),)
    assert name.looks_like == {"name": 1.0}
    assert address.looks_like == {"address": 1.0}
    assert day.looks_like == {"date": 1.0}
    written = (store.vault / "core/people/2026-11/profile.json").read_text(encoding="utf-8")
    assert not any(cell in written for person in PEOPLE for cell in person)


def test_small_and_bulk_counting_of_a_profile_agree():
    cells = ["", " ", "甲", "甲 ", "乙丙", "\t丁"] * 3
    snapshot = pa.table({"row_no": list(range(18)), "c0": cells, "c1": [""] * 18})
    assert profiling._count_exactly(snapshot, 2) == profiling._count_in_bulk(snapshot, 2)


def test_refused_rows_go_back_as_a_sheet_with_the_reason_and_no_live_formula(store, tmp_path):
    rows = [HEADINGS, *PEOPLE, ("=1+1", "少"), ("赵六", "1", "2", "3", "多出来")]
    snapshot, _ = receive(store, write_csv(tmp_path, rows))
    target = tmp_path / "back.xlsx"
    written = write_refused_sheet(
        store, zone=Zone.CORE, source="people", period="2026-11", target=target, with_values=True
    )
    sheet = openpyxl.load_workbook(target).active
    lines = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert written == 2
    assert lines[0][:5] == [*HEADINGS, "错误原因"]
    assert lines[1][:2] == ["=1+1", "少"]
    assert sheet["A2"].data_type == "s"
    mark = f"［文件 {snapshot.content_hash[:12]}］"
    assert lines[1][4] == "原文件第 5 行：只有 2 个单元格，表头有 4 列" + mark
    assert lines[2][3:] == ["3", "原文件第 6 行：有 5 个单元格，表头只有 4 列" + mark, "多出来"]


def test_a_mended_sheet_that_was_sent_back_can_be_received(store, tmp_path):
    receive(store, write_csv(tmp_path, [HEADINGS, *PEOPLE, ("赵六", "1", "2")]))
    target = tmp_path / "back.xlsx"
    write_refused_sheet(
        store, zone=Zone.CORE, source="people", period="2026-11", target=target, with_values=True
    )
    snapshot, receipt = receive(store, target)
    assert snapshot.headings == (*HEADINGS, "错误原因")
    assert receipt.kept == 1


def test_progress_is_told_while_a_file_is_read(store, tmp_path):
    told: list[tuple[str, int]] = []

    class Line:
        def __init__(self, label: str) -> None:
            self.label = label

        def advance(self, amount: int = 1) -> None:
            told.append((self.label, amount))

        def set_total(self, total: int) -> None:
            raise AssertionError("the total is known from the start")

    class Told:
        def begin(self, label: str, *, total: int | None = None, measure: str = "行") -> Line:
            return Line(label)

        def end(self, task: Line) -> None:
            told.append((task.label, 0))

    path = write_csv(tmp_path, [HEADINGS, *PEOPLE * 1000])
    receive(store, path, progress=Told())
    read = sum(amount for label, amount in told if label.startswith("读取"))
    sealed = sum(amount for label, amount in told if label.startswith("封存"))
    assert read == path.stat().st_size
    assert sealed == 3000


@pytest.mark.shared
def test_the_sample_is_received_whole_with_its_row_numbers(store: Store, shared_folder: Path):
    folder = shared_folder / "sample"
    declared = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))["resources"]
    for resource, said in zip(read_package(folder).resources, declared, strict=True):
        snapshot, receipt = receive_parts(
            store,
            resource.paths,
            source=resource.name,
            period="2026-11",
            zone=Zone.CORE,
            declared_encoding=resource.encoding,
        )
        assert (receipt.received, receipt.kept) == (said["rows"], said["rows"]), resource.name
        if resource.paths[0].suffix == ".csv":
            with resource.paths[0].open(encoding=said["encoding"], newline="") as stream:
                expected = [tuple(row) for row in csv.reader(stream)]
            table = open_snapshot(store, snapshot, zone=Zone.CORE)
            assert tuple(snapshot.headings) == expected[0]
            assert list(zip(*table.to_pydict().values(), strict=True)) == expected[1:]
