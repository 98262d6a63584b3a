"""Rows of one code out of a sorted file; what a file of a place tells: every source, nobody, page by page."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kuai.guard.types import Role
from kuai.kit.clock import utc_now
from kuai.registry import decisions, queries
from kuai.registry.element_file import FACTS_A_PAGE
from kuai.registry.engine.sorted_rows import SortedRows
from kuai.registry.engine.task_kinds import TASK_KINDS
from kuai.registry.person_file import UNTOLD
from tests.modules.registry.contested_town import (
    NOW,
    ROOM,
    STREET,
    VERSION,
    ContestedTown,
    publish_town,
)

CODES = st.lists(
    st.sampled_from(["440310", "E-1", "O-1", "O-2$", "O-2~", "P-1", "P-9"]), max_size=30
)


@given(held=CODES, asked=CODES, group=st.integers(1, 5))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_sorted_file_gives_just_the_rows_of_the_codes(
    tmp_path: Path, held: list[str], asked: list[str], group: int
) -> None:
    path = tmp_path / "ends.parquet"
    table = pa.table({"code": pa.array(sorted(held), pa.string()), "no": range(len(held))})
    pq.write_table(table, path, row_group_size=group)
    found = SortedRows(path, "code").read(asked, columns=["no"]).to_pylist()
    assert found == [row for row in table.to_pylist() if row["code"] in asked]


@pytest.fixture
def town(store, settings, db) -> ContestedTown:
    settings.STORE = store
    return publish_town(store)


def give_the_room(town: ContestedTown, *, firms: int) -> None:
    """Firms registered at ROOM, each by two rows; as a build would state them."""
    path = town.store.current_build() / "core" / "relation.parquet"
    table = pq.read_table(path)
    pattern = table.to_pylist()[0]
    rows = [
        pattern
        | {
            "relation_no": 1_000 + 2 * number + row,
            "type": "LH_REGISTERED",
            "from_code": f"O-{number:08d}-0",
            "to_code": ROOM,
            "fact_key": f"LH_REGISTERED|O-{number:08d}-0|{ROOM}",
            "source": ("police", "grid")[row],
            "mention_key": f"police:{number}#firm",
        }
        for number in range(firms)
        for row in (0, 1)
    ]
    pq.write_table(pa.Table.from_pylist([*table.to_pylist(), *rows], table.schema), path)


def test_a_rooms_file_has_its_firms_once_each_with_both_sources_and_nobody_who_lives_there(town):
    give_the_room(town, firms=FACTS_A_PAGE + 7)
    told = queries.read_element_file(town.store, ROOM)
    assert (told.total, len(told.facts), told.next_after) == (FACTS_A_PAGE + 7, FACTS_A_PAGE, 50)
    assert {kind.type: kind.count for kind in told.kinds} == {"LH_REGISTERED": FACTS_A_PAGE + 7}
    assert {said.source for said in told.facts[0].said} == {"police", "grid"}
    assert told.hidden == ()
    following = queries.read_element_file(town.store, ROOM, after=50)
    assert len(following.facts) == 7
    assert following.next_after is None
    assert not {one.fact_key for one in told.facts} & {one.fact_key for one in following.facts}


def test_that_a_home_is_contested_is_no_line_of_the_rooms_file(town):
    before = queries.read_element_file(town.store, ROOM)
    decisions.contest_fact(
        town.store,
        town.lives,
        says=decisions.Objection.NEVER_LIVED,
        by=STREET,
        at=NOW,
        reason="走访时无此人",
    )
    after = queries.read_element_file(town.store, ROOM)
    assert after.cases == before.cases == ()
    assert after.facts == before.facts


def test_who_verified_a_firms_place_and_how_far_is_told_as_believed(town):
    give_the_room(town, firms=1)
    fact = f"LH_REGISTERED|O-00000000-0|{ROOM}"
    decisions.promote_fact(
        town.store,
        fact,
        detail={"level": "community", "evidence_kind": "visit", "evidence_ref": "走访单2026-7"},
        reason="走访所见",
        by=STREET,
        at=NOW,
    )
    (line,) = queries.read_element_file(town.store, ROOM).facts
    assert (line.status, line.level, line.is_laid_over) == ("verified", "community", True)
    (step,) = queries.read_element_file(town.store, ROOM).verified[line.fact_key]
    assert (step.level, step.decided_by) == ("community", STREET.user_id)
    built = queries.read_element_file(
        town.store, ROOM, belief=queries.find_belief(town.store, VERSION)
    )
    assert built.facts[0].status == "asserted"
    assert built.verified == {}


def test_an_open_case_about_a_firms_place_stands_in_both_files(town):
    give_the_room(town, firms=1)
    fact = f"LH_REGISTERED|O-00000000-0|{ROOM}"
    decisions.contest_fact(
        town.store,
        fact,
        says=decisions.Objection.MOVED_OUT,
        by=STREET,
        at=utc_now(),
        reason="走访时已关门",
    )
    told = queries.read_element_file(town.store, ROOM)
    assert {case.fact_key for case in told.cases} == {fact}
    assert told.facts[0].is_contested


def test_no_work_of_any_purpose_sees_parts_in_events_or_who_guards_whom():
    for kinds in TASK_KINDS.values():
        assert not set(kinds) & {*UNTOLD, "PP_GUARDIAN", "PT_USES", "PT_REGISTERED"}
    assert Role.CARE_WORKER not in decisions.VERIFIERS
