"""The linkage ceiling: the best any linker can do with what the rows hold, computed from the truth.

Definition. Two rows of one person can be joined if a chain of that person's rows joins them in which neighbours
share a telling key: the number (also where one slip left it repairable), or the name together with phone, birth
date, room or building, or the name alone; a key tells only if no other person of the package carries it. Slips
in names count as repairable. A row left alone though its keys are carried by several persons may be guessed to
belong to the greatest of their groups, or left alone; the ceiling is the better F1 of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kuai.demo_city.engine.extracts import Evidence
from kuai.demo_city.engine.people import People

_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Ceiling:
    """Pairs of rows of one person, over the roles `tools/score.py link` counts."""

    precision: float
    recall: float
    f1: float
    mentions: int
    lone_mentions: int


@dataclass(frozen=True)
class _Key:
    """Rows that hold this key, numbered by value; `tells` by value: carried by one person only."""

    rows: np.ndarray
    value: np.ndarray
    tells: np.ndarray


def linkage_ceiling(evidences: Sequence[Evidence], people: People) -> Ceiling:
    """See the module's definition."""
    every = _stacked(evidences)
    keys = _keys(every, people)
    label = _joined(keys, len(every.person))
    cautious = _pair_scores(every.person, label)
    guessed_label = _with_guesses(keys, every.person, label)
    bold = _pair_scores(every.person, guessed_label)
    precision, recall, f1 = max(cautious, bold, key=lambda scores: scores[2])
    sizes = np.bincount(label, minlength=len(label))[label]
    rows_of_person = np.bincount(every.person)[every.person]
    lone = int(((sizes == 1) & (rows_of_person > 1)).sum())
    return Ceiling(precision, recall, f1, mentions=len(label), lone_mentions=lone)


def _stacked(evidences: Sequence[Evidence]) -> Evidence:
    columns = {
        name: np.concatenate([getattr(evidence, name) for evidence in evidences])
        for name in Evidence.__dataclass_fields__
    }
    return Evidence(**columns)


def _keys(every: Evidence, people: People) -> list[_Key]:
    person = every.person
    name = people.name_key[person]
    phone = people.phone[person]
    birth = people.birth_day[person]
    return [
        _key(person, person, every.number),
        _key(person, _mixed(name, phone), every.phone),
        _key(person, _mixed(name, birth + (1 << 40)), every.birth_date),
        _key(person, _mixed(name, every.room + (1 << 42)), every.room >= 0),
        _key(person, _mixed(name, every.building + (1 << 44)), every.building >= 0),
        _key(person, name, np.ones(len(person), bool)),
    ]


def _mixed(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return (left.astype(np.uint64) + np.uint64(1)) * _MIX ^ (
            right.astype(np.uint64) * (_MIX >> np.uint64(7))
        )


def _key(person: np.ndarray, value: np.ndarray, held: np.ndarray) -> _Key:
    rows = np.flatnonzero(held)
    distinct, numbered = np.unique(value[rows], return_inverse=True)
    lowest = np.full(len(distinct), np.iinfo(np.int64).max)
    highest = np.full(len(distinct), -1, np.int64)
    np.minimum.at(lowest, numbered, person[rows])
    np.maximum.at(highest, numbered, person[rows])
    return _Key(rows, numbered, lowest == highest)


def _joined(keys: list[_Key], total: int) -> np.ndarray:
    """Each row's group: the lowest row it can be joined with."""
    label = np.arange(total)
    while True:
        before = label.copy()
        for key in keys:
            telling = key.tells[key.value]
            rows, value = key.rows[telling], key.value[telling]
            lowest = np.full(len(key.tells), total)
            np.minimum.at(lowest, value, label[rows])
            label[rows] = lowest[value]
        # A row's group may itself have been taken into another: follow to the end.
        label = np.minimum(label, label[label])
        if np.array_equal(before, label):
            return label


def _with_guesses(keys: list[_Key], person: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Rows left alone join the greatest group that shares their most special untelling key."""
    sizes = np.bincount(label, minlength=len(label))
    guessed = label.copy()
    open_rows = (sizes[label] == 1) & (np.bincount(person)[person] > 1)
    for key in keys[1:]:
        asked = open_rows[key.rows]
        if not asked.any():
            continue
        best = np.zeros(len(key.tells), np.int64)
        np.maximum.at(best, key.value, sizes[label[key.rows]])
        group = np.full(len(key.tells), len(label))
        greatest = sizes[label[key.rows]] == best[key.value]
        np.minimum.at(group, key.value[greatest], label[key.rows[greatest]])
        rows, value = key.rows[asked], key.value[asked]
        better = best[value] > 1
        guessed[rows[better]] = group[value[better]]
        open_rows[rows[better]] = False
    return guessed


def _pair_scores(person: np.ndarray, label: np.ndarray) -> tuple[float, float, float]:
    both = _pairs(person.astype(np.int64) * (len(label) + 1) + label)
    precision = both / max(_pairs(label), 1)
    recall = both / max(_pairs(person), 1)
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def _pairs(group: np.ndarray) -> int:
    _, counts = np.unique(group, return_counts=True)
    return int((counts.astype(np.int64) * (counts - 1) // 2).sum())
