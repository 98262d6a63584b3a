"""The log of what people decide: added to, never changed, withdrawn by another decision. Private: see `decisions`.

Which fact is contested or verified is read from the log here; where facts come from is `facts` and `cases`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from kuai.guard import access
from kuai.guard.free_text import require_reason
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.registry.engine.decision_kinds import (
    LEVELS,
    MOST_MENTIONS_NAMED,
    DecisionKind,
    VerifiedLevel,
    normal_form,
)
from kuai.registry.engine.fact_keys import find_fact_key
from kuai.registry.engine.powers import require_power
from kuai.registry.freezing import in_force
from kuai.registry.models import Decision, DecisionSubject

PURPOSE = "fact_upkeep"
OWN_PURPOSE = "own_data"
LONGEST_REASON = 200
OF_FACTS = frozenset(
    {DecisionKind.OBJECT, DecisionKind.RETRACT, DecisionKind.VERIFY, DecisionKind.END}
)
# Any number will do, as long as nobody else of ours locks by it.
_QUEUE = 4_403_100_001
NOT_HERE = "用编码和记录键说人，不写姓名、证件号码和电话。"


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
    detail: Mapping[str, Any]


def record_decision(
    kind: DecisionKind,
    subjects: Sequence[str],
    *,
    reason: str,
    by: Actor,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
    stated_by: Sequence[str] = (),
    known_as: Sequence[str] = (),
) -> int:
    """Add a decision to the log; returns its sequence. The same said again while it is in force adds nothing.

    A decision about a fact goes with the mentions it is `stated_by`, should they leave its code. `known_as`: all keys
    of the fact, by codes merged since; what contradicts is asked under each.

    Refuses other roles, no reason, a reason that tells of somebody, keys and detail that do not fit the kind, a
    skipped or repeated step of promotion, and what contradicts a decision in force.
    """
    keys, said = normal_form(kind, subjects, detail)
    require_power(by.role, kind, said)
    why = require_reason(
        reason, what="决定", area="decision", longest=LONGEST_REASON, next_step=NOT_HERE
    )
    with transaction.atomic():
        take_turn()
        same = _find_same(kind, keys, said, by)
        if same is not None:
            return same.pk
        about = tuple(dict.fromkeys((*keys, *known_as)))
        _require_no_contradiction(kind, about, said, by=by)
        if kind in OF_FACTS and stated_by:
            said = {**said, "mentions": sorted(set(stated_by))[:MOST_MENTIONS_NAMED]}
        decision = Decision(
            kind=kind.value,
            subjects=list(keys),
            detail=said,
            reason=why,
            decided_by=by.user_id,
            decided_at=at,
            once=_digest(kind, keys, said, by.user_id),
        )
        return _add(decision, by=by, at=at)


def withdraw_decision(sequence: int, *, reason: str, by: Actor, at: datetime) -> int:
    """Take a decision back by another one; the log keeps both.

    Refuses what is unknown or already withdrawn, what is neither the actor's own nor (for a steward) open to
    correction, an objection of somebody else (that is settled by its case) and a step others were built upon.
    """
    why = require_reason(
        reason, what="撤回", area="decision", longest=LONGEST_REASON, next_step=NOT_HERE
    )
    with transaction.atomic():
        take_turn()
        withdrawn = Decision.objects.filter(pk=sequence).first()
        if withdrawn is None or withdrawn.kind == DecisionKind.WITHDRAW:
            raise Refusal("decision.unknown", f"没有可撤回的决定 {sequence}。")
        if Decision.objects.filter(withdraws=withdrawn).exists():
            raise Refusal("decision.withdrawn", f"决定 {sequence} 已经撤回。")
        _require_may_withdraw(withdrawn, by)
        return add_withdrawal(withdrawn, reason=why, by=by, at=at)


def add_withdrawal(withdrawn: Decision, *, reason: str, by: Actor, at: datetime) -> int:
    """The withdrawing row; whoever calls has asked whether it may be."""
    return _add(
        Decision(
            kind=DecisionKind.WITHDRAW.value,
            subjects=[],
            reason=reason,
            decided_by=by.user_id,
            decided_at=at,
            withdraws=withdrawn,
        ),
        by=by,
        at=at,
    )


def add_again(objection: Decision, *, reason: str, by: Actor, at: datetime) -> Decision:
    """An objection that its settlement had withdrawn, in force again: still its maker's, who may not judge it."""
    again = Decision(
        kind=objection.kind,
        subjects=objection.subjects,
        detail=objection.detail,
        reason=reason,
        decided_by=objection.decided_by,
        decided_at=at,
        once=_digest(
            DecisionKind(objection.kind),
            objection.subjects,
            objection.detail,
            objection.decided_by,
        ),
    )
    _add(again, by=by, at=at)
    return again


