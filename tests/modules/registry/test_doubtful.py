"""Nobody is held for one by a name alone in silence: the weak ties are listed, by row, for whoever reviews there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kuai.guard.types import Actor, Role
from kuai.kit.engine import engine
from kuai.kit.errors import Refusal
from kuai.linkage.types import PERSON_TIE
from kuai.registry import decisions
from kuai.registry.decisions import DecisionKind
from tests.modules.registry.builders import write_rows
from tests.modules.registry.contested_town import (
    ELSEWHERE,
    HERE,
    NOW,
    STEWARD,
    STREET,
    publish_town,
)

FIRST, GRID_ROW, SECOND = "police:0#subject", "grid:0#subject", "police:1#subject"
HERE_ONLY = Actor("7", Role.DATA_STEWARD, areas=(HERE,))


@pytest.fixture
def store(store, settings, db):
    """One person by three records: one tie by a number, one by a name alone, one that was cut."""
    settings.STORE = store
    publish_town(store)
    tie = {"element": "person", "is_kept": True, "left_mention": FIRST}
    ties = [
        {**tie, "right_mention": GRID_ROW, "key_code": "id_and_name", "match_probability": 0.9999},
        {**tie, "right_mention": SECOND, "key_code": "lone_name", "match_probability": 0.96},
        {
            **tie,
            "left_mention": GRID_ROW,
            "right_mention": SECOND,
            "key_code": "rare_name",
            "match_probability": 0.985,
            "is_kept": False,
        },
    ]
    with engine() as connection:
        write_rows(connection, PERSON_TIE, ties, store.current_build() / "core")
    return store


def test_a_tie_by_a_name_alone_is_listed_with_its_two_rows_and_no_other(store):
    page = decisions.list_doubtful(store, by=STEWARD)
    assert (page.total, page.by_key) == (1, {"lone_name": 1})
    (tie,) = page.ties
    assert [(one.source, one.row_no) for one in (tie.left, tie.right)] == [
        ("police", 0),
        ("police", 1),
    ]
    assert tie.reason.startswith("仅姓名一致")


@pytest.mark.parametrize("kind", [DecisionKind.SAME, DecisionKind.DIFFERENT])
def test_what_somebody_answered_is_no_longer_listed(store, kind):
    decisions.record_decision(kind, [FIRST, SECOND], reason="看过", by=STEWARD, at=NOW)
    assert decisions.list_doubtful(store, by=STEWARD).total == 0


def test_the_list_is_for_reviewers_and_of_their_own_area(store):
    assert decisions.list_doubtful(store, by=HERE_ONLY).total == 1
    assert decisions.list_doubtful(store, by=replace(HERE_ONLY, areas=(ELSEWHERE,))).total == 0
    with pytest.raises(Refusal, match="核定"):
        decisions.list_doubtful(store, by=STREET)


def test_nothing_is_listed_of_a_build_without_ties(store):
    (store.current_build() / "core" / "person_tie.parquet").unlink()
    assert decisions.list_doubtful(store, by=STEWARD).total == 0
