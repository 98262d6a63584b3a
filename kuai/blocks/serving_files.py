"""The files beside `serving.sqlite3` that readers map into memory: figures by block, cells, events. Private."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kuai.kit.atomic_files import replace_when_complete

FIGURES = "serving-figures.npy"
SHARES = "serving-shares.npy"
SOURCES = "serving-sources.npy"
NUMBERS = "serving-numbers.npy"
LEAVES = "serving-leaves.npy"
CELLS = "serving-cells.npy"
CELL_FIGURES = "serving-cell-figures.npy"
EVENTS = "serving-events.npy"
EVENT_KINDS = ("request", "inspection", "case")
ALL_FILES = (FIGURES, SHARES, SOURCES, NUMBERS, LEAVES, CELLS, CELL_FIGURES, EVENTS)


@dataclass(frozen=True)
class ServingArrays:
    """What the packing leaves to the readers.

    `numbers`: block numbers of the rows of `figures`, `shares` and `sources` (columns: all counters, in their order).
    `leaves`: block number of each leaf; `cells`: for each leaf (row) and table of persons (column) its cell, -1 if the
    cell may not be shown. `cell_figures`: rows (table, cell, counter's column, figure). `events`: rows (leaf's block
    number, kind, month as YYYYMM, category, whether it failed), sorted.
    """

    numbers: np.ndarray
    figures: np.ndarray
    shares: np.ndarray
    sources: np.ndarray
    leaves: np.ndarray
    cells: np.ndarray
    cell_figures: np.ndarray
    events: np.ndarray

    def write(self, folder: Path) -> None:
        """Each file whole or not at all."""
        for name in _FIELDS:
            with replace_when_complete(folder / _FIELDS[name]) as scratch, scratch.open("wb") as to:
                np.save(to, np.ascontiguousarray(getattr(self, name)), allow_pickle=False)

    @classmethod
    def map(cls, folder: Path) -> ServingArrays:
        """The arrays as they lie on disk; pages come in as they are read."""
        return cls(
            **{
                name: np.load(folder / file, mmap_mode="r", allow_pickle=False)
                for name, file in _FIELDS.items()
            }
        )


_FIELDS = {
    "numbers": NUMBERS,
    "figures": FIGURES,
    "shares": SHARES,
    "sources": SOURCES,
    "leaves": LEAVES,
    "cells": CELLS,
    "cell_figures": CELL_FIGURES,
    "events": EVENTS,
}
