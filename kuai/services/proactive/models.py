"""Tables of offers and of the rules' lives. Private: see the doors. Codes alone; a rehearsal holds sums."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kuai.guard.only_added import OnlyAdded
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity
from kuai.services.proactive.types import Blocking, OfferState, RuleState, Verdict

L2, L3 = Sensitivity.L2, Sensitivity.L3


def _word(kind: type, **more: object) -> models.CharField:
    return models.CharField(max_length=12, choices=[(one.value, one.value) for one in kind], **more)  # type: ignore[attr-defined,arg-type]


def _privacy(retention: str, *names: str, **graded: Sensitivity) -> TablePrivacy:
    return TablePrivacy(retention=retention, levels=dict.fromkeys(("id", *names), L2) | graded)


class Rehearsal(OnlyAdded):
    """One row: one replay of exactly this text of a rule on past builds, in sums."""

    only_added: ClassVar[str] = "rehearsals are only added"
    privacy: ClassVar = _privacy(
        "kept as record", "rule", "version", "digest", "day", "sums", "made_by", "made_at"
    )

    rule = models.CharField(max_length=64, db_index=True)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    day = models.DateField()
    sums = models.JSONField()
    made_by = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]


class RuleMove(OnlyAdded):
    """One row: a rule, in exactly this text, went from one state to the next, by whom and why."""

    only_added: ClassVar[str] = "moves are only added"
    privacy: ClassVar = _privacy(
        "kept as record",
        *("rule", "version", "digest", "start", "end", "moved_by", "moved_at", "because"),
    )

    rule = models.CharField(max_length=64, db_index=True)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    start = _word(RuleState)
    end = _word(RuleState)
    moved_by = models.CharField(max_length=64)
    moved_at = models.DateTimeField()
    because = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["id"]


class FindingAnswer(OnlyAdded):
    """One row: what became of one finding when somebody was asked, under exactly this text of its rule."""

    only_added: ClassVar[str] = "answers are only added"
    privacy: ClassVar = _privacy(
        "three years", "finding", "rule", "digest", "given_by", "given_at", verdict=L3
    )

    finding = models.CharField(max_length=32, unique=True)
    rule = models.CharField(max_length=64, db_index=True)
    digest = models.CharField(max_length=64)
    verdict = _word(Verdict)
    given_by = models.CharField(max_length=64)
    given_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]


class NotedFinding(OnlyAdded):
    """One row: a finding that somebody was asked about, so that an answer counts when the newest run has it no more.

    Absent on purpose: whom and which place it was about.
    """

    only_added: ClassVar[str] = "notes are only added"
    privacy: ClassVar = _privacy(
        "three years", "finding", "rule", "version", "digest", "purpose", "first_found", "noted_at"
    )

    finding = models.CharField(max_length=32, unique=True)
    rule = models.CharField(max_length=64)
    version = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    purpose = models.CharField(max_length=40)
    first_found = models.DateField()
    noted_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]


class Offer(models.Model):
    """One row: what one finding entitles one person to, and how far that came. Absent on purpose: names, phones."""

    privacy: ClassVar = _privacy(
        "three years after it was closed",
        *("number", "finding", "rule", "version", "title", "text", "reason", "basis"),
        *("responsible", "channel", "due_on", "state", "blocking", "runs", "last_run"),
        *("entitled_at", "offered_at", "closed_at"),
        subject=L3,
    )

    number = models.CharField(max_length=20, unique=True)
    finding = models.CharField(max_length=32, unique=True)
    rule = models.CharField(max_length=64, db_index=True)
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=32, db_index=True)
    title = models.CharField(max_length=120)
    text = models.CharField(max_length=400)
    reason = models.CharField(max_length=400)
    basis = models.CharField(max_length=200)
    responsible = models.CharField(max_length=120)
    channel = models.CharField(max_length=120)
    due_on = models.DateField()
    state = _word(OfferState, db_index=True)
    blocking = _word(Blocking, blank=True)
    runs = models.PositiveIntegerField(default=0)
    last_run = models.CharField(max_length=120, blank=True)
    entitled_at = models.DateTimeField()
    offered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]


class OfferMove(OnlyAdded):
    """One row: an offer went from one state to the next."""

    only_added: ClassVar[str] = "moves are only added"
    privacy: ClassVar = _privacy("as its offer", "offer", "start", "end", "moved_by", "moved_at")

    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="moves")
    start = _word(OfferState)
    end = _word(OfferState)
    moved_by = models.CharField(max_length=64)
    moved_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]
