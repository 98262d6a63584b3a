"""How hard a city is: rates of the offices' noise, of planted traps, and what each department fails to hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from kuai.demo_city.engine.pieces import stream
from kuai.kit.errors import Refusal

NUMBER, PHONE, BIRTH_DATE, ADDRESS = "number", "phone", "birth_date", "address"

# What each department may fail to hold in the hard profile; one entry of each list is drawn by the seed.
# Social insurance and water hold two of the four at most by nature, so they lose nothing more.
HARD_GAPS: Mapping[str, tuple[frozenset[str], ...]] = {
    "police_residents": (
        frozenset({PHONE}),
        frozenset({BIRTH_DATE}),
        frozenset({PHONE, BIRTH_DATE}),
        frozenset({NUMBER}),
    ),
    "housing_ownership": (frozenset({NUMBER}),),
    "rental_filings": (frozenset({NUMBER}), frozenset({PHONE})),
    "business_registry": (frozenset({NUMBER}),),
    "access_cards": (frozenset({PHONE}), frozenset()),
    "transit_list": (frozenset({PHONE}), frozenset({ADDRESS}), frozenset({PHONE, ADDRESS})),
    "disability_cards": (frozenset({ADDRESS}), frozenset({NUMBER})),
}


@dataclass(frozen=True)
class Profile:
    """`noise` multiplies the rates measured in real offices' files; `plants` the rate of planted traps."""

    key: str
    noise: float
    plants: float
    gaps: Mapping[str, frozenset[str]] = field(default_factory=dict)
    names_plants: bool = False

    def lacks(self, resource: str, attribute: str) -> bool:
        """Does this department fail to hold the attribute?"""
        return attribute in self.gaps.get(resource, frozenset())


def profile_named(key: str, *, seed: int) -> Profile:
    """easy: little noise. hard: much, attributes missing. planted: usual noise, many named traps."""
    if key == "easy":
        return Profile(key, noise=0.35, plants=0.3)
    if key == "planted":
        return Profile(key, noise=1.0, plants=8.0, names_plants=True)
    if key == "hard":
        return Profile(key, noise=2.0, plants=1.5, gaps=_draw_gaps(seed))
    raise Refusal(
        "demo_city.unknown_profile",
        f"没有名为“{key}”的演示城市难度。",
        next_step="请用 easy、hard 或 planted。",
    )


def _draw_gaps(seed: int) -> dict[str, frozenset[str]]:
    random: np.random.Generator = stream(seed, "gaps")
    return {name: some[int(random.integers(len(some)))] for name, some in HARD_GAPS.items()}
