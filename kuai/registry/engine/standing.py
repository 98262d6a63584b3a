"""The standing of a value: how sure it is, and what it may be used for. What is derived never rises above its parts.

`combine` is the one rule (lowest status, intersection of purposes); `purpose_bits` and `close_under_combination`
carry it into SQL, where a set of purposes is a number and its intersection a bitwise and.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import reduce

MOST_PURPOSES = 62


class Status(IntEnum):
    """From what nobody may build on, up to what somebody vouched for."""

    WITHDRAWN = 0
    DISPUTED = 1
    ENDED = 2
    ASSERTED = 3
    VERIFIED = 4

    @property
    def word(self) -> str:
        """As tables have it."""
        return self.name.lower()


@dataclass(frozen=True)
class Standing:
    """How sure a value is and for which purposes it may be used."""

    status: Status
    purposes: frozenset[str]


def combine(first: Standing, *others: Standing) -> Standing:
    """The standing of what is derived from all of these: the lowest status, the purposes that all of them allow."""
    return reduce(_combine_two, others, first)


def _combine_two(left: Standing, right: Standing) -> Standing:
    return Standing(min(left.status, right.status), left.purposes & right.purposes)


def write_purposes(purposes: Iterable[str]) -> str:
    """Comma separated and sorted, as the tables have them."""
    return ",".join(sorted(purposes))


def read_purposes(text: str) -> frozenset[str]:
    """The purposes that `write_purposes` wrote."""
    return frozenset(text.split(",")) - {""}


def purpose_bits(purposes: Iterable[str]) -> dict[str, int]:
    """A bit for each purpose, in alphabetical order; more than a whole number holds is a fault of the programmer."""
    names = sorted(set(purposes))
    if len(names) > MOST_PURPOSES:
        raise ValueError(f"{len(names)} purposes, and a mask holds {MOST_PURPOSES}")
    return {name: 1 << place for place, name in enumerate(names)}


def mask_of(purposes: Iterable[str], bits: Mapping[str, int]) -> int:
    """The purposes as one number."""
    return sum(bits[name] for name in set(purposes))


def close_under_combination(sets: Iterable[frozenset[str]]) -> set[frozenset[str]]:
    """These sets and every intersection of some of them: whatever a build can derive has one of these."""
    closed: set[frozenset[str]] = {frozenset()}
    for one in set(sets):
        closed |= {one, *(one & known for known in closed)}
    return closed
