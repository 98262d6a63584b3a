"""The weakest tie: a name so rare in this city that two clusters bearing it are one person.

How rare is read from the data: the share of the surname, of the given name under other surnames, and of its characters,
weighed against each other by what foretells the known persons' names best. What such ties would be wrong by chance is
set against how many there are; only the rarest names are used, up to a harm of the whole that is bounded. A city with
many namesakes, or with many people no register knows, goes without.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from kuai.linkage.engine.components import Edges
from kuai.linkage.engine.keys import LONE_NAME, RARE_NAME, TIER_OF
from kuai.linkage.engine.names import DOUBLE_SURNAMES
from kuai.linkage.engine.steps import columns_of, make_table, registered, row_count

# With fewer known persons the shares below say nothing.
KNOWN_PERSONS_MIN = 1000
# Expected share of wrong ties among ties of one kind and rarity: keeps the probabilities of the two keys honest.
RARE_WRONG_SHARE_MAX, WRONG_SHARE_MAX = 0.01, 0.03
# Expected wrong pairs by such ties, for each pair of all. Measured 2026-11-22 on eight demo cities:
# slips that turn one name into another and namesakes under one roof make two to four times as many as chance alone.
HARM_MAX = 0.0001
# More clusters than this under one name, and some are other people.
CLUSTERS_MAX = 8
# Names with more bearers expected than this are never rare; rarity is counted in halvings below it.
BEARERS_MAX = 0.25
RAREST = 12
# The kind of a cluster with a number; others are of the one place they are told in, or of several (0).
KNOWN = -1
# How many persons' worth the composition of a given name weighs against its count.
WEIGHTS_OF_COMPOSITION = (1e2, 1e3, 1e4, 1e5, 1e6, 1e8)


@dataclass(frozen=True)
class TieGroup:
    """Ties of one kind and rarity: how many chance alone would bring, how many there are, how many pairs of
    mentions they would make."""

    expected: float
    found: int
    weight: float

    @property
    def wrong_share(self) -> float:
        return self.expected / self.found if self.found else 1.0


def harmless_groups(groups: Sequence[TieGroup], *, pairs: float) -> list[bool]:
    """Which groups to use beside so many `pairs`: the surest first, while the wrong pairs they are expected to bring
    stay under HARM_MAX of all."""
    use = [False] * len(groups)
    harm = 0.0
    for place in sorted(range(len(groups)), key=lambda place: (groups[place].wrong_share, place)):
        group = groups[place]
        harm += group.wrong_share * group.weight
        pairs += group.weight
        if group.wrong_share > WRONG_SHARE_MAX or harm > HARM_MAX * pairs:
            break
        use[place] = True
    return use


def lone_name_edges(connection: duckdb.DuckDBPyConnection) -> Edges:
    """Ties between cluster numbers of `person_node`; none where they would be wrong too often."""
    edges = Edges.empty()
    rare = _rare_names(connection)
    if rare is not None:
        with registered(connection, rare_name=rare):
            make_table(connection, "person_lone_name")
            make_table(connection, "person_lone_pair", parameters={"clusters_max": CLUSTERS_MAX})
            edges = _tied(connection, rare)
        connection.execute("drop table person_lone_pair")
        connection.execute("drop table person_lone_name")
    return edges


def _rare_names(connection: duckdb.DuckDBPyConnection) -> pa.Table | None:
    """name, rarity and chance (that a person bears it) of the names few could share."""
    surnames = pa.table({"surname": pa.array(DOUBLE_SURNAMES, pa.string())})
    with registered(connection, double_surname=surnames):
        make_table(connection, "person_name_part")
    numbers = columns_of(
        connection,
        "select name, bearers, surname_share, given_elsewhere, elsewhere, composed_share, persons"
        " from person_name_part order by name",
    )
    connection.execute("drop table person_name_part")
    bearers = numbers["bearers"]
    persons = float(bearers.sum())
    if persons < KNOWN_PERSONS_MIN:
        return None
    chance = numbers["surname_share"] * _given_share(numbers)
    clusters = connection.execute(
        "select count(*) from person_node where cluster_no = mention_no"
    ).fetchall()[0][0]
    is_rare = chance * clusters < BEARERS_MAX
    chance *= _calibration(chance[is_rare], bearers[is_rare], persons)
    is_rare = chance * clusters < BEARERS_MAX
    if not is_rare.any():
        return None
    rarity = np.clip(np.floor(-np.log2(chance[is_rare] * clusters)), 0, RAREST).astype(np.int16)
    return pa.table(
        {
            "name": numbers["name"][is_rare],
            "rarity": rarity,
            "chance": chance[is_rare],
        }
    )


def _given_share(numbers: dict[str, np.ndarray]) -> np.ndarray:
    """The share of each given name: its count under other surnames, and its composition for so many persons' worth
    as foretells the known names best."""
    known = numbers["bearers"]

    def share(weight: float) -> np.ndarray:
        told = numbers["given_elsewhere"] + weight * numbers["composed_share"]
        return np.asarray(told / (numbers["elsewhere"] + weight))

    shares = [share(weight) for weight in WEIGHTS_OF_COMPOSITION]
    return max(shares, key=lambda told: float((known * np.log(told)).sum()))


def _calibration(chance: np.ndarray, bearers: np.ndarray, persons: float) -> float:
    """How many more namesakes there are among the known bearers of rare names than their chances say; never fewer."""
    expected = float((bearers * chance).sum()) * (persons - 1) / 2
    namesakes = float((bearers * (bearers - 1)).sum()) / 2
    return max(1.0, (namesakes + 1) / max(expected, 1e-9))


def _tied(connection: duckdb.DuckDBPyConnection, rare: pa.Table) -> Edges:
    pairs = columns_of(
        connection,
        "select left_no, right_no, left_kind, right_kind, rarity, weight from person_lone_pair"
        " order by left_no, right_no",
    )
    if not len(pairs["left_no"]):
        return Edges.empty()
    group_no, groups = _groups(connection, pairs, rare)
    told = connection.execute(
        "select sum(n * (n - 1) / 2) from (select count(*) as n from person_node group by cluster_no)"
    ).fetchall()[0][0]
    used = np.array(harmless_groups(groups, pairs=float(told or 0)), dtype=bool)[group_no]
    sure = np.array([group.wrong_share <= RARE_WRONG_SHARE_MAX for group in groups])[group_no]
    tier = np.where(sure, TIER_OF[RARE_NAME.code], TIER_OF[LONE_NAME.code]).astype(np.int16)
    left, right = pairs["left_no"].astype(np.int64), pairs["right_no"].astype(np.int64)
    return Edges(left[used], right[used], tier[used])


def _groups(
    connection: duckdb.DuckDBPyConnection, pairs: dict[str, np.ndarray], rare: pa.Table
) -> tuple[np.ndarray, list[TieGroup]]:
    """The group of each pair, and the groups: left kind, right kind, rarity."""
    keys = np.stack(
        [pairs[name].astype(int) for name in ("left_kind", "right_kind", "rarity")], axis=1
    )
    kinds, group_no = np.unique(keys, axis=0, return_inverse=True)
    group_no = group_no.reshape(-1)
    by_kind = _kinds(connection, rare)
    # Seen are the clusters with rare names; those with common ones are as many more as their rows are.
    unseen = _rows_for_each_rare_one(connection)
    found = np.bincount(group_no)
    weight = np.bincount(group_no, weights=pairs["weight"].astype(float))
    groups = []
    for place, (left, right, rarity) in enumerate(kinds.tolist()):
        clusters, chance = by_kind[left][rarity]
        others = unseen * sum(count for count, _ in by_kind[right].values())
        expected = chance * others * (0.5 if left == right else 1.0)
        if right == KNOWN:
            # Where the one known bearer is the person, a namesake would have made two bearers: only strangers count.
            expected *= 1 - min(1.0, max(0.0, (found[place] - expected) / max(clusters, 1)))
        groups.append(TieGroup(expected, int(found[place]), float(weight[place])))
    return group_no, groups


def _kinds(
    connection: duckdb.DuckDBPyConnection, rare: pa.Table
) -> dict[int, dict[int, tuple[int, float]]]:
    """kind -> rarity -> how many clusters, and the sum of their names' chances."""
    with registered(connection, rare_chance=rare):
        rows = connection.execute(
            "select l.kind, l.rarity, count(*), sum(c.chance) from person_lone_name as l"
            " inner join rare_chance as c on c.name = l.name group by l.kind, l.rarity order by l.kind, l.rarity"
        ).fetchall()
    kinds: dict[int, dict[int, tuple[int, float]]] = {}
    for kind, rarity, clusters, chance in rows:
        kinds.setdefault(int(kind), {})[int(rarity)] = (int(clusters), float(chance))
    return kinds


def _rows_for_each_rare_one(connection: duckdb.DuckDBPyConnection) -> float:
    rare_rows = connection.execute("select sum(mentions) from person_lone_name").fetchall()[0][0]
    return row_count(connection, "person_shape") / max(float(rare_rows or 0), 1.0)
