"""The life of an application as a table: from, to, by whom, with what. Whatever is not listed is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kuai.guard.types import Role
from kuai.kit.errors import Refusal


class ApplicationKind(StrEnum):
    """What the owner of the library is asked for."""

    NEW_ROOMS = "new_rooms"
    DIVIDED = "divided"
    NEW_BUILDING = "new_building"
    CHANGE = "change"
    CANCEL = "cancel"


class ApplicationState(StrEnum):
    """Where an application stands. ACCEPTED and WITHDRAWN are final."""

    DRAFT = "draft"
    FILED = "filed"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Move:
    """One step that may be taken. `by_other`: never by whoever filed it (four eyes)."""

    start: ApplicationState
    end: ApplicationState
    roles: tuple[Role, ...]
    needs_reason: bool = False
    by_other: bool = False


FILERS = (Role.SUBDISTRICT_CLERK, Role.DATA_STEWARD)
# No role of its own for the owner of the library: the steward stands for it, and the filer never answers themselves.
OWNERS = (Role.DATA_STEWARD,)
MOVES = (
    Move(ApplicationState.DRAFT, ApplicationState.FILED, FILERS),
    Move(ApplicationState.DRAFT, ApplicationState.WITHDRAWN, FILERS, needs_reason=True),
    Move(ApplicationState.FILED, ApplicationState.WITHDRAWN, FILERS, needs_reason=True),
    Move(ApplicationState.FILED, ApplicationState.ACCEPTED, OWNERS, by_other=True),
    Move(
        ApplicationState.FILED, ApplicationState.RETURNED, OWNERS, needs_reason=True, by_other=True
    ),
    Move(ApplicationState.RETURNED, ApplicationState.FILED, FILERS),
    Move(ApplicationState.RETURNED, ApplicationState.WITHDRAWN, FILERS, needs_reason=True),
)
# No law sets it; what a district may expect of the city, and what the list sorts by.
ANSWER_WORKDAYS = 10


def find_move(start: ApplicationState, end: ApplicationState) -> Move | None:
    """The move from one state to the other, if there is one."""
    return next((move for move in MOVES if (move.start, move.end) == (start, end)), None)


def moves_open_to(state: ApplicationState, role: Role, *, is_filer: bool) -> Sequence[Move]:
    """What somebody of this role may do with an application in this state."""
    return [
        move
        for move in MOVES
        if move.start is state and role in move.roles and not (move.by_other and is_filer)
    ]


def require_move(
    start: ApplicationState, end: ApplicationState, *, role: Role, is_filer: bool, reason: str
) -> Move:
    """The move, or a refusal: no such move, not this role, not one's own application, no reason."""
    move = find_move(start, end)
    if move is None:
        raise Refusal(
            "application.no_such_move",
            f"申请单现在是“{STATE_WORDS[start]}”，不能变成“{STATE_WORDS[end]}”。",
        )
    if role not in move.roles:
        raise Refusal("application.not_yours", "这个角色不能走这一步。")
    if move.by_other and is_filer:
        raise Refusal(
            "application.four_eyes",
            "报送的人不能自己答复自己的申请。",
            next_step="请地址库的另一位管理员答复。",
        )
    if move.needs_reason and not reason.strip():
        raise Refusal("application.reason", "这一步要写明理由。")
    return move


STATE_WORDS = {
    ApplicationState.DRAFT: "草稿",
    ApplicationState.FILED: "已报送",
    ApplicationState.RETURNED: "已退回",
    ApplicationState.ACCEPTED: "已采纳",
    ApplicationState.WITHDRAWN: "已撤回",
}
KIND_WORDS = {
    ApplicationKind.NEW_ROOMS: "新增房屋",
    ApplicationKind.DIVIDED: "房屋分隔变更",
    ApplicationKind.NEW_BUILDING: "新增楼栋",
    ApplicationKind.CHANGE: "其他变更",
    ApplicationKind.CANCEL: "注销",
}


def is_overdue(state: ApplicationState, due_on: date | None, *, today: date) -> bool:
    """Has the owner's time to answer run out?"""
    return state is ApplicationState.FILED and due_on is not None and today > due_on
