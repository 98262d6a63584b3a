"""Logins: one human being, one account, one role. Opened, changed and closed by the security administrator.

Administrators do no business and no two of the three are one person; the tables hold it, these doors say it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from kuai.guard.engine.areas import WHOLE_TENANT
from kuai.guard.ledger import record_entry
from kuai.guard.models import (
    ADMINISTRATORS,
    Account,
    AccountWish,
    OutsideLogin,
    ResidentBinding,
    SourceRecord,
)
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal

LOGIN_SHAPE = re.compile(r"^[A-Za-z0-9._@-]{2,64}$")
SYSTEM = Actor(user_id="system", role=Role.SYSTEM_ADMINISTRATOR)
# For how long what was granted may be carried out.
GRANT_LASTS = timedelta(hours=24)
BINDING_ENDED = "ended"
# Whose account tells the office they work for: whose cases they answer, whose rules they sign.
OF_AN_OFFICE = frozenset({Role.DEPARTMENT_CLERK, Role.SUBDISTRICT_CLERK})
# Who sees the whole, who watches the others, who opens what children have: given by two people.
POWERFUL = frozenset(
    {
        Role.DATA_STEWARD,
        Role.AUDITOR,
        Role.CHILD_WELFARE_WORKER,
        Role.SYSTEM_ADMINISTRATOR,
        Role.SECURITY_ADMINISTRATOR,
        Role.AUDIT_ADMINISTRATOR,
    }
)


@dataclass(frozen=True)
class NewAccount:
    """What is known of a login before it exists. `staff_no` (工号) is what makes one person one account."""

    username: str
    display_name: str
    role: Role
    areas: tuple[str, ...] = ()
    staff_no: str = ""
    person_code: str = ""
    organisation_code: str = ""
    department: str = ""


def open_account(wish: NewAccount, *, password: str, by: Actor, at: datetime) -> Actor:
    """Open a login; its holder changes the password at the first visit. Refuses a second account of one person."""
    _require_security_administrator(by)
    if not LOGIN_SHAPE.match(wish.username):
        raise Refusal("account.login_name", "登录名用 2 到 64 个字母、数字、点、横线或下划线。")
    if Account.objects.filter(username=wish.username).exists():
        raise Refusal("account.exists", "这个登录名已经有了。")
    require_role_fits(wish)
    _require_no_second_person(wish, by)
    account = Account(
        username=wish.username,
        display_name=wish.display_name,
        role=wish.role.value,
        areas=list(wish.areas),
        staff_no=wish.staff_no,
        person_code=wish.person_code,
        organisation_code=wish.organisation_code,
        department=wish.department,
        opened_at=at,
    )
    _set_password(account, password)
    with transaction.atomic():
        account.save(force_insert=True)
        _enter(account, action="account.opened", by=by, at=at)
    return account.as_actor()


def change_role(
    username: str, role: Role, *, areas: Sequence[str], by: Actor, at: datetime
) -> Actor:
    """Give a login another role and areas. Refuses to turn an administrator into anything else, or anybody into
    an administrator: that takes another person. A resident's login stays one: it is bound to a person."""
    _require_security_administrator(by)
    account = _get_account(username)
    if account.role != role.value and {account.role, role.value} & set(ADMINISTRATORS):
        raise Refusal(
            "account.administrators_exclude", "管理员账号不能改作他用，业务账号也不能改成管理员。"
        )
    if account.role != role.value and Role.RESIDENT.value in (account.role, role.value):
        raise Refusal(
            "account.resident_stays",
            "居民登录不能改作工作账号，工作账号也不能改成居民登录。",
            next_step="停用这个，另开一个。",
        )
    if by.user_id == username:
        raise Refusal("account.own_role", "不能修改自己的角色或区域。")
    account.role = role.value
    account.areas = list(areas)
    with transaction.atomic():
        account.save()
        _enter(account, action="account.role_changed", by=by, at=at)
    return account.as_actor()


def close_account(username: str, *, by: Actor, at: datetime) -> None:
    """Close a login; nobody comes in by it from the next request on. May be repeated.

    A resident's login is nobody's then. The last audit administrator's takes a second person's leave.
    """
    _require_security_administrator(by)
    account = _get_account(username)
    with transaction.atomic():
        if _is_last_audit_administrator(account) and not use_grant(username, "lock", at=at):
            raise Refusal(
                "account.last_audit",
                "这是最后一个在用的审计管理员：停用要另一位管理员同意。",
                next_step="先开通接替的审计管理员；或提出申请，由另一位安全管理员同意后 24 小时内停用。",
            )
        account.is_active = False
        account.closed_at = account.closed_at or at
        end_living_binding(account, by=by, at=at)
        account.save()
        OutsideLogin.objects.filter(account=account).delete()
        _enter(account, action="account.closed", by=by, at=at)


