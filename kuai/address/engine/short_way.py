"""The short way through the wash for texts that leave nothing to weigh: one name, one building, one room.

It asks the same questions as the long way (`finding`, `rooms`, `grading`) in the same order, but each head, tail and
explanation once, and gives up (None) wherever more than one thing could be meant. What it answers the long way
answers too: a test compares them on whatever it can think of. Whoever changes `find_buildings` or `grade_one` must
look here as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kuai.address.engine.finding import (
    MAY_NUMBER_A_BLOCK,
    NO_NUMBER,
    Found,
    is_inner_name,
    is_unread_name,
    names_a_later_house,
)
from kuai.address.engine.grading import conventions_used, grade_one
from kuai.address.engine.heads import HeadReading
from kuai.address.engine.names import NameReading, Trust, read_name
from kuai.address.engine.normalising import split_brackets
from kuai.address.engine.place_index import Building, PlaceIndex, unpack_room
from kuai.address.engine.rooms import Answer, RoomPlan, follow_plan, plan_room
from kuai.address.engine.segmenting import (
    Kind,
    Piece,
    RoomReading,
    in_usual_order,
    read_tail,
    split_head,
)
from kuai.address.types import Level

# code, level, grade, matched text, explanation, candidates (none), unknown place.
ShortAnswer = tuple[str, str, str, str, str, tuple[()], str]
REMEMBERED_HEADS = 50_000
REMEMBERED_TAILS = 200_000
REMEMBERED_GRADES = 20_000
# Bound once: an attribute of an enum costs as much as a look-up.
_EXACT = Trust.EXACT
_CUT_NUMBER = frozenset({Kind.NAME, Kind.BREAK, Kind.FLOOR, Kind.STAIR})


@dataclass(slots=True)
class _Way:
    """What the numbers behind a name say: a building's door, and the room's plan behind one or two numbers."""

    number: str
    # Where the doorplate has buildings of its own, the key of the one named, and whether it surely is one.
    inner: str
    inner_leads: bool
    behind: tuple[Piece, ...]
    after_one: _Rest | None = None
    after_two: _Rest | None = None


@dataclass(slots=True)
class _Rest:
    """The pieces behind the building's number, their plan, and the room's line where nothing need be said of it."""

    pieces: tuple[Piece, ...]
    plan: RoomPlan
    line: bytes


@dataclass(slots=True)
class _Tail:
    """A tail read once."""

    pieces: tuple[Piece, ...]
    # The numbers right behind the head; None where they take weighing.
    way: _Way | None
    # Names inside the tail that may be an estate's: the first one's position, each with the numbers behind it.
    first_inner: int
    inner: tuple[tuple[str, _Way | None], ...]
    door: str
    has_conventions: bool


@dataclass(slots=True)
class _Head:
    """A head read once; `name` is None where it takes weighing."""

    reading: HeadReading
    is_plain: bool
    name: NameReading | None
    doors: dict[str, tuple[int, ...]]
    # Answer's trust and variations -> grade and explanation, shared by all heads that leave out the same.
    graded: dict[tuple[object, ...], tuple[str, str]]
    # Community -> does it lie inside the divisions written?
    within: dict[int, bool]


class ShortWay:
    """Takes plain texts against one index. Remembers what it read; answers never depend on that."""

    def __init__(self, index: PlaceIndex, read_head: Callable[[str], HeadReading]) -> None:
        self._index = index
        self._read_head = read_head
        self._endings = index.meta.endings
        self._answering = index.meta.answering
        self._heads: dict[str, _Head] = {}
        self._tails: dict[str, _Tail] = {}
        self._graded: dict[tuple[object, ...], dict[tuple[object, ...], tuple[str, str]]] = {}

    def take(self, spelling: str) -> ShortAnswer | None:
        """The answer, or None where the long way has to look."""
        plain = spelling
        if "(" in spelling or ")" in spelling:
            plain = split_brackets(spelling).plain
        head_text, tail_text = split_head(plain)
        tail = self._tails.get(tail_text) or self._learn_tail(tail_text)
        if tail.way is None and not tail.inner:
            return None
        head = self._heads.get(head_text) or self._learn_head(head_text)
        if not head.is_plain:
            return None
        found = self._find(head, tail)
        if found is None:
            return None
        number, rest, name = found
        one = self._index.building(number)
        lies_within = head.within.get(one.community)
        if lies_within is None:
            lies_within = self._learn_place(head, one.community)
        if not lies_within:
            return None
        if rest.line:
            start = one.rooms.find(rest.line)
            if start >= 0:
                return self._answer_room(
                    (number, one, start + len(rest.line)), (head, tail, name), spelling
                )
        return self._weigh_room(found, head, tail, spelling)

    def _answer_room(
        self,
        where: tuple[int, Building, int],
        read: tuple[_Head, _Tail, NameReading],
        spelling: str,
    ) -> ShortAnswer | None:
        """The commonest case: the room is there as it is written."""
        number, one, start = where
        head, tail, name = read
        code, text = unpack_room(one, start)
        if code in self._endings:
            return None
        missing = _names_left_out(one, spelling) if name.trust is _EXACT else ()
        conventions = _conventions_of(tail, text)
        key = (name.variation, missing, conventions)
        graded = head.graded.get(key)
        if graded is None:
            variations = [name.variation] if name.variation else []
            found = Found(number, name.trust, tuple(variations), ())
            answer = Answer(found, RoomReading(), code, Level.ROOM, text, name.trust, variations)
            graded = self._learn_grade(key, answer, head, tail, spelling)
        return (code, "room", graded[0], text, graded[1], (), "")

    def _weigh_room(
        self, where: tuple[int, _Rest, NameReading], head: _Head, tail: _Tail, spelling: str
    ) -> ShortAnswer | None:
        """The room by any way of writing it, or the building where there is none."""
        number, rest, name = where
        variations = (name.variation,) if name.variation else ()
        found = Found(number, name.trust, variations, rest.pieces)
        answers = follow_plan(rest.plan, found, self._index)
        answer = answers[0]
        if len(answers) > 1 or answer.trust >= Trust.GUESS or answer.code in self._endings:
            return None
        if answer.trust is Trust.NEEDS_PROOF and answer.level is not Level.ROOM:
            return None
        one = self._index.building(number)
        missing = _names_left_out(one, spelling) if name.trust is _EXACT else ()
        conventions = _conventions_of(tail, answer.text)
        key = (*answer.variations, answer.trust, name.trust, missing, conventions)
        graded = head.graded.get(key)
        if graded is None:
            graded = self._learn_grade(key, answer, head, tail, spelling)
        level = "room" if answer.level is Level.ROOM else "building"
        return (answer.code, level, graded[0], answer.text, graded[1], (), answer.unknown_room)

    def _find(self, head: _Head, tail: _Tail) -> tuple[int, _Rest, NameReading] | None:
        """The one building, what stands behind its numbers, and the name that led there."""
        if tail.inner and (tail.first_inner < 2 or head.name is None or head.name.trust > 0):
            for value, way in tail.inner:
                names = read_name(value, self._index)
                if names:
                    return self._find_by_inner_name(names, way, head, tail)
        if tail.way is None or head.name is None:
            return None
        return self._follow(tail.way, head.doors, head.name)

    def _find_by_inner_name(
        self, names: tuple[NameReading, ...], way: _Way | None, head: _Head, tail: _Tail
    ) -> tuple[int, _Rest, NameReading] | None:
        """An estate behind its doorplate: the doorplate must be one of the building's own."""
        if way is None or len(names) > 1 or names[0].trust >= Trust.GUESS or tail.first_inner > 1:
            return None
        if head.reading.lead or tail.inner[0][1] is not way:
            return None
        doors = self._index.places.of(names[0].name)
        if "" in doors:
            return None
        found = self._follow(way, doors, names[0])
        if found is None or tail.first_inner == 0:
            return found
        of = self._index.places.of
        for name in head.reading.names:
            if found[0] in of(name.name).get(tail.door, ()):
                return found
        return None

    def _follow(
        self, way: _Way, doors: dict[str, tuple[int, ...]], name: NameReading
    ) -> tuple[int, _Rest, NameReading] | None:
        """One number or two lead to one building."""
        buildings = doors.get(way.number)
        if buildings is None:
            return None
        if way.inner:
            inner = doors.get(way.inner)
            if inner and (way.inner_leads or len(buildings) > 1):
                if len(inner) != 1 or inner[0] >= self._answering:
                    return None
                rest = way.after_two
                if rest is None:
                    rest = way.after_two = _rest_of(way.behind[1:])
                return inner[0], rest, name
        if len(buildings) != 1 or buildings[0] >= self._answering:
            return None
        rest = way.after_one
        if rest is None:
            rest = way.after_one = _rest_of(way.behind)
        return buildings[0], rest, name

    def _learn_place(self, head: _Head, community: int) -> bool:
        """Does the community lie inside every division written?"""
        divisions = head.reading.divisions
        written = (divisions.districts, divisions.subdistricts, divisions.communities)
        chain = self._index.book.ancestors(community)
        lies_within = all(
            not level or number in level for level, number in zip(written, chain, strict=True)
        )
        head.within[community] = lies_within
        return lies_within

    def _learn_grade(
        self, key: tuple[object, ...], answer: Answer, head: _Head, tail: _Tail, spelling: str
    ) -> tuple[str, str]:
        if len(head.graded) >= REMEMBERED_GRADES:
            head.graded.clear()
        washed = grade_one(answer, head.reading, tail.pieces, spelling, self._index)
        graded = head.graded[key] = (washed.grade.value, washed.explanation)
        return graded

    def _learn_head(self, head_text: str) -> _Head:
        if len(self._heads) >= REMEMBERED_HEADS:
            self._heads.clear()
        reading = self._read_head(head_text)
        divisions = reading.divisions
        is_plain = not (divisions.elsewhere or divisions.unknown_subdistrict or reading.swapped)
        name: NameReading | None = None
        doors: dict[str, tuple[int, ...]] = {}
        if len(reading.names) == 1 and reading.names[0].trust < Trust.GUESS:
            name = reading.names[0]
            doors = self._index.places.of(name.name)
            if "" in doors:
                name = None
                # A building is known by this name alone as well: the long way weighs both.
                is_plain = False
        left_out = (
            tuple(divisions.variations),
            tuple(divisions.weak),
            bool(divisions.subdistricts),
            bool(divisions.communities),
        )
        graded = self._graded.setdefault(left_out, {})
        head = _Head(reading, is_plain, name, doors, graded, {})
        self._heads[head_text] = head
        return head

    def _learn_tail(self, tail_text: str) -> _Tail:
        if len(self._tails) >= REMEMBERED_TAILS:
            self._tails.clear()
        pieces = read_tail(tail_text)
        order = in_usual_order(pieces)
        inner = [
            at
            for at, piece in enumerate(order)
            if piece.kind is Kind.NAME and is_inner_name(order, at)
        ]
        tail = self._tails[tail_text] = _Tail(
            pieces,
            _way_of(order),
            inner[0] if inner else -1,
            tuple([(order[at].value, _way_of(order[at + 1 :])) for at in inner]),
            order[0].value if order else "",
            any([piece.kind is Kind.BUILDING and piece.unit != "栋" for piece in pieces]),
        )
        return tail


