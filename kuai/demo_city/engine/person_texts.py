"""How offices write a person: names, identity numbers and phones with the slips real files have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kuai.demo_city.engine import vocabulary as words
from kuai.demo_city.engine.people import People, phone_texts
from kuai.demo_city.engine.pieces import choose, pick, repeat, rewrite

# Rates measured on the sample's police and rental extracts.
NAME_GAP_RATE, NAME_SLIP_RATE, NAME_VARIANT_RATE = 0.008, 0.010, 0.001
NUMBER_SLIP_RATE, NUMBER_SWAP_RATE, NUMBER_GAP_RATE, NUMBER_WIDE_RATE = 0.009, 0.010, 0.004, 0.003
PLACEHOLDER_RATE, LOWER_X_RATE, NOTHING_RATE = 0.007, 0.03, 0.0013
PLACEHOLDERS = (
    "111111111111111111",
    "000000000000000000",
    "440300000000000000",
    "123456789012345678",
)
PLACEHOLDER_PHONES = ("13800138000", "13800000000")
PLACEHOLDER_PHONE_RATE = 0.009
NUMBER_MISSING, NUMBER_DAMAGED, NUMBER_READABLE = range(3)
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
DOT_WAYS = ("·", "•", ".", " ", "", "・")


@dataclass(frozen=True)
class WrittenNumbers:
    """Identity numbers as written; `state` says whether the true number is still in there."""

    texts: pa.Array
    state: np.ndarray


def write_names(
    people: People, person: np.ndarray, *, noise: float, random: np.random.Generator
) -> pa.Array:
    """Names with gaps, wrong characters, and other spellings for those planted so."""
    rows = len(person)
    names = people.names.take(pa.array(person))
    chance = random.random(rows)
    variant = people.planted("name_variant")[person] & (random.random(rows) < 0.6)
    dotted = people.is_dotted[person] & (random.random(rows) < 0.5 * min(noise, 1.0))
    gap = chance < NAME_GAP_RATE * noise
    slip = (chance > 1 - NAME_SLIP_RATE * noise) & ~gap
    other = (random.random(rows) < NAME_VARIANT_RATE * noise) | variant | dotted
    draws = random.integers(0, 1_000_000, rows)

    def write(name: str, row: int) -> str:
        if other[row]:
            return _other_spelling(name, int(draws[row]))
        return _gap(name) if gap[row] else _wrong_character(name, int(draws[row]))

    return rewrite(names, np.flatnonzero(gap | slip | other), write)


def _gap(name: str) -> str:
    return name[:1] + " " + name[1:]


def _wrong_character(name: str, draw: int) -> str:
    at = 1 + draw % (len(name) - 1)
    char = words.SIMILAR_GIVEN.get(name[at])
    pool = words.FEMALE_GIVEN if name[at] in words.FEMALE_GIVEN else words.MALE_GIVEN
    return name[:at] + (char or pool[draw // 7 % len(pool)]) + name[at + 1 :]


def _other_spelling(name: str, draw: int) -> str:
    if "·" in name:
        return name.replace("·", DOT_WAYS[draw % len(DOT_WAYS)])
    traditional = "".join(words.TRADITIONAL.get(char, char) for char in name)
    if traditional != name and draw % 3:
        return traditional
    return " ".join(name) if draw % 2 else name[:1] + "　" + name[1:]


def write_numbers(
    people: People,
    person: np.ndarray,
    *,
    missing: float,
    noise: float,
    random: np.random.Generator,
) -> WrittenNumbers:
    """Identity numbers: most right; some with a slip, two swapped digits, a placeholder; some missing."""
    rows = len(person)
    chance = random.random(rows)
    edges = np.cumsum(
        [0.0]
        + [
            rate * noise
            for rate in (
                *(NUMBER_SLIP_RATE, NUMBER_SWAP_RATE, NUMBER_GAP_RATE, NUMBER_WIDE_RATE),
                *(PLACEHOLDER_RATE, NOTHING_RATE, missing),
            )
        ]
    )
    fate = np.searchsorted(edges, chance, side="right")
    again = random.random(rows) < 0.7
    fate = np.where(people.planted("swapped_digits")[person] & again & (fate > 7), 2, fate)
    fate = np.where(people.planted("placeholder_number")[person] & again, 5, fate)
    lower = random.random(rows) < LOWER_X_RATE * noise
    draws = random.integers(0, 1_000_000, rows)
    texts = people.numbers.take(pa.array(person))

    def write(number: str, row: int) -> str:
        return _write_number(number, int(fate[row]), int(draws[row]))

    texts = rewrite(texts, np.flatnonzero(fate <= 6), write)
    texts = choose(fate == 7, repeat("", rows), texts)
    lower_rows = np.flatnonzero(lower & (people.sequence[person] >= 0))
    texts = rewrite(texts, lower_rows, lambda number, _: number.replace("X", "x"))
    state = np.full(rows, NUMBER_READABLE, np.int8)
    state[np.isin(fate, (1, 2))] = NUMBER_DAMAGED
    state[np.isin(fate, (5, 6, 7))] = NUMBER_MISSING
    return WrittenNumbers(texts=texts, state=state)


def _write_number(number: str, fate: int, draw: int) -> str:
    if fate == 1:
        at = draw % 17
        return number[:at] + str((int(number[at]) + 1 + draw // 17 % 9) % 10) + number[at + 1 :]
    if fate == 2:
        pairs = [i for i in range(6, 16) if number[i] != number[i + 1]] or [5]
        at = pairs[draw % len(pairs)]
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if fate == 3:
        return f"{number[:6]} {number[6:14]} {number[14:]}"
    if fate == 4:
        return number.translate(WIDE)
    return PLACEHOLDERS[draw % len(PLACEHOLDERS)] if fate == 5 else "无"


def write_phones(
    people: People,
    person: np.ndarray,
    *,
    missing: float,
    noise: float,
    random: np.random.Generator,
) -> tuple[pa.Array, np.ndarray]:
    """Phones, and a mask of the rows that hold the person's own."""
    rows = len(person)
    chance = random.random(rows)
    absent = chance < missing * noise
    placeholder = (chance > 1 - PLACEHOLDER_PHONE_RATE * noise) & ~absent
    texts = phone_texts(people, person)
    texts = choose(absent, repeat("", rows), texts)
    which = random.integers(0, len(PLACEHOLDER_PHONES), rows)
    texts = choose(placeholder, pick(PLACEHOLDER_PHONES, which), texts)
    return texts, ~absent & ~placeholder & (people.phone[person] > 0)
