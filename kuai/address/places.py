"""The door to places of a published build: type-ahead, from a point to a place, an entry by its code, the wash.

Everything is opened on first use and kept, because a published build never changes. Only the library is read here:
nothing a person said or is. Opening the wash of 600,000 entries takes seconds, the type-ahead one.
"""

from __future__ import annotations

import atexit
import gc
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow.parquet as pq

from kuai.address.ground.reverse import (
    Closeness,
    ContainingArea,
    NearBuilding,
    ReverseAnswer,
    ReverseFinder,
    open_reverse,
)
from kuai.address.libraries import library_of_build
from kuai.address.queries import OpenLibrary, open_library
from kuai.address.suggesting.answers import Step, Suggestion
from kuai.address.suggesting.finding import Typeahead
from kuai.address.suggesting.side_file import AREA_LEVELS, write_side_file
from kuai.address.types import ADDRESS_ENTRY, ADDRESS_GEOMETRY, ADDRESS_SUCCESSION, Level
from kuai.kit.engine import open_engine, path_sql

__all__ = [
    "SIDE_FILE",
    "Above",
    "Closeness",
    "ContainingArea",
    "NearBuilding",
    "Place",
    "Places",
    "ReverseAnswer",
    "Step",
    "Suggestion",
    "open_places",
    "write_side_file",
]

# A build may write it into its core folder; else it is made on first use, in scratch.
SIDE_FILE = "suggest.sqlite3"
Opened = TypeVar("Opened")


@dataclass(frozen=True)
class Above:
    """An entry above another."""

    code: str
    level: str
    name: str


@dataclass(frozen=True)
class Place:
    """One entry of the library with the entries above it, top down, and the codes that followed if it ended."""

    code: str
    level: str
    parent_code: str
    name: str
    text: str
    longitude: float | None
    latitude: float | None
    use: str
    state: str
    above: tuple[Above, ...] = ()
    successors: tuple[str, ...] = ()


