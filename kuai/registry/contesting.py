"""Facts contested, promoted, ended by people, with what follows for their cases. Private: see the door `decisions`.

A contested fact is out of use at once and stays so until its cases are closed. Decision 0023.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from kuai.guard.queries import covers_any
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import deciding
from kuai.registry.building import relation_types
from kuai.registry.cases import CaseView, find_row, move_case, open_case, view_case
from kuai.registry.engine.case_moves import LIVING, CaseState
from kuai.registry.engine.decision_kinds import DecisionKind, Objection, Objector
from kuai.registry.engine.fact_keys import FactKey, find_fact_key
from kuai.registry.facts import (
    Statement,
    department_of,
    known_as,
    list_statements,
    living_key,
    paths_of_records,
    read_fact_key,
    require_in_area,
)
from kuai.registry.freezing import in_force
from kuai.registry.models import Decision, DecisionSubject, VerificationCase

HIGHEST_INSTANCE = 2
# Who reads a second time: not the department again, but the office in charge of all data.
DATA_OFFICE = "数据主管部门"
OWN_OBJECTION = "本人提出异议"
UNSETTLED = "办结的决定已撤回"


@dataclass(frozen=True)
class Contested:
    """What became of an objection."""

    sequence: int
    cases: tuple[CaseView, ...]


def contest_fact(
    store: Store, fact: str, *, says: Objection, by: Actor, at: datetime, reason: str = ""
) -> Contested:
    """Take a fact out of use and ask the departments that state it. The same again while it is open adds nothing.

    Refuses what no row of the published build states, facts outside the actor's area, a resident's objection to what
    is said of others, and (after the department upheld the fact) anything but the one appeal.
    """
    key, statements = _stated_now(store, read_fact_key(fact))
    require_in_area(store, key, by)
    by_resident = by.role is Role.RESIDENT
    said_by = Objector.RESIDENT if by_resident else Objector.CLERK
    with transaction.atomic():
        deciding.take_turn()
        keys = known_as(store, key)
        _require_not_upheld(keys, by)
        sequence = deciding.record_decision(
            DecisionKind.OBJECT,
            [_as_decided(keys)],
            detail={"says": says.value, "by": said_by.value},
            reason=OWN_OBJECTION if by_resident else reason,
            by=by,
            at=at,
            stated_by=_mentions_in(statements),
            known_as=keys,
        )
        decision = Decision.objects.get(pk=sequence)
        known = list(decision.cases.all())
        cases = known or [
            open_case(store, decision, department, rows, by=by, at=at)
            for department, rows in _by_department(statements).items()
        ]
    return Contested(sequence, tuple(map(view_case, cases)))


def appeal_case(
    store: Store, number: str, *, by: Actor, at: datetime, reason: str = ""
) -> Contested:
    """One step higher, once: the fact is contested again and the office in charge of all data looks at it.

    Only whoever objected, only after the objection was not upheld.
    """
    with transaction.atomic():
        deciding.take_turn()
        first = find_row(number)
        if by.user_id not in _objectors_of(first):
            raise Refusal("case.not_yours", "只有提出异议的人可以申请复核。")
        settled = first.settled_with if first.state == CaseState.CLOSED else None
        if settled is None or settled.kind != DecisionKind.WITHDRAW:
            raise Refusal("case.not_rejected", "异议没有被驳回，不用复核。")
        if first.instance >= HIGHEST_INSTANCE or first.appealed_by.exists():
            raise Refusal("case.appealed", "这一条已经复核过一次。")
        sequence = deciding.record_decision(
            DecisionKind.OBJECT,
            first.objection.subjects,
            detail=deciding.without_rows(DecisionKind.OBJECT, first.objection.detail),
            reason=OWN_OBJECTION if by.role is Role.RESIDENT else reason,
            by=by,
            at=at,
            stated_by=first.objection.detail.get("mentions", ()),
            known_as=known_as(store, read_fact_key(first.fact_key)),
        )
        decision = Decision.objects.get(pk=sequence)
        case = open_case(
            store, decision, DATA_OFFICE, first.statements, by=by, at=at, appeals=first
        )
    return Contested(sequence, (view_case(case),))


def promote_fact(
    store: Store,
    fact: str,
    *,
    detail: Mapping[str, str],
    reason: str,
    by: Actor,
    at: datetime,
) -> int:
    """One step up the base library, with evidence (`level`, `evidence_kind`, `evidence_ref`); see `record_decision`."""
    key, statements = _stated_now(store, read_fact_key(fact))
    require_in_area(store, key, by)
    if detail.get("level", "") not in levels_of(store, key):
        raise Refusal("fact.level", "这种关系没有这一级核实。", next_step="见关系目录的 verify。")
    keys = known_as(store, key)
    return deciding.record_decision(
        DecisionKind.VERIFY,
        [_as_decided(keys)],
        detail=detail,
        reason=reason,
        by=by,
        at=at,
        stated_by=_mentions_in(statements),
        known_as=keys,
    )


def levels_of(store: Store, key: FactKey) -> frozenset[str]:
    """The levels at which a fact of its kind is verified: as the catalogue of relations says."""
    types = relation_types(store.root)
    return frozenset(level for one in types if one.code == key.type for level in one.verified_by)


def decide_fact(
    store: Store,
    kind: DecisionKind,
    fact: str,
    *,
    detail: Mapping[str, str],
    reason: str,
    by: Actor,
    at: datetime,
) -> int:
    """Retract or end a fact of the published build; refuses facts outside the actor's area and one's own objection."""
    if kind not in (DecisionKind.RETRACT, DecisionKind.END):
        raise ValueError(f"{kind} is not decided here")
    key = read_fact_key(fact)
    if not key.is_relation:
        raise Refusal(
            "fact.not_a_relation",
            "出生日期和性别不能在这里更正或终止，只能由登记单位改正。",
            next_step="请对这一条提出异议，由登记单位校核。",
        )
    key, statements = _stated_now(store, key, over_too=True)
    require_in_area(store, key, by)
    with transaction.atomic():
        deciding.take_turn()
        keys = known_as(store, key)
        if VerificationCase.objects.filter(fact_key__in=keys, state__in=LIVING).exists():
            raise Refusal(
                "fact.has_case", "这一条正在校核。", next_step="请在校核单上登记答复并办结。"
            )
        return deciding.record_decision(
            kind,
            [_as_decided(keys)],
            detail=detail,
            reason=reason,
            by=by,
            at=at,
            stated_by=_mentions_in(statements),
            known_as=keys,
        )


def withdraw_decision(
    sequence: int, *, reason: str, by: Actor, at: datetime, store: Store | None = None
) -> int:
    """Take a decision back by another one; an objection ends its cases, what settled a case reopens it.

    Refuses whoever does not act where its facts or records lie; without a `store`, whoever does not act for the whole.
    """
    with transaction.atomic():
        _require_in_area_of(store, sequence, by)
        added = deciding.withdraw_decision(sequence, reason=reason, by=by, at=at)
        withdrawn = Decision.objects.get(pk=sequence)
        if withdrawn.kind == DecisionKind.OBJECT:
            _end_cases_of(withdrawn, by=by, at=at)
        if withdrawn.kind == DecisionKind.END:
            _contest_again(withdrawn, by=by, at=at)
        for case in withdrawn.settled_cases.filter(state=CaseState.CLOSED):
            if deciding.is_in_force(case.objection_id):
                case.settled_with = None
                move_case(case, CaseState.ANSWERED, by=by, at=at, reason=UNSETTLED)
    return added


def _contest_again(end: Decision, *, by: Actor, at: datetime) -> None:
    """The end that settled its cases is gone: what was objected is open again, and the fact out of use."""
    cases = list(end.settled_cases.filter(state=CaseState.CLOSED))
    objections = deciding.settled_objections(end, end.subjects[0]) if cases else []
    object_now = {
        one.decided_by: one for one in deciding.find_in_force(DecisionKind.OBJECT, end.subjects[0])
    }
    for old in objections:
        again = object_now.get(old.decided_by) or deciding.add_again(
            old, reason=UNSETTLED, by=by, at=at
        )
        for case in cases:
            taken = again.cases.filter(department=case.department).exists()
            if case.objection_id == old.pk and not taken:
                case.objection = again
                case.save()


def _require_in_area_of(store: Store | None, sequence: int, by: Actor) -> None:
    """Residents answer for themselves, and what one decided of records oneself may be taken back from anywhere."""
    decision = Decision.objects.filter(pk=sequence).first()
    if decision is None or by.role is Role.RESIDENT or covers_any(by.areas, ()):
        return
    others = []
    for subject in decision.subjects:
        if (key := find_fact_key(subject)) is None:
            others.append(subject)
        elif store is None:
            raise Refusal("fact.not_your_area", "这一条不在你的辖区。")
        else:
            require_in_area(store, key, by)
    if others and decision.decided_by != by.user_id:
        paths = paths_of_records(store, others) if store else ()
        if not covers_any(by.areas, paths):
            raise Refusal("decision.not_your_area", "这个决定说的记录不在你的辖区。")


def _end_cases_of(withdrawn: Decision, *, by: Actor, at: datetime) -> None:
    """Its open cases end, unless somebody else objects too: then they go on with that objection."""
    others = deciding.find_in_force(DecisionKind.OBJECT, withdrawn.subjects[0])
    for case in withdrawn.cases.filter(state__in=LIVING):
        if others:
            case.objection = others[0]
            case.save()
        else:
            move_case(case, CaseState.WITHDRAWN, by=by, at=at)


def _stated_now(
    store: Store, key: FactKey, *, over_too: bool = False
) -> tuple[FactKey, list[Statement]]:
    """The fact under the codes that live now, and who states it; refuses what nobody states any more."""
    found = list_statements(store, key)
    if not found and (now := living_key(store, key)) != key:
        key, found = now, list_statements(store, now)
    in_use = [one for one in found if over_too or one.status not in ("ended", "withdrawn")]
    if not in_use:
        raise Refusal(
            "fact.unknown",
            "当前版本里没有哪个来源这样说。",
            next_step="请核对编号；已终止或已更正的不用再提。",
        )
    return key, in_use


def _as_decided(keys: Sequence[str]) -> str:
    """The key of a fact under which the log knows it, best by a decision in force: codes may have merged since."""
    for known in (DecisionSubject.objects.filter(decision__in=in_force()), DecisionSubject.objects):
        for one in keys:
            if known.filter(key=one).exists():
                return one
    return keys[0]


def _mentions_in(statements: Iterable[Statement]) -> list[str]:
    """The mentions that state a fact; not those of places, which keep their codes."""
    return [key for one in statements for key in (one.mention_key, one.to_mention) if key]


def _require_not_upheld(keys: Sequence[str], by: Actor) -> None:
    upheld = VerificationCase.objects.filter(
        fact_key__in=keys, state=CaseState.CLOSED, settled_with__kind=DecisionKind.WITHDRAW
    )
    if any(by.user_id in _objectors_of(case) for case in upheld):
        raise Refusal(
            "case.upheld",
            "你对这一条的异议已经答复：原登记无误。",
            next_step="不服的可以申请复核一次。",
        )


def _objectors_of(case: VerificationCase) -> set[str]:
    """Whoever's objection a case is about: a second objector does not open a second case."""
    settled = case.settled_with
    others = deciding.settled_objections(settled, case.fact_key) if settled else []
    return {case.objection.decided_by, *(one.decided_by for one in others)}


def _by_department(statements: Iterable[Statement]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for one in statements:
        line = {
            "source": one.source,
            "period": one.period,
            "row_no": one.row_no,
            "relation": one.type,
        }
        rows = found.setdefault(department_of(one.source), [])
        if line not in rows:
            rows.append(line)
    return dict(sorted(found.items()))
