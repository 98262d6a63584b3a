"""The same on PostgreSQL: a work database put aside table by table while it is used, and put into an empty one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from kuai.flows.work_tables import read_postgresql_card
from tests.stories import towns

REPOSITORY = Path(__file__).resolve().parents[2]
INSIDE = "INSIDE_PRIVATE_POSTGRES"


def database_of(name: str) -> str:
    """The URL of a new, empty database on the private cluster."""
    url = os.environ["KUAI_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    base, _, options = url.partition("?")
    return f"{base.rpartition('/')[0]}/{name}?{options}"


def rows_of(url: str, table: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return sorted(connection.execute(f'select * from "{table}"').fetchall(), key=repr)  # noqa: S608


@pytest.mark.torture
def test_a_work_database_on_postgresql_is_put_aside_and_put_back(tmp_path: Path) -> None:
    if INSIDE not in os.environ:
        words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
        done = subprocess.run(
            [
                sys.executable,
                str(REPOSITORY / "scripts" / "with_private_postgres.py"),
                "--",
                *(sys.executable, *words),
            ],
            env={**os.environ, INSIDE: "1"},
            cwd=REPOSITORY,
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        return
    one, other = database_of("first"), database_of("second")
    password = tmp_path / "password"
    password.write_text("a password of many words", encoding="utf-8")
    password.chmod(0o600)
    store, at_one, at_other = (
        tmp_path / "store",
        {"KUAI_DATABASE_URL": one},
        {"KUAI_DATABASE_URL": other},
    )
    towns.run_well(
        *("accounts", "open", "anne", "--role", "security_administrator", "--name", "安"),
        *("--staff-no", "1", "--password-file", password, "--store", store),
        settings=at_one,
    )
    towns.run_well("ledger", "seal", "--store", store, settings=at_one)
    made = towns.run_well(
        *("backup", tmp_path / "data", "--keys-to", tmp_path / "keys"),
        *("--passphrase-file", password, "--store", store, "--json"),
        settings=at_one,
    ).json()
    refused = towns.run_kuai(
        *("restore", made["backup"], "--passphrase-file", password, "--store", tmp_path / "no"),
        settings=at_one,
    )
    assert refused.exit_code == towns.BUILD_EXIT_REFUSED
    assert "已经有账号或台账" in refused.sentences
    before = read_postgresql_card(one)
    told = towns.run_well(
        *("restore", made["backup"], "--keys", made["keys"], "--passphrase-file", password),
        *("--store", tmp_path / "new", "--json"),
        settings=at_other,
    ).json()
    after = read_postgresql_card(other)
    assert told["ledger_chain"] == made["ledger_chain"] == after.ledger_chain
    assert after.ledger_size > 0
    unlike = {
        table
        for table in before.rows
        # Backing up and restoring are entered after the copy was made.
        if not table.startswith(("guard_ledger", "django_migrations"))
        and rows_of(one, table) != rows_of(other, table)
    }
    assert unlike == set()
    # New numbers follow the old ones, and the ledger goes on where it was.
    towns.run_well("ledger", "seal", "--store", tmp_path / "new", settings=at_other)
    assert read_postgresql_card(other).ledger_size > after.ledger_size - 1
