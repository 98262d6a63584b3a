"""May this actor read these fields of this person by this ticket? Every allowed and every forbidden move."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kuai.guard.engine.areas import covers, covers_any
from kuai.guard.engine.reading import (
    ROLES_FOR_L4,
    ZONE_OF_ROLE,
    decide_reading,
    require_live_ticket,
)
from kuai.guard.types import Role, TicketKind, Zone
from kuai.kit.errors import Refusal
from tests.modules.guard.builders import (
    NOON,
    OTHER_PERSON,
    PERSON,
    a_mention,
    a_subject,
    a_ticket,
    an_actor,
)

CARE_SUBJECT = a_subject(mentions=(a_mention(zone=Zone.CARE),))
REPORTER_SUBJECT = a_subject(mentions=(a_mention(zone=Zone.REPORTERS),))
CHILD = a_subject(is_child_under_14=True)


@pytest.mark.parametrize(
    ("reader", "ticket", "subject", "fields", "clear", "masked"),
    [
        pytest.param(an_actor(), a_ticket(), a_subject(), ("name", "phone"), ("name", "phone"), (), id="named"),
        pytest.param(an_actor(), a_ticket(), a_subject(), ("name", "id_number"), ("name",), ("id_number",),
                     id="a-field-not-named-is-masked"),
        pytest.param(an_actor(), a_ticket(fields=("id_number",)), a_subject(), ("id_number",), ("id_number",), (),
                     id="a-clerk-sees-a-named-number"),
        pytest.param(an_actor(Role.GRID_WORKER), a_ticket(fields=("name", "id_number")), a_subject(),
                     ("name", "id_number"), ("name",), ("id_number",), id="a-grid-worker-never-sees-a-number"),
        pytest.param(an_actor(), a_ticket(fields=("name",)), CHILD, ("name",), ("name",), (),
                     id="a-child-named-explicitly-to-a-fit-role"),
        pytest.param(an_actor(areas=("440310",)), a_ticket(), a_subject(), ("name",), ("name",), (),
                     id="from-the-district"),
        pytest.param(an_actor(areas=("",)), a_ticket(), a_subject(area_paths=()), ("name",), ("name",), (),
                     id="no-known-place-belongs-to-the-whole"),
        pytest.param(an_actor(Role.CARE_WORKER), a_ticket(purpose="home_care"), CARE_SUBJECT, ("name",),
                     ("name",), (), id="care-worker-in-the-care-zone"),
        pytest.param(an_actor(Role.DISPATCHER), a_ticket(purpose="request_answer"), REPORTER_SUBJECT, ("phone",),
                     ("phone",), (), id="whoever-answers-the-request"),
        pytest.param(an_actor(Role.RESIDENT, areas=(), person_code="P-00000001-A"),
                     a_ticket(kind=TicketKind.OWN_DATA, purpose="own_data", fields=("name", "id_number")),
                     a_subject(), ("name", "id_number"), ("name", "id_number"), (), id="ones-own-file"),
    ],
)  # fmt: skip
def test_what_may_be_read(reader, ticket, subject, fields, clear, masked) -> None:
    decision = decide_reading(PERSON, fields, reader=reader, ticket=ticket, subject=subject)
    assert (decision.clear, decision.masked) == (clear, masked)


@pytest.mark.parametrize(
    ("reader", "ticket", "subject", "fields", "code"),
    [
        pytest.param(an_actor(), a_ticket(subjects=(OTHER_PERSON,)), a_subject(), ("name",), "ticket.other_person",
                     id="ticket-for-somebody-else"),
        pytest.param(an_actor(), a_ticket(), a_subject(), (), "access.no_field", id="no-field"),
        pytest.param(an_actor(), a_ticket(), a_subject(), ("religion",), "access.unknown_field", id="no-such-field"),
        pytest.param(an_actor(Role.OFFICER), a_ticket(), a_subject(), ("name",), "access.role", id="wrong-role"),
        pytest.param(an_actor(Role.LEADER), a_ticket(), a_subject(), ("name",), "access.role", id="leader"),
        pytest.param(an_actor(Role.AUDITOR), a_ticket(purpose="audit"), a_subject(), ("name",), "access.zone",
                     id="auditor-reads-no-person"),
        pytest.param(an_actor(Role.SYSTEM_ADMINISTRATOR), a_ticket(purpose="administration"), a_subject(), ("name",),
                     "access.zone", id="administrator-reads-no-person"),
        pytest.param(an_actor(areas=("440310/440310002",)), a_ticket(), a_subject(), ("name",), "access.area",
                     id="other-area"),
        pytest.param(an_actor(areas=("440310/44031000",)), a_ticket(), a_subject(), ("name",), "access.area",
                     id="half-a-code-is-no-area"),
        pytest.param(an_actor(areas=()), a_ticket(), a_subject(), ("name",), "access.area", id="no-area"),
        pytest.param(an_actor(), a_ticket(), a_subject(area_paths=()), ("name",), "access.area",
                     id="no-known-place-is-not-everybodys"),
        pytest.param(an_actor(), a_ticket(), CARE_SUBJECT, ("name",), "access.zone", id="core-reader-care-row"),
        pytest.param(an_actor(), a_ticket(), REPORTER_SUBJECT, ("name",), "access.zone", id="core-reader-reporter"),
        pytest.param(an_actor(Role.CARE_WORKER), a_ticket(purpose="home_care"), a_subject(), ("name",), "access.zone",
                     id="care-worker-core-row"),
        pytest.param(an_actor(), a_ticket(), a_subject(mentions=(a_mention(), a_mention(zone=Zone.CARE))), ("name",),
                     "access.zone", id="one-care-row-among-core-rows"),
        pytest.param(an_actor(), a_ticket(kind=TicketKind.BREAK_GLASS), a_subject(), ("name",),
                     "ticket.headcount_only", id="break-glass-shows-nobody"),
        pytest.param(an_actor(), a_ticket(), CHILD, ("id_number",), "access.child", id="child-field-not-named"),
        pytest.param(an_actor(), a_ticket(), CHILD, ("name", "id_number"), "access.child", id="child-partly-named"),
        pytest.param(an_actor(Role.GRID_WORKER), a_ticket(), CHILD, ("name",), "access.child",
                     id="child-to-a-role-without-l4"),
        pytest.param(an_actor(Role.RESIDENT, person_code="P-00000002-B"),
                     a_ticket(kind=TicketKind.OWN_DATA, purpose="own_data"), a_subject(), ("name",), "access.not_own",
                     id="somebody-elses-file"),
        pytest.param(an_actor(Role.RESIDENT, person_code=None),
                     a_ticket(kind=TicketKind.OWN_DATA, purpose="own_data"), a_subject(), ("name",), "access.not_own",
                     id="a-resident-without-a-person"),
        pytest.param(an_actor(), a_ticket(purpose="person_scoring"), a_subject(), ("name",), "purpose.denied",
                     id="denied-purpose"),
    ],
)  # fmt: skip
def test_what_may_not_be_read(reader, ticket, subject, fields, code) -> None:
    with pytest.raises(Refusal) as refusal:
        decide_reading(PERSON, fields, reader=reader, ticket=ticket, subject=subject)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("ticket", "at", "is_open", "code"),
    [
        (a_ticket(holder="wang"), NOON, True, "ticket.not_yours"),
        (a_ticket(begins_at=NOON + timedelta(seconds=1)), NOON, True, "ticket.not_begun"),
        (a_ticket(ends_at=NOON), NOON, True, "ticket.expired"),
        (a_ticket(), NOON + timedelta(hours=1), True, "ticket.expired"),
        (a_ticket(), NOON, False, "ticket.work_closed"),
    ],
)
def test_a_ticket_that_is_not_live_is_refused(ticket, at, is_open, code) -> None:
    with pytest.raises(Refusal) as refusal:
        require_live_ticket(ticket, holder=an_actor(), at=at, work_is_open=is_open)
    assert refusal.value.code == code


def test_a_ticket_is_live_from_its_first_instant_to_just_before_its_end() -> None:
    ticket = a_ticket()
    for at in (ticket.begins_at, NOON, ticket.ends_at - timedelta(microseconds=1)):
        require_live_ticket(ticket, holder=an_actor(), at=at, work_is_open=True)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("zone", list(Zone))
def test_a_role_reaches_one_zone_at_most(role: Role, zone: Zone) -> None:
    purposes = {
        Zone.CORE: "rental_management",
        Zone.CARE: "home_care",
        Zone.REPORTERS: "request_answer",
    }
    subject = a_subject(mentions=(a_mention(zone=zone),))
    if ZONE_OF_ROLE.get(role) is not zone:
        with pytest.raises(Refusal):
            decide_reading(
                PERSON,
                ("name",),
                reader=an_actor(role),
                ticket=a_ticket(purpose=purposes[zone]),
                subject=subject,
            )
    assert sum(ZONE_OF_ROLE.get(role) is each for each in Zone) <= 1


def test_only_roles_that_read_persons_may_see_the_highest_level() -> None:
    assert set(ZONE_OF_ROLE) >= ROLES_FOR_L4
    assert Role.GRID_WORKER not in ROLES_FOR_L4


@pytest.mark.parametrize(
    ("area", "path", "expected"),
    [
        ("440310", "440310/440310001", True),
        ("440310/440310001", "440310/440310001", True),
        ("440310/440310001", "440310", False),
        ("440310/44031000", "440310/440310001", False),
        ("", "440310", True),
        ("440310", "", False),
        ("/440310/", "440310/440310001", True),
    ],
)
def test_an_area_covers_itself_and_what_is_inside(area: str, path: str, expected: bool) -> None:
    assert covers(area, path) is expected


def test_one_place_inside_is_enough_and_no_area_covers_nothing() -> None:
    assert covers_any(("440310",), ("440309/1", "440310/2"))
    assert not covers_any((), ("440310",))
    assert not covers_any(("440310",), ())
