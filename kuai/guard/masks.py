"""What is shown of a personal value to somebody whose ticket does not name its field. Nothing is shown whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

STAR = "*"
# Longest first, so that 欧阳 keeps two characters of the surname.
COMPOUND_SURNAMES = frozenset(
    re.findall(
        "..",
        "欧阳太史端木上官司马东方独孤南宫夏侯诸葛尉迟皇甫公孙慕容令狐宇文长孙司徒司空轩辕闻人澹台",
    )
)
# From the floor, unit or room on, an address names a household; before that, a building.
_ROOM_PART = re.compile(
    r"(?P<keep>.*(?:栋|座|幢|号楼|大楼|号院|号|巷|村|大厦|广场))(?P<room>.*\d.*)$", re.DOTALL
)


def mask_name(name: str | None) -> str | None:
    """张** : the surname, then as many stars as characters; a single character is hidden whole."""
    if not name:
        return name
    surname = 2 if name[:2] in COMPOUND_SURNAMES and len(name) > 2 else 1
    return STAR if len(name) == 1 else name[:surname] + STAR * (len(name) - surname)


def mask_id_number(number: str | None) -> str | None:
    """440310********1234 for 18 characters; of any other number the first and the last character."""
    if not number:
        return number
    if len(number) == 18:
        return number[:6] + STAR * 8 + number[-4:]
    return _keep_ends(number, first=1, last=1)


def mask_id_number_strictly(number: str | None) -> str | None:
    """4****************4 : the first and the last character only (public lists)."""
    return _keep_ends(number, first=1, last=1) if number else number


def mask_phone(phone: str | None) -> str | None:
    """138****1234 for a mobile; a short or foreign number keeps its last two digits."""
    if not phone:
        return phone
    if len(phone) == 11 and phone[0] == "1":
        return phone[:3] + STAR * 4 + phone[-4:]
    return _keep_ends(phone, first=0, last=2)


def mask_address(text: str | None) -> str | None:
    """坪山街道…3栋*** : after the building nothing is shown, the length neither; without a building, less than half."""
    if not text:
        return text
    match = _ROOM_PART.match(text)
    return (match.group("keep") if match else text[: min(6, len(text) // 2)]) + STAR * 3


def mask_birth_date(value: object | None) -> str | None:
    """1958-**-** : the year."""
    return None if value is None else f"{str(value)[:4]}-**-**"


def mask_whole(value: object | None) -> str | None:
    """Three stars, whatever it is."""
    return None if value is None else STAR * 3


def _keep_ends(text: str, *, first: int, last: int) -> str:
    # Because keeping both ends of a short value would keep the value.
    if len(text) < first + last + 3:
        return STAR * len(text)
    return text[:first] + STAR * (len(text) - first - last) + text[len(text) - last :]


MASKS: Mapping[str, Callable[[str | None], str | None]] = {
    "name": mask_name,
    "id_number": mask_id_number,
    "phone": mask_phone,
    "address": mask_address,
    "birth_date": mask_birth_date,
}


def mask(field: str, value: str | None) -> str | None:
    """`value` as somebody may see it whose ticket does not name `field`; unknown fields are hidden whole."""
    return MASKS.get(field, mask_whole)(value)
