"""Reads of linkage: which keys there are, how sure each is, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from kuai.kit.engine import engine
from kuai.linkage.engine.agreements import (
    Agreement,
    MatchWeight,
    match_weights,
    read_agreements,
)
from kuai.linkage.engine.keys import PERSON_KEYS, LinkKey
from kuai.linkage.engine.organisations import ORGANISATION_KEYS
from kuai.linkage.engine.pair_story import KeyVerdict, PairStory, tell_nearest
from kuai.linkage.engine.steps import registered

__all__ = [
    "Agreement",
    "KeyVerdict",
    "MatchWeight",
    "PairStory",
    "compare_records_of",
    "list_organisation_keys",
    "list_person_keys",
    "match_weights",
    "read_agreements",
]

COMPARED = (
    "mention_key",
    "source",
    "role",
    "name",
    "id_number",
    "birth_date",
    "sex",
    "phone",
    "room_code",
    "building_code",
    "likely_room_code",
    "organisation_name",
)


def list_person_keys() -> tuple[LinkKey, ...]:
    """Every reason to hold two person mentions for one, strongest first."""
    return PERSON_KEYS


def list_organisation_keys() -> tuple[LinkKey, ...]:
    """Every reason to hold two organisation mentions for one, strongest first."""
    return ORGANISATION_KEYS


def compare_records_of(
    rows: Sequence[Mapping[str, object]], left: Sequence[str], right: Sequence[str]
) -> PairStory:
    """Of two sides (mention keys) the two records that agree most: what agrees, which keys apply, the model's weights.

    `rows` hold what the records say (columns of COMPARED); they live in a session without a disk and end with it.
    """
    shape = pa.schema([(name, pa.string()) for name in COMPARED])
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=shape)
    with engine(memory_limit="500MB") as session, registered(session, given_row=table):
        session.execute(
            "create temp table person_row as select row_number() over (order by mention_key) - 1 as mention_no,"
            " * replace (cast(birth_date as date) as birth_date) from given_row"
        )
        return tell_nearest(session, left, right)
