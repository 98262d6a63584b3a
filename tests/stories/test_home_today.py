"""What the first page says waits: sums for whoever may see them, nobody named, nobody's work counted."""

from __future__ import annotations

import pytest
from django.test import Client

from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.store import Store
from kuai.services.proactive import actions as proactive
from kuai.web.home.today import has_work, list_matters
from tests.stories.declaring import rooms_with
from tests.stories.test_questions import (  # noqa: F401 - fixtures
    NOW,
    PASSWORD,
    ask,
    clerk,
    login,
    own_home,
    store,
)

pytestmark = pytest.mark.django_db
RULE = "first.turning_60"


def told(store: Store, actor: Actor) -> list[str]:  # noqa: F811 - the fixture
    return [one.text for one in list_matters(store, actor, on=local_day(NOW))]


def test_what_waits_is_told_to_whoever_may_do_it_and_to_nobody_else(
    store: Store,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    assert told(store, clerk) == []
    homes = rooms_with(store, "PH_RESIDE")
    for number in range(3):
        ask(store, homes[number], origin=f"test:{number}")
    proactive.rehearse_rule(store, RULE, day=local_day(NOW), by=login("data-steward"), at=NOW)
    assert told(store, clerk) == ["1 条规则演练过，等签字。", "3 个问题还没发出。"]
    # A steward signs nothing and asks nobody; a grid worker sends nothing; elsewhere is elsewhere.
    assert told(store, login("data-steward")) == []
    assert told(store, login("grid-worker")) == []
    elsewhere = Actor("elsewhere", Role.SUBDISTRICT_CLERK, areas=("/none",), department="别的科室")
    assert told(store, elsewhere) == []
    for role in ("leader", "officer", "auditor"):
        assert not has_work(login(role).role)


def test_a_stopped_rule_presses_and_the_page_leads_there(
    store: Store,  # noqa: F811
    clerk: Actor,  # noqa: F811
) -> None:
    proactive.rehearse_rule(store, RULE, day=local_day(NOW), by=login("data-steward"), at=NOW)
    proactive.sign_rule(store, RULE, by=clerk, at=NOW)
    proactive.suspend_rule(store, RULE, because="措辞要改", by=clerk, at=NOW)
    ask(store, own_home(store))
    first, second = list_matters(store, clerk, on=local_day(NOW))
    assert first.is_pressing
    assert first.url == "/offers/rules/"
    assert second.url == "/questions/"
    client = Client()
    client.post("/login/", {"username": "demo-subdistrict-clerk", "password": PASSWORD})
    page = client.get("/").content.decode()
    assert first.text in page
    assert second.text in page
    # No build: the other pages say what to do first, this one still opens.
    (store.root / "current").unlink()
    assert client.get("/").status_code == 200
