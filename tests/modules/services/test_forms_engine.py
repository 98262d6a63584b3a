"""Sheets as offices have them: where headings are, what is no row, what follows a table that grows, what computes."""

from __future__ import annotations

from datetime import date

import pytest
from openpyxl import Workbook
from openpyxl.formatting.rule import CellIsRule, FormulaRule
from openpyxl.styles import PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation

from kuai.services.forms.engine.filling import rows_of_sheet, rows_of_sheets
from kuai.services.forms.engine.layouts import (
    FormLayout,
    Sheet,
    find_layout,
    other_sheets,
    sections_of,
)
from kuai.services.forms.formulas import is_harmless, make_room, silence
from kuai.services.forms.listing import read_day
from kuai.sources.form_sheets import meanings_of_heading

HEADING = ["姓名", "身份证号", "住址", "电话"]


def a_sheet(*lines: list[str], name: str = "表", **more: object) -> Sheet:
    width = max(len(line) for line in lines)
    return Sheet(name, tuple((*line, *[""] * (width - len(line))) for line in lines), **more)  # type: ignore[arg-type]


def layout_of(*sheets: Sheet) -> FormLayout:
    found = find_layout(sheets, "person", read_heading=meanings_of_heading)
    assert found is not None
    return found


def fields_of(layout: FormLayout) -> dict[int, str]:
    return {one.column: one.field for one in layout.columns if one.field}


def test_who_fills_it_and_the_first_row_are_no_heading() -> None:
    sheet = a_sheet(
        ["2026年名单"],
        ["填报单位：", "", "", "填报日期："],
        ["序号", "姓名", "年龄", "住址"],
        ["1", "", '=IF(B4="","",1)', ""],
        formulas=frozenset({(3, 2)}),
    )
    layout = layout_of(sheet)
    assert layout.first_row == 3
    assert fields_of(layout) == {
        0: "row.number", 1: "person.name", 2: "person.age", 3: "person.residence",
    }  # fmt: skip


def test_kind_of_paper_is_not_its_number() -> None:
    sheet = a_sheet(
        ["姓名", "证件", "", "住址"],
        ["", "类型", "号码", ""],
        ["甲", "身份证", "x", ""],
        merges=((0, 1, 0, 2), (0, 0, 1, 0), (0, 3, 1, 3)),
    )
    assert fields_of(layout_of(sheet)) == {
        0: "person.name", 2: "person.id_number", 3: "person.residence",
    }  # fmt: skip


def test_sums_hidden_rows_and_merged_second_lines_are_no_rows() -> None:
    sheet = a_sheet(
        HEADING,
        ["甲"], [""], ["乙"], ["小计", "2"], ["丙"], ["合计", "3"],
        merges=((1, 0, 2, 0),), hidden_rows=frozenset({3}), hidden_columns=frozenset({3}),
    )  # fmt: skip
    layout = layout_of(sheet)
    found = rows_of_sheet(sheet, layout)
    assert [row.given["person.name"] for row in found.given] == ["甲", "丙"]
    assert "person.phone" not in layout.fields


def test_a_second_block_and_sheets_with_the_same_headings_are_filled_too() -> None:
    left = [*HEADING, "", *HEADING]
    first = a_sheet(left, ["甲", "1", "", "", "", "乙", "2"], name="一组")
    second = a_sheet(["核对表"], left, ["丙", "3"], name="二组")
    other = a_sheet(["姓名", "出生日期", "工作单位"], ["丁"], name="另一种")
    sheets = (first, second, other)
    layout = layout_of(*sheets)
    sections = sections_of(sheets, layout, "person", read_heading=meanings_of_heading)
    found = rows_of_sheets(sheets, sections)
    assert [row.given["person.name"] for row in found.given] == ["甲", "乙", "丙"]
    names = other_sheets(sheets, sections, "person", read_heading=meanings_of_heading)
    assert names == ("另一种",)


@pytest.mark.parametrize(
    "text",
    ["1966-03-05", "1966年3月5日", "一九六六年三月五日", "24171", "1966/3/5 00:00", "19660305", "１９６６．３．５"],
)  # fmt: skip
def test_days_are_read_however_offices_write_them(text: str) -> None:
    assert read_day(text) == date(1966, 3, 5)


@pytest.mark.parametrize("text", ["", "1966年3月", "99999", "一九六六年十三月五日", "66.3.5"])
def test_what_is_no_day_is_none(text: str) -> None:
    assert read_day(text) is None


def a_book() -> Workbook:
    book = Workbook()
    sheet = book.active
    sheet.title = "名单"
    for line in (["序号", "姓名", "年龄"], [1, "", '=IF(B2="","",LEN(B2))'], [2, "", "=LEN(B3)"]):
        sheet.append(line)
    sheet.append(["合计", "=COUNTA(B2:B3)", "=SUM($C$2:$C$3)"])
    sheet.row_dimensions[4].height = 50
    sheet.print_area = "A1:C4"
    lists = DataValidation(type="list", formula1='"男,女"')
    lists.add("B2:B3")
    sheet.add_data_validation(lists)
    red = PatternFill("solid", bgColor="FF0000")
    sheet.conditional_formatting.add(
        "C2:C3", CellIsRule(operator="greaterThan", formula=["80"], fill=red)
    )
    book.defined_names["全部"] = DefinedName("全部", attr_text="名单!$A$1:$C$3")
    book.create_sheet("汇总")["A1"] = "=COUNTA(名单!B2:B3)+名单!C4"
    return book


def test_when_a_table_grows_all_that_names_its_cells_follows() -> None:
    book = a_book()
    sheet = book["名单"]
    make_room(book, sheet, first=2, last=3, count=7)
    assert sheet["B11"].value == "=COUNTA(B2:B10)"
    assert sheet["C11"].value == "=SUM($C$2:$C$10)"
    assert sheet["C10"].value == '=IF(B10="","",LEN(B10))'
    assert book["汇总"]["A1"].value == "=COUNTA(名单!B2:B10)+名单!C11"
    assert sheet.row_dimensions[11].height == 50
    assert sheet.print_area.endswith("$A$1:$C$11")
    assert str(sheet.data_validations.dataValidation[0].sqref) == "B2:B10"
    assert [str(one.sqref) for one in sheet.conditional_formatting] == ["C2:C10"]
    assert book.defined_names["全部"].attr_text == "名单!$A$1:$C$10"


def test_what_counts_stays_and_what_calls_out_goes() -> None:
    book = a_book()
    sheet = book["名单"]
    sheet["E1"] = '=HYPERLINK("http://x/"&A2)'
    book.defined_names["x"] = DefinedName("x", attr_text='WEBSERVICE("http://x/")')
    away = DataValidation(type="list", formula1='INDIRECT("x")')
    away.add("A2")
    sheet.add_data_validation(away)
    sheet.conditional_formatting.add("A1", FormulaRule(formula=['_xlfn.WEBSERVICE("x")="1"']))
    assert sorted(silence(book)) == ["名单!A1", "名单!A2", "名单!E1"]
    assert list(book.defined_names) == ["全部"]
    assert len(sheet.data_validations.dataValidation) == 1
    assert sheet["B4"].value == "=COUNTA(B2:B3)"
    for formula in (
        "='[别的.xlsx]名单'!A1", "=cmd|' /c calc'!A0", "=别处!A1", '=INDIRECT("A"&1)', "=_xlfn.WEBSERVICE(A1)",
        '=IF(A1="","",RTD("x"))', "='名单'!A1|x",
    ):  # fmt: skip
        assert not is_harmless(formula, book), formula
    assert is_harmless('=IF(A1="a!b[c]","",汇总!A1)', book)
