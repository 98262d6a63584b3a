"""What came in parts stays known: a delta replaces rows by their key, an addition adds, a full delivery begins anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.flows.build import rebuild_store
from kuai.flows.registration import gate_of, registrar_of
from kuai.guard import access
from kuai.guard.actions import shred_period
from kuai.guard.types import Zone
from kuai.kit.store import read_json
from tests.modules.flows.small_towns import NOW, VISIT_HEADINGS, SmallTown, small_town, visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallTown:
    monkeypatch.delenv("KUAI_KEYS", raising=False)
    access.load_purposes()
    return small_town(tmp_path)


def visits_of(town: SmallTown) -> dict[str, tuple[str, str, str]]:
    """Visit -> delivery it counts by, its code, its result."""
    told = {row["founding_mention"]: row["outcome"] for row in town.rows("event")}
    return {
        row["mention_key"].split(":")[1].removesuffix("#event"): (
            row["period"],
            row["code"],
            told[row["mention_key"]],
        )
        for row in town.rows("mention_element")
        if row["element"] == "event"
    }


def deliver_visits(town: SmallTown, *rows: tuple[str, ...], delivery: str) -> None:
    town.deliver("visits", VISIT_HEADINGS, list(rows), delivery=delivery)


def test_deltas_and_additions_stand_on_the_last_full_delivery(town: SmallTown) -> None:
    town.build()
    first = visits_of(town)
    deliver_visits(
        town,
        visit("J1", "2026-09-01", 0, result="不合格"),
        visit("J3", "2026-09-03", 2),
        delivery="delta",
    )
    town.build()
    deliver_visits(town, visit("J4", "2026-09-04", 2), delivery="append")
    town.build()
    known = visits_of(town)
    assert {name: (period, result) for name, (period, _, result) in known.items()} == {
        "J1": ("0002", "不合格"),
        "J2": ("0001", "合格"),
        "J3": ("0002", "合格"),
        "J4": ("0003", "合格"),
    }
    assert {name: known[name][1] for name in first} == {name: first[name][1] for name in first}
    receipts = read_json(town.store.current_build() / "receipts.json")
    line = next(one for one in receipts["sources"] if one["source"] == "visits")
    assert [
        (one["period"], one["delivery"], one["standing"]["kept"], one["standing"]["refused"])
        for one in line["stands_on"]
    ] == [("0001", "full", 1, 1), ("0002", "delta", 2, 0)]
    # From what the store holds alone it is the same build.
    again = rebuild_store(
        town.store, registrar=registrar_of(synthetic=True, at=NOW), gate_on=gate_of(synthetic=True)
    )
    assert again.already_published
    assert not (town.store.scratch / "standing").exists()


def test_a_full_delivery_begins_anew(town: SmallTown) -> None:
    town.build()
    deliver_visits(town, visit("J3", "2026-09-03", 2), delivery="delta")
    town.build()
    deliver_visits(
        town, visit("J2", "2026-09-02", 1), visit("J5", "2026-09-05", 2), delivery="full"
    )
    town.build()
    assert visits_of(town).keys() == {"J2", "J5"}
    deliver_visits(town, visit("J6", "2026-09-06", 0), delivery="delta")
    town.build()
    assert visits_of(town).keys() == {"J2", "J5", "J6"}


def test_a_shredded_delivery_is_missed_and_nothing_older_than_a_full_one_comes_back(
    town: SmallTown,
) -> None:
    town.build()
    deliver_visits(town, visit("J3", "2026-09-03", 2), delivery="delta")
    town.build()
    deliver_visits(town, visit("J4", "2026-09-04", 2), delivery="delta")
    town.build()
    shred_period(town.store, zone=Zone.CORE, source="visits", period="0002")
    town.build()
    assert visits_of(town).keys() == {"J1", "J2", "J4"}
    shred_period(town.store, zone=Zone.CORE, source="visits", period="0001")
    town.build()
    assert visits_of(town).keys() == {"J4"}
