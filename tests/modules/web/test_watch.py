"""What machines that watch the portal are told: alive, ready, figures; nobody and no area in any of it."""

from __future__ import annotations

import re

from django.conf import LazySettings
from django.test import Client

from kuai.guard import ledger
from kuai.guard.models import Account, LedgerEntry, LedgerPending
from kuai.kit.clock import utc_now
from kuai.kit.store import Store

SAMPLE = re.compile(r'^[a-z_]+(\{[a-z]+="[\w.\-]+"\})? -?[0-9.e+]+$')


def test_alive_asks_nothing_of_the_database(client: Client) -> None:
    # No database is marked for this test: a question to it would fail.
    answer = client.get("/health/live")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_ready_says_which_part_is_missing(portal: Store, client: Client) -> None:
    # The fixture's entries are of a day of its own.
    ledger.seal_pending(portal, now=utc_now())
    parts = {"database": True, "store": True, "build": True, "sealer": True}
    answer = client.get("/health/ready")
    assert answer.json() == {"ready": True, **parts}
    assert answer.status_code == 200
    (portal.root / "current").unlink()
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, **parts, "build": False}


def test_a_sealer_that_stands_still_for_hours_is_not_ready(portal: Store, client: Client) -> None:
    assert portal.root.exists()
    old = LedgerEntry.objects.create(
        recorded_at=utc_now().replace(year=2020), action="x", object_kind="y"
    )
    LedgerPending.objects.create(entry=old)
    assert client.get("/health/ready").json()["sealer"] is False


def test_figures_are_samples_of_nobody(portal: Store, client: Client) -> None:
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    text = answer.content.decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not SAMPLE.match(line)] == []
    assert 'kuai_ready{part="database"} 1' in lines
    assert f"kuai_accounts_active {Account.objects.count()}" in lines
    logins = Account.objects.values_list("username", flat=True)
    assert not [login for login in logins if login in text]
    assert "4403" not in text
    assert portal.root.exists()


def test_figures_answer_this_machine_alone_or_a_token(
    portal: Store, client: Client, settings: LazySettings
) -> None:
    assert portal.root.exists()
    assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 404
    # Through a proxy on this machine anybody would seem to come from here.
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404
    settings.KUAI_METRICS_TOKEN = "a-long-token"
    assert client.get("/metrics").status_code == 404
    wrong = client.get("/metrics", headers={"Authorization": "Bearer a-long-toke"})
    assert wrong.status_code == 404
    told = client.get(
        "/metrics", REMOTE_ADDR="10.1.2.3", headers={"Authorization": "Bearer a-long-token"}
    )
    assert told.status_code == 200


def test_figures_are_given_when_the_store_is_away(portal: Store, client: Client) -> None:
    portal.root.rename(portal.root.with_name("away"))
    told = client.get("/metrics")
    assert told.status_code == 200
    assert 'kuai_ready{part="store"} 0' in told.content.decode()
    assert "kuai_ledger_entries_total" in told.content.decode()


def test_behind_a_proxy_figures_take_a_token(
    portal: Store, client: Client, settings: LazySettings
) -> None:
    settings.KUAI_BEHIND_PROXY = True
    assert client.get("/metrics").status_code == 404
