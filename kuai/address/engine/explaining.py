"""A wash told as a colleague would: what was read and assumed, what fits, why not the next, what settles it.

For `kuai explain address` and the portal. Everything here is said of a Trail that is already decided.
"""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterable

from kuai.address.engine.grading import SCORE_CEILINGS
from kuai.address.engine.heads import HeadReading
from kuai.address.engine.names import Trust
from kuai.address.engine.normalising import LONGEST_TEXT
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.engine.quoting import as_written, in_words_of
from kuai.address.engine.rooms import Answer
from kuai.address.engine.segmenting import UNSAID_NUMBER, Kind, Piece
from kuai.address.engine.washing import Trail
from kuai.address.types import ExplainStep, Grade, Level

_TRUST_WORDS = {
    Trust.EXACT: "库中就有",
    Trust.SURE: "有把握",
    Trust.NEEDS_PROOF: "要有房号印证才算",
    Trust.GUESS: "只能供参考",
}
_GRADE_WORDS = {
    Grade.A: "A 精确：只有书写习惯不同",
    Grade.B: "B 可靠：差异已列明",
    Grade.C: "C 候选：不能确定，请人工判断",
    Grade.D: "D 未找到",
}
_KIND_WORDS = {
    Kind.HOUSE: "门牌",
    Kind.BUILDING: "楼栋",
    Kind.STAIR: "单元",
    Kind.FLOOR: "楼层",
    Kind.ROOM: "房号",
    Kind.SHOP: "商铺",
    Kind.PART: "之",
    Kind.BARE: "号码",
    Kind.NAME: "文字",
}
_PART_WORDS = {"divisions": "区划", "name": "地名", "number": "门牌", "room": "房号"}
_MOST_NAMED = 3


def explain_trail(text: str, trail: Trail, index: PlaceIndex) -> list[ExplainStep]:
    """One step a line, in the order in which a colleague would tell it."""
    steps = [ExplainStep("原文", text), ExplainStep("读作", _segments_in_words(text, trail, index))]
    if trail.asides:
        steps.append(ExplainStep("括号里的附注", "；".join(trail.asides)))
    if trail.head is not None:
        steps.append(ExplainStep("地名", _named(trail, text)))
        assumed = _assumed(trail, index)
        if assumed:
            steps.append(ExplainStep("没有写明", assumed))
    steps.extend(_scores(trail))
    answer = trail.answer
    steps.append(ExplainStep("结论", _GRADE_WORDS[answer.grade]))
    if answer.address_code:
        steps.append(ExplainStep("标准地址", f"{answer.matched_text}（{answer.address_code}）"))
    steps.append(ExplainStep("理由", answer.explanation))
    other = _why_not_the_next(trail)
    if other:
        steps.append(ExplainStep("为何不是第二名", other))
    settles = _what_would_settle(trail)
    if settles:
        steps.append(ExplainStep("怎样能确定", in_words_of(settles, text)))
    return steps


def _segments_in_words(text: str, trail: Trail, index: PlaceIndex) -> str:
    """青湾区（区）｜石桥村三巷（地名）｜5号（门牌）｜302（房号）."""
    head = trail.head
    if head is None:
        return "（空）"
    divisions = head.divisions
    parts = [f"{divisions.elsewhere}（本库以外）"] if divisions.elsewhere else []
    for written, label in (
        (divisions.districts, "区"),
        (divisions.subdistricts, "街道"),
        (divisions.communities, "社区"),
    ):
        if written:
            names = "或".join(index.book.divisions[number].name for number in written[:_MOST_NAMED])
            parts.append(f"{names}（{label}）")
    if divisions.unknown_subdistrict:
        parts.append(f"{divisions.unknown_subdistrict}（库中没有的街道）")
    if head.written_name and not divisions.elsewhere:
        parts.append(f"{as_written(head.written_name, text) or head.written_name}（地名）")
    parts.extend(
        UNSAID_NUMBER
        if piece.value == UNSAID_NUMBER
        else f"{_as_read(piece, text)}（{_label_of(trail.pieces, position)}）"
        for position, piece in enumerate(trail.pieces)
        if piece.kind is not Kind.BREAK or piece.value == UNSAID_NUMBER
    )
    if len(text) > LONGEST_TEXT:
        parts.append(f"（只读前 {LONGEST_TEXT} 字）")
    return "｜".join(parts) if parts else "没有读出地址"


def _as_read(piece: Piece, text: str) -> str:
    if piece.kind is Kind.NAME:
        return as_written(piece.value, text) or piece.value
    return f"之{piece.value}" if piece.kind is Kind.PART else piece.value + piece.unit


def _label_of(pieces: tuple[Piece, ...], position: int) -> str:
    kind = pieces[position].kind
    return "房号" if kind is Kind.BARE and len(pieces[position].value) > 2 else _KIND_WORDS[kind]


def _named(trail: Trail, text: str) -> str:
    assert trail.head is not None
    words = in_words_of(_names_in_words(trail.head), trail.answer.matched_text)
    return in_words_of(words, text)


