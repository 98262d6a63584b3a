"""Statements over months: only a full delivery ends what it leaves out; people's words hold against every extract."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.modules.registry.builders import World
from tests.modules.registry.statement_builders import (
    DECEMBER,
    NOVEMBER,
    OCTOBER,
    Months,
    a_firm,
    a_month,
    only,
    set_period,
)

ROOM = "4403100010010100001000001"
OTHER_ROOM = "4403100010010100001000002"
THIRD_ROOM = "4403100010010100001000003"
BUILDING = ROOM[:19]
GRID = ROOM[:14]


@pytest.fixture
def months(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Months:
    # A handful of rows a build: more threads only wait for each other.
    monkeypatch.setenv("KUAI_THREADS", "1")
    return Months(tmp_path)


def gone_from(months: Months, kind: str):
    """Two residents in October; in November a delivery of this kind names the first only."""
    months.build(a_month("0001", (1, ROOM), (2, OTHER_ROOM)), as_of=OCTOBER)
    return months.build(
        a_month("0002", (1, ROOM)), as_of=NOVEMBER, deliveries=[("police", "0002", kind)]
    )


def test_whom_a_full_delivery_leaves_out_has_ended_on_its_day(months: Months) -> None:
    rows = gone_from(months, "full")["relation"]
    left = only(rows, to_code=OTHER_ROOM)
    assert (left["status"], left["ended_by"], left["valid_to"]) == (
        "ended",
        "full_delivery",
        NOVEMBER,
    )
    assert (left["source"], left["period"], left["mention_key"]) == (
        "police",
        "0001",
        "police:2#subject",
    )
    stays = only(rows, to_code=ROOM)
    assert (stays["status"], stays["ended_by"], stays["valid_to"]) == ("asserted", "", None)


@pytest.mark.parametrize("kind", ["delta", "append"])
def test_a_delta_or_addition_never_ends_anything(months: Months, kind: str) -> None:
    rows = gone_from(months, kind)["relation"]
    assert {row["to_code"]: row["status"] for row in rows} == {
        ROOM: "asserted",
        OTHER_ROOM: "asserted",
    }


def test_what_has_ended_stays_told_and_what_comes_back_is_alive_again(months: Months) -> None:
    gone_from(months, "full")
    third = months.build(a_month("0003", (1, ROOM)), as_of=DECEMBER)["relation"]
    assert only(third, to_code=OTHER_ROOM)["valid_to"] == NOVEMBER
    back = months.build(a_month("0004", (1, ROOM), (2, OTHER_ROOM)), as_of=date(2027, 1, 31))[
        "relation"
    ]
    again = only(back, to_code=OTHER_ROOM)
    assert (again["status"], again["valid_to"]) == ("asserted", None)
    assert again["said_since"] == date(2027, 1, 31)
    assert only(back, to_code=ROOM)["said_since"] == OCTOBER


def test_what_has_ended_is_forgotten_when_the_source_may_no_longer_be_kept(months: Months) -> None:
    gone_from(months, "full")
    later = months.build(a_month("0003", (1, ROOM)), as_of=date(2027, 6, 30), retention_days=365)[
        "relation"
    ]
    assert only(later, to_code=OTHER_ROOM)["status"] == "ended"
    latest = months.build(a_month("0004", (1, ROOM)), as_of=date(2028, 6, 30), retention_days=365)[
        "relation"
    ]
    assert [row["to_code"] for row in latest] == [ROOM]


def test_nothing_of_a_shredded_delivery_is_carried_on(months: Months) -> None:
    months.build(a_month("0001", (1, ROOM), (2, OTHER_ROOM)), as_of=OCTOBER)
    tables = months.build(
        a_month("0002", (1, ROOM)),
        as_of=NOVEMBER,
        deliveries=[("police", "0002", "full"), ("police", "0001", "shredded")],
    )
    assert [row["to_code"] for row in tables["relation"]] == [ROOM]
    assert tables["resting_statement"] == []


def with_grid(period: str, *, as_police: bool = True) -> World:
    """The grid's list names resident 1 too; the police register may be away."""
    world = a_month(period, (1, ROOM), (2, OTHER_ROOM)) if as_police else World()
    other = world.person(1, source="grid", cluster="police:1#subject" if as_police else "")
    world.link("PH_RENT", other, world.place(1, THIRD_ROOM, source="grid"))
    set_period(world, period)
    return world


