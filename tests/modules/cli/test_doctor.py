"""`kuai doctor`: well where everything is there, and naming what is missing with the way to mend it."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

import pytest

from kuai.cli import doctor
from kuai.cli.doctor import Finding, examine
from kuai.kit.store import Store
from tests.stories.towns import run_kuai

# Where the work database is a server, the doctor asks it; a SQLite file that is not there is not asked.
pytestmark = pytest.mark.django_db


@pytest.fixture
def findings(store: Store) -> dict[str, Finding]:
    return {finding.what: finding for finding in examine(store)}


def find(store: Store, beginning: str) -> Finding:
    return next(one for one in examine(store) if one.what.startswith(beginning))


def test_nothing_that_is_needed_is_missing_here(findings: dict[str, Finding]) -> None:
    assert [one.what for one in findings.values() if one.is_needed and not one.is_well] == []


def test_every_finding_that_may_be_ill_says_what_to_do(findings: dict[str, Finding]) -> None:
    assert len(findings) >= 10
    ill = [one for one in findings.values() if not one.is_well]
    assert ill, "an empty store has at least no build"
    assert [one.what for one in ill if not one.remedy] == []


def test_a_missing_program_is_named_and_is_not_fatal(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    chromium = find(store, "chromium")
    assert not chromium.is_well
    assert not chromium.is_needed
    assert "apt-get install chromium" in chromium.remedy


def test_a_missing_package_is_named_and_is_fatal(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "NEEDED_PACKAGES", ("duckdb", "kuai_none_such"))
    packages = find(store, "Python 软件包")
    assert (packages.is_well, packages.is_needed) == (False, True)
    assert "kuai_none_such" in packages.state
    assert "duckdb" not in packages.state
    assert "make setup" in packages.remedy


def test_an_old_python_is_fatal(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    python = next(one for one in examine(store) if one.what == "Python")
    assert (python.is_well, python.is_needed, python.state) == (False, True, "3.10.4")


def test_a_python_without_full_text_search_is_fatal(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class WithoutFullText:
        def execute(self, _sql: str) -> None:
            raise sqlite3.OperationalError("no such module: fts5")

    monkeypatch.setattr(doctor.sqlite3, "connect", lambda _path: WithoutFullText())
    search = find(store, "SQLite")
    assert (search.is_well, search.is_needed) == (False, True)


def test_keys_that_others_may_read_are_a_fault(store: Store) -> None:
    store.keys.mkdir(mode=0o700)
    assert find(store, "密钥").is_well
    store.keys.chmod(0o755)
    keys = find(store, "密钥")
    assert not keys.is_well
    assert "chmod 700" in keys.remedy


def test_keys_inside_the_store_are_a_fault(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = store.root / "keys"
    inside.mkdir(mode=0o700)
    monkeypatch.setenv("KUAI_KEYS", str(inside))
    assert not find(store, "密钥").is_well


def test_the_command_says_all_of_it_and_exits_well_here(store: Store) -> None:
    answer = run_kuai("doctor", "--store", store.root, "--json")
    assert answer.exit_code == 0, answer.stdout
    # The command has no server for its work database; this process may, and then finds more to look at.
    told = {one["what"] for one in answer.json()}
    assert len(told) >= 10
    assert told <= {one.what for one in examine(store)}
    words = run_kuai("doctor", "--store", store.root)
    assert words.exit_code == 0
    assert "怎么办" in words.stdout


def test_the_command_names_what_the_path_lacks(store: Store, tmp_path: Path) -> None:
    answer = run_kuai("doctor", "--store", store.root, settings={"PATH": str(tmp_path)})
    assert "chromium" in answer.stdout
    assert "apt-get install chromium" in answer.stdout
    assert answer.exit_code == 0


def test_the_command_fails_where_something_needed_is_wrong(store: Store) -> None:
    store.keys.mkdir(mode=0o755)
    store.keys.chmod(0o755)
    answer = run_kuai("doctor", "--store", store.root)
    assert answer.exit_code == 1
    assert "chmod 700" in answer.stdout
