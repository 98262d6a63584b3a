"""A store that another release made: an older one is brought up after a backup, a newer one is refused in words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kuai.flows.backup import verify_backup
from kuai.kit.store import Store, read_json, write_json
from tests.stories import towns

REPOSITORY = Path(__file__).resolve().parents[2]
# The last release before stores told their format.
PREVIOUS_RELEASE = "e924a06"


def make_real(store: Path) -> None:
    """As if one of its packages had been of real people: nothing is then changed without being asked."""
    card = read_json(store / "tenant.json")
    write_json(store / "tenant.json", {**card, "synthetic": False})


def go_back(store: Path) -> None:
    """As if an older programme had made the work database: the portal's later tables are gone."""
    settings = {"KUAI_STORE": str(store), "DJANGO_SETTINGS_MODULE": "kuai.web.settings"}
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "web", "0001", "-v0"],
        env=towns.environment(settings),
        check=True,
    )


def test_a_store_of_a_newer_programme_is_refused_in_words_and_not_touched(own_store: Path) -> None:
    with closing(sqlite3.connect(own_store / "work.sqlite3")) as connection:
        connection.execute(
            "insert into django_migrations (app, name, applied) values ('guard', '0999_later', '2027-01-01')"
        )
        connection.commit()
    before = towns.bytes_by_file(own_store / "builds")
    for words in (("ledger", "seal"), ("nightly",), ("upgrade", "--dry-run"), ("build",)):
        said = towns.run_kuai(*words, "--store", own_store)
        assert said.exit_code == towns.BUILD_EXIT_REFUSED
        assert "更新的程序" in said.sentences
    assert towns.bytes_by_file(own_store / "builds") == before


def test_a_newer_format_is_refused_too(own_store: Path) -> None:
    write_json(own_store / "format.json", {"format": 99, "programme": "9.0"})
    said = towns.run_kuai("ledger", "seal", "--store", own_store)
    assert said.exit_code == towns.BUILD_EXIT_REFUSED
    assert "格式是 99" in said.sentences


def test_a_real_store_of_an_older_programme_waits_for_the_upgrade_and_its_backup(
    own_store: Path, tmp_path: Path
) -> None:
    make_real(own_store)
    go_back(own_store)
    (own_store / "format.json").unlink()
    said = towns.run_kuai("ledger", "seal", "--store", own_store)
    assert said.exit_code == towns.BUILD_EXIT_REFUSED
    assert "kuai upgrade" in said.sentences
    plan = towns.run_well("upgrade", "--dry-run", "--store", own_store, "--json").json()
    assert (plan["from_format"], plan["to_format"]) == (0, 1)
    assert {app for app, _ in plan["table_steps"]} == {"web"}
    assert not (own_store / "format.json").exists()
    said = towns.run_kuai("upgrade", "--store", own_store)
    assert said.exit_code == towns.BUILD_EXIT_REFUSED
    assert "--backup-to" in said.sentences
    done = towns.run_well(
        "upgrade", "--backup-to", tmp_path / "before", "--store", own_store, "--json"
    ).json()
    assert verify_backup(Path(done["backup"])).kind == "data"
    towns.run_well("ledger", "seal", "--store", own_store)
    assert "没有要做的" in towns.run_well("upgrade", "--store", own_store).stdout


@pytest.mark.torture
def test_a_store_of_the_previous_release_is_upgraded_and_goes_on(tmp_path: Path) -> None:
    """Made by that release's own code, out of the repository's history; nothing of it is kept in the repository."""
    old = tmp_path / "old"
    cloned = subprocess.run(
        ["git", "clone", "-q", "--shared", str(REPOSITORY), str(old)], check=False
    )
    checked_out = subprocess.run(["git", "checkout", "-q", PREVIOUS_RELEASE], cwd=old, check=False)
    if cloned.returncode or checked_out.returncode:
        pytest.skip(f"{PREVIOUS_RELEASE} is not in this clone's history")
    store = tmp_path / "store"
    of_old = {"PYTHONPATH": str(old)}
    city = tmp_path / "city"
    towns.run_well("demo-city", city, "--rooms", "200", settings=of_old)
    towns.run_well("build", city, "--store", store, settings=of_old)
    words = tmp_path / "words"
    words.write_text("a password of many words", encoding="utf-8")
    words.chmod(0o600)
    login = Path(f"/proc/{os.getpid()}").owner()
    towns.run_well(
        *("accounts", "open", login, "--role", "security_administrator", "--name", "安"),
        *("--staff-no", "1", "--password-file", words, "--store", store),
        settings=of_old,
    )
    towns.run_well("ledger", "seal", "--store", store, settings=of_old)
    made_by_old = Store(store).current_version()
    make_real(store)
    if sys.platform == "linux":
        shutil.rmtree(old)
    plan = towns.run_well("upgrade", "--dry-run", "--store", store, "--json").json()
    assert plan["from_format"] == 0
    assert Store(store).current_version() == made_by_old
    # Its people are invented: real ones could not be built without an assessment of their source.
    card = read_json(store / "tenant.json")
    write_json(store / "tenant.json", {**card, "synthetic": True})
    done = towns.run_well(
        "upgrade", "--backup-to", tmp_path / "before", "--store", store, "--json"
    ).json()
    assert plan["rebuilds"] == (done["now"] != made_by_old)
    assert "440310" in towns.run_well("block", "440310", "--store", store).stdout
    listed = towns.run_well("accounts", "list", "--store", store, "--json").json()
    assert [one["login"] for one in listed] == [login]
    towns.run_well("ledger", "seal", "--store", store)
    towns.run_well("ledger", "export", "-o", tmp_path / "ledger", "--store", store)
    (entries,) = (tmp_path / "ledger").glob("entries-*.jsonl")
    towns.run_well(
        "ledger", "verify", entries, "--checkpoint", tmp_path / "ledger" / "checkpoints.txt"
    )
    # The way back: the backup opens with the previous release's format, and is told to be upgraded again.
    towns.run_well("restore", done["backup"], "--store", tmp_path / "back")
    assert Store(tmp_path / "back").current_version() == made_by_old
