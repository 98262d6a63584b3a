"""A store is put aside while it is used, and made again elsewhere: the same tables, ledger and records, or nothing."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from kuai.flows import backup as backup_flow
from kuai.flows.backup import Backup, make_backup, verify_backup
from kuai.flows.backup_parts import FILES, MANIFEST, PartFile, PartWriter
from kuai.flows.restore import KeysPart, restore_backup
from kuai.flows.work_tables import WorkCard, copy_sqlite
from kuai.guard.actions import Envelope, is_shredded, sealed_exists, shred_period
from kuai.guard.types import Zone
from kuai.kit.errors import DataFault, Refusal
from kuai.kit.store import Store, read_json, write_json
from tests.stories import towns

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PASSPHRASE = "four words nobody guesses"
RECORDS = 1_000


def own_copy(built: Path, store: Path) -> Path:
    """A copy of a store and its keys."""
    shutil.copytree(built, store)
    shutil.copytree(Store(built).keys, Store(store).keys)
    return store


@pytest.fixture(scope="module")
def used(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store whose ledger has a sealed head and an entry that waits for its seal."""
    store = own_copy(built, tmp_path_factory.mktemp("used") / "store")
    towns.run_well("keys", "rotate", "--store", store)
    towns.run_well("ledger", "seal", "--store", store)
    towns.run_well("keys", "rotate", "--store", store)
    return Store(store)


