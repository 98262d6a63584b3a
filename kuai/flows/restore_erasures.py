"""What was erased after a backup was made, read from what outlived it, and erased again in the store that is made.

Only of the same store: a key folder of the same keyring, ledger files that go on from the backup's own and are signed
by its key. Names are held against the vault's pattern before any of them becomes a path. Decision 0032.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kuai.guard.actions import (
    WAITING_ERASURES,
    VaultPlace,
    is_shredded,
    shred_period,
    verify_ledger_file,
)
from kuai.guard.types import Zone
from kuai.kit.errors import DataFault, Refusal, Where
from kuai.kit.store import Store, read_json, write_json

# The ledger's word for a period whose key was destroyed, as `kuai keys shred` and the retention run enter it.
SHREDDING = "shredded_period"
# Signed by nothing yet: lines that a kill left behind the last checkpoint.
UNSIGNED = "unproven"
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True, order=True)
class Erasure:
    """One period of one source whose key was destroyed."""

    zone: str
    source: str
    period: str

    def __str__(self) -> str:
        return f"{self.zone} {self.source} {self.period}"


@dataclass(frozen=True)
class Erasures:
    """What is to be erased again. `untold`: what the ledger says without the zone or without a signature."""

    known: tuple[Erasure, ...] = ()
    untold: tuple[str, ...] = ()


def read_erasures(places: Iterable[Path], *, keyring: str, ledger: Path) -> Erasures:
    """Read all of `places`; refuses what is of another store than `keyring` and the backup's `ledger`, or altered."""
    known: set[Erasure] = set()
    untold: set[str] = set()
    for place in places:
        if (place / "keyring.json").exists():
            known |= set(_tombstones_in(place, keyring=keyring))
            continue
        for about, zone in _shreddings_in(place, keyring=keyring, ledger=ledger):
            source, _, period = about.rpartition(".")
            if zone:
                known.add(_erasure(zone, source, period, told_by=place))
            else:
                untold.add(about)
    told = {f"{one.source}.{one.period}" for one in known}
    return Erasures(tuple(sorted(known)), tuple(sorted(untold - told)))


def erase_again(store: Store, erasures: Erasures) -> tuple[str, ...]:
    """Erase in `store` what is still there of them; without keys they wait in the store until keys come."""
    if store.keys.exists():
        return tuple(str(one) for one in erasures.known if _shred_again(store, one))
    if erasures.known:
        _leave_waiting(store, erasures.known)
    return tuple(str(one) for one in erasures.known if _remove_files(store, one))


def _shred_again(store: Store, one: Erasure) -> bool:
    """True if there was something to destroy: a key in the restored folder, or sealed files."""
    zone = Zone(one.zone)
    there = _remove_extracts(store, one)
    folder = store.vault / one.zone / one.source / one.period
    if is_shredded(store, zone=zone, source=one.source, period=one.period) and not folder.exists():
        return there
    shred_period(store, zone=zone, source=one.source, period=one.period)
    return True


def _remove_files(store: Store, one: Erasure) -> bool:
    there = _remove_extracts(store, one)
    folder = store.vault / one.zone / one.source / one.period
    if not folder.exists():
        return there
    shutil.rmtree(folder)
    return True


def _remove_extracts(store: Store, one: Erasure) -> bool:
    """What was read from the delivery is no more than the delivery: the retention run erases both."""
    base = store.extracts if one.zone == Zone.CORE.value else store.extracts / one.zone
    folder = base / one.source / one.period
    if not folder.exists():
        return False
    shutil.rmtree(folder)
    return True


def _leave_waiting(store: Store, erasures: Iterable[Erasure]) -> None:
    path = store.root / WAITING_ERASURES
    before = read_json(path)["waiting"] if path.exists() else []
    every = {tuple(one) for one in before} | {(o.zone, o.source, o.period) for o in erasures}
    write_json(path, {"waiting": sorted(map(list, every))})


def _tombstones_in(keys: Path, *, keyring: str) -> Iterator[Erasure]:
    if read_json(keys / "keyring.json").get("keyring") != keyring:
        raise _of_another_store(keys)
    for path in sorted(keys.glob("*/data/*/*.json")):
        if read_json(path).get("shredded"):
            yield _erasure(path.parents[2].name, path.parent.name, path.stem, told_by=keys)


def _shreddings_in(folder: Path, *, keyring: str, ledger: Path) -> Iterator[tuple[str, str]]:
    """What the ledger's files say was destroyed: "source.period" and the zone, "" where not told or not signed."""
    found = sorted(folder.glob("entries-*.jsonl"))
    if not found:
        raise Refusal(
            "restore.no_erasures",
            f"{folder} 既不是密钥文件夹，也不是台账文件夹。",
            next_step="给出仍在用的 STORE.keys，或 STORE/ledger。",
        )
    for own in sorted(ledger.glob("entries-*.jsonl")):
        if (folder / own.name).exists() and not _goes_on_from(folder / own.name, own):
            raise _of_another_store(folder)
    for path in found:
        signed = _signed_up_to(path, keyring=keyring, ledger=ledger)
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                entry = json.loads(line).get("entry", {}) if SHREDDING in line else {}
                if entry.get("action") == SHREDDING:
                    zone = (entry.get("fields") or [""])[0]
                    yield entry["objects"][0], zone if entry["sequence"] <= signed else ""


def _signed_up_to(path: Path, *, keyring: str, ledger: Path) -> int:
    """The last entry a signature vouches for; refuses altered files and those another store's key signed."""
    own_key = ledger / "ledger.pub"
    verdict = verify_ledger_file(
        path,
        path.with_name("checkpoints.txt"),
        public_key=str(own_key) if own_key.exists() else "",
    )
    if verdict.origin != f"kuai-ledger/{keyring}":
        raise _of_another_store(path.parent)
    altered = [fault for fault in verdict.faults if fault.kind != UNSIGNED]
    if altered:
        raise DataFault(
            "restore.erasures_altered",
            f"这份台账不可信：{altered[0].sentence}",
            where=Where(file=path.name),
            remedy="用审计员导出的台账，或仍在用的密钥文件夹；没有恢复任何东西",
        )
    return verdict.anchored_at or 0


def _goes_on_from(path: Path, own: Path) -> bool:
    """Does `path` begin with every whole line of `own`?"""
    with path.open("rb") as newer, own.open("rb") as older:
        for line in older:
            if line.endswith(b"\n") and newer.readline() != line:
                return False
    return True


def _erasure(zone: str, source: str, period: str, *, told_by: Path) -> Erasure:
    """Refuses names that a delivery could never have had: one of them as a path could lead anywhere."""
    try:
        VaultPlace(zone=Zone(zone), source=source, period=period, name="snapshot")
    except (ValueError, Refusal) as cause:
        raise DataFault(
            "restore.erasure_name",
            "要再次销毁的名单里有不合规则的分区、来源名或期名",
            where=Where(file=told_by.name),
            remedy="名单可能被改过，请换一份；没有恢复任何东西",
        ) from cause
    return Erasure(zone, source, period)


def _of_another_store(place: Path) -> Refusal:
    return Refusal(
        "restore.other_erasures",
        f"{place} 是另一个库的，不能照着它销毁。",
        next_step="用同一个库的密钥文件夹或台账。没有恢复任何东西。",
    )
