"""What an accepted application means for the library: events of its log. Pure; the library decides what it refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from kuai.address.applying.moves import KIND_WORDS, ApplicationKind
from kuai.address.life.shapes import NewEntry, NewEvent
from kuai.address.types import EventKind, Level
from kuai.kit.errors import Refusal

MOST_PARTS = 200
LONGEST_PART = 60
# Which places an application of a kind may speak of; no entry: any.
_LEVELS = {
    ApplicationKind.NEW_ROOMS: (Level.BUILDING,),
    ApplicationKind.DIVIDED: (Level.ROOM,),
    ApplicationKind.NEW_BUILDING: (Level.COMMUNITY, Level.SUBDISTRICT, Level.DISTRICT, Level.GRID),
    ApplicationKind.CHANGE: (Level.BUILDING, Level.ROOM),
    ApplicationKind.CANCEL: (Level.BUILDING, Level.ROOM),
}
_PART = re.compile(r"[0-9A-Za-z\u3007\u4e00-\u9fff\-|#（）()]+")


@dataclass(frozen=True)
class Asked:
    """What an application asks for."""

    number: str
    kind: ApplicationKind
    address_code: str
    parts: tuple[str, ...]
    place_text: str


@dataclass(frozen=True)
class Answer:
    """The owner's yes: codes given to parts (left out: the library issues them); a building needs its grid besides."""

    codes: Mapping[str, str] = field(default_factory=dict)
    parent_code: str = ""
    reason: str = ""


def require_parts_fit(kind: ApplicationKind, level: Level, parts: tuple[str, ...]) -> None:
    """Refuse parts that the kind does not take, and text that is no part of an address."""
    if level not in _LEVELS[kind]:
        raise Refusal("application.level", f"“{KIND_WORDS[kind]}”不能对这一级的地点提出。")
    few, many = _COUNTS[kind]
    if not few <= len(parts) <= many or len(set(parts)) != len(parts):
        raise Refusal(
            "application.parts", f"“{KIND_WORDS[kind]}”要写明 {few} 到 {many} 处，不重复。"
        )
    for part in parts:
        if len(part) > LONGEST_PART or not _PART.fullmatch(part):
            raise Refusal("application.part", "房号或楼栋名里有不该有的字。")


_COUNTS = {
    ApplicationKind.NEW_ROOMS: (1, MOST_PARTS),
    ApplicationKind.DIVIDED: (1, MOST_PARTS),
    ApplicationKind.NEW_BUILDING: (1, 1),
    ApplicationKind.CHANGE: (0, 1),
    ApplicationKind.CANCEL: (0, 0),
}


def events_of(asked: Asked, answer: Answer, *, on: date) -> tuple[NewEvent, ...]:
    """The events that make it true; refuses an answer with codes for parts nobody asked for."""
    strange = sorted(set(answer.codes) - set(asked.parts))
    if strange:
        raise Refusal("application.strange_part", f"答复里的“{strange[0]}”不在申请单上。")
    reason = f"申请单 {asked.number}：{KIND_WORDS[asked.kind]}"
    if asked.kind is ApplicationKind.CANCEL:
        return (NewEvent(EventKind.DEMOLISHED, on, reason, codes=(asked.address_code,)),)
    if asked.kind is ApplicationKind.CHANGE:
        return _rename(asked, on, reason)
    if asked.kind is ApplicationKind.NEW_BUILDING:
        return _new_building(asked, answer, on, reason)
    if asked.kind is ApplicationKind.DIVIDED and len(asked.parts) > 1:
        begins = tuple(
            NewEntry(name=room_name(part), code=answer.codes.get(part, "")) for part in asked.parts
        )
        return (NewEvent(EventKind.SPLIT, on, reason, codes=(asked.address_code,), begins=begins),)
    return _new_rooms(asked, answer, on, reason)


def room_name(key: str) -> str:
    """A room's key as the library writes it: 1-601A -> 1单元601A; 铺9 -> 9号铺."""
    stair, dash, number = key.rpartition("-")
    number = f"{number[1:]}号铺" if number.startswith("铺") and len(number) > 1 else number
    return f"{stair}单元{number}" if dash and stair else number


def _new_rooms(asked: Asked, answer: Answer, on: date, reason: str) -> tuple[NewEvent, ...]:
    """Rooms beside those there are; a divided room of which one part is known stays and gets a neighbour."""
    parent = answer.parent_code or asked.address_code
    if asked.kind is ApplicationKind.DIVIDED and not answer.parent_code:
        raise Refusal("application.parent", "只有一处新房号时，要写明它所在的楼栋编码。")
    begins = tuple(
        NewEntry(
            name=room_name(part),
            level=Level.ROOM,
            parent_code=parent,
            code=answer.codes.get(part, ""),
        )
        for part in asked.parts
    )
    return (NewEvent(EventKind.TAKEN_INTO_USE, on, reason, begins=begins),)


def _new_building(asked: Asked, answer: Answer, on: date, reason: str) -> tuple[NewEvent, ...]:
    if not answer.parent_code:
        raise Refusal(
            "application.grid",
            "新增楼栋要由地址库写明它所在的网格编码。",
            next_step="网格由位置定。",
        )
    part = asked.parts[0]
    name, _, number = part.partition("|")
    begins = (
        NewEntry(
            name=f"{name}{number}号" if number else name,
            level=Level.BUILDING,
            parent_code=answer.parent_code,
            standard_text=f"{asked.place_text}{name}{number}号" if number else "",
            code=answer.codes.get(part, ""),
        ),
    )
    return (NewEvent(EventKind.TAKEN_INTO_USE, on, reason, begins=begins),)


def _rename(asked: Asked, on: date, reason: str) -> tuple[NewEvent, ...]:
    # A change in words only is the owner's to record by hand, in the library's own page.
    if not asked.parts:
        return ()
    return (
        NewEvent(
            EventKind.RENAMED, on, reason, codes=(asked.address_code,), new_name=asked.parts[0]
        ),
    )
