"""The short way through the wash for texts that leave nothing to weigh: one name, one building, one room.

It asks the same questions as the long way (`finding`, `rooms`, `grading`) in the same order, but reads each head, each
number and each ending once, and gives up (None) wherever more than one thing could be meant. What it answers the long
way answers too: a test compares them on whatever it can think of. Whoever changes `find_buildings`, `read_tail` or
`grade_one` must look here as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kuai.address.engine.detours import answer_elsewhere
from kuai.address.engine.finding import (
    LONGEST_END_OF_ROW,
    MAY_NUMBER_A_BLOCK,
    NO_NUMBER,
    Found,
    is_inner_name,
    is_unread_name,
)
from kuai.address.engine.grading import conventions_used, grade_one
from kuai.address.engine.heads import HeadReading
from kuai.address.engine.mending import mended_spellings
from kuai.address.engine.names import NameReading, Trust, read_name
from kuai.address.engine.normalising import split_brackets
from kuai.address.engine.place_index import Building, PlaceIndex, unpack_room
from kuai.address.engine.rooms import Answer, RoomPlan, follow_plan, plan_room
from kuai.address.engine.segmenting import (
    Kind,
    Piece,
    RoomReading,
    find_row,
    in_usual_order,
    read_tail,
    split_head,
)
from kuai.address.types import Level

# code, level, grade, matched text, explanation, candidates (none), unknown place.
ShortAnswer = tuple[str, str, str, str, str, tuple[()], str]
REMEMBERED_HEADS = 20_000
REMEMBERED_TAILS = 50_000
REMEMBERED_GRADES = 20_000
# Bound once: an attribute of an enum costs as much as a look-up.
_EXACT = Trust.EXACT
_BUILDING = Kind.BUILDING
_CUT_NUMBER = frozenset({Kind.NAME, Kind.BREAK, Kind.FLOOR, Kind.STAIR})
# A doorplate with an estate's name behind it, perhaps; the first number; the rest of the text, which begins with a
# number. Cut there, the parts are read as the whole is (a test compares), and each of them comes again and again.
_PARTS = re.compile(
    r"(?:([0-9A-Z]++号)(?![号栋座幢院楼层房室梯元门商])([^0-9A-Z,\-#()铺档店之单期]{2,}+))?"
    r"([0-9A-Z]++(?:号楼|号|栋|座|幢|#|-))(?=[0-9])"
)


class _Rest:
    """The pieces behind a building's number; its plan is worked out when it is first wanted."""

    __slots__ = (
        "_plan",
        "_shorter",
        "has_conventions",
        "has_names",
        "is_house",
        "is_plain",
        "leads",
        "line",
        "pieces",
        "row",
        "second",
    )

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        self.pieces = pieces
        # The number of a block behind the doorplate, and whether it surely is one.
        has_block = bool(pieces) and pieces[0].kind in MAY_NUMBER_A_BLOCK
        self.second = f"|{pieces[0].value}" if has_block else ""
        followed = len(pieces) > 1 and pieces[1].kind not in NO_NUMBER
        self.leads = followed or (has_block and pieces[0].kind is _BUILDING)
        # A second house or block right behind the first: see `finding._find_row_of_houses`.
        row = find_row(pieces)
        self.row = None if row is None else pieces[row.at]
        self.has_conventions = _has_conventions(pieces)
        # May the parts be taken one by one: is a number next, and no estate's name further on?
        self.is_plain = bool(pieces) and pieces[0].kind is not Kind.NAME
        # 7-2号102: the house is the second number, the first one weighs little.
        self.is_house = has_block and pieces[0].kind is Kind.HOUSE and followed
        self.has_names = any([is_inner_name(pieces, at) for at in range(len(pieces))])
        # The room's line in the building, where nothing need be said of it.
        self.line = b""
        self._plan: RoomPlan | None = None
        self._shorter: _Rest | None = None

    @property
    def plan(self) -> RoomPlan:
        """How the room may stand in the library."""
        if self._plan is None:
            plan = self._plan = plan_room(self.pieces)
            if plan.ways and not plan.room.also:
                key, words, trust = plan.ways[0]
                if not words and trust is _EXACT:
                    self.line = b"\n%b\t" % key.encode()
        return self._plan

    @property
    def shorter(self) -> _Rest:
        """The pieces behind the block's number."""
        if self._shorter is None:
            self._shorter = _Rest(self.pieces[1:])
        return self._shorter


