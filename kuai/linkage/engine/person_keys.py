"""The declared name keys: the name and one more value agree, in a group that is one person's."""

from __future__ import annotations

import duckdb

from kuai.linkage.engine.components import Edges
from kuai.linkage.engine.frozen_figures import GroupKind, freeze, note_group, take_frozen
from kuai.linkage.engine.keys import NAME_KEYS, TIER_OF, LinkKey
from kuai.linkage.engine.name_chances import make_name_chances
from kuai.linkage.engine.steps import columns_of, edges_of, make_table

# Measured on the sample: the police register repeats 1 % of its numbers, social insurance none, owners a fifth.
REGISTER_ROWS_MIN = 20
REGISTER_DISTINCT_SHARE = 0.97
# Measured 2026-11-22 on a hard demo city of 20,000 rooms: of ties in one building 2 in 10,000 were wrong where one
# bearer of the name was known at most, 70 in 10,000 where two or three were.
WEIGHT_OF_A_NAMESAKE = 16

_FIGURES = ("person_common_name", "person_name_chance", "person_register")


def name_edges(connection: duckdb.DuckDBPyConnection) -> list[Edges]:
    """Ties by the declared name keys, for groups in which at least one mention has no number."""
    if not all([take_frozen(connection, name) for name in _FIGURES]):
        _tell_figures(connection)
        freeze(connection, *_FIGURES)
    return [_key_edges(connection, key) for key in NAME_KEYS]


def _tell_figures(connection: duckdb.DuckDBPyConnection) -> None:
    make_table(connection, "person_common_name", parameters={"bearers_min": 0})
    make_name_chances(connection)
    make_table(
        connection,
        "person_register",
        parameters={"rows_min": REGISTER_ROWS_MIN, "distinct_share": REGISTER_DISTINCT_SHARE},
    )


def _key_edges(connection: duckdb.DuckDBPyConnection, key: LinkKey) -> Edges:
    has_both = f"name is not null and {key.other} is not null"
    # Because one integer is grouped faster than several values: name and value in one hash.
    group_no = f"hash(name, {key.other}) as group_no"
    phone = "case when phone > 0 then phone end" if key.one_phone else "cast(null as bigint)"
    if key.most_expected:
        _tell_crowd(connection, key.other)
    note_group(
        connection,
        GroupKind.NAME_KEY + TIER_OF[key.code],
        f"select {group_no}, mention_no from {_fair_rows(key, has_both)}",
    )
    connection.execute(
        f"create or replace temp view person_key_value as select mention_no, {group_no},"
        f" id_key, birth_date, sex, {phone} as phone, source, role from person_shape where {has_both}"
    )
    # What makes a group fair is told by its name and value alone: rows without a number speak for all of it.
    connection.execute(
        f"create or replace temp view person_live_group as select distinct {group_no}"
        f" from {_fair_rows(key, has_both + ' and id_key is null')}"
    )
    make_table(connection, "person_key_edge")
    found = columns_of(connection, "select mention_no, first_no from person_key_edge")
    for view in ("person_live_group", "person_key_value"):
        connection.execute(f"drop view {view}")
    return edges_of(found, tier=TIER_OF[key.code])


def _fair_rows(key: LinkKey, condition: str) -> str:
    """A FROM item: rows of `person_shape` under the condition whose name, and name in this place, may tie."""
    conditions = [condition]
    if key.most_bearers:
        too_common = f"select name from person_common_name where bearers > {key.most_bearers}"
        untold = " and name not in (select name from person_name_chance)"
        conditions.append(f"name not in ({too_common}{untold if key.most_expected else ''})")
    if key.among:
        conditions.append(key.among)
    rows = f"(select * from person_shape where {' and '.join(conditions)})"
    if not key.most_expected:
        return f"{rows} as fair"
    return _rows_that_few_share(key, rows)


def _tell_crowd(connection: duckdb.DuckDBPyConnection, column: str) -> None:
    """How many mentions each building, each employer holds."""
    name = f"person_crowd_{column}"
    if not take_frozen(connection, name):
        connection.execute(
            f"create or replace temp table {name} as select {column} as crowd, count(*) as mentions"
            f" from person_shape where {column} is not null group by {column}"
        )
        freeze(connection, name)


def _rows_that_few_share(key: LinkKey, rows: str) -> str:
    """Those of `rows` in whose crowd (a building, an employer) hardly another bearer of the name is to be
    expected, or of a name whose chance nobody can tell."""
    return (
        f"(select s.* from {rows} as s left join person_name_chance as c on c.name = s.name"
        f" left join person_crowd_{key.other} as b on b.crowd = s.{key.other}"
        " where c.name is null or c.chance * b.mentions * (case when c.bearers > 1 then"
        f" {WEIGHT_OF_A_NAMESAKE} else 1 end) < {key.most_expected}) as fair"
    )
