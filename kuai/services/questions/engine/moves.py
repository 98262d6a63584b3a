"""The life of a question as a table: every move that is not in it is refused."""

from __future__ import annotations

from kuai.kit.errors import Refusal
from kuai.services.questions.types import State

MOVES: frozenset[tuple[State, State]] = frozenset(
    {
        (State.OPEN, State.SENT),
        (State.OPEN, State.ANSWERED),
        (State.OPEN, State.LAPSED),
        # A rule that asks for a look, not for an answer.
        (State.OPEN, State.CHECK),
        (State.OPEN, State.CLOSED),
        (State.SENT, State.ANSWERED),
        (State.SENT, State.LAPSED),
        (State.SENT, State.CLOSED),
        # Late is not too late.
        (State.LAPSED, State.ANSWERED),
        (State.LAPSED, State.CHECK),
        (State.LAPSED, State.CLOSED),
        (State.CHECK, State.ANSWERED),
        # Nobody was met: it waits for another week.
        (State.CHECK, State.LAPSED),
        (State.CHECK, State.CLOSED),
        # "Cannot tell" is no answer: a visit may find out.
        (State.ANSWERED, State.LAPSED),
        (State.ANSWERED, State.CLOSED),
    }
)
LIVING = (State.OPEN, State.SENT, State.ANSWERED, State.LAPSED, State.CHECK)
# What may still be answered, by whatever way.
ANSWERABLE = (State.OPEN, State.SENT, State.LAPSED, State.CHECK)


def require_move(start: State, end: State) -> None:
    """Refuse what the table does not have."""
    if (start, end) not in MOVES:
        raise Refusal(
            "question.move", "这个问题已经走到别的一步。", next_step="请刷新，看它现在的状态。"
        )
