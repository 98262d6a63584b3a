"""The wash of one text: spelling, divisions, name, numbers, room, grade. Each step is a function below.

What is certain from the library is answered; what is not is offered as candidates or left at the level the text
supports. Grades: A exact but for spelling conventions; B sure, variations named; C candidates; D none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kuai.address.engine.divisions import OTHER_SUBDISTRICT, DivisionReading
from kuai.address.engine.names import (
    NameReading,
    Trust,
    find_name_at_end,
    is_sentence_lead,
    read_name,
)
from kuai.address.engine.normalising import split_brackets, to_one_spelling
from kuai.address.engine.place_index import PlaceIndex
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
MOST_CANDIDATES = 10


@dataclass(slots=True)
class HeadReading:
    """What the naming part says: divisions and the names the place may have."""

    divisions: DivisionReading
    names: tuple[NameReading, ...]
    lead: str = ""

    @property
    def written_name(self) -> str:
        return self.divisions.rest


@dataclass(frozen=True, slots=True)
class Found:
    """One building the text may mean, how it was reached, and the pieces left for the room."""

    building: int
    trust: Trust
    variations: tuple[str, ...]
    rest: tuple[Piece, ...]


@dataclass(slots=True)
class Answer:
    """A building or room proposed for the text."""

    found: Found
    room: RoomReading
    code: str
    level: Level
    text: str
    trust: Trust
    variations: list[str] = field(default_factory=list)
    room_is_known: bool = True


class Washer:
    """Washes texts against one index. Remembers heads and tails it has read; answers never depend on that."""

    def __init__(self, index: PlaceIndex) -> None:
        self.index = index
        self._heads: dict[str, HeadReading] = {}
        self._tails: dict[str, tuple[Piece, ...]] = {}

    def wash(self, text: str) -> WashedAddress:
        """The answer for one text. Never raises on content."""
        spelling = to_one_spelling(text)
        if not spelling:
            return nothing_found("没有可读的地址文字")
        split = split_brackets(spelling)
        head_text, tail_text = split_head(split.plain)
        head = self.read_head(head_text)
        if head.divisions.elsewhere:
            return nothing_found(f"写明在“{head.divisions.elsewhere}”，不在本库范围")
        pieces = self.read_pieces(tail_text)
        answers = self.find_answers(head, pieces, split.asides)
        return self.grade(head, pieces, answers)

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
        self, head: HeadReading, pieces: tuple[Piece, ...], answers: list[Answer]
    ) -> WashedAddress:
        """One certain answer, candidates, or the level the divisions support."""
        if not answers:
            return grade_divisions(head, pieces, self.index)
        best = answers[0]
        if len(answers) > 1 or best.trust >= Trust.GUESS:
            return candidates_of(answers, head.divisions, self.index)
        return grade_one(best, head, self.index)


def nothing_found(reason: str) -> WashedAddress:
    """Grade D with what was understood."""
    return WashedAddress(None, None, Grade.D, "", reason)


def read_head(head_text: str, index: PlaceIndex) -> HeadReading:
    """Read divisions, then the name; try the head's bare names and sentence leads where that explains nothing."""
    divisions = index.book.read(head_text.lstrip(",-"))
    names = read_name(divisions.rest, index)
    if divisions.elsewhere or not divisions.rest or (names and names[0].trust is Trust.EXACT):
        return HeadReading(divisions, names)
    return _read_harder_head(head_text, divisions, names, index)


