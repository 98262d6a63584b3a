"""What is derived never rises above what it was derived from; SQL says the same as Python."""

from __future__ import annotations

from functools import reduce

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.kit.engine import read_sql
from kuai.registry import relating
from kuai.registry.engine.standing import (
    MOST_PURPOSES,
    Standing,
    Status,
    close_under_combination,
    combine,
    mask_of,
    purpose_bits,
    read_purposes,
    write_purposes,
)

PURPOSES = ("grid_visit", "home_care", "record_review", "rental_management", "request_answer")
purposes = st.frozensets(st.sampled_from(PURPOSES))
standings = st.builds(Standing, st.sampled_from(Status), purposes)


@given(standings, standings)
def test_the_order_does_not_matter(left: Standing, right: Standing) -> None:
    assert combine(left, right) == combine(right, left)


@given(standings, standings, standings)
def test_grouping_does_not_matter(first: Standing, second: Standing, third: Standing) -> None:
    assert combine(combine(first, second), third) == combine(first, combine(second, third))


@given(standings)
def test_saying_it_twice_makes_it_no_surer(one: Standing) -> None:
    assert combine(one, one) == one == combine(one)


@given(standings, st.lists(standings))
def test_nothing_derived_rises_above_a_part(first: Standing, others: list[Standing]) -> None:
    derived = combine(first, *others)
    for part in (first, *others):
        assert derived.status <= part.status
        assert derived.purposes <= part.purposes


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), standings), min_size=1, max_size=30))
def test_sql_derives_what_python_derives(rows: list[tuple[int, Standing]]) -> None:
    bits = purpose_bits(PURPOSES)
    table = pa.table(
        {
            "fact_key": [key for key, _ in rows],
            "status": [one.status.word for _, one in rows],
            "purposes": [write_purposes(one.purposes) for _, one in rows],
        }
    )
    sets = {one.purposes for _, one in rows}
    masks = {mask_of(one, bits): write_purposes(one) for one in sets}
    ranks = {"status": [one.word for one in Status], "standing": [int(one) for one in Status]}
    with duckdb.connect() as connection:
        connection.register("relation", table)
        connection.register("status_rank", pa.table(ranks))
        connection.register(
            "purpose_set",
            pa.table({"mask": pa.array(masks, pa.int64()), "purposes": [*masks.values()]}),
        )
        # The step that the base library is made by.
        found = connection.execute(read_sql(relating.__file__, "fact_standing")).fetchall()
    expected = {
        key: reduce(combine, [one for other, one in rows if other == key]) for key, _ in rows
    }
    texts = {
        mask_of(one, bits): one for one in close_under_combination(s.purposes for _, s in rows)
    }
    assert {key: Standing(Status(rank), texts[mask]) for key, rank, mask in found} == expected


@given(st.lists(purposes, min_size=1, max_size=6))
def test_whatever_can_be_derived_is_in_the_closure(sets: list[frozenset[str]]) -> None:
    closed = close_under_combination(sets)
    assert reduce(frozenset.intersection, sets) in closed
    assert {one & other for one in closed for other in closed} <= closed


@given(purposes)
def test_purposes_are_read_as_they_were_written(one: frozenset[str]) -> None:
    assert read_purposes(write_purposes(one)) == one


def test_more_purposes_than_a_number_holds_are_refused() -> None:
    assert len(purpose_bits(f"p{n}" for n in range(MOST_PURPOSES))) == MOST_PURPOSES
    with pytest.raises(ValueError, match="63 purposes"):
        purpose_bits(f"p{n}" for n in range(MOST_PURPOSES + 1))
