"""Tables of the guard: accounts, purposes, sources, tickets, break-glass. Private: others use `access` and `queries`.

No name, number or phone of a person concerned is in any of them; those stay in the vault.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from kuai.guard.types import Actor, Role, TablePrivacy
from kuai.kit.tables import Sensitivity

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
            "is_active": L2,
            "must_change_password": L2,
            "opened_at": L2,
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
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=True)
    opened_at = models.DateTimeField()

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
        )
