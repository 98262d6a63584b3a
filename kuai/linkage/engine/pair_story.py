"""Two records told: what agrees, which keys that is enough for, and what speaks against it. Says no value.

Runs the stage's own shaping over the few rows given; what only the whole city shows (how common a name is, what a
group of namesakes carries) is told as a possibility, because those rows are not here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import duckdb

from kuai.kit.engine import read_sql, rows_of
from kuai.linkage.engine.agreements import Agreement, MatchWeight, compare_records, match_weights
from kuai.linkage.engine.keys import (
    ID_AND_NAME,
    ID_AND_NAME_VARIANT,
    ID_ONLY,
    NAME_KEYS,
    SLIP_AND_NAME,
    LinkKey,
)
from kuai.linkage.engine.shaping import Tokens, shape_rows

_CONFLICTS = (
    ("id_key", "身份证号码不同"),
    ("birth_date", "出生日期不同"),
    ("sex", "性别不同"),
)


@dataclass(frozen=True)
class KeyVerdict:
    """Whether a key's values agree in the two records, and what forbids it all the same (empty: nothing here)."""

    code: str
    sentence: str
    probability: float
    refused_because: str


@dataclass(frozen=True)
class PairStory:
    """The nearest two records of two sides."""

    left: str
    right: str
    agreements: tuple[Agreement, ...]
    weights: tuple[MatchWeight, ...]
    keys: tuple[KeyVerdict, ...]


def tell_nearest(
    connection: duckdb.DuckDBPyConnection, left: Sequence[str], right: Sequence[str]
) -> PairStory:
    """Of the records of `person_row` named on each side the pair that agrees most, told."""
    shape_rows(connection, ("person_row",), tokens=Tokens())
    keys_of = dict(connection.execute("select mention_no, mention_key from person_row").fetchall())
    connection.execute(
        "create or replace temp table wanted_mention as select mention_no from person_row"
    )
    records = rows_of(connection.execute(read_sql(__file__, "person_compared")))
    by_key = {keys_of[row["mention_no"]]: row for row in records}
    best = min(
        product(sorted(left), sorted(right)),
        key=lambda pair: (-_nearness(by_key[pair[0]], by_key[pair[1]]), pair),
    )
    found = compare_records(by_key[best[0]], by_key[best[1]])
    numbers = {key: number for number, key in keys_of.items()}
    return PairStory(
        left=best[0],
        right=best[1],
        agreements=found,
        weights=match_weights(found),
        keys=_verdicts(connection, found, by_key, best, numbers),
    )


def _nearness(left: Mapping[str, Any], right: Mapping[str, Any]) -> float:
    worth = {
        "same": 2.0,
        "sounds_same": 1.0,
        "one_character": 1.0,
        "position": 1.0,
        "different": -1.0,
    }
    return sum(worth.get(one.outcome, 0.0) for one in compare_records(left, right))


def _verdicts(
    connection: duckdb.DuckDBPyConnection,
    found: Sequence[Agreement],
    by_key: Mapping[str, Mapping[str, Any]],
    pair: tuple[str, str],
    numbers: Mapping[str, int],
) -> tuple[KeyVerdict, ...]:
    said = {one.field: one.outcome for one in found}
    verdicts = []
    number_key = _number_key(said)
    if number_key is not None:
        verdicts.append(_verdict(number_key, ""))
    if said["name"] != "same":
        return tuple(verdicts)
    one, other = by_key[pair[0]], by_key[pair[1]]
    against = [
        word
        for column, word in _CONFLICTS
        if one[column] is not None and other[column] is not None and one[column] != other[column]
    ]
    phones = {one["phone"], other["phone"]} - {None}
    for key in NAME_KEYS:
        if _agree_on(connection, key, numbers[pair[0]], numbers[pair[1]]):
            forbids = [*against, *(["电话不同"] if key.one_phone and len(phones) > 1 else [])]
            verdicts.append(_verdict(key, "、".join(forbids)))
    return tuple(verdicts)


def _number_key(said: Mapping[str, str]) -> LinkKey | None:
    if said["id_number"] == "same":
        by_name = {"same": ID_AND_NAME, "unknown": ID_ONLY}
        near = ID_AND_NAME_VARIANT if said["name"] in ("sounds_same", "one_character") else None
        return by_name.get(said["name"], near)
    if said["id_number"] == "position" and said["name"] == "same":
        return SLIP_AND_NAME
    return None


def _verdict(key: LinkKey, refused_because: str) -> KeyVerdict:
    return KeyVerdict(key.code, key.reason, key.probability, refused_because)


def _agree_on(connection: duckdb.DuckDBPyConnection, key: LinkKey, left: int, right: int) -> bool:
    counted = connection.execute(
        f"select count({key.other}), count(distinct {key.other}) from person_shape"
        " where mention_no in ($left, $right)",
        {"left": left, "right": right},
    ).fetchall()[0]
    return tuple(counted) == (2, 1)
