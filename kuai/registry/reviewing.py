"""Reviews a steward has open: live work about named persons, so that tickets come of it. Private: see `decisions`."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from kuai.guard import access
from kuai.guard.types import Actor, Role, TicketKind
from kuai.kit.errors import Refusal
from kuai.registry.models import Review

REVIEWERS = frozenset({Role.DATA_STEWARD, Role.DEPARTMENT_CLERK})
MOST_PERSONS_IN_A_REVIEW = 20
PURPOSE = "record_review"


def open_review(
    person_codes: Sequence[str], *, question: str, by: Actor, at: datetime, item: str = ""
) -> str:
    """Open a steward's review of these persons' records; returns its code, by which tickets are issued.

    `item`: it is for one look at this question of linkage and ends with that, with the answer, or by `close_looks`.
    """
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
        item=item,
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


def close_looks(*, by: Actor, at: datetime, item: str = "", lapsed_since: datetime) -> None:
    """End the actor's looks that were asked for and not taken: those about `item`, and those asked for until then."""
    asked = Review.objects.filter(opened_by=by.user_id, closed_at__isnull=True).exclude(item="")
    over = asked.filter(Q(opened_at__lte=lapsed_since) | Q(item=item))
    for review_code in over.order_by("pk").values_list("review_code", flat=True):
        close_review(review_code, by=by, at=at)
        access.end_tickets(TicketKind.REVIEW, review_code, at=at)


def is_look_at(review_code: str, item: str) -> bool:
    """Whether the review was opened for one look at just this question."""
    return Review.objects.filter(review_code=review_code, item=item).exclude(item="").exists()


def is_review_open(review_code: str) -> bool:
    return Review.objects.filter(review_code=review_code, closed_at__isnull=True).exists()


def review_names(review_code: str, ref: str) -> bool:
    review = Review.objects.filter(review_code=review_code).first()
    return review is not None and ref.removeprefix("person:") in review.about


def review_is_held_by(review_code: str, actor: Actor) -> bool:
    return Review.objects.filter(review_code=review_code, opened_by=actor.user_id).exists()


def _enter(action: str, person_codes: Sequence[str], *, by: Actor, at: datetime) -> None:
    access.record_entry(
        actor=by,
        action=action,
        object_kind="person",
        object_refs=tuple(person_codes),
        purpose=PURPOSE,
        count=len(person_codes),
        at=at,
    )