def _names_in_words(head: HeadReading) -> str:
    if not head.names:
        return f"库中没有“{head.written_name}”" if head.written_name else "没有写"
    return "；".join(
        f"“{name.name}”{_TRUST_WORDS[name.trust]}"
        + (f"（{name.variation}）" if name.variation else "")
        for name in head.names[:_MOST_NAMED]
    )


def _assumed(trail: Trail, index: PlaceIndex) -> str:
    """Levels the text leaves out, and where they were taken from."""
    head, answer = trail.head, trail.answer
    assert head is not None
    if answer.grade not in (Grade.A, Grade.B) or len(trail.answers) != 1:
        return ""
    written = head.divisions
    chain = index.book.ancestors(index.building_communities[trail.answers[0].found.building])
    missing = [
        index.book.divisions[number].name
        for number, said in zip(
            chain, (written.districts, written.subdistricts, written.communities), strict=True
        )
        if number >= 0 and not said
    ]
    return f"{'、'.join(missing)}：按地名认定，库中别处没有" if missing else ""


def _scores(trail: Trail) -> list[ExplainStep]:
    steps = []
    for candidate in trail.answer.candidates:
        parts = candidate["parts"]
        assert isinstance(parts, dict)
        words = "，".join(
            f"{_PART_WORDS[part]} {parts[part]}/{ceiling}"
            for part, ceiling in SCORE_CEILINGS.items()
        )
        why = f"；{candidate['why']}" if candidate.get("why") else ""
        words = f"{candidate['text']}：{candidate['score']}（{words}{why}）"
        steps.append(ExplainStep("候选得分", words))
    return steps


def _why_not_the_next(trail: Trail) -> str:
    candidates = trail.answer.candidates
    if len(candidates) < 2:
        return ""
    first, second = candidates[0], candidates[1]
    here, there = _where_they_differ([str(first["text"]), str(second["text"])])
    if first["score"] == second["score"]:
        return f"两处同分，只差“{here}”与“{there}”，文字分不出"
    parts, others = first["parts"], second["parts"]
    assert isinstance(parts, dict)
    assert isinstance(others, dict)
    weaker = [
        f"{_PART_WORDS[part]} {others[part]}<{parts[part]}"
        for part in SCORE_CEILINGS
        if others[part] < parts[part]
    ]
    return f"“{there or second['text']}”{'、'.join(weaker)}；差得不多，不敢替您选"


def _where_they_differ(texts: list[str]) -> list[str]:
    """The middle of each text, without what all share at the front and at the end; units stay whole."""
    front = len(os.path.commonprefix(texts))
    while front and _is_figure(texts[0][front - 1]):
        front -= 1
    rests = [text[front:] for text in texts]
    shared = os.path.commonprefix([rest[::-1] for rest in rests])[::-1]
    shared = shared.lstrip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    unit = _UNIT_END.match(shared)
    keep = len(shared) - (unit.end() if unit else 0)
    return [rest[: len(rest) - keep] if keep else rest for rest in rests]


# 望海社|区, 1|单元: what differs is named with its unit.
_UNIT_END = re.compile("(?:单?元|号楼|街?道|社?区|工业区|[号栋座房室阁轩楼巷坊排村围路期])")


def _is_figure(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _what_would_settle(trail: Trail) -> str:
    answer, head = trail.answer, trail.head
    if answer.grade is Grade.D:
        if head is not None and head.divisions.elsewhere:
            return f"若确在本库范围，请核对“{head.divisions.elsewhere}”是否写错"
        return "写上街道、社区，或小区、道路的名称和门牌"
    if answer.grade is Grade.C:
        return _settling_words(trail)
    if any(not one.room_is_known for one in trail.answers):
        number = trail.answers[0].room.number
        return f"若“{number}”房确实存在，请向地址库申请新增"
    return ""


def _settling_words(trail: Trail) -> str:
    answers = trail.answers
    if not answers:
        name = trail.head.written_name if trail.head else ""
        return (
            f"核对“{name}”；若是新地名，请向地址库申请新增"
            if name
            else "写上小区或道路的名称和门牌"
        )
    if len(answers) == 1:
        return _settling_one(answers[0], trail)
    if len({answer.found.building for answer in answers}) == 1:
        if all(answer.level is Level.ROOM for answer in answers):
            return f"写上单元即可确定：{_choices(answers)}"
        return f"核对房号：是“{answers[0].room.number}”，还是漏写了楼层"
    if len({answer.text.rsplit("社区", 1)[-1] for answer in answers}) == 1:
        return f"写上社区即可确定：{_choices(answers)}"
    return f"写清是哪一处即可确定：{_choices(answers)}"


def _choices(answers: Iterable[Answer]) -> str:
    texts = [answer.text for answer in answers]
    words = _where_they_differ(texts[: _MOST_NAMED + 1])[:_MOST_NAMED]
    return " 或 ".join(words) + ("……" if len(texts) > _MOST_NAMED else "")


def _settling_one(answer: Answer, trail: Trail) -> str:
    written = trail.head.written_name if trail.head else ""
    if answer.level is Level.ROOM or answer.room.names_no_room:
        return f"核对“{written}”；若就是这里，确认一次，以后按别名直接认定"
    return f"核对“{written}”和房号“{answer.room.number}”，两样都对不上"
