"""Declared at a service window: a clerk writes down what somebody says who stands there with their papers. Private.

For whoever has no phone or cannot use one. The clerk saw a paper; what was said is asserted all the same, the clerk's
name stands in the ledger, and whoever left a phone is told that it was done in their name.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from django.db import transaction

from kuai.blocks.queries import open_blocks
from kuai.guard import access
from kuai.guard.queries import covers_any
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.identity_numbers import NumberKind, read_identity_number
from kuai.kit.store import Store
from kuai.services.residence import declaring, gateways, questions
from kuai.services.residence.declaring import Told
from kuai.services.residence.door_codes import PURPOSE, mark_of
from kuai.services.residence.engine.doubts import years_old
from kuai.services.residence.engine.fields import CHILD_AGE_YEARS
from kuai.services.residence.engine.names import name_key, require_mobile, require_name
from kuai.services.residence.engine.notice import COUNTER_NOTICE_VERSION
from kuai.services.residence.on_file import OnFile, find_on_file
from kuai.services.residence.types import (
    Act,
    Channel,
    Paper,
    Premises,
    Proof,
    TakenAtCounter,
    Wish,
)

# Who sits at a service window. A grid worker at a door lends nobody's word their own pen: the door has its code.
WINDOW_ROLES = frozenset({Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK})
ACTS = (Act.LIVE, Act.CHILD, Act.LET, Act.LEAVE)
# Whom a phone alone ties to what is said: a landlord to the room, a guardian to the child, who leaves to who came.
NEEDS_PHONE = frozenset({Act.CHILD, Act.LET, Act.LEAVE})
# Their check rules are not public: that somebody looked at the pass is all that can be asked.
UNCHECKED = frozenset({NumberKind.FOREIGN, NumberKind.OTHER})
EARLIEST = date(1949, 10, 1)
TOLD_TEXT = "【自主申报】有人拿证件在窗口用这个号码作了申报。不是您本人，请到社区服务窗口撤回。"


def open_at_counter(store: Store, room_code: str, *, by: Actor) -> Premises:
    """The premises facts of one room of the clerk's area, nothing of who lives there. Refuses others' rooms."""
    if by.role not in WINDOW_ROLES:
        raise Refusal("counter.not_yours", "窗口申报由街道和部门窗口的工作人员录入。")
    reader = open_blocks(store.current_build())
    block = reader.get_block(room_code)
    if block.level != "room":
        raise Refusal(
            "counter.no_room", "申报要写到一套房。", next_step="请选楼栋里的房屋，不选楼栋。"
        )
    if not covers_any(by.areas, (reader.path_of(room_code),)):
        raise Refusal("counter.not_your_area", "这套房不在你的辖区。")
    return Premises(
        door_code="", room_code=room_code, standard_text=block.standard_text, use=block.use
    )


def born_on_by(id_number: str, *, on: date) -> date | None:
    """The birth date that a right identity number says; None for every other text."""
    read = read_identity_number(id_number, as_of=on)
    return read.birth_date if read.is_valid else None


def declare_at_counter(
    store: Store,
    room_code: str,
    wish: Wish,
    *,
    paper: Paper,
    by: Actor,
    at: datetime,
    gateway: gateways.Gateway | None = None,
) -> TakenAtCounter:
    """Record what somebody said at the window who showed a paper; entered in the ledger under the clerk.

    Refuses other roles and areas, unsaid consent, a number that cannot be, and whom neither number nor phone tells.
    """
    room = open_at_counter(store, room_code, by=by)
    read = read_counter_wish(wish, at=at)
    phone_mark = mark_of(store, read.phone)
    known = _person_of(store, read, phone_mark)
    told = Told(
        wish=read,
        room_code=room.room_code,
        channel=Channel.COUNTER,
        proof=_proof_of(store, read, room_code, phone_mark),
        declarant_mark=phone_mark,
        person_code=known.person_code if known else "",
        on_file=known,
        fields_typed=sum(1 for one in (read.name, read.id_number, read.phone) if one),
        notice=COUNTER_NOTICE_VERSION,
    )
    with transaction.atomic():
        made = declaring.record(store, told, at=at)
        access.record_entry(
            actor=by,
            action="declaration.taken_at_counter",
            object_kind="declaration",
            object_refs=(made.number,),
            purpose=PURPOSE,
            count=1,
            at=at,
            outcome=paper.value,
        )
    return TakenAtCounter(made, is_told=_tell(read.phone, gateway))


def read_counter_wish(wish: Wish, *, at: datetime) -> Wish:
    """What was written down, in its one spelling; refuses what is missing or cannot be."""
    today = local_day(at)
    if wish.act not in ACTS:
        raise Refusal("declaration.act", "窗口不收这种申报。", next_step="请用门牌上的二维码。")
    if not wish.has_consented:
        raise Refusal("declaration.consent", "请把告知书念给本人听，本人同意后再点选。")
    phone = require_mobile(wish.phone) if wish.phone.strip() else ""
    if wish.act in NEEDS_PHONE and not phone:
        raise Refusal("declaration.phone", "这种申报要留申报人的手机号。")
    number = read_identity_number(wish.id_number, as_of=today)
    if not phone and number.kind is NumberKind.NONE:
        raise Refusal("declaration.no_key", "证件号码和手机号至少要写一样。")
    has_number = number.kind is not NumberKind.NONE
    if has_number and not number.is_valid and number.kind not in UNCHECKED:
        raise Refusal(
            "declaration.id_number",
            "证件号码不对，照着证件再核对一次。",
            next_step="多半是写错或写漏一位。",
        )
    if wish.since is not None and not EARLIEST <= wish.since <= today:
        raise Refusal("declaration.since", "起始日期不能晚于今天。")
    return replace(
        wish,
        name=require_name(wish.name),
        phone=phone,
        id_number=number.number,
        birth_year=_birth_year(wish, number.birth_date, on=today),
        credit_code="",
    )


def _birth_year(wish: Wish, born_on: date | None, *, on: date) -> int:
    """Of a child the year of birth; 0 of others. Refuses a child who declares, and a grown-up declared as a child."""
    is_child = born_on is not None and years_old(born_on, on) < CHILD_AGE_YEARS
    if wish.act is not Act.CHILD:
        if is_child and wish.act is not Act.LET:
            raise Refusal(
                "declaration.child",
                "未满十四周岁的，由监护人申报。",
                next_step="请选“替孩子申报”，写监护人的手机号。",
            )
        return 0
    year = born_on.year if born_on else wish.birth_year
    if (born_on and not is_child) or not on.year - CHILD_AGE_YEARS <= year <= on.year:
        raise Refusal("declaration.birth_year", "请选孩子的出生年份（未满十四周岁）。")
    return year


def _person_of(store: Store, wish: Wish, phone_mark: str) -> OnFile | None:
    if wish.act not in (Act.LIVE, Act.LEAVE):
        return None
    return find_on_file(store, phone_mark=phone_mark, name_mark=mark_of(store, name_key(wish.name)))


def _proof_of(store: Store, wish: Wish, room_code: str, phone_mark: str) -> Proof:
    """A landlord on file for the room counts as at the door; a paper seen says who somebody is, not that they let."""
    is_landlord = wish.act is Act.LET and questions.is_landlord_of(
        store, room_code, phone_mark=phone_mark
    )
    return Proof.PHONE_ON_FILE if is_landlord else Proof.PAPER_SEEN


def _tell(phone: str, gateway: gateways.Gateway | None) -> bool:
    """Whoever's number it is learns that it was used; False where there is none, or no way to send."""
    if not phone:
        return False
    try:
        send = gateway or gateways.current_gateway()
    except Refusal:
        return False
    send(phone, TOLD_TEXT)
    return True
