"""Where the table begins: separator, title rows above, the heading row (or two), which columns belong.

Refuses a table without headings, because its first row would be taken for names and leave the vault.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kuai.sources.engine.reading_limits import HEADING_CHARACTERS, ROWS_ABOVE_HEADING

Cells = Sequence[str]
# ((first row, first column), (last row, last column)), counted from 0.
Merge = tuple[tuple[int, int], tuple[int, int]]

SEPARATORS = (",", "\t", ";", "|")
# A heading row fills at least this share of the columns its table has; titles and notes fill one or two.
FILLED_SHARE = 0.5
# In a heading row fewer than this share of cells look like values. Month names count as headings.
VALUE_SHARE = 0.34

_VALUE_FORMS = re.compile(
    r"""^(?:
      \d{6}(?:18|19|20)\d{9}[\dXx]                       # identity number
    | [1-9]\d{14}                                        # identity number of 15 digits
    | (?:\+?86[- ]?)?1[3-9]\d[\d* -]{8,11}               # mobile phone
    | 0\d{2,3}-?\d{7,8}                                  # fixed line
    | [0-9A-Z]{2}\d{6}[0-9A-Z]{10}                       # unified social credit code
    | (?:18|19|20)\d{2}[-/.年]\d{1,2}[-/.月]\d{1,2}.*     # a day
    | (?:19|20)\d{2}[01]\d[0-3]\d                        # a day without marks
    | -?[\d,]+\.\d+                                      # a decimal
    | -?\d{5,}                                           # a longer number
    )$""",
    re.VERBOSE,
)
_IDENTIFYING = re.compile(
    r"^(?:\d{6}(?:18|19|20)\d{9}[\dXx]|[1-9]\d{14}|1[3-9]\d{9}|[0-9A-Z]{2}\d{6}[0-9A-Z]{10})$"
)
_ADDRESS = re.compile(
    r"[省市区县镇乡路街巷村坊园苑栋座楼].*\d.*[号栋座室房楼单元层]|\d+[号栋座室房]|.{2,}[路街巷道村]\d+"
)
# A label with what it says; hints inside brackets, as in 日期（如：2026-11-22）, are part of a heading.
_NOTE = re.compile(r"^[^（(\[【\d]{2,12}[:：]\s*\S")
_MONTH = re.compile(r"^(?:19|20)\d{2}(?:[-/.年]?\d{1,2}月?|年度?)?$|^\d{1,2}月份?$")


@dataclass(frozen=True)
class HeadingFound:
    """`first_row` and `last_row` are the heading's rows in the sample, from 0; `raw_rows` as delivered."""

    first_row: int
    last_row: int
    headings: tuple[str, ...]
    raw_rows: tuple[tuple[str, ...], ...]


def detect_separator(lines: Sequence[str]) -> str:
    """The separator under which most rows have the same number of cells, more than one; else a comma."""
    best, best_rank = ",", (0.0, 0)
    for separator in SEPARATORS:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        except csv.Error:
            continue
        if not widths:
            continue
        width, rows = max(widths.items(), key=lambda item: (item[1] * (item[0] > 1), item[0]))
        rank = (rows / sum(widths.values()), width) if width > 1 else (0.0, 0)
        # Because commas stand in addresses, a tab or semicolon that splits all rows evenly wins over them.
        if rank > best_rank:
            best, best_rank = separator, rank
    return best


def find_heading(rows: Sequence[Cells], *, merges: Sequence[Merge] = ()) -> HeadingFound | None:
    """The heading among the first rows of a table; None if no row there reads as one."""
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    table_width = _usual(filled)
    for index, row in enumerate(rows[:ROWS_ABOVE_HEADING]):
        if filled[index] == 0 or filled[index] < FILLED_SHARE * table_width:
            continue
        if _is_title(row, filled[index], table_width):
            continue
        if not reads_as_heading(row):
            # Whatever stands above values was its heading or a title; values are never skipped over.
            return None
        return _with_second_line(rows, index, merges)
    return None