def test_what_an_absent_source_said_rests_and_is_held_against_its_next_delivery(
    months: Months,
) -> None:
    months.build(
        with_grid("0001"),
        as_of=OCTOBER,
        deliveries=[("police", "0001", "full"), ("grid", "0001", "full")],
    )
    away = months.build(
        with_grid("0001", as_police=False), as_of=NOVEMBER, deliveries=[("grid", "0001", "full")]
    )
    assert {row["source"] for row in away["relation"]} == {"grid"}
    assert sorted(row["to_code"] for row in away["resting_statement"]) == [ROOM, OTHER_ROOM]
    back = months.build(a_month("0002", (1, ROOM)), as_of=DECEMBER)
    assert only(back["relation"], to_code=OTHER_ROOM)["ended_by"] == "full_delivery"
    assert only(back["relation"], to_code=ROOM)["said_since"] == OCTOBER
    assert {row["source"] for row in back["resting_statement"]} == {"grid"}


def test_an_older_delivery_built_after_a_newer_one_ends_nothing_of_it(months: Months) -> None:
    months.build(a_month("0002", (1, ROOM), (2, OTHER_ROOM)), as_of=NOVEMBER)
    tables = months.build(a_month("0001", (1, ROOM)), as_of=OCTOBER)
    assert [row["to_code"] for row in tables["relation"]] == [ROOM]
    assert [row["to_code"] for row in tables["resting_statement"]] == [OTHER_ROOM]


def test_a_row_with_a_key_of_its_own_that_names_another_place_ends_the_first(
    months: Months,
) -> None:
    months.build(a_month("0001", (1, ROOM)), as_of=OCTOBER)
    rows = months.build(a_month("0002", (1, OTHER_ROOM)), as_of=NOVEMBER)["relation"]
    assert only(rows, to_code=ROOM)["ended_by"] == "full_delivery"
    assert only(rows, to_code=OTHER_ROOM)["status"] == "asserted"


def test_a_row_that_we_understand_otherwise_has_not_ended_anything(months: Months) -> None:
    months.build(a_month("0001", (1, ROOM)), as_of=OCTOBER)
    rows = months.build(a_month("0001", (1, OTHER_ROOM)), as_of=NOVEMBER)["relation"]
    assert [(row["to_code"], row["status"]) for row in rows] == [(OTHER_ROOM, "asserted")]


def test_a_renumbered_room_is_the_same_fact(months: Months) -> None:
    first = months.build(a_month("0001", (1, ROOM)), as_of=OCTOBER)["relation"]
    months.promote(first[0]["fact_key"], "community")
    months.successions.append(
        {
            "address_code": ROOM,
            "successor_code": THIRD_ROOM,
            "kind": "renumbered",
            "happened_on": NOVEMBER,
        }
    )
    (row,) = months.build(a_month("0002", (1, THIRD_ROOM)), as_of=NOVEMBER)["relation"]
    assert (row["to_code"], row["status"], row["said_since"]) == (THIRD_ROOM, "verified", OCTOBER)


def test_a_merged_code_carries_its_facts_to_the_one_that_goes_on(months: Months) -> None:
    first = months.build(a_month("0001", (1, ROOM), (2, OTHER_ROOM)), as_of=OCTOBER)["relation"]
    fact = only(first, to_code=OTHER_ROOM)["fact_key"]
    months.promote(fact, "community")
    world = World()
    joined = world.resident(1, ROOM)
    world.resident(2, OTHER_ROOM, cluster=joined)
    set_period(world, "0002")
    rows = months.build(world, as_of=NOVEMBER)["relation"]
    row = only(rows, to_code=OTHER_ROOM)
    assert row["from_code"] == only(rows, to_code=ROOM)["from_code"]
    assert row["fact_key"] != fact
    assert row["status"] == "verified"


# --- decisions -----------------------------------------------------------------------------------


def october(months: Months) -> str:
    """One resident; the key of the fact."""
    return months.build(a_month("0001", (1, ROOM)), as_of=OCTOBER)["relation"][0]["fact_key"]


def november(months: Months, **more):
    return months.build(a_month("0002", (1, ROOM), **more), as_of=NOVEMBER)


