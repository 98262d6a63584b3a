"""The demo's boundaries wait as a plan; applied, they leave something to see; nothing changes before that."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kuai.address import drawing, library
from kuai.address.drawing import FindingKind
from kuai.demo_city.actions import generate_city
from kuai.flows.demo_outlines import hand_in_outlines
from kuai.kit.store import Store

DAY = date(2026, 10, 31)
pytestmark = pytest.mark.django_db


def test_outlines_with_faults_wait_for_the_steward(tmp_path: Path) -> None:
    store = Store(tmp_path / "store").create()
    assert hand_in_outlines(store, by="demo") == ""
    generate_city(tmp_path / "city", rooms=4000, seed=1, profile="planted", as_of=DAY)
    plan = library.plan_import(
        store, tmp_path / "city" / "extracts" / "address_library.csv", by="x"
    )
    library.apply_plan(store, plan.plan_id, by="x", reason="x")
    waiting = library.open_plan(hand_in_outlines(store, by="demo"))
    assert (waiting.state, waiting.added, waiting.refused) == ("open", 0, 1)
    assert library.open_record(store).sequence == 1
    # A second run finds the plan and hands in nothing more.
    assert hand_in_outlines(store, by="demo") == ""
    library.apply_plan(store, waiting.plan_id, by="x", reason="x")
    code = min(change.address_code for change in waiting.changes)
    around = drawing.area_under(library.open_record(store), code)
    kinds = {one.kind for one in drawing.survey_area(around, under=code)}
    assert {FindingKind.GAP, FindingKind.OVERLAP} <= kinds
