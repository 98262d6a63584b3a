"""A build made again from the store's own inputs is the one that is there, whatever came in or was decided since."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.flows.build_inputs import read_inputs
from kuai.flows.replay import Replay, replay_build
from kuai.guard import access
from kuai.guard.actions import shred_period
from kuai.guard.types import Actor, Role, Zone
from kuai.kit.errors import Refusal
from kuai.registry import decisions
from kuai.sources import actions as sources
from tests.modules.flows.small_towns import (
    FIRM_HEADINGS,
    NOW,
    VISIT_HEADINGS,
    SmallTown,
    firm_rows,
    small_town,
    visit,
)

pytestmark = pytest.mark.django_db
STEWARD = Actor(user_id="steward", role=Role.DATA_STEWARD, areas=("440310",))


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallTown:
    monkeypatch.delenv("KUAI_KEYS", raising=False)
    access.load_purposes()
    return small_town(tmp_path)


def decide_same(*mentions: str) -> int:
    return decisions.record_decision(
        decisions.DecisionKind.SAME, mentions, reason="两份登记为同一家", by=STEWARD, at=NOW
    )


def unequal(replay: Replay) -> list[str]:
    return [one.name for one in replay.tables if not one.is_equal]


def test_a_build_is_the_same_again_after_new_deliveries_and_decisions(town: SmallTown) -> None:
    first = town.build().version
    town.deliver("visits", VISIT_HEADINGS, [visit("J3", "2026-09-03", 2)], delivery="delta")
    decided = decide_same("firms:91440399MA5AAAAA0U#subject", "firms:91440399MA5AAAAB9G#subject")
    second = town.build().version
    town.deliver("firms", FIRM_HEADINGS, firm_rows(0, 2))
    town.build()
    builds = {path.name for path in town.store.builds.iterdir()}
    for version, sequence in ((first, 0), (second, decided)):
        replay = replay_build(town.store, version)
        assert (unequal(replay), replay.reasons, replay.erasures) == ([], (), ())
        assert (replay.is_equal, replay.decisions_up_to) == (True, sequence)
        assert {one.name for one in replay.tables} >= {"relation", "identity_ledger", "decision"}
    assert replay.previous == first
    assert {path.name for path in town.store.builds.iterdir()} == builds
    assert not list(town.store.scratch.glob("replay*"))
    other = replay_build(town.store, first, against=second)
    assert "organisation" in unequal(other)


def test_inputs_tell_all_that_a_build_was_made_of(town: SmallTown) -> None:
    town.build()
    town.deliver("visits", VISIT_HEADINGS, [visit("J3", "2026-09-03", 2)], delivery="delta")
    town.build()
    inputs = read_inputs(town.store.current_build())
    assert inputs is not None
    assert [(one["source"], one["period"], one["delivery"]) for one in inputs["deliveries"]] == [
        ("visits", "0001", "full"),
        ("firms", "0001", "full"),
        ("visits", "0002", "delta"),
    ]
    assert inputs["decisions"]["up_to"] == 0
    assert inputs["previous"] in {path.name for path in town.store.builds.iterdir()}
    for name in ("code", "model", "as_of", "library", "relations", "tokens"):
        assert inputs[name]
    assert all(one["content_hash"] and one["mapping_digest"] for one in inputs["deliveries"])
    assert all(
        "record_review" in one["registration"]["permitted_purposes"] for one in inputs["deliveries"]
    )


def test_a_mapping_changed_since_does_not_change_the_past(town: SmallTown) -> None:
    version = town.build().version
    path = sources.mapping_path(town.store, "visits")
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("own_key: 检查编号\n", ""), encoding="utf-8")
    assert unequal(replay_build(town.store, version)) == []
    assert path.read_text(encoding="utf-8") != before


@pytest.mark.parametrize("source", ["visits", "firms"])
def test_what_was_shredded_is_all_that_is_missing(town: SmallTown, source: str) -> None:
    # Of another source, whose rows are numbered after those that go.
    town.deliver("visits_of_others", VISIT_HEADINGS, [visit("K1", "2026-09-07", 2)])
    version = town.build().version
    shred_period(town.store, zone=Zone.CORE, source=source, period="0001")
    replay = replay_build(town.store, version)
    assert unequal(replay) == []
    rows = {"visits": 2, "firms": 3}[source]
    assert [(one.source, one.period, one.rows) for one in replay.erasures] == [
        (source, "0001", rows)
    ]
    tables = {one.name: one for one in replay.tables}
    assert tables["relation"].set_aside > 0
    assert tables["mention_element"].rows_now < tables["mention_element"].rows_then


def test_a_build_that_was_tampered_with_is_found_out(town: SmallTown) -> None:
    version = town.build().version
    core = town.store.builds / version / "core"
    (core / "event.parquet").write_bytes((core / "event.parquet").read_bytes())
    assert replay_build(town.store, version).is_equal
    town.deliver("visits", VISIT_HEADINGS, [visit("J1", "2026-09-01", 0)])
    other = town.build().version
    (core / "event.parquet").write_bytes(
        (town.store.builds / other / "core" / "event.parquet").read_bytes()
    )
    assert unequal(replay_build(town.store, version)) == ["event"]


def test_what_cannot_be_made_again_is_refused_with_a_way_out(town: SmallTown) -> None:
    version = town.build().version
    with pytest.raises(Refusal, match="没有版本"):
        replay_build(town.store, "b-20260101-000000000000")
    (town.store.builds / version / "inputs.json").unlink()
    with pytest.raises(Refusal, match="没有记下它的输入") as refusal:
        replay_build(town.store, version)
    assert refusal.value.next_step
