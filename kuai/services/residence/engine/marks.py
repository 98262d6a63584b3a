"""Random marks: door codes, numbers of declarations, marks of receipts. None is made from anything."""

from __future__ import annotations

import re
import secrets

from kuai.kit.element_codes import ALPHABET
from kuai.kit.folding import fold_code

# 50 bits: at the limit of twenty misses an hour an address would try for longer than there are doors.
DOOR_CHARACTERS = 10
RECEIPT_CHARACTERS = 20
_DOOR = re.compile(rf"^[{ALPHABET}]{{{DOOR_CHARACTERS}}}$")
_RECEIPT = re.compile(rf"^[{ALPHABET}]{{{RECEIPT_CHARACTERS}}}$")
# What people read for what is printed.
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_door_code() -> str:
    """A door's code: random, so that it tells neither the room nor its neighbour's code."""
    return _random(DOOR_CHARACTERS)


def new_receipt_mark() -> str:
    """What a receipt is verified by."""
    return _random(RECEIPT_CHARACTERS)


def new_number(prefix: str = "D") -> str:
    """D-XXXXXXXX-C: number of a declaration (question Q, sheet S), of the form references have."""
    value = secrets.randbits(40)
    body = "".join(ALPHABET[(value >> shift) & 31] for shift in range(35, -1, -5))
    # Letters and digits alone: it names a folder of the vault too.
    return f"{prefix}-{body}-{ALPHABET[value % 31]}"


def read_door_code(text: str) -> str:
    """The door code in what was typed or scanned; empty where it is none."""
    code = fold_code(text).translate(_READ_AS)
    return code if _DOOR.match(code) else ""


def read_receipt_mark(text: str) -> str:
    """The mark in what was typed or scanned; empty where it is none."""
    mark = fold_code(text).translate(_READ_AS)
    return mark if _RECEIPT.match(mark) else ""


def shown_door_code(code: str) -> str:
    """In two halves, as printed."""
    half = DOOR_CHARACTERS // 2
    return f"{code[:half]}-{code[half:]}"


def _random(characters: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(characters))
