"""Unified social credit code (GB 32100-2015), organisation code (GB 11714-1997), registration number (GS 15-2006)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kuai.kit.folding import fold_code

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_SHAPE = re.compile(r"^[1-9ANY][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}$")
_REGISTRATION_SHAPE = re.compile(r"^[0-9]{15}$")


@dataclass(frozen=True)
class CreditCode:
    """What a written code says. `organisation_code` is characters 9-17 (GB 11714)."""

    code: str
    is_valid: bool
    kind: str
    division: str = ""
    organisation_code: str = ""


def credit_check_character(first_17: str) -> str:
    """The 18th character of a credit code; characters outside the alphabet are a ValueError."""
    total = sum(
        ALPHABET.index(char) * weight for char, weight in zip(first_17, CREDIT_WEIGHTS, strict=True)
    )
    return ALPHABET[(31 - total % 31) % 31]


def organisation_check_character(first_8: str) -> str:
    """The 9th character of an organisation code (GB 11714)."""
    total = sum(
        int(char, 36) * weight for char, weight in zip(first_8, ORGANISATION_WEIGHTS, strict=True)
    )
    return {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def read_credit_code(text: str) -> CreditCode:
    """What `text` says; valid only if both check characters hold."""
    code = fold_code(text)
    if not _SHAPE.match(code):
        return CreditCode(code, is_valid=False, kind="unknown")
    valid = code[17] == credit_check_character(code[:17]) and code[
        16
    ] == organisation_check_character(code[8:16])
    return CreditCode(code, valid, kind_of(code), division=code[2:8], organisation_code=code[8:17])


def kind_of(code: str) -> str:
    """Kind of entity by the first two characters (GB 32100 authority and category table)."""
    known = {"91": "enterprise", "92": "sole_trader", "93": "cooperative"}
    if code[:2] in known:
        return known[code[:2]]
    if code[:1] in ("1", "A"):
        return "institution"
    return "other" if code[:1] in tuple("2345678NY") else "unknown"


def registration_check_digit(first_14: str) -> str:
    """The 15th digit of an old registration number (GS 15-2006, ISO 7064 MOD 11,10)."""
    product = 10
    for digit in first_14:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def is_registration_number(text: str) -> bool:
    """A 15-digit registration number with a right check digit."""
    number = fold_code(text)
    return bool(_REGISTRATION_SHAPE.match(number)) and number[14] == registration_check_digit(
        number[:14]
    )
