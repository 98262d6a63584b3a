"""A backup of a store, made while the portal writes and a build runs: a part for the data, another for the keys.

Who has one of the two has sealed files or keys to nothing; who has both has everything. The order is what makes it
consistent: the ledger's files before the database, because files may follow the database and never lead it; the
database as of one instant; then what never changes once written. A build that runs meanwhile is found half-way, as
if it had been killed, which every build begins with anyway. Decision 0032.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kuai import __version__
from kuai.flows.backup_parts import Manifest, PartWriter, begin_part, verify_part
from kuai.flows.work_tables import (
    SQLITE_FILE,
    TABLES_FOLDER,
    WorkCard,
    copy_postgresql,
    copy_sqlite,
)
from kuai.guard.actions import make_envelope
from kuai.kit.errors import Refusal
from kuai.kit.progress import SILENT, Progress, ProgressTask, progress_line
from kuai.kit.store import Store, read_json

DATA, KEYS = "data", "keys"
# Copied before the database: small files that grow or are replaced.
FIRST = ("ledger", "current", "publications.json", "tenant.json", "deliveries", "mappings")
# Work of the moment (uploads that wait hold raw rows), locks, and the database, which is copied in its own way.
LEFT_OUT = ("scratch", "work.sqlite3", ".writer", ".jobs")
# A build replaces files in bursts: what moved while it was copied is copied again, three times at most.
ROUNDS = 3


@dataclass(frozen=True)
class Backup:
    """What was made: the data's part, and the keys' part if they were backed up too."""

    data: Path
    manifest: Manifest
    keys: Path | None = None
    keys_manifest: Manifest | None = None

    @property
    def card(self) -> WorkCard:
        return WorkCard.from_json(dict(self.manifest.about["work_database"]))


def make_backup(
    store: Store,
    target: Path,
    *,
    at: datetime,
    database_url: str = "",
    keys_target: Path | None = None,
    passphrase: str = "",
    progress: Progress = SILENT,
) -> Backup:
    """Back the store up into a new folder of `target`, its keys into one of `keys_target`.

    Changes nothing in the store. With a passphrase both are sealed; keys never go without. Refuses targets inside the
    store, inside each other, and a store without a work database.
    """
    _require_apart(store, target, keys_target)
    if keys_target is not None and not passphrase:
        raise Refusal(
            "backup.keys_open",
            "密钥不加密不能备份。",
            next_step="用 --passphrase-file 给出口令文件。",
        )
    envelope = make_envelope(passphrase) if passphrase else None
    destroyed = list_destroyed(store)
    name = f"kuai-{at:%Y%m%d-%H%M%S}"
    with _whole_or_gone(begin_part(target / name, envelope=envelope)) as writer:
        version = store.current_version() or ""
        card = _write_store(store, writer, database_url=database_url, progress=progress)
        _require_published_build(store, writer, version)
        _require_nothing_destroyed(store, destroyed)
        about = {
            "programme": __version__,
            "keyring": _keyring_of(store),
            "build": version,
            "work_database": card.as_json(),
        }
        manifest = writer.finish(target / name, kind=DATA, at=at, about=about)
    if keys_target is None:
        return Backup(target / name, manifest)
    # After the data: a period that was sealed meanwhile has its key in the backup too.
    keys = keys_target / f"{name}.keys"
    try:
        keys_manifest = _write_keys(store, keys, passphrase=passphrase, at=at, destroyed=destroyed)
    except Refusal:
        # Its data is older than an erasure too.
        shutil.rmtree(target / name)
        raise
    return Backup(target / name, manifest, keys, keys_manifest)


def verify_backup(part: Path, *, progress: Progress = SILENT) -> Manifest:
    """Read a part whole and hold it against its manifest; refuses a damaged one with the file named."""
    return verify_part(part, progress=progress)


def _write_store(
    store: Store, writer: PartWriter, *, database_url: str, progress: Progress
) -> WorkCard:
    with progress_line(progress, "备份", measure="文件") as task:
        for path in _files_below(store, FIRST):
            _put(store, writer, path, task)
        with tempfile.TemporaryDirectory(dir=writer.folder, prefix=".work-") as folder:
            card = _put_work_database(store, writer, Path(folder), database_url=database_url)
        seen: dict[str, tuple[int, int]] = {}
        for _round in range(ROUNDS):
            if not _put_changed(store, writer, seen, task):
                break
        else:
            raise _moved("文件一直在变")
    return card


def _require_published_build(store: Store, writer: PartWriter, version: str) -> None:
    """A part points to one build and holds it; a publication while it was made is a reason to make it again."""
    if (store.current_version() or "") != version:
        raise _moved("其间发布了新的版本")
    if version and f"{store.builds.name}/{version}/receipts.json" not in writer.written:
        raise _moved(f"发布的版本 {version} 不全")


def _require_nothing_destroyed(store: Store, before: frozenset[str]) -> None:
    """No lease: a backup may take hours. What was destroyed meanwhile may lie in it whole, key and file."""
    if list_destroyed(store) != before:
        raise _moved("其间销毁了数据，备份里可能还有它")


def list_destroyed(store: Store) -> frozenset[str]:
    """The tombstones of keys: which periods were destroyed so far."""
    return frozenset(
        path.relative_to(store.keys).as_posix()
        for path in store.keys.glob("*/data/*/*.json")
        if read_json(path).get("shredded")
    )


def _moved(what: str) -> Refusal:
    return Refusal(
        "backup.store_moved",
        f"备份时库在变：{what}，这一份没有留下。",
        next_step="等构建或期限清理结束后再备份一次。",
    )


def _put_work_database(
    store: Store, writer: PartWriter, folder: Path, *, database_url: str
) -> WorkCard:
    if not database_url:
        card = copy_sqlite(store.work_database, folder / SQLITE_FILE)
        writer.put(folder / SQLITE_FILE, SQLITE_FILE)
        return card
    card = copy_postgresql(database_url, folder / TABLES_FOLDER)
    for path in sorted((folder / TABLES_FOLDER).iterdir()):
        writer.put(path, f"{TABLES_FOLDER}/{path.name}")
    return card


def _put_changed(
    store: Store, writer: PartWriter, seen: dict[str, tuple[int, int]], task: ProgressTask
) -> bool:
    """Copy what is new or other than it was; True if there was any."""
    moved = False
    there = set()
    for path in _files_below(store, _slow_folders(store)):
        name = path.relative_to(store.root).as_posix()
        there.add(name)
        try:
            told = path.stat()
        except FileNotFoundError:
            continue
        state = (told.st_ino, told.st_mtime_ns)
        if seen.get(name) != state and _put(store, writer, path, task):
            seen[name], moved = state, True
    for name in set(seen) - there:
        writer.drop(name)
        del seen[name]
    return moved


def _put(store: Store, writer: PartWriter, path: Path, task: ProgressTask) -> bool:
    try:
        writer.put(path, path.relative_to(store.root).as_posix())
    except FileNotFoundError:
        writer.drop(path.relative_to(store.root).as_posix())
        return False
    task.advance()
    return True


def _slow_folders(store: Store) -> tuple[str, ...]:
    left = (*FIRST, *LEFT_OUT)
    return tuple(
        path.name
        for path in sorted(store.root.iterdir())
        if path.name not in left and not path.name.startswith(SQLITE_FILE)
    )


def _files_below(store: Store, names: tuple[str, ...]) -> Iterator[Path]:
    for name in names:
        root = store.root / name
        found = sorted(root.rglob("*")) if root.is_dir() else [root]
        for path in found:
            # Halves that somebody is writing, and locks, begin with a dot.
            if path.is_file() and not path.is_symlink() and not path.name.startswith("."):
                yield path


def _write_keys(
    store: Store, target: Path, *, passphrase: str, at: datetime, destroyed: frozenset[str]
) -> Manifest:
    with _whole_or_gone(begin_part(target, envelope=make_envelope(passphrase))) as writer:
        for path in sorted(store.keys.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                writer.put(path, path.relative_to(store.keys).as_posix())
        _require_nothing_destroyed(store, destroyed)
        return writer.finish(target, kind=KEYS, at=at, about={"keyring": _keyring_of(store)})


@contextmanager
def _whole_or_gone(writer: PartWriter) -> Iterator[PartWriter]:
    try:
        yield writer
    except BaseException:
        writer.discard()
        raise


def _keyring_of(store: Store) -> str:
    marker = store.root / "keyring"
    return str(read_json(marker)["keyring"]) if marker.exists() else ""


def _require_apart(store: Store, target: Path, keys_target: Path | None) -> None:
    places = [place.resolve() for place in (target, keys_target) if place is not None]
    for place in places:
        for taken in (store.root.resolve(), store.keys.resolve()):
            if place == taken or place.is_relative_to(taken):
                raise Refusal(
                    "backup.inside_store",
                    f"{place} 在库或密钥文件夹里面。",
                    next_step="备份放到库以外，最好是另一台机器或另一块盘。",
                )
    if len(places) == 2 and (
        places[0].is_relative_to(places[1]) or places[1].is_relative_to(places[0])
    ):
        raise Refusal(
            "backup.keys_together",
            "数据和密钥的备份不能放在一起：谁拿到两份，谁就拿到一切。",
            next_step="把 --keys-to 指到另一个地方，由另一个人保管。",
        )
