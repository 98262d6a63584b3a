"""What a decision about a fact holds on to: `TYPE|FROM|TO` for a relation, `birth_date|P-…` for what is said of one.

Keys name codes, so they outlive deliveries and rebuilds; a merged code is resolved by whoever reads the key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kuai.kit.element_codes import is_element_code

SAID_OF_A_PERSON = frozenset({"birth_date", "sex"})
_RELATION_TYPE = re.compile(r"^[A-Z]{2}_[A-Z]{2,16}$")
# Room, building and area codes are the city's own digits; invented towns have shorter ones.
_PLACE_CODE = re.compile(r"^[0-9]{6,40}$")
_MENTION_KEY = re.compile(r"^[^\s|#]{1,180}#[a-z_]{1,40}$")


@dataclass(frozen=True)
class FactKey:
    """One fact: a relation between two elements, or (without `to_code`) what is said of one person."""

    type: str
    from_code: str
    to_code: str = ""

    def __str__(self) -> str:
        parts = (self.type, self.from_code, self.to_code)
        return "|".join(part for part in parts if part)

    @property
    def is_relation(self) -> bool:
        return bool(self.to_code)

    @property
    def person_codes(self) -> tuple[str, ...]:
        """The persons it is about."""
        return tuple(code for code in (self.from_code, self.to_code) if code.startswith("P-"))


def find_fact_key(text: str) -> FactKey | None:
    """The key in `text`, or None if it is none."""
    parts = text.split("|")
    if len(parts) == 3:
        fits = _RELATION_TYPE.match(parts[0]) and is_code(parts[1]) and is_code(parts[2])
    else:
        fits = len(parts) == 2 and parts[0] in SAID_OF_A_PERSON and _is_person_code(parts[1])
    return FactKey(*parts) if fits else None


def _is_person_code(text: str) -> bool:
    return text.startswith("P-") and is_element_code(text)


def is_code(text: str) -> bool:
    """The code of an element or of a place."""
    return is_element_code(text) or bool(_PLACE_CODE.match(text))


def is_mention_key(text: str) -> bool:
    """Record key and role."""
    return bool(_MENTION_KEY.match(text))
