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
    holder = Account.objects.filter(username=login, role=Role.RESIDENT.value).first()
    is_nobodys = holder is not None and access.find_binding(holder.as_actor()) is None
    shown = access.show_binding_code(holder.as_actor(), at=AT) if is_nobodys else "00000000"
    return bind_by(shown, ticket, login=login, code=code, by=by, evidence=evidence)


def bind_by(shown, ticket, *, login="r1", code=PERSON, by=CLERK, evidence="id_card", at=AT):  # noqa: PLR0913
    return access.bind_resident(
        login,
        code,
        code=shown,
        record="police:1#subject",
        evidence=evidence,
        ticket_id=ticket.ticket_id,
        by=by,
        at=at,
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
        ({"login": "nobody"}, "binding.code"),
        ({"login": "binder"}, "binding.code"),
    ],
)
def test_nobody_else_binds_nor_anybody_without_ticket_document_and_login(ticket, wish, code):
    with pytest.raises(Refusal) as refused:
        bind(ticket, **wish)
    assert refused.value.code == code
    assert not ResidentBinding.objects.exists()


def test_a_code_opens_once_for_ten_minutes_and_five_tries_and_every_failure_sounds_the_same(ticket):
    def refused(shown, **more):
        with pytest.raises(Refusal) as fault:
            bind_by(shown, ticket, **more)
        return fault.value.code, str(fault.value), fault.value.next_step

    wrong = refused("00000000")
    first = access.show_binding_code(actor_of("r1"), at=AT)
    newest = access.show_binding_code(actor_of("r1"), at=AT)
    assert refused(first) == wrong
    assert refused(newest, login="r2") == wrong
    assert refused(newest, at=AT + timedelta(minutes=10)) == wrong
    assert refused("") == wrong
    for _ in range(3):
        assert refused("00000000") == wrong
    assert refused(newest) == wrong
    assert not ResidentBinding.objects.exists()
    assert "binding.tried" in {one.action for one in list_entries_about(PERSON, at=AT).entries}
    newest = access.show_binding_code(actor_of("r1"), at=AT)
    bind_by(f" {newest[:4]} {newest[4:]}", ticket)
    access.end_binding("r1", by=actor_of("r1"), at=AT)
    assert refused(newest) == wrong


def test_only_a_residents_login_that_is_nobodys_is_shown_a_code(ticket):
    bind(ticket)
    for actor in (CLERK, actor_of("r1")):
        with pytest.raises(Refusal):
            access.show_binding_code(actor, at=AT)


def test_the_line_about_an_ended_login_names_the_officers_ticket(ticket):
    bind(ticket)
    access.end_binding_of(PERSON, ticket_id=ticket.ticket_id, by=CLERK, at=AT)
    ended = list_entries_about(PERSON, at=AT).entries[0]
    assert (ended.action, ended.ticket_id) == ("binding.ended", ticket.ticket_id)


def test_a_person_has_one_login_and_a_login_one_person_until_it_is_ended(ticket):
    bind(ticket)
    for login, code in (("r1", "binding.code"), ("r2", "binding.has_login")):
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
