"""Where a table begins: the forms offices give their first lines."""

from __future__ import annotations

import pytest

from kuai.sources.engine.detecting_heading import detect_separator, find_heading, name_columns

VALUES = (
    ("张三", "13800000001", "龙华区民治街道一路1号101"),
    ("李四", "13800000002", "龙华区民治街道一路1号102"),
)
HEADS = ("姓名", "电话", "地址")


@pytest.mark.parametrize(
    "above",
    [
        [],
        [("人口登记表", "", "")],
        [("", "", ""), ("人口登记表", "", ""), ("", "", "")],
        [("人口登记表", "", ""), ("填报单位：某街道", "", "日期：2026年11月")],
        [("填报单位:某街道", "填报人:", "电话：见附件")],
        [("说明：请如实填写。" * 20, "", "")],
    ],
)
def test_what_stands_above_the_heading_is_skipped(above):
    found = find_heading([*above, HEADS, *VALUES])
    assert found is not None
    assert (found.headings, found.first_row) == (HEADS, len(above))


def test_a_title_over_two_columns_is_no_first_heading_line():
    found = find_heading([("人口登记表", ""), ("姓名", "电话"), ("张三", "13800000001")])
    assert found is not None
    assert (found.headings, found.first_row, found.last_row) == (("姓名", "电话"), 1, 1)


@pytest.mark.parametrize(
    "heads",
    [
        ("户号", "2026-04", "2026年5月"),
        ("姓名*", "电话（必填）", "日期（如：2026-11-22）"),
        ("name", "id_number", "address"),
        ("序号", "2025", "2026"),
        ("房屋地址（省市区街道路门牌号）", "面积(㎡)", "用途"),
    ],
)
def test_headings_of_every_taste_are_headings(heads):
    found = find_heading([heads, *VALUES])
    assert found is not None
    assert found.headings == heads


@pytest.mark.parametrize(
    "first",
    [
        ("张三", "13800000001", "龙华区民治街道一路1号101"),
        ("张三", "440380199001011239", "业主"),
        ("某公司", "91440300618867781Y", "存续"),
        ("张三", "2021-05-01", "39.52"),
    ],
)
def test_values_are_never_taken_for_headings(first):
    assert find_heading([first, *VALUES]) is None
    assert find_heading([("标题", "", ""), first, *VALUES]) is None


def test_a_single_column_has_its_first_row_as_heading():
    found = find_heading([("地址",), ("龙华区民治街道一路1号101",)])
    assert found is not None
    assert found.headings == ("地址",)


def test_nothing_but_blank_rows_has_no_heading():
    assert find_heading([]) is None
    assert find_heading([("", ""), ("", "")]) is None


def test_line_breaks_in_headings_are_closed_and_doubles_counted():
    assert name_columns(["证件\n号码", " 电话 ", "", "电话", "", ""]) == (
        "证件号码",
        "电话",
        "无标题3",
        "电话(2)",
    )


@pytest.mark.parametrize(
    ("lines", "separator"),
    [
        (["a,b", "1,2"], ","),
        (["a;b", "1,5;2,5", "3,5;4"], ";"),
        (["a\tb", "一路1号,101\t2", "二路\t3"], "\t"),
        (["a|b|c", "1|2|3"], "|"),
        (["地址", "一路"], ","),
        (['a,b,"c;d"', '1,2,"x;y"'], ","),
        ([], ","),
    ],
)
def test_the_separator_is_the_one_that_splits_rows_evenly(lines, separator):
    assert detect_separator([line + "\n" for line in lines]) == separator
