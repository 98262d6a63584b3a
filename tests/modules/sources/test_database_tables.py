"""A database's table is read once, whole and read-only; its URL is told to nobody.

On SQLite, and on PostgreSQL where a run has one.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.exc import OperationalError

from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.sources import database_tables
from kuai.sources.database_tables import (
    URL_VARIABLE,
    DatabaseTable,
    _open,
    _promise_to_read_only,
    exported_rows,
    find_database_url,
)

PASSWORD = "geheim-2026"
TABLE = (
    "create table jmxx (id integer primary key, xm varchar(20), sfz varchar(18), dz varchar(80), mj numeric(8,2),"
    " djrq date, zp {bytes})"
)
VIEW = "create view jmxx_st as select id, xm, dz from jmxx"
INSERT = "insert into jmxx values ({id}, '张三{id}', '440380199001011239', '一路{id}号', 12.50, '2021-05-01', null)"


def fill(run: Callable[[str], object], *, bytes_type: str) -> None:
    run(TABLE.format(bytes=bytes_type))
    run(VIEW)
    for number in (3, 1, 2):
        run(INSERT.format(id=number))


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    path = tmp_path / "office.db"
    with sqlite3.connect(path) as connection:
        fill(connection.execute, bytes_type="blob")
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url() -> Iterator[str]:
    cluster = os.environ.get("KUAI_DATABASE_URL", "")
    if not cluster:
        pytest.skip("no PostgreSQL in this run (make test-postgres has one)")
    name = f"office_{secrets.token_hex(4)}"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    url = urlunsplit(urlsplit(cluster)._replace(path=f"/{name}"))
    with psycopg.connect(url, autocommit=True) as connection:
        fill(connection.execute, bytes_type="bytea")
    yield url
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def rows_of(store: Store, wanted: DatabaseTable) -> list[dict[str, object]]:
    with exported_rows(store, wanted) as (path, _):
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_table_comes_in_order_of_its_key_and_leaves_bytes_out(store: Store, url: str) -> None:
    with exported_rows(store, DatabaseTable("jmxx", url)) as (path, left_out):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert left_out == ["zp"]
    assert [row["id"] for row in rows] == [1, 2, 3]
    assert rows[0] | {"mj": "12.50"} == {
        "id": 1, "xm": "张三1", "sfz": "440380199001011239", "dz": "一路1号", "mj": "12.50", "djrq": "2021-05-01",
    }  # fmt: skip
    assert not path.exists()
    assert list(store.scratch.iterdir()) == []


def test_a_view_is_a_table(store: Store, url: str) -> None:
    assert {tuple(row) for row in rows_of(store, DatabaseTable("jmxx_st", url))} == {
        ("id", "xm", "dz")
    }


@pytest.mark.parametrize(
    "table", ["jmxx; drop table jmxx", "(select 1)", "nothing", "", "jmxx where 1=1"]
)
def test_only_the_name_of_a_table_is_taken(store: Store, url: str, table: str) -> None:
    with pytest.raises(Refusal) as refused:
        rows_of(store, DatabaseTable(table, url))
    assert refused.value.code == "database.no_table"
    assert len(rows_of(store, DatabaseTable("jmxx", url))) == 3


def test_a_longer_table_than_asked_for_is_refused_and_not_cut(store: Store, url: str) -> None:
    with pytest.raises(Refusal, match="超过 2 行"):
        rows_of(store, DatabaseTable("jmxx", url, most_rows=2))
    assert list(store.scratch.iterdir()) == []
    assert len(rows_of(store, DatabaseTable("jmxx", url, most_rows=3))) == 3


def test_nothing_can_be_written_there(url: str) -> None:
    engine = _open(url)
    with engine.connect() as connection:
        _promise_to_read_only(connection)
        with pytest.raises((OperationalError, Exception), match="read.?only"):
            connection.exec_driver_sql("delete from jmxx")
    engine.dispose()


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://steward:{PASSWORD}@127.0.0.1:1/office",
        f"nonsense://steward:{PASSWORD}@db.example/office",
        f"steward:{PASSWORD}",
        f"oracle://steward:{PASSWORD}@db.example/office",
        f"sqlite:////nowhere/{PASSWORD}.db",
    ],
)
def test_what_goes_wrong_tells_neither_password_nor_host(store: Store, url: str) -> None:
    wanted = DatabaseTable("jmxx", url)
    with pytest.raises(Refusal) as refused:
        rows_of(store, wanted)
    told = f"{refused.value} {refused.value.sentence} {refused.value.next_step} {wanted!r}"
    assert refused.value.__cause__ is None
    assert refused.value.__context__ is None
    assert PASSWORD not in told
    assert "db.example" not in told


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("42501", "没有读这张表的权限"),
        ("28P01", "口令不对"),
        ("22021", "读不出来的值"),
        ("'张三'", "没有答复"),
    ],
)
def test_what_a_database_answers_is_told_in_words_and_by_its_state_alone(
    store: Store, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, state: str, words: str
) -> None:
    class DriverError(Exception):
        sqlstate = state

    def fail(*_: object) -> list[str]:
        raise OperationalError("select 张三", {}, DriverError(f"value 张三 {PASSWORD}"))

    monkeypatch.setattr(database_tables, "_write_rows", fail)
    with pytest.raises(Refusal, match=words) as refused:
        rows_of(store, DatabaseTable("jmxx", sqlite_url))
    assert (f"SQLSTATE {state}" in refused.value.sentence) == state.isalnum()
    assert "张三" not in str(refused.value)
    assert PASSWORD not in str(refused.value)


def test_columns_that_have_no_order_are_not_ordered_by(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table odd (form json, xm varchar(20))")
        connection.execute("insert into odd values ('[2]', 'b'), ('[1]', 'c')")
        connection.execute("create table plain (form json)")
        connection.execute("insert into plain values ('[2]')")
    url = f"sqlite:///{path}"
    engine = _open(url)
    with engine.connect() as connection:
        for table, order in (("odd", ["xm"]), ("plain", [])):
            wanted = DatabaseTable(table, url)
            assert database_tables._columns_of(connection, wanted)[2] == order
    engine.dispose()
    assert [row["xm"] for row in rows_of(store, DatabaseTable("odd", url))] == ["b", "c"]
    assert len(rows_of(store, DatabaseTable("plain", url))) == 1


def test_rows_lie_in_a_file_without_a_name_while_they_are_read(
    store: Store, sqlite_url: str
) -> None:
    with exported_rows(store, DatabaseTable("jmxx", sqlite_url)) as (path, _):
        assert path.stat().st_size
        assert path.stat().st_nlink == 0
        assert [
            one for one in store.scratch.rglob("*") if one.is_file() and not one.is_symlink()
        ] == []
    assert list(store.scratch.iterdir()) == []


def test_rows_that_a_kill_left_behind_go_with_the_next_reading(
    store: Store, sqlite_url: str
) -> None:
    left = store.scratch / "receive-999999999-00ff"
    left.mkdir(parents=True)
    (left / "jmxx.jsonl").write_text("{}", encoding="utf-8")
    rows_of(store, DatabaseTable("jmxx", sqlite_url))
    assert not left.exists()


def test_the_url_comes_from_the_environment_or_a_closed_file(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refusal, match="没有来源"):
        find_database_url(store, "street-ledger")
    secret = store.keys / "databases" / "street-ledger.url"
    secret.parent.mkdir(parents=True)
    secret.write_text("sqlite:///one.db\n", encoding="utf-8")
    secret.chmod(0o644)
    with pytest.raises(Refusal, match="别人也能读"):
        find_database_url(store, "street-ledger")
    secret.chmod(0o600)
    assert find_database_url(store, "street-ledger") == "sqlite:///one.db"
    monkeypatch.setenv(URL_VARIABLE + "STREET_LEDGER", "sqlite:///two.db")
    assert find_database_url(store, "street-ledger") == "sqlite:///two.db"
