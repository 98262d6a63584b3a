"""Tables that cost a worker nothing: bytes with offsets, in memory or as a mapped file shared by every worker.

Python objects would be copied into each process: at 11 million entries that is more than the machine has.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np

Buffers = Mapping[str, memoryview]


class PackedTexts(Sequence[str]):
    """Many texts as one run of bytes."""

    __slots__ = ("_bytes", "_starts")

    def __init__(self, run: memoryview, starts: memoryview) -> None:
        self._bytes = run
        self._starts = starts.cast("B").cast("q")

    def __len__(self) -> int:
        return max(len(self._starts) - 1, 0)

    def __getitem__(self, position):  # type: ignore[no-untyped-def]
        starts = self._starts
        return str(self._bytes[starts[position] : starts[position + 1]], "utf-8")

    def bytes_of(self, position: int) -> bytes:
        """The text as it is stored."""
        return bytes(self._bytes[self._starts[position] : self._starts[position + 1]])


class PackedRows(PackedTexts):
    """Rows of texts, each row one text with tabs between."""

    __slots__ = ()

    def __getitem__(self, position):  # type: ignore[no-untyped-def]
        row = PackedTexts.__getitem__(self, position)
        return tuple(row.split("\t")) if row else ()


def pack_texts(name: str, texts: Iterable[str]) -> dict[str, memoryview]:
    """The two buffers of a PackedTexts, named `name` and `name.starts`."""
    return pack_bytes(name, (text.encode() for text in texts))


def pack_bytes(name: str, parts: Iterable[bytes]) -> dict[str, memoryview]:
    """As `pack_texts`, for bytes."""
    run = bytearray()
    starts = [0]
    for part in parts:
        run += part
        starts.append(len(run))
    return {name: memoryview(run), f"{name}.starts": numbers_of(starts)}


def numbers_of(values: Sequence[int], kind: type = np.int64) -> memoryview:
    """The bytes of an array."""
    return memoryview(np.asarray(values, dtype=kind).tobytes())


def texts_of(buffers: Buffers, name: str) -> PackedTexts:
    """The texts packed under `name`."""
    return PackedTexts(buffers[name], buffers[f"{name}.starts"])


def rows_of(buffers: Buffers, name: str) -> PackedRows:
    """The rows packed under `name`."""
    return PackedRows(buffers[name], buffers[f"{name}.starts"])


@lru_cache(maxsize=4096)
def hash_of(text: str) -> int:
    """64 bits that are the same in every process; collisions are sorted out by who asks."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


class NameForms:
    """From a written form (a name less a character, a short form) to the names it may stand for.

    Only the form's hash is kept; whether a name really has the form is asked of `has_form`.
    """

    __slots__ = ("_has_form", "_hashes", "_ids", "_names")

    def __init__(
        self,
        hashes: memoryview,
        ids: memoryview,
        *,
        names: Sequence[str],
        has_form: Callable[[str, str], bool],
    ) -> None:
        self._hashes = hashes.cast("B").cast("Q")
        self._ids = ids.cast("B").cast("I")
        self._names = names
        self._has_form = has_form

    def get(self, form: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The names that have `form`, in the order the library came in."""
        return tuple(self._find(form)) or default

    def __contains__(self, form: str) -> bool:
        return any(True for _ in self._find(form))

    def _find(self, form: str) -> Iterator[str]:
        wanted, hashes = hash_of(form), self._hashes
        position = bisect_left(hashes, wanted)
        while position < len(hashes) and hashes[position] == wanted:
            name = self._names[self._ids[position]]
            if self._has_form(name, form):
                yield name
            position += 1


def pack_forms(
    name: str, names: Iterable[str], forms_of: Callable[[str], Iterable[str]]
) -> dict[str, memoryview]:
    """The two buffers of a NameForms."""
    hashes: list[int] = []
    ids: list[int] = []
    for number, one in enumerate(names):
        for form in forms_of(one):
            hashes.append(hash_of(form))
            ids.append(number)
    keys = np.asarray(hashes, dtype=np.uint64)
    owners = np.asarray(ids, dtype=np.uint32)
    order = np.lexsort((owners, keys))
    return {
        f"{name}.hashes": memoryview(keys[order].tobytes()),
        f"{name}.ids": memoryview(owners[order].tobytes()),
    }


def save_buffers(buffers: Buffers, folder: Path) -> None:
    """One file a buffer."""
    for name, buffer in buffers.items():
        (folder / f"{name}.bin").write_bytes(buffer)


def map_buffers(folder: Path) -> dict[str, memoryview]:
    """The buffers `save_buffers` wrote, as mapped files: all who map them share the memory."""
    found = {}
    for path in sorted(folder.glob("*.bin")):
        if path.stat().st_size == 0:
            found[path.stem] = memoryview(b"")
            continue
        with path.open("rb") as stream:
            found[path.stem] = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    return found
