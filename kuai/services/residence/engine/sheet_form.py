"""A landlord's sheet: the template, its rows as written, and the same rows back with a reason each. No database.

A formula is no value, a text that a spreadsheet would run is written as text, and what is beyond the form's own
columns and most rows is not read (a 5 KB file may claim a cell XFD1048576).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import openpyxl
import xlsxwriter
from openpyxl.utils.exceptions import InvalidFileException

from kuai.kit.errors import DataFault, Where
from kuai.kit.workbooks import refuse_swollen_form

HEADING = ("申报码或标准地址", "承租人姓名", "承租人证件号码", "承租人手机号", "起租日期")
REASON = "错误原因"
ROOM, NAME, ID_NUMBER, PHONE, SINCE = range(5)
MOST_ROWS = 500
MOST_BYTES = 1024 * 1024
SHEET_NAME = "承租人"
NOTES = (
    "一行一位承租人，最多 500 行。申报码印在门牌纸上（10 位）；没有的写标准地址，要与地址库一字不差。",
    "姓名必填。证件号码和手机号写一样就行，两样都写核对得更快；都不写也收，会另外问承租人。",
    "起租日期写 2026-11-01 这样的样子；不写就算今天。",
    "收下的行不会退回；退回的行带“错误原因”，改好只交退回的那一份。",
    "申报不作处罚依据。您申报了谁，会告诉他本人，并请他确认。",
)
_WIDTHS = (36, 16, 24, 18, 14, 48)


@dataclass(frozen=True)
class FormLine:
    """One row as written; `sheet_row` as Excel numbers it, `fault` where a cell cannot be read at all."""

    sheet_row: int
    cells: tuple[str, ...]
    fault: str = ""


def write_template() -> bytes:
    """The empty form with its notes."""
    return _write((), with_reasons=False)


def write_returned(lines: Sequence[tuple[FormLine, str]]) -> bytes:
    """The refused rows as they were written, each with its reason, in the same form."""
    return _write(lines, with_reasons=True)


def read_lines(content: bytes, *, file: str) -> list[FormLine]:
    """The rows of a filled form; a DataFault where it is none, too large, or has another heading."""
    if not 0 < len(content) <= MOST_BYTES:
        raise DataFault("sheet.size", "请选一份填好的表，不超过 1 MB")
    try:
        refuse_swollen_form(content, file=file)
        # Not data_only: a formula's cached result was computed who knows where.
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as fault:
        raise DataFault(
            "sheet.not_xlsx",
            "这不是一份 Excel 表（.xlsx）",
            where=Where(file=file),
            remedy="请下载空白表，在里面填写。",
        ) from fault
    try:
        rows = book.worksheets[0].iter_rows(
            max_row=MOST_ROWS + 2, max_col=len(HEADING) + 1, values_only=True
        )
        heading = tuple(str(cell or "").strip() for cell in next(rows, ()))[: len(HEADING)]
        if heading != HEADING:
            raise DataFault(
                "sheet.heading",
                "第一行的标题被改过",
                where=Where(file=file, row=1),
                remedy="请下载空白表，把内容贴进去。",
            )
        lines = [_line(number, cells) for number, cells in enumerate(rows, start=2)]
    finally:
        book.close()
    filled = [one for one in lines if any(one.cells) or one.fault]
    if len(filled) > MOST_ROWS:
        raise DataFault("sheet.long", f"一份最多 {MOST_ROWS} 行", remedy="请分成几份。")
    if not filled:
        raise DataFault("sheet.empty", "表里一行都没有填")
    return filled


def _line(number: int, cells: Sequence[object]) -> FormLine:
    padded = [*cells, *(None,) * len(HEADING)][: len(HEADING)]
    texts = tuple(_text(cell) for cell in padded)
    is_formula = any(isinstance(cell, str) and cell.startswith("=") for cell in padded)
    return FormLine(number, texts, "有公式：请写成文字。" if is_formula else "")


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime | date):
        return f"{cell:%Y-%m-%d}"
    # Excel keeps fifteen digits of a number: a phone is whole, an identity number written as a number is not.
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()[:200]


def _write(lines: Sequence[tuple[FormLine, str]], *, with_reasons: bool) -> bytes:
    out = io.BytesIO()
    plain = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, plain) as book:
        sheet = book.add_worksheet(SHEET_NAME)
        must = book.add_format({"bold": True, "bg_color": "#F6D5D0", "bottom": 1})
        may = book.add_format({"bold": True, "bg_color": "#E8EDF3", "bottom": 1})
        text = book.add_format({"num_format": "@"})
        heading = (*HEADING, REASON) if with_reasons else HEADING
        for place, word in enumerate(heading):
            sheet.set_column(place, place, _WIDTHS[place], text)
            sheet.write_string(0, place, word, must if place in (ROOM, NAME) else may)
        for row, (line, reason) in enumerate(lines, start=1):
            for place, cell in enumerate((*line.cells, reason)):
                sheet.write_string(row, place, cell, text)
        sheet.freeze_panes(1, 0)
        notes = book.add_worksheet("说明")
        notes.set_column(0, 0, 100)
        for row, sentence in enumerate(NOTES):
            notes.write_string(row, 0, sentence)
    return out.getvalue()
