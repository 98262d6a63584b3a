"""Tables of the portal: uploads on their way into the store, long work on the address library."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models

from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L1, L2 = Sensitivity.L1, Sensitivity.L2


class UploadState(models.TextChoices):
    """Where an upload stands. `refused`: the file or the law says no; `broken`: the machine failed."""

    WAITING = "waiting"
    RUNNING = "running"
    KEPT = "kept"
    REFUSED = "refused"
    BROKEN = "broken"


FINAL_STATES = (UploadState.KEPT, UploadState.REFUSED, UploadState.BROKEN)


class Upload(models.Model):
    """One row: one file that a data steward handed in, how far its receiving is, and what came of it.

    Absent on purpose: the file itself (removed once received) and any value of its rows.
    """

    privacy: ClassVar = TablePrivacy(
        retention="one year after it ended: the delivery's own receipt stays with the store",
        levels={
            "uuid": L1,
            "source": L1,
            "period": L1,
            "zone": L1,
            "file_name": L2,
            "content_hash": L2,
            "size_bytes": L1,
            "state": L1,
            "step": L1,
            "done": L1,
            "total": L1,
            "measure": L1,
            "received": L1,
            "kept": L1,
            "refused": L1,
            "quarantined": L1,
            "sentence": L2,
            "next_step": L2,
            "uploaded_by": L2,
            "uploaded_at": L2,
            "changed_at": L2,
            "ended_at": L2,
        },
    )

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(max_length=80)
    period = models.CharField(max_length=32)
    zone = models.CharField(max_length=16)
    file_name = models.CharField(max_length=255)
    content_hash = models.CharField(max_length=80, blank=True, default="")
    size_bytes = models.BigIntegerField()
    state = models.CharField(
        max_length=16, choices=UploadState.choices, default=UploadState.WAITING
    )
    step = models.CharField(max_length=120, blank=True, default="")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    measure = models.CharField(max_length=16, blank=True, default="")
    received = models.BigIntegerField(null=True)
    kept = models.BigIntegerField(null=True)
    refused = models.BigIntegerField(null=True)
    quarantined = models.BigIntegerField(null=True)
    sentence = models.TextField(blank=True, default="")
    next_step = models.TextField(blank=True, default="")
    uploaded_by = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-uploaded_at"], name="upload_by_time")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in UploadState]),
                name="upload_has_a_known_state",
            )
        ]

    @property
    def is_over(self) -> bool:
        """Nothing more will happen to it."""
        return self.state in FINAL_STATES

    @property
    def share_done(self) -> float | None:
        """0 to 1, or None while the size is unknown."""
        return min(1.0, self.done / self.total) if self.total else None


class WorkKind(models.TextChoices):
    """What is done to the address library in the background."""

    PLAN = "plan"
    APPLY = "apply"


class LibraryWork(models.Model):
    """One row: one long piece of work on the address library that a steward asked for: a file read into a plan, or a
    plan applied. How far it is and what came of it; the plan itself is the address room's.

    Absent on purpose: the file (removed once read) and any of its rows.
    """

    privacy: ClassVar = TablePrivacy(
        retention="one year after it ended: plans and events stay with the address room",
        levels={
            "uuid": L1,
            "kind": L1,
            "file_name": L2,
            "size_bytes": L1,
            "datum": L1,
            "is_full": L1,
            "happened_on": L1,
            "plan_id": L1,
            "reason": L2,
            "state": L1,
            "step": L1,
            "done": L1,
            "total": L1,
            "measure": L1,
            "sentence": L2,
            "next_step": L2,
            "asked_by": L2,
            "asked_at": L2,
            "changed_at": L2,
            "ended_at": L2,
        },
    )

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=8, choices=WorkKind.choices)
    file_name = models.CharField(max_length=255, blank=True, default="")
    size_bytes = models.BigIntegerField(default=0)
    datum = models.CharField(max_length=16, blank=True, default="")
    is_full = models.BooleanField(default=False)
    happened_on = models.DateField(null=True)
    plan_id = models.CharField(max_length=24, blank=True, default="")
    reason = models.CharField(max_length=400, blank=True, default="")
    state = models.CharField(
        max_length=16, choices=UploadState.choices, default=UploadState.WAITING
    )
    step = models.CharField(max_length=120, blank=True, default="")
    done = models.BigIntegerField(default=0)
    total = models.BigIntegerField(null=True)
    measure = models.CharField(max_length=16, blank=True, default="")
    sentence = models.TextField(blank=True, default="")
    next_step = models.TextField(blank=True, default="")
    asked_by = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-asked_at"], name="library_work_by_time")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in UploadState]),
                name="library_work_has_a_known_state",
            )
        ]

    @property
    def is_over(self) -> bool:
        """Nothing more will happen to it."""
        return self.state in FINAL_STATES

    @property
    def percent_done(self) -> int | None:
        """0 to 100, or None while the size is unknown."""
        return min(100, round(100 * self.done / self.total)) if self.total else None


class SavedArea(models.Model):
    """One row: one area that somebody drew or chose on the map, by its shape or by the codes of its blocks. Without a
    name it is a draft of a few days; with one it opens by its link for whoever may see every building in it.

    Absent on purpose: any figure (counted anew at each look, from the build of that day) and any list of rights.
    """

    privacy: ClassVar = TablePrivacy(
        retention="until its owner removes it and a week beyond; drafts a week",
        levels={
            "uuid": L1,
            "name": L2,
            "kind": L1,
            "shape": L1,
            "owner": L2,
            "made_at": L2,
            "changed_at": L2,
            "removed_at": L2,
        },
    )

    uuid = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=40, blank=True, default="")
    kind = models.CharField(max_length=8)
    shape = models.JSONField()
    owner = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["owner", "-changed_at"], name="saved_area_by_owner")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=["polygon", "circle", "blocks"]),
                name="saved_area_has_a_known_kind",
            )
        ]
