"""Tables of questions and checks. Private: see the doors. Codes alone; phones are read by a ticket and kept nowhere."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from kuai.guard.only_added import OnlyAdded
from kuai.guard.types import TablePrivacy
from kuai.kit.tables import Sensitivity
from kuai.services.questions.types import By, MessageState, Said, State, Way

L1, L2, L3 = Sensitivity.L1, Sensitivity.L2, Sensitivity.L3
THREE_YEARS = "three years"


def _word(kind: type, **more: object) -> models.CharField:
    return models.CharField(max_length=12, choices=[(one.value, one.value) for one in kind], **more)  # type: ignore[attr-defined,arg-type]


def _privacy(retention: str, *names: str, **graded: Sensitivity) -> TablePrivacy:
    return TablePrivacy(retention=retention, levels=dict.fromkeys(("id", *names), L2) | graded)


class Question(models.Model):
    """One row: one question about one thing, to one side, until one day. Absent on purpose: names, phones, who asks."""

    privacy: ClassVar = _privacy(
        "three years after it was closed",
        *("number", "rule", "text", "reason", "purpose", "basis", "responsible"),
        *("channel", "place_code", "place_text", "grid_code", "area_path", "is_check"),
        *("ends_as_check", "usefulness", "state", "asked_at", "due_on", "closed_at", "visits"),
        # Of a form's cell it says whose.
        origin=L3,
        subject_ref=L3,
        contact=L3,
        fact_key=L3,
    )

    number = models.CharField(max_length=16, unique=True)
    origin = models.CharField(max_length=200, unique=True)
    rule = models.CharField(max_length=64, db_index=True)
    text = models.CharField(max_length=200)
    reason = models.CharField(max_length=400)
    purpose = models.CharField(max_length=40)
    basis = models.CharField(max_length=200)
    responsible = models.CharField(max_length=80)
    channel = models.CharField(max_length=120)
    subject_ref = models.CharField(max_length=64)
    place_code = models.CharField(max_length=32, blank=True, db_index=True)
    place_text = models.CharField(max_length=200, blank=True)
    grid_code = models.CharField(max_length=32, blank=True, db_index=True)
    area_path = models.CharField(max_length=200, blank=True)
    contact = models.CharField(max_length=64, blank=True, db_index=True)
    fact_key = models.CharField(max_length=120, blank=True)
    is_check = models.BooleanField()
    ends_as_check = models.BooleanField()
    usefulness = models.SmallIntegerField()
    state = _word(State, db_index=True)
    asked_at = models.DateTimeField()
    due_on = models.DateField(db_index=True)
    closed_at = models.DateTimeField(null=True)
    visits = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["id"]


class QuestionMove(OnlyAdded):
    """One row: a question went from one state to the next."""

    only_added: ClassVar[str] = "moves are only added"
    privacy: ClassVar = _privacy(
        "as its question", "question", "start", "end", "moved_by", "moved_at", "because"
    )

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="moves")
    start = _word(State)
    end = _word(State)
    moved_by = models.CharField(max_length=64)
    moved_at = models.DateTimeField()
    because = models.CharField(max_length=32)

    class Meta:
        ordering: ClassVar = ["id"]


class GivenAnswer(OnlyAdded):
    """One row: what was said, by which way, and the registry's decision that came of it. Absent: who stood there."""

    only_added: ClassVar[str] = "answers are only added"
    privacy: ClassVar = _privacy(
        "as its question",
        *("question", "said", "by", "ends_on", "decision", "given_at", "entered_by"),
        said=L3,
    )

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    said = _word(Said)
    by = _word(By)
    ends_on = models.DateField(null=True)
    decision = models.BigIntegerField(null=True)
    entered_by = models.CharField(max_length=64)
    given_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]