@pytest.mark.parametrize(
    ("levels", "reached"),
    [
        (("community",), "community"),
        (("community", "subdistrict"), "subdistrict"),
        (("community", "subdistrict", "department"), "department"),
        (("community", "department"), "community"),
        (("department",), ""),
        (("subdistrict", "community"), "community"),
    ],
)
def test_a_fact_is_promoted_step_by_step(
    months: Months, levels: tuple[str, ...], reached: str
) -> None:
    fact = october(months)
    months.promote(fact, *levels)
    tables = november(months)
    row = only(tables["relation"], fact_key=fact)
    assert (row["status"], row["level"]) == ("verified" if reached else "asserted", reached)
    assert [one["level"] for one in tables["base_fact"]] == ([reached] if reached else [])


def test_an_objection_takes_the_fact_out_until_it_is_withdrawn(months: Months) -> None:
    fact = october(months)
    objection = months.decide("object", fact, says="never_lived")
    row = only(november(months)["relation"], fact_key=fact)
    assert (row["status"], row["is_contested"], row["decision"]) == ("disputed", True, objection)
    # The next extract says it once more.
    again = months.build(a_month("0003", (1, ROOM)), as_of=DECEMBER)["relation"]
    assert only(again, fact_key=fact)["is_contested"] is True
    months.take_back(objection)
    after = months.build(a_month("0004", (1, ROOM)), as_of=DECEMBER)["relation"]
    assert only(after, fact_key=fact)["status"] == "asserted"


def test_a_contested_fact_makes_no_conflict(months: Months) -> None:
    world = a_month("0001", (1, ROOM))
    world.resident(2, OTHER_ROOM, cluster="police:1#subject")
    set_period(world, "0001")
    first = months.build(world, as_of=OCTOBER)
    assert [row["kind"] for row in first["conflict"]] == ["two_residences"]
    months.decide("object", first["relation"][0]["fact_key"], says="moved_out")
    assert months.build(world, as_of=NOVEMBER)["conflict"] == []


def test_what_was_never_true_stays_withdrawn_whatever_extracts_say(months: Months) -> None:
    fact = october(months)
    months.promote(fact, "community")
    months.decide("retract", fact)
    tables = november(months)
    assert only(tables["relation"], fact_key=fact)["status"] == "withdrawn"
    assert tables["base_fact"] == []


def test_a_decided_end_holds_against_the_extract_that_goes_on_saying_it(months: Months) -> None:
    fact = october(months)
    months.decide("end", fact, on_day=date(2026, 9, 1))
    row = only(november(months)["relation"], fact_key=fact)
    assert (row["status"], row["ended_by"], row["valid_to"]) == (
        "ended",
        "decision",
        date(2026, 9, 1),
    )


def test_whoever_comes_back_after_a_decided_end_lives_there_again(months: Months) -> None:
    fact = october(months)
    months.decide("end", fact, on_day=date(2026, 9, 1))
    tables = november(months, valid_from=date(2026, 11, 5))
    assert only(tables["relation"], fact_key=fact)["status"] == "asserted"


def test_a_decided_end_that_is_taken_back_leaves_no_trace(months: Months) -> None:
    fact = october(months)
    end = months.decide("end", fact, on_day=date(2026, 9, 1))
    november(months)
    months.take_back(end)
    tables = months.build(
        a_month("0003", (9, OTHER_ROOM)), as_of=DECEMBER, deliveries=[("police", "0003", "delta")]
    )
    row = only(tables["relation"], fact_key=fact)
    assert (row["status"], row["valid_to"], row["ended_by"]) == ("asserted", None, "")


def test_an_objection_to_a_birth_date_is_shown_at_the_person(months: Months) -> None:
    fact = october(months)
    months.decide("object", f"birth_date|{fact.split('|')[1]}", says="typo")
    (person,) = november(months)["person"]
    assert (person["contested"], person["status"]) == ("birth_date", "disputed")


