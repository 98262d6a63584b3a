"""`reveal`, end to end: sealed rows, live work, masks, the ledger. No value comes out without an entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction

from kuai.guard import access, actions, revealing
from kuai.guard.accounts import SYSTEM
from kuai.guard.ledger_models import LedgerEntry, LedgerSubject
from kuai.guard.models import SourceRecord
from kuai.guard.types import Actor, Role, Ticket, TicketKind, Zone
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.store import Store
from tests.modules.guard.builders import (
    NOON,
    ORDER,
    PERSON,
    PLACE,
    a_mention,
    a_registration,
    a_subject,
    an_actor,
    identity_rows,
)
from tests.modules.guard.test_access_tickets import FakeOrders, an_account, issue

pytestmark = pytest.mark.django_db
LI = an_actor()
NAME, NUMBER, PHONE = "测t7", "440380190001000007", "13800000007"
FIELDS = ("name", "id_number", "phone")


@pytest.fixture
def orders() -> Iterator[FakeOrders]:
    room = FakeOrders()
    room.register()
    yield room
    access.withdraw_origin(TicketKind.ORDER)


@pytest.fixture
def town(store: Store, orders: FakeOrders) -> Iterator[Store]:
    """Twenty filings sealed, with the person of row 7 registered, and an order in Li's hands."""
    an_account(LI)
    access.register_source(a_registration(), by=SYSTEM, at=NOON)
    seal(store, identity_rows(20, tenants_per_row=2))
    resolve_to(a_subject(mentions=(a_mention(7),)))
    yield store
    access.withdraw_resolver("person")


def seal(store: Store, table, **place) -> None:
    where = {"zone": Zone.CORE, "source": "rentals", "period": "2026-11"} | place
    actions.seal_table(store, name="identity", table=table, **where)


def resolve_to(subject) -> None:
    access.register_resolver("person", lambda _code: subject)


def look(store: Store, ticket: Ticket | str, fields=FIELDS, *, ref=PERSON, to: Actor = LI, at=NOON):
    return access.reveal(ref, fields, to=to, ticket=ticket, at=at, store=store)


def last_entry() -> LedgerEntry:
    return LedgerEntry.objects.filter(action="person.read").latest("id")


def test_named_fields_come_out_clear_the_others_masked_and_the_ledger_says_which(
    town: Store,
) -> None:
    ticket = issue(fields=("name",))
    assert look(town, ticket) == {
        "name": NAME,
        "id_number": "440380********0007",
        "phone": "138****0007",
    }
    entry = last_entry()
    assert entry.fields_named == ["name", "masked:id_number", "masked:phone"]
    assert (entry.actor, entry.ticket, entry.purpose, entry.outcome) == (
        "li",
        ticket.ticket_id,
        "rental_management",
        "allowed",
    )
    assert LedgerSubject.objects.filter(code="P-00000001-A", entry=entry).exists()


def test_every_named_field_comes_out_and_every_look_counts(town: Store) -> None:
    ticket = issue(fields=FIELDS)
    for looks in (1, 2, 3):
        assert look(town, ticket.ticket_id) == {"name": NAME, "id_number": NUMBER, "phone": PHONE}
        assert LedgerEntry.objects.filter(action="person.read").count() == looks


def test_no_value_is_in_the_ledger(town: Store) -> None:
    look(town, issue(fields=FIELDS))
    written = repr(list(LedgerEntry.objects.values()))
    assert not any(value in written for value in (NAME, NUMBER, PHONE))


FORBIDDEN = [
    pytest.param({"ticket": "T-invented"}, "ticket.none", id="invented-ticket"),
    pytest.param({"ticket": ""}, "ticket.none", id="no-ticket"),
    pytest.param({"at": NOON + timedelta(days=1)}, "ticket.expired", id="expired"),
    pytest.param({"at": NOON - timedelta(seconds=1)}, "ticket.not_begun", id="not-begun"),
    pytest.param(
        {"to": replace(LI, user_id="wang")}, "ticket.not_yours", id="somebody-elses-ticket"
    ),
    pytest.param({"ref": "person:P-00000009-Z"}, "ticket.other_person", id="other-person"),
    pytest.param({"to": replace(LI, areas=("440309",))}, "access.area", id="other-area"),
    pytest.param({"to": replace(LI, role=Role.OFFICER)}, "access.role", id="wrong-role"),
    pytest.param({"fields": ("religion",)}, "access.unknown_field", id="unknown-field"),
    pytest.param({"fields": ()}, "access.no_field", id="no-field"),
]


