"""Names found by what was typed of them: sorted keys in arrays, so that a beginning is two binary searches.

A name's number is its rank (the name with most buildings is 0), so the smallest numbers are the best answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import OSA

from kuai.address.suggesting.asking import Wanted, mixtures_of
from kuai.address.suggesting.readings import (
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

    def beginning_with(self, typed: str) -> slice:
        key = typed.encode()[:LONGEST_KEY]
        first, last = np.searchsorted(self.keys, [key, key + b"\xff"])
        return slice(int(first), int(last))

    def is_whole(self, typed: str, name: int) -> bool:
        key = typed.encode()
        first = np.searchsorted(self.keys, key)
        last = np.searchsorted(self.keys, key, side="right")
        return bool(np.any(self.names[first:last] == name))


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

    def find(self, typed: str, *, limit: int, allowed: Names | None = None) -> list[NameHit]:
        """The best `limit` names; only names one character away when nothing else fits."""
        found: dict[int, NameHit] = {}
        for hit in self._fitting(typed, limit, allowed):
            known = found.get(hit.name)
            if known is None or hit.rank < known.rank:
                found[hit.name] = hit
        if not found:
            found = {hit.name: hit for hit in self._one_off(typed, limit, allowed)}
        return sorted(found.values(), key=lambda hit: hit.rank)[:limit]

    def _fitting(self, typed: str, limit: int, allowed: Names | None) -> Iterator[NameHit]:
        ways = (How.PINYIN, How.INITIALS) if typed.isascii() else (How.CHARACTERS,)
        count = 0
        for tables, inner in ((self._heads, False), (self._inner, True)):
            for how in ways:
                for name in _best(tables[how], typed, limit, allowed):
                    count += 1
                    yield NameHit(name, how, inner, tables[how].is_whole(typed, name))
        if count < limit and any(run.isascii() and run.isalpha() for run in typed):
            yield from self._mixed(typed, limit, allowed)

    def _mixed(self, typed: str, limit: int, allowed: Names | None) -> Iterator[NameHit]:
        """Characters, syllables and initials in one: candidates by their initials, then unit by unit."""
        seen: set[int] = set()
        for wanted in mixtures_of(typed):
            for initials in _initials_of(wanted):
                keys = self._heads[How.INITIALS]
                for name in _best(keys, initials, MOST_VERIFIED, allowed):
                    units = self._units[name]
                    if name not in seen and _fits(wanted, units):
                        seen.add(name)
                        yield NameHit(name, How.MIXTURE, False, len(wanted) == len(units))
            if len(seen) >= limit:
                return

    def _one_off(self, typed: str, limit: int, allowed: Names | None) -> Iterator[NameHit]:
        how = How.PINYIN if typed.isascii() else How.CHARACTERS
        shortest = SHORTEST_PINYIN_WITH_SLIP if typed.isascii() else SHORTEST_HAN_WITH_SLIP
        if len(typed) < shortest:
            return
        shorter = [typed[:place] + typed[place + 1 :] for place in range(len(typed))]
        names: set[int] = set(_best(self._less[how], typed, limit, allowed))
        for text in shorter:
            names.update(_best(self._heads[how], text, limit, allowed))
            names.update(_best(self._less[how], text, limit, allowed))
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


def _best(keys: _Keys, typed: str, limit: int, allowed: Names | None) -> list[int]:
    """The best-ranked names with a key that begins so."""
    names = keys.names[keys.beginning_with(typed)]
    if allowed is not None:
        names = names[np.isin(names, allowed)]
    if len(names) > 4 * limit:
        names = np.partition(names, 4 * limit)[: 4 * limit]
    return [int(name) for name in np.unique(names)[:limit] if name >= 0]


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
    text = "".join(
        one.text if one.kind in ("character", "number") else one.text[0] for one in wanted
    )
    yield from initial_spellings(units_of(text))


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
