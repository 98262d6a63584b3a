"""Codes on doors: issued in batches for print, opened by whoever stands there. Private: see the doors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from kuai.blocks.queries import open_blocks
from kuai.guard import access
from kuai.guard.actions import tokenise
from kuai.guard.queries import covers
from kuai.guard.types import Actor, Role, Zone
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.residence.engine.marks import new_door_code, read_door_code
from kuai.services.residence.models import DoorCode, DoorMiss
from kuai.services.residence.types import DoorCodeView, Premises

PURPOSE = "residence_registration"
ISSUERS = frozenset({Role.SUBDISTRICT_CLERK, Role.DATA_STEWARD})
MOST_DOORS = 2_000
# A slip of the finger or two; more tries doors. By address, so a whole shared network may slip together.
MOST_MISSES, MISSES_WITHIN = 20, timedelta(hours=1)


def issue_door_codes(
    store: Store, room_codes: Sequence[str], *, by: Actor, at: datetime
) -> tuple[DoorCodeView, ...]:
    """The codes of these rooms for a print of door sheets, made where there is none. May be repeated: the same codes.

    Refuses other roles, rooms that the build does not know or that lie outside the actor's areas, and too many.
    """
    if by.role not in ISSUERS:
        raise Refusal("door.not_yours", "门牌二维码由街道工作人员或数据管理员印制。")
    wanted = tuple(dict.fromkeys(room_codes))
    if not 0 < len(wanted) <= MOST_DOORS:
        raise Refusal("door.many", f"一次印 1 到 {MOST_DOORS:,} 户。")
    reader = open_blocks(store.current_build())
    views = {}
    for code in wanted:
        block = reader.get_block(code)
        if block.level != "room":
            raise Refusal("door.no_room", "门牌二维码只发给房屋。", next_step="请选楼栋里的房屋。")
        path = reader.path_of(code)
        if not any(covers(area, path) for area in by.areas):
            raise Refusal("door.not_your_area", "有房屋不在你的辖区。")
        views[code] = block.standard_text
    with transaction.atomic():
        known = dict(
            DoorCode.objects.filter(room_code__in=wanted, ended_at__isnull=True).values_list(
                "room_code", "code"
            )
        )
        new = [
            DoorCode(code=new_door_code(), room_code=room, issued_by=by.user_id, issued_at=at)
            for room in wanted
            if room not in known
        ]
        DoorCode.objects.bulk_create(new)
        known |= {one.room_code: one.code for one in new}
        access.record_entry(
            actor=by,
            action="declaration.doors_printed",
            object_kind="room",
            purpose=PURPOSE,
            count=len(wanted),
            at=at,
        )
    return tuple(DoorCodeView(known[room], room, views[room]) for room in wanted)


def end_door_code(code: str, *, by: Actor, at: datetime) -> None:
    """A sheet was torn off or copied: its code opens nothing any more; the next print makes another. Repeatable."""
    if by.role not in ISSUERS:
        raise Refusal("door.not_yours", "门牌二维码由街道工作人员或数据管理员印制。")
    DoorCode.objects.filter(code=read_door_code(code), ended_at__isnull=True).update(ended_at=at)


def open_door(store: Store, code: str, *, address: str, at: datetime) -> Premises:
    """The premises behind a code, nothing of who lives there. The same words for no code, an ended and an ill-formed
    one; an address that misses too often waits."""
    mark = address_mark(store, address)
    recent = DoorMiss.objects.filter(address_mark=mark, missed_at__gt=at - MISSES_WITHIN)
    if recent.count() >= MOST_MISSES:
        raise Refusal(
            "door.wait", "试错的次数太多了，请过一小时再试。", next_step="或打门牌纸上的窗口电话。"
        )
    door = find_door(code)
    if door is None:
        DoorMiss.objects.create(address_mark=mark, missed_at=at)
        raise Refusal(
            "door.unknown",
            "没有这个申报码，或者它已经换了。",
            next_step="请看门牌纸上的 10 位码，或重新扫码。",
        )
    return premises_of(store, door)


def find_door(code: str) -> DoorCode | None:
    """The living code, or None."""
    read = read_door_code(code)
    return DoorCode.objects.filter(code=read, ended_at__isnull=True).first() if read else None


def premises_of(store: Store, door: DoorCode) -> Premises:
    """What the address library says of the room."""
    block = open_blocks(store.current_build()).get_block(door.room_code)
    return Premises(door.code, door.room_code, block.standard_text, block.use)


def address_mark(store: Store, address: str) -> str:
    """A keyed mark of a network address."""
    return mark_of(store, f"address:{address or 'unknown'}")


def mark_of(store: Store, value: str) -> str:
    """A keyed mark of anything, empty for nothing; of a name's key, a phone, an identity number: the core's token."""
    return tokenise(store, zone=Zone.CORE, value=value) or ""
