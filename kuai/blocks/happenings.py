"""Events by kind, period and square: never an author, never a text. Private."""

from __future__ import annotations

from datetime import date
from typing import Literal

import numpy as np

from kuai.blocks.engine.cells import SMALLEST_SHOWN_COUNT, STEP
from kuai.blocks.serving_files import EVENT_KINDS
from kuai.blocks.types import HeatSpot, PeriodCount
from kuai.kit.errors import Refusal

Period = Literal["month", "quarter", "year"]
Box = tuple[float, float, float, float]
# A square is a sixteenth of a map tile's side.
SQUARES_A_TILE = 4
DEEPEST_ZOOM = 16
# Two numbers of squares in one: more than there are at the deepest zoom.
_ROW = 1 << 31
_LEAF, _KIND, _MONTH, _CATEGORY, _FAILED = range(5)


def count_periods(
    events: np.ndarray, first: int, last: int, *, kind: str, by: Period
) -> list[PeriodCount]:
    """Events at leaves `first` to `last` (block numbers) by kind and period; undated ones are left out."""
    begin, end = np.searchsorted(events[:, _LEAF], [first, last + 1])
    rows = events[begin:end]
    rows = rows[(rows[:, _MONTH] > 0) & _is_kind(rows, kind)]
    period = {"month": rows[:, _MONTH], "year": rows[:, _MONTH] // 100}.get(
        by, rows[:, _MONTH] // 100 * 10 + (rows[:, _MONTH] % 100 + 2) // 3
    )
    keys, figures = np.unique(
        rows[:, _KIND].astype(np.int64) * 1_000_000 + period, return_counts=True
    )
    return [
        PeriodCount(EVENT_KINDS[key // 1_000_000], _period_text(key % 1_000_000, by), figure)
        for key, figure in zip(keys.tolist(), figures.tolist(), strict=True)
    ]


def _period_text(number: int, by: Period) -> str:
    if by == "month":
        return f"{number // 100}-{number % 100:02d}"
    return str(number) if by == "year" else f"{number // 10}-Q{number % 10}"


def _is_kind(rows: np.ndarray, kind: str) -> np.ndarray:
    if not kind:
        return np.ones(len(rows), dtype=bool)
    if kind not in EVENT_KINDS:
        raise Refusal(
            "event.kind_unknown", "没有这一类事件。", next_step=f"可选：{'、'.join(EVENT_KINDS)}。"
        )
    return np.asarray(rows[:, _KIND] == EVENT_KINDS.index(kind))


def pick_events(
    events: np.ndarray, *, kind: str, first: date | None, last: date | None, category: int | None
) -> np.ndarray:
    """Events of a kind, in whole months from `first` to `last`, of one category (by its number)."""
    picked = _is_kind(events, kind)
    if first is not None:
        picked &= events[:, _MONTH] >= first.year * 100 + first.month
    if last is not None:
        picked &= (events[:, _MONTH] <= last.year * 100 + last.month) & (events[:, _MONTH] > 0)
    if category is not None:
        picked &= events[:, _CATEGORY] == category
    return np.asarray(events[picked])


def heat_spots(x: np.ndarray, y: np.ndarray, zoom: int) -> list[HeatSpot]:
    """Squares with how many of these points lie in each, in full tens: two zooms or two spans of months subtracted must
    not tell of a few. What is below ten goes to the square of twice its side;
    if it is below ten there too, that square says only that there is something."""
    side = 360.0 / (2 ** max(0, min(zoom, DEEPEST_ZOOM)) * SQUARES_A_TILE)
    spots, left = _squares(x, y, side, is_last=False)
    wider, _ = _squares(x[left], y[left], 2 * side, is_last=True)
    return spots + wider


def _squares(
    x: np.ndarray, y: np.ndarray, side: float, *, is_last: bool
) -> tuple[list[HeatSpot], np.ndarray]:
    if not len(x):
        return [], np.zeros(0, dtype=bool)
    east, north = (np.floor(axis / side).astype(np.int64) for axis in (x, y))
    squares, own, figures = np.unique(east * _ROW + north, return_inverse=True, return_counts=True)
    is_large = figures >= SMALLEST_SHOWN_COUNT
    spots = [
        HeatSpot(
            round(((square + _ROW // 2) // _ROW + 0.5) * side, 6),
            round(((square + _ROW // 2) % _ROW - _ROW // 2 + 0.5) * side, 6),
            figure // STEP * STEP if large else None,
        )
        for square, figure, large in zip(
            squares.tolist(), figures.tolist(), is_large.tolist(), strict=True
        )
        if large or is_last
    ]
    return spots, ~is_large[own.ravel()]
