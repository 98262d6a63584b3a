"""Other orders and spellings of a text that the usual order could not make sure of.

Each is the same text put in the order or spelling that people usually write; none invents a character. The wash
tries them only where its first reading was unsure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from kuai.address.engine.divisions import DivisionBook
from kuai.address.engine.heads import MAY_BE_A_PLACE

_COMMA_IN_WORDS = re.compile(r"(?<![0-9A-Z]),+|,+(?![0-9A-Z])")
# 路69号(某某花园)4座: the estate between doorplate and block.
_NAME_IN_BRACKETS = re.compile(r"(?<=号)\(([\u4e00-\u9fff][^(),]*)\)(?=[0-9A-Z])")
_BRACKET = re.compile(r"\(([^(),]*)\)")
_DOUBLED = re.compile(r"([\u4e00-\u9fff])\1")
# 3-02房: a dash inside the number (blanks are dealt with where texts are normalised and washed); never 15-302, whose
# parts are two numbers.
_PARTED_NUMBER = re.compile(r"(?<![0-9A-Z\-])([0-9]{1,2})-(0[0-9])(?![0-9A-Z\-])")
_BEFORE_NUMBERS = re.compile(r"[^0-9A-Z]*")
# A part that cannot stand alone: the building or room was written before the place it lies in.
_NUMBER_PART = re.compile(r"[0-9A-Z\-]+(?:房|室|号|栋|座|幢|号楼|楼|层|单元|铺|#)?")
_ROOM_FIRST = re.compile(
    r"([0-9]{3,4}[A-Z]?(?:房|室)?)-?([\u4e00-\u9fff][^,()]*[0-9A-Z](?:号楼|号|栋|座|幢))([\u4e00-\u9fff]*)"
)
# ASCII and full width: the text is not in the one spelling yet.
_BLANK_IN_NUMBER = re.compile(r"(?<=[0-9A-Za-z０-９])\s+(?=[0-9０-９])")
_FIGURES_BEFORE = re.compile("[0-9]+$")
_FIGURES_BEHIND = re.compile(r"[0-9A-Z]+")
MOST_BLANKS = 4
# Longer texts with commas are sentences: their clauses are read one by one.
MOST_PARTS = 9
LONGEST_MENDED = 120


def mended_spellings(spelling: str, book: DivisionBook) -> Iterator[tuple[str, str]]:
    """(spelling, what was done) of each other way to read `spelling`; no words where only a convention differs."""
    if len(spelling) > LONGEST_MENDED:
        return
    yield from _divisions_from_brackets(spelling, book)
    joined = join_parted_numbers(spelling)
    if joined != spelling:
        yield joined, "数字中间断开，连起来读"
    if _NAME_IN_BRACKETS.search(spelling):
        yield _NAME_IN_BRACKETS.sub(r"\1", spelling), ""
    if "," in spelling:
        yield from _reordered(spelling, book)
    yield from _room_first(spelling, book)
    behind = book.start_of_divisions(spelling)
    if behind > 0 and not MAY_BE_A_PLACE.search(spelling[:behind]):
        # 2024年3月5日青湾区…: figures before the first division.
        yield spelling[behind:], "地址写在句中"
    start = _BEFORE_NUMBERS.match(spelling).end()  # type: ignore[union-attr]
    single, doubled = _DOUBLED.subn(r"\1", spelling[:start])
    if doubled:
        yield single + spelling[start:], "去掉重复的字"


def join_parted_numbers(spelling: str) -> str:
    """3-02房 as 302房 wherever that makes a room's number of three or four digits."""
    return _PARTED_NUMBER.sub(r"\1\2", spelling) if "-" in spelling else spelling


def has_parted_numbers(text: str) -> bool:
    """Does a blank stand between two numbers of the text as it was written?"""
    if text.isascii() or not (" " in text or "\u3000" in text or "\t" in text):
        return False
    return _BLANK_IN_NUMBER.search(text) is not None


def joined_numbers(text: str) -> Iterator[tuple[str, str, str]]:
    """The text with one of those blanks taken out, the last first; and the two parts."""
    text = unicodedata.normalize("NFKC", text[:LONGEST_MENDED]).upper()
    for blank in list(_BLANK_IN_NUMBER.finditer(text))[: -MOST_BLANKS - 1 : -1]:
        yield text[: blank.start()] + text[blank.end() :], *_parts_at(text, blank)


def _parts_at(text: str, blank: re.Match[str]) -> tuple[str, str]:
    left = _FIGURES_BEFORE.search(text, 0, blank.start())
    right = _FIGURES_BEHIND.match(text, blank.end())
    return left.group() if left else "", right.group() if right else ""


def _divisions_from_brackets(spelling: str, book: DivisionBook) -> Iterator[tuple[str, str]]:
    """广东省深圳市(青湾区)…, 石桥村3巷5号302(松涛街道石桥社区)."""
    if "(" not in spelling:
        return
    above: list[str] = []

    def take_out(bracket: re.Match[str]) -> str:
        if not _names_divisions(bracket.group(1), book):
            return bracket.group()
        above.append(bracket.group(1))
        return ""

    rest = _BRACKET.sub(take_out, spelling)
    if above:
        yield "".join(above) + rest.lstrip(",-"), ""


def _names_divisions(text: str, book: DivisionBook) -> bool:
    reading = book.read(text)
    has_read = reading.districts or reading.subdistricts or reading.communities or reading.has_city
    return bool(has_read) and not reading.rest


def _room_first(spelling: str, book: DivisionBook) -> Iterator[tuple[str, str]]:
    """102石桥村5号松涛街道 is 松涛街道石桥村5号102: the room first, the divisions last, or either of them."""
    match = _ROOM_FIRST.fullmatch(spelling)
    if match is None:
        return
    room, place, above = match.groups()
    if not above or _names_divisions(above, book):
        yield f"{above}{place}-{room}", "由小到大书写"


def _reordered(spelling: str, book: DivisionBook) -> Iterator[tuple[str, str]]:
    parts = [part for part in spelling.split(",") if part]
    if not 1 < len(parts) <= MOST_PARTS:
        return
    yield _COMMA_IN_WORDS.sub("", spelling), ""
    if _names_divisions(parts[-1], book):
        yield ",".join([parts[-1] + parts[0], *parts[1:-1]]), "区划写在后面"
    if _NUMBER_PART.fullmatch(parts[0]):
        yield "".join(reversed(parts)), "由小到大书写"
