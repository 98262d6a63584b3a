"""Where an answer is not the place whose door was found: aliases, and entries that ended and have successors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kuai.address.engine.finding import Found
from kuai.address.engine.names import Trust
from kuai.address.engine.place_index import Ending, OtherText, Place, PlaceIndex
from kuai.address.engine.rooms import Answer, find_room
from kuai.address.types import EventKind, Grade, Level, WashedAddress

# A successor may itself have ended meanwhile; the index follows such steps, so two rounds are room and building.
MOST_ROUNDS = 4
_ENDING_WORDS = {
    str(EventKind.SPLIT): "已拆分，今为“{}”",
    str(EventKind.MERGED): "已并入“{}”",
    str(EventKind.RENUMBERED): "已改号为“{}”",
    str(EventKind.DEMOLISHED): "已拆除，原处今为“{}”",
}
_GONE_WORDS = {str(EventKind.DEMOLISHED): "已拆除"}
_KINDS_BEHIND = {
    "district": "新区|功能区|区|县|市",
    "subdistrict": "街道|办事处|镇|乡|街|办",
    "community": "社区|居委会|居民委员会|村委会|村民委员会|工作站",
}


def answer_by_whole_text(texts: Sequence[OtherText]) -> WashedAddress:
    """A text that people confirmed or gave as another name: B, or C where it was given to several places."""
    if len(texts) == 1:
        place = texts[0].place
        return WashedAddress(place.code, Level(place.level), Grade.B, place.text, texts[0].words)
    candidates = tuple(
        {
            "address_code": one.place.code, "level": one.place.level, "text": one.place.text,
            "score": 100, "parts": {"divisions": 20, "name": 40, "number": 20, "room": 20}, "why": one.words,
        }
        for one in texts
    )  # fmt: skip
    best = texts[0].place
    words = f"有 {len(texts)} 处可能，不能确定；{texts[0].words}"
    return WashedAddress(best.code, Level(best.level), Grade.C, best.text, words, candidates)


def answer_elsewhere(where: str) -> WashedAddress:
    """Another province, city, district or sub-district is written: nothing else counts."""
    return WashedAddress(None, None, Grade.D, "", f"写明在“{where}”，不在本库范围")


def take_other_doors(found: list[Found], index: PlaceIndex) -> list[Found]:
    """The buildings behind aliases' doors, said so; buildings that ended only where no living one was found."""
    meta = index.meta
    if all(one.building < meta.answering for one in found):
        return found
    own = [one for one in found if one.building < meta.answering]
    known = {one.building for one in own}
    ended = []
    for one in found:
        behind = meta.other_doors.get(one.building)
        if behind is not None and behind[0] not in known:
            building, words = behind
            known.add(building)
            trust = max(one.trust, Trust.SURE)
            own.append(Found(building, trust, (*one.variations, words), one.rest))
        elif behind is None and one.building >= meta.answering:
            ended.append(one)
    return own or ended


def follow_endings(
    answers: Sequence[Answer], index: PlaceIndex, *, rounds: int = MOST_ROUNDS
) -> tuple[list[Answer], str]:
    """What is answered today for places that ended, and why nothing is, where nothing remains."""
    endings = index.meta.endings
    followed: dict[str, Answer] = {}
    reason = ""
    for answer in answers:
        ending = endings.get(answer.code)
        if ending is None:
            followed.setdefault(answer.code, answer)
            continue
        successors = list(_successors_of(answer, ending, index)) if rounds else []
        later, gone = (
            follow_endings(successors, index, rounds=rounds - 1) if successors else ([], "")
        )
        reason = reason or gone or _why_nothing(answer, ending, index)
        for one in later:
            followed.setdefault(one.code, one)
    return list(followed.values()), "" if followed else reason


def _why_nothing(answer: Answer, ending: Ending, index: PlaceIndex) -> str:
    building = index.building(answer.found.building)
    of_building = index.meta.endings.get(building.code)
    if not ending.kind and of_building is not None:
        return f"“{building.text}”{_GONE_WORDS.get(of_building.kind, '已停用')}，没有后继"
    return f"“{answer.text}”{_GONE_WORDS.get(ending.kind, '已停用')}，没有后继"


def _successors_of(answer: Answer, ending: Ending, index: PlaceIndex) -> Iterable[Answer]:
    if ending.successors:
        for place in ending.successors:
            yield from _answers_at(place, answer, _words_of(ending.kind, place), index)
        return
    if answer.level is not Level.ROOM:
        return
    # The room ended and nothing follows it: its building, or what follows the building.
    building = index.actual_building(answer.found.building)
    code, text = index.building_codes[building], index.building_texts[building]
    of_building = index.meta.endings.get(code)
    if not ending.kind and of_building is not None:
        for place in of_building.successors:
            yield from _answers_at(place, answer, _words_of(of_building.kind, place), index)
        return
    words = f"“{answer.text}”{_GONE_WORDS.get(ending.kind, '已停用')}，归到楼栋"
    yield _answer(answer, Place(code, "building", text, building), words, room_is_known=False)


def _answers_at(place: Place, answer: Answer, words: str, index: PlaceIndex) -> Iterable[Answer]:
    if place.level != "building":
        yield _answer(answer, place, words)
        return
    found = Found(
        place.building,
        max(answer.found.trust, Trust.SURE),
        (*answer.found.variations, words),
        answer.found.rest,
    )
    yield from find_room(found, index)


def _answer(answer: Answer, place: Place, words: str, *, room_is_known: bool = True) -> Answer:
    trust = max(answer.trust, Trust.SURE)
    building = place.building if place.building >= 0 else answer.found.building
    found = Found(building, trust, answer.found.variations, answer.found.rest)
    return Answer(
        found, answer.room, place.code, Level(place.level), place.text, trust,
        [*answer.variations, words], room_is_known=room_is_known,
    )  # fmt: skip


def _words_of(kind: str, place: Place) -> str:
    return _ENDING_WORDS.get(kind, "已停用，今为“{}”").format(place.text)


class DivisionRenamer:
    """Puts today's name where a head has a division's old or vernacular name, and says so."""

    def __init__(self, index: PlaceIndex) -> None:
        self._today: dict[str, tuple[str, str]] = {}
        patterns = []
        for level, kinds in _KINDS_BEHIND.items():
            others = [one for one in index.meta.other_divisions if one.level == level]
            for one in others:
                self._today[f"{level}|{one.written}"] = (one.today, one.words)
            if others:
                names = "|".join(
                    re.escape(one.written) for one in sorted(others, key=lambda o: -len(o.written))
                )
                patterns.append((level, re.compile(f"(?:{names})(?={kinds})")))
        self._patterns = patterns

    def rename(self, head: str) -> tuple[str, list[str]]:
        """The head with today's names, and what was renamed."""
        said: list[str] = []
        for level, pattern in self._patterns:
            match = pattern.search(head)
            if match is not None:
                today, words = self._today[f"{level}|{match.group()}"]
                head = head[: match.start()] + today + head[match.end() :]
                said.append(words)
        return head, said
