"""What is held back, of which kind, and the one tie whose cut would settle it; and what a clerk's answer does."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from kuai.linkage.engine.agreements import (
    compare_records,
    match_weights,
    read_agreements,
    write_agreements,
)
from kuai.linkage.engine.clerk_ties import ClerkRow, ClerkWord
from kuai.linkage.engine.components import Edges, Merging, component_labels, strongest_paths
from kuai.linkage.engine.holding_back import PERSON_PHONES_MAX
from kuai.linkage.engine.suspicion import BridgeRule, find_suspicions
from tests.modules.linkage.builders import (
    ROOM,
    a_decision,
    a_row,
    an_id_number,
    link_and_watch,
    strangers,
)
from tests.modules.linkage.test_components import COUNT, EDGE_LISTS, edges_from, reached

TODAY = date(2026, 11, 22)
SON = an_id_number("1990-07-08", sequence=13)
OTHER = an_id_number("1990-07-08", sequence=15)
PHONE, OTHER_PHONE = "13912340001", "13912340002"


def held(
    rows: list[dict[str, Any]], *decided: ClerkRow
) -> list[tuple[str, str | None, str | None]]:
    """(kind, left, right) of every suspicion."""
    watched = link_and_watch([*rows, *strangers()], decided=decided, as_of=TODAY)
    return [(one["kind"], one["left"], one["right"]) for one in watched.suspicions]


def two_birth_dates() -> list[dict[str, Any]]:
    return [
        a_row("a", number=SON, born="1990-07-08"),
        a_row("b", source="grid", number=SON, born="1991-01-01"),
        a_row("c", source="rental", number=SON),
    ]


def a_border() -> list[dict[str, Any]]:
    return [
        a_row("a", number=SON, phone=PHONE),
        a_row("b", number=OTHER, room=ROOM),
        a_row("c", source="access", phone=PHONE, room=ROOM),
    ]


def test_one_number_with_two_birth_dates_names_the_tie_between_the_two_records() -> None:
    ((kind, *ends),) = held(two_birth_dates())
    assert (kind, set(ends)) == ("two_birth_dates", {"a", "b"})


def test_a_contradicted_tie_is_told_at_both_clusters_with_what_they_differ_in() -> None:
    watched = link_and_watch([*a_border(), *strangers()], as_of=TODAY)
    borders = [one for one in watched.suspicions if one["kind"] == "border"]
    assert {one["cluster"] for one in borders} == {"b", "c"}
    assert {frozenset((one["left"], one["right"])) for one in borders} == {frozenset("bc")}
    assert all("身份证号码不同" in one["explanation"] for one in borders)


def test_a_tenant_older_than_anybody_alive_is_held_back_on_the_builds_day_only() -> None:
    row = a_row("a", born="1908-01-01", room=ROOM)
    assert held([row]) == [("too_old", "a", None)]
    watched = link_and_watch([row, *strangers()], as_of=date(2020, 1, 1))
    assert watched.suspicions == []


def test_two_people_whom_one_register_lists_with_two_phones_are_not_one_in_silence() -> None:
    register = [
        a_row(f"r{n}", f"张{name}明", "insurance", number=an_id_number("1970-01-01", sequence=n))
        for n, name in enumerate("安邦昌典恩芳贡和吉景康乐茂宁平全仁盛泰文祥", 100)
    ]
    rows = [
        a_row("a", source="insurance", number=SON, phone=PHONE, employer="甲厂"),
        a_row("b", source="insurance", phone=OTHER_PHONE, room=ROOM),
        a_row("c", source="access", number=SON, room=ROOM),
    ]
    found = [one for one in held([*rows, *register]) if one[0] == "listed_twice"]
    assert len(found) == 1


def test_a_weak_tie_between_two_dense_parts_that_share_nothing_is_the_bridge() -> None:
    number, weak = 1, 5
    edges = edges_from([(1, 0, number), (2, 0, number), (4, 3, number), (4, 2, weak), (3, 2, weak)])
    founder = component_labels(COUNT, edges.left, edges.right)

    def bridges(*told: dict[int, str]) -> list[tuple[int, int | None]]:
        rule = BridgeRule(np.arange(9), weak, np.zeros(0, int), lambda nodes: told)  # noqa: ARG005
        merging = Merging(edges, Edges.empty())
        found = find_suspicions(founder, merging, odd=(), bridges=rule, word=ClerkWord.silent())
        return [(one.left, one.right) for one in found if one.kind == "bridge"]

    apart = {0: "x", 3: "y"}
    assert bridges(apart, apart) == [(2, 3)]
    edges = edges_from([(4, 3, number), (3, 2, weak), (4, 2, weak), (2, 0, number), (1, 0, number)])
    assert bridges(apart, apart) == [(2, 3)], "whichever way the ties come"
    assert bridges(apart, {0: "x", 4: "x"}) == [], "they share something"
    assert bridges(apart, {0: "x"}) == [], "nothing is known of the other side"


def test_a_same_on_the_odd_pair_answers_it_and_a_different_parts_it() -> None:
    assert held(two_birth_dates(), *a_decision(1, "same", "a", "b")) == []
    left_over = held(two_birth_dates(), *a_decision(1, "different", "a", "b"))
    assert {kind for kind, _, _ in left_over} == {"birth_date_and_number"}, (
        "b's own row is odd still"
    )
    assert held(a_border(), *a_decision(1, "different", "c", "b")) == []
    assert held(a_border(), *a_decision(1, "same", "a", "b")) == []


def test_a_confirmation_of_one_oddity_leaves_the_others_open() -> None:
    rows = two_birth_dates() + [
        a_row(f"d{place}", source=f"s{place}", number=SON, phone=f"138000010{place:02d}")
        for place in range(PERSON_PHONES_MAX + 1)
    ]
    kinds = {kind for kind, _, _ in held(rows)}
    assert {"many_phones", "two_birth_dates"} <= kinds
    for kind in kinds:
        word = a_decision(1, "confirm", *(str(row["row_id"]) for row in rows), says=kind)
        assert {left for left, _, _ in held(rows, *word)} == kinds - {kind}


def test_a_confirmed_cluster_is_free_until_something_new_joins_it() -> None:
    rows = two_birth_dates()
    confirmed = a_decision(1, "confirm", "a", "b", "c")
    assert held(rows, *confirmed) == []
    newcomer = a_row("d", source="water", number=SON, born="1992-02-02")
    assert held([*rows, newcomer], *confirmed) != []


def test_a_decision_that_contradicts_a_newer_one_is_told_and_holds_back() -> None:
    rows = [a_row("a", number=SON), a_row("b", "李芳", "x", phone=PHONE), a_row("c", "赵敏", "y")]
    decided = [
        *a_decision(1, "same", "a", "b"),
        *a_decision(2, "same", "b", "c"),
        *a_decision(3, "different", "a", "c"),
    ]
    watched = link_and_watch([*rows, *strangers()], decided=decided, as_of=TODAY)
    told = [one for one in watched.suspicions if one["kind"] == "clerk_contradiction"]
    assert [(one["left"], one["right"]) for one in told][:1] == [("a", "b")]
    assert "决定 1" in told[0]["explanation"]
    assert "决定 3" in told[0]["explanation"]
    assert watched.figures.decisions_contradicted == 1


def test_no_explanation_and_no_agreement_carries_a_value() -> None:
    for rows in (two_birth_dates(), a_border()):
        watched = link_and_watch([*rows, *strangers()], as_of=TODAY)
        for one in watched.suspicions:
            said = one["explanation"] + one["agreement"]
            for value in (SON, OTHER, SON[6:14], PHONE, ROOM, "王晓明", "1990", "1991"):
                assert value not in said


def test_what_two_records_agree_in_is_told_by_place_not_by_value() -> None:
    left = {
        "name": "王晓明",
        "id_key": int(SON[:17]),
        "phone": 7,
        "room_code": 1,
        "building_code": 3,
    }
    right = {"name": "王小明", "id_key": int(OTHER[:17]), "phone": 8, "building_code": 3}
    text = write_agreements(compare_records(left, right))
    assert text == (
        "name=sounds_same@2/3;id_number=position@17;birth_date=unknown;sex=unknown;phone=different;"
        "room=unknown;building=same;organisation=unknown"
    )
    assert write_agreements(read_agreements(text)) == text
    bars = {bar.field: bar.bits for bar in match_weights(read_agreements(text))}
    assert bars["phone"] < 0 < bars["name"]
    assert bars["birth_date"] == 0
    assert match_weights(()) == ()


def test_the_model_is_not_asked_about_two_birth_dates() -> None:
    found = compare_records({"birth_date": 1, "sex": 1}, {"birth_date": 2, "sex": 2})
    bars = {bar.field: (bar.outcome, bar.bits) for bar in match_weights(found)}
    assert bars["birth_date"] == bars["sex"] == ("forbids", 0.0)


def test_a_rare_name_weighs_more_than_a_common_one() -> None:
    left = {"name": "王晓明", "phone": 7}
    rare = match_weights(compare_records(left, left, name_rarity=4.0))
    common = match_weights(compare_records(left, left, name_rarity=-2.0))
    assert sum(bar.bits for bar in rare) - sum(bar.bits for bar in common) == pytest.approx(6.0)


@given(EDGE_LISTS)
@settings(deadline=None)
def test_the_ties_kept_for_telling_lead_from_every_record_to_its_founder(
    listed: list[tuple[int, int, int]],
) -> None:
    edges = edges_from(listed)
    shown = edges.where(strongest_paths(COUNT, edges).joins)
    assert (
        component_labels(COUNT, shown.left, shown.right).tolist()
        == component_labels(COUNT, edges.left, edges.right).tolist()
    )
    before, after = strongest_paths(COUNT, edges), strongest_paths(COUNT, shown)
    assert before.path_tier.tolist() == after.path_tier.tolist()


@given(EDGE_LISTS)
@settings(max_examples=200, deadline=None)
def test_a_bridge_is_a_tie_without_which_its_ends_do_not_meet(
    listed: list[tuple[int, int, int]],
) -> None:
    listed = [(a, b, tier) for a, b, tier in listed if a != b]
    # One tie of a tier between two records, as families count.
    edges = edges_from(listed)
    founder = component_labels(COUNT, edges.left, edges.right)
    rule = BridgeRule(
        family=np.arange(9),
        weak_from=0,
        crowded=np.arange(len(edges)),
        contrasts=lambda nodes: (),  # noqa: ARG005 - every crowded tie counts
    )
    merging = Merging(edges, Edges.empty())
    found = find_suspicions(founder, merging, odd=(), bridges=rule, word=ClerkWord.silent())
    told = {(one.left, one.right) for one in found}
    unlike = {(min(a, b), max(a, b), tier) for a, b, tier in listed}
    for a, b, tier in unlike:
        rest = [(x, y) for x, y, other in unlike if (x, y, other) != (a, b, tier)]
        left, right = reached(COUNT, rest, a), reached(COUNT, rest, b)
        is_bridge = b not in left and min(len(left), len(right)) >= 2
        assert ((a, b) in told) == is_bridge
