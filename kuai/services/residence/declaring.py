"""Declarations recorded: who in what capacity, when, by which channel, under which notice. Private: see `actions`.

Nothing here refuses because of what is known of a room; doubts become questions, and nobody is told of others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db import transaction

from kuai.guard import access
from kuai.guard.queries import find_source, is_synthetic_store
from kuai.guard.types import Actor, Role, SourceRegistration, Zone
from kuai.kit.clock import local_day
from kuai.kit.credit_codes import read_credit_code
from kuai.kit.errors import Refusal
from kuai.kit.identity_numbers import IdentityNumber, NumberKind, read_identity_number
from kuai.kit.store import Store
from kuai.services.residence import gateways, leaving, proving, questions, receipts, sealed_values
from kuai.services.residence.door_codes import PURPOSE, find_door, mark_of
from kuai.services.residence.engine.doubts import Seen, find_doubts
from kuai.services.residence.engine.fields import (
    CHILD_AGE_YEARS,
    MOVING_IN,
    OF_LANDLORDS,
    TYPED,
)
from kuai.services.residence.engine.marks import new_number
from kuai.services.residence.engine.names import name_key, require_mobile, require_name
from kuai.services.residence.engine.notice import (
    EMPLOYER_BASIS,
    GUARDIAN_BASIS,
    LEGAL_BASIS,
    NOTICE_VERSION,
)
from kuai.services.residence.firm_contact import find_firm_phone
from kuai.services.residence.models import CodeSent, Declaration, DoorCode, TenantSheet
from kuai.services.residence.on_file import (
    LIVES,
    OnFile,
    count_living,
    find_on_file,
    has_landlord,
)
from kuai.services.residence.types import (
    Act,
    Asked,
    AskedOf,
    Channel,
    Declared,
    Proof,
    QuestionKind,
    Step,
    Tenure,
    Wish,
)

# Said by whoever stands there, about themselves.
IN_PERSON = (Channel.DOOR, Channel.COUNTER)
MACHINE = Actor(user_id="declarations", role=Role.SYSTEM_ADMINISTRATOR)
SOURCE_TITLE = "自主申报（待入库）"


@dataclass(frozen=True)
class Told:
    """A declaration about to be recorded: what was said of which room, and how it was proven."""

    wish: Wish
    room_code: str
    channel: Channel
    proof: Proof
    declarant_mark: str = ""
    tenant_phone: str = ""
    person_code: str = ""
    on_file: OnFile | None = None
    sheet: TenantSheet | None = None
    sealed: tuple[str, int] = ("", 0)
    fields_typed: int | None = None
    notice: str = NOTICE_VERSION


def ask_for_code(
    store: Store,
    door_code: str,
    wish: Wish,
    *,
    address: str,
    at: datetime,
    gateway: gateways.Gateway | None = None,
) -> Asked:
    """Read what was typed and send a one-time code: to the phone, for an employer to the firm's own contact.

    Refuses what is ill-formed, unsaid consent and too many; says nothing of whether anybody is on file.
    """
    door = _require_door(door_code)
    read = read_wish(wish, at=at)
    phone = find_firm_phone(store, read.credit_code) if read.act is Act.EMPLOY else read.phone
    sending = proving.CodeWish(door, read.act.value, phone, wish_mark(store, read))
    return proving.send_code(
        store, sending, address=address, at=at, gateway=gateway or gateways.current_gateway()
    )


def declare(
    store: Store, door_code: str, wish: Wish, *, reference: str, code: str, at: datetime
) -> Declared:
    """Record a declaration whose code was shown; its receipt's mark and number. Refuses a wrong, late or used code,
    and a child's own declaration."""
    door = _require_door(door_code)
    read = read_wish(wish, at=at)
    sent = proving.prove_code(store, reference, code, wish_mark=wish_mark(store, read), at=at)
    if sent.door_id != door.pk:
        raise Refusal("code.other_door", "验证码是为另一户发的。", next_step="请重新扫码。")
    known = _person_of(store, read, sent)
    if known is not None and known.is_child_under_14:
        raise Refusal(
            "declaration.child",
            "未满十四周岁的，由监护人申报。",
            next_step="请监护人扫同一个门牌二维码，选“替孩子申报”。",
        )
    told = Told(
        wish=read,
        room_code=door.room_code,
        channel=Channel.DOOR,
        proof=_proof_of(store, read, sent, known),
        declarant_mark=sent.phone_mark,
        person_code=known.person_code if known else "",
        on_file=known,
    )
    with transaction.atomic():
        made = record(store, told, at=at)
        if read.act is not Act.LEAVE:
            return made
        cases = leaving.contest_home(store, known, door.room_code, number=made.number, at=at)
        return replace(made, cases=cases)