def _read_harder_head(
    head_text: str,
    divisions: DivisionReading,
    names: tuple[NameReading, ...],
    index: PlaceIndex,
) -> HeadReading:
    rest = divisions.rest
    ending = find_name_at_end(rest, index)
    if ending is not None:
        lead, name = ending
        explained = explain_lead(lead, divisions, index)
        if explained is not None:
            return HeadReading(explained, (NameReading(name, Trust.EXACT),), lead)
    if not names:
        bare = _copy(divisions)
        while _read_bare(bare, index):
            names = read_name(bare.rest, index)
            if names or not bare.rest:
                return HeadReading(bare, names)
        if not index.holds_buildings:
            return HeadReading(bare, names)
    if not names and ending is not None:
        doubt = NameReading(ending[1], Trust.GUESS, f"“{ending[0]}”未能理解")
        return HeadReading(divisions, (doubt,), ending[0])
    return HeadReading(divisions, names)


def _read_bare(reading: DivisionReading, index: PlaceIndex) -> bool:
    if not index.holds_buildings and index.book.read_village(reading):
        return True
    return index.book.read_bare(reading)


def explain_lead(
    lead: str, divisions: DivisionReading, index: PlaceIndex
) -> DivisionReading | None:
    """What stands between the divisions and the name: bare divisions, or a sentence's beginning; else None."""
    again = _copy(divisions)
    again.rest = lead
    while again.rest and index.book.read_bare(again):
        pass
    if not again.rest:
        return again
    if any(name.trust <= Trust.NEEDS_PROOF for name in read_name(again.rest, index)):
        # 富润西公馆体育路51号1栋: the estate was written before its doorplate.
        again.variations.append("小区与门牌次序颠倒")
        return again
    for start in range(len(lead)):
        if start and not is_sentence_lead(lead[:start]):
            continue
        inner = index.book.read(lead[start:])
        while inner.rest and index.book.read_bare(inner):
            pass
        if inner.elsewhere or not inner.rest or is_sentence_lead(inner.rest):
            inner.variations.append("地址写在句中")
            return inner if start or inner.rest else None
    if is_sentence_lead(lead):
        again = _copy(divisions)
        again.variations.append("地址写在句中")
        return again
    return None


def _copy(reading: DivisionReading) -> DivisionReading:
    return DivisionReading(
        reading.districts,
        reading.subdistricts,
        reading.communities,
        reading.has_province,
        reading.has_city,
        reading.elsewhere,
        reading.unknown_subdistrict,
        list(reading.variations),
        list(reading.weak),
        reading.rest,
    )


def find_buildings(head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex) -> list[Found]:
    """Buildings the names and numbers lead to: by estate behind the doorplate, by doorplate, by landmark."""
    estates = _find_by_inner_name(head, pieces, index)
    if estates:
        return estates
    found: list[Found] = []
    for name in head.names:
        found.extend(_find_by_number(name, pieces, index))
        found.extend(_find_landmark(name, pieces, index))
    exact = [one for one in found if one.trust is Trust.EXACT]
    found = exact or found or _find_by_name_with_number(head, pieces, index)
    if found:
        return found
    return _find_despite_known_name(head, pieces, index)


