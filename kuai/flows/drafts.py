"""What the rules in force would say of a declaration while a clerk writes it down: nothing is recorded, nothing kept.

The same definitions as in the nightly run, asked of one draft (decision 0037). The draft is a person whom no build
knows, so that no number or name typed here ever opens what is on file about somebody.
"""

from __future__ import annotations

import atexit
import threading
import time
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kuai.guard import officials
from kuai.kit.clock import local_day
from kuai.kit.engine import row_count
from kuai.kit.errors import Refusal
from kuai.kit.store import Store
from kuai.registry.types import PERSON
from kuai.rules import queries as rules
from kuai.rules.queries import DraftDesk
from kuai.rules.types import Asks, Finding, Overlay, Rule, SubjectKind
from kuai.services.proactive.queries import list_states
from kuai.services.proactive.types import RuleState
from kuai.services.residence.types import Act

# What an office does for people and their homes; inspection, care and records are nobody's business at a window.
AT_WINDOWS = frozenset({"proactive_benefit", "residence_registration", "rental_management"})
# Whom the draft is about: no build gives anybody this code.
DRAFTED = "P-DRAFT"
# How old the list of rules in force, and of what is contested, may be.
LOOKS_AGAIN_AFTER_S = 60.0
MOST_ROOMS_KEPT = 64
# A desk holds the facts its rules read in memory: measured 0.9 GB in each of the portal's processes for 1.2 M people.
# Of more there is no looking ahead, and one that nobody asked for a while is let go.
MOST_PEOPLE = 1_500_000
LET_GO_AFTER_S = 600.0
SECONDS_TO_END = 5.0
# The views that a declaration's draft has rows of.
DRAFTED_VIEWS = frozenset({"persons", "residences", "homes", "filings"})

Rows = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Drafted:
    """What a form says so far. `since` None: from today."""

    act: Act
    room_code: str
    born_on: date | None = None
    since: date | None = None


@dataclass(frozen=True)
class Foreseen:
    """One thing that a rule in force would bring, or that would be settled. `is_about_room`: else about the person."""

    rule_id: str
    title_zh: str
    title_en: str
    asks: Asks
    ask_zh: str
    basis: str
    responsible: str
    is_about_room: bool
    is_settled: bool


@dataclass(frozen=True)
class _Wanted:
    """Of what a desk is made: another of these is another desk."""

    build: str
    day: date
    rules: tuple[Rule, ...]
    overlay: Overlay


