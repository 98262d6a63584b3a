"""A door: logins at an identity provider, tied to accounts by an administrator's act. Decision 0033.

Whoever the provider knows and nobody tied comes in as nobody: no account is made, no right follows from a claim.
"""

from __future__ import annotations

import re
from datetime import datetime

from django.conf import settings
from django.db import transaction

from kuai.guard.accounts import end_living_binding
from kuai.guard.ledger import record_entry
from kuai.guard.models import Account, OutsideLogin
from kuai.guard.register import use_grant_for
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal

__all__ = ["find_account_of", "provider_name", "tie", "untie"]

SUBJECT = re.compile(r"^[\x21-\x7e]{1,200}$")


def provider_name() -> str:
    """The identity provider's name as settings give it; "" where none is set up."""
    return str(getattr(settings, "KUAI_OIDC_NAME", "") if _issuer() else "")


def tie(login: str, subject: str, *, by: Actor, at: datetime) -> None:
    """Let the provider's `subject` come in as this account. Powerful ones use up the second person's leave.

    A resident's login is nobody's until the person was seen again: who comes in by it is somebody else's word.

    Refuses one's own account, and a subject or an account that is tied already.
    """
    account = _account_of(login, by)
    if not _issuer():
        raise Refusal("outside.none", "没有设置统一身份认证。", next_step="见 docs/operations.md。")
    if not SUBJECT.match(subject):
        raise Refusal("outside.subject", "标识是 1 到 200 个可见字符，照身份提供方给的写。")
    taken = OutsideLogin.objects.filter(issuer=_issuer(), subject=subject).exists()
    if taken or OutsideLogin.objects.filter(account=account).exists():
        raise Refusal(
            "outside.taken", "这个标识或这个账号已经对应过了。", next_step="先解除原来的对应。"
        )
    with transaction.atomic():
        use_grant_for(account, "tie", "open", at=at)
        end_living_binding(account, by=by, at=at)
        OutsideLogin.objects.create(
            issuer=_issuer(), subject=subject, account=account, tied_by=by.user_id, tied_at=at
        )
        if account.must_change_password:
            # They come in by the provider now: a code that nobody changed is no second way in.
            account.set_unusable_password()
            account.must_change_password, account.one_time_until = False, None
            account.save()
        _enter("account.tied", login, by=by, at=at)


def untie(login: str, *, by: Actor, at: datetime) -> None:
    """The provider's word opens this account no longer. May be repeated."""
    account = _account_of(login, by)
    with transaction.atomic():
        if OutsideLogin.objects.filter(account=account).delete()[0]:
            _enter("account.untied", login, by=by, at=at)


def find_account_of(issuer: str, subject: str) -> Account | None:
    """The active account that somebody tied to the provider's subject, for the session; None for everybody else."""
    found = OutsideLogin.objects.select_related("account").filter(issuer=issuer, subject=subject)
    row = found.first()
    return row.account if row is not None and row.account.is_active else None


def _issuer() -> str:
    return str(getattr(settings, "KUAI_OIDC_ISSUER", ""))


def _account_of(login: str, by: Actor) -> Account:
    if by.role is not Role.SECURITY_ADMINISTRATOR:
        raise Refusal("account.not_yours", "账号由安全管理员管理。")
    if by.user_id == login:
        raise Refusal("account.own", "不能改自己的账号。", next_step="请另一位安全管理员来做。")
    account = Account.objects.filter(username=login).first()
    if account is None:
        raise Refusal("account.unknown", "没有这个账号。")
    return account


def _enter(action: str, login: str, *, by: Actor, at: datetime) -> None:
    record_entry(
        actor=by,
        action=action,
        object_kind="account",
        object_refs=(login,),
        purpose="administration",
        count=1,
        at=at,
    )
