"""Table of bindings between residents' logins and persons. Private: see `residents`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kuai.guard.only_added import OnlyAdded
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L2, L3, L4 = Sensitivity.L2, Sensitivity.L3, Sensitivity.L4


class ResidentBinding(OnlyAdded):
    """One row: a login was bound to a person by somebody who saw them, or that was ended. The newest row counts.

    Absent on purpose: names, numbers, and what the document said.
    """

    only_added: ClassVar[str] = "bindings are only added; end one by another row"
    privacy: ClassVar = TablePrivacy(
        retention="as the login it binds",
        levels={
            "id": L2,
            "username": L3,
            "person_code": L3,
            "record": L3,
            "evidence": L2,
            "ticket": L2,
            "bound_by": L3,
            "bound_at": L2,
        },
    )

    username = models.CharField(max_length=64, db_index=True)
    person_code = models.CharField(max_length=16)
    record = models.CharField(max_length=200, blank=True, default="")
    evidence = models.CharField(max_length=24)
    ticket = models.CharField(max_length=40, blank=True, default="")
    bound_by = models.CharField(max_length=64)
    bound_at = models.DateTimeField()

    class Meta:
        app_label = "guard"
        ordering: ClassVar = ["id"]


class BindingCode(models.Model):
    """One row: the newest code that a resident's login was shown, until it is used, replaced or a day old.

    Absent on purpose: the code itself, and who was named at the counter.
    """

    privacy: ClassVar = TablePrivacy(
        retention="a day after it was shown; it opens for ten minutes",
        levels={"username": L3, "digest": L4, "shown_at": L2, "tries": L2},
    )

    username = models.CharField(max_length=64, primary_key=True)
    digest = models.CharField(max_length=64)
    shown_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        app_label = "guard"
