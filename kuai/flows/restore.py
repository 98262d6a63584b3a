"""A store made again from a backup, beside or elsewhere; never over one that is there. Decision 0032.

Everything is checked before the new store has its name. What was erased after the backup was made does not come back
for good: whoever still has the key folder, or the ledger's files, hands them in, and the erasures are done again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from kuai.flows.backup import DATA, KEYS
from kuai.flows.backup_parts import Manifest, open_part, read_manifest, take_out, verify_part
from kuai.flows.restore_erasures import erase_again, read_erasures
from kuai.flows.work_tables import (
    SQLITE_FILE,
    TABLES_FOLDER,
    WorkCard,
    load_postgresql,
    read_postgresql_card,
    read_sqlite_card,
)
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.progress import SILENT, Progress, progress_line
from kuai.kit.store import Store, read_json

# Made by whoever looks at a store without keys; opens no data, signs cookies of logins that are over anyway.
WEB_SECRET = "web.secret"
# The steps that a database's tables have gone: room and name of the step.
Migrations = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Restored:
    """What came of it. `done_again`: erasures of after the backup; `untold`: those whose zone nobody wrote down."""

    store: Path
    files: int
    card: WorkCard
    build: str
    has_keys: bool
    done_again: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()


@dataclass(frozen=True)
class _HalfStore(Store):
    """The store while it is made, under names that nobody opens. Keys that lay there already keep their place."""

    key_folder: Path
    brings_keys: bool

    @classmethod
    def beside(cls, target: Store, *, brings_keys: bool) -> _HalfStore:
        root, keys = _half_name(target.root), target.keys
        half = cls(
            root, key_folder=_half_name(keys) if brings_keys else keys, brings_keys=brings_keys
        )
        half.discard()
        root.mkdir(parents=True, mode=0o700)
        return half

    @property
    def keys(self) -> Path:
        return self.key_folder

    def discard(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        if self.brings_keys:
            shutil.rmtree(self.key_folder, ignore_errors=True)

    def give_names(self, target: Store) -> None:
        """The keys first: a store that has its name has what opens it."""
        if self.brings_keys:
            if target.keys.exists():
                (target.keys / WEB_SECRET).unlink(missing_ok=True)
                target.keys.rmdir()
            self.key_folder.rename(target.keys)
        if target.root.exists():
            target.root.rmdir()
        self.root.rename(target.root)


def _half_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.restoring")


@dataclass(frozen=True)
class KeysPart:
    """The keys' part of a backup and what opens it."""

    part: Path
    passphrase: str


def restore_backup(
    part: Path,
    target: Store,
    *,
    passphrase: str = "",
    keys: KeysPart | None = None,
    database_url: str = "",
    make_tables: Callable[[Migrations], None] | None = None,
    erasures_from: tuple[Path, ...] = (),
    progress: Progress = SILENT,
) -> Restored:
    """Make `target` from the backup; refuses a store or a key folder that is not empty, and a damaged backup.

    A passphrase says that the data was sealed: an open part in its place is refused, whoever put it there. What the
    keys' own folder says was destroyed is destroyed in `target` too: the data may be older than the keys.
    `make_tables` brings an empty PostgreSQL to the steps it is told. `erasures_from`: key folders or ledger folders
    that are newer than the backup; what they say was destroyed is destroyed in `target` again.
    """
    manifest = verify_part(part, progress=progress)
    _require_kind(manifest, DATA)
    _require_sealed(manifest, passphrase)
    _require_empty(target.root, what="库")
    keys_manifest = _read_keys(keys, manifest, target)
    half = _HalfStore.beside(target, brings_keys=keys is not None)
    try:
        _take_all_out(part, manifest, half.root, passphrase=passphrase, progress=progress)
        # Read whole before anything is done: a wrong folder must not leave a store with what was erased.
        erasures = read_erasures(
            erasures_from,
            keyring=str(manifest.about["keyring"]),
            ledger=half.root / "ledger",
        )
        card = _put_database_back(
            half.root, manifest, database_url=database_url, make_tables=make_tables
        )
        if keys is not None and keys_manifest is not None:
            _take_keys_out(keys, keys_manifest, half.keys)
        if (half.keys / "keyring.json").exists():
            own = read_erasures(
                (half.keys,),
                keyring=str(manifest.about["keyring"]),
                ledger=half.root / "ledger",
            )
            known = tuple(sorted({*erasures.known, *own.known}))
            erasures = replace(erasures, known=known)
        done_again = erase_again(half, erasures)
    except BaseException:
        half.discard()
        raise
    half.give_names(target)
    target.create()
    return Restored(
        store=target.root,
        files=len(manifest.files),
        card=card,
        build=str(manifest.about["build"]),
        has_keys=target.keys.exists(),
        done_again=done_again,
        untold=erasures.untold,
    )