@pytest.mark.parametrize(("what", "unknown"), [("birth_date", None), ("sex", "0")])
def test_a_value_found_never_true_falls_out_and_its_contest_is_over(
    months: Months, what: str, unknown: str | None
) -> None:
    """Also when the next extract says it again; taking the retraction back opens the contest."""
    world = World()
    world.resident(0, ROOM, birth_date=date(1980, 1, 2), sex="1")
    code = months.build(world, as_of=OCTOBER)["person"][0]["person_code"]
    months.decide("object", f"{what}|{code}", says="typo")
    retraction = months.decide("retract", f"{what}|{code}")
    for month in (NOVEMBER, DECEMBER):
        tables = months.build(world, as_of=month)
        (person,) = tables["person"]
        assert (person[what], person["contested"], person["status"]) == (unknown, "", "asserted")
        assert person["sex" if what == "birth_date" else "birth_date"] in ("1", date(1980, 1, 2))
        births = [row for row in tables["life_event"] if row["kind"] == "birth"]
        assert len(births) == (what == "sex")
    months.take_back(retraction)
    (person,) = months.build(world, as_of=DECEMBER)["person"]
    assert (person["contested"], person["status"]) == (what, "disputed")


def test_a_child_stays_one_when_the_birth_date_is_found_never_true(months: Months) -> None:
    world = World()
    world.resident(0, ROOM, birth_date=date(2020, 1, 2), is_child_under_14=True)
    code = months.build(world, as_of=OCTOBER)["person"][0]["person_code"]
    months.decide("retract", f"birth_date|{code}")
    (person,) = months.build(world, as_of=NOVEMBER)["person"]
    assert (person["birth_date"], person["is_child_under_14"]) == (None, True)


def both_in_one(period: str) -> World:
    """Two rows that are one person."""
    world = World()
    joined = world.resident(1, ROOM)
    world.resident(2, OTHER_ROOM, cluster=joined)
    set_period(world, period)
    return world


@pytest.mark.parametrize("kind", ["object", "retract"])
def test_what_was_decided_of_a_row_goes_with_it_when_a_merge_is_undone(
    months: Months, kind: str
) -> None:
    apart = a_month("0001", (1, ROOM), (2, OTHER_ROOM))
    first = months.build(apart, as_of=OCTOBER)["relation"]
    own = only(first, to_code=OTHER_ROOM)["fact_key"]
    merged = months.build(both_in_one("0001"), as_of=NOVEMBER)["relation"]
    fact = only(merged, to_code=OTHER_ROOM)["fact_key"]
    assert fact != own
    months.decide(kind, fact, mentions=["police:2#subject"])
    status = "disputed" if kind == "object" else "withdrawn"
    rows = months.build(both_in_one("0001"), as_of=NOVEMBER)["relation"]
    assert only(rows, to_code=OTHER_ROOM)["status"] == status
    rows = months.build(apart, as_of=DECEMBER)["relation"]
    assert only(rows, fact_key=own)["status"] == status
    assert only(rows, to_code=ROOM)["status"] == "asserted"


@pytest.mark.parametrize(
    ("steps", "reached"),
    [
        ("verify:community verify:subdistrict end verify:community", "community"),
        ("verify:community verify:subdistrict end verify:community end", "community"),
        ("verify:community end verify:community verify:subdistrict", "subdistrict"),
    ],
)
def test_after_an_end_the_steps_of_promotion_begin_anew_however_often(
    months: Months, steps: str, reached: str
) -> None:
    fact = october(months)
    for step in steps.split():
        kind, _, level = step.partition(":")
        months.decide(kind, fact, level=level, on_day=None if level else date(2026, 9, 1))
    assert only(november(months)["relation"], fact_key=fact)["level"] == reached


def test_what_was_found_never_true_is_not_contested_any_more(months: Months) -> None:
    fact = october(months)
    months.decide("object", fact, says="never_lived")
    months.decide("retract", fact)
    row = only(november(months)["relation"], fact_key=fact)
    assert (row["status"], row["is_contested"]) == ("withdrawn", False)


def test_what_was_said_of_a_later_day_and_is_left_out_is_over(months: Months) -> None:
    later = date(2027, 1, 15)
    first = a_month("0001", (1, ROOM))
    first.resident(2, OTHER_ROOM)
    first.rows["row_link"][-1].update(valid_from=later, valid_to=date(2029, 1, 15))
    set_period(first, "0001")
    months.build(first, as_of=OCTOBER)
    row = only(november(months)["relation"], to_code=OTHER_ROOM)
    assert (row["status"], row["ended_by"]) == ("ended", "full_delivery")
    after = months.build(a_month("0003", (1, ROOM)), as_of=DECEMBER)["relation"]
    again = only(after, to_code=OTHER_ROOM)
    assert (again["status"], again["ended_by"], again["valid_to"]) == (
        "ended",
        "full_delivery",
        row["valid_to"],
    )


