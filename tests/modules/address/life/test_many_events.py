"""Ten thousand random events over a small library: no orphan, no code without an answer, no code twice, undo restores.

One library lives through all of them, as a city's does; the same log folded anew gives the same library.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kuai.address.life.events import effect_of
from kuai.address.life.folding import LibraryState
from kuai.address.life.shapes import DEPTH, Effect, Entry, NewEntry, NewEvent
from kuai.address.life.succession import resolve_code
from kuai.address.life.undoing import effect_of_undoing
from kuai.address.log import decode_effect, encode_effect
from kuai.address.types import EventKind, Level
from kuai.kit.errors import Refusal
from tests.modules.address.life.builders import DAY, small_entries

EVENTS = 10_000
LOOKED_THROUGH_EVERY = 1000


class City:
    """A library, the log of what happened to it, and a hand that lets random things happen."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.beginning = small_entries(buildings=6, rooms=5)
        self.library = LibraryState()
        self.library.put_all(self.beginning)
        self.log: list[Effect] = []
        self.undone: set[int] = set()
        self.names = 0
        self.refused = 0
        self.kinds: dict[str, int] = {}
        self.alive: dict[Level, dict[str, Entry]] = {level: {} for level in Level}
        self.note(self.beginning)

    def note(self, entries: Iterable[Entry]) -> None:
        """Keep count of who lives: looking through all that ever was would take the test minutes."""
        for one in entries:
            self.alive[one.level].pop(one.address_code, None)
            if one.is_living:
                self.alive[one.level][one.address_code] = one

    def living(self, level: Level) -> list[Entry]:
        return list(self.alive[level].values())

    def fold(self, effect: Effect, kind: str) -> None:
        self.library.fold(effect)
        self.log.append(effect)
        self.note(one.after for one in effect.changes)
        self.kinds[kind] = self.kinds.get(kind, 0) + 1

    def some(self, level: Level) -> Entry:
        return self.chance.choice(self.living(level))

    def new(self, like: Entry) -> NewEntry:
        """A name that nobody has yet."""
        self.names += 1
        return NewEntry(
            f"新{self.names}",
            standard_text="" if like.level is Level.GRID else f"新址{self.names}号",
        )

    def children(self, code: str) -> list[Entry]:
        return [one for one in self.library.children_of([code]) if one.is_living]

    def live_on(self, wish: Callable[[], NewEvent | None]) -> bool:
        """One more event; True if it happened, False if the rules refused it."""
        event = wish()
        if event is None:
            return False
        try:
            effect = effect_of(event, self.library)
        except Refusal:
            self.refused += 1
            return False
        self.fold(effect, event.kind.value)
        return True

    def undo(self, number: int) -> bool:
        if number in self.undone:
            return False
        before = {code: one for living in self.alive.values() for code, one in living.items()}
        try:
            effect = effect_of_undoing(
                self.log[number], self.library, day=self.today(), reason="撤销"
            )
        except Refusal:
            self.refused += 1
            return False
        self.undone |= {number, len(self.log)}
        self.fold(effect, "undone")
        for change in self.log[number].changes:
            now = self.library.entry(change.after.address_code)
            if change.before is not None:
                assert now == change.before
            else:
                assert not now.is_living
        touched = {one.after.address_code for one in effect.changes}
        assert all(
            self.library.entries[code] == one for code, one in before.items() if code not in touched
        )
        return True

    def today(self):
        return DAY + timedelta(days=len(self.log) // 10)

    def wish(self, kind: EventKind, **asked: object) -> NewEvent:
        return NewEvent(kind, self.today(), "随机", **asked)  # type: ignore[arg-type]

    # --- what may happen ---------------------------------------------------------------------------
    def split(self) -> NewEvent:
        old = self.some(self.chance.choice((Level.BUILDING, Level.ROOM, Level.GRID)))
        parts = tuple(self.new(old) for _ in range(self.chance.randint(2, 3)))
        children = self.children(old.address_code)
        assign = {one.address_code: self.chance.randrange(len(parts)) for one in children}
        return self.wish(EventKind.SPLIT, codes=(old.address_code,), begins=parts, assign=assign)

    def merge(self) -> NewEvent | None:
        old = self.some(self.chance.choice((Level.BUILDING, Level.ROOM, Level.GRID)))
        others = [
            one
            for one in self.children(old.parent_code or "")
            if one.level is old.level and one != old
        ]
        if not others:
            return None
        other = self.chance.choice(others)
        rooms = self.children(old.address_code) + self.children(other.address_code)
        names = {one.address_code: self.new(old).name for one in rooms if one.level is Level.ROOM}
        if self.chance.random() < 0.5:
            return self.wish(
                EventKind.MERGED, codes=(old.address_code,), into=other.address_code, names=names
            )
        codes = (old.address_code, other.address_code)
        return self.wish(EventKind.MERGED, codes=codes, begins=(self.new(old),), names=names)

    def renumber(self) -> NewEvent:
        old = self.some(self.chance.choice((Level.BUILDING, Level.ROOM, Level.GRID)))
        return self.wish(EventKind.RENUMBERED, codes=(old.address_code,), begins=(self.new(old),))

    def rename(self) -> NewEvent:
        old = self.some(self.chance.choice(tuple(Level)))
        new = self.new(old)
        return self.wish(
            EventKind.RENAMED,
            codes=(old.address_code,),
            new_name=new.name,
            new_text=new.standard_text,
        )

    def demolish(self) -> NewEvent:
        old = self.some(self.chance.choice((Level.ROOM, Level.BUILDING, Level.GRID)))
        return self.wish(EventKind.DEMOLISHED, codes=(old.address_code,))

    def move(self) -> NewEvent:
        old = self.some(self.chance.choice((Level.BUILDING, Level.GRID)))
        into = self.some(Level.GRID if old.level is Level.BUILDING else Level.COMMUNITY)
        return self.wish(EventKind.MOVED, codes=(old.address_code,), into=into.address_code)

    def build(self) -> NewEvent:
        kind = self.chance.choice((EventKind.PLANNED, EventKind.TAKEN_INTO_USE))
        grid = self.some(Level.GRID)
        self.names += 1
        new = NewEntry(
            f"新{self.names}",
            Level.BUILDING,
            grid.address_code,
            f"新址{self.names}号",
            rooms=("101", "102", "201"),
        )
        return self.wish(kind, begins=(new,))

    def draw_grid(self) -> NewEvent:
        self.names += 1
        above = self.some(Level.COMMUNITY).address_code
        begins = (NewEntry(f"第{self.names}网格", Level.GRID, above),)
        return self.wish(EventKind.TAKEN_INTO_USE, begins=begins)

    def step(self) -> None:
        """One event or undoing that succeeds."""
        scarce = len(self.living(Level.BUILDING)) < 8 or len(self.living(Level.GRID)) < 3
        crowded = len(self.living(Level.BUILDING)) > 60
        wishes = [
            self.split,
            self.merge,
            self.renumber,
            self.rename,
            self.demolish,
            self.move,
            self.build,
        ]
        while True:
            if scarce and self.live_on(self.chance.choice((self.build, self.draw_grid))):
                return
            if self.log and self.chance.random() < 0.1:
                newest = len(self.log) - 1 - self.chance.randrange(min(5, len(self.log)))
                if self.undo(newest):
                    return
            if crowded and self.live_on(self.demolish):
                return
            if self.live_on(self.chance.choice(wishes)):
                return

    # --- what must hold ------------------------------------------------------------------------------
    def require_sound(self) -> None:
        entries = self.library.entries
        for code, entry in entries.items():
            if entry.is_living:
                above = entries.get(entry.parent_code or "")
                assert above is not None or entry.level is Level.DISTRICT, (
                    f"{code} stands in nothing"
                )
                if above is not None:
                    assert above.is_living, f"{code} stands in what ended"
                    assert DEPTH[above.level] < DEPTH[entry.level]
            else:
                assert self.library.successions_of(code), f"{code} ended without a word"
            found = resolve_code(code, self.library)
            assert all(entries[one].is_living for one in found.successors)
            if not found.successors:
                ends = [line for line in found.chain if line.successor_code is None]
                assert ends
                assert all(line.reason for line in ends)
        texts = [
            (one.parent_code, one.standard_text)
            for one in entries.values()
            if one.is_living and one.standard_text
        ]
        assert len(texts) == len(set(texts))


def folded(beginning: list[Entry], log: list[Effect]) -> LibraryState:
    library = LibraryState()
    library.put_all(beginning)
    for effect in log:
        library.fold(decode_effect(encode_effect(effect)))
    return library


def everything(library: LibraryState) -> tuple[object, ...]:
    plain = {code: lines for code, lines in library.successions.items() if lines}
    texts = {code: lines for code, lines in library.aliases.items() if lines}
    return library.entries, plain, texts, library.counts()


def test_ten_thousand_random_events_leave_no_orphan_and_no_code_without_an_answer() -> None:
    city = City(seed=20261122)
    issued: set[str] = set(city.library.entries)
    for number in range(EVENTS):
        city.step()
        if number % LOOKED_THROUGH_EVERY == 0:
            city.require_sound()
            assert issued <= set(city.library.entries)
            issued = set(city.library.entries)
    city.require_sound()
    issued = set(city.library.entries)
    assert len(city.log) == EVENTS
    assert set(city.kinds) == {kind.value for kind in EventKind} - {"planned"} | {
        "undone",
        "planned",
    }
    begun = [
        one.after.address_code
        for effect in city.log
        for one in effect.changes
        if one.role == "begun"
    ]
    assert len(begun) == len(set(begun)), "a code was issued twice"
    again = folded(city.beginning, city.log)
    assert everything(again) == everything(city.library)
    # Incremental: on top of a version at rest, which is what a record opened anew does.
    half = folded(city.beginning, city.log[: EVENTS // 2])
    later = LibraryState(base=half)
    for effect in city.log[EVENTS // 2 :]:
        later.fold(effect)
    for code in sorted(issued):
        assert later.entry(code) == city.library.entry(code)
        assert set(later.successions_of(code)) == set(city.library.successions_of(code))
        assert set(later.aliases_of(code)) == set(city.library.aliases_of(code))
    assert later.counts() == city.library.counts()


class LibraryLives(RuleBasedStateMachine):
    """Hypothesis looks for the shortest life that breaks a rule."""

    def __init__(self) -> None:
        super().__init__()
        self.city = City(seed=1)

    @rule(
        seed=st.integers(0, 2**32),
        what=st.sampled_from(["split", "merge", "renumber", "rename", "demolish", "move", "build"]),
    )
    def something_happens(self, seed: int, what: str) -> None:
        self.city.chance.seed(seed)
        if self.city.living(Level.BUILDING) and self.city.living(Level.ROOM):
            self.city.live_on(getattr(self.city, what))

    @rule(back=st.integers(0, 6))
    def something_is_undone(self, back: int) -> None:
        if back < len(self.city.log):
            self.city.undo(len(self.city.log) - 1 - back)

    @invariant()
    def the_library_is_sound(self) -> None:
        self.city.require_sound()


TestLibraryLives = LibraryLives.TestCase
TestLibraryLives.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
