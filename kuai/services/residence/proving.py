"""One-time codes: six digits, ten minutes, five tries, few an hour by room, phone and address. Private.

Nothing here says whether a number is on file: what is asked, said and waited for is the same.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.services.residence.door_codes import address_mark, mark_of
from kuai.services.residence.gateways import CODE_TEXT, Gateway
from kuai.services.residence.models import CodeSent, DoorCode
from kuai.services.residence.types import Asked

CODE_DIGITS = 6
LASTS = timedelta(minutes=10)
MOST_TRIES = 5
# How long after it was proven what follows may be done with it.
PROOF_LASTS = timedelta(minutes=15)
WITHIN = timedelta(hours=1)
# A family at one door, a phone that misses a message, an office behind one address.
MOST_BY_PHONE, MOST_BY_ROOM, MOST_BY_ADDRESS = 4, 12, 40
# Nobody's phone rings all day because somebody else types its number.
MOST_BY_PHONE_DAILY, DAY = 10, timedelta(days=1)


@dataclass(frozen=True)
class CodeWish:
    """For what a code is asked: the door, the act, where it goes (empty: nowhere), and a mark of what was typed."""

    door: DoorCode | None
    act: str
    phone: str
    wish_mark: str


def send_code(
    store: Store, wish: CodeWish, *, address: str, at: datetime, gateway: Gateway
) -> Asked:
    """Send a code, or nothing where there is nobody to send it to: the answer is the same. Refuses too many."""
    phone_mark = mark_of(store, wish.phone)
    # What has nowhere to go is counted by what was typed, else it could be told by its limit.
    counted = phone_mark or mark_of(store, f"wish:{wish.wish_mark}")
    network = address_mark(store, address)
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    sent = CodeSent(
        reference=uuid.uuid4(),
        door=wish.door,
        act=wish.act,
        phone_mark=counted,
        address_mark=network,
        wish_mark=wish.wish_mark,
        sent_at=at,
        ends_at=at + LASTS,
    )
    # A code that went nowhere is never right, whoever guesses it.
    sent.code_mark = (
        _code_mark(store, sent, code) if wish.phone else mark_of(store, uuid.uuid4().hex)
    )
    with transaction.atomic():
        _require_few(wish.door, counted, network, at=at)
        sent.save(force_insert=True)
    if wish.phone:
        gateway(wish.phone, CODE_TEXT.format(code=code))
    return Asked(str(sent.reference), sent.ends_at)


def prove_code(
    store: Store, reference: str, code: str, *, wish_mark: str, at: datetime
) -> CodeSent:
    """The row whose code was shown in time, for what was typed then. Refuses with one sentence whatever is wrong."""
    sent = CodeSent.objects.filter(reference=_uuid_of(reference)).first()
    wrong = Refusal(
        "code.wrong",
        "验证码不对，或已经过期。",
        next_step="请核对短信里的 6 位数字；过了 10 分钟要重新获取。",
    )
    if sent is None or sent.used_at is not None or sent.wish_mark != wish_mark:
        raise wrong
    # Counted before it is compared, in one statement: two at a time do not make six tries.
    may_try = CodeSent.objects.filter(pk=sent.pk, tries__lt=MOST_TRIES, ends_at__gt=at)
    if not may_try.update(tries=F("tries") + 1):
        raise wrong
    if not hmac.compare_digest(sent.code_mark, _code_mark(store, sent, code.strip())):
        raise wrong
    if not CodeSent.objects.filter(pk=sent.pk, used_at__isnull=True).update(
        proven_at=at, used_at=at
    ):
        raise wrong
    sent.refresh_from_db()
    return sent


def find_proof(reference: str, *, at: datetime) -> CodeSent:
    """A code proven a short while ago; refuses else. For what follows on the next page."""
    sent = CodeSent.objects.filter(reference=_uuid_of(reference), proven_at__isnull=False).first()
    if sent is None or sent.proven_at is None or at - sent.proven_at > PROOF_LASTS:
        raise Refusal(
            "code.again", "这一步放得太久了。", next_step="请重新扫门牌二维码，再收一次验证码。"
        )
    return sent


def _require_few(door: DoorCode | None, phone_mark: str, network: str, *, at: datetime) -> None:
    recent = CodeSent.objects.filter(sent_at__gt=at - WITHIN)
    counted = (
        (recent.filter(phone_mark=phone_mark), MOST_BY_PHONE),
        (recent.filter(door=door) if door else recent.none(), MOST_BY_ROOM),
        (recent.filter(address_mark=network), MOST_BY_ADDRESS),
        (
            CodeSent.objects.filter(sent_at__gt=at - DAY, phone_mark=phone_mark),
            MOST_BY_PHONE_DAILY,
        ),
    )
    if any(rows.count() >= most for rows, most in counted):
        raise Refusal(
            "code.wait", "验证码要得太勤了，请过一小时再试。", next_step="急办请到社区服务窗口。"
        )


def _code_mark(store: Store, sent: CodeSent, code: str) -> str:
    return mark_of(store, f"code:{sent.reference}:{code}")


def _uuid_of(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
