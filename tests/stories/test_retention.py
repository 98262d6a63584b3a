"""What is kept too long goes: an old delivery with its key, an old build, leftovers; what is in use or held stays."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from kuai.guard.actions import is_shredded
from kuai.guard.types import Zone
from kuai.kit.store import Store, read_json, write_json
from tests.stories import towns

TEN_YEARS_S = 10 * 365 * 24 * 3600


def age(path: Path) -> None:
    then = time.time() - TEN_YEARS_S
    os.utime(path, (then, then))


def run(store: Path, *words: str) -> dict[str, Any]:
    return towns.run_well("retention", *words, "--store", store, "--json").json()


def folders_of(report: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    return {f"{one['kind']} {one['name']}": (one["kept"], one["gone"]) for one in report["folders"]}


def test_a_run_erases_what_is_due_and_tells_what_it_kept_and_why(own_store: Path) -> None:
    store = Store(own_store)
    # An older delivery of one source, an older build, an upload that nobody received.
    used = store.vault / "core" / "water_usage" / "0001"
    old = store.vault / "core" / "water_usage" / "2014-01"
    old.mkdir()
    (old / "snapshot.json").write_bytes((used / "snapshot.json").read_bytes())
    age(used / "snapshot.json")
    (store.extracts / "water_usage" / "2014-01").mkdir()
    first = "b-20140101-aaaaaaaaaaaa"
    (store.builds / first / "core").mkdir(parents=True)
    (store.builds / first / "core" / "person.parquet").touch()
    write_json(store.builds / first / "receipts.json", {"as_of": "2014-01-01"})
    told = read_json(own_store / "publications.json")["published"]
    write_json(
        own_store / "publications.json",
        {
            "published": [
                {"version": first, "at": "2014-01-01T00:00:00+00:00"},
                {**told[0], "at": "2014-02-01T00:00:00+00:00"},
            ]
        },
    )
    left = store.scratch / "uploads" / "somebodys"
    left.mkdir(parents=True)
    age(left)
    before = towns.tree_of(own_store / "vault")
    wanted = {
        "delivery water_usage.0001": ("in_use", False),
        "delivery water_usage.2014-01": ("", False),
        f"build {first}": ("", False),
        "leftover uploads/somebodys": ("", False),
    }
    assert folders_of(run(own_store, "--dry-run")) == wanted
    assert towns.tree_of(own_store / "vault") == before

    done = run(own_store, "--run")
    assert folders_of(done) == {name: (kept, not kept) for name, (kept, _) in wanted.items()}
    assert done["gone"] == 3
    assert not old.exists()
    assert is_shredded(store, zone=Zone.CORE, source="water_usage", period="2014-01")
    assert used.exists()
    assert [path.name for path in (store.builds / first).rglob("*")] == ["receipts.json"]
    assert [version for version, _ in store.list_publications()] == [store.current_version()]
    assert not left.exists()
    (report,) = (own_store / "retention").iterdir()
    assert read_json(report)["gone"] == 3
    assert folders_of(run(own_store, "--run")) == {"delivery water_usage.0001": ("in_use", False)}
    # The ledger proves it, and the store goes on.
    towns.run_well("ledger", "seal", "--store", own_store)
    assert "retention.finished" in (own_store / "ledger" / "entries-000000000001.jsonl").read_text()
    assert "440310" in towns.run_well("block", "440310", "--store", own_store).stdout


def test_one_says_whether_to_look_or_to_erase(own_store: Path) -> None:
    for words in ((), ("--dry-run", "--run")):
        said = towns.run_kuai("retention", *words, "--store", own_store)
        assert said.exit_code == towns.BUILD_EXIT_REFUSED
