"""Where on a sheet the headings are, where rows begin and end, or which cells of a card wait for what. Pure.

A table's heading may have several lines with merged groups; a card has its labels beside the cells they name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from kuai.services.forms.engine.form_fields import ROW_NUMBER, ReadHeading, field_of

Cell = tuple[int, int]
Span = tuple[int, int, int, int]
MOST_ROWS_ABOVE = 30
DEEPEST_HEADING = 3
FEWEST_FIELDS = 2
_NOTE = re.compile(
    r"^(填表|填报|制表|审核|审批|复核|负责人签|单位负责|经办|说明|备注[:：]|注[:：]|合计|总计|总人数|单位盖章|（?(单位)?盖章|"
    r"\((单位)?盖章|（公章|日期[:：]|联系电话[:：])"
)
# A sum within the list: a row of nobody, and the list goes on below it.
_SUBTOTAL = re.compile(r"^(本页|本组|分)?小计")
# 填报单位：__ stands above or below a table, 序号 3 or a day within it: none of them is a heading.
_LABEL = re.compile(r"[:：]\s*$|^[:：]")
_AMOUNT = re.compile(r"^[-+]?[0-9][0-9./:-]*$")
# 1. 姓名须与身份证一致: alone in its row, it is a remark below the table.
_NUMBERED = re.compile(r"^[（(]?[0-9一二三四五六七八九十]{1,2}[)）]?[、.．)）:：]")
_KIND = re.compile(r"(类型|种类|类别)$")
_EXAMPLE = re.compile(r"^(例|示例|样例|如[:：])")
_IN_BRACKETS = re.compile(r"^[（(].*[)）]$")


@dataclass(frozen=True)
class Sheet:
    """A sheet as read: text of all cells, merged ranges (top, left, bottom, right), places of formulas."""

    name: str
    rows: tuple[tuple[str, ...], ...]
    merges: tuple[Span, ...] = ()
    formulas: frozenset[Cell] = frozenset()
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()


@dataclass(frozen=True)
class FormColumn:
    """One column of a table, or one cell of a card: its heading and the field it means (empty: not ours)."""

    column: int
    heading: str
    field: str


@dataclass(frozen=True)
class FormLayout:
    """How one sheet is laid out. `cards`: for each card the cell of each field; else rows from `first_row` on."""

    sheet: int
    is_cards: bool
    columns: tuple[FormColumn, ...]
    first_row: int = 0
    last_row: int = -1
    cards: tuple[Mapping[str, Cell], ...] = ()
    skipped: frozenset[int] = field(default_factory=frozenset)

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(one.field for one in self.columns if one.field)

    @property
    def layout_key(self) -> str:
        """The same for the same headings in the same places, whatever stands below them."""
        told = [self.is_cards, [[one.column, one.heading] for one in self.columns]]
        if not self.is_cards:
            told.append(self.first_row)
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()[:32]


def find_layout(
    sheets: Sequence[Sheet], about: str, *, read_heading: ReadHeading
) -> FormLayout | None:
    """The layout of the sheet that asks most; None where no sheet has headings we understand."""
    best: FormLayout | None = None
    for number, sheet in enumerate(sheets):
        reader = _Reader(sheet, about, read_heading)
        for found in (reader.table(number), reader.as_cards(number)):
            if found and (best is None or len(found.fields) > len(best.fields)):
                best = found
    return best


def with_learned(layout: FormLayout, learned: Mapping[str, str]) -> FormLayout:
    """The layout with the fields that a person confirmed, by heading place ("3" -> field)."""
    columns = tuple(
        replace(one, field=learned.get(str(place), one.field))
        for place, one in enumerate(layout.columns)
    )
    if not layout.is_cards:
        return replace(layout, columns=columns)
    renamed = {
        old.field: new.field for old, new in zip(layout.columns, columns, strict=True) if old.field
    }
    cards = tuple(
        {renamed.get(key, key): cell for key, cell in card.items() if renamed.get(key, key)}
        for card in layout.cards
    )
    return replace(layout, columns=columns, cards=cards)


def without_hidden(sheet: Sheet, layout: FormLayout) -> FormLayout:
    """Whatever was learned of a layout: what nobody sees on this sheet is neither read nor filled."""

    def is_hidden(cell: Cell) -> bool:
        return cell[0] in sheet.hidden_rows or cell[1] in sheet.hidden_columns

    if layout.is_cards:
        cards = tuple(
            {key: cell for key, cell in card.items() if not is_hidden(cell)}
            for card in layout.cards
        )
        return replace(layout, cards=cards)
    columns = tuple(
        replace(one, field="") if one.column in sheet.hidden_columns else one
        for one in layout.columns
    )
    return replace(layout, columns=columns)


def sections_of(
    sheets: Sequence[Sheet], layout: FormLayout, about: str, *, read_heading: ReadHeading
) -> tuple[FormLayout, ...]:
    """The layout and all else that asks the same: blocks beside it, further sheets with the same headings."""
    meant = {str(place): one.field for place, one in enumerate(layout.columns)}
    sections = [layout, *_blocks(layout)]
    for number, sheet in enumerate(sheets):
        if number == layout.sheet:
            continue
        reader = _Reader(sheet, about, read_heading)
        found = reader.as_cards(number) if layout.is_cards else reader.table(number)
        if found and _headings(found) == _headings(layout):
            alike = without_hidden(sheet, with_learned(found, meant))
            sections += [alike, *_blocks(alike)]
    return tuple(sections)


def other_sheets(
    sheets: Sequence[Sheet],
    sections: Sequence[FormLayout],
    about: str,
    *,
    read_heading: ReadHeading,
) -> tuple[str, ...]:
    """Names of sheets that ask something too, in another layout: one upload fills one layout."""
    used = {one.sheet for one in sections}
    return tuple(
        sheet.name
        for number, sheet in enumerate(sheets)
        if number not in used and find_layout([sheet], about, read_heading=read_heading)
    )


def _headings(layout: FormLayout) -> list[str]:
    return [one.heading for one in layout.columns]


def _blocks(layout: FormLayout) -> list[FormLayout]:
    """Further groups of the same headings to the right of the first, in the same rows."""
    left = [one for one in layout.columns if one.field]
    unread = {one.column: one.heading for one in layout.columns if not one.field}
    if layout.is_cards or len(left) < FEWEST_FIELDS:
        return []
    found = []
    for column, heading in sorted(unread.items()):
        shift = column - left[0].column
        if heading == left[0].heading and all(
            unread.get(one.column + shift) == one.heading for one in left
        ):
            columns = tuple(replace(one, column=one.column + shift) for one in left)
            found.append(replace(layout, columns=columns))
    return found


class _Reader:
    def __init__(self, sheet: Sheet, about: str, read_heading: ReadHeading) -> None:
        self._sheet = sheet
        self._about = about
        self._read = read_heading
        self._known: dict[str, str] = {}
        self._anchor = {
            (row, column): (top, left)
            for top, left, bottom, right in sheet.merges
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        }
        self._right = {(top, left): right for top, left, _bottom, right in sheet.merges}
        self._width = max((len(row) for row in sheet.rows), default=0)

    def table(self, number: int) -> FormLayout | None:
        best: tuple[int, int, int] | None = None
        columns: tuple[FormColumn, ...] = ()
        for top in range(min(len(self._sheet.rows), MOST_ROWS_ABOVE)):
            for depth in range(1, DEEPEST_HEADING + 1):
                if top + depth > len(self._sheet.rows):
                    break
                found = self._heading(top, depth)
                known = len({one.field for one in found if one.field} - {ROW_NUMBER})
                key = (known, -depth, -top)
                if known >= FEWEST_FIELDS and (best is None or key > best):
                    best, columns, last = key, found, top + depth - 1
        if best is None:
            return None
        first = last + 1
        if first < len(self._sheet.rows) and self._is_remark_line(first):
            first += 1
        end = self._last_row(first, columns)
        skipped = frozenset(
            row for row in range(first, end + 1) if self._is_no_row(row, columns, first=first)
        )
        return FormLayout(number, False, columns, first, end, (), skipped)

    def _is_no_row(self, row: int, columns: Sequence[FormColumn], *, first: int) -> bool:
        """An example, a sum, a row nobody sees, or the further lines of one row whose name is merged."""
        cells = [cell for cell in self._sheet.rows[row] if cell]
        if row in self._sheet.hidden_rows or any(_EXAMPLE.match(cell) for cell in cells):
            return True
        if cells and _SUBTOTAL.match(cells[0]):
            return True
        named = [one.column for one in columns if one.field.endswith(".name")]
        anchors = [self._anchor.get((row, column), (row, column))[0] for column in named]
        return bool(anchors) and all(first <= anchor < row for anchor in anchors)

    def _text(self, row: int, column: int) -> str:
        row, column = self._anchor.get((row, column), (row, column))
        cells = self._sheet.rows[row] if row < len(self._sheet.rows) else ()
        return cells[column] if column < len(cells) else ""

    def _heading(self, top: int, depth: int) -> tuple[FormColumn, ...]:
        lines = list(range(top, top + depth))
        if not all(self._may_be_heading(row) for row in lines):
            return ()
        bottom = lines[-1]
        if any(first in lines and last > bottom for first, _, last, _ in self._sheet.merges):
            # A heading ends where the cells merged in it end.
            return ()
        columns, taken = [], set()
        for column in range(self._width):
            texts = list(dict.fromkeys(filter(None, (self._text(row, column) for row in lines))))
            if not texts:
                continue
            # What nobody sees on the sheet is neither read nor filled.
            is_hidden = column in self._sheet.hidden_columns
            means = "" if is_hidden else self._means_of(texts)
            if means in taken:
                means = ""
            taken.add(means)
            columns.append(FormColumn(column, "".join(texts), means))
        return tuple(columns)

    def _may_be_heading(self, row: int) -> bool:
        if any((row, column) in self._sheet.formulas for column in range(self._width)):
            return False
        texts = {self._text(row, column) for column in range(self._width)} - {""}
        plain = [text for text in texts if not _LABEL.search(text)]
        amounts = [text for text in texts if _AMOUNT.match(text)]
        first = next((text for text in self._sheet.rows[row] if text), "")
        return (
            len(plain) > 1
            and len(plain) * 2 > len(texts)
            and not _AMOUNT.match(first)
            and len(amounts) * 2 < len(texts)
        )

    def _means_of(self, texts: Sequence[str]) -> str:
        joined = "".join(texts)
        # 证件 | 类型 asks for a kind: what its group asks for is beside the point.
        group = () if _KIND.search(joined) else (texts[0],)
        for said in dict.fromkeys((joined, texts[-1], *group)):
            means = self._means(said)
            if means:
                return means
        return ""

    def _means(self, heading: str) -> str:
        if heading not in self._known:
            self._known[heading] = field_of(heading, self._about, read_heading=self._read)
        return self._known[heading]

    def _is_remark_line(self, row: int) -> bool:
        cells = [cell for cell in self._sheet.rows[row] if cell]
        return bool(cells) and all(_IN_BRACKETS.match(cell) for cell in cells)

    def _last_row(self, first: int, columns: Sequence[FormColumn]) -> int:
        last = first - 1
        for row in range(first, len(self._sheet.rows)):
            cells = self._sheet.rows[row]
            written = [cell for cell in cells if cell]
            if any(_NOTE.match(cell) for cell in written):
                break
            if len(written) == 1 and _NUMBERED.match(written[0]):
                break
            span = self._right.get((row, columns[0].column))
            if span is not None and span >= columns[-1].column and cells[columns[0].column]:
                break
            last = row
        return last

    def as_cards(self, number: int) -> FormLayout | None:
        cards: list[dict[str, Cell]] = [{}]
        columns: dict[str, FormColumn] = {}
        for row, cells in enumerate(self._sheet.rows):
            for column, text in enumerate(cells):
                means = self._means(text) if text else ""
                if not means or means == ROW_NUMBER or row in self._sheet.hidden_rows:
                    continue
                place = (row, self._right.get((row, column), column) + 1)
                beside = self._text(*place)
                is_out = place[1] >= max(self._width, 2) or place[1] in self._sheet.hidden_columns
                if is_out or (beside and self._means(beside)):
                    continue
                if means in cards[-1]:
                    cards.append({})
                cards[-1][means] = place
                columns.setdefault(means, FormColumn(place[1], text, means))
        cards = self._across(cards) if len(cards) == 1 else cards
        full = [card for card in cards if len(card) > FEWEST_FIELDS]
        rows_used = {cell[0] for cell in full[0].values()} if full else set()
        if not full or len(rows_used) < FEWEST_FIELDS:
            return None
        kept = tuple(columns[key] for key in full[0])
        return FormLayout(number, True, kept, 0, -1, tuple(full))

    def _across(self, cards: list[dict[str, Cell]]) -> list[dict[str, Cell]]:
        """Labels down one column and a column for each person: a card for each column in which something stands."""
        card = cards[0]
        if len({column for _, column in card.values()}) != 1:
            return cards
        first = next(iter(card.values()))[1]
        used = [
            column
            for column in range(first + 1, self._width)
            if sum(bool(self._text(row, column)) for row, _ in card.values()) >= FEWEST_FIELDS
        ]
        if used != list(range(first + 1, first + 1 + len(used))):
            return cards
        return cards + [
            {means: (row, column) for means, (row, _) in card.items()} for column in used
        ]


def as_json(layout: FormLayout) -> dict[str, Any]:
    """What is learned of a layout: nothing that stands below its headings."""
    return {str(place): one.field for place, one in enumerate(layout.columns)}
