"""A retention run over tables: what is due goes and is counted, what a hold keeps stays, the chain stays whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps

from kuai.guard import access, ledger, retention
from kuai.guard.engine.retention import last_day_of_period
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.models import Account, LedgerEntry, LedgerSecret, SourceRecord, TicketRecord
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Refusal
from kuai.kit.store import Store

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=4 * 365)
STEWARD = Actor(user_id="anne", role=Role.DATA_STEWARD)
AUDITOR = Actor(user_id="bao", role=Role.AUDITOR)

pytestmark = pytest.mark.django_db


def a_ticket(name: str, *, ended: datetime) -> TicketRecord:
    return TicketRecord.objects.create(
        ticket_id=name,
        kind="review",
        origin="review:1",
        purpose="record_review",
        holder="anne",
        subjects=["person:P-1"],
        fields=["name"],
        begins_at=ended - timedelta(hours=4),
        ends_at=ended,
    )


def an_old_look() -> None:
    access.record_entry(
        actor=STEWARD,
        action="search",
        object_kind="query",
        purpose="record_review",
        at=LONG_AGO,
        personal={"name": "invented"},
    )


def gone_of(lines: tuple[retention.TableLine, ...]) -> dict[str, int]:
    return {line.table: line.gone for line in lines if line.gone}


def test_a_table_that_nobody_ruled_on_is_reported() -> None:
    assert retention.list_unruled_tables() == ()


def test_a_list_erases_nothing_and_a_run_what_is_due() -> None:
    a_ticket("T-old", ended=LONG_AGO)
    a_ticket("T-new", ended=NOW - timedelta(days=3))
    due = {line.table: line.due for line in retention.list_due_rows(at=NOW) if line.due}
    assert due == {"guard.TicketRecord": 1}
    assert TicketRecord.objects.count() == 2
    assert gone_of(retention.erase_due_rows(by=STEWARD, at=NOW)) == due
    assert [one.ticket_id for one in TicketRecord.objects.all()] == ["T-new"]
    (entry,) = ledger.list_entries(LedgerFilter(action=retention.ERASED)).entries
    assert (entry.objects, entry.count) == (("guard.TicketRecord",), 1)
    assert gone_of(retention.erase_due_rows(by=STEWARD, at=NOW)) == {}


def test_what_an_entry_is_committed_to_goes_and_the_chain_stays_whole(store: Store) -> None:
    an_old_look()
    ledger.seal_pending(store, now=NOW)
    entries = LedgerEntry.objects.count()
    assert gone_of(retention.erase_due_rows(by=STEWARD, at=NOW)) == {"guard.LedgerSecret": 1}
    assert LedgerSecret.objects.count() == 0
    assert LedgerEntry.objects.count() == entries + 1
    ledger.seal_pending(store, now=NOW)
    folder = store.root / "ledger"
    (path,) = folder.glob("entries-*.jsonl")
    verdict = ledger_verdict(path, folder)
    assert verdict.is_whole


def ledger_verdict(path, folder):  # type: ignore[no-untyped-def]
    from kuai.guard.actions import verify_ledger_file

    return verify_ledger_file(path, folder / "checkpoints.txt")


def test_a_hold_keeps_rows_until_another_person_ends_it() -> None:
    a_ticket("T-old", ended=LONG_AGO)
    hold = retention.set_hold(
        "guard.TicketRecord", case_number="（2026）粤0310民初1号", by=STEWARD, at=NOW
    )
    held = [line for line in retention.erase_due_rows(by=STEWARD, at=NOW) if line.due]
    assert [(line.held, line.gone) for line in held] == [(True, 0)]
    with pytest.raises(Refusal) as refused:
        retention.end_hold(hold.number, by=STEWARD, at=NOW)
    assert refused.value.code == "hold.own"
    retention.end_hold(hold.number, by=AUDITOR, at=NOW)
    assert retention.list_holds() == ()
    assert gone_of(retention.erase_due_rows(by=STEWARD, at=NOW)) == {"guard.TicketRecord": 1}


def test_a_hold_on_everything_keeps_everything_and_not_everybody_may_set_one() -> None:
    a_ticket("T-old", ended=LONG_AGO)
    with pytest.raises(Refusal):
        retention.set_hold("", case_number="1", by=Actor("li", Role.SUBDISTRICT_CLERK), at=NOW)
    with pytest.raises(Refusal) as refused:
        retention.set_hold("", case_number="张三说他" * 30, by=AUDITOR, at=NOW)
    assert refused.value.code == "hold.case_number"
    retention.set_hold("", case_number="AJ-2026-7", by=AUDITOR, at=NOW)
    assert retention.is_held("police_residents.2026-01")
    assert gone_of(retention.erase_due_rows(by=STEWARD, at=NOW)) == {}


def test_an_account_closed_two_years_ago_loses_its_name_and_keeps_its_login() -> None:
    for login, closed in (("left", LONG_AGO), ("here", None)):
        Account.objects.create(
            username=login,
            display_name="演示人",
            role=Role.GRID_WORKER.value,
            staff_no=f"no-{login}",
            is_active=closed is None,
            opened_at=LONG_AGO,
            closed_at=closed,
        )
    assert gone_of(retention.erase_due_rows(by=STEWARD, at=NOW)) == {"guard.Account": 1}
    told = {one.username: (one.display_name, one.staff_no) for one in Account.objects.all()}
    assert told == {"left": ("", ""), "here": ("演示人", "no-here")}
    assert gone_of(retention.erase_due_rows(by=STEWARD, at=NOW)) == {}


def test_what_a_source_was_asked_goes_by_the_days_of_its_registration() -> None:
    asked = apps.get_model("sources.AskedQuestion")
    SourceRecord.objects.create(
        source="yes_no", retention_days=30, has_personal_columns=True, registered_at=NOW
    )
    for key, source, days in (("a", "yes_no", 31), ("b", "yes_no", 29), ("c", "unknown", 9999)):
        asked.objects.create(
            key=key, source=source, asked_at=NOW - timedelta(days=days), valid_days=1
        )
    assert gone_of(retention.erase_due_rows(by=STEWARD, at=NOW)) == {"sources.AskedQuestion": 1}
    assert sorted(asked.objects.values_list("key", flat=True)) == ["b", "c"]


@pytest.mark.parametrize("held", ["yes_no", "yes_no.2026-01"])
def test_a_hold_of_a_source_keeps_what_it_was_asked(held: str) -> None:
    asked = apps.get_model("sources.AskedQuestion")
    for key, source in (("a", "yes_no"), ("b", "free")):
        SourceRecord.objects.create(
            source=source, retention_days=30, has_personal_columns=True, registered_at=NOW
        )
        asked.objects.create(key=key, source=source, asked_at=LONG_AGO, valid_days=1)
    retention.set_hold(held, case_number="AJ-2026-7", by=STEWARD, at=NOW)
    (line,) = (one for one in retention.erase_due_rows(by=STEWARD, at=NOW) if one.due)
    assert (line.due, line.of_held_sources, line.gone) == (2, 1, 1)
    assert list(asked.objects.values_list("key", flat=True)) == ["a"]
    (line,) = (one for one in retention.list_due_rows(at=NOW) if one.due)
    assert line.held


def test_a_numbered_delivery_is_no_year() -> None:
    assert last_day_of_period("0001") is None
    assert last_day_of_period("2026") is not None
