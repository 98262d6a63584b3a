"""A street with three lists of its own is served already: an address list, its ledger of tenants, calls to the hotline.

They come as offices have them: a DBF out of an old programme, a workbook, JSON. The guide is docs/three-sources.md.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xlsxwriter

from kuai.flows.missing_sources import list_missing
from kuai.flows.queries import list_sources
from kuai.flows.searching import open_search
from kuai.kit.store import Store
from tests.modules.sources.dbf_files import dbf_bytes
from tests.stories import towns

LEDGER = ("序号", "姓名", "身份证号", "联系电话", "房屋地址", "登记日期")


def make_package(town: Path, folder: Path) -> Path:
    """The three lists, from the town's own rows."""
    folder.mkdir()
    addresses = towns.read_extract(town, "address_library")
    names = list(addresses[0])
    widths = {name: max(len(row[name].encode("gbk")) for row in addresses) + 1 for name in names}
    columns = [(name, "C", widths[name]) for name in names]
    cells = [[row[name] for name in names] for row in addresses]
    (folder / "dizhi.dbf").write_bytes(dbf_bytes(columns, cells))
    _write_ledger(folder / "taizhang.xlsx", towns.read_extract(town, "police_residents")[:200])
    calls = towns.read_extract(town, "hotline_requests")
    (folder / "12345.json").write_text(
        json.dumps({"code": 0, "data": calls}, ensure_ascii=False), encoding="utf-8"
    )
    described = (
        ("address_library", "地址清单", "dizhi.dbf", "full"),
        ("street_ledger", "街道租住台账", "taizhang.xlsx", "full"),
        ("hotline_12345", "12345 导出", "12345.json", "full"),
    )
    (folder / "datapackage.json").write_text(
        json.dumps(
            {
                "name": "street",
                "title": "一个街道的三张表",
                "synthetic": True,
                "as_of": "2026-10-31",
                "resources": [
                    {"name": name, "title": title, "path": path, "delivery": delivery}
                    for name, title, path, delivery in described
                ],
            },
            ensure_ascii=False,
        ),
        encoding="utf-8",
    )
    return folder


def _write_ledger(path: Path, rows: list[dict[str, str]]) -> None:
    """As a street keeps it: a title above, its own names of columns."""
    columns = ("姓名", "身份证号码", "联系电话", "现住地址", "登记日期")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("台账")
        sheet.merge_range(0, 0, 0, len(LEDGER) - 1, "某街道出租屋租住人员台账（2026年10月）")
        sheet.write_row(1, 0, LEDGER)
        for number, row in enumerate(rows, start=1):
            sheet.write_row(number + 1, 0, [str(number), *(row[name] for name in columns)])


@pytest.fixture(scope="module")
def street(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("street")
    towns.build(make_package(town, folder / "package"), folder / "store")
    return Store(folder / "store")


def test_three_lists_build_and_their_sums_add_up(street: Store) -> None:
    lines = {
        one["source"]: one
        for one in towns.run_well("sources", "list", "--store", street.root, "--json").json()
    }
    assert set(lines) == {"address_library", "street_ledger", "hotline_12345"}
    for line in lines.values():
        receipt = line["receive"]
        assert receipt["received"] == receipt["kept"] + receipt["refused"] + receipt["quarantined"]
        assert receipt["kept"] > 0
    assert {name: line["template"] for name, line in lines.items()} == {
        "address_library": "address_library",
        "street_ledger": "residents",
        "hotline_12345": "requests",
    }
    grades = lines["street_ledger"]["grades"]
    assert (grades.get("A", 0) + grades.get("B", 0)) / sum(grades.values()) > 0.8


def test_the_street_finds_its_places(street: Store, town: Path) -> None:
    search = open_search(street)
    address = next(
        row["标准地址"]
        for row in towns.read_extract(town, "address_library")
        if row["级别"] == "楼栋"
    )
    assert address in {hit.text for hit in search.find(address[-8:], limit=20)}


def test_the_street_counts_people_and_requests(street: Store) -> None:
    answer = towns.run_well("block", "440310", "--store", street.root, "--json").json()
    figures = answer["counters"]
    assert figures["rooms"] > 300
    assert figures["requests"] > 20
    assert figures["residents"] > 150
    assert figures["households"] > 50
    # What nobody delivered is nought, and what would tell it is said below.
    assert figures["firms"] == figures["inspections"] == figures["owners"] == 0


def test_it_says_what_is_missing_and_what_for(street: Store) -> None:
    missing = {one.template for one in list_missing(list_sources(street))}
    assert missing == {"rental", "ownership", "business", "inspections", "employment"}
    said = towns.run_well("sources", "missing", "--store", street.root)
    assert "商事登记" in said.stdout
    assert "实有人口" not in said.stdout
