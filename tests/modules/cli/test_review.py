"""`kuai review`: on a store of real people a command gets its ticket here, and loses it when the review ends."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from kuai.cli.output import EXIT_REFUSED
from kuai.kit.store import Store, read_json, write_json
from tests.modules.cli.operators import (
    ledger_actions,
    open_account,
    run_as,
    run_well_as,
)
from tests.stories import towns

ROW = 3
QUESTION = ("--question", "两处住址哪个对")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built store, had its people been real, with a security administrator, two stewards and an auditor."""
    folder = tmp_path_factory.mktemp("real")
    towns.build(towns.make_town(folder / "town", rooms=200), folder / "store")
    store = Store(folder / "store")
    tenant = store.root / "tenant.json"
    write_json(tenant, {**read_json(tenant), "synthetic": False})
    for opener, login, role in (
        ("root", "anne", "security_administrator"),
        ("anne", "li", "data_steward"),
        ("anne", "wu", "data_steward"),
        ("anne", "ma", "auditor"),
    ):
        assert open_account(opener, login, role, store=store).exit_code == 0
    return store.root


@pytest.fixture
def store(real: Path, tmp_path: Path) -> Store:
    shutil.copytree(real, tmp_path / "store")
    shutil.copytree(Store(real).keys, Store(tmp_path / "store").keys)
    return Store(tmp_path / "store")


@pytest.fixture(scope="module")
def persons(real: Path) -> list[str]:
    """Some persons of the store; the first is the one whom row ROW of the register names."""
    rows = [row for row in towns.read_core(real, "mention_element") if row["element"] == "person"]
    (first,) = [
        row["code"] for row in rows if (row["source"], row["row_no"]) == ("police_residents", ROW)
    ]
    return [first, *sorted({row["code"] for row in rows} - {first})[:29]]


def open_review(login: str, store: Store, *persons: str, field: str = "name") -> towns.Answer:
    words = ("review", "open", *persons, *QUESTION, "--field", field)
    return run_as(login, *words, "--store", store.root, "--json")


def ticket_of(answer: towns.Answer) -> tuple[str, str]:
    assert answer.exit_code == 0, answer.stderr
    opened = answer.json()
    return opened["review"], opened["ticket"]["ticket_id"]


def look(login: str, store: Store, ticket: str) -> towns.Answer:
    words = ("explain", "mention", "police_residents", ROW, "--ticket", ticket)
    return run_as(login, *words, "--store", store.root)


def test_the_ticket_of_a_review_lets_its_holder_look_until_the_review_is_closed(
    store: Store, persons: list[str]
) -> None:
    review, ticket = ticket_of(open_review("li", store, persons[0]))
    assert look("li", store, "").exit_code == EXIT_REFUSED
    assert look("li", store, ticket).exit_code == 0
    assert review in run_well_as("li", "review", "list", "--store", store.root).stdout
    closed = run_well_as("li", "review", "close", review, "--store", store.root)
    assert "1 张凭据失效" in closed.stdout
    assert look("li", store, ticket).exit_code == EXIT_REFUSED
    assert run_well_as("li", "review", "list", "--store", store.root, "--json").json() == []


def test_a_ticket_serves_export_of_its_persons_and_refused_rows(
    store: Store, persons: list[str], tmp_path: Path
) -> None:
    _, ticket = ticket_of(open_review("li", store, persons[0]))
    for words in (
        ("export", "mentions", "-o", tmp_path / "out.csv"),
        ("sources", "refused", "police_residents", "-o", tmp_path / "out.xlsx"),
    ):
        run_well_as("li", *words, "--ticket", ticket, "--store", store.root)
    with (tmp_path / "out.csv").open(encoding="utf-8") as stream:
        assert {row["person_code"] for row in csv.DictReader(stream)} == {persons[0]}


