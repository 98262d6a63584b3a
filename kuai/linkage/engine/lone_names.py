"""The weakest tie: a name so rare in this city that two clusters bearing it are one person.

How rare is read from the data (name_chances). What such ties would be wrong by chance is
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
from kuai.linkage.engine.steps import columns_of, make_table, registered, row_count

# Expected share of wrong ties among ties of one kind and rarity: keeps the probabilities of the two keys honest.
RARE_WRONG_SHARE_MAX, WRONG_SHARE_MAX = 0.01, 0.03
# Expected wrong pairs by such ties, for each pair of all, times the square of the share of rows with a number: two
# numbers under one tie would show that it is wrong, so fewer of them are safe where fewer would show. Measured
# 2026-11-22 on eleven demo cities: slips that turn one name into another and clusters of many rows make two to four
# times as many wrong pairs as expected, and with this limit precision stays over .999.
HARM_MAX = 0.00035
# More clusters than this under one name, and some are other people.
CLUSTERS_MAX = 8
# Names with more bearers expected than this are never rare; rarity is counted in halvings below it.
BEARERS_MAX = 1.0
SELDOM_MET = 2
RAREST = 12
# The kind of a cluster with a number; others are of the one place they are told in, or of several (0, 1).
KNOWN = -1


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


def harmless_groups(
    groups: Sequence[TieGroup], *, pairs: float, harm_max: float = HARM_MAX
) -> list[bool]:
    """Which groups to use beside so many `pairs`: the surest first, while the wrong pairs they are expected to bring
    stay under `harm_max` of all."""
    use = [False] * len(groups)
    harm = 0.0
    for place in sorted(range(len(groups)), key=lambda place: (groups[place].wrong_share, place)):
        group = groups[place]
        harm += group.wrong_share * group.weight
        pairs += group.weight
        if group.wrong_share > WRONG_SHARE_MAX or harm > harm_max * pairs:
            break
        use[place] = True
    return use


def lone_name_edges(connection: duckdb.DuckDBPyConnection, labels: np.ndarray) -> Edges:
    """Ties between cluster numbers of `person_node` (`labels`); none where they would be wrong too often."""
    edges = Edges.empty()
    sizes = np.bincount(labels)
    rare = _rare_names(connection, int((sizes > 0).sum()))
    if rare is not None:
        with registered(connection, rare_name=rare):
            make_table(connection, "person_lone_name")
            make_table(connection, "person_lone_pair", parameters={"clusters_max": CLUSTERS_MAX})
            edges = _tied(connection, rare, float((sizes * (sizes - 1) // 2).sum()))
        connection.execute("drop table person_lone_pair")
        connection.execute("drop table person_lone_name")
    return edges


def _rare_names(connection: duckdb.DuckDBPyConnection, clusters: int) -> pa.Table | None:
    """name, rarity and chance (that a person bears it) of the names few could share."""
    numbers = columns_of(
        connection, "select name, bearers, chance from person_name_chance order by name"
    )
    if not len(numbers["name"]):
        return None
    bearers, chance = numbers["bearers"], numbers["chance"]
    is_rare = chance * clusters < BEARERS_MAX
    chance = chance * _calibration(chance[is_rare], bearers[is_rare], float(bearers.sum()))
    is_rare = chance * clusters < BEARERS_MAX
    if not is_rare.any():
        return None
    rarity = np.clip(np.floor(-np.log2(chance[is_rare] * clusters)), 0, RAREST).astype(np.int16)
    return pa.table({"name": numbers["name"][is_rare], "rarity": rarity, "chance": chance[is_rare]})


def _calibration(chance: np.ndarray, bearers: np.ndarray, persons: float) -> float:
    """How many more namesakes there are among the known bearers of rare names than their chances say; never fewer."""
    expected = float((bearers * chance).sum()) * (persons - 1) / 2
    namesakes = float((bearers * (bearers - 1)).sum()) / 2
    return max(1.0, (namesakes + 1) / max(expected, 1e-9))


def _tied(connection: duckdb.DuckDBPyConnection, rare: pa.Table, pairs_before: float) -> Edges:
    """`pairs_before`: how many pairs of mentions the clusters make already."""
    pairs = columns_of(
        connection,
        "select left_no, right_no, left_kind, right_kind, rarity, weight from person_lone_pair"
        " order by left_no, right_no",
    )
    if not len(pairs["left_no"]):
        return Edges.empty()
    group_no, groups = _groups(connection, pairs, rare)
    numbered = connection.execute("select count(id_key) / count(*) from person_shape")
    harm_max = HARM_MAX * float(numbered.fetchall()[0][0] or 0) ** 2
    chosen = harmless_groups(groups, pairs=pairs_before, harm_max=harm_max)
    used = np.array(chosen, dtype=bool)[group_no]
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
    known = unseen * sum(one.clusters for one in by_kind.get(KNOWN, {}).values())
    found = np.bincount(group_no)
    weight = np.bincount(group_no, weights=pairs["weight"].astype(float))
    groups = []
    for place, (left, right, rarity) in enumerate(kinds.tolist()):
        others = unseen * sum(one.clusters for one in by_kind[right].values())
        expected = by_kind[left][rarity].chance * others * (0.5 if left == right else 1.0)
        if right == KNOWN:
            expected *= _stranger_share(by_kind[left], known=known)
        groups.append(TieGroup(expected, int(found[place]), float(weight[place])))
    return group_no, groups


@dataclass(frozen=True)
class _Bearers:
    """Clusters of one kind and rarity: how many, the sum of their names' chances, and how many of them share the name
    with a cluster that has a number."""

    clusters: int
    chance: float
    met: int


def _stranger_share(by_rarity: dict[int, _Bearers], *, known: float) -> float:
    """Of the clusters of one kind, the share whose person is not among the known ones.

    Only these can meet a namesake: one beside the person's own cluster would make two bearers and no tie. Read from
    names that chance seldom meets.
    """
    rare = [one for rarity, one in by_rarity.items() if rarity >= SELDOM_MET]
    clusters = max(sum(one.clusters for one in rare), 1)
    by_chance = min(sum(one.chance for one in rare) * known / clusters, 0.99)
    met = sum(one.met for one in rare) / clusters
    return min(1.0, max(0.0, (1 - met) / (1 - by_chance)))


def _kinds(connection: duckdb.DuckDBPyConnection, rare: pa.Table) -> dict[int, dict[int, _Bearers]]:
    """kind -> rarity -> the clusters that bear such names."""
    with registered(connection, rare_chance=rare):
        rows = connection.execute(
            # In decimals, because a sum of fractions on several threads is not the same twice.
            "select l.kind, l.rarity, count(*), sum(cast(c.chance as decimal(18, 15))), count(k.name)"
            " from person_lone_name as l"
            " inner join rare_chance as c on c.name = l.name left join"
            f" (select name from person_lone_name where kind = {KNOWN} group by name) as k on k.name = l.name"
            " group by l.kind, l.rarity order by l.kind, l.rarity"
        ).fetchall()
    kinds: dict[int, dict[int, _Bearers]] = {}
    for kind, rarity, clusters, chance, met in rows:
        kinds.setdefault(int(kind), {})[int(rarity)] = _Bearers(
            int(clusters), float(chance), int(met)
        )
    return kinds


def _rows_for_each_rare_one(connection: duckdb.DuckDBPyConnection) -> float:
    rare_rows = connection.execute("select sum(mentions) from person_lone_name").fetchall()[0][0]
    return row_count(connection, "person_shape") / max(float(rare_rows or 0), 1.0)
