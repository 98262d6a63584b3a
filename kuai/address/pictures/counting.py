"""How many entries lie where, and which hold some words: asked of the version at rest and of what was folded since."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from kuai.address.life.shapes import LIVING, Entry
from kuai.address.record import LibraryRecord
from kuai.address.snapshots import SnapshotBase
from kuai.address.types import Level

# What is shorter is a doorplate, not the beginning of a code.
SHORTEST_CODE = 6
_LIVING_SQL = ", ".join(f"'{state.value}'" for state in sorted(LIVING))


def count_children(record: LibraryRecord, codes: Sequence[str]) -> Counter[str]:
    """Living entries right under each of `codes`."""
    state = record.state
    counts: Counter[str] = Counter()
    if isinstance(state.base, SnapshotBase) and codes:
        at_rest = state.base.rows(
            "select parent_code, count(*) from address_entry where parent_code in (select unnest(?))"
            f" and state in ({_LIVING_SQL}) and address_code not in (select unnest(?)) group by all",
            [list(codes), list(state.entries)],
        )
        counts.update(dict(at_rest))
    wanted = set(codes)
    for one in state.entries.values():
        if one.is_living and one.parent_code in wanted:
            counts[one.parent_code] += 1
    return counts


def count_below(record: LibraryRecord, code: str) -> Counter[tuple[str, str]]:
    """(level, state) of everything under `code`, ended ones too; empty code: everywhere."""
    if not code:
        return record.counts()
    counts: Counter[tuple[str, str]] = Counter()
    top = record.entry(code)
    areas, buildings = [top], []
    while areas:
        # Rooms stand in buildings only and are counted where they lie: there are twenty times as many.
        buildings += [one.address_code for one in areas if one.level is Level.BUILDING]
        codes = [one.address_code for one in areas if one.level is not Level.BUILDING]
        areas = [one for one in record.state.children_of(codes) if one.level is not Level.ROOM]
        counts.update((one.level.value, one.state.value) for one in areas)
    counts.update(_count_rooms(record, buildings))
    return counts


def _count_rooms(record: LibraryRecord, buildings: Sequence[str]) -> Counter[tuple[str, str]]:
    state = record.state
    counts: Counter[tuple[str, str]] = Counter()
    if isinstance(state.base, SnapshotBase):
        at_rest = state.base.rows(
            "select state, count(*) from address_entry where level = 'room'"
            " and parent_code in (select unnest(?)) and address_code not in (select unnest(?))"
            " group by all",
            [list(buildings), list(state.entries)],
        )
        counts.update({("room", word): count for word, count in at_rest})
    wanted = set(buildings)
    counts.update(
        ("room", one.state.value)
        for one in state.entries.values()
        if one.level is Level.ROOM and one.parent_code in wanted
    )
    return counts


def find_by_text(record: LibraryRecord, text: str, *, limit: int) -> list[Entry]:
    """Entries whose code begins with `text` or whose texts hold all its words; living ones and upper levels first."""
    if text.isdigit() and len(text) >= SHORTEST_CODE:
        return record.search(text, limit=limit)
    words = text.split()
    if not words:
        return []
    state = record.state
    found: dict[str, Entry] = {}
    if isinstance(state.base, SnapshotBase):
        holds = "contains(standard_text || ' ' || coalesce(name, ''), ?)"
        codes = state.base.rows(
            f"select address_code from address_entry where {' and '.join([holds] * len(words))}"
            f" order by (state in ({_LIVING_SQL})) desc, length(standard_text), address_code limit ?",
            [*words, limit + len(state.entries)],
        )
        wanted = [code for (code,) in codes if code not in state.entries][:limit]
        at_rest = state.base.entries("address_code in (select unnest(?))", [wanted])
        found = {one.address_code: one for one in at_rest}
    for code, one in state.entries.items():
        if all(word in f"{one.standard_text} {one.name}" for word in words):
            found[code] = one
    ranked = sorted(
        found.values(),
        key=lambda one: (not one.is_living, len(one.standard_text), one.address_code),
    )
    return ranked[:limit]
