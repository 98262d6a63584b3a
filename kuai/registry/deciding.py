"""What people decide and which reviews they have open. Private: see actions."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from kuai.guard import access
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.registry.engine.decision_kinds import DecisionKind, require_keys_fit
from kuai.registry.models import Decision, Review

DECIDERS = frozenset({Role.DATA_STEWARD, Role.DEPARTMENT_CLERK, Role.SUBDISTRICT_CLERK})
REVIEWERS = frozenset({Role.DATA_STEWARD, Role.DEPARTMENT_CLERK})
MOST_PERSONS_IN_A_REVIEW = 20
PURPOSE = "record_review"


@dataclass(frozen=True)
class DecisionView:
    """One decision, as the log has it. `sequence` is its place in the log (belief = build, sequence)."""

    sequence: int
    kind: DecisionKind
    subjects: tuple[str, ...]
    reason: str
    decided_by: str
    decided_at: datetime
    is_withdrawn: bool


def record_decision(
    kind: DecisionKind, subjects: Sequence[str], *, reason: str, by: Actor, at: datetime
) -> int:
    """Add a decision to the log; returns its sequence. Refuses other roles, no reason, and keys that do not fit."""
    if kind is DecisionKind.WITHDRAW:
        raise Refusal("decision.withdraw", "撤回要指明撤回哪一个决定。")
    require_keys_fit(kind, subjects)
    return _add(kind, subjects, reason=reason, by=by, at=at)


def withdraw_decision(sequence: int, *, reason: str, by: Actor, at: datetime) -> int:
    """Take a decision back by another one; the log keeps both. Refuses what is unknown or already withdrawn."""
    withdrawn = Decision.objects.filter(pk=sequence).first()
    if withdrawn is None or withdrawn.kind == DecisionKind.WITHDRAW:
        raise Refusal("decision.unknown", f"没有可撤回的决定 {sequence}。")
    if Decision.objects.filter(withdraws=withdrawn).exists():
        raise Refusal("decision.withdrawn", f"决定 {sequence} 已经撤回。")
    return _add(DecisionKind.WITHDRAW, (), reason=reason, by=by, at=at, withdraws=withdrawn)


def list_decisions() -> tuple[DecisionView, ...]:
    """The whole log, in order."""
    rows = Decision.objects.exclude(kind=DecisionKind.WITHDRAW).select_related("withdrawn_by")
    return tuple(
        DecisionView(
            sequence=row.pk,
            kind=DecisionKind(row.kind),
            subjects=tuple(row.subjects),
            reason=row.reason,
            decided_by=row.decided_by,
            decided_at=row.decided_at,
            is_withdrawn=hasattr(row, "withdrawn_by"),
        )
        for row in rows
    )


def open_review(person_codes: Sequence[str], *, question: str, by: Actor, at: datetime) -> str:
    """Open a steward's review of these persons' records; returns its code, by which tickets are issued."""
    if by.role not in REVIEWERS:
        raise Refusal("review.not_yours", "数据核校由数据管理员或部门工作人员发起。")
    if not 0 < len(set(person_codes)) <= MOST_PERSONS_IN_A_REVIEW or not question.strip():
        raise Refusal(
            "review.about", f"核校要写明问题和 1 到 {MOST_PERSONS_IN_A_REVIEW} 个人的编码。"
        )
    review = Review(
        review_code=f"R-{secrets.token_hex(6)}",
        about=sorted(set(person_codes)),
        question=question,
        opened_by=by.user_id,
        opened_at=at,
    )
    with transaction.atomic():
        review.save(force_insert=True)
        _enter("review.opened", review.about, by=by, at=at)
    return review.review_code


def close_review(review_code: str, *, by: Actor, at: datetime) -> None:
    """End a review; its tickets die with it. May be repeated."""
    review = Review.objects.filter(review_code=review_code).first()
    if review is None or review.opened_by != by.user_id:
        raise Refusal("review.unknown", "没有这个由你发起的核校。")
    if review.closed_at is None:
        with transaction.atomic():
            Review.objects.filter(pk=review.pk).update(closed_at=at)
            _enter("review.closed", review.about, by=by, at=at)


def is_review_open(review_code: str) -> bool:
    return Review.objects.filter(review_code=review_code, closed_at__isnull=True).exists()


def review_names(review_code: str, ref: str) -> bool:
    review = Review.objects.filter(review_code=review_code).first()
    return review is not None and ref.removeprefix("person:") in review.about


def review_is_held_by(review_code: str, actor: Actor) -> bool:
    return Review.objects.filter(review_code=review_code, opened_by=actor.user_id).exists()


def _add(
    kind: DecisionKind,
    subjects: Sequence[str],
    *,
    reason: str,
    by: Actor,
    at: datetime,
    withdraws: Decision | None = None,
) -> int:
    if by.role not in DECIDERS:
        raise Refusal("decision.not_yours", "这个角色不能作这样的决定。")
    if not reason.strip():
        raise Refusal("decision.reason", "决定要写明理由。")
    decision = Decision(
        kind=kind.value,
        subjects=list(subjects),
        reason=reason,
        decided_by=by.user_id,
        decided_at=at,
        withdraws=withdraws,
    )
    with transaction.atomic():
        decision.save(force_insert=True)
        _enter(f"decision.{kind.value}", [], by=by, at=at)
    return decision.pk


def _enter(action: str, person_codes: Sequence[str], *, by: Actor, at: datetime) -> None:
    access.record_entry(
        actor=by,
        action=action,
        object_kind="person" if person_codes else "decision",
        object_refs=tuple(person_codes),
        purpose=PURPOSE,
        count=len(person_codes),
        at=at,
    )
