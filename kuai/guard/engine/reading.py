"""May this actor read these fields of this person by this ticket? One decision, pure, every refusal with its code.

The ticket comes from the database, never from the caller; whether its work is still open, from the room that
owns the work. See docs/decisions on tickets and zones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kuai.guard.engine.areas import covers_any
from kuai.guard.engine.purposes import require_purpose
from kuai.guard.types import Actor, Role, Ticket, TicketKind, Zone
from kuai.kit.errors import Refusal
from kuai.kit.tables import Sensitivity, effective_level

# What lies sealed of a person, as the table `identity` declares it.
FIELD_LEVELS: Mapping[str, Sensitivity] = {
    "name": Sensitivity.L3,
    "id_number": Sensitivity.L4,
    "phone": Sensitivity.L3,
}

# Not a value to be revealed: the relations a person had and when, which the registry tells by code.
HISTORY = "history"
# Nor this: the cells of the refused rows of one delivery, whose people nobody could read (0031).
REFUSED_ROWS = "refused_rows"
# Nor these of a registered form (0038): what its list tells beside the vault, and a yes or no of the care zone.
DELIVER_HOME = "deliver_home"
LIST_FIELDS = frozenset({"birth_date", "sex", "address", "employer", "relation", DELIVER_HOME})
# What a ticket may name.
TICKET_FIELDS = frozenset({*FIELD_LEVELS, HISTORY, REFUSED_ROWS, *LIST_FIELDS})

# What a reference may look like. Anything else was typed, not followed, and might itself be personal.
KIND_SHAPE = re.compile(r"^[a-z_]{1,32}$")
CODE_SHAPE = re.compile(r"^[A-Z]-[0-9A-Z]{4,12}-[0-9A-Z*~$=]$")

# One zone a role, so that no login can join two. A role that is not here reads no person at all.
ZONE_OF_ROLE: Mapping[Role, Zone] = {
    Role.DATA_STEWARD: Zone.CORE,
    Role.SUBDISTRICT_CLERK: Zone.CORE,
    Role.GRID_WORKER: Zone.CORE,
    Role.DEPARTMENT_CLERK: Zone.CORE,
    Role.OFFICER: Zone.CORE,
    Role.CHECKER: Zone.CORE,
    Role.RESIDENT: Zone.CORE,
    Role.CHILD_WELFARE_WORKER: Zone.CORE,
    Role.CARE_WORKER: Zone.CARE,
    Role.DISPATCHER: Zone.REPORTERS,
}

# Identity numbers and anything of a child: a grid worker at the door needs neither.
ROLES_FOR_L4 = frozenset(
    {
        Role.DATA_STEWARD,
        Role.DEPARTMENT_CLERK,
        Role.OFFICER,
        Role.CARE_WORKER,
        Role.RESIDENT,
        Role.CHILD_WELFARE_WORKER,
    }
)


@dataclass(frozen=True)
class SealedMention:
    """Where one naming of a person lies in the vault."""

    zone: Zone
    source: str
    period: str
    row_no: int
    mention_key: str


@dataclass(frozen=True)
class ResolvedSubject:
    """What the room that owns a person tells the guard of them: mentions (best first), places, child or not."""

    mentions: tuple[SealedMention, ...]
    area_paths: tuple[str, ...]
    is_child_under_14: bool


@dataclass(frozen=True)
class ReadingDecision:
    """Which of the asked fields come out clear and which masked, in the order asked."""

    clear: tuple[str, ...]
    masked: tuple[str, ...]


def split_ref(ref: str) -> tuple[str, str]:
    """("person", "P-...") of "person:P-..."."""
    kind, separator, code = ref.partition(":")
    if not separator or not KIND_SHAPE.match(kind) or not CODE_SHAPE.match(code):
        raise Refusal("access.ref", "对象引用的形式不对，应为“种类:编码”。")
    return kind, code


def require_live_ticket(ticket: Ticket, *, holder: Actor, at: datetime, work_is_open: bool) -> None:
    """Refuse a ticket of somebody else, not begun, over, or whose work has been closed."""
    if ticket.holder != holder.user_id:
        raise Refusal("ticket.not_yours", "这张工单凭据不是发给你的。")
    if at < ticket.begins_at:
        raise Refusal("ticket.not_begun", "这张凭据还没有生效。")
    if at >= ticket.ends_at:
        raise Refusal(
            "ticket.expired", "这张凭据已经过期。", next_step="在还没办结的工作里重新打开。"
        )
    if not work_is_open:
        raise Refusal("ticket.work_closed", "发出这张凭据的工作已经办结，凭据随之失效。")


def decide_reading(
    ref: str,
    fields: Sequence[str],
    *,
    reader: Actor,
    ticket: Ticket,
    subject: ResolvedSubject,
) -> ReadingDecision:
    """Clear only what the live ticket names and the role may see, else masked; refuses the rest with its reason."""
    _require_known_fields(fields)
    if ticket.kind is TicketKind.BREAK_GLASS:
        raise Refusal("ticket.headcount_only", "应急凭据只给人数，不给任何人的资料。")
    if ref not in ticket.subjects:
        raise Refusal("ticket.other_person", "这张凭据不是为这个人开的。")
    purpose = require_purpose(ticket.purpose)
    if reader.role not in purpose.roles:
        raise Refusal("access.role", f"你的角色不办理“{purpose.title_zh}”。")
    _require_zone(reader, subject)
    _require_area(ref, reader=reader, ticket=ticket, subject=subject)
    return _sort_fields(fields, reader=reader, ticket=ticket, subject=subject)


def _require_known_fields(fields: Sequence[str]) -> None:
    if not fields:
        raise Refusal("access.no_field", "没有说要看哪些字段。")
    unknown = [field for field in fields if field not in FIELD_LEVELS]
    if unknown:
        raise Refusal("access.unknown_field", f"没有这些字段：{'、'.join(unknown)}。")


def _require_zone(reader: Actor, subject: ResolvedSubject) -> None:
    allowed = ZONE_OF_ROLE.get(reader.role)
    if any(mention.zone is not allowed for mention in subject.mentions):
        raise Refusal("access.zone", "你的角色不能进入这些资料所在的分区。")


def _require_area(ref: str, *, reader: Actor, ticket: Ticket, subject: ResolvedSubject) -> None:
    if ticket.kind is TicketKind.OWN_DATA:
        if split_ref(ref)[1] != reader.person_code:
            raise Refusal("access.not_own", "这里只能查看你本人的资料。")
    elif not covers_any(reader.areas, subject.area_paths):
        raise Refusal("access.area", "这个人不在你负责的区域内。")


def _sort_fields(
    fields: Sequence[str], *, reader: Actor, ticket: Ticket, subject: ResolvedSubject
) -> ReadingDecision:
    clear = tuple(
        field
        for field in fields
        if field in ticket.fields and _may_see_clear(field, reader, subject)
    )
    masked = tuple(field for field in fields if field not in clear)
    # A masked value of a child is still a value of a child.
    if subject.is_child_under_14 and masked:
        raise Refusal(
            "access.child",
            "这是未满十四周岁儿童的资料：凭据要写明字段，并且角色可以查看最高级别的资料。",
        )
    return ReadingDecision(clear=clear, masked=masked)


def _may_see_clear(field: str, reader: Actor, subject: ResolvedSubject) -> bool:
    level = effective_level(FIELD_LEVELS[field], is_child_under_14=subject.is_child_under_14)
    return level < Sensitivity.L4 or reader.role in ROLES_FOR_L4
