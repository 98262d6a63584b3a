"""What counts as evidence that the library lacks a place: rows of registers that may serve it, no call for help."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from kuai.address import learning
from kuai.address.actions import read_library
from kuai.address.types import ADDRESS_WASH
from kuai.flows.address_upkeep import (
    can_refresh_proposals,
    open_built_library,
    refresh_address_proposals,
)
from kuai.guard.access import register_source
from kuai.guard.types import Actor, Role, SourceRegistration, Zone
from kuai.kit.engine import engine, write_table
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.kit.tables import BulkTable
from kuai.registry.types import MENTION_ELEMENT
from tests.modules.address.builders import invented_table

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
STEWARD = Actor("steward", Role.DATA_STEWARD, areas=("",))
BUILDING = "4403010010010100001"
REAL = SourceRegistration(
    source="police",
    title="实有人口登记",
    zone=Zone.CORE,
    handler="公安分局",
    legal_basis="职责清单第 12 项",
    agreement="协议 1",
    permitted_purposes=("address_upkeep", "record_review"),
    notice_version="1",
    assessment_id="A-1",
    assessment_approved_on=date(2026, 1, 1),
    retention_days=730,
    refresh_days=31,
    has_personal_columns=True,
)


@pytest.fixture
def built(store: Store) -> Store:
    """A store with a published build of the invented library, before anything was washed."""
    version = "b-20261101-000000000000"
    (store.builds / version / "core").mkdir(parents=True)
    (store.root / "current").write_text(version + "\n", encoding="utf-8")
    with engine() as connection:
        read_library(connection, invented_table(), store.current_build() / "core")
    register_source(REAL, by=STEWARD, at=NOW)
    register_source(replace(REAL, source="rental"), by=STEWARD, at=NOW)
    return store


def write_build(store: Store, named: list[tuple[str, int, str]], *, events: bool = False) -> None:
    """One washed mention a (source, row, room that is not there); with `events`, rows that speak of one."""
    washed, mentions = [], []
    for source, row, room in named:
        key = f"{source}:{row}#place"
        washed.append((key, BUILDING, "building", "B", "", "", "", room))
        mentions.append((key, source, "2026-10", row, "address", "place"))
        if events:
            mentions.append((f"{source}:{row}#event", source, "2026-10", row, "event", "subject"))
    _write(store, ADDRESS_WASH, washed)
    _write(store, MENTION_ELEMENT, [(*one, None, None, "", None, "B") for one in mentions])


def _write(store: Store, table: BulkTable, rows: list[tuple]) -> None:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(table.columns)
    arrow = pa.table(dict(zip(table.column_names, map(list, columns), strict=True)))
    with engine() as connection:
        connection.register("rows_written", arrow)
        write_table(connection, table, "select * from rows_written", store.current_build() / "core")


NAMED = [("police", 1, "701"), ("police", 2, "701"), ("rental", 1, "701")]


def test_two_registers_that_may_serve_it_make_a_proposal(built: Store) -> None:
    write_build(built, NAMED)
    receipt = refresh_address_proposals(built, by=STEWARD, at=NOW)
    assert (receipt.kept, receipt.refused) == (1, 0)
    (one,) = learning.list_proposals(STEWARD)
    assert (one.address_code, one.parts, one.sources) == (BUILDING, ("701",), 2)
    assert refresh_address_proposals(built, by=STEWARD, at=NOW).notes == {"new": 0, "gone": 0}


def test_requests_and_inspections_are_no_evidence(built: Store) -> None:
    write_build(built, NAMED, events=True)
    assert refresh_address_proposals(built, by=STEWARD, at=NOW).received == 0


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ({}, True),
        ({"permitted_purposes": ("record_review",)}, False),
        ({"permitted_purposes": ("record_review",), "has_personal_columns": False}, True),
    ],
)
def test_a_source_counts_if_its_agreement_lets_it(
    built: Store, change: dict[str, object], counts: bool
) -> None:
    register_source(replace(REAL, source="rental", **change), by=STEWARD, at=NOW)  # type: ignore[arg-type]
    write_build(built, NAMED)
    assert refresh_address_proposals(built, by=STEWARD, at=NOW).kept == int(counts)


def test_an_unregistered_source_does_not_count(built: Store) -> None:
    write_build(built, [("police", 1, "701"), ("police", 2, "701"), ("stranger", 1, "701")])
    assert refresh_address_proposals(built, by=STEWARD, at=NOW).kept == 0


def test_a_build_of_an_older_programme_is_refused_with_what_to_do(built: Store) -> None:
    assert not can_refresh_proposals(built)
    with pytest.raises(Refusal, match="重新构建"):
        refresh_address_proposals(built, by=STEWARD, at=NOW)
    write_build(built, NAMED)
    assert can_refresh_proposals(built)


def test_before_the_first_build_nothing_is_refreshed(store: Store) -> None:
    assert not can_refresh_proposals(store)


def test_the_built_library_finds_places_and_refuses_unknown_codes(built: Store) -> None:
    opened = open_built_library(built)
    assert opened.find_place(BUILDING).standard_text.endswith("石桥村三巷5号")
    assert opened.library.wash_text("石桥村三巷5号101房").address_code == f"{BUILDING}000001"
    with pytest.raises(Refusal, match="没有编码"):
        opened.find_place("449999")
