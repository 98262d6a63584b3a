"""Cells are kept or joined, figures of persons move by tens and stay within ten of the truth."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kuai.blocks.engine.cell_series import Kept, Truth, next_figures
from kuai.blocks.engine.cells import (
    SMALLEST_SHOWN_COUNT,
    STEP,
    Cell,
    is_large_enough,
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
    return Kept(figures.cell_of_leaf(LEAVES), figures.begun_with)


def groups_of(figures) -> set[frozenset[int]]:
    return {frozenset(cell.leaves) for cell in figures.cells}


@settings(max_examples=150, deadline=None)
@given(st.lists(towns, min_size=1, max_size=4))
def test_over_many_builds_a_cell_shows_none_or_ten_and_is_never_ten_off(series):
    kept, earlier = None, None
    for counts in series:
        now = next_figures(truth_of(counts), ABOVE, kept=kept)
        assert sorted(leaf for cell in now.cells for leaf in cell.leaves) == list(range(LEAVES))
        for cell, shown, begun, is_shown in zip(
            now.cells, now.shown[:, 0], now.begun_with[:, 0], now.is_shown, strict=True
        ):
            true = sum(counts[leaf] for leaf in cell.leaves)
            if is_shown:
                assert (shown == 0 == true) or min(shown, true) >= SMALLEST_SHOWN_COUNT
                assert (shown - begun) % STEP == 0
                assert abs(shown - true) < STEP
            else:
                assert (shown, begun) == (0, 0)
        if earlier is not None:
            assert all(
                any(cell <= wider for wider in groups_of(now)) for cell in groups_of(earlier)
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
        for cell, shown, is_shown in zip(parts.cells, parts.shown, parts.is_shown, strict=True):
            inside = [
                number
                for number, other in enumerate(wholes.cells)
                if set(other.leaves) <= set(cell.leaves)
            ]
            assert sum(len(wholes.cells[number].leaves) for number in inside) == len(cell.leaves)
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
    cells = [Cell([n], (size,), (size,)) for n, size in enumerate((40, 3, 50, 60))]
    joined = join_small(cells, (np.array([0, 0, 1, 1]), np.zeros(4)))
    assert [cell.leaves for cell in joined] == [[0, 1], [2], [3]]


def test_many_flats_of_one_owner_are_not_many_owners():
    assert not is_large_enough(Cell([0], (12,), (1,)))
    assert is_large_enough(Cell([0], (12,), (10,)))


def test_no_cell_reaches_across_a_place_where_a_block_may_end():
    cells = [Cell([0, 2], (20,), (20,)), Cell([1], (20,), (20,)), Cell([3], (20,), (20,))]
    assert whole_at(cells, 4).tolist() == [True, False, False, True, True]