def test_a_row_of_somebody_else_stays_closed(store: Store, persons: list[str]) -> None:
    _, ticket = ticket_of(open_review("li", store, persons[1]))
    answer = look("li", store, ticket)
    assert answer.exit_code == EXIT_REFUSED
    assert "凭据没有写明" in answer.sentences


def test_a_ticket_is_its_holders_alone(store: Store, persons: list[str]) -> None:
    review, ticket = ticket_of(open_review("li", store, persons[0]))
    assert look("wu", store, ticket).exit_code == EXIT_REFUSED
    assert run_well_as("wu", "review", "list", "--store", store.root, "--json").json() == []
    closing = run_as("wu", "review", "close", review, "--store", store.root)
    assert closing.exit_code == EXIT_REFUSED
    assert look("li", store, ticket).exit_code == 0


def test_the_answer_in_words_names_review_ticket_and_end(store: Store, persons: list[str]) -> None:
    words = ("review", "open", *persons[:2], *QUESTION, "--field", "name", "--field", "phone")
    said = run_well_as("li", *words, "--hours", 2, "--store", store.root).stdout
    (line,) = run_well_as("li", "review", "list", "--store", store.root, "--json").json()
    assert line["review"] in said
    assert line["ticket"]["ticket_id"] in said
    assert "失效" in said
    assert (line["ticket"]["fields"], len(line["ticket"]["subjects"])) == (["name", "phone"], 2)


@pytest.mark.parametrize("login", ["ma", "anne"])
def test_other_roles_open_no_review(store: Store, persons: list[str], login: str) -> None:
    answer = open_review(login, store, persons[0])
    assert answer.exit_code == EXIT_REFUSED
    assert "核校" in answer.sentences


def test_who_has_no_account_is_told_how_to_get_one(store: Store, persons: list[str]) -> None:
    answer = open_review("root", store, persons[0])
    assert answer.exit_code == EXIT_REFUSED
    assert "kuai accounts open root" in answer.sentences


def test_a_review_whose_ticket_is_refused_is_not_opened(
    store: Store, persons: list[str], tmp_path: Path
) -> None:
    assert open_review("li", store, persons[0], field="salary").exit_code == EXIT_REFUSED
    assert open_review("li", store, *persons[:21]).exit_code == EXIT_REFUSED
    assert "review.opened" not in str(ledger_actions(store, tmp_path / "audit"))


@pytest.mark.parametrize("typed", ["440380195805086968", "17903451431", "某人", "E-29E8MDF6-W"])
def test_whoever_types_a_number_or_a_name_is_refused_without_an_echo(
    store: Store, typed: str
) -> None:
    answer = open_review("li", store, typed)
    assert answer.exit_code == EXIT_REFUSED
    assert typed not in answer.stdout + answer.stderr


def test_a_number_in_the_question_is_refused(store: Store, persons: list[str]) -> None:
    words = ("review", "open", persons[0], "--field", "name", "--question", "17903451431 是谁")
    answer = run_as("li", *words, "--store", store.root)
    assert answer.exit_code == EXIT_REFUSED
    assert "17903451431" not in answer.stdout + answer.stderr


@pytest.mark.parametrize("hours", [0, 121])
def test_a_ticket_lasts_five_days_at_most(store: Store, persons: list[str], hours: int) -> None:
    words = ("review", "open", persons[0], *QUESTION, "--field", "name", "--hours", hours)
    assert run_as("li", *words, "--store", store.root).exit_code == 2


def test_the_ledger_has_opening_ticket_look_and_closing(
    store: Store, persons: list[str], tmp_path: Path
) -> None:
    review, ticket = ticket_of(open_review("li", store, persons[0]))
    look("li", store, ticket)
    run_well_as("li", "review", "close", review, "--store", store.root)
    text = str(ledger_actions(store, tmp_path / "audit"))
    for action in ("review.opened", "ticket.issued", "explained_mention", "review.closed"):
        assert action in text, action
    assert persons[0] in text
