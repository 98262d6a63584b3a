"""What crosses the door of `guard`: zones, roles, purposes, actors, tickets. Knows references, not what a room is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from kuai.kit.tables import Sensitivity


@dataclass(frozen=True)
class TablePrivacy:
    """What every database table must say of itself: how long rows stay, and the grade of every column."""

    retention: str
    levels: Mapping[str, Sensitivity]


class Zone(StrEnum):
    """Stores that cannot be joined: each has its own token key."""

    CORE = "core"
    CARE = "care"
    REPORTERS = "reporters"


class Role(StrEnum):
    """Who somebody is at work. The three administrators exclude each other."""

    DATA_STEWARD = "data_steward"
    SUBDISTRICT_CLERK = "subdistrict_clerk"
    GRID_WORKER = "grid_worker"
    DEPARTMENT_CLERK = "department_clerk"
    OFFICER = "officer"
    CARE_WORKER = "care_worker"
    LEADER = "leader"
    AUDITOR = "auditor"
    RESIDENT = "resident"
    DISPATCHER = "dispatcher"
    CHECKER = "checker"
    CHILD_WELFARE_WORKER = "child_welfare_worker"
    SYSTEM_ADMINISTRATOR = "system_administrator"
    SECURITY_ADMINISTRATOR = "security_administrator"
    AUDIT_ADMINISTRATOR = "audit_administrator"


class TicketKind(StrEnum):
    """The live work that may issue a ticket; nothing else may."""

    ORDER = "order"
    APPLICATION = "application"
    DECLARATION = "declaration"
    REVIEW = "review"
    BREAK_GLASS = "break_glass"
    OWN_DATA = "own_data"
    DUTY = "duty"
    # Refused rows of a delivery on their way back to the office that wrote them.
    RETURN = "return"
    # A registered form that is being filled for the office that asked; issued list by list (0038).
    FORM = "form"
    # A question put to somebody, or asked at a door; dies when it is answered (0041).
    QUESTION = "question"
    # What a rule found of somebody, looked at by the office that answers for the rule (0040).
    FINDING = "finding"


@dataclass(frozen=True)
class Actor:
    """Who asks: a login with its role and the areas (opaque code paths) it may act in. No areas = none.

    `department`: whose cases a department's clerk answers, and the office whose rules a clerk signs; else empty.
    """

    user_id: str
    role: Role
    areas: tuple[str, ...] = ()
    person_code: str | None = None
    department: str = ""


@dataclass(frozen=True)
class Ticket:
    """Leave to read named fields of named elements until `ends_at`, because of one piece of live work."""

    ticket_id: str
    kind: TicketKind
    origin: str
    purpose: str
    holder: str
    subjects: tuple[str, ...]
    fields: tuple[str, ...]
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class SourceRegistration:
    """What must be known of a source before it builds (2-architecture: handlers and scope)."""

    source: str
    title: str
    zone: Zone
    handler: str
    legal_basis: str
    agreement: str
    permitted_purposes: tuple[str, ...]
    notice_version: str
    assessment_id: str
    assessment_approved_on: date | None
    retention_days: int
    refresh_days: int
    has_personal_columns: bool
    synthetic: bool = False
