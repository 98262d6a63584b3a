"""Codes are for ever: through rebuilds, merges and splits."""

from __future__ import annotations

import random

import pytest

from kuai.kit.element_codes import is_element_code
from kuai.kit.engine import engine
from kuai.registry.engine.lineage import GoneCode, HomeCode, settle_lineage
from tests.modules.registry.builders import World, relate_world

FIRST, SECOND, THIRD, FOURTH = (f"b-20261031-00000000000{n}" for n in range(4))
NEW_TABLES = ("identity_event.parquet", "mention_home.parquet", "identity_imprint.json")
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


class Months:
    """Builds one after the other, each on the one before."""

    def __init__(self, folder):
        self.folder = folder
        self.number = 0
        self.tables = {}

    def build(self, world):
        self.number += 1
        self.tables = build(
            self.folder,
            str(self.number),
            world,
            version=f"b-20261031-{self.number:012x}",
            previous=self.core(self.number - 1) if self.number > 1 else None,
        )
        return codes_of(self.tables)

    def core(self, number):
        return self.folder / str(number) / "core"

    def ledger(self, code):
        return next(row for row in self.tables["identity_ledger"] if row["code"] == code)

    def events(self, code):
        return [
            (row["event"], row["other_code"], row["decision"], row["reason"])
            for row in self.tables["identity_event"]
            if row["code"] == code
        ]


@pytest.fixture
def months(tmp_path):
    return Months(tmp_path)


def test_a_merge_that_is_undone_gives_both_their_code_back(months):
    before = months.build(world_of([0, 1], [2, 3, 4]))
    months.build(world_of([0, 1, 2, 3, 4]))
    assert months.build(world_of([0, 1], [2, 3, 4])) == before
    again = before["police:2#subject"]
    assert months.ledger(again)["merged_into"] is None
    assert [event for event, *_ in months.events(again)] == ["born", "merged", "restored"]


def test_rows_that_came_during_a_wrong_merge_do_not_carry_the_older_code_away(months):
    before = months.build(world_of([0], [1]))
    months.build(world_of([0, 1, 2, 3, 4]))
    after = months.build(world_of([0], [1, 2, 3, 4]))
    assert {key: after[key] for key in before} == before
    assert {after[f"police:{n}#subject"] for n in (2, 3, 4)} == {before["police:1#subject"]}


def test_a_merge_of_three_undone_one_by_one_leaves_no_chain_behind(months):
    before = months.build(world_of([0], [1], [2]))
    months.build(world_of([0], [1, 2]))
    months.build(world_of([0, 1, 2]))
    oldest, middle, youngest = (before[f"police:{n}#subject"] for n in range(3))
    assert months.ledger(youngest)["merged_into"] == middle
    assert months.ledger(middle)["merged_into"] == oldest
    after = months.build(world_of([0], [1, 2]))
    assert after["police:2#subject"] == middle
    assert months.build(world_of([0], [1], [2])) == before


def test_whoever_is_away_is_neither_merged_nor_brought_back(months):
    before = months.build(world_of([0], [1], [2]))
    months.build(world_of([0, 1], [2]))
    older = before["police:0#subject"]
    assert months.build(world_of([1], [2])) == {
        "police:1#subject": older,
        "police:2#subject": before["police:2#subject"],
    }
    assert [event for event, *_ in months.events(older)] == ["born"]
    assert months.build(world_of([0], [1], [2])) == before


def test_the_part_that_people_verified_keeps_the_code(months):
    before = months.build(world_of([0, 1, 2]))
    parted = world_of([0, 1], [2])
    parted.decide(1, "confirm", before["police:2#subject"])
    parted.add("decision", sequence=1, kind="confirm", part="mention", subject="police:2#subject")
    after = months.build(parted)
    assert after["police:2#subject"] == before["police:2#subject"]
    assert months.ledger(after["police:0#subject"])["split_from"] == before["police:2#subject"]


