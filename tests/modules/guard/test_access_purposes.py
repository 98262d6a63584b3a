"""Purposes: what is permitted, what never is, and what joined values may still be used for."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuai.guard.engine.purposes import (
    DENIED_PURPOSES,
    STATUSES,
    intersect_purposes,
    lowest_status,
    permitted_purposes,
    read_purposes,
    require_purpose,
)
from kuai.guard.types import Role, TicketKind
from kuai.kit.errors import Refusal

purpose_sets = st.lists(
    st.sets(st.sampled_from([*permitted_purposes(), *DENIED_PURPOSES])), min_size=1, max_size=5
)
status_lists = st.lists(st.sampled_from(STATUSES), min_size=1, max_size=6)


def a_row(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "code": "grid_visit",
        "title_zh": "走访",
        "title_en": "visit",
        "legal_basis": "职责清单",
        "zone": "core",
        "roles": ["grid_worker"],
        "ticket_kinds": ["order"],
    }
    return row | changes


@pytest.mark.parametrize("code", sorted(DENIED_PURPOSES))
def test_a_denied_purpose_is_refused_even_if_somebody_lists_it(code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_purposes({"purposes": [a_row(code=code)]})
    assert refusal.value.code == "purpose.denied"
    with pytest.raises(Refusal) as refusal:
        require_purpose(code)
    assert refusal.value.code == "purpose.denied"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([a_row(), a_row()], "purpose.twice"),
        ([a_row(legal_basis="")], "purpose.incomplete"),
        ([a_row(roles=[])], "purpose.incomplete"),
    ],
)
def test_a_list_with_a_fault_is_refused(rows: list[dict[str, object]], code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        read_purposes({"purposes": rows})
    assert refusal.value.code == code


def test_an_unknown_purpose_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refusal) as refusal:
        require_purpose("curiosity")
    assert refusal.value.code == "purpose.unknown"
    assert "grid_visit" in refusal.value.next_step


def test_every_purpose_that_issues_tickets_has_one_zone_and_a_role_of_that_zone() -> None:
    from kuai.guard.engine.reading import ZONE_OF_ROLE

    for purpose in permitted_purposes().values():
        if set(purpose.ticket_kinds) - {TicketKind.BREAK_GLASS}:
            assert {ZONE_OF_ROLE.get(role) for role in purpose.roles} == {purpose.zone}, (
                purpose.code
            )


def test_administrators_hold_no_purpose_that_issues_tickets() -> None:
    administrators = {role for role in Role if role.value.endswith("_administrator")}
    for purpose in permitted_purposes().values():
        assert not (purpose.ticket_kinds and administrators & set(purpose.roles)), purpose.code


@given(purpose_sets)
def test_a_joined_value_may_be_used_for_nothing_that_one_source_does_not_permit(
    sets: list[set[str]],
) -> None:
    joined = set(intersect_purposes(sets))
    assert all(joined <= permitted for permitted in sets)
    assert not joined & set(DENIED_PURPOSES)


@given(purpose_sets)
def test_what_every_source_permits_is_kept_unless_denied(sets: list[set[str]]) -> None:
    common = set.intersection(*sets)
    assert set(intersect_purposes(sets)) == common - set(DENIED_PURPOSES)


@given(purpose_sets, st.randoms())
def test_the_order_of_sources_does_not_change_the_purposes(sets, random) -> None:
    shuffled = list(sets)
    random.shuffle(shuffled)
    assert intersect_purposes(shuffled) == intersect_purposes(sets)


@given(purpose_sets, purpose_sets)
def test_joining_in_steps_is_joining_at_once(left, right) -> None:
    in_steps = intersect_purposes([intersect_purposes(left), intersect_purposes(right)])
    assert in_steps == intersect_purposes([*left, *right])


def test_a_value_from_no_source_may_be_used_for_nothing() -> None:
    assert intersect_purposes([]) == ()


@given(status_lists)
def test_a_joined_value_is_as_good_as_its_worst_fact(statuses: list[str]) -> None:
    joined = lowest_status(statuses)
    assert joined in statuses
    assert all(STATUSES.index(joined) <= STATUSES.index(status) for status in statuses)


def test_collected_is_lower_than_verified_and_disputed_is_lower_still() -> None:
    assert lowest_status(["verified", "asserted"]) == "asserted"
    assert lowest_status(["asserted", "disputed"]) == "disputed"
    assert lowest_status([]) == "withdrawn"
    for worse, better in pairwise(STATUSES):
        assert lowest_status([better, worse]) == worse