def _find_by_name_with_number(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """坳背村十七86号: the 坊 behind a numbered lane was lost, so the number belongs to the name."""
    if len(pieces) < 2 or pieces[0].kind is not Kind.BARE or not head.written_name:
        return []
    found: list[Found] = []
    for name in read_name(head.written_name + pieces[0].value, index):
        found.extend(_find_by_number(name, pieces[1:], index))
    return found


def _find_by_inner_name(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """工业路144号龙光盛华府4栋: the estate's name and number decide, the doorplate must not contradict."""
    for position, piece in enumerate(pieces[:-1]):
        if piece.kind is not Kind.NAME or pieces[position + 1].kind in (Kind.NAME, Kind.BREAK):
            continue
        behind = pieces[position + 1 :]
        found: list[Found] = []
        for name in read_name(piece.value, index):
            found.extend(_find_by_number(name, behind, index))
        if found:
            return _agree_with_doorplate(found, head, pieces[:position], index)
    return []


def _agree_with_doorplate(
    found: list[Found], head: HeadReading, doorplate: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    if not doorplate or doorplate[0].kind is Kind.NAME:
        return found
    at_door: set[int] = set()
    for name in head.names:
        at_door.update(index.places.get(f"{name.name}|{doorplate[0].value}", ()))
    if not at_door:
        written = f"{head.written_name}{doorplate[0].value}号"
        return [
            Found(
                f.building,
                max(f.trust, Trust.SURE),
                (*f.variations, f"门牌“{written}”与库中不同"),
                f.rest,
            )
            for f in found
        ]
    agreeing = [f for f in found if f.building in at_door]
    if agreeing:
        return agreeing
    return [
        Found(f.building, Trust.GUESS, (*f.variations, "小区与门牌不在一处"), f.rest) for f in found
    ]


def _find_by_number(name: NameReading, pieces: tuple[Piece, ...], index: PlaceIndex) -> list[Found]:
    """name|number, the doorplate's inner building number, or a number whose 号 was lost."""
    if not pieces or pieces[0].kind in _NO_NUMBER:
        return []
    variations = (name.variation,) if name.variation else ()
    if pieces[0].kind in (Kind.FLOOR, Kind.STAIR):
        return _find_by_split_number(name, pieces, variations, index)
    value = pieces[0].value
    buildings = index.places.get(f"{name.name}|{value}", ())
    if not buildings and value[:1] == "0" and value.isdigit():
        buildings = index.places.get(f"{name.name}|{value.lstrip('0')}", ())
    if buildings:
        return _at_doorplate(name, buildings, pieces, variations, index)
    return _find_by_split_number(name, pieces, variations, index)


def _at_doorplate(
    name: NameReading,
    buildings: tuple[int, ...],
    pieces: tuple[Piece, ...],
    variations: tuple[str, ...],
    index: PlaceIndex,
) -> list[Found]:
    if len(pieces) > 2 and _is_unread_name(pieces[1]) and pieces[2].kind not in _NO_NUMBER:
        return _at_doorplate_with_unread_name(name, buildings, pieces, variations, index)
    if len(pieces) > 1 and pieces[1].kind not in (Kind.NAME, Kind.BREAK, Kind.FLOOR):
        inner = index.doorplates.get(f"{name.name}|{pieces[0].value}|{pieces[1].value}", ())
        followed = len(pieces) > 2 and pieces[2].kind not in _NO_NUMBER
        if inner and (len(buildings) > 1 or followed or pieces[1].kind is Kind.BUILDING):
            return [Found(b, name.trust, variations, pieces[2:]) for b in inner]
    return [Found(b, name.trust, variations, pieces[1:]) for b in buildings]


_NO_NUMBER = frozenset({Kind.NAME, Kind.BREAK})
_REMARK = re.compile(
    r"整|全|门|前|后|旁|楼|附近|对面|边|侧|天花|屋|院|路口|巷子|天台|外|内|里|下|上|电话|联系|出租|房东|近|原|旧|和|与|的|被|有|在"
)


def _is_unread_name(piece: Piece) -> bool:
    """Does a name behind the doorplate look like an estate rather than a remark?"""
    return piece.kind is Kind.NAME and len(piece.value) > 1 and not _REMARK.match(piece.value)


def _at_doorplate_with_unread_name(
    name: NameReading,
    buildings: tuple[int, ...],
    pieces: tuple[Piece, ...],
    variations: tuple[str, ...],
    index: PlaceIndex,
) -> list[Found]:
    """工业路144号某某苑4栋2402 with an estate nobody knows: the doorplate leads, the room must prove it."""
    words = (*variations, f"“{pieces[1].value}”未能理解")
    trust = max(name.trust, Trust.NEEDS_PROOF)
    inner = index.doorplates.get(f"{name.name}|{pieces[0].value}|{pieces[2].value}", ())
    if inner:
        return [Found(building, trust, words, pieces[3:]) for building in inner]
    return [Found(building, trust, words, pieces[2:]) for building in buildings]


def _find_by_split_number(
    name: NameReading,
    pieces: tuple[Piece, ...],
    variations: tuple[str, ...],
    index: PlaceIndex,
) -> list[Found]:
    """秀新围1384602: the 号 was lost, so the number is cut where the library has a building."""
    first = pieces[0]
    found: list[Found] = []
    for cut in range(1, len(first.value)):
        number, rest = first.value[:cut], first.value[cut:]
        kind = Kind.FLOOR if first.unit in ("楼", "层") and len(rest) < 3 else first.kind
        if not _is_plausible_rest(rest, kind, letter_cut=not number[-1].isdigit()):
            continue
        words = f"“{first.value}”疑缺“号”或“栋”，读作“{number}”和“{rest}{first.unit}”"
        doubted = NameReading(name.name, max(name.trust, Trust.NEEDS_PROOF))
        cut_pieces = (Piece(Kind.HOUSE, number), Piece(kind, rest, first.unit), *pieces[1:])
        buildings = index.places.get(f"{name.name}|{number}", ())
        found.extend(_at_doorplate(doubted, buildings, cut_pieces, (*variations, words), index))
    return found


_LONGEST_REST = {Kind.SHOP: 2, Kind.FLOOR: 2, Kind.STAIR: 1, Kind.BUILDING: 2}


def _is_plausible_rest(rest: str, kind: Kind, *, letter_cut: bool) -> bool:
    """May `rest` be what followed the lost 号? A room has three or four digits, a stair one."""
    if rest.startswith("0"):
        return False
    if kind in _LONGEST_REST:
        return rest.isdigit() and len(rest) <= _LONGEST_REST[kind]
    return letter_cut or 3 <= len(rest) <= 4


def _find_landmark(name: NameReading, pieces: tuple[Piece, ...], index: PlaceIndex) -> list[Found]:
    """A building known by name alone (华强大厦)."""
    variations = (name.variation,) if name.variation else ()
    return [
        Found(building, name.trust, variations, pieces)
        for building in index.landmarks.get(name.name, ())
    ]


def _find_despite_known_name(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> list[Found]:
    """The name exists but has no such number: neighbours one slip away are candidates, never more."""
    if not pieces or not head.names or head.names[0].trust is not Trust.EXACT:
        return []
    written = head.names[0].name
    found = []
    for other in _neighbour_names(written, index):
        doubt = NameReading(other, Trust.GUESS, f"库中“{written}”无此号，“{other}”有")
        if pieces[0].kind not in (Kind.NAME, Kind.BREAK, Kind.FLOOR, Kind.STAIR):
            buildings = index.places.get(f"{other}|{pieces[0].value}", ())
            found.extend(_at_doorplate(doubt, buildings, pieces, (doubt.variation,), index))
    return found


def _neighbour_names(written: str, index: PlaceIndex) -> list[str]:
    near = set(index.slips.get(written, ())) | set(index.short_forms.get(written, ()))
    near.discard(written)
    return sorted(near)


def keep_within_divisions(
    found: list[Found], divisions: DivisionReading, index: PlaceIndex
) -> list[Found]:
    """Only buildings inside the divisions written; if none is, those that differ in one named level."""
    if not found:
        return found
    for written, words, trust in (
        (divisions.districts, "区", Trust.GUESS),
        (divisions.communities, "社区", Trust.SURE),
        (divisions.subdistricts, "街道", Trust.SURE),
    ):
        if not written:
            continue
        inside = [
            f
            for f in found
            if index.book.is_within(index.building_communities[f.building], written)
        ]
        if inside:
            found = inside
            continue
        name = index.book.divisions[written[0]].name
        found = [
            Found(
                f.building,
                max(f.trust, trust),
                (*f.variations, _differs(words, name, f, index)),
                f.rest,
            )
            for f in found
        ]
    return found


def _differs(level: str, written: str, found: Found, index: PlaceIndex) -> str:
    chain = index.book.ancestors(index.building_communities[found.building])
    number = chain[("区", "街道", "社区").index(level)]
    actual = index.book.divisions[number].name if number >= 0 else "?"
    return f"{level}写作“{written}”，库中为“{actual}”"


def settle_rooms(found: Sequence[Found], index: PlaceIndex) -> list[Answer]:
    """Look the room up in each building; buildings that have it win over those that do not."""
    answers = [answer for one in found for answer in find_room(one, index)]
    if len(answers) > 1:
        with_room = [answer for answer in answers if answer.level is Level.ROOM]
        answers = with_room or answers
        best = min(answer.trust for answer in answers)
        answers = [answer for answer in answers if answer.trust == best]
    unique: dict[str, Answer] = {}
    for answer in answers:
        unique.setdefault(answer.code, answer)
    answers = list(unique.values())
    if (
        len(answers) == 1
        and answers[0].trust is Trust.NEEDS_PROOF
        and answers[0].level is not Level.ROOM
    ):
        answers[0].trust = Trust.GUESS
    return answers


def find_room(found: Found, index: PlaceIndex) -> list[Answer]:
    """The room in this building by each way of writing it; the building itself where it has no such room."""
    room = read_room(found.rest)
    building = index.building_codes[found.building]
    variations = list(found.variations)
    if room.names_no_room:
        text = index.building_texts[found.building]
        if room.floor:
            variations.append(f"只写到{room.floor}层")
        return [Answer(found, room, building, Level.BUILDING, text, found.trust, variations)]
    rooms = index.rooms_of(found.building)
    for key, words, trust in room_readings(room):
        if key in rooms:
            code, text = rooms[key]
            if words:
                variations.append(words)
            return [
                Answer(found, room, code, Level.ROOM, text, max(found.trust, trust), variations)
            ]
    several = _rooms_in_any_stair(room, rooms)
    if several:
        return [
            Answer(
                found,
                room,
                code,
                Level.ROOM,
                text,
                max(found.trust, Trust.SURE),
                [*variations, "缺单元"],
            )
            for code, text in several
        ]
    return [_building_for_unknown_room(found, room, variations, index)]


def _building_for_unknown_room(
    found: Found, room: RoomReading, variations: list[str], index: PlaceIndex
) -> Answer:
    words = f"库中该楼无“{room.key}”房，归到楼栋"
    text = index.building_texts[found.building]
    trust = max(found.trust, Trust.SURE)
    return Answer(
        found, room, index.building_codes[found.building], Level.BUILDING, text, trust,
        [*variations, words], room_is_known=False,
    )  # fmt: skip


def room_readings(room: RoomReading) -> Iterable[tuple[str, str, Trust]]:
    """(key, variation, trust) for each way the room's text may stand in the library, most literal first."""
    number, stair, floor = room.number, room.stair, room.floor
    prefix = f"{stair}-" if stair else ""
    contradicts = bool(floor) and not _lies_on_floor(number, floor)
    trust = Trust.GUESS if contradicts else Trust.EXACT
    words = f"楼层写作“{floor}层”，与房号不符" if contradicts else ""
    if floor and len(number) <= 2 and number.isdigit() and not room.is_shop:
        joined = f"{prefix}{floor}{number.zfill(2)}"
        yield joined, f"“{floor}层{number}”读作“{floor}{number.zfill(2)}”", Trust.SURE
        trust = words = None  # type: ignore[assignment]
    if trust is not None:
        if room.part:
            yield f"{room.key}之{room.part}", words, trust
            yield room.key, f"“之{room.part}”未入库，归到{number}房", Trust.SURE
        else:
            yield room.key, words, trust
    if stair and len(number) > 2 and _lies_on_floor(number, stair):
        yield number, f"“{stair}”读作{stair}楼", Trust.SURE
    if not number.isdigit() and number[:-1].isdigit() and len(number) > 2:
        yield prefix + number[:-1], f"“{number}”未入库，归到{number[:-1]}房", Trust.SURE
    if number.isdigit():
        other = number if room.is_shop else f"铺{number}"
        yield prefix + other, "商铺写法不同", Trust.SURE
        if len(number) > 1 and number[0] == "0":
            yield prefix + number.lstrip("0"), "多“0”", Trust.SURE
        if len(number) == 3:
            yield f"{prefix}0{number}", "缺“0”", Trust.SURE


def _lies_on_floor(number: str, floor: str) -> bool:
    return not number.isdigit() or len(number) <= 2 or number[:-2].lstrip("0") == floor


def _rooms_in_any_stair(
    room: RoomReading, rooms: dict[str, tuple[str, str]]
) -> list[tuple[str, str]]:
    """1803 where the library has 1-1803 and 2-1803."""
    if room.stair or room.is_shop:
        return []
    ending = f"-{room.number}"
    return [value for key, value in rooms.items() if key.endswith(ending)]


def grade_one(answer: Answer, head: HeadReading, index: PlaceIndex) -> WashedAddress:
    """A if nothing but conventions differs, else B with every variation named."""
    divisions = head.divisions
    variations = [*divisions.variations, *divisions.weak, *answer.variations]
    if divisions.unknown_subdistrict:
        variations.append(f"街道“{divisions.unknown_subdistrict}”库中没有")
    variations.extend(missing_parts(answer, head, index))
    grade = Grade.A if not variations and answer.trust is Trust.EXACT else Grade.B
    explanation = "；".join(variations) if variations else "与标准地址一致"
    return WashedAddress(answer.code, answer.level, grade, answer.text, explanation)


def missing_parts(answer: Answer, head: HeadReading, index: PlaceIndex) -> list[str]:
    """Levels the standard address has and the text leaves out; province, city and district go without saying."""
    missing = []
    divisions = head.divisions
    if not divisions.subdistricts and not divisions.unknown_subdistrict:
        missing.append("缺街道")
    if not divisions.communities:
        missing.append("缺社区")
    return missing


def candidates_of(
    answers: list[Answer], divisions: DivisionReading, index: PlaceIndex
) -> WashedAddress:
    """Grade C: every place the text may mean, ranked, with the parts of its score."""
    scored = sorted(
        ((score_parts(answer, divisions, index), answer) for answer in answers),
        key=lambda pair: (-sum(pair[0].values()), pair[1].code),
    )[:MOST_CANDIDATES]
    candidates = tuple(
        {
            "address_code": answer.code,
            "level": str(answer.level),
            "text": answer.text,
            "score": sum(parts.values()),
            "parts": parts,
            "why": "；".join(answer.variations),
        }
        for parts, answer in scored
    )
    best = scored[0][1]
    reason = (
        f"有 {len(answers)} 处可能，不能确定" if len(answers) > 1 else "只有一处相近，但证据不足"
    )
    words = "；".join([reason, *best.variations])
    return WashedAddress(best.code, best.level, Grade.C, best.text, words, candidates)


# Ceilings of a candidate's score; they only rank, they are no probability.
SCORE_CEILINGS = {"divisions": 20, "name": 40, "number": 20, "room": 20}
_NAME_SCORE = {Trust.EXACT: 40, Trust.SURE: 30, Trust.NEEDS_PROOF: 20, Trust.GUESS: 10}


def score_parts(answer: Answer, divisions: DivisionReading, index: PlaceIndex) -> dict[str, int]:
    """Parts of the score of one candidate, each under its ceiling in SCORE_CEILINGS."""
    place = index.building_communities[answer.found.building]
    written = (divisions.districts, divisions.subdistricts, divisions.communities)
    agreeing = sum(1 for level in written if level and index.book.is_within(place, level))
    return {
        "divisions": min(20, 5 + 5 * agreeing),
        "name": _NAME_SCORE[answer.found.trust],
        "number": 20,
        "room": 20 if answer.level is Level.ROOM else 10 if answer.room.names_no_room else 0,
    }


def grade_divisions(
    head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex
) -> WashedAddress:
    """No building found: the deepest division the text names, as sure as the text is."""
    divisions = head.divisions
    number, is_sure = deepest_division(head, index)
    if number < 0:
        return nothing_found(_what_was_understood(head, pieces))
    division = index.book.divisions[number]
    variations = [*divisions.variations, *divisions.weak]
    leftover = bool(divisions.rest) or bool(pieces)
    level = Level(division.level)
    if leftover and index.holds_buildings and not _names_only_a_level(head, pieces):
        words = [f"“{head.written_name or '门牌'}”在库中找不到，只能到{division.name}", *variations]
        candidate = {
            "address_code": division.code, "level": division.level, "text": division.standard_text,
            "score": 20, "parts": {"divisions": 20, "name": 0, "number": 0, "room": 0}, "why": words[0],
        }  # fmt: skip
        return WashedAddress(
            division.code, level, Grade.C, division.standard_text, "；".join(words), (candidate,)
        )
    if OTHER_SUBDISTRICT in divisions.weak:
        return _candidates_of_divisions(divisions, index)
    if division.level == "subdistrict" and index.book.has_split(number):
        variations.append(f"{division.name}后来分出过别的街道，以文字为准")
    grade = Grade.A if is_sure and not variations else Grade.B
    if leftover:
        variations.append(f"以下部分超出本库：到{_LEVEL_NAMES[division.level]}为止")
    words = "；".join(variations) if variations else "与标准地址一致"
    return WashedAddress(division.code, level, grade, division.standard_text, words)


def _candidates_of_divisions(divisions: DivisionReading, index: PlaceIndex) -> WashedAddress:
    """Community and sub-district contradict each other: both are offered."""
    numbers = [*divisions.communities, *divisions.subdistricts][:MOST_CANDIDATES]
    found = [index.book.divisions[number] for number in numbers]
    candidates = tuple(
        {
            "address_code": division.code, "level": division.level, "text": division.standard_text,
            "score": 15, "parts": {"divisions": 15, "name": 0, "number": 0, "room": 0},
            "why": OTHER_SUBDISTRICT,
        }
        for division in found
    )  # fmt: skip
    best = found[0]
    words = "；".join([*divisions.variations, *divisions.weak])
    return WashedAddress(
        best.code, Level(best.level), Grade.C, best.standard_text, words, candidates
    )


_LEVEL_NAMES = {"district": "区", "subdistrict": "街道", "community": "社区"}


def deepest_division(head: HeadReading, index: PlaceIndex) -> tuple[int, bool]:
    """The one community, sub-district or district that all written parts agree on; -1 if there is none."""
    divisions = head.divisions
    communities = set(divisions.communities)
    if not communities and head.names and head.names[0].trust <= Trust.SURE:
        communities = {c for name in head.names for c in index.names.get(name.name, ())}
        upper = divisions.subdistricts or divisions.districts
        if upper:
            communities = {c for c in communities if index.book.is_within(c, upper)}
    for numbers in (communities, set(divisions.subdistricts), set(divisions.districts)):
        if len(numbers) == 1:
            return numbers.pop(), True
    return -1, False


def _names_only_a_level(head: HeadReading, pieces: tuple[Piece, ...]) -> bool:
    return bool(head.names) and head.names[0].trust <= Trust.SURE and not pieces


def _what_was_understood(head: HeadReading, pieces: tuple[Piece, ...]) -> str:
    understood = []
    if head.divisions.has_city:
        understood.append("只读出城市")
    if head.divisions.unknown_subdistrict:
        understood.append(f"街道“{head.divisions.unknown_subdistrict}”库中没有")
    return "；".join(["文字中没有本库认得的区、街道、社区或地名", *understood])
