"""Tickets come from live work only, and die with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from kuai.guard import access, queries
from kuai.guard.access import TicketRequest
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.models import Account, TicketRecord
from kuai.guard.types import Actor, Role, TicketKind
from kuai.kit.errors import Refusal
from tests.modules.guard.builders import NOON, ORDER, OTHER_PERSON, PERSON, an_actor

pytestmark = pytest.mark.django_db
LI = an_actor()
REQUEST = TicketRequest(
    kind=TicketKind.ORDER,
    origin=ORDER,
    purpose="rental_management",
    subjects=(PERSON,),
    fields=("name", "phone"),
    ends_at=NOON + timedelta(days=1),
)


@dataclass
class FakeOrders:
    """An orders room: which orders are open, whom they name, who has them in hand."""

    open_orders: set[str] = field(default_factory=lambda: {ORDER})
    named: set[str] = field(default_factory=lambda: {PERSON, OTHER_PERSON})
    holder: str = "li"

    def register(self, kind: TicketKind = TicketKind.ORDER) -> None:
        access.register_origin(
            kind,
            lambda origin: origin in self.open_orders,
            names_subject=lambda _origin, ref: ref in self.named,
            is_held_by=lambda _origin, actor: actor.user_id == self.holder,
        )


@pytest.fixture
def orders() -> Iterator[FakeOrders]:
    room = FakeOrders()
    room.register()
    yield room
    access.withdraw_origin(TicketKind.ORDER)


def an_account(actor: Actor) -> Account:
    return Account.objects.create(
        username=actor.user_id,
        display_name="某人",
        role=actor.role.value,
        areas=list(actor.areas),
        person_code=actor.person_code or "",
        staff_no=actor.user_id,
        opened_at=NOON,
    )


def issue(holder: Actor = LI, **changes) -> access.TicketRequest:
    return access.issue_ticket(replace(REQUEST, **changes), holder=holder, at=NOON)


def test_live_work_issues_a_ticket_that_says_whose_what_and_until_when(orders: FakeOrders) -> None:
    an_account(LI)
    ticket = issue()
    assert (ticket.subjects, ticket.fields) == ((PERSON,), ("name", "phone"))
    assert (ticket.begins_at, ticket.ends_at) == (NOON, NOON + timedelta(days=1))
    assert access.get_live_ticket(ticket.ticket_id, holder=LI, at=NOON) == ticket
    entry = LedgerEntry.objects.get(action="ticket.issued")
    assert (entry.ticket, entry.objects_seen) == (ticket.ticket_id, ["P-00000001-A"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": TicketKind.APPLICATION}, "ticket.unknown_origin"),
        ({"kind": TicketKind.BREAK_GLASS}, "ticket.unknown_origin"),
        ({"purpose": "record_review"}, "ticket.wrong_kind"),
        ({"purpose": "residence_statistics"}, "purpose.unknown"),
        ({"purpose": "person_tracking"}, "purpose.denied"),
        ({"purpose": "home_care"}, "access.role"),
        ({"purpose": "grid_visit"}, "access.role"),
        ({"origin": "order:78"}, "ticket.work_closed"),
        ({"subjects": (PERSON, "person:P-00000009-Z")}, "ticket.other_person"),
        ({"subjects": ()}, "ticket.subjects"),
        ({"fields": ()}, "ticket.fields"),
        ({"fields": ("name", "religion")}, "ticket.fields"),
        ({"ends_at": NOON}, "ticket.term"),
        ({"ends_at": NOON + timedelta(days=15, seconds=1)}, "ticket.term"),
    ],
)
def test_what_the_work_does_not_cover_gets_no_ticket(
    orders: FakeOrders, changes: dict, code: str
) -> None:
    an_account(LI)
    with pytest.raises(Refusal) as refusal:
        issue(**changes)
    assert refusal.value.code == code
    assert not TicketRecord.objects.exists()


def test_a_list_of_a_building_is_no_ticket(orders: FakeOrders) -> None:
    an_account(LI)
    many = tuple(f"person:P-{number:08d}-A" for number in range(61))
    orders.named.update(many)
    assert len(issue(subjects=many[:60]).subjects) == 60
    with pytest.raises(Refusal) as refusal:
        issue(subjects=many)
    assert refusal.value.code == "ticket.subjects"


def test_work_in_somebody_elses_hands_issues_no_ticket(orders: FakeOrders) -> None:
    an_account(LI)
    orders.holder = "wang"
    with pytest.raises(Refusal) as refusal:
        issue()
    assert refusal.value.code == "ticket.work_of_another"


@pytest.mark.parametrize(
    "pretender",
    [LI, replace(LI, areas=("",)), replace(LI, role=Role.OFFICER), replace(LI, user_id="nobody")],
)
def test_a_holder_that_is_not_the_account_gets_no_ticket(
    orders: FakeOrders, pretender: Actor
) -> None:
    if pretender != LI:
        an_account(LI)
    with pytest.raises(Refusal):
        issue(holder=pretender)


def test_a_ticket_dies_with_its_work_without_anybody_ending_it(orders: FakeOrders) -> None:
    an_account(LI)
    ticket = issue()
    orders.open_orders.clear()
    with pytest.raises(Refusal) as refusal:
        access.get_live_ticket(ticket.ticket_id, holder=LI, at=NOON)
    assert refusal.value.code == "ticket.work_closed"
    assert not access.is_live_ticket(ticket.ticket_id, holder=LI, at=NOON)


def test_a_ticket_dies_with_its_holders_account(orders: FakeOrders) -> None:
    an_account(LI)
    ticket = issue()
    Account.objects.update(is_active=False)
    with pytest.raises(Refusal) as refusal:
        access.get_live_ticket(ticket.ticket_id, holder=LI, at=NOON)
    assert refusal.value.code == "ticket.holder_closed"


def test_a_ticket_of_a_room_that_left_is_dead(orders: FakeOrders) -> None:
    an_account(LI)
    ticket = issue()
    access.withdraw_origin(TicketKind.ORDER)
    assert not access.is_live_ticket(ticket.ticket_id, holder=LI, at=NOON)


def test_an_ended_ticket_is_dead_even_if_the_work_opens_again(orders: FakeOrders) -> None:
    an_account(LI)
    ticket = issue()
    assert access.end_tickets(TicketKind.ORDER, ORDER, at=NOON + timedelta(minutes=1)) == 1
    assert access.is_live_ticket(ticket.ticket_id, holder=LI, at=NOON)
    assert not access.is_live_ticket(ticket.ticket_id, holder=LI, at=NOON + timedelta(minutes=1))
    assert access.end_tickets(TicketKind.ORDER, ORDER, at=NOON + timedelta(minutes=2)) == 0


@pytest.mark.parametrize("ticket_id", ["", "T-invented", "' or 1=1 --"])
def test_a_ticket_that_nobody_issued_is_none(ticket_id: str) -> None:
    with pytest.raises(Refusal) as refusal:
        access.get_live_ticket(ticket_id, holder=LI, at=NOON)
    assert refusal.value.code == "ticket.none"


def test_the_nightly_run_writes_down_which_tickets_are_over(orders: FakeOrders) -> None:
    an_account(LI)
    orders.open_orders.add("order:78")
    short = issue(ends_at=NOON + timedelta(hours=1))
    closed = issue(origin="order:78")
    alive = issue()
    orders.open_orders.discard("order:78")
    assert access.end_dead_tickets(at=NOON + timedelta(hours=2)) == 2
    because = {record.ticket_id: record.ended_because for record in TicketRecord.objects.all()}
    assert because == {
        short.ticket_id: "expired",
        closed.ticket_id: "work_closed",
        alive.ticket_id: "",
    }
    assert [t.ticket_id for t in queries.list_live_tickets(LI, at=NOON + timedelta(hours=2))] == [
        alive.ticket_id
    ]


def test_a_resident_opens_their_own_file_and_nobody_elses() -> None:
    resident = Actor(user_id="chen", role=Role.RESIDENT, person_code="P-00000001-A")
    an_account(resident)
    own = {
        "kind": TicketKind.OWN_DATA,
        "purpose": "own_data",
        "ends_at": NOON + timedelta(hours=1),
    }
    ticket = issue(holder=resident, origin=access.own_data_origin(resident), **own)
    assert ticket.subjects == (PERSON,)
    for origin, subject, code in (
        ("person:P-00000002-B", OTHER_PERSON, "ticket.work_closed"),
        (PERSON, OTHER_PERSON, "ticket.other_person"),
    ):
        with pytest.raises(Refusal) as refusal:
            issue(holder=resident, origin=origin, subjects=(subject,), **own)
        assert refusal.value.code == code


def test_one_resident_cannot_open_the_file_of_another_who_has_an_account() -> None:
    chen = Actor(user_id="chen", role=Role.RESIDENT, person_code="P-00000001-A")
    zhou = Actor(user_id="zhou", role=Role.RESIDENT, person_code="P-00000002-B")
    an_account(chen)
    an_account(zhou)
    with pytest.raises(Refusal) as refusal:
        issue(
            holder=zhou,
            kind=TicketKind.OWN_DATA,
            origin=PERSON,
            purpose="own_data",
            ends_at=NOON + timedelta(hours=1),
        )
    assert refusal.value.code == "ticket.work_of_another"


def test_break_glass_can_never_be_registered_as_work() -> None:
    with pytest.raises(ValueError, match="break-glass"):
        FakeOrders().register(TicketKind.BREAK_GLASS)
