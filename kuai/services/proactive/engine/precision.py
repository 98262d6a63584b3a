"""How good a rule is, and when its answers are too bad for it to go on. Sums alone."""

from __future__ import annotations

import math
from functools import lru_cache

# A rule exactly at its floor is ever suspended by chance with at most this probability, however often one looks.
CHANCE = {"low": 0.01, "middle": 0.02, "high": 0.05}
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