def record(store: Store, told: Told, *, at: datetime) -> Declared:
    """One declaration with its seal, step, questions and receipt, in the caller's transaction."""
    require_sealing_source(at=at)
    wish = told.wish
    number = new_number()
    period, row_no = told.sealed
    if not period and told.channel is not Channel.LOGIN:
        period = number
        sealed_values.seal_values(store, period, [values_of(told)])
    own_phone = wish.phone if wish.act in (Act.LIVE, Act.LEAVE) else told.tenant_phone
    row = Declaration(
        number=number,
        room_code=told.room_code,
        act=wish.act.value,
        tenure=wish.tenure.value if wish.act is Act.LIVE else "",
        channel=told.channel.value,
        proof=told.proof.value,
        notice_version=told.notice,
        legal_basis=basis_of(wish.act),
        declared_at=at,
        since=wish.since,
        declarant_mark=told.declarant_mark,
        name_mark=mark_of(store, name_key(wish.name)),
        phone_mark=mark_of(store, own_phone),
        id_mark=mark_of(store, wish.id_number),
        person_code=told.person_code,
        credit_code=wish.credit_code,
        sealed_period=period,
        sealed_row=row_no,
        is_child_under_14=wish.act is Act.CHILD or _is_child(wish, on=local_day(at)),
        fields_typed=len(TYPED[wish.act]) if told.fields_typed is None else told.fields_typed,
        sheet=told.sheet,
    )
    row.save()
    questions.take_step(row, Step.DECLARED, by="declarant", at=at)
    _ask_about(store, row, told, at=at)
    _hold_against_other_side(store, row, told, at=at)
    mark = "" if told.sheet else receipts.stamp(store, row, kind=wish.act.value, at=at).mark
    access.record_entry(
        actor=None,
        action="declaration.made",
        object_kind="declaration",
        object_refs=(number,),
        purpose=PURPOSE,
        count=1,
        at=at,
        outcome=told.proof.value,
    )
    known = told.on_file
    was_known = known is not None and wish.act is Act.LIVE and known.holds_at(row.room_code, LIVES)
    asked = tuple(one.kind for one in row.questions.all() if one.asked_of == AskedOf.DECLARANT)
    return Declared(number, mark, wish.act, row.room_code, at, was_known, asked)


def read_wish(wish: Wish, *, at: datetime) -> Wish:
    """What was typed, in its one spelling; refuses what is missing or cannot be."""
    if not wish.has_consented:
        raise Refusal("declaration.consent", "请先看告知书，并点选同意。")
    name = require_name(wish.name)
    phone, credit_code = "", ""
    if wish.act is Act.EMPLOY:
        read = read_credit_code(wish.credit_code)
        if not read.is_valid:
            raise Refusal("declaration.credit_code", "统一社会信用代码是 18 位，请核对。")
        credit_code = read.code
    else:
        phone = require_mobile(wish.phone)
    today = local_day(at)
    if wish.act is Act.CHILD and not today.year - CHILD_AGE_YEARS <= wish.birth_year <= today.year:
        raise Refusal("declaration.birth_year", "请选孩子的出生年份（未满十四周岁）。")
    if wish.since is not None and not date(1949, 10, 1) <= wish.since <= today:
        raise Refusal("declaration.since", "起始日期不能晚于今天。")
    return Wish(
        act=wish.act,
        name=name,
        phone=phone,
        credit_code=credit_code,
        tenure=wish.tenure,
        birth_year=wish.birth_year if wish.act is Act.CHILD else 0,
        since=wish.since,
        has_consented=True,
    )


