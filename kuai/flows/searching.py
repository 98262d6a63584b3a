"""The search box: places of the address library, firms and codes in one list, each with why it was found.

Persons are in no index it reads. Kept open, because a published build never changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path

from kuai.address.places import Places, Step, Suggestion, open_places
from kuai.blocks.queries import BlockFinder, open_finder
from kuai.blocks.types import FirmHit, FoundBy, SearchHit
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

LONGEST_TEXT = 60
MOST_HITS = 50
REMEMBERED = 2_000
# Firms have so much of the list at least, if there are so many.
FIRMS_SHARE = 0.4
WHY = {
    FoundBy.CHARACTERS: "名称",
    FoundBy.PINYIN: "拼音",
    FoundBy.INITIALS: "拼音首字母",
    FoundBy.MIXTURE: "汉字、拼音混输",
    FoundBy.CODE: "编码",
    FoundBy.SOUND: "读音相同",
    FoundBy.SLIP: "差一个字",
}
_NEAR_PLACE = "差一个字"
_NAMELESS_FIRM = "个体工商户（字号可能是人名，不列出）"


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the list. `code` opens a block ("" if there is none); `ask` goes back into the box instead
    (a name that several buildings share); `count` is how many buildings it has."""

    code: str
    level: str
    text: str
    why: str
    ask: str = ""
    count: int = 0
    organisation_code: str = ""


class Search:
    """Search over one published build. Safe for threads."""

    def __init__(self, places: Places, finder: BlockFinder) -> None:
        self._places = places
        self._finder = finder
        self._remembered: OrderedDict[tuple[str, int], tuple[Hit, ...]] = OrderedDict()

    def find(self, text: str, *, limit: int = 8) -> tuple[Hit, ...]:
        """At most `limit` hits: codes, places, firms; what only looks or sounds alike comes last."""
        key = (text[:LONGEST_TEXT].strip(), max(0, min(limit, MOST_HITS)))
        known = self._remembered.get(key)
        if known is None:
            known = tuple(self._find(*key)) if all(key) else ()
            self._remembered[key] = known
            while len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return known

    def _find(self, text: str, limit: int) -> list[Hit]:
        codes = [
            _block_hit(hit, FoundBy.CODE) for hit in self._finder.find_codes(text, limit=limit)
        ]
        if codes:
            return codes
        places = list(islice(_once(self._place_hits(text, limit)), limit))
        firms = [_firm_hit(hit) for hit in self._finder.find_firms(text, limit=limit)]
        near = [hit for hit in places if hit.why.startswith(_NEAR_PLACE)]
        places = [hit for hit in places if hit not in near]
        if not places and not firms:
            near += self._last_resort(text, limit)
        shown = min(len(firms), max(int(limit * FIRMS_SHARE), limit - len(places)))
        return (places[: limit - shown] + firms[:shown] + near)[:limit]

    def _last_resort(self, text: str, limit: int) -> list[Hit]:
        within = self._finder.find_within(text, limit=limit)
        if within:
            return [_block_hit(hit, FoundBy.CHARACTERS) for hit in within]
        firms = self._finder.find_firms(text, limit=limit, near=True)
        sounds = (self._places.suggest(one, limit=limit) for one in self._finder.sounds_of(text))
        lines = next((found for found in sounds if found), ())
        places = [replace(_place_hit(line), why=WHY[FoundBy.SOUND]) for line in lines]
        return (places[: max(1, limit - len(firms))] + [_firm_hit(hit) for hit in firms])[:limit]

    def _place_hits(self, text: str, limit: int) -> Iterator[Hit]:
        for line in self._places.suggest(text, limit=limit):
            if line.step is Step.NAME and line.text == text.strip():
                # Who has typed the whole of a shared name wants its buildings.
                yield from self._buildings_named(line, limit)
            else:
                yield _place_hit(line)

    def _buildings_named(self, line: Suggestion, limit: int) -> Iterator[Hit]:
        for hit in self._finder.find_within(line.text, limit=limit):
            if hit.level == "building":
                yield Hit(hit.code, hit.level, hit.text, line.why)


def _once(hits: Iterator[Hit]) -> Iterator[Hit]:
    seen: set[tuple[str, str]] = set()
    for hit in hits:
        key = (hit.code, hit.ask)
        if key not in seen:
            seen.add(key)
            yield hit


def _place_hit(line: Suggestion) -> Hit:
    level = "building" if line.step in (Step.STAIRCASE, Step.FLOOR) else str(line.step)
    if line.code:
        return Hit(line.code, level, line.text, line.why or WHY[FoundBy.CHARACTERS])
    return Hit("", level, line.text, line.why, ask=line.fill, count=line.count)


def _block_hit(hit: SearchHit, by: FoundBy) -> Hit:
    return Hit(hit.code, hit.level, hit.text, WHY[by])


def _firm_hit(hit: FirmHit) -> Hit:
    return Hit(
        hit.place_code,
        "organisation",
        hit.name or _NAMELESS_FIRM,
        WHY[hit.by],
        organisation_code=hit.code,
    )


_opening = threading.Lock()


def open_search(store: Store) -> Search:
    """Search over the published build; refuses before the first one. The first to ask waits for what is missing."""
    with _opening:
        return _opened(store.current_build(), store.scratch)


def prepare_search(store: Store) -> None:
    """Write what the first to search would wait for (measured: 7 s for 23,000 firms); nothing before a build."""
    if store.current_version() is None:
        return
    try:
        open_finder(store.current_build(), store.scratch)
    except Refusal:
        # A build of an earlier release has no serving file; the page says so.
        return


@lru_cache(maxsize=2)
def _opened(build: Path, scratch: Path) -> Search:
    return Search(open_places(build / "core", scratch), open_finder(build, scratch))
