"""What the life of the library is told in: entries, what is asked of them, and what an event changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from kuai.address.types import AliasKind, EventKind, Level, State

LIVING = frozenset({State.PLANNED, State.IN_USE})
DEPTH = {level: depth for depth, level in enumerate(Level)}
EVENT_SOURCE, IMPORT_SOURCE = "event", "import"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the library: a row of ADDRESS_ENTRY."""

    address_code: str
    level: Level
    parent_code: str | None
    name: str
    standard_text: str
    longitude: float | None = None
    latitude: float | None = None
    use: str | None = None
    state: State = State.IN_USE

    @property
    def is_living(self) -> bool:
        return self.state in LIVING


@dataclass(frozen=True, slots=True)
class SuccessionLine:
    """One step from a code that ended to one that took its place (None: nothing did)."""

    address_code: str
    successor_code: str | None
    kind: State
    happened_on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class AliasLine:
    """Another text of an entry, as the record has it."""

    address_code: str
    text: str
    kind: AliasKind
    source: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """The geometry of an entry: WKB in CGCS2000, and the system it was delivered in."""

    address_code: str
    geometry: bytes
    delivered_datum: str = "CGCS2000"


@dataclass(frozen=True, slots=True)
class IdentifierLine:
    """The code of an entry in another scheme."""

    address_code: str
    scheme: str
    value: str


@dataclass(frozen=True)
class NewEntry:
    """A place that begins. Left out: level and parent are those of what it follows, the code is issued, the text is
    the parent's with the name behind it. `rooms` are names of rooms that begin with a building."""

    name: str
    level: Level | None = None
    parent_code: str = ""
    standard_text: str = ""
    code: str = ""
    longitude: float | None = None
    latitude: float | None = None
    use: str | None = None
    rooms: tuple[str, ...] = ()
    geometry: bytes | None = None


@dataclass(frozen=True)
class NewEvent:
    """What a steward says happened.

    `codes`: to which entries. `begins`: what begins (split, renumbered, planned, taken into use, merged into a new
    one). `into`: the living entry that takes over (merged) or the new parent (moved). `assign`: split only, child ->
    place in `begins`, counted from 0. `names`: new names of carried children. `prefixes`: merged only, ended building
    -> word before the names of its rooms. `new_name`, `new_text`: renamed.
    """

    kind: EventKind
    day: date
    reason: str
    codes: tuple[str, ...] = ()
    begins: tuple[NewEntry, ...] = ()
    into: str = ""
    assign: Mapping[str, int] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    new_name: str = ""
    new_text: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry before (None: it begins) and after."""

    before: Entry | None
    after: Entry

    @property
    def role(self) -> str:
        """ended, begun or changed, as the log lists its subjects."""
        if self.before is None:
            return "begun"
        return "ended" if self.before.is_living and not self.after.is_living else "changed"


@dataclass(frozen=True)
class Effect:
    """All that one event changes; folding it needs nothing else."""

    changes: tuple[Change, ...] = ()
    successions: tuple[SuccessionLine, ...] = ()
    dropped_successions: tuple[SuccessionLine, ...] = ()
    aliases: tuple[AliasLine, ...] = ()
    dropped_aliases: tuple[AliasLine, ...] = ()
    outlines: tuple[Outline, ...] = ()
    identifiers: tuple[IdentifierLine, ...] = ()


class LibraryView(Protocol):
    """What a decision about the library may ask of it."""

    def entry(self, code: str) -> Entry | None:
        """The entry of a code ever issued, or None."""

    def children_of(self, codes: Sequence[str]) -> list[Entry]:
        """The living entries whose parent is one of `codes`, by code."""

    def issued_numbers(self, prefix: str, length: int) -> set[int]:
        """The numbers behind `prefix` among all codes of `length` digits ever issued."""

    def successions_of(self, code: str) -> tuple[SuccessionLine, ...]:
        """Where a code that ended leads, one step."""

    def aliases_of(self, code: str) -> tuple[AliasLine, ...]:
        """The other texts of an entry that imports and events gave it."""

    def outlines_of(self, codes: Sequence[str]) -> dict[str, Outline]:
        """The outlines that entries of `codes` have."""

    def identifiers_of(self, codes: Sequence[str]) -> dict[str, tuple[IdentifierLine, ...]]:
        """The codes in other schemes that entries of `codes` have."""
