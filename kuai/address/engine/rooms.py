"""Sixth step: the room inside each building found, by every way of writing it the library may know.

A room that does not exist is never replaced by a neighbour: its building is the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kuai.address.engine.finding import Found
from kuai.address.engine.names import Trust
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.engine.segmenting import RoomReading, read_room
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
    answers = [answer for one in found for answer in find_room(one, index)]
    if len(answers) > 1:
        with_room = [answer for answer in answers if answer.level is Level.ROOM]
        answers = with_room or answers
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


def find_room(found: Found, index: PlaceIndex) -> list[Answer]:
    """The room in this building by each way of writing it; the building itself where it has no such room."""
    room = read_room(found.rest)
    building = index.building_codes[found.building]
    variations = list(found.variations)
    if room.names_no_room:
        text = index.building_texts[found.building]
        if room.floor:
            variations.append(f"只写到{room.floor}层")
        return [Answer(found, room, building, Level.BUILDING, text, found.trust, variations)]
    if room.also:
        variations.append(f"文中还写有{room.also}，只取前一处")
    for key, words, trust in room_readings(room):
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
    return [_building_for_unknown_room(found, room, variations, index)]


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


def room_readings(room: RoomReading) -> Iterable[tuple[str, str, Trust]]:
    """(key, variation, trust) for each way the room's text may stand in the library, most literal first."""
    number, stair, floor = room.number, room.stair, room.floor
    prefix = f"{stair}-" if stair else ""
    contradicts = bool(floor) and not _lies_on_floor(number, floor)
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
    if stair and len(number) > 2 and _lies_on_floor(number, stair):
        yield number, f"“{stair}”读作{stair}楼", Trust.SURE
    if not number.isdigit() and number[:-1].isdigit() and len(number) > 2:
        yield prefix + number[:-1], f"“{number}”未入库，归到{number[:-1]}房", Trust.SURE
    if number.isdigit():
        other = number if room.is_shop else f"铺{number}"
        yield prefix + other, "商铺写法不同", Trust.SURE
        if len(number) > 1 and number[0] == "0":
            yield prefix + number.lstrip("0"), "多“0”", Trust.SURE
        if len(number) == 3:
            yield f"{prefix}0{number}", "缺“0”", Trust.SURE


def _lies_on_floor(number: str, floor: str) -> bool:
    return not number.isdigit() or len(number) <= 2 or number[:-2].lstrip("0") == floor
