"""The sealed form of ledger entries: canonical JSON, hash chain, and the lines of the ledger's files.

A file is one header line and one line an entry: `{"chain":"<hex>","entry":{...}}`, itself RFC 8785 canonical.
chain(n) = SHA-256(entry(n) || chain(n-1)). Because the bytes of the entry stand in the line as they were
hashed, a verifier needs no JSON reader to trust them. Decision 0014.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import rfc8785

from kuai.guard.engine.merkle import Frontier

LINE_LEAD = b'{"chain":"'
LINE_MIDDLE = b'","entry":'
LINE_END = b"}\n"
CHAIN_AT = len(LINE_LEAD)
MIDDLE_AT = CHAIN_AT + 64
ENTRY_AT = MIDDLE_AT + len(LINE_MIDDLE)
# A file holds entries k*n+1 .. (k+1)*n, so a verifier knows where a full one must end.
ENTRIES_PER_FILE = 1_000_000


def canonical_bytes(value: Mapping[str, Any]) -> bytes:
    """RFC 8785 JSON: one meaning, one spelling."""
    return rfc8785.dumps(dict(value))


def chain_start(origin: str) -> bytes:
    """What the first entry of a ledger is chained to."""
    return sha256(b"kuai-ledger-1\n" + origin.encode()).digest()


def chain_link(entry: bytes, *, previous: bytes) -> bytes:
    """The hash of an entry and all before it."""
    return sha256(entry + previous).digest()


def commitment_of(salt: bytes, content: bytes) -> str:
    """A salted commitment: proves `content` while the salt is kept, says nothing once it is erased."""
    return sha256(salt + content).hexdigest()


def encode_line(entry: bytes, *, chain: bytes) -> bytes:
    """One line of a ledger file."""
    return LINE_LEAD + chain.hex().encode() + LINE_MIDDLE + entry + LINE_END


def split_line(line: bytes) -> tuple[bytes, bytes] | None:
    """(entry, chain as hex) of a line, or None if it does not have the form."""
    if (
        line[:CHAIN_AT] != LINE_LEAD
        or line[MIDDLE_AT:ENTRY_AT] != LINE_MIDDLE
        or line[-2:] != LINE_END
    ):
        return None
    return line[ENTRY_AT:-2], line[CHAIN_AT:MIDDLE_AT]


def declared_sequence(line: bytes) -> int | None:
    """The number an entry's line says it has, if it can still be read."""
    try:
        return int(json.loads(line)["entry"]["sequence"])
    except (ValueError, KeyError, TypeError):
        return None


def file_name_of(sequence: int) -> str:
    """The ledger file that holds entry `sequence` (counted from 1)."""
    return f"entries-{first_sequence_of(sequence):012d}.jsonl"


def first_sequence_of(sequence: int) -> int:
    """The first sequence of the file that holds `sequence`."""
    return (sequence - 1) // ENTRIES_PER_FILE * ENTRIES_PER_FILE + 1


@dataclass(frozen=True)
class FileHeader:
    """Where a file takes up the ledger: the chain and the tree just before its first entry."""

    origin: str
    first_sequence: int
    chain: bytes
    nodes: tuple[bytes, ...]

    @classmethod
    def at_start(cls, origin: str) -> FileHeader:
        return cls(origin=origin, first_sequence=1, chain=chain_start(origin), nodes=())

    def frontier(self) -> Frontier:
        return Frontier(size=self.first_sequence - 1, nodes=list(self.nodes))

    def encode(self) -> bytes:
        """The header line. Its digest finds accidents; a forged header is found by the checkpoints' roots."""
        header = canonical_bytes(
            {
                "chain": self.chain.hex(),
                "first_sequence": self.first_sequence,
                "ledger": 1,
                "nodes": [node.hex() for node in self.nodes],
                "origin": self.origin,
            }
        )
        digest = sha256(header).hexdigest().encode()
        return b'{"digest":"' + digest + b'","header":' + header + LINE_END

    @classmethod
    def decode(cls, line: bytes) -> FileHeader:
        """Inverse of `encode`; ValueError on anything else."""
        try:
            fields = json.loads(line)["header"]
            header = cls(
                origin=fields["origin"],
                first_sequence=int(fields["first_sequence"]),
                chain=bytes.fromhex(fields["chain"]),
                nodes=tuple(bytes.fromhex(node) for node in fields["nodes"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            raise ValueError("not a header") from cause
        is_genuine_start = header.first_sequence != 1 or header == cls.at_start(header.origin)
        if header.encode() != line or not header.frontier().is_plausible or not is_genuine_start:
            raise ValueError("the header was altered")
        return header
