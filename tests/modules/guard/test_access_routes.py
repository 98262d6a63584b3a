"""Routes: nobody reaches a view without a rule; everybody else is let in by role, and to persons by ticket."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client, override_settings

from kuai.guard import access
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.models import Account
from kuai.guard.route_rules import (
    RouteRule,
    decide_route,
    list_routes,
    name_outside_view,
    route_rule,
)
from kuai.guard.types import Actor, Role, TicketKind
from kuai.kit.clock import utc_now
from kuai.kit.errors import Refusal
from tests.modules.guard.builders import NOON, an_actor
from tests.modules.guard.test_access_tickets import REQUEST, FakeOrders

ROUTES = "tests.modules.guard.routes_for_tests"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _routes():
    with override_settings(ROOT_URLCONF=ROUTES):
        yield


def a_login(role: Role, **changes) -> Client:
    values = {
        "username": role.value,
        "display_name": "某人",
        "role": role.value,
        "staff_no": role.value,
        "opened_at": NOON,
        "must_change_password": False,
    }
    account = Account.objects.create(**values | changes)
    client = Client()
    client.force_login(account, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("path", ["/forgotten/", "/forgotten-class/", "/template/"])
@pytest.mark.parametrize("role", [None, Role.DATA_STEWARD, Role.SYSTEM_ADMINISTRATOR])
def test_nobody_reaches_a_view_without_a_rule(path: str, role: Role | None) -> None:
    client = Client() if role is None else a_login(role)
    assert client.get(path).status_code == 403


def test_an_api_operation_without_a_rule_is_refused_though_its_path_has_one() -> None:
    client = a_login(Role.GRID_WORKER)
    assert client.get("/nested/api/blocks").json() == {"blocks": "all"}
    answer = client.post("/nested/api/blocks")
    assert answer.status_code == 403
    assert answer.json()["code"] == "route.no_rule"


@pytest.mark.parametrize("role", list(Role))
def test_only_listed_roles_come_in(role: Role) -> None:
    client = a_login(role)
    allowed = {
        "/sources/": (Role.DATA_STEWARD, Role.AUDITOR),
        "/listed-class/": (Role.LEADER,),
        "/nested/api/blocks": (Role.GRID_WORKER,),
        "/health/": tuple(Role),
    }
    for path, roles in allowed.items():
        assert (client.get(path).status_code == 200) == (role in roles), path


def test_a_refused_route_is_in_the_ledger_under_its_permission() -> None:
    a_login(Role.GRID_WORKER).get("/sources/")
    entry = LedgerEntry.objects.get(action="route.refused")
    assert (entry.actor, entry.objects_seen) == ("grid_worker", ["sources.list"])


def test_a_stranger_is_sent_to_the_login_page_or_told_so_in_json() -> None:
    page = Client().get("/sources/?q=1")
    assert page.status_code == 302
    assert page.headers["Location"] == "/login/?next=/sources/%3Fq%3D1"
    api = Client().get("/nested/api/blocks")
    assert (api.status_code, api.json()["code"]) == (401, "route.sign_in")
    assert Client().get("/health/").content == b"well"


def test_a_page_about_a_person_needs_a_live_ticket() -> None:
    client = a_login(Role.DATA_STEWARD)
    assert client.get("/person/").status_code == 403
    assert client.post("/person/", {"ticket": "T-invented"}).status_code == 403
    assert client.get("/person/", headers={"X-Kuai-Ticket": "T-invented"}).status_code == 403


def test_a_page_about_a_person_opens_with_the_readers_own_live_ticket() -> None:
    """By header or form, never by address; somebody else's ticket does not open it. The clock is the machine's."""
    client = a_login(Role.DATA_STEWARD, areas=[""])
    now = utc_now()
    room = FakeOrders(holder="data_steward")
    room.register(TicketKind.REVIEW)
    try:
        ticket = access.issue_ticket(
            replace(
                REQUEST,
                kind=TicketKind.REVIEW,
                purpose="record_review",
                ends_at=now + timedelta(hours=1),
            ),
            holder=Actor("data_steward", Role.DATA_STEWARD, areas=("",)),
            at=now,
        )
        by_address = client.get(f"/person/?ticket={ticket.ticket_id}")
        assert by_address.status_code == 403
        assert client.get("/person/").status_code == 403
        by_form = client.post("/person/", {"ticket": ticket.ticket_id})
        assert by_form.content.decode() == ticket.ticket_id
        assert client.get("/person/").content.decode() == ticket.ticket_id
        assert (
            client.get("/person/", headers={"X-Kuai-Ticket": ticket.ticket_id}).status_code == 200
        )
        other = a_login(Role.DATA_STEWARD, username="other", staff_no="other")
        assert other.post("/person/", {"ticket": ticket.ticket_id}).status_code == 403
        room.open_orders.clear()
        assert client.get("/person/").status_code == 403
    finally:
        # The registry told the guard of its reviews when it started, and is to be heard again by the tests after this.
        apps.get_app_config("registry").ready()


def test_a_first_password_must_be_changed_before_anything_else() -> None:
    client = a_login(Role.DATA_STEWARD, must_change_password=True)
    assert client.get("/sources/").status_code == 403
    assert client.get("/password/").status_code == 200
    assert client.get("/health/").status_code == 200


def test_a_closed_account_is_a_stranger_from_the_next_request_on() -> None:
    client = a_login(Role.DATA_STEWARD)
    assert client.get("/sources/").status_code == 200
    Account.objects.update(is_active=False)
    assert client.get("/sources/").status_code == 302


def test_the_list_of_routes_finds_every_operation_and_every_gap() -> None:
    routes = {(route.path, route.method): route.rule for route in list_routes(ROUTES)}
    assert routes["nested/api/blocks", "GET"].permission == "blocks.read"
    assert routes["nested/api/blocks", "POST"] is None
    assert routes["forgotten/", "*"] is None
    assert routes["template/", "*"] is None
    assert routes["language/", "*"].permission == "language.choose"
    assert routes["listed-class/", "*"].roles == (Role.LEADER,)


@pytest.mark.parametrize(
    ("purpose", "roles", "error"),
    [
        ("curiosity", (Role.DATA_STEWARD,), Refusal),
        ("person_scoring", (Role.DATA_STEWARD,), Refusal),
        ("audit", (Role.GRID_WORKER,), ValueError),
        ("audit", (), ValueError),
    ],
)
def test_a_rule_with_a_wrong_purpose_or_role_cannot_be_written(purpose, roles, error) -> None:
    with pytest.raises(error):
        route_rule("x", purpose=purpose, roles=roles)


def test_our_own_views_cannot_be_listed_as_somebody_elses() -> None:
    with pytest.raises(ValueError, match="ours"):
        name_outside_view("kuai.web.views.person", RouteRule("x", "audit", (Role.AUDITOR,)))


def test_a_route_is_refused_before_anything_is_known_of_the_actor() -> None:
    with pytest.raises(Refusal) as refusal:
        decide_route(None, actor=an_actor())
    assert refusal.value.code == "route.no_rule"
