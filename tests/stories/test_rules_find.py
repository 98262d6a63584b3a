"""No rule of the house is empty where there is something to find: in the town what departments newly deliver, in a
demo city of 8,000 rooms all of them, and none more than an office can ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from kuai.flows.care_bits import care_rows
from kuai.kit.store import Store
from kuai.rules import actions, queries
from tests.stories import towns

DAY = towns.TOWN_DAY
AT = datetime(2026, 10, 31, 4, tzinfo=UTC)
FEW = 10
# More than one home or person in eight would be asked of everybody, not of a case.
MOST_A_RULE = 0.125
OF_THE_TOWN = (
    "first.newborn_steps", "first.deliver_at_home", "first.inspection_due",
    "first.let_without_filing", "first.ended_firm_still_there", "first.new_firm_welcome", "first.firms_in_home",
)  # fmt: skip


pytestmark = pytest.mark.django_db


@pytest.fixture
def handed_in(built: Path) -> Mapping[str, list[Any]]:
    """What comes out of the town's care zone."""
    return care_rows(Store(built), on=DAY, at=AT)


def test_what_departments_newly_deliver_is_found_in_the_town(
    built: Path, handed_in: Mapping[str, list[Any]]
) -> None:
    rules = [queries.get_rule(name) for name in OF_THE_TOWN]
    found, _ = actions.evaluate_rules(
        Store(built), rules, day=DAY, declared=handed_in, smallest_population=FEW
    )
    assert {one.rule for one in found} == set(OF_THE_TOWN)
    assert {one.status for one in found} == {"asserted"}
    newborns = [one for one in found if one.rule == "first.newborn_steps"]
    assert all(one.asks == "offer" for one in newborns)
    assert all(date.fromisoformat(one.evidence["born_on"]) > date(2025, 10, 31) for one in newborns)


def test_of_the_care_zone_one_bit_comes_out_and_only_of_who_asked(
    built: Path, town: Path, handed_in: Mapping[str, list[Any]]
) -> None:
    said = towns.read_extract(town, "care_consents")
    flags, wishes = handed_in["opted_in_flags"], handed_in["declared_wishes"]
    assert flags
    assert wishes
    assert len(wishes) <= sum(row["开通项目"] == "上门送件" for row in said)
    assert {frozenset(row) for row in flags} == {frozenset({"room_code", "flag", "raised_on"})}
    # Of homes that never asked, the utility's list is not believed.
    signals = towns.read_extract(town, "care_signals")
    assert len(flags) <= len(signals)
    core = Store(built).current_build() / "core"
    assert not any(b"care_signals" in path.read_bytes() for path in core.glob("*.parquet"))
    # A month later every reminder is over, whatever the list still says.
    assert not [one for one in flags if one["raised_on"] <= "2026-09-30"]


def test_a_firm_is_due_by_the_citys_own_table_and_by_no_table_never(
    built: Path, tmp_path: Path
) -> None:
    root = tmp_path / "store"
    root.mkdir()
    for name in ("builds", "current", "tenant.json"):
        (root / name).symlink_to(built / name)
    rule = [queries.get_rule("first.inspection_due")]

    def due() -> int:
        found, _ = actions.evaluate_rules(Store(root), rule, day=DAY, smallest_population=FEW)
        return len(found)

    by_example = due()
    (root / "rules").mkdir()
    table = root / "rules" / "inspection_intervals.csv"
    table.write_text("检查类别,检查等级,间隔天数\n没有这一类,A,30\n", encoding="utf-8")
    assert by_example > 0
    assert due() == 0


@pytest.mark.torture
def test_every_rule_of_the_house_finds_something_in_a_demo_city_and_none_too_much(
    tmp_path: Path,
) -> None:
    towns.make_town(tmp_path / "city", rooms=8000, seed=1)
    towns.build(tmp_path / "city", tmp_path / "store")
    store = Store(tmp_path / "store")
    handed_in = care_rows(store, on=DAY, at=AT)
    _, counts = actions.evaluate_rules(store, queries.list_rules(), day=DAY, declared=handed_in)
    assert [(one.rule, one.refused) for one in counts if not one.findings] == []
    # Firms are few and their seats often elsewhere: every fourth may be asked.
    too_much = {
        one.rule: (one.findings, one.population)
        for one in counts
        if one.findings > MOST_A_RULE * one.population
    }
    assert set(too_much) <= {"first.two_places", "first.inspection_due"}
