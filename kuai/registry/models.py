"""Tables of the registry: what people decided, cases that follow from objections, reviews a steward has open.

Private: see the door `decisions`, and `queries`. What decisions mean: decisions 0002 and 0023.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kuai.guard.only_added import OnlyAdded
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity
from kuai.registry.engine.case_moves import CaseAnswer, CaseState
from kuai.registry.engine.decision_kinds import DecisionKind, Objection

L1, L2 = Sensitivity.L1, Sensitivity.L2


class Decision(OnlyAdded):
    """One row: one thing a person decided about codes or record keys. Only ever added; decisions 0002 and 0023.

    `detail` is closed, its shape given by the kind. `once` is a digest of what is decided and how often that was
    withdrawn before: the same said twice is one row. Absent on purpose: names and numbers (a decision holds on to
    keys), and anything free-form with an effect.
    """

    only_added: ClassVar[str] = "decisions are only added; withdraw one by another"
    privacy: ClassVar = TablePrivacy(
        retention="permanent: decisions are replayed by every build",
        levels={
            "id": L1,
            "kind": L1,
            "subjects": L2,
            "detail": L2,
            "reason": L2,
            "decided_by": L2,
            "decided_at": L2,
            "withdraws": L1,
            "once": L2,
        },
    )

    kind = models.CharField(
        max_length=24, choices=[(kind.value, kind.value) for kind in DecisionKind]
    )
    subjects = models.JSONField()
    detail = models.JSONField(default=dict)
    reason = models.CharField(max_length=200)
    decided_by = models.CharField(max_length=64)
    decided_at = models.DateTimeField()
    withdraws = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="withdrawn_by"
    )
    once = models.CharField(max_length=64, null=True, unique=True)

    class Meta:
        db_table = "registry_decision"
        ordering: ClassVar = ["id"]


class DecisionSubject(OnlyAdded):
    """One row: one key that a decision names; the index by which a page finds what was decided about a fact."""

    only_added: ClassVar[str] = "decisions are only added; withdraw one by another"
    privacy: ClassVar = TablePrivacy(
        retention="permanent: as the decision it belongs to",
        levels={"id": L1, "decision": L1, "key": L2},
    )

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="keys")
    key = models.CharField(max_length=255, db_index=True)

    class Meta:
        db_table = "registry_decision_subject"
        ordering: ClassVar = ["id"]


class VerificationCase(models.Model):
    """One row: a 校核 case: one department is asked about one contested fact. `state` repeats the newest move.

    `statements` says where the department said so: source, period, data row, relation. Absent on purpose: values,
    names, and in what words somebody objected (`says` is a closed code).
    """

    privacy: ClassVar = TablePrivacy(
        retention="three years after closing, as correspondence between departments",
        levels={
            "id": L1,
            "number": L1,
            "objection": L1,
            "fact_key": L2,
            "says": L2,
            "department": L1,
            "statements": L2,
            "instance": L1,
            "state": L1,
            "answer": L2,
            "answered_on": L2,
            "due_on": L1,
            "opened_by": L2,
            "opened_at": L1,
            "settled_with": L1,
            "appeals": L1,
        },
    )

    number = models.CharField(max_length=24, unique=True)
    objection = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="cases")
    fact_key = models.CharField(max_length=160, db_index=True)
    says = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Objection])
    department = models.CharField(max_length=100, db_index=True)
    statements = models.JSONField()
    instance = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=12, choices=[(one.value, one.value) for one in CaseState])
    answer = models.CharField(
        max_length=12, blank=True, choices=[(one.value, one.value) for one in CaseAnswer]
    )
    # The day the department gives as the end of the fact, if it corrects it so.
    answered_on = models.DateField(null=True)
    due_on = models.DateField()
    opened_by = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    settled_with = models.ForeignKey(
        Decision, null=True, on_delete=models.PROTECT, related_name="settled_cases"
    )
    appeals = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="appealed_by"
    )

    class Meta:
        db_table = "registry_verification_case"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["objection", "department"], name="one_case_a_department"
            )
        ]


class CaseMove(OnlyAdded):
    """One row: one step in the life of a case: from, to, who, when, why. Only ever added."""

    only_added: ClassVar[str] = "moves of a case are only added"
    privacy: ClassVar = TablePrivacy(
        retention="three years after closing: as the case it belongs to",
        levels={
            "id": L1,
            "case": L1,
            "start": L1,
            "end": L1,
            "moved_by": L2,
            "moved_at": L2,
            "reason": L2,
        },
    )

    case = models.ForeignKey(VerificationCase, on_delete=models.PROTECT, related_name="moves")
    start = models.CharField(max_length=12, blank=True)
    end = models.CharField(max_length=12)
    moved_by = models.CharField(max_length=64)
    moved_at = models.DateTimeField()
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "registry_case_move"
        ordering: ClassVar = ["id"]


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
            "item": L2,
        },
    )

    review_code = models.CharField(max_length=24, unique=True)
    about = models.JSONField()
    question = models.CharField(max_length=200)
    opened_by = models.CharField(max_length=64)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    # Opened for one look at one question of linkage (as `SetAside.item`), which lapses by itself.
    item = models.CharField(max_length=16, blank=True, default="", db_index=True)

    class Meta:
        db_table = "registry_review"
        ordering: ClassVar = ["id"]


class SetAside(OnlyAdded):
    """One row: a reviewer could not tell what linkage asks, and left the question to a second person.

    `item` is a digest of the question (kind and record keys), the same in every build that asks it again.
    """

    only_added: ClassVar[str] = "what was set aside is only added; a second person answers it"
    privacy: ClassVar = TablePrivacy(
        retention="three years",
        levels={"id": L1, "item": L2, "set_aside_by": L2, "set_aside_at": L2},
    )

    item = models.CharField(max_length=16, db_index=True)
    set_aside_by = models.CharField(max_length=64)
    set_aside_at = models.DateTimeField()

    class Meta:
        db_table = "registry_set_aside"
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["item", "set_aside_by"], name="set_aside_once")
        ]
