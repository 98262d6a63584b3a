"""Codes are for ever: through rebuilds, merges and splits."""

from __future__ import annotations

import random

import pytest

from kuai.kit.element_codes import is_element_code
from kuai.kit.engine import engine
from tests.modules.registry.builders import World, relate_world

FIRST, SECOND, THIRD = (f"b-2026103{n}-00000000000{n}" for n in (0, 1, 1))
ROOM = "4403100010010100001000001"


def codes_of(tables, element="person"):
    return {
        row["mention_key"]: row["code"]
        for row in tables["mention_element"]
        if row["element"] == element
    }


def build(tmp_path, name, world, **options):
    with engine() as connection:
        return relate_world(connection, world, tmp_path / name, **options)


def world_of(*clusters):
    """One person a cluster; mentions are row numbers."""
    world = World()
    for rows in clusters:
        for row in rows:
            world.person(row, cluster=f"police:{min(rows)}#subject")
    return world


def test_codes_have_the_form_and_are_given_in_order_of_birth(tmp_path):
    tables = build(tmp_path, "a", world_of([0], [1], [2]))
    assert all(is_element_code(row["person_code"]) for row in tables["person"])
    assert [row["serial"] for row in tables["identity_ledger"]] == [1, 2, 3]
    assert [row["founding_mention"] for row in tables["identity_ledger"]] == [
        f"police:{n}#subject" for n in range(3)
    ]


def test_the_same_inputs_give_the_same_codes_in_any_order(tmp_path):
    clusters = [[n, n + 50] for n in range(50)]
    first = build(tmp_path, "a", world_of(*clusters))
    shuffled = world_of(*clusters)
    for rows in shuffled.rows.values():
        random.Random(7).shuffle(rows)
    assert codes_of(build(tmp_path, "b", shuffled)) == codes_of(first)


def test_a_rebuild_renumbers_nobody_and_a_newcomer_gets_the_next_serial(tmp_path):
    before = codes_of(build(tmp_path, "a", world_of([5], [7])))
    after = build(
        tmp_path, "b", world_of([0], [5], [7]), previous=tmp_path / "a" / "core", version=SECOND
    )
    assert {key: codes_of(after)[key] for key in before} == before
    newcomer = next(
        row for row in after["identity_ledger"] if row["founding_mention"] == "police:0#subject"
    )
    assert (newcomer["serial"], newcomer["born_build"]) == (3, SECOND)


def test_when_two_become_one_the_older_code_continues_and_the_ledger_says_so(tmp_path):
    before = codes_of(build(tmp_path, "a", world_of([0], [1])))
    after = build(tmp_path, "b", world_of([0, 1]), previous=tmp_path / "a" / "core", version=SECOND)
    kept, gone = before["police:0#subject"], before["police:1#subject"]
    assert set(codes_of(after).values()) == {kept}
    entry = next(row for row in after["identity_ledger"] if row["code"] == gone)
    assert (entry["merged_into"], entry["changed_build"]) == (kept, SECOND)


def test_when_one_becomes_two_the_larger_part_keeps_the_code_and_the_other_says_whence(tmp_path):
    before = codes_of(build(tmp_path, "a", world_of([0, 1, 2])))["police:0#subject"]
    after = build(
        tmp_path, "b", world_of([0], [1, 2]), previous=tmp_path / "a" / "core", version=SECOND
    )
    codes = codes_of(after)
    assert codes["police:1#subject"] == codes["police:2#subject"] == before
    assert codes["police:0#subject"] != before
    entry = next(
        row for row in after["identity_ledger"] if row["code"] == codes["police:0#subject"]
    )
    assert entry["split_from"] == before


def test_a_code_whose_founding_row_is_gone_lives_on_with_its_other_mentions(tmp_path):
    before = codes_of(build(tmp_path, "a", world_of([0, 1])))["police:1#subject"]
    world = World()
    world.person(1)
    after = build(tmp_path, "b", world, previous=tmp_path / "a" / "core", version=SECOND)
    assert codes_of(after) == {"police:1#subject": before}


def test_every_code_ever_given_is_in_every_later_ledger(tmp_path):
    build(tmp_path, "a", world_of([0], [1], [2]))
    build(tmp_path, "b", world_of([0, 1], [2]), previous=tmp_path / "a" / "core", version=SECOND)
    last = build(tmp_path, "c", world_of([2], [3]), previous=tmp_path / "b" / "core", version=THIRD)
    assert [row["serial"] for row in last["identity_ledger"]] == [1, 2, 3, 4]


def test_who_is_away_from_a_build_has_the_same_code_when_they_are_back(tmp_path):
    before = codes_of(build(tmp_path, "a", world_of([0, 1], [2], [3])))
    build(tmp_path, "b", world_of([2]), previous=tmp_path / "a" / "core", version=SECOND)
    after = build(
        tmp_path,
        "c",
        world_of([0, 1], [2], [3], [4]),
        previous=tmp_path / "b" / "core",
        version=THIRD,
    )
    assert {key: codes_of(after)[key] for key in before} == before
    assert [row["serial"] for row in after["identity_ledger"]] == [1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(8))
def test_random_histories_keep_one_living_code_a_cluster(tmp_path, seed):
    chance = random.Random(seed)
    previous = None
    for step in range(4):
        rows = sorted(chance.sample(range(40), 25))
        groups: dict[int, list[int]] = {}
        for row in rows:
            groups.setdefault(chance.randrange(12), []).append(row)
        version = f"b-20261031-0000000000{seed}{step}"
        tables = build(
            tmp_path, f"s{step}", world_of(*groups.values()), previous=previous, version=version
        )
        alive = {row["code"] for row in tables["identity_ledger"] if row["merged_into"] is None}
        used = [row["person_code"] for row in tables["person"]]
        assert len(used) == len(set(used)) == len(groups)
        assert set(used) <= alive
        targets = {row["merged_into"] for row in tables["identity_ledger"]} - {None}
        assert targets <= {row["code"] for row in tables["identity_ledger"]}
        previous = tmp_path / f"s{step}" / "core"


def test_the_same_phone_is_one_contact_and_two_kinds_are_two(tmp_path):
    world = World()
    for row, kind, token in ((0, "phone", "t1"), (1, "phone", "t1"), (2, "water_account", "t1")):
        keys = {
            "mention_key": f"police:{row}#phone",
            "record_key": f"police:{row}",
            "row_no": row,
            "role": "phone",
        }
        world.add("account_mention", **keys, kind=kind, account_token=token)
    tables = build(tmp_path, "a", world)
    assert sorted(row["kind"] for row in tables["contact"]) == ["phone", "water_account"]