# --- the base library ----------------------------------------------------------------------------


def hukou(period: str, *rooms: str) -> World:
    world = World()
    for row, code in enumerate(rooms, start=1):
        person = world.person(row, cluster="police:1#subject")
        world.link("PH_HUKOU", person, world.place(row, code))
    set_period(world, period)
    return world


def test_another_place_of_hukou_disputes_the_verified_one_and_overwrites_nothing(
    months: Months,
) -> None:
    fact = months.build(hukou("0001", ROOM), as_of=OCTOBER)["relation"][0]["fact_key"]
    months.promote(fact, "community", "subdistrict")
    tables = months.build(hukou("0002", ROOM, OTHER_ROOM), as_of=NOVEMBER)
    (base,) = tables["base_fact"]
    other = only(tables["relation"], to_code=OTHER_ROOM)
    assert (base["fact_key"], base["status"], base["disputed_by"], base["level"]) == (
        fact,
        "disputed",
        "other_statement",
        "subdistrict",
    )
    assert (base["contradicting_fact"], base["contradicting_mention"]) == (
        other["fact_key"],
        other["mention_key"],
    )
    assert other["status"] == "asserted"
    assert only(tables["relation"], to_code=ROOM)["status"] == "disputed"
    assert [row["kind"] for row in tables["conflict"]] == ["two_hukou_places"]
    both = (tables["conflict"][0]["left_fact"], tables["conflict"][0]["right_fact"])
    assert set(both) == {fact, other["fact_key"]}


def test_what_spoke_against_it_before_it_was_verified_disputes_nothing(months: Months) -> None:
    first = months.build(hukou("0001", ROOM, OTHER_ROOM), as_of=OCTOBER)["relation"]
    months.promote(only(first, to_code=ROOM)["fact_key"], "community")
    (base,) = months.build(hukou("0002", ROOM, OTHER_ROOM), as_of=NOVEMBER)["base_fact"]
    assert base["status"] == "verified"


def test_a_hukou_known_to_the_building_does_not_dispute_the_room(months: Months) -> None:
    months.place(BUILDING, "building", GRID)
    months.place(ROOM, "room", BUILDING)
    fact = months.build(hukou("0001", ROOM), as_of=OCTOBER)["relation"][0]["fact_key"]
    months.promote(fact, "community")
    (base,) = months.build(hukou("0002", ROOM, BUILDING), as_of=NOVEMBER)["base_fact"]
    assert base["status"] == "verified"


def test_a_verified_fact_gone_from_the_full_delivery_is_disputed(months: Months) -> None:
    first = months.build(a_month("0001", (1, ROOM), (2, OTHER_ROOM)), as_of=OCTOBER)["relation"]
    fact = only(first, to_code=OTHER_ROOM)["fact_key"]
    months.promote(fact, "community")
    tables = months.build(a_month("0002", (1, ROOM)), as_of=NOVEMBER)
    (base,) = tables["base_fact"]
    assert (base["status"], base["disputed_by"]) == ("disputed", "full_delivery")
    assert base["contradicting_mention"] == "police:2#subject"
    assert only(tables["relation"], fact_key=fact)["status"] == "ended"


def test_a_newly_declared_end_disputes_and_one_known_before_does_not(months: Months) -> None:
    fact = months.build(a_month("0001", (1, ROOM), valid_to=date(2026, 11, 15)), as_of=OCTOBER)[
        "relation"
    ][0]["fact_key"]
    months.promote(fact, "community")
    (base,) = november(months, valid_to=date(2026, 11, 15))["base_fact"]
    assert (base["status"], base["valid_to"]) == ("verified", date(2026, 11, 15))
    (base,) = months.build(a_month("0003", (1, ROOM), valid_to=date(2026, 10, 1)), as_of=DECEMBER)[
        "base_fact"
    ]
    assert (base["status"], base["disputed_by"]) == ("disputed", "declared_end")


def test_a_verified_fact_under_objection_is_disputed(months: Months) -> None:
    fact = october(months)
    months.promote(fact, "community")
    months.decide("object", fact, says="other")
    (base,) = november(months)["base_fact"]
    assert (base["status"], base["disputed_by"]) == ("disputed", "objection")


