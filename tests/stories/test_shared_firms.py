"""14,964 real firms of Shenzhen: one CSV, no hand edits, honest grades, no person anywhere."""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kuai.blocks.queries import open_blocks
from kuai.kit.credit_codes import read_credit_code
from kuai.kit.store import Store
from tests.stories import towns

pytestmark = pytest.mark.shared

FIRMS = 14_964
SOURCE = "shenzhen"
# The library here is the table of divisions: it knows no road, no building, no room.
DIVISION_LEVELS = {"district", "subdistrict", "community"}


@pytest.fixture(scope="module")
def rows(shared_folder: Path) -> list[dict[str, str]]:
    path = shared_folder / "data" / "enterprises" / "shenzhen.csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def store(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("firms") / "store"
    towns.build(shared_folder / "data" / "enterprises" / "shenzhen.csv", store)
    return store


@pytest.fixture(scope="module")
def line(store: Path) -> dict:
    (only,) = towns.run_well("sources", "list", "--store", store, "--json").json()
    return only


def test_all_firms_are_received_and_none_is_lost(line: dict, rows: list[dict[str, str]]) -> None:
    received, mapped = line["receive"], line["map"]
    assert len(rows) == received["received"] == FIRMS
    assert received["kept"] + received["quarantined"] == FIRMS
    assert mapped["received"] == received["kept"]
    assert mapped["received"] == mapped["kept"] + mapped["refused"] + mapped["quarantined"]


def test_the_list_of_sources_says_all_that_the_page_shows(line: dict) -> None:
    assert line["source"] == SOURCE
    for field in ("handler", "legal_basis", "zone", "template", "period", "file_name", "as_of"):
        assert line[field], field
    assert line["zone"] == "core"
    assert line["refresh_days"] > 0
    assert line["encoding"].lower().startswith("utf")
    assert set(line["grades"]) <= set("ABCD")


def test_the_columns_were_understood_without_a_hand(store: Path) -> None:
    mapping = (store / "mappings" / f"{SOURCE}.yaml").read_text(encoding="utf-8")
    columns = dict(
        part.split("\n", 1) for part in mapping.replace("- heading: ", "\x00").split("\x00")[1:]
    )
    fields = {
        heading.strip(): next(
            (one.strip()[7:] for one in text.splitlines() if one.strip().startswith("field: ")), ""
        )
        for heading, text in columns.items()
    }
    assert fields["企业名称"] == "organisation.name"
    assert fields["统一社会信用代码"] == "organisation.credit_code"
    assert fields["注册日期"] == "organisation.founded_on"
    assert fields["注册地址"] == "address.text"
    assert "reason: " in mapping


def test_credit_codes_are_checked_by_the_standard(
    store: Path, line: dict, rows: list[dict[str, str]]
) -> None:
    valid = sum(read_credit_code(row["统一社会信用代码"]).is_valid for row in rows)
    notes = line["map"]["notes"]
    assert notes["credit_codes_valid"] == valid > 0.9 * FIRMS
    written = sum(bool(row["统一社会信用代码"].strip()) for row in rows)
    assert notes["credit_codes_invalid"] == written - valid
    firms = towns.read_core(store, "organisation")
    assert all(read_credit_code(one["credit_code"]).is_valid for one in firms if one["credit_code"])
    # Two rows write one code in two ways: folded, they are one firm.
    distinct = {
        read.code for row in rows if (read := read_credit_code(row["统一社会信用代码"])).is_valid
    }
    assert len({one["credit_code"] for one in firms} - {None}) == len(distinct)


def test_addresses_go_as_far_as_their_text_and_no_further(
    store: Path, line: dict, rows: list[dict[str, str]]
) -> None:
    washed = towns.read_core(store, "address_wash")
    grades = Counter(row["grade"] for row in washed)
    levels = Counter(row["level"] for row in washed if row["grade"] in ("A", "B"))
    print({"grades": dict(grades), "levels of A and B": dict(levels)})  # noqa: T201 - figures wanted
    assert dict(grades) == line["grades"]
    assert len(washed) == sum(bool(row["注册地址"].strip()) for row in rows)
    assert set(levels) <= DIVISION_LEVELS
    assert min(levels.values()) > 1000
    assert grades["A"] + grades["B"] > 0.9 * FIRMS
    assert all(len(row["address_code"]) <= 12 for row in washed if row["address_code"])
    assert all(not row["address_code"] for row in washed if row["grade"] == "D")


def test_a_district_named_in_the_text_is_the_district_found(store: Path) -> None:
    """Judged by eye-simple means: a text that names one district of Shenzhen may not be put into another."""
    names = {"罗湖区": "440303", "福田区": "440304", "南山区": "440305", "盐田区": "440308"}
    texts = {
        row["mention_key"]: row["text"]
        for path in (store / "extracts" / SOURCE).rglob("address_mention.parquet")
        for row in pq.read_table(path).to_pylist()
    }
    washed = [row for row in towns.read_core(store, "address_wash") if row["grade"] in ("A", "B")]
    judged = wrong = 0
    for row in washed:
        named = {code for name, code in names.items() if name in (texts[row["mention_key"]] or "")}
        if len(named) == 1:
            judged += 1
            wrong += not row["address_code"].startswith(named.pop())
    assert judged > 3000
    assert wrong / judged < 0.005


def test_firms_are_found_by_name(store: Path, rows: list[dict[str, str]]) -> None:
    reader = open_blocks(Store(store).current_build())
    for row in (rows[0], rows[FIRMS // 2], rows[-1]):
        # Names are kept with full width folded; whoever asks need not know.
        name = unicodedata.normalize("NFKC", row["企业名称"])
        for asked in (row["企业名称"], name, name[2:8]):
            assert any(name in hit.text for hit in reader.search_places(asked, limit=500)), asked
    assert reader.search_places("没有这样一家公司的名称") == []


def test_no_person_is_in_the_core(store: Path) -> None:
    assert towns.read_core(store, "person") == []
    assert towns.read_core(store, "person_link") == []
    assert {row["element"] for row in towns.read_core(store, "mention_element")} <= {
        "organisation",
        "address",
    }


def test_the_block_of_a_district_counts_its_firms_and_invents_no_room(
    store: Path, rows: list[dict[str, str]]
) -> None:
    answer = towns.run_well("block", "440305", "--store", store, "--json").json()
    assert answer["name"] == "南山区"
    assert answer["counters"]["rooms"] == answer["counters"]["buildings"] == 0
    written = sum("南山区" in row["注册地址"] for row in rows)
    assert 0.9 * written < answer["counters"]["firms"] < 1.5 * written
