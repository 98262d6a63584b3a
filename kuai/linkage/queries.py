"""Reads of linkage: which keys there are, how sure each is, and what it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from kuai.guard.actions import open_sealed
from kuai.guard.types import Zone
from kuai.kit.engine import engine
from kuai.kit.store import Store
from kuai.linkage.engine.agreements import (
    Agreement,
    MatchWeight,
    match_weights,
    read_agreements,
)
from kuai.linkage.engine.keys import PERSON_KEYS, LinkKey
from kuai.linkage.engine.names import writings_of_name
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
    "writings_of_name",
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
    store: Store, rows: Sequence[Mapping[str, object]], left: Sequence[str], right: Sequence[str]
) -> PairStory:
    """Of two sides (mention keys) the two records that agree most: what agrees, which keys apply, the model's weights.

    `rows` hold what the records say in clear (columns of COMPARED), with source and period; their sealed values are
    opened here, live in a session without a disk and end with it.
    """
    rows = _with_sealed(store, rows)
    shape = pa.schema([(name, pa.string()) for name in COMPARED])
    table = pa.Table.from_pylist(
        [{name: row.get(name) for name in COMPARED} for row in rows], schema=shape
    )
    with engine(memory_limit="500MB") as session, registered(session, given_row=table):
        session.execute(
            "create temp table person_row as select row_number() over (order by mention_key) - 1 as mention_no,"
            " * replace (cast(birth_date as date) as birth_date) from given_row"
        )
        return tell_nearest(session, left, right)


def _with_sealed(store: Store, rows: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    by_delivery: dict[tuple[str, str], dict[object, Mapping[str, object]]] = defaultdict(dict)
    for row in rows:
        by_delivery[str(row["source"]), str(row["period"])][row["mention_key"]] = row
    found: list[Mapping[str, object]] = []
    for (source, period), wanted in sorted(by_delivery.items()):
        columns = ["mention_key", "name", "id_number", "phone"]
        sealed = open_sealed(
            store, zone=Zone.CORE, source=source, period=period, name="identity", columns=columns
        )
        keys = pa.array(sorted(map(str, wanted)), pa.string())
        chosen = sealed.filter(pc.is_in(sealed["mention_key"], value_set=keys))
        found += [{**wanted[one["mention_key"]], **one} for one in chosen.to_pylist()]
    return found
