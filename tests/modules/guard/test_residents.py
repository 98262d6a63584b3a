"""A login becomes a person's own by an officer who has them and their document before them, and by nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kuai.guard import access
from kuai.guard.ledger import list_entries_about
from kuai.guard.models import Account, ResidentBinding
from kuai.guard.types import Actor, Role, TicketKind
from kuai.kit.errors import Refusal

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
PERSON, OTHER = "P-CKDKWFS6-4", "P-SVQVM2GE-E"
CLERK = Actor("binder", Role.DEPARTMENT_CLERK, areas=("",))


@pytest.fixture
def logins():
    for name, role, areas in (
        ("binder", Role.DEPARTMENT_CLERK, [""]),
        ("r1", Role.RESIDENT, []),
        ("r2", Role.RESIDENT, []),
    ):
        Account(username=name, display_name=name, role=role.value, areas=areas, opened_at=AT).save()


@pytest.fixture
def ticket(logins):
    access.register_origin(
        TicketKind.APPLICATION,
        lambda _: True,
        names_subject=lambda *_: True,
        is_held_by=lambda *_: True,
    )
    yield access.issue_ticket(
        access.TicketRequest(
            kind=TicketKind.APPLICATION,
            origin="A-1",
            purpose="approval",
            subjects=(f"person:{PERSON}",),
            fields=("name",),
            ends_at=AT + timedelta(days=1),
        ),
        holder=CLERK,
        at=AT,
    )
    access.withdraw_origin(TicketKind.APPLICATION)


def bind(ticket, *, login="r1", code=PERSON, by=CLERK, evidence="id_card"):
    return access.bind_resident(
        login,
        code,
        record="police:1#subject",
        evidence=evidence,
        ticket_id=ticket.ticket_id,
        by=by,
        at=AT,
    )


def actor_of(login: str) -> Actor:
    return Account.objects.get(username=login).as_actor()


def test_whom_an_officer_saw_has_their_login_and_reads_who_made_it_theirs(ticket):
    assert access.find_binding(actor_of("r1")) is None
    bind(ticket)
    bound = access.find_binding(actor_of("r1"))
    assert (bound.person_code, bound.bound_by, bound.evidence) == (PERSON, "binder", "id_card")
    told = list_entries_about(PERSON, at=AT).entries
    assert "binding.made" in {one.action for one in told}


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"by": Actor("binder", Role.DATA_STEWARD, areas=("",))}, "binding.not_yours"),
        ({"by": Actor("r1", Role.RESIDENT)}, "binding.not_yours"),
        ({"evidence": ""}, "binding.evidence"),
        ({"evidence": "name"}, "binding.evidence"),
        ({"code": OTHER}, "ticket.other_person"),
        ({"login": "nobody"}, "binding.no_login"),
        ({"login": "binder"}, "binding.no_login"),
    ],
)
def test_nobody_else_binds_nor_anybody_without_ticket_document_and_login(ticket, wish, code):
    with pytest.raises(Refusal) as refused:
        bind(ticket, **wish)
    assert refused.value.code == code
    assert not ResidentBinding.objects.exists()


def test_a_person_has_one_login_and_a_login_one_person_until_it_is_ended(ticket):
    bind(ticket)
    for login, code in (("r1", "binding.taken"), ("r2", "binding.has_login")):
        with pytest.raises(Refusal) as refused:
            bind(ticket, login=login)
        assert refused.value.code == code
    with pytest.raises(Refusal):
        access.end_binding("r1", by=actor_of("r2"), at=AT)
    access.end_binding("r1", by=actor_of("r1"), at=AT)
    assert access.find_binding(actor_of("r1")) is None
    assert actor_of("r1").person_code is None
    bind(ticket, login="r2")
    assert access.find_binding(actor_of("r2")).person_code == PERSON


def test_an_officer_ends_the_login_of_the_person_of_their_ticket_and_of_nobody_else(ticket):
    bind(ticket)
    with pytest.raises(Refusal):
        access.end_binding("r1", by=CLERK, at=AT)
    for code, ticket_id in ((OTHER, ticket.ticket_id), (PERSON, "none")):
        with pytest.raises(Refusal):
            access.end_binding_of(code, ticket_id=ticket_id, by=CLERK, at=AT)
    assert access.find_binding(actor_of("r1")) is not None
    assert access.end_binding_of(PERSON, ticket_id=ticket.ticket_id, by=CLERK, at=AT) == 1
    assert access.find_binding(actor_of("r1")) is None


def test_an_account_that_names_a_person_is_nobodys_file_before_somebody_saw_them(logins):
    Account.objects.filter(username="r1").update(person_code=PERSON)
    assert access.find_binding(actor_of("r1")) is None


def test_the_seed_of_a_demo_is_refused_where_people_are_real(logins):
    from kuai.guard.models import SourceRecord

    access.seed_resident("r1", PERSON, record="police:1#subject", at=AT)
    access.seed_resident("r1", PERSON, record="police:1#subject", at=AT)
    assert ResidentBinding.objects.count() == 1
    SourceRecord(
        source="real", title="real", zone="core", has_personal_columns=True, registered_at=AT
    ).save()
    with pytest.raises(Refusal) as refused:
        access.seed_resident("r2", OTHER, record="", at=AT)
    assert refused.value.code == "account.demo_refused"


def test_bindings_are_only_added(ticket):
    bind(ticket)
    with pytest.raises(TypeError):
        ResidentBinding.objects.all().delete()