class Message(models.Model):
    """One row: one message to one contact on one day, claimed before it leaves. Of its link a digest is kept."""

    privacy: ClassVar = _privacy(
        THREE_YEARS,
        *("number", "day", "way", "state", "claimed_at", "recorded_at", "expires_at"),
        *("claimed_by", "area_path"),
        contact=L3,
        token_digest=L3,
    )

    number = models.CharField(max_length=16, unique=True)
    contact = models.CharField(max_length=64)
    day = models.DateField()
    way = _word(Way)
    state = _word(MessageState, db_index=True)
    area_path = models.CharField(max_length=200, blank=True)
    token_digest = models.CharField(max_length=64, blank=True, db_index=True)
    expires_at = models.DateTimeField()
    claimed_by = models.CharField(max_length=64)
    claimed_at = models.DateTimeField()
    recorded_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["contact", "day"], name="one_message_a_contact_a_day")
        ]


class MessageLine(models.Model):
    """One row: a message asks a question."""

    privacy: ClassVar = _privacy("as its message", "message", "question")

    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="lines")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="lines")

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "question"], name="asked_once_in_a_message")
        ]


class LinkMiss(models.Model):
    """One row: somebody at a network address (a keyed mark of it) tried a link that opens nothing."""

    privacy: ClassVar = _privacy("one day", "missed_at", address_mark=L3)

    address_mark = models.CharField(max_length=32, db_index=True)
    missed_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering: ClassVar = ["id"]


class VisitRound(models.Model):
    """One row: a sheet of one grid for one week. Absent on purpose: who walks it."""

    privacy: ClassVar = _privacy(THREE_YEARS, "number", "grid_code", "week", "drawn_at", "waiting")

    number = models.CharField(max_length=16, unique=True)
    grid_code = models.CharField(max_length=32)
    week = models.DateField()
    waiting = models.PositiveIntegerField()
    drawn_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]


class VisitLine(models.Model):
    """One row: a question on a sheet, under its row code; `said` when the sheet came back."""

    privacy: ClassVar = _privacy(
        "as its sheet", "round", "question", "row_code", "returned_at", said=L3
    )

    round = models.ForeignKey(VisitRound, on_delete=models.PROTECT, related_name="lines")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="visit_lines")
    row_code = models.CharField(max_length=8, unique=True)
    said = _word(Said, blank=True)
    returned_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["round", "question"], name="once_on_a_sheet")
        ]


class QuestionWait(models.Model):
    """One row: a registered form waits for the answer to a question. Absent on purpose: whose cell it is, its value."""

    privacy: ClassVar = _privacy("as its question", "question", "form_number", "purpose", "since")

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="waits")
    form_number = models.CharField(max_length=24)
    purpose = models.CharField(max_length=48)
    since = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["question", "form_number"], name="a_form_waits_once")
        ]


class SendingMandate(OnlyAdded):
    """One row: a clerk lets the night send in their name until a day, as long as role and areas are as written here."""

    only_added: ClassVar[str] = "mandates are only added; end one and give another"
    privacy: ClassVar = _privacy(
        THREE_YEARS, "number", "role", "areas", "basis", "given_at", "until", holder=L3
    )

    number = models.CharField(max_length=16, unique=True)
    holder = models.CharField(max_length=64, db_index=True)
    role = models.CharField(max_length=32)
    areas = models.JSONField()
    basis = models.CharField(max_length=200)
    given_at = models.DateTimeField()
    until = models.DateField(db_index=True)

    class Meta:
        ordering: ClassVar = ["id"]


class MandateEnd(OnlyAdded):
    """One row: a mandate was ended before its day, by whom."""

    only_added: ClassVar[str] = "ends of mandates are only added"
    privacy: ClassVar = _privacy("as its mandate", "mandate", "ended_at", ended_by=L3)

    mandate = models.OneToOneField(SendingMandate, on_delete=models.PROTECT, related_name="end")
    ended_by = models.CharField(max_length=64)
    ended_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["id"]


class PausedRule(models.Model):
    """One row: a rule's questions stand still since a moment, until another."""

    privacy: ClassVar = _privacy(THREE_YEARS, "rule", "because", "since", "until")

    rule = models.CharField(max_length=64, db_index=True)
    because = models.CharField(max_length=120)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["id"]
