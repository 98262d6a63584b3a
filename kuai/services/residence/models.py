"""Tables of declarations. Private: see the doors. Names and numbers lie in the vault, here are marks and codes.

Marks are keyed tokens of the core zone: equal for equal values, readable to nobody. Decision 0039.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kuai.guard.only_added import OnlyAdded
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity
from kuai.services.residence.types import (
    Act,
    Answer,
    AskedOf,
    Channel,
    Proof,
    QuestionKind,
    QuestionState,
    Step,
    Tenure,
)

L1, L2, L3, L4 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3, Sensitivity.L4
MARK_LENGTH = 32


def _word(kind: type, **more: object) -> models.CharField:
    return models.CharField(max_length=24, choices=[(one.value, one.value) for one in kind], **more)  # type: ignore[attr-defined,arg-type]


class DoorCode(models.Model):
    """One row: the code printed for one room's door. A new one ends the old; it says nothing of who lives there."""

    privacy: ClassVar = TablePrivacy(
        retention="three years after its end",
        levels=dict.fromkeys(("id", "code", "room_code", "issued_at", "ended_at"), L2)
        | {"issued_by": L2},
    )

    code = models.CharField(max_length=16, unique=True)
    room_code = models.CharField(max_length=32, db_index=True)
    issued_by = models.CharField(max_length=64)
    issued_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]


class DoorMiss(models.Model):
    """One row: somebody at a network address (a keyed mark of it) tried a code that is none. Counted for an hour."""

    privacy: ClassVar = TablePrivacy(
        retention="one day", levels={"id": L1, "address_mark": L3, "missed_at": L2}
    )

    address_mark = models.CharField(max_length=MARK_LENGTH, db_index=True)
    missed_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar = ["id"]


class CodeSent(models.Model):
    """One row: a one-time code was asked for. `phone_mark` is empty where there was nobody to send it to.

    Absent on purpose: the phone and the code.
    """

    privacy: ClassVar = TablePrivacy(
        retention="one day",
        levels={
            "id": L1,
            "reference": L2,
            "door": L2,
            "act": L2,
            "phone_mark": L3,
            "address_mark": L3,
            "wish_mark": L3,
            "code_mark": L3,
            "sent_at": L2,
            "ends_at": L2,
            "tries": L1,
            "proven_at": L2,
            "used_at": L2,
        },
    )

    reference = models.UUIDField(unique=True)
    door = models.ForeignKey(DoorCode, null=True, on_delete=models.PROTECT)
    act = models.CharField(max_length=24)
    phone_mark = models.CharField(max_length=MARK_LENGTH, blank=True, db_index=True)
    address_mark = models.CharField(max_length=MARK_LENGTH, db_index=True)
    # What was typed when the code was asked for: nothing else may be declared with it.
    wish_mark = models.CharField(max_length=MARK_LENGTH, blank=True)
    code_mark = models.CharField(max_length=MARK_LENGTH)
    sent_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    proven_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]


class TenantSheet(OnlyAdded):
    """One row: one Excel of a landlord, with its sums: received = kept + refused."""

    only_added: ClassVar[str] = "a sheet is handed in once; hand in another"
    privacy: ClassVar = TablePrivacy(
        retention="three years",
        levels={
            "id": L1,
            "number": L1,
            "act": L1,
            "declarant_mark": L3,
            "handed_in_at": L2,
            "received": L1,
            "kept": L1,
            "refused": L1,
        },
    )

    number = models.CharField(max_length=16, unique=True)
    act = _word(Act)
    declarant_mark = models.CharField(max_length=MARK_LENGTH)
    handed_in_at = models.DateTimeField()
    received = models.PositiveIntegerField()
    kept = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar = ["id"]


