"""Tables of the registry: what people decided, and the reviews a steward has open. Private: see actions, queries."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.db import models

from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity
from kuai.registry.engine.decision_kinds import DecisionKind

L1, L2 = Sensitivity.L1, Sensitivity.L2


class Decision(models.Model):
    """One row: one thing a person decided about codes or record keys. Only ever added; decision 0002.

    Absent on purpose: names and numbers (a decision holds on to keys), and anything free-form with an effect.
    """

    privacy: ClassVar = TablePrivacy(
        retention="permanent: decisions are replayed by every build",
        levels={
            "id": L1,
            "kind": L1,
            "subjects": L2,
            "reason": L2,
            "decided_by": L2,
            "decided_at": L2,
            "withdraws": L1,
        },
    )

    kind = models.CharField(
        max_length=24, choices=[(kind.value, kind.value) for kind in DecisionKind]
    )
    subjects = models.JSONField()
    reason = models.CharField(max_length=200)
    decided_by = models.CharField(max_length=64)
    decided_at = models.DateTimeField()
    withdraws = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="withdrawn_by"
    )

    class Meta:
        db_table = "registry_decision"
        ordering: ClassVar = ["id"]

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; a decision that is there is never changed."""
        if not self._state.adding:
            raise TypeError("decisions are only added; withdraw one by another")
        super().save(*args, **kwargs)

    def delete(self, *_: Any, **__: Any) -> NoReturn:  # type: ignore[override]
        raise TypeError("decisions are only added; withdraw one by another")


class Review(models.Model):
    """One row: a steward's review of named persons' records, open until closed. It is live work: it issues tickets."""

    privacy: ClassVar = TablePrivacy(
        retention="three years after closing",
        levels={
            "id": L1,
            "review_code": L1,
            "about": L2,
            "question": L2,
            "opened_by": L2,
            "opened_at": L2,
            "closed_at": L2,
        },
    )

    review_code = models.CharField(max_length=24, unique=True)
    about = models.JSONField()
    question = models.CharField(max_length=200)
    opened_by = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "registry_review"
        ordering: ClassVar = ["id"]
