"""校核 cases: a department is asked about its own statement, answers, and a steward settles. Private: see `decisions`.

Which facts are contested and how is `contesting`; the file that travels is `return_flow`. Decision 0023.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from kuai.guard import access, queries
from kuai.guard.free_text import require_reason
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.kit.work_calendar import read_work_calendar
from kuai.registry import deciding
from kuai.registry.engine.case_moves import (
    LIVING,
    WAITS_FOR_ANSWER,
    CaseAnswer,
    CaseState,
    Outcome,
    is_overdue,
    require_move,
    usual_outcome,
)
from kuai.registry.engine.decision_kinds import DecisionKind, EvidenceKind, Objection
from kuai.registry.facts import (
    read_fact_key,
    require_in_area,
)
from kuai.registry.models import CaseMove, Decision, VerificationCase

# As many as a department has to answer a conditional request for data (Decree 809; 4-standards 4.2).
ANSWER_WORKDAYS = 10


@dataclass(frozen=True)
class CaseMoveView:
    """One step of a case."""

    start: str
    end: str
    moved_by: str
    moved_at: datetime
    reason: str


@dataclass(frozen=True)
class CaseView:
    """One case as pages and commands show it. `statements`: source, period, data row (from 0), status."""

    number: str
    objection: int
    fact_key: str
    says: Objection
    department: str
    statements: tuple[Mapping[str, Any], ...]
    instance: int
    state: CaseState
    answer: CaseAnswer | None
    answered_on: date | None
    due_on: date
    opened_at: datetime
    settled_with: int | None
    moves: tuple[CaseMoveView, ...] = ()

    def is_overdue(self, as_of: date) -> bool:
        return is_overdue(self.state, self.due_on, as_of=as_of)


def mark_sent(numbers: Iterable[str], *, by: Actor, at: datetime) -> tuple[CaseView, ...]:
    """They went out to their department (again)."""
    with transaction.atomic():
        rows = [find_row(number) for number in numbers]
        return tuple(move_case(row, CaseState.SENT, by=by, at=at) for row in rows)


def answer_case(
    store: Store,
    number: str,
    answer: CaseAnswer,
    *,
    by: Actor,
    at: datetime,
    ends_on: date | None = None,
) -> CaseView:
    """Write down what the department answered; nothing follows until the case is closed. The same again is no step.

    `ends_on`: the day the fact ended by the department's own, corrected word. Refuses the objector, and whoever does
    not act where the fact lies.
    """
    with transaction.atomic():
        row = find_row(number)
        require_in_area(store, read_fact_key(row.fact_key), by)
        require_own_department(row.department, by)
        same = (row.answer, row.answered_on) == (answer.value, ends_on)
        if row.state == CaseState.ANSWERED and same:
            return view_case(row)
        _require_not_objector(row, by)
        if ends_on is not None and answer is CaseAnswer.UPHELD:
            raise Refusal("case.answer", "维持原登记就没有终止日期。")
        if ends_on is not None and not read_fact_key(row.fact_key).is_relation:
            raise Refusal("case.answer", "这一类信息没有终止日期。")
        row.answer, row.answered_on = answer.value, ends_on
        return move_case(row, CaseState.ANSWERED, by=by, at=at)


def close_case(
    store: Store,
    number: str,
    *,
    reason: str,
    by: Actor,
    at: datetime,
    outcome: Outcome | None = None,
    ends_on: date | None = None,
) -> CaseView:
    """Settle the objection, with all cases about the fact: never true, ended on a day, or the fact stands.

    Without `outcome` what the departments answered, if they agree. Refuses open cases, the objector, whoever entered
    an answer or does not act where the fact lies, and a partial or divided answer without an outcome. Withdrawing what
    it decided reopens the cases.
    """
    with transaction.atomic():
        deciding.take_turn()
        row = find_row(number)
        require_in_area(store, read_fact_key(row.fact_key), by)
        require_move(CaseState(row.state), CaseState.CLOSED, by=by.role)
        living = list(VerificationCase.objects.filter(fact_key=row.fact_key, state__in=LIVING))
        for one in living:
            _require_not_objector(one, by)
            _require_not_answerer(one, by)
        waiting = [one.number for one in living if one.state in WAITS_FOR_ANSWER]
        if waiting:
            raise Refusal("case.waiting", f"还有单位没有答复：{'、'.join(waiting)}。")
        settled, ended = _outcome_of(living, outcome, ends_on)
        decision = _settle(row, settled, ended, reason=reason, by=by, at=at)
        for one in living:
            one.settled_with_id = decision
            move_case(one, CaseState.CLOSED, by=by, at=at, reason=settled.value)
        return view_case(find_row(number))


def list_cases(
    by: Actor,
    *,
    store: Store | None = None,
    states: Iterable[CaseState] = (),
    department: str = "",
    fact: str = "",
) -> tuple[CaseView, ...]:
    """Cases in the order of their deadline, open ones first; with a `store` only those in the reader's areas."""
    rows = VerificationCase.objects.order_by("due_on", "pk")
    if states:
        rows = rows.filter(state__in=list(states))
    if department:
        rows = rows.filter(department=department)
    if fact:
        rows = rows.filter(fact_key=fact)
    found = [view_case(row) for row in rows]
    if store is not None and "" not in by.areas:
        found = [one for one in found if _is_in_area(store, one, by)]
    return tuple(sorted(found, key=lambda one: one.state not in LIVING))


