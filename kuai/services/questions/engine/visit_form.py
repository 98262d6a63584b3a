"""A grid's visit sheet as Excel, out and back. No database, no name.

A formula is no value, and what is beyond the form's own columns and most rows is not read.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime

import openpyxl
import xlsxwriter

from kuai.kit.errors import DataFault, Where
from kuai.kit.workbooks import refuse_swollen_form
from kuai.services.questions.types import VisitSheet

HEADING = ("行码", "楼层", "地址", "问什么", "为什么", "负责与申诉", "期限", "结果", "终止日期")
CODE, WORD, DAY = 0, 7, 8
MOST_ROWS = 2_000
MOST_BYTES = 1024 * 1024
_WIDTHS = (10, 8, 44, 48, 48, 40, 12, 14, 14)


def write_visits(sheet: VisitSheet, *, words: Sequence[str]) -> bytes:
    """One row a question, door by door; the result is chosen from a list."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    page = book.add_worksheet("上门核对")
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    for column, (title, width) in enumerate(zip(HEADING, _WIDTHS, strict=True)):
        page.write_string(0, column, title, bold)
        page.set_column(column, column, width, wrapped)
    row = 0
    for door in sheet.doors:
        for code, text, reason, office, due_on in door.lines:
            row += 1
            cells = (code, door.floor, door.place_text, text, reason, office, due_on.isoformat())
            for column, cell in enumerate(cells):
                page.write_string(row, column, cell)
    if row:
        page.data_validation(1, WORD, row, WORD, {"validate": "list", "source": list(words)})
    page.freeze_panes(1, 1)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    book.close()
    return out.getvalue()


def read_visits(content: bytes, *, file: str) -> list[tuple[int, str, str, str]]:
    """(line, row code, word, day) of the rows with a result; a DataFault where it is not our sheet."""
    if not 0 < len(content) <= MOST_BYTES:
        raise DataFault("visits.size", "请选一份填好的核对表，不超过 1 MB")
    try:
        refuse_swollen_form(content, file=file)
        return _read_rows(content, file=file)
    except DataFault:
        raise
    except Exception as fault:  # noqa: BLE001 - a broken part of a workbook may raise anything, early or late
        raise DataFault(
            "visits.not_xlsx",
            "这不是一份 Excel 表（.xlsx），或者坏了",
            where=Where(file=file),
            remedy="请在下载的核对表里填结果。",
        ) from fault


def _read_rows(content: bytes, *, file: str) -> list[tuple[int, str, str, str]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    try:
        rows = book.worksheets[0].iter_rows(
            max_row=MOST_ROWS + 1, max_col=len(HEADING), values_only=True
        )
        if tuple(_text(cell) for cell in next(rows, ())) != HEADING:
            raise DataFault("visits.heading", "第一行的标题被改过", where=Where(file=file, row=1))
        cells = [(at, [_text(one) for one in row]) for at, row in enumerate(rows, start=2)]
    finally:
        book.close()
    return [(at, row[CODE], row[WORD], row[DAY]) for at, row in cells if row[CODE] and row[WORD]]


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    text = str(cell if cell is not None else "").strip()
    return "" if text.startswith("=") else text
