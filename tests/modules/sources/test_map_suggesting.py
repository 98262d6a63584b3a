"""The suggestion: headings propose, content decides ties, every column has its reason or stays outside."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from kuai.guard.types import Zone
from kuai.sources.actions import read_package, receive_parts, suggest_mapping
from kuai.sources.engine.dictionary import FOLDER, load_dictionary
from kuai.sources.engine.mappings import find_mapping_faults
from kuai.sources.engine.suggesting import recognise_zone
from tests.modules.sources.map_builders import FIRM_CODE, PERIOD, an_id, fields_of, suggest

NAMES = ["张安", "李宁静", "王海", "赵清", "陈晓明", "刘岩", "周全", "吴敏"]
PLACES = [f"坪山区龙田街道竹坑社区一巷{n}号{n}01" for n in range(1, 9)]
PHONES = [f"1380000{n}0{n}1" for n in range(1, 9)]
NUMBERS = [an_id(n) for n in range(1, 9)]
DAYS = [f"2020-01-{n:02d}" for n in range(1, 9)]


def table(*columns: list[str]) -> list[list[str]]:
    return [list(row) for row in zip(*columns, strict=True)]


SAMPLE = {
    "address_library": ("address_library", {"地址编码": "library.code@", "名称": "library.name@"}),
    "police_residents": (
        "residents",
        {
            "姓名": "person.name@subject",
            "性别": "person.sex@subject",
            "身份证号码": "person.id_number@subject",
            "出生日期": "person.birth_date@subject",
            "现住地址": "address.text@residence",
            "联系电话": "person.phone@subject",
            "登记日期": "row.recorded_on@",
        },
    ),
    "housing_ownership": (
        "ownership",
        {
            "不动产权证号": "row.own_number@title",
            "权利人": "person.name@owner",
            "权利人证件号": "person.id_number@owner",
            "坐落": "address.text@property",
        },
    ),
    "rental_filings": (
        "rental",
        {
            "租赁房屋地址": "address.text@let_home",
            "出租人": "person.name@landlord",
            "出租人证件号": "person.id_number@landlord",
            "出租人电话": "person.phone@landlord",
            "承租人": "person.name@tenant",
            "承租人证件号": "person.id_number@tenant",
            "承租人电话": "person.phone@tenant",
            "租期起": "row.valid_from@",
            "租期止": "row.valid_to@",
            "月租金": "× 金额、银行账户没有用途，不接收",
        },
    ),
    "business_registry": (
        "business",
        {
            "统一社会信用代码": "organisation.credit_code@subject",
            "名称": "organisation.name@subject",
            "法定代表人": "person.name@representative",
            "法人证件号": "person.id_number@representative",
            "住所": "address.text@registered_place",
            "经营场所": "address.text@operating_place",
            "成立日期": "organisation.founded_on@subject",
            "登记状态": "organisation.state@subject",
        },
    ),
    "social_insurance": (
        "employment",
        {
            "姓名": "person.name@subject",
            "社会保障号": "person.id_number@subject",
            "参保单位": "organisation.name@employer",
            "单位信用代码": "organisation.credit_code@employer",
            "参保起始年月": "row.valid_from@",
        },
    ),
    "water_usage": (
        "utility",
        {
            "户号": "account.number@account",
            "户名": "person.name@account_holder",
            "用水地址": "address.text@supply_place",
            "2026-04": "× 用量读数能看出起居作息，不接收；只取户号是否存在",
            "2026-09": "× 用量读数能看出起居作息，不接收；只取户号是否存在",
        },
    ),
    "access_cards": (
        "door_cards",
        {
            "持卡人": "person.name@subject",
            "手机号": "person.phone@subject",
            "房号": "address.text@door_place",
            "办理时间": "event.occurred_on@event",
        },
    ),
    "hotline_requests": (
        "requests",
        {
            "工单号": "row.own_number@order",
            "受理时间": "event.occurred_on@event",
            "诉求内容": "address.sentence@request_place",
            "来电号码": "reporter.phone@reporter",
            "分类": "event.category@event",
        },
    ),
    "disability_cards": (
        "care_list",
        {
            "姓名": "person.name@subject",
            "证件号": "person.id_number@subject",
            "残疾类别": "care.status@",
            "残疾等级": "care.status@",
            "家庭住址": "address.text@residence",
        },
    ),
    "inspections": (
        "inspections",
        {
            "检查日期": "event.occurred_on@event",
            "统一社会信用代码": "organisation.credit_code@subject",
            "单位名称": "organisation.name@subject",
            "检查类别": "event.category@event",
            "结果": "event.outcome@event",
            "检查地址": "address.text@inspected_place",
        },
    ),
}
OWN_KEYS = {
    "housing_ownership": "不动产权证号",
    "business_registry": "统一社会信用代码",
    "water_usage": "户号",
    "hotline_requests": "工单号",
}


@pytest.mark.shared
def test_every_resource_of_the_sample_is_mapped_without_a_hand_edit(
    shared_folder: Path, store
) -> None:
    package = read_package(shared_folder / "sample")
    for resource in package.resources:
        template, wanted = SAMPLE[resource.name]
        zone = Zone.CARE if resource.name == "disability_cards" else Zone.CORE
        snapshot, _ = receive_parts(
            store, list(resource.paths), source=resource.name, period=PERIOD, zone=recognise_zone
        )
        mapping = suggest_mapping(store, snapshot, zone=zone)
        found = fields_of(mapping)
        assert mapping.template == template, resource.name
        assert mapping.zone is zone, resource.name
        assert {heading: found[heading] for heading in wanted} == wanted
        assert mapping.own_key == OWN_KEYS.get(resource.name, "")
        assert find_mapping_faults(mapping, load_dictionary()) == []
        assert all(column.reason for column in mapping.taken), resource.name


@pytest.mark.shared
def test_real_firms_are_mapped_without_a_hand_edit(shared_folder: Path) -> None:
    path = shared_folder / "data" / "enterprises" / "shenzhen.csv"
    rows = list(csv.reader(path.open(encoding="utf-8-sig")))
    mapping = suggest(rows[0], rows[1:3000])
    assert mapping.template == "business"
    assert mapping.own_key == "统一社会信用代码"
    found = fields_of(mapping)
    assert found["企业名称"] == "organisation.name@subject"
    assert found["统一社会信用代码"] == "organisation.credit_code@subject"
    assert found["注册日期"] == "organisation.founded_on@subject"
    assert found["企业类型"] == "organisation.kind@subject"
    assert found["注册地址"] == "address.text@registered_place"
    for heading in ("注册资金", "经营范围", "所在省份", "地区"):
        assert found[heading].startswith("×"), heading


INVENTED = [
    (
        ["人员姓名", "公民身份号码", "居住地址", "户籍所在地", "移动电话", "采集时间"],
        [NAMES, NUMBERS, PLACES, PLACES, PHONES, DAYS],
        "residents",
        {
            "公民身份号码": "person.id_number@subject",
            "居住地址": "address.text@residence",
            "户籍所在地": "address.text@hukou_place",
            "采集时间": "row.recorded_on@",
        },
    ),
    (
        [
            "房东姓名",
            "房东身份证号",
            "二房东",
            "二房东联系电话",
            "租客",
            "租客身份证",
            "出租屋地址",
            "起租日期",
            "到期日期",
        ],
        [NAMES, NUMBERS, NAMES, PHONES, NAMES, NUMBERS, PLACES, DAYS, DAYS],
        "rental",
        {
            "房东姓名": "person.name@landlord",
            "房东身份证号": "person.id_number@landlord",
            "二房东": "person.name@sub_landlord",
            "二房东联系电话": "person.phone@sub_landlord",
            "租客": "person.name@tenant",
            "租客身份证": "person.id_number@tenant",
            "出租屋地址": "address.text@let_home",
            "到期日期": "row.valid_to@",
        },
    ),
    (
        ["产权人", "产权人身份证号码", "房屋坐落", "房产证号", "共有份额"],
        [NAMES, NUMBERS, PLACES, [f"深房地字第60000{n}号" for n in range(8)], ["1/2"] * 8],
        "ownership",
        {
            "产权人": "person.name@owner",
            "产权人身份证号码": "person.id_number@owner",
            "房屋坐落": "address.text@property",
            "房产证号": "row.own_number@title",
            "共有份额": "row.share@",
        },
    ),
    (
        ["姓名", "证件号", "出生日期", "住址", "电话"],
        [NAMES, NUMBERS, DAYS, PLACES, PHONES],
        "person_list",
        {
            "证件号": "person.id_number@subject",
            "住址": "address.text@home",
            "电话": "person.phone@subject",
        },
    ),
    (
        [
            "序号",
            "持卡老人姓名",
            "持卡老人证件号",
            "年龄",
            "联系方式住址",
            "联系方式电话",
            "优待卡卡号",
            "优待卡发卡日期",
        ],
        [DAYS, NAMES, NUMBERS, ["71"] * 8, PLACES, PHONES, [f"88{n}" for n in range(8)], DAYS],
        "person_list",
        {
            "持卡老人姓名": "person.name@subject",
            "持卡老人证件号": "person.id_number@subject",
            "联系方式住址": "address.text@home",
            "联系方式电话": "person.phone@subject",
        },
    ),
    (
        ["姓名", "证件号", "年龄", "卡号", "发卡日期"],
        [NAMES, NUMBERS, ["71"] * 8, [f"88{n}" for n in range(8)], DAYS],
        "person_list",
        {"姓名": "person.name@subject", "证件号": "person.id_number@subject"},
    ),
    (
        ["用户编号", "用户名称", "用电地址", "2026年4月", "2026年5月"],
        [[f"0310{n}" for n in range(8)], NAMES, PLACES, ["131"] * 8, ["88.1"] * 8],
        "utility",
        {
            "用户编号": "account.number@account",
            "用户名称": "person.name@account_holder",
            "2026年4月": "× 用量读数能看出起居作息，不接收；只取户号是否存在",
        },
    ),
    (
        ["被检查单位", "检查时间", "检查结论", "检查地点", "检查人员"],
        [["某某电子厂"] * 8, DAYS, ["合格"] * 8, PLACES, NAMES],
        "inspections",
        {
            "被检查单位": "organisation.name@subject",
            "检查结论": "event.outcome@event",
            "检查人员": "× 工作人员的姓名和电话没有用途，不接收",
        },
    ),
]


@pytest.mark.parametrize(("headings", "columns", "template", "wanted"), INVENTED)
def test_other_offices_headings_are_understood(headings, columns, template, wanted) -> None:
    mapping = suggest(headings, table(*columns))
    found = fields_of(mapping)
    assert mapping.template == template
    assert {heading: found[heading] for heading in wanted} == wanted
    assert find_mapping_faults(mapping, load_dictionary()) == []


def test_a_number_beside_a_firms_name_is_a_credit_code_if_its_values_are() -> None:
    columns = [["龙田第一电子厂"] * 8, [FIRM_CODE] * 8, PLACES, DAYS]
    mapping = suggest(["单位名称", "证件号", "注册地址", "成立日期"], table(*columns))
    assert mapping.template == "business"
    assert fields_of(mapping)["证件号"] == "organisation.credit_code@subject"
    reason = next(c.reason for c in mapping.columns if c.heading == "证件号")
    assert "按内容认定" in reason
    assert FIRM_CODE not in reason


def test_content_names_a_column_whose_heading_says_nothing() -> None:
    mapping = suggest(
        ["姓名", "字段3", "现住地址", "登记日期"], table(NAMES, NUMBERS, PLACES, DAYS)
    )
    column = next(c for c in mapping.columns if c.heading == "字段3")
    assert (column.field, column.role) == ("person.id_number", "subject")
    assert "100% 的值通过身份号码校验" in column.reason


def test_a_reason_counts_the_values_that_fit() -> None:
    numbers = [*NUMBERS[:6], "12", "无此号"]
    mapping = suggest(
        ["姓名", "社会保障号", "参保单位"], table(NAMES, numbers, ["龙田第一电子厂"] * 8)
    )
    reason = next(c.reason for c in mapping.columns if c.heading == "社会保障号")
    assert reason == "标题“社会保障号”是身份号码的同义词；75% 的值通过身份号码校验"


@pytest.mark.parametrize(
    ("heading", "word"),
    [
        ("民族", "民族"),
        ("宗教信仰", "宗教"),
        ("政治面貌", "政治面貌"),
        ("人脸照片", "生物识别"),
        ("手机IMEI", "行踪"),
        ("终端MAC地址", "行踪"),
        ("车牌号码", "行踪"),
        ("缴费基数", "金额"),
        ("文化程度", "没有写明目的"),
        ("爱好", "没有写明目的"),
    ],
)
def test_columns_we_must_not_have_stay_outside_with_the_reason(heading: str, word: str) -> None:
    rows = table(NAMES, NUMBERS, PLACES, DAYS, ["汉"] * 8)
    mapping = suggest(["姓名", "身份证号码", "现住地址", "登记日期", heading], rows)
    column = mapping.columns[-1]
    assert mapping.template == "residents"
    assert not column.is_taken
    assert word in column.refused


@pytest.mark.parametrize(
    "headings",
    [
        ["姓名", "卡号", "刷卡时间", "进出方向", "门禁点"],
        ["车牌号码", "过车时间", "卡口名称"],
        ["姓名", "身份证号", "通行时间", "闸机编号"],
    ],
)
def test_a_passage_log_is_refused_whole(headings: list[str]) -> None:
    rows = [[f"值{n % 2}" for _ in headings] for n in range(10)]
    mapping = suggest(headings, rows)
    assert mapping.template == "passage_log"
    assert "行踪" in mapping.refused
    assert mapping.taken == ()


def test_a_log_of_door_openings_under_plain_headings_is_known_by_its_repeating_holders() -> None:
    rows = [[f"张{'安宁'[n % 2]}", f"2026-01-01 08:{n:02d}:00", "南门"] for n in range(20)]
    mapping = suggest(["姓名", "时间", "通道"], rows)
    assert mapping.template == "passage_log"


def test_a_list_of_issued_door_cards_is_no_passage_log() -> None:
    moments = [f"2026-01-0{n} 08:00" for n in range(1, 9)]
    rows = table(NAMES, [f"C{n}" for n in range(8)], PLACES, moments)
    mapping = suggest(["持卡人", "卡号", "房号", "办理时间"], rows)
    assert mapping.template == "door_cards"
    assert "行踪" in fields_of(mapping)["卡号"]


def test_health_columns_put_a_list_into_the_care_zone() -> None:
    mapping = suggest(
        ["姓名", "身份证号", "诊断", "家庭住址"], table(NAMES, NUMBERS, ["甲"] * 8, PLACES)
    )
    assert mapping.zone is Zone.CARE
    assert recognise_zone(["姓名", "身份证号", "诊断", "家庭住址"]) is Zone.CARE


def test_one_health_column_of_a_register_goes_to_care_and_the_register_stays_core() -> None:
    headings = ["姓名", "性别", "身份证号码", "出生日期", "现住地址", "登记日期", "残疾等级"]
    rows = table(NAMES, ["男"] * 8, NUMBERS, DAYS, PLACES, DAYS, ["2"] * 8)
    mapping = suggest(headings, rows)
    assert mapping.zone is Zone.CORE
    assert mapping.columns[-1].zone == "care"


def test_whoever_stands_in_a_request_is_a_reporter() -> None:
    headings = ["工单编号", "受理时间", "诉求内容", "姓名", "联系电话", "接线员"]
    rows = table(
        [f"A{n}" for n in range(8)],
        DAYS,
        ["楼下烧烤摊占道，晚上走不过去啊请处理"] * 8,
        NAMES,
        PHONES,
        NAMES,
    )
    mapping = suggest(headings, rows)
    zones = {c.heading: c.zone for c in mapping.taken}
    assert zones["姓名"] == zones["联系电话"] == "reporters"
    assert not mapping.columns[-1].is_taken


def test_an_unknown_table_is_refused_until_a_steward_says_what_it_is() -> None:
    mapping = suggest(["customer_id", "reading_datetime"], [["1", "2012-02-10 08:00:00"]] * 9)
    assert mapping.template == "unknown"
    assert "数据管理员" in mapping.refused


def test_two_columns_for_one_field_give_one_taken_and_one_explained() -> None:
    rows = table(NAMES, NUMBERS, PLACES, PHONES, PHONES, DAYS)
    mapping = suggest(["姓名", "身份证号", "现住地址", "联系电话", "手机号码", "登记日期"], rows)
    refused = [c for c in mapping.columns if not c.is_taken]
    assert [c.heading for c in refused] == ["手机号码"]
    assert "联系电话" in refused[0].refused


def test_every_purpose_of_the_dictionary_is_registered_in_guard() -> None:
    guard_file = FOLDER.parents[2] / "guard" / "purposes.yaml"
    registered = {
        p["code"] for p in yaml.safe_load(guard_file.read_text(encoding="utf-8"))["purposes"]
    }
    known = load_dictionary()
    used = {t.purpose for t in known.templates.values()} | {
        f.purpose for f in known.fields.values()
    }
    assert set(known.purposes) <= registered
    assert used - {""} <= set(known.purposes)


def test_content_never_moves_a_delivery_out_of_the_zone_its_headings_put_it_in() -> None:
    headings = ["甲", "乙", "诊断"]
    rows = table(NAMES, NUMBERS, ["某病"] * 8)
    assert recognise_zone(headings) is Zone.CARE
    assert suggest(headings, rows).zone is Zone.CARE
    plain = ["甲", "乙", "丙", "丁"]
    assert recognise_zone(plain) is suggest(plain, table(NAMES, NUMBERS, PLACES, PHONES)).zone