def change_password(username: str, *, old: str, new: str, at: datetime) -> None:
    """Change one's own password; refuses a wrong old one, and a new one that is short, common or the old one."""
    account = _get_account(username)
    if not account.check_password(old):
        raise Refusal("account.wrong_password", "原口令不对。")
    if old == new:
        raise Refusal("account.same_password", "新口令不能和原口令一样。")
    _set_password(account, new)
    account.must_change_password = False
    account.one_time_until = None
    with transaction.atomic():
        account.save()
        _enter(account, action="account.password_changed", by=account.as_actor(), at=at)


def _require_security_administrator(by: Actor) -> None:
    if by.role is not Role.SECURITY_ADMINISTRATOR and by != SYSTEM:
        raise Refusal("account.not_yours", "账号由安全管理员管理。")


def _require_no_second_person(wish: NewAccount, by: Actor) -> None:
    """Once there was an audit administrator, a powerful login takes both; before, the first ones are opened alone.

    A locked one counts: else locking them would give everything to one person.
    """
    second = Account.objects.filter(role=Role.AUDIT_ADMINISTRATOR.value)
    if wish.role in POWERFUL and by != SYSTEM and second.exclude(username=by.user_id).exists():
        raise Refusal(
            "account.two_people",
            "这个角色权限大，要两个人：安全管理员申请，审计管理员复核。",
            next_step="在门户“账号”页提出申请。",
        )


def use_grant(username: str, *acts: str, at: datetime) -> bool:
    """Use up one living leave for one of `acts`; False where there is none. Inside the act's own transaction.

    The leave to open a login covers its first way in, a code or a tie.
    """
    granted = AccountWish.objects.select_for_update().filter(
        username=username, act__in=acts, state="granted", used_at=None
    )
    leave = granted.filter(decided_at__gt=at - GRANT_LASTS).first()
    return leave is not None and bool(
        AccountWish.objects.filter(pk=leave.pk, used_at=None).update(used_at=at)
    )


def end_living_binding(account: Account, *, by: Actor, at: datetime, ticket: str = "") -> None:
    """Make the login nobody's, told to the person it was: they must be seen again. May be repeated.

    `ticket`: the one an officer ended it by.
    """
    living = ResidentBinding.objects.filter(username=account.username).order_by("-pk").first()
    if living is None or living.evidence == BINDING_ENDED:
        return
    with transaction.atomic():
        ResidentBinding(
            username=account.username,
            person_code=living.person_code,
            evidence=BINDING_ENDED,
            ticket=ticket,
            bound_by=by.user_id,
            bound_at=at,
        ).save()
        account.person_code = ""
        account.save(update_fields=["person_code"])
        record_entry(
            actor=by,
            action="binding.ended",
            object_kind="person",
            object_refs=(living.person_code,),
            purpose="administration",
            ticket_id=ticket,
            count=1,
            at=at,
        )


def _is_last_audit_administrator(account: Account) -> bool:
    if account.role != Role.AUDIT_ADMINISTRATOR.value or not account.is_active:
        return False
    # A row that was read for update here makes two such closings wait for one another.
    active = Account.objects.select_for_update().filter(role=account.role, is_active=True)
    return not any(one.pk != account.pk for one in active)


def require_role_fits(wish: NewAccount) -> None:
    """Refuse an administrator who does business, a second account of one person, a department of other roles."""
    is_administrator = wish.role.value in ADMINISTRATORS
    if is_administrator and not wish.staff_no:
        raise Refusal("account.staff_no", "管理员账号必须写明工号。")
    if is_administrator and (wish.person_code or wish.organisation_code or wish.areas):
        raise Refusal("account.administrators_exclude", "管理员不办业务，不能有区域、本人或单位。")
    same = Account.objects.filter(staff_no=wish.staff_no).exclude(username=wish.username)
    if wish.staff_no and same.exists():
        raise Refusal(
            "account.one_person_one_account", "这个工号已有账号：一个人只有一个账号、一个角色。"
        )
    if wish.department and wish.role not in OF_AN_OFFICE:
        raise Refusal("account.department", "只有部门、街道的工作人员写明部门。")


def _set_password(account: Account, password: str) -> None:
    _require_strong(password, account)
    account.set_password(password)


def _require_strong(password: str, account: Account | None) -> None:
    try:
        validate_password(password, account)
    except ValidationError as fault:
        raise Refusal(
            "account.weak_password", "口令不合要求：" + " ".join(fault.messages)
        ) from fault


