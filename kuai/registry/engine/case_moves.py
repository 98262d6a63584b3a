"""The life of a 校核 case as a table: which moves there are, who may make them. Everything else is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kuai.guard.types import Role
from kuai.kit.errors import Refusal


class CaseState(StrEnum):
    """Where a case stands. Overdue is no state: it is computed from the deadline."""

    OPENED = "opened"
    SENT = "sent"
    ANSWERED = "answered"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class CaseAnswer(StrEnum):
    """What the source department says of its own statement."""

    CORRECTED = "corrected"
    UPHELD = "upheld"
    PARTLY = "partly"


class Outcome(StrEnum):
    """What a closed case does to the fact: it was never true, it ended, or the objection does not stand."""

    RETRACT = "retract"
    END = "end"
    STANDS = "stands"


KEEPERS = frozenset({Role.DATA_STEWARD, Role.DEPARTMENT_CLERK})
STEWARDS = frozenset({Role.DATA_STEWARD})
WAITS_FOR_ANSWER = frozenset({CaseState.OPENED, CaseState.SENT})
LIVING = WAITS_FOR_ANSWER | {CaseState.ANSWERED}


@dataclass(frozen=True)
class Move:
    """One allowed step. `by` None: it follows from a decision, whoever made that."""

    start: CaseState
    end: CaseState
    by: frozenset[Role] | None


MOVES = (
    Move(CaseState.OPENED, CaseState.SENT, by=KEEPERS),
    # Once more: a file that was lost may be written again.
    Move(CaseState.SENT, CaseState.SENT, by=KEEPERS),
    Move(CaseState.OPENED, CaseState.ANSWERED, by=KEEPERS),
    Move(CaseState.SENT, CaseState.ANSWERED, by=KEEPERS),
    Move(CaseState.ANSWERED, CaseState.CLOSED, by=STEWARDS),
    # What settled it was withdrawn.
    Move(CaseState.CLOSED, CaseState.ANSWERED, by=None),
    Move(CaseState.OPENED, CaseState.WITHDRAWN, by=None),
    Move(CaseState.SENT, CaseState.WITHDRAWN, by=None),
    Move(CaseState.ANSWERED, CaseState.WITHDRAWN, by=None),
)


def require_move(start: CaseState, end: CaseState, *, by: Role) -> None:
    """Refuse a step that is not in the table, or not this role's."""
    move = next((one for one in MOVES if (one.start, one.end) == (start, end)), None)
    if move is None:
        raise Refusal("case.move", f"校核单不能从“{start.value}”到“{end.value}”。")
    if move.by is not None and by not in move.by:
        raise Refusal("case.not_yours", "这一步不归这个角色。")


def is_overdue(state: CaseState, due_on: date, *, as_of: date) -> bool:
    """Whether the department should have answered by now."""
    return state in WAITS_FOR_ANSWER and due_on < as_of


def usual_outcome(answer: CaseAnswer, *, gives_end: bool) -> Outcome | None:
    """What follows from one department's answer; None: a steward has to say."""
    if answer is CaseAnswer.CORRECTED:
        return Outcome.END if gives_end else Outcome.RETRACT
    return Outcome.STANDS if answer is CaseAnswer.UPHELD else None
