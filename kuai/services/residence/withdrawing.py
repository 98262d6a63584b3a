"""Consent taken back (个人信息保护法第15条): the values are shredded at once, no later build has them. Private."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from kuai.guard import access
from kuai.guard.queries import covers_any
from kuai.guard.types import Actor
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.residence import leaving, questions, sealed_values, staff_work
from kuai.services.residence.door_codes import PURPOSE
from kuai.services.residence.models import Declaration
from kuai.services.residence.types import Answer, QuestionState, Step


def withdraw_declaration(store: Store, number: str, *, by: Actor | None, at: datetime) -> None:
    """Take a declaration back: by whoever just made it (`by` None; the caller knows by the session), or by staff where
    it lies, for somebody who stands before them with the receipt. May be repeated. What an earlier build made of it
    goes with the next one; a row of a sheet keeps its seal until the sheet's time is over, and is in no build.
    """
    row = Declaration.objects.filter(number=number.strip().upper()).first()
    if row is None:
        raise Refusal("declaration.none", "没有这份申报。", next_step="请核对回执号。")
    if by is not None:
        if by.role not in staff_work.ASKING_ROLES:
            raise Refusal("declaration.not_yours", "撤回由本人，或窗口工作人员替本人办。")
        paths = staff_work.resolve_declaration(row.number, store=store).area_paths
        if not covers_any(by.areas, paths):
            raise Refusal("declaration.not_your_area", "这份申报不在你的辖区。")
    with transaction.atomic():
        said_by = by.user_id if by else "declarant"
        questions.take_step(row, Step.WITHDRAWN, by=said_by, at=at)
        for question in row.questions.filter(state__in=questions.WAITING):
            question.state = QuestionState.ANSWERED.value
            question.save(update_fields=["state"])
        leaving.take_back(store, row, at=at)
        access.record_entry(
            actor=by,
            action="declaration.withdrawn",
            object_kind="declaration",
            object_refs=(row.number,),
            purpose=PURPOSE,
            count=1,
            at=at,
            outcome=Answer.YES.value,
        )
    if row.sealed_period and row.sheet is None:
        sealed_values.shred_values(store, row.sealed_period)