@dataclass(slots=True)
class _Tail:
    """A tail that is not cut into parts, read once."""

    pieces: tuple[Piece, ...]
    # The first number and what is behind it; None where they take weighing.
    way: tuple[Piece, _Rest] | None
    # Names inside the tail that may be an estate's, each with the numbers behind it; the first one's position.
    inner: tuple[tuple[str, tuple[Piece, _Rest] | None], ...]
    first_inner: int
    # Does it speak of another city or district? See `heads.find_elsewhere`.
    names_elsewhere: bool


@dataclass(slots=True)
class _Head:
    """A head read once; `name` is None where it takes weighing."""

    reading: HeadReading
    is_plain: bool
    name: NameReading | None
    doors: dict[str, tuple[int, ...]]
    # What was said -> grade and explanation, shared by all heads that leave out the same.
    graded: dict[tuple[object, ...], tuple[str, str]]
    # Community -> does it lie inside the divisions written?
    within: dict[int, bool]
    # The answer for every text with this head, where it names a place outside the library.
    elsewhere: ShortAnswer | None


# Quoted numbers are written as the answer's own text writes them, so such words hold for one answer only.
_QUOTED_NUMBER = re.compile("“[^”]*[0-9][^”]*”")
_DIGIT = re.compile("[0-9]")
# The building, what stands behind its numbers, the name that led there, and the pieces where one is spelled in
# another way than the library's (3座 for 3栋).
_Where = tuple[int, _Rest, NameReading, tuple[Piece, ...]]
# The same with every building of the door.
_Found = tuple[tuple[int, ...], _Rest, NameReading, tuple[Piece, ...]]


