"""The wash of one text: spelling, divisions, name, numbers, room, grade. Each step is a function below.

What is certain from the library is answered; what is not is offered as candidates or left at the level the text
supports. Grades: A exact but for spelling conventions; B sure, variations named; C candidates; D none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from kuai.address.engine.detours import (
    DivisionRenamer,
    answer_by_whole_text,
    answer_elsewhere,
    follow_endings,
    take_other_doors,
)
from kuai.address.engine.finding import Found, find_buildings, keep_within_divisions
from kuai.address.engine.grading import (
    SURE_OF_PLACE,
    candidates_of,
    grade_divisions,
    grade_one,
    nothing_found,
    sureness_of,
    with_variation,
)
from kuai.address.engine.heads import HeadReading, find_elsewhere, lying, read_head
from kuai.address.engine.mending import has_parted_numbers, joined_numbers, mended_spellings
from kuai.address.engine.names import Trust
from kuai.address.engine.normalising import split_brackets, to_one_spelling
from kuai.address.engine.place_index import OtherText, PlaceIndex, without_city
from kuai.address.engine.place_part import place_part
from kuai.address.engine.rooms import Answer, settle_rooms
from kuai.address.engine.segmenting import Piece, read_tail, split_head
from kuai.address.engine.short_way import ShortWay
from kuai.address.types import Grade, Level, WashedAddress

# A head repeats thousands of times in a city, a sentence never: a full memory is emptied, not grown.
MEMORY_ENTRIES = 20_000
# code, level, grade, matched text, explanation, candidates as JSON, unknown place.
AnswerFields = tuple[str, str, str, str, str, str, str]
_Answer = tuple[str, str, str, str, str, "tuple[dict[str, object], ...]", str]
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
NOTHING = nothing_found("")
# A request names its place in its first clauses; more commas than these are no sentence.
MOST_CLAUSES = 8


@dataclass(slots=True)
class Trail:
    """What each step of one wash saw."""

    spelling: str
    asides: tuple[str, ...] = ()
    head: HeadReading | None = None
    pieces: tuple[Piece, ...] = ()
    answers: list[Answer] = field(default_factory=list)
    answer: WashedAddress = NOTHING

    @property
    def place_part(self) -> str:
        """The part of the text that says where; empty where it names no place."""
        return place_part(self.spelling, lead=self.head.lead if self.head else "")


class Washer:
    """Washes texts against one index. Remembers heads and tails it has read; answers never depend on that."""

    def __init__(self, index: PlaceIndex) -> None:
        self.index = index
        self._heads: dict[str, HeadReading] = {}
        self._tails: dict[str, tuple[Piece, ...]] = {}
        self._short_way = ShortWay(index, self.read_head)
        self._renamer = DivisionRenamer(index)
        # The naming part of every text that somebody confirmed: a text that begins otherwise need not be looked up.
        self._confirmed_heads = frozenset(
            split_head(text)[0]
            for text, meant in index.meta.other_texts.items()
            if any(one.is_confirmed for one in meant)
        )
        # Their first characters alone, because splitting every text costs a fifth of the speed (measured 2026-11-22).
        self._beginning = min((len(head) for head in self._confirmed_heads), default=0)
        self._beginnings = frozenset(head[: self._beginning] for head in self._confirmed_heads)

    def wash(self, text: str) -> WashedAddress:
        """The answer for one text. Never raises on content."""
        code, level, grade, matched, explanation, candidates, unknown = self._answer(text)
        return WashedAddress(
            code or None, Level(level) if level else None, Grade(grade), matched, explanation,
            candidates, unknown,
        )  # fmt: skip

    def wash_fields(self, text: str) -> AnswerFields:
        """As `wash`, as the columns that follow the input's."""
        code, level, grade, matched, explanation, candidates, unknown = self._answer(text)
        written = _JSON(candidates) if candidates else ""
        return (code, level, grade, matched, explanation, written, unknown)

    def _answer(self, text: str) -> _Answer:
        spelling = to_one_spelling(text)
        if "-" in spelling and has_parted_numbers(text):
            return _fields_of(self.follow(text).answer)
        if not self._may_be_known(spelling):
            short = self._short_way.take(spelling)
            if short is not None:
                return short
        return _fields_of(self._follow_spelling(spelling).answer)

    def takes_short_way(self, spelling: str) -> bool:
        """Does the text leave nothing to weigh? (For measurements.)"""
        return self._short_way.take(spelling) is not None

    def _may_be_known(self, spelling: str) -> bool:
        """Could it be, or begin with, a text that somebody confirmed or gave as another name?"""
        if not self.index.meta.other_texts:
            return False
        plain = without_city(spelling, self.index.book)
        if plain in self.index.meta.other_texts:
            return True
        if not plain.startswith("(") and plain[: self._beginning] not in self._beginnings:
            return False
        return split_head(split_brackets(plain).plain)[0] in self._confirmed_heads

    def follow(self, text: str) -> Trail:
        """The answer with what each step saw, for `explain`. A sentence is tried clause by clause."""
        trail = self._follow_spelling(to_one_spelling(text))
        if has_parted_numbers(text) and not trail.answer.candidates:
            return self._follow_joined(text, trail)
        return trail

    def _follow_joined(self, text: str, trail: Trail) -> Trail:
        """1单元260 3室 as 2603室 where that is a room of the building answered and neither part is."""
        first = trail.answers[0] if len(trail.answers) == 1 else None
        if first is None or trail.answer.level not in (Level.BUILDING, Level.ROOM):
            return trail
        for joined, left, right in joined_numbers(text):
            other = self._follow_spelling(to_one_spelling(joined))
            is_room = other.answer.level is Level.ROOM and len(other.answers) == 1
            if not is_room or other.answers[0].found.building != first.found.building:
                continue
            other.answer = with_variation(other.answer, "数字中间有空格，连起来读")
            if trail.answer.level is Level.BUILDING:
                return other
            if first.room.number == left + right:
                continue
            if first.room.number == left:
                # 110 4 where there are 110 and 1104.
                both = [first, other.answers[0]]
                trail.answer = candidates_of(both, trail.head.divisions, self.index)  # type: ignore[union-attr]
                return trail
        return trail

    def _follow_spelling(self, spelling: str) -> Trail:
        if self.index.meta.other_texts:
            return self._follow_known_text(spelling)
        return self._follow_unknown_text(spelling)

    def _follow_known_text(self, spelling: str) -> Trail:
        """What people confirmed for the whole text; another name of a place where the text is not its standard."""
        known = self.index.meta.other_texts.get(without_city(spelling, self.index.book), ())
        confirmed = [one for one in known if one.is_confirmed]
        if confirmed:
            return Trail(spelling, answer=answer_by_whole_text(confirmed))
        trail = self._follow_unknown_text(spelling)
        if trail.answer.grade is Grade.A:
            return trail
        meant = known or self._confirmed_part(trail)
        if meant:
            trail.answer = answer_by_whole_text(meant)
        return trail

    def _confirmed_part(self, trail: Trail) -> Sequence[OtherText]:
        """What was confirmed for the part that says where, behind which the text goes on (…602房，联系…)."""
        is_sure = trail.answer.grade is Grade.B
        if not self._confirmed_heads or (is_sure and not self._may_be_known(trail.spelling)):
            return ()
        part = without_city(trail.place_part, self.index.book)
        return [one for one in self.index.meta.other_texts.get(part, ()) if one.is_confirmed]

    def _follow_unknown_text(self, spelling: str) -> Trail:
        trail = self._follow_clause(spelling)
        if sureness_of(trail.answer) < SURE_OF_PLACE and not _lies_elsewhere(trail):
            trail = self._follow_mended(trail)
        for _ in range(MOST_CLAUSES):
            if not _says_nothing(trail) or "," not in trail.spelling:
                break
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
        elsewhere = find_elsewhere(head, pieces, self.index)
        if spelling[0] == "(" and split.asides and not elsewhere:
            elsewhere = self.index.book.elsewhere_in(split.asides[0])
        if elsewhere and not head.divisions.elsewhere:
            head = lying(head, elsewhere)
        if head.divisions.elsewhere:
            answer = answer_elsewhere(head.divisions.elsewhere)
            return Trail(spelling, split.asides, head, pieces, answer=answer)
        answers, gone = self.find_answers(head, pieces, split.asides)
        answer = nothing_found(gone) if gone else self.grade(head, pieces, answers, spelling)
        return Trail(spelling, split.asides, head, pieces, answers, answer)

    def read_head(self, head_text: str) -> HeadReading:
        """Divisions and names of the head, from memory where it was read before."""
        head = self._heads.get(head_text)
        if head is None:
            if len(self._heads) >= MEMORY_ENTRIES:
                self._heads.clear()
            today, renamed = self._renamer.rename(head_text)
            head = self._heads[head_text] = read_head(today, self.index)
            head.divisions.variations.extend(renamed)
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
    ) -> tuple[list[Answer], str]:
        """Buildings that fit names, numbers and divisions, each with its room if the library has it.

        And why there is none, where what the text names has ended without successor.
        """
        index = self.index
        found = find_buildings(head, pieces, index) if index.holds_buildings else []
        if not found and asides and index.holds_buildings:
            found = self._find_by_asides(head, pieces, asides)
        found = take_other_doors(found, index)
        found = keep_within_divisions(found, head.divisions, index)
        answers = settle_rooms(found, index)
        return follow_endings(answers, index) if index.meta.endings else (answers, "")

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
            return grade_divisions(head, pieces, spelling, self.index)
        best = answers[0]
        if len(answers) > 1 or best.trust >= Trust.GUESS:
            return candidates_of(answers, head.divisions, self.index)
        return grade_one(best, head, pieces, spelling, self.index)


def _fields_of(one: WashedAddress) -> _Answer:
    return (
        one.address_code or "",
        one.level.value if one.level else "",
        one.grade.value,
        one.matched_text,
        one.explanation,
        one.candidates,
        one.unknown_place,
    )


def _lies_elsewhere(trail: Trail) -> bool:
    return trail.head is not None and bool(trail.head.divisions.elsewhere)


def _says_nothing(trail: Trail) -> bool:
    return (
        trail.answer.grade is Grade.D
        and trail.head is not None
        and not trail.head.divisions.elsewhere
    )
