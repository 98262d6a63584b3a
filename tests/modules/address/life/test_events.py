"""What an event does to a place and to what stands in it, and what it must not do."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kuai.address.life.events import effect_of
from kuai.address.life.shapes import NewEntry, NewEvent
from kuai.address.life.succession import resolve_code
from kuai.address.life.undoing import effect_of_undoing
from kuai.address.types import AliasKind, EventKind, Level, State
from kuai.kit.errors import Refusal
from tests.modules.address.life.builders import (
    CITY,
    DAY,
    EAST,
    GRIDS,
    STREET,
    TOP,
    WEST,
    building,
    happen,
    room,
    small_library,
    split_in_halves,
)

ROAD = f"{CITY}松涛街道东岸社区望潮101路"
LATER = DAY + timedelta(days=30)


def refused(library, kind: EventKind, **asked: object) -> str:
    with pytest.raises(Refusal) as answer:
        happen(library, kind, **asked)
    return answer.value.code


def living_under(library, code: str) -> list[str]:
    return [one.address_code for one in library.children_of([code]) if one.is_living]


def undo(library, effect, *, day: date = LATER):
    back = effect_of_undoing(effect, library, day=day, reason="记错了")
    library.fold(back)
    return back


def test_rooms_of_a_renumbered_building_follow_one_to_one() -> None:
    library = small_library()
    new = NewEntry("望潮村", standard_text=f"{ROAD}99号")
    happen(library, EventKind.RENUMBERED, codes=(building(),), begins=(new,))
    follower = f"{GRIDS[0]}00004"
    assert resolve_code(building(), library).successors == (follower,)
    for number in range(1, 5):
        assert resolve_code(room(number), library).successors == (room(number, of=follower),)
        assert (
            library.entry(room(number, of=follower)).standard_text == f"{ROAD}99号{100 + number}房"
        )
    assert living_under(library, building()) == []


def test_every_room_of_a_split_building_is_assigned() -> None:
    library = small_library()
    new = tuple(NewEntry(name, standard_text=f"{ROAD}1号{name}") for name in ("东座", "西座"))
    assert (
        refused(library, EventKind.SPLIT, codes=(building(),), begins=new, assign={room(1): 0})
        == "library.child_unassigned"
    )
    split_in_halves(library, building(), "东座", "西座")
    east, west = resolve_code(building(), library).successors
    assert [library.entry(code).name for code in living_under(library, east)] == ["101", "103"]
    assert [library.entry(code).name for code in living_under(library, west)] == ["102", "104"]


def test_a_room_is_divided_and_its_code_leads_to_all_parts() -> None:
    library = small_library()
    parts = tuple(NewEntry(f"101{letter}") for letter in "AB")
    happen(library, EventKind.SPLIT, codes=(room(),), begins=parts)
    found = resolve_code(room(), library).successors
    assert [library.entry(code).standard_text for code in found] == [
        f"{ROAD}1号101A",
        f"{ROAD}1号101B",
    ]


def test_a_merge_takes_all_rooms_and_asks_for_names_where_two_are_alike() -> None:
    library = small_library()
    both = (building(), building(number=2))
    new = NewEntry("望潮公馆", standard_text=f"{ROAD}1-2号")
    assert refused(library, EventKind.MERGED, codes=both, begins=(new,)) == "library.text_taken"
    happen(
        library,
        EventKind.MERGED,
        codes=both,
        begins=(new,),
        prefixes={both[0]: "东", both[1]: "西"},
    )
    (taker,) = resolve_code(both[0], library).successors
    assert resolve_code(both[1], library).successors == (taker,)
    names = sorted(library.entry(code).name for code in living_under(library, taker))
    assert names == sorted(f"{side}{number}" for side in "东西" for number in (101, 102, 103, 104))
    assert (
        library.entry(resolve_code(room(2), library).successors[0]).standard_text
        == f"{ROAD}1-2号东102房"
    )


def test_a_building_may_be_taken_over_by_a_living_one() -> None:
    library = small_library()
    happen(
        library,
        EventKind.MERGED,
        codes=(building(),),
        into=building(number=2),
        prefixes={building(): "附"},
    )
    assert resolve_code(building(), library).successors == (building(number=2),)
    assert len(living_under(library, building(number=2))) == 8
    assert library.entry(building(number=2)).state is State.IN_USE


def test_grids_divide_and_buildings_keep_their_codes() -> None:
    library = small_library()
    buildings = living_under(library, GRIDS[0])
    parts = (NewEntry("第11网格"), NewEntry("第12网格"))
    assign = {code: place % 2 for place, code in enumerate(buildings)}
    happen(library, EventKind.SPLIT, codes=(GRIDS[0],), begins=parts, assign=assign)
    new = resolve_code(GRIDS[0], library).successors
    assert [library.entry(code).parent_code for code in buildings] == [new[0], new[1], new[0]]
    assert all(library.entry(code).is_living for code in buildings)
    assert library.entry(room()).standard_text == f"{ROAD}1号101房"
    # The code freezes the grid of its day: the next building in the new grid has the new grid's digits.
    born = NewEntry("新楼", Level.BUILDING, new[0], standard_text=f"{ROAD}77号")
    happen(library, EventKind.TAKEN_INTO_USE, begins=(born,))
    assert living_under(library, new[0])[-1] == f"{new[0]}00001"


def test_a_community_that_merges_takes_its_grids_and_their_addresses_along() -> None:
    library = small_library()
    happen(library, EventKind.MERGED, codes=(WEST,), into=EAST)
    assert set(GRIDS) <= set(living_under(library, EAST))
    west_building = library.entry(building(grid=2))
    assert west_building.standard_text == f"{CITY}松涛街道东岸社区望潮201路1号"
    assert library.entry(room(of=building(grid=2))).standard_text.startswith(
        west_building.standard_text
    )
    texts = [line.text for line in library.aliases_of(building(grid=2))]
    assert texts == [f"{CITY}松涛街道西岸社区望潮201路1号"]


def test_a_renamed_community_keeps_its_code_and_its_old_name() -> None:
    library = small_library()
    happen(library, EventKind.RENAMED, codes=(EAST,), new_name="望潮社区")
    assert library.entry(EAST).standard_text == f"{CITY}松涛街道望潮社区"
    old = {line.text: line.kind for line in library.aliases_of(EAST)}
    assert old == {"东岸社区": AliasKind.OLD_NAME, f"{CITY}松涛街道东岸社区": AliasKind.OLD_NAME}
    assert library.entry(room()).standard_text == f"{CITY}松涛街道望潮社区望潮101路1号101房"
    assert library.entry(building(grid=2)).standard_text.startswith(f"{CITY}松涛街道西岸社区")


def test_the_estate_name_of_a_building_does_not_become_its_alias() -> None:
    library = small_library()
    asked = {"new_name": "望海村", "new_text": f"{CITY}松涛街道东岸社区望海村1号"}
    happen(library, EventKind.RENAMED, codes=(building(),), **asked)
    assert [line.text for line in library.aliases_of(building())] == [f"{ROAD}1号"]


def test_a_building_moved_to_another_grid_keeps_its_code() -> None:
    library = small_library()
    happen(library, EventKind.MOVED, codes=(building(),), into=GRIDS[2])
    moved = library.entry(building())
    assert moved.parent_code == GRIDS[2]
    assert moved.standard_text == f"{CITY}松涛街道西岸社区望潮101路1号"
    assert library.entry(room()).standard_text == f"{moved.standard_text}101房"


def test_a_demolished_building_ends_with_its_rooms_and_says_why() -> None:
    library = small_library()
    happen(library, EventKind.DEMOLISHED, codes=(building(),))
    for code in (building(), room(3)):
        found = resolve_code(code, library)
        assert found.successors == ()
        assert found.chain[-1].reason == "测试"


def test_planned_rooms_come_into_use_with_their_building() -> None:
    library = small_library()
    asked = NewEntry("新楼", Level.BUILDING, GRIDS[0], f"{ROAD}50号", rooms=("101", "102"))
    happen(library, EventKind.PLANNED, begins=(asked,))
    code = f"{GRIDS[0]}00004"
    assert {library.entry(one).state for one in living_under(library, code)} == {State.PLANNED}
    happen(library, EventKind.TAKEN_INTO_USE, codes=(code,))
    assert {library.entry(one).state for one in living_under(library, code)} == {State.IN_USE}


def test_codes_are_never_issued_twice() -> None:
    library = small_library()
    happen(library, EventKind.DEMOLISHED, codes=(building(number=3),))
    asked = NewEntry("新楼", Level.BUILDING, GRIDS[0], f"{ROAD}50号")
    happen(library, EventKind.TAKEN_INTO_USE, begins=(asked,))
    assert library.entry(f"{GRIDS[0]}00004") is not None
    taken = NewEntry("x", Level.BUILDING, GRIDS[0], "x号", code=building(number=3))
    assert refused(library, EventKind.TAKEN_INTO_USE, begins=(taken,)) == "library.code_taken"


def test_a_grid_whose_numbers_are_used_up_says_so() -> None:
    library = small_library(buildings=0)
    for number in range(3, 100):
        begins = (NewEntry(f"第{number}网格", Level.GRID, EAST),)
        happen(library, EventKind.TAKEN_INTO_USE, begins=begins)
    more = (NewEntry("再一个", Level.GRID, EAST),)
    assert refused(library, EventKind.TAKEN_INTO_USE, begins=more) == "library.codes_used_up"


@pytest.mark.parametrize(
    ("kind", "asked", "code"),
    [
        (EventKind.DEMOLISHED, {"codes": (GRIDS[0],)}, "library.children_left"),
        (EventKind.DEMOLISHED, {"codes": ("440399999",)}, "library.code_unknown"),
        (EventKind.DEMOLISHED, {"codes": ()}, "library.event_form"),
        (EventKind.DEMOLISHED, {"codes": (room(), room())}, "library.code_twice"),
        (EventKind.MOVED, {"codes": (room(),), "into": building(number=2)}, "library.room_moves_not"),
        (EventKind.MOVED, {"codes": (GRIDS[0],), "into": building()}, "library.level_misfit"),
        (EventKind.MOVED, {"codes": (STREET,), "into": EAST}, "library.level_misfit"),
        (EventKind.MOVED, {"codes": (building(),), "into": GRIDS[0]}, "library.nothing_new"),
        (EventKind.MERGED, {"codes": (building(),), "into": building()}, "library.merge_itself"),
        (EventKind.MERGED, {"codes": (building(),), "into": EAST}, "library.level_misfit"),
        (EventKind.MERGED, {"codes": (building(), room())}, "library.merge_unclear"),
        (EventKind.RENAMED, {"codes": (TOP,), "new_name": "青湾区"}, "library.nothing_new"),
        (EventKind.RENAMED, {"codes": (building(),), "new_name": "望海村"}, "library.text_missing"),
        (EventKind.RENUMBERED, {"codes": (building(),)}, "library.event_form"),
        (
            EventKind.PLANNED,
            {"begins": (NewEntry("101", Level.ROOM, GRIDS[0]),)},
            "library.level_misfit",
        ),
        (EventKind.PLANNED, {"begins": (NewEntry("x", Level.GRID),)}, "library.parent_missing"),
        (
            EventKind.PLANNED,
            {"begins": (NewEntry("101房", Level.ROOM, building()),)},
            "library.text_taken",
        ),
    ],
)  # fmt: skip
def test_what_the_rules_forbid_is_refused_with_its_reason(
    kind: EventKind, asked: dict, code: str
) -> None:
    library = small_library()
    before = dict(library.entries)
    assert refused(library, kind, **asked) == code
    assert library.entries == before


def test_an_event_without_a_reason_is_refused() -> None:
    event = NewEvent(EventKind.DEMOLISHED, DAY, " ", codes=(building(),))
    with pytest.raises(Refusal, match="理由"):
        effect_of(event, small_library())


def test_a_code_is_asked_as_of_a_day() -> None:
    library = small_library()
    split_in_halves(library, building(), "东座", "西座")
    (east, west) = resolve_code(building(), library).successors
    later = NewEvent(EventKind.DEMOLISHED, LATER, "拆除", codes=(east,))
    library.fold(effect_of(later, library))
    before = resolve_code(building(), library, as_of=DAY - timedelta(days=1))
    assert (before.successors, before.state) == ((building(),), State.IN_USE)
    assert resolve_code(building(), library, as_of=DAY).successors == (east, west)
    assert resolve_code(building(), library, as_of=LATER).successors == (west,)
    assert resolve_code(building(), library).successors == (west,)


def test_undoing_restores_and_what_had_begun_leads_back() -> None:
    library = small_library()
    before = {code: one for code, one in library.entries.items() if one.is_living}
    effect = split_in_halves(library, building(), "东座", "西座")
    east, west = resolve_code(building(), library).successors
    undo(library, effect)
    assert {code: one for code, one in library.entries.items() if one.is_living} == before
    assert resolve_code(building(), library).successors == (building(),)
    assert resolve_code(east, library).successors == (building(),)
    assert library.entry(west).state is State.MERGED
    again = split_in_halves(library, building(), "东座", "西座")
    assert again.changes != effect.changes
    third = resolve_code(building(), library).successors
    assert not {east, west} & set(third)
    assert resolve_code(east, library).successors == third


def test_undoing_a_renaming_takes_the_old_name_back() -> None:
    library = small_library()
    effect = happen(library, EventKind.RENAMED, codes=(EAST,), new_name="望潮社区")
    undo(library, effect)
    assert library.entry(room()).standard_text == f"{ROAD}1号101房"
    assert library.aliases_of(EAST) == ()


def test_what_later_events_build_upon_is_not_undone() -> None:
    library = small_library()
    effect = split_in_halves(library, building(), "东座", "西座")
    (east, _) = resolve_code(building(), library).successors
    happen(library, EventKind.DEMOLISHED, codes=(east,))
    with pytest.raises(Refusal, match="后来又变过"):
        undo(library, effect)


def test_a_new_room_in_a_new_building_stands_in_the_way_of_undoing_it() -> None:
    library = small_library()
    effect = split_in_halves(library, building(), "东座", "西座")
    (east, _) = resolve_code(building(), library).successors
    born = NewEntry("999", Level.ROOM, east)
    happen(library, EventKind.TAKEN_INTO_USE, begins=(born,))
    with pytest.raises(Refusal, match="下面后来有了"):
        undo(library, effect)


def test_an_address_given_to_somebody_else_meanwhile_stands_in_the_way_of_undoing() -> None:
    library = small_library()
    new = NewEntry("望潮村", standard_text=f"{ROAD}99号")
    effect = happen(library, EventKind.RENUMBERED, codes=(building(),), begins=(new,))
    newcomer = NewEntry("望潮村", Level.BUILDING, GRIDS[0], f"{ROAD}1号")
    happen(library, EventKind.TAKEN_INTO_USE, begins=(newcomer,))
    with pytest.raises(Refusal, match="不能恢复"):
        undo(library, effect)
