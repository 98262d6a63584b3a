"""The library's tree as pages show it: branches opened down to the chosen entry, the rest fetched when opened."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from kuai.address.drawing import label_of
from kuai.address.library import Entry
from kuai.address.types import Level
from kuai.web.addresses.reader import LibraryReader
from kuai.web.addresses.words import STATE_NAMES

# A house of more rooms than this is shown floor by floor.
MOST_ROOMS_IN_ONE_LIST = 24
# 1203 is on the twelfth floor, 305 on the third; what stands before it is a staircase (A座, 2单元).
ROOM_NUMBER = re.compile(r"^(?P<stair>.*?)(?P<floor>\d{1,2})(?P<place>\d{2})(?:\D.*)?$")


@dataclass(frozen=True)
class Branch:
    """One line of the tree. Without a code it is a heading of rooms (a staircase, a floor), not an entry."""

    key: str
    code: str
    name: str
    depth: int
    count: int = 0
    state_name: str = ""
    is_ended: bool = False
    is_chosen: bool = False
    is_open: bool = False
    is_lazy: bool = False
    children: tuple[Branch, ...] = ()


def grow_tree(reader: LibraryReader, chosen: Sequence[Entry]) -> tuple[Branch, ...]:
    """The tops, opened along `chosen` (the path from the top to the chosen entry, itself included)."""
    return _open_along(reader, "", [entry.address_code for entry in chosen], depth=1)


def _open_along(
    reader: LibraryReader, code: str, path: Sequence[str], *, depth: int
) -> tuple[Branch, ...]:
    branches = list_branches(reader, code, depth=depth)
    if not path:
        return branches
    return tuple(_opened(reader, branch, path, depth=depth) for branch in branches)


def _opened(reader: LibraryReader, branch: Branch, path: Sequence[str], *, depth: int) -> Branch:
    if not branch.code:
        inside = tuple(_opened(reader, one, path, depth=depth + 1) for one in branch.children)
        return replace(branch, children=inside, is_open=inside != branch.children)
    if branch.code != path[0]:
        return branch
    if not branch.count:
        return replace(branch, is_chosen=len(path) == 1)
    children = _open_along(reader, branch.code, path[1:], depth=depth + 1)
    return replace(branch, is_chosen=len(path) == 1, is_open=True, is_lazy=False, children=children)


def list_branches(reader: LibraryReader, code: str, *, depth: int) -> tuple[Branch, ...]:
    """The children of `code`, closed; the rooms of a large house under their staircases and floors."""
    entries = sorted(reader.children(code), key=_order)
    counts = reader.children_counts([entry.address_code for entry in entries])
    above = reader.text_above(code)
    rooms = [entry for entry in entries if entry.level is Level.ROOM]
    if len(rooms) > MOST_ROOMS_IN_ONE_LIST:
        others = [entry for entry in entries if entry.level is not Level.ROOM]
        return (
            *(as_branch(entry, counts, depth=depth, above=above) for entry in others),
            *_floors(rooms, code=code, depth=depth),
        )
    return tuple(as_branch(entry, counts, depth=depth, above=above) for entry in entries)


def as_branch(entry: Entry, counts: Mapping[str, int], *, depth: int, above: str = "") -> Branch:
    """One entry as a closed branch."""
    count = counts.get(entry.address_code, 0)
    is_in_use = entry.state == "in_use"
    return Branch(
        key=entry.address_code,
        code=entry.address_code,
        name=label_of(entry, above),
        depth=depth,
        count=count,
        state_name="" if is_in_use else str(STATE_NAMES.get(entry.state, entry.state)),
        is_ended=not entry.is_living,
        is_lazy=count > 0,
    )


def _floors(rooms: Sequence[Entry], *, code: str, depth: int) -> list[Branch]:
    by_floor: dict[tuple[str, int], list[Entry]] = {}
    for room in rooms:
        by_floor.setdefault(floor_of(room.name), []).append(room)
    stairs = sorted({stair for stair, _floor in by_floor})
    with_stairs = len(stairs) > 1
    headings = []
    for stair in stairs:
        floors = sorted(floor for one, floor in by_floor if one == stair)
        at = depth + 1 if with_stairs else depth
        lines = tuple(
            _heading(
                f"{code}-{stairs.index(stair)}-{floor}",
                _("%(floor)s 层") % {"floor": floor} if floor else _("其他"),
                [as_branch(room, {}, depth=at + 1) for room in by_floor[stair, floor]],
                depth=at,
            )
            for floor in floors
        )
        if with_stairs:
            name = stair or _("不分梯")
            headings.append(
                _heading(f"{code}-{stairs.index(stair)}", name, list(lines), depth=depth)
            )
        else:
            headings += lines
    return headings


def _heading(key: str, name: str, children: list[Branch], *, depth: int) -> Branch:
    count = sum(child.count if not child.code else 1 for child in children)
    return Branch(key=key, code="", name=name, depth=depth, count=count, children=tuple(children))


def floor_of(name: str) -> tuple[str, int]:
    """(staircase, floor) a room's number speaks of; floor 0 where it does not."""
    read = ROOM_NUMBER.match(name)
    return (read["stair"], int(read["floor"])) if read else ("", 0)


def _order(entry: Entry) -> tuple[bool, list[tuple[int, str]]]:
    """Live ones first, numbers by their size: 第2网格 before 第11网格."""
    pieces = re.findall(r"\d+|\D+", entry.name or entry.address_code)
    # Digits by their length, then as text: no number is too long for it.
    return (
        not entry.is_living,
        [(len(one.lstrip("0")) if one[0].isdigit() else 0, one) for one in pieces],
    )
