"""What crosses the doors of offers: states, rehearsals in sums, offers, errors of the system shown to an owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class RuleState(StrEnum):
    """Where a rule stands. A rule whose text changed is a draft again, whatever it was."""

    DRAFT = "draft"
    REHEARSED = "rehearsed"
    LIVE = "live"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class Verdict(StrEnum):
    """What became of a finding when somebody was asked. The last three say nothing about the rule."""

    TRUE = "true"
    FALSE = "false"
    CANNOT_TELL = "cannot_tell"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"


class OfferState(StrEnum):
    """Where an offer stands; waiting: entitled, and something is in the way."""

    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    LAPSED = "lapsed"


class Blocking(StrEnum):
    """What is in the way of an offer."""

    NONE = ""
    NOT_LIVE = "not_live"
    SUSPENDED = "suspended"
    CONTESTED = "contested"
    COOL_DOWN = "cool_down"
    NO_CONTACT = "no_contact"
    NO_GUARDIAN = "no_guardian"
    NO_OFFICIAL = "no_official"
    UNANSWERED = "unanswered"


@dataclass(frozen=True)
class Precision:
    """How often a rule was right, of those who said so: share, 95 % interval (Wilson), floor.

    `most_wrong`: so many wrong answers among the fifty that are being filled are borne.
    """

    right: int
    wrong: int
    unsaid: int
    share: float | None
    low: float
    high: float
    floor: float
    most_wrong: int
    is_below: bool


@dataclass(frozen=True)
class Standing:
    """One rule as its owner sees it. `responsible`, `channel`: who answers for it by name, and where to object.

    `due_on`: until when a rehearsal carries a signature, or what is suspended is to be mended or withdrawn.
    """

    rule: str
    version: int
    title: str
    title_en: str
    basis: str
    owner: str
    responsible: str
    channel: str
    is_named: bool
    state: RuleState
    because: str
    due_on: date | None
    precision: Precision
    rehearsal: Mapping[str, object] | None


@dataclass(frozen=True)
class GroundRow:
    """One row of one delivery that a finding rests on. `row` counts from one; `says`: relation type or empty."""

    source: str
    title: str
    period: str
    row: int
    says: str
    since: date | None


@dataclass(frozen=True)
class Grounds:
    """What a finding rests on, and the one fact that would clear it."""

    rows: tuple[GroundRow, ...]
    more_rows: int
    first_found: date
    found_on: date
    confidence: float
    status: str
    clears: str


@dataclass(frozen=True)
class OfferView:
    """One offer as whom it is for reads it. `subject`: whom it is about, the reader or a child they are guardian of.

    `grounds`: None where the newest run of the rules finds it no longer.
    """

    number: str
    title: str
    text: str
    reason: str
    basis: str
    responsible: str
    channel: str
    due_on: date
    state: OfferState
    offered_at: datetime | None
    is_paused: bool
    subject: str
    is_for_ward: bool
    grounds: Grounds | None


@dataclass(frozen=True)
class FindingLine:
    """One finding in the list of the office that answers for its rule: no person. `blocking`: what an offer waits for.

    `is_paused`: somebody contests something about it, so that nothing follows from it and no day runs.
    """

    finding: str
    rule: str
    title: str
    subject_kind: str
    grid_code: str
    confidence: float
    first_found: date
    offer: OfferState | None
    blocking: Blocking | None
    is_missed: bool
    verdict: Verdict | None
    due_on: date
    is_paused: bool


@dataclass(frozen=True)
class OpenedFinding:
    """One finding as the office sees it: rows, dates, and the person by masks alone. `unseen`: why there are none."""

    line: FindingLine
    asks: str
    basis: str
    purpose: str
    responsible: str
    channel: str
    evidence: tuple[tuple[str, str], ...]
    grounds: Grounds
    person: Mapping[str, str | None]
    unseen: str
    ticket_ends: datetime | None


@dataclass(frozen=True)
class MissedOffer:
    """Somebody entitled twice who neither accepted nor declined: an error of ours, with what was in the way.

    `due_on`: by when it is to be mended; the end of a month, because an entitlement's own day is a birthday.
    """

    number: str
    rule: str
    blocking: Blocking
    runs: int
    due_on: date


@dataclass(frozen=True)
class AskedFinding:
    """What stays of a finding that somebody was asked about, so that a late answer counts: nothing of anybody."""

    finding_id: str
    rule: str
    rule_version: int
    digest: str
    purpose: str
    first_found: date


@dataclass(frozen=True)
class HandedOver:
    """One hand-over: findings looked at, new offers, waiting, left alone, lapsed."""

    findings: int
    offered: int
    waiting: int
    left_alone: int
    lapsed: int