def settled_objections(settled: Decision, key: str) -> list[Decision]:
    """The objections to a fact that ended with the decision which settled its cases."""
    return list(
        Decision.objects.filter(
            kind=DecisionKind.OBJECT,
            keys__key=key,
            withdrawn_by__pk__gte=settled.pk,
            withdrawn_by__decided_by=settled.decided_by,
            withdrawn_by__decided_at=settled.decided_at,
        ).distinct()
    )


def list_decisions(
    *, key: str = "", kind: DecisionKind | None = None, living_only: bool = False
) -> tuple[DecisionView, ...]:
    """The log in order; only what names `key`, is of `kind`, is in force, where asked."""
    rows = in_force() if living_only else Decision.objects.exclude(kind=DecisionKind.WITHDRAW)
    if key:
        rows = rows.filter(keys__key=key).distinct()
    if kind is not None:
        rows = rows.filter(kind=kind)
    return tuple(_view(row) for row in rows.order_by("pk").select_related("withdrawn_by"))


def find_in_force(kind: DecisionKind, *keys: str) -> list[Decision]:
    """Decisions of `kind` about any of `keys` that nobody withdrew, oldest first."""
    return list(in_force().filter(kind=kind, keys__key__in=keys).distinct())


def without_rows(kind: DecisionKind, detail: Mapping[str, Any]) -> dict[str, Any]:
    """What a decision about a fact says, without the mentions that stated it then."""
    hidden = {"mentions"} if kind in OF_FACTS else set()
    return {name: value for name, value in detail.items() if name not in hidden}


def is_in_force(sequence: int) -> bool:
    """Whether this decision is there and nobody withdrew it."""
    return in_force().filter(pk=sequence).exists()


def verified_level(*keys: str) -> VerifiedLevel | None:
    """How far the fact of these keys was promoted by decisions in force; after an end the steps begin anew."""
    ended = max((row.pk for row in find_in_force(DecisionKind.END, *keys)), default=0)
    verified = find_in_force(DecisionKind.VERIFY, *keys)
    reached = {row.detail["level"] for row in verified if row.pk > ended}
    found = None
    for level in LEVELS:
        if level not in reached:
            break
        found = level
    return found


