"""Sorted keys in flat files, mapped and not read: a beginning is two binary searches, whatever the size.

A row's number is its rank, so the smallest numbers among the rows found are the best answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kuai.blocks.engine.firm_spelling import LONGEST_KEY, Key

Rows = NDArray[np.int32]
_PARTS = ("key", "row", "hidden_from", "hidden_to")


def write_keys(folder: Path, name: str, keys: Sequence[tuple[Key, int]]) -> None:
    """Write one table of keys, each with its row; the same keys give the same bytes."""
    texts = np.array([key.text.encode()[:LONGEST_KEY] for key, _ in keys], dtype=f"S{LONGEST_KEY}")
    rows = np.array([row for _, row in keys], dtype=np.int32)
    hidden = np.array(
        [(min(key.hidden_from, 255), min(key.hidden_to, 255)) for key, _ in keys], dtype=np.uint8
    ).reshape(-1, 2)
    order = np.lexsort((rows, texts))
    parts = (texts[order], rows[order], hidden[order, 0], hidden[order, 1])
    for part, values in zip(_PARTS, parts, strict=True):
        np.save(folder / f"{name}_{part}.npy", values)


class KeyTable:
    """One table of keys, mapped read-only."""

    def __init__(self, folder: Path, name: str) -> None:
        self._keys, self._rows, self._from, self._to = (
            np.load(folder / f"{name}_{part}.npy", mmap_mode="r") for part in _PARTS
        )

    def beginning_with(self, typed: str) -> tuple[Rows, Rows]:
        """Rows with a key that begins so, and those of them whose key is just that. May hold a row twice.

        Of what is longer than a key only the beginning is compared: whoever asks compares the rest (`is_cut`).
        """
        whole_text = typed.encode()
        key = whole_text[:LONGEST_KEY]
        if not key or not len(self._keys):
            return np.empty(0, np.int32), np.empty(0, np.int32)
        first = self._place_of(key, "left")
        last = self._place_of(key.ljust(LONGEST_KEY, b"\xff"), "right")
        whole = self._place_of(key, "right") if last > first else first
        shown = np.ones(last - first, dtype=bool)
        hidden_to = self._to[first:last]
        if hidden_to.any():
            length = len(whole_text)
            shown = (length < self._from[first:last]) | (length > hidden_to)
        return (
            np.asarray(self._rows[first:last])[shown],
            np.asarray(self._rows[first:whole])[shown[: whole - first]],
        )

    def _place_of(self, key: bytes, side: Literal["left", "right"]) -> int:
        # Of the array's own kind, because another one would have the whole array copied.
        return int(self._keys.searchsorted(np.array(key, dtype=self._keys.dtype), side=side))


def is_cut(typed: str) -> bool:
    """Whether a key holds only the beginning of this: 13 characters, which many firms' whole names exceed."""
    return len(typed.encode()) > LONGEST_KEY


def best_rows(rows: Rows, limit: int) -> list[int]:
    """The smallest `limit` different numbers."""
    # A firm stands in a table once for every place its name may begin at.
    most = limit * 20
    if len(rows) > most:
        rows = np.partition(rows, most)[:most]
    return [int(row) for row in np.unique(rows)[:limit]]