def reads_as_heading(row: Cells) -> bool:
    """Could these cells be names of columns? One identifying number is enough to say no."""
    cells = [cell.strip() for cell in row if cell.strip()]
    if not cells or any(_IDENTIFYING.match(cell) for cell in cells):
        return False
    values = sum(1 for cell in cells if looks_like_value(cell))
    return values <= VALUE_SHARE * len(cells)


def looks_like_value(cell: str) -> bool:
    """Does it look like what stands below a heading: number, day, code, address, sentence?"""
    text = cell.strip()
    if _MONTH.match(text):
        return False
    if len(text) > HEADING_CHARACTERS:
        return True
    return bool(_VALUE_FORMS.match(text)) or (len(text) > 5 and bool(_ADDRESS.search(text)))


def _usual(filled: Sequence[int]) -> int:
    """How many cells the rows of this table usually fill: the upper quartile, so that gaps do not lower it."""
    counts = sorted(count for count in filled if count)
    return counts[len(counts) * 3 // 4] if counts else 0


def _is_title(row: Cells, filled: int, table_width: int) -> bool:
    """A single cell above a wider table, or notes such as 填报单位：某街道."""
    if filled == 1 and table_width > 1:
        return True
    return any(_NOTE.match(cell.strip()) for cell in row)


def _with_second_line(rows: Sequence[Cells], index: int, merges: Sequence[Merge]) -> HeadingFound:
    upper = [cell.strip() for cell in rows[index]]
    below = [cell.strip() for cell in rows[index + 1]] if index + 1 < len(rows) else []
    if not _is_second_line(index, upper, below, merges):
        return HeadingFound(index, index, name_columns(upper), (tuple(rows[index]),))
    groups = _spread_groups(upper, below, index, merges)
    width = max(len(groups), len(below))
    groups += [""] * (width - len(groups))
    below = [*below, *[""] * (width - len(below))]
    joined = [
        group + lower if lower and lower != group else group
        for group, lower in zip(groups, below, strict=True)
    ]
    raw = (tuple(rows[index]), tuple(rows[index + 1]))
    return HeadingFound(index, index + 1, name_columns(joined), raw)


def _is_second_line(
    index: int, upper: Sequence[str], below: Sequence[str], merges: Sequence[Merge]
) -> bool:
    """A second heading line stands below merged groups, or fills exactly the gaps of the first."""
    if not any(below) or not reads_as_heading(below):
        return False
    sideways = [m for m in merges if m[0][0] == index and m[1][0] == index and m[1][1] > m[0][1]]
    if sideways:
        return all(any(below[left : right + 1]) for (_, left), (_, right) in sideways)
    gaps = [i for i in range(len(below)) if i >= len(upper) or not upper[i]]
    # The cell before a gap is the group's name, so its own sub-heading stands below it too.
    covered = {i for gap in gaps for i in (gap, gap - 1)}
    named = {i for i, cell in enumerate(below) if cell}
    return bool(gaps) and set(gaps) <= named <= covered


def _spread_groups(
    upper: Sequence[str], below: Sequence[str], index: int, merges: Sequence[Merge]
) -> list[str]:
    """Give every column the group it stands under."""
    groups = [*upper, *[""] * (len(below) - len(upper))]
    for (top, left), (bottom, right) in merges:
        if top == index and bottom == index:
            for column in range(left, min(right + 1, len(groups))):
                groups[column] = upper[left] if left < len(upper) else ""
    if not merges:
        for column in range(1, len(groups)):
            if not groups[column] and column < len(below) and below[column]:
                groups[column] = groups[column - 1]
    return groups


def name_columns(cells: Sequence[str]) -> tuple[str, ...]:
    """Headings without line breaks, empty columns at the end cut, nameless and doubled ones told apart."""
    named = [re.sub(r"\s*[\r\n]+\s*", "", cell).strip() for cell in cells]
    while named and not named[-1]:
        named.pop()
    seen: Counter[str] = Counter()
    headings = []
    for position, cell in enumerate(named, start=1):
        heading = cell or f"无标题{position}"
        seen[heading] += 1
        headings.append(heading if seen[heading] == 1 else f"{heading}({seen[heading]})")
    return tuple(headings)
