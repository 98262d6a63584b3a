"""The weakest tie: a name that one known person bears in all the data. Used only where the data itself says
how seldom that would be wrong; a city with many namesakes, or with many people no register knows, goes without.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from kuai.linkage.engine.components import Edges
from kuai.linkage.engine.keys import LONE_NAME, TIER_OF
from kuai.linkage.engine.steps import columns_of, edges_of, make_table, row_count

# With fewer known persons the shares below say nothing.
KNOWN_PERSONS_MIN = 1000
# Expected share of wrong ties among these ties: keeps the probability of the key (.96) honest.
WRONG_SHARE_MAX = 0.03
# Expected wrong ties of this kind a mention. Measured 2026-11-22: sample 1.5 in 10,000 expected, precision .99995
# with and 1.0 without, recall .991 instead of .972; the demo city's hard profile would be 9 in 10,000 (precision
# .998) and goes without, as any city with a million people does.
HARM_MAX = 0.0002


@dataclass(frozen=True)
class NameChances:
    """Counts of one run: clusters without a number (`floating`), those whose name has one known bearer
    (`matched`), known persons, those of them with a namesake, and among known persons seen in one row only
    (`rare`) those with exactly one namesake (`rare_doubled`): people a register may as well have missed."""

    floating: int
    matched: int
    known: int
    known_with_namesake: int
    rare: int
    rare_doubled: int


def expected_wrong_share(chances: NameChances) -> float:
    """Among lone-name ties, the share that is wrong.

    A floating cluster of somebody known matches unless a namesake hides it; one of a stranger matches with the
    chance that a person's name has exactly one other bearer. The share of strangers follows from how many match.
    """
    if chances.known < KNOWN_PERSONS_MIN or not (
        chances.floating and chances.matched and chances.rare
    ):
        return 1.0
    by_chance = chances.rare_doubled / chances.rare
    if_known = 1 - chances.known_with_namesake / chances.known
    matched = chances.matched / chances.floating
    if if_known <= by_chance:
        return 1.0
    of_known = min(1.0, max(0.0, (matched - by_chance) / (if_known - by_chance)))
    return (1 - of_known) * by_chance / matched


def is_worth_its_harm(chances: NameChances, *, mentions: int) -> bool:
    """Both limits hold: of these ties few are wrong, and of all mentions very few get a wrong tie."""
    wrong_share = expected_wrong_share(chances)
    return wrong_share <= WRONG_SHARE_MAX and wrong_share * chances.matched <= HARM_MAX * mentions


def lone_name_edges(connection: duckdb.DuckDBPyConnection) -> Edges:
    """Ties between cluster numbers of `person_node`; none where they would be wrong too often."""
    make_table(connection, "person_lone_name")
    counted = connection.execute(
        "select count(*) filter (where anchored = 0), count(*) filter (where anchored = 0 and bearers = 1),"
        " count(*) filter (where anchored = 1), count(*) filter (where anchored = 1 and bearers > 1),"
        " count(*) filter (where anchored = 1 and mentions = 1),"
        " count(*) filter (where anchored = 1 and mentions = 1 and bearers = 2) from person_lone_name"
    ).fetchall()[0]
    chances = NameChances(*(int(value) for value in counted))
    edges = Edges.empty()
    if is_worth_its_harm(chances, mentions=row_count(connection, "person_shape")):
        make_table(connection, "person_lone_name_edge")
        found = columns_of(connection, "select mention_no, first_no from person_lone_name_edge")
        edges = edges_of(found, tier=TIER_OF[LONE_NAME.code])
    connection.execute("drop table if exists person_lone_name_edge")
    connection.execute("drop table person_lone_name")
    return edges
