"""From clusters to what is held back: the temporary tables `cluster_suspicion` and `cluster_tie`.

Owns which observations of persons and organisations count as odd, with the measurements that chose them; the
decisions themselves are `suspicion`'s. Refuses nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from kuai.kit.engine import read_sql, rows_of
from kuai.linkage.engine import agreements
from kuai.linkage.engine.clerk_ties import ClerkWord
from kuai.linkage.engine.components import Edges, Membership, Merging, Traits
from kuai.linkage.engine.keys import PERSON_KEYS, TIER_OF, LinkKey
from kuai.linkage.engine.steps import columns_of, make_table, registered
from kuai.linkage.engine.suspicion import (
    BridgeRule,
    CarriedTraits,
    Suspicion,
    differing_traits,
    find_suspicions,
    traits_of_clusters,
)
from kuai.linkage.types import SUSPICION_KINDS

# Phones of one clustered person beyond this are an agent's or a mistake.
PERSON_PHONES_MAX = 8
# Nobody is known to live who is older (the oldest on record died at 122, the oldest alive is under 118).
OLDEST_LIVING_YEARS = 118
# More persons than this on one phone: no family. Measured 2026-11-22 on the planted demo city (4,000 rooms): with 3
# persons 2 of 9,864 clusters hang on such a phone, none wrong; with 4 none.
PHONE_PERSONS_MAX = 3
# From this key on a tie may be a bridge, if neither a phone nor a room is common to its two sides and both are known.
# Measured 2026-11-22, 4,000 rooms: with one of the two 391 of 10,549 clusters (hard) and 33 of 9,622 (planted) hung
# on one, movers all, none wrong; with both none. The stage leaves 4 and 3 wrong clusters, whose parts look like one.
WEAKEST_TRUSTED = "name_and_employer"

# Ties of one family say the same thing of two records: a room includes its building.
_FAMILIES = (
    ("clerk",),
    ("id_and_name", "id_and_name_variant", "id_only", "slip_and_name", "faulty_id_and_name"),
    ("name_and_phone",),
    ("name_room_and_birth", "name_building_and_birth", "name_and_birth"),
    ("name_and_room", "name_and_likely_room", "name_and_building"),
)
_FAMILY_OF = {code: place for place, codes in enumerate(_FAMILIES) for code in codes}


@dataclass(frozen=True)
class Watch:
    """What one kind of element is watched for. `records` reads the compared columns of mentions."""

    odd_step: str
    odd_parameters: Mapping[str, object]
    # True for the founders of clusters that the step has to look at (their rows are `suspect_row`); none: all.
    suspects: Callable[[duckdb.DuckDBPyConnection, np.ndarray], np.ndarray]
    trait_words: tuple[str, ...]
    bridges: Callable[[duckdb.DuckDBPyConnection, Edges], BridgeRule] | None
    records: Callable[[duckdb.DuckDBPyConnection, Sequence[int]], dict[int, Mapping[str, Any]]]


def hold_back(
    connection: duckdb.DuckDBPyConnection,
    membership: Membership,
    merging: Merging,
    *,
    keys: Sequence[LinkKey],
    traits: Traits,
    word: ClerkWord,
    watch: Watch,
) -> dict[str, int]:
    """Make `cluster_suspicion` and `cluster_tie` from the relation `membership`; returns clusters held by kind."""
    founder = membership.founder
    nodes = np.flatnonzero(watch.suspects(connection, founder)[founder])
    with registered(
        connection, suspect_row=pa.table({"mention_no": nodes, "founder_no": founder[nodes]})
    ):
        make_table(
            connection,
            "odd_record",
            step=watch.odd_step,
            parameters=dict(watch.odd_parameters) or None,
        )
    odd = [
        Suspicion(int(cluster), kind, int(left), None if right is None else int(right))
        for cluster, kind, left, right in connection.execute(
            "select founder_no, kind, left_no, right_no from odd_record"
        ).fetchall()
    ]
    connection.execute("drop table odd_record")
    found = find_suspicions(
        founder,
        merging,
        odd=odd,
        bridges=watch.bridges(connection, merging.kept) if watch.bridges else None,
        word=word,
    )
    ends = sorted({node for one in found for node in (one.left, one.right) if node is not None})
    records = watch.records(connection, ends)
    borders = [one for one in found if one.kind == "border"]
    carried = traits_of_clusters(
        {int(founder[end]) for one in borders for end in (one.left, one.right) if end is not None},
        founder,
        traits,
    )
    rows = {
        "founder_no": pa.array([one.founder for one in found], pa.int64()),
        "kind": pa.array([one.kind for one in found], pa.string()),
        "left_no": pa.array([one.left for one in found], pa.int64()),
        "right_no": pa.array([one.right for one in found], pa.int64()),
        "explanation": pa.array(
            [_sentence(one, founder, carried, watch.trait_words) for one in found], pa.string()
        ),
        "agreement": pa.array([_agreement(one, records) for one in found], pa.string()),
    }
    _keep(connection, "cluster_suspicion", pa.table(rows))
    held = np.unique(np.array([one.founder for one in found], np.int64))
    _keep(connection, "cluster_tie", _ties(membership, merging, keys, held))
    counted = Counter(one.kind for one in {(one.founder, one.kind): one for one in found}.values())
    return dict(sorted(counted.items()))


def _keep(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    with registered(connection, kept_rows=rows):
        connection.execute(f"create or replace temp table {name} as select * from kept_rows")


def _sentence(
    one: Suspicion, founder: np.ndarray, carried: CarriedTraits, trait_words: tuple[str, ...]
) -> str:
    if one.explanation:
        return one.explanation
    said = SUSPICION_KINDS[one.kind].explanation
    if one.kind != "border" or one.right is None:
        return said
    places = differing_traits(carried[int(founder[one.left])], carried[int(founder[one.right])])
    return said.format(differing="、".join(trait_words[place] for place in places) or "所属的组")


def _agreement(one: Suspicion, records: Mapping[int, Mapping[str, Any]]) -> str:
    if one.right is None or one.left not in records or one.right not in records:
        return ""
    left, right = records[one.left], records[one.right]
    share = left.get("name_share")
    rarity = agreements.name_rarity_bits(float(share)) if share else None
    return agreements.write_agreements(agreements.compare_records(left, right, name_rarity=rarity))


def _ties(
    membership: Membership, merging: Merging, keys: Sequence[LinkKey], held: np.ndarray
) -> pa.Table:
    """The ties by which clusters came together, and every tie, kept or not, of those held back or cut."""
    kept, founder = merging.kept, membership.founder
    is_held = np.zeros(len(founder), dtype=bool)
    is_held[held] = True
    told = membership.joins | is_held[founder[kept.left]]
    shown = [kept.where(told), merging.cut, merging.parted]
    ties = Edges.joined(shown)
    codes = pa.array([key.code for key in keys], pa.string())
    probabilities = np.array([key.probability for key in keys])
    is_kept = np.arange(len(ties)) < len(shown[0])
    tiers = pa.array(ties.tier.astype(np.int32))
    return pa.table(
        {
            "left_no": ties.left,
            "right_no": ties.right,
            "key_code": pa.DictionaryArray.from_arrays(tiers, codes),
            "match_probability": probabilities[ties.tier],
            "is_kept": is_kept,
        }
    )


# --- persons -----------------------------------------------------------------------------------------


def watch_persons(as_of: date | None) -> Watch:
    """What clusters of person mentions are watched for; the oldest living are counted from the day `as_of`."""
    oldest = date.min if as_of is None else date(as_of.year - OLDEST_LIVING_YEARS, as_of.month, 1)
    return Watch(
        odd_step="person_suspicion",
        odd_parameters={"person_phones_max": PERSON_PHONES_MAX, "oldest_birth": oldest},
        suspects=lambda connection, founder: _person_suspects(connection, founder, oldest),
        trait_words=("身份证号码", "出生日期", "性别"),
        bridges=_person_bridges,
        records=_person_records,
    )


def _person_suspects(
    connection: duckdb.DuckDBPyConnection, founder: np.ndarray, oldest: date
) -> np.ndarray:
    """Clusters that may be odd, by what one row, two dates or many rows say: one pass over the city, in integers."""
    rows = connection.execute(
        read_sql(__file__, "person_suspect"), {"oldest_birth": oldest}
    ).fetchnumpy()
    size = np.bincount(founder, minlength=len(founder))
    suspected = size > PERSON_PHONES_MAX
    cluster = founder[rows["mention_no"].astype(np.int64)]
    suspected[cluster[rows["is_odd"].astype(bool) | (size[cluster] > 1)]] = True
    dated = columns_of(
        connection,
        "select mention_no, date_diff('day', date '1970-01-01', declared_birth_date) as day from person_shape"
        " where declared_birth_date is not null",
    )
    cluster, day = founder[dated["mention_no"].astype(np.int64)], dated["day"].astype(np.int32)
    one_of = np.zeros(len(founder), dtype=np.int32)
    one_of[cluster] = day
    suspected[cluster[one_of[cluster] != day]] = True
    return suspected


def _person_bridges(connection: duckdb.DuckDBPyConnection, kept: Edges) -> BridgeRule:
    by_phone = np.flatnonzero(kept.tier == TIER_OF["name_and_phone"])
    tied = pa.table({"mention_no": np.unique(kept.left[by_phone])})
    with registered(connection, phone_tied=tied):
        crowd = connection.execute(
            read_sql(__file__, "person_phone_crowd"), {"phone_persons_max": PHONE_PERSONS_MAX}
        ).fetchnumpy()
    crowded = by_phone[np.isin(kept.left[by_phone], crowd["mention_no"].astype(np.int64))]
    family = [
        _FAMILY_OF.get(key.code, len(_FAMILIES) + tier) for tier, key in enumerate(PERSON_KEYS)
    ]

    def contrasts(nodes: Sequence[int]) -> Sequence[Mapping[int, str]]:
        records = _person_records(connection, nodes)
        return [
            {node: str(row[column]) for node, row in records.items() if row[column] is not None}
            for column in ("phone", "room_code")
        ]

    return BridgeRule(
        family=np.array(family),
        weak_from=TIER_OF[WEAKEST_TRUSTED],
        crowded=crowded,
        contrasts=contrasts,
    )


def _person_records(
    connection: duckdb.DuckDBPyConnection, nodes: Sequence[int]
) -> dict[int, Mapping[str, Any]]:
    """Compared values of these mentions, with the share of all named rows that bear the name. They stay here."""
    if not nodes:
        return {}
    wanted = pa.table({"mention_no": pa.array(nodes, pa.int64())})
    with registered(connection, wanted_mention=wanted):
        rows = rows_of(connection.execute(read_sql(__file__, "person_compared")))
    return {int(row["mention_no"]): row for row in rows}


# --- organisations -----------------------------------------------------------------------------------


def watch_organisations() -> Watch:
    """Organisations: only ties that a credit code contradicts, and clerks'."""
    return Watch(
        odd_step="organisation_suspicion",
        odd_parameters={},
        suspects=lambda connection, founder: np.zeros(len(founder), dtype=bool),  # noqa: ARG005 - none is odd by itself
        trait_words=("统一社会信用代码",),
        bridges=None,
        records=lambda connection, nodes: {},  # noqa: ARG005 - an organisation's record is compared by key alone
    )