def test_a_verified_fact_that_ended_by_decision_keeps_its_place_and_its_end(
    months: Months,
) -> None:
    fact = october(months)
    months.promote(fact, "community")
    months.decide("end", fact, on_day=date(2026, 11, 2))
    (base,) = november(months)["base_fact"]
    assert (base["status"], base["valid_to"]) == ("verified", date(2026, 11, 2))
    months.promote(fact, "community", on=DECEMBER)
    tables = months.build(a_month("0003", (1, ROOM)), as_of=DECEMBER)
    assert only(tables["relation"], fact_key=fact)["status"] == "verified"
    assert tables["base_fact"][0]["valid_to"] is None


def test_a_base_facts_purposes_are_those_of_all_its_sources(months: Months) -> None:
    world = a_month("0001", (1, ROOM))
    other = world.person(1, source="grid", cluster="police:1#subject")
    world.link("PH_RESIDE", other, world.place(1, ROOM, source="grid"))
    set_period(world, "0001")
    both = [("police", "0001", "full"), ("grid", "0001", "full")]
    first = months.build(world, as_of=OCTOBER, deliveries=both)
    months.promote(first["relation"][0]["fact_key"], "community")
    tables = months.build(world, as_of=NOVEMBER, deliveries=both)
    assert [row["purposes"] for row in tables["base_fact"]] == ["grid_visit"]
    assert [row["purposes"] for row in tables["person"]] == ["grid_visit"]
    assert {row["purposes"] for row in tables["relation"]} == {
        "grid_visit,residence_registration",
        "grid_visit,rental_management",
    }


# --- cardinality ---------------------------------------------------------------------------------


def test_two_legal_representatives_of_one_firm_are_a_conflict_with_both_sides(
    months: Months,
) -> None:
    world = World()
    firm = a_firm(world, 1)
    for row in (1, 2):
        world.link("PL_LEGALREP", world.person(row, role="representative"), firm)
    set_period(world, "0001")
    (conflict,) = months.build(world, as_of=OCTOBER)["conflict"]
    assert conflict["kind"] == "two_legal_representatives"
    assert {conflict["left_mention"], conflict["right_mention"]} == {
        "police:1#representative",
        "police:2#representative",
    }


# --- lives ---------------------------------------------------------------------------------------


def a_registered_firm(period: str, *, state: str, **more) -> World:
    world = World()
    firm = a_firm(world, 1, state=state, founded_on=date(2020, 1, 1), name="示范五金店")
    world.link("LH_REGISTERED", firm, world.place(1, ROOM), **more)
    set_period(world, period)
    return world


def test_a_firm_that_has_ended_ends_its_relations_and_keeps_its_day(months: Months) -> None:
    months.build(a_registered_firm("0001", state="active"), as_of=OCTOBER)
    for period, day in (("0002", NOVEMBER), ("0003", DECEMBER)):
        tables = months.build(a_registered_firm(period, state="ended"), as_of=day)
        (row,) = tables["relation"]
        assert (row["status"], row["ended_by"], row["valid_to"]) == (
            "ended",
            "life_cycle",
            NOVEMBER,
        )
        lives = {one["kind"]: one["on_day"] for one in tables["life_event"]}
        assert lives == {"founded": date(2020, 1, 1), "ended": NOVEMBER}
    back = months.build(a_registered_firm("0004", state="active"), as_of=date(2027, 1, 31))
    assert back["relation"][0]["status"] == "asserted"
    assert only(back["life_event"], kind="resumed")["on_day"] == date(2027, 1, 31)


def test_a_row_of_after_the_end_is_not_ended_by_it_and_the_conflict_is_shown(
    months: Months,
) -> None:
    months.build(a_registered_firm("0001", state="ended"), as_of=OCTOBER)
    later = a_registered_firm("0002", state="ended", recorded_on=date(2026, 11, 20))
    tables = months.build(later, as_of=NOVEMBER)
    assert tables["relation"][0]["status"] == "asserted"
    assert [row["kind"] for row in tables["conflict"]] == ["said_after_end"]


