"""A name that nobody else bears, in a room with one near name: a slip of it, unless some source knows both."""

from __future__ import annotations

from typing import Any

from tests.modules.linkage.builders import (
    FAR_ROOM,
    NEXT_ROOM,
    ROOM,
    a_row,
    an_id_number,
    link_rows,
    strangers,
)

RIGHT, SLIP, SISTER = "陈荷琦", "陈叶琦", "陈叶荷"


def owner(row_id: str = "owner", name: str = RIGHT, **known: Any) -> dict[str, Any]:
    number = an_id_number("1990-05-29", sequence=known.pop("sequence", 22))
    return a_row(row_id, name, "ownership", role="owner", number=number, room=ROOM, **known)


def account(row_id: str = "account", name: str = SLIP, room: str = ROOM) -> dict[str, Any]:
    return a_row(row_id, name, "water", role="account_holder", room=room)


def are_one(*rows: dict[str, Any]) -> bool:
    links, _ = link_rows([*rows, *strangers()])
    return links["owner"]["cluster"] == links["account"]["cluster"]


def test_a_near_name_nobody_else_bears_is_a_slip_of_the_only_one_like_it_in_the_room() -> None:
    assert are_one(owner(), account())


def test_a_near_name_that_somebody_bears_elsewhere_is_that_name() -> None:
    bearer = a_row("far", SLIP, number=an_id_number("1975-01-02", sequence=44), room=FAR_ROOM)
    assert not are_one(owner(), account(), bearer)


def test_a_near_name_beside_two_names_like_it_is_nobodys_slip() -> None:
    sister = a_row("sister", SISTER, number=an_id_number("1991-05-29", sequence=44), room=ROOM)
    assert not are_one(owner(), account(), sister)


def test_a_near_name_in_the_next_room_is_another_person() -> None:
    assert not are_one(owner(), account(room=NEXT_ROOM))


def test_two_near_names_in_one_source_are_two_people() -> None:
    """Where one of its rows tells no room, too: twins at school."""
    twin = a_row("twin", RIGHT, "school", number=an_id_number("1990-05-29", sequence=22))
    pupil = a_row("pupil", SLIP, "school", room=ROOM)
    assert are_one(owner(), account(), twin)
    assert not are_one(owner(), account(), twin, pupil)