def _get_account(username: str) -> Account:
    account = Account.objects.filter(username=username).first()
    if account is None:
        raise Refusal("account.unknown", "没有这个账号。")
    return account


def _enter(account: Account, *, action: str, by: Actor, at: datetime) -> None:
    record_entry(
        actor=by,
        action=action,
        object_kind="account",
        object_refs=(account.username,),
        fields=(account.role,),
        purpose="administration",
        count=1,
        at=at,
    )


# --- demo logins, for synthetic packages only ---------------------------------------------------------

ROLES_WITHOUT_AREA = frozenset(
    {
        Role.RESIDENT,
        Role.SYSTEM_ADMINISTRATOR,
        Role.SECURITY_ADMINISTRATOR,
        Role.AUDIT_ADMINISTRATOR,
    }
)
ROLES_OF_THE_WHOLE = frozenset(
    {Role.DATA_STEWARD, Role.LEADER, Role.AUDITOR, Role.DISPATCHER, Role.CHECKER}
)
DEMO_NAMES = {
    Role.DATA_STEWARD: "演示·数据管理员",
    Role.SUBDISTRICT_CLERK: "演示·街道工作人员",
    Role.GRID_WORKER: "演示·网格员",
    Role.DEPARTMENT_CLERK: "演示·部门工作人员",
    Role.OFFICER: "演示·执法人员",
    Role.CARE_WORKER: "演示·照护人员",
    Role.LEADER: "演示·领导",
    Role.AUDITOR: "演示·审计员",
    Role.RESIDENT: "演示·居民",
    Role.DISPATCHER: "演示·派遣员",
    Role.CHECKER: "演示·核查员",
    Role.CHILD_WELFARE_WORKER: "演示·儿童福利工作人员",
    Role.SYSTEM_ADMINISTRATOR: "演示·系统管理员",
    Role.SECURITY_ADMINISTRATOR: "演示·安全管理员",
    Role.AUDIT_ADMINISTRATOR: "演示·审计管理员",
}


@dataclass(frozen=True)
class DemoLogin:
    """A demo login, with the password to show on the login page of a synthetic store."""

    username: str
    display_name: str
    role: Role
    password: str


def create_demo_accounts(
    area_codes: Iterable[str],
    *,
    synthetic: bool,
    at: datetime,
    password: str = "",
    resident_code: str = "",
) -> tuple[DemoLogin, ...]:
    """One login a role (demo-<role>), all with one password (given, or made and returned). Refused on a store
    that is not synthetic. Repeating it sets the password and the areas anew.

    `area_codes`: block paths for the roles that act in an area; empty gives them the whole. `resident_code`: the
    person whose file the demo resident may read.
    """
    _require_synthetic_store(synthetic=synthetic)
    if password:
        _require_strong(password, None)
    areas = tuple(area_codes) or (WHOLE_TENANT,)
    chosen = password or f"kuai-demo-{secrets.token_hex(4)}"
    logins = tuple(
        DemoLogin(f"demo-{role.value.replace('_', '-')}", DEMO_NAMES[role], role, chosen)
        for role in Role
    )
    with transaction.atomic():
        for login in logins:
            account = _put_demo_account(login, areas=areas, resident_code=resident_code, at=at)
            _enter(account, action="account.demo_opened", by=SYSTEM, at=at)
    return logins


def _require_synthetic_store(*, synthetic: bool) -> None:
    if not synthetic or SourceRecord.objects.filter(synthetic=False).exists():
        raise Refusal("account.demo_refused", "演示账号只能建在合成数据的库里，这个库有真实来源。")


def _put_demo_account(
    login: DemoLogin, *, areas: tuple[str, ...], resident_code: str, at: datetime
) -> Account:
    account = Account.objects.filter(username=login.username).first() or Account(
        username=login.username, opened_at=at
    )
    account.display_name = login.display_name
    account.role = login.role.value
    account.areas = list(_demo_areas(login.role, areas))
    account.staff_no = "" if login.role is Role.RESIDENT else login.username
    # Repeated without a resident, whose login it is stays: `run-demo` is started more than once.
    is_resident = login.role is Role.RESIDENT
    account.person_code = (resident_code or account.person_code) if is_resident else ""
    account.is_active, account.closed_at, account.one_time_until = True, None, None
    # Because demo logins are shown on the login page: a forced change would lock the next visitor out.
    account.must_change_password = False
    # No likeness to the login name is asked for: both say "demo", on purpose.
    account.set_password(login.password)
    account.save()
    return account


def _demo_areas(role: Role, areas: tuple[str, ...]) -> tuple[str, ...]:
    if role in ROLES_WITHOUT_AREA:
        return ()
    return (WHOLE_TENANT,) if role in ROLES_OF_THE_WHOLE else areas