def _way_of(pieces: tuple[Piece, ...]) -> _Way | None:
    """The numbers behind a name, read as `finding` reads them; None where they take weighing."""
    if not pieces or pieces[0].kind in _CUT_NUMBER:
        return None
    followed = len(pieces) > 2 and pieces[2].kind not in NO_NUMBER
    if followed and (is_unread_name(pieces[1]) or names_a_later_house(pieces)):
        return None
    inner = ""
    if len(pieces) > 1 and pieces[1].kind in MAY_NUMBER_A_BLOCK:
        inner = f"{pieces[0].value}|{pieces[1].value}"
    leads = followed or (len(pieces) > 1 and pieces[1].kind is Kind.BUILDING)
    return _Way(pieces[0].value, inner, leads, pieces[1:])


def _rest_of(pieces: tuple[Piece, ...]) -> _Rest:
    plan = plan_room(pieces)
    line = b""
    if plan.ways and not plan.room.also:
        key, words, trust = plan.ways[0]
        if not words and trust is Trust.EXACT:
            line = b"\n%b\t" % key.encode()
    return _Rest(pieces, plan, line)


def _names_left_out(one: Building, spelling: str) -> tuple[str, ...]:
    names = one.names
    if len(names) < 2:
        return ()
    return tuple([name for name in names if name not in spelling])


def _conventions_of(tail: _Tail, text: str) -> tuple[str, ...]:
    return tuple(conventions_used(tail.pieces, text)) if tail.has_conventions else ()
