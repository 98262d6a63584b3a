"""Folds delivered cells (NFKC, trimmed) and tells which signs a column holds, so that nothing is done in vain. Pure.

One look at a column's bytes spares most columns the Unicode tables: numbers, days and names of plain characters.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

# What a normalised cell leaves out: gaps and the signs people type into numbers and names.
GAPS = " \t\r\n-—–_·.'’`•・‧，,。"

# Nothing folds these, they are no gaps and have no cases: digits, capitals, most ASCII signs, U+4000 to U+9FFF.
_PLAIN_LEADS = frozenset(range(0xE4, 0xEA))
_FOLLOWING = frozenset(range(0x80, 0xC0))
_SMALL = frozenset(range(ord("a"), ord("z") + 1))
_ASCII_GAPS = frozenset(ord(sign) for sign in GAPS if sign.isascii())
_BLANKS = frozenset({*range(0x09, 0x0E), *range(0x1C, 0x20), 0x20})
_PLAIN = bytes(
    sorted((frozenset(range(0x80)) - _SMALL - _ASCII_GAPS - _BLANKS) | _PLAIN_LEADS | _FOLLOWING)
)
_GAPS_OF_LEAD = {
    lead: frozenset(sign for sign in GAPS if sign.encode()[0] == lead)
    for lead in {sign.encode()[0] for sign in GAPS}
}
# First bytes of folded characters that have no cases: U+0080 to U+00BF, U+3000 to U+9FFF.
_CASELESS_LEADS = frozenset({0xC2, *range(0xE3, 0xEA)})


@dataclass(frozen=True)
class CellTraits:
    """What the folded cells of a column may hold. Said too much costs time; said too little, another record_key."""

    gaps: frozenset[str]
    has_cases: bool

    def joined(self, other: CellTraits) -> CellTraits:
        """What either may hold."""
        return CellTraits(self.gaps | other.gaps, self.has_cases or other.has_cases)


NO_SIGNS = CellTraits(frozenset(), has_cases=False)
ANY_SIGNS = CellTraits(frozenset(GAPS), has_cases=True)


def fold_cells(column: pa.Array) -> tuple[pa.Array, CellTraits]:
    """The cells in compatibility form without blanks around them (null is ''), and what they may hold."""
    filled = pc.fill_null(column.cast(pa.string()), "")
    signs = _signs_of(filled)
    if not signs:
        return filled, NO_SIGNS
    if max(signs) >= 0x80:
        filled = pc.utf8_trim_whitespace(pc.utf8_normalize(filled, form="NFKC"))
        signs = _signs_of(filled)
    elif signs & _BLANKS:
        filled = pc.utf8_trim_whitespace(filled)
    return filled, _traits_of(signs)


def _signs_of(column: pa.Array) -> frozenset[int]:
    """The bytes of the column that ask for a second look. Bytes of cells beside a slice may be among them."""
    content = column.buffers()[2]
    return frozenset(content.to_pybytes().translate(None, _PLAIN)) if content else frozenset()


def _traits_of(signs: frozenset[int]) -> CellTraits:
    gaps = frozenset().union(*(_GAPS_OF_LEAD.get(sign, frozenset()) for sign in signs))
    leads = {sign for sign in signs if sign >= 0x80}
    return CellTraits(gaps, has_cases=bool(signs & _SMALL) or bool(leads - _CASELESS_LEADS))
