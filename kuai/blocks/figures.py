"""Figures as readers show them: rows of the serving arrays as `CounterView`. Private."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property

import numpy as np

from kuai.blocks.engine.block_matrix import SUPPRESSED
from kuai.blocks.engine.counters import Counter, all_counters, cell_tables, counter_catalogue
from kuai.blocks.serving_files import ServingArrays
from kuai.blocks.types import CounterView
from kuai.kit.errors import Refusal


def _notes_of(begun_in_tens: Iterable[str]) -> tuple[str, ...]:
    known = (counter_catalogue().get(key) for key in begun_in_tens)
    titles = "、".join(counter.title_zh for counter in known if counter)
    if not titles:
        return ()
    return (f"以下指标从上一版之后起算，按整十公布，以免与已公布的数相减推出个人：{titles}",)


class Figures:
    """The counters of one build. Knows rows, not codes."""

    def __init__(self, arrays: ServingArrays, meta: Mapping[str, str]) -> None:
        self.arrays = arrays
        self.as_of = date.fromisoformat(meta["as_of"])
        self._sources: list[str] = json.loads(meta["sources"])
        self._delivered = {
            name: date.fromisoformat(day) for name, day in json.loads(meta["delivered"]).items()
        }
        self.notes = _notes_of(json.loads(meta.get("begun_in_tens", "[]")))
        self._named: dict[int, tuple[str, ...]] = {}
        keys = json.loads(meta.get("counters", "[]"))
        if len(keys) != arrays.figures.shape[1] or "cell_tables" not in meta:
            raise Refusal(
                "blocks.other_release",
                "这个版本的块数据是旧版软件建的，指标对不上。",
                next_step="请重新运行 kuai build。",
            )
        # A build keeps the counters of its release: by name, because a place would give one the figures of another.
        self.columns = {key: place for place, key in enumerate(keys)}
        self.counters = {
            key: counter for key, counter in all_counters().items() if key in self.columns
        }
        self.tables = [
            (place, table)
            for place, name in enumerate(json.loads(meta["cell_tables"]))
            for table in cell_tables()
            if table.name == name
        ]

    @cached_property
    def of_build(self) -> np.ndarray:
        """The sources behind each counter anywhere."""
        return np.asarray(np.bitwise_or.reduce(self.arrays.sources, axis=0))

    def rows_of(self, numbers: np.ndarray) -> np.ndarray:
        """The rows of these block numbers; all of them must be above the room."""
        return np.searchsorted(self.arrays.numbers, numbers)

    def views_at(self, row: int) -> tuple[CounterView, ...]:
        """The counters of one block."""
        figures = self.arrays.figures[row].tolist()
        shares = self.arrays.shares[row].tolist()
        sources = self.arrays.sources[row].tolist()
        return tuple(
            self.view(
                counter,
                None if figures[place] == SUPPRESSED else figures[place],
                share=None if math.isnan(shares[place]) else round(shares[place], 4),
                sources=sources[place],
            )
            for key, counter in self.counters.items()
            if not counter.is_hidden
            for place in (self.columns[key],)
        )

    def summed(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Figures and sources of several blocks together; columns of persons and happenings mean nothing here."""
        if not len(rows):
            nothing = np.zeros(len(self.columns), dtype=np.int64)
            return nothing, nothing
        return (
            self.arrays.figures[rows].sum(axis=0, dtype=np.int64),
            np.bitwise_or.reduce(self.arrays.sources[rows], axis=0),
        )

    def view(
        self, counter: Counter, figure: int | None, *, share: float | None = None, sources: int = 0
    ) -> CounterView:
        """One figure as shown; None is suppressed."""
        named = self._names(sources)
        return CounterView(
            key=counter.key,
            title_zh=counter.title_zh,
            title_en=counter.title_en,
            definition_zh=counter.definition_zh,
            figure=figure,
            suppressed=figure is None,
            asserted_share=share,
            sources=named,
            as_of=self.as_of,
            group=counter.group,
            counts_persons=counter.counts_persons,
            delivered=tuple(
                (name, self._delivered[name]) for name in named if name in self._delivered
            ),
        )

    def _names(self, mask: int) -> tuple[str, ...]:
        if mask not in self._named:
            names = (name for bit, name in enumerate(self._sources) if mask >> bit & 1)
            self._named[mask] = tuple(sorted(names))
        return self._named[mask]