def test_a_firm_under_another_name_has_changed(months: Months) -> None:
    months.build(a_registered_firm("0001", state="active"), as_of=OCTOBER)
    world = a_registered_firm("0002", state="active")
    world.rows["organisation_mention"][0]["name"] = "示范百货店"
    tables = months.build(world, as_of=NOVEMBER)
    assert only(tables["life_event"], kind="changed")["on_day"] == NOVEMBER
    later = months.build(world, as_of=DECEMBER)
    assert only(later["life_event"], kind="changed")["on_day"] == NOVEMBER


def test_a_persons_life_is_told_by_birth_and_homes_alone(months: Months) -> None:
    world = a_month("0001", (1, ROOM), valid_from=date(2020, 2, 3))
    world.rows["person_mention"][0]["birth_date"] = date(1980, 1, 2)
    tables = months.build(world, as_of=OCTOBER)
    assert {row["kind"]: row["on_day"] for row in tables["life_event"]} == {
        "birth": date(1980, 1, 2),
        "arrival": date(2020, 2, 3),
    }
    gone = months.build(a_month("0002", (2, OTHER_ROOM)), as_of=NOVEMBER)
    assert only(gone["life_event"], kind="departure")["on_day"] == NOVEMBER


def test_a_decided_death_ends_what_was_open(months: Months) -> None:
    fact = october(months)
    person = fact.split("|")[1]
    decision = months.decide("life_cycle", person, says="death", on_day=date(2026, 11, 9))
    tables = november(months)
    row = only(tables["relation"], fact_key=fact)
    assert (row["status"], row["ended_by"], row["valid_to"], row["decision"]) == (
        "ended",
        "life_cycle",
        date(2026, 11, 9),
        decision,
    )
    assert only(tables["life_event"], kind="death")["decision"] == decision


def test_a_demolished_building_ends_what_was_said_of_its_rooms(months: Months) -> None:
    months.place(BUILDING, "building", GRID)
    months.place(ROOM, "room", BUILDING)
    months.build(a_month("0001", (1, ROOM)), as_of=OCTOBER)
    months.library.clear()
    months.place(BUILDING, "building", GRID, state="demolished")
    months.place(ROOM, "room", BUILDING, state="demolished")
    months.successions.append(
        {
            "address_code": BUILDING,
            "successor_code": None,
            "kind": "demolished",
            "happened_on": date(2026, 11, 8),
        }
    )
    # The row is still there; the wash no longer answers with the room.
    tables = months.build(a_month("0001", (1, BUILDING[:12])), as_of=NOVEMBER)
    (row,) = tables["relation"]
    assert (row["status"], row["ended_by"], row["valid_to"]) == (
        "ended",
        "life_cycle",
        date(2026, 11, 8),
    )
    assert only(tables["life_event"], kind="demolished")["on_day"] == date(2026, 11, 8)


def test_a_planned_building_is_built_when_the_library_says_so(months: Months) -> None:
    months.place(BUILDING, "building", GRID, state="planned")
    first = months.build(a_month("0001", (1, ROOM)), as_of=OCTOBER)["life_event"]
    assert only(first, kind="planned")["on_day"] == OCTOBER
    months.library[0]["state"] = "in_use"
    second = months.build(a_month("0002", (1, ROOM)), as_of=NOVEMBER)["life_event"]
    assert {row["kind"]: row["on_day"] for row in second} == {
        "planned": OCTOBER,
        "built": NOVEMBER,
    }


def test_the_same_month_again_gives_the_same_tables(months: Months) -> None:
    gone_from(months, "full")
    before = months.last
    first = months.build(a_month("0003", (1, ROOM)), as_of=DECEMBER)
    months.last = before
    months.built -= 1
    assert months.build(a_month("0003", (1, ROOM)), as_of=DECEMBER) == first


def test_no_fact_is_promoted_further_than_its_type_allows(months: Months) -> None:
    world = World()
    person = world.person(1)
    keys = {"record_key": "police:1", "row_no": 1, "role": "subject_phone", "source": "police"}
    world.add(
        "account_mention",
        mention_key="police:1#subject_phone",
        kind="phone",
        account_token="t",
        **keys,
    )
    world.link("PT_USES", person, "police:1#subject_phone")
    set_period(world, "0001")
    fact = months.build(world, as_of=OCTOBER)["relation"][0]["fact_key"]
    months.promote(fact, "community", "subdistrict", "department")
    (base,) = months.build(world, as_of=NOVEMBER)["base_fact"]
    assert base["level"] == "subdistrict"
