"""What crosses the doors of `residence`: acts, what is declared, what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from kuai.kit.receipt import Receipt


class Act(StrEnum):
    """What somebody declares at a door, and in what capacity: one word says both."""

    LIVE = "live"
    LEAVE = "leave"
    CHILD = "child"
    LET = "let"
    SUBLET = "sublet"
    AGENT = "agent"
    TENANT_LEFT = "tenant_left"
    EMPLOY = "employ"
    # A logged-in resident's "yes, I live here".
    CONFIRM = "confirm"


class Tenure(StrEnum):
    """By what right somebody lives in a room; ticked, not typed."""

    RENT = "rent"
    OWN = "own"
    FAMILY = "family"


class Channel(StrEnum):
    """By which way a declaration came."""

    DOOR = "door"
    LOGIN = "login"
    SHEET = "sheet"
    # A sheet's row that names a standard address: nobody stood before that door.
    SHEET_BY_ADDRESS = "sheet_by_address"
    # Said at a service window, written down by a clerk.
    COUNTER = "counter"


class Proof(StrEnum):
    """What was proven before it was recorded: a phone in hand, a phone that is on file for this room, a bound login,
    the firm's own contact, or a paper that a clerk saw."""

    PHONE = "phone"
    PHONE_ON_FILE = "phone_on_file"
    LOGIN = "login"
    FIRM_CONTACT = "firm_contact"
    PAPER_SEEN = "paper_seen"


class Paper(StrEnum):
    """What a clerk at a service window looked at before writing a declaration down."""

    IDENTITY_CARD = "identity_card"
    HOUSEHOLD_BOOK = "household_book"
    RESIDENCE_PERMIT = "residence_permit"
    OTHER_PASS = "other_pass"
    LEASE = "lease"


class Step(StrEnum):
    """What happened to a declaration; each is a row, none is changed."""

    DECLARED = "declared"
    AGREED = "agreed"
    SETTLED = "settled"
    REFUTED = "refuted"
    HANDED_OVER = "handed_over"
    WITHDRAWN = "withdrawn"


class QuestionKind(StrEnum):
    """Why somebody is asked. The first four hold a declaration back until answered; the others do not."""

    IMPOSSIBLE_NUMBER = "impossible_number"
    UNDER_AGE_ALONE = "under_age_alone"
    OVER_OCCUPANCY = "over_occupancy"
    CONTRADICTS_VERIFIED = "contradicts_verified"
    TENANT_CONFIRMS = "tenant_confirms"
    LANDLORD_CONFIRMS = "landlord_confirms"
    TENANT_LEFT = "tenant_left"
    DISAGREEMENT = "disagreement"


DOUBTS = (
    QuestionKind.IMPOSSIBLE_NUMBER,
    QuestionKind.UNDER_AGE_ALONE,
    QuestionKind.OVER_OCCUPANCY,
    QuestionKind.CONTRADICTS_VERIFIED,
)


class AskedOf(StrEnum):
    """Who answers a question."""

    DECLARANT = "declarant"
    TENANT = "tenant"
    LANDLORD = "landlord"
    BOTH = "both"
    # Asking anybody else would tell them what is known of the room.
    STAFF = "staff"


class QuestionState(StrEnum):
    """open -> answered; open -> check when its day is over without an answer. A check is work of the outbox."""

    OPEN = "open"
    ANSWERED = "answered"
    CHECK = "check"


class Answer(StrEnum):
    """`no` of one side never ends the other's declaration: it asks both."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Premises:
    """What is true of a room, shown to whoever stands before its door. Nothing of who lives there."""

    door_code: str
    room_code: str
    standard_text: str
    use: str


@dataclass(frozen=True)
class DoorCodeView:
    """One door's code as printed."""

    code: str
    room_code: str
    standard_text: str


@dataclass(frozen=True)
class Wish:
    """What somebody typed and ticked. `typed` of an act: see `engine.fields`; the rest is chosen.

    `phone` is whose one-time code proves it; for an employer it stays empty and the firm's contact is asked.
    """

    act: Act
    name: str = ""
    phone: str = ""
    id_number: str = ""
    credit_code: str = ""
    tenure: Tenure = Tenure.RENT
    birth_year: int = 0
    since: date | None = None
    has_consented: bool = False


@dataclass(frozen=True)
class Asked:
    """That a code was asked for. The same whether or not anything was sent."""

    reference: str
    ends_at: datetime


@dataclass(frozen=True)
class Declared:
    """What came of a declaration. `was_known`: the proven person was on file for this very room; `cases`: who was asked
    about a home that the person said they left."""

    number: str
    mark: str
    act: Act
    room_code: str
    declared_at: datetime
    was_known: bool = False
    questions: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()


@dataclass(frozen=True)
class TakenAtCounter:
    """A declaration that a clerk wrote down. `is_told`: a message went to the phone that was given."""

    declared: Declared
    is_told: bool


@dataclass(frozen=True)
class QuestionView:
    """One open question. No name, no number, and to the public no room."""

    number: str
    kind: QuestionKind
    asked_of: AskedOf
    state: QuestionState
    room_code: str
    declaration: str
    asked_at: datetime
    due_on: date


@dataclass(frozen=True)
class Genuine:
    """All that a verification says: that it is ours, of which day, of which kind."""

    day: date
    kind: str


@dataclass(frozen=True)
class SheetFault:
    """One row of a landlord's sheet that was not taken in: where, and why."""

    sheet_row: int
    reason: str


@dataclass(frozen=True)
class SheetTaken:
    """What came of a landlord's sheet; the receipt's sums hold: received = kept + refused."""

    number: str
    mark: str
    receipt: Receipt
    faults: tuple[SheetFault, ...] = ()


@dataclass(frozen=True)
class HomeLine:
    """One home a bound resident is on file for."""

    fact_key: str
    type: str
    room_code: str
    standard_text: str
    since: date | None
    is_contested: bool


@dataclass(frozen=True)
class Changed:
    """What one answer changed, told to who answered: which blocks no longer count them, whom it was asked of."""

    sentence: str
    block_names: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    declared: Declared | None = None


@dataclass(frozen=True)
class AreaCount:
    """How many declarations of one act an area has; None below ten."""

    act: Act
    count: int | None


@dataclass(frozen=True)
class HandOverRow:
    """One declaration as a row of the source `declarations`: values leave the vault for the vault alone."""

    number: str
    act: Act
    standard_text: str
    declared_on: date
    since: date | None
    until: date | None
    tenure: str
    values: dict[str, str] = field(repr=False, default_factory=dict)
