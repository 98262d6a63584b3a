"""Relations as rows assert them: dated, sourced, asserted; conflicts shown; door cards nameless."""

from __future__ import annotations

from datetime import date

import pytest

from kuai.kit.engine import engine
from kuai.kit.errors import DataFault
from kuai.registry.actions import relation_types
from kuai.registry.engine.relation_types import read_relation_types
from tests.modules.registry.builders import TODAY, World, relate_world

ROOM = "4403100010010100001000001"
OTHER_ROOM = "4403100010010100001000002"
BUILDING = ROOM[:19]


def relate(tmp_path, world):
    with engine() as connection:
        return relate_world(connection, world, tmp_path)


def test_there_are_22_relations_and_each_joins_known_elements():
    catalogue = relation_types()
    assert len([entry for entry in catalogue if not entry.is_structural]) == 22
    assert len({entry.code for entry in catalogue}) == len(catalogue)


def test_a_city_may_replace_the_catalogue(tmp_path):
    (tmp_path / "relations.yaml").write_text(
        "relations:\n- {code: X, zh: 甲, en: x, from: person, to: address, at_most: 1, tier: 1, source: 街道}\n",
        "utf-8",
    )
    assert [entry.code for entry in relation_types(tmp_path)] == ["X"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("relations: []\n", "没有 relations"),
        ("relations:\n- {code: X, zh: 甲}\n", "第 1 项"),
        (
            "relations:\n- {code: X, zh: 甲, en: x, from: ghost, to: address, at_most: 1, tier: 1, source: 街}\n",
            "ghost",
        ),
        (
            "relations:\n"
            + "- {code: X, zh: 甲, en: x, from: person, to: address, at_most: 1, tier: 1, source: 街}\n"
            * 2,
            "重复",
        ),
    ],
)
def test_a_faulty_catalogue_is_named(tmp_path, text, said):
    path = tmp_path / "relations.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(DataFault, match=said):
        read_relation_types(path)


def test_a_registered_resident_is_an_asserted_relation_with_its_sources_purposes(tmp_path):
    world = World()
    world.resident(0, ROOM)
    (relation,) = relate(tmp_path, world)["relation"]
    assert (relation["type"], relation["to_code"], relation["status"]) == (
        "PH_RESIDE",
        ROOM,
        "asserted",
    )
    assert relation["purposes"] == "grid_visit,residence_registration"


@pytest.mark.parametrize(("grade", "relations"), [("A", 1), ("B", 1), ("C", 0), ("D", 0)])
def test_only_places_that_are_sure_relate_anybody(tmp_path, grade, relations):
    world = World()
    person = world.person(0)
    world.link("PH_RESIDE", person, world.place(0, ROOM, grade=grade))
    assert len(relate(tmp_path, world)["relation"]) == relations


@pytest.mark.parametrize(("code", "relations"), [(ROOM, 1), (BUILDING, 1), ("440310001001", 0)])
def test_nobody_lives_in_a_community_as_such(tmp_path, code, relations):
    world = World()
    world.resident(0, code)
    assert len(relate(tmp_path, world)["relation"]) == relations


def firm_world(**places):
    world = World()
    keys = {
        "mention_key": "police:0#subject",
        "record_key": "police:0",
        "row_no": 0,
        "role": "subject",
    }
    world.add("organisation_mention", **keys, name="示范五金店")
    world.add("organisation_link", mention_key=keys["mention_key"], cluster_key=keys["mention_key"])
    for relation, code in places.items():
        world.link(relation, keys["mention_key"], world.place(0, code, role=relation.lower()))
    return world


def test_a_firm_may_be_known_to_its_community_only(tmp_path):
    (relation,) = relate(tmp_path, firm_world(LH_REGISTERED="440310001001"))["relation"]
    assert (relation["type"], relation["to_code"]) == ("LH_REGISTERED", "440310001001")


@pytest.mark.parametrize(
    ("operating", "kinds"),
    [(OTHER_ROOM, ["registered_operating_differ"]), (ROOM, []), (BUILDING, [])],
)
def test_two_rooms_of_a_firm_are_a_conflict_and_a_room_in_its_building_is_none(
    tmp_path, operating, kinds
):
    tables = relate(tmp_path, firm_world(LH_REGISTERED=ROOM, LH_OPERATE=operating))
    assert [row["kind"] for row in tables["conflict"]] == kinds


def test_a_quarantined_person_asserts_nothing(tmp_path):
    world = World()
    world.resident(0, ROOM)
    world.rows["person_link"][0]["quarantined"] = True
    tables = relate(tmp_path, world)
    assert tables["relation"] == []
    assert tables["person"][0]["quarantined"] is True


def test_a_contract_that_ran_out_is_ended_and_one_that_ends_tomorrow_is_not(tmp_path):
    world = World()
    for row, last in ((0, TODAY), (1, date(2026, 11, 1))):
        tenant = world.person(row)
        world.link(
            "PH_RENT", tenant, world.place(row, ROOM), valid_from=date(2025, 1, 1), valid_to=last
        )
    assert [row["status"] for row in relate(tmp_path, world)["relation"]] == ["ended", "asserted"]


def test_confidence_is_the_links_times_the_places(tmp_path):
    world = World()
    person = world.person(0)
    world.rows["person_link"][0]["match_probability"] = 0.9
    world.link("PH_RESIDE", person, world.place(0, ROOM, grade="B"))
    assert relate(tmp_path, world)["relation"][0]["confidence"] == pytest.approx(0.882)


