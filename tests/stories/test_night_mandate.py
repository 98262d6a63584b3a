"""Messages leave by night in the name of a clerk who said so, until their day, a click, or the end of their post."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client

from kuai.guard.ledger import list_entries
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.models import Account
from kuai.guard.types import Actor, Role
from kuai.kit.clock import local_day
from kuai.kit.errors import Refusal
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.services.questions import actions, queries
from kuai.services.questions.models import MandateEnd, Message, SendingMandate
from kuai.services.questions.types import MandateState
from tests.stories.test_questions import (  # noqa: F401 - fixtures
    ELSEWHERE,
    NOW,
    OFFICER,
    Gateway,
    ask,
    clerk,
    gateway,
    home,
    login,
    store,
)

pytestmark = pytest.mark.django_db(transaction=True)
BASIS = "街道职责清单第十二项"
TODAY = local_day(NOW)


def night(store: Store, gateway: Gateway, days: int = 0) -> Receipt:  # noqa: F811
    return actions.send_by_mandate(store, at=NOW + timedelta(days=days), gateway=gateway)


def give(clerk: Actor, days: int = 30) -> str:  # noqa: F811
    until = TODAY + timedelta(days=days)
    return actions.give_mandate(basis=BASIS, until=until, by=clerk, at=NOW)


def test_without_a_mandate_nothing_leaves_and_the_receipt_says_how_many_wait(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    gateway: Gateway,  # noqa: F811
) -> None:
    ask(store, home)
    ask(store, home, "test:2")
    told = night(store, gateway)
    assert (told.received, told.kept, told.quarantined) == (1, 0, 1)
    assert (told.notes["mandates"], told.notes["without_mandate"]) == (0, 1)
    assert gateway.sent == []
    assert Message.objects.count() == 0


def test_the_night_sends_in_a_clerks_name_and_each_person_sees_who_read(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    clerk: Actor,  # noqa: F811
    gateway: Gateway,  # noqa: F811
) -> None:
    ask(store, home)
    number = give(clerk)
    told = night(store, gateway)
    assert (told.received, told.kept, told.notes["without_mandate"]) == (1, 1, 0)
    assert night(store, gateway).received == 0, "a second run the same night sends nothing"
    entries = list_entries(LedgerFilter(), limit=50).entries
    looks = [one for one in entries if "phone" in one.fields]
    assert {one.actor for one in looks} == {clerk.user_id}
    assert all(one.ticket_id for one in looks)
    acts = {one.action: one for one in entries if one.object_kind == "mandate"}
    assert set(acts) == {"question.mandate_given", "question.mandate_used"}
    assert Message.objects.get().claimed_by == clerk.user_id
    assert number in str(acts["question.mandate_used"])


@pytest.mark.parametrize("ends", ["expired", "withdrawn", "closed", "role", "areas", "by_leader"])
def test_a_mandate_that_ended_sends_nothing(
    store: Store,  # noqa: F811
    home: dict,  # noqa: F811
    clerk: Actor,  # noqa: F811
    gateway: Gateway,  # noqa: F811
    ends: str,
) -> None:
    number = give(clerk, days=1)
    account = Account.objects.filter(username=clerk.user_id)
    if ends == "withdrawn":
        actions.end_mandate(number, by=clerk, at=NOW)
        actions.end_mandate(number, by=clerk, at=NOW)
    elif ends == "by_leader":
        actions.end_mandate(number, by=Actor("boss", Role.LEADER, areas=("",)), at=NOW)
    elif ends == "closed":
        account.update(is_active=False)
    elif ends == "role":
        account.update(role=Role.GRID_WORKER.value)
    elif ends == "areas":
        account.update(areas=["440310"])
    ask(store, home)
    told = night(store, gateway, days=2 if ends == "expired" else 0)
    assert (told.kept, told.notes["without_mandate"]) == (0, 1)
    assert gateway.sent == []
    # Back at the post, the old mandate is dead all the same.
    account.update(is_active=True, role=clerk.role.value, areas=list(clerk.areas))
    assert night(store, gateway, days=3).kept == 0
    assert (
        queries.list_mandates(by=clerk, at=NOW + timedelta(days=3))[0].state
        is not MandateState.HOLDS
    )
    assert MandateEnd.objects.count() == (0 if ends == "expired" else 1)


def test_who_may_give_see_and_end_a_mandate(store: Store, clerk: Actor) -> None:  # noqa: ARG001, F811
    for other in (OFFICER, Actor("w", Role.GRID_WORKER, areas=("",)), Actor("l", Role.LEADER)):
        with pytest.raises(Refusal):
            give(other)
    for basis, days in (("", 5), ("字", 5), (BASIS, 400), (BASIS, -1), ("13800138000 同意", 5)):
        with pytest.raises(Refusal):
            actions.give_mandate(basis=basis, until=TODAY + timedelta(days=days), by=clerk, at=NOW)
    number = give(clerk)
    with pytest.raises(Refusal, match="已经委托过"):
        give(clerk)
    assert queries.list_mandates(by=ELSEWHERE, at=NOW) == ()
    for other in (ELSEWHERE, login("department-clerk"), Actor("l", Role.LEADER, areas=("/none",))):
        with pytest.raises(Refusal, match="没有您可以收回的"):
            actions.end_mandate(number, by=other, at=NOW)
    with pytest.raises(Refusal):
        queries.list_mandates(by=OFFICER, at=NOW)
    (seen,) = queries.list_mandates(by=login("leader"), at=NOW)
    assert (seen.number, seen.holder, seen.is_own) == (number, clerk.user_id, False)


def test_the_page_says_who_since_and_until_and_a_click_ends_it(
    store: Store,  # noqa: ARG001, F811
    settings: LazySettings,  # noqa: ARG001
) -> None:
    desk, boss, worker = (browser(one) for one in ("subdistrict-clerk", "leader", "grid-worker"))
    assert "没有人委托，夜里不发" in desk.get("/questions/").content.decode()
    bad = desk.post("/questions/mandates/give/", {"basis": BASIS, "until": "soon"})
    assert (bad.status_code, BASIS in bad.content.decode()) == (409, True)
    until = (TODAY + timedelta(days=60)).isoformat()
    desk.post("/questions/mandates/give/", {"basis": BASIS, "until": until})
    for page in (desk.get("/questions/"), boss.get("/questions/mandates/")):
        assert all(one in page.content.decode() for one in ("demo-subdistrict-clerk", until))
    assert "demo-" not in worker.get("/questions/").content.decode().split("<main")[1]
    assert worker.get("/questions/mandates/").status_code == 403
    number = SendingMandate.objects.get().number
    assert worker.post(f"/questions/mandates/{number}/end/").status_code == 403
    assert (
        boss.post("/questions/mandates/give/", {"basis": BASIS, "until": until}).status_code == 403
    )
    desk.post(f"/questions/mandates/{number}/end/")
    assert "没有人委托，夜里不发" in desk.get("/questions/").content.decode()
    assert "已收回" in desk.get("/questions/mandates/").content.decode()


def browser(role: str) -> Client:
    client = Client()
    client.force_login(Account.objects.get(username=f"demo-{role}"))
    return client
