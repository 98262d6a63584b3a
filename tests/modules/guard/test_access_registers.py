"""The registers of purposes and sources, the list of what is kept too long, and whether a store is synthetic."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session

from kuai.guard import access, actions, queries
from kuai.guard.accounts import SYSTEM
from kuai.guard.engine.purposes import permitted_purposes
from kuai.guard.ledger_models import LedgerEntry
from kuai.guard.models import PurposeRecord, SourceRecord, TicketRecord
from kuai.guard.types import Actor, Role, Zone
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from tests.modules.guard.builders import NOON, TODAY, a_registration, identity_rows

pytestmark = pytest.mark.django_db
STEWARD = Actor(user_id="zhao", role=Role.DATA_STEWARD)


def test_the_table_of_purposes_follows_the_list_and_forgets_nothing() -> None:
    PurposeRecord.objects.create(
        code="old_purpose", title_zh="旧", title_en="old", legal_basis="x", zone="core"
    )
    assert access.load_purposes() == access.load_purposes() == len(permitted_purposes())
    assert not PurposeRecord.objects.get(code="old_purpose").is_permitted
    assert PurposeRecord.objects.filter(is_permitted=True).count() == len(permitted_purposes())


def test_a_source_comes_back_from_the_register_as_it_went_in() -> None:
    access.register_source(a_registration(), by=STEWARD, at=NOON)
    assert queries.find_source("rentals") == a_registration()
    assert queries.list_sources() == (a_registration(),)
    assert queries.find_source("unheard_of") is None


def test_registering_the_same_again_leaves_no_trace_and_a_change_does() -> None:
    for _ in range(2):
        access.register_source(a_registration(), by=STEWARD, at=NOON)
    access.register_source(a_registration(retention_days=30), by=STEWARD, at=NOON)
    assert list(LedgerEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "source.registered",
        "source.changed",
    ]
    assert queries.find_source("rentals").retention_days == 30


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"zone": Zone.CARE}, "source.zone"),
        ({"synthetic": True}, "source.synthetic"),
        ({"permitted_purposes": ("person_scoring",)}, "purpose.denied"),
        ({"permitted_purposes": ("anything",)}, "purpose.unknown"),
        ({"source": "../elsewhere"}, "vault.bad_name"),
    ],
)
def test_a_registration_that_may_not_be_changes_nothing(changes: dict, code: str) -> None:
    access.register_source(a_registration(), by=STEWARD, at=NOON)
    with pytest.raises(Refusal) as refusal:
        access.register_source(a_registration(**changes), by=STEWARD, at=NOON)
    assert refusal.value.code == code
    assert queries.list_sources() == (a_registration(),)


@pytest.mark.parametrize(
    "role", [r for r in Role if r not in (Role.DATA_STEWARD, Role.SYSTEM_ADMINISTRATOR)]
)
def test_only_the_steward_registers_sources(role: Role) -> None:
    with pytest.raises(Refusal) as refusal:
        access.register_source(a_registration(), by=replace(STEWARD, role=role), at=NOON)
    assert refusal.value.code == "source.not_yours"


def test_a_store_is_synthetic_only_if_all_its_sources_are() -> None:
    assert not queries.is_synthetic_store()
    access.register_source(a_registration(source="made_up", synthetic=True), by=STEWARD, at=NOON)
    assert queries.is_synthetic_store()
    access.register_source(a_registration(source="real"), by=STEWARD, at=NOON)
    assert not queries.is_synthetic_store()


def test_what_is_kept_too_long_is_listed_and_still_there_afterwards(store: Store) -> None:
    access.register_source(a_registration(retention_days=30), by=STEWARD, at=NOON)
    for period in ("2026-09", "2026-10", "2026-11"):
        actions.seal_table(
            store,
            zone=Zone.CORE,
            source="rentals",
            period=period,
            name="identity",
            table=identity_rows(2),
        )
    TicketRecord.objects.create(
        ticket_id="T-1", kind="order", origin="order:1", purpose="grid_visit", holder="li", subjects=[],
        fields=[], begins_at=NOON - timedelta(days=1101), ends_at=NOON - timedelta(days=1100),
    )  # fmt: skip
    overdue = queries.list_overdue_things(store, as_of=TODAY)
    assert [(item.thing.name, item.thing.period, item.due_on) for item in overdue] == [
        ("rentals", "2026-09", date(2026, 10, 30)),
        ("guard.TicketRecord", "", date(2026, 11, 15)),
    ]
    assert TicketRecord.objects.exists()
    assert actions.sealed_exists(
        store, zone=Zone.CORE, source="rentals", period="2026-09", name="identity"
    )
    assert SourceRecord.objects.count() == 1


def test_live_logins_are_found_by_name_only_while_active() -> None:
    access.create_demo_accounts([], synthetic=True, at=NOON)
    leader = queries.find_actor_by_login("demo-leader")
    assert leader == Actor(user_id="demo-leader", role=Role.LEADER, areas=("",))
    security = Actor(user_id="demo-security-administrator", role=Role.SECURITY_ADMINISTRATOR)
    before = queries.count_accounts()
    access.close_account("demo-leader", by=security, at=NOON)
    assert queries.find_actor_by_login("demo-leader") is None
    assert queries.count_accounts() == before - 1


def test_ended_sessions_and_old_failed_logins_are_cleared_and_the_count_is_entered() -> None:
    for key, days in (("alive", -1), ("just-over", 0.5), ("old", 2)):
        Session.objects.create(
            session_key=key, session_data="", expire_date=NOON - timedelta(days=days)
        )
    access.load_purposes()
    attempt = {"username": "li", "ip_address": "10.0.0.1", "failures_since_start": 1}
    for days in (89, 91):
        row = AccessAttempt.objects.create(**attempt, user_agent=str(days))
        AccessAttempt.objects.filter(pk=row.pk).update(attempt_time=NOON - timedelta(days=days))
    cleared = access.clear_technical_rows(by=SYSTEM, at=NOON)
    assert cleared == {
        "sessions.Session": 1,
        "axes.AccessAttempt": 1,
        "django_tasks_database.DBTaskResult": 0,
    }
    assert set(Session.objects.values_list("session_key", flat=True)) == {"alive", "just-over"}
    entry = LedgerEntry.objects.get(action="retention.cleared")
    assert (entry.count_returned, entry.objects_seen) == (
        2,
        ["sessions.Session", "axes.AccessAttempt"],
    )
    assert sum(access.clear_technical_rows(by=SYSTEM, at=NOON).values()) == 0
