"""The mapping file: a steward reads and edits it; every mistake is named with its column."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kuai.guard.types import Zone
from kuai.kit.errors import DataFault, Refusal
from kuai.sources import actions
from kuai.sources.engine.mappings import locate_columns, parse_mapping, write_mapping
from tests.modules.sources.map_builders import (
    AS_OF,
    a_registration,
    an_id,
    map_rows,
    seal_rows,
    suggest,
)

HEADINGS = ["姓名", "身份证号码", "现住地址", "联系电话", "登记日期", "民族"]
ROWS = [["张安", an_id(1), "坪山区龙田街道一巷1号101", "13800001111", "2024-05-01", "汉"]]


def text() -> str:
    return write_mapping(suggest(HEADINGS, ROWS, source="residents_list"))


def test_a_written_mapping_reads_back_as_it_was() -> None:
    mapping = suggest(HEADINGS, ROWS)
    assert parse_mapping(write_mapping(mapping)) == mapping


def test_the_file_says_in_chinese_why_each_column_is_taken_or_not() -> None:
    assert "heading: 身份证号码\n  field: person.id_number" in text()
    assert "标题“身份证号码”是身份号码的同义词" in text()
    assert "refused: 民族不用于基层治理" in text()


FAULTS = [
    (
        "field: person.phone",
        "field: person.telephone",
        "“联系电话”列：不认识的字段“person.telephone”",
    ),
    ("field: person.phone", "field: people.phone", "是不是 person.phone？"),
    (
        "  purpose: residence_registration\n  sensitivity: L4\n",
        "  sensitivity: L4\n",
        "“身份证号码”列：没有写 purpose",
    ),
    ("purpose: residence_registration", "purpose: curiosity", "不认识的用途“curiosity”"),
    (
        "field: person.phone",
        "field: person.name",
        "“姓名”、“联系电话”几列都写成 person.name（subject）",
    ),
    ("role: residence\n", "role: cellar\n", "没有角色“cellar”"),
    ("sensitivity: L4", "sensitivity: L1", "敏感级别不能低于 L4"),
    ("template: residents", "template: citizens", "不认识的来源种类“citizens”"),
    ("template: residents", "template: passage_log", "不能接收"),
    ("template: residents", "template: care_list", "只能放在 care 分区"),
    ("zone: core\nreason", "zone: attic\nreason", "不认识的分区“attic”"),
    (
        "  refused: 民族",
        "  field: person.sex\n  role: subject\n  purpose: grid_visit\n  note: 民族",
        "不认识的项“note”",
    ),
    ("own_key: ''", "own_key: 民族", "own_key 写的“民族”不是接收的列"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), FAULTS)
def test_a_stewards_mistake_is_named(old: str, new: str, sentence: str) -> None:
    assert old in text()
    with pytest.raises(DataFault) as fault:
        parse_mapping(text().replace(old, new), file_name="residents_list.yaml")
    assert sentence in fault.value.sentence
    assert "residents_list.yaml" in str(fault.value)


def test_a_forbidden_column_cannot_be_edited_in() -> None:
    begin = text().index("  refused: 民族")
    edited = text()[:begin] + "  field: person.sex\n  role: subject\n  purpose: grid_visit\n"
    with pytest.raises(DataFault, match="民族不用于基层治理"):
        parse_mapping(edited)


def test_broken_yaml_is_a_fault_with_its_line() -> None:
    with pytest.raises(DataFault, match="YAML") as fault:
        parse_mapping("source: a\ncolumns: [", file_name="a.yaml")
    assert "a.yaml" in str(fault.value)


def test_a_kept_mapping_wins_over_a_new_suggestion(store) -> None:
    snapshot = seal_rows(store, HEADINGS, ROWS)
    suggested = actions.settle_mapping(store, snapshot, zone=Zone.CORE)
    kept = replace(suggested, columns=(*suggested.columns[:3], *suggested.columns[4:]))
    path = actions.save_mapping(store, kept)
    assert path == store.root / "mappings" / "list.yaml"
    assert actions.settle_mapping(store, snapshot, zone=Zone.CORE) == kept


def test_a_faulty_mapping_is_not_saved_and_the_old_one_stays(store) -> None:
    mapping = suggest(HEADINGS, ROWS)
    path = actions.save_mapping(store, mapping)
    before = path.read_bytes()
    faulty = replace(mapping, template="citizens")
    with pytest.raises(DataFault):
        actions.save_mapping(store, faulty)
    assert path.read_bytes() == before


def test_a_delivery_without_a_mapped_column_is_refused_by_name() -> None:
    with pytest.raises(DataFault, match="“联系电话”"):
        locate_columns(suggest(HEADINGS, ROWS), ["姓名", "身份证号码", "现住地址", "登记日期"])


def test_columns_may_change_places_and_new_ones_stay_outside(store) -> None:
    mapping = suggest(HEADINGS, ROWS)
    places = locate_columns(mapping, ["新列", *reversed(HEADINGS)])
    assert {column.heading for column in places.values()} == set(HEADINGS) - {"民族"}
    assert 0 not in places


def test_purposes_outside_the_agreement_are_refused(store) -> None:
    mapping = suggest(HEADINGS, ROWS)
    snapshot = seal_rows(store, HEADINGS, ROWS)
    registration = a_registration("list", synthetic=False, permitted_purposes=("grid_visit",))
    with pytest.raises(Refusal, match="residence_registration"):
        actions.map_snapshot(store, snapshot, mapping, registration=registration, as_of=AS_OF)


def test_a_care_source_registered_as_core_is_refused(store) -> None:
    mapping = suggest(["姓名", "证件号", "残疾类别", "残疾等级"], [["张安", an_id(1), "肢体", "2"]])
    snapshot = seal_rows(
        store, ["姓名", "证件号", "残疾类别", "残疾等级"], [["张安", an_id(1), "肢体", "2"]]
    )
    with pytest.raises(Refusal, match="care"):
        actions.map_snapshot(
            store, snapshot, mapping, registration=a_registration("list"), as_of=AS_OF
        )


def test_a_refused_source_gives_a_receipt_and_no_row(store) -> None:
    headings = ["姓名", "刷卡时间", "进出方向", "门禁点"]
    rows = [["张安", "2026-01-01 08:00", "进", "南门"]] * 7
    mentions, receipt = map_rows(store, headings, rows)
    assert (receipt.received, receipt.refused, receipt.kept) == (7, 7, 0)
    assert "行踪" in receipt.notes["refused"]
    assert all(ref.rows == 0 for ref in mentions.tables.values())
