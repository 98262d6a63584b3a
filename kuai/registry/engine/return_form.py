"""The return-flow file: what a department is asked of its own rows, and its answers, as XLSX or CSV.

One sheet a source. Rows by number and period, what is contested, in which closed words, by when; no name, no number,
no value of the row: the department has them. Every cell is written as text, so that none is a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO
from zipfile import BadZipFile

import openpyxl
import xlsxwriter
from openpyxl.utils.exceptions import InvalidFileException

from kuai.kit.errors import DataFault, Where
from kuai.kit.workbooks import refuse_swollen_form
from kuai.registry.engine.case_moves import CaseAnswer
from kuai.registry.engine.decision_kinds import Objection

ASKED = ("校核单号", "来源", "期次", "数据第几行", "涉及内容", "异议", "答复期限")
ANSWERED = ("答复", "终止日期")
HEADING = (*ASKED, *ANSWERED)
NUMBER, TITLE, PERIOD, ROW_NO = range(4)
ANSWER, ENDS_ON = len(ASKED), len(ASKED) + 1
NOTICE_SHEET = "说明"
MOST_LINES = 20_000
ANSWER_WORDS = {
    CaseAnswer.CORRECTED: "已更正",
    CaseAnswer.UPHELD: "原登记无误",
    CaseAnswer.PARTLY: "部分更正",
}
OBJECTION_WORDS = {
    Objection.NEVER_LIVED: "从未如此（如从未在此居住）",
    Objection.MOVED_OUT: "已经终止（如已搬离）",
    Objection.WRONG_PERSON: "不是这个人（单位）",
    Objection.TYPO: "登记有误（错字、错号）",
    Objection.OTHER: "其他",
}
NOTICE = (
    "本单请贵单位核对自己报送的行：按来源、期次和行号查原件。行号从 1 数，不含表头。",
    f"“答复”列只填：{'、'.join(ANSWER_WORDS.values())}。",
    "更正为“自某日起不再如此”的，另填“终止日期”（2026-10-01 的样子）。",
    "同一校核单号有几行的，各行答复要一致。不要改列名和列序，不要写姓名、证件号码和电话。",
    "答复期限以前这一条不作任何用途；逾期未答复的，仍不使用，并通报。",
)
_SHEET_NAME = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True)
class FormRow:
    """One row of a department that one case asks about."""

    number: str
    source: str
    title: str
    period: str
    row_no: int
    about: str
    says: Objection
    due_on: date


@dataclass(frozen=True)
class FormAnswer:
    """The answer to one case as read from the file; `fault` says why it cannot be taken."""

    number: str
    answer: CaseAnswer | None
    ends_on: date | None
    where: Where
    fault: str = ""
    # (title or name of the source, period, row from 1), as the lines have them.
    rows: tuple[tuple[str, str, str], ...] = ()


def write_xlsx(rows: Sequence[FormRow], target: BinaryIO) -> None:
    """One sheet a source, answers to be picked from a list."""
    by_source: dict[str, list[FormRow]] = {}
    for one in rows:
        by_source.setdefault(one.source, []).append(one)
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        mine = book.add_format({"bold": True, "bottom": 1, "bg_color": "#FDF1D9"})
        as_text = book.add_format({"num_format": "@"})
        used: set[str] = {NOTICE_SHEET}
        for source, lines in sorted(by_source.items()):
            sheet = book.add_worksheet(_sheet_name(lines[0].title or source, used))
            for column, title in enumerate(HEADING):
                sheet.write_string(0, column, title, bold if column < ANSWER else mine)
            sheet.set_column(0, 1, 18)
            sheet.set_column(2, 3, 12)
            sheet.set_column(4, 6, 20)
            sheet.set_column(ANSWER, ENDS_ON, 18, as_text)
            sheet.freeze_panes(1, 1)
            for line, one in enumerate(lines, start=1):
                for column, text in enumerate(_cells(one)):
                    sheet.write_string(line, column, text)
            sheet.data_validation(
                1,
                ANSWER,
                len(lines),
                ANSWER,
                {"validate": "list", "source": list(ANSWER_WORDS.values())},
            )
        notice = book.add_worksheet(NOTICE_SHEET)
        notice.set_column(0, 0, 110)
        for row, sentence in enumerate(NOTICE):
            notice.write_string(row, 0, sentence)


def write_csv(rows: Sequence[FormRow], target: BinaryIO) -> None:
    """All sources in one list; with the mark by which spreadsheets know UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADING)
    writer.writerows([*_cells(one), "", ""] for one in rows)
    target.write(text.getvalue().encode("utf-8-sig"))