def get_case(number: str) -> CaseView:
    """One case with its moves; refuses an unknown number."""
    return view_case(find_row(number), with_moves=True)


def view_case(row: VerificationCase, *, with_moves: bool = False) -> CaseView:
    moves = row.moves.order_by("pk") if with_moves else ()
    return CaseView(
        number=row.number,
        objection=row.objection_id,
        fact_key=row.fact_key,
        says=Objection(row.says),
        department=row.department,
        statements=tuple(row.statements),
        instance=row.instance,
        state=CaseState(row.state),
        answer=CaseAnswer(row.answer) if row.answer else None,
        answered_on=row.answered_on,
        due_on=row.due_on,
        opened_at=row.opened_at,
        settled_with=row.settled_with_id,
        moves=tuple(
            CaseMoveView(one.start, one.end, one.moved_by, one.moved_at, one.reason)
            for one in moves
        ),
    )


def open_case(
    store: Store,
    decision: Decision,
    department: str,
    statements: list[dict[str, Any]],
    *,
    by: Actor,
    at: datetime,
    appeals: VerificationCase | None = None,
) -> VerificationCase:
    key = decision.subjects[0]
    busy = VerificationCase.objects.filter(fact_key=key, department=department, state__in=LIVING)
    if (known := busy.first()) is not None:
        # A second objector does not make the department answer twice.
        return known
    day = local_day(at)
    row = VerificationCase(
        number=_next_number(day),
        objection=decision,
        fact_key=key,
        says=decision.detail["says"],
        department=department,
        statements=statements,
        instance=appeals.instance + 1 if appeals else 1,
        state=CaseState.OPENED.value,
        due_on=read_work_calendar(store.root).add_workdays(day, ANSWER_WORKDAYS),
        opened_by=by.user_id,
        opened_at=at,
        appeals=appeals,
    )
    row.save(force_insert=True)
    _note(row, "", CaseState.OPENED, by=by, at=at)
    return row


def _next_number(day: date) -> str:
    """JH-2026-000001: counted by year. Inside a turn, so that no number is given twice."""
    beginning = f"JH-{day.year}-"
    newest = (
        VerificationCase.objects.filter(number__startswith=beginning)
        .order_by("-number")
        .values_list("number", flat=True)
        .first()
    )
    return f"{beginning}{int(newest.rsplit('-', 1)[1]) + 1 if newest else 1:06d}"


def find_row(number: str) -> VerificationCase:
    row = (
        VerificationCase.objects.select_related("objection", "settled_with")
        .filter(number=number)
        .first()
    )
    if row is None:
        raise Refusal("case.unknown", "没有这个校核单。", next_step="校核单号如 JH-2026-000001。")
    return row


def _require_not_objector(row: VerificationCase, by: Actor) -> None:
    objectors = {
        one.decided_by for one in deciding.find_in_force(DecisionKind.OBJECT, row.fact_key)
    }
    if by.user_id in {row.objection.decided_by, *objectors}:
        raise Refusal("fact.own_objection", "自己提出的异议要由别人来定。")


