"""What crosses the doors of `questions`: what is asked, of whom, until when, and what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class State(StrEnum):
    """open -> sent -> answered -> closed; unanswered: lapsed, then a check when a grid has room for it."""

    OPEN = "open"
    SENT = "sent"
    ANSWERED = "answered"
    LAPSED = "lapsed"
    CHECK = "check"
    CLOSED = "closed"


class Said(StrEnum):
    """What somebody said, or a visit found. Unknown, refused and not met are no `wrong`: nothing follows from them."""

    HOLDS = "holds"
    ENDED = "ended"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    NOT_MET = "not_met"


class By(StrEnum):
    """By which way an answer came."""

    LINK = "link"
    PHONE = "phone"
    COUNTER = "counter"
    VISIT = "visit"


class Way(StrEnum):
    """How a message travels."""

    SMS = "sms"
    LETTER = "letter"


class MessageState(StrEnum):
    """claimed before it is handed to a gateway. unsure: nobody wrote down what became of it, so it is not sent again
    unless somebody says so."""

    TO_PRINT = "to_print"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNSURE = "unsure"


class MandateState(StrEnum):
    """void: the account was closed, or its role or areas are others than when the mandate was given."""

    HOLDS = "holds"
    EXPIRED = "expired"
    ENDED = "ended"
    VOID = "void"


@dataclass(frozen=True)
class MandateView:
    """A mandate to send by night: in whose name, why, since when, until when."""

    number: str
    holder: str
    basis: str
    given_at: datetime
    until: date
    state: MandateState
    is_own: bool


@dataclass(frozen=True)
class Asking:
    """One question as another room hands it over. `origin` names it for ever: the same origin is asked once.

    `contact`: `person:P-…`, `place:<code>` (a letter to the door), or empty (asked by staff). `fact_key`: the fact
    of the registry that the answer is about; empty where it is about none. `ends_as_check`: whether a
    grid may go and look.
    """

    origin: str
    rule: str
    text: str
    reason: str
    purpose: str
    basis: str
    responsible: str
    subject_ref: str
    place_code: str = ""
    contact: str = ""
    fact_key: str = ""
    is_check: bool = False
    ends_as_check: bool = True
    usefulness: int = 0


@dataclass(frozen=True)
class QuestionView:
    """One question as staff see it: codes, no name, no number of anybody."""

    number: str
    origin: str
    rule: str
    text: str
    reason: str
    purpose: str
    basis: str
    responsible: str
    channel: str
    place_code: str
    place_text: str
    grid_code: str
    subject_ref: str
    has_contact: bool
    state: State
    asked_at: datetime
    due_on: date
    is_paused: bool
    said: Said | None = None
    ends_on: date | None = None


@dataclass(frozen=True)
class AskedByLink:
    """One question as the page of a link shows it: no name, and no place unless the letter hung on its door.

    `is_request`: it asks whether somebody has seen to something, so that "it was never so" is no answer.
    """

    number: str
    text: str
    reason: str
    basis: str
    responsible: str
    channel: str
    due_on: date
    is_answered: bool
    is_paused: bool
    is_request: bool = False


@dataclass(frozen=True)
class Settled:
    """What an answer changed. `decision`: its number in the registry's log; `cases`: departments that were asked."""

    number: str
    state: State
    decision: int | None = None
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class VisitDoor:
    """One door on a sheet and everything to be asked there: (row code, question, reason, department, due day)."""

    place_code: str
    place_text: str
    floor: str
    lines: tuple[tuple[str, str, str, str, date], ...]


@dataclass(frozen=True)
class VisitSheet:
    """A grid's visits of one week. `waiting`: doors that wait for another week."""

    number: str
    grid_code: str
    grid_name: str
    week: date
    doors: tuple[VisitDoor, ...]
    waiting: int


@dataclass(frozen=True)
class ReturnFault:
    """One line of a returned sheet that was not taken: which, and why."""

    line: int
    row_code: str
    reason: str


@dataclass(frozen=True)
class Counts:
    """The outbox as sums: questions by state, messages by state, and what waits for a visit."""

    questions: dict[str, int]
    messages: dict[str, int]
    waiting_doors: int
