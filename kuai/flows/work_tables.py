"""The work database as a whole, below any model: copied while others write, counted, put back. SQLite and PostgreSQL.

SQLite goes through its online backup, PostgreSQL table by table through COPY in one snapshot: no program of its own
has to be there, and a table whose rows were lost is seen by its count. Knows tables by name, no room's meaning.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.store import read_json, write_json

SQLITE_FILE = "work.sqlite3"
TABLES_FOLDER = "work-tables"
CARD = "card.json"
BUSY_S = 30
_DJANGO_FUNCTION = re.compile(r"\bdjango_\w+(?=\()")


@dataclass(frozen=True)
class WorkCard:
    """What a work database holds: rows of every table, the ledger's head, the steps that its tables have gone."""

    engine: str
    rows: dict[str, int] = field(default_factory=dict)
    ledger_size: int = 0
    ledger_chain: str = ""
    migrations: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> WorkCard:
        """Inverse of `as_json`."""
        steps = tuple((app, name) for app, name in told["migrations"])
        return cls(**{**told, "migrations": steps})


def copy_sqlite(database: Path, target: Path) -> WorkCard:
    """A copy as of one instant, made while others write; without the pages that deleted rows have left."""
    with closing(_open_sqlite(database)) as source, closing(sqlite3.connect(target)) as copy:
        # All pages at once: in steps a busy portal would make the copy begin again and again.
        source.backup(copy)
        copy.execute("pragma journal_mode = delete")
        # Because what was erased lies on in free pages, and a backup would carry it away.
        _stand_in_for_django(copy)
        copy.execute("vacuum")
        return _card_of_sqlite(copy)


def read_sqlite_card(database: Path) -> WorkCard:
    """The card of a work database that nobody writes to; refuses one that SQLite finds damaged."""
    with closing(_open_sqlite(database)) as connection:
        said = connection.execute("pragma integrity_check").fetchone()[0]
        if said != "ok":
            raise Breakdown(f"{database.name}: SQLite finds it damaged ({said})")
        return _card_of_sqlite(connection)


def read_sqlite_migrations(database: Path) -> tuple[tuple[str, str], ...]:
    """The steps that its tables have gone; none where there are no tables yet."""
    with closing(_open_sqlite(database)) as connection:
        return _migrations_of(connection.execute, _tables_of_sqlite(connection))


def copy_postgresql(url: str, target: Path) -> WorkCard:
    """Every table as a file of COPY's text form in `target`, as of one instant, while others write."""
    target.mkdir(parents=True)
    with _snapshot(url) as connection:
        tables = _tables_of_postgresql(connection)
        rows = {table: _copy_out(connection, table, target) for table in tables}
        card = _card(connection.execute, "postgresql", rows)
        columns = {table: _columns_of(connection, table) for table in tables}
        write_json(target / CARD, {**card.as_json(), "columns": columns})
        return card


def read_postgresql_card(url: str) -> WorkCard:
    """The card of a PostgreSQL work database."""
    with _snapshot(url) as connection:
        tables = _tables_of_postgresql(connection)
        return _card(connection.execute, "postgresql", _count_rows(connection.execute, tables))


def load_postgresql(url: str, source: Path) -> None:
    """Put the tables of `copy_postgresql` into a database whose tables are there and hold nobody's rows.

    All or nothing. Refuses one in which somebody has an account, or that holds an entry of a ledger.
    """
    told = read_json(source / CARD)
    with psycopg.connect(url) as connection:
        tables = set(_tables_of_postgresql(connection))
        _require_nobodys(connection, tables)
        if missing := sorted(set(told["rows"]) - tables):
            raise Breakdown(f"tables of the backup that the database lacks: {', '.join(missing)}")
        for table in sorted(told["rows"]):
            if table != "django_migrations":
                _copy_in(connection, table, source, columns=told["columns"][table])
        for table in sorted(told["rows"]):
            _move_sequences_on(connection, table)


def is_postgresql_empty(url: str) -> bool:
    """Has nobody made tables in it yet?"""
    with _snapshot(url) as connection:
        return not _tables_of_postgresql(connection)


# --- SQLite -------------------------------------------------------------------------------------------


def _open_sqlite(database: Path) -> sqlite3.Connection:
    if not database.is_file():
        raise Refusal("work_database.none", f"没有工作库 {database}。", next_step="检查 --store。")
    return sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)


