"""The pages of the register of logins: opened by two roles alone, a code shown once, out of every browser at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client

from kuai.guard.models import Account, AccountWish
from kuai.guard.types import Role
from kuai.kit.store import Store
from tests.modules.web.conftest import PASSWORD
from tests.modules.web.fakes import COMMUNITY, DISTRICT, SUBDISTRICT

CODE = re.compile(r'<strong class="code">([a-z2-9-]{19})</strong>')
LogIn = Callable[[Role], Client]
WISH = {
    "display_name": "演示新人",
    "login": "new.grid",
    "staff_no": "no-77",
    "role": "grid_worker",
    "areas": COMMUNITY,
    "department": "",
}


def test_only_the_security_and_the_audit_administrator_see_the_register(log_in: LogIn) -> None:
    for role in (Role.SECURITY_ADMINISTRATOR, Role.AUDIT_ADMINISTRATOR):
        page = log_in(role).get("/accounts/").content.decode()
        assert "demo-grid-worker" in page
        assert 'aria-current="page">账号' in page
    for role in (Role.SYSTEM_ADMINISTRATOR, Role.DATA_STEWARD, Role.LEADER):
        assert log_in(role).get("/accounts/").status_code == 403


def test_a_new_login_comes_in_by_its_code_and_must_change_it(log_in: LogIn) -> None:
    client = log_in(Role.SECURITY_ADMINISTRATOR)
    answer = client.post("/accounts/new/", WISH)
    found = CODE.search(answer.content.decode())
    assert found, answer.content.decode()
    account = Account.objects.get(username="new.grid")
    assert account.areas == [f"{DISTRICT}/{SUBDISTRICT}/{COMMUNITY}"]
    newcomer = Client()
    words = {"username": "new.grid", "password": found[1]}
    assert newcomer.post("/login/", words).status_code == 302
    assert newcomer.get("/blocks/").headers["Location"] == "/password/"
    Account.objects.update(one_time_until=account.opened_at - timedelta(days=2))
    answer = Client().post("/login/", words)
    assert "一次性口令已过" in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"areas": ""}, "写明负责的块"),
        ({"areas": "999999"}, "没有这个块"),
        ({"department": "公安分局"}, "只有部门、街道的工作人员写部门"),
        ({"role": "department_clerk", "department": "没有的局"}, "请选来源登记里有的部门"),
        ({"login": "a b"}, "2 到 64 个字母"),
        ({"staff_no": "demo-grid-worker"}, "一个人只有一个账号"),
    ],
)
def test_a_wish_that_does_not_fit_is_told_so_and_opens_nothing(
    log_in: LogIn, change: dict[str, str], sentence: str
) -> None:
    answer = log_in(Role.SECURITY_ADMINISTRATOR).post("/accounts/new/", {**WISH, **change})
    assert answer.status_code == 400
    assert sentence in answer.content.decode()
    assert not Account.objects.filter(username="new.grid").exists()


def test_a_powerful_login_waits_for_the_audit_administrator(log_in: LogIn) -> None:
    keeper = log_in(Role.SECURITY_ADMINISTRATOR)
    wish = {**WISH, "role": "data_steward", "areas": "/"}
    assert keeper.post("/accounts/new/", wish).status_code == 302
    assert not Account.objects.filter(username="new.grid").exists()
    number = AccountWish.objects.get().pk
    assert keeper.post(f"/accounts/wishes/{number}/", {"answer": "grant"}).status_code == 409
    second = log_in(Role.AUDIT_ADMINISTRATOR)
    assert "同意 new.grid" in second.get("/accounts/wishes/").content.decode()
    second.post(f"/accounts/wishes/{number}/", {"answer": "grant"})
    account = Account.objects.get(username="new.grid").pk
    assert CODE.search(keeper.post(f"/accounts/{account}/code/").content.decode())


def test_who_is_locked_is_out_of_every_browser_at_once(log_in: LogIn) -> None:
    worker = log_in(Role.GRID_WORKER)
    assert worker.get("/").status_code == 200
    keeper = log_in(Role.SECURITY_ADMINISTRATOR)
    number = Account.objects.get(username="demo-grid-worker").pk
    assert keeper.post(f"/accounts/{number}/lock/", follow=True).status_code == 200
    assert worker.get("/").status_code == 302
    assert (
        Client().post("/login/", {"username": "demo-grid-worker", "password": PASSWORD}).status_code
        == 200
    )
    page = keeper.get(f"/accounts/{number}/").content.decode()
    assert "已停用" in page
    assert "恢复" in page


def test_ones_own_account_cannot_be_changed(log_in: LogIn, portal: Store) -> None:
    keeper = log_in(Role.SECURITY_ADMINISTRATOR)
    number = Account.objects.get(username="demo-security-administrator").pk
    assert "另一位安全管理员" in keeper.get(f"/accounts/{number}/").content.decode()
    powers = {"role": "data_steward", "areas": "/", "department": ""}
    keeper.post(f"/accounts/{number}/powers/", powers)
    assert keeper.post(f"/accounts/{number}/lock/").status_code == 409
    assert Account.objects.get(pk=number).role == "security_administrator"
    assert portal.root.exists()
