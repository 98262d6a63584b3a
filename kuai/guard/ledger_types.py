"""What crosses the ledger's doors: filters, entries as the auditor and as the person concerned see them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LedgerFilter:
    """What the auditor asks for; empty means any. `about` is a code (a person, a room, a source ...)."""

    actor: str = ""
    role: str = ""
    action: str = ""
    object_kind: str = ""
    about: str = ""
    purpose: str = ""
    ticket_id: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class EntryView:
    """One entry as the auditor sees it. `sequence` is None until it is sealed.

    `keeps_objects_secret`: whom it is about would tell who is on a list, so `objects` is empty.
    """

    reference: uuid.UUID
    sequence: int | None
    recorded_at: datetime
    actor: str
    role: str
    action: str
    object_kind: str
    objects: tuple[str, ...]
    fields: tuple[str, ...]
    purpose: str
    ticket_id: str
    count: int
    outcome: str
    part: str
    session: str
    address: str
    commitment: str
    keeps_objects_secret: bool = False


@dataclass(frozen=True)
class LedgerPage:
    """Entries, newest first; `next_cursor` is None on the last page."""

    entries: tuple[EntryView, ...]
    next_cursor: int | None


@dataclass(frozen=True)
class OwnEntry:
    """One entry as the person concerned sees it: nobody else's codes, no session, no address."""

    reference: uuid.UUID
    sequence: int | None
    recorded_at: datetime
    actor: str
    role: str
    action: str
    fields: tuple[str, ...]
    purpose: str
    ticket_id: str
    outcome: str


@dataclass(frozen=True)
class OwnFilter:
    """Which entries about one person are wanted; empty means any. Looked for before a page is cut, never after it.

    `also`: codes that went into the person's; `actor`: that login's own looks, or with `not_actor` all others'.
    """

    also: tuple[str, ...] = ()
    actor: str = ""
    not_actor: str = ""
    without_roles: tuple[str, ...] = ()
    without_purposes: tuple[str, ...] = ()


@dataclass(frozen=True)
class OwnEntries:
    """The entries about one person that may be shown now."""

    person_code: str
    entries: tuple[OwnEntry, ...]
    next_cursor: int | None


@dataclass(frozen=True)
class LedgerHealth:
    """Is sealing alive? `oldest_wait_s` is the age of the oldest unsealed entry; 0 when none waits."""

    entries: int
    waiting: int
    oldest_wait_s: float
    sealed: int
    last_sealed_at: datetime | None
