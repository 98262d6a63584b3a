"""Parties of a dispute are taken in, reporters and staff never; in doubt a list is one of requests."""

from __future__ import annotations

from tests.modules.sources.map_builders import an_id, fields_of, suggest

PLACE = "坪山区龙田街道竹坑社区一巷1号101"
DISPUTE = {
    "案件编号": "A1",
    "立案日期": "2026-10-01",
    "当事人": "张安",
    "当事人证件号": an_id(1),
    "事发地址": PLACE,
    "举报人": "李宁",
    "举报电话": "16812349999",
    "承办人": "王海",
}


def test_of_a_dispute_the_parties_are_taken_in_and_nobody_else() -> None:
    mapping = suggest([*DISPUTE], [[*DISPUTE.values()]])
    assert mapping.template == "cases"
    fields = fields_of(mapping)
    assert fields["当事人"] == "person.name@party"
    assert fields["当事人证件号"] == "person.id_number@party"
    for heading in ("举报人", "举报电话", "承办人"):
        assert fields[heading].startswith("×"), heading


def test_where_callers_numbers_stand_everybody_is_a_reporter() -> None:
    called = {
        **DISPUTE,
        "来电号码": "16812349999",
        "受理时间": "2026-10-01",
        "诉求内容": "楼道漏水",
    }
    mapping = suggest([*called], [[*called.values()]])
    assert mapping.template == "requests"
    assert not [column for column in mapping.taken if column.element == "person"]


def test_a_declared_number_is_taken_in_only_where_somebody_is_to_be_reached() -> None:
    register = {
        "姓名": "张安",
        "身份证号码": an_id(1),
        "现住地址": PLACE,
        "本人实名手机号": "16812340002",
    }
    fields = fields_of(suggest([*register], [[*register.values()]]))
    assert fields["本人实名手机号"] == "person.registered_phone@subject"
    insured = {
        "参保单位": "示范五金店",
        "姓名": "张安",
        "社会保障号码": an_id(1),
        "本人实名手机号": "16812340002",
    }
    fields = fields_of(suggest([*insured], [[*insured.values()]]))
    assert fields["本人实名手机号"].startswith("×")


def test_the_number_of_the_parent_is_no_key_of_its_branches() -> None:
    headings = ["企业名称", "隶属企业统一社会信用代码", "隶属企业名称", "法定代表人", "住所"]
    mapping = suggest(headings, [["示范五金店", "91350100M000100Y43", "示范公司", "张安", PLACE]])
    assert mapping.template == "business"
    assert mapping.own_key == ""
