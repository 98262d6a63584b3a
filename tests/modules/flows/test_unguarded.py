"""Whom the child-welfare duty is told of, from the relations of a build."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kuai.flows.welfare import _unguarded
from kuai.kit.engine import engine
from tests.modules.registry.builders import TODAY, World, relate_world

ROOM = "4403100010010100001000001"


def guarded_child() -> World:
    """A child and their guardian in one room."""
    world = World()
    guardian = world.resident(0, ROOM, birth_date=date(1980, 1, 2))
    child = world.resident(1, ROOM, birth_date=date(2015, 1, 2))
    world.link("PP_GUARDIAN", guardian, child)
    return world


@pytest.mark.parametrize(
    ("contested", "listed"), [("", 0), ("PP_GUARDIAN", 1), ("PH_RESIDE", 0), ("both", 1)]
)
def test_a_child_whose_guardian_is_contested_is_on_the_list_and_lives_where_they_live(
    tmp_path: Path, contested: str, listed: int
) -> None:
    with engine() as connection:
        first = relate_world(connection, guarded_child(), tmp_path / "first")
        world = guarded_child()
        for number, row in enumerate(first["relation"], start=1):
            if contested in (row["type"], "both"):
                key = row["fact_key"]
                world.decide(number, "object", key)
        relate_world(connection, world, tmp_path / "next", previous=tmp_path / "first" / "core")
    found = _unguarded(tmp_path / "next" / "core", TODAY, sources=["police"])
    assert [places for places in found.values()] == [{ROOM}] * listed


def test_a_child_stays_on_the_list_when_the_birth_date_was_found_never_true(tmp_path: Path) -> None:
    def children() -> World:
        world = guarded_child()
        for row in world.rows["person_mention"]:
            row["is_child_under_14"] = row["birth_date"] > date(2012, 10, 31)
        return world

    with engine() as connection:
        first = relate_world(connection, children(), tmp_path / "first")
        (child,) = [row for row in first["person"] if row["is_child_under_14"]]
        world = children()
        (guarding,) = [row for row in first["relation"] if row["type"] == "PP_GUARDIAN"]
        world.decide(1, "object", guarding["fact_key"])
        world.decide(2, "retract", f"birth_date|{child['person_code']}")
        relate_world(connection, world, tmp_path / "next", previous=tmp_path / "first" / "core")
    found = _unguarded(tmp_path / "next" / "core", TODAY, sources=["police"])
    assert list(found.values()) == [{ROOM}]
