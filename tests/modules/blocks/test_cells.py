"""Cells are kept or joined, figures of persons move by tens and stay within ten of the truth."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.blocks.engine.cell_series import Kept, Truth, next_figures
from kuai.blocks.engine.cells import (
    SMALLEST_SHOWN_COUNT,
    STEP,
    are_large_enough,
    join_small,
    steps_of,
    steps_of_parts,
    whole_at,
)

LEAVES = 12
ABOVE = (np.arange(LEAVES) // 3, np.arange(LEAVES) // 6, np.zeros(LEAVES, dtype=int))
towns = st.lists(st.integers(0, 30), min_size=LEAVES, max_size=LEAVES)
bands = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=LEAVES, max_size=LEAVES
)


def truth_of(rows) -> Truth:
    figures = np.array(rows, dtype=np.int64).reshape(LEAVES, -1)
    return Truth(figures, figures)


def kept_of(figures) -> Kept:
    return Kept(figures.cell_of_leaf, figures.begun_with)


def leaves_of(figures) -> list[list[int]]:
    return [np.flatnonzero(figures.cell_of_leaf == n).tolist() for n in range(len(figures.shown))]


@settings(max_examples=150, deadline=None)
@given(st.lists(towns, min_size=1, max_size=4))
def test_over_many_builds_a_cell_shows_none_or_ten_and_is_never_ten_off(series):
    kept, earlier = None, None
    for counts in series:
        now = next_figures(truth_of(counts), ABOVE, kept=kept)
        assert sorted(sum(leaves_of(now), [])) == list(range(LEAVES))
        for cell, shown, begun, is_shown in zip(
            leaves_of(now), now.shown[:, 0], now.begun_with[:, 0], now.is_shown, strict=True
        ):
            true = sum(counts[leaf] for leaf in cell)
            if is_shown:
                assert (shown == 0 == true) or min(shown, true) >= SMALLEST_SHOWN_COUNT
                assert (shown - begun) % STEP == 0
                assert abs(shown - true) < STEP
            else:
                assert (shown, begun) == (0, 0)
        if earlier is not None:
            assert all(
                any(set(cell) <= set(wider) for wider in leaves_of(now))
                for cell in leaves_of(earlier)
            ), "a cell that was shown is never cut"
        kept, earlier = kept_of(now), now


@settings(max_examples=100, deadline=None)
@given(bands, bands)
def test_bands_add_up_to_the_table_they_are_part_of_in_every_cell_and_build(first, second):
    wholes, parts = None, None
    for counts in (first, second):
        table = np.array(counts)
        wholes = next_figures(
            truth_of(table.sum(axis=1)), ABOVE, kept=kept_of(wholes) if wholes else None
        )
        parts = next_figures(
            truth_of(table), ABOVE, kept=kept_of(parts) if parts else None, parts_of=wholes
        )
        for cell, shown, is_shown in zip(
            leaves_of(parts), parts.shown, parts.is_shown, strict=True
        ):
            inside = [
                number for number, other in enumerate(leaves_of(wholes)) if set(other) <= set(cell)
            ]
            assert sum(len(leaves_of(wholes)[number]) for number in inside) == len(cell)
            if is_shown:
                assert shown.sum() == wholes.shown[inside].sum()


@given(st.lists(st.integers(-40, 40), max_size=40))
def test_steps_keep_every_run_of_cells_within_ten(changes):
    steps = steps_of(np.array(changes, dtype=np.int64))
    off = np.concatenate([[0], np.cumsum(STEP * steps - np.array(changes, dtype=np.int64))])
    assert off.max() - off.min() < STEP
    assert all(step == 0 for step, change in zip(steps, changes, strict=True) if change == 0)


def test_steps_of_bands_carry_what_they_owe():
    changes = np.full((40, 3), 3)
    totals = steps_of(changes.sum(axis=1))
    steps = steps_of_parts(changes, totals)
    assert (steps.sum(axis=1) == totals).all()
    assert np.abs(STEP * steps.sum(axis=0) - changes.sum(axis=0)).max() <= STEP


def test_a_small_neighbour_is_taken_in_by_its_own_grid_first():
    sizes = np.array([[40], [3], [50], [60]])
    begins = join_small(sizes, sizes, (np.array([0, 0, 1, 1]), np.zeros(4)))
    assert begins.tolist() == [0, 2, 3]


def test_many_flats_of_one_owner_are_not_many_owners():
    flats, owners = np.array([[12], [12]]), np.array([[1], [10]])
    assert are_large_enough(flats, owners).tolist() == [False, True]


def test_no_cell_reaches_across_a_place_where_a_block_may_end():
    first, last = np.array([0, 1, 3]), np.array([2, 1, 3])
    assert whole_at(first, last, 4).tolist() == [True, False, False, True, True]
