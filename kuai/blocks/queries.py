"""The reads of `blocks` that others may call."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path

from kuai.blocks.areas import compare
from kuai.blocks.engine.counters import counter_catalogue
from kuai.blocks.engine.firm_spelling import is_personal
from kuai.blocks.engine.overlay import FACTS_OF_PREMISES, changes_between, premises_counters
from kuai.blocks.finding import BlockFinder
from kuai.blocks.firm_index import NO_NAME, areas_of_build
from kuai.blocks.packing import SERVING_FILE
from kuai.blocks.reading import BlockReader
from kuai.blocks.types import AreaView, ComparedCounter

__all__ = [
    "FACTS_OF_PREMISES",
    "BlockFinder",
    "BlockReader",
    "changes_between",
    "compare_areas",
    "compare_dates",
    "counter_catalogue",
    "open_blocks",
    "open_finder",
    "premises_counters",
    "shown_firm_name",
]


@lru_cache(maxsize=4)
def open_blocks(build: Path) -> BlockReader:
    """A reader of the published build in `build`; kept open, because a published build never changes."""
    return BlockReader(build)


@lru_cache(maxsize=2)
def open_finder(build: Path, scratch: Path) -> BlockFinder:
    """Search over the firms and codes of the build in `build`; `scratch` takes the index, made on first use."""
    return BlockFinder(build, scratch)


def shown_firm_name(build: Path, name: str, *, kind: str = "", credit_code: str = "") -> str:
    """A firm's name as search shows it too: not if it may be nothing but its owner's (then NO_NAME)."""
    folded = unicodedata.normalize("NFKC", name).strip()
    areas = areas_of_build(build / "core" / SERVING_FILE)
    is_hidden = is_personal(folded, kind=kind, credit_code=credit_code, areas=areas)
    return NO_NAME if is_hidden else name


def compare_areas(first: AreaView, second: AreaView) -> list[ComparedCounter]:
    """Two areas of one build, counter by counter; no difference where either is held back."""
    return compare(first.counters, second.counters, with_persons=first.version == second.version)


def compare_dates(earlier: BlockReader, later: BlockReader, code: str) -> list[ComparedCounter]:
    """One block in two builds. Persons differ by whole tens within one series of cells; of two series there is no
    difference. Refuses a block that either build does not know."""
    return compare(
        earlier.get_block(code).counters,
        later.get_block(code).counters,
        with_persons=earlier.series == later.series,
    )