class FormDesk:
    """The rules in force over the published build, kept open for forms. One a process; safe for threads.

    Opened beside whoever asks first, because over a district it takes seconds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._wanted: _Wanted | None = None
        self._open: tuple[_Wanted, DraftDesk] | None = None
        # Of the rooms asked last: with every key that is typed the same room is asked again.
        self._at_rooms: dict[str, tuple[float, list[Finding]]] = {}
        self._opened = threading.Event()
        self._ending = threading.Event()
        # An engine that outlives its interpreter ends badly.
        atexit.register(self.close)
        self._holder: threading.Thread | None = None
        self._asked_at = 0.0

    def foresee(
        self, store: Store, drafted: Drafted, *, at: datetime, wait_s: float = 0.0
    ) -> tuple[Foreseen, ...] | None:
        """What would come of the draft, persons first; None while the desk is being opened (waits `wait_s` for it).

        Refuses a store of more people than a desk holds.
        """
        if _people_in(store) > MOST_PEOPLE:
            raise Refusal(
                "draft.too_many",
                "这个库的人太多，填的时候不预看规则；每晚照常跑。",
                next_step="照常记下就好。",
            )
        self._asked_at = time.monotonic()
        self._look_again(store, at=at)
        self._opened.wait(wait_s)
        held = self._open
        if held is None or held[0].build != store.current_version():
            return None
        return _foresee(*held, drafted, now=self._findings_at(store, drafted.room_code))

    def close(self) -> None:
        """Let go of the facts, and of the thread that watches them."""
        self._ending.set()
        holder = self._holder
        if holder is not None:
            holder.join(SECONDS_TO_END)

    def _findings_at(self, store: Store, room_code: str) -> list[Finding]:
        read_at, found = self._at_rooms.get(room_code, (0.0, []))
        if time.monotonic() - read_at < LOOKS_AGAIN_AFTER_S:
            return found
        found = _findings_at(store, room_code)
        with self._lock:
            if len(self._at_rooms) >= MOST_ROOMS_KEPT:
                self._at_rooms.clear()
            self._at_rooms[room_code] = (time.monotonic(), found)
        return found

    def _look_again(self, store: Store, *, at: datetime) -> None:
        """Whether a build, a rule or a contest came since; then another desk is opened, and this one serves on."""
        with self._lock:
            build = store.current_version()
            is_new = self._wanted is None or self._wanted.build != build
            if not is_new and time.monotonic() - self._looked_at < LOOKS_AGAIN_AFTER_S:
                return
            self._looked_at = time.monotonic()
            wanted = _wanted_of(store, build or "", day=local_day(at))
            if wanted == self._wanted:
                return
            self._wanted = wanted
            self._opened.clear()
            self._holder = threading.Thread(
                target=self._hold_desk, args=(store, wanted), name="form-desk", daemon=True
            )
            self._holder.start()

    def _hold_desk(self, store: Store, wanted: _Wanted) -> None:
        """Open the desk, and let it go when another took its place or nobody asked for a while."""
        try:
            desk = rules.open_draft_desk(
                store,
                day=wanted.day,
                rules=wanted.rules,
                overlay=wanted.overlay,
                of_views=DRAFTED_VIEWS,
            )
        except Exception:
            # Asked anew by the next form; the thread's end is told where all threads' are.
            self._forget(wanted)
            raise
        with self._lock:
            if self._wanted is not wanted:
                return
            self._open = (wanted, desk)
            self._opened.set()
        del desk
        while self._wanted is wanted:
            self._ending.wait(LOOKS_AGAIN_AFTER_S / 4)
            if self._ending.is_set() or time.monotonic() - self._asked_at > LET_GO_AFTER_S:
                self._forget(wanted)

    def _forget(self, wanted: _Wanted) -> None:
        with self._lock:
            if self._wanted is wanted:
                # Closed by whoever asks it last: a form may be in the middle of asking.
                self._wanted, self._open = None, None


def _people_in(store: Store) -> int:
    path = store.current_build() / "core" / f"{PERSON.name}.parquet"
    return row_count(path) if path.exists() else 0


def _wanted_of(store: Store, build: str, *, day: date) -> _Wanted:
    asked = tuple(
        one
        for one, state in list_states(store)
        if state is RuleState.LIVE and one.purpose in AT_WINDOWS and one.is_valid_on(day)
    )
    return _Wanted(build, day, asked, rules.overlay_of(store, day=day))


def _foresee(
    wanted: _Wanted, desk: DraftDesk, drafted: Drafted, *, now: list[Finding]
) -> tuple[Foreseen, ...]:
    rows = _rows_of(drafted, day=wanted.day)
    if not rows:
        return ()
    named = {one.rule_id: one for one in wanted.rules}
    then = desk.try_draft(rows)
    of_person = [one for one in then if one.subject_code == DRAFTED]
    of_room = {one.finding_id: one for one in then if _is_of(one, drafted.room_code)}
    asked = desk.rules_reading(rows)
    today = {
        one.finding_id: one for one in now if one.rule in asked and _is_of(one, drafted.room_code)
    }
    told = [_told(named[one.rule], is_about_room=False) for one in of_person]
    told += [_told(named[one.rule], is_about_room=True)
             for key, one in of_room.items() if key not in today]  # fmt: skip
    told += [_told(named[one.rule], is_about_room=True, is_settled=True)
             for key, one in today.items() if key not in of_room]  # fmt: skip
    return tuple(told)


def _findings_at(store: Store, room_code: str) -> list[Finding]:
    try:
        return rules.list_findings(store, place=room_code)
    except Refusal:
        # Rules were never run here: nothing can be settled that nobody found.
        return []


def _is_of(found: Finding, room_code: str) -> bool:
    return found.subject_kind is SubjectKind.ROOM and found.subject_code == room_code


def _told(rule: Rule, *, is_about_room: bool, is_settled: bool = False) -> Foreseen:
    return Foreseen(
        rule_id=rule.rule_id,
        title_zh=rule.title_zh,
        title_en=rule.title_en,
        asks=rule.asks,
        ask_zh=rule.ask_zh,
        basis=rule.basis,
        responsible=officials.speak_of(rule.owner),
        is_about_room=is_about_room,
        is_settled=is_settled,
    )


def _rows_of(drafted: Drafted, *, day: date) -> Rows:
    """The draft as rows of logical views, as the next build would have them of a declaration."""
    since = (drafted.since or day).isoformat()
    at_room = {"person_code": DRAFTED, "place_code": drafted.room_code}
    if drafted.act is Act.LET:
        return {"filings": [{**at_room, "part": "tenant", "begins_on": since}]}
    if drafted.act not in (Act.LIVE, Act.CHILD):
        # Who leaves is on file already, under a code that a draft does not know.
        return {}
    living = {**at_room, "valid_from": since}
    born = {"birth_date": drafted.born_on.isoformat()} if drafted.born_on else {}
    return {
        "persons": [{"person_code": DRAFTED, **born}],
        "residences": [living],
        "homes": [living],
    }