def card_world(*, holder_lives_here, until=None):
    world = World()
    world.resident(0, ROOM)
    world.rows["row_link"][0]["valid_to"] = until
    cluster = "police:0#subject" if holder_lives_here else ""
    holder = world.person(0, source="cards", cluster=cluster)
    card = world.event(0, "door_card", source="cards")
    world.link("HE_OCCUR", card, world.place(0, ROOM, source="cards"))
    return world, holder


def test_a_known_residents_door_card_says_nothing(tmp_path):
    world, _ = card_world(holder_lives_here=True)
    tables = relate(tmp_path, world)
    assert tables["event"] == []
    assert [row["type"] for row in tables["relation"]] == ["PH_RESIDE"]


def test_a_strangers_door_card_is_a_nameless_signal_and_relates_no_person(tmp_path):
    world, holder = card_world(holder_lives_here=False)
    tables = relate(tmp_path, world)
    (signal,) = tables["event"]
    assert (signal["kind"], signal["place_code"]) == ("new_resident_signal", ROOM)
    stranger = next(
        row["code"] for row in tables["mention_element"] if row["mention_key"] == holder
    )
    assert stranger not in {
        end for row in tables["relation"] for end in (row["from_code"], row["to_code"])
    }


@pytest.mark.parametrize(("until", "signals"), [(TODAY, 1), (date(2026, 11, 1), 0)])
def test_the_card_of_somebody_who_had_moved_out_is_a_signal_again(tmp_path, until, signals):
    world, _ = card_world(holder_lives_here=True, until=until)
    assert len(relate(tmp_path, world)["event"]) == signals


@pytest.mark.parametrize(("decided", "signals"), [("object", 0), ("retract", 1)])
def test_an_objection_makes_no_signal_of_a_known_residents_card_until_it_is_upheld(
    tmp_path, decided, signals
):
    world, _ = card_world(holder_lives_here=True)
    (fact,) = relate(tmp_path / "before", world)["relation"]
    world, _ = card_world(holder_lives_here=True)
    world.decide(1, decided, fact["fact_key"])
    with engine() as connection:
        tables = relate_world(
            connection, world, tmp_path / "after", previous=tmp_path / "before" / "core"
        )
    assert len(tables["event"]) == signals


def test_two_birth_dates_of_one_person_are_a_conflict_that_shows_no_date(tmp_path):
    world = World()
    first = world.person(0, birth_date=date(1980, 1, 2))
    world.person(1, birth_date=date(1980, 2, 1), cluster=first)
    (conflict,) = relate(tmp_path, world)["conflict"]
    assert conflict["kind"] == "two_birth_dates"
    assert {conflict["left_mention"], conflict["right_mention"]} == {
        "police:0#subject",
        "police:1#subject",
    }
    assert "1980" not in conflict["explanation"]


def test_two_homes_at_once_are_a_conflict_and_one_twice_is_none(tmp_path):
    world = World()
    first = world.resident(0, ROOM)
    world.resident(1, ROOM, cluster=first)
    assert relate(tmp_path / "same", world)["conflict"] == []
    world.resident(2, OTHER_ROOM, cluster=first)
    assert [row["kind"] for row in relate(tmp_path / "other", world)["conflict"]] == [
        "two_residences"
    ]


def test_a_home_known_to_its_building_only_contradicts_no_room_in_it(tmp_path):
    world = World()
    first = world.resident(0, ROOM)
    world.resident(1, BUILDING, cluster=first)
    assert relate(tmp_path, world)["conflict"] == []


def test_a_valid_numbers_birth_date_counts_before_a_declared_one(tmp_path):
    world = World()
    first = world.person(0, birth_date=date(1980, 1, 2), id_valid=False)
    world.person(1, birth_date=date(1980, 2, 1), id_valid=True, cluster=first)
    (person,) = relate(tmp_path, world)["person"]
    assert person["birth_date"] == date(1980, 2, 1)


@pytest.mark.parametrize(
    ("born", "is_child"), [(date(2012, 11, 1), True), (date(2012, 10, 31), False), (None, False)]
)
def test_a_child_is_under_14_on_the_builds_day(tmp_path, born, is_child):
    world = World()
    world.person(0, birth_date=born)
    assert relate(tmp_path, world)["person"][0]["is_child_under_14"] is is_child


@pytest.mark.parametrize(
    ("born", "precision", "is_child"),
    [
        (date(2012, 1, 1), "year", True),
        (date(2011, 1, 1), "year", False),
        (date(2012, 10, 1), "month", False),
        (date(2012, 11, 1), "month", True),
    ],
)
def test_a_birth_known_to_the_year_or_month_is_taken_at_its_latest(
    tmp_path, born, precision, is_child
):
    world = World()
    world.person(0, birth_date=born, birth_precision=precision)
    assert relate(tmp_path, world)["person"][0]["is_child_under_14"] is is_child


def test_whom_one_of_its_rows_calls_a_child_is_a_child(tmp_path):
    """Two rows of a grown-up and a child's, held together by mistake: what is the child's stays L4."""
    world = World()
    first = world.person(0, birth_date=date(1980, 1, 1))
    world.person(1, cluster=first, birth_date=date(1980, 1, 1))
    world.person(2, cluster=first, birth_date=date(2015, 1, 1), is_child_under_14=True)
    (person,) = relate(tmp_path, world)["person"]
    assert person["birth_date"] == date(1980, 1, 1)
    assert person["is_child_under_14"]
