"""The list under the box: from what was typed to names, buildings, staircases, floors and rooms."""

from __future__ import annotations

import json
import sqlite3
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kuai.address.engine.normalising import to_one_spelling
from kuai.address.suggesting.answers import Step, Suggestion
from kuai.address.suggesting.asking import (
    LONGEST_TYPED,
    Part,
    cuts_of,
    learn_syllables,
    spellings_typed,
)
from kuai.address.suggesting.names import Effort, How, NameHit, NameIndex, Names
from kuai.address.suggesting.side_file import AREA_LEVELS
from kuai.kit.errors import Refusal
from kuai.kit.readings import Unit

MOST_ANSWERS = 50
# A staircase or a building with more rooms is asked for the floor first.
MOST_ROOMS_AT_ONCE = 24
MOST_NAMES = 30
REMEMBERED = 2_000
BETWEEN = "~"
WHY = {
    How.CHARACTERS: "名称",
    How.PINYIN: "拼音",
    How.INITIALS: "拼音首字母",
    How.MIXTURE: "汉字、拼音混输",
    How.SLIP: "差一个字",
}
_NEXT_AREA = {
    "district": Step.SUBDISTRICT,
    "subdistrict": Step.COMMUNITY,
    "community": Step.BUILDING,
    "grid": Step.BUILDING,
}


@dataclass(frozen=True, slots=True)
class _Door:
    """One building found, with what of the numbers is left for a room inside."""

    rank: tuple[Any, ...]
    building: int
    code: str
    text: str
    label: str
    rooms: int
    rest: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class _Room:
    code: str
    stair: str
    floor: str
    number: str
    own: str


