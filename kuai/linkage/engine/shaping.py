"""The shape of person rows in integers: what later steps compare is equality, and equal integers say as much.

Owns the tokens of a run. Names, phones, rooms and employers become 63-bit hashes, so that ten million rows are a
few columns of integers: two different values of 100 million share one with a probability under one in a thousand.
The spelling is kept once a name, and for the few numbers that fail their check. Tokens mean nothing outside the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import duckdb

from kuai.linkage.engine import names
from kuai.linkage.engine.frozen_figures import freeze, take_frozen
from kuai.linkage.engine.steps import make_table, row_count

# A household shares a phone; more names than this on one phone is an office, an agent or a placeholder.
PHONE_NAMES_MAX = 6
# More names on one number that fails its check than one person and a typing slip can explain.
FAULTY_NAMES_MAX = 2
# More names at one room over all sources than a crowded let with its owners and past tenants.
ROOM_NAMES_MAX = 60
# A day on which more than this share of the dated rows (and of names) was born is what offices type for none: real
# days hold one in 25,000, the heaps of a first of January one in a thousand.
BIRTH_NAMES_MIN, BIRTH_SHARE_MAX = 20, 0.003
# A name on more than this share of rows, with several phones or numbers, is a word for nobody: the commonest real
# name is borne by one in 2,000.
NAME_ROWS_MIN, NAME_SHARE_MAX, NAME_HOLDERS_MIN = 50, 0.004, 10
# So many rows are spelled out at once; the others wait in their file or are integers already.
PART_ROWS = 1_000_000

SHAPE_TABLES = (
    "person_shape",
    "person_desk",
    "person_spelling",
    "person_faulty",
    "person_shared_phone",
    "person_shared_faulty",
    "person_shared_room",
    "person_shared_birth",
    "person_shared_name",
)
# The integers of a row: type, and the text of the same name in the spelled shape if it is a token.
_TOKEN, _NUMBER, _DAY = "bigint token", "bigint", "date"
_COLUMNS = {
    "name": _TOKEN,
    "id_key": _NUMBER,
    "id_faulty": _TOKEN,
    "phone": _TOKEN,
    "birth_date": _DAY,
    "declared_birth_date": _DAY,
    "likely_birth_date": _DAY,
    "sex": "utinyint",
    "number_is_off": "boolean",
    "room_code": _TOKEN,
    "building_code": _TOKEN,
    "likely_room_code": _TOKEN,
    "organisation_name": _TOKEN,
}


@dataclass(frozen=True)
class Tokens:
    """How a text becomes an integer in one run."""

    sql: str = "hash({value})"

    def of(self, value: str) -> str:
        """The token of the SQL expression `value` as SQL; nothing has none."""
        token = f"cast({self.sql.format(value=value)} >> 1 as bigint)"
        return f"case when {value} is not null then {token} end"


def parts_of_table(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """The relation `person_row` as FROM items small enough to be spelled out at once."""
    for begin in range(0, row_count(connection, "person_row"), PART_ROWS):
        within = f"mention_no >= {begin} and mention_no < {begin + PART_ROWS}"
        yield f"(select * from person_row where {within})"


def shape_rows(
    connection: duckdb.DuckDBPyConnection, parts: Iterable[str], *, tokens: Tokens
) -> dict[str, int]:
    """From the rows in `parts` the tables `person_shape` (integers), `person_desk` (source and role of their
    numbers), `person_spelling` (names as folded) and `person_faulty` (numbers that fail their check); over-shared
    values are taken out. Returns how many of each kind there were.
    """
    _make_empty(connection)
    for part in parts:
        connection.execute(f"create or replace temp view person_row_part as select * from {part}")
        _shape_part(connection, tokens)
    connection.execute("drop view if exists person_row_part")
    freeze(connection, "person_desk")
    for table, column in (("person_spelling", "spelling"), ("person_faulty", "written")):
        connection.execute(
            f"create or replace temp table {table} as select distinct * from {table} order by {column}"
        )
    return _take_shared_out(connection)


def _make_empty(connection: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(f"{name} {kind.split()[0]}" for name, kind in _COLUMNS.items())
    for table, shape in (
        (
            "person_shape",
            f"mention_no integer, source usmallint, role usmallint, surname usmallint, {columns}",
        ),
        ("person_desk", "source varchar, role varchar, source_no usmallint, role_no usmallint"),
        ("person_spelling", "name bigint, spelling varchar, surname varchar, rest varchar"),
        ("person_faulty", "id_faulty bigint, written varchar"),
    ):
        if table != "person_desk" or not take_frozen(connection, table):
            connection.execute(f"create or replace temp table {table} ({shape})")


def _shape_part(connection: duckdb.DuckDBPyConnection, tokens: Tokens) -> None:
    make_table(
        connection,
        "person_spelled",
        step="person_shape",
        parameters={
            "traditional": names.TRADITIONAL,
            "traditional_class": f"[{names.TRADITIONAL}]",
            "simplified": names.SIMPLIFIED,
            "placeholder_name": names.PLACEHOLDER_NAME,
        },
    )
    _number_desks(connection)
    columns = ", ".join(_valued(name, kind, tokens) for name, kind in _COLUMNS.items())
    connection.execute(
        # Of the surname a few bits: enough to leave most pairs of strangers out.
        "insert into person_shape select cast(s.mention_no as integer), d.source_no, d.role_no,"
        f" cast(hash(substr(s.name, 1, 1)) >> 48 as usmallint), {columns}"
        " from person_spelled as s inner join person_desk as d"
        " on d.source is not distinct from s.source and d.role is not distinct from s.role"
    )
    connection.execute(
        f"insert into person_spelling select {tokens.of('name')}, name, substr(name, 1, 1), substr(name, 2, 2)"
        " from (select distinct name from person_spelled where name is not null)"
    )
    connection.execute(
        f"insert into person_faulty select {tokens.of('id_faulty')}, id_faulty"
        " from (select distinct id_faulty from person_spelled where id_faulty is not null)"
    )
    connection.execute("drop table person_spelled")


def _valued(name: str, kind: str, tokens: Tokens) -> str:
    """The SQL value of a column of `person_shape`."""
    if kind != _TOKEN:
        return f"cast(s.{name} as {kind})"
    token = tokens.of(f"s.{name}")
    # Below zero are fixed lines: beside a mobile phone they are no second person's.
    fixed = "case when starts_with(s.phone, '0') then -1 else 1 end"
    return f"{token} * ({fixed})" if name == "phone" else token


def _number_desks(connection: duckdb.DuckDBPyConnection) -> None:
    """Sources and roles as they come; a source keeps its number whatever its roles."""
    for column in ("source", "role"):
        connection.execute(
            f"create or replace temp table person_{column} as"
            f" select {column}, row_number() over (order by min({column}_no) nulls last, {column} nulls first)"
            f" as {column}_no from (select {column}, {column}_no from person_desk"
            f" union all select distinct {column}, cast(null as usmallint) from person_spelled) group by {column}"
        )
    connection.execute(
        "create or replace temp table person_desk as select d.source, d.role, cast(s.source_no as usmallint) as"
        " source_no, cast(r.role_no as usmallint) as role_no from (select source, role from person_desk union"
        " select distinct source, role from person_spelled) as d"
        " inner join person_source as s on s.source is not distinct from d.source"
        " inner join person_role as r on r.role is not distinct from d.role"
    )
    connection.execute("drop table person_source")
    connection.execute("drop table person_role")


def _tell(connection: duckdb.DuckDBPyConnection, table: str, limits: dict[str, object]) -> None:
    if not take_frozen(connection, table):
        make_table(connection, table, parameters=limits)
        freeze(connection, table)


def _take_shared_out(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    _tell(connection, "person_shared_phone", {"phone_names_max": PHONE_NAMES_MAX})
    _tell(connection, "person_shared_faulty", {"names_max": FAULTY_NAMES_MAX})
    _tell(connection, "person_shared_room", {"room_names_max": ROOM_NAMES_MAX})
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
        "birth_dates": _take_birth_dates_out(connection),
        "names": _take_names_out(connection),
    }


def _take_birth_dates_out(connection: duckdb.DuckDBPyConnection) -> int:
    limits: dict[str, object] = {"names_min": BIRTH_NAMES_MIN, "share_max": BIRTH_SHARE_MAX}
    _tell(connection, "person_shared_birth", limits)
    found = row_count(connection, "person_shared_birth")
    if found:
        # What a valid number says stands; only the date beside it goes.
        own = "case when id_key is null and {0} = declared_birth_date then null else {0} end"
        connection.execute(
            f"update person_shape set birth_date = {own.format('birth_date')},"
            f" likely_birth_date = {own.format('likely_birth_date')}, declared_birth_date = null"
            " where declared_birth_date in (select birth_date from person_shared_birth)"
        )
    return found


def _take_names_out(connection: duckdb.DuckDBPyConnection) -> int:
    limits: dict[str, object] = {
        "rows_min": NAME_ROWS_MIN,
        "share_max": NAME_SHARE_MAX,
        "holders_min": NAME_HOLDERS_MIN,
    }
    _tell(connection, "person_shared_name", limits)
    found = row_count(connection, "person_shared_name")
    if found:
        connection.execute(
            "update person_shape set name = null where name in (select name from person_shared_name)"
        )
    return found
