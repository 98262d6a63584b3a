"""The ledger's files in `store/ledger/`: appending to them after a seal, and verifying them offline.

The database is the record; the files follow it, so that an auditor can carry them away. A kill between
commit and append leaves them a step behind, and the next sealing catches up.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kuai.guard.engine.chain import (
    FileHeader,
    declared_sequence,
    file_name_of,
)
from kuai.guard.engine.checkpoints import Checkpoint, NoteVerifier, read_notes, split_notes
from kuai.guard.engine.verifying import LedgerFault, find_faults
from kuai.kit.atomic_files import sync_folder
from kuai.kit.errors import Breakdown, Refusal

CHECKPOINTS_NAME = "checkpoints.txt"
PUBLIC_KEY_NAME = "ledger.pub"
TAIL_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class LedgerVerdict:
    """What the verification of one ledger file found.

    `anchored_at` is the size the last checkpoint vouches for (None: checked by its own chain only, which does
    not show a cut-off tail). `key_id` is what the auditor compares with the key kept elsewhere.
    """

    file: str
    entries: int
    faults: tuple[LedgerFault, ...]
    anchored_at: int | None
    checkpoints_held: int
    origin: str
    key_id: str

    @property
    def is_whole(self) -> bool:
        return not self.faults


def verify_ledger_file(
    path: Path, checkpoint_path: Path | None = None, *, public_key: str = ""
) -> LedgerVerdict:
    """Verify one file of entries, offline; see `LedgerVerdict`.

    `public_key` is the verifier key or a file with it; by default `ledger.pub` beside the checkpoints. Whoever
    could replace the whole folder could replace that file too: an auditor passes the key kept elsewhere.
    """
    if not path.is_file():
        raise Refusal("ledger.no_file", f"没有账本文件 {path}。", next_step="检查路径。")
    verifier: NoteVerifier | None = None
    checkpoints: list[Checkpoint] | None = None
    note_faults: list[LedgerFault] = []
    if checkpoint_path is not None:
        verifier = read_public_key(public_key or str(checkpoint_path.with_name(PUBLIC_KEY_NAME)))
        checkpoints, note_faults = read_checkpoints(checkpoint_path, verifier=verifier)
    with path.open("rb", buffering=1 << 20) as lines:
        entries, faults = find_faults(lines, checkpoints=checkpoints)
    return LedgerVerdict(
        file=str(path),
        entries=entries,
        faults=(*faults, *note_faults),
        anchored_at=checkpoints[-1].size if checkpoints else None,
        checkpoints_held=len(checkpoints or ()),
        origin=verifier.origin if verifier else "",
        key_id=verifier.key_id.hex() if verifier else "",
    )


def read_public_key(text_or_path: str) -> NoteVerifier:
    """The verifier key, given as such or as a file."""
    try:
        is_file = "+" not in text_or_path or Path(text_or_path).is_file()
        text = Path(text_or_path).read_text(encoding="utf-8") if is_file else text_or_path
        return NoteVerifier.from_text(text)
    except (OSError, ValueError) as cause:
        raise Refusal(
            "ledger.no_public_key",
            "读不到账本公钥。",
            next_step="用 --public-key 给出审计员自己保存的公钥（ledger.pub 的内容）。",
        ) from cause


def read_checkpoints(
    path: Path, *, verifier: NoteVerifier
) -> tuple[list[Checkpoint], list[LedgerFault]]:
    """The checkpoints that hold, in order, and what is wrong with the file of them."""
    if not path.is_file():
        raise Refusal("ledger.no_checkpoints", f"没有检查点文件 {path}。", next_step="检查路径。")
    held: list[Checkpoint] = []
    faults: list[LedgerFault] = []
    for note in read_notes(path.read_text(encoding="utf-8", errors="replace"), verifier=verifier):
        if note.checkpoint is None:
            sentence = "检查点的签名不成立：被改过，或不是这把公钥签的。"
        elif held and note.checkpoint.begins_at != held[-1].size:
            sentence = f"检查点不相连：应从第 {held[-1].size} 条接起，中间的被删除或次序被换过。"
        else:
            sentence = ""
        if sentence:
            faults.append(LedgerFault("checkpoint", note.line, None, sentence))
        if note.checkpoint and (not held or note.checkpoint.size > held[-1].size):
            held.append(note.checkpoint)
    if not held and not faults:
        faults.append(LedgerFault("checkpoint", 1, None, "检查点文件里没有检查点。"))
    return held, faults


@dataclass(frozen=True)
class LedgerFolder:
    """The folder the sealer appends to."""

    folder: Path

    @property
    def checkpoints(self) -> Path:
        return self.folder / CHECKPOINTS_NAME

    @property
    def public_key(self) -> Path:
        return self.folder / PUBLIC_KEY_NAME

    def entry_files(self) -> list[Path]:
        """The files of entries, oldest first."""
        return sorted(self.folder.glob("entries-*.jsonl"))

    def mend_tails(self) -> None:
        """Take away what a kill left half-written at the ends (never whole lines or notes)."""
        for path in self.entry_files()[-1:]:
            _cut_after(path, b"\n")
        if self.checkpoints.exists():
            _cut_after(self.checkpoints, b"\n\n", except_before="— ".encode())

    def last_sequence(self) -> int:
        """The sequence of the last entry in the files; 0 before the first."""
        for path in reversed(self.entry_files()):
            lines = _tail(path).splitlines(keepends=True)
            if len(lines) > 1 or (lines and not lines[-1].startswith(b'{"digest"')):
                sequence = declared_sequence(lines[-1])
                if sequence is None:
                    raise Breakdown(f"the last line of ledger file {path} is damaged")
                return sequence
        return 0

    def last_checkpoint_size(self, verifier: NoteVerifier) -> int:
        """The size of the last checkpoint in the file; 0 before the first."""
        if not self.checkpoints.exists():
            return 0
        tail = _tail(self.checkpoints).decode("utf-8", "replace")
        newest_first = reversed(list(split_notes(tail)))
        for _, note in newest_first:
            try:
                return verifier.read(note).size
            except ValueError:
                continue
        return 0

    def lengths(self) -> tuple[int, int]:
        """Bytes of the last file of entries and of the checkpoints: unchanged lengths mean nobody else wrote."""
        last = self.entry_files()[-1:]
        return (
            last[0].stat().st_size if last else 0,
            self.checkpoints.stat().st_size if self.checkpoints.exists() else 0,
        )

    def append_lines(self, sequence: int, lines: Sequence[bytes], *, header: FileHeader) -> None:
        """Append entries from `sequence` on, all of one file; a new file begins with `header`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / file_name_of(sequence)
        # A kill may leave the file made but empty.
        has_header = path.exists() and path.stat().st_size > 0
        lead = [] if has_header else [header.encode()]
        _append(path, b"".join([*lead, *lines]))

    def append_notes(self, notes: Sequence[str]) -> None:
        """Append signed notes, an empty line after each."""
        _append(self.checkpoints, "".join(note + "\n" for note in notes).encode())


def _append(path: Path, content: bytes) -> None:
    is_new = not path.exists()
    with path.open("ab") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    if is_new:
        sync_folder(path.parent)


def _tail(path: Path) -> bytes:
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(max(0, size - TAIL_BYTES))
        return stream.read()


def _cut_after(path: Path, end: bytes, *, except_before: bytes = b"") -> None:
    """Shorten the file to its last `end`. With `except_before`, an `end` counts only after a line led by it."""
    content = _tail(path)
    keep = content.rfind(end)
    while except_before and keep > 0:
        line = content[content.rfind(b"\n", 0, keep) + 1 : keep]
        if line.startswith(except_before):
            break
        keep = content.rfind(end, 0, keep)
    surplus = len(content) - (keep + len(end)) if keep >= 0 else len(content)
    if surplus:
        with path.open("rb+") as stream:
            stream.truncate(path.stat().st_size - surplus)
            stream.flush()
            os.fsync(stream.fileno())
