"""Codes of elements, for ever: P-XXXXXXXX-C (prefix, eight Crockford base32 characters, check character).

A code is the image of a serial number under a fixed public permutation: it carries nothing personal, no key,
and neighbours in birth do not look alike. Decision 0003.
"""

from __future__ import annotations

import re

import numpy as np

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHECK_ALPHABET = ALPHABET + "*~$=U"
BODY_BITS = 40
LARGEST_SERIAL = (1 << BODY_BITS) - 1

PREFIX_BY_ELEMENT = {"person": "P", "organisation": "O", "event": "E", "contact": "C"}
_SHAPE = re.compile(r"^([POEC])-([0-9A-HJKMNP-TV-Z]{8})-([0-9A-HJKMNP-Z*~$=])$")

# Because x -> x*MULTIPLIER mod 2^40 is a bijection for any odd multiplier; two rounds with an xor-shift
# between them spread neighbouring serials over all eight characters.
_MULTIPLIERS = (0x9E3779B97F, 0xC2B2AE3D27)
_MASK = LARGEST_SERIAL


def code_of(element: str, serial: int) -> str:
    """The code of the `serial`-th (from 1) element of its kind."""
    if not 0 < serial <= LARGEST_SERIAL:
        raise ValueError(f"serial {serial} is outside 1..2^{BODY_BITS}-1")
    body = _permute(serial)
    text = "".join(ALPHABET[(body >> shift) & 31] for shift in range(BODY_BITS - 5, -1, -5))
    return f"{PREFIX_BY_ELEMENT[element]}-{text}-{CHECK_ALPHABET[body % 37]}"


def is_element_code(text: str) -> bool:
    """Form and check character hold."""
    match = _SHAPE.match(text)
    return bool(match) and CHECK_ALPHABET[_body(match.group(2)) % 37] == match.group(3)  # type: ignore[union-attr]


def _body(text: str) -> int:
    value = 0
    for char in text:
        value = value << 5 | ALPHABET.index(char)
    return value


def _permute(serial: int) -> int:
    value = serial * _MULTIPLIERS[0] & _MASK
    value ^= value >> 19
    value = value * _MULTIPLIERS[1] & _MASK
    return value ^ value >> 17


def codes_of(element: str, serials: np.ndarray) -> np.ndarray:
    """`code_of` for an array of serials (int64, from 1), vectorised; array of str."""
    return code_letters(element, serials).view("S12").ravel().astype("U12")


def code_letters(element: str, serials: np.ndarray) -> np.ndarray:
    """`codes_of` as twelve ASCII bytes a row: for millions, of which no Python text need be made."""
    if serials.size == 0:
        return np.empty((0, 12), dtype=np.uint8)
    if int(serials.min()) < 1 or int(serials.max()) > LARGEST_SERIAL:
        raise ValueError(f"serials must lie in 1..2^{BODY_BITS}-1")
    mask = np.uint64(_MASK)
    # Because 2^40 divides 2^64, the wrap-around of uint64 does not disturb the low 40 bits.
    body = serials.astype(np.uint64) * np.uint64(_MULTIPLIERS[0]) & mask
    body ^= body >> np.uint64(19)
    body = body * np.uint64(_MULTIPLIERS[1]) & mask
    body ^= body >> np.uint64(17)
    letters = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)
    checks = np.frombuffer(CHECK_ALPHABET.encode(), dtype=np.uint8)
    text = np.empty((serials.size, 12), dtype=np.uint8)
    text[:, 0], text[:, 1], text[:, 10] = ord(PREFIX_BY_ELEMENT[element]), ord("-"), ord("-")
    for place in range(8):
        shift = np.uint64(BODY_BITS - 5 - 5 * place)
        text[:, 2 + place] = letters[(body >> shift & np.uint64(31)).astype(np.intp)]
    text[:, 11] = checks[(body % np.uint64(37)).astype(np.intp)]
    return text
