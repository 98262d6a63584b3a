"""How many firms of which industry: what the register writes, by the standard, in every block, file and export."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from kuai.blocks.queries import counter_catalogue, open_blocks
from kuai.guard.access import create_demo_accounts
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from tests.stories import towns

pytestmark = pytest.mark.django_db

PASSWORD = "kuai-demo-for-tests"
SECTIONS = [key for key, one in counter_catalogue().items() if one.group == "industries"]


def figures(block) -> dict[str, int]:
    return {one.key: one.figure or 0 for one in block.counters if one.key.startswith("firms")}


def test_sections_are_the_registers_and_add_up_to_the_firms_that_are_no_sole_traders(
    built: Path,
) -> None:
    store = Store(built)
    reader = open_blocks(store.current_build())
    (district,) = reader.top_blocks()
    told = figures(reader.get_block(district.code))
    seats = {
        (row["from_code"], reader.leaf_of(row["to_code"]))
        for row in towns.read_core(built, "relation")
        if row["type"] == "LH_REGISTERED" and row["status"] in ("asserted", "verified")
    }
    firms = {row["organisation_code"]: row for row in towns.read_core(built, "organisation")}
    counted: Counter[str] = Counter()
    for code, _leaf in seats:
        firm = firms[code]
        if firm["state"] != "ended" and firm["kind"] not in ("sole_trader", "unknown"):
            counted[f"firms_section_{(firm['industry_section'] or 'unknown').lower()}"] += 1
    assert counted.keys() >= {"firms_section_c", "firms_section_o"}
    assert {key: told[key] for key in SECTIONS} == {key: counted[key] for key in SECTIONS}
    assert (
        sum(told[key] for key in SECTIONS)
        == told["firms_enterprise"]
        == told["firms"] - told["firms_sole_trader"]
    )
    assert told["firms_active"] + told["firms_state_unknown"] == told["firms"]
    for child in reader.list_children(district.code):
        below = figures(reader.get_block(child.code))
        assert all(below[key] <= told[key] for key in SECTIONS)


def test_every_section_of_a_block_is_in_its_sheet_with_definition_source_and_day(
    own_store: Path, settings: LazySettings
) -> None:
    leader = _leader(own_store, settings)
    (district,) = open_blocks(Store(own_store).current_build()).top_blocks()
    answer = leader.post(f"/blocks/{district.code}/export/", {"form": "csv", "reason": "核对"})
    sheet = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    line = next(row for row in sheet if len(row) > 3 and row[3] == "行业：制造业")
    text = " ".join(line)
    assert "GB/T 4754-2017" in text, line
    assert "不含个体工商户" in text
    assert "2026-10-31" in text
    page = leader.get(f"/blocks/{district.code}/").content.decode()
    assert "制造业" in page
    assert "行业门类为 C 制造业" in page
    # A section without a firm is no line of the page.
    assert "行业门类为 T 国际组织" not in page


def test_a_firms_file_says_its_industry_and_who_says_so_and_a_sole_traders_does_not(
    own_store: Path, settings: LazySettings
) -> None:
    leader = _leader(own_store, settings)
    firms = towns.read_core(own_store, "organisation")
    firm = next(one for one in firms if one["kind"] == "enterprise" and one["industry_section"])
    trader = next(one for one in firms if one["kind"] == "sole_trader" and one["industry"])
    page = leader.get(f"/files/{firm['organisation_code']}/").content.decode()
    assert "行业（GB/T 4754-2017）" in page
    assert f"{firm['industry']}（" in page
    other = leader.get(f"/files/{trader['organisation_code']}/").content.decode()
    assert trader["organisation_code"] in other
    assert "行业（GB/T 4754-2017）" not in other
    assert trader["industry"] not in other


def _leader(root: Path, settings: LazySettings) -> Client:
    settings.STORE = Store(root)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    create_demo_accounts((), synthetic=True, at=utc_now(), password=PASSWORD)
    leader = Client()
    leader.post("/login/", {"username": "demo-leader", "password": PASSWORD})
    return leader
