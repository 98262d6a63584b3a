"""A small invented library to live through events: two communities, four grids, some buildings with rooms."""

from __future__ import annotations

from datetime import date

from kuai.address.life.events import effect_of
from kuai.address.life.folding import LibraryState
from kuai.address.life.shapes import Effect, Entry, NewEntry, NewEvent
from kuai.address.types import EventKind, Level, State

DAY = date(2026, 11, 1)
TOP = "440399"
CITY = "广东省深圳市青湾区"
STREET, EAST, WEST = f"{TOP}001", f"{TOP}001001", f"{TOP}001002"
GRIDS = (f"{EAST}01", f"{EAST}02", f"{WEST}01", f"{WEST}02")


def small_library(
    *, buildings: int = 3, rooms: int = 4, state: State = State.IN_USE
) -> LibraryState:
    """A district, a sub-district, two communities, four grids; `buildings` a grid, `rooms` a building."""
    library = LibraryState()
    library.put_all(small_entries(buildings=buildings, rooms=rooms, state=state))
    return library


def small_entries(
    *, buildings: int = 3, rooms: int = 4, state: State = State.IN_USE
) -> list[Entry]:
    entries = [
        Entry(TOP, Level.DISTRICT, "4403", "青湾区", CITY),
        Entry(STREET, Level.SUBDISTRICT, TOP, "松涛街道", f"{CITY}松涛街道"),
        Entry(EAST, Level.COMMUNITY, STREET, "东岸社区", f"{CITY}松涛街道东岸社区"),
        Entry(WEST, Level.COMMUNITY, STREET, "西岸社区", f"{CITY}松涛街道西岸社区"),
    ]
    for grid in GRIDS:
        above = next(one for one in entries if one.address_code == grid[:12])
        entries.append(Entry(grid, Level.GRID, grid[:12], f"第{int(grid[12:])}网格", ""))
        for number in range(1, buildings + 1):
            code = f"{grid}{number:05d}"
            text = f"{above.standard_text}望潮{grid[11:]}路{number}号"
            entries.append(
                Entry(code, Level.BUILDING, grid, "望潮村", text, 114.1, 22.6, "住宅", state)
            )
            entries += [
                Entry(
                    f"{code}{room:06d}",
                    Level.ROOM,
                    code,
                    f"{100 + room}",
                    f"{text}{100 + room}房",
                    state=state,
                )
                for room in range(1, rooms + 1)
            ]
    return entries


def building(grid: int = 0, number: int = 1) -> str:
    return f"{GRIDS[grid]}{number:05d}"


def room(number: int = 1, *, of: str = "") -> str:
    return f"{of or building()}{number:06d}"


def happen(library: LibraryState, kind: EventKind, **asked: object) -> Effect:
    """Let an event happen in `library`; returns what it changed."""
    event = NewEvent(kind, DAY, "测试", **asked)  # type: ignore[arg-type]
    effect = effect_of(event, library)
    library.fold(effect)
    return effect


def split_in_halves(library: LibraryState, code: str, *names: str) -> Effect:
    """Split a building: its rooms in turn to the new ones."""
    old = library.entry(code)
    assert old is not None
    rooms = [one for one in library.children_of([code]) if one.is_living]
    begins = tuple(NewEntry(name, standard_text=f"{old.standard_text}{name}") for name in names)
    assign = {one.address_code: place % len(names) for place, one in enumerate(rooms)}
    return happen(library, EventKind.SPLIT, codes=(code,), begins=begins, assign=assign)