@pytest.fixture(scope="module")
def backup(used: Store, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    """A backup of it, nothing sealed but the originals."""
    return make_backup(used, tmp_path_factory.mktemp("plain"), at=AT)


@pytest.fixture(scope="module")
def sealed_backup(used: Store, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    """A backup of it and of its keys, both sealed."""
    folder = tmp_path_factory.mktemp("sealed")
    return make_backup(
        used, folder / "data", at=AT, keys_target=folder / "keys", passphrase=PASSPHRASE
    )


def rows_of(database: Path) -> list[tuple[Any, ...]]:
    """Every row of every table, with its table's name, in order."""
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
        ).fetchall()
        return sorted(
            (
                (name, *row)
                for (name,) in tables
                for row in connection.execute(f"select * from {name}")
            ),  # noqa: S608
            key=repr,
        )


def records_of(store: Store) -> Iterator[tuple[str, Path, int]]:
    for path in sorted((store.builds).rglob("*.parquet")) + sorted(
        store.extracts.rglob("*.parquet")
    ):
        name = path.relative_to(store.root).as_posix()
        yield from ((name, path, row) for row in range(pq.read_metadata(path).num_rows))


def keys_of(backup: Backup) -> KeysPart:
    assert backup.keys is not None
    return KeysPart(backup.keys, PASSPHRASE)


def test_a_restored_store_has_the_same_tables_ledger_and_records(
    used: Store, sealed_backup: Backup, tmp_path: Path
) -> None:
    new = Store(tmp_path / "new")
    restored = restore_backup(
        sealed_backup.data, new, passphrase=PASSPHRASE, keys=keys_of(sealed_backup)
    )
    assert restored.card.ledger_size > 0
    assert len(restored.card.ledger_chain) == 64
    assert restored.card == sealed_backup.card
    assert rows_of(new.work_database) == rows_of(used.work_database)
    every = list(records_of(used))
    chosen = random.Random(7).sample(every, RECORDS)
    for name, path, row in chosen:
        there = pq.read_table(new.root / name).slice(row, 1).to_pylist()
        assert there == pq.read_table(path).slice(row, 1).to_pylist()
    assert towns.bytes_by_file(new.vault) == towns.bytes_by_file(used.vault)
    # When a delivery came decides in which order they stand and how long they stay.
    assert towns.tree_of(new.vault) == towns.tree_of(used.vault)
    locks = {".lock": b""}
    assert towns.bytes_by_file(new.keys) | locks == towns.bytes_by_file(used.keys) | locks
    # It is alive: figures, originals and the ledger.
    assert "440310" in towns.run_well("block", "440310", "--store", new.root).stdout
    assert sealed_exists(
        new, zone=Zone.CORE, source="police_residents", period="0001", name="snapshot"
    )
    towns.run_well("ledger", "seal", "--store", new.root)


def test_the_command_backs_up_verifies_and_restores(used: Store, tmp_path: Path) -> None:
    words = tmp_path / "words"
    words.write_text(PASSPHRASE, encoding="utf-8")
    words.chmod(0o600)
    made = towns.run_well(
        *("backup", tmp_path / "data", "--keys-to", tmp_path / "keys"),
        *("--passphrase-file", words, "--store", used.root, "--json"),
    ).json()
    assert made["sealed"]
    assert towns.run_well("backup", made["keys"], "--verify", "--json").json()["whole"]
    new = tmp_path / "new"
    told = towns.run_well(
        *("restore", made["backup"], "--keys", made["keys"]),
        *("--passphrase-file", words, "--store", new, "--json"),
    ).json()
    assert (told["rows"], told["ledger_chain"]) == (made["rows"], made["ledger_chain"])
    assert not told["upgrade_first"]
    again = towns.run_kuai("restore", made["backup"], "--passphrase-file", words, "--store", new)
    assert again.exit_code == towns.BUILD_EXIT_REFUSED
    assert "不会覆盖" in again.sentences


def test_a_restore_overwrites_neither_a_store_nor_keys(
    used: Store, sealed_backup: Backup, tmp_path: Path
) -> None:
    before = towns.bytes_by_file(used.root)
    with pytest.raises(Refusal) as refused:
        restore_backup(sealed_backup.data, used, passphrase=PASSPHRASE)
    assert refused.value.code == "restore.not_empty"
    assert towns.bytes_by_file(used.root) == before
    new = Store(tmp_path / "new")
    new.keys.mkdir()
    (new.keys / "somebodys").touch()
    with pytest.raises(Refusal) as refused:
        restore_backup(sealed_backup.data, new, passphrase=PASSPHRASE, keys=keys_of(sealed_backup))
    assert refused.value.code == "restore.not_empty"
    assert not new.root.exists()


@pytest.mark.parametrize("fault", ["altered", "shortened", "missing", "added", "manifest"])
def test_a_damaged_backup_is_refused_with_its_file_named(
    backup: Backup, tmp_path: Path, fault: str
) -> None:
    part = Path(shutil.copytree(backup.data, tmp_path / backup.data.name))
    name = next(one.path for one in backup.manifest.files if one.path.endswith("person.parquet"))
    victim = part / FILES / name
    content = victim.read_bytes()
    if fault == "altered":
        victim.write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
    elif fault == "shortened":
        victim.write_bytes(content[:-1])
    elif fault == "missing":
        victim.unlink()
    elif fault == "added":
        name = "builds/guest"
        (part / FILES / name).touch()
    else:
        name = MANIFEST
        told = (part / MANIFEST).read_text(encoding="utf-8")
        (part / MANIFEST).write_text(told.replace('"bytes": 1', '"bytes": 2', 1), encoding="utf-8")
    with pytest.raises(DataFault) as refused:
        restore_backup(part, Store(tmp_path / "new"))
    assert refused.value.where.file == name
    assert [path.name for path in tmp_path.iterdir()] == [part.name]


def test_a_sealed_part_whose_list_was_rewritten_is_not_restored(
    sealed_backup: Backup, tmp_path: Path
) -> None:
    """Whoever can write the folder can leave a file out and count the digest anew, but not mark it."""
    part = Path(shutil.copytree(sealed_backup.data, tmp_path / "part"))
    manifest = sealed_backup.manifest
    left_out = next(one for one in manifest.files if one.path.startswith("builds/"))
    (part / FILES / left_out.path).unlink()
    fewer = replace(manifest, files=tuple(one for one in manifest.files if one != left_out))
    mark = read_json(part / MANIFEST)["seal"]
    write_json(part / MANIFEST, {**fewer.as_json(), "seal": mark})
    assert verify_backup(part).kind == "data"
    with pytest.raises(DataFault) as refused:
        restore_backup(part, Store(tmp_path / "new"), passphrase=PASSPHRASE)
    assert refused.value.where.file == MANIFEST


def test_a_killed_backup_never_looks_whole_and_is_swept_away(used: Store, tmp_path: Path) -> None:
    running = subprocess.Popen(
        towns.command_line("backup", tmp_path / "to", "--store", used.root),
        env=towns.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while running.poll() is None and not list(tmp_path.glob("to/.*.half/files/deliveries")):
        time.sleep(0.002)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    (half,) = (tmp_path / "to").iterdir()
    with pytest.raises(Refusal) as refused:
        verify_backup(half)
    assert refused.value.code == "backup.none"
    made = make_backup(used, tmp_path / "to", at=AT)
    assert list((tmp_path / "to").iterdir()) == [made.data]


def test_keys_are_sealed_and_lie_apart(
    used: Store, backup: Backup, sealed_backup: Backup, tmp_path: Path
) -> None:
    assert backup.keys is None
    names = {path.name for path in backup.data.rglob("*")}
    assert not names & {"keyring.json", "token.json", "web.secret"}
    with pytest.raises(Refusal) as refused:
        make_backup(used, tmp_path / "data", at=AT, keys_target=tmp_path / "keys")
    assert refused.value.code == "backup.keys_open"
    for inside in (used.root / "here", used.keys / "here"):
        with pytest.raises(Refusal) as refused:
            make_backup(used, inside, at=AT)
        assert refused.value.code == "backup.inside_store"
    with pytest.raises(Refusal) as refused:
        make_backup(
            used, tmp_path / "a", at=AT, keys_target=tmp_path / "a" / "b", passphrase=PASSPHRASE
        )
    assert refused.value.code == "backup.keys_together"
    with pytest.raises(Refusal) as refused:
        restore_backup(
            sealed_backup.data,
            Store(tmp_path / "new"),
            passphrase=PASSPHRASE,
            keys=KeysPart(keys_of(sealed_backup).part, "another passphrase altogether"),
        )
    assert refused.value.code == "envelope.passphrase_wrong"
    assert not (tmp_path / "new").exists()


def test_without_the_keys_a_restored_store_opens_no_original(
    backup: Backup, tmp_path: Path
) -> None:
    restored = restore_backup(backup.data, Store(tmp_path / "new"))
    assert not restored.has_keys
    said = towns.run_kuai(
        "sources", "refused", "water_usage", "-o", tmp_path / "x.xlsx", "--store", restored.store
    )
    assert said.exit_code != 0
    assert not (tmp_path / "x.xlsx").exists()


def test_what_was_destroyed_after_the_backup_is_destroyed_again(
    built: Path, tmp_path: Path
) -> None:
    """By the key folder that lives on, or, should that be lost too, by the ledger's files."""
    store = Store(own_copy(built, tmp_path / "store"))
    made = make_backup(
        store, tmp_path / "data", at=AT, keys_target=tmp_path / "keys", passphrase=PASSPHRASE
    )
    place = {"zone": Zone.CORE, "source": "water_usage", "period": "0001"}
    towns.run_well("keys", "shred", "water_usage", "0001", "--yes", "--store", store.root)
    towns.run_well("ledger", "seal", "--store", store.root)
    forgetful = Store(tmp_path / "forgetful")
    restore_backup(made.data, forgetful, passphrase=PASSPHRASE, keys=keys_of(made))
    assert sealed_exists(forgetful, name="snapshot", **place)
    for name, source in (("by-keys", store.keys), ("by-ledger", store.root / "ledger")):
        new = Store(tmp_path / name)
        restored = restore_backup(
            made.data, new, passphrase=PASSPHRASE, keys=keys_of(made), erasures_from=(source,)
        )
        assert restored.done_again == ("core water_usage 0001",)
        assert is_shredded(new, **place)
        assert not (new.vault / "core" / "water_usage" / "0001").exists()
    shred_period(forgetful, **place)


@pytest.mark.parametrize("when", ["data", "keys"])
def test_a_shredding_while_a_backup_is_made_leaves_no_part(
    used: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    store = Store(own_copy(used.root, tmp_path / "store"))
    place = {"zone": Zone.CORE, "source": "water_usage", "period": "0001"}
    begin = backup_flow.begin_part

    def begin_and_shred(target: Path, *, envelope: Envelope | None) -> PartWriter:
        writer = begin(target, envelope=envelope)
        if (when == "keys") == target.name.endswith(".keys"):
            shred_period(store, **place)
        return writer

    monkeypatch.setattr(backup_flow, "begin_part", begin_and_shred)
    with pytest.raises(Refusal) as refused:
        make_backup(
            store, tmp_path / "data", at=AT, keys_target=tmp_path / "keys", passphrase=PASSPHRASE
        )
    assert refused.value.code == "backup.store_moved"
    assert [*tmp_path.glob("data/*"), *tmp_path.glob("keys/*")] == []


def test_keys_newer_than_the_data_destroy_what_they_say_was_destroyed(
    built: Path, tmp_path: Path
) -> None:
    store = Store(own_copy(built, tmp_path / "store"))
    place = {"zone": Zone.CORE, "source": "water_usage", "period": "0001"}
    older = make_backup(store, tmp_path / "data", at=AT)
    shred_period(store, **place)
    newer = make_backup(
        store, tmp_path / "two", at=AT, keys_target=tmp_path / "keys", passphrase=PASSPHRASE
    )
    restored = restore_backup(older.data, Store(tmp_path / "new"), keys=keys_of(newer))
    assert restored.done_again == ("core water_usage 0001",)
    assert not (restored.store / "vault/core/water_usage/0001").exists()
    assert (store.extracts / "water_usage/0001").exists()
    assert not (restored.store / "extracts/water_usage/0001").exists()


def test_an_open_part_in_the_place_of_a_sealed_one_is_noticed(
    backup: Backup, sealed_backup: Backup, tmp_path: Path
) -> None:
    with pytest.raises(Refusal) as refused:
        restore_backup(
            backup.data,
            Store(tmp_path / "new"),
            passphrase=PASSPHRASE,
            keys=keys_of(sealed_backup),
        )
    assert refused.value.code == "restore.not_sealed"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("what", ["published", "moving", "no build"])
def test_a_store_that_moves_while_it_is_backed_up_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    store = Store(tmp_path / "store").create()
    with closing(sqlite3.connect(store.work_database)) as connection:
        connection.execute("create table purse (coins integer)")
    (store.root / "current").write_text("b-20261122-000000000001\n", encoding="utf-8")
    build = store.builds / "b-20261122-000000000001"
    build.mkdir()
    receipts = build / ("other.json" if what == "no build" else "receipts.json")
    receipts.touch()

    def copy_and_publish(source: Path, target: Path) -> WorkCard:
        target.touch()
        if what == "published":
            (store.root / "current").write_text("b-20261122-000000000002\n", encoding="utf-8")
        return WorkCard("sqlite")

    put = PartWriter.put

    def put_and_move(writer: PartWriter, source: Path, path: str) -> PartFile:
        told = put(writer, source, path)
        if what == "moving" and source == receipts:
            receipts.unlink()
            receipts.write_text(str(time.monotonic_ns()), encoding="utf-8")
            os.utime(receipts, ns=(0, time.monotonic_ns()))
        return told

    monkeypatch.setattr(backup_flow, "copy_sqlite", copy_and_publish)
    monkeypatch.setattr(PartWriter, "put", put_and_move)
    with pytest.raises(Refusal) as refused:
        make_backup(store, tmp_path / "to", at=AT)
    assert refused.value.code == "backup.store_moved"
    assert not list((tmp_path / "to").iterdir())


def test_a_wrong_list_of_erasures_leaves_no_store(
    built: Path, sealed_backup: Backup, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    strangers = Store(tmp_path / "stranger").create()
    shutil.copytree(Store(built).keys, strangers.keys)
    (strangers.keys / "keyring.json").write_text('{"keyring": "another"}', encoding="utf-8")
    for wrong in (empty, strangers.keys):
        new = Store(tmp_path / "new")
        with pytest.raises(Refusal):
            restore_backup(
                sealed_backup.data,
                new,
                passphrase=PASSPHRASE,
                keys=keys_of(sealed_backup),
                erasures_from=(wrong,),
            )
        assert not list(tmp_path.glob("*new*"))


def test_a_database_that_is_written_to_is_copied_as_of_one_instant(tmp_path: Path) -> None:
    """Two accounts whose sum never changes: no copy sees a transfer half-way."""
    database = tmp_path / "work.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table purse (name text primary key, coins integer)")
        connection.execute("create table purse_log (id integer primary key, filler text)")
        connection.execute("insert into purse values ('a', 1000), ('b', 0)")
        connection.commit()
    over = threading.Event()
    moved: list[int] = []

    def move_coins() -> None:
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            while not over.is_set():
                with connection:
                    connection.execute("update purse set coins = coins - 1 where name = 'a'")
                    connection.execute(
                        "insert into purse_log (filler) values (hex(randomblob(500)))"
                    )
                    connection.execute("update purse set coins = coins + 1 where name = 'b'")
                moved.append(1)

    writer = threading.Thread(target=move_coins)
    writer.start()
    try:
        sums = []
        for turn in range(8):
            copy_sqlite(database, tmp_path / f"copy-{turn}")
            with closing(sqlite3.connect(tmp_path / f"copy-{turn}")) as copy:
                coins = dict(copy.execute("select name, coins from purse").fetchall())
                (logged,) = copy.execute("select count(*) from purse_log").fetchone()
                sums.append((coins["a"] + coins["b"], coins["b"] - logged))
    finally:
        over.set()
        writer.join()
    assert sums == [(1000, 0)] * 8
    assert len(moved) > 8


def test_what_was_deleted_is_not_in_the_copy(tmp_path: Path) -> None:
    database = tmp_path / "work.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma secure_delete = off")
        connection.execute("create table secret (plain text)")
        connection.execute("insert into secret values ('ERASED-AND-GONE')")
        connection.commit()
        connection.execute("delete from secret")
        connection.commit()
    assert b"ERASED-AND-GONE" in database.read_bytes()
    copy_sqlite(database, tmp_path / "copy")
    assert b"ERASED-AND-GONE" not in (tmp_path / "copy").read_bytes()


@pytest.mark.torture
def test_a_backup_made_while_a_build_runs_restores_to_a_store_that_builds_on(
    town: Path, built: Path, tmp_path: Path
) -> None:
    """Whatever instant it fell on: the restored store shows the old figures and builds the same new version."""
    changed = towns.copy_town(town, tmp_path / "changed")
    source = changed / "extracts" / "water_usage.csv"
    lines = source.read_bytes().splitlines(keepends=True)
    source.write_bytes(b"".join(lines[:-1]))
    store = Store(own_copy(built, tmp_path / "store"))
    running = subprocess.Popen(
        towns.command_line("build", changed, "--store", store.root, "--json"),
        env=towns.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    made: list[Backup] = []
    while running.poll() is None:
        turn = len(made)
        # Refused where the build was published meanwhile: the next one has it.
        with suppress(Refusal):
            made.append(
                make_backup(
                    store,
                    tmp_path / f"data-{turn}",
                    at=AT,
                    keys_target=tmp_path / f"keys-{turn}",
                    passphrase=PASSPHRASE,
                )
            )
    assert made
    assert running.returncode == 0, running.communicate()[1].decode()[-3000:]
    wanted = store.current_version()
    for turn, one in enumerate(made):
        new = Store(tmp_path / f"new-{turn}")
        restore_backup(one.data, new, passphrase=PASSPHRASE, keys=keys_of(one))
        assert "440310" in towns.run_well("block", "440310", "--store", new.root).stdout
        towns.build(changed, new.root)
        assert new.current_version() == wanted
