"""A build that is killed at any moment loses nothing: the next run ends where an undisturbed one would have."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

import kuai.address.types
import kuai.blocks.types
import kuai.linkage.types
import kuai.registry.types  # noqa: F401 - importing a room's types declares its tables
from kuai.kit.engine import content_hash, engine
from kuai.kit.store import Store, read_json
from kuai.kit.tables import CATALOGUE, TableRef
from tests.stories import towns

KILLS = 6
KILLS_IN_TORTURE = 200
# Several on one store, because a build may be killed again while it makes good for the last kill.
KILLS_IN_A_ROW = 4
SOONER = 0.7
ROOMS = 250


def hashes_of(core: Path) -> dict[str, str]:
    """The content hash of every core table."""
    with engine() as connection:
        return {
            path.stem: content_hash(
                connection, TableRef(CATALOGUE.tables[path.stem], (path,), rows=0)
            )
            for path in sorted(core.glob("*.parquet"))
        }


def receipts_of(store: Path) -> list[dict[str, object]]:
    summary = read_json(Store(store).current_build() / "receipts.json")
    counts = ("received", "kept", "refused", "quarantined")
    return [
        {
            stage: {name: line[stage][name] for name in counts}
            for stage in ("receive", "map")
            if line[stage]
        }
        for line in summary["sources"]
    ]


def assert_same_store(store: Path, undisturbed: Path) -> None:
    assert Store(store).current_version() == Store(undisturbed).current_version()
    assert hashes_of(towns.core_of(store)) == hashes_of(towns.core_of(undisturbed))
    ours = towns.bytes_by_file(towns.core_of(store))
    theirs = towns.bytes_by_file(towns.core_of(undisturbed))
    assert [name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)] == []
    assert receipts_of(store) == receipts_of(undisturbed)
    assert towns.leftovers(store) == []
    block = towns.run_well("block", "440310", "--store", store, "--json").json()
    assert block["counters"]["rooms"] == ROOMS


def moments(kills: int, seconds: float, seed: int) -> list[float]:
    """Random moments, one in each of `kills` equal slices of the build's time, in random order."""
    dice = random.Random(seed)
    found = [(place + dice.random()) / kills * seconds for place in range(kills)]
    dice.shuffle(found)
    return found


def kill_and_finish(package: Path, store: Path, when: list[float]) -> int:
    """Kill builds into `store` at the next moments, then let one finish; returns how many were really killed."""
    killed = 0
    while when and killed < KILLS_IN_A_ROW:
        moment = when.pop()
        if not towns.kill_build_after(moment, package, store):
            # It was over already (a build that goes on is shorter): the next store gets a kill sooner.
            when.append(moment * SOONER)
            return killed
        killed += 1
        # Whoever looks meanwhile sees no build or a whole one.
        version = Store(store).current_version()
        assert version is None or (Store(store).builds / version / "receipts.json").exists()
    towns.build(package, store)
    return killed


def endure(kills: int, folder: Path, *, seed: int) -> None:
    package = towns.make_town(folder / "package", rooms=ROOMS, seed=3)
    first = folder / "first"
    # The first store has no keys yet: their making is disturbed as well.
    assert towns.kill_build_after(2.0, package, first)
    towns.build(package, first)
    undisturbed = towns.same_keys(first, folder / "undisturbed")
    seconds = towns.seconds_of(lambda: towns.build(package, undisturbed))
    assert_same_store(first, undisturbed)
    when, done, rounds = moments(kills - 1, seconds, seed), 1, 0
    while when:
        rounds += 1
        store = towns.same_keys(first, folder / f"round-{rounds}")
        done += kill_and_finish(package, store, when)
        assert_same_store(store, undisturbed)
        shutil.rmtree(store)
        shutil.rmtree(Store(store).keys)
    assert done == kills


def test_a_build_killed_six_times_ends_in_the_same_store(tmp_path: Path) -> None:
    endure(KILLS, tmp_path, seed=20261122)


@pytest.mark.torture
def test_a_build_killed_two_hundred_times_ends_in_the_same_store(tmp_path: Path) -> None:
    endure(KILLS_IN_TORTURE, tmp_path, seed=1949)
