"""The library as a fold of its log: a base (a snapshot, or nothing) and what the steps since then changed.

Every step carries the rows it leaves behind, so the last one that speaks of a code wins; the order is the log's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from kuai.address.life.codes import PREFIX_OF_LENGTH
from kuai.address.life.shapes import (
    AliasLine,
    Effect,
    Entry,
    IdentifierLine,
    Outline,
    SuccessionLine,
)

Line = TypeVar("Line", SuccessionLine, AliasLine)


class LibraryBase(Protocol):
    """A version of the library at rest, asked code by code."""

    def entry(self, code: str) -> Entry | None: ...

    def children_of(self, codes: Sequence[str], *, ended_too: bool = False) -> list[Entry]: ...

    def issued_numbers(self, prefix: str, length: int) -> set[int]: ...

    def successions_of(self, code: str) -> tuple[SuccessionLine, ...]: ...

    def aliases_of(self, code: str) -> tuple[AliasLine, ...]: ...

    def outlines_of(self, codes: Sequence[str]) -> dict[str, Outline]: ...

    def identifiers_of(self, codes: Sequence[str]) -> dict[str, tuple[IdentifierLine, ...]]: ...

    def counts(self) -> Counter[tuple[str, str]]: ...


class NoBase:
    """The library before its first step."""

    def entry(self, code: str) -> Entry | None:  # noqa: ARG002 - the shape of LibraryBase
        return None

    def children_of(
        self,
        codes: Sequence[str],  # noqa: ARG002
        *,
        ended_too: bool = False,  # noqa: ARG002
    ) -> list[Entry]:
        return []

    def issued_numbers(self, prefix: str, length: int) -> set[int]:  # noqa: ARG002
        return set()

    def successions_of(self, code: str) -> tuple[SuccessionLine, ...]:  # noqa: ARG002
        return ()

    def aliases_of(self, code: str) -> tuple[AliasLine, ...]:  # noqa: ARG002
        return ()

    def outlines_of(self, codes: Sequence[str]) -> dict[str, Outline]:  # noqa: ARG002
        return {}

    def identifiers_of(
        self,
        codes: Sequence[str],  # noqa: ARG002
    ) -> dict[str, tuple[IdentifierLine, ...]]:
        return {}

    def counts(self) -> Counter[tuple[str, str]]:
        return Counter()


class LibraryState:
    """A library: `base` under the steps folded since. Folding changes it; `copy` first if somebody else reads it."""

    def __init__(self, base: LibraryBase | None = None) -> None:
        self.base: LibraryBase = base or NoBase()
        self.entries: dict[str, Entry] = {}
        self.successions: dict[str, tuple[SuccessionLine, ...]] = {}
        self.aliases: dict[str, tuple[AliasLine, ...]] = {}
        self.outlines: dict[str, Outline] = {}
        self.identifiers: dict[str, tuple[IdentifierLine, ...]] = {}
        # Apart, because a grid of long standing has many more ended buildings than living ones.
        self._living: dict[str, set[str]] = {}
        self._ended: dict[str, set[str]] = {}
        self._issued: dict[tuple[str, int], set[int]] = {}
        self._counts = self.base.counts()

    def copy(self) -> LibraryState:
        """The same library, to fold further."""
        other = LibraryState(self.base)
        other.entries = dict(self.entries)
        other.successions = dict(self.successions)
        other.aliases = dict(self.aliases)
        other.outlines = dict(self.outlines)
        other.identifiers = dict(self.identifiers)
        other._living = {parent: set(codes) for parent, codes in self._living.items()}
        other._ended = {parent: set(codes) for parent, codes in self._ended.items()}
        other._issued = {key: set(numbers) for key, numbers in self._issued.items()}
        other._counts = Counter(self._counts)
        return other

    # --- reading (LibraryView) -------------------------------------------------------------------------
    def entry(self, code: str) -> Entry | None:
        """The entry of a code ever issued, or None."""
        return self.entries.get(code) or self.base.entry(code)

    def children_of(self, codes: Sequence[str], *, ended_too: bool = False) -> list[Entry]:
        """Living entries (ended ones too, if asked) right under any of `codes`, by code."""
        at_rest = self.base.children_of(codes, ended_too=ended_too)
        below = [one for one in at_rest if one.address_code not in self.entries]
        for index in (self._living, self._ended) if ended_too else (self._living,):
            below += [self.entries[code] for parent in codes for code in index.get(parent, ())]
        return sorted(below, key=lambda one: one.address_code)

    def issued_numbers(self, prefix: str, length: int) -> set[int]:
        """The numbers behind `prefix` among all codes of `length` digits ever issued."""
        return self.base.issued_numbers(prefix, length) | self._issued.get((prefix, length), set())

    def successions_of(self, code: str) -> tuple[SuccessionLine, ...]:
        """Where a code that ended leads, one step."""
        known = self.successions.get(code)
        return self.base.successions_of(code) if known is None else known

    def aliases_of(self, code: str) -> tuple[AliasLine, ...]:
        """The other texts of an entry that imports and events gave it."""
        known = self.aliases.get(code)
        return self.base.aliases_of(code) if known is None else known

    def outline_of(self, code: str) -> Outline | None:
        """The geometry of an entry, if there is one."""
        return self.outlines_of([code]).get(code)

    def outlines_of(self, codes: Sequence[str]) -> dict[str, Outline]:
        """The outlines that entries of `codes` have."""
        fresh = {code: self.outlines[code] for code in codes if code in self.outlines}
        return self.base.outlines_of([code for code in codes if code not in fresh]) | fresh

    def identifiers_of(self, codes: Sequence[str]) -> dict[str, tuple[IdentifierLine, ...]]:
        """The codes in other schemes that entries of `codes` have."""
        fresh = {code: self.identifiers[code] for code in codes if code in self.identifiers}
        return self.base.identifiers_of([code for code in codes if code not in fresh]) | fresh

    def counts(self) -> Counter[tuple[str, str]]:
        """(level, state) -> entries."""
        return Counter({key: count for key, count in self._counts.items() if count})

    # --- folding ---------------------------------------------------------------------------------------
    def fold(self, effect: Effect) -> None:
        """Take in one step."""
        for change in effect.changes:
            self._put(change.before, change.after)
        # What lived until now, or was not there, leads nowhere yet: no need to ask the base, code by code.
        fresh = {
            one.after.address_code
            for one in effect.changes
            if one.before is None or one.before.is_living
        }
        for code, (lines, gone) in _by_code(effect.successions, effect.dropped_successions).items():
            known = code in self.successions or code not in fresh
            before = self.successions_of(code) if known else ()
            kept = [line for line in before if line not in gone]
            self.successions[code] = tuple(dict.fromkeys([*kept, *lines]))
        for code, (texts, dropped) in _by_code(effect.aliases, effect.dropped_aliases).items():
            stay = [line for line in self.aliases_of(code) if line not in dropped]
            self.aliases[code] = tuple(dict.fromkeys([*stay, *texts]))
        for outline in effect.outlines:
            self.outlines[outline.address_code] = outline
        # Codes in other schemes are given to what begins: there are none of before.
        begun: dict[str, list[IdentifierLine]] = {}
        for one in effect.identifiers:
            begun.setdefault(one.address_code, []).append(one)
        self.identifiers |= {code: tuple(ids) for code, ids in begun.items()}

    def put_all(self, entries: Iterable[Entry]) -> None:
        """Entries as a small import brings them (tests; bulk imports are folded by SQL)."""
        for entry in entries:
            self._put(self.entry(entry.address_code), entry)

    def _put(self, before: Entry | None, entry: Entry) -> None:
        code = entry.address_code
        if before is not None:
            self._counts[before.level.value, before.state.value] -= 1
        self._counts[entry.level.value, entry.state.value] += 1
        if before is None:
            self._issue(code)
        elif code in self.entries and before.parent_code:
            index = self._living if before.is_living else self._ended
            index[before.parent_code].discard(code)
        self.entries[code] = entry
        if entry.parent_code:
            index = self._living if entry.is_living else self._ended
            index.setdefault(entry.parent_code, set()).add(code)

    def _issue(self, code: str) -> None:
        width = PREFIX_OF_LENGTH.get(len(code))
        if width is not None and code.isdigit():
            self._issued.setdefault((code[:width], len(code)), set()).add(int(code[width:]))


def _by_code(
    added: Iterable[Line], dropped: Iterable[Line]
) -> dict[str, tuple[list[Line], list[Line]]]:
    """code -> (lines added, lines dropped)."""
    found: dict[str, tuple[list[Line], list[Line]]] = {}
    for line in added:
        found.setdefault(line.address_code, ([], []))[0].append(line)
    for line in dropped:
        found.setdefault(line.address_code, ([], []))[1].append(line)
    return found
