"""The command with PostgreSQL as its work database: the same store, its registers and ledger in PostgreSQL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from kuai.kit.store import Store
from tests.stories import towns


@pytest.fixture
def database_url() -> Iterator[str]:
    """A database of the story's own in the run's cluster, dropped afterwards."""
    cluster = os.environ.get("KUAI_DATABASE_URL", "")
    if not cluster:
        pytest.skip("no PostgreSQL in this run (make test-postgres has one)")
    name = f"story_{secrets.token_hex(4)}"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    yield urlunsplit(urlsplit(cluster)._replace(path=f"/{name}"))
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )


def test_a_build_with_registers_in_postgresql_is_the_same_store(
    database_url: str, town: Path, built: Path, tmp_path: Path
) -> None:
    settings = {"KUAI_DATABASE_URL": database_url}
    store = towns.same_keys(built, tmp_path / "store")
    answer = towns.run_well("build", town, "--store", store, "--json", settings=settings)
    assert answer.json()["version"] == Store(built).current_version()
    assert towns.bytes_by_file(towns.core_of(store)) == towns.bytes_by_file(towns.core_of(built))
    assert not (store / "work.sqlite3").exists()
    with psycopg.connect(database_url) as connection:
        (sources,) = connection.execute("select count(*) from guard_sourcerecord").fetchone()
        (entries,) = connection.execute("select count(*) from guard_ledgerentry").fetchone()
    assert sources > 8
    assert entries >= sources
    towns.run_well("ledger", "seal", "--store", store, settings=settings)
    entries_file = next((store / "ledger").glob("entries-*.jsonl"))
    verdict = towns.run_well("ledger", "verify", entries_file, "--json").json()
    assert verdict["is_whole"]
    assert verdict["entries"] == entries