def wish_mark(store: Store, wish: Wish) -> str:
    """What was typed when a code was asked for, as a mark: the code declares this and nothing else."""
    parts = (
        wish.act.value,
        name_key(wish.name),
        wish.phone,
        wish.credit_code,
        str(wish.birth_year),
    )
    return mark_of(store, "|".join(parts))


def values_of(told: Told) -> dict[str, str]:
    """What is sealed of one declaration: of whom it is about, and of a guardian the phone."""
    wish = told.wish
    own = wish.act in (Act.LIVE, Act.LEAVE)
    return {
        "name": wish.name,
        "id_number": wish.id_number,
        "phone": wish.phone if own else told.tenant_phone,
        "guardian_phone": wish.phone if wish.act is Act.CHILD else "",
        "credit_code": wish.credit_code,
        "birth_year": str(wish.birth_year) if wish.birth_year else "",
    }


def basis_of(act: Act) -> str:
    """The legal basis an act is recorded under."""
    return {Act.CHILD: GUARDIAN_BASIS, Act.EMPLOY: EMPLOYER_BASIS}.get(act, LEGAL_BASIS)


def require_sealing_source(*, at: datetime) -> None:
    """The source under which values wait is registered; on a synthetic store it registers itself, on a real one a
    data steward does, with its assessment."""
    if find_source(sealed_values.SOURCE) is not None:
        return
    if not is_synthetic_store():
        raise Refusal(
            "declaration.not_registered",
            "自主申报还没有登记为来源，不能收申报。",
            next_step="请数据管理员登记来源 declared（依据、告知书、影响评估）。",
        )
    registration = SourceRegistration(
        source=sealed_values.SOURCE,
        title=SOURCE_TITLE,
        zone=Zone.CORE,
        handler="街道社区服务窗口",
        legal_basis=LEGAL_BASIS,
        agreement="合成数据",
        permitted_purposes=("record_review", PURPOSE, "rental_management"),
        notice_version=NOTICE_VERSION,
        assessment_id="",
        assessment_approved_on=None,
        retention_days=1096,
        refresh_days=1,
        has_personal_columns=True,
        synthetic=True,
    )
    access.register_source(registration, by=MACHINE, at=at)


def _require_door(code: str) -> DoorCode:
    door = find_door(code)
    if door is None:
        raise Refusal("door.unknown", "没有这个申报码，或者它已经换了。", next_step="请重新扫码。")
    return door


def _person_of(store: Store, wish: Wish, sent: CodeSent) -> OnFile | None:
    """The declarant's own record, where phone and name both lead to it; nobody else's."""
    if wish.act not in (Act.LIVE, Act.LEAVE):
        return None
    return find_on_file(
        store, phone_mark=sent.phone_mark, name_mark=mark_of(store, name_key(wish.name))
    )


def _proof_of(store: Store, wish: Wish, sent: CodeSent, known: OnFile | None) -> Proof:
    if wish.act is Act.EMPLOY:
        return Proof.FIRM_CONTACT
    if wish.act in OF_LANDLORDS:
        room = sent.door.room_code if sent.door else ""
        on_file = questions.is_landlord_of(store, room, phone_mark=sent.phone_mark)
        return Proof.PHONE_ON_FILE if on_file else Proof.PHONE
    return Proof.PHONE_ON_FILE if known is not None else Proof.PHONE


def read_number(wish: Wish, *, on: date) -> IdentityNumber:
    """What the identity number of a sheet's row says; of kind none where there is none."""
    return read_identity_number(wish.id_number, as_of=on)


def _is_child(wish: Wish, *, on: date) -> bool:
    born = read_number(wish, on=on).birth_date
    return born is not None and (
        on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    ) < (CHILD_AGE_YEARS)


