"""The application form that travels to the owner's system and back as XLSX: one line a part, the answer beside it.

Every cell is written as text, so that no cell of ours is a formula in anybody's spreadsheet.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import openpyxl
import xlsxwriter
from openpyxl.utils.exceptions import InvalidFileException

from kuai.address.applying.events import Answer
from kuai.address.applying.moves import KIND_WORDS, ApplicationKind
from kuai.kit.errors import DataFault, Where
from kuai.kit.workbooks import refuse_swollen_form

SHEET, NOTICE_SHEET = "申请单", "说明"
ASKED = (
    "申请单号", "类别", "地点编码", "地点", "申请的房号或楼栋", "事由",
    "来源数", "至少行数", "首见期", "末见期", "答复期限",
)  # fmt: skip
ANSWERED = ("答复", "新编码", "所属编码", "理由")
NUMBER, PART = ASKED.index("申请单号"), ASKED.index("申请的房号或楼栋")
YES, NO = "采纳", "退回"
MOST_LINES = 20_000
# A spreadsheet keeps 15 digits of a number; a code has up to 25.
EXACT_BELOW = 10**15
# The same words as on the pages (addresses/_no_title.html); they travel with the form.
NOTICE = (
    "门牌和编码不代表产权。合法建筑、历史遗留建筑、违法建筑都编码，为的是找得到、救得到。",
    "本申请单只说房屋和楼栋，用于地址库维护，不涉及住户，不作确权、补偿、处罚、拆除或清退的依据，不是执法线索。",
    "行数只给出“至少”多少；少于 3 行的不申请、不列出。",
    f"答复列填“{YES}”或“{NO}”；退回要写理由；新增楼栋的“所属编码”填网格编码；同一申请单各行的答复要一致。",
)


@dataclass(frozen=True)
class FormLine:
    """One application as the form shows it."""

    number: str
    kind: ApplicationKind
    address_code: str
    place_text: str
    parts: Sequence[str]
    wording: str
    evidence: Mapping[str, object]
    due_on: date | None


@dataclass(frozen=True)
class FormAnswer:
    """What the owner answered to one application."""

    number: str
    is_accepted: bool
    answer: Answer


def write_form(applications: Iterable[FormLine], target: BinaryIO) -> int:
    """Write the form; returns its lines."""
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(SHEET)
        bold = book.add_format({"bold": True, "bottom": 1})
        mine = book.add_format({"bold": True, "bottom": 1, "bg_color": "#FDF1D9"})
        for column, title in enumerate((*ASKED, *ANSWERED)):
            sheet.write_string(0, column, title, bold if column < len(ASKED) else mine)
        sheet.set_column(0, 0, 18)
        sheet.set_column(2, 3, 34)
        as_text = book.add_format({"num_format": "@"})
        sheet.set_column(4, len(ASKED) - 1, 16)
        sheet.set_column(len(ASKED), len(ASKED) + len(ANSWERED) - 1, 28, as_text)
        sheet.freeze_panes(1, 1)
        lines = 0
        for one in applications:
            for part in one.parts or ("",):
                lines += 1
                for column, text in enumerate(_cells(one, part)):
                    sheet.write_string(lines, column, text)
        last = max(lines, 1)
        sheet.data_validation(
            1, len(ASKED), last, len(ASKED), {"validate": "list", "source": [YES, NO]}
        )
        notice = book.add_worksheet(NOTICE_SHEET)
        notice.set_column(0, 0, 110)
        for row, sentence in enumerate(NOTICE):
            notice.write_string(row, 0, sentence)
    return lines


def _cells(one: FormLine, part: str) -> list[str]:
    said = one.evidence
    return [
        one.number,
        KIND_WORDS[one.kind],
        one.address_code,
        one.place_text,
        part,
        one.wording,
        str(said.get("sources", "")),
        str(said.get("at_least_rows", "")),
        str(said.get("first_period", "")),
        str(said.get("last_period", "")),
        one.due_on.isoformat() if one.due_on else "",
    ]


def read_answers(source: Path | bytes, *, file: str = "") -> list[FormAnswer]:
    """The answers in a form that came back; lines without one are left out. Refuses what contradicts itself."""
    rows = _rows_of(source, file)
    where = Where(file=file, sheet=SHEET)
    if not rows or [str(cell) for cell in rows[0][: len(ASKED) + len(ANSWERED)]] != [
        *ASKED,
        *ANSWERED,
    ]:
        raise DataFault(
            "application.form",
            "不是本系统导出的申请单",
            where=where,
            remedy="请在导出的文件里填写答复，不改列名和列序",
        )
    if len(rows) > MOST_LINES:
        raise DataFault("application.form_long", f"申请单最多 {MOST_LINES} 行", where=where)
    found: dict[str, list[tuple[int, list[str]]]] = {}
    for line, row in enumerate(rows[1:], start=2):
        cells = [_text(cell) for cell in row] + [""] * (len(ASKED) + len(ANSWERED))
        if cells[len(ASKED)]:
            found.setdefault(cells[NUMBER], []).append((line, cells))
    return [_answer_of(number, lines, file) for number, lines in found.items()]


def _answer_of(number: str, lines: Sequence[tuple[int, list[str]]], file: str) -> FormAnswer:
    first_line, first = lines[0]
    verdict, reason = first[len(ASKED)], first[len(ASKED) + 3]
    for line, cells in lines:
        if cells[len(ASKED)] not in (YES, NO) or cells[len(ASKED)] != verdict:
            raise DataFault(
                "application.verdict",
                f"答复只能是“{YES}”或“{NO}”，同一申请单要一致",
                where=Where(file=file, sheet=SHEET, row=line, column="答复"),
            )
    if verdict == NO and not reason:
        raise DataFault(
            "application.reason",
            "退回要写理由",
            where=Where(file=file, sheet=SHEET, row=first_line, column="理由"),
        )
    codes = {cells[PART]: cells[len(ASKED) + 1] for _, cells in lines if cells[len(ASKED) + 1]}
    parent = next((cells[len(ASKED) + 2] for _, cells in lines if cells[len(ASKED) + 2]), "")
    return FormAnswer(number, verdict == YES, Answer(codes, parent, reason))


def _rows_of(source: Path | bytes, file: str) -> list[list[object]]:
    """Read as a stream and no wider than the form: a cell far out must not lay out a sheet of millions."""
    try:
        refuse_swollen_form(source, file=file)
        book = openpyxl.load_workbook(
            io.BytesIO(source) if isinstance(source, bytes) else source,
            read_only=True,
            data_only=True,
        )
        rows = book[SHEET].iter_rows(
            max_row=MOST_LINES + 1, max_col=len(ASKED) + len(ANSWERED), values_only=True
        )
        return [list(row) for row in rows if any(cell is not None for cell in row)]
    except (InvalidFileException, BadZipFile, OSError, KeyError, ValueError, SyntaxError) as cause:
        raise DataFault(
            "application.form_unreadable", "不是可读的申请单（XLSX）", where=Where(file=file)
        ) from cause


def _text(cell: object) -> str:
    if isinstance(cell, int | float) and abs(cell) >= EXACT_BELOW:
        raise DataFault(
            "application.code_as_number",
            "编码被表格软件存成了数字，末几位已丢",
            remedy="把“新编码”“所属编码”两列设为文本后重填",
        )
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() if cell is not None else ""
