"""The demo city's firms and jobs: where a firm sits, who represents it, who works there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kuai.demo_city.engine import vocabulary as words
from kuai.demo_city.engine.numbers import credit_codes
from kuai.demo_city.engine.people import ADULT, People
from kuai.demo_city.engine.pieces import stream
from kuai.demo_city.engine.places import HOME, SHOP, WORKSHOP, Places

FIRMS_PER_ROOM = 0.042
FIRST_SERIAL = 20_000_000
# Far above those of the firms there were before.
LATE_SERIAL = 60_000_000
ROOMS_A_LATE_FIRM, FIRMS_A_LENT_HOME = 1_000, 4
# A brand is three characters.
BRAND_LENGTH = 3
RETIREMENT_AGE = 60
EMPLOYED_SHARE = 0.70


@dataclass
class Firms:
    """Columns by firm; `job_*` are one row a job."""

    codes: pa.Array
    names: pa.Array
    short_names: pa.Array
    # As its department writes it; empty where it does not say.
    industries: pa.Array
    registered_room: np.ndarray
    operating_room: np.ndarray
    representative: np.ndarray
    founded_day: np.ndarray
    is_closed: np.ndarray
    job_person: np.ndarray
    job_firm: np.ndarray

    @property
    def count(self) -> int:
        return len(self.codes)


def found_firms(places: Places, people: People, *, seed: int) -> Firms:
    """Firms in shops, workshops and some homes, with representatives and workers."""
    random = stream(seed, "firms")
    count = max(6, round(places.rooms * FIRMS_PER_ROOM))
    use = places.room_use
    shops = random.permutation(np.flatnonzero(use == SHOP))[: round(count * 0.6)]
    workshops = random.permutation(np.flatnonzero(use == WORKSHOP))[: round(count * 0.28)]
    left = count - len(shops) - len(workshops)
    homes = random.permutation(np.flatnonzero(use == HOME))[:left]
    room = np.sort(np.r_[shops, workshops, homes])
    count = len(room)
    kinds, names, short_names = _firm_names(use[room], random)
    moved = random.random(count) < 0.2
    registered = np.where(
        moved,
        random.permutation(np.flatnonzero(use == HOME))[
            np.arange(count) % int((use == HOME).sum())
        ],
        room,
    )
    adults = np.flatnonzero((people.age >= 22) & (people.age < 70))
    steps = random.integers(3, 40, count)
    job_person, job_firm = _employ(people, count, random)
    return Firms(
        codes=pa.array(credit_codes(kinds, FIRST_SERIAL, steps)),
        names=pa.array(names),
        short_names=pa.array(short_names),
        industries=pa.array([_industry(name) for name in short_names]),
        registered_room=registered,
        operating_room=room,
        representative=random.permutation(adults)[np.arange(count) % len(adults)],
        founded_day=people.as_of_day - random.integers(60, 7500, count),
        is_closed=random.random(count) < 0.09,
        job_person=job_person,
        job_firm=job_firm,
    )


@dataclass(frozen=True)
class LateFirms:
    """Firms of the last weeks, beside `Firms`, so that what was drawn for those stays; numbered on from them."""

    codes: pa.Array
    names: pa.Array
    room: np.ndarray
    representative: np.ndarray
    founded_day: np.ndarray


def found_late_firms(places: Places, people: People, *, seed: int) -> LateFirms:
    """One for so many rooms and a few in one home: a desk that lends its address."""
    random = stream(seed, "late_firms")
    alone = 2 + places.rooms // ROOMS_A_LATE_FIRM
    homes = random.permutation(np.flatnonzero(places.room_use == HOME))
    shared = np.repeat(homes[: 1 + places.rooms // 8_000], FIRMS_A_LENT_HOME)
    room = np.r_[homes[-alone:], shared]
    count = len(room)
    adults = np.flatnonzero((people.age >= 22) & (people.age < 70))
    drawn = random.integers(0, 10_000_000, count).tolist()
    trades = [words.LATE_TRADES[one % len(words.LATE_TRADES)] for one in drawn]
    return LateFirms(
        codes=pa.array(credit_codes(["91"] * count, LATE_SERIAL, random.integers(3, 40, count))),
        names=pa.array(
            [
                f"深圳市{words.DISTRICT_STEM}{_brand(one // 20 + 7919 * n)}{trade}"
                for n, (one, trade) in enumerate(zip(drawn, trades, strict=True))
            ]
        ),
        room=room,
        representative=random.permutation(adults)[np.arange(count) % len(adults)].astype(np.int64),
        # Of the desk's firms some are older than a month.
        founded_day=people.as_of_day
        - np.where(
            np.arange(count) < alone, random.integers(2, 26, count), random.integers(20, 300, count)
        ),
    )


def _firm_names(
    use: np.ndarray, random: np.random.Generator
) -> tuple[list[str], list[str], list[str]]:
    trades = {SHOP: words.SHOP_TRADES, WORKSHOP: words.FACTORY_TRADES}
    draws = random.integers(0, 10_000_000, len(use))
    kinds, names, short_names = [], [], []
    taken: set[str] = set()
    for where, drawn in zip(use.tolist(), draws.tolist(), strict=True):
        pool = trades.get(where, words.OFFICE_TRADES)
        trade = pool[drawn % len(pool)]
        short = _brand(drawn // 20) + trade
        while short in taken:
            drawn += 7919
            short = _brand(drawn // 20) + trade
        taken.add(short)
        # Firms with a company's name are enterprises; most small shops are sole traders.
        kinds.append("91" if trade.endswith("公司") or drawn % 5 == 0 else "92")
        names.append(f"深圳市{words.DISTRICT_STEM}{short}")
        short_names.append(f"{words.DISTRICT_STEM}{short}")
    return kinds, names, short_names


def _industry(short_name: str) -> str:
    # By the name, no draw: the values of every other column stay what they were.
    trade = short_name[len(words.DISTRICT_STEM) + BRAND_LENGTH :]
    return words.TRADE_INDUSTRIES.get(trade, "")


def _brand(drawn: int) -> str:
    first, rest = drawn % len(words.FIRM_FIRST), drawn // len(words.FIRM_FIRST)
    second, rest = rest % len(words.FIRM_SECOND), rest // len(words.FIRM_SECOND)
    return (
        words.FIRM_FIRST[first]
        + words.FIRM_SECOND[second]
        + words.FIRM_THIRD[rest % len(words.FIRM_THIRD)]
    )


def _employ(
    people: People, firms: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """One job for most adults below retirement, a second for a few; big firms take most."""
    age = people.age
    able = np.flatnonzero((age >= ADULT) & (age < RETIREMENT_AGE) & (people.room >= 0))
    person = able[random.random(len(able)) < EMPLOYED_SHARE]
    person = np.sort(np.r_[person, random.permutation(person)[: len(person) // 60]])
    size = random.pareto(1.3, firms) + 0.3
    edges = np.cumsum(size) / size.sum()
    return person, np.searchsorted(edges, random.random(len(person)), side="right").clip(
        0, firms - 1
    )