def _ask_about(store: Store, row: Declaration, told: Told, *, at: datetime) -> None:
    on = local_day(at)
    number = read_number(told.wish, on=on)
    persons = 1
    if told.wish.act in MOVING_IN and not (
        told.on_file and told.on_file.holds_at(row.room_code, LIVES)
    ):
        declared = Declaration.objects.filter(
            room_code=row.room_code, act__in=[one.value for one in MOVING_IN]
        ).exclude(steps__step__in=(Step.WITHDRAWN.value, Step.REFUTED.value))
        persons = (
            count_living(store, row.room_code) + declared.values("name_mark").distinct().count()
        )
    seen = Seen(
        act=told.wish.act,
        has_number=number.kind is not NumberKind.NONE,
        number_holds=number.is_valid or number.kind in (NumberKind.FOREIGN, NumberKind.OTHER),
        born_on=number.birth_date,
        persons=persons,
        is_verified_elsewhere=bool(
            told.on_file and told.on_file.lives_verified_elsewhere(row.room_code)
        ),
    )
    for kind in find_doubts(seen, on=on):
        # How many live in a room is nobody's to find out by declaring one name after the other.
        is_crowd = kind is QuestionKind.OVER_OCCUPANCY
        questions.ask(row, kind, of=AskedOf.STAFF if is_crowd else AskedOf.DECLARANT, at=at)


def _hold_against_other_side(store: Store, row: Declaration, told: Told, *, at: datetime) -> None:
    """Landlord and tenant: the same said by both is agreed, what one says is asked of the other, and who says that the
    other left asks them. Nothing of anybody's is ended here, and nobody is both sides."""
    act = told.wish.act
    if act is Act.TENANT_LEFT:
        other = _latest(row, (Act.LIVE, Act.CHILD, Act.LEAVE))
        if other is not None and other.act == Act.LEAVE.value:
            questions.take_step(row, Step.AGREED, by="tenant", at=at)
            return
        questions.ask(row, QuestionKind.TENANT_LEFT, of=AskedOf.TENANT, at=at, other=other)
    elif act in OF_LANDLORDS:
        other = _latest(row, (Act.LIVE,))
        is_same = other is not None and other.tenure == Tenure.RENT.value
        if other is not None and is_same and _other_phone(row, other):
            _agree(store, tenant=other, landlord=row, at=at)
        else:
            questions.ask(row, QuestionKind.TENANT_CONFIRMS, of=AskedOf.TENANT, at=at, other=other)
    elif act is Act.LIVE and told.wish.tenure is Tenure.RENT and told.channel in IN_PERSON:
        questions.ask(row, QuestionKind.LANDLORD_CONFIRMS, of=AskedOf.LANDLORD, at=at)
        other = _latest(row, (Act.LET, Act.SUBLET, Act.AGENT))
        if other is not None and _other_phone(row, other):
            _agree(store, tenant=row, landlord=other, at=at)


def _agree(store: Store, *, tenant: Declaration, landlord: Declaration, at: datetime) -> None:
    """The tenant's own word confirms the landlord's; the landlord's confirms the tenant's, unless somebody else is on
    file as letting this room: they are asked still."""
    questions.agree(landlord, by="tenant", at=at)
    if landlord.proof == Proof.PHONE_ON_FILE.value or not has_landlord(store, tenant.room_code):
        questions.agree(tenant, by="landlord", at=at)


def _other_phone(first: Declaration, second: Declaration) -> bool:
    return bool(first.declarant_mark) and first.declarant_mark != second.declarant_mark


def _latest(row: Declaration, acts: tuple[Act, ...]) -> Declaration | None:
    """The newest declaration of this room about somebody of the same name."""
    same = Declaration.objects.filter(
        room_code=row.room_code, name_mark=row.name_mark, act__in=[one.value for one in acts]
    )
    others = same.exclude(pk=row.pk).exclude(
        steps__step__in=(Step.WITHDRAWN.value, Step.REFUTED.value)
    )
    return others.order_by("-pk").first()
