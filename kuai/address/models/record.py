"""The record of the address library in the work database: steps of its log, planned imports, other texts of places.

What an import brought in bulk lies in the store under `library/`; a row names it by its digest. Decisions 0005, 0017.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from kuai.address.types import AliasKind, EventKind
from kuai.guard.only_added import OnlyAdded
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L1, L2 = Sensitivity.L1, Sensitivity.L2

IMPORTED, UNDONE = "imported", "undone"
STEP_KINDS = (IMPORTED, *(kind.value for kind in EventKind), UNDONE)
SUBJECT_ROLES = ("ended", "begun", "changed")
PLAN_STATES = ("open", "applied", "dropped")


class _RecordRow(OnlyAdded):
    """Base of the record: rows are inserted and never changed or removed."""

    only_added: ClassVar[str] = "the record of the library is only added to; undo a step by another"

    class Meta:
        abstract = True


class LibraryStep(_RecordRow):
    """One row: one step of the library's log: an import applied, a life-cycle event, or the undoing of one.

    `effect` holds what changed (rows before and after), so that the library is a fold of the log; a large effect
    lies in the store under the digest in `bulk`. `chain` is a digest of this step and all before it.
    """

    privacy: ClassVar = TablePrivacy(
        retention="permanent: every code ever issued resolves through this log",
        levels={
            "id": L1,
            "sequence": L1,
            "kind": L1,
            "happened_on": L1,
            "reason": L2,
            "recorded_by": L2,
            "recorded_at": L2,
            "intent": L1,
            "effect": L1,
            "bulk": L1,
            "undoes": L1,
            "chain": L1,
        },
    )

    sequence = models.PositiveBigIntegerField(unique=True)
    kind = models.CharField(max_length=24, choices=[(kind, kind) for kind in STEP_KINDS])
    happened_on = models.DateField(null=True)
    reason = models.CharField(max_length=400)
    recorded_by = models.CharField(max_length=64)
    recorded_at = models.DateTimeField(db_default=Now())
    intent = models.JSONField()
    effect = models.JSONField()
    bulk = models.CharField(max_length=64, blank=True)
    undoes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="undone_by"
    )
    chain = models.CharField(max_length=64)

    class Meta:
        db_table = "address_library_step"
        ordering: ClassVar = ["sequence"]


class StepSubject(_RecordRow):
    """One row: one code that one event of the log ended, began or changed. Imports are not listed code by code."""

    privacy: ClassVar = TablePrivacy(
        retention="permanent: as the step it belongs to",
        levels={"id": L1, "step": L1, "address_code": L1, "role": L1},
    )

    step = models.ForeignKey(LibraryStep, on_delete=models.PROTECT, related_name="subjects")
    address_code = models.CharField(max_length=40, db_index=True)
    role = models.CharField(max_length=8, choices=[(role, role) for role in SUBJECT_ROLES])

    class Meta:
        db_table = "address_step_subject"
        ordering: ClassVar = ["id"]


class PlannedImport(models.Model):
    """One row: a file read against one version of the library: what it would add, change, end; nothing changed yet.

    Not only added: a plan is work in hand, and is applied or dropped. What it did when applied is a `LibraryStep`.
    """

    privacy: ClassVar = TablePrivacy(
        retention="one year after it was applied or dropped",
        levels={
            "id": L1,
            "plan_id": L1,
            "file_name": L1,
            "content_digest": L1,
            "datum": L1,
            "is_full": L1,
            "happened_on": L1,
            "planned_by": L2,
            "planned_at": L2,
            "based_on": L1,
            "counts": L1,
            "examples": L1,
            "state": L1,
            "step": L1,
        },
    )

    plan_id = models.CharField(max_length=24, unique=True)
    file_name = models.CharField(max_length=255)
    content_digest = models.CharField(max_length=64, db_index=True)
    datum = models.CharField(max_length=16)
    is_full = models.BooleanField()
    happened_on = models.DateField(null=True)
    planned_by = models.CharField(max_length=64)
    planned_at = models.DateTimeField(db_default=Now())
    based_on = models.PositiveBigIntegerField()
    counts = models.JSONField()
    examples = models.JSONField()
    state = models.CharField(max_length=8, choices=[(state, state) for state in PLAN_STATES])
    step = models.OneToOneField(LibraryStep, null=True, on_delete=models.PROTECT)

    class Meta:
        db_table = "address_planned_import"
        ordering: ClassVar = ["id"]


class Alias(_RecordRow):
    """One row: somebody gave a place another text, or (with `revokes`) took such a text back.

    Absent on purpose: texts that come with an import (they lie in the store) and old names (events make them).
    """

    privacy: ClassVar = TablePrivacy(
        retention="permanent: as the entry it belongs to; revoked ones leave the next build",
        levels={
            "id": L1,
            "address_code": L1,
            "text": L2,
            "kind": L1,
            "source": L2,
            "valid_from": L1,
            "reason": L2,
            "recorded_by": L2,
            "recorded_at": L2,
            "revokes": L1,
        },
    )

    address_code = models.CharField(max_length=40, db_index=True)
    text = models.CharField(max_length=400)
    kind = models.CharField(max_length=16, choices=[(kind.value, kind.value) for kind in AliasKind])
    source = models.CharField(max_length=64)
    valid_from = models.DateField(null=True)
    reason = models.CharField(max_length=400)
    recorded_by = models.CharField(max_length=64)
    recorded_at = models.DateTimeField(db_default=Now())
    revokes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="revoked_by"
    )

    class Meta:
        db_table = "address_given_alias"
        ordering: ClassVar = ["id"]
