"""The library as the record has it now: opened in milliseconds, folded further as the log grows. Private.

One open record a process and store is kept; threads share it, because what is folded is a copy of their own.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from kuai.address.life.folding import LibraryState
from kuai.address.life.shapes import AliasLine, Entry, Outline, SuccessionLine
from kuai.address.life.succession import Resolution, resolve_code
from kuai.address.log import Head, effect_of_step, effects_between, head, is_bulk
from kuai.address.models import LibraryStep, StepSubject
from kuai.address.snapshots import Snapshot, SnapshotBase, find_snapshot, write_snapshot
from kuai.address.types import Level
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.store import Store

# An overlay of more events than this is brought to rest when next opened, so that opening stays quick.
MOST_EVENTS_LAID_OVER = 2000
MOST_FOUND = 200


class LibraryRecord:
    """One version of the library, for pages and decisions. What it says does not change while it is held."""

    def __init__(self, at: Head, state: LibraryState) -> None:
        self.at = at
        self.state = state

    @property
    def sequence(self) -> int:
        """How many steps of the log this version has."""
        return self.at.sequence

    @property
    def is_empty(self) -> bool:
        return self.at.sequence == 0

    def find_entry(self, code: str) -> Entry | None:
        """The entry of a code ever issued, living or not; None if there is none."""
        return self.state.entry(code)

    def entry(self, code: str) -> Entry:
        """As `find_entry`; refuses a code that was never issued."""
        found = self.state.entry(code)
        if found is None:
            raise Refusal(
                "library.code_unknown", f"地址库里没有编码 {code}。", next_step="请核对编码。"
            )
        return found

    def children(self, code: str, *, ended_too: bool = False) -> list[Entry]:
        """What stands right under `code` in this version (never by cutting codes), by code."""
        return self.state.children_of([code], ended_too=ended_too)

    def ancestors(self, code: str) -> list[Entry]:
        """From the top down to the entry above `code`."""
        above: list[Entry] = []
        parent = self.entry(code).parent_code
        while parent and (entry := self.state.entry(parent)) is not None:
            above.insert(0, entry)
            parent = entry.parent_code
        return above

    def roots(self) -> list[Entry]:
        """Living entries with nothing above them, by code."""
        found = {one.address_code: one for one in self._base_roots()}
        # A room always stands in a building: only what is above is asked for its parent.
        found |= {
            code: one for code, one in self.state.entries.items() if one.level is not Level.ROOM
        }
        parents = {one.parent_code for one in found.values() if one.parent_code}
        known = {code for code in parents if self.state.entry(code) is not None}
        roots = (one for one in found.values() if one.is_living and one.parent_code not in known)
        return sorted(roots, key=lambda one: one.address_code)

    def counts(self) -> Counter[tuple[str, str]]:
        """(level, state) -> entries."""
        return self.state.counts()

    def resolve(self, code: str, as_of: date | None = None) -> Resolution:
        """What `code` means (on the day `as_of`); refuses a code that was never issued, or only later.

        The day of issue is known of codes that began by an event; what imports brought may be older than they are.
        """
        found = resolve_code(code, self.state, as_of=as_of)
        issued = _day_of_issue(code, until=self.sequence) if as_of else None
        if as_of and issued and as_of < issued:
            raise Refusal(
                "library.code_not_yet",
                f"编码 {code} 在 {as_of} 还没有发出，它是 {issued} 发的。",
                next_step="用它所接替的编码查那一天：kuai library events --code CODE。",
            )
        return found

    def search(self, prefix: str, *, limit: int = 50) -> list[Entry]:
        """Entries whose code begins with `prefix`, by code, ended ones too; at most MOST_FOUND."""
        if not prefix.isdigit():
            return []
        most = max(1, min(limit, MOST_FOUND))
        changed = {
            code: entry for code, entry in self.state.entries.items() if code.startswith(prefix)
        }
        found: dict[str, Entry] = {}
        if isinstance(self.state.base, SnapshotBase):
            at_rest = self.state.base.entries(
                "address_code >= ? and address_code < ?",
                [prefix, prefix + ":"],
                limit=most + len(changed),
            )
            found = {one.address_code: one for one in at_rest}
        found |= changed
        return [found[code] for code in sorted(found)][:most]

    def aliases(self, code: str) -> tuple[AliasLine, ...]:
        """Other texts of an entry by imports and events (what people gave: `list_aliases`)."""
        return self.state.aliases_of(code)

    def successions(self, code: str) -> tuple[SuccessionLine, ...]:
        """Where a code that ended leads, one step."""
        return self.state.successions_of(code)

    def outline(self, code: str) -> Outline | None:
        """The geometry of an entry (WKB, CGCS2000), if there is one."""
        return self.state.outline_of(code)

    def identifiers(self, code: str) -> tuple[tuple[str, str], ...]:
        """(scheme, code in that scheme) of an entry, in other schemes."""
        found = self.state.identifiers_of([code]).get(code, ())
        return tuple((one.scheme, one.value) for one in found)

    def _base_roots(self) -> Sequence[Entry]:
        if not isinstance(self.state.base, SnapshotBase):
            return []
        # All of the top levels, because a parent may be named that is no entry (the city above a district).
        return self.state.base.entries(
            "parent_code is null or parent_code not in (select address_code from address_entry)"
        )


def _day_of_issue(code: str, *, until: int) -> date | None:
    begun = StepSubject.objects.filter(
        address_code=code, role="begun", step__sequence__lte=until
    ).order_by("step__sequence")
    return begun.values_list("step__happened_on", flat=True).first()


_OPEN: dict[Path, LibraryRecord] = {}
_OPENING = threading.Lock()
# One thread makes a version, the others of its process wait and take it: seen to fail when six made one at once.
_BRINGING_TO_REST = threading.Lock()


def open_record(store: Store) -> LibraryRecord:
    """The library as recorded up to now. Milliseconds where this process has opened it before."""
    at = head()
    with _OPENING:
        key = store.root.resolve()
        known = _OPEN.get(key)
        if known is not None and not _is_at_rest_still(known):
            known = None
        if known is not None and known.at == at:
            return known
        record = _opened(store, at, known)
        _OPEN[key] = record
        return record


def record_at(store: Store, sequence: int) -> LibraryRecord:
    """The library as it was after step `sequence`; folded anew where its version at rest is gone."""
    step = LibraryStep.objects.filter(sequence=sequence).first()
    at = Head(step.sequence, step.chain) if step else Head()
    return _opened(store, at, None)


def snapshot_of(store: Store, record: LibraryRecord) -> Snapshot | None:
    """The record's version at rest, made if need be; None while nothing is recorded."""
    if record.is_empty:
        return None
    with _BRINGING_TO_REST:
        found = find_snapshot(store, record.at)
        if found is not None:
            return found
        known = record.state.base.snapshot if isinstance(record.state.base, SnapshotBase) else None
        return write_snapshot(store, record.at, known=known, state=record.state, imported=None)


