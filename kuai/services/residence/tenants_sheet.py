"""A landlord declares many tenants by Excel: every row is checked first, the good ones are recorded in one
transaction, the others go back with their reasons, and the sums hold. Private: see `actions`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction

from kuai.blocks.queries import open_blocks
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.folding import fold_code
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.services.residence import declaring, gateways, proving, receipts, sealed_values
from kuai.services.residence.door_codes import find_door, mark_of
from kuai.services.residence.engine import sheet_form
from kuai.services.residence.engine.marks import new_number
from kuai.services.residence.engine.names import name_key, require_mobile, require_name
from kuai.services.residence.engine.sheet_form import FormLine
from kuai.services.residence.models import CodeSent, Declaration, TenantSheet
from kuai.services.residence.questions import is_landlord_of
from kuai.services.residence.types import (
    Act,
    Asked,
    Channel,
    Proof,
    SheetFault,
    SheetTaken,
    Step,
    Wish,
)

ACT = "sheet"
ACTS = (Act.LET, Act.SUBLET, Act.AGENT)
MOST_HITS = 20
MOST_SHEETS, SHEETS_WITHIN = 10, timedelta(hours=1)


@dataclass(frozen=True)
class _Row:
    line: FormLine
    room: str
    channel: Channel
    wish: Wish
    tenant_phone: str


def ask_for_sheet_code(
    store: Store,
    phone: str,
    *,
    address: str,
    at: datetime,
    gateway: gateways.Gateway | None = None,
) -> Asked:
    """Send the landlord a code before a sheet is taken; as for a door."""
    number = require_mobile(phone)
    wish = proving.CodeWish(None, ACT, number, _mark(store, number))
    return proving.send_code(
        store, wish, address=address, at=at, gateway=gateway or gateways.current_gateway()
    )


def prove_sheet_code(
    store: Store, reference: str, code: str, *, phone: str, at: datetime
) -> CodeSent:
    """The proof under which sheets may be handed in for a quarter of an hour."""
    mark = _mark(store, require_mobile(phone))
    return proving.prove_code(store, reference, code, wish_mark=mark, at=at)


def take_sheet(
    store: Store,
    content: bytes,
    *,
    file: str,
    act: Act,
    reference: str,
    has_consented: bool,
    at: datetime,
) -> SheetTaken:
    """Take in a filled form. Refuses without a fresh proof, and a file that is none; a faulty row goes back alone.

    A row that was declared before by the same landlord (room and person) goes back as such: handing in twice adds
    nothing.
    """
    proof = proving.find_proof(reference, at=at)
    if proof.act != ACT:
        raise Refusal("code.again", "请先用手机号收一次验证码。")
    if not has_consented:
        raise Refusal("declaration.consent", "请先看告知书，并点选同意。")
    if act not in ACTS:
        raise Refusal("sheet.act", "请选您是房东、二房东还是中介。")
    _require_few_sheets(proof, at=at)
    lines = sheet_form.read_lines(content, file=file)
    good: list[_Row] = []
    bad: list[tuple[FormLine, str]] = []
    seen: set[tuple[str, str, str]] = set()
    for line in lines:
        try:
            row = _read(store, line, act=act, at=at)
            _require_new(store, row, proof, seen)
        except Refusal as refusal:
            bad.append((line, str(refusal)))
        else:
            good.append(row)
    receipt = Receipt("sheet", received=len(lines), kept=len(good), refused=len(bad))
    number, mark = _record(store, good, receipt, proof=proof, act=act, at=at)
    if bad:
        sealed_values.seal_returned(store, number, sheet_form.write_returned(bad))
    return SheetTaken(
        number=number,
        mark=mark,
        receipt=receipt,
        faults=tuple(SheetFault(line.sheet_row, reason) for line, reason in bad),
    )


def read_returned_sheet(store: Store, number: str) -> bytes:
    """The refused rows of a sheet with their reasons, as XLSX; the caller makes sure who asks. Empty if none."""
    return sealed_values.read_returned(store, number)


def get_sheet_sums(number: str) -> Receipt:
    """The sums of a sheet that was taken in."""
    row = TenantSheet.objects.filter(number=number).first()
    if row is None:
        raise Refusal("sheet.none", "没有这份申报表。")
    return Receipt("sheet", received=row.received, kept=row.kept, refused=row.refused)


def _record(
    store: Store,
    good: list[_Row],
    receipt: Receipt,
    *,
    proof: CodeSent,
    act: Act,
    at: datetime,
) -> tuple[str, str]:
    number = new_number("S")
    with transaction.atomic():
        sheet = TenantSheet(
            number=number,
            act=act.value,
            declarant_mark=proof.phone_mark,
            handed_in_at=at,
            received=receipt.received,
            kept=receipt.kept,
            refused=receipt.refused,
        )
        sheet.save()
        declaring.require_sealing_source(at=at)
        told = [
            declaring.Told(
                wish=row.wish,
                room_code=row.room,
                channel=row.channel,
                proof=_proof(store, row.room, proof),
                declarant_mark=proof.phone_mark,
                tenant_phone=row.tenant_phone,
                sheet=sheet,
                sealed=(number, place),
                fields_typed=sum(1 for cell in row.line.cells if cell),
            )
            for place, row in enumerate(good)
        ]
        if told:
            sealed_values.seal_values(store, number, [declaring.values_of(one) for one in told])
        for one in told:
            declaring.record(store, one, at=at)
        return number, receipts.stamp(store, sheet, kind=receipts.SHEET_KIND, at=at).mark


def _read(store: Store, line: FormLine, *, act: Act, at: datetime) -> _Row:
    if line.fault:
        raise Refusal("sheet.cell", line.fault)
    cells = line.cells
    phone = require_mobile(cells[sheet_form.PHONE]) if cells[sheet_form.PHONE] else ""
    wish = Wish(
        act=act,
        name=require_name(cells[sheet_form.NAME]),
        id_number=_number_in(cells[sheet_form.ID_NUMBER]),
        since=_day_in(cells[sheet_form.SINCE], today=local_day(at)),
        has_consented=True,
    )
    room, channel = _room_in(store, cells[sheet_form.ROOM])
    return _Row(line, room, channel, wish, phone)


def _number_in(cell: str) -> str:
    number = fold_code(cell)
    if number and not 6 <= len(number) <= 18:
        raise Refusal("sheet.number", "证件号码太长或太短，请核对（要设成文本格式）。")
    if number.isdecimal() and len(number) == 18 and number.endswith("000"):
        raise Refusal(
            "sheet.rounded", "证件号码的后三位成了 000：Excel 把它当数字了，请设成文本再写。"
        )
    return number


def _day_in(cell: str, *, today: date) -> date:
    if not cell:
        return today
    try:
        day = date.fromisoformat(cell.replace("/", "-").replace(".", "-"))
    except ValueError as fault:
        raise Refusal("sheet.day", "起租日期写成 2026-11-01 这样的样子。") from fault
    if not date(1980, 1, 1) <= day <= today:
        raise Refusal("sheet.day", "起租日期不能晚于今天。")
    return day


def _room_in(store: Store, cell: str) -> tuple[str, Channel]:
    door = find_door(cell)
    if door is not None:
        return door.room_code, Channel.SHEET
    reader = open_blocks(store.current_build())
    # The search opens a building by a room number at the end, not by the word for a room behind it.
    asked = cell.rstrip("房室")
    hits = reader.search_places(asked, limit=MOST_HITS) if len(asked) > 5 else ()
    exact = [one.code for one in hits if one.level == "room" and one.text == cell]
    if len(exact) != 1:
        raise Refusal(
            "sheet.room", "申报码或标准地址不对：申报码是 10 位，地址要与地址库一字不差。"
        )
    return exact[0], Channel.SHEET_BY_ADDRESS


def _require_new(store: Store, row: _Row, proof: CodeSent, seen: set[tuple[str, str, str]]) -> None:
    number = mark_of(store, row.wish.id_number)
    name = mark_of(store, name_key(row.wish.name))
    if (row.room, name, number) in seen:
        raise Refusal("sheet.twice", "这一行在表里写了两遍。")
    seen.add((row.room, name, number))
    declared = Declaration.objects.filter(
        room_code=row.room,
        name_mark=name,
        id_mark=number,
        act=row.wish.act.value,
        declarant_mark=proof.phone_mark,
    )
    if declared.exclude(steps__step=Step.WITHDRAWN.value).exists():
        raise Refusal("sheet.again", "您以前申报过这一位，不用再报。")


def _require_few_sheets(proof: CodeSent, *, at: datetime) -> None:
    """A sheet tries 500 codes and addresses at once: a few corrected ones an hour are a landlord's, more are not."""
    recent = TenantSheet.objects.filter(
        declarant_mark=proof.phone_mark, handed_in_at__gt=at - SHEETS_WITHIN
    )
    if recent.count() >= MOST_SHEETS:
        raise Refusal("sheet.wait", "交得太勤了，请过一小时再交。")


def _proof(store: Store, room: str, proof: CodeSent) -> Proof:
    on_file = is_landlord_of(store, room, phone_mark=proof.phone_mark)
    return Proof.PHONE_ON_FILE if on_file else Proof.PHONE


def _mark(store: Store, phone: str) -> str:
    return mark_of(store, f"{ACT}|{phone}")
