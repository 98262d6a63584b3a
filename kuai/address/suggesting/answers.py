"""What a type-ahead answers with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What one line of the list is; from top to bottom the way a person goes on."""

    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"
    GRID = "grid"
    NAME = "name"
    BUILDING = "building"
    STAIRCASE = "staircase"
    FLOOR = "floor"
    ROOM = "room"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One line of the list.

    `code` is empty for a name with several buildings, a staircase and a floor. `within` goes back with the next
    request when this line is chosen, `next_step` is what it will list (empty at the end of the way), `fill` is what
    the box should then hold.
    """

    step: Step
    code: str
    label: str
    text: str
    fill: str
    within: str = ""
    next_step: str = ""
    count: int = 0
    why: str = ""
