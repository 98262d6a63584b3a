"""An element as of a day and as believed: the build then, decisions since laid over it, persons only by right."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuai.guard import access
from kuai.guard.types import Actor, Role
from kuai.kit.engine import engine
from kuai.kit.errors import Refusal
from kuai.kit.store import Store, write_json
from kuai.registry import decisions
from kuai.registry.decisions import DecisionKind
from kuai.registry.queries import ElementState, find_belief, state_of
from tests.modules.blocks.builders import a_library
from tests.modules.blocks.builders import pack as pack_blocks
from tests.modules.flows.small_towns import (
    DAY,
    FIRM_HEADINGS,
    NOW,
    VISIT_HEADINGS,
    SmallTown,
    firm_rows,
    small_town,
    visit,
)
from tests.modules.registry.builders import World, relate_world
from tests.modules.registry.contested_town import ROOM, VERSION, receipts_of

pytestmark = pytest.mark.django_db
STEWARD = Actor(user_id="steward", role=Role.DATA_STEWARD, areas=("440310",))
GRID_WORKER = Actor(user_id="grid", role=Role.GRID_WORKER, areas=("440310",))
BUILDING = ROOM[:19]
LATER = NOW + timedelta(days=2)


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallTown:
    monkeypatch.delenv("KUAI_KEYS", raising=False)
    access.load_purposes()
    town = small_town(tmp_path)
    town.build()
    return town


def decide(kind: DecisionKind, key: str, *, by: Actor = STEWARD, **detail: Any) -> int:
    return decisions.record_decision(
        kind, (key,), reason="核对原件", by=by, at=LATER, detail=detail
    )


def verify(key: str, level: str) -> int:
    return decide(
        DecisionKind.VERIFY,
        key,
        by=GRID_WORKER,
        level=level,
        evidence_kind="visit",
        evidence_ref="2026-1",
    )


def contest(key: str) -> int:
    return decisions.record_decision(
        DecisionKind.OBJECT,
        (key,),
        reason="核对原件",
        by=GRID_WORKER,
        at=LATER,
        detail={"says": "other", "by": "clerk"},
    )


def firm(town: SmallTown, number: int = 0) -> str:
    return str(town.rows("organisation")[number]["organisation_code"])


def registered(state: ElementState) -> Any:
    return next(one for one in state.relations if one.type == "LH_REGISTERED")


def test_a_decision_is_laid_over_at_once_and_the_build_stays_what_it_was(town: SmallTown) -> None:
    code = firm(town)
    key = f"LH_REGISTERED|{code}|440310"
    before = find_belief(town.store)
    first = verify(key, "community")
    second = contest(key)
    now = state_of(town.store, code)
    assert (registered(now).status, registered(now).is_laid_over) == ("disputed", True)
    assert now.belief.sequence == second
    then = state_of(town.store, code, belief=before)
    assert (registered(then).status, registered(then).is_laid_over) == ("asserted", False)
    between = find_belief(town.store, f"{before.version}:{first}")
    assert registered(state_of(town.store, code, belief=between)).status == "verified"
    decide(DecisionKind.RETRACT, key)
    assert not [one for one in state_of(town.store, code).relations if one.type == "LH_REGISTERED"]


def test_what_people_say_of_who_is_who_waits_for_the_next_build(town: SmallTown) -> None:
    mentions = [row["founding_mention"] for row in town.rows("organisation")[:2]]
    first, second = firm(town, 0), firm(town, 1)
    decisions.record_decision(DecisionKind.SAME, mentions, reason="同一家", by=STEWARD, at=LATER)
    assert [one.kind for one in state_of(town.store, second).waiting] == ["same"]
    assert state_of(town.store, firm(town, 2)).waiting == ()
    old = find_belief(town.store, town.store.current_build().name)
    town.build()
    after = state_of(town.store, second)
    assert (after.code, after.asked_code, after.waiting) == (first, second, ())
    assert state_of(town.store, second, belief=old).code == second


def test_a_day_before_it_was_founded_and_a_belief_that_never_was(town: SmallTown) -> None:
    code = firm(town)
    assert state_of(town.store, code).stage == "in_being"
    assert state_of(town.store, code, on=date(2019, 12, 31)).stage == "not_yet"
    version = town.store.current_build().name
    for text in (f"{version}:99", "b-20200101-000000000000", f"{version}:x"):
        with pytest.raises(Refusal):
            find_belief(town.store, text)
    with pytest.raises(Refusal, match="没有编码"):
        state_of(town.store, "O-00000000-0")


def test_what_was_believed_on_a_day_is_what_was_published_and_decided_by_then(
    town: SmallTown,
) -> None:
    key = f"LH_REGISTERED|{firm(town)}|440310"
    town.store.note_publication(town.store.current_build().name, NOW)
    sequence = verify(key, "community")
    day = NOW.date()
    assert find_belief(town.store, on=day).sequence == 0
    assert find_belief(town.store, on=day + timedelta(days=3)).sequence == sequence
    with pytest.raises(Refusal, match="还没有发布"):
        find_belief(town.store, on=day - timedelta(days=30))


def test_persons_are_told_of_only_to_whom_they_may_be(town: SmallTown) -> None:
    person = str(town.rows("person")[0]["person_code"])
    for persons in (frozenset[str](), frozenset({"P-00000000-0"})):
        with pytest.raises(Refusal, match="凭据"):
            state_of(town.store, person, persons=persons)
    assert state_of(town.store, person, persons=frozenset({person})).relations
    # Who represents a firm is public, as a code.
    told = {one.type for one in state_of(town.store, firm(town)).relations}
    assert "PL_LEGALREP" in told
    with pytest.raises(Refusal, match="这里只有"):
        state_of(town.store, person, persons=None, is_open=True)


FACTS = st.sampled_from(["LH_REGISTERED", "PL_LEGALREP"])
WORDS = st.sampled_from(["verify", "object", "retract", "end", "withdraw"])


@given(st.lists(st.tuples(st.integers(0, 2), FACTS, WORDS), min_size=1, max_size=6))
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_overlay_says_what_a_build_with_these_decisions_says(
    town: SmallTown, steps: list[tuple[int, str, str]]
) -> None:
    firms = [str(row["organisation_code"]) for row in town.rows("organisation")]
    persons = {
        row["to_code"]: row["from_code"]
        for row in town.rows("relation")
        if row["type"] == "PL_LEGALREP"
    }
    made: list[int] = []
    for number, kind, word in steps:
        code = firms[number]
        key = (
            f"LH_REGISTERED|{code}|440310"
            if kind == "LH_REGISTERED"
            else f"PL_LEGALREP|{persons[code]}|{code}"
        )
        try:
            made.append(_say(town.store, word, key, made))
        except Refusal:
            # What contradicts the log is not decided, in the build as little as in the overlay.
            continue
    over = [_told(state_of(town.store, code, on=DAY)) for code in firms]
    town.build()
    built = [_told(state_of(town.store, code, on=DAY)) for code in firms]
    assert over == built


def _say(store: Store, word: str, key: str, made: list[int]) -> int:
    if word == "withdraw":
        if not made:
            raise Refusal("nothing", "nothing to withdraw")
        return decisions.withdraw_decision(
            made[-1], reason="写错了", by=STEWARD, at=LATER, store=store
        )
    if word == "verify":
        return verify(key, "community")
    if word == "object":
        return contest(key)
    if word == "end":
        return decide(DecisionKind.END, key, on="2026-09-01")
    return decide(DecisionKind.RETRACT, key)


def _told(state: ElementState) -> list[Any]:
    return [replace(one, is_laid_over=False, relation_no=0) for one in state.relations]


def test_a_later_delivery_changes_what_is_believed_and_not_what_was(town: SmallTown) -> None:
    old = find_belief(town.store, town.store.current_build().name)
    gone = firm(town, 1)
    town.deliver("firms", FIRM_HEADINGS, firm_rows(0, 2))
    town.deliver("visits", VISIT_HEADINGS, [visit("J1", "2026-09-01", 0)])
    town.build(as_of=date(2026, 11, 30))
    assert state_of(town.store, gone).stage == "unnamed"
    assert registered(state_of(town.store, gone, belief=old)).status == "asserted"
    assert registered(state_of(town.store, gone, on=DAY)).ended_by == "full_delivery"
    assert not [
        one
        for one in state_of(town.store, gone, on=date(2026, 11, 30)).relations
        if one.type == "LH_REGISTERED"
    ]


def test_no_day_tells_when_somebody_moved_into_a_home_or_out_of_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "store").create()
    prepared = store.scratch / VERSION
    world = World()
    tenant = world.person(0, birth_date=date(1980, 1, 2))
    term = {"valid_from": date(2024, 3, 1), "valid_to": date(2025, 6, 30)}
    world.link("PH_RENT", tenant, world.place(0, ROOM), **term)
    world.link("PH_RESIDE", world.person(1), world.place(1, BUILDING))
    with engine() as connection:
        made = relate_world(connection, world, prepared)
    pack_blocks(prepared, a_library(), made["relation"])
    write_json(prepared / "receipts.json", receipts_of(VERSION))
    store.publish(VERSION, prepared)
    days = [date(2024, 2, 29), date(2024, 3, 1), date(2025, 6, 30), date(2025, 7, 1), None]
    for is_open in (True, False):
        told = [state_of(store, ROOM, on=day, is_open=is_open) for day in days]
        assert {(one.hidden, one.relations) for one in told} == {((), ())}
    # A house is told on its build's own day, without a figure, and on no other.
    assert [(one.type, one.figure) for one in state_of(store, BUILDING).hidden] == [
        ("PH_RESIDE", None)
    ]
    assert state_of(store, BUILDING, on=DAY + timedelta(days=1)).hidden == ()
