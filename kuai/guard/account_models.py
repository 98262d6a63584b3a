"""Tables around accounts: wishes that a second person grants, logins at an identity provider, legal holds. Private."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L1, L2, L3 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3

WISH_STATES = ("waiting", "granted", "refused")
# What is wanted: each leave is for one act, once.
WISH_ACTS = ("open", "role", "areas", "code", "unlock", "tie", "lock")


class AccountWish(models.Model):
    """One row: the security administrator wants one act on a powerful login; somebody else grants it once, or not.

    Absent on purpose: passwords. A granted login gets its one-time code like any other.
    """

    privacy: ClassVar = TablePrivacy(
        retention="three years after it was decided",
        levels={
            "id": L2,
            "act": L2,
            "username": L3,
            "display_name": L3,
            "staff_no": L3,
            "role_before": L2,
            "areas_before": L2,
            "role": L2,
            "areas": L2,
            "department": L2,
            "is_new": L2,
            "asked_by": L3,
            "asked_at": L2,
            "state": L2,
            "decided_by": L3,
            "decided_at": L2,
            "used_at": L2,
        },
    )

    # What was granted before acts were told apart opens nothing.
    act = models.CharField(max_length=8, default="role", choices=[(act, act) for act in WISH_ACTS])
    username = models.CharField(max_length=64)
    display_name = models.CharField(max_length=64)
    staff_no = models.CharField(max_length=64, blank=True, default="")
    role_before = models.CharField(max_length=32, blank=True, default="")
    areas_before = models.JSONField(default=list)
    role = models.CharField(max_length=32)
    areas = models.JSONField(default=list)
    department = models.CharField(max_length=100, blank=True, default="")
    is_new = models.BooleanField(default=True)
    asked_by = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    state = models.CharField(
        max_length=8, default="waiting", choices=[(state, state) for state in WISH_STATES]
    )
    decided_by = models.CharField(max_length=64, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "guard"
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["username"], condition=Q(state="waiting"), name="account_wish_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(decided_by=F("asked_by")), name="account_wish_takes_two_people"
            ),
        ]


class OutsideLogin(models.Model):
    """One row: a login at an identity provider that an administrator tied to one account of ours.

    `subject` is the provider's own name for it. Absent on purpose: whatever else the provider says of the person.
    """

    privacy: ClassVar = TablePrivacy(
        retention="as the account it is tied to; untied at once when the account is closed",
        levels={
            "id": L2,
            "issuer": L1,
            "subject": L3,
            "account": L3,
            "tied_by": L3,
            "tied_at": L2,
        },
    )

    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    account = models.OneToOneField(
        "guard.Account", on_delete=models.PROTECT, related_name="outside_login"
    )
    tied_by = models.CharField(max_length=64)
    tied_at = models.DateTimeField()

    class Meta:
        app_label = "guard"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="outside_login_once")
        ]


class LegalHold(models.Model):
    """One row: something that no retention run erases until the hold is ended: a table, a source, or one delivery.

    `name` is a table's label, a source, or "source.period"; "" holds everything. The case's number, not its story.
    """

    privacy: ClassVar = TablePrivacy(
        retention="permanent: why something was kept longer has to be told later",
        levels={
            "id": L1,
            "name": L1,
            "case_number": L2,
            "set_by": L3,
            "set_at": L2,
            "ended_by": L3,
            "ended_at": L2,
        },
    )

    name = models.CharField(max_length=120, blank=True, default="")
    case_number = models.CharField(max_length=80)
    set_by = models.CharField(max_length=64)
    set_at = models.DateTimeField()
    ended_by = models.CharField(max_length=64, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "guard"
        ordering: ClassVar = ["id"]
