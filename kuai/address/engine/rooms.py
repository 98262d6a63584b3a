"""Sixth step: the room inside each building found, by every way of writing it the library may know.

A room that does not exist is never replaced by a neighbour: its building is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kuai.address.engine.finding import Found, is_unread_name
from kuai.address.engine.names import Trust
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.engine.segmenting import Kind, Piece, RoomReading, lies_on_floor, read_room
from kuai.address.types import Level


@dataclass(slots=True)
class Answer:
    """A building or room proposed for the text."""

    found: Found
    room: RoomReading
    code: str
    level: Level
    text: str
    trust: Trust
    variations: list[str] = field(default_factory=list)
    room_is_known: bool = True
    # The room as written where the library has none of that key (601A, 601之1).
    unknown_room: str = ""


def settle_rooms(found: Sequence[Found], index: PlaceIndex) -> list[Answer]:
    """Look the room up in each building; buildings that have it win over those that do not."""
    groups = [find_room(one, index) for one in found]
    if len(groups) > 1:
        groups = [group for group in groups if _holds_room(group)] or groups
    answers = [answer for group in groups for answer in group]
    if len(answers) > 1:
        best = min(answer.trust for answer in answers)
        answers = [answer for answer in answers if answer.trust == best]
    unique: dict[str, Answer] = {}
    for answer in answers:
        unique.setdefault(answer.code, answer)
    answers = list(unique.values())
    if (
        len(answers) == 1
        and answers[0].trust is Trust.NEEDS_PROOF
        and answers[0].level is not Level.ROOM
    ):
        answers[0].trust = Trust.GUESS
    return answers


def _holds_room(group: Sequence[Answer]) -> bool:
    return any(answer.level is Level.ROOM for answer in group)


@dataclass(slots=True)
class RoomPlan:
    """A room reading with its ways of writing, worked out once for all texts that have this tail."""

    room: RoomReading
    ways: tuple[tuple[str, str, Trust], ...]


def plan_room(pieces: tuple[Piece, ...]) -> RoomPlan:
    """Read the pieces behind the building."""
    room = read_room(pieces)
    return RoomPlan(room, () if room.names_no_room else tuple(room_readings(room)))


def find_room(found: Found, index: PlaceIndex) -> list[Answer]:
    """The room in this building by each way of writing it; the building itself where it has no such room."""
    return follow_plan(plan_room(found.rest), found, index)


def follow_plan(plan: RoomPlan, found: Found, index: PlaceIndex) -> list[Answer]:
    """`find_room` for a room already read."""
    answers = _answers_of_plan(plan, found, index)
    room = plan.room
    is_short = len(room.number) < SHORTEST_ROOM_NUMBER and not (room.floor or room.is_shop)
    if room.also and is_short:
        # 1-23, 2-102: which of the two is the room is not told.
        for answer in answers:
            answer.trust = Trust.GUESS
    return answers


SHORTEST_ROOM_NUMBER = 3


def _answers_of_plan(plan: RoomPlan, found: Found, index: PlaceIndex) -> list[Answer]:
    room = plan.room
    variations = list(found.variations)
    if room.names_no_room:
        return _find_without_number(found, room, variations, index)
    if room.also:
        variations.append(f"文中还写有{room.also}，只取前一处")
    for key, words, trust in plan.ways:
        hit = index.find_room(found.building, key)
        if hit is not None:
            code, text = hit
            if words:
                variations.append(words)
            unknown = _written_key(room) if words and "未入库" in words else ""
            return [
                Answer(
                    found, room, code, Level.ROOM, text, max(found.trust, trust), variations,
                    unknown_room=unknown,
                )
            ]  # fmt: skip
    stairless = not room.stair and not room.is_shop
    several = index.rooms_in_any_stair(found.building, room.number) if stairless else []
    if several:
        return [
            Answer(
                found,
                room,
                code,
                Level.ROOM,
                text,
                max(found.trust, Trust.SURE),
                [*variations, "缺单元"],
            )
            for code, text in several
        ]
    instead = _building_for_unknown_room(found, room, variations, index)
    lost = _room_with_lost_unit(found, room, variations, index)
    if lost is None:
        return [instead]
    instead.trust = Trust.GUESS
    return [instead, lost]


_ROOM_BEHIND_WORDS = re.compile(r"[0-9]{3,4}[A-Z]?")


def _find_without_number(
    found: Found, room: RoomReading, variations: list[str], index: PlaceIndex
) -> list[Answer]:
    """A room known by name (顶层), a room behind words nobody understood, else the building."""
    hit = index.find_room(found.building, room.spelled) if room.spelled else None
    if hit is not None:
        return [Answer(found, room, hit[0], Level.ROOM, hit[1], found.trust, variations)]
    text = index.building_texts[found.building]
    building = index.building_codes[found.building]
    answer = Answer(found, room, building, Level.BUILDING, text, found.trust, variations)
    if room.floor:
        variations.append(f"只写到{room.floor}层")
        return [answer]
    behind = _room_behind_words(found, variations, index)
    if behind is None:
        variations.extend(_unread_words(found, index))
        if _hides_a_number(found):
            # 153号屋2: a number behind one stray character may be the room.
            answer.trust = Trust.GUESS
        return [answer]
    if behind.trust >= Trust.GUESS:
        answer.trust = Trust.GUESS
        return [answer, behind]
    return [behind]


# 5号旁2路公交站: one character that says the place is only near.
_BESIDE = frozenset("旁边前后内外上下门里近对")


def _hides_a_number(found: Found) -> bool:
    rest = found.rest
    return (
        len(rest) > 1
        and rest[0].kind is Kind.NAME
        and len(rest[0].value) == 1
        and rest[0].value not in _BESIDE
        and rest[1].kind not in (Kind.NAME, Kind.BREAK)
    )


def _unread_words(found: Found, index: PlaceIndex) -> list[str]:
    """Words behind the building that are no remark and were not used: said, so that it is no grade A."""
    piece = next((piece for piece in found.rest if piece.kind is not Kind.BREAK), None)
    if piece is None or not is_unread_name(piece):
        return []
    is_own = piece.value in index.building_names[found.building]
    return [] if is_own else [f"“{piece.value}”未能理解"]


def _room_behind_words(found: Found, variations: list[str], index: PlaceIndex) -> Answer | None:
    """3栋元504: one stray character hides nothing; behind longer words a number may mean something else."""
    rest = found.rest
    start = next((i for i, piece in enumerate(rest) if piece.kind is Kind.NAME), None)
    if start is None:
        return None
    words = rest[start].value
    behind = rest[start + 1 :]
    if behind and behind[0].kind is Kind.BREAK:
        behind = behind[1:]
    if not behind or behind[0].kind in (Kind.NAME, Kind.BREAK):
        return None
    stair = rest[:start] if start == 1 and rest[0].kind is Kind.STAIR else ()
    room = read_room((*stair, *behind))
    hit = index.find_room(found.building, room.key) if room.number else None
    is_room = room.stair or _ROOM_BEHIND_WORDS.fullmatch(room.number) or room.number.isalpha()
    if hit is None or not is_room:
        return None
    is_own = len(words) == 1 or words in index.building_names[found.building]
    trust = max(found.trust, Trust.SURE if is_own else Trust.GUESS)
    notes = [*variations, f"“{words}”未能理解"]
    return Answer(found, room, hit[0], Level.ROOM, hit[1], trust, notes)


def _room_with_lost_unit(
    found: Found, room: RoomReading, variations: list[str], index: PlaceIndex
) -> Answer | None:
    """4402 where there is a 402: the 层 of 4层402 may be lost, or there is no such room. Never decided."""
    number = room.number
    floor = number[: (len(number) - 2) // 2]
    if not number.isdigit() or not floor or room.floor or number != floor + floor + number[-2:]:
        return None
    stair = f"{room.stair}-" if room.stair else ""
    hit = index.find_room(found.building, stair + number[len(floor) :])
    if hit is None:
        return None
    words = f"库中该楼无“{number}”房，疑漏“层”字：{floor}层{number[len(floor) :]}"
    return Answer(found, room, hit[0], Level.ROOM, hit[1], Trust.GUESS, [*variations, words])


def _building_for_unknown_room(
    found: Found, room: RoomReading, variations: list[str], index: PlaceIndex
) -> Answer:
    words = f"库中该楼无“{room.key}”房，归到楼栋"
    text = index.building_texts[found.building]
    trust = max(found.trust, Trust.SURE)
    return Answer(
        found, room, index.building_codes[found.building], Level.BUILDING, text, trust,
        [*variations, words], room_is_known=False, unknown_room=_written_key(room),
    )  # fmt: skip


def _written_key(room: RoomReading) -> str:
    return f"{room.key}之{room.part}" if room.part else room.key


# B124: the dash of B1-24 was lost.
_LEVEL_LETTER = re.compile("([A-Z][0-9])([0-9]{2,3})")


def room_readings(room: RoomReading) -> Iterable[tuple[str, str, Trust]]:
    """(key, variation, trust) for each way the room's text may stand in the library, most literal first."""
    number, stair, floor = room.number, room.stair, room.floor
    prefix = f"{stair}-" if stair else ""
    contradicts = bool(floor) and not lies_on_floor(number, floor)
    trust = Trust.GUESS if contradicts else Trust.EXACT
    words = f"楼层写作“{floor}层”，与房号不符" if contradicts else ""
    if floor and len(number) <= 2 and number.isdigit() and not room.is_shop:
        joined = f"{prefix}{floor}{number.zfill(2)}"
        yield joined, f"“{floor}层{number}”读作“{floor}{number.zfill(2)}”", Trust.SURE
        trust = words = None  # type: ignore[assignment]
    if trust is not None:
        if room.part:
            yield f"{room.key}之{room.part}", words, trust
            yield room.key, f"“之{room.part}”未入库，归到{number}房", Trust.SURE
        else:
            yield room.key, words, trust
    if stair and len(number) > 2 and lies_on_floor(number, stair):
        yield number, f"“{stair}”读作{stair}楼", Trust.SURE
    if not number.isdigit() and number[:-1].isdigit() and len(number) > 2:
        yield prefix + number[:-1], f"“{number}”未入库，归到{number[:-1]}房", Trust.SURE
    level = _LEVEL_LETTER.fullmatch(number)
    if level:
        yield f"{level.group(1)}-{level.group(2)}", "缺“-”", Trust.SURE
    if number.isdigit():
        other = number if room.is_shop else f"铺{number}"
        yield prefix + other, "商铺写法不同", Trust.SURE
        if len(number) > 1 and number[0] == "0":
            yield prefix + number.lstrip("0"), "多“0”", Trust.SURE
        if len(number) == 3:
            yield f"{prefix}0{number}", "缺“0”", Trust.SURE
