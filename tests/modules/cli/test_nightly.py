"""`kuai nightly`: dead tickets end, technical rows go, the ledger is sealed, overdue things are listed and kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from kuai.cli.output import EXIT_BROKEN, EXIT_REFUSED
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from tests.modules.cli.operators import open_account, run_as, run_well_as


@pytest.fixture
def worked_in(store: Store) -> Store:
    """A store with an account, a ticket whose time is over and a session that ended long ago."""
    assert open_account("root", "anne", "security_administrator", store=store).exit_code == 0
    with work_database(store) as rows:
        rows.execute(
            "insert into guard_ticketrecord (ticket_id, kind, origin, purpose, holder, subjects, fields, begins_at,"
            " ends_at, ended_because) values ('T-1', 'review', 'R-1', 'record_review', 'li', '[]', '[]',"
            " '2020-01-01 00:00:00', '2020-01-02 00:00:00', '')"
        )
        rows.execute(
            "insert into django_session (session_key, session_data, expire_date)"
            " values ('k', 'd', '2020-01-01 00:00:00')"
        )
    return store


def work_database(store: Store) -> sqlite3.Connection:
    return sqlite3.connect(store.root / "work.sqlite3")


def count(store: Store, question: str) -> int:
    with work_database(store) as rows:
        return int(rows.execute(question).fetchone()[0])


def test_a_night_ends_dead_tickets_and_clears_sessions_and_seals(worked_in: Store) -> None:
    answer = run_well_as("root", "nightly", "--store", worked_in.root, "--json").json()
    parts = {(part["stage"], part["what"]): part["kept"] for part in answer["receipt"]["parts"]}
    assert parts["end_dead_tickets", "tickets"] == 1
    assert parts["clear_technical_rows", "sessions.Session"] == 1
    assert parts["ledger.seal", "entries"] >= 2
    assert count(worked_in, "select count(*) from django_session") == 0
    ended = "select count(*) from guard_ticketrecord where ended_because = 'expired'"
    assert count(worked_in, ended) == 1
    assert count(worked_in, "select count(*) from guard_ledgerpending") == 0


def test_what_is_overdue_is_listed_and_stays(worked_in: Store) -> None:
    said = run_well_as("root", "nightly", "--store", worked_in.root).stdout
    assert "超过保存期限：guard.TicketRecord" in said
    assert count(worked_in, "select count(*) from guard_ticketrecord") == 1


def test_a_second_night_finds_nothing_more_to_do(worked_in: Store) -> None:
    run_well_as("root", "nightly", "--store", worked_in.root)
    again = run_well_as("root", "nightly", "--store", worked_in.root, "--json").json()
    stages = {part["stage"]: part["kept"] for part in again["receipt"]["parts"]}
    assert stages == {
        "end_dead_tickets": 0,
        "clear_technical_rows": 0,
        "end_old_fillings": 0,
        "ledger.seal": 1,
    }


def test_a_mistyped_store_is_refused_and_not_made(tmp_path: Path) -> None:
    answer = run_as("root", "nightly", "--store", tmp_path / "typo")
    assert answer.exit_code == EXIT_REFUSED
    assert not (tmp_path / "typo").exists()


def findings(store: Store) -> dict[str, dict]:
    answer = run_as("root", "doctor", "--store", store.root, "--json")
    return {one["what"].split("（")[0]: one for one in answer.json()}


def test_the_doctor_sees_a_store_without_nights_and_one_with(worked_in: Store) -> None:
    before = findings(worked_in)["夜间任务"]
    assert not before["is_well"]
    assert "kuai nightly" in before["remedy"]
    run_well_as("root", "nightly", "--store", worked_in.root)
    assert findings(worked_in)["夜间任务"]["is_well"]
    assert findings(worked_in)["台账封存"]["is_well"]


def test_the_doctor_sees_a_ledger_that_nobody_seals(worked_in: Store) -> None:
    assert findings(worked_in)["台账封存"]["is_well"]
    with work_database(worked_in) as rows:
        for (name,) in rows.execute(
            "select name from sqlite_master where type = 'trigger' and tbl_name = 'guard_ledgerentry'"
        ).fetchall():
            rows.execute(f"drop trigger {name}")
        rows.execute("update guard_ledgerentry set recorded_at = '2026-01-01 00:00:00'")
    sealing = findings(worked_in)["台账封存"]
    assert not sealing["is_well"]
    assert "kuai ledger seal" in sealing["remedy"]


def test_the_doctor_sees_an_emergency_nobody_reviewed(worked_in: Store) -> None:
    assert findings(worked_in)["应急查看的复核"]["is_well"]
    with work_database(worked_in) as rows:
        # The rule that an emergency ends is written with functions that only Django gives to SQLite.
        rows.execute("pragma ignore_check_constraints = on")
        rows.execute(
            "insert into guard_breakglassrecord (break_glass_id, incident, area, opened_by, opened_at, ends_at,"
            " times_asked) values ('B-1', 'I-1', '440310', 'li', '2026-01-01 00:00:00', '2026-01-01 01:00:00', 0)"
        )
        rows.execute(
            "insert into guard_reviewduty (break_glass_id, due_on, reviewed_by, verdict, remark)"
            " values ('B-1', '2026-01-02', '', '', '')"
        )
    review = findings(worked_in)["应急查看的复核"]
    assert (review["is_well"], review["state"]) == (False, "1 次到期未复核")


def test_the_doctor_changes_nothing_in_a_store(worked_in: Store) -> None:
    before = count(worked_in, "select count(*) from guard_ledgerentry")
    findings(worked_in)
    assert count(worked_in, "select count(*) from guard_ledgerentry") == before


CHORES = {
    "end_dead_tickets": "kuai.guard.access.end_dead_tickets",
    "clear_technical_rows": "kuai.guard.access.clear_technical_rows",
    "end_old_fillings": "kuai.services.forms.actions.end_old_fillings",
    "address_proposals": "kuai.flows.address_upkeep.can_refresh_proposals",
    "nightly_finished": "kuai.guard.access.record_entry",
    "office": "kuai.flows.night.run_office_night",
    "ledger.seal": "kuai.guard.ledger.seal_pending",
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("broken", sorted(CHORES))
def test_each_chore_of_a_night_fails_alone_and_sealing_is_last_and_always_tried(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kuai.cli import upkeep
    from kuai.guard import access

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("13800138000")

    access.load_purposes()
    monkeypatch.setattr(CHORES[broken], breaks)
    tried: list[str] = []
    if broken != "ledger.seal":
        monkeypatch.setattr("kuai.guard.ledger.seal_pending", sealing(tried))
    receipt, failed = upkeep._run_night(Store(tmp_path))
    assert list(failed) == [broken if broken != "office" else "office_night"]
    assert "1380013" not in str(failed), "a fault's text may hold data"
    assert receipt.received == receipt.kept + receipt.refused + receipt.quarantined
    done = {part.stage for part in receipt.parts}
    others = {"end_dead_tickets", "clear_technical_rows", "end_old_fillings"} - {broken}
    assert others <= done
    assert tried == ([] if broken == "ledger.seal" else ["sealed"])
    with pytest.raises(typer.Exit) as end:
        upkeep._end_of_night(failed)
    assert end.value.exit_code == EXIT_BROKEN


def sealing(tried: list[str]) -> Callable[..., Receipt]:
    def seal(*_: object, **__: object) -> Receipt:
        tried.append("sealed")
        return Receipt("ledger.seal", received=0, kept=0, what="entries")

    return seal
