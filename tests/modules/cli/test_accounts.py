"""`kuai accounts`: the first login is the security administrator's, and from then on only they open and close any."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.cli.output import EXIT_FAULTY_INPUT, EXIT_REFUSED
from kuai.kit.store import Store
from tests.modules.cli.operators import (
    PASSWORD,
    ledger_actions,
    open_account,
    password_file,
    run_as,
    run_well_as,
)

SECURITY = "security_administrator"


@pytest.fixture
def guarded(store: Store) -> Store:
    """A store in which `anne` is the security administrator."""
    answer = open_account("root", "anne", SECURITY, store=store)
    assert answer.exit_code == 0, answer.stderr
    return store


def accounts_of(store: Store) -> dict[str, dict]:
    lines = run_well_as("anne", "accounts", "list", "--store", store.root, "--json").json()
    return {line["login"]: line for line in lines}


def test_the_first_account_may_be_opened_by_whoever_sits_at_the_machine(guarded: Store) -> None:
    assert accounts_of(guarded) == {
        "anne": {"login": "anne", "role": SECURITY, "areas": [], "is_active": True}
    }


@pytest.mark.parametrize("role", ["data_steward", "system_administrator", "auditor"])
def test_the_first_account_is_the_security_administrators(store: Store, role: str) -> None:
    answer = open_account("root", "li", role, store=store)
    assert answer.exit_code == EXIT_REFUSED
    assert "第一个账号只能是安全管理员" in answer.sentences
    assert "--role security_administrator" in answer.sentences


def test_the_security_administrator_opens_accounts_with_areas(guarded: Store) -> None:
    assert open_account("anne", "li", "data_steward", store=guarded, area="/").exit_code == 0
    assert open_account("anne", "wu", "grid_worker", store=guarded, area="440310/1").exit_code == 0
    accounts = accounts_of(guarded)
    assert (accounts["li"]["role"], accounts["li"]["areas"]) == ("data_steward", [""])
    assert accounts["wu"]["areas"] == ["440310/1"]
    words = run_well_as("anne", "accounts", "list", "--store", guarded.root).stdout
    assert "li  data_steward  在用  /" in words


@pytest.mark.parametrize("role", ["data_steward", SECURITY])
def test_nobody_else_opens_one_where_there_is_a_security_administrator(
    guarded: Store, role: str
) -> None:
    answer = open_account("root", "li", role, store=guarded)
    assert answer.exit_code == EXIT_REFUSED
    assert "账号由安全管理员管理" in answer.sentences
    assert set(accounts_of(guarded)) == {"anne"}


def test_another_users_name_in_the_environment_opens_no_door(guarded: Store) -> None:
    borrowed = {"LOGNAME": "anne", "USER": "anne", "USERNAME": "anne", "LNAME": "anne"}
    words = ("accounts", "close", "anne", "--store", guarded.root)
    assert run_as("root", *words, settings=borrowed).exit_code == EXIT_REFUSED
    assert accounts_of(guarded)["anne"]["is_active"]


@pytest.mark.parametrize("words", [("list",), ("close", "anne")])
def test_others_neither_list_nor_close_accounts(guarded: Store, words: tuple[str, ...]) -> None:
    answer = run_as("root", "accounts", *words, "--store", guarded.root)
    assert answer.exit_code == EXIT_REFUSED
    assert answer.stdout == ""
    assert accounts_of(guarded)["anne"]["is_active"]


def test_a_closed_account_is_shown_closed_and_is_security_administrator_no_more(
    guarded: Store,
) -> None:
    assert open_account("anne", "bo", SECURITY, store=guarded).exit_code == 0
    run_well_as("bo", "accounts", "close", "anne", "--store", guarded.root)
    lines = run_well_as("bo", "accounts", "list", "--store", guarded.root, "--json").json()
    assert {line["login"]: line["is_active"] for line in lines} == {"anne": False, "bo": True}
    assert open_account("anne", "li", "auditor", store=guarded).exit_code == EXIT_REFUSED


def test_one_member_of_staff_has_one_account(guarded: Store) -> None:
    words = ("--role", "auditor", "--name", "某人", "--staff-no", "K-anne")
    file = password_file(guarded.root.parent)
    answer = run_as(
        "anne",
        *("accounts", "open", "other", *words),
        *("--password-file", file, "--store", guarded.root),
    )
    assert answer.exit_code == EXIT_REFUSED
    assert "工号已有账号" in answer.sentences


def test_residents_alone_have_an_account_without_a_staff_number(guarded: Store) -> None:
    file = password_file(guarded.root.parent)
    more = ("--name", "某", "--password-file", file, "--store", guarded.root)
    resident = run_as("anne", "accounts", "open", "res", "--role", "resident", *more)
    assert resident.exit_code == 0, resident.stderr
    auditor = run_as("anne", "accounts", "open", "au", "--role", "auditor", *more)
    assert auditor.exit_code == EXIT_REFUSED
    assert "--staff-no" in auditor.sentences


def test_openings_and_closings_are_in_the_ledger(guarded: Store, tmp_path: Path) -> None:
    open_account("anne", "li", "auditor", store=guarded)
    run_well_as("anne", "accounts", "close", "li", "--store", guarded.root)
    text = str(ledger_actions(guarded, tmp_path / "audit"))
    assert text.count("account.opened") == 2
    assert text.count("account.closed") == 1
    assert "os:root" in text
    assert PASSWORD not in text


def first(store: Store, *words: object, typed: str = "") -> object:
    named = ("--role", SECURITY, "--name", "安", "--staff-no", "K-1")
    return run_as("root", "accounts", "open", "anne", *named, *words, typed=typed)


def test_a_password_is_asked_for_twice_and_never_shown(store: Store) -> None:
    answer = first(store, "--store", store.root, typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert answer.exit_code == 0, answer.stderr
    assert PASSWORD not in answer.stdout + answer.stderr


def test_two_different_passwords_open_nothing(store: Store) -> None:
    answer = first(store, "--store", store.root, typed=f"{PASSWORD}\nthree-loud-herons\n")
    assert answer.exit_code != 0
    assert run_as("anne", "accounts", "list", "--store", store.root).exit_code == EXIT_REFUSED


def test_a_weak_password_is_refused(store: Store) -> None:
    file = password_file(store.root.parent, "12345")
    answer = first(store, "--store", store.root, "--password-file", file)
    assert answer.exit_code == EXIT_REFUSED
    assert "口令不合要求" in answer.sentences


def test_a_password_file_that_others_may_read_is_refused(store: Store) -> None:
    file = password_file(store.root.parent)
    file.chmod(0o644)
    answer = first(store, "--store", store.root, "--password-file", file)
    assert answer.exit_code == EXIT_REFUSED
    assert "chmod 600" in answer.sentences


def test_a_missing_password_file_is_a_fault_of_the_input(store: Store, tmp_path: Path) -> None:
    answer = first(store, "--store", store.root, "--password-file", tmp_path / "none")
    assert answer.exit_code == EXIT_FAULTY_INPUT


def test_a_mistyped_store_is_not_made_by_listing(tmp_path: Path) -> None:
    answer = run_as("anne", "accounts", "list", "--store", tmp_path / "typo")
    assert answer.exit_code == EXIT_REFUSED
    assert not (tmp_path / "typo").exists()
