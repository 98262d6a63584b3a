"""Namings of places the library lacks become proposals only where several sources or months say so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuai.address.phantoms.clustering import (
    Naming,
    ProposalKind,
    band_of,
    cluster_namings,
    floor_of,
)

BUILDING, ROOM, COMMUNITY = "4403010010010100001", "4403010010010100001000001", "440301001001"
ROOMS = frozenset(f"{floor}0{flat}" for floor in range(1, 7) for flat in range(1, 5))


def naming(unknown: str, source: str = "police", *, rows: int = 2, **changes: object) -> Naming:
    plain = Naming(BUILDING, "building", unknown, source, rows, ("2026-09",))
    return replace(plain, **changes)


def found(*namings: Naming):
    return cluster_namings(namings, rooms_of={BUILDING: ROOMS}).clusters


def test_two_sources_make_a_proposal_of_one_floor() -> None:
    (one,) = found(naming("701"), naming("701", "rental"), naming("702"), naming("702", "rental"))
    assert (one.kind, one.address_code, one.parts) == (
        ProposalKind.NEW_ROOMS,
        BUILDING,
        ("701", "702"),
    )
    assert one.sources == 2
    assert one.at_least_rows == 3
    assert one.notes == ("高于库中最高的 6 层：701、702",)


def test_rooms_of_two_floors_are_two_proposals() -> None:
    clusters = found(
        *(naming(room, source) for room in ("701", "801") for source in ("police", "rental"))
    )
    assert [one.parts for one in clusters] == [("701",), ("801",)]


def test_a_slip_of_one_source_is_no_proposal_however_often_it_is_delivered() -> None:
    months = tuple(f"2026-{month:02d}" for month in range(1, 10))
    assert found(naming("701", rows=1, periods=months)) == ()


def test_three_records_of_one_source_need_two_deliveries() -> None:
    once = naming("701", rows=3)
    assert found(once) == ()
    assert len(found(replace(once, periods=("2026-08", "2026-09")))) == 1
    assert found(naming("701", rows=2, periods=("2026-08", "2026-09"))) == ()


def test_a_divided_room_gathers_its_parts_and_a_sibling_needs_two_records() -> None:
    of_room = {"address_code": ROOM, "level": "room"}
    (one,) = found(
        naming("601A", **of_room),
        naming("601A", "rental", **of_room),
        naming("601B", **of_room),
        naming("601C", rows=1, **of_room),
    )
    assert one.kind is ProposalKind.DIVIDED
    assert one.address_code == ROOM
    assert one.parts == ("601A", "601B")


def test_fewer_than_three_rows_stay_unsaid_and_are_only_counted() -> None:
    result = cluster_namings([naming("701", rows=1), naming("701", "rental", rows=1)], rooms_of={})
    assert result.clusters == ()
    assert result.held_back == 1


def test_a_storey_far_above_the_house_is_a_misreading() -> None:
    assert found(naming("1701"), naming("1701", "rental")) == ()
    assert len(found(naming("1601"), naming("1601", "rental"))) == 1


def test_a_building_is_proposed_by_name_and_number() -> None:
    of_community = {"address_code": COMMUNITY, "level": "community"}
    clusters = found(
        naming("海印新园|7", **of_community),
        naming("海印新园|7", "rental", **of_community),
        naming("海印新园|8", **of_community),
    )
    assert [(one.kind, one.parts) for one in clusters] == [
        (ProposalKind.NEW_BUILDING, ("海印新园|7",))
    ]


def test_two_neighbours_swapped_are_pointed_out() -> None:
    (one,) = found(naming("410"), naming("410", "rental"))
    assert one.notes == ("“410”与库中“401”只差一处，先看是不是写错",)


def test_the_stair_stands_before_the_floor() -> None:
    assert [floor_of(key) for key in ("1-1503", "601A", "601之2", "铺9", "12", "1203")] == [
        "15",
        "6",
        "6",
        "",
        "",
        "12",
    ]


@pytest.mark.parametrize(
    ("rows", "told"), [(3, 3), (9, 3), (10, 10), (49, 10), (50, 50), (700, 50)]
)
def test_rows_are_told_in_bands(rows: int, told: int) -> None:
    assert band_of(rows) == told


@given(
    st.lists(
        st.builds(
            naming,
            st.sampled_from(["701", "702", "601A", "410", "铺9", "1-1503"]),
            st.sampled_from(["police", "rental", "firms"]),
            rows=st.integers(1, 5),
        ),
        max_size=12,
    )
)
def test_order_does_not_matter_and_nothing_small_is_told(namings: list[Naming]) -> None:
    clusters = found(*namings)
    assert clusters == found(*reversed(namings))
    for one in clusters:
        assert one.at_least_rows in (3, 10, 50)
        named = [other for other in namings if other.unknown_place in one.parts]
        assert sum(other.rows for other in named) >= one.at_least_rows


def test_one_part_of_a_room_alone_is_no_proposal() -> None:
    of_room = {"address_code": ROOM, "level": "room"}
    alone = [naming("A", **of_room), naming("A", "water", rows=1, **of_room)]
    result = cluster_namings(alone, rooms_of={})
    assert (result.clusters, result.held_back) == ((), 1)
    assert len(found(*alone, naming("B", **of_room))) == 1
