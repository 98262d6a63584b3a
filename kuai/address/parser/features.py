"""What the network sees of each character: a few numbers (slots) that look up its inputs. Pure arrays, no loops."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np

_PLANE = 1 << 16
_BEYOND = 0xFFFF  # stands for every character outside the basic plane
EDGE = 0x0001  # before the first and after the last character
BIGRAM_BITS = 17
PATTERN_BITS = 12
REPEAT_KINDS = 16

_MIX = np.uint64(0x9E3779B97F4A7C15)


def _folded_characters() -> np.ndarray:
    """Full width, case and compatibility forms to the plain character; one to one, so that places stay."""
    folded = np.arange(_PLANE, dtype=np.uint32)
    for code in range(_PLANE):
        if 0xD800 <= code < 0xE000:
            continue
        plain = unicodedata.normalize("NFKC", chr(code)).lower()
        if len(plain) == 1:
            folded[code] = ord(plain)
    for dash in "－—–‐‑―﹣−":
        folded[ord(dash)] = ord("-")
    return folded


_CLASSES = 12


def _character_classes(folded: np.ndarray) -> np.ndarray:
    """0 other script, 1 hanzi, 2 digit, 3 Latin, 4 numeral hanzi, 5 sign, 6.. signs that matter."""
    kind = np.zeros(_PLANE, dtype=np.uint8)
    for code in range(_PLANE):
        char = chr(int(folded[code]))
        if "\u3400" <= char <= "\u9fff":
            kind[code] = 1
        elif char.isdigit():
            kind[code] = 2
        elif char.isascii() and char.isalpha():
            kind[code] = 3
        elif not char.isalnum():
            kind[code] = 5
    for number, chars in ((4, "一二三四五六七八九十百"), (6, "-"), (7, "_"), (8, "#")):
        for char in chars:
            kind[ord(char)] = number
    return kind


@dataclass(frozen=True)
class CharacterTables:
    """Look-ups by code point."""

    folded: np.ndarray
    kinds: np.ndarray


_tables: list[CharacterTables] = []


def character_tables() -> CharacterTables:
    """Made once a process (about 0.1 s)."""
    if not _tables:
        folded = _folded_characters()
        _tables.append(CharacterTables(folded, _character_classes(folded)))
    return _tables[0]


def slots_of(points: np.ndarray, row_of: np.ndarray) -> dict[str, np.ndarray]:
    """Slot name -> one number a character. `points` are the rows' characters in sequence, `row_of` their rows."""
    tables = character_tables()
    chars = tables.folded[np.minimum(points, _BEYOND)].astype(np.uint64)
    kinds = tables.kinds[np.minimum(points, _BEYOND)].astype(np.uint64)
    size = len(chars)
    same_next = np.zeros(size, dtype=bool)
    same_next[:-1] = row_of[1:] == row_of[:-1]
    following = _shifted(chars, same_next)
    bigram = chars * np.uint64(_PLANE) + following
    return {
        "char": chars.astype(np.int64),
        "bigram": _hashed(bigram, BIGRAM_BITS),
        "pattern": _hashed(_pattern(kinds, same_next), PATTERN_BITS),
        "repeat": _repeats(bigram, kinds, row_of, same_next),
    }


def _shifted(values: np.ndarray, same_next: np.ndarray) -> np.ndarray:
    following = np.full(len(values), EDGE, dtype=np.uint64)
    following[:-1] = np.where(same_next[:-1], values[1:], np.uint64(EDGE))
    return following


def _pattern(kinds: np.ndarray, same_next: np.ndarray) -> np.ndarray:
    """The classes of the five characters around, as one number."""
    marked = kinds + np.uint64(2)
    after = _shifted(marked, same_next)
    second = _shifted(after, same_next)
    same_before = np.zeros(len(kinds), dtype=bool)
    same_before[1:] = same_next[:-1]
    before = _shifted(marked[::-1], same_before[::-1])[::-1]
    earlier = _shifted(before[::-1], same_before[::-1])[::-1]
    whole = marked
    for part in (after, second, before, earlier):
        whole = whole * np.uint64(16) + part
    return whole


def _hashed(keys: np.ndarray, bits: int) -> np.ndarray:
    return ((keys * _MIX) >> np.uint64(64 - bits)).astype(np.int64)


def _repeats(
    bigram: np.ndarray, kinds: np.ndarray, row_of: np.ndarray, same_next: np.ndarray
) -> np.ndarray:
    """Bits: this pair of letters stood earlier in the row 1, comes later 2; the pair ending here: 4, 8."""
    lettered = (kinds == 1) | (kinds == 4)
    paired = lettered & same_next
    paired[:-1] &= lettered[1:]
    where = np.flatnonzero(paired)
    keys = (row_of[where].astype(np.uint64) << np.uint64(32)) | bigram[where]
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    twin = ranked[1:] == ranked[:-1]
    bits = np.zeros(len(where), dtype=np.int64)
    bits[order[1:]] |= twin
    bits[order[:-1]] |= 2 * twin
    found = np.zeros(len(bigram), dtype=np.int64)
    found[where] = bits
    found[1:] |= found[:-1] % 4 * 4 * same_next[:-1]
    return found