class Declaration(OnlyAdded):
    """One row: somebody declared something of one room. Only ever added; what came of it stands in its steps.

    `declarant_mark` is of the phone that proved it; `name_mark`, `phone_mark`, `id_mark` of whom it is about.
    Absent on purpose: every name and number (sealed in the vault, a key of its own for each).
    """

    only_added: ClassVar[str] = "declarations are only added; declare again"
    privacy: ClassVar = TablePrivacy(
        retention="three years, then erased with its key",
        levels={
            "id": L1,
            "number": L2,
            "room_code": L3,
            "act": L2,
            "tenure": L2,
            "channel": L1,
            "proof": L1,
            "notice_version": L1,
            "legal_basis": L1,
            "declared_at": L2,
            "since": L3,
            "declarant_mark": L3,
            "name_mark": L4,
            "phone_mark": L4,
            "id_mark": L4,
            "person_code": L3,
            "credit_code": L2,
            "sealed_period": L2,
            "sealed_row": L1,
            "is_child_under_14": L3,
            "fields_typed": L1,
            "sheet": L2,
        },
    )

    number = models.CharField(max_length=16, unique=True)
    room_code = models.CharField(max_length=32, db_index=True)
    act = _word(Act)
    tenure = _word(Tenure, blank=True)
    channel = _word(Channel)
    proof = _word(Proof)
    notice_version = models.CharField(max_length=16)
    legal_basis = models.CharField(max_length=120)
    declared_at = models.DateTimeField()
    since = models.DateField(null=True)
    declarant_mark = models.CharField(max_length=MARK_LENGTH, blank=True, db_index=True)
    name_mark = models.CharField(max_length=MARK_LENGTH, blank=True, db_index=True)
    phone_mark = models.CharField(max_length=MARK_LENGTH, blank=True, db_index=True)
    id_mark = models.CharField(max_length=MARK_LENGTH, blank=True)
    person_code = models.CharField(max_length=16, blank=True)
    credit_code = models.CharField(max_length=18, blank=True)
    sealed_period = models.CharField(max_length=32, blank=True)
    sealed_row = models.PositiveIntegerField(default=0)
    is_child_under_14 = models.BooleanField(default=False)
    fields_typed = models.PositiveSmallIntegerField()
    sheet = models.ForeignKey(TenantSheet, null=True, on_delete=models.PROTECT)

    class Meta:
        ordering: ClassVar = ["id"]


class DeclarationStep(OnlyAdded):
    """One row: something happened to a declaration: declared, agreed by the other side, settled, refuted, handed
    over to a build. Only ever added."""

    only_added: ClassVar[str] = "steps of a declaration are only added"
    privacy: ClassVar = TablePrivacy(
        retention="as the declaration",
        levels={"id": L1, "declaration": L2, "step": L2, "taken_at": L2, "taken_by": L2},
    )

    declaration = models.ForeignKey(Declaration, on_delete=models.PROTECT, related_name="steps")
    step = _word(Step)
    taken_at = models.DateTimeField()
    # A login of staff, or in which part somebody spoke (declarant, tenant, landlord): never who.
    taken_by = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["id"]


class Question(models.Model):
    """One row: one question about a declaration, open until answered or until it becomes a check."""

    privacy: ClassVar = TablePrivacy(
        retention="as the declaration",
        levels={
            "id": L1,
            "number": L1,
            "kind": L2,
            "asked_of": L1,
            "state": L1,
            "declaration": L2,
            "other": L2,
            "asked_at": L2,
            "due_on": L1,
        },
    )

    number = models.CharField(max_length=16, unique=True)
    kind = _word(QuestionKind)
    asked_of = _word(AskedOf)
    state = _word(QuestionState)
    declaration = models.ForeignKey(Declaration, on_delete=models.PROTECT, related_name="questions")
    # The other side's declaration, where two contradict each other.
    other = models.ForeignKey(Declaration, null=True, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    due_on = models.DateField()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["declaration", "kind"], name="residence_one_question_a_kind"
            )
        ]


class QuestionAnswer(OnlyAdded):
    """One row: one side answered a question. `answered_by`: tenant, landlord, declarant, or a login of staff."""

    only_added: ClassVar[str] = "answers are only added"
    privacy: ClassVar = TablePrivacy(
        retention="as the declaration",
        levels={"id": L1, "question": L2, "answer": L2, "answered_by": L2, "answered_at": L2},
    )

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    answer = _word(Answer)
    answered_by = models.CharField(max_length=64)
    answered_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]


class StampedReceipt(OnlyAdded):
    """One row: a receipt that was given out. `digest` is keyed over number, day and kind; the mark is what verifies."""

    only_added: ClassVar[str] = "receipts are only added"
    privacy: ClassVar = TablePrivacy(
        retention="three years, as what it was given for",
        levels={
            "id": L1,
            "mark": L2,
            "kind": L1,
            "issued_on": L1,
            "issued_at": L2,
            "digest": L1,
            "declaration": L2,
            "sheet": L2,
        },
    )

    mark = models.CharField(max_length=24, unique=True)
    kind = models.CharField(max_length=24)
    issued_on = models.DateField()
    issued_at = models.DateTimeField()
    digest = models.CharField(max_length=MARK_LENGTH)
    declaration = models.OneToOneField(
        Declaration, null=True, on_delete=models.PROTECT, related_name="receipt"
    )
    sheet = models.OneToOneField(
        TenantSheet, null=True, on_delete=models.PROTECT, related_name="receipt"
    )

    class Meta:
        ordering: ClassVar = ["id"]
