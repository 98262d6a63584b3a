"""Issuing codes: the next free number under what an entry stands in. A code freezes the grid of its day (0005)."""

from __future__ import annotations

from kuai.address.life.moves import LEVEL_WORDS
from kuai.address.life.shapes import LibraryView
from kuai.address.types import Level
from kuai.kit.errors import Refusal
from kuai.kit.place_codes import LEVEL_BY_LENGTH, is_division_code

_LENGTH = {Level(level): length for length, level in LEVEL_BY_LENGTH.items()}
# Of a code of each length: how many digits stand before its own number.
PREFIX_OF_LENGTH = {6: 4, 9: 6, 12: 9, 14: 12, 19: 14, 25: 19}


def is_of_scheme(code: str) -> bool:
    """Whether a code has the form of Shenzhen's scheme, so that its length tells its level."""
    return len(code) in PREFIX_OF_LENGTH and code.isdigit() and is_division_code(code[:6])


class CodeIssuer:
    """Gives out free numbers within one event; a number given once is given to nobody else, ever."""

    def __init__(self, library: LibraryView) -> None:
        self._library = library
        self._taken: dict[tuple[str, int], set[int]] = {}

    def issue(self, level: Level, parent_code: str, *, like: str = "") -> str:
        """The code of a new entry of `level` under `parent_code`.

        The number of `like` (a room's old code) is kept where it is free; else it is the next after the highest.
        """
        length = _LENGTH[level]
        width = PREFIX_OF_LENGTH[length]
        # A building right under a community has a grid of 00.
        prefix = parent_code.ljust(width, "0") if len(parent_code) <= width else ""
        if not is_of_scheme(prefix.ljust(length, "0")):
            raise Refusal(
                "library.code_not_issued",
                f"上级 {parent_code} 不是 25 位编码体系的编码，不能自动编号。",
                next_step="请写明新编码。",
            )
        taken = self._numbers(prefix, length)
        most = 10 ** (length - width) - 1
        number = int(like[width:]) if len(like) == length and like.isdigit() else 0
        if not number or number in taken:
            number = max(taken, default=0) + 1
        if number > most:
            number = next((free for free in range(1, most + 1) if free not in taken), 0)
        if not number:
            raise Refusal(
                "library.codes_used_up",
                f"{parent_code} 下的{LEVEL_WORDS[level]}编号已经用完。",
                next_step="先建新的网格，再在那里编号。",
            )
        taken.add(number)
        return f"{prefix}{number:0{length - width}d}"

    def take(self, code: str) -> None:
        """A code the steward wrote: remembered, so that it is not issued again within this event."""
        width = PREFIX_OF_LENGTH.get(len(code))
        if width is not None and code.isdigit():
            self._numbers(code[:width], len(code)).add(int(code[width:]))

    def _numbers(self, prefix: str, length: int) -> set[int]:
        known = self._taken.get((prefix, length))
        if known is None:
            known = set(self._library.issued_numbers(prefix, length))
            self._taken[prefix, length] = known
        return known
