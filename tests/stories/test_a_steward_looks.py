"""A steward's open review lets one named field of one named person be seen, once the ledger has it; nothing else does.

Runs in this process on the test run's own work database (SQLite or PostgreSQL), with a build made here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import LazySettings

from kuai.flows.build import BuildResult, build_package
from kuai.flows.registration import gate_of, registrar_of
from kuai.guard import access, actions, ledger
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.types import Actor, Role, Ticket, TicketKind, Zone
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry import decisions
from tests.stories import towns

pytestmark = pytest.mark.django_db

NOW = utc_now().replace(microsecond=0)
STEWARD = Actor(user_id="steward", role=Role.DATA_STEWARD, areas=("440310",))
COLLEAGUE = Actor(user_id="colleague", role=Role.DATA_STEWARD, areas=("440310",))
STRANGER = Actor(user_id="stranger", role=Role.DATA_STEWARD, areas=("440399",))
FIELDS = ("name", "id_number", "phone")


@dataclass(frozen=True)
class KnownPerson:
    """A person whom one row of the register names, and what that row says."""

    ref: str
    row: dict[str, str]


@pytest.fixture
def store(town: Path, own_store: Path, settings: LazySettings) -> Iterator[Store]:
    """The built store; building it again changes nothing but enters its sources in this work database."""
    store = Store(own_store)
    settings.STORE = store
    access.load_purposes()
    # Other tests take the resolver of persons away; starting the room again puts it back.
    apps.get_app_config("registry").ready()
    assert build(town, store).already_published
    yield store
    apps.get_app_config("registry").ready()


def build(town: Path, store: Store) -> BuildResult:
    return build_package(
        town,
        store,
        registrar=registrar_of(synthetic=True, at=NOW),
        gate_on=gate_of(synthetic=True),
    )


@pytest.fixture
def desk(store: Store) -> None:
    """Logins of three stewards, one of another district."""
    administrator = Actor(user_id="security", role=Role.SECURITY_ADMINISTRATOR)
    for actor in (STEWARD, COLLEAGUE, STRANGER):
        wish = access.NewAccount(
            username=actor.user_id,
            display_name=actor.user_id,
            role=actor.role,
            staff_no=actor.user_id,
            areas=actor.areas,
        )
        access.open_account(wish, password="Kuai-stories-2026", by=administrator, at=NOW)


@pytest.fixture
def persons(store: Store, town: Path) -> list[KnownPerson]:
    """Grown-ups with one mention, in the register, number and phone written."""
    rows = towns.read_extract(town, "police_residents")
    mentions = [
        row for row in towns.read_core(store.root, "mention_element") if row["element"] == "person"
    ]
    times = Counter(row["code"] for row in mentions)
    adults = {
        row["person_code"]
        for row in towns.read_core(store.root, "person")
        if not row["is_child_under_14"] and row["birth_date"]
    }
    found = [
        KnownPerson(f"person:{row['code']}", rows[row["row_no"]])
        for row in mentions
        if row["source"] == "police_residents" and times[row["code"]] == 1 and row["code"] in adults
    ]
    found = [
        one for one in found if len(one.row["身份证号码"]) == 18 and len(one.row["联系电话"]) == 11
    ]
    assert len(found) > 20
    return found


def ticket_for(person: KnownPerson, *fields: str, to: Actor = STEWARD) -> tuple[Ticket, str]:
    code = person.ref.removeprefix("person:")
    review = decisions.open_review([code], question="姓名是否写错？", by=to, at=NOW)
    request = access.TicketRequest(
        kind=TicketKind.REVIEW,
        origin=review,
        purpose="record_review",
        subjects=(person.ref,),
        fields=fields,
        ends_at=NOW + timedelta(days=1),
    )
    return access.issue_ticket(request, holder=to, at=NOW), review


def look(
    store: Store, person: KnownPerson, ticket: Ticket, *, to: Actor = STEWARD, minutes: int = 1
):
    at = NOW + timedelta(minutes=minutes)
    return access.reveal(person.ref, FIELDS, to=to, ticket=ticket, at=at, store=store)


def test_the_named_field_is_shown_of_the_named_person_and_the_others_are_masked(
    store: Store, desk: None, persons: list[KnownPerson]
) -> None:
    person, neighbour = persons[0], persons[1]
    ticket, _ = ticket_for(person, "name")
    seen = look(store, person, ticket)
    assert seen["name"] == person.row["姓名"].strip()
    assert "*" in seen["id_number"]
    assert seen["id_number"] != person.row["身份证号码"]
    assert seen["id_number"][:6] == person.row["身份证号码"][:6]
    assert "*" in seen["phone"]
    with pytest.raises(Refusal) as refusal:
        look(store, neighbour, ticket)
    assert refusal.value.code == "ticket.other_person"
    assert neighbour.row["姓名"] not in str(refusal.value)


def test_the_number_is_shown_where_the_ticket_names_it(
    store: Store, desk: None, persons: list[KnownPerson]
) -> None:
    ticket, _ = ticket_for(persons[2], "id_number", "phone")
    seen = look(store, persons[2], ticket)
    assert seen["id_number"] == persons[2].row["身份证号码"].upper()
    assert seen["phone"] == persons[2].row["联系电话"]
    assert "*" in seen["name"]


def test_a_colleague_a_day_later_and_a_closed_review_see_nothing(
    store: Store, desk: None, persons: list[KnownPerson]
) -> None:
    ticket, review = ticket_for(persons[0], "name")
    with pytest.raises(Refusal):
        look(store, persons[0], ticket, to=COLLEAGUE)
    with pytest.raises(Refusal):
        look(store, persons[0], ticket, to=replace(STEWARD, role=Role.LEADER))
    with pytest.raises(Refusal):
        look(store, persons[0], ticket, minutes=24 * 60 + 1)
    assert look(store, persons[0], ticket)["name"]
    decisions.close_review(review, by=STEWARD, at=NOW + timedelta(minutes=2))
    with pytest.raises(Refusal):
        look(store, persons[0], ticket, minutes=3)


def test_a_steward_of_another_district_sees_nothing_even_by_a_review_of_their_own(
    store: Store, desk: None, persons: list[KnownPerson]
) -> None:
    ticket, _ = ticket_for(persons[0], "name", to=STRANGER)
    with pytest.raises(Refusal) as refusal:
        look(store, persons[0], ticket, to=STRANGER)
    assert refusal.value.code == "access.area"


def test_every_look_and_every_refusal_is_in_the_ledger_without_a_value(
    store: Store, desk: None, persons: list[KnownPerson]
) -> None:
    person = persons[0]
    ticket, _ = ticket_for(person, "name")
    look(store, person, ticket)
    with pytest.raises(Refusal):
        look(store, person, ticket, to=COLLEAGUE)
    page = ledger.list_entries(LedgerFilter(action="person.read"))
    outcomes = [(entry.actor, entry.outcome) for entry in page.entries]
    assert ("steward", "allowed") in outcomes
    assert any(actor == "colleague" and outcome != "allowed" for actor, outcome in outcomes)
    allowed = next(entry for entry in page.entries if entry.outcome == "allowed")
    assert allowed.ticket_id == ticket.ticket_id
    assert allowed.purpose == "record_review"
    assert allowed.fields == ("name", "masked:id_number", "masked:phone")
    for value in (person.row["姓名"], person.row["身份证号码"], person.row["联系电话"]):
        assert value not in repr(page)


def test_the_sealed_ledger_verifies_and_a_tampered_copy_is_located(
    store: Store, desk: None, persons: list[KnownPerson], tmp_path: Path
) -> None:
    ticket, _ = ticket_for(persons[0], "name")
    look(store, persons[0], ticket)
    sealed = ledger.seal_pending(store, now=NOW + timedelta(minutes=5))
    assert sealed.kept > 5
    entries = store.root / "ledger" / "entries-000000000001.jsonl"
    checkpoints = store.root / "ledger" / "checkpoints.txt"
    assert actions.verify_ledger_file(entries, checkpoints).is_whole
    written = entries.read_bytes()
    for value in (persons[0].row["姓名"], persons[0].row["身份证号码"]):
        assert value.encode() not in written
    copy = tmp_path / entries.name
    lines = written.splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if b'"person.read"' in line)
    lines[place] = lines[place].replace(b'"allowed"', b'"refused"')
    copy.write_bytes(b"".join(lines))
    assert copy.read_bytes() != written
    verdict = actions.verify_ledger_file(copy, checkpoints)
    assert not verdict.is_whole
    assert place + 1 in [fault.line for fault in verdict.faults]


def test_a_build_in_this_work_database_is_the_one_of_the_command(
    town: Path, built: Path, tmp_path: Path
) -> None:
    """The work database (SQLite or PostgreSQL) takes no part in what a build says."""
    store = Store(towns.same_keys(built, tmp_path / "store"))
    access.load_purposes()
    result = build(town, store)
    assert not result.already_published
    assert towns.bytes_by_file(towns.core_of(store.root)) == towns.bytes_by_file(
        towns.core_of(built)
    )


def test_a_shredded_delivery_shows_nothing_to_anybody(
    store: Store, desk: None, persons: list[KnownPerson]
) -> None:
    ticket, _ = ticket_for(persons[0], "name")
    assert look(store, persons[0], ticket)["name"]
    actions.shred_period(store, zone=Zone.CORE, source="police_residents", period="0001")
    with pytest.raises(Refusal):
        look(store, persons[0], ticket, minutes=2)
