"""The readers that pages use. Which function opens them is a setting, so that tests put a fake in its place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from kuai.blocks.types import (
    AreaView,
    BlockView,
    ChoosableBlock,
    FloorPlan,
    HeatSpot,
    SearchHit,
)
from kuai.flows.queries import SourceLine
from kuai.flows.searching import Hit
from kuai.kit.store import Store


class BlockReader(Protocol):
    """What `kuai.blocks.queries.open_blocks` opens."""

    version: str

    def get_block(self, code: str) -> BlockView: ...

    def path_of(self, code: str) -> str: ...

    def top_blocks(self) -> Sequence[BlockView]: ...

    def list_children(self, code: str) -> Sequence[BlockView]: ...

    def building_points(self, code: str) -> dict[str, Any]: ...

    def count_area(
        self,
        *,
        shape: dict[str, Any] | None = None,
        codes: Sequence[str] = (),
        circle: tuple[float, float, float] | None = None,
    ) -> AreaView: ...

    def list_for_choosing(
        self, level: str, *, within: str = "", limit: int = 2000
    ) -> Sequence[ChoosableBlock]: ...

    def floor_plan(self, building_code: str, *, with_let: bool = False) -> FloorPlan: ...

    def heat(  # noqa: PLR0913 - as the blocks room's door
        self,
        kind: str = "request",
        *,
        first: date | None = None,
        last: date | None = None,
        box: tuple[float, float, float, float] | None = None,
        zoom: int = 14,
        category: str = "",
    ) -> Sequence[HeatSpot]: ...

    def search_places(self, text: str, *, limit: int = 20) -> Sequence[SearchHit]: ...


class Search(Protocol):
    """What `kuai.flows.searching.open_search` opens."""

    def find(self, text: str, *, limit: int = 8) -> Sequence[Hit]: ...


def current_store() -> Store:
    """The tenant's store."""
    store: Store = settings.STORE
    return store


def current_reader() -> BlockReader:
    """A reader of the published build; refuses before the first build, follows the switch to a new one."""
    reader: BlockReader = import_string(settings.KUAI_OPEN_BLOCKS)(current_store().current_build())
    return reader


def current_search() -> Search:
    """Search over the published build; refuses before the first build."""
    search: Search = import_string(settings.KUAI_OPEN_SEARCH)(current_store())
    return search


def list_sources() -> list[SourceLine]:
    """What the published build knows of each source; empty before the first build."""
    lines: list[SourceLine] = import_string(settings.KUAI_LIST_SOURCES)(current_store())
    return lines
