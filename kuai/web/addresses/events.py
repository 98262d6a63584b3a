"""Life-cycle events as pages show them: what ended, what began, what follows, whether it was undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils.translation import gettext as _

from kuai.address.library import Entry, EventView
from kuai.address.types import EventKind
from kuai.web.addresses.reader import LibraryReader
from kuai.web.addresses.words import EVENT_NAMES

# A step of the log that is no event of life.
IMPORTED = "imported"
MOST_NAMED = 3
MOST_LISTED = 40


@dataclass(frozen=True)
class Named:
    """An entry as a line names it."""

    code: str
    label: str


@dataclass(frozen=True)
class EventShown:
    """One event with its entries by name."""

    number: int
    title: str
    happened_on: date | None
    reason: str
    recorded_at: datetime | None
    ended: Sequence[Named]
    begun: Sequence[Named]
    is_undone: bool
    undone_by: int | None
    undoes: int | None
    may_be_undone: bool
    plan_id: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    groups: Sequence[tuple[str, Sequence[Entry], int]] = ()


def show_events(reader: LibraryReader, events: Iterable[EventView]) -> list[EventShown]:
    """A line for each."""
    return [as_shown(reader, event) for event in events]


def show_event(reader: LibraryReader, number: int) -> EventShown | None:
    """One event with everything it touched; None if there is none of this number."""
    event = reader.event(number)
    if event is None:
        return None
    groups = [
        (title, *_named(reader, codes))
        for title, codes in (
            (_("停用的编码"), event.ended),
            (_("新发的编码"), event.begun),
            (_("编码不变，内容有变"), event.changed),
        )
    ]
    return as_shown(reader, event, groups=groups)


def _named(reader: LibraryReader, codes: Sequence[str]) -> tuple[list[Entry], int]:
    found = _entries(reader, codes[:MOST_LISTED])
    return found, max(0, len(codes) - MOST_LISTED)


def _entries(reader: LibraryReader, codes: Sequence[str]) -> list[Entry]:
    return [one for code in codes if (one := reader.entry(code)) is not None]


def as_shown(
    reader: LibraryReader,
    event: EventView,
    *,
    groups: Sequence[tuple[str, Sequence[Entry], int]] = (),
) -> EventShown:
    """The event with the first few of its entries, those of the highest level only: rooms follow their building."""
    ended, begun, changed = (
        _first_few(reader, codes) for codes in (event.ended, event.begun, event.changed)
    )
    is_import = event.kind == IMPORTED
    return EventShown(
        number=event.number,
        title=str(EVENT_NAMES.get(event.kind, event.kind)),
        happened_on=event.day,
        reason=event.reason,
        recorded_at=event.at,
        ended=ended or ([] if begun else changed),
        begun=begun,
        is_undone=event.undone_by is not None,
        undone_by=event.undone_by,
        undoes=event.undoes,
        may_be_undone=event.undone_by is None and event.kind in {IMPORTED, *EventKind},
        plan_id=str(event.intent.get("plan", "")) if is_import else "",
        counts=event.intent.get("counts", {}) if is_import else {},
        groups=groups,
    )


def _first_few(reader: LibraryReader, codes: Sequence[str]) -> list[Named]:
    shortest = min((len(code) for code in codes), default=0)
    first = [code for code in codes if len(code) == shortest][:MOST_NAMED]
    return [Named(one.address_code, reader.label(one)) for one in _entries(reader, first)]
