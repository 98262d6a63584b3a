"""Which value goes into which cell, and why not into the others: given values stay, conflicts are held, formulas too.

Pure: rows and facts in, planned cells out. Nothing here knows a store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from kuai.services.forms.engine.form_fields import NEVER_FILLED, ROW_NUMBER
from kuai.services.forms.engine.layouts import Cell, FormLayout, Sheet
from kuai.services.forms.types import FILLED, CellState

_PREFIX = re.compile(r"^(广东省)?(深圳市)?")
_GAPS = re.compile(r"[\s·•・.‧\-－—,，、()（）]+")


@dataclass(frozen=True)
class RowFact:
    """What may be put into one field of one row: a value with its standing, or why there is none."""

    value: str = ""
    status: str = ""
    source: str = ""
    day: date | None = None
    conflict: str = ""
    is_stale: bool = False
    is_backed: bool = False


@dataclass(frozen=True)
class FormRow:
    """One row or card: which cells its fields have, what is given, whether it was there before we listed it."""

    number: int
    places: Mapping[str, Cell]
    given: Mapping[str, str]
    copy: int = 0
    is_new: bool = False
    code: str = ""
    section: int = 0


@dataclass(frozen=True)
class PlannedCell:
    """What becomes of one cell. `copy`: on which copy of the sheet, where cards need more than one."""

    row: int
    column: int
    copy: int
    field: str
    value: str
    state: CellState
    given: str = ""
    source: str = ""
    day: date | None = None
    why: str = ""
    is_new_row: bool = False
    code: str = ""
    is_backed: bool = False
    section: int = 0

    @property
    def is_filled(self) -> bool:
        return self.state in FILLED


@dataclass(frozen=True)
class RowsFound:
    """The rows of a sheet: those with something given, and those that are free for a list."""

    given: tuple[FormRow, ...]
    free: tuple[FormRow, ...]


def rows_of_sheets(sheets: Sequence[Sheet], sections: Sequence[FormLayout]) -> RowsFound:
    """The rows of all sections; a list goes to the first sheet alone, or one card after the other to all."""
    given: list[FormRow] = []
    free: list[FormRow] = []
    for number, section in enumerate(sections):
        found = rows_of_sheet(sheets[section.sheet], section)
        given += [replace(row, section=number) for row in found.given]
        if section.is_cards or section.sheet == sections[0].sheet:
            free += [replace(row, section=number) for row in found.free]
    return RowsFound(tuple(given), tuple(free))


def rows_of_sheet(sheet: Sheet, layout: FormLayout) -> RowsFound:
    """Rows with something in them and free ones, top down; a merged cell counts for each row it stands in."""
    if layout.is_cards:
        rows = [
            FormRow(number, dict(card), _given(sheet, card))
            for number, card in enumerate(layout.cards)
        ]
    else:
        rows = []
        for number in range(layout.first_row, layout.last_row + 1):
            if number in layout.skipped:
                continue
            places = {one.field: (number, one.column) for one in layout.columns if one.field}
            rows.append(FormRow(number, places, _given(sheet, places)))
    return RowsFound(
        tuple(row for row in rows if any(k != ROW_NUMBER for k in row.given)),
        tuple(row for row in rows if all(k == ROW_NUMBER for k in row.given)),
    )


def _given(sheet: Sheet, places: Mapping[str, Cell]) -> dict[str, str]:
    anchors = anchors_of(sheet)
    found = {}
    for field, cell in places.items():
        row, column = anchors.get(cell, cell)
        cells = sheet.rows[row] if row < len(sheet.rows) else ()
        text = cells[column] if column < len(cells) else ""
        if text and (row, column) not in sheet.formulas:
            found[field] = text
    return found


def anchors_of(sheet: Sheet) -> dict[Cell, Cell]:
    """For each cell of a merged range the one that holds its text."""
    return {
        (row, column): (top, left)
        for top, left, bottom, right in sheet.merges
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    }


def place_list(found: RowsFound, layout: FormLayout, codes: Sequence[str]) -> tuple[FormRow, ...]:
    """A row for each listed code: the free ones first, then new ones below, or new copies of a card sheet."""
    rows = [replace(row, code=code) for row, code in zip(found.free, codes, strict=False)]
    rest = codes[len(rows) :]
    if layout.is_cards:
        cards = list(layout.cards)
        for place, code in enumerate(rest):
            copy, number = divmod(place, len(cards))
            rows.append(FormRow(number, dict(cards[number]), {}, copy + 1, is_new=True, code=code))
        return tuple(rows)
    for place, code in enumerate(rest):
        number = layout.last_row + 1 + place
        places = {one.field: (number, one.column) for one in layout.columns if one.field}
        rows.append(FormRow(number, places, {}, is_new=True, code=code))
    return tuple(rows)


def plan_row(
    row: FormRow,
    facts: Mapping[str, RowFact],
    *,
    asked: frozenset[str],
    blocked: frozenset[Cell],
    is_same: Callable[[str, str, str], bool],
) -> list[PlannedCell]:
    """The cells of one row that the form may ask for. `blocked`: formulas and insides of merged cells.

    A new row has the formulas of the first one: its own blocked places are those of its model.
    """
    cells = []
    for field, place in sorted(row.places.items(), key=lambda one: one[1]):
        if field == ROW_NUMBER or field in NEVER_FILLED or field not in asked:
            continue
        fact = facts.get(field, RowFact())
        given = row.given.get(field, "")
        cell = PlannedCell(
            place[0], place[1], row.copy, field, "", CellState.UNKNOWN, given,
            fact.source, fact.day, is_new_row=row.is_new, code=row.code, is_backed=fact.is_backed,
            section=row.section,
        )  # fmt: skip
        if given:
            if fact.value:
                same = is_same(field, given, fact.value)
                state = CellState.SAME if same else CellState.DIFFERENT
                cells.append(replace(cell, value=fact.value, state=state))
            continue
        if place in blocked:
            cells.append(replace(cell, state=CellState.FORMULA, why="表里有公式或合并，不改动"))
        elif fact.conflict:
            cells.append(replace(cell, state=CellState.HELD, why=fact.conflict))
        elif not fact.value:
            cells.append(replace(cell, why="没有登记"))
        else:
            cells.append(replace(cell, value=fact.value, state=_standing(fact)))
    return cells


def _standing(fact: RowFact) -> CellState:
    if fact.is_stale:
        return CellState.STALE
    return CellState.FRESH if fact.status == "verified" else CellState.ASSERTED


def folded(text: str) -> str:
    """A value without province, blanks and signs, for comparing what was given with what is held."""
    return _PREFIX.sub("", _GAPS.sub("", text)).upper()
