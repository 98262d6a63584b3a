"""Sealing the ledger: order, hash chain, Merkle tree, signed checkpoint, files. Doors are in `ledger`.

The sealer takes what the pending list names, never "ids after the last": a transaction with a lower id may
commit later. Gaps in ids are no tampering. One seals at a time; a second one finds nothing to do.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import (
    DatabaseError,
    OperationalError,
    close_old_connections,
    connection,
    transaction,
)

from kuai.guard.engine.chain import (
    ENTRIES_PER_FILE,
    FileHeader,
    canonical_bytes,
    chain_link,
    chain_start,
    encode_line,
    first_sequence_of,
)
from kuai.guard.engine.checkpoints import (
    LEAF_MARK_BYTES,
    Checkpoint,
    LedgerSigner,
    NoteVerifier,
)
from kuai.guard.engine.keys import open_keyring
from kuai.guard.engine.ledger_files import LedgerFolder
from kuai.guard.engine.merkle import Frontier, leaf_hash
from kuai.guard.ledger_models import LedgerCheckpoint, LedgerEntry, LedgerPending, LedgerSeal
from kuai.guard.ledger_types import LedgerHealth
from kuai.kit.atomic_files import write_text
from kuai.kit.clock import utc_now
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store

logger = logging.getLogger(__name__)

# Measured on 2026-11-22: writing 2,000 seals holds SQLite's write lock for 52 ms.
BATCH_ENTRIES = 2_000
# A step back by more than this is a clock set wrong, not two machines' drift.
CLOCK_TOLERANCE = timedelta(seconds=2)
SEAL_EVERY_S = 0.2
LOCK_POLL_S = 0.002
RETRY_AFTER_S = 2.0
# X-Road stops taking requests when nothing could be timestamped for four hours; we refuse personal reads.
LONGEST_WAIT = timedelta(hours=4)


@dataclass(frozen=True)
class FilePosition:
    """How far the files follow the database."""

    written: int
    noted: int
    lengths: tuple[int, int] = (-1, -1)


class Sealer:
    """Seals for one store; keeps the signing key and where the files stand."""

    def __init__(self, store: Store) -> None:
        keyring = open_keyring(store)
        self.folder = LedgerFolder(store.root / "ledger")
        self.signer = LedgerSigner.from_seed(
            keyring.signing_seed(), origin=f"kuai-ledger/{keyring.name}"
        )
        self.verifier = NoteVerifier.from_text(self.signer.verifier_key())
        self._position: FilePosition | None = None
        public_key = self.folder.public_key
        verifier_key = self.signer.verifier_key() + "\n"
        if not public_key.exists() or public_key.read_text(encoding="utf-8") != verifier_key:
            write_text(public_key, verifier_key)

    def seal(self, now: datetime) -> int:
        """Seal all that waits and bring the files up to date; returns how many were sealed. May be repeated."""
        if self._position and not LedgerPending.objects.exists():
            return 0
        with self._alone():
            sealed, is_full = 0, True
            # Only a full batch is followed by another: what arrives meanwhile waits for the next round, else
            # a busy hour would keep the files behind.
            while is_full:
                batch, is_full = self._seal_batch(now)
                sealed += batch
            self._follow_with_files()
        return sealed

    @contextmanager
    def _alone(self) -> Iterator[None]:
        handle = os.open(self.folder.folder / ".sealer", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _seal_batch(self, now: datetime) -> tuple[int, bool]:
        """(how many were sealed, whether more may wait)."""
        last = LedgerCheckpoint.objects.order_by("-size").first()
        size = last.size if last else 0
        # A batch never crosses the end of a file, so every file begins at a checkpoint.
        most = min(BATCH_ENTRIES, ENTRIES_PER_FILE - size % ENTRIES_PER_FILE)
        waiting = LedgerEntry.objects.filter(pending__isnull=False).order_by("pk")
        entries = list(waiting[:most])
        if not entries:
            return 0, False
        # All reading and hashing is done before the transaction: on SQLite it would keep writers waiting.
        # A second sealer on another machine fails on the unique sequence and tries again.
        seals, checkpoint = self._sealed(entries, last=last, at=_not_before(last, now))

        def write() -> None:
            LedgerSeal.objects.bulk_create(seals)
            checkpoint.save()
            LedgerPending.objects.filter(entry_id__in=[entry.pk for entry in entries]).delete()

        _write_in_turn(write)
        return len(entries), len(entries) == most

    def _sealed(
        self, entries: list[LedgerEntry], *, last: LedgerCheckpoint | None, at: datetime
    ) -> tuple[list[LedgerSeal], LedgerCheckpoint]:
        frontier = _frontier_of(last)
        chain = bytes.fromhex(last.chain) if last else chain_start(self.signer.origin)
        seals, marks = [], []
        for entry in entries:
            content = sealed_form(entry, sequence=frontier.size + 1)
            leaf, chain = leaf_hash(content), chain_link(content, previous=chain)
            frontier.add(leaf)
            marks.append(leaf[:LEAF_MARK_BYTES])
            seals.append(
                LedgerSeal(entry=entry, sequence=frontier.size, leaf=leaf.hex(), chain=chain.hex())
            )
        note = Checkpoint(
            self.signer.origin, frontier.size, frontier.root(), chain, at, tuple(marks)
        )
        return seals, LedgerCheckpoint(
            size=frontier.size,
            sealed_at=at,
            chain=chain.hex(),
            frontier=[node.hex() for node in frontier.nodes],
            note=self.signer.sign(note),
        )

    def _follow_with_files(self) -> None:
        # Looking for where the files end reads megabytes, so it is done once and when somebody else wrote.
        if self._position is None or self._position.lengths != self.folder.lengths():
            self.folder.mend_tails()
            self._position = FilePosition(
                self.folder.last_sequence(), self.folder.last_checkpoint_size(self.verifier)
            )
        written, noted = self._position.written, self._position.noted
        self._position = None
        sealed = last_sealed_sequence()
        if written > sealed:
            raise Breakdown(
                f"the ledger's files hold {written} entries, the database {sealed}: it was restored from an"
                " older copy or is another store's; keep both and compare them before sealing goes on"
            )
        while written < sealed:
            written = self._append_after(written)
        missing = LedgerCheckpoint.objects.filter(size__gt=noted).order_by("size")
        notes = list(missing.values_list("note", flat=True))
        if notes:
            self.folder.append_notes(notes)
        self._position = FilePosition(written, sealed, self.folder.lengths())

    def _append_after(self, written: int) -> int:
        first = written + 1
        file_ends = first_sequence_of(first) + ENTRIES_PER_FILE - 1
        seals = LedgerSeal.objects.select_related("entry").order_by("sequence")
        seals = seals.filter(sequence__gte=first, sequence__lte=file_ends)[:BATCH_ENTRIES]
        lines = [
            encode_line(
                sealed_form(seal.entry, sequence=seal.sequence), chain=bytes.fromhex(seal.chain)
            )
            for seal in seals
        ]
        self.folder.append_lines(first, lines, header=self._header_before(first_sequence_of(first)))
        return written + len(lines)

    def _header_before(self, first_sequence: int) -> FileHeader:
        if first_sequence == 1:
            return FileHeader.at_start(self.signer.origin)
        before = LedgerCheckpoint.objects.get(size=first_sequence - 1)
        return FileHeader(
            origin=self.signer.origin,
            first_sequence=first_sequence,
            chain=bytes.fromhex(before.chain),
            nodes=tuple(bytes.fromhex(node) for node in before.frontier),
        )


def seal_pending(store: Store, *, now: datetime) -> Receipt:
    """Seal every entry that waits, once; refuses when the clock went back. May be repeated."""
    sealed = Sealer(store).seal(now)
    return Receipt(stage="ledger.seal", received=sealed, kept=sealed, what="entries")


def run_sealer(
    store: Store,
    *,
    stop_event: threading.Event,
    clock: Callable[[], datetime] = utc_now,
    every_s: float = SEAL_EVERY_S,
) -> None:
    """Seal until `stop_event` is set: the body of a background thread or process. Failures are logged and retried."""
    sealer: Sealer | None = None
    while not stop_event.is_set():
        pause = every_s
        try:
            close_old_connections()
            sealer = sealer or Sealer(store)
            sealer.seal(clock())
        except (Refusal, Breakdown, DatabaseError, OSError) as failure:
            # Because an unsealed second is mended by the next round, a dead sealer by nobody.
            logger.exception("ledger.seal_failed kind=%s", type(failure).__name__)
            sealer, pause = None, RETRY_AFTER_S
        stop_event.wait(pause)
    connection.close()


def get_ledger_health(*, now: datetime) -> LedgerHealth:
    """How many entries wait and for how long."""
    oldest = (
        LedgerEntry.objects.filter(pending__isnull=False)
        .order_by("recorded_at")
        .values_list("recorded_at", flat=True)
        .first()
    )
    last = LedgerCheckpoint.objects.order_by("-size").first()
    return LedgerHealth(
        entries=LedgerEntry.objects.count(),
        waiting=LedgerPending.objects.count(),
        oldest_wait_s=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
        sealed=last.size if last else 0,
        last_sealed_at=last.sealed_at if last else None,
    )


def require_sealing_alive(*, now: datetime) -> None:
    """Refuse personal reads when entries have waited more than four hours for their seal."""
    oldest = LedgerEntry.objects.filter(pending__isnull=False).order_by("pk").first()
    if oldest is not None and now - oldest.recorded_at > LONGEST_WAIT:
        raise Refusal(
            "ledger.stalled",
            "留痕账本已超过四小时没有封存，暂停查看个人资料。",
            next_step="请系统管理员运行 kuai doctor，恢复封存后自动放开。",
        )


def sealed_form(entry: LedgerEntry, *, sequence: int) -> bytes:
    """The canonical bytes of an entry: what is hashed, and what stands in the files."""
    content: dict[str, Any] = {
        "action": entry.action,
        "actor": entry.actor,
        "address": entry.address,
        "commitment": entry.commitment,
        "count": entry.count_returned,
        "fields": entry.fields_named,
        "object_kind": entry.object_kind,
        "objects": entry.objects_seen,
        "outcome": entry.outcome,
        "part": entry.part,
        "purpose": entry.purpose,
        "recorded_at": entry.recorded_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "reference": str(entry.reference),
        "role": entry.role,
        "sequence": sequence,
        "session": entry.session,
        "ticket": entry.ticket,
    }
    return canonical_bytes(content)


def last_sealed_sequence() -> int:
    """How many entries are sealed."""
    last = LedgerCheckpoint.objects.order_by("-size").values_list("size", flat=True).first()
    return last or 0


def find_row_faults(store: Store) -> Iterator[str]:
    """Compare every row of the database with its seal and with the last signed checkpoint; yields what differs."""
    sealer = Sealer(store)
    frontier, chain = Frontier(), chain_start(sealer.signer.origin)
    seals = LedgerSeal.objects.select_related("entry").order_by("sequence")
    for seal in seals.iterator(chunk_size=BATCH_ENTRIES):
        if seal.sequence != frontier.size + 1:
            yield f"第 {frontier.size + 1} 条之后缺封存记录。"
            return
        content = sealed_form(seal.entry, sequence=seal.sequence)
        leaf, chain = leaf_hash(content), chain_link(content, previous=chain)
        frontier.add(leaf)
        if leaf.hex() != seal.leaf or chain.hex() != seal.chain:
            yield f"第 {seal.sequence} 条（{seal.entry.reference}）与封存时不一致。"
            chain = bytes.fromhex(seal.chain)
    yield from _faults_of_last_checkpoint(sealer, frontier)
    strays = LedgerEntry.objects.filter(seal__isnull=True, pending__isnull=True).count()
    if strays:
        yield f"有 {strays} 条既没有封存，也不在待封存名单里。"


def _faults_of_last_checkpoint(sealer: Sealer, frontier: Frontier) -> Iterator[str]:
    last = LedgerCheckpoint.objects.order_by("-size").first()
    if last is None:
        return
    try:
        signed = sealer.verifier.read(last.note)
    except ValueError:
        yield f"第 {last.size} 条处检查点的签名不成立。"
        return
    if (signed.size, signed.root) != (frontier.size, frontier.root()):
        yield f"最后的检查点（{signed.size} 条）与现有的 {frontier.size} 条对不上。"


def _write_in_turn(write: Callable[[], None]) -> None:
    """Run `write` in a transaction; on SQLite ask for the write lock every other millisecond.

    Because SQLite's own waiting backs off to 100 ms steps: at 200 entries/s the sealer starved for 1.5 s.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            write()
        return
    with connection.cursor() as cursor:
        cursor.execute("pragma busy_timeout")
        usual_ms = int(cursor.fetchone()[0])
        cursor.execute("pragma busy_timeout = 0")
        try:
            _write_when_unlocked(write, patience_s=usual_ms / 1000)
        finally:
            cursor.execute(f"pragma busy_timeout = {usual_ms}")


def _write_when_unlocked(write: Callable[[], None], *, patience_s: float) -> None:
    deadline = time.monotonic() + patience_s
    while True:
        try:
            with transaction.atomic():
                write()
        except OperationalError as failure:
            if "locked" not in str(failure) or time.monotonic() > deadline:
                raise
            time.sleep(LOCK_POLL_S)
        else:
            return


def _frontier_of(last: LedgerCheckpoint | None) -> Frontier:
    if last is None:
        return Frontier()
    return Frontier(size=last.size, nodes=[bytes.fromhex(node) for node in last.frontier])


def _not_before(last: LedgerCheckpoint | None, now: datetime) -> datetime:
    if last is None or now >= last.sealed_at:
        return now
    if last.sealed_at - now > CLOCK_TOLERANCE:
        raise Refusal(
            "ledger.clock_went_back",
            f"本机时钟（{now.isoformat()}）早于上一个检查点（{last.sealed_at.isoformat()}），不能封存。",
            next_step="校准本机时钟后自动恢复。",
        )
    return last.sealed_at
