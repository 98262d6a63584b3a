"""Which login is which person: bound by an officer who has the person before them, never by a search for a name.

The login may come from us or, later, from an identity provider: what is bound is the login's name to a person's code
and to the record the officer had open. Needs Django; its door is `access`. Decision 0030.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import randbelow

from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from kuai.guard.accounts import BINDING_ENDED, SYSTEM, end_living_binding
from kuai.guard.engine.reading import CODE_SHAPE
from kuai.guard.ledger import record_entry
from kuai.guard.models import Account, BindingCode, ResidentBinding, SourceRecord
from kuai.guard.tickets import get_live_ticket
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal

# Who stands at a counter or a door and sees whom they serve.
BINDERS = frozenset({Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK})
# What the officer was shown; nothing of what stands in it is kept.
EVIDENCE = ("id_card", "household_book", "residence_permit", "passport")
SEEDED = "seed"
CODE_LASTS = timedelta(minutes=10)
CODE_DIGITS = 8
MOST_TRIES = 5


@dataclass(frozen=True)
class Binding:
    """A login's living binding. `record`: the record by which the person was known when it was made."""

    username: str
    person_code: str
    record: str
    evidence: str
    bound_by: str
    bound_at: datetime


def show_binding_code(actor: Actor, *, at: datetime) -> str:
    """A code for the login's own page, to be said at the counter: that its holder is the one who stands there.

    Ten minutes, once, five tries; a new one ends the one before. Refuses staff and a login that is somebody's.
    """
    if actor.role is not Role.RESIDENT or find_binding(actor) is not None:
        raise Refusal("binding.taken", "这个登录已经核对过，不用再核对。")
    code = f"{randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    BindingCode.objects.update_or_create(
        username=actor.user_id,
        defaults={"digest": _digest_of(actor.user_id, code), "shown_at": at, "tries": 0},
    )
    return code


def bind_resident(
    username: str,
    person_code: str,
    *,
    code: str,
    record: str,
    evidence: str,
    ticket_id: str,
    by: Actor,
    at: datetime,
) -> Binding:
    """Bind a resident's login to the person of the officer's live ticket, who stands before them with a document and
    the code that their login shows.

    Refuses other roles, a ticket that does not name the person, no document, a wrong, old or worn-out code, a login
    that is bound to somebody, a person who has a login. Entered in the ledger about the person, a wrong code too.
    """
    if by.role not in BINDERS:
        raise Refusal("binding.not_yours", "居民登录由见到本人的街道或部门工作人员核对。")
    if evidence not in EVIDENCE:
        raise Refusal("binding.evidence", "请选核对了哪种证件。")
    ticket = get_live_ticket(ticket_id, holder=by, at=at)
    if f"person:{person_code}" not in ticket.subjects:
        raise Refusal("ticket.other_person", "这张凭据不是为这个人开的。")
    if not _is_code_of(username, code, at=at):
        _enter("binding.tried", person_code, by=by, ticket=ticket_id, at=at)
        # The same words for no login, one of staff, and every fault of the code: which logins there are is not told.
        raise Refusal(
            "binding.code",
            "登录名或核对码不对，或核对码已失效。",
            next_step="请本人在自己的登录里重新取一个核对码。",
        )
    with transaction.atomic():
        made = _bind(
            Binding(username, person_code, record, evidence, by.user_id, at),
            by=by,
            ticket=ticket_id,
        )
        BindingCode.objects.filter(username=username).delete()
    return made


def seed_resident(username: str, person_code: str, *, record: str, at: datetime) -> Binding:
    """Bind a demo login to an invented person. Refused on a store that knows real people; repeating adds nothing."""
    if SourceRecord.objects.filter(synthetic=False).exists():
        raise Refusal("account.demo_refused", "演示账号只能建在合成数据的库里，这个库有真实来源。")
    known = _living(username)
    if known is not None and known.person_code == person_code:
        return known
    if known is not None:
        end_binding(username, by=SYSTEM, at=at)
    return _bind(
        Binding(username, person_code, record, SEEDED, SYSTEM.user_id, at), by=SYSTEM, ticket=""
    )


