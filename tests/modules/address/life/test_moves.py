"""Every state and every event: what is in the table happens, what is not is refused."""

from __future__ import annotations

import pytest

from kuai.address.life.moves import BEGINS_IN, MOVES, state_after
from kuai.address.life.shapes import LIVING, Entry, NewEntry
from kuai.address.types import EventKind, Level, State
from kuai.kit.errors import Refusal
from tests.modules.address.life.builders import (
    GRIDS,
    building,
    happen,
    small_library,
    split_in_halves,
)

NEW = NewEntry("新楼", standard_text="广东省深圳市青湾区松涛街道东岸社区新路1号")
OTHER = NewEntry("另楼", standard_text="广东省深圳市青湾区松涛街道东岸社区新路2号")


def let_it(library, kind: EventKind) -> None:
    """The event `kind` to the first building, in its plainest form."""
    code = building()
    rooms = {one.address_code: 0 for one in library.children_of([code])}
    asked = {
        EventKind.PLANNED: {"begins": (NewEntry("新", Level.BUILDING, GRIDS[0]),)},
        EventKind.TAKEN_INTO_USE: {"codes": (code,)},
        EventKind.SPLIT: {"codes": (code,), "begins": (NEW, OTHER), "assign": rooms},
        EventKind.MERGED: {"codes": (code,), "into": building(number=2), "prefixes": {code: "东"}},
        EventKind.RENUMBERED: {"codes": (code,), "begins": (NEW,)},
        EventKind.RENAMED: {"codes": (code,), "new_name": "望海村", "new_text": "望海村1号"},
        EventKind.MOVED: {"codes": (code,), "into": GRIDS[1]},
        EventKind.DEMOLISHED: {"codes": (code,)},
    }
    happen(library, kind, **asked[kind])


@pytest.mark.parametrize(("state", "kind"), sorted(MOVES), ids=lambda word: str(word))
def test_every_move_of_the_table_happens(state: State, kind: EventKind) -> None:
    library = small_library(state=state)
    let_it(library, kind)
    moved = library.entry(building())
    assert moved is not None
    assert moved.state is MOVES[state, kind]


FORBIDDEN = sorted(
    (state, kind) for state in State for kind in EventKind if (state, kind) not in MOVES
)


@pytest.mark.parametrize(("state", "kind"), FORBIDDEN, ids=lambda word: str(word))
def test_every_other_move_is_refused(state: State, kind: EventKind) -> None:
    entry = Entry(building(), Level.BUILDING, GRIDS[0], "望潮村", "望潮村1号", state=state)
    with pytest.raises(Refusal) as refused:
        state_after(entry, kind)
    assert refused.value.code == "library.move_forbidden"
    assert building() in refused.value.next_step


@pytest.mark.parametrize("kind", [kind for kind in EventKind if kind is not EventKind.PLANNED])
def test_nothing_happens_to_what_ended(kind: EventKind) -> None:
    library = small_library()
    split_in_halves(library, building(), "东座", "西座")
    with pytest.raises(Refusal):
        let_it(library, kind)


def test_the_table_speaks_of_living_states_only() -> None:
    assert {state for state, _ in MOVES} == LIVING
    assert set(BEGINS_IN.values()) == LIVING
