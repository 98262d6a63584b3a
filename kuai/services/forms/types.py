"""What crosses the doors of registered forms: wishes, registered forms, fillings, lines of a preview. No value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum


class ListKind(StrEnum):
    """Whom or what a form lists by itself. Nothing: only rows that the sheet already has."""

    NONE = ""
    TURNING = "persons_turning"
    RESIDENTS = "persons_aged"
    LET_ROOMS = "rooms_let"
    ROOMS = "rooms"
    FIRMS = "firms"


ABOUT_OF_LIST: Mapping[ListKind, str] = {
    ListKind.TURNING: "person",
    ListKind.RESIDENTS: "person",
    ListKind.LET_ROOMS: "room",
    ListKind.ROOMS: "room",
    ListKind.FIRMS: "firm",
}


class FormState(StrEnum):
    """Where a registration stands; expired follows from its day."""

    WAITING = "waiting"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class CellState(StrEnum):
    """What became of one cell that the form may ask for."""

    FRESH = "fresh"
    STALE = "stale"
    ASSERTED = "asserted"
    UNKNOWN = "unknown"
    HELD = "held"
    SAME = "same"
    DIFFERENT = "different"
    FORMULA = "formula"


FILLED = (CellState.FRESH, CellState.STALE, CellState.ASSERTED)


@dataclass(frozen=True)
class FormWish:
    """What a steward registers. `area`: a block path; `age`: of a list of persons; `period`: first and last day."""

    title: str
    office: str
    basis: str
    approval_no: str
    about: str
    fields: tuple[str, ...]
    area: str
    purpose: str
    expires_on: date
    list_kind: ListKind = ListKind.NONE
    age: int = 0
    period_first: date | None = None
    period_last: date | None = None
    home_delivery_because: str = ""


@dataclass(frozen=True)
class FormView:
    """A registered form as pages show it. `responsible`: who answers for its lists at the office, by name."""

    number: str
    wish: FormWish
    state: FormState
    registered_by: str
    registered_at: datetime
    moves: tuple[tuple[str, str, datetime, str], ...] = ()
    lessons: int = 0
    responsible: str = ""
    channel: str = ""


@dataclass(frozen=True)
class ColumnCount:
    """One column of a filling: its heading, our field, and how many cells are in which state."""

    place: int
    heading: str
    field: str
    counts: Mapping[str, int]
    is_asked: bool


@dataclass(frozen=True)
class SampleCell:
    """One cell of a preview: masked where it tells of a person."""

    text: str
    state: str


@dataclass(frozen=True)
class FillingView:
    """One filling: counts alone, and while it waits a masked sample of its first rows."""

    uuid: str
    form: FormView
    state: str
    is_learned: bool
    rows: int
    generated: int
    unrecognised: int
    left_out: int
    columns: tuple[ColumnCount, ...]
    prepared_by: str
    prepared_at: datetime
    released_by: str = ""
    released_at: datetime | None = None
    reason: str = ""
    sample: tuple[tuple[SampleCell, ...], ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Coverage:
    """How many of an area's rows the store could fill in one column, in tens; None below ten."""

    heading: str
    label: str
    known: int | None
    of: int | None


@dataclass(frozen=True)
class ReleasedList:
    """What the person concerned is told of a list they are on: why, who answers for it, where to object, until when."""

    title: str
    office: str
    released_by: str
    released_at: datetime
    reason: str
    responsible: str
    channel: str
    expires_on: date


@dataclass(frozen=True)
class UnknownCell:
    """One cell of a released sheet that stayed open: nothing is held, sources differ, or the sheet says otherwise.

    `origin`: the same for the same form, field and element for ever, so that it is asked once. `about` with `code`:
    person, room or firm. No value, neither the office's nor ours; never what the care zone would have said.
    """

    origin: str
    form_number: str
    title: str
    office: str
    basis: str
    purpose: str
    about: str
    code: str
    field: str
    label: str
    state: CellState
    why: str
    released_by: str
    released_at: datetime
