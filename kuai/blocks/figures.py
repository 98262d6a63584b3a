"""Figures as readers show them: rows of the serving arrays as `CounterView`. Private."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from functools import cached_property

import numpy as np

from kuai.blocks.engine.block_matrix import SUPPRESSED
from kuai.blocks.engine.counters import (
    SMALLEST_SHOWN_COUNT,
    Counter,
    all_counters,
    counter_catalogue,
)
from kuai.blocks.serving_files import ServingArrays
from kuai.blocks.types import CounterView


def is_few(figure: int | None) -> bool:
    """Whether there is something, and less of it than may be told."""
    return figure is not None and 0 < figure < SMALLEST_SHOWN_COUNT


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
        self.columns = {key: place for place, key in enumerate(all_counters())}
        counters = all_counters().values()
        self.premises = np.array([not counter.counts_persons for counter in counters])

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
            for place, counter in enumerate(all_counters().values())
            if not counter.is_hidden
        )

    def held_back(self, views: Iterable[CounterView]) -> tuple[CounterView, ...]:
        """The counters of a building: fewer than ten requests or cases may be those of one home."""
        return tuple(
            replace(one, figure=None, suppressed=True, sources=(), delivered=())
            if all_counters()[one.key].is_from_homes and is_few(one.figure)
            else one
            for one in views
        )

    def summed(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Figures and sources of several blocks together; columns of persons mean nothing here."""
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
