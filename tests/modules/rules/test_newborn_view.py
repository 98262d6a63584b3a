"""A parent's own declaration becomes a row of `declared_newborns`; another register's guardian does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from kuai.kit.engine import engine
from kuai.kit.store import write_json
from kuai.kit.tables import BulkTable
from kuai.registry.types import MENTION_ELEMENT, PERSON, RELATION
from kuai.rules.types import Overlay
from kuai.rules.view_tables import ViewFrame, open_views

OWN, OFFICE, COURT = "declarations_residents", "birth_declarations", "guardian_register"
TEMPLATES = {OWN: "residents", OFFICE: "parent_declarations", COURT: "residents"}


def write(core: Path, table: BulkTable, rows: list[dict[str, Any]]) -> None:
    with duckdb.connect() as session:
        columns = ", ".join(f'"{one.name}" {one.type}' for one in table.columns)
        session.execute(f"create table t ({columns})")
        for row in rows:
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            session.execute(f"insert into t ({names}) values ({marks})", list(row.values()))
        session.execute(f"copy t to '{core / table.name}.parquet' (format parquet)")


def told(source: str, guardian: str, child: str, *, on: str) -> list[dict[str, Any]]:
    usual = {
        "status": "asserted",
        "is_contested": False,
        "confidence": 1.0,
        "source": source,
        "recorded_on": on,
    }
    row = f"{source}:{child}"
    return [
        {**usual, "type": "PP_GUARDIAN", "from_code": guardian, "to_code": child,
         "fact_key": f"PP_GUARDIAN|{guardian}|{child}", "mention_key": f"{row}#guardian"},
        {**usual, "type": "PH_RESIDE", "from_code": child, "to_code": "R1",
         "fact_key": f"PH_RESIDE|{child}|R1", "mention_key": f"{row}#subject"},
    ]  # fmt: skip


@pytest.fixture
def core(tmp_path: Path) -> Path:
    folder = tmp_path / "builds" / "b-1" / "core"
    folder.mkdir(parents=True)
    born = {"C1": ("2026-01-01", "year"), "C2": ("2026-09-01", "day"), "C3": ("2026-09-02", "day")}
    people = [
        {
            "person_code": code,
            "birth_date": on,
            "birth_precision": how,
            "contested": "",
            "quarantined": False,
        }
        for code, (on, how) in born.items()
    ]
    people += [
        {
            "person_code": f"G{n}",
            "birth_precision": "unknown",
            "contested": "",
            "quarantined": False,
        }
        for n in (1, 2, 3)
    ]
    write(folder, PERSON, people)
    statements = [
        *told(OWN, "G1", "C1", on="2026-03-04"),
        *told(OFFICE, "G2", "C2", on="2026-09-20"),
        *told(COURT, "G3", "C3", on="2026-09-20"),
    ]
    write(folder, RELATION, statements)
    write(folder, MENTION_ELEMENT, [
        {"element": "person", "code": f"G{n}", "source": source, "mention_key": f"{source}:{n}#guardian"}
        for n, source in enumerate((OWN, OFFICE, COURT), start=1)
    ])  # fmt: skip
    write_json(folder.parent / "inputs.json", {"deliveries": [
        {"source": name, "mapping": f"template: {template}\n",
         "registration": {"permitted_purposes": ["proactive_benefit"], "synthetic": False}}
        for name, template in TEMPLATES.items()
    ]})  # fmt: skip
    return folder


def rows_of_view(frame: ViewFrame) -> list[tuple[Any, ...]]:
    with engine() as session:
        open_views(session, frame, sources=frame.list_sources(), names=["declared_newborns"])
        return session.execute(
            "select person_code, place_code, born_on from declared_newborns order by 1"
        ).fetchall()


def test_only_what_a_parent_declared_counts_and_a_year_alone_is_its_last_possible_day(
    core: Path,
) -> None:
    assert rows_of_view(ViewFrame(core)) == [
        ("G1", "R1", date(2026, 3, 4)),
        ("G2", "R1", date(2026, 9, 1)),
    ]


def test_what_was_withdrawn_or_who_is_gone_is_not_there(core: Path) -> None:
    overlay = Overlay(facts=frozenset({"PP_GUARDIAN|G1|C1"}), gone=frozenset({"C2"}))
    assert rows_of_view(ViewFrame(core, overlay)) == []
