"""Which states an entry may be in when an event comes, and which it is in afterwards. The whole table, no other way."""

from __future__ import annotations

from kuai.address.life.shapes import Entry
from kuai.address.types import EventKind, Level, State
from kuai.kit.errors import Refusal

# (state before, event) -> state after. What is not here is forbidden; what ended comes back by undoing only.
MOVES: dict[tuple[State, EventKind], State] = {
    (State.PLANNED, EventKind.TAKEN_INTO_USE): State.IN_USE,
    (State.PLANNED, EventKind.RENAMED): State.PLANNED,
    (State.PLANNED, EventKind.MOVED): State.PLANNED,
    (State.PLANNED, EventKind.SPLIT): State.SPLIT,
    (State.PLANNED, EventKind.MERGED): State.MERGED,
    (State.PLANNED, EventKind.RENUMBERED): State.RENUMBERED,
    (State.PLANNED, EventKind.DEMOLISHED): State.DEMOLISHED,
    (State.IN_USE, EventKind.RENAMED): State.IN_USE,
    (State.IN_USE, EventKind.MOVED): State.IN_USE,
    (State.IN_USE, EventKind.SPLIT): State.SPLIT,
    (State.IN_USE, EventKind.MERGED): State.MERGED,
    (State.IN_USE, EventKind.RENUMBERED): State.RENUMBERED,
    (State.IN_USE, EventKind.DEMOLISHED): State.DEMOLISHED,
}
# What begins by an event is in this state; what follows a planned entry is planned too.
BEGINS_IN = {
    EventKind.PLANNED: State.PLANNED,
    EventKind.TAKEN_INTO_USE: State.IN_USE,
    EventKind.SPLIT: State.IN_USE,
    EventKind.MERGED: State.IN_USE,
    EventKind.RENUMBERED: State.IN_USE,
}
EVENT_WORDS = {
    EventKind.PLANNED: "规划",
    EventKind.TAKEN_INTO_USE: "启用",
    EventKind.SPLIT: "拆分",
    EventKind.MERGED: "合并",
    EventKind.RENUMBERED: "改号",
    EventKind.RENAMED: "更名",
    EventKind.MOVED: "划转",
    EventKind.DEMOLISHED: "注销",
}
STATE_WORDS = {
    State.PLANNED: "规划中",
    State.IN_USE: "在用",
    State.SPLIT: "已拆分",
    State.MERGED: "已并入别处",
    State.RENUMBERED: "已改号",
    State.DEMOLISHED: "已注销",
}
LEVEL_WORDS = {
    Level.DISTRICT: "区",
    Level.SUBDISTRICT: "街道",
    Level.COMMUNITY: "社区",
    Level.GRID: "网格",
    Level.BUILDING: "楼栋",
    Level.ROOM: "房屋",
}


def state_after(entry: Entry, kind: EventKind) -> State:
    """The state `kind` brings `entry` into; refuses every move that is not in the table."""
    after = MOVES.get((entry.state, kind))
    if after is None:
        ended = "" if entry.is_living else "编码停用后不再变化；"
        raise Refusal(
            "library.move_forbidden",
            f"{entry.address_code} {STATE_WORDS[entry.state]}，不能{EVENT_WORDS[kind]}。",
            next_step=f"{ended}用 kuai library resolve {entry.address_code} 看它的去向。",
        )
    return after
