"""Names found by what was typed of them: sorted keys in arrays, so that a beginning is two binary searches.

A name's number is its rank (the name with most buildings is 0), so the smallest numbers are the best answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from itertools import islice, product
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from kuai.address.suggesting.asking import Wanted, mixtures_of
from kuai.kit.readings import (
    MOST_SPELLINGS,
    Unit,
    initial_spellings,
    pinyin_spellings,
    units_of,
)

# Bytes of a key; nobody types a name beyond that before the list has one line left.
LONGEST_KEY = 48
# Beyond this many candidates a beginning is too short for a mixture to be told from others.
MOST_VERIFIED = 1_500
# Names that begin inside another (花园 in 锦澜花园) are kept for this many places.
MOST_STARTS = 10
# A shorter text has too many neighbours one character away.
SHORTEST_HAN_WITH_SLIP = 3
SHORTEST_PINYIN_WITH_SLIP = 6

Names = NDArray[np.int32]
Spell = Callable[[tuple[Unit, ...]], list[str]]


class Effort(IntEnum):
    """How far a search goes; the next step is taken only where the last one found nothing."""

    KEYS = 0
    MIXTURES = 1
    SLIPS = 2


class How(StrEnum):
    """By what the name was recognised."""

    CHARACTERS = "characters"
    PINYIN = "pinyin"
    INITIALS = "initials"
    MIXTURE = "mixture"
    SLIP = "one_character_off"


@dataclass(frozen=True, slots=True)
class NameHit:
    """A name that fits what was typed; `inner` from its middle on, `whole` to its end."""

    name: int
    how: How
    inner: bool
    whole: bool

    @property
    def rank(self) -> tuple[bool, bool, bool, int]:
        return (self.how is How.SLIP, self.inner, not self.whole, self.name)


class _Keys:
    """Keys in order, each with the name it belongs to."""

    def __init__(self, rows: Iterable[tuple[str, int]]) -> None:
        ordered = sorted({(key.encode()[:LONGEST_KEY], name) for key, name in rows})
        self.keys = np.array([key for key, _ in ordered] or [b""], dtype=bytes)
        self.names: Names = np.array([name for _, name in ordered] or [-1], dtype=np.int32)

    def beginning_with(self, typed: str) -> tuple[Names, Names]:
        """Names with a key that begins so, and those of them whose key is just that."""
        width = self.keys.dtype.itemsize
        key = typed.encode()
        if len(key) > width:
            return self.names[:0], self.names[:0]
        first = self._place_of(key)
        # Nothing sorts behind a whole key's own end but what begins with it.
        last = self._place_of(key + b"\xff") if len(key) < width else self._place_of(key, "right")
        if first == last or self.keys[first] != key:
            return self.names[first:last], self.names[first:first]
        return self.names[first:last], self.names[first : self._place_of(key, "right")]

    def _place_of(self, key: bytes, side: Literal["left", "right"] = "left") -> int:
        # Of the array's own kind, because a longer key would have the whole array copied to its length.
        return int(self.keys.searchsorted(np.array(key, dtype=self.keys.dtype), side=side))


class NameIndex:
    """All names of a library, ready to be typed. `allowed` narrows to names inside an area."""

    def __init__(self, names: Sequence[tuple[Unit, ...]]) -> None:
        self.texts = ["".join(unit.text for unit in units) for units in names]
        self._units = list(names)
        spellings: dict[How, Spell] = {
            How.CHARACTERS: lambda units: ["".join(unit.text for unit in units)],
            How.PINYIN: pinyin_spellings,
            How.INITIALS: initial_spellings,
        }
        self._heads = {how: _Keys(_heads(names, spell)) for how, spell in spellings.items()}
        self._inner = {how: _Keys(_inner(names, spell)) for how, spell in spellings.items()}
        self._less = {
            how: _Keys(_one_less(names, spellings[how])) for how in (How.CHARACTERS, How.PINYIN)
        }

    def find(
        self, typed: str, *, limit: int, effort: Effort, allowed: Names | None = None
    ) -> list[NameHit]:
        """The best `limit` names, as far as `effort` goes."""
        searches = {
            Effort.KEYS: self._by_keys,
            Effort.MIXTURES: self._mixed,
            Effort.SLIPS: self._one_off,
        }
        found: dict[int, NameHit] = {}
        for hit in searches[effort](typed, limit, allowed):
            known = found.get(hit.name)
            if known is None or hit.rank < known.rank:
                found[hit.name] = hit
        return sorted(found.values(), key=lambda hit: hit.rank)[:limit]

    def _by_keys(self, typed: str, limit: int, allowed: Names | None) -> Iterator[NameHit]:
        ways = (How.PINYIN, How.INITIALS) if typed.isascii() else (How.CHARACTERS,)
        for tables, inner in ((self._heads, False), (self._inner, True)):
            for how in ways:
                begun, whole = tables[how].beginning_with(typed)
                ended = set(whole.tolist())
                for name in _best(begun, limit, allowed):
                    yield NameHit(name, how, inner, name in ended)

    def _mixed(self, typed: str, limit: int, allowed: Names | None) -> Iterator[NameHit]:
        """Characters, syllables and initials in one: candidates by their initials, then unit by unit."""
        if not any(one.isascii() and one.isalpha() for one in typed):
            return
        ways: dict[str, list[tuple[Wanted, ...]]] = {}
        for wanted in mixtures_of(typed):
            for initials in _initials_of(wanted):
                ways.setdefault(initials, []).append(wanted)
        for initials, wishes in ways.items():
            begun, _ = self._heads[How.INITIALS].beginning_with(initials)
            # Candidates first, because most of them will not fit: `limit` is for those that do.
            for name in _best(begun, max(limit, MOST_VERIFIED), allowed):
                units = self._units[name]
                for wanted in wishes:
                    if _fits(wanted, units):
                        yield NameHit(name, How.MIXTURE, False, len(wanted) == len(units))
                        break

    def _one_off(self, typed: str, limit: int, allowed: Names | None) -> Iterator[NameHit]:
        how = How.PINYIN if typed.isascii() else How.CHARACTERS
        shortest = SHORTEST_PINYIN_WITH_SLIP if typed.isascii() else SHORTEST_HAN_WITH_SLIP
        if len(typed) < shortest:
            return
        shorter = [typed[:place] + typed[place + 1 :] for place in range(len(typed))]
        names = set(_best(self._less[how].beginning_with(typed)[0], limit, allowed))
        for text in shorter:
            for keys in (self._heads[how], self._less[how]):
                names.update(_best(keys.beginning_with(text)[0], limit, allowed))
        for name in names:
            if any(_is_one_off(typed, key) for key in self._spelled(name, how)):
                yield NameHit(name, How.SLIP, False, False)

    def _spelled(self, name: int, how: How) -> list[str]:
        return pinyin_spellings(self._units[name]) if how is How.PINYIN else [self.texts[name]]


def _heads(names: Sequence[tuple[Unit, ...]], spell: Spell) -> Iterator[tuple[str, int]]:
    for number, units in enumerate(names):
        for key in spell(units):
            yield key, number


def _inner(names: Sequence[tuple[Unit, ...]], spell: Spell) -> Iterator[tuple[str, int]]:
    for number, units in enumerate(names):
        for start in range(1, min(len(units) - 1, MOST_STARTS)):
            for key in spell(units[start:]):
                yield key, number


def _one_less(names: Sequence[tuple[Unit, ...]], spell: Spell) -> Iterator[tuple[str, int]]:
    for number, units in enumerate(names):
        for key in spell(units)[:2]:
            # Digits are no characters: 5区 is not one slip from 3区.
            for place in range(min(len(key), 24)):
                if not key[place].isdigit():
                    yield key[:place] + key[place + 1 :], number


def _best(names: Names, limit: int, allowed: Names | None) -> list[int]:
    """The best-ranked of these names."""
    if allowed is not None:
        names = names[np.isin(names, allowed)]
    if len(names) > 4 * limit:
        names = np.partition(names, 4 * limit)[: 4 * limit]
    return [name for name in sorted(set(names.tolist()))[:limit] if name >= 0]


def _is_one_off(typed: str, key: str) -> bool:
    if [run for run in typed if run.isdigit()] != [
        run for run in key[: len(typed) + 1] if run.isdigit()
    ]:
        return False
    return any(
        OSA.distance(typed, key[: len(typed) + change], score_cutoff=1) <= 1
        for change in (-1, 0, 1)
    )


def _initials_of(wanted: tuple[Wanted, ...]) -> Iterator[str]:
    ways = product(
        *(_firsts(one.text) if one.kind == "character" else _first_typed(one) for one in wanted)
    )
    for way in islice(ways, MOST_SPELLINGS):
        yield "".join(way)


def _first_typed(one: Wanted) -> tuple[str]:
    return (one.text if one.kind == "number" else one.text[0],)


@lru_cache(maxsize=20_000)
def _firsts(character: str) -> tuple[str, ...]:
    return tuple(initial_spellings(units_of(character)))


def _fits(wanted: tuple[Wanted, ...], units: tuple[Unit, ...]) -> bool:
    return len(wanted) <= len(units) and all(
        _fits_unit(one, unit, is_last=place == len(wanted) - 1)
        for place, (one, unit) in enumerate(zip(wanted, units, strict=False))
    )


def _fits_unit(one: Wanted, unit: Unit, *, is_last: bool) -> bool:
    if one.kind == "character":
        return one.text == unit.text
    if one.kind == "number":
        return unit.text.startswith(one.text) if is_last else unit.text == one.text
    if one.kind == "syllable":
        return one.text in unit.readings
    return any(reading.startswith(one.text) for reading in unit.readings)
