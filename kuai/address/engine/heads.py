"""Third and fourth step together: what the naming part of a text says above and of the place.

Divisions are peeled off the front; what remains is the place's own name, which may stand in a sentence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kuai.address.engine.divisions import DivisionReading, is_sentence_lead
from kuai.address.engine.names import (
    NameReading,
    Trust,
    find_name_at_end,
    read_name,
)
from kuai.address.engine.place_index import PlaceIndex
from kuai.address.engine.segmenting import Kind, Piece
from kuai.address.engine.villages import read_next


@dataclass(slots=True)
class HeadReading:
    """What the naming part says: divisions and the names the place may have."""

    divisions: DivisionReading
    names: tuple[NameReading, ...]
    lead: str = ""
    # Names of an estate written before its doorplate: the building found must bear one of them.
    swapped: frozenset[str] = frozenset()

    @property
    def written_name(self) -> str:
        return self.divisions.rest


def read_head(head_text: str, index: PlaceIndex) -> HeadReading:
    """Read divisions, then the name; try the head's bare names and sentence leads where that explains nothing."""
    head_text = head_text.lstrip(",-")
    divisions = index.book.read(head_text)
    names = read_name(divisions.rest, index)
    if divisions.elsewhere or not divisions.rest or (names and names[0].trust is Trust.EXACT):
        return HeadReading(divisions, names)
    elsewhere = index.book.elsewhere_in(divisions.rest)
    if elsewhere:
        return lying(HeadReading(divisions, ()), elsewhere)
    if divisions.rest == head_text and not names:
        behind = _read_behind_words(head_text, index)
        if behind is not None:
            return behind
    return _read_harder_head(divisions, names, index)


def lying(head: HeadReading, elsewhere: str) -> HeadReading:
    """The head with a place outside the library written in the text."""
    divisions = _copy(head.divisions)
    divisions.elsewhere = elsewhere
    return HeadReading(divisions, head.names, head.lead, head.swapped)


def find_elsewhere(head: HeadReading, pieces: tuple[Piece, ...], index: PlaceIndex) -> str:
    """A place outside the library written behind the head and before the text's own place; empty if none."""
    is_place = bool(head.names) and head.names[0].trust < Trust.GUESS
    if is_place and pieces and pieces[0].kind not in (Kind.NAME, Kind.BREAK):
        return ""
    written = [piece.value for piece in pieces if piece.kind is Kind.NAME]
    for at, words in enumerate(written):
        elsewhere = index.book.elsewhere_in(words)
        if elsewhere:
            before = (name for one in written[: at + 1] for name in read_name(one, index))
            return "" if any(name.trust < Trust.GUESS for name in before) else elsewhere
    return ""


def _read_behind_words(head_text: str, index: PlaceIndex) -> HeadReading | None:
    """咨询广东省深圳市…: words that name no place, then the address from its divisions on."""
    start = index.book.start_of_divisions(head_text)
    words = head_text[: max(start, 0)]
    if start < 1 or len(words) > LONGEST_WORDS_BEFORE or MAY_BE_A_PLACE.search(words):
        return None
    head = read_head(head_text[start:], index)
    if head.divisions.elsewhere or head.divisions.rest == head_text[start:]:
        return None
    divisions = _copy(head.divisions)
    divisions.variations.append("地址写在句中")
    return HeadReading(divisions, head.names, words, head.swapped)


LONGEST_WORDS_BEFORE = 40
# What is left of 石桥行政村 when 石桥 was read as the community.
_OLD_WORDS = frozenset({"行政村", "管理区", "村"})
MAY_BE_A_PLACE = re.compile("[省市县镇乡街村巷道]|(?<!小)区|路(?![过上边])|香港|澳门|台湾")


def _read_harder_head(
    divisions: DivisionReading,
    names: tuple[NameReading, ...],
    index: PlaceIndex,
) -> HeadReading:
    rest = divisions.rest
    ending = find_name_at_end(rest, index)
    # Because 下搪浪高新工业区 is 下塘浪高新工业区 rather than 高新工业区 behind 下塘浪, a sure slip goes first.
    if ending is not None and not (names and names[0].trust is Trust.SURE):
        lead, name = ending
        explained = explain_lead(lead, divisions, index)
        if explained is not None:
            swapped = _names_of_lead(explained.rest, index)
            return HeadReading(explained, (NameReading(name, Trust.EXACT),), lead, swapped)
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
    return (
        index.book.read_bare(reading) if index.holds_buildings else read_next(reading, index.book)
    )


def explain_lead(
    lead: str, divisions: DivisionReading, index: PlaceIndex
) -> DivisionReading | None:
    """What stands between the divisions and the name: bare divisions, or a sentence's beginning; else None."""
    again = _copy(divisions)
    again.rest = lead
    while again.rest and index.book.read_bare(again):
        pass
    is_old_word = again.communities and again.rest in _OLD_WORDS
    if not again.rest or is_old_word or index.book.read_old_community(again):
        again.rest = ""
        return again
    if _names_of_lead(again.rest, index):
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


def _names_of_lead(lead: str, index: PlaceIndex) -> frozenset[str]:
    readings = read_name(lead, index) if lead else ()
    return frozenset(name.name for name in readings if name.trust <= Trust.SURE)


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
