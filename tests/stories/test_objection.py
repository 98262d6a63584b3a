"""An extract says somebody lives where they do not: a clerk objects, the department answers by its file.

The fact is out at once, stays out of the next build, and next month's wrong extract does not bring it back.
"""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import LazySettings

from kuai.blocks.queries import open_blocks
from kuai.flows.build import BuildResult, build_package
from kuai.flows.registration import gate_of, registrar_of
from kuai.guard import access
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
from kuai.kit.store import Store
from kuai.registry import decisions, queries
from kuai.registry.decisions import CaseState, Objection
from tests.stories import towns

pytestmark = pytest.mark.django_db

NOW = utc_now().replace(microsecond=0)
REGISTER = "police_residents"
STREET = Actor("street", Role.SUBDISTRICT_CLERK, areas=("",))
CLERK = Actor("clerk", Role.DEPARTMENT_CLERK, areas=("",))
STEWARD = Actor("steward", Role.DATA_STEWARD, areas=("",))


@pytest.fixture
def store(town: Path, own_store: Path, settings: LazySettings) -> Store:
    """The built store; building it again changes nothing but enters its sources in this work database."""
    store = Store(own_store)
    settings.STORE = store
    access.load_purposes()
    assert build(town, store).already_published
    return store


def build(town: Path, store: Store) -> BuildResult:
    return build_package(
        town,
        store,
        registrar=registrar_of(synthetic=True, at=NOW),
        gate_on=gate_of(synthetic=True),
    )


def residence_of_one(store: Store) -> dict[str, Any]:
    """A home that the register alone states, of somebody whom it states nowhere else."""
    stated = [
        row
        for row in towns.read_core(store.root, "relation")
        if row["type"] == "PH_RESIDE" and row["status"] == "asserted"
    ]
    times = Counter(row["from_code"] for row in stated)
    return next(row for row in stated if row["source"] == REGISTER and times[row["from_code"]] == 1)


def statements_of(store: Store, fact: str) -> set[tuple[str, bool]]:
    return {
        (row["status"], row["is_contested"])
        for row in towns.read_core(store.root, "relation")
        if row["fact_key"] == fact
    }


def residents_counted(store: Store) -> int:
    """The residents of the whole district, as the published blocks count them."""
    (top,) = open_blocks(store.current_build()).top_blocks()
    counter = next(one for one in top.counters if one.key == "residents")
    assert not counter.suppressed
    return int(counter.figure)


def answered(store: Store, word: str) -> None:
    """The form goes out, is filled by hand and comes back."""
    target = io.BytesIO()
    (case,) = decisions.list_cases(STEWARD, store=store)
    decisions.export_cases(store, target, department=case.department, form="xlsx", by=CLERK, at=NOW)
    book = openpyxl.load_workbook(target)
    book.worksheets[0].cell(2, 8).value = word
    filled = io.BytesIO()
    book.save(filled)
    (taken,) = decisions.take_in_answers(
        store, filled.getvalue(), file="答复.xlsx", by=CLERK, at=NOW
    )
    assert taken.is_taken, taken.sentence


def test_a_wrong_residence_is_out_at_once_and_no_later_extract_brings_it_back(
    town: Path, store: Store, tmp_path: Path
) -> None:
    fact = residence_of_one(store)["fact_key"]
    before = residents_counted(store)
    assert statements_of(store, fact) == {("asserted", False)}

    contested = decisions.contest_fact(
        store, fact, says=Objection.NEVER_LIVED, reason="走访时无此人", by=STREET, at=NOW
    )
    # At once, over the build that still has it.
    assert queries.contested_facts() == {fact}
    assert queries.statuses_over(store)[fact].status == "disputed"

    # The next build, next month, from a register that says it again.
    december = towns.copy_town(town, tmp_path / "december", as_of="2026-11-30")
    assert not build(december, store).already_published
    assert statements_of(store, fact) == {("disputed", True)}
    # One fewer, but figures of persons move by tens: whose it was is not to be read from two builds.
    assert residents_counted(store) == before
    assert queries.statuses_over(store) == {}, "the build knows of it now"

    answered(store, "已更正")
    case = decisions.close_case(
        store, contested.cases[0].number, reason="部门书面答复", by=STEWARD, at=NOW
    )
    assert case.state is CaseState.CLOSED
    assert queries.statuses_over(store)[fact].status == "withdrawn"

    # A month later the register is still wrong.
    january = towns.copy_town(town, tmp_path / "january", as_of="2026-12-31")
    build(january, store)
    assert {status for status, _ in statements_of(store, fact)} == {"withdrawn"}
    assert residents_counted(store) == before
