"""Mapping a delivery: mentions, links, zones, record keys that keep, the same bytes each time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kuai.guard.actions import sealed_exists, tokenise
from kuai.guard.types import Zone
from kuai.sources import actions, mapping_steps
from kuai.sources.types import MENTION_TABLES
from tests.modules.sources.map_builders import (
    AS_OF,
    FIRM_CODE,
    PERIOD,
    a_registration,
    an_id,
    map_rows,
    opened,
    read_rows,
    suggest,
)

RESIDENTS = ["姓名", "性别", "身份证号码", "出生日期", "现住地址", "联系电话", "登记日期"]
PLACE = "坪山区龙田街道竹坑社区一巷1号101"


def resident(name: str = "张安", number: str | None = None, **changes: str) -> list[str]:
    values = {
        "姓名": name,
        "性别": "男",
        "身份证号码": an_id(1) if number is None else number,
        "出生日期": "1980/1/1",
        "现住地址": PLACE,
        "联系电话": "13800001111",
        "登记日期": "2024.05.01",
    } | changes
    return [values[heading] for heading in RESIDENTS]


RENTAL = [
    "租赁房屋地址",
    "出租人",
    "出租人证件号",
    "代理人",
    "代理人电话",
    "承租人",
    "承租人证件号",
    "租期起",
    "租期止",
]
LETTING = [
    PLACE,
    "王海",
    an_id(2),
    "赵清",
    "13800002222",
    "李宁",
    an_id(3),
    "2025年5月5日",
    "2026年5月4日",
]


def test_a_resident_becomes_person_place_phone_and_their_links(store) -> None:
    mentions, receipt = map_rows(store, RESIDENTS, [resident()])
    (person,) = read_rows(mentions, "person_mention")
    assert person["id_token"] == tokenise(store, zone=Zone.CORE, value=an_id(1))
    assert person["phone_token"] == tokenise(store, zone=Zone.CORE, value="13800001111")
    assert person["name_token"] == tokenise(store, zone=Zone.CORE, value="张安")
    assert (person["id_kind"], person["id_valid"], person["sex"]) == ("resident", True, "1")
    assert (person["birth_date"], person["birth_precision"]) == (date(1980, 1, 1), "day")
    assert person["recorded_on"] == date(2024, 5, 1)
    links = {row["relation"]: row for row in read_rows(mentions, "row_link")}
    assert set(links) == {"PH_RESIDE", "PT_USES"}
    assert links["PH_RESIDE"]["from_mention"] == person["mention_key"]
    (place,) = read_rows(mentions, "address_mention")
    assert links["PH_RESIDE"]["to_mention"] == place["mention_key"]
    assert (place["text"], place["role"], place["is_sentence"]) == (PLACE, "residence", False)
    (phone,) = read_rows(mentions, "account_mention")
    assert links["PT_USES"]["to_mention"] == phone["mention_key"]
    assert (receipt.received, receipt.kept) == (1, 1)


def test_no_identifying_value_leaves_the_vault(store) -> None:
    mentions, _ = map_rows(store, RESIDENTS, [resident()])
    for table in MENTION_TABLES:
        for row in read_rows(mentions, table.name):
            written = [str(value) for value in row.values()]
            assert not {an_id(1), "13800001111", "张安"} & set(written), table.name
    assert opened(store, "identity") == [
        {
            "mention_key": read_rows(mentions, "person_mention")[0]["mention_key"],
            "row_no": 0,
            "name": "张安",
            "id_number": an_id(1),
            "phone": "13800001111",
        }
    ]


def test_landlord_agent_and_tenant_of_one_row_are_three_persons(store) -> None:
    mentions, _ = map_rows(store, RENTAL, [LETTING])
    persons = read_rows(mentions, "person_mention")
    assert [person["role"] for person in persons] == ["agent", "landlord", "tenant"]
    assert len({person["mention_key"] for person in persons}) == 3
    links = read_rows(mentions, "row_link")
    said = {(row["relation"], row["from_mention"].rsplit("#", 1)[1], row["role"]) for row in links}
    assert said == {
        ("PH_RENT", "tenant", ""),
        ("PH_LET", "landlord", ""),
        ("PH_LET", "agent", "agent"),
        ("PT_USES", "agent", ""),
    }
    contract = next(row for row in links if row["relation"] == "PH_RENT")
    # The written last day still holds; the period is half-open.
    assert (contract["valid_from"], contract["valid_to"]) == (date(2025, 5, 5), date(2026, 5, 5))
    assert contract["precision"] == "day"


@pytest.mark.parametrize(
    ("owner", "number"),
    [("龙田实业有限公司", FIRM_CODE), ("龙田实业有限公司", ""), ("龙田经联社", FIRM_CODE)],
)
def test_a_firm_that_owns_a_home_is_an_organisation(store, owner: str, number: str) -> None:
    headings = ["不动产权证号", "权利人", "权利人证件号", "坐落"]
    rows = [["粤(2020)深圳市不动产权第1号", owner, number, PLACE]]
    mentions, _ = map_rows(store, headings, rows)
    assert read_rows(mentions, "person_mention") == []
    (firm,) = read_rows(mentions, "organisation_mention")
    assert (firm["name"], firm["role"]) == (owner, "owner")
    assert [(r["relation"], r["role"]) for r in read_rows(mentions, "row_link")] == [
        ("LH_TITLE", "own")
    ]
    assert not sealed_exists(store, zone=Zone.CORE, source="list", period=PERIOD, name="identity")


def test_an_identity_number_that_happens_to_pass_a_credit_codes_checks_stays_a_persons(
    store,
) -> None:
    from kuai.kit.credit_codes import read_credit_code

    number = next(
        an_id(serial, born=f"19800{month}{day:02d}")
        for month in range(1, 10)
        for day in range(1, 29)
        for serial in range(1000)
        if read_credit_code(an_id(serial, born=f"19800{month}{day:02d}")).is_valid
    )
    headings = ["不动产权证号", "权利人", "权利人证件号", "坐落"]
    mentions, _ = map_rows(store, headings, [["第1号", "王海", number, PLACE]])
    assert [row["role"] for row in read_rows(mentions, "person_mention")] == ["owner"]


@pytest.mark.parametrize(
    "placeholder",
    ["111111111111111111", "无", "不详", "---", "", "１１１１１１１１１１１１１１１１１１"],
)
def test_a_placeholder_number_is_none_and_the_row_is_kept(store, placeholder: str) -> None:
    mentions, receipt = map_rows(store, RESIDENTS, [resident(number=placeholder)])
    (person,) = read_rows(mentions, "person_mention")
    assert (person["id_kind"], person["id_token"], person["id_valid"]) == ("none", None, False)
    assert receipt.kept == 1
    assert opened(store, "identity")[0]["id_number"] is None


def test_a_wrong_check_digit_keeps_the_number_and_says_so(store) -> None:
    wrong = an_id(1)[:17] + ("0" if an_id(1)[17] != "0" else "1")
    mentions, receipt = map_rows(store, RESIDENTS, [resident(number=wrong, 出生日期="")])
    (person,) = read_rows(mentions, "person_mention")
    assert (person["id_valid"], person["birth_date"]) == (False, None)
    assert person["id_token"] == tokenise(store, zone=Zone.CORE, value=wrong)
    assert opened(store, "identity")[0]["id_number"] == wrong
    assert receipt.notes["id_invalid"] == 1


def test_birth_and_sex_come_from_a_valid_number_where_nothing_is_declared(store) -> None:
    mentions, _ = map_rows(
        store, RESIDENTS, [resident(number=an_id(12, born="20150630"), 出生日期="", 性别="")]
    )
    (person,) = read_rows(mentions, "person_mention")
    assert (person["birth_date"], person["sex"]) == (date(2015, 6, 30), "2")
    assert person["is_child_under_14"] is True


@pytest.mark.parametrize(
    ("born", "is_child"),
    [
        ("2012-11-22", False),
        ("2012-11-23", True),
        ("2012-11", True),
        ("2012-10", False),
        ("2012", True),
        ("2011", False),
    ],
)
def test_a_child_is_under_14_on_the_builds_day_and_in_doubt(
    store, born: str, is_child: bool
) -> None:
    mentions, _ = map_rows(store, RESIDENTS, [resident(number="", 出生日期=born)])
    assert read_rows(mentions, "person_mention")[0]["is_child_under_14"] is is_child


def test_a_row_that_names_nobody_and_no_place_goes_back_with_the_reason(store) -> None:
    rows = [resident(), resident("", "无", 现住地址="-")]
    mentions, receipt = map_rows(store, RESIDENTS, rows)
    assert (receipt.received, receipt.kept, receipt.quarantined) == (2, 1, 1)
    assert opened(store, "map_quarantine") == [
        {"row_no": 1, "reason": "没有可识别的人、地址或单位"}
    ]
    assert {row["row_no"] for row in read_rows(mentions, "account_mention")} == {0}


def many_residents() -> list[list[str]]:
    rows = [
        resident(name, an_id(n), 现住地址=f"{PLACE}{n}")
        for n, name in enumerate(["张安", "李宁", "王海"] * 20)
    ]
    return [*rows, rows[0], rows[0]]


def keys_by_row(mentions) -> dict[int, str]:
    return {row["row_no"]: row["record_key"] for row in read_rows(mentions, "person_mention")}


def test_record_keys_hold_when_rows_are_shuffled(store) -> None:
    rows = many_residents()
    order = list(range(len(rows)))
    random.Random(7).shuffle(order)
    before = keys_by_row(map_rows(store, RESIDENTS, rows)[0])
    after = keys_by_row(map_rows(store, RESIDENTS, [rows[n] for n in order])[0])
    assert len(set(before.values())) == len(rows)
    same_rows = {0, 60, 61}
    for place, old_place in enumerate(order):
        if old_place not in same_rows:
            assert after[place] == before[old_place]
    assert set(after.values()) == set(before.values())


def test_record_keys_hold_when_columns_move_or_dates_and_widths_are_written_otherwise(
    store,
) -> None:
    before = keys_by_row(map_rows(store, RESIDENTS, [resident()])[0])
    rewritten = resident(
        "张　安", 出生日期="19800101", 登记日期="2024年5月1日", 联系电话="１３８００００１１１１"
    )
    headings = ["无用列", *reversed(RESIDENTS)]
    after = keys_by_row(map_rows(store, headings, [["随便", *reversed(rewritten)]])[0])
    assert after == before


def test_an_order_number_is_the_key_and_an_account_number_only_as_token(store) -> None:
    orders, _ = map_rows(store, REQUESTS, [request()], source="calls")
    assert read_rows(orders, "event_mention")[0]["record_key"] == "calls:A-1"
    headings = ["户号", "户名", "用水地址", "2026-04"]
    rows = [["PS1", "王海", PLACE, "3.1"], ["PS2", "李宁", PLACE + "2", "9.9"]]
    accounts, _ = map_rows(store, headings, rows, source="water")
    (first, _second) = read_rows(accounts, "account_mention")
    assert "PS1" not in first["record_key"]
    # Whatever else of the row changes, the account is the same record.
    changed, _ = map_rows(
        store, headings, [["PS1", "赵清", PLACE + "甲", "0"], rows[1]], source="water"
    )
    assert read_rows(changed, "account_mention")[0]["record_key"] == first["record_key"]


REQUESTS = ["工单号", "受理时间", "诉求内容", "来电号码", "来电人", "分类"]


def request(caller: str = "13800009999", name: str = "周全", number: str = "A-1") -> list[str]:
    return [
        number,
        "2026-11-17 11:04:00",
        "竹坑社区一巷1号101楼道堆满电动车，很危险",
        caller,
        name,
        "消防",
    ]


def test_who_called_lies_in_the_reporters_zone_alone(store) -> None:
    mentions, _ = map_rows(store, REQUESTS, [request(), request("", "", "A-2")])
    assert read_rows(mentions, "person_mention") == []
    assert read_rows(mentions, "account_mention") == []
    assert opened(store, "identity", zone=Zone.REPORTERS) == [
        {
            "mention_key": "list:A-1#reporter",
            "row_no": 0,
            "name": "周全",
            "id_number": None,
            "phone": "13800009999",
        }
    ]
    assert not sealed_exists(store, zone=Zone.CORE, source="list", period=PERIOD, name="identity")
    assert [row["relation"] for row in read_rows(mentions, "row_link")] == ["HE_OCCUR"] * 2


def written_bytes(mentions) -> dict[str, bytes]:
    return {name: ref.paths[0].read_bytes() for name, ref in mentions.tables.items()}


@pytest.mark.parametrize("own_numbers", [["A-1", "A-2"], ["", ""]])
def test_core_files_are_the_same_bytes_whoever_called(store, own_numbers: list[str]) -> None:
    rows = [request(number=number) for number in own_numbers]
    others = [request("13911112222", "吴敏", number=number) for number in own_numbers]
    mapping = suggest(REQUESTS, rows)
    first = written_bytes(map_rows(store, REQUESTS, rows, mapping=mapping)[0])
    assert written_bytes(map_rows(store, REQUESTS, others, mapping=mapping)[0]) == first
    # Nor does it matter whether the column was delivered at all.
    bare = replace(
        mapping, columns=tuple(c for c in mapping.columns if not c.heading.startswith("来电"))
    )
    without = [[*row[:3], row[5]] for row in rows]
    headings = [*REQUESTS[:3], REQUESTS[5]]
    assert written_bytes(map_rows(store, headings, without, mapping=bare)[0]) == first


def test_a_care_column_of_a_register_is_sealed_apart_and_shapes_no_core_byte(store) -> None:
    headings = [*RESIDENTS, "残疾等级"]
    mapping = suggest(headings, [[*resident(), "2"]])
    first = written_bytes(map_rows(store, headings, [[*resident(), "2"]], mapping=mapping)[0])
    again = written_bytes(map_rows(store, headings, [[*resident(), "4"]], mapping=mapping)[0])
    assert again == first
    assert opened(store, "care_status", zone=Zone.CARE) == [
        {"row_no": 0, "heading": "残疾等级", "value": "4"}
    ]


def test_a_care_source_lies_apart_with_tokens_of_its_own(store) -> None:
    headings = ["姓名", "证件号", "残疾类别", "残疾等级", "家庭住址"]
    mentions, _ = map_rows(store, headings, [["张安", an_id(1), "肢体", "2", PLACE]])
    assert mentions.folder == store.extracts / "care" / "list" / PERIOD
    assert mentions.zone == "care"
    (person,) = read_rows(mentions, "person_mention")
    assert person["id_token"] == tokenise(store, zone=Zone.CARE, value=an_id(1))
    assert person["id_token"] != tokenise(store, zone=Zone.CORE, value=an_id(1))
    assert opened(store, "identity", zone=Zone.CARE)[0]["name"] == "张安"
    assert not (store.extracts / "list").exists()
    assert not (store.vault / "core" / "list").exists()


def test_equal_input_gives_equal_bytes_and_is_recognised(store) -> None:
    rows = many_residents()
    first, receipt = map_rows(store, RESIDENTS, rows)
    before = written_bytes(first)
    stamps = {path: path.stat().st_mtime_ns for path in first.folder.iterdir()}
    again, same_receipt = map_rows(store, RESIDENTS, rows)
    assert {path: path.stat().st_mtime_ns for path in again.folder.iterdir()} == stamps
    assert same_receipt == receipt
    assert again.tables == first.tables
    assert again.has_identity
    (first.folder / "map.json").unlink()
    anew, _ = map_rows(store, RESIDENTS, rows)
    assert written_bytes(anew) == before


def test_a_run_killed_between_two_files_is_not_taken_for_finished(store) -> None:
    rows = many_residents()
    mentions, _ = map_rows(store, RESIDENTS, rows)
    before = written_bytes(mentions)
    mentions.tables["row_link"].paths[0].unlink()
    assert written_bytes(map_rows(store, RESIDENTS, rows)[0]) == before


def test_another_day_is_another_reading(store) -> None:
    rows = [resident(number=an_id(1, born="20121122"), 出生日期="")]
    assert (
        read_rows(map_rows(store, RESIDENTS, rows)[0], "person_mention")[0]["is_child_under_14"]
        is False
    )
    earlier, _ = map_rows(store, RESIDENTS, rows, as_of=date(2026, 11, 21))
    assert read_rows(earlier, "person_mention")[0]["is_child_under_14"] is True


def test_quotes_and_signs_in_values_and_headings_do_no_harm(store) -> None:
    headings = ["姓名", "身份证号码", "现住地址", "登记日期", "o'; drop table cell; --"]
    rows = [["O'Hara '); --", an_id(1), "一巷'1号#101~2", "2024-05-01", "x"]]
    mentions, receipt = map_rows(store, headings, rows)
    assert receipt.kept == 1
    assert read_rows(mentions, "address_mention")[0]["text"] == "一巷'1号#101~2"


def test_a_business_has_its_head_its_domicile_and_its_place_of_work(store) -> None:
    headings = [
        "统一社会信用代码",
        "名称",
        "法定代表人",
        "法人证件号",
        "住所",
        "经营场所",
        "联系电话",
        "成立日期",
        "登记状态",
    ]
    row = [
        FIRM_CODE.lower(),
        "龙田实业有限公司",
        "张安",
        an_id(1),
        PLACE,
        PLACE + "2",
        "0755-28012345",
        "2014",
        "吊销",
    ]
    mentions, receipt = map_rows(store, headings, [row], source="firms")
    (firm,) = read_rows(mentions, "organisation_mention")
    assert (firm["credit_code"], firm["credit_code_valid"], firm["kind"]) == (
        FIRM_CODE,
        True,
        "enterprise",
    )
    assert (firm["state"], firm["role"], firm["record_key"]) == (
        "ended",
        "subject",
        f"firms:{FIRM_CODE}",
    )
    assert {row["relation"] for row in read_rows(mentions, "row_link")} == {
        "PL_LEGALREP",
        "LH_REGISTERED",
        "LH_OPERATE",
        "LT_CONTACT",
    }
    assert receipt.notes["credit_codes_valid"] == 1


def test_a_period_that_ends_before_it_begins_loses_its_end_and_is_counted(store) -> None:
    row = [*LETTING[:-1], "2020年1月1日"]
    mentions, receipt = map_rows(store, RENTAL, [row])
    contract = next(r for r in read_rows(mentions, "row_link") if r["relation"] == "PH_RENT")
    assert (contract["valid_from"], contract["valid_to"]) == (date(2025, 5, 5), None)
    assert receipt.notes["periods_turned"] == 1


@pytest.mark.shared
def test_the_samples_rows_all_arrive_and_its_roles_are_those_the_export_needs(
    shared_folder: Path, store
) -> None:
    roles = {
        "police_residents": {"subject"},
        "housing_ownership": {"owner"},
        "rental_filings": {"landlord", "tenant"},
        "business_registry": {"representative"},
        "social_insurance": {"subject"},
        "water_usage": {"account_holder"},
        "access_cards": {"subject"},
    }
    package = actions.read_package(shared_folder / "sample")
    for resource in package.resources:
        if resource.name not in roles:
            continue
        snapshot, received = actions.receive_parts(
            store, list(resource.paths), source=resource.name, period=PERIOD, zone=Zone.CORE
        )
        mapping = actions.settle_mapping(store, snapshot, zone=Zone.CORE)
        mentions, receipt = actions.map_snapshot(
            store, snapshot, mapping, registration=a_registration(resource.name), as_of=AS_OF
        )
        persons = read_rows(mentions, "person_mention")
        assert {person["role"] for person in persons} == roles[resource.name]
        assert receipt.received == received.kept
        assert receipt.kept == receipt.received


def test_equal_order_numbers_are_numbered_by_what_their_rows_say(store) -> None:
    rows = [
        request(number="A-1"),
        [*request(number="A-1")[:2], "石井社区二巷2号漏水，请派人来看看", "", "", "水"],
    ]
    rows += [
        [*request(number="A-1")[:2], f"石井社区二巷{n}号路灯不亮，请派人来看看", "", "", "灯"]
        for n in range(6)
    ]
    mapping = suggest(REQUESTS, rows)

    def keys(ordered: list[list[str]]) -> dict[str, str]:
        mentions, _ = map_rows(store, REQUESTS, ordered, mapping=mapping)
        return {row["text"]: row["record_key"] for row in read_rows(mentions, "address_mention")}

    before = keys(rows)
    assert len(set(before.values())) == len(rows)
    assert keys(rows[::-1]) == before


def test_a_run_that_broke_off_leaves_no_receipt_of_the_run_before(store, monkeypatch) -> None:
    rows = many_residents()
    before = written_bytes(map_rows(store, RESIDENTS, rows)[0])

    def break_off(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mapping_steps, "_seal_identity", break_off)
        with pytest.raises(KeyboardInterrupt):
            map_rows(store, RESIDENTS, [*rows, resident("吴敏")], as_of=date(2040, 1, 1))
    assert written_bytes(map_rows(store, RESIDENTS, rows)[0]) == before
