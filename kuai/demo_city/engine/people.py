"""The demo city's people: households in rooms, owners elsewhere, who moved, and the planted traps of linkage.

Rates follow Shenzhen's habit: villages are let, estates half owned, many young single tenants.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kuai.demo_city.engine import vocabulary as words
from kuai.demo_city.engine.numbers import UNISSUED_DIVISIONS, body_number, identity_numbers
from kuai.demo_city.engine.pieces import digits, draw, glue, pick, rewrite, spread, stream
from kuai.demo_city.engine.places import DORMITORY, ESTATE, HOME, Places

VACANT, OWNED, LET, SHARED = range(4)
OWNER_HOUSEHOLD = (0.10, 0.22, 0.33, 0.21, 0.10, 0.04)
TENANT_HOUSEHOLD = (0.44, 0.29, 0.18, 0.09)
ADULT, CHILD = 18, 14
DAYS_A_YEAR = 365.25
NOBODY = -1

# Number ranges no operator has opened, so that no demo row rings a real telephone.
UNOPENED_PHONE_PREFIXES = (154, 161, 163, 164, 168, 169, 179, 194)
# Share of persons (or households) a trap is planted on, at plant level 1.
PLANT_SHARES = {
    "twins": 0.004,
    "namesake_cohabitants": 0.003,
    "father_and_son": 0.006,
    "mover": 0.012,
    "shared_phone": 0.006,
    "recycled_phone": 0.003,
    "placeholder_number": 0.003,
    "swapped_digits": 0.004,
    "name_variant": 0.004,
}
PLANT_KINDS = tuple(PLANT_SHARES)


@dataclass
class People:
    """Columns by person. `room` is -1 for those who live outside; `old_room` where a stale register still has them."""

    surname: np.ndarray
    given: np.ndarray
    is_male: np.ndarray
    birth_day: np.ndarray
    room: np.ndarray
    position: np.ndarray
    old_room: np.ndarray
    division: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    sequence: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    phone: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    is_dotted: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    room_state: np.ndarray = field(default_factory=lambda: np.empty(0, np.int8))
    room_owner: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    room_head: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    subletters: np.ndarray = field(default_factory=lambda: np.empty(0, np.int32))
    names: pa.Array = None
    numbers: pa.Array = None
    as_of_day: int = 0
    # kind -> persons planted, and the group each belongs to.
    plants: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.surname)

    @property
    def age(self) -> np.ndarray:
        return ((self.as_of_day - self.birth_day) / DAYS_A_YEAR).astype(np.int32)

    @property
    def name_key(self) -> np.ndarray:
        """Equal for namesakes."""
        return self.names.dictionary_encode().indices.to_numpy().astype(np.int64)

    def planted(self, kind: str) -> np.ndarray:
        """A mask of the persons a trap of this kind was planted on."""
        mask = np.zeros(self.count, bool)
        mask[self.plants[kind][0]] = True
        return mask


def populate(places: Places, *, seed: int, as_of: date, plants: float) -> People:
    """Households for the rooms, owners and subletters for the let ones, numbers and phones for all."""
    state, sizes = _fill_rooms(places, seed)
    as_of_day = (as_of - date(1970, 1, 1)).days
    people = _residents(state, sizes, seed, as_of_day)
    people.room_state = state
    _add_owners(people, places, state, sizes, seed)
    _plant_families(people, seed, plants)
    _give_numbers(people, seed)
    _give_phones(people, seed, plants)
    _plant_others(people, places, seed, plants)
    _write_names(people)
    return people


def _fill_rooms(places: Places, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = stream(seed, "rooms")
    use, kind, total = places.room_use, places.room_kind, places.rooms
    chance = random.random(total)
    owned_share = np.where(kind == ESTATE, 0.60, 0.22)
    state = np.where(random.random(total) < owned_share, OWNED, LET)
    state = np.where(use == DORMITORY, SHARED, state)
    lived_in = (use == HOME) | (use == DORMITORY)
    state = np.where(lived_in & (chance > 0.07), state, VACANT).astype(np.int8)
    owner_size = draw(random, OWNER_HOUSEHOLD, total) + 1
    tenant_size = draw(random, TENANT_HOUSEHOLD, total) + 1
    shared_size = random.integers(2, 7, total)
    sizes = np.select(
        [state == OWNED, state == LET, state == SHARED], [owner_size, tenant_size, shared_size], 0
    )
    return state, sizes


def _given_names(random: np.random.Generator, is_male: np.ndarray) -> np.ndarray:
    """One number a given name: first character * 1000 + second + 1 (0 = single character); 500 more for women."""
    total = len(is_male)
    men, women = len(words.MALE_GIVEN), len(words.FEMALE_GIVEN)
    first = np.where(is_male, random.integers(0, men, total), random.integers(0, women, total))
    second = np.where(is_male, random.integers(0, men, total), random.integers(0, women, total))
    single = random.random(total) < 0.16
    return (first * 1000 + np.where(single, 0, second + 1) + np.where(is_male, 0, 500)).astype(
        np.int64
    )


def _surnames(random: np.random.Generator, total: int) -> np.ndarray:
    weights = 1 / (np.arange(len(words.SURNAMES)) + 6.0)
    return draw(random, list(weights), total)


def _residents(state: np.ndarray, sizes: np.ndarray, seed: int, as_of_day: int) -> People:
    random = stream(seed, "residents")
    room, position = spread(sizes.astype(np.int64))
    total = len(room)
    head = np.flatnonzero(position == 0)
    head_of = np.repeat(head, sizes[sizes > 0])
    is_family = (
        random.random(len(sizes)) < np.select([state == OWNED, state == LET], [0.95, 0.7], 0.0)
    )[room]
    is_male = random.random(total) < 0.52
    spouse = is_family & (position == 1)
    is_male[spouse] = ~is_male[head_of[spouse]]
    child = is_family & (position >= 2) & (position <= 3)
    elder = is_family & (position >= 4)
    owned = state[room] == OWNED
    head_age = np.where(owned, random.normal(46, 13, total), random.normal(34, 10, total))
    head_age = np.clip(head_age, 19, 88)[head_of]
    mate_age = np.clip(random.normal(30, 8, total), 18, 65)
    child_age = np.clip(head_age - random.uniform(21, 36, total), 0.05, None)
    elder_age = np.clip(head_age + random.uniform(21, 33, total), 45, 97)
    spouse_age = np.clip(head_age + random.normal(-1, 3, total), 19, 90)
    age = np.select(
        [position == 0, spouse, child, elder],
        [head_age, spouse_age, child_age, elder_age],
        mate_age,
    )
    birth_day = (as_of_day - age * DAYS_A_YEAR - random.random(total) * 300 - 1).astype(np.int64)
    surname = _surnames(random, total)
    # Children carry the father's name; so does one grandparent in two.
    father = np.where(is_male[head_of], head_of, np.minimum(head_of + 1, total - 1))
    surname = np.where(child, surname[father], surname)
    surname = np.where(elder & (random.random(total) < 0.5), surname[head_of], surname)
    return People(
        surname=surname.astype(np.int64),
        given=_given_names(random, is_male),
        is_male=is_male,
        birth_day=birth_day,
        room=room.astype(np.int64),
        position=np.where(is_family | (position == 0), position, 9).astype(np.int8),
        old_room=np.full(total, NOBODY, np.int64),
        as_of_day=as_of_day,
    )


def _add_owners(
    people: People, places: Places, state: np.ndarray, sizes: np.ndarray, seed: int
) -> None:
    """Owner-occupiers own their room; runs of other rooms in one building belong to one owner living elsewhere."""
    random = stream(seed, "owners")
    first = np.cumsum(sizes) - sizes
    head = np.where(sizes > 0, first, NOBODY)
    rest = np.flatnonzero(state != OWNED)
    building = places.room_building[rest]
    keep = np.where(places.room_kind[rest] == ESTATE, 0.05, 0.6)
    starts = np.r_[True, building[1:] != building[:-1]] | (random.random(len(rest)) > keep)
    landlord = np.cumsum(starts) - 1
    owners = int(landlord[-1]) + 1 if len(rest) else 0
    # A few landlords hold several runs; and subletters stand between owner and tenant.
    pool = max(1, round(owners * 0.8))
    landlord = np.where(
        np.arange(owners) < pool, np.arange(owners), random.integers(0, pool, owners)
    )[landlord]
    subletters = max(2, places.rooms // 250)
    extra = pool + subletters
    residents = people.count
    is_male = random.random(extra) < 0.58
    age = np.clip(random.normal(52, 13, extra), 24, 92)
    people.surname = np.r_[people.surname, _surnames(random, extra)]
    people.given = np.r_[people.given, _given_names(random, is_male)]
    people.is_male = np.r_[people.is_male, is_male]
    birth = (people.as_of_day - age * DAYS_A_YEAR).astype(np.int64)
    people.birth_day = np.r_[people.birth_day, birth]
    outside = np.full(extra, NOBODY, np.int64)
    people.room, people.old_room = np.r_[people.room, outside], np.r_[people.old_room, outside]
    people.position = np.r_[people.position, np.zeros(extra, np.int8)]
    people.room_owner = head.copy()
    people.room_owner[rest] = residents + landlord
    people.room_head = head
    people.subletters = residents + pool + np.arange(subletters)


def _few(
    random: np.random.Generator, candidates: np.ndarray, share: float, level: float
) -> np.ndarray:
    """A sorted sample of the candidates: their share of all of them, at least one where there is one."""
    count = min(len(candidates), max(1, round(len(candidates) * min(share * level, 0.5))))
    return np.sort(random.permutation(candidates)[:count])


def _plant_families(people: People, seed: int, level: float) -> None:
    """Traps within a household, laid before numbers are given: twins, namesakes, fathers and sons."""
    random = stream(seed, "plant families")
    residents = np.flatnonzero(people.room >= 0)
    position, room = people.position, people.room
    second_child = residents[(position[residents] == 3) & (position[residents - 1] == 2)]
    pairs = second_child[room[second_child] == room[second_child - 1]]
    # Twins are rare, but households with two children are few: take the share of persons, not of pairs.
    younger = _few(random, pairs, PLANT_SHARES["twins"] * 8, level)
    elder = younger - 1
    for column in (people.surname, people.birth_day):
        column[younger] = column[elder]
    people.is_male[younger] = people.is_male[elder]
    first, half = people.given[elder] // 1000, np.where(people.is_male[elder], 0, 500)
    pool = np.where(people.is_male[elder], len(words.MALE_GIVEN), len(words.FEMALE_GIVEN))
    others = (people.given[elder] % 500 + random.integers(1, 40, len(elder))) % pool
    people.given[younger] = first * 1000 + others + 1 + half
    groups = np.arange(len(younger))
    people.plants["twins"] = (np.r_[elder, younger], np.r_[groups, groups])

    mates = residents[(position[residents] == 9) & (room[residents] == room[residents - 1])]
    mates = mates[(position[mates - 1] == 0) & (mates > 0)]
    double = _few(random, mates, PLANT_SHARES["namesake_cohabitants"] * 6, level)
    for name_column in (people.surname, people.given, people.is_male):
        name_column[double] = name_column[double - 1]
    groups = np.arange(len(double))
    people.plants["namesake_cohabitants"] = (np.r_[double - 1, double], np.r_[groups, groups])

    sons = residents[(position[residents] == 2) & people.is_male[residents]]
    sons = sons[
        (room[sons] == room[sons - 2]) & people.is_male[sons - 2] & (position[sons - 2] == 0)
    ]
    sons = np.setdiff1d(sons, people.plants["twins"][0])
    sons = _few(random, sons, PLANT_SHARES["father_and_son"] * 5, level)
    father = sons - 2
    people.surname[sons] = people.surname[father]
    people.given[sons] = people.given[father] // 1000 * 1000 + random.integers(1, 60, len(sons))
    groups = np.arange(len(sons))
    people.plants["father_and_son"] = (np.r_[father, sons], np.r_[groups, groups])


def _give_numbers(people: People, seed: int) -> None:
    random = stream(seed, "numbers")
    total = people.count
    home = random.random(total) < 0.45
    division = np.where(
        home, random.integers(0, 4, total), random.integers(0, UNISSUED_DIVISIONS, total)
    )
    half = random.integers(0, 500, total)
    elder, younger = np.split(people.plants["twins"][0], 2)
    division[younger], half[younger] = division[elder], (half[elder] + 1) % 500
    is_twin = np.zeros(total, bool)
    is_twin[younger] = True
    is_twin[elder] = True
    while True:
        body = body_number(division, people.birth_day, half * 2 + people.is_male)
        order = np.lexsort((~is_twin, body))
        again = order[1:][body[order][1:] == body[order][:-1]]
        if len(again) == 0:
            break
        half[again] = random.integers(0, 500, len(again))
        division[again] = random.integers(0, UNISSUED_DIVISIONS, len(again))
    people.division, people.sequence = division, half * 2 + people.is_male
    people.numbers = identity_numbers(body)


def _give_phones(people: People, seed: int, level: float) -> None:
    random = stream(seed, "phones")
    total = people.count
    prefix = np.array(UNOPENED_PHONE_PREFIXES)[
        random.integers(0, len(UNOPENED_PHONE_PREFIXES), total)
    ]
    # 73,939,133 is prime and does not divide 10^8, so no two persons get the same eight digits.
    subscriber = (
        np.arange(total, dtype=np.int64) * 73_939_133 + int(random.integers(10**8))
    ) % 10**8
    people.phone = prefix.astype(np.int64) * 10**8 + subscriber
    people.phone[people.age < 12] = NOBODY
    families = np.flatnonzero((people.position == 1) & (people.room >= 0))
    share = _few(random, families, PLANT_SHARES["shared_phone"] * 4, level)
    head = share - 1
    father, son = np.split(people.plants["father_and_son"][0], 2)
    for member in (share, share + 1):
        member = np.minimum(member, total - 1)
        same = people.room[member] == people.room[head]
        people.phone[member[same]] = people.phone[head[same]]
    people.phone[son] = people.phone[father]
    groups = np.arange(len(share))
    people.plants["shared_phone"] = (np.r_[head, share], np.r_[groups, groups])
    grown = np.flatnonzero((people.age >= ADULT) & (people.position == 0))
    pair = random.permutation(grown)[
        : max(2, 2 * round(total * min(PLANT_SHARES["recycled_phone"] * level, 0.1)))
    ]
    before, after = np.split(pair[: len(pair) // 2 * 2], 2)
    people.phone[after] = people.phone[before]
    groups = np.arange(len(after))
    people.plants["recycled_phone"] = (np.r_[before, after], np.r_[groups, groups])


def _plant_others(people: People, places: Places, seed: int, level: float) -> None:
    random = stream(seed, "plant others")
    everyone = np.arange(people.count)
    for kind in ("placeholder_number", "swapped_digits", "name_variant"):
        some = _few(random, everyone, PLANT_SHARES[kind], level)
        people.plants[kind] = (some, np.arange(len(some)))
    people.is_dotted = np.zeros(people.count, bool)
    # Names with a middle dot: every fourth variant, and some people besides.
    dotted = np.r_[people.plants["name_variant"][0][::4], _few(random, everyone, 0.002, 1)]
    people.is_dotted[dotted] = True
    twins_and_sons = np.r_[people.plants["twins"][0], people.plants["father_and_son"][0]]
    people.is_dotted[twins_and_sons] = False
    double, same = np.split(people.plants["namesake_cohabitants"][0], 2)
    people.is_dotted[same] = people.is_dotted[double]
    movers = np.flatnonzero((people.position == 0) & (people.room >= 0) & (people.age >= ADULT))
    movers = _few(random, movers, PLANT_SHARES["mover"] * 2.5, max(level, 1.0))
    homes = np.flatnonzero(places.room_use == HOME)
    people.old_room[movers] = random.choice(homes, len(movers))
    people.plants["mover"] = (movers, np.arange(len(movers)))


def given_texts() -> list[str]:
    """Given names by their number: see `_given_names`."""
    texts = [""] * (len(max((words.MALE_GIVEN, words.FEMALE_GIVEN), key=len)) * 1000)
    for offset, pool in ((0, words.MALE_GIVEN), (500, words.FEMALE_GIVEN)):
        for i, first in enumerate(pool):
            texts[i * 1000 + offset] = first
            for j, second in enumerate(pool):
                texts[i * 1000 + offset + j + 1] = first + second
    return texts


def _write_names(people: People) -> None:
    given = pick(given_texts(), people.given)
    names = glue(pick(words.SURNAMES, people.surname), given)
    dotted = np.flatnonzero(people.is_dotted)

    def with_dot(_: str, row: int) -> str:
        first = words.DOTTED_FIRST[people.given[row] // 1000 % len(words.DOTTED_FIRST)]
        second = words.DOTTED_SECOND[people.surname[row] % len(words.DOTTED_SECOND)]
        return f"{first}·{second}"

    people.names = rewrite(names, dotted, with_dot)


def birth_dates(people: People) -> pa.Array:
    """ISO dates for the truth."""
    return pc.cast(pa.array(people.birth_day.astype("datetime64[D]")), pa.string())


def phone_texts(people: People, person: np.ndarray) -> pa.Array:
    """Phones as delivered; empty for those without one."""
    numbers = people.phone[person]
    return pc.if_else(pa.array(numbers > 0), digits(numbers), "")