@pytest.mark.parametrize(("changes", "code"), FORBIDDEN)
def test_a_forbidden_look_is_refused_and_entered(town: Store, changes: dict, code: str) -> None:
    arguments = {"ticket": issue()} | changes
    with pytest.raises(Refusal) as refusal:
        look(town, **arguments)
    assert refusal.value.code == code
    assert (last_entry().outcome, last_entry().objects_seen) == (
        code,
        [arguments.get("ref", PERSON).partition(":")[2]],
    )


SUBJECTS = [
    pytest.param(a_subject(mentions=(a_mention(zone=Zone.CARE),)), "access.zone", id="care-row"),
    pytest.param(
        a_subject(mentions=(a_mention(zone=Zone.REPORTERS),)), "access.zone", id="reporter-row"
    ),
    pytest.param(
        a_subject(mentions=(a_mention(7),), is_child_under_14=True), "access.child", id="child"
    ),
    pytest.param(
        a_subject(mentions=(a_mention(7),), area_paths=("440309/1",)),
        "access.area",
        id="moved-away",
    ),
    pytest.param(
        a_subject(mentions=(a_mention(7, source="unregistered"),)),
        "access.purpose",
        id="unregistered",
    ),
]


@pytest.mark.parametrize(("subject", "code"), SUBJECTS)
def test_a_person_whom_the_ticket_does_not_open_stays_shut(town: Store, subject, code: str) -> None:
    resolve_to(subject)
    with pytest.raises(Refusal) as refusal:
        look(town, issue(fields=("name",)))
    assert refusal.value.code == code
    assert last_entry().outcome == code


def test_nobody_is_looked_up_for_a_ticket_that_does_not_name_them(town: Store) -> None:
    asked = []
    access.register_resolver("person", lambda code: asked.append(code) or a_subject())
    with pytest.raises(Refusal) as refusal:
        look(town, issue(), ref="person:P-00000009-Z")
    assert (refusal.value.code, asked) == ("ticket.other_person", [])


def test_a_child_is_shown_when_named_and_nothing_beyond(town: Store) -> None:
    resolve_to(a_subject(mentions=(a_mention(7),), is_child_under_14=True))
    assert look(town, issue(fields=("name",)), ("name",)) == {"name": NAME}


def test_closing_the_work_shuts_the_file_at_once(town: Store, orders: FakeOrders) -> None:
    ticket = issue()
    assert look(town, ticket)
    orders.open_orders.remove(ORDER)
    with pytest.raises(Refusal) as refusal:
        look(town, ticket)
    assert refusal.value.code == "ticket.work_closed"


def test_a_forged_ticket_object_opens_nothing(town: Store) -> None:
    forged = replace(issue(fields=("name",)), fields=FIELDS, holder="li", subjects=(PERSON,))
    assert look(town, forged)["id_number"] == "440380********0007"


def test_a_source_that_does_not_permit_the_purpose_is_left_out(town: Store) -> None:
    access.register_source(
        a_registration(source="police", permitted_purposes=("residence_registration",)),
        by=SYSTEM,
        at=NOON,
    )
    seal(town, identity_rows(20), source="police")
    resolve_to(
        a_subject(
            mentions=(a_mention(3, source="police", mention_key="rentals:3#tenant"), a_mention(7))
        )
    )
    assert look(town, issue(), ("name",)) == {"name": NAME}
    SourceRecord.objects.filter(source="rentals").update(
        permitted_purposes=["residence_registration"]
    )
    with pytest.raises(Refusal) as refusal:
        look(town, issue(), ("name",))
    assert refusal.value.code == "access.purpose"


def test_the_first_mention_that_has_a_value_wins(town: Store) -> None:
    rows = identity_rows(20).to_pylist()
    rows[5]["phone"] = None
    seal(
        town, identity_rows(20).from_pylist(rows, schema=identity_rows(1).schema), period="2026-12"
    )
    later = a_mention(5, period="2026-12")
    resolve_to(a_subject(mentions=(later, a_mention(7))))
    shown = look(town, issue(), ("name", "phone"))
    assert shown == {"name": "测t5", "phone": PHONE}


