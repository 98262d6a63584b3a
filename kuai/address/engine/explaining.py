"""A wash told step by step, as a colleague would: for `kuai explain address` and the portal."""

from __future__ import annotations

from kuai.address.engine.grading import SCORE_CEILINGS
from kuai.address.engine.heads import HeadReading
from kuai.address.engine.names import Trust
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.engine.segmenting import Kind
from kuai.address.engine.washing import Trail
from kuai.address.types import ExplainStep, Grade

_TRUST_WORDS = {
    Trust.EXACT: "与库中一致",
    Trust.SURE: "有把握",
    Trust.NEEDS_PROOF: "须有房号印证",
    Trust.GUESS: "仅供参考",
}
_GRADE_WORDS = {
    Grade.A: "A 精确：只有书写习惯不同",
    Grade.B: "B 可靠：差异已列明",
    Grade.C: "C 候选：不能确定，请人工判断",
    Grade.D: "D 未找到",
}


def explain_trail(text: str, trail: Trail, index: PlaceIndex) -> list[ExplainStep]:
    """One step a line, in the order of the engine."""
    steps = [ExplainStep("原文", text), ExplainStep("统一写法", trail.spelling or "（空）")]
    if trail.asides:
        steps.append(ExplainStep("括号里的附注", "；".join(trail.asides)))
    if trail.head is not None:
        steps.append(ExplainStep("行政区划", _divisions_in_words(trail.head, index)))
        steps.append(ExplainStep("地名", _names_in_words(trail.head)))
        steps.append(ExplainStep("门牌与房号", _pieces_in_words(trail)))
    steps.extend(
        ExplainStep("可能", f"{answer.text}（{answer.code}，{_TRUST_WORDS[answer.trust]}）")
        for answer in trail.answers[:10]
    )
    steps.extend(_scores(trail))
    answer = trail.answer
    steps.append(ExplainStep("结论", _GRADE_WORDS[answer.grade]))
    if answer.address_code:
        steps.append(ExplainStep("标准地址", f"{answer.matched_text}（{answer.address_code}）"))
    steps.append(ExplainStep("理由", answer.explanation))
    return steps


def _divisions_in_words(head: HeadReading, index: PlaceIndex) -> str:
    divisions = head.divisions
    if divisions.elsewhere:
        return f"在“{divisions.elsewhere}”，不属本库"
    words = [
        "或".join(index.book.divisions[number].name for number in numbers)
        for numbers in (divisions.districts, divisions.subdistricts, divisions.communities)
        if numbers
    ]
    words.extend(divisions.variations + divisions.weak)
    if divisions.unknown_subdistrict:
        words.append(f"库中没有街道“{divisions.unknown_subdistrict}”")
    return "；".join(words) if words else "没有写明"


def _names_in_words(head: HeadReading) -> str:
    if not head.names:
        return f"“{head.written_name}”库中没有" if head.written_name else "没有写"
    return "；".join(
        f"“{name.name}”{_TRUST_WORDS[name.trust]}"
        + (f"（{name.variation}）" if name.variation else "")
        for name in head.names
    )


def _pieces_in_words(trail: Trail) -> str:
    words = [
        piece.value + (piece.unit or str(piece.kind))
        if piece.kind is not Kind.NAME
        else f"“{piece.value}”"
        for piece in trail.pieces
        if piece.kind is not Kind.BREAK
    ]
    return " · ".join(words) if words else "没有写"


def _scores(trail: Trail) -> list[ExplainStep]:
    steps = []
    for candidate in trail.answer.candidates:
        parts = candidate["parts"]
        assert isinstance(parts, dict)
        words = "，".join(
            f"{_PART_WORDS[part]} {parts[part]}/{ceiling}"
            for part, ceiling in SCORE_CEILINGS.items()
        )
        steps.append(
            ExplainStep("候选得分", f"{candidate['text']}：{candidate['score']}（{words}）")
        )
    return steps


_PART_WORDS = {"divisions": "区划", "name": "地名", "number": "门牌", "room": "房号"}
