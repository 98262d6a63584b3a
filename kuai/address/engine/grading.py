"""Last step: one certain answer, ranked candidates, or the level the divisions support. Words in Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kuai.address.engine.divisions import OTHER_SUBDISTRICT, DivisionReading
from kuai.address.engine.heads import HeadReading
from kuai.address.engine.names import Trust
from kuai.address.engine.place_index import PlaceIndex, without_city
from kuai.address.engine.quoting import in_words_of
from kuai.address.engine.rooms import Answer
from kuai.address.engine.segmenting import Kind, Piece
from kuai.address.types import Grade, Level, WashedAddress

MOST_CANDIDATES = 10
AS_STANDARD = "与标准地址一致"


def nothing_found(reason: str) -> WashedAddress:
    """Grade D with what was understood."""
    return WashedAddress(None, None, Grade.D, "", reason)


SURE_OF_PLACE = 4
_SURENESS = {Grade.D: 0, Grade.C: 1, Grade.B: 2, Grade.A: 2}
_BELOW_DIVISIONS = frozenset({Level.BUILDING, Level.ROOM})


def sureness_of(answer: WashedAddress) -> int:
    """Nothing 0, candidates 1 (3 for places), a division 2, a building whose room is unknown 3, else SURE_OF_PLACE."""
    if answer.level not in _BELOW_DIVISIONS:
        return _SURENESS[answer.grade]
    return _SURENESS[answer.grade] + (1 if answer.unknown_place else 2)


def with_variation(answer: WashedAddress, words: str) -> WashedAddress:
    """The answer with one more variation named; what varies is not grade A."""
    known = "" if answer.explanation == AS_STANDARD else f"；{answer.explanation}"
    grade = Grade.B if answer.grade is Grade.A else answer.grade
    return replace(answer, grade=grade, explanation=words + known)


def grade_one(
    answer: Answer, head: HeadReading, pieces: tuple[Piece, ...], spelling: str, index: PlaceIndex
) -> WashedAddress:
    """A if nothing but conventions differs, else B with every variation named."""
    divisions = head.divisions
    variations = [*divisions.variations, *divisions.weak, *answer.variations]
    if divisions.unknown_subdistrict:
        variations.append(f"街道“{divisions.unknown_subdistrict}”库中没有")
    variations.extend(missing_parts(answer, divisions, spelling, index))
    grade = Grade.A if not variations and answer.trust is Trust.EXACT else Grade.B
    notes = variations + conventions_used(pieces, answer.text)
    explanation = in_words_of("；".join(notes), answer.text) if notes else AS_STANDARD
    return WashedAddress(
        answer.code,
        answer.level,
        grade,
        answer.text,
        explanation,
        unknown_place=answer.unknown_room,
    )


def missing_parts(
    answer: Answer, divisions: DivisionReading, spelling: str, index: PlaceIndex
) -> list[str]:
    """Levels the standard address has and the text leaves out; province, city and district go without saying."""
    missing = []
    if not divisions.subdistricts and not divisions.unknown_subdistrict:
        missing.append("缺街道")
    if not divisions.communities:
        missing.append("缺社区")
    names = index.building_names[answer.found.building]
    if len(names) > 1 and answer.found.trust is Trust.EXACT:
        missing.extend(f"缺“{name}”" for name in names if name not in spelling)
    return missing


def conventions_used(pieces: tuple[Piece, ...], standard_text: str) -> list[str]:
    """Spelling conventions worth a word (栋 written 座); they cost no grade."""
    return [
        f"“栋”写作“{piece.unit}”"
        for piece in pieces
        if piece.kind is Kind.BUILDING
        and piece.unit != "栋"
        and f"{piece.value}栋" in standard_text
    ]


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
            "why": in_words_of("；".join(answer.variations), answer.text),
        }
        for parts, answer in scored
    )
    best = scored[0][1]
    reason = (
        f"有 {len(answers)} 处可能，不能确定" if len(answers) > 1 else "只有一处相近，但证据不足"
    )
    words = in_words_of("；".join([reason, *best.variations]), best.text)
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
        "room": _room_score(answer),
    }


def _room_score(answer: Answer) -> int:
    if answer.level is Level.ROOM:
        # Because a room read past a doubt (4402 as 4层402) is less likely than that it does not exist.
        return 5 if answer.trust is Trust.GUESS and answer.found.trust < Trust.GUESS else 20
    return 10 if answer.room.names_no_room or answer.trust is Trust.GUESS else 0


def grade_divisions(
    head: HeadReading, pieces: tuple[Piece, ...], spelling: str, index: PlaceIndex
) -> WashedAddress:
    """No building found: the deepest division the text names, as sure as the text is."""
    divisions = head.divisions
    number, is_sure = deepest_division(head, index)
    if number < 0:
        return nothing_found(_what_was_understood(head))
    division = index.book.divisions[number]
    variations = [*divisions.variations, *divisions.weak]
    leftover = bool(divisions.rest) or bool(pieces)
    level = Level(division.level)
    if leftover and index.holds_buildings and not _names_only_a_level(head, pieces):
        reasons = [f"{_what_is_missing(head, pieces)}，只能到{division.name}", *variations]
        candidate = {
            "address_code": division.code, "level": division.level, "text": division.standard_text,
            "score": 20, "parts": {"divisions": 20, "name": 0, "number": 0, "room": 0}, "why": reasons[0],
        }  # fmt: skip
        return WashedAddress(
            division.code, level, Grade.C, division.standard_text, "；".join(reasons), (candidate,),
            unknown_place=_unknown_building(head, pieces),
        )  # fmt: skip
    if OTHER_SUBDISTRICT in divisions.weak:
        return _candidates_of_divisions(divisions, index)
    several = () if leftover else _divisions_of_bare_name(spelling, index)
    if len(several) > 1:
        return _offer_divisions(several, "不止一级区划叫这个名字", index)
    is_standard = not leftover and _is_written_in_full(division.name, spelling)
    if division.level == "subdistrict" and not is_standard and index.book.has_split(number):
        variations.append(f"{division.name}后来分出过别的街道，以文字为准")
    grade = Grade.A if is_sure and not variations else Grade.B
    if leftover and index.holds_buildings:
        variations.append(f"“{head.written_name}”在{division.name}，没有写门牌")
        grade = Grade.B
    elif leftover:
        variations.append(f"以下部分超出本库：到{_LEVEL_NAMES[division.level]}为止")
    words = "；".join(variations) if variations else AS_STANDARD
    return WashedAddress(division.code, level, grade, division.standard_text, words)


def _what_is_missing(head: HeadReading, pieces: tuple[Piece, ...]) -> str:
    """The name, or its number where the name is the library's own (石桥村99号)."""
    is_known = bool(head.names) and head.names[0].trust is Trust.EXACT
    if is_known and pieces and pieces[0].kind in (Kind.HOUSE, Kind.BUILDING):
        return f"库中“{head.names[0].name}”没有{pieces[0].value}{pieces[0].unit}"
    return f"“{head.written_name or '门牌'}”在库中找不到"


