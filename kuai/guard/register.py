"""A door: the register of logins as the security administrator's pages need it. Decision 0033.

A login with a powerful role takes two people: the security administrator asks, the audit administrator grants; its
one-time code and its unlocking too, else one person alone could become anybody. Nobody changes their own. Who leaves
is locked, never deleted: the ledger goes on naming the login.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db import transaction

from kuai.guard.accounts import (
    LOGIN_SHAPE,
    OF_AN_OFFICE,
    POWERFUL,
    ROLES_OF_THE_WHOLE,
    ROLES_WITHOUT_AREA,
    NewAccount,
    change_role,
    close_account,
    end_living_binding,
    open_account,
    require_role_fits,
    use_grant,
)
from kuai.guard.engine.areas import covers_any
from kuai.guard.ledger import record_entry
from kuai.guard.models import ADMINISTRATORS, Account, AccountWish, OutsideLogin
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal

__all__ = [
    "ACTS_ON_LOGIN",
    "POWERFUL",
    "ROLES_OF_THE_WHOLE",
    "ROLES_WITHOUT_AREA",
    "AccountLine",
    "NewAccount",
    "Powers",
    "WishLine",
    "ask_for",
    "change_powers",
    "decide_wish",
    "find_account",
    "is_code_over",
    "issue_code",
    "list_accounts",
    "list_wishes",
    "lock_account",
    "may_decide",
    "open_login",
    "revoke_sessions",
    "takes_two",
    "unlock_account",
    "use_grant_for",
]

CODE_LASTS = timedelta(hours=24)
# Acts on a powerful login that is there already; the leave is for one of them, once.
ACTS_ON_LOGIN = ("code", "unlock", "tie", "lock")
ACTS_ON_POWERS = ("role", "areas")
# No letters or digits that are taken for others when they are read out.
CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
SEES_REGISTER = (Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR)


@dataclass(frozen=True)
class AccountLine:
    """One login as the register shows it. `number`: what pages name it by, so that no address tells a login."""

    number: int
    login: str
    display_name: str
    role: Role
    areas: tuple[str, ...]
    department: str
    staff_no: str
    is_active: bool
    waits_for_code: bool
    opened_at: datetime
    closed_at: datetime | None
    last_login: datetime | None
    outside: str

    @property
    def is_powerful(self) -> bool:
        return self.role in POWERFUL


@dataclass(frozen=True)
class Powers:
    """What a login may do and where. `department`: of clerks, the office they work for."""

    role: Role
    areas: tuple[str, ...] = ()
    department: str = ""


@dataclass(frozen=True)
class WishLine:
    """Something that takes two people, and how it stands."""

    number: int
    act: str
    login: str
    display_name: str
    role_before: Role | None
    areas_before: tuple[str, ...]
    role: Role
    areas: tuple[str, ...]
    department: str
    is_new: bool
    asked_by: str
    asked_at: datetime
    state: str
    is_used: bool


def list_accounts(*, by: Actor, wanted: str = "", role: str = "") -> tuple[AccountLine, ...]:
    """Every login, active ones first; `wanted` is a part of a login, name or staff number."""
    _require_sees(by)
    rows = Account.objects.select_related("outside_login").order_by("-is_active", "username")
    if role:
        rows = rows.filter(role=role)
    lines = (_line(row) for row in rows)
    words = wanted.strip().lower()
    return tuple(
        line
        for line in lines
        if not words or words in f"{line.login} {line.display_name} {line.staff_no}".lower()
    )


def find_account(number: int, *, by: Actor) -> AccountLine:
    """One login; refuses an unknown one."""
    _require_sees(by)
    row = Account.objects.select_related("outside_login").filter(pk=number).first()
    if row is None:
        raise Refusal("account.unknown", "没有这个账号。")
    return _line(row)


def open_login(wish: NewAccount, *, by: Actor, at: datetime) -> str:
    """Open a login of an everyday role; returns its one-time code, once. Refuses powerful roles."""
    code = _new_code()
    with transaction.atomic():
        open_account(wish, password=code, by=by, at=at)
        Account.objects.filter(username=wish.username).update(one_time_until=at + CODE_LASTS)
    return code


def ask_for(wish: NewAccount, *, by: Actor, at: datetime, act: str = "") -> int:
    """Ask a second person for one act; returns the wish's number. One wish at a time for a login.

    `act`: what is to be done with a powerful login as it is; "" asks for the login or the powers in `wish`.
    """
    _require_keeper(by, wish.username)
    row = Account.objects.filter(username=wish.username).first()
    act = act or _act_of(wish, row)
    _require_askable(wish, row, act)
    if AccountWish.objects.filter(username=wish.username, state="waiting").exists():
        raise Refusal("account.wish_waits", "这个登录名已有一项申请等待复核。")
    with transaction.atomic():
        made = AccountWish.objects.create(
            act=act,
            username=wish.username,
            display_name=wish.display_name,
            staff_no=wish.staff_no,
            role_before=row.role if row else "",
            areas_before=list(row.areas) if row else [],
            role=wish.role.value,
            areas=list(wish.areas),
            department=wish.department,
            is_new=row is None,
            asked_by=by.user_id,
            asked_at=at,
        )
        _enter("account.asked", wish.username, (act, wish.role.value), by=by, at=at)
    return made.pk


def decide_wish(number: int, *, is_granted: bool, by: Actor, at: datetime) -> None:
    """The second person's word. A new login is opened without a password; the code is issued by who asked.

    Refuses everybody but an audit administrator, who asked, and whom it is about; refuses to grant what no longer
    fits the login as it is now. Where it is about the last audit administrator, or none is active, another security
    administrator is the second person.
    """
    with transaction.atomic():
        row = AccountWish.objects.select_for_update().filter(pk=number, state="waiting").first()
        if by.role not in SEES_REGISTER:
            raise Refusal("account.second_person", "由审计管理员复核。")
        if row is None:
            raise Refusal("account.wish_none", "没有等待复核的这一项。")
        if by.user_id in (row.asked_by, row.username):
            raise Refusal("account.second_person", "要由另一个人复核。")
        if by.role is Role.SECURITY_ADMINISTRATOR and not _may_stand_in(row.username):
            raise Refusal("account.second_person", "由审计管理员复核。")
        if is_granted:
            _require_still_fits(row)
        row.state = "granted" if is_granted else "refused"
        row.decided_by, row.decided_at = by.user_id, at
        if is_granted and row.act in ACTS_ON_POWERS:
            row.used_at = at
        row.save()
        _enter(f"account.{row.state}", row.username, (row.act, row.role), by=by, at=at)
        if is_granted and row.act not in ACTS_ON_LOGIN:
            _carry_out(row, at=at)


def may_decide(wish: WishLine, *, by: Actor) -> bool:
    """Is `by` a second person for this wish, and does it still wait?"""
    if wish.state != "waiting" or by.user_id in (wish.asked_by, wish.login):
        return False
    is_stand_in = by.role is Role.SECURITY_ADMINISTRATOR and _may_stand_in(wish.login)
    return by.role is Role.AUDIT_ADMINISTRATOR or is_stand_in


def takes_two(account: AccountLine, powers: Powers) -> bool:
    """Would these powers take a second person: another powerful role, or a powerful one in more places?"""
    if powers.role is not account.role:
        return bool({account.role, powers.role} & POWERFUL)
    return account.is_powerful and not all(
        covers_any(account.areas, (area,)) for area in powers.areas
    )


def change_powers(login: str, powers: Powers, *, by: Actor, at: datetime) -> None:
    """Give a login another role, areas, department, from its next request on. Refuses what takes two people."""
    _require_keeper(by, login)
    if takes_two(_line(_row(login)), powers):
        raise _takes_two()
    _require_department(powers)
    with transaction.atomic():
        change_role(login, powers.role, areas=powers.areas, by=by, at=at)
        Account.objects.filter(username=login).update(department=powers.department)
        _enter("account.areas_bound", login, (powers.department,), by=by, at=at)


def lock_account(login: str, *, by: Actor, at: datetime) -> int:
    """Nobody comes in by it from now on, wherever it is open; returns how many sessions ended. May be repeated."""
    _require_keeper(by, login)
    with transaction.atomic():
        close_account(login, by=by, at=at)
        return _end_sessions(_row(login))


def unlock_account(login: str, *, by: Actor, at: datetime) -> str:
    """Let a locked login in again, by a new one-time code, which is returned. Refuses powerful ones not granted."""
    _require_keeper(by, login)
    with transaction.atomic():
        row = _row(login)
        use_grant_for(row, "unlock", at=at)
        row.is_active, row.closed_at = True, None
        row.save()
        _enter("account.unlocked", login, (row.role,), by=by, at=at)
        return _put_code(row, by=by, at=at)


def issue_code(login: str, *, by: Actor, at: datetime) -> str:
    """A one-time code in the place of the password, for 24 hours, returned once; every session of the login ends.

    A resident's login is nobody's afterwards: whoever holds the code must be seen before it opens a file.
    """
    _require_keeper(by, login)
    with transaction.atomic():
        row = _row(login)
        if not row.is_active:
            raise Refusal("account.locked", "这个账号已停用。", next_step="先恢复它。")
        use_grant_for(row, "code", "open", at=at)
        return _put_code(row, by=by, at=at)


def revoke_sessions(login: str, *, by: Actor, at: datetime) -> int:
    """End every session of a login at once; returns how many there were."""
    _require_keeper(by, login, may_be_own=True)
    with transaction.atomic():
        ended = _end_sessions(_row(login))
        _enter("account.sessions_ended", login, (), by=by, at=at, count=ended)
    return ended


def is_code_over(login: str, *, at: datetime) -> bool:
    """Is the password a one-time code whose time is over?"""
    row = Account.objects.filter(username=login).first()
    return row is not None and row.one_time_until is not None and row.one_time_until < at


def list_wishes(*, by: Actor) -> tuple[WishLine, ...]:
    """What waits for a second person, newest first, and what was decided lately."""
    _require_sees(by)
    rows = AccountWish.objects.all()[:50]
    return tuple(
        WishLine(
            number=row.pk,
            act=row.act,
            login=row.username,
            display_name=row.display_name,
            role_before=Role(row.role_before) if row.role_before else None,
            areas_before=tuple(row.areas_before),
            role=Role(row.role),
            areas=tuple(row.areas),
            department=row.department,
            is_new=row.is_new,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            state=row.state,
            is_used=row.used_at is not None,
        )
        for row in rows
    )


def _carry_out(row: AccountWish, *, at: datetime) -> None:
    wish = _wanted(row)
    if row.is_new:
        account = Account(
            username=wish.username,
            display_name=wish.display_name,
            staff_no=wish.staff_no,
            opened_at=at,
        )
        account.set_unusable_password()
    else:
        account = _row(row.username)
    account.role, account.areas = row.role, list(row.areas)
    account.department = row.department
    account.save()


def _wanted(row: AccountWish) -> NewAccount:
    return NewAccount(
        username=row.username,
        display_name=row.display_name,
        role=Role(row.role),
        areas=tuple(row.areas),
        staff_no=row.staff_no,
        department=row.department,
    )


def _act_of(wish: NewAccount, row: Account | None) -> str:
    if row is None:
        return "open"
    return "role" if row.role != wish.role.value else "areas"


def _require_askable(wish: NewAccount, row: Account | None, act: str) -> None:
    if act not in ("open", *ACTS_ON_POWERS, *ACTS_ON_LOGIN):
        raise Refusal("account.act", "没有这一种申请。")
    if (act == "open") is not (row is None):
        raise Refusal("account.act", "这一种申请和账号的现状不合。")
    if not LOGIN_SHAPE.match(wish.username):
        raise Refusal("account.login_name", "登录名用 2 到 64 个字母、数字、点、横线或下划线。")
    require_role_fits(wish)
    if row is None or row.role == wish.role.value:
        return
    if {row.role, wish.role.value} & set(ADMINISTRATORS):
        raise Refusal(
            "account.administrators_exclude", "管理员账号不能改作他用，业务账号也不能改成管理员。"
        )
    if Role.RESIDENT.value in (row.role, wish.role.value):
        raise Refusal("account.resident_stays", "居民登录不能改作工作账号。")


def _require_still_fits(row: AccountWish) -> None:
    """What was asked for is about the login as it stood then, and no other."""
    now = Account.objects.filter(username=row.username).first()
    known = (now.role, now.areas, now.display_name) if now else None
    asked = None if row.is_new else (row.role_before, row.areas_before, row.display_name)
    if known != asked:
        raise Refusal(
            "account.wish_stale",
            "申请以后这个账号变了，不能再同意。",
            next_step="退回它，请安全管理员重新申请。",
        )
    require_role_fits(_wanted(row))


def _may_stand_in(login: str) -> bool:
    """May another security administrator be the second person? Only where no audit administrator can be."""
    audits = Account.objects.filter(role=Role.AUDIT_ADMINISTRATOR.value, is_active=True)
    return not audits.exclude(username=login).exists()


def _put_code(row: Account, *, by: Actor, at: datetime) -> str:
    code = _new_code()
    end_living_binding(row, by=by, at=at)
    row.set_password(code)
    row.must_change_password, row.one_time_until = True, at + CODE_LASTS
    row.save()
    _end_sessions(row)
    _enter("account.code_issued", row.username, (row.role,), by=by, at=at)
    return code


def _line(row: Account) -> AccountLine:
    outside = getattr(row, "outside_login", None)
    return AccountLine(
        number=row.pk,
        login=row.username,
        display_name=row.display_name,
        role=Role(row.role),
        areas=tuple(row.areas),
        department=row.department,
        staff_no=row.staff_no,
        is_active=row.is_active,
        waits_for_code=row.one_time_until is not None or not row.has_usable_password(),
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        last_login=row.last_login,
        outside=outside.subject if isinstance(outside, OutsideLogin) else "",
    )


def _row(login: str) -> Account:
    row = Account.objects.select_related("outside_login").filter(username=login).first()
    if row is None:
        raise Refusal("account.unknown", "没有这个账号。")
    return row


def _end_sessions(row: Account) -> int:
    """A session tells whose it is only when it is opened, so every living one is looked into."""
    own = [
        session.session_key
        for session in Session.objects.iterator()
        if session.get_decoded().get("_auth_user_id") == str(row.pk)
    ]
    Session.objects.filter(session_key__in=own).delete()
    return len(own)


def _require_sees(by: Actor) -> None:
    if by.role not in SEES_REGISTER:
        raise Refusal("account.not_yours", "账号由安全管理员管理。")


def _require_keeper(by: Actor, login: str, *, may_be_own: bool = False) -> None:
    if by.role is not Role.SECURITY_ADMINISTRATOR:
        raise Refusal("account.not_yours", "账号由安全管理员管理。")
    if by.user_id == login and not may_be_own:
        raise Refusal("account.own", "不能改自己的账号。", next_step="请另一位安全管理员来做。")


def use_grant_for(row: Account, *acts: str, at: datetime) -> None:
    """Use up the leave for one act on a powerful login; refuses where there is none. Others need none."""
    if Role(row.role) in POWERFUL and not use_grant(row.username, *acts, at=at):
        raise _takes_two()


def _require_department(powers: Powers) -> None:
    if powers.department and powers.role not in OF_AN_OFFICE:
        raise Refusal("account.department", "只有部门、街道的工作人员写明部门。")


def _takes_two() -> Refusal:
    return Refusal(
        "account.two_people",
        "这个角色权限大，要两个人：安全管理员申请，审计管理员复核。",
        next_step="先提出申请；复核以后 24 小时内再办。",
    )


def _new_code() -> str:
    """Sixteen letters in fours, to be read out or written down once."""
    return "-".join("".join(secrets.choice(CODE_LETTERS) for _ in range(4)) for _ in range(4))


def _enter(
    action: str, login: str, fields: Iterable[str], *, by: Actor, at: datetime, count: int = 1
) -> None:
    record_entry(
        actor=by,
        action=action,
        object_kind="account",
        object_refs=(login,),
        fields=tuple(filter(None, fields)),
        purpose="administration",
        count=count,
        at=at,
    )
