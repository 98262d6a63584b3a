"""Division codes (12 digits, NBS/GB/T 10114) and Shenzhen's 25-digit house code.

The grid digits of a house code are frozen at coding time: a code tells its own form, never today's grid.
Children and parents are found in the address library, not by cutting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIVISION_SHAPE = re.compile(r"^[0-9]{6}([0-9]{3}([0-9]{3})?)?$")
_HOUSE_SHAPE = re.compile(r"^[0-9]{25}$")
HOUSE_PARTS = (2, 2, 2, 3, 3, 2, 5, 6)
LEVEL_BY_LENGTH = {
    6: "district",
    9: "subdistrict",
    12: "community",
    14: "grid",
    19: "building",
    25: "room",
}


@dataclass(frozen=True)
class HouseCode:
    """The eight parts of a 25-digit code as issued."""

    province: str
    city: str
    district: str
    subdistrict: str
    community: str
    grid: str
    building: str
    room: str


def is_division_code(text: str) -> bool:
    """6, 9 or 12 digits of a plausible region (11-65, 71, 81, 82). Unknown is not invalid: divisions change."""
    return bool(_DIVISION_SHAPE.match(text)) and (
        11 <= int(text[:2]) <= 65 or text[:2] in ("71", "81", "82")
    )


def read_house_code(text: str) -> HouseCode | None:
    """The parts of a 25-digit code, or None if it is not one."""
    if not _HOUSE_SHAPE.match(text) or not is_division_code(text[:12]):
        return None
    parts, start = [], 0
    for length in HOUSE_PARTS:
        parts.append(text[start : start + length])
        start += length
    return HouseCode(*parts)


def level_of(code: str) -> str | None:
    """The level that a code of this length was issued for, or None."""
    return LEVEL_BY_LENGTH.get(len(code)) if code.isdigit() else None
