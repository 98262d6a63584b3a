"""Every relation of the catalogue comes out of a source package: a row in, that relation out; never a reporter."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from kuai.kit.store import write_json
from kuai.registry.actions import relation_types
from tests.modules.sources.map_builders import an_id
from tests.stories import towns

# Who reported what: none of these may stand in any core table.
REPORTER, REPORTERS_PHONE = "钱报事", "16812349999"
Table = tuple[list[str], list[list[str]]]

# What comes out, as (source, role of the first mention, role of the second, role of the relation).
EXPECTED = {
    "PP_HOUSEHOLD": ("residents", "subject", "household_head", ""),
    "PP_GUARDIAN": ("residents", "guardian", "subject", ""),
    "PH_HUKOU": ("residents", "subject", "hukou_place", ""),
    "PH_RESIDE": ("residents", "subject", "residence", ""),
    "PH_OWN": ("titles", "owner", "property", ""),
    "PH_RENT": ("filings", "tenant", "let_home", ""),
    "PH_LET": ("filings", "landlord", "let_home", ""),
    "PL_LEGALREP": ("firms", "representative", "subject", ""),
    "PL_SHARE": ("shares", "shareholder", "subject", ""),
    "PL_EMPLOY": ("insured", "subject", "employer", ""),
    "PL_OFFICER": ("officers", "safety_officer", "subject", "safety_officer"),
    "PT_REGISTERED": ("residents", "subject", "subject_registered_phone", ""),
    "PT_USES": ("residents", "subject", "subject_phone", ""),
    "PE_PARTY": ("disputes", "party", "event", "party"),
    "LH_REGISTERED": ("firms", "subject", "registered_place", ""),
    "LH_OPERATE": ("firms", "subject", "operating_place", ""),
    "LH_TITLE": ("titles", "owner", "property", "own"),
    "LL_CONTROL": ("shares", "shareholder", "subject", "invest"),
    "LT_CONTACT": ("firms", "subject", "organisation_phone", ""),
    "LE_PARTY": ("disputes", "party_unit", "event", "responsible"),
    "HE_OCCUR": ("disputes", "event", "request_place", ""),
    "HT_UTILITY": ("water", "supply_place", "account", ""),
    "LH_MANAGE": ("estates", "property_company", "managed_place", ""),
    "EE_DUPLICATE": ("disputes", "event", "event", ""),
    "EE_DERIVED": ("disputes", "event", "event", ""),
}
FROM_THE_LIBRARY = {"HH_BUILDING", "HH_GRID"}


@pytest.fixture(scope="module")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store built from eight short lists over the library of a town of 200 rooms."""
    folder = tmp_path_factory.mktemp("relations")
    town = towns.make_town(folder / "town", rooms=200)
    package = folder / "package"
    package.mkdir()
    library = towns.resource_of(town, "address_library")
    (package / "library.csv").write_bytes((town / library["path"]).read_bytes())
    resources = [{**library, "path": "library.csv"}]
    for name, (headings, rows) in tables_of(town).items():
        with (package / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(headings)
            writer.writerows(rows)
        resources.append(
            {"name": name, "path": f"{name}.csv", "encoding": "utf-8", "delivery": "full"}
        )
    write_json(
        package / "datapackage.json",
        {"name": "all", "synthetic": True, "as_of": "2026-10-31", "resources": resources},
    )
    towns.build(package, folder / "store")
    return folder / "store"


def tables_of(town: Path) -> dict[str, Table]:
    homes = [
        row["标准地址"]
        for row in towns.read_extract(town, "address_library")
        if len(row["地址编码"]) == 25
    ]
    firm, other = [
        (row["名称"], row["统一社会信用代码"])
        for row in towns.read_extract(town, "business_registry")
    ][:2]
    names = ("姚立冬", "姚小满", "姚清和", "鲍谷雨", "鲍白露")
    head, child, guardian, tenant, owner = (
        (name, an_id(place, born="20180101" if place == 2 else "19800101"))
        for place, name in enumerate(names, start=1)
    )
    return {
        "residents": (
            [
                "姓名",
                "身份证号码",
                "现住地址",
                "户籍地址",
                "联系电话",
                "本人实名手机号",
                "户主姓名",
                "户主身份证号",
                "监护人",
                "监护人证件号",
            ],
            [
                [*head, homes[0], homes[1], "16812340001", "16812340002", *head, "", ""],
                [*child, homes[0], homes[1], "", "", *head, *guardian],
            ],
        ),
        "titles": (
            ["不动产权证号", "权利人", "权利人证件号", "坐落", "份额"],
            [["示产权1", *owner, homes[2], "50%"], ["示产权2", *firm, homes[3], "100%"]],
        ),
        "filings": (
            [
                "租赁房屋地址",
                "出租人",
                "出租人证件号",
                "承租人",
                "承租人证件号",
                "租期起",
                "租期止",
            ],
            [[homes[2], *owner, *tenant, "2026-01-01", "2027-01-01"]],
        ),
        "firms": (
            [
                "企业名称",
                "统一社会信用代码",
                "法定代表人",
                "住所",
                "经营场所",
                "单位电话",
                "隶属企业名称",
                "隶属企业统一社会信用代码",
            ],
            [[*firm, head[0], homes[4], homes[5], "16812340003", *other]],
        ),
        "shares": (
            ["企业名称", "统一社会信用代码", "股东名称", "股东证件号", "出资比例", "出资日期"],
            [
                [*firm, *guardian, "40%", "2020-05-01"],
                [*firm, *other, "60%", "2020-05-01"],
            ],
        ),
        "insured": (["参保单位", "统一社会信用代码", "姓名", "社会保障号码"], [[*firm, *tenant]]),
        "officers": (
            ["单位名称", "统一社会信用代码", "安全责任人", "安全责任人证件号", "任职日期"],
            [[*firm, *guardian, "2024-01-01"]],
        ),
        "water": (["户号", "户名", "用水地址"], [["0001", owner[0], homes[2]]]),
        "estates": (
            ["物业服务企业名称", "统一社会信用代码", "服务小区地址", "服务起始日期"],
            [[*other, homes[6], "2023-01-01"]],
        ),
        "disputes": (
            [
                "案件编号",
                "立案日期",
                "当事人",
                "当事人证件号",
                "当事单位",
                "事发地址",
                "重复案件编号",
                "原案件编号",
                "举报人",
                "举报人电话",
                "承办人",
            ],
            [
                ["A1", "2026-10-01", *tenant, firm[0], homes[2], "", "", "", "", "某承办"],
                [
                    "A2",
                    "2026-10-02",
                    *tenant,
                    "",
                    homes[2],
                    "A1",
                    "",
                    REPORTER,
                    REPORTERS_PHONE,
                    "",
                ],
                ["A3", "2026-10-03", *owner, "", homes[2], "", "A1", "", "", ""],
            ],
        ),
    }


@pytest.fixture(scope="module")
def relations(small_store: Path) -> list[dict[str, Any]]:
    return towns.read_core(small_store, "relation")


@pytest.mark.parametrize("code", sorted(EXPECTED))
def test_a_row_makes_this_relation(relations: list[dict[str, Any]], code: str) -> None:
    said = {
        (
            row["source"],
            row["mention_key"].rsplit("#", 1)[1],
            row["to_mention"].rsplit("#", 1)[1],
            row["role"],
        )
        for row in relations
        if row["type"] == code and row["status"] == "asserted"
    }
    assert EXPECTED[code] in said


def test_the_whole_catalogue_is_tried() -> None:
    codes = {entry.code for entry in relation_types()}
    assert codes == EXPECTED.keys() | FROM_THE_LIBRARY
    assert len([one for one in relation_types() if not one.is_structural]) == 22


def test_shares_and_periods_are_kept_with_the_statement(relations: list[dict[str, Any]]) -> None:
    (share,) = [row for row in relations if row["type"] == "PL_SHARE"]
    assert share["share"] == "40%"
    assert share["valid_from"].isoformat() == "2020-05-01"
    assert share["fact_key"] == f"PL_SHARE|{share['from_code']}|{share['to_code']}"


@pytest.mark.parametrize("kind", sorted(FROM_THE_LIBRARY))
def test_the_library_says_where_every_room_is(small_store: Path, kind: str) -> None:
    rows = [row for row in towns.read_core(small_store, "structure") if row["type"] == kind]
    assert len(rows) == 200
    assert len({row["from_code"] for row in rows}) == 200


def test_whoever_reported_is_in_no_table(
    small_store: Path, relations: list[dict[str, Any]]
) -> None:
    roles = {
        key.rsplit("#", 1)[1]
        for row in relations
        for key in (row["mention_key"], row["to_mention"])
    }
    assert not [role for role in roles if "reporter" in role or role in ("staff", "handler")]
    for table in ("person_mention", "mention_element"):
        for path in small_store.rglob(f"{table}.parquet"):
            assert b"reporter" not in towns.readable_text(path)
    for path in small_store.rglob("*.parquet"):
        text = towns.readable_text(path)
        assert REPORTER.encode() not in text
        assert REPORTERS_PHONE.encode() not in text


def test_a_relation_is_of_elements_that_the_catalogue_names(
    relations: list[dict[str, Any]],
) -> None:
    letters = {"person": "P", "organisation": "O", "event": "E", "contact": "C", "address": "4"}
    kinds = {one.code: (one.from_element, one.to_element) for one in relation_types()}
    for row in relations:
        first, second = kinds[row["type"]]
        assert (row["from_code"][0], row["to_code"][0]) == (letters[first], letters[second])
