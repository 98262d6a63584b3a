"""Who may decide what: roles by kind of decision, and for a promotion by level. Everything else is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kuai.guard.types import Role
from kuai.kit.errors import Refusal
from kuai.registry.engine.decision_kinds import DecisionKind, Objector, VerifiedLevel

STEWARD, CLERK, STREET, GRID = (
    Role.DATA_STEWARD,
    Role.DEPARTMENT_CLERK,
    Role.SUBDISTRICT_CLERK,
    Role.GRID_WORKER,
)
# Who knows a fact from their own work may contest it.
CONTESTING = frozenset({STEWARD, CLERK, STREET, GRID})
_REVIEWERS = frozenset({STEWARD, CLERK})
DECIDERS: Mapping[DecisionKind, frozenset[Role]] = {
    # These need a look at persons, which only a review gives.
    DecisionKind.SAME: _REVIEWERS,
    DecisionKind.DIFFERENT: _REVIEWERS,
    DecisionKind.SPLIT: _REVIEWERS,
    DecisionKind.CONFIRM: _REVIEWERS,
    DecisionKind.OBJECT: CONTESTING | {Role.RESIDENT},
    DecisionKind.RETRACT: _REVIEWERS,
    # By level, below.
    DecisionKind.VERIFY: frozenset({CLERK, STREET, GRID}),
    DecisionKind.END: frozenset({STEWARD, CLERK, STREET}),
    DecisionKind.ALIAS: frozenset({STEWARD, CLERK, STREET}),
    DecisionKind.LIFE_CYCLE: frozenset({STEWARD, CLERK, STREET}),
}
# A level is confirmed by those who stand there. No steward: whoever keeps the data does not vouch for them.
VERIFIERS: Mapping[VerifiedLevel, frozenset[Role]] = {
    VerifiedLevel.COMMUNITY: frozenset({GRID, STREET}),
    VerifiedLevel.SUBDISTRICT: frozenset({STREET}),
    VerifiedLevel.DEPARTMENT: frozenset({CLERK}),
}


def may_decide(role: Role, kind: DecisionKind, *, level: VerifiedLevel | None = None) -> bool:
    """Whether this role decides this kind (at this level)."""
    if role not in DECIDERS.get(kind, frozenset()):
        return False
    return level is None or role in VERIFIERS[level]


def require_power(role: Role, kind: DecisionKind, detail: Mapping[str, Any]) -> None:
    """Refuse what this role has no say in; a resident contests as a resident, an office as an office."""
    level = VerifiedLevel(detail["level"]) if kind is DecisionKind.VERIFY else None
    if not may_decide(role, kind, level=level):
        raise Refusal("decision.not_yours", "这个角色不能作这样的决定。")
    if kind is DecisionKind.OBJECT:
        own = Objector(detail["by"]) is Objector.RESIDENT
        if own != (role is Role.RESIDENT):
            raise Refusal("decision.not_yours", "本人的异议由本人提出，部门的异议由工作人员提出。")
