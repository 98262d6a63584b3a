"""Tables of yes/no sources: what was asked about whom under which ticket, and what was answered."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L1, L2, L3 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3


class AskedQuestion(models.Model):
    """One row: one question about one person, put to one source on one sheet. Never changed.

    Absent on purpose: number and name of the person, which stood on the sheet alone.
    """

    privacy: ClassVar = TablePrivacy(
        retention="as long as the source's registration says, counted from the day it was asked",
        levels={
            "key": L2,
            "sheet": L2,
            "source": L1,
            "question": L1,
            "subject": L3,
            "purpose": L1,
            "ticket_id": L2,
            "asked_by": L3,
            "asked_at": L2,
            "valid_days": L1,
        },
    )

    key = models.CharField(max_length=24, primary_key=True)
    sheet = models.CharField(max_length=24, db_index=True)
    source = models.CharField(max_length=80)
    question = models.CharField(max_length=64)
    subject = models.CharField(max_length=40, db_index=True)
    purpose = models.CharField(max_length=40)
    ticket_id = models.CharField(max_length=40)
    asked_by = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    valid_days = models.PositiveIntegerField()


class GivenAnswer(models.Model):
    """One row: what a source answered to one question, on which day. A later answer is another row."""

    privacy: ClassVar = TablePrivacy(
        retention="until it is no longer valid, then as the question it answers",
        levels={
            "id": L1,
            "asked": L2,
            "answer": L3,
            "answered_on": L2,
            "valid_until": L2,
            "taken_in_at": L2,
        },
    )

    asked = models.ForeignKey(AskedQuestion, on_delete=models.PROTECT)
    answer = models.CharField(
        max_length=8, choices=[(one, one) for one in ("yes", "no", "unknown")]
    )
    answered_on = models.DateField()
    valid_until = models.DateField()
    taken_in_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["asked", "answered_on", "answer"], name="answer_counts_once"
            ),
            models.CheckConstraint(
                condition=models.Q(valid_until__gt=models.F("answered_on")),
                name="answer_is_valid_for_a_while",
            ),
        ]
