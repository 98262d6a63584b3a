"""Which floor a room is on, as its number says. Pure."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(负|^-|B|b)?(\d{3,6})\D*$")
_WORD = re.compile(r"(负|^-|B|b)?(\d{1,3})\s*[层楼F]")


def floor_of(room_name: str) -> str:
    """The floor of a room called 1203, 3楼 or B101; "" where the name tells none."""
    said = _WORD.search(room_name)
    if said:
        return ("-" if said.group(1) else "") + str(int(said.group(2)))
    found = _NUMBER.search(room_name)
    if not found:
        return ""
    floor = int(found.group(2)[:-2])
    return ("-" if found.group(1) in ("负", "B", "b") else "") + str(floor) if floor else ""


def floor_order(floor: str) -> tuple[bool, int]:
    """Sorts floors from the top down, the unknown one last."""
    return (floor == "", -int(floor or 0))
