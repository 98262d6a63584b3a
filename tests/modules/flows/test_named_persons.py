"""On a real store a ticket for one person shows that person, whichever command holds it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kuai.flows.explain import explain_mention, explain_relation
from kuai.flows.mentions import export_mentions
from kuai.kit.engine import engine
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from tests.modules.registry.builders import World, relate_world

VERSION = "b-20261031-000000000001"
ROOM = "4403990010010100001000001"


@pytest.fixture
def two_residents(store: Store) -> tuple[str, str]:
    """A published build in which two persons live; their codes, by row."""
    world = World()
    world.resident(0, ROOM)
    world.resident(1, ROOM)
    with engine() as connection:
        tables = relate_world(connection, world, store.scratch / VERSION)
    store.publish(VERSION, store.scratch / VERSION)
    first, second = (row["person_code"] for row in tables["person"])
    return first, second


def exported(store: Store, target: Path, persons: frozenset[str] | None) -> set[str]:
    export_mentions(store, target, persons=persons)
    with target.open(encoding="utf-8") as stream:
        return {row["person_code"] for row in csv.DictReader(stream)}


def test_an_export_holds_the_named_person_and_nobody_else(store, two_residents, tmp_path):
    first, second = two_residents
    assert exported(store, tmp_path / "all.csv", None) == {first, second}
    assert exported(store, tmp_path / "one.csv", frozenset({first})) == {first}
    assert exported(store, tmp_path / "none.csv", frozenset()) == set()


def test_an_explanation_speaks_of_the_named_person_only(store, two_residents):
    first, _ = two_residents
    assert explain_mention("police", 0, store=store, persons=frozenset({first}))
    assert explain_relation(1, store=store, persons=frozenset({first}))
    with pytest.raises(Refusal, match="没有写明"):
        explain_mention("police", 1, store=store, persons=frozenset({first}))
    with pytest.raises(Refusal, match="没有写明"):
        explain_relation(2, store=store, persons=frozenset({first}))
