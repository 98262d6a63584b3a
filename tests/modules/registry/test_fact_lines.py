"""The lists of the base library are made with the build: numbered, counted, and a page reads only its own rows."""

from __future__ import annotations

import pytest

from kuai.guard.types import Actor
from kuai.kit.engine import engine, table_at
from kuai.kit.errors import Refusal
from kuai.registry import actions as registry
from kuai.registry import conflicts, queries
from kuai.registry.types import BASE_FACT, CONFLICT, FACT_LINE, RELATION
from tests.modules.registry.builders import read_rows, write_rows
from tests.modules.registry.contested_town import (
    STEWARD,
    STRANGER,
    STREET,
    ContestedTown,
    publish_town,
)


@pytest.fixture
def town(store, settings, db) -> ContestedTown:
    settings.STORE = store
    return publish_town(store)


def write_lines(town: ContestedTown) -> list[dict]:
    """What the build's stage would have written, into the published build."""
    core = town.store.current_build() / "core"
    with engine() as connection:
        made, receipt = registry.write_fact_lines(
            connection,
            relations=table_at(connection, RELATION, core),
            base_facts=table_at(connection, BASE_FACT, core),
            folder=core,
        )
        assert receipt.notes["lines"] == made[FACT_LINE.name].rows
        return read_rows(connection, made[FACT_LINE.name])


def pages(town: ContestedTown, by: Actor, **asked: object) -> list[tuple[str, ...]]:
    found, after = [], 0
    while after is not None:
        page = queries.list_base_facts(town.store, by, after=after, limit=1, **asked)
        found.append(tuple(one.fact_key for one in page.lines))
        after = page.next_after
    return found


def test_a_fact_stands_once_in_its_list_with_everybody_who_says_so(town):
    lines = write_lines(town)
    assert [(one["line_no"], one["standing"], one["sources"]) for one in lines] == [
        (1, "asserted", "grid,police"),
        (2, "asserted", "police"),
    ]
    assert [one["fact_key"] for one in lines] == [town.lives, town.lives_elsewhere]


def test_the_lists_are_the_same_with_the_table_and_without(town):
    def told() -> list[object]:
        conflicts._sections_of.cache_clear()
        return [
            queries.count_base_facts(town.store),
            pages(town, STEWARD, status="asserted"),
            pages(town, STREET, status="asserted", relation="PH_RESIDE"),
            pages(town, STEWARD, status="asserted", relation="PH_OWN"),
            pages(town, STRANGER, status="asserted"),
            pages(town, STEWARD, status="verified"),
        ]

    without = told()
    write_lines(town)
    assert told() == without
    counts, by_steward, by_street, *nothing = without
    assert counts == {"PH_RESIDE": {"asserted": 2}}
    assert by_steward == by_street == [(town.lives,), (town.lives_elsewhere,)]
    assert nothing == [[()], [()], [()]]


def test_a_reader_of_a_small_area_is_led_on_where_a_page_would_cost_too_much(town, monkeypatch):
    write_lines(town)
    monkeypatch.setattr(conflicts, "MOST_LOOKED_THROUGH", 1)
    assert pages(town, STRANGER, status="asserted") == [(), (), ()]
    assert pages(town, STREET, status="asserted") == [(town.lives,), (town.lives_elsewhere,), ()]


def test_a_page_reads_only_its_own_rows(town, monkeypatch):
    core = town.store.current_build() / "core"
    rows = [
        {"line_no": row, "standing": standing, "type": kind, "fact_key": f"{kind}|{row}|x"}
        | {"level": "", "sources": "a,b", "valid_from": None, "disputed_by": ""}
        for row, (standing, kind) in enumerate(
            [("asserted", "PH_OWN")] * 30 + [("asserted", "PH_RESIDE")] * 9_000
            + [("verified", "PH_OWN")] * 3,
            start=1,
        )
    ]  # fmt: skip
    with engine() as connection:
        write_rows(connection, FACT_LINE, rows, core)
    conflicts._sections_of.cache_clear()
    read = []
    fetch = conflicts._fetch

    def noting(*asked: object) -> list:
        read.append(fetch(*asked))
        return read[-1]

    assert queries.count_base_facts(town.store) == {
        "PH_OWN": {"asserted": 30, "verified": 3},
        "PH_RESIDE": {"asserted": 9_000},
    }
    monkeypatch.setattr(conflicts, "_fetch", noting)
    page = queries.list_base_facts(
        town.store, STEWARD, status="asserted", relation="PH_RESIDE", after=8_000, limit=15
    )
    assert [one.number for one in page.lines] == list(range(8_001, 8_016))
    assert page.next_after == 8_015
    last = queries.list_base_facts(
        town.store, STEWARD, status="asserted", relation="PH_RESIDE", after=9_020, limit=15
    )
    assert ([one.number for one in last.lines], last.next_after) == ([*range(9_021, 9_031)], None)
    assert [len(one) for one in read] == [16, 10]


def test_who_guards_whom_stands_on_no_list_of_facts_and_of_conflicts(town):
    core = town.store.current_build() / "core"
    fact = {"level": "", "sources": "a", "valid_from": None, "disputed_by": ""}
    kinds = ["PE_PARTY", "PH_OWN", "PP_GUARDIAN", "PP_HOUSEHOLD"]
    lines = [
        {"line_no": row, "standing": "asserted", "type": kind, "fact_key": f"{kind}|P-1|P-{row}"}
        | fact
        for row, kind in enumerate(kinds, start=1)
    ]
    disputes = [
        {"conflict_no": row, "kind": kind, "element_code": "P-1", "explanation": "两种说法"}
        | {"left_mention": "a:1#subject", "right_mention": "a:2#subject"}
        | {"left_fact": f"{fact}|P-1|x", "right_fact": f"{fact}|P-1|y"}
        for row, (kind, fact) in enumerate(
            [("two_guardians", "PP_GUARDIAN"), ("two_households", "PP_HOUSEHOLD")], start=1
        )
    ]
    with engine() as connection:
        write_rows(connection, FACT_LINE, lines, core)
        write_rows(connection, CONFLICT, disputes, core)
    conflicts._sections_of.cache_clear()
    assert set(queries.count_base_facts(town.store)) == {"PH_OWN", "PP_HOUSEHOLD"}
    assert pages(town, STEWARD, status="asserted") == [
        ("PH_OWN|P-1|P-2",),
        ("PP_HOUSEHOLD|P-1|P-4",),
    ]
    assert pages(town, STEWARD, status="asserted", relation="PP_GUARDIAN") == [()]
    assert queries.count_conflicts(town.store, STEWARD) == {"two_households": 1}
    assert [one.number for one in queries.list_conflicts(town.store, STEWARD).lines] == [2]
    with pytest.raises(Refusal):
        queries.get_conflict(town.store, STEWARD, 1)