def _stand_in_for_django(connection: sqlite3.Connection) -> None:
    """Some tables' conditions call functions of Django's; the rows met them once. Null: no objection."""
    written = connection.execute("select coalesce(sql, '') from sqlite_master").fetchall()
    for name in {found for (text,) in written for found in _DJANGO_FUNCTION.findall(text)}:
        connection.create_function(name, -1, lambda *_: None, deterministic=True)


def _card_of_sqlite(connection: sqlite3.Connection) -> WorkCard:
    tables = _tables_of_sqlite(connection)
    rows = _count_rows(connection.execute, tables)
    return _card(connection.execute, "sqlite", rows)


def _tables_of_sqlite(connection: sqlite3.Connection) -> list[str]:
    found = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
    )
    return [name for (name,) in found]


# --- PostgreSQL ---------------------------------------------------------------------------------------


@contextmanager
def _snapshot(url: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        connection = psycopg.connect(url)
    except psycopg.OperationalError as cause:
        # Its own text may tell the address and the user.
        raise Breakdown("the work database does not answer; look at KUAI_DATABASE_URL") from cause
    with connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


def _tables_of_postgresql(connection: psycopg.Connection[Any]) -> list[str]:
    found = connection.execute(
        "select tablename from pg_tables where schemaname = current_schema() order by tablename"
    )
    return [name for (name,) in found]


def _columns_of(connection: psycopg.Connection[Any], table: str) -> list[str]:
    found = connection.execute(
        "select column_name from information_schema.columns"
        " where table_schema = current_schema() and table_name = %s order by ordinal_position",
        (table,),
    )
    return [name for (name,) in found]


def _copy_out(connection: psycopg.Connection[Any], table: str, target: Path) -> int:
    asked = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(table))
    with (
        connection.cursor() as cursor,
        (target / f"{table}.copy").open("wb") as stream,
    ):
        with cursor.copy(asked) as lines:
            for block in lines:
                stream.write(block)
        return cursor.rowcount


def _copy_in(
    connection: psycopg.Connection[Any], table: str, source: Path, *, columns: list[str]
) -> None:
    with connection.cursor() as cursor:
        # What making the tables wrote by itself: names of tables, purposes. The ledger's are empty and stay untouched.
        cursor.execute(sql.SQL("select 1 from {} limit 1").format(sql.Identifier(table)))
        if cursor.fetchone():
            cursor.execute(sql.SQL("delete from {}").format(sql.Identifier(table)))
        asked = sql.SQL("copy {} ({}) from stdin").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with cursor.copy(asked) as lines, (source / f"{table}.copy").open("rb") as stream:
            shutil.copyfileobj(stream, lines)


def _move_sequences_on(connection: psycopg.Connection[Any], table: str) -> None:
    """The next number a table gives itself follows the highest that came in."""
    for column in _columns_of(connection, table):
        found = connection.execute(
            "select pg_get_serial_sequence(quote_ident(%s), %s)", (table, column)
        ).fetchone()
        if found and found[0]:
            connection.execute(
                sql.SQL("select setval(%s, coalesce(max({}), 0) + 1, false) from {}").format(
                    sql.Identifier(column), sql.Identifier(table)
                ),
                (found[0],),
            )


def _require_nobodys(connection: psycopg.Connection[Any], tables: set[str]) -> None:
    for table in ("guard_account", "guard_ledgerentry"):
        asked = sql.SQL("select 1 from {} limit 1").format(sql.Identifier(table))
        if table in tables and connection.execute(asked).fetchone():
            raise Refusal(
                "restore.database_in_use",
                "KUAI_DATABASE_URL 指的数据库里已经有账号或台账，恢复不会覆盖它。",
                next_step="建一个空的数据库，把 KUAI_DATABASE_URL 指过去再恢复。",
            )


# --- both ---------------------------------------------------------------------------------------------


def _card(execute: Any, engine: str, rows: dict[str, int]) -> WorkCard:
    size, chain = 0, ""
    if "guard_ledgercheckpoint" in rows:
        head = execute(
            "select size, chain from guard_ledgercheckpoint order by size desc limit 1"
        ).fetchone()
        size, chain = head or (0, "")
    return WorkCard(engine, rows, size, chain, _migrations_of(execute, list(rows)))


def _count_rows(execute: Any, tables: list[str]) -> dict[str, int]:
    # Names come from the database's own list of its tables.
    return {table: execute(f'select count(*) from "{table}"').fetchone()[0] for table in tables}  # noqa: S608


def _migrations_of(execute: Any, tables: list[str]) -> tuple[tuple[str, str], ...]:
    if "django_migrations" not in tables:
        return ()
    found = execute("select app, name from django_migrations order by app, name").fetchall()
    return tuple((app, name) for app, name in found)
