"""What one administrator cannot do alone, and what a resident's login loses when somebody else touched it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from kuai.guard import access, outside_logins, register
from kuai.guard.ledger import list_entries_about
from kuai.guard.models import Account, AccountWish
from kuai.guard.register import NewAccount, Powers
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.web.accounts import provider

SECURITY = Actor("demo-security-administrator", Role.SECURITY_ADMINISTRATOR)
OTHER_SECURITY = Actor("other-security", Role.SECURITY_ADMINISTRATOR)
AUDIT = Actor("demo-audit-administrator", Role.AUDIT_ADMINISTRATOR)
PERSON = "P-CKDKWFS6-4"
STEWARD = NewAccount("demo-data-steward", "演示·数据管理员", Role.DATA_STEWARD, areas=("",))

pytestmark = pytest.mark.usefixtures("portal")


def granted(wish: NewAccount, act: str = "") -> None:
    number = register.ask_for(wish, by=SECURITY, at=utc_now(), act=act)
    register.decide_wish(number, is_granted=True, by=AUDIT, at=utc_now())


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refused:
        act()
    return refused.value.code


def bound() -> Actor:
    access.seed_resident("demo-resident", PERSON, record="police:1#subject", at=utc_now())
    return Account.objects.get(username="demo-resident").as_actor()


def tie() -> None:
    outside_logins.tie("demo-resident", "subject-9", by=SECURITY, at=utc_now())


def reissue() -> None:
    register.issue_code("demo-resident", by=SECURITY, at=utc_now())


def lock() -> None:
    register.lock_account("demo-resident", by=SECURITY, at=utc_now())


def lock_and_unlock() -> None:
    lock()
    register.unlock_account("demo-resident", by=SECURITY, at=utc_now())


@pytest.mark.parametrize("act", [reissue, tie, lock, lock_and_unlock])
def test_a_residents_login_that_an_administrator_touched_is_nobodys_and_they_read_so(
    act: Callable[[], None], settings
) -> None:
    settings.KUAI_OIDC_ISSUER = "https://id.example"
    assert access.find_binding(bound()) is not None
    act()
    account = Account.objects.get(username="demo-resident")
    assert account.person_code == ""
    assert access.find_binding(account.as_actor()) is None
    told = list_entries_about(PERSON, at=utc_now()).entries
    assert "binding.ended" in {one.action for one in told}


def test_a_leave_is_for_one_act_once() -> None:
    granted(STEWARD, "code")
    login = STEWARD.username
    assert (
        code_of(lambda: register.unlock_account(login, by=SECURITY, at=utc_now()))
        == "account.two_people"
    )
    register.issue_code(login, by=SECURITY, at=utc_now())
    assert (
        code_of(lambda: register.issue_code(login, by=SECURITY, at=utc_now()))
        == "account.two_people"
    )


def test_the_last_audit_administrator_is_not_locked_by_one() -> None:
    login = AUDIT.user_id
    assert (
        code_of(lambda: register.lock_account(login, by=SECURITY, at=utc_now()))
        == "account.last_audit"
    )
    row = Account.objects.get(username=login)
    wish = NewAccount(login, row.display_name, Role.AUDIT_ADMINISTRATOR, staff_no=row.staff_no)
    number = register.ask_for(wish, by=SECURITY, at=utc_now(), act="lock")
    for somebody in (SECURITY, AUDIT):
        with pytest.raises(Refusal):
            register.decide_wish(number, is_granted=True, by=somebody, at=utc_now())
    register.decide_wish(number, is_granted=True, by=OTHER_SECURITY, at=utc_now())
    register.lock_account(login, by=SECURITY, at=utc_now())
    shill = NewAccount("shill", "演示", Role.AUDIT_ADMINISTRATOR, staff_no="999")
    assert (
        code_of(lambda: register.open_login(shill, by=SECURITY, at=utc_now()))
        == "account.two_people"
    )


def test_more_places_for_a_powerful_role_take_two_and_fewer_do_not() -> None:
    login = "demo-child-welfare-worker"
    Account.objects.filter(username=login).update(areas=["440310/440310001"])
    wide = Powers(Role.CHILD_WELFARE_WORKER, ("",))
    assert (
        code_of(lambda: register.change_powers(login, wide, by=SECURITY, at=utc_now()))
        == "account.two_people"
    )
    narrow = Powers(Role.CHILD_WELFARE_WORKER, ("440310/440310001/440310001001",))
    register.change_powers(login, narrow, by=SECURITY, at=utc_now())


def test_a_wish_for_a_new_login_does_not_land_on_another() -> None:
    wish = NewAccount("newone", "演示甲", Role.AUDITOR, areas=("",), staff_no="501")
    number = register.ask_for(wish, by=SECURITY, at=utc_now())
    other = NewAccount("newone", "演示乙", Role.GRID_WORKER, areas=("440310",), staff_no="502")
    register.open_login(other, by=SECURITY, at=utc_now())
    assert (
        code_of(lambda: register.decide_wish(number, is_granted=True, by=AUDIT, at=utc_now()))
        == "account.wish_stale"
    )
    assert Account.objects.get(username="newone").role == "grid_worker"
    register.decide_wish(number, is_granted=False, by=AUDIT, at=utc_now())


def test_a_residents_login_opens_unbound_and_never_becomes_anything_else(
    log_in: Callable[[Role], Client],
) -> None:
    keeper = log_in(Role.SECURITY_ADMINISTRATOR)
    wish = {"display_name": "演示居民", "login": "new.resident", "role": "resident"}
    assert keeper.post("/accounts/new/", wish).status_code == 200
    account = Account.objects.get(username="new.resident")
    assert account.role == "resident"
    assert access.find_binding(account.as_actor()) is None
    worker = Powers(Role.GRID_WORKER, ("440310",))
    assert (
        code_of(lambda: register.change_powers("new.resident", worker, by=SECURITY, at=utc_now()))
        == "account.resident_stays"
    )


def test_the_second_person_reads_the_act_and_what_changes(
    log_in: Callable[[Role], Client],
) -> None:
    keeper = log_in(Role.SECURITY_ADMINISTRATOR)
    number = Account.objects.get(username="demo-data-steward").pk
    powers = {"role": "leader", "areas": "/", "department": ""}
    assert keeper.post(f"/accounts/{number}/powers/", powers).status_code == 302
    page = log_in(Role.AUDIT_ADMINISTRATOR).get("/accounts/wishes/").content.decode()
    assert "改角色" in page
    assert "→" in page
    AccountWish.objects.all().delete()
    assert keeper.post(f"/accounts/{number}/second/", {"act": "code"}).status_code == 302
    assert AccountWish.objects.get().act == "code"
    assert keeper.post(f"/accounts/{number}/second/", {"act": "open"}).status_code == 409


def test_a_resident_ends_their_own_login(log_in: Callable[[Role], Client]) -> None:
    bound()
    client = log_in(Role.RESIDENT)
    assert client.post("/mine/end/").status_code == 302
    account = Account.objects.get(username="demo-resident")
    assert access.find_binding(account.as_actor()) is None


def test_an_answer_of_the_provider_that_cannot_be_read_is_refused_and_forgotten(
    portal: Store, client: Client, settings
) -> None:
    assert portal.root.exists()
    session = client.session
    session["outside_attempt"] = {"state": "a", "nonce": "b", "verifier": "c", "back_to": "/"}
    session.save()
    assert client.get("/login/outside/back/", {"state": "中"}).status_code == 409
    settings.KUAI_OIDC_ISSUER = "https://id.example"
    for bad in ({}, {"keys": 7}, {"keys": [{}]}):
        cache.set(provider._remembered("keys"), bad, 60)
        assert code_of(provider._keys) == "outside.no_login"
        assert cache.get(provider._remembered("keys")) is None