def test_a_verified_fact_speaks_for_the_row_that_states_it(months):
    def town(*clusters):
        world = World()
        for rows in clusters:
            for row in rows:
                world.resident(row, ROOM, cluster=f"police:{min(rows)}#subject")
                if row == 2:
                    world.rows["row_link"][-1]["relation"] = "PH_OWN"
        return world

    before = months.build(town([0, 1, 2]))["police:0#subject"]
    parted = town([0, 1], [2])
    parted.decide(1, "verify", f"PH_OWN|{before}|{ROOM}")
    assert months.build(parted)["police:2#subject"] == before


def test_events_name_the_decision_behind_them_and_the_one_that_was_taken_back(months):
    before = months.build(world_of([0], [1]))
    same = world_of([0, 1])
    same.decide(7, "same", "police:0#subject", "police:1#subject")
    months.build(same)
    kept, gone = before["police:0#subject"], before["police:1#subject"]
    assert months.events(gone)[-1] == ("merged", kept, 7, "人工认定为同一对象")
    months.build(world_of([0], [1]))
    assert months.events(gone)[-1] == ("restored", kept, 7, "原认定已撤回，恢复原代码")


@pytest.mark.parametrize("kind", ["different", "split"])
def test_a_cut_by_people_names_their_decision(months, kind):
    before = months.build(world_of([0, 1, 2]))["police:0#subject"]
    parted = world_of([0, 1], [2])
    if kind == "split":
        parted.decide(4, "split", "police:2#subject", staying=["police:0#subject"])
    else:
        parted.decide(4, "different", "police:0#subject", "police:2#subject")
    after = months.build(parted)["police:2#subject"]
    assert months.events(after) == [("split", before, 4, "人工认定为不同对象，从原代码中分出")]


def test_what_the_machine_does_names_no_decision(months):
    before = months.build(world_of([0], [1], [2], [3]))
    joined = world_of([0, 1], [2, 3])
    joined.decide(3, "same", "police:0#subject", "police:1#subject")
    months.build(joined)
    assert months.events(before["police:3#subject"])[-1][2:] == (None, "本次建库判定为同一对象")


def test_the_same_clusters_again_change_no_home_and_add_no_event(months):
    months.build(world_of([0], [1], [2, 3]))
    months.build(world_of([0, 1, 4], [2], [3, 5]))
    known = {
        name: months.tables[name] for name in ("identity_ledger", "identity_event", "mention_home")
    }
    months.build(world_of([0, 1, 4], [2], [3, 5]))
    assert {name: months.tables[name] for name in known} == known


def test_a_store_of_the_release_before_is_read_and_its_merges_can_be_undone(months):
    before = months.build(world_of([0], [1, 2], [3]))
    months.build(world_of([0, 1, 2], [3]))
    for name in NEW_TABLES:
        (months.core(2) / name).unlink()
    again = before["police:1#subject"]
    assert months.build(world_of([0], [1, 2], [3])) == before
    assert [event for event, *_ in months.events(again)] == ["born", "merged", "restored"]


def test_a_store_of_the_release_before_knows_whoever_was_away(months):
    before = months.build(world_of([0, 1], [2]))
    months.build(world_of([2]))
    for name in NEW_TABLES:
        (months.core(2) / name).unlink()
    after = months.build(world_of([0], [1], [2]))
    # It kept of those away only the founding mention.
    assert after["police:0#subject"] == before["police:0#subject"]
    assert after["police:2#subject"] == before["police:2#subject"]


def test_a_pointer_that_still_leads_right_is_left_alone():
    gone = [GoneCode("c", 3, "b"), GoneCode("b", 2, "a")]
    homes = [HomeCode("c", 3, "a"), HomeCode("b", 2, "a")]
    assert settle_lineage(gone, homes).changes == {}
    assert settle_lineage(gone).living == {"b": "a", "c": "a"}


def test_a_code_that_leads_elsewhere_now_gets_a_new_pointer():
    gone = [GoneCode("c", 3, "b"), GoneCode("b", 2, "a")]
    lineage = settle_lineage(gone, [HomeCode("b", 2, "b"), HomeCode("c", 3, "a")])
    assert lineage.changes == {"b": None, "c": "a"}
    assert lineage.living == {"c": "a"}


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
