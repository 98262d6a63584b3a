"""Texts as arrays: code points, and a layout in which step t of all rows lies side by side (no padding is computed)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PackedRows:
    """Rows of one batch, longest first, laid out step after step.

    forward[k] is the place, in the rows written one after the other, of packed place k; backward[k] the same for the
    rows read from their ends; alive[t] rows have a step t, and they are the first ones.
    """

    lengths: np.ndarray
    starts: np.ndarray
    alive: np.ndarray
    offsets: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    turned: np.ndarray

    @property
    def places(self) -> int:
        """Characters of the batch."""
        return len(self.forward)


def pack_rows(lengths: np.ndarray) -> PackedRows:
    """The layout of rows with these lengths (descending, none empty)."""
    longest = int(lengths[0])
    # alive[t]: rows longer than t; by counting, as lengths descend.
    alive = len(lengths) - np.searchsorted(lengths[::-1], np.arange(longest), side="right")
    offsets = np.concatenate(([0], np.cumsum(alive)))
    starts = np.concatenate(([0], np.cumsum(lengths)))[:-1]
    step = np.repeat(np.arange(longest), alive)
    row = np.arange(offsets[-1]) - offsets[step]
    forward = starts[row] + step
    backward_step = lengths[row] - 1 - step
    return PackedRows(
        lengths=lengths,
        starts=starts,
        alive=alive,
        offsets=offsets,
        forward=forward,
        backward=starts[row] + backward_step,
        turned=offsets[backward_step] + row,
    )


def code_points(texts: Sequence[str]) -> np.ndarray:
    """Code points of all texts, one after the other; lone surrogates included."""
    joined = "".join(texts)
    return np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4")