def read_answers(content: bytes, *, file: str) -> list[FormAnswer]:
    """The answers in a form that came back, one a case; cases without any are left out.

    A file that is no such form is a DataFault; a case whose answer cannot be taken is told with its line.
    """
    sheets = (
        _csv_rows(content) if Path(file).suffix.lower() == ".csv" else _xlsx_rows(content, file)
    )
    lines: dict[str, list[tuple[Where, list[str]]]] = {}
    for sheet, rows in sheets:
        if not rows or tuple(rows[0][: len(HEADING)]) != HEADING:
            raise DataFault(
                "case.form",
                "不是本系统导出的校核单",
                where=Where(file=file, sheet=sheet),
                remedy="请在导出的文件里填写答复，不改列名和列序。",
            )
        if len(rows) > MOST_LINES:
            raise DataFault(
                "case.form_long", f"校核单最多 {MOST_LINES} 行", where=Where(file=file, sheet=sheet)
            )
        for line, row in enumerate(rows[1:], start=2):
            cells = [*row, *[""] * len(HEADING)]
            if cells[ANSWER] or cells[ENDS_ON]:
                where = Where(file=file, sheet=sheet, row=line, column=HEADING[ANSWER])
                lines.setdefault(cells[NUMBER], []).append((where, cells))
    return [_answer_of(number, found) for number, found in lines.items()]


def _answer_of(number: str, lines: Sequence[tuple[Where, list[str]]]) -> FormAnswer:
    where, first = lines[0]
    rows = tuple((cells[TITLE], cells[PERIOD], cells[ROW_NO]) for _, cells in lines)
    said = {(cells[ANSWER], cells[ENDS_ON]) for _, cells in lines}
    if len(said) > 1:
        return FormAnswer(number, None, None, where, "同一校核单各行的答复要一致。")
    answer = next((one for one, word in ANSWER_WORDS.items() if word == first[ANSWER]), None)
    if answer is None:
        return FormAnswer(
            number, None, None, where, f"答复只能是：{'、'.join(ANSWER_WORDS.values())}。"
        )
    try:
        ends_on = date.fromisoformat(first[ENDS_ON]) if first[ENDS_ON] else None
    except ValueError:
        return FormAnswer(number, None, None, where, "终止日期写成 2026-10-01 的样子。")
    return FormAnswer(number, answer, ends_on, where, rows=rows)


def _cells(one: FormRow) -> list[str]:
    return [
        one.number,
        one.title or one.source,
        one.period,
        str(one.row_no + 1),
        one.about,
        OBJECTION_WORDS[one.says],
        one.due_on.isoformat(),
    ]


def _sheet_name(title: str, used: set[str]) -> str:
    """At most 31 characters, none that a workbook forbids, each name once."""
    plain = _SHEET_NAME.sub(" ", title).strip()[:28] or "来源"
    name, number = plain, 1
    while name.lower() in {one.lower() for one in used}:
        number += 1
        name = f"{plain} {number}"
    used.add(name)
    return name


def _csv_rows(content: bytes) -> Iterable[tuple[str, list[list[str]]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets of the office save CSV so.
        text = content.decode("gb18030", errors="replace")
    rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if any(row)]
    return [("", rows)]


def _xlsx_rows(content: bytes, file: str) -> Iterable[tuple[str, list[list[str]]]]:
    """Read as a stream and no wider than the form: a cell far out must not lay out a sheet of millions."""
    try:
        refuse_swollen_form(content, file=file)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        found = []
        for name in book.sheetnames:
            if name == NOTICE_SHEET:
                continue
            rows = book[name].iter_rows(
                max_row=MOST_LINES + 1, max_col=len(HEADING), values_only=True
            )
            found.append((name, [[_text(cell) for cell in row] for row in rows if any(row)]))
        return found
    except (InvalidFileException, BadZipFile, OSError, KeyError, ValueError, SyntaxError) as cause:
        raise DataFault(
            "case.form_unreadable", "不是可读的校核单（XLSX 或 CSV）", where=Where(file=file)
        ) from cause


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip() if cell is not None else ""
