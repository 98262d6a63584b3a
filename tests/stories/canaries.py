"""Planted values and how they are looked for: in every way of writing that a careless file could hold them in.

Nothing here prints a value: a failing test says how many were found and where, never which.
"""

from __future__ import annotations

import base64
import hashlib
import io
import sqlite3
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")
HASHES = (hashlib.md5, hashlib.sha1, hashlib.sha256)
SHORT, LONG = 6, 8
_MIX = np.uint64(0x9E3779B97F4A7C15)
_SLOTS = np.uint64(64 - 22)


def ways_of_writing(value: str) -> Iterator[tuple[str, bytes]]:
    """(name of the way, bytes) of one value: encodings, base64 at any place of a text, hex, hashes without a key."""
    for encoding in ENCODINGS:
        yield encoding, value.encode(encoding)
    for encoding in ENCODINGS[:2]:
        plain = value.encode(encoding)
        for before in range(3):
            packed = base64.b64encode(b"\0" * before + plain)
            # Less what depends on the neighbours.
            yield "base64", packed[-(-before * 8 // 6) : len(plain) * 8 // 6 - 1]
        yield "hex", plain.hex().encode()
        yield "hex", plain.hex().upper().encode()
        for digest in HASHES:
            hashed = digest(plain)
            yield hashed.name, hashed.digest()
            yield hashed.name, hashed.hexdigest().encode()
            yield hashed.name, hashed.hexdigest().upper().encode()
            yield hashed.name, base64.b64encode(hashed.digest())[:20]


class Finder:
    """Looks for thousands of values in any number of bytes: by their last eight bytes (six, if shorter), hashed."""

    def __init__(
        self, values: Iterable[str], ways: Callable[[str], Iterable[tuple[str, bytes]]]
    ) -> None:
        self._needles: dict[int, dict[int, list[tuple[bytes, str, str]]]] = {
            SHORT: defaultdict(list),
            LONG: defaultdict(list),
        }
        for value in values:
            for way, written in ways(value):
                if len(written) < SHORT:
                    continue
                width = LONG if len(written) >= LONG else SHORT
                tail = int.from_bytes(written[-width:], "little")
                self._needles[width][tail].append((written, way, value))
        self._keys = {
            width: np.array(sorted(found), dtype=np.uint64)
            for width, found in self._needles.items()
        }
        self._slots = {width: _slots(keys) for width, keys in self._keys.items()}

    def find(self, text: bytes) -> set[tuple[str, str]]:
        """(way of writing, value) of all that the text holds."""
        found: set[tuple[str, str]] = set()
        for width, keys in self._keys.items():
            if not len(keys):
                continue
            mask = np.uint64((1 << (8 * width)) - 1)
            for shift in range(LONG):
                rest = text[shift:]
                padded = rest + b"\0" * (-len(rest) % LONG)
                windows = np.frombuffer(padded, dtype="<u8") & mask
                likely = np.flatnonzero(self._slots[width][(windows * _MIX) >> _SLOTS])
                near = np.searchsorted(keys, windows[likely])
                sure = likely[keys[np.minimum(near, len(keys) - 1)] == windows[likely]]
                for place in sure.tolist():
                    end = shift + place * LONG + width
                    for written, way, value in self._needles[width][int(windows[place])]:
                        if text[max(0, end - len(written)) : end] == written:
                            found.add((way, value))
        return found

    def count(self, text: bytes) -> int:
        """How many values the text holds in any way."""
        return len({value for _, value in self.find(text)})


def _slots(keys: np.ndarray) -> np.ndarray:
    slots = np.zeros(1 << 22, dtype=bool)
    slots[(keys * _MIX) >> _SLOTS] = True
    return slots


# --- what lies in a file ------------------------------------------------------------------------------


def texts_of(path: Path) -> bytes:
    """All that anybody could read in a file: its bytes (pages freed by a database too), and what is packed in it."""
    raw = path.read_bytes()
    parts = [raw]
    # A killed writer leaves a half without the end that tells how to read it.
    if raw[:4] == b"PAR1" and raw[-4:] == b"PAR1":
        parts += _parquet_texts(path)
    elif raw[:16] == b"SQLite format 3\0":
        parts += _database_texts(path)
    elif raw[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            parts += [packed.read(name) for name in packed.namelist()]
    elif raw[:6] == b"ARROW1" and raw[-6:] == b"ARROW1":
        parts.append(
            repr(pa.ipc.open_file(pa.memory_map(str(path))).read_all().to_pydict()).encode()
        )
    return b"\x1f".join(parts)


def _parquet_texts(path: Path) -> list[bytes]:
    """Columns decoded; the footer with its smallest and largest values and dictionaries unpacked likewise."""
    file = pq.ParquetFile(path)
    parts = [repr(file.metadata.metadata).encode()]
    for group in range(file.metadata.num_row_groups):
        for column in range(file.metadata.num_columns):
            chunk = file.metadata.row_group(group).column(column)
            if chunk.is_stats_set and chunk.statistics.has_min_max:
                parts.append(f"{chunk.statistics.min}\x1f{chunk.statistics.max}".encode())
    for column in file.read().columns:
        values = pc.unique(column).to_pylist()
        parts.append("\x1f".join(str(value) for value in values if value is not None).encode())
    return parts


def _database_texts(path: Path) -> list[bytes]:
    """Every row; of a database whose writer was killed, what can be read without mending it."""
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            return ["\n".join(database.iterdump()).encode()]
    except sqlite3.OperationalError:
        return []


def files_below(*roots: Path) -> Iterator[Path]:
    for root in roots:
        yield from (path for path in sorted(root.rglob("*")) if path.is_file())


def entropy_of(text: bytes) -> float:
    """Bits a byte: 8 for what cannot be told from noise."""
    counts = np.bincount(np.frombuffer(text, dtype=np.uint8), minlength=256)
    shares = counts[counts > 0] / len(text)
    return float(-(shares * np.log2(shares)).sum())
