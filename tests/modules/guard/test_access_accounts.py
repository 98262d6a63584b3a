"""Logins: one human being, one account, one role; the three administrators exclude each other."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.db import IntegrityError, transaction

from kuai.guard import access
from kuai.guard.accounts import SYSTEM, NewAccount
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.models import ADMINISTRATORS, Account
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from tests.modules.guard.builders import AREA, NOON, a_registration

pytestmark = pytest.mark.django_db
PASSWORD = "three-quiet-herons"
SECURITY = Actor(user_id="sec", role=Role.SECURITY_ADMINISTRATOR)
CLERK = NewAccount("li", "李工", Role.SUBDISTRICT_CLERK, areas=(AREA,), staff_no="K-7")


def open_clerk(**changes) -> Actor:
    return access.open_account(replace(CLERK, **changes), password=PASSWORD, by=SECURITY, at=NOON)


def row_of(role: str, staff_no: str, username: str, **changes) -> Account:
    values = {
        "username": username,
        "display_name": "某人",
        "role": role,
        "staff_no": staff_no,
        "opened_at": NOON,
    }
    return Account(**values | changes)


@pytest.mark.usefixtures("hashers_of_the_portal")
def test_an_account_opens_with_argon2_and_a_password_to_be_changed() -> None:
    actor = open_clerk()
    account = Account.objects.get(username="li")
    assert actor == Actor(user_id="li", role=Role.SUBDISTRICT_CLERK, areas=(AREA,))
    assert identify_hasher(account.password).algorithm == "argon2"
    assert account.must_change_password
    assert LedgerEntry.objects.filter(action="account.opened", actor="sec").count() == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "account.exists"),
        ({"username": "李 工", "staff_no": "K-8"}, "account.login_name"),
        ({"username": "li2"}, "account.one_person_one_account"),
        ({"username": "li2", "role": Role.AUDIT_ADMINISTRATOR, "areas": ()}, "account.one_person_one_account"),
        ({"username": "xu", "staff_no": "", "role": Role.SYSTEM_ADMINISTRATOR, "areas": ()}, "account.staff_no"),
        ({"username": "xu", "staff_no": "K-8", "role": Role.SYSTEM_ADMINISTRATOR},
         "account.administrators_exclude"),
        ({"username": "xu", "staff_no": "K-8", "role": Role.SYSTEM_ADMINISTRATOR, "areas": (),
          "person_code": "P-00000001-A"}, "account.administrators_exclude"),
    ],
)  # fmt: skip
def test_an_account_that_may_not_be_is_refused(changes: dict, code: str) -> None:
    open_clerk()
    with pytest.raises(Refusal) as refusal:
        open_clerk(**changes)
    assert refusal.value.code == code


@pytest.mark.parametrize(("first", "second"), list(permutations(ADMINISTRATORS, 2)))
def test_the_database_lets_nobody_be_two_administrators(first: str, second: str) -> None:
    row_of(first, "K-1", "one").save()
    with pytest.raises(IntegrityError), transaction.atomic():
        row_of(second, "K-1", "two").save()


@pytest.mark.parametrize("administrator", ADMINISTRATORS)
def test_the_database_lets_no_administrator_work_or_act_for_somebody(administrator: str) -> None:
    row_of(administrator, "K-1", "one").save()
    forbidden = [
        row_of("grid_worker", "K-1", "two"),
        row_of(administrator, "", "three"),
        row_of(administrator, "K-2", "four", person_code="P-00000001-A"),
        row_of(administrator, "K-2", "five", organisation_code="O-00000001-A"),
        row_of("emperor", "K-3", "six"),
    ]
    for account in forbidden:
        with pytest.raises(IntegrityError), transaction.atomic():
            account.save()


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SECURITY_ADMINISTRATOR])
def test_only_the_security_administrator_opens_changes_and_closes_accounts(role: Role) -> None:
    open_clerk()
    somebody = Actor(user_id="x", role=role)
    attempts = (
        lambda: access.open_account(
            replace(CLERK, username="yu"), password=PASSWORD, by=somebody, at=NOON
        ),
        lambda: access.change_role("li", Role.CHECKER, areas=(), by=somebody, at=NOON),
        lambda: access.close_account("li", by=somebody, at=NOON),
    )
    for attempt in attempts:
        with pytest.raises(Refusal) as refusal:
            attempt()
        assert refusal.value.code == "account.not_yours"


@pytest.mark.parametrize("wished", ADMINISTRATORS)
def test_nobody_is_turned_into_an_administrator_or_back(wished: str) -> None:
    open_clerk()
    with pytest.raises(Refusal) as refusal:
        access.change_role("li", Role(wished), areas=(), by=SECURITY, at=NOON)
    assert refusal.value.code == "account.administrators_exclude"
    row_of(wished, "K-9", "adm").save()
    with pytest.raises(Refusal):
        access.change_role("adm", Role.GRID_WORKER, areas=(), by=SECURITY, at=NOON)


def test_a_role_and_its_areas_can_change_for_others_only() -> None:
    open_clerk()
    changed = access.change_role("li", Role.CHECKER, areas=("440310",), by=SECURITY, at=NOON)
    assert (changed.role, changed.areas) == (Role.CHECKER, ("440310",))
    row_of("security_administrator", "K-2", "sec").save()
    with pytest.raises(Refusal) as refusal:
        access.change_role(
            "sec", Role.SECURITY_ADMINISTRATOR, areas=("440310",), by=SECURITY, at=NOON
        )
    assert refusal.value.code == "account.own_role"


@pytest.mark.parametrize("password", ["short", "12345678901234567890", "password1234", "li"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(Refusal) as refusal:
        access.open_account(CLERK, password=password, by=SECURITY, at=NOON)
    assert refusal.value.code == "account.weak_password"


def test_changing_the_password_ends_the_duty_to_change_it() -> None:
    open_clerk()
    access.change_password("li", old=PASSWORD, new="four-quiet-herons", at=NOON)
    account = Account.objects.get(username="li")
    assert account.check_password("four-quiet-herons")
    assert not account.must_change_password
    assert LedgerEntry.objects.filter(action="account.password_changed", actor="li").exists()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("wrong", "four-quiet-herons", "account.wrong_password"),
        (PASSWORD, PASSWORD, "account.same_password"),
        (PASSWORD, "short", "account.weak_password"),
    ],
)
def test_a_password_change_that_is_wrong_changes_nothing(old: str, new: str, code: str) -> None:
    open_clerk()
    with pytest.raises(Refusal) as refusal:
        access.change_password("li", old=old, new=new, at=NOON)
    assert refusal.value.code == code
    assert Account.objects.get(username="li").check_password(PASSWORD)


def test_demo_logins_cover_every_role_and_can_be_made_again() -> None:
    first = access.create_demo_accounts(
        [AREA], synthetic=True, at=NOON, resident_code="P-00000001-A"
    )
    again = access.create_demo_accounts(
        [AREA], synthetic=True, at=NOON, password="demo-pass-phrase"
    )
    assert {login.role for login in first} == set(Role)
    assert Account.objects.count() == len(Role) == len(again)
    assert Account.objects.get(username="demo-leader").check_password("demo-pass-phrase")
    grid_worker = Account.objects.get(username="demo-grid-worker").as_actor()
    assert grid_worker.areas == (AREA,)
    assert Account.objects.get(username="demo-data-steward").as_actor().areas == ("",)


def test_demo_logins_are_refused_where_a_real_source_is_registered() -> None:
    with pytest.raises(Refusal):
        access.create_demo_accounts([AREA], synthetic=False, at=NOON)
    access.register_source(a_registration(), by=SYSTEM, at=NOON)
    with pytest.raises(Refusal) as refusal:
        access.create_demo_accounts([AREA], synthetic=True, at=NOON)
    assert refusal.value.code == "account.demo_refused"
    assert not Account.objects.exists()
