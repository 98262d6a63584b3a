"""Which doors a grid visits this week: the most useful first, then the oldest; all questions of a door at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

_NUMBER = re.compile(r"(\d+)(?!.*\d)")


@dataclass(frozen=True)
class Waiting:
    """One question that waits for a visit."""

    number: str
    place_code: str
    usefulness: int
    asked_at: datetime


def choose_doors(waiting: Iterable[Waiting], *, room_for: int) -> tuple[list[list[Waiting]], int]:
    """(the questions of each chosen door, how many doors wait for another week)."""
    doors: dict[str, list[Waiting]] = {}
    for one in waiting:
        doors.setdefault(one.place_code, []).append(one)
    ranked = sorted(
        doors.values(),
        key=lambda door: (
            -max(one.usefulness for one in door),
            min(one.asked_at for one in door),
            door[0].place_code,
        ),
    )
    chosen = ranked[: max(0, room_for)]
    return chosen, len(ranked) - len(chosen)


def floor_of(room_name: str) -> str:
    """The floor in a room's name (1203 -> 12); empty where the name tells none."""
    found = _NUMBER.search(room_name)
    digits = found.group(1) if found else ""
    return str(int(digits[:-2])) if len(digits) in (3, 4) else ""


def walking_order(place_text: str, room_name: str) -> tuple[str, int, str]:
    """House by house, floor by floor."""
    floor = floor_of(room_name)
    building = place_text.removesuffix(room_name)
    return building, int(floor or 0), room_name.rjust(12)
