"""How good a rule is, and when its answers are too bad for it to go on. Sums alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

# A rule exactly at its floor is ever suspended by the first test by chance with at most this probability.
CHANCE = {"low": 0.01, "middle": 0.02, "high": 0.05}
# So many answers a bad rule has at most. Of the first fifty a rule at its floor fails by chance with at most FIRST
# (how bad a new rule is nobody knows yet), of each later fifty, in which it may have turned bad, with at most LATER.
WINDOW = 50
FIRST, LATER = 0.10, 0.005
LEAST_FLOOR = {"low": 0.0, "middle": 0.6, "high": 0.8}
STEPS = 50
Z95 = 1.959963984540054


def wilson(right: int, wrong: int) -> tuple[float, float]:
    """The 95 % interval of a share; everything where nobody said anything."""
    n = right + wrong
    if not n:
        return 0.0, 1.0
    share, square = right / n, Z95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def floor_of(least_precision: float, harm: str) -> float:
    """The floor that holds: the rule's own, or what its harm asks for."""
    return max(least_precision, LEAST_FLOOR[harm])


@lru_cache(maxsize=4096)
def is_below(right: int, wrong: int, *, floor: float, harm: str) -> bool:
    """Whether the answers so far speak against the floor, looked at after every one of them.

    The evidence is the mean likelihood of worse rules over that of a rule at its floor: a martingale, so that by
    Ville it ever passes 1/chance with at most that chance, and nobody has to wait for a number of answers.
    """
    if not wrong or floor <= 0:
        return False
    worse = [floor * (step + 0.5) / STEPS for step in range(STEPS)]
    at_floor = right * math.log(floor) + (wrong * math.log1p(-floor) if floor < 1 else -math.inf)
    parts = [right * math.log(one) + wrong * math.log1p(-one) - at_floor for one in worse]
    top = max(parts)
    evidence = top + math.log(sum(math.exp(one - top) for one in parts) / STEPS)
    return evidence >= -math.log(CHANCE[harm])


@lru_cache(maxsize=256)
def most_wrong(floor: float, *, is_first: bool) -> int:
    """How many wrong answers among fifty are still borne; one more suspends the rule before the fifty are full.

    The strongest test there is of fifty answers with this chance of a false alarm (Neyman and Pearson).
    """
    if floor <= 0:
        return WINDOW
    chance, tail = FIRST if is_first else LATER, 0.0
    for wrong in range(WINDOW, -1, -1):
        tail += math.comb(WINDOW, wrong) * (1 - floor) ** wrong * floor ** (WINDOW - wrong)
        if tail > chance:
            return wrong
    return 0


def speaks_against(answers: Sequence[bool], *, floor: float, harm: str) -> bool:
    """Whether these answers (right or not, oldest first) suspend a rule. Ask after every one of them.

    Either all of them together say so (`is_below`), or the fifty that are being filled have too many wrong ones.
    """
    right = sum(answers)
    if is_below(right, len(answers) - right, floor=floor, harm=harm):
        return True
    begun = (len(answers) - 1) // WINDOW * WINDOW
    wrong = sum(not one for one in answers[max(0, begun) :])
    return bool(answers) and wrong > most_wrong(floor, is_first=begun == 0)
