"""Precision and moves: a bad rule stops soon, a good one does not stop by chance, every other move is refused."""

from __future__ import annotations

import random
from itertools import product

import pytest

from kuai.kit.errors import Refusal
from kuai.services.proactive.engine.moves import (
    OFFER_MOVES,
    RULE_MOVES,
    require_offer_move,
    require_rule_move,
)
from kuai.services.proactive.engine.precision import CHANCE, floor_of, is_below, wilson
from kuai.services.proactive.rehearsing import over_represented, shown
from kuai.services.proactive.types import OfferState, RuleState

SEQUENCES, ANSWERS = 1_000, 50


def stops_after(chance: float, floor: float, harm: str, dice: random.Random) -> int | None:
    right = wrong = 0
    for number in range(1, ANSWERS + 1):
        is_right = dice.random() < chance
        right, wrong = right + is_right, wrong + (not is_right)
        if is_below(right, wrong, floor=floor, harm=harm):
            return number
    return None


@pytest.mark.parametrize(("floor", "harm"), [(0.95, "low"), (0.8, "middle"), (0.8, "high")])
def test_a_rule_at_its_floor_is_hardly_ever_suspended_by_chance(floor: float, harm: str) -> None:
    dice = random.Random(6)
    stopped = [stops_after(floor, floor, harm, dice) for _ in range(SEQUENCES)]
    assert sum(one is not None for one in stopped) <= SEQUENCES * CHANCE[harm] * 1.5


@pytest.mark.parametrize(("floor", "harm"), [(0.95, "low"), (0.7, "middle"), (0.6, "high")])
def test_a_bad_rule_is_suspended_within_fifty_answers(floor: float, harm: str) -> None:
    dice = random.Random(7)
    bad = 0.3
    stopped = [stops_after(bad, floor_of(floor, harm), harm, dice) for _ in range(200)]
    assert all(stopped)


def test_the_interval_is_wilsons_and_where_nobody_spoke_it_is_everything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(8, 2)
    assert (round(low, 4), round(high, 4)) == (0.4902, 0.9433)


def test_high_harm_raises_the_floor_and_stops_sooner() -> None:
    assert floor_of(0.5, "high") > floor_of(0.5, "low")
    assert not is_below(2, 5, floor=0.8, harm="low")
    assert is_below(2, 5, floor=0.8, harm="high")


@pytest.mark.parametrize(("start", "end"), product(RuleState, RuleState))
def test_every_move_of_a_rule_is_as_the_table_says(start: RuleState, end: RuleState) -> None:
    if (start, end) in RULE_MOVES:
        require_rule_move(start, end)
    else:
        with pytest.raises(Refusal):
            require_rule_move(start, end)


@pytest.mark.parametrize(("start", "end"), product(OfferState, OfferState))
def test_every_move_of_an_offer_is_as_the_table_says(start: OfferState, end: OfferState) -> None:
    if (start, end) in OFFER_MOVES:
        require_offer_move(start, end)
    else:
        with pytest.raises(Refusal):
            require_offer_move(start, end)


def test_small_counts_and_ratios_of_few_are_not_told() -> None:
    assert [shown(count) for count in (0, 1, 9, 10)] == [0, None, None, 10]
    assert over_represented(9, 100, 50, 1000) is None
    ratio = over_represented(50, 100, 250, 1000)
    assert ratio is not None
    assert ratio[0] == 2.0
    assert 1 < ratio[1] < 2 < ratio[2]
