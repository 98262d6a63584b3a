"""A build takes in the log of decisions: what is in force, as of a place in the log, without reasons and deciders."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection as work_database

from kuai.guard.types import Actor, Role
from kuai.kit.element_codes import code_of
from kuai.kit.engine import content_hash, engine, scan_sql
from kuai.registry import decisions
from kuai.registry.decisions import DecisionKind
from kuai.registry.types import DECISION

NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
STEWARD = Actor("7", Role.DATA_STEWARD, areas=("",))
PERSON = code_of("person", 1)
LIVES = f"PH_RESIDE|{PERSON}|4403100010010100001"
LEFT, RIGHT, THIRD = "police:1#subject", "grid:7#subject", "lease:9#tenant"


def decide(kind: DecisionKind, *keys: str, **detail: object) -> int:
    return decisions.record_decision(kind, keys, detail=detail, reason="见卷宗", by=STEWARD, at=NOW)


def freeze(folder: Path, up_to: int | None = None) -> tuple[list[tuple[object, ...]], str]:
    """(kind, part, place, subject) of the frozen rows, and the table's content hash."""
    with engine() as connection:
        ref, receipt = decisions.freeze_decisions(connection, folder, up_to=up_to)
        rows = connection.sql(
            f"select kind, part, place, subject from {scan_sql(list(ref.paths))}"
            " order by sequence, part, place"
        ).fetchall()
        assert receipt.notes["keys"] == len(rows)
        return rows, content_hash(connection, ref)


@pytest.mark.django_db
def test_every_key_of_a_decision_is_a_row_with_its_part(tmp_path):
    decide(DecisionKind.SPLIT, LEFT, staying=[THIRD, RIGHT])
    decide(DecisionKind.CONFIRM, PERSON, mentions=[LEFT])
    rows, _ = freeze(tmp_path)
    assert rows == [
        ("split", "staying", 0, RIGHT),
        ("split", "staying", 1, THIRD),
        ("split", "subject", 0, LEFT),
        ("confirm", "mention", 0, LEFT),
        ("confirm", "subject", 0, PERSON),
    ]


@pytest.mark.django_db
def test_what_a_decision_says_goes_along_but_neither_its_reason_nor_its_decider(tmp_path):
    decide(DecisionKind.OBJECT, LIVES, says="never_lived", by="clerk")
    decide(DecisionKind.END, f"PH_RENT|{PERSON}|4403100010010100001", on="2026-10-01")
    decide(DecisionKind.LIFE_CYCLE, PERSON, event="departure", on="2026-09-01")
    decide(DecisionKind.CONFIRM, PERSON, mentions=[LEFT], suspicion="too_old")
    with engine() as connection:
        ref, _ = decisions.freeze_decisions(connection, tmp_path, up_to=None)
        rows = connection.sql(
            f"select says, on_day, decided_on from {scan_sql(list(ref.paths))} order by sequence"
        ).fetchall()
    # Five in the afternoon in Greenwich is the next day in Shenzhen.
    day = date(2026, 11, 21)
    assert rows == [
        ("never_lived", None, day),
        ("", date(2026, 10, 1), day),
        ("departure", date(2026, 9, 1), day),
        *[("too_old", None, day)] * 2,
    ]
    content = next(iter(ref.paths)).read_bytes()
    assert "见卷宗".encode() not in content
    assert not {"reason", "decided_by"} & set(DECISION.column_names)


@pytest.mark.django_db
def test_an_old_place_in_the_log_gives_the_old_table_whatever_was_decided_since(tmp_path):
    first = decide(DecisionKind.SAME, LEFT, RIGHT)
    before = freeze(tmp_path / "before")
    assert decisions.last_sequence() == first
    decisions.withdraw_decision(first, reason="看错了", by=STEWARD, at=NOW + timedelta(days=1))
    decide(DecisionKind.DIFFERENT, LEFT, RIGHT)
    assert freeze(tmp_path / "again", up_to=first) == before
    rows, _ = freeze(tmp_path / "now")
    assert [row[0] for row in rows] == ["different", "different"]
    assert (tmp_path / "again/decision.parquet").read_bytes() == (
        tmp_path / "before/decision.parquet"
    ).read_bytes()


@pytest.mark.django_db
def test_a_log_without_decisions_freezes_into_an_empty_table(tmp_path):
    rows, _ = freeze(tmp_path)
    assert rows == []
    assert decisions.last_sequence() == 0


@pytest.mark.django_db
def test_a_store_without_a_work_database_has_an_empty_table(tmp_path, monkeypatch):
    monkeypatch.setattr(work_database.introspection, "table_names", lambda: [])
    rows, _ = freeze(tmp_path)
    assert rows == []
