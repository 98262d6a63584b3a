"""Sessions end when idle or too old; five wrong passwords lock one user at one address; the ledger knows of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import RequestFactory, override_settings

from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.models import Account
from kuai.guard.sessions import SEEN, client_address, keep_or_end_session
from tests.modules.guard.builders import NOON

pytestmark = pytest.mark.django_db
PASSWORD = "three-quiet-herons"


def an_account(username: str = "li") -> Account:
    account = Account(
        username=username,
        display_name="某人",
        role="grid_worker",
        staff_no=username,
        opened_at=NOON,
    )
    account.set_password(PASSWORD)
    account.save()
    return account


def a_request(address: str = "10.0.0.1") -> HttpRequest:
    request = RequestFactory().post("/login/", REMOTE_ADDR=address)
    request.session = SessionStore()
    request.user = AnonymousUser()
    return request


def try_login(username: str, password: str, address: str = "10.0.0.1") -> Account | None:
    try:
        return authenticate(a_request(address), username=username, password=password)
    except PermissionDenied:
        return None


def a_session(account: Account) -> HttpRequest:
    request = a_request()
    login(request, account, backend="django.contrib.auth.backends.ModelBackend")
    keep_or_end_session(request, at=NOON)
    return request


@pytest.mark.parametrize(
    ("idle", "stays"),
    [
        (timedelta(seconds=1), True),
        (timedelta(minutes=29, seconds=59), True),
        (timedelta(minutes=30), False),
        (timedelta(days=1), False),
    ],
)
def test_a_session_ends_after_thirty_idle_minutes(idle: timedelta, stays: bool) -> None:
    request = a_session(an_account())
    keep_or_end_session(request, at=NOON + idle)
    assert request.user.is_authenticated is stays


def test_a_session_ends_after_twelve_hours_however_busy() -> None:
    request = a_session(an_account())
    for minutes in range(20, 12 * 60, 20):
        keep_or_end_session(request, at=NOON + timedelta(minutes=minutes))
        assert request.user.is_authenticated
    keep_or_end_session(request, at=NOON + timedelta(hours=12))
    assert not request.user.is_authenticated


def test_a_session_is_written_once_a_minute_at_most() -> None:
    request = a_session(an_account())
    keep_or_end_session(request, at=NOON + timedelta(seconds=59))
    assert request.session[SEEN] == NOON.isoformat()
    keep_or_end_session(request, at=NOON + timedelta(seconds=60))
    assert request.session[SEEN] == (NOON + timedelta(seconds=60)).isoformat()


def test_the_fifth_wrong_password_locks_this_user_at_this_address_only() -> None:
    an_account("li")
    an_account("wang")
    for _ in range(settings.AXES_FAILURE_LIMIT):
        assert try_login("li", "wrong") is None
    assert try_login("li", PASSWORD) is None
    assert try_login("li", PASSWORD, address="10.0.0.2") is not None
    assert try_login("wang", PASSWORD) is not None
    entries = LedgerEntry.objects.filter(action="session.locked_out")
    assert set(entries.values_list("actor", "outcome")) == {("li", "locked_out")}


def test_four_wrong_passwords_do_not_lock() -> None:
    an_account()
    for _ in range(settings.AXES_FAILURE_LIMIT - 1):
        try_login("li", "wrong")
    assert try_login("li", PASSWORD) is not None


def test_the_lock_opens_after_a_quarter_of_an_hour() -> None:
    an_account()
    for _ in range(settings.AXES_FAILURE_LIMIT):
        try_login("li", "wrong")
    assert timedelta(minutes=15) == settings.AXES_COOLOFF_TIME
    for attempt in AccessAttempt.objects.all():
        AccessAttempt.objects.update(attempt_time=attempt.attempt_time - timedelta(minutes=16))
    assert try_login("li", PASSWORD) is not None


def test_no_password_is_kept_of_a_failed_login() -> None:
    an_account()
    request = RequestFactory().post("/login/", {"username": "li", "password": "my-secret-slip"})
    request.session = SessionStore()
    authenticate(request, username="li", password="my-secret-slip")
    attempts = list(AccessAttempt.objects.values())
    assert attempts
    assert "my-secret-slip" not in repr(attempts)


def test_a_locked_name_that_is_no_account_leaves_nothing_in_the_ledger() -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        try_login("13800001234", "wrong")
    assert not LedgerEntry.objects.exists()


def test_coming_and_going_are_in_the_ledger() -> None:
    request = a_session(an_account())
    logout(request)
    actions = list(LedgerEntry.objects.order_by("id").values_list("action", "actor"))
    assert actions == [("session.opened", "li"), ("session.closed", "li")]


def test_a_forwarded_address_is_believed_behind_our_own_proxy_only() -> None:
    request = RequestFactory().get(
        "/", REMOTE_ADDR="10.0.0.9", headers={"X-Forwarded-For": "6.6.6.6, 10.1.1.1"}
    )
    with override_settings(KUAI_BEHIND_PROXY=False):
        assert client_address(request) == "10.0.0.9"
    with override_settings(KUAI_BEHIND_PROXY=True):
        assert client_address(request) == "10.1.1.1"
