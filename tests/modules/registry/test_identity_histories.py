"""Whatever merges, cuts, absences, newcomers and moves follow one another: no code is lost, doubled or renumbered."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuai.kit.element_codes import code_of, is_element_code
from kuai.kit.engine import engine
from tests.modules.registry.histories import (
    OPERATIONS,
    Identity,
    Operation,
    PersonWorld,
    build_identity,
)

# Half of the histories Hypothesis tells word by word, half from a number: it repeats itself in long lists.
TOLD, DRAWN = 50, 50
STEPS = 8
FILES = ("identity_ledger", "identity_event", "mention_home", "mention_element")

operations = st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 127), st.integers(0, 127))
histories = st.tuples(
    st.lists(st.integers(1, 3), min_size=2, max_size=3),
    st.lists(operations, min_size=STEPS, max_size=STEPS),
)


def live_through(histories: Sequence[tuple[list[int], list[Operation]]], folder: Path) -> None:
    """All histories side by side, a build after each operation; every invariant after every build."""
    worlds = [PersonWorld(f"w{number:02d}", sizes) for number, (sizes, _) in enumerate(histories)]
    calm: dict[str, dict[str, str]] = {}
    with engine() as connection:
        before = build_identity(connection, worlds, folder / "0", previous=None, number=0)
        require_whole(worlds, None, before)
        remember_calm(worlds, before, calm)
        for step in range(1, STEPS + 3):
            for world, (_, steps) in zip(worlds, histories, strict=True):
                # At the end all that was decided is taken back; then once more the same.
                if step <= STEPS:
                    world.apply(steps[step - 1], sequence=step)
                else:
                    world.calm_down()
            after = build_identity(
                connection, worlds, folder / str(step), previous=before, number=step
            )
            require_whole(worlds, before, after)
            remember_calm(worlds, after, calm)
            if step == STEPS + 2:
                require_equal_tables(before, after)
            previous, before = before, after
        again = build_identity(
            connection,
            worlds,
            folder / "again",
            previous=previous,
            number=STEPS + 2,
            shuffle=random.Random(1),
        )
    for name in FILES:
        one, other = (identity.core / f"{name}.parquet" for identity in (before, again))
        assert one.read_bytes() == other.read_bytes(), name


def require_whole(worlds: Sequence[PersonWorld], before: Identity | None, after: Identity) -> None:
    """One living code a cluster; every code ever given is there, as it was born, and leads to one living code."""
    clusters = {key: root for world in worlds for key, root in world.clusters().items()}
    assert after.code_of.keys() == clusters.keys()
    pairs = {(clusters[key], code) for key, code in after.code_of.items()}
    assert len(pairs) == len(set(clusters.values())) == len(set(after.code_of.values()))
    for key, code in after.code_of.items():
        assert after.ledger[code]["merged_into"] is None
        assert after.living(after.homes.get(key, (code, True))[0]) == code
    serials = [row["serial"] for row in after.ledger.values()]
    assert serials == list(range(1, len(serials) + 1))
    for code, row in after.ledger.items():
        assert is_element_code(code)
        assert code == code_of("person", row["serial"])
        living = after.living(code)
        assert after.ledger[living]["merged_into"] is None
        assert after.ledger[living]["serial"] <= row["serial"]
    assert told_by(after) == {code: row["merged_into"] for code, row in after.ledger.items()}
    if before is not None:
        require_kept(before, after)
        require_no_renumbering(clusters, before, after)


def require_kept(before: Identity, after: Identity) -> None:
    born = ("serial", "founding_mention", "born_build", "split_from")
    for code, row in before.ledger.items():
        assert {name: after.ledger[code][name] for name in born} == {
            name: row[name] for name in born
        }
    assert after.events[: len(before.events)] == before.events
    assert [row["event_no"] for row in after.events] == list(range(1, len(after.events) + 1))
    assert {*before.code_of, *before.homes} <= {*after.code_of, *after.homes}
    # Absence changes nothing: whose mentions are all away is what they were.
    here = {after.homes.get(key, (code, True))[0] for key, code in after.code_of.items()}
    for code, row in before.ledger.items():
        if code not in here:
            assert after.ledger[code]["merged_into"] == row["merged_into"]


def require_no_renumbering(clusters: dict[str, str], before: Identity, after: Identity) -> None:
    """Who neither joins nor parts from anybody known keeps the code, whoever of them stays away and whoever is new."""
    away = {key: before.living(home) for key, (home, _) in before.homes.items()}
    known = {key: code for key, code in ({**away, **before.code_of}).items() if key in clusters}
    codes: dict[str, set[str]] = {}
    places: dict[str, set[str]] = {}
    for key, code in known.items():
        codes.setdefault(clusters[key], set()).add(code)
        places.setdefault(code, set()).add(clusters[key])
    for key, cluster in clusters.items():
        one = codes.get(cluster, set())
        if len(one) == 1 and len(places[min(one)]) == 1:
            assert {after.code_of[key]} == one


def told_by(identity: Identity) -> dict[str, str | None]:
    """The state that the events alone tell."""
    state: dict[str, str | None] = {}
    for row in identity.events:
        assert (row["code"] in state) == (row["event"] in ("merged", "restored"))
        state[row["code"]] = row["other_code"] if row["event"] == "merged" else None
    return state


def remember_calm(
    worlds: Sequence[PersonWorld], identity: Identity, calm: dict[str, dict[str, str]]
) -> None:
    """Where nothing decided is in force and nobody is away, everybody has the code of the last time it was so."""
    for world in worlds:
        if not world.is_calm:
            continue
        codes = {key: identity.code_of[key] for key in world.groups}
        if world.name in calm and not world.has_moved:
            known = calm[world.name]
            assert {key: codes[key] for key in known} == known
        calm[world.name], world.has_moved = codes, False


def require_equal_tables(before: Identity, after: Identity) -> None:
    assert (after.code_of, after.ledger, after.events, after.homes) == (
        before.code_of,
        before.ledger,
        before.events,
        before.homes,
    )


def draw_histories(seed: str) -> list[tuple[list[int], list[Operation]]]:
    chance = random.Random(seed)
    return [
        (
            [chance.randint(1, 3) for _ in range(chance.randint(2, 3))],
            [
                (chance.choice(OPERATIONS), chance.randint(0, 127), chance.randint(0, 127))
                for _ in range(STEPS)
            ],
        )
        for _ in range(DRAWN)
    ]


def run_histories(sequences: int) -> int:
    """Let Hypothesis tell `sequences` histories; returns how many of them were different ones."""
    different: set[str] = set()

    @settings(
        max_examples=sequences // (TOLD + DRAWN),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(histories, min_size=TOLD, max_size=TOLD), st.integers(0, 2**32))
    def every_history_keeps_codes(told: list[tuple[list[int], list[Operation]]], seed: int) -> None:
        both = [*told, *draw_histories(f"{seed} {len(different)}")]
        different.update(map(repr, both))
        with tempfile.TemporaryDirectory() as folder:
            live_through(both, Path(folder))

    every_history_keeps_codes()
    return len(different)


def test_random_histories_lose_double_and_renumber_no_code() -> None:
    assert run_histories(500) > 300


@pytest.mark.torture
def test_a_thousand_random_histories_lose_double_and_renumber_no_code() -> None:
    # Some are told twice.
    assert run_histories(1500) >= 1000