class Typeahead:
    """Suggestions over one side file. Safe for threads; keep it open, opening reads all names."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        rows = self._rows("select id, shown, units, area, buildings from name order by id")
        self._shown = [row[1] for row in rows]
        self._area_of = [row[3] for row in rows]
        self._buildings_of = [row[4] for row in rows]
        self._index = NameIndex(
            [tuple(Unit(one[0], tuple(one[1:])) for one in json.loads(row[2])) for row in rows]
        )
        self._areas = {
            row[0]: row for row in self._rows("select code, level, name, text, parent from area")
        }
        self._area_texts = _area_texts(self._areas.values())
        self._remembered: OrderedDict[tuple[str, str, int], tuple[Suggestion, ...]] = OrderedDict()
        learn_syllables()
        self._allowed = lru_cache(maxsize=256)(self._names_within)

    def suggest(self, text: str, *, within: str = "", limit: int = 10) -> tuple[Suggestion, ...]:
        """At most `limit` lines for what was typed so far. Refuses a `within` that the library does not have."""
        limit = max(1, min(limit, MOST_ANSWERS))
        key = (text[:LONGEST_TYPED].strip(), within, limit)
        known = self._remembered.get(key)
        if known is None:
            known = tuple(self._answer(*key))
            self._remembered[key] = known
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return known

    def _answer(self, text: str, within: str, limit: int) -> list[Suggestion]:
        code, _, step = within.partition(BETWEEN)
        if code and code not in self._areas:
            return self._inside_building(code, step, text, limit)
        if not text:
            return self._children(code, limit)
        text, area = self._without_areas(text, code)
        if not text:
            # Nothing but an area was written, or nothing that could be a name.
            above = [self._area_line(area, WHY[How.CHARACTERS])] if area else []
            return (above + self._children(area, limit))[:limit] if area != code else []
        lines: list[Suggestion] = []
        for spelling in spellings_typed(text):
            lines = self._lines(spelling, area, limit)
            if lines:
                break
        return lines

    # --- names and buildings --------------------------------------------------------------------------

    def _lines(self, spelling: str, area: str, limit: int) -> list[Suggestion]:
        cuts = list(cuts_of(spelling))
        offered: dict[int, NameHit] = {}
        for effort in Effort:
            doors: dict[int, _Door] = {}
            names: dict[int, NameHit] = {}
            for parts in cuts:
                hits = self._hits(parts[0].name, effort, area)
                if len(parts) == 1 and not parts[0].numbers:
                    names.update((hit.name, hit) for hit in hits)
                    continue
                offered = offered or {hit.name: hit for hit in hits[:limit]}
                for door in self._doors(parts, hits, area, limit):
                    known = doors.get(door.building)
                    if known is None or door.rank < known.rank:
                        doors[door.building] = door
            if doors or names:
                in_order = sorted(doors.values(), key=lambda door: door.rank)
                lines = self._building_lines(in_order, limit)
                return (lines + self._name_lines(names, area, limit))[:limit]
        # The number is unknown, the name is not: say so by offering the name.
        lines = self._name_lines(offered, area, limit)
        return [replace(line, why=f"{line.why}；没有这个号") for line in lines][:limit]

    def _hits(self, typed: str, effort: Effort, area: str) -> list[NameHit]:
        allowed = self._allowed(area) if area else None
        return self._index.find(typed, limit=MOST_NAMES, effort=effort, allowed=allowed)

    def _name_lines(self, names: dict[int, NameHit], area: str, limit: int) -> list[Suggestion]:
        hits = sorted(names.values(), key=lambda hit: hit.rank)[:limit]
        lines = []
        for hit in hits:
            why = WHY[hit.how]
            if self._area_of[hit.name]:
                lines.append(self._area_line(self._area_of[hit.name], why))
            elif self._buildings_of[hit.name] == 1 or len(hits) == 1:
                doors = self._doors_in_order(hit, area, limit)
                lines.extend(self._building_line(door) for door in doors)
            else:
                shown = self._shown[hit.name]
                lines.append(
                    Suggestion(
                        Step.NAME,
                        "",
                        shown,
                        shown,
                        shown,
                        area,
                        Step.BUILDING,
                        self._buildings_of[hit.name],
                        why,
                    )
                )
        return lines

    def _doors_in_order(self, hit: NameHit, area: str, limit: int) -> list[_Door]:
        condition, values = self._area_condition(area)
        rows = self._rows(
            "select b.id, b.code, b.text, b.label, b.rooms, d.place from door d join building b on b.id = d.building"
            f" where d.name = ? {condition} order by d.place limit ?",
            (hit.name, *values, limit),
        )
        return [
            _Door((*hit.rank, row[5]), *row[:5], rest=(), why=WHY[hit.how])  # type: ignore[misc]
            for row in rows
        ]

    def _doors(
        self, parts: Sequence[Part], hits: list[NameHit], area: str, limit: int
    ) -> Iterator[_Door]:
        """Buildings with these numbers under these names; of two names, those that have both."""
        last = parts[-1]
        if len(parts) > 1:
            firsts = {hit.name for hit in hits}
            efforts = (self._hits(last.name, effort, area) for effort in Effort)
            hits = next((found for found in efforts if found), []) if firsts else []
            behind_first = self._buildings_at(firsts, parts[0].numbers) if hits else set()
            for door in self._numbered(hits, last.numbers, area, MOST_ANSWERS):
                if door.building in behind_first:
                    yield door
            return
        yield from self._numbered(hits, last.numbers, area, limit)

    def _buildings_at(self, names: set[int], numbers: tuple[str, ...]) -> set[int]:
        """Every building behind a door of one of these names whose numbers begin so."""
        begun = "/".join(numbers)
        marks = ", ".join("?" * len(names))
        rows = self._rows(
            f"select building from door where name in ({marks}) and tail >= ? and tail < ?",
            (*names, begun, begun + "\U0010ffff"),
        )
        return {row[0] for row in rows}

    def _numbered(
        self, hits: list[NameHit], numbers: tuple[str, ...], area: str, limit: int
    ) -> Iterator[_Door]:
        condition, values = self._area_condition(area)
        whole = "/".join(numbers)
        exact = ["/".join(numbers[:end]) for end in range(len(numbers), 0, -1)] or [""]
        marks = ", ".join("?" * len(exact))
        columns = "b.id, b.code, b.text, b.label, b.rooms, d.tail, d.place"
        for hit in hits:
            if self._area_of[hit.name]:
                continue
            rows = self._rows(
                f"select {columns} from door d join building b on b.id = d.building where d.name = ? and"
                f" (d.tail in ({marks}) or (d.tail > ? and d.tail < ?)) {condition} limit ?",
                (hit.name, *exact, whole, whole + "\U0010ffff", *values, 6 * limit),
            )
            for row in rows:
                tail = row[5]
                rest = _rest_of(numbers, tail)
                nearness = 0 if not rest and tail == whole else 1 if rest else 2
                if tail.startswith(whole + "/"):
                    nearness = 1
                rank = (hit.rank[0], nearness > 1, *hit.rank[1:], nearness, row[6])
                yield _Door(rank, row[0], row[1], row[2], row[3], row[4], rest, WHY[hit.how])

    def _building_lines(self, doors: list[_Door], limit: int) -> list[Suggestion]:
        lines: list[Suggestion] = []
        for door in doors:
            if len(lines) >= limit:
                break
            if not door.rest:
                lines.append(self._building_line(door))
                continue
            rooms = _matching(self._rooms(door.building, door.code), door.rest)
            lines.extend(self._room_line(room, door.text) for room in rooms[: limit - len(lines)])
        if not lines and doors:
            # The building is there, the room is not: offer the building.
            lines = [self._building_line(door) for door in doors[:limit]]
        return lines

    def _building_line(self, door: _Door) -> Suggestion:
        step = self._step_below(door.building, door.code) if door.rooms else ""
        return Suggestion(
            Step.BUILDING,
            door.code,
            door.label,
            door.text,
            door.label,
            door.code,
            step,
            door.rooms,
            door.why,
        )

    # --- inside a building ----------------------------------------------------------------------------

    def _inside_building(self, code: str, step: str, text: str, limit: int) -> list[Suggestion]:
        found = self._rows("select id, text, label from building where code = ?", (code,))
        if not found:
            raise Refusal(
                "places.within_unknown",
                "地址库里没有这个编码。",
                next_step="within 用上一步答复里的 within。",
            )
        number, building_text, label = found[0]
        stair, _, floor = step.partition(BETWEEN)
        rooms = self._rooms(number, code)
        if step:
            rooms = [room for room in rooms if room.stair == stair]
        if floor:
            rooms = [room for room in rooms if room.floor == floor.removeprefix("-")]
        numbers = _numbers_typed(text)
        if text:
            return [self._room_line(room, building_text) for room in _matching(rooms, numbers)][
                :limit
            ]
        stairs = list(dict.fromkeys(room.stair for room in rooms))
        if not step and len(stairs) > 1:
            return [self._stair_line(code, one, label, rooms) for one in stairs][:limit]
        floors = list(dict.fromkeys(room.floor for room in rooms))
        if not floor and len(rooms) > MOST_ROOMS_AT_ONCE and len(floors) > 1:
            stair = stair or stairs[0]
            return [self._floor_line(code, stair, one, label, rooms) for one in floors][
                :MOST_ANSWERS
            ]
        return [self._room_line(room, building_text) for room in rooms][:MOST_ANSWERS]

    def _stair_line(self, code: str, stair: str, label: str, rooms: list[_Room]) -> Suggestion:
        inside = [room for room in rooms if room.stair == stair]
        shown = f"{stair.upper()}单元" if stair else "不分单元"
        has_floors = len(inside) > MOST_ROOMS_AT_ONCE and len({room.floor for room in inside}) > 1
        return Suggestion(
            Step.STAIRCASE,
            "",
            shown,
            label + (shown if stair else ""),
            label + (shown if stair else ""),
            BETWEEN.join((code, stair)) if stair else code + BETWEEN,
            Step.FLOOR if has_floors else Step.ROOM,
            len(inside),
        )

    def _floor_line(
        self, code: str, stair: str, floor: str, label: str, rooms: list[_Room]
    ) -> Suggestion:
        count = sum(room.floor == floor for room in rooms)
        shown = f"{floor}层" if floor else "其他"
        return Suggestion(
            Step.FLOOR,
            "",
            shown,
            label + shown,
            label,
            BETWEEN.join((code, stair, floor or "-")),
            Step.ROOM,
            count,
        )

    def _room_line(self, room: _Room, building_text: str) -> Suggestion:
        text = building_text + room.own
        return Suggestion(Step.ROOM, room.code, room.own, text, text, room.code)

    def _step_below(self, building: int, code: str) -> str:
        rooms = self._rooms(building, code)
        if len({room.stair for room in rooms}) > 1:
            return Step.STAIRCASE
        many = len(rooms) > MOST_ROOMS_AT_ONCE and len({room.floor for room in rooms}) > 1
        return Step.FLOOR if many else Step.ROOM

    def _rooms(self, building: int, code: str) -> list[_Room]:
        found = self._rows("select packed from rooms where building = ?", (building,))
        if not found:
            return []
        rooms = []
        for line in zlib.decompress(found[0][0]).decode().split("\n"):
            short, stair, floor, number, own = line.split("\t")
            full = code + short[1:] if short[0] == "+" else short
            rooms.append(_Room(full, stair, floor, number, own))
        return rooms

    # --- areas ----------------------------------------------------------------------------------------

    def _children(self, code: str, limit: int) -> list[Suggestion]:
        """What lies one step down, when nothing is typed."""
        below = [area[0] for area in self._areas.values() if area[4] == code and area[1] != "grid"]
        if not code:
            below = [area[0] for area in self._areas.values() if area[4] not in self._areas]
        if below:
            return [self._area_line(one, "") for one in sorted(below)[:limit]]
        condition, values = self._area_condition(code)
        rows = self._rows(
            f"select b.id, b.code, b.text, b.label, b.rooms from building b where true {condition} order by b.code"
            " limit ?",
            (*values, limit),
        )
        return [self._building_line(_Door((), *row, rest=(), why="")) for row in rows]  # type: ignore[misc]

    def _area_line(self, code: str, why: str) -> Suggestion:
        _, level, name, text, _ = self._areas[code]
        return Suggestion(
            Step(level), code, name, text or name, name, code, _NEXT_AREA[level], 0, why
        )

    def _area_condition(self, area: str) -> tuple[str, tuple[str, ...]]:
        # The level is one of four words of ours, never what somebody typed.
        return (f"and b.{self._areas[area][1]} = ?", (area,)) if area else ("", ())

    def _names_within(self, area: str) -> Names:
        condition, values = self._area_condition(area)
        rows = self._rows(
            "select distinct d.name from building b join door d on d.building = b.id"
            f" where true {condition}",
            values,
        )
        inside = [
            number
            for number, code in enumerate(self._area_of)
            if code and self._is_inside(code, area)
        ]
        return np.array([row[0] for row in rows] + inside, dtype=np.int32)

    def _is_inside(self, code: str, area: str) -> bool:
        while code in self._areas:
            if code == area:
                return True
            code = self._areas[code][4]
        return False

    def _without_areas(self, text: str, area: str) -> tuple[str, str]:
        """龙华街道清湖社区清湖路 is 清湖路 inside that community; a name that is only typed so far stays."""
        spelled = to_one_spelling(text)
        if not spelled:
            return "", area
        while spelled:
            for name, codes in self._area_texts.get(spelled[0], ()):
                inside = [code for code in codes if not area or self._is_inside(code, area)]
                if spelled.startswith(name) and inside:
                    # Of two areas with one name neither is meant alone.
                    spelled, area = spelled[len(name) :], inside[0] if len(inside) == 1 else area
                    text = spelled
                    break
            else:
                return text, area
        return "", area

    # --- the file -------------------------------------------------------------------------------------

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            uri = f"{self._path.resolve().as_uri()}?mode=ro&immutable=1"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            connection.execute("pragma mmap_size = 1073741824")
            self._local.connection = connection
        return connection.execute(sql, values).fetchall()  # type: ignore[no-any-return]


def _area_texts(areas: Any) -> dict[str, list[tuple[str, list[str]]]]:
    """Whole texts and names of areas as one may begin with them, by first character, longest first."""
    found: dict[str, list[str]] = {}
    for code, level, name, text, _ in areas:
        if level in AREA_LEVELS[:3]:
            for one in {text, text.removeprefix("广东省"), text[text.find("市") + 1 :], name}:
                if len(one) > 2:
                    found.setdefault(to_one_spelling(one), []).append(code)
    by_first: dict[str, list[tuple[str, list[str]]]] = {}
    for name in sorted(found, key=lambda one: (-len(one), one)):
        by_first.setdefault(name[0], []).append((name, found[name]))
    return by_first


def _rest_of(numbers: tuple[str, ...], tail: str) -> tuple[str, ...]:
    parts = tail.split("/") if tail else []
    return numbers[len(parts) :] if tuple(parts) == numbers[: len(parts)] else ()


def _numbers_typed(text: str) -> tuple[str, ...]:
    spelling = spellings_typed(text)
    parts = list(cuts_of("x" + spelling[0])) if spelling else []
    return next((cut[0].numbers for cut in parts if cut[0].name == "x"), ()) or (text.lower(),)


def _matching(rooms: list[_Room], numbers: tuple[str, ...]) -> list[_Room]:
    """Rooms whose stair and number fit what was typed, the exact ones first."""
    found = []
    for room in rooms:
        rank = _room_rank(room, numbers)
        if rank is not None:
            found.append((rank, room.code, room))
    return [room for _, _, room in sorted(found, key=lambda one: one[:2])]


def _room_rank(room: _Room, numbers: tuple[str, ...]) -> int | None:
    number = room.number.removeprefix("铺")
    if len(numbers) == 1:
        typed = numbers[0]
        if number == typed:
            return 0
        if number.startswith(typed):
            return 1
        return 2 if room.stair == typed or room.own.lower().startswith(typed) else None
    stair, typed = numbers[0], numbers[-1]
    if room.stair == stair or (not room.stair and room.floor == stair):
        return 0 if number == typed else 1 if number.startswith(typed) else None
    return None