class Places:
    """The places of one published build. Safe for threads."""

    def __init__(self, core: Path, scratch: Path) -> None:
        self._core = core
        self._scratch = scratch
        self._locks = {
            name: threading.Lock() for name in ("typeahead", "reverse", "library", "areas")
        }
        self._opened: dict[str, Any] = {}
        self._local = threading.local()

    def suggest(self, text: str, *, within: str = "", limit: int = 10) -> tuple[Suggestion, ...]:
        """Lines for what was typed so far: characters, pinyin, initials; `within` is a line's own, or a code."""
        return self._typeahead.suggest(text, within=within, limit=limit)

    def reverse(
        self, longitude: float, latitude: float, *, datum: str = "CGCS2000"
    ) -> ReverseAnswer:
        """The building at or near a point, and its grid, community and areas above."""
        return self._reverse.find(longitude, latitude, datum=datum)

    @property
    def library(self) -> OpenLibrary:
        """The wash against this build's library."""
        return self._once("library", self._open_library)

    def find_places(self, codes: Iterable[str]) -> dict[str, Place]:
        """Entries by code, ended ones too; unknown codes are left out. A room lies where its building lies."""
        found = self._entries([code for code in codes if code.isascii() and code.isdigit()])
        parents = self._entries([row.parent_code for row in found.values()])
        followers = self._successors(list(found))
        return {
            code: replace(
                _located(place, parents.get(place.parent_code)),
                above=self._above(place, parents),
                successors=followers.get(code, ()),
            )
            for code, place in found.items()
        }

    def _above(self, place: Place, parents: dict[str, Place]) -> tuple[Above, ...]:
        chain: list[Above] = []
        code = place.parent_code
        while len(chain) < len(Level):
            upper = parents.get(code) or self._areas.get(code)
            if upper is None:
                break
            chain.append(Above(upper.code, upper.level, upper.name))
            code = upper.parent_code
        return tuple(reversed(chain))

    def warm_up(self) -> None:
        """Open what the first caller would wait for."""
        _ = self._typeahead, self.library

    @property
    def _typeahead(self) -> Typeahead:
        return self._once("typeahead", self._open_typeahead)

    @property
    def _reverse(self) -> ReverseFinder:
        return self._once("reverse", self._open_reverse)

    def _once(self, name: str, open_it: Callable[[], Opened]) -> Opened:
        if name not in self._opened:
            with self._locks[name]:
                if name not in self._opened:
                    self._opened[name] = open_it()
                    # What was opened stays; walked again by every full collection it would hold up a request for
                    # 180 to 300 ms (measured 2026-11-22, 600,000 entries).
                    gc.collect()
                    gc.freeze()
                    # At the end all is given back, else libraries complain of things never freed.
                    atexit.register(gc.unfreeze)
        found: Opened = self._opened[name]
        return found

    def _open_typeahead(self) -> Typeahead:
        written = self._core / SIDE_FILE
        if not written.exists():
            # Beside the build and not in it, because a published build is never written to.
            written = self._scratch / f"{self._core.parent.name}-{SIDE_FILE}"
        if not written.exists():
            tables = library_of_build(self._core)
            write_side_file(written, tables.entries, tables.aliases)
        return Typeahead(written)

    def _open_reverse(self) -> ReverseFinder:
        shapes = self._core / f"{ADDRESS_GEOMETRY.name}.parquet"
        geometries = pq.read_table(shapes) if shapes.exists() else None
        return open_reverse(library_of_build(self._core).entries, geometries)

    def _open_library(self) -> OpenLibrary:
        tables = library_of_build(self._core)
        return open_library(tables.entries, aliases=tables.aliases, successions=tables.successions)

    @property
    def _areas(self) -> dict[str, Place]:
        return self._once("areas", self._read_areas)

    def _read_areas(self) -> dict[str, Place]:
        levels = [str(level) for level in AREA_LEVELS]
        return self._places_where("level in (select unnest($values))", levels)

    def _entries(self, codes: Iterable[str]) -> dict[str, Place]:
        wanted = list(dict.fromkeys(codes))
        return self._places_where("address_code in (select unnest($values))", wanted)

    def _places_where(self, condition: str, values: list[str]) -> dict[str, Place]:
        path = self._core / f"{ADDRESS_ENTRY.name}.parquet"
        rows = self._query(
            "select address_code, level, coalesce(parent_code, ''), coalesce(name, ''), coalesce(standard_text, ''),"
            f" longitude, latitude, coalesce(\"use\", ''), state from read_parquet({path_sql(path)}) where {condition}",
            values,
        )
        return {row[0]: Place(*row) for row in rows}

    def _successors(self, codes: list[str]) -> dict[str, tuple[str, ...]]:
        path = self._core / f"{ADDRESS_SUCCESSION.name}.parquet"
        if not codes or not path.exists():
            return {}
        found: dict[str, list[str]] = {}
        for code, successor in self._query(
            f"select address_code, successor_code from read_parquet({path_sql(path)})"
            " where address_code in (select unnest($values)) and successor_code is not null order by all",
            codes,
        ):
            found.setdefault(code, []).append(successor)
        return {code: tuple(more) for code, more in found.items()}

    def _query(self, sql: str, values: list[str]) -> list[tuple[Any, ...]]:
        if not values:
            return []
        connection: duckdb.DuckDBPyConnection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = open_engine(memory_limit="256MB", threads=1)
        return connection.execute(sql, {"values": values}).fetchall()


def _located(place: Place, parent: Place | None) -> Place:
    if place.level != Level.ROOM or place.longitude is not None or parent is None:
        return place
    return replace(place, longitude=parent.longitude, latitude=parent.latitude)


@lru_cache(maxsize=2)
def open_places(core: Path, scratch: Path) -> Places:
    """The places of the build whose core folder this is; `scratch` takes the side file of a build without one."""
    return Places(core, scratch)