def require_own_department(department: str, by: Actor) -> None:
    """A department's clerk speaks for their own department. Where all are invented a clerk may be bound to none."""
    if by.role is not Role.DEPARTMENT_CLERK or by.department == department:
        return
    if by.department:
        raise Refusal("case.other_department", "这是别的部门的校核单，由那个部门答复。")
    if any(not source.synthetic for source in queries.list_sources()):
        raise Refusal(
            "case.no_department",
            "你的账号没有写明部门，不能替部门答复。",
            next_step="请安全管理员在“账号”页写明你的部门。",
        )


def _require_not_answerer(row: VerificationCase, by: Actor) -> None:
    """Else one person alone could answer for the department and reject what a resident objects."""
    entered = row.moves.filter(
        start__in=WAITS_FOR_ANSWER, end=CaseState.ANSWERED, moved_by=by.user_id
    )
    if entered.exists():
        raise Refusal("case.own_answer", f"{row.number} 的答复是你登记的，要由别人来办结。")


def _outcome_of(
    living: Iterable[VerificationCase], outcome: Outcome | None, ends_on: date | None
) -> tuple[Outcome, date | None]:
    if outcome is None:
        usual = {
            (
                usual_outcome(CaseAnswer(one.answer), gives_end=bool(one.answered_on)),
                one.answered_on,
            )
            for one in living
        }
        if len(usual) != 1 or next(iter(usual))[0] is None:
            raise Refusal(
                "case.outcome",
                "答复不一致，或只更正了一部分，要由管理员写明怎样办结。",
                next_step="从未属实、终止于某日，或原登记无误。",
            )
        ((outcome, ends_on),) = usual
        assert outcome is not None
    if (outcome is Outcome.END) != (ends_on is not None):
        raise Refusal("case.outcome", "终止要写明日期，其他办结方式没有日期。")
    return outcome, ends_on


def _settle(
    row: VerificationCase,
    outcome: Outcome,
    ends_on: date | None,
    *,
    reason: str,
    by: Actor,
    at: datetime,
) -> int:
    """The decision that follows; where the fact stands or ended, the objections are settled by it."""
    evidence = {"evidence_kind": EvidenceKind.DEPARTMENT_ANSWER.value, "evidence_ref": row.number}
    why = require_reason(reason, what="办结", area="decision", longest=deciding.LONGEST_REASON)
    stated_by = row.objection.detail.get("mentions", ())
    if outcome is Outcome.RETRACT:
        return deciding.record_decision(
            DecisionKind.RETRACT,
            [row.fact_key],
            detail=evidence,
            reason=why,
            by=by,
            at=at,
            stated_by=stated_by,
        )
    decision = 0
    if outcome is Outcome.END:
        assert ends_on is not None
        decision = deciding.record_decision(
            DecisionKind.END,
            [row.fact_key],
            detail={"on": ends_on.isoformat(), **evidence},
            reason=why,
            by=by,
            at=at,
            stated_by=stated_by,
        )
    for objection in deciding.find_in_force(DecisionKind.OBJECT, row.fact_key):
        withdrawal = deciding.add_withdrawal(objection, reason=why, by=by, at=at)
        decision = decision or withdrawal
    return decision


def move_case(
    row: VerificationCase, end: CaseState, *, by: Actor, at: datetime, reason: str = ""
) -> CaseView:
    start = CaseState(row.state)
    require_move(start, end, by=by.role)
    row.state = end.value
    row.save()
    _note(row, start.value, end, by=by, at=at, reason=reason)
    return view_case(row)


def _note(
    row: VerificationCase, start: str, end: CaseState, *, by: Actor, at: datetime, reason: str = ""
) -> None:
    CaseMove(
        case=row, start=start, end=end.value, moved_by=by.user_id, moved_at=at, reason=reason
    ).save()
    access.record_entry(
        actor=by,
        action=f"case.{end.value}",
        object_kind="case",
        object_refs=(row.number,),
        purpose=deciding.OWN_PURPOSE if by.role is Role.RESIDENT else deciding.PURPOSE,
        count=1,
        at=at,
    )


def _is_in_area(store: Store, case: CaseView, by: Actor) -> bool:
    try:
        require_in_area(store, read_fact_key(case.fact_key), by)
    except Refusal:
        return False
    return True
