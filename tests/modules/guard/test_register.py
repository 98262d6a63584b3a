"""The register of logins: powerful roles take two people, nobody changes their own, who leaves is out at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kuai.guard import ledger, register
from kuai.guard.accounts import SYSTEM
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.models import Account
from kuai.guard.register import NewAccount, Powers
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
SECURITY = Actor(user_id="sun", role=Role.SECURITY_ADMINISTRATOR)
AUDIT = Actor(user_id="ding", role=Role.AUDIT_ADMINISTRATOR)

pytestmark = pytest.mark.django_db


def a_wish(login: str, role: Role, *, areas: tuple[str, ...] = ()) -> NewAccount:
    return NewAccount(login, "演示人", role, areas=areas, staff_no=f"no-{login}")


@pytest.fixture(autouse=True)
def administrators() -> None:
    for actor in (SECURITY, AUDIT):
        Account.objects.create(
            username=actor.user_id,
            display_name="演示管理员",
            role=actor.role.value,
            staff_no=actor.user_id,
            opened_at=NOW,
        )


def test_an_everyday_login_opens_by_a_code_for_a_day() -> None:
    code = register.open_login(
        a_wish("li", Role.GRID_WORKER, areas=("440310",)), by=SECURITY, at=NOW
    )
    row = Account.objects.get(username="li")
    assert row.check_password(code)
    assert row.must_change_password
    assert not register.is_code_over("li", at=NOW + timedelta(hours=23))
    assert register.is_code_over("li", at=NOW + timedelta(hours=25))


@pytest.mark.parametrize("role", sorted(register.POWERFUL))
def test_a_powerful_login_is_opened_by_nobody_alone(role: Role) -> None:
    with pytest.raises(Refusal) as refused:
        register.open_login(a_wish("wang", role), by=SECURITY, at=NOW)
    assert refused.value.code == "account.two_people"
    number = register.ask_for(a_wish("wang", role), by=SECURITY, at=NOW)
    for somebody in (SECURITY, Actor("x", Role.SYSTEM_ADMINISTRATOR), Actor("y", Role.AUDITOR)):
        with pytest.raises(Refusal):
            register.decide_wish(number, is_granted=True, by=somebody, at=NOW)
    register.decide_wish(number, is_granted=True, by=AUDIT, at=NOW)
    # Granted is not open yet: the code comes from who asked, within a day.
    with pytest.raises(Refusal):
        register.issue_code("wang", by=SECURITY, at=NOW + timedelta(hours=25))
    code = register.issue_code("wang", by=SECURITY, at=NOW)
    assert Account.objects.get(username="wang").check_password(code)


def test_a_powerful_login_cannot_be_taken_over_by_a_new_code() -> None:
    Account.objects.create(
        username="bao", display_name="演示", role="auditor", staff_no="7", opened_at=NOW
    )
    for act in (register.issue_code, register.unlock_account):
        with pytest.raises(Refusal) as refused:
            act("bao", by=SECURITY, at=NOW)
        assert refused.value.code == "account.two_people"
    with pytest.raises(Refusal):
        register.change_powers("bao", Powers(Role.GRID_WORKER), by=SECURITY, at=NOW)


def test_a_refused_wish_opens_nothing_and_another_may_follow() -> None:
    number = register.ask_for(a_wish("wang", Role.AUDITOR), by=SECURITY, at=NOW)
    with pytest.raises(Refusal) as refused:
        register.ask_for(a_wish("wang", Role.AUDITOR), by=SECURITY, at=NOW)
    assert refused.value.code == "account.wish_waits"
    register.decide_wish(number, is_granted=False, by=AUDIT, at=NOW)
    assert not Account.objects.filter(username="wang").exists()
    register.ask_for(a_wish("wang", Role.AUDITOR), by=SECURITY, at=NOW)


def test_nobody_changes_their_own_and_nobody_else_keeps_the_register() -> None:
    for act in (register.lock_account, register.issue_code, register.unlock_account):
        with pytest.raises(Refusal) as refused:
            act(SECURITY.user_id, by=SECURITY, at=NOW)
        assert refused.value.code == "account.own"
    for role in set(Role) - {Role.SECURITY_ADMINISTRATOR}:
        with pytest.raises(Refusal):
            register.lock_account("ding", by=Actor("x", role), at=NOW)
    with pytest.raises(Refusal):
        register.list_accounts(by=Actor("x", Role.LEADER))


def test_who_leaves_is_locked_and_stays_in_the_register() -> None:
    register.open_login(a_wish("li", Role.GRID_WORKER, areas=("440310",)), by=SECURITY, at=NOW)
    register.lock_account("li", by=SECURITY, at=NOW)
    (line,) = register.list_accounts(by=AUDIT, wanted="LI")
    assert (line.is_active, line.closed_at) == (False, NOW)
    with pytest.raises(Refusal):
        register.issue_code("li", by=SECURITY, at=NOW)
    register.unlock_account("li", by=SECURITY, at=NOW)
    assert register.find_account(line.number, by=AUDIT).is_active


def test_a_department_is_a_clerks_alone_and_goes_with_the_actor() -> None:
    register.open_login(a_wish("li", Role.GRID_WORKER, areas=("440310",)), by=SECURITY, at=NOW)
    with pytest.raises(Refusal):
        register.change_powers("li", Powers(Role.GRID_WORKER, (), "公安分局"), by=SECURITY, at=NOW)
    powers = Powers(Role.DEPARTMENT_CLERK, ("440310",), "公安分局")
    register.change_powers("li", powers, by=SECURITY, at=NOW)
    assert Account.objects.get(username="li").as_actor().department == "公安分局"


def test_every_act_is_in_the_ledger() -> None:
    register.open_login(a_wish("li", Role.GRID_WORKER, areas=("440310",)), by=SECURITY, at=NOW)
    register.change_powers("li", Powers(Role.CHECKER), by=SECURITY, at=NOW)
    register.revoke_sessions("li", by=SECURITY, at=NOW)
    register.issue_code("li", by=SECURITY, at=NOW)
    register.lock_account("li", by=SECURITY, at=NOW)
    register.unlock_account("li", by=SECURITY, at=NOW)
    number = register.ask_for(a_wish("wang", Role.AUDITOR), by=SECURITY, at=NOW)
    register.decide_wish(number, is_granted=True, by=AUDIT, at=NOW)
    wanted = {
        *("opened", "role_changed", "areas_bound", "sessions_ended", "code_issued", "closed"),
        *("unlocked", "asked", "granted"),
    }
    entries = ledger.list_entries(LedgerFilter(), limit=100).entries
    assert {entry.action.removeprefix("account.") for entry in entries} == wanted
    assert SYSTEM.user_id not in {entry.actor for entry in entries}
