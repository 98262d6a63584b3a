"""The wash of one text: spelling, divisions, name, numbers, room, grade. Each step is a function below.

What is certain from the library is answered; what is not is offered as candidates or left at the level the text
supports. Grades: A exact but for spelling conventions; B sure, variations named; C candidates; D none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kuai.address.engine.finding import (
    Found,
    find_buildings,
    keep_within_divisions,
    lies_within,
)
from kuai.address.engine.grading import (
    SURE_OF_PLACE,
    candidates_of,
    grade_divisions,
    grade_one,
    nothing_found,
    sureness_of,
    with_variation,
)
from kuai.address.engine.heads import HeadReading, read_head
from kuai.address.engine.mending import mended_spellings
from kuai.address.engine.names import Trust
from kuai.address.engine.normalising import split_brackets, to_one_spelling
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.engine.rooms import Answer, room_readings, settle_rooms
from kuai.address.engine.segmenting import (
    Kind,
    Piece,
    RoomReading,
    read_room,
    read_tail,
    split_head,
)
from kuai.address.types import Grade, Level, WashedAddress

# A head repeats thousands of times in a city, a sentence never: a full memory is emptied, not grown.
MEMORY_ENTRIES = 200_000
NOTHING = nothing_found("")


@dataclass(slots=True)
class Trail:
    """What each step of one wash saw."""

    spelling: str
    asides: tuple[str, ...] = ()
    head: HeadReading | None = None
    pieces: tuple[Piece, ...] = ()
    answers: list[Answer] = field(default_factory=list)
    answer: WashedAddress = NOTHING


@dataclass(slots=True)
class PlainTail:
    """A tail of a doorplate and a room that can be read in one way only."""

    pieces: tuple[Piece, ...]
    number: str
    next_number: str
    room: RoomReading


def read_plain_tail(pieces: tuple[Piece, ...]) -> PlainTail | None:
    """The tail as doorplate and room; None where names, breaks, parts or floors leave anything to decide."""
    if len(pieces) < 2 or any(piece.kind in _NOT_PLAIN for piece in pieces):
        return None
    room = read_room(pieces[1:])
    if room.names_no_room or room.part or room.also:
        return None
    key, words, trust = next(iter(room_readings(room)))
    if key != room.key or words or trust is not Trust.EXACT:
        return None
    return PlainTail(pieces, pieces[0].value, pieces[1].value, room)


_NOT_PLAIN = frozenset({Kind.NAME, Kind.BREAK, Kind.PART})


class Washer:
    """Washes texts against one index. Remembers heads and tails it has read; answers never depend on that."""

    def __init__(self, index: PlaceIndex) -> None:
        self.index = index
        self._heads: dict[str, HeadReading] = {}
        self._tails: dict[str, tuple[Piece, ...]] = {}
        self._plain_tails: dict[str, PlainTail | None] = {}

    def wash(self, text: str) -> WashedAddress:
        """The answer for one text. Never raises on content."""
        spelling = to_one_spelling(text)
        return self._take_short_way(spelling) or self._follow_spelling(spelling).answer

    def _take_short_way(self, spelling: str) -> WashedAddress | None:
        """The answer for the plainest and commonest texts (one known name, doorplate, room), else None.

        It skips steps that have nothing to decide there, and gives what the long way gives (a test compares).
        """
        if "(" in spelling or "," in spelling:
            return None
        index = self.index
        head_text, tail_text = split_head(spelling)
        tail = self._read_plain_tail(tail_text)
        if tail is None:
            return None
        head = self.read_head(head_text)
        if len(head.names) != 1 or head.names[0].trust is not Trust.EXACT:
            return None
        if head.divisions.elsewhere or head.divisions.unknown_subdistrict:
            return None
        door = f"{head.names[0].name}|{tail.number}"
        buildings = index.places.get(door, ())
        if len(buildings) != 1 or f"{door}|{tail.next_number}" in index.doorplates:
            return None
        room = index.find_room(buildings[0], tail.room.key)
        if room is None or not lies_within(buildings[0], head.divisions, index):
            return None
        found = Found(buildings[0], Trust.EXACT, (), ())
        answer = Answer(found, tail.room, room[0], Level.ROOM, room[1], Trust.EXACT)
        return grade_one(answer, head, tail.pieces, spelling, index)

    def _read_plain_tail(self, tail_text: str) -> PlainTail | None:
        if tail_text not in self._plain_tails:
            if len(self._plain_tails) >= MEMORY_ENTRIES:
                self._plain_tails.clear()
            self._plain_tails[tail_text] = read_plain_tail(self.read_pieces(tail_text))
        return self._plain_tails[tail_text]

    def follow(self, text: str) -> Trail:
        """The answer with what each step saw, for `explain`. A sentence is tried clause by clause."""
        return self._follow_spelling(to_one_spelling(text))

    def _follow_spelling(self, spelling: str) -> Trail:
        trail = self._follow_clause(spelling)
        if sureness_of(trail.answer) < SURE_OF_PLACE and not _lies_elsewhere(trail):
            trail = self._follow_mended(trail)
        while _says_nothing(trail) and "," in trail.spelling:
            later = self._follow_clause(trail.spelling.partition(",")[2])
            if not _says_nothing(later) or "," not in later.spelling:
                return trail if _says_nothing(later) else later
            trail = later
        return trail

    def _follow_mended(self, trail: Trail) -> Trail:
        """The same text in another order or spelling, where that is surer of what it means."""
        best = trail
        for spelling, words in mended_spellings(trail.spelling, self.index.book):
            other = self._follow_clause(spelling)
            if sureness_of(other.answer) > sureness_of(best.answer):
                best = other
                if words:
                    best.answer = with_variation(other.answer, words)
        return best

    def _follow_clause(self, spelling: str) -> Trail:
        if not spelling:
            return Trail(spelling, answer=nothing_found("没有可读的地址文字"))
        split = split_brackets(spelling)
        head_text, tail_text = split_head(split.plain)
        head = self.read_head(head_text)
        pieces = self.read_pieces(tail_text)
        if head.divisions.elsewhere:
            where = head.divisions.elsewhere
            answer = nothing_found(f"写明在“{where}”，不在本库范围")
            return Trail(spelling, split.asides, head, pieces, answer=answer)
        answers = self.find_answers(head, pieces, split.asides)
        answer = self.grade(head, pieces, answers, spelling)
        return Trail(spelling, split.asides, head, pieces, answers, answer)

    def read_head(self, head_text: str) -> HeadReading:
        """Divisions and names of the head, from memory where it was read before."""
        head = self._heads.get(head_text)
        if head is None:
            if len(self._heads) >= MEMORY_ENTRIES:
                self._heads.clear()
            head = self._heads[head_text] = read_head(head_text, self.index)
        return head

    def read_pieces(self, tail_text: str) -> tuple[Piece, ...]:
        """The tail's pieces, from memory where it was read before."""
        pieces = self._tails.get(tail_text)
        if pieces is None:
            if len(self._tails) >= MEMORY_ENTRIES:
                self._tails.clear()
            pieces = self._tails[tail_text] = read_tail(tail_text)
        return pieces

    def find_answers(
        self, head: HeadReading, pieces: tuple[Piece, ...], asides: tuple[str, ...]
    ) -> list[Answer]:
        """Buildings that fit names, numbers and divisions, each with its room if the library has it."""
        index = self.index
        found = find_buildings(head, pieces, index) if index.holds_buildings else []
        if not found and asides and index.holds_buildings:
            found = self._find_by_asides(head, pieces, asides)
        found = keep_within_divisions(found, head.divisions, index)
        return settle_rooms(found, index)

    def _find_by_asides(
        self, head: HeadReading, pieces: tuple[Piece, ...], asides: tuple[str, ...]
    ) -> list[Found]:
        """An unknown estate name with its doorplate in brackets: 某某花园(工业路144号)4栋."""
        for aside in ",".join(asides).split(","):
            inner_head, inner_tail = split_head(aside)
            reading = read_head(inner_head, self.index)
            inner = read_tail(inner_tail)
            if inner and reading.names:
                joined = HeadReading(head.divisions, reading.names)
                found = find_buildings(joined, inner[:1] + pieces, self.index)
                if found:
                    return found
        return []

    def grade(
        self, head: HeadReading, pieces: tuple[Piece, ...], answers: list[Answer], spelling: str
    ) -> WashedAddress:
        """One certain answer, candidates, or the level the divisions support."""
        if not answers:
            return grade_divisions(head, pieces, self.index)
        best = answers[0]
        if len(answers) > 1 or best.trust >= Trust.GUESS:
            return candidates_of(answers, head.divisions, self.index)
        return grade_one(best, head, pieces, spelling, self.index)


def _lies_elsewhere(trail: Trail) -> bool:
    return trail.head is not None and bool(trail.head.divisions.elsewhere)


def _says_nothing(trail: Trail) -> bool:
    return (
        trail.answer.grade is Grade.D
        and trail.head is not None
        and not trail.head.divisions.elsewhere
    )
