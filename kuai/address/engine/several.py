"""Several addresses in one text, each washed: 某花园1栋101；某某村三巷5号302和304.

A part is an address of its own where the wash leads from it to a building or room; what does not (a second room, a
remark) stays with the address before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kuai.address.engine.grading import SURE_OF_PLACE, sureness_of
from kuai.address.types import WashedAddress

# A list may be long; a text of more parts is no list of addresses.
MOST_PARTS = 50
_STRONG = re.compile(r"[;；\n\r。|]+|[,，、]\s*(?=[^0-9A-Za-z])|(?<=[\s])(?=[0-9]{1,2}[.、)）])")
_JOINT = re.compile(r"(?:以及|还有|另有|和|及|与)(?=[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class AddressSpan:
    """One address of a text: where it stands, its words, and what the wash made of it."""

    start: int
    end: int
    text: str
    answer: WashedAddress


def wash_all(text: str, wash: Callable[[str], WashedAddress]) -> list[AddressSpan]:
    """Every address of `text` in order; the whole text as one where it does not come apart."""
    spans: list[tuple[int, int]] = []
    for start, end in _parts_of(text):
        for part in _split_at_joints(text, start, end, wash):
            if not spans or _names_a_place(wash(text[part[0] : part[1]])):
                spans.append(part)
            else:
                spans[-1] = (spans[-1][0], part[1])
    if len(spans) > 1 and not _names_a_place(wash(text[slice(*spans[0])])):
        # 市民来电，某某村…: what leads up to the first address belongs to it.
        spans[:2] = [(spans[0][0], spans[1][1])]
    return [AddressSpan(start, end, text[start:end], wash(text[start:end])) for start, end in spans]


def _parts_of(text: str) -> list[tuple[int, int]]:
    parts, start = [], 0
    for mark in _STRONG.finditer(text):
        if mark.start() > start:
            parts.append((start, mark.start()))
        start = mark.end()
    if start < len(text):
        parts.append((start, len(text)))
    return parts if 0 < len(parts) <= MOST_PARTS else [(0, len(text))]


def _split_at_joints(
    text: str, start: int, end: int, wash: Callable[[str], WashedAddress]
) -> list[tuple[int, int]]:
    """甲路1号和乙路2号 comes apart, 和平路1号 does not: both sides must be places."""
    for mark in _JOINT.finditer(text, start + 1, end):
        if _names_a_place(wash(text[start : mark.start()])) and _names_a_place(
            wash(text[mark.end() : end])
        ):
            rest = _split_at_joints(text, mark.end(), end, wash)
            return [(start, mark.start()), *rest]
    return [(start, end)]


def _names_a_place(answer: WashedAddress) -> bool:
    return sureness_of(answer) >= SURE_OF_PLACE - 1
