"""Signed checkpoints of the ledger, as C2SP signed notes (tlog-checkpoint) with ed25519.

Body: origin, size, root (base64); then our extension lines: `chain` (head of the hash chain), `time`, and
`leaves` (first 8 bytes of every leaf since the checkpoint before), which let a verifier name the very line
that was altered even when a forger has recomputed all hashes after it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ED25519 = b"\x01"
LEAF_MARK_BYTES = 8
SIGNATURE_LEAD = "— "


@dataclass(frozen=True)
class Checkpoint:
    """The ledger had `size` entries with this root; `leaf_marks` are those added since the one before."""

    origin: str
    size: int
    root: bytes
    chain: bytes
    sealed_at: datetime
    leaf_marks: tuple[bytes, ...]

    @property
    def begins_at(self) -> int:
        """The size of the checkpoint before."""
        return self.size - len(self.leaf_marks)

    def text(self) -> str:
        """What is signed."""
        return (
            f"{self.origin}\n{self.size}\n{_encode(self.root)}\nchain {_encode(self.chain)}\n"
            f"time {self.sealed_at.astimezone(UTC).isoformat()}\n"
            f"leaves {_encode(b''.join(self.leaf_marks))}\n"
        )


@dataclass(frozen=True)
class ReadNote:
    """One note of a checkpoint file: the line it begins on, and its checkpoint if the signature holds."""

    line: int
    checkpoint: Checkpoint | None
    fault: str = ""


@dataclass(frozen=True)
class LedgerSigner:
    """The ledger's own key."""

    origin: str
    key: Ed25519PrivateKey

    @classmethod
    def from_seed(cls, seed: bytes, *, origin: str) -> LedgerSigner:
        return cls(origin=origin, key=Ed25519PrivateKey.from_private_bytes(seed))

    def verifier_key(self) -> str:
        """The public key as auditors keep it (C2SP vkey): name+key id+key."""
        public = ED25519 + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"{self.origin}+{_key_id(self.origin, public).hex()}+{_encode(public)}"

    def sign(self, checkpoint: Checkpoint) -> str:
        """The signed note."""
        text = checkpoint.text()
        public = ED25519 + self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        signature = _key_id(self.origin, public) + self.key.sign(text.encode())
        return f"{text}\n{SIGNATURE_LEAD}{self.origin} {_encode(signature)}\n"


@dataclass(frozen=True)
class NoteVerifier:
    """Believes the notes of one ledger, signed by one key."""

    origin: str
    key_id: bytes
    key: Ed25519PublicKey

    @classmethod
    def from_text(cls, verifier_key: str) -> NoteVerifier:
        """Read `name+key id+key`; ValueError if it is not one."""
        name, key_id, encoded = verifier_key.strip().split("+", 2)
        public = base64.b64decode(encoded, validate=True)
        if public[:1] != ED25519 or _key_id(name, public) != bytes.fromhex(key_id):
            raise ValueError("not an ed25519 verifier key, or its key id is wrong")
        return cls(name, _key_id(name, public), Ed25519PublicKey.from_public_bytes(public[1:]))

    def read(self, note: str) -> Checkpoint:
        """The checkpoint of a signed note; ValueError if the signature or the form is wrong.

        Signatures by others (witnesses) may stand beside ours and are passed over.
        """
        text, _, signatures = note.partition("\n\n")
        text += "\n"
        for line in signatures.splitlines():
            if self._has_signed(line, text=text):
                return _parse(text, origin=self.origin)
        raise ValueError("the signature does not hold")

    def _has_signed(self, line: str, *, text: str) -> bool:
        lead = f"{SIGNATURE_LEAD}{self.origin} "
        if not line.startswith(lead):
            return False
        try:
            signature = base64.b64decode(line[len(lead) :], validate=True)
            if signature[:4] != self.key_id:
                return False
            self.key.verify(signature[4:], text.encode())
        except (InvalidSignature, binascii.Error):
            return False
        return True


def read_notes(content: str, *, verifier: NoteVerifier) -> Iterator[ReadNote]:
    """The notes of a checkpoint file, in order, with those that do not hold."""
    for line, note in split_notes(content):
        try:
            yield ReadNote(line, verifier.read(note))
        except (ValueError, KeyError) as fault:
            yield ReadNote(line, None, str(fault))


def split_notes(content: str) -> Iterator[tuple[int, str]]:
    """Notes are divided by an empty line after their signatures."""
    note: list[str] = []
    begins = 1
    for number, line in enumerate(content.split("\n"), start=1):
        is_end = not line and any(part.startswith(SIGNATURE_LEAD) for part in note)
        if is_end:
            yield begins, "\n".join(note) + "\n"
            note, begins = [], number + 1
        elif line or note:
            note.append(line)
        else:
            begins = number + 1
    if any(note):
        yield begins, "\n".join(note) + "\n"


def _parse(text: str, *, origin: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 7 or lines[0] != origin:
        raise ValueError("the note is of another ledger or not a checkpoint")
    extensions = dict(line.split(" ", 1) for line in lines[3:] if " " in line)
    marks = base64.b64decode(extensions["leaves"], validate=True)
    return Checkpoint(
        origin=lines[0],
        size=int(lines[1]),
        root=base64.b64decode(lines[2], validate=True),
        chain=base64.b64decode(extensions["chain"], validate=True),
        sealed_at=datetime.fromisoformat(extensions["time"]),
        leaf_marks=tuple(
            marks[at : at + LEAF_MARK_BYTES] for at in range(0, len(marks), LEAF_MARK_BYTES)
        ),
    )


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + public).digest()[:4]


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode()
