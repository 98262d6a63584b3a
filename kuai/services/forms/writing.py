"""The sheet that goes back: the office's own layout, coloured cells, sources on a second sheet, questions on a third.

Nothing that computes or calls out comes back by our hand: values are text, and formulas of the office that do more
than count rows and ages are taken down as text. Private.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from kuai.services.forms.engine.filling import PlannedCell
from kuai.services.forms.engine.form_fields import ROW_NUMBER, form_fields
from kuai.services.forms.engine.layouts import Cell, FormLayout, Sheet
from kuai.services.forms.formulas import make_room, silence, write_text
from kuai.services.forms.types import CellState

STATE_WORDS = {
    CellState.FRESH: "新且已核实",
    CellState.ASSERTED: "有登记，未核实",
    CellState.STALE: "登记已旧，请核对",
    CellState.UNKNOWN: "没有登记，请问",
    CellState.HELD: "说法不一，暂不填",
    CellState.SAME: "原已填，与登记一致",
    CellState.DIFFERENT: "原已填，与登记不一致，未改",
    CellState.FORMULA: "公式或合并单元格，未改",
}
# Not by colour alone: each state has a mark in the cell's note sheet and a border of its own.
COLOURS = {
    CellState.FRESH: "C6E7C8",
    CellState.ASSERTED: "FFF3C4",
    CellState.STALE: "FFD9A8",
    CellState.UNKNOWN: "D9D9D9",
    CellState.HELD: "D7C8EC",
    CellState.DIFFERENT: "F6C6C6",
}
MARKS = {
    CellState.FRESH: "solid", CellState.ASSERTED: "thin", CellState.STALE: "dashed",
    CellState.UNKNOWN: "dotted", CellState.HELD: "double", CellState.DIFFERENT: "thick",
}  # fmt: skip
_BORDERS = {"solid": "medium", "thin": "thin", "dashed": "dashed", "dotted": "dotted",
            "double": "double", "thick": "thick"}  # fmt: skip
SOURCE_SHEET, QUESTION_SHEET = "来源说明", "待问清单"
MOST_CARD_SHEETS = 200


@dataclass(frozen=True)
class FilledSheet:
    """All that writing needs: the original, its layout, what becomes of its cells."""

    content: bytes
    format: str
    sheets: Sequence[Sheet]
    sections: Sequence[FormLayout]
    cells: Sequence[PlannedCell]
    titles: Mapping[str, str]
    lines: Sequence[tuple[str, str]]
    notes: Sequence[str]

    @property
    def layout(self) -> FormLayout:
        """The layout that a list goes to."""
        return self.sections[0]


def write_filled(filled: FilledSheet) -> bytes:
    """The workbook that goes back, as bytes."""
    book = _open(filled)
    visible = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    sheet = visible[filled.layout.sheet]
    silenced = silence(book)
    new_rows = sorted({one.row for one in filled.cells if one.is_new_row and not one.copy})
    if new_rows and not filled.layout.is_cards:
        layout = filled.layout
        make_room(
            book, sheet, first=layout.first_row + 1, last=layout.last_row + 1, count=len(new_rows)
        )
    copies = _copies(book, sheet, filled)
    for cell in filled.cells:
        place = copies[cell.copy] if cell.copy else visible[filled.sections[cell.section].sheet]
        _put(place.cell(cell.row + 1, cell.column + 1), cell)
    for number, section in enumerate(filled.sections):
        for column in (one.column for one in section.columns if one.field == ROW_NUMBER):
            _number_rows(visible[section.sheet], filled, number, column)
    _write_sources(book, filled)
    _write_questions(book, filled, silenced)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _open(filled: FilledSheet) -> Workbook:
    if filled.format == "xlsx":
        return load_workbook(io.BytesIO(filled.content), keep_vba=False, keep_links=False)
    book = Workbook()
    book.remove(book.active)
    for one in filled.sheets:
        sheet = book.create_sheet(one.name[:31] or "表")
        for row, cells in enumerate(one.rows, start=1):
            for column, text in enumerate(cells, start=1):
                if text:
                    write_text(sheet.cell(row, column), text)
        for top, left, bottom, right in one.merges:
            sheet.merge_cells(
                start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1
            )
    return book


def _copies(book: Workbook, sheet: Worksheet, filled: FilledSheet) -> dict[int, Worksheet]:
    wanted = sorted({one.copy for one in filled.cells})
    copies = {0: sheet}
    for number in wanted:
        if number:
            copies[number] = book.copy_worksheet(sheet)
            copies[number].title = f"{sheet.title[:24]}-{number + 1}"
    if 0 in copies and len(copies) > 1:
        given = {(row, column) for row, column in _values_places(filled)}
        for number, extra in copies.items():
            if number:
                for row, column in given:
                    target = extra.cell(row + 1, column + 1)
                    if not isinstance(target, MergedCell):
                        target.value = None
    return copies


def _values_places(filled: FilledSheet) -> list[Cell]:
    return [cell for card in filled.layout.cards for cell in card.values()]


def _put(cell: Any, planned: PlannedCell) -> None:
    if isinstance(cell, MergedCell):
        return
    if planned.is_filled:
        write_text(cell, planned.value)
    colour = COLOURS.get(planned.state)
    if colour:
        cell.fill = PatternFill("solid", fgColor=colour)
        side = Side(style=_BORDERS[MARKS[planned.state]], color="595959")
        own = cell.border
        cell.border = Border(left=own.left, right=own.right, top=own.top, bottom=side)


def _number_rows(sheet: Worksheet, filled: FilledSheet, section: int, column: int) -> None:
    """Go on from the number above, as whoever made the sheet began."""
    rows = sorted({one.row for one in filled.cells if one.section == section and not one.copy})
    number = 0
    for row in range(filled.sections[section].first_row, (rows or [-1])[-1] + 1):
        cell = sheet.cell(row + 1, column + 1)
        if isinstance(cell, MergedCell):
            continue
        given = str(cell.value or "").strip()
        number = int(given) if given.isdecimal() else number + (row in rows or bool(given))
        if row in rows and not given:
            cell.value = number


def _heading(sheet: Worksheet, row: int, words: Sequence[str]) -> None:
    for column, word in enumerate(words, start=1):
        cell = sheet.cell(row, column, word)
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")


def _write_sources(book: Workbook, filled: FilledSheet) -> None:
    sheet = book.create_sheet(SOURCE_SHEET)
    for row, (name, told) in enumerate(filled.lines, start=1):
        sheet.cell(row, 1, name).font = Font(bold=True)
        write_text(sheet.cell(row, 2), told)
    row = len(filled.lines) + 2
    sheet.cell(row, 1, "图例").font = Font(bold=True)
    for state, colour in COLOURS.items():
        row += 1
        cell = sheet.cell(row, 1, STATE_WORDS[state])
        cell.fill = PatternFill("solid", fgColor=colour)
        cell.border = Border(bottom=Side(style=_BORDERS[MARKS[state]], color="595959"))
    row += 2
    _heading(sheet, row, ("工作表", "单元格", "项目", "来源", "日期", "状态", "旁证"))
    fields = form_fields()
    for one in filled.cells:
        if one.is_filled:
            row += 1
            source = filled.titles.get(one.source, one.source)
            if one.field == "person.deliver_home":
                source = "单独存放的分区（只给是或否）"
            for column, text in enumerate(
                (
                    _sheet_of(filled, one),
                    f"{get_column_letter(one.column + 1)}{one.row + 1}",
                    fields[one.field].label,
                    source,
                    str(one.day or ""),
                    STATE_WORDS[one.state],
                    _backing(one),
                ),
                start=1,
            ):
                write_text(sheet.cell(row, column), text)
    for column, width in enumerate((22, 18, 16, 28, 14, 22, 26), start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def _backing(cell: PlannedCell) -> str:
    """Whether the home rests on one source alone: all that was wrong when measured did."""
    if cell.field != "person.residence":
        return ""
    return "另有来源也这样登记" if cell.is_backed else "只有一个来源，宜核对"


def _write_questions(book: Workbook, filled: FilledSheet, silenced: Sequence[str]) -> None:
    sheet = book.create_sheet(QUESTION_SHEET)
    _heading(sheet, 1, ("工作表", "单元格", "项目", "要问的", "答复"))
    fields = form_fields()
    row = 1
    for one in filled.cells:
        if one.state in (CellState.UNKNOWN, CellState.HELD, CellState.DIFFERENT):
            row += 1
            label = fields[one.field].label
            asked = {
                CellState.UNKNOWN: f"{label}没有登记，请向本人或经办单位问清。",
                CellState.HELD: f"{label}暂不填：{one.why}。请核对后填写。",
                CellState.DIFFERENT: f"表上原来填的{label}与登记不一致，没有改动，请核对。",
            }[one.state]
            place = f"{get_column_letter(one.column + 1)}{one.row + 1}"
            for column, text in enumerate(
                (_sheet_of(filled, one), place, label, asked, ""), start=1
            ):
                write_text(sheet.cell(row, column), text)
    for text in (
        *filled.notes,
        *(f"{place} 的公式、下拉选项或条件格式会联系表外的内容，已停用。" for place in silenced),
    ):
        row += 1
        write_text(sheet.cell(row, 4), text)
    for column, width in enumerate((22, 12, 16, 60, 24), start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width


def _sheet_of(filled: FilledSheet, cell: PlannedCell) -> str:
    name = filled.sheets[filled.sections[cell.section].sheet].name
    return f"{name[:24]}-{cell.copy + 1}" if cell.copy else name