def _opened(store: Store, at: Head, known: LibraryRecord | None) -> LibraryRecord:
    begins, state = _beginning(store, at, known)
    laid_over = 0
    for step, effect in effects_between(store, after=begins.sequence, until=at.sequence):
        here = Head(step.sequence, step.chain)
        if is_bulk(step):
            state = _taken_in(store, here, state, step)
            laid_over = 0
        else:
            state.fold(effect)
            laid_over += 1
    record = LibraryRecord(at, state)
    if laid_over > MOST_EVENTS_LAID_OVER or len(state.entries) > 100 * MOST_EVENTS_LAID_OVER:
        at_rest = snapshot_of(store, record)
        assert at_rest is not None
        record = LibraryRecord(at, LibraryState(SnapshotBase(at_rest)))
    return record


def _beginning(store: Store, at: Head, known: LibraryRecord | None) -> tuple[Head, LibraryState]:
    """Where to begin folding: what is open already, else the newest version at rest, else nothing."""
    if known is not None and known.at.sequence <= at.sequence and _is_in_log(known.at):
        return known.at, known.state.copy()
    steps = LibraryStep.objects.filter(sequence__lte=at.sequence).order_by("-sequence")
    for sequence, chain in steps.values_list("sequence", "chain").iterator():
        at_rest = find_snapshot(store, Head(sequence, chain))
        if at_rest is not None:
            return at_rest.head, LibraryState(SnapshotBase(at_rest))
    return Head(), LibraryState()


def _is_at_rest_still(record: LibraryRecord) -> bool:
    """Old versions at rest are dropped in time, by this process or another."""
    base = record.state.base
    return not isinstance(base, SnapshotBase) or base.snapshot.folder.exists()


def _is_in_log(at: Head) -> bool:
    if at == Head():
        return True
    return LibraryStep.objects.filter(sequence=at.sequence, chain=at.chain).exists()


def _taken_in(store: Store, at: Head, state: LibraryState, step: LibraryStep) -> LibraryState:
    """The library after an import: brought to rest, because imports are bulk."""
    at_rest = find_snapshot(store, at)
    if at_rest is None:
        imported = store.library / "imports" / step.bulk
        if not imported.is_dir():
            raise Breakdown(f"the library's import {step.bulk[:12]} is missing from the store")
        known = state.base.snapshot if isinstance(state.base, SnapshotBase) else None
        at_rest = write_snapshot(store, at, known=known, state=state, imported=imported)
    return LibraryState(SnapshotBase(at_rest))


__all__ = ["LibraryRecord", "effect_of_step", "open_record", "snapshot_of"]