def _require_sealed(manifest: Manifest, passphrase: str) -> None:
    """Whoever can write where backups lie could put an open part of their own in the place of a sealed one."""
    if passphrase and manifest.envelope is None:
        raise Refusal(
            "restore.not_sealed",
            "给了口令，这份数据备份却没有加密：它可能被人换过。",
            next_step="找出加密的那一份；数据备份本来就没加密的，加 --open-data。",
        )


def _take_all_out(
    part: Path, manifest: Manifest, half: Path, *, passphrase: str, progress: Progress
) -> None:
    envelope = open_part(manifest, passphrase)
    with progress_line(progress, "恢复", total=len(manifest.files), measure="文件") as task:
        for _one in take_out(part, manifest.files, half, envelope=envelope):
            task.advance()


def _put_database_back(
    half: Path,
    manifest: Manifest,
    *,
    database_url: str,
    make_tables: Callable[[Migrations], None] | None,
) -> WorkCard:
    """The work database, held against what the backup said of it."""
    told = WorkCard.from_json(dict(manifest.about["work_database"]))
    _require_same_engine(told, database_url)
    if told.engine == "sqlite":
        card = read_sqlite_card(half / SQLITE_FILE)
    else:
        assert make_tables is not None
        make_tables(told.migrations)
        load_postgresql(database_url, half / TABLES_FOLDER)
        shutil.rmtree(half / TABLES_FOLDER)
        card = read_postgresql_card(database_url)
    differing = sorted(
        table
        for table, rows in told.rows.items()
        if card.rows.get(table) != rows and table != "django_migrations"
    )
    if differing:
        raise Breakdown(f"rows lost or added on the way, in: {', '.join(differing)}")
    if (card.ledger_size, card.ledger_chain) != (told.ledger_size, told.ledger_chain):
        raise Breakdown("the ledger's head is another than the backup's")
    return card


def _require_same_engine(told: WorkCard, database_url: str) -> None:
    if (told.engine == "postgresql") == bool(database_url):
        return
    if database_url:
        step = "去掉 KUAI_DATABASE_URL 恢复，再按 docs/runbooks/from-sqlite-to-postgresql.md 搬。"
    else:
        step = "建一个空的 PostgreSQL 数据库，把 KUAI_DATABASE_URL 指过去。"
    raise Refusal(
        "restore.other_database",
        f"这份备份的工作库是 {told.engine}，这里要恢复到另一种。",
        next_step=step,
    )


def _read_keys(keys: KeysPart | None, manifest: Manifest, target: Store) -> Manifest | None:
    if keys is None:
        _require_own_keys(manifest, target)
        return None
    found = read_manifest(keys.part)
    _require_kind(found, KEYS)
    if found.about["keyring"] != manifest.about["keyring"]:
        raise Refusal(
            "restore.other_keys", "这份密钥备份是另一个库的。", next_step="找出同一个库的密钥备份。"
        )
    _require_empty(target.keys, what="密钥文件夹", but_for=WEB_SECRET)
    verify_part(keys.part)
    open_part(found, keys.passphrase)
    return found


def _require_own_keys(manifest: Manifest, target: Store) -> None:
    """Keys that lie there already must be the store's own; none at all is possible: figures can be read without."""
    about = target.keys / "keyring.json"
    if about.exists() and read_json(about)["keyring"] != manifest.about["keyring"]:
        raise Refusal(
            "restore.other_keys",
            f"{target.keys} 里的密钥是另一个库的。",
            next_step="换一个库的位置，或用 --keys 给出密钥备份。",
        )


def _take_keys_out(keys: KeysPart, manifest: Manifest, half: Path) -> None:
    half.mkdir(parents=True, mode=0o700)
    envelope = open_part(manifest, keys.passphrase)
    for _one in take_out(keys.part, manifest.files, half, envelope=envelope):
        pass
    for path in half.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def _require_kind(manifest: Manifest, kind: str) -> None:
    if manifest.kind != kind:
        wanted, other = ("数据", "密钥") if kind == DATA else ("密钥", "数据")
        raise Refusal(
            "restore.other_part",
            f"这是{other}的备份，这里要的是{wanted}的备份。",
            next_step="换一份。",
        )


def _require_empty(folder: Path, *, what: str, but_for: str = "") -> None:
    if folder.exists() and (
        not folder.is_dir() or any(path.name != but_for for path in folder.iterdir())
    ):
        raise Refusal(
            "restore.not_empty",
            f"{what} {folder} 不是空的，恢复不会覆盖任何东西。",
            next_step="恢复到一个新的位置；确认无误以后再换过去。",
        )
