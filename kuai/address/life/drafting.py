"""The draft of an event's effect: what it ends, begins and changes, seen as if it had happened already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from kuai.address.life.codes import CodeIssuer
from kuai.address.life.moves import LEVEL_WORDS, state_after
from kuai.address.life.shapes import (
    DEPTH,
    EVENT_SOURCE,
    AliasLine,
    Change,
    Effect,
    Entry,
    IdentifierLine,
    LibraryView,
    NewEntry,
    NewEvent,
    Outline,
    SuccessionLine,
)
from kuai.address.types import AliasKind, Level, State
from kuai.kit.errors import Refusal

# Entries above a building are known by their name alone; a building's name is its estate's, shared by many.
KNOWN_BY_NAME = frozenset({Level.DISTRICT, Level.SUBDISTRICT, Level.COMMUNITY})


class Draft:
    """Collects what one event changes. Reads see the changes already made; nothing is written anywhere."""

    def __init__(self, library: LibraryView, event: NewEvent) -> None:
        self.library = library
        self.event = event
        self._codes = CodeIssuer(library)
        # What was asked before: a library at rest answers code by code in milliseconds, and rooms are many.
        self._seen: dict[str, Entry | None] = {}
        self._before: dict[str, Entry | None] = {}
        self._after: dict[str, Entry] = {}
        self._successions: list[SuccessionLine] = []
        self._aliases: list[AliasLine] = []
        self._outlines: list[Outline] = []
        # Follower -> what it alone took the place of, all of it.
        self._same_place: dict[str, str] = {}

    def effect(self) -> Effect:
        """What the event changes, in an order that does not depend on how it was drafted."""
        changed = (
            Change(self._before[code], entry)
            for code, entry in sorted(self._after.items())
            if self._before[code] != entry
        )
        outlines, identifiers = self._carried()
        return Effect(
            changes=tuple(changed),
            successions=tuple(
                sorted(self._successions, key=lambda s: (s.address_code, s.successor_code or ""))
            ),
            aliases=tuple(sorted(self._aliases, key=lambda a: (a.address_code, a.text))),
            outlines=tuple(sorted(outlines, key=lambda o: o.address_code)),
            identifiers=tuple(
                sorted(identifiers, key=lambda i: (i.address_code, i.scheme, i.value))
            ),
        )

    def _carried(self) -> tuple[list[Outline], list[IdentifierLine]]:
        """Outlines and codes of other schemes of what only got another code; asked all at once, rooms are many."""
        old = sorted(self._same_place.values())
        drawn = {one.address_code for one in self._outlines}
        known, ids = self.library.outlines_of(old), self.library.identifiers_of(old)
        outlines = [
            replace(known[was], address_code=code)
            for code, was in self._same_place.items()
            if was in known and code not in drawn
        ]
        identifiers = [
            replace(one, address_code=code)
            for code, was in self._same_place.items()
            for one in ids.get(was, ())
        ]
        return [*self._outlines, *outlines], identifiers

    # --- reading -------------------------------------------------------------------------------------
    def find(self, code: str) -> Entry | None:
        """The entry as the draft has it, or None."""
        return self._after.get(code) or self._look_up(code)

    def _look_up(self, code: str) -> Entry | None:
        if code not in self._seen:
            self._seen[code] = self.library.entry(code)
        return self._seen[code]

    def entry(self, code: str) -> Entry:
        """The entry as the draft has it; refuses a code that was never issued."""
        found = self.find(code)
        if found is None:
            raise Refusal(
                "library.code_unknown",
                f"地址库里没有编码 {code}。",
                next_step="请核对编码；新地点先导入或登记。",
            )
        return found

    def living(self, code: str) -> Entry:
        """As `entry`; refuses one that ended."""
        found = self.entry(code)
        if not found.is_living:
            state_after(found, self.event.kind)
        return found

    def living_children(self, codes: Sequence[str]) -> list[Entry]:
        """Living entries right under any of `codes`, as the draft has them, by code."""
        wanted = set(codes)
        after = self._after
        at_rest = self.library.children_of(codes)
        self._seen.update((one.address_code, one) for one in at_rest)
        found = [one for one in at_rest if one.address_code not in after]
        found += [one for one in after.values() if one.is_living and one.parent_code in wanted]
        return sorted(found, key=lambda one: one.address_code)

    def text_above(self, parent_code: str | None) -> str:
        """The standard text of the nearest entry above that has one: grids have none."""
        while parent_code:
            above = self.find(parent_code)
            if above is None:
                return ""
            if above.standard_text:
                return above.standard_text
            parent_code = above.parent_code
        return ""

    # --- changing ------------------------------------------------------------------------------------
    def put(self, entry: Entry) -> Entry:
        """`entry` as it is from now on."""
        code = entry.address_code
        if code not in self._before:
            self._before[code] = self._look_up(code)
        self._after[code] = entry
        return entry

    def _put_new(self, entry: Entry) -> None:
        self._seen[entry.address_code] = None
        self.put(entry)

    def end(self, entry: Entry, state: State, followers: Iterable[Entry] = ()) -> None:
        """End `entry`; its code leads to `followers`, or to nothing."""
        self.put(replace(entry, state=state))
        codes: list[str | None] = [one.address_code for one in followers]
        for successor in codes or [None]:
            self._successions.append(
                SuccessionLine(
                    entry.address_code, successor, state, self.event.day, self.event.reason
                )
            )

    def begin(self, asked: NewEntry, *, state: State, like: Entry | None = None) -> Entry:
        """A new entry, with its rooms; what `asked` leaves out is taken from `like`, which it follows."""
        level = asked.level or (like.level if like else None)
        parent_code = asked.parent_code or (like.parent_code if like else None) or ""
        if level is None or not asked.name.strip():
            raise Refusal("library.entry_unclear", "新地点要写明级别和名称。")
        self._require_fitting(level, parent_code)
        text = asked.standard_text.strip()
        if not text and level is not Level.GRID:
            text = self.text_above(parent_code) + asked.name.strip()
        entry = Entry(
            address_code=self._new_code(asked, level, parent_code),
            level=level,
            parent_code=parent_code or None,
            name=asked.name.strip(),
            standard_text=text,
            longitude=_else(asked.longitude, like and like.longitude),
            latitude=_else(asked.latitude, like and like.latitude),
            use=asked.use or (like.use if like else None),
            state=state,
        )
        self._put_new(entry)
        if asked.geometry is not None:
            self._outlines.append(Outline(entry.address_code, asked.geometry))
        for name in asked.rooms:
            room = NewEntry(name, level=Level.ROOM, parent_code=entry.address_code, use=entry.use)
            self.begin(room, state=state)
        return entry

    def keep_place(self, follower: Entry, old: Entry) -> None:
        """`follower` is `old` under another code: its outline and its codes in other schemes stay with it."""
        self._same_place[follower.address_code] = old.address_code

    def carry_room(self, room: Entry, building: Entry, *, name: str = "", state: State) -> Entry:
        """The room `room` under `building`, with a code of its own there; the old code leads to it."""
        above = self.text_above(room.parent_code)
        ending = room.standard_text.removeprefix(above) if above else room.name
        if name:
            ending = ending.replace(room.name, name) if room.name and room.name in ending else name
        follower = Entry(
            address_code=self._codes.issue(
                Level.ROOM, building.address_code, like=room.address_code
            ),
            level=Level.ROOM,
            parent_code=building.address_code,
            name=name or room.name,
            standard_text=building.standard_text + ending,
            longitude=room.longitude,
            latitude=room.latitude,
            use=room.use,
            state=room.state,
        )
        self._put_new(follower)
        self.end(room, state, [follower])
        self.keep_place(follower, room)
        return follower

    def retext(self, entry: Entry, old: str, new: str) -> None:
        """`entry` (put already) and all living below it: a text that began with `old` begins with `new`.

        What was known under the old text stays findable by it: entries above the building by name too.
        """
        if not old or old == new:
            return
        self.remember_text(entry.address_code, old)
        frontier = [entry.address_code]
        while frontier:
            below = self.living_children(frontier)
            frontier = [one.address_code for one in below]
            for one in below:
                if one.standard_text.startswith(old):
                    self.put(replace(one, standard_text=new + one.standard_text[len(old) :]))
                    if one.level is Level.BUILDING:
                        self.remember_text(one.address_code, one.standard_text)

    def remember_text(self, code: str, text: str) -> None:
        """An old text of `code` becomes another text of it."""
        known = {line.text for line in self.library.aliases_of(code)}
        known |= {line.text for line in self._aliases if line.address_code == code}
        if text and text not in known:
            self._aliases.append(
                AliasLine(code, text, AliasKind.OLD_NAME, EVENT_SOURCE, self.event.day)
            )

    def require_distinct_texts(self, parents: Iterable[str]) -> None:
        """No two living neighbours bear one address, else neither could be told from the other."""
        parents = sorted(set(parents))
        seen: dict[tuple[str | None, str], str] = {}
        for one in self.living_children(parents):
            other = seen.setdefault((one.parent_code, one.standard_text), one.address_code)
            fresh = one.address_code in self._after or other in self._after
            if other != one.address_code and one.standard_text and fresh:
                raise Refusal(
                    "library.text_taken",
                    f"“{one.standard_text}”会有两个编码（{other} 和 {one.address_code}）。",
                    next_step="给其中一个另起名称（合并楼栋时可给各楼的房号加前缀）。",
                )

    # --- rules ---------------------------------------------------------------------------------------
    def _require_fitting(self, level: Level, parent_code: str) -> None:
        if level is Level.DISTRICT:
            return
        if not parent_code:
            raise Refusal("library.parent_missing", f"新的{LEVEL_WORDS[level]}要写明上级。")
        self.require_parent(level, parent_code)

    def require_parent(self, level: Level, parent_code: str) -> Entry:
        """The entry `parent_code`; refuses one that ended or that nothing of `level` can stand in."""
        above = self.entry(parent_code)
        if not above.is_living:
            raise Refusal(
                "library.parent_ended",
                f"上级 {parent_code} 已经停用，不能再放进新的地点。",
                next_step=f"用 kuai library resolve {parent_code} 找到它现在的编码。",
            )
        wrong_room = level is Level.ROOM and above.level is not Level.BUILDING
        if wrong_room or DEPTH[above.level] >= DEPTH[level]:
            raise Refusal(
                "library.level_misfit",
                f"{LEVEL_WORDS[level]}不能放在{LEVEL_WORDS[above.level]} {parent_code} 下面。",
            )
        return above

    def _new_code(self, asked: NewEntry, level: Level, parent_code: str) -> str:
        if not asked.code:
            return self._codes.issue(level, parent_code)
        code = asked.code.strip()
        if not (code.isascii() and code.isdigit() and 4 <= len(code) <= MOST_DIGITS):
            raise Refusal("library.code_form", f"编码须是 4 到 {MOST_DIGITS} 位数字。")
        if self.find(code) is not None:
            raise Refusal(
                "library.code_taken",
                f"编码 {code} 已经发过；编码永不再用。",
                next_step="不写编码，由系统取下一个空号。",
            )
        self._codes.take(code)
        return code


MOST_DIGITS = 40


def _else(given: Any, otherwise: Any) -> Any:
    return otherwise if given is None else given
