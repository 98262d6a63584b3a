"""Whom a full register leaves out next month is told as ended; whom a delta leaves out is still there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.stories import towns

REGISTER = "police_residents"
NEXT_MONTH = "2026-11-30"
GONE = 30


def next_month(town: Path, folder: Path, *, delivery: str) -> Path:
    """The town in November: the register without its first rows, delivered as `delivery`."""
    package = towns.copy_town(town, folder, as_of=NEXT_MONTH)
    towns.write_extract(package, REGISTER, towns.read_extract(package, REGISTER)[GONE:])

    def say(description: dict[str, Any]) -> None:
        for one in description["resources"]:
            if one["name"] == REGISTER:
                one["delivery"] = delivery

    towns.describe(package, say)
    return package


def homes(store: Path) -> dict[str, dict[str, Any]]:
    """The register's residences by the mention they come from."""
    return {
        row["mention_key"]: row
        for row in towns.read_core(store, "relation")
        if row["source"] == REGISTER and row["type"] == "PH_RESIDE"
    }


@pytest.mark.parametrize("delivery", ["full", "delta"])
def test_only_a_full_register_ends_what_it_leaves_out(
    town: Path, own_store: Path, tmp_path: Path, delivery: str
) -> None:
    before = homes(own_store)
    towns.build(next_month(town, tmp_path / "november", delivery=delivery), own_store)
    after = homes(own_store)
    assert before.keys() <= after.keys(), "a statement vanished"
    ended = {key for key, row in after.items() if row["ended_by"] == "full_delivery"}
    if delivery == "delta":
        assert ended == set()
        return
    assert 0 < len(ended) <= GONE
    assert {after[key]["valid_to"].isoformat() for key in ended} == {NEXT_MONTH}
    number = after[min(ended)]["relation_no"]
    steps = towns.run_well("explain", "relation", number, "--store", own_store, "--json").json()
    told = {step["step"]: step["text"] for step in steps}
    assert "全量交付不再有这一条" in told["状态"]
    assert REGISTER in told["来自"]