def take_turn() -> None:
    """Inside a transaction: one decision at a time, so that places in the log are given in the order of commits.

    On SQLite a writing transaction is alone anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [_QUEUE])


def _view(row: Decision) -> DecisionView:
    return DecisionView(
        sequence=row.pk,
        kind=DecisionKind(row.kind),
        subjects=tuple(row.subjects),
        reason=row.reason,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        is_withdrawn=hasattr(row, "withdrawn_by"),
        detail=without_rows(DecisionKind(row.kind), row.detail),
    )


def _find_same(
    kind: DecisionKind, keys: Sequence[str], said: Mapping[str, Any], by: Actor
) -> Decision | None:
    return Decision.objects.filter(once=_digest(kind, keys, said, by.user_id)).first()


def _digest(
    kind: DecisionKind, keys: Sequence[str], said: Mapping[str, Any], decided_by: str
) -> str:
    """Of what is decided, and how often just that was withdrawn: said again after a withdrawal it is a new decision.

    An objection is its maker's own: whoever objects too must not judge, and may appeal.
    """
    before = Decision.objects.filter(
        kind=kind, keys__key=keys[0], withdrawn_by__isnull=False
    ).distinct()
    said = without_rows(kind, said)
    whose = [decided_by] if kind is DecisionKind.OBJECT else []
    withdrawn = sum(
        row.subjects == list(keys)
        and without_rows(kind, row.detail) == said
        and row.decided_by in (whose or [row.decided_by])
        for row in before
    )
    told = [kind.value, list(keys), said, withdrawn, *whose]
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _require_no_contradiction(
    kind: DecisionKind, keys: Sequence[str], said: Mapping[str, Any], *, by: Actor
) -> None:
    match kind:
        case DecisionKind.SAME | DecisionKind.DIFFERENT:
            _require_not_said_otherwise(kind, keys)
        case DecisionKind.OBJECT:
            _require_contestable(keys, by)
        case DecisionKind.VERIFY:
            _require_next_step(keys, VerifiedLevel(said["level"]), by)
        case DecisionKind.RETRACT | DecisionKind.END:
            _require_not_judge_of_own(keys, by)


def _require_not_said_otherwise(kind: DecisionKind, keys: Sequence[str]) -> None:
    other = DecisionKind.DIFFERENT if kind is DecisionKind.SAME else DecisionKind.SAME
    for row in in_force().filter(kind=other, keys__key__in=keys).distinct():
        if len(set(row.subjects) & set(keys)) > 1:
            raise Refusal(
                "decision.contradicts",
                f"决定 {row.pk} 说的正相反。",
                next_step="先撤回那个决定，再作新的。",
            )


def _require_contestable(keys: Sequence[str], by: Actor) -> None:
    if by.role is Role.RESIDENT:
        facts = [fact for key in keys if (fact := find_fact_key(key))]
        own = any(by.person_code in fact.person_codes for fact in facts)
        if not by.person_code or not own:
            raise Refusal("fact.not_yours", "只能对自己的信息提出异议。")
    if any(row.decided_by == by.user_id for row in find_in_force(DecisionKind.OBJECT, *keys)):
        raise Refusal("fact.contested_by_you", "你对这一条提出的异议还在办理。")
    if find_in_force(DecisionKind.RETRACT, *keys):
        raise Refusal("fact.retracted", "这一条已经更正，不再使用。")


def _require_next_step(keys: Sequence[str], level: VerifiedLevel, by: Actor) -> None:
    if find_in_force(DecisionKind.OBJECT, *keys) or find_in_force(DecisionKind.RETRACT, *keys):
        raise Refusal(
            "fact.contested", "有异议或已更正的信息不能核实。", next_step="先办结校核单。"
        )
    reached = verified_level(*keys)
    wanted = LEVELS.index(level)
    done = -1 if reached is None else LEVELS.index(reached)
    if wanted <= done:
        raise Refusal("fact.verified", "这一级已经核实过。")
    if wanted != done + 1:
        raise Refusal(
            "fact.step_skipped", "核实要一级一级来。", next_step="先由社区，再由街道，后由部门。"
        )
    before = {row.decided_by for row in find_in_force(DecisionKind.VERIFY, *keys)}
    if by.user_id in before:
        raise Refusal("fact.four_eyes", "上一级也是你核实的；这一级要由另一个人核实。")


def _require_not_judge_of_own(keys: Sequence[str], by: Actor) -> None:
    if any(row.decided_by == by.user_id for row in find_in_force(DecisionKind.OBJECT, *keys)):
        raise Refusal("fact.own_objection", "自己提出的异议要由别人来定。")


def _require_may_withdraw(withdrawn: Decision, by: Actor) -> None:
    own = withdrawn.decided_by == by.user_id
    if withdrawn.kind == DecisionKind.OBJECT and not own:
        raise Refusal(
            "decision.not_yours", "别人的异议只能由校核办结。", next_step="请在校核单上答复并办结。"
        )
    if not own and by.role is not Role.DATA_STEWARD:
        raise Refusal("decision.not_yours", "这个角色不能作这样的决定，只能撤回自己的。")
    if withdrawn.kind == DecisionKind.VERIFY:
        level = LEVELS.index(VerifiedLevel(withdrawn.detail["level"]))
        reached = verified_level(withdrawn.subjects[0])
        if reached is not None and LEVELS.index(reached) > level:
            raise Refusal(
                "fact.built_upon", "更高一级已经核实。", next_step="请先撤回更高一级的核实。"
            )


def _add(decision: Decision, *, by: Actor, at: datetime) -> int:
    decision.save()
    named = [key for keys in decision.detail.values() if isinstance(keys, list) for key in keys]
    DecisionSubject.objects.bulk_create(
        DecisionSubject(decision=decision, key=key) for key in (*decision.subjects, *named)
    )
    about = decision.withdraws.subjects if decision.withdraws else decision.subjects
    persons = _persons_in(about)
    access.record_entry(
        actor=by,
        action=f"decision.{decision.kind}",
        object_kind="person" if persons else "decision",
        object_refs=persons or (f"decision:{decision.pk}",),
        purpose=OWN_PURPOSE if by.role is Role.RESIDENT else PURPOSE,
        count=len(persons),
        at=at,
    )
    return decision.pk


def _persons_in(keys: Sequence[str]) -> tuple[str, ...]:
    """Codes of persons whom these keys name, so that they find in the ledger who decided about them."""
    found = {code for key in keys if (fact := find_fact_key(key)) for code in fact.person_codes}
    found |= {key for key in keys if key.startswith("P-") and "#" not in key and "|" not in key}
    return tuple(sorted(found))