class ShortWay:
    """Takes plain texts against one index. Remembers what it read; answers never depend on that."""

    def __init__(self, index: PlaceIndex, read_head: Callable[[str], HeadReading]) -> None:
        self._index = index
        self._read_head = read_head
        self._endings = index.meta.endings
        self._answering = index.meta.answering
        self._heads: dict[str, _Head] = {}
        self._tails: dict[str, _Tail] = {}
        self._pieces: dict[str, Piece] = {}
        self._rests: dict[str, _Rest] = {}
        self._graded: dict[tuple[object, ...], dict[tuple[object, ...], tuple[str, str]]] = {}

    def take(self, spelling: str) -> ShortAnswer | None:
        """The answer, or None where the long way has to look."""
        plain = spelling
        if "(" in spelling or ")" in spelling:
            if spelling[0] == "(":
                return None
            plain = split_brackets(spelling).plain
        head_text, tail_text = split_head(plain)
        head = self._heads.get(head_text) or self._learn_head(head_text)
        if not head.is_plain:
            return head.elsewhere
        parts = _PARTS.match(tail_text)
        where = self._find_by_parts(head, parts, tail_text) if parts is not None else None
        if where is None:
            where = self._find(head, self._tails.get(tail_text) or self._learn_tail(tail_text))
        return None if where is None else self._settle(where, head, spelling)

    def _find_by_parts(self, head: _Head, parts: re.Match[str], tail_text: str) -> _Where | None:
        """The building by a number behind the head, or behind an estate's name; None to read the tail as a whole."""
        door, estate, number = parts.groups()
        first = self._pieces.get(number) or self._learn_piece(number)
        rest_text = tail_text[parts.end() :]
        rest = self._rests.get(rest_text) or self._learn_rest(rest_text)
        if first.kind in _CUT_NUMBER or not rest.is_plain:
            return None
        if estate is None:
            if head.name is None or (rest.has_names and head.name.trust is not _EXACT):
                return None
            return self._choose(self._follow(first, rest, head.doors, head.name), head)
        names = read_name(estate, self._index)
        plate = self._pieces.get(door) or self._learn_piece(door)
        if plate.kind is not Kind.HOUSE or not _leads_surely(names, head):
            return None
        return self._follow_estate(plate.value, (first, rest), names[0], head)

    def _find(self, head: _Head, tail: _Tail) -> _Where | None:
        """The same for a tail of any form."""
        if tail.names_elsewhere:
            return None
        if tail.inner and (tail.first_inner < 2 or head.name is None or head.name.trust > _EXACT):
            for value, way in tail.inner:
                names = read_name(value, self._index)
                if names and (way is None or tail.first_inner > 1 or way is not tail.inner[0][1]):
                    return None
                if names and way is not None:
                    if not _leads_surely(names, head):
                        return None
                    plate = tail.pieces[0].value if tail.first_inner else ""
                    return self._follow_estate(plate, way, names[0], head)
        if tail.way is None or head.name is None:
            return None
        found = self._follow(*tail.way, head.doors, head.name)
        return None if found is None or len(found[0]) > 1 else (found[0][0], *found[1:])

    def _follow_estate(
        self, plate: str, way: tuple[Piece, _Rest], name: NameReading, head: _Head
    ) -> _Where | None:
        """An estate behind its doorplate: the doorplate must be one of the building's own."""
        doors = self._index.places.of(name.name)
        if "" in doors:
            return None
        found = self._follow(*way, doors, name)
        if found is None:
            return None
        buildings = found[0]
        if plate:
            of = self._index.places.of
            at_door = [of(street.name).get(plate, ()) for street in head.reading.names]
            buildings = tuple([one for one in buildings if any([one in door for door in at_door])])
        return (buildings[0], *found[1:]) if len(buildings) == 1 else None

    def _choose(self, found: _Found | None, head: _Head) -> _Where | None:
        """Of buildings in several districts, the one that lies in the divisions written."""
        if found is None:
            return None
        buildings = found[0]
        if len(buildings) > 1:
            communities = self._index.building_communities
            buildings = tuple([b for b in buildings if self._lies_within(head, communities[b])])
        return (buildings[0], *found[1:]) if len(buildings) == 1 else None

    def _follow(
        self, first: Piece, rest: _Rest, doors: dict[str, tuple[int, ...]], name: NameReading
    ) -> _Found | None:
        """One number or two lead to buildings of this door."""
        if rest.row is not None and _may_be_row(first, rest, doors):
            # 麻塱村7-2号: see `names_a_later_house`; 1-3号 and 1号、2号: `_find_row_of_houses`.
            return None
        if first.kind is Kind.BARE and first.value + "-" in doors:
            # 54-1-502 where there is a 54-1号: see `_find_dashed_door`.
            return None
        buildings = doors.get(first.value)
        if buildings is None or (rest.is_house and first.kind is Kind.BARE):
            return None
        behind = rest
        if rest.second:
            inner = doors.get(first.value + rest.second)
            if inner and (rest.leads or len(buildings) > 1):
                buildings, behind = inner, rest.shorter
        if buildings[-1] >= self._answering:
            # An alias's door or a building that ended; numbers rise.
            return None
        if rest.has_conventions or (first.kind is _BUILDING and first.unit != "栋"):
            return buildings, behind, name, (first, *rest.pieces)
        return buildings, behind, name, ()

    def _settle(self, where: _Where, head: _Head, spelling: str) -> ShortAnswer | None:
        """The room in the building found, where the building lies in the divisions written."""
        number, rest, name, pieces = where
        one = self._index.building(number)
        if not self._lies_within(head, one.community):
            return None
        plan = rest.plan
        if rest.line:
            start = one.rooms.find(rest.line)
            if start >= 0:
                # The commonest case: the room is there as it is written.
                code, text = unpack_room(one, start + len(rest.line))
                if code in self._endings:
                    return None
                missing = _names_left_out(one, spelling) if name.trust is _EXACT else ()
                conventions = tuple(conventions_used(pieces, text)) if pieces else ()
                key = (name.variation, missing, conventions)
                graded = head.graded.get(key)
                if graded is None:
                    answer = _plain_answer(where, code, text)
                    graded = self._learn_grade(key, answer, head, pieces, spelling)
                return (code, "room", graded[0], text, graded[1], (), "")
        return self._weigh_room(plan, where, head, spelling)

    def _weigh_room(
        self, plan: RoomPlan, where: _Where, head: _Head, spelling: str
    ) -> ShortAnswer | None:
        """The room by any way of writing it, or the building where there is none."""
        number, rest, name, pieces = where
        variations = (name.variation,) if name.variation else ()
        found = Found(number, name.trust, variations, rest.pieces)
        answers = follow_plan(plan, found, self._index)
        answer = answers[0]
        if len(answers) > 1 or answer.trust >= Trust.GUESS or answer.code in self._endings:
            return None
        if answer.trust is Trust.NEEDS_PROOF and answer.level is not Level.ROOM:
            return None
        if answer.unknown_room and any(mended_spellings(spelling, self._index.book)):
            # Another spelling may know the room.
            return None
        one = self._index.building(number)
        missing = _names_left_out(one, spelling) if name.trust is _EXACT else ()
        conventions = tuple(conventions_used(pieces, answer.text)) if pieces else ()
        key = (*answer.variations, answer.trust, name.trust, missing, conventions)
        graded = head.graded.get(key)
        if graded is None:
            graded = self._learn_grade(key, answer, head, pieces, spelling)
        level = "room" if answer.level is Level.ROOM else "building"
        return (answer.code, level, graded[0], answer.text, graded[1], (), answer.unknown_room)

    def _lies_within(self, head: _Head, community: int) -> bool:
        """Does the community lie inside every division written?"""
        known = head.within.get(community)
        return self._learn_place(head, community) if known is None else known

    def _learn_place(self, head: _Head, community: int) -> bool:
        divisions = head.reading.divisions
        written = (divisions.districts, divisions.subdistricts, divisions.communities)
        chain = self._index.book.ancestors(community)
        lies_within = all(
            not level or number in level for level, number in zip(written, chain, strict=True)
        )
        head.within[community] = lies_within
        return lies_within

    def _learn_grade(
        self,
        key: tuple[object, ...],
        answer: Answer,
        head: _Head,
        pieces: tuple[Piece, ...],
        spelling: str,
    ) -> tuple[str, str]:
        if len(head.graded) >= REMEMBERED_GRADES:
            head.graded.clear()
        washed = grade_one(answer, head.reading, pieces, spelling, self._index)
        graded = (washed.grade.value, washed.explanation)
        divisions = head.reading.divisions
        said = (*divisions.variations, *divisions.weak, *answer.variations)
        if not any([_QUOTED_NUMBER.search(words) for words in said]) and _says_no_number(key):
            head.graded[key] = graded
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
                # A building is known by this name alone as well: the long way weighs both.
                is_plain = False
        left_out = (
            tuple(divisions.variations),
            tuple(divisions.weak),
            bool(divisions.subdistricts),
            bool(divisions.communities),
        )
        graded = self._graded.setdefault(left_out, {})
        elsewhere: ShortAnswer | None = None
        if divisions.elsewhere:
            answer = answer_elsewhere(divisions.elsewhere)
            elsewhere = ("", "", answer.grade.value, "", answer.explanation, (), "")
        head = _Head(reading, is_plain, name, doors, graded, {}, elsewhere)
        self._heads[head_text] = head
        return head

    def _learn_piece(self, text: str) -> Piece:
        if len(self._pieces) >= REMEMBERED_TAILS:
            self._pieces.clear()
        pieces = read_tail(text)
        # What is not one piece is weighed with the whole tail: a break never leads to a building.
        piece = self._pieces[text] = pieces[0] if len(pieces) == 1 else Piece(Kind.BREAK, text)
        return piece

    def _learn_rest(self, text: str) -> _Rest:
        if len(self._rests) >= REMEMBERED_TAILS:
            self._rests.clear()
        rest = self._rests[text] = _Rest(read_tail(text))
        return rest

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
        ways = tuple([(order[at].value, _way_of(order[at + 1 :])) for at in inner])
        elsewhere_in = self._index.book.elsewhere_in
        elsewhere = any([elsewhere_in(one.value) for one in pieces if one.kind is Kind.NAME])
        tail = _Tail(order, _way_of(order), ways, inner[0] if inner else -1, elsewhere)
        self._tails[tail_text] = tail
        return tail


