"""The part of a text that says where, without remarks, names of people and telephone numbers: what an alias keeps.

Cut in three steps: the clause the wash answered; without what leads up to the place and without brackets; up to the
last number that belongs to the place. A person sees the result before it is kept and may shorten it, never add to it.
"""

from __future__ import annotations

import re

from kuai.address.engine.normalising import split_brackets, to_one_spelling
from kuai.address.engine.segmenting import Kind, Piece, read_tail, split_head
from kuai.guard.free_text import find_somebody
from kuai.kit.errors import Refusal

# The longest standard address of the city has 62 characters (measured on the shared sample, 2026-11-22).
LONGEST_PLACE = 80
SHORTEST_PLACE = 3
_ROOMS = frozenset({Kind.ROOM, Kind.SHOP})
# A name before any room number may be an estate's; behind one it is a remark, and so is a long one.
_LONGEST_ESTATE = 10
_PERSONAL = re.compile(
    r"先生|女士|小姐|阿姨|师傅|老板|电话|手机|联系|微信|身份证|姓名|房东|租客|户主|业主|本人|投诉|举报|反映"
    r"|(?<!\d)\d{7,}"
)


def place_part(spelling: str, *, lead: str) -> str:
    """The place in the text that the wash read as `spelling`, in the one spelling; empty where it names none.

    `lead`: what the wash saw stand before the place.
    """
    plain = split_brackets(spelling).plain
    if lead and plain.startswith(lead):
        plain = plain[len(lead) :]
    plain = plain.strip(",-")
    head, tail = split_head(plain)
    pieces = read_tail(tail)
    kept = pieces[: _count_place_pieces(pieces)]
    part = (head + _prefix_of(tail, kept)).strip(",-")[:LONGEST_PLACE]
    # A number that leads the text is somebody's, not a place: nothing is offered rather than that.
    return "" if _is_about_people(part) or part.isdigit() else part


def _is_about_people(spelling: str) -> bool:
    return _PERSONAL.search(spelling) is not None or bool(find_somebody(spelling))


def _count_place_pieces(pieces: tuple[Piece, ...]) -> int:
    """How many pieces from the front still say where; the last of them is a number."""
    count, has_room = 0, False
    for position, piece in enumerate(pieces):
        if piece.kind is Kind.BREAK:
            break
        if piece.kind is Kind.NAME:
            if has_room or len(piece.value) > _LONGEST_ESTATE:
                break
            continue
        count = position + 1
        has_room = has_room or piece.kind in _ROOMS or _is_bare_room(piece)
    return count


def _is_bare_room(piece: Piece) -> bool:
    return piece.kind is Kind.BARE and len(piece.value) >= 3


def _prefix_of(tail: str, kept: tuple[Piece, ...]) -> str:
    """The beginning of the tail that reads as the kept pieces: pieces do not know where they stood."""
    if not kept:
        return ""
    ends = [end for end in range(1, len(tail) + 1) if read_tail(tail[:end]) == kept]
    return tail[: min(ends)] if ends else ""


def require_place_text(kept: str, *, within: str) -> str:
    """What is to be kept, in the one spelling; refuses what the text does not say, and what is about people."""
    spelling = to_one_spelling(kept).strip(",-")
    if not SHORTEST_PLACE <= len(spelling) <= LONGEST_PLACE or spelling.isdigit():
        raise Refusal(
            "alias.text",
            f"要保存的地点文字为 {SHORTEST_PLACE} 到 {LONGEST_PLACE} 字，不能只有数字。",
        )
    if spelling not in split_brackets(to_one_spelling(within)).plain:
        raise Refusal(
            "alias.not_in_text",
            "要保存的文字只能从原文里截短，不能添改。",
            next_step="如果地点另有名称，请在地址库里给它加别名。",
        )
    if _is_about_people(spelling):
        raise Refusal(
            "alias.personal",
            "要保存的文字里有说到人的话（姓加某、先生、女士、家的等）或长号码。",
            next_step="只留下说地点的部分。",
        )
    return spelling
