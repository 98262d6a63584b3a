"""Logins, failed logins, lock-outs and log-outs as ledger entries. Django tells of them by signal only."""

from __future__ import annotations

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest

from kuai.guard.ledger import record_entry
from kuai.guard.models import Account
from kuai.guard.types import Actor
from kuai.kit.clock import utc_now


def connect_login_signals() -> None:
    """Begin to listen; may be repeated."""
    user_logged_in.connect(_enter_login, dispatch_uid="kuai.guard.login")
    user_logged_out.connect(_enter_logout, dispatch_uid="kuai.guard.logout")
    user_locked_out.connect(_enter_lock_out, dispatch_uid="kuai.guard.lock_out")


def _enter_login(sender: Any, request: HttpRequest, user: Account, **_rest: Any) -> None:  # noqa: ARG001
    _enter(user.as_actor(), action="session.opened")


def _enter_logout(sender: Any, request: HttpRequest, user: Account | None, **_rest: Any) -> None:  # noqa: ARG001
    if user is not None:
        _enter(user.as_actor(), action="session.closed")


def _enter_lock_out(sender: Any, request: HttpRequest, username: str, **_rest: Any) -> None:  # noqa: ARG001
    # A name that is no account may be anything, a password typed into the wrong box included: not entered.
    account = Account.objects.filter(username=username).first()
    if account is not None:
        _enter(account.as_actor(), action="session.locked_out", outcome="locked_out")


def _enter(actor: Actor, *, action: str, outcome: str = "allowed") -> None:
    record_entry(
        actor=actor,
        action=action,
        object_kind="account",
        object_refs=(actor.user_id,),
        purpose="public_information",
        at=utc_now(),
        outcome=outcome,
    )
