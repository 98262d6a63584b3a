"""Tables of registered forms. Private: see `actions` and `queries`. Decision 0038."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kuai.guard.only_added import OnlyAdded
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity

L1, L2 = Sensitivity.L1, Sensitivity.L2


class RegisteredForm(OnlyAdded):
    """One row: one form of one office as a steward registered it: basis, approval, fields, area, purpose, end.

    Only added: what changes is registered anew. Absent on purpose: anything of whoever is on its lists.
    """

    only_added: ClassVar[str] = "registered forms are only added; withdraw one and register anew"
    privacy: ClassVar = TablePrivacy(
        retention="permanent: by what right a list left the house",
        levels={
            name: L1
            for name in (
                "id", "number", "title", "office", "basis", "approval_no", "about", "fields", "area",
                "purpose", "expires_on", "list_kind", "age", "period_first", "period_last",
                "home_delivery_because", "registered_at",
            )
        }
        | {"registered_by": L2},
    )  # fmt: skip

    number = models.CharField(max_length=24, unique=True)
    title = models.CharField(max_length=120)
    office = models.CharField(max_length=120)
    basis = models.CharField(max_length=400)
    approval_no = models.CharField(max_length=80)
    about = models.CharField(max_length=12)
    fields = models.JSONField()
    area = models.CharField(max_length=120, blank=True)
    purpose = models.CharField(max_length=48)
    expires_on = models.DateField()
    list_kind = models.CharField(max_length=24, blank=True)
    age = models.PositiveSmallIntegerField(default=0)
    period_first = models.DateField(null=True)
    period_last = models.DateField(null=True)
    home_delivery_because = models.CharField(max_length=400, blank=True)
    registered_by = models.CharField(max_length=64)
    registered_at = models.DateTimeField()

    class Meta:
        db_table = "forms_registered_form"
        ordering: ClassVar = ["id"]


class FormMove(OnlyAdded):
    """One row: what somebody else decided of a registration: approved, refused, withdrawn; with the reason."""

    only_added: ClassVar[str] = "moves of forms are only added"
    privacy: ClassVar = TablePrivacy(
        retention="permanent: as the form",
        levels={"id": L1, "form": L1, "move": L1, "reason": L2, "moved_by": L2, "moved_at": L1},
    )

    form = models.ForeignKey(RegisteredForm, on_delete=models.PROTECT, related_name="moves")
    move = models.CharField(max_length=12)
    reason = models.CharField(max_length=400)
    moved_by = models.CharField(max_length=64)
    moved_at = models.DateTimeField()

    class Meta:
        db_table = "forms_move"
        ordering: ClassVar = ["id"]


class FormLesson(OnlyAdded):
    """One row: what the headings of one layout of a form mean, as a person confirmed; the newest counts."""

    only_added: ClassVar[str] = "lessons are only added"
    privacy: ClassVar = TablePrivacy(
        retention="permanent: as the form; headings only",
        levels={
            "id": L1, "form": L1, "layout_key": L1, "meanings": L1, "taught_by": L2, "taught_at": L1,
        },
    )  # fmt: skip

    form = models.ForeignKey(RegisteredForm, on_delete=models.PROTECT, related_name="lessons")
    layout_key = models.CharField(max_length=32, db_index=True)
    meanings = models.JSONField()
    taught_by = models.CharField(max_length=64)
    taught_at = models.DateTimeField()

    class Meta:
        db_table = "forms_lesson"
        ordering: ClassVar = ["id"]


class FormFilling(models.Model):
    """One row: one sheet that was filled, or waits to be: counts, who, when, the ticket. The sheet lies sealed apart.

    `subjects`: codes of whom it is about, for its ticket. Absent on purpose: every value, what was on the
    sheet, and the name its file had: people name files after people.
    """

    privacy: ClassVar = TablePrivacy(
        retention="three years after its release or end; its sheet five days",
        levels={
            name: L1
            for name in (
                "id", "uuid", "form", "format", "layout_key", "state", "is_learned", "build",
                "counts", "prepared_at", "released_at", "ended_at",
            )
        }
        | {
            name: L2
            for name in ("meanings", "subjects", "prepared_by", "ticket", "released_by", "reason")
        },
    )  # fmt: skip

    uuid = models.UUIDField(unique=True)
    form = models.ForeignKey(RegisteredForm, on_delete=models.PROTECT, related_name="fillings")
    format = models.CharField(max_length=8)
    layout_key = models.CharField(max_length=32)
    meanings = models.JSONField(default=dict)
    is_learned = models.BooleanField(default=False)
    state = models.CharField(max_length=12)
    build = models.CharField(max_length=40)
    counts = models.JSONField(default=dict)
    subjects = models.JSONField(default=list)
    ticket = models.CharField(max_length=24, blank=True, db_index=True)
    prepared_by = models.CharField(max_length=64)
    prepared_at = models.DateTimeField()
    released_by = models.CharField(max_length=64, blank=True)
    released_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=400, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "forms_filling"
        ordering: ClassVar = ["id"]


class RefusalLetter(OnlyAdded):
    """One row: an unregistered form that was refused by letter: which office asked for what, and why not."""

    only_added: ClassVar[str] = "letters are only added"
    privacy: ClassVar = TablePrivacy(
        retention="permanent: correspondence between offices",
        levels={
            "id": L1, "number": L1, "title": L1, "office": L1, "fields": L1, "reasons": L1,
            "written_by": L2, "written_at": L1,
        },
    )  # fmt: skip

    number = models.CharField(max_length=24, unique=True)
    title = models.CharField(max_length=120)
    office = models.CharField(max_length=120)
    fields = models.JSONField()
    reasons = models.JSONField()
    written_by = models.CharField(max_length=64)
    written_at = models.DateTimeField()

    class Meta:
        db_table = "forms_refusal_letter"
        ordering: ClassVar = ["id"]
