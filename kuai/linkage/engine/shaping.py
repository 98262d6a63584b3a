"""The shape of person rows in integers: what later steps compare is equality, and equal integers say as much.

Owns the tokens of a run. Names, phones, rooms and employers become 63-bit hashes, so that ten million rows are a
few columns of integers: two different values of 100 million share one with a probability under one in a thousand.
The spelling is kept once a name, and for the few numbers that fail their check. Tokens mean nothing outside the run.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from kuai.kit.engine import read_sql
from kuai.linkage.engine import names
from kuai.linkage.engine.steps import make_table, row_count

# A household shares a phone; more names than this on one phone is an office, an agent or a placeholder.
PHONE_NAMES_MAX = 6
# More names on one number that fails its check than one person and a typing slip can explain.
FAULTY_NAMES_MAX = 2
# More names at one room over all sources than a crowded let with its owners and past tenants.
ROOM_NAMES_MAX = 60

_HASHED = (
    "name",
    "id_faulty",
    "phone",
    "room_code",
    "building_code",
    "likely_room_code",
    "organisation_name",
)
_KEPT = (
    "id_key",
    "birth_date",
    "declared_birth_date",
    "likely_birth_date",
    "number_is_off",
)
SHAPE_TABLES = (
    "person_shape",
    "person_desk",
    "person_spelling",
    "person_faulty",
    "person_shared_phone",
    "person_shared_faulty",
    "person_shared_room",
)


@dataclass(frozen=True)
class Tokens:
    """How a text becomes an integer in one run."""

    sql: str = "hash({value})"

    def of(self, value: str) -> str:
        """The token of the SQL expression `value` as SQL; nothing has none."""
        token = f"cast({self.sql.format(value=value)} >> 1 as bigint)"
        return f"case when {value} is not null then {token} end"


def shape_rows(connection: duckdb.DuckDBPyConnection, *, tokens: Tokens) -> dict[str, int]:
    """From `person_row` the tables `person_shape` (integers), `person_desk` (source and role of their numbers),
    `person_spelling` (names as folded) and `person_faulty` (numbers that fail their check); over-shared values are
    taken out. Returns how many of each kind there were.
    """
    connection.execute(
        "create or replace temp table person_desk as select source, role,"
        " cast(dense_rank() over (order by source nulls first) as usmallint) as source_no,"
        " cast(dense_rank() over (order by role nulls first) as usmallint) as role_no"
        " from (select distinct source, role from person_row)"
    )
    sql = read_sql(__file__, "person_shape")
    fold = {
        "traditional": names.TRADITIONAL,
        "traditional_class": f"[{names.TRADITIONAL}]",
        "simplified": names.SIMPLIFIED,
        "placeholder_name": names.PLACEHOLDER_NAME,
    }
    hashed = ", ".join(f"{tokens.of('s.' + name)} as {name}" for name in _HASHED)
    kept = ", ".join(f"s.{name}" for name in _KEPT)
    connection.execute(
        "create or replace temp table person_shape as"
        " select cast(s.mention_no as integer) as mention_no, d.source_no as source, d.role_no as role,"
        f" {hashed}, {kept}, cast(s.sex as utinyint) as sex from ({sql}) as s inner join person_desk as d"
        " on d.source is not distinct from s.source and d.role is not distinct from s.role",
        fold,
    )
    connection.execute(
        f"create or replace temp table person_spelling as select {tokens.of('spelling')} as name, spelling,"
        " substr(spelling, 1, 1) as surname, substr(spelling, 2, 2) as rest"
        f" from (select distinct name as spelling from ({sql})) where spelling is not null",
        fold,
    )
    connection.execute(
        f"create or replace temp table person_faulty as select {tokens.of('id_faulty')} as id_faulty, id_faulty as"
        f" written from (select distinct id_faulty from ({sql})) where id_faulty is not null",
        fold,
    )
    return _take_shared_out(connection)


def _take_shared_out(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    make_table(connection, "person_shared_phone", parameters={"phone_names_max": PHONE_NAMES_MAX})
    make_table(connection, "person_shared_faulty", parameters={"names_max": FAULTY_NAMES_MAX})
    make_table(connection, "person_shared_room", parameters={"room_names_max": ROOM_NAMES_MAX})
    for column, table in (
        ("phone", "person_shared_phone"),
        ("id_faulty", "person_shared_faulty"),
        ("room_code", "person_shared_room"),
    ):
        connection.execute(
            f"update person_shape set {column} = null where {column} in (select {column} from {table})"
        )
    return {
        "phones": row_count(connection, "person_shared_phone"),
        "faulty_numbers": row_count(connection, "person_shared_faulty"),
        "rooms": row_count(connection, "person_shared_room"),
    }
