"""A room, a firm and a person as of a day and as believed, from the command line; a build made again is the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kuai.kit.store import Store, read_json, write_json
from tests.stories import towns


def busiest_room(store: Path) -> str:
    rooms = {
        row["address_code"]
        for row in towns.read_core(store, "address_entry")
        if row["level"] == "room"
    }
    lived_in = [
        row["to_code"]
        for row in towns.read_core(store, "relation")
        if row["type"] == "PH_RESIDE" and row["to_code"] in rooms
    ]
    return max(sorted(set(lived_in)), key=lived_in.count)


def as_of(code: str, store: Path, *words: object) -> dict[str, Any]:
    return towns.run_well("as-of", code, "--store", store, *words, "--json").json()


def test_a_room_is_told_as_of_a_day_and_a_build_is_made_again(own_store: Path) -> None:
    room = busiest_room(own_store)
    version = Store(own_store).current_version()
    state = as_of(room, own_store)
    assert state["element"] == "room"
    assert {"PH_RESIDE"} <= {one["type"] for one in state["relations"]}
    assert state["belief"]["version"] == version
    long_ago = as_of(room, own_store, "--on", "1990-01-01", "--believed", f"{version}:0")
    assert not [one for one in long_ago["relations"] if one["certainty"] == "holds"]
    today = as_of(room, own_store, "--believed-on", "2099-01-01")
    assert today["relations"] == state["relations"]
    assert towns.run_kuai(
        "as-of", room, "--store", own_store, "--believed-on", "2000-01-01"
    ).exit_code
    replay = towns.run_well("replay", version, "--store", own_store, "--json").json()
    assert replay["is_equal"]
    assert len(replay["tables"]) > 20
    assert not list((own_store / "scratch").glob("replay*"))


def test_of_real_people_nobody_is_told_without_a_ticket_that_says_history(own_store: Path) -> None:
    room = busiest_room(own_store)
    person = towns.read_core(own_store, "person")[0]["person_code"]
    told = towns.run_well("history", person, "--store", own_store, "--json").json()
    assert told["code"] == person
    card = own_store / "tenant.json"
    write_json(card, {**read_json(card), "synthetic": False})
    state = as_of(room, own_store)
    assert not [one for one in state["relations"] if one["from_code"].startswith("P-")]
    # That there are some at all would tell, day beside day, when they came and went.
    assert state["hidden"] == []
    assert "P-" not in str(state["relations"])
    for words in (("as-of", person), ("history", person), ("history", person, "--ticket", "T-1")):
        answer = towns.run_kuai(*words, "--store", own_store)
        assert answer.exit_code == towns.BUILD_EXIT_REFUSED
        assert "凭据" in answer.sentences