def test_a_kind_that_nobody_resolves_has_nothing_to_show(town: Store, orders: FakeOrders) -> None:
    orders.named.add("animal:A-00000001-A")
    ticket = issue(subjects=("animal:A-00000001-A",))
    with pytest.raises(Refusal) as refusal:
        look(town, ticket, ref="animal:A-00000001-A")
    assert refusal.value.code == "access.no_resolver"


@pytest.mark.parametrize(
    "ref", ["person", "person:", "", "person:440380190001000007", "person:张三", ":P-1"]
)
def test_a_reference_that_was_typed_is_refused_and_not_even_entered(town: Store, ref: str) -> None:
    with pytest.raises(Refusal) as refusal:
        look(town, issue(), ref=ref)
    assert refusal.value.code == "access.ref"
    assert not LedgerEntry.objects.filter(action="person.read").exists()


@pytest.mark.parametrize("check", "*~$=U9")
def test_every_check_character_of_a_code_can_be_entered(
    town: Store, orders: FakeOrders, check: str
) -> None:
    ref = f"person:P-0000000A-{check}"
    orders.named.add(ref)
    assert look(town, issue(subjects=(ref,)), ("name",), ref=ref) == {"name": NAME}


def test_after_the_key_is_shredded_there_is_nothing_to_reveal(town: Store) -> None:
    ticket = issue()
    actions.shred_period(town, zone=Zone.CORE, source="rentals", period="2026-11")
    with pytest.raises((Refusal, Breakdown)):
        look(town, ticket)
    assert not LedgerEntry.objects.filter(outcome="allowed", action="person.read").exists()


def test_no_caller_can_wrap_a_look_in_a_transaction_that_could_forget_it(town: Store) -> None:
    ticket = issue()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        look(town, ticket)


@pytest.mark.parametrize(
    ("tenants", "role"), [(1, "tenant"), (3, "tenant"), (3, "landlord"), (3, "agent")]
)
@pytest.mark.parametrize("row_no", [0, 1, 49, 50, 51, 99])
def test_a_mention_is_found_wherever_it_lies_in_a_long_table(
    town: Store, monkeypatch: pytest.MonkeyPatch, tenants: int, role: str, row_no: int
) -> None:
    monkeypatch.setattr(revealing, "ROWS_READ_AT_ONCE", 8)
    seal(town, identity_rows(100, tenants_per_row=tenants), period="2026-12")
    mention = a_mention(row_no, period="2026-12", mention_key=f"rentals:{row_no}#{role}")
    resolve_to(a_subject(mentions=(mention,)))
    assert look(town, issue(), ("name",)) == {"name": f"测{role[0]}{row_no}"}


@pytest.mark.parametrize("role", list(Role))
def test_core_roles_never_read_care_or_reporters_and_care_workers_read_care_only(
    town: Store, orders: FakeOrders, role: Role
) -> None:
    purposes = {
        Zone.CORE: "rental_management",
        Zone.CARE: "home_care",
        Zone.REPORTERS: "request_answer",
    }
    reader = Actor(
        user_id="reader",
        role=role,
        areas=("",),
        person_code="P-00000009-Z" if role is Role.RESIDENT else None,
    )
    orders.holder = "reader"
    if not role.value.endswith("_administrator"):
        an_account(reader)
    read = set()
    for zone, purpose in purposes.items():
        source = f"source_{zone.value}"
        access.register_source(
            a_registration(source=source, zone=zone, permitted_purposes=(purpose,)),
            by=SYSTEM,
            at=NOON,
        )
        seal(town, identity_rows(2), zone=zone, source=source)
        resolve_to(
            a_subject(mentions=(a_mention(1, zone=zone, source=source),), area_paths=(PLACE,))
        )
        try:
            look(town, issue(holder=reader, purpose=purpose), ("name",), to=reader)
        except Refusal:
            continue
        read.add(zone)
    expected = {
        Role.CARE_WORKER: {Zone.CARE},
        Role.DISPATCHER: {Zone.REPORTERS},
        Role.SUBDISTRICT_CLERK: {Zone.CORE},
        Role.GRID_WORKER: {Zone.CORE},
        Role.DEPARTMENT_CLERK: {Zone.CORE},
    }
    assert read == expected.get(role, set())