def _unknown_building(head: HeadReading, pieces: tuple[Piece, ...]) -> str:
    """name|number of a building the library lacks; empty where the text gives no name or no number for it."""
    if not head.written_name or not pieces or pieces[0].kind not in (Kind.HOUSE, Kind.BUILDING):
        return ""
    return f"{head.written_name}|{pieces[0].value}"


def _candidates_of_divisions(divisions: DivisionReading, index: PlaceIndex) -> WashedAddress:
    """Community and sub-district contradict each other: both are offered."""
    words = "；".join([*divisions.variations, *divisions.weak])
    numbers = (*divisions.communities, *divisions.subdistricts)
    return _offer_divisions(numbers, OTHER_SUBDISTRICT, index, words=words)


def _is_written_in_full(name: str, spelling: str) -> bool:
    """坪山街道, and not 坪山镇 or 坪山街道办事处, which once were larger."""
    return name in spelling and f"{name}办" not in spelling


def _divisions_of_bare_name(spelling: str, index: PlaceIndex) -> tuple[int, ...]:
    """District and sub-district that bear the name which is all that is written (坪山)."""
    book = index.book
    bare = without_city(spelling, book).strip(",-")
    for name in (*book.provinces, *book.cities):
        bare = bare.removeprefix(name)
    levels = ("district", "subdistrict", "community")
    return tuple(number for level in levels for number in book.by_core[level].get(bare, ()))


def _offer_divisions(
    numbers: Sequence[int], why: str, index: PlaceIndex, *, words: str = ""
) -> WashedAddress:
    found = [index.book.divisions[number] for number in numbers[:MOST_CANDIDATES]]
    candidates = tuple(
        {
            "address_code": division.code, "level": division.level, "text": division.standard_text,
            "score": 15, "parts": {"divisions": 15, "name": 0, "number": 0, "room": 0},
            "why": why,
        }
        for division in found
    )  # fmt: skip
    best = found[0]
    return WashedAddress(
        best.code, Level(best.level), Grade.C, best.standard_text, words or why, candidates
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


def _what_was_understood(head: HeadReading) -> str:
    understood = []
    if head.divisions.has_city:
        understood.append("只读出城市")
    if head.divisions.unknown_subdistrict:
        understood.append(f"街道“{head.divisions.unknown_subdistrict}”库中没有")
    return "；".join(["文字中没有本库认得的区、街道、社区或地名", *understood])
