"""Identity numbers: GB 11643-1999 with HK/Macau/Taiwan residence permits and the 2023 foreign card.

A right check digit proves typing, not identity. The division code is never checked against a list: abolished
counties are normal, and it is not the holder's residence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kuai.kit.folding import fold_code

# GB 11643-1999, ISO 7064 MOD 11-2.
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
OLDEST_AGE_YEARS = 150

_SHAPE = re.compile(r"^[0-9]{17}[0-9X]$")
_LEGACY_SHAPE = re.compile(r"^[1-9][0-9]{14}$")
_LETTERED_FOREIGN_SHAPE = re.compile(r"^[A-Z]{3}[0-9]{12}$")
_PERMIT_DIVISIONS = ("810000", "820000", "830000")


class NumberKind(StrEnum):
    """Whose number it is by its form."""

    RESIDENT = "resident"
    HK_MACAU_TAIWAN = "hk_macau_taiwan"
    FOREIGN = "foreign"
    LEGACY15 = "legacy15"
    OTHER = "other"
    NONE = "none"


class Sex(StrEnum):
    """GB/T 2261.1-2003."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    NOT_STATED = "9"


@dataclass(frozen=True)
class IdentityNumber:
    """What a written number says. `number` is folded (half width, upper case, no gaps)."""

    number: str
    kind: NumberKind
    is_valid: bool
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN


def check_character(first_17: str) -> str:
    """The check character of 17 digits (GB 11643-1999)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_17, WEIGHTS, strict=True))
    return CHECK_CHARACTERS[total % 11]


def upgrade_legacy(number15: str) -> str:
    """The 18-character form of a first-generation number (6+6+3): century 19 inserted, check added."""
    first_17 = number15[:6] + "19" + number15[6:]
    return first_17 + check_character(first_17)


def read_identity_number(text: str, *, as_of: date) -> IdentityNumber:
    """What `text` says, judged on `as_of` (a birth in the future or 150 years back is a typing fault)."""
    number = fold_code(text)
    if not number:
        return IdentityNumber("", NumberKind.NONE, is_valid=False)
    if _LEGACY_SHAPE.match(number):
        read = _read_18(upgrade_legacy(number), as_of=as_of)
        return IdentityNumber(number, NumberKind.LEGACY15, read.is_valid, read.birth_date, read.sex)
    if _SHAPE.match(number):
        return _read_18(number, as_of=as_of)
    if _LETTERED_FOREIGN_SHAPE.match(number):
        # The pre-2023 foreign card stays in use; its check rule is not public, so its form is all we can say.
        return IdentityNumber(number, NumberKind.FOREIGN, is_valid=False)
    return IdentityNumber(number, NumberKind.OTHER, is_valid=False)


def is_placeholder(number: str) -> bool:
    """Typed to get past a mandatory field: all one digit, or a run such as 123456789012345678."""
    body = number[:17]
    return len(set(body)) == 1 or body in "12345678901234567890" or body in "98765432109876543210"


def _read_18(number: str, *, as_of: date) -> IdentityNumber:
    kind = _kind_of(number)
    born = _birth_date(number[6:14])
    plausible = born is not None and born <= as_of and as_of.year - born.year <= OLDEST_AGE_YEARS
    right = number[17] == check_character(number[:17])
    valid = right and plausible and kind is not NumberKind.OTHER and not is_placeholder(number)
    return IdentityNumber(
        number=number,
        kind=kind,
        is_valid=valid,
        birth_date=born if plausible else None,
        sex=Sex.MALE if int(number[16]) % 2 else Sex.FEMALE,
    )


def _kind_of(number: str) -> NumberKind:
    if number[:6] in _PERMIT_DIVISIONS:
        return NumberKind.HK_MACAU_TAIWAN
    if number[0] == "9":
        return NumberKind.FOREIGN
    return NumberKind.RESIDENT if number[0] in "1234567" else NumberKind.OTHER


def _birth_date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