def end_binding(username: str, *, by: Actor, at: datetime) -> None:
    """The login is nobody's any more: by its holder or the security administrator. Repeatable."""
    may = by.role is Role.SECURITY_ADMINISTRATOR or by.user_id in (username, SYSTEM.user_id)
    if not may:
        raise Refusal("binding.not_yours", "终止要本人、安全管理员，或见到本人的工作人员来做。")
    account = Account.objects.filter(username=username).first()
    if account is not None:
        end_living_binding(account, by=by, at=at)


def end_binding_of(person_code: str, *, ticket_id: str, by: Actor, at: datetime) -> int:
    """No login is this person's any more: by an officer whose live ticket names them. Returns how many ended."""
    if by.role not in BINDERS:
        raise Refusal("binding.not_yours", "居民登录由见到本人的街道或部门工作人员核对。")
    ticket = get_live_ticket(ticket_id, holder=by, at=at)
    if f"person:{person_code}" not in ticket.subjects:
        raise Refusal("ticket.other_person", "这张凭据不是为这个人开的。")
    bound = Account.objects.filter(role=Role.RESIDENT.value, person_code=person_code)
    living = [one for one in bound if _living(one.username) is not None]
    with transaction.atomic():
        for account in living:
            end_living_binding(account, by=by, at=at, ticket=ticket_id)
    return len(living)


def find_binding(actor: Actor) -> Binding | None:
    """The living binding of a resident's own login, if it still names the person of the account."""
    known = _living(actor.user_id) if actor.role is Role.RESIDENT else None
    return known if known is not None and known.person_code == actor.person_code else None


def _bind(wish: Binding, *, by: Actor, ticket: str) -> Binding:
    if not CODE_SHAPE.match(wish.person_code) or not wish.person_code.startswith("P-"):
        raise Refusal("access.ref", "对象引用的形式不对，应为“种类:编码”。")
    with transaction.atomic():
        account = Account.objects.filter(username=wish.username, is_active=True).first()
        # The same words for a login of staff and for none: which logins there are is not told here.
        if account is None or account.role != Role.RESIDENT.value:
            raise Refusal("binding.no_login", "没有这个在用的居民登录。")
        if _living(wish.username) is not None or account.person_code not in ("", wish.person_code):
            raise Refusal("binding.taken", "这个登录已经核对过。", next_step="先终止原来的核对。")
        others = Account.objects.filter(person_code=wish.person_code, is_active=True)
        if any(_living(one.username) for one in others.exclude(username=wish.username)):
            raise Refusal("binding.has_login", "这个人已经有一个登录。", next_step="先终止那一个。")
        ResidentBinding(
            username=wish.username,
            person_code=wish.person_code,
            record=wish.record,
            evidence=wish.evidence,
            ticket=ticket,
            bound_by=wish.bound_by,
            bound_at=wish.bound_at,
        ).save()
        account.person_code = wish.person_code
        account.save(update_fields=["person_code"])
        made = "binding.seeded" if wish.evidence == SEEDED else "binding.made"
        _enter(made, wish.person_code, by=by, ticket=ticket, at=wish.bound_at)
    return wish


def _is_code_of(username: str, code: str, *, at: datetime) -> bool:
    """Whether the login shows this code now. Every try counts, before it is looked at and whatever comes of it."""
    shown = BindingCode.objects.filter(username=username)
    still = shown.filter(shown_at__gt=at - CODE_LASTS, tries__lt=MOST_TRIES)
    if not still.update(tries=F("tries") + 1):
        return False
    row = shown.first()
    said = "".join(code.split())
    return row is not None and constant_time_compare(row.digest, _digest_of(username, said))


def _digest_of(username: str, code: str) -> str:
    return salted_hmac("kuai.binding", f"{username}|{code}", algorithm="sha256").hexdigest()


def _living(username: str) -> Binding | None:
    row = ResidentBinding.objects.filter(username=username).order_by("-pk").first()
    if row is None or row.evidence == BINDING_ENDED:
        return None
    return Binding(
        row.username, row.person_code, row.record, row.evidence, row.bound_by, row.bound_at
    )


def _enter(action: str, person_code: str, *, by: Actor, ticket: str, at: datetime) -> None:
    record_entry(
        actor=by,
        action=action,
        object_kind="person",
        object_refs=(person_code,),
        purpose="administration",
        ticket_id=ticket,
        count=1,
        at=at,
    )
