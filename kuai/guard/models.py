"""Tables of the guard: accounts, purposes, sources, tickets, break-glass. Private: others use `access` and `queries`.

No name, number or phone of a person concerned is in any of them; those stay in the vault.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from kuai.guard.account_models import AccountWish, LegalHold, OutsideLogin
from kuai.guard.ledger_models import (
    LedgerCheckpoint,
    LedgerDeferral,
    LedgerEntry,
    LedgerPending,
    LedgerSeal,
    LedgerSecret,
    LedgerSubject,
)
from kuai.guard.official_models import OfficialRecord
from kuai.guard.resident_models import BindingCode, ResidentBinding
from kuai.guard.types import Actor, Role, TablePrivacy, Ticket, TicketKind, Zone
from kuai.kit.tables import Sensitivity

__all__ = [
    "Account",
    "AccountWish",
    "BindingCode",
    "BreakGlassRecord",
    "LedgerCheckpoint",
    "LedgerDeferral",
    "LedgerEntry",
    "LedgerPending",
    "LedgerSeal",
    "LedgerSecret",
    "LedgerSubject",
    "LegalHold",
    "OfficialRecord",
    "OutsideLogin",
    "PurposeRecord",
    "ResidentBinding",
    "ReviewDuty",
    "SourceRecord",
    "TicketRecord",
]

L1, L2, L3, L4 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3, Sensitivity.L4

ROLE_CHOICES = [(role.value, role.value) for role in Role]
ADMINISTRATORS = tuple(role.value for role in Role if role.value.endswith("_administrator"))


class AccountRegister(BaseUserManager["Account"]):
    """How accounts are found by login name. Accounts are opened by `access.open_account`, not here."""

    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(username=username)


class Account(AbstractBaseUser):
    """One row: one login of one human being, with the one role it may act in and the areas it may act on.

    Absent on purpose: group and single permissions (access = role x area x ticket), e-mail, phone, portrait.
    """

    privacy: ClassVar = TablePrivacy(
        retention="while active; anonymised two years after closing, its ledger entries stay",
        levels={
            "id": L2,
            "username": L3,
            "display_name": L3,
            "role": L2,
            "areas": L2,
            "staff_no": L3,
            "person_code": L3,
            "organisation_code": L2,
            "department": L2,
            "is_active": L2,
            "must_change_password": L2,
            "one_time_until": L2,
            "opened_at": L2,
            "closed_at": L2,
            "password": L4,
            "last_login": L2,
        },
    )

    username = models.CharField(max_length=64, unique=True)
    display_name = models.CharField(max_length=64)
    role = models.CharField(max_length=32, choices=ROLE_CHOICES)
    areas = models.JSONField(default=list)
    staff_no = models.CharField(max_length=64, blank=True, default="")
    person_code = models.CharField(max_length=16, blank=True, default="")
    organisation_code = models.CharField(max_length=16, blank=True, default="")
    # Whose cases a department's clerk answers, by the department's name in the registrations of sources.
    department = models.CharField(max_length=100, blank=True, default="")
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=True)
    # Until when a one-time code opens; none for a password that its holder chose.
    one_time_until = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = AccountRegister()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(role__in=[role.value for role in Role]), name="account_has_a_known_role"
            ),
            # One human being, one account: thus nobody is two administrators, or an administrator at work.
            models.UniqueConstraint(
                fields=["staff_no"], condition=~Q(staff_no=""), name="account_one_per_staff_no"
            ),
            models.CheckConstraint(
                condition=~Q(role__in=ADMINISTRATORS) | ~Q(staff_no=""),
                name="administrator_has_a_staff_no",
            ),
            models.CheckConstraint(
                condition=~Q(role__in=ADMINISTRATORS)
                | (Q(person_code="") & Q(organisation_code="")),
                name="administrator_acts_for_nobody",
            ),
        ]

    def as_actor(self) -> Actor:
        """The frozen form that doors take."""
        return Actor(
            user_id=self.username,
            role=Role(self.role),
            areas=tuple(self.areas),
            person_code=self.person_code or None,
            department=self.department,
        )


class PurposeRecord(models.Model):
    """One row: one permitted purpose as this installation knew it when the list was last loaded.

    The list itself is `purposes.yaml`; the rows are what reports join to.
    """

    privacy: ClassVar = TablePrivacy(
        retention="permanent: the ledger names purposes by code",
        levels={
            "code": L1,
            "title_zh": L1,
            "title_en": L1,
            "legal_basis": L1,
            "zone": L1,
            "roles": L1,
            "ticket_kinds": L1,
            "is_permitted": L1,
        },
    )

    code = models.CharField(max_length=40, primary_key=True)
    title_zh = models.CharField(max_length=80)
    title_en = models.CharField(max_length=80)
    legal_basis = models.TextField()
    zone = models.CharField(max_length=16)
    roles = models.JSONField(default=list)
    ticket_kinds = models.JSONField(default=list)
    is_permitted = models.BooleanField(default=True)


class SourceRecord(models.Model):
    """One row: one registered source, with everything that must be known before it builds."""

    privacy: ClassVar = TablePrivacy(
        retention="while the source delivers, then ten years as evidence of compliance",
        levels={
            "source": L1,
            "title": L1,
            "zone": L1,
            "handler": L1,
            "legal_basis": L1,
            "agreement": L2,
            "permitted_purposes": L1,
            "notice_version": L1,
            "assessment_id": L2,
            "assessment_approved_on": L2,
            "retention_days": L1,
            "refresh_days": L1,
            "has_personal_columns": L1,
            "synthetic": L1,
            "registered_at": L2,
            "registered_by": L3,
        },
    )

    source = models.CharField(max_length=80, primary_key=True)
    title = models.CharField(max_length=200)
    zone = models.CharField(max_length=16, choices=[(zone.value, zone.value) for zone in Zone])
    handler = models.CharField(max_length=200, blank=True, default="")
    legal_basis = models.TextField(blank=True, default="")
    agreement = models.CharField(max_length=200, blank=True, default="")
    permitted_purposes = models.JSONField(default=list)
    notice_version = models.CharField(max_length=80, blank=True, default="")
    assessment_id = models.CharField(max_length=80, blank=True, default="")
    assessment_approved_on = models.DateField(null=True, blank=True)
    retention_days = models.PositiveIntegerField(default=0)
    refresh_days = models.PositiveIntegerField(default=0)
    has_personal_columns = models.BooleanField()
    synthetic = models.BooleanField(default=False)
    registered_at = models.DateTimeField()
    registered_by = models.CharField(max_length=64)


class TicketRecord(models.Model):
    """One row: leave for one login to read named fields of named persons because of one piece of live work.

    Absent on purpose: the values themselves, and any reason in free text.
    """

    privacy: ClassVar = TablePrivacy(
        retention="three years after its end, as long as the ledger entries that name it are asked about",
        levels={
            "ticket_id": L2,
            "kind": L1,
            "origin": L2,
            "purpose": L1,
            "holder": L3,
            "subjects": L3,
            "fields": L1,
            "begins_at": L2,
            "ends_at": L2,
            "ended_at": L2,
            "ended_because": L1,
        },
    )

    ticket_id = models.CharField(max_length=40, primary_key=True)
    kind = models.CharField(
        max_length=16, choices=[(kind.value, kind.value) for kind in TicketKind]
    )
    origin = models.CharField(max_length=80)
    purpose = models.CharField(max_length=40)
    holder = models.CharField(max_length=64, db_index=True)
    subjects = models.JSONField()
    fields = models.JSONField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_because = models.CharField(max_length=16, blank=True, default="")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("begins_at")), name="ticket_has_an_end"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "origin"], name="ticket_by_work")]

    def as_ticket(self) -> Ticket:
        """The frozen form; a ticket ended early ends when it was ended."""
        return Ticket(
            ticket_id=self.ticket_id,
            kind=TicketKind(self.kind),
            origin=self.origin,
            purpose=self.purpose,
            holder=self.holder,
            subjects=tuple(self.subjects),
            fields=tuple(self.fields),
            begins_at=self.begins_at,
            ends_at=min(self.ends_at, self.ended_at or self.ends_at),
        )


class BreakGlassRecord(models.Model):
    """One row: one emergency in which somebody may ask how many people are in one area, for some hours."""

    privacy: ClassVar = TablePrivacy(
        retention="ten years, as evidence of its review",
        levels={
            "break_glass_id": L2,
            "incident": L2,
            "area": L2,
            "opened_by": L3,
            "opened_at": L2,
            "ends_at": L2,
            "times_asked": L2,
            "persons_told_at": L2,
        },
    )

    break_glass_id = models.CharField(max_length=40, primary_key=True)
    incident = models.CharField(max_length=80)
    area = models.CharField(max_length=200)
    opened_by = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    times_asked = models.PositiveIntegerField(default=0)
    persons_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("opened_at"))
                & Q(ends_at__lte=F("opened_at") + timedelta(hours=24)),
                name="break_glass_lasts_24_hours_at_most",
            ),
        ]


class ReviewDuty(models.Model):
    """One row: the duty to review one opened emergency on the next working day, and how the review ended."""

    privacy: ClassVar = TablePrivacy(
        retention="as the emergency it reviews",
        levels={
            "id": L2,
            "break_glass": L2,
            "due_on": L2,
            "reviewed_by": L3,
            "reviewed_at": L2,
            "verdict": L2,
            "remark": L3,
        },
    )

    break_glass = models.OneToOneField(
        BreakGlassRecord, on_delete=models.PROTECT, related_name="review"
    )
    due_on = models.DateField()
    reviewed_by = models.CharField(max_length=64, blank=True, default="")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(
        max_length=16,
        blank=True,
        default="",
        choices=[("justified", "justified"), ("unjustified", "unjustified")],
    )
    remark = models.TextField(blank=True, default="")
