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
    connection.execute(
        "create or replace temp table person_shape as select s.*, r.source as register_source from person_shape as s"
        " left join person_register as r on r.source = s.source and r.role = s.role"
    )
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
    conditions = ["name is not null", f"{key.other} is not null"]
    if key.most_bearers:
        too_common = f"select name from person_common_name where bearers > {key.most_bearers}"
        untold = " and name not in (select name from person_name_chance)"
        conditions.append(f"name not in ({too_common}{untold if key.most_expected else ''})")
    if key.among:
        conditions.append(key.among)
    rows = "person_shape"
    if key.most_expected:
        _tell_crowd(connection, key.other)
        rows = _rows_that_few_share(key)
    phone = "case when phone > 0 then phone end" if key.one_phone else "cast(null as bigint)"
    # Because one integer is grouped faster than two values: name and value, or the value's text, in one hash.
    connection.execute(
        "create or replace temp view person_key_value as select mention_no,"
        f" hash(name, {key.other}) as group_no,"
        f" id_key, birth_date, sex, {phone} as phone, register_source from {rows}"
        f" where {' and '.join(conditions)}"
    )
    note_group(
        connection,
        GroupKind.NAME_KEY + TIER_OF[key.code],
        "select group_no, mention_no from person_key_value",
    )
    make_table(connection, "person_key_edge")
    found = columns_of(connection, "select mention_no, first_no from person_key_edge")
    connection.execute("drop view person_key_value")
    return edges_of(found, tier=TIER_OF[key.code])


def _tell_crowd(connection: duckdb.DuckDBPyConnection, column: str) -> None:
    """How many mentions each building, each employer holds."""
    name = f"person_crowd_{column}"
    if not take_frozen(connection, name):
        connection.execute(
            f"create or replace temp table {name} as select {column} as crowd, count(*) as mentions"
            f" from person_shape where {column} is not null group by {column}"
        )
        freeze(connection, name)


def _rows_that_few_share(key: LinkKey) -> str:
    """Rows of `person_shape` in whose crowd (a building, an employer) hardly another bearer of the name is to be
    expected, or of a name whose chance nobody can tell."""
    return (
        "(select s.* from person_shape as s left join person_name_chance as c on c.name = s.name"
        f" left join person_crowd_{key.other} as b on b.crowd = s.{key.other}"
        " where c.name is null or c.chance * b.mentions * (case when c.bearers > 1 then"
        f" {WEIGHT_OF_A_NAMESAKE} else 1 end) < {key.most_expected}) as fair"
    )
