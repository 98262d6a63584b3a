"""What drawing grids gives: a proposal that a steward reads, with its figures and lineage, and the events that make
it so. Nothing here touches the library; recording the events does (decision 0018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import shapely

from kuai.address.life.shapes import NewEntry, NewEvent
from kuai.address.types import EventKind, Level

_WORDS_IN_REASON = 4


class Redraw(StrEnum):
    """What was asked for."""

    DRAWN = "drawn"
    SPLIT = "split"
    MERGED = "merged"


@dataclass(frozen=True)
class DrawnGrid:
    """One grid of a proposal. `is_kept`: a present grid goes on in it, under its code."""

    address_code: str
    number: int
    name: str
    buildings: tuple[str, ...]
    households: int
    premises: int
    weight: float
    area_m2: float
    outline: shapely.Geometry
    is_kept: bool = False

    @property
    def wkb(self) -> bytes:
        return bytes(shapely.to_wkb(self.outline, byte_order=1))


@dataclass(frozen=True)
class GridLineage:
    """How much of a present grid goes into one of the proposal's: buildings, households, share of its households."""

    old_code: str
    new_code: str
    buildings: int
    households: int
    share: float


@dataclass(frozen=True)
class GridFigures:
    """How good a proposal is. Weight is households + premises x their factor; compactness is 4 pi area / perimeter**2.

    `places_cut` are estates and lanes with neighbours in different grids, `roads_cut` roads alike; `places_apart` lie
    in several grids because their buildings do not stand side by side. `street_share` of the streets' metres are
    borders between grids; None without streets."""

    grids: int
    weight_min: float
    weight_mean: float
    weight_max: float
    balance_ratio: float
    below_target: int
    above_target: int
    compactness_mean: float
    compactness_min: float
    places: int
    places_cut: int
    places_apart: int
    roads_cut: int
    in_pieces: int
    street_share: float | None = None


@dataclass(frozen=True)
class GridProposal:
    """Grids that cover `boundary` exactly, every building in one. `without_point` were placed by their neighbours'
    names, `outside` stand beyond the boundary and joined the nearest grid: the steward looks at both."""

    kind: Redraw
    community_code: str
    boundary: shapely.Geometry
    grids: tuple[DrawnGrid, ...]
    lineage: tuple[GridLineage, ...]
    figures: GridFigures
    ended: tuple[str, ...] = ()
    without_point: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()

    @property
    def grid_of_building(self) -> dict[str, str]:
        """Code of each building -> code of its grid."""
        return {building: grid.address_code for grid in self.grids for building in grid.buildings}

    def outlines(self) -> dict[str, bytes]:
        """WKB of every grid; those of kept grids are no event and go in by an import of geometry."""
        return {grid.address_code: grid.wkb for grid in self.grids}

    def events(self, *, day: date, reason: str, present: Mapping[str, str]) -> tuple[NewEvent, ...]:
        """What to record, in this order, so that the library is as proposed. `present`: each building's parent now.

        A split and a merger are one event each. A redrawing begins its grids, moves the buildings, then merges each
        ended grid into the one that took most of it; the reason names the others with their shares.
        """
        fresh = [grid for grid in self.grids if not grid.is_kept]
        if self.kind is Redraw.SPLIT:
            return (self._split_event(day, reason),)
        begins = tuple(_beginning(grid, self.community_code) for grid in fresh)
        if self.kind is Redraw.MERGED:
            return (NewEvent(EventKind.MERGED, day, reason, codes=self.ended, begins=begins),)
        events = [NewEvent(EventKind.TAKEN_INTO_USE, day, reason, begins=begins)] if begins else []
        for grid in self.grids:
            moving = tuple(c for c in grid.buildings if present.get(c) != grid.address_code)
            if moving:
                events.append(
                    NewEvent(EventKind.MOVED, day, reason, codes=moving, into=grid.address_code)
                )
        return (*events, *self._endings(day, reason))

    def _split_event(self, day: date, reason: str) -> NewEvent:
        return NewEvent(
            EventKind.SPLIT,
            day,
            reason,
            codes=self.ended,
            begins=tuple(_beginning(grid, self.community_code) for grid in self.grids),
            assign={
                code: place for place, grid in enumerate(self.grids) for code in grid.buildings
            },
        )

    def _endings(self, day: date, reason: str) -> list[NewEvent]:
        lines = {code: [row for row in self.lineage if row.old_code == code] for code in self.ended}
        return [
            NewEvent(
                EventKind.MERGED,
                day,
                f"{reason}（{_share_words(rows)}）" if len(rows) > 1 else reason,
                codes=(code,),
                into=rows[0].new_code if rows else self.grids[0].address_code,
            )
            for code, rows in lines.items()
        ]


def _beginning(grid: DrawnGrid, community_code: str) -> NewEntry:
    middle = shapely.point_on_surface(grid.outline)
    return NewEntry(
        name=grid.name,
        level=Level.GRID,
        parent_code=community_code,
        code=grid.address_code,
        longitude=float(middle.x),
        latitude=float(middle.y),
        geometry=grid.wkb,
    )


def _share_words(rows: Sequence[GridLineage]) -> str:
    words = [f"{row.share:.0%} 归 {row.new_code}" for row in rows[:_WORDS_IN_REASON]]
    return "、".join(words) + (" 等" if len(rows) > _WORDS_IN_REASON else "")
