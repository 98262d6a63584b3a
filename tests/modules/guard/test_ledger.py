"""The ledger in the database: only added to, sealed in the order of sealing, shown to whom it concerns."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from kuai.guard import actions, ledger
from kuai.guard.engine import merkle
from kuai.guard.ledger_models import (
    LedgerCheckpoint,
    LedgerDeferral,
    LedgerEntry,
    LedgerPending,
    LedgerSeal,
    LedgerSecret,
    LedgerSubject,
)
from kuai.guard.ledger_triggers import drop_triggers
from kuai.guard.ledger_types import LedgerFilter
from kuai.guard.types import Actor, Role
from kuai.kit.errors import Breakdown, Refusal
from kuai.kit.store import Store

NOW = datetime(2026, 11, 22, 1, 30, 0, 123456, tzinfo=UTC)
CLERK = Actor("clerk1", Role.SUBDISTRICT_CLERK, areas=("440381",))
LEADER = Actor("leader1", Role.LEADER, areas=("440381",))
PERSON = "P-7K3M9QAB-X"
NEIGHBOUR = "P-0000ZZZZ-1"

pytestmark = pytest.mark.django_db


def a_look(
    at: datetime = NOW, *, refs: Sequence[str] = (f"person:{PERSON}",), **more: Any
) -> uuid.UUID:
    asked: dict[str, Any] = {
        "actor": CLERK,
        "action": "person.read",
        "object_kind": "person",
        "object_refs": refs,
        "fields": ("name", "phone"),
        "purpose": "residence_visit",
        "ticket_id": "T-1",
        "count": 1,
        "outcome": "allowed",
    }
    return ledger.record_entry(**(asked | more), at=at)


def files_of(store: Store) -> tuple[Path, Path]:
    folder = store.root / "ledger"
    return folder / "entries-000000000001.jsonl", folder / "checkpoints.txt"


def verdict_of(store: Store) -> actions.LedgerVerdict:
    return actions.verify_ledger_file(*files_of(store))


def test_entries_are_sealed_and_their_files_verify_offline(store: Store) -> None:
    for number in range(5):
        a_look(NOW + timedelta(seconds=number))
    receipt = ledger.seal_pending(store, now=NOW + timedelta(seconds=5))
    assert (receipt.received, receipt.kept) == (5, 5)
    assert LedgerPending.objects.count() == 0
    assert ledger.seal_pending(store, now=NOW + timedelta(seconds=6)).received == 0
    a_look(NOW + timedelta(seconds=7))
    ledger.seal_pending(store, now=NOW + timedelta(seconds=8))
    verdict = verdict_of(store)
    assert verdict.is_whole
    assert (verdict.entries, verdict.anchored_at, verdict.checkpoints_held) == (6, 6, 2)
    assert list(ledger.find_row_faults(store)) == []


def test_an_entry_says_who_did_what_to_whom_for_which_ticket_and_no_value(store: Store) -> None:
    reference = a_look(session="cookie-value", address="10.1.2.77")
    ledger.seal_pending(store, now=NOW)
    line = files_of(store)[0].read_text().splitlines()[1]
    entry = json.loads(line)["entry"]
    assert entry == {
        "action": "person.read",
        "actor": "clerk1",
        "address": "10.1.2.0/24",
        "commitment": "",
        "count": 1,
        "fields": ["name", "phone"],
        "object_kind": "person",
        "objects": [f"person:{PERSON}"],
        "outcome": "allowed",
        "part": "",
        "purpose": "residence_visit",
        "recorded_at": "2026-11-22T01:30:00.123456Z",
        "reference": str(reference),
        "role": "subdistrict_clerk",
        "sequence": 1,
        "session": entry["session"],
        "ticket": "T-1",
    }
    assert len(entry["session"]) == 16
    assert "cookie" not in line


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.168.7.9", "192.168.7.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("", ""),
        ("x", "unreadable"),
    ],
)
def test_addresses_are_cut_to_their_network(address: str, network: str) -> None:
    assert ledger.network_of(address) == network


@pytest.mark.parametrize(
    "ref", ["440381199001010015", "person:13800000000", "张 三", "x" * 81, "", "a;b"]
)
def test_numbers_and_texts_are_no_references(ref: str) -> None:
    with pytest.raises(ValueError, match="codes"):
        a_look(refs=(ref,))
    assert LedgerEntry.objects.count() == 0


def test_house_codes_and_areas_are_references() -> None:
    a_look(refs=("room:4403810030030400042000003", "440381003003", "T-ab12", "public_information"))
    assert LedgerSubject.objects.count() == 4


def test_an_entry_goes_with_the_act_that_was_rolled_back() -> None:
    with transaction.atomic():
        a_look()
        assert LedgerPending.objects.count() == 1
        transaction.set_rollback(True)
    assert LedgerEntry.objects.count() == 0


def test_a_large_export_is_several_entries_each_naming_its_part(store: Store) -> None:
    codes = [f"person:P-{number:08d}-A" for number in range(2_500)]
    a_look(refs=codes, count=2_500)
    parts = list(LedgerEntry.objects.order_by("pk").values_list("part", flat=True))
    assert parts == ["1/3", "2/3", "3/3"]
    assert len(ledger.list_entries_about("P-00002400-A", at=NOW).entries) == 1
    ledger.seal_pending(store, now=NOW)
    assert verdict_of(store).is_whole


def test_a_transaction_with_a_lower_id_that_commits_later_is_sealed_too(store: Store) -> None:
    a_look()
    early = LedgerEntry.objects.get()
    a_look()
    late_id = early.pk + 100
    LedgerPending.objects.all().delete()
    for pk in (late_id, late_id - 50):
        entry = LedgerEntry.objects.create(
            id=pk, recorded_at=NOW, action="person.read", object_kind="person"
        )
        LedgerPending.objects.create(entry=entry)
        ledger.seal_pending(store, now=NOW)
    order = list(LedgerSeal.objects.order_by("sequence").values_list("entry_id", flat=True))
    assert order == [late_id, late_id - 50]
    assert verdict_of(store).is_whole


def test_the_orm_has_no_way_to_change_or_remove_a_row(store: Store) -> None:
    a_look()
    ledger.seal_pending(store, now=NOW)
    for model in (LedgerEntry, LedgerSubject, LedgerSeal, LedgerCheckpoint):
        row = model.objects.first()
        assert row is not None
        for attempt in (
            row.save,
            row.delete,
            model.objects.all().delete,
            lambda model=model: model.objects.update(pk=9),
            lambda model=model, row=row: model.objects.bulk_update([row], ["pk"]),
        ):
            with pytest.raises(TypeError, match="only added"):
                attempt()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("guard_ledgerentry", "actor"),
        ("guard_ledgersubject", "code"),
        ("guard_ledgerseal", "chain"),
        ("guard_ledgercheckpoint", "note"),
        ("guard_ledgerdeferral", "reason"),
        ("guard_ledgersecret", "plain"),
    ],
)
def test_the_database_refuses_update_and_delete_below_the_orm(
    store: Store, table: str, column: str
) -> None:
    a_look(personal={"name": "张三"})
    ledger.seal_pending(store, now=NOW)
    a_deferral()
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        assert cursor.fetchone() == (1,) or table != "guard_ledgersecret"
    statements = [f"update {table} set {column} = 'x'"]
    if table != "guard_ledgersecret":
        statements.append(f"delete from {table}")
    for statement in statements:
        with (
            pytest.raises((IntegrityError, DatabaseError), match="only added"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def a_deferral(ticket: str = "T-1", **change: Any) -> uuid.UUID:
    asked: dict[str, Any] = {
        "ticket_id": ticket,
        "legal_basis": "《个人信息保护法》第十八条",
        "reason": "正在办理的案件",
        "decided_by": LEADER,
        "begins_at": NOW,
        "ends_at": NOW + timedelta(days=30),
    }
    return ledger.defer_showing(PERSON, **(asked | change))


def test_a_row_altered_in_spite_of_the_triggers_is_named(store: Store) -> None:
    for _ in range(4):
        a_look()
    ledger.seal_pending(store, now=NOW)
    drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(
            "update guard_ledgerentry set actor = 'nobody' where id ="
            " (select entry_id from guard_ledgerseal where sequence = 3)"
        )
    faults = list(ledger.find_row_faults(store))
    assert len(faults) == 2
    assert "第 3 条" in faults[0]
    assert "检查点" in faults[1]


def test_an_entry_taken_off_the_waiting_list_unsealed_is_noticed(store: Store) -> None:
    a_look()
    LedgerPending.objects.all().delete()
    assert any("1 条既没有封存" in fault for fault in ledger.find_row_faults(store))


def test_erasing_the_personal_text_leaves_the_chain_valid(store: Store) -> None:
    reference = a_look(personal={"name": "张三", "area": "440381"})
    entry = LedgerEntry.objects.get()
    ledger.seal_pending(store, now=NOW)
    assert "张三" not in files_of(store)[0].read_text()
    assert json.loads(ledger.read_plain(reference) or "") == {"area": "440381", "name": "张三"}

    assert ledger.erase_plain([reference], by=CLERK, at=NOW) == 1
    assert ledger.erase_plain([reference], by=CLERK, at=NOW) == 0

    assert ledger.read_plain(reference) is None
    assert LedgerSecret.objects.count() == 0
    assert LedgerEntry.objects.get(pk=entry.pk).commitment == entry.commitment
    ledger.seal_pending(store, now=NOW)
    assert verdict_of(store).is_whole
    assert list(ledger.find_row_faults(store)) == []
    assert LedgerEntry.objects.filter(action="ledger.plain_erased").count() == 1


def test_equal_personal_texts_have_different_commitments() -> None:
    a_look(personal={"name": "张三"})
    a_look(personal={"name": "张三"})
    assert len(set(LedgerEntry.objects.values_list("commitment", flat=True))) == 2


def test_a_text_that_is_not_what_was_committed_is_a_breakdown() -> None:
    reference = a_look(personal={"name": "张三"})
    drop_triggers(connection)
    LedgerSecret.objects.update(plain='{"name":"李四"}')
    with pytest.raises(Breakdown, match="not what was committed"):
        ledger.read_plain(reference)


def test_the_person_concerned_sees_their_entries_and_nobody_elses_code() -> None:
    a_look(refs=(f"person:{PERSON}", f"person:{NEIGHBOUR}"))
    a_look(NOW + timedelta(minutes=1), refs=(f"person:{NEIGHBOUR}",))
    shown = ledger.list_entries_about(PERSON, at=NOW)
    assert len(shown.entries) == 1
    entry = shown.entries[0]
    assert (entry.actor, entry.purpose, entry.fields) == (
        "clerk1",
        "residence_visit",
        ("name", "phone"),
    )
    assert NEIGHBOUR not in repr(shown)
    assert len(ledger.list_entries_about(NEIGHBOUR, at=NOW).entries) == 2


def test_a_deferral_withholds_one_ticket_until_it_ends() -> None:
    a_look(ticket_id="T-1")
    a_look(ticket_id="T-2")
    a_deferral("T-1")

    def shown_at(at: datetime) -> list[str]:
        return [entry.ticket_id for entry in ledger.list_entries_about(PERSON, at=at).entries]

    assert shown_at(NOW - timedelta(seconds=1)) == ["T-2", "T-1"]
    assert shown_at(NOW) == ["T-2"]
    assert shown_at(NOW + timedelta(days=30)) == ["T-2", "T-1"]
    assert ledger.list_entries_about(NEIGHBOUR, at=NOW).entries == ()
    deferrals = ledger.list_entries(LedgerFilter(action="ledger.deferred")).entries
    assert [(entry.actor, entry.ticket_id) for entry in deferrals] == [("leader1", "T-1")]
    assert PERSON not in repr(deferrals)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"legal_basis": " "}, "ledger.deferral_unfounded"),
        ({"reason": ""}, "ledger.deferral_unfounded"),
        ({"ticket_id": ""}, "ledger.deferral_unfounded"),
        ({"ends_at": NOW}, "ledger.deferral_endless"),
        ({"ends_at": NOW + timedelta(days=181)}, "ledger.deferral_endless"),
        ({"decided_by": CLERK}, "ledger.deferral_role"),
    ],
)
def test_a_deferral_that_is_not_named_lawful_and_expiring_is_refused(
    change: dict[str, Any], code: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        a_deferral(**change)
    assert refusal.value.code == code
    assert LedgerDeferral.objects.count() == 0


def test_nobody_defers_their_own_looks() -> None:
    a_look(actor=LEADER)
    with pytest.raises(Refusal, match="未参与"):
        a_deferral()


def test_the_auditor_filters_and_pages() -> None:
    for number in range(7):
        a_look(NOW + timedelta(minutes=number), ticket_id=f"T-{number % 2}")
    a_look(NOW + timedelta(hours=2), actor=LEADER, refs=("440381003003",), object_kind="area")
    a_look(NOW + timedelta(hours=2), actor=None, action="session.failed", refs=())

    def found(**conditions: Any) -> int:
        return len(ledger.list_entries(LedgerFilter(**conditions)).entries)

    assert found() == 9
    assert found(actor="clerk1") == 7
    assert found(role="leader", object_kind="area") == 1
    assert found(ticket_id="T-0") == 4
    assert found(about=PERSON) == 7
    assert found(about="440381003003") == 1
    assert found(since=NOW + timedelta(minutes=1), until=NOW + timedelta(minutes=3)) == 2
    assert found(action="session.failed", outcome="allowed") == 1
    assert found(purpose="no_such_purpose") == 0

    seen, cursor = [], None
    while True:
        page = ledger.list_entries(LedgerFilter(), limit=4, cursor=cursor)
        seen += [entry.reference for entry in page.entries]
        if (cursor := page.next_cursor) is None:
            break
    assert len(seen) == len(set(seen)) == 9


def test_a_page_shows_which_entries_are_sealed(store: Store) -> None:
    a_look()
    ledger.seal_pending(store, now=NOW)
    a_look()
    page = ledger.list_entries(LedgerFilter())
    assert [entry.sequence for entry in page.entries] == [None, 1]


def test_a_clock_that_went_back_stops_sealing_and_a_drift_does_not(store: Store) -> None:
    a_look()
    ledger.seal_pending(store, now=NOW)
    a_look()
    with pytest.raises(Refusal, match="时钟"):
        ledger.seal_pending(store, now=NOW - timedelta(hours=1))
    assert LedgerPending.objects.count() == 1
    ledger.seal_pending(store, now=NOW - timedelta(seconds=1))
    times = list(LedgerCheckpoint.objects.order_by("size").values_list("sealed_at", flat=True))
    assert times == sorted(times)


def test_files_a_kill_left_half_written_are_mended_from_the_database(store: Store) -> None:
    for _ in range(3):
        a_look()
    ledger.seal_pending(store, now=NOW)
    entries, notes = files_of(store)
    whole_entries, whole_notes = entries.read_bytes(), notes.read_bytes()
    for cut_entries, cut_notes in [(40, 60), (1, 1), (len(whole_entries) - 200, 0), (0, 70)]:
        entries.write_bytes(whole_entries[: len(whole_entries) - cut_entries])
        notes.write_bytes(whole_notes[: len(whole_notes) - cut_notes])
        ledger.seal_pending(store, now=NOW)
        assert entries.read_bytes() == whole_entries
        assert notes.read_bytes() == whole_notes
    shutil.rmtree(store.root / "ledger")
    ledger.seal_pending(store, now=NOW)
    assert entries.read_bytes() == whole_entries
    assert verdict_of(store).is_whole


def test_a_database_older_than_the_files_stops_sealing(store: Store) -> None:
    a_look()
    with transaction.atomic():
        mark = transaction.savepoint()
        a_look()
        ledger.seal_pending(store, now=NOW)
        transaction.savepoint_rollback(mark)
    with pytest.raises(Breakdown, match="older copy"):
        ledger.seal_pending(store, now=NOW)


def test_a_full_file_is_followed_by_the_next_and_both_verify(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("chain", "verifying"):
        monkeypatch.setattr(f"kuai.guard.engine.{module}.ENTRIES_PER_FILE", 4)
    monkeypatch.setattr("kuai.guard.sealing.ENTRIES_PER_FILE", 4)
    for number in range(11):
        a_look()
        if number % 3 == 2:
            ledger.seal_pending(store, now=NOW)
    ledger.seal_pending(store, now=NOW)
    files = sorted((store.root / "ledger").glob("entries-*.jsonl"))
    assert [path.name[-6:-6] or path.stem[-2:] for path in files] == ["01", "05", "09"]
    notes = store.root / "ledger" / "checkpoints.txt"
    verdicts = [actions.verify_ledger_file(path, notes) for path in files]
    assert [verdict.entries for verdict in verdicts] == [4, 4, 3]
    assert all(verdict.is_whole for verdict in verdicts)


def test_an_entry_can_be_proved_against_a_checkpoint_without_the_others(store: Store) -> None:
    for _ in range(9):
        a_look()
    ledger.seal_pending(store, now=NOW)
    seals = LedgerSeal.objects.order_by("sequence")
    leaves = [bytes.fromhex(leaf) for leaf in seals.values_list("leaf", flat=True)]
    proof = merkle.inclusion_proof(leaves, index=4)
    root = merkle.root_of(leaves)
    assert merkle.is_included(leaves[4], index=4, size=9, proof=proof, root=root)


def test_an_export_holds_the_entry_of_the_export_and_verifies(store: Store, tmp_path: Path) -> None:
    a_look()
    out = tmp_path / "for-the-auditor"
    receipt = ledger.export_ledger(store, out=out, by=CLERK, now=NOW)
    assert receipt.kept == 2
    verdict = actions.verify_ledger_file(
        out / "entries-000000000001.jsonl", out / "checkpoints.txt"
    )
    assert verdict.is_whole
    assert verdict.entries == 2
    assert "ledger.exported" in (out / "entries-000000000001.jsonl").read_text()
    assert sorted(os.listdir(out)) == [
        "checkpoints.txt",
        "entries-000000000001.jsonl",
        "ledger.pub",
    ]


def test_the_signing_key_survives_a_rotation_of_the_wrapping_keys(store: Store) -> None:
    a_look()
    ledger.seal_pending(store, now=NOW)
    actions.rotate_wrapping_key(store)
    a_look()
    ledger.seal_pending(store, now=NOW)
    assert verdict_of(store).is_whole


def test_reading_persons_stops_when_nothing_was_sealed_for_four_hours(store: Store) -> None:
    a_look()
    ledger.require_sealing_alive(now=NOW + timedelta(hours=4))
    with pytest.raises(Refusal, match="四小时"):
        ledger.require_sealing_alive(now=NOW + timedelta(hours=4, seconds=1))
    health = ledger.get_ledger_health(now=NOW + timedelta(minutes=1))
    assert (health.waiting, health.sealed, health.oldest_wait_s) == (1, 0, 60.0)
    ledger.seal_pending(store, now=NOW)
    ledger.require_sealing_alive(now=NOW + timedelta(days=9))
    assert ledger.get_ledger_health(now=NOW).oldest_wait_s == 0


@pytest.mark.django_db(transaction=True)
def test_the_sealer_in_the_background_goes_on_after_a_failure(store: Store) -> None:
    a_look()
    ledger.seal_pending(store, now=NOW)
    stop = threading.Event()
    times = iter([NOW - timedelta(hours=9)])
    sealer = threading.Thread(
        target=ledger.run_sealer,
        args=(store,),
        kwargs={
            "stop_event": stop,
            "clock": lambda: next(times, NOW + timedelta(minutes=1)),
            "every_s": 0.05,
        },
    )
    a_look(NOW + timedelta(seconds=30))
    sealer.start()
    for _ in range(100):
        if LedgerPending.objects.count() == 0:
            break
        time.sleep(0.1)
    stop.set()
    sealer.join(timeout=10)
    assert LedgerSeal.objects.count() == 2
    assert verdict_of(store).is_whole