def _says_no_number(key: tuple[object, ...]) -> bool:
    """Are the names left out without numbers? (They stand in tuples of their own.)"""
    return not any([_DIGIT.search("".join(part)) for part in key if isinstance(part, tuple)])


def _leads_surely(names: tuple[NameReading, ...], head: _Head) -> bool:
    """Is there one estate the name may mean, and nothing before the doorplate that raises doubts?"""
    return len(names) == 1 and names[0].trust < Trust.GUESS and not head.reading.lead


def _way_of(pieces: tuple[Piece, ...]) -> tuple[Piece, _Rest] | None:
    """The numbers behind a name, read as `finding` reads them; None where they take weighing."""
    if not pieces or pieces[0].kind in _CUT_NUMBER:
        return None
    if len(pieces) > 2 and is_unread_name(pieces[1]) and pieces[2].kind not in NO_NUMBER:
        return None
    return pieces[0], _Rest(pieces[1:])


def _may_be_row(first: Piece, rest: _Rest, doors: dict[str, tuple[int, ...]]) -> bool:
    """5号302号 is none where no house 302 stands."""
    second = rest.row
    if second is None or first.kind is Kind.BARE:
        return second is not None
    is_short = len(second.value) <= LONGEST_END_OF_ROW
    return first.kind is second.kind and (is_short or second.value in doors)


def _has_conventions(pieces: tuple[Piece, ...]) -> bool:
    return any([piece.kind is _BUILDING and piece.unit != "栋" for piece in pieces])


def _names_left_out(one: Building, spelling: str) -> tuple[str, ...]:
    names = one.names
    if len(names) < 2:
        return ()
    return tuple([name for name in names if name not in spelling])


def _plain_answer(where: _Where, code: str, text: str) -> Answer:
    number, _, name, _ = where
    variations = [name.variation] if name.variation else []
    found = Found(number, name.trust, tuple(variations), ())
    return Answer(found, RoomReading(), code, Level.ROOM, text, name.trust, variations)
