"""What a workbook computes, kept where it counts rows and ages, taken down where it could do more; rows that grow.

Formulas, drop-down lists, formats by condition, named ranges, print areas and filters all name cells: when a list needs
more rows than the office left, each of them must reach as far as the list does. Private to `writing`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.formatting.formatting import ConditionalFormattingList
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.cell_range import MultiCellRange
from openpyxl.worksheet.merge import MergedCellRange
from openpyxl.worksheet.worksheet import Worksheet

_RISKY = ("=", "+", "-", "@", "\t", "\r")
# None of these reads or calls anything outside the workbook, or an address made up while it computes.
_SAFE_FUNCTIONS = frozenset(
    re.findall(
        "[A-Z]+",
        """
        ABS AND AVERAGE CHOOSE COLUMN COLUMNS CONCAT CONCATENATE COUNT COUNTA COUNTBLANK COUNTIF COUNTIFS DATE
        DATEDIF DATEVALUE DAY EDATE EXACT FIND IF IFERROR INDEX INT ISBLANK ISERROR ISNUMBER LEFT LEN LOOKUP
        MATCH MAX MID MIN MOD MONTH NOT NOW OR RANK REPLACE RIGHT ROUND ROUNDDOWN ROUNDUP ROW ROWS SEARCH
        SUBSTITUTE SUBTOTAL SUM SUMIF SUMIFS SUMPRODUCT TEXT TODAY TRIM UPPER VALUE VLOOKUP YEAR
        """,
    )
)
_FUNCTION = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)\s*\(")
_LITERAL = re.compile(r'"[^"]*"')
_OF_SHEET = re.compile(r"(?:'((?:[^']|'')+)'|([\w.\u2e80-\u9fff]+))!")
_REFERENCE = re.compile(
    r"(?P<sheet>(?:'(?:[^']|'')+'|[\w.\u2e80-\u9fff]+)!)?"
    r"(?<![A-Za-z0-9_$])(?P<left>\$?[A-Z]{1,3}\$?)(?P<top>[0-9]{1,7})"
    r"(?::(?P<right>\$?[A-Z]{1,3}\$?)(?P<bottom>[0-9]{1,7}))?(?![A-Za-z0-9_(])"
)
_PLAIN_RANGE = re.compile(
    r"^(?:'(?:[^'\[\]]|'')+'|[\w.\u2e80-\u9fff]+)!\$?[A-Z]{1,3}\$?[0-9]+(?::\$?[A-Z]{1,3}\$?[0-9]+)?$"
)
# Where a table ended and how many rows were put in below its last one, from 1.
Grow = Callable[[int, int], tuple[int, int]]


def write_text(cell: Any, text: str) -> None:
    """Text and nothing else: what begins like a formula is shown, never computed."""
    text = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.value = text
    cell.data_type = "s"
    if text.startswith(_RISKY):
        cell.quotePrefix = True
    cell.number_format = "@"


# --- what may compute -------------------------------------------------------------------------------


def silence(book: Workbook) -> list[str]:
    """Take down what could call out or compute an address; returns where something was taken down."""
    _keep_plain_names(book.defined_names, book)
    silenced: list[str] = []
    for sheet in book.worksheets:
        _keep_plain_names(sheet.defined_names, book)
        sheet._pivots = []
        silenced += [f"{sheet.title}!{place}" for place in _drop_harmful_rules(sheet, book)]
        for cell in _cells(sheet):
            if cell.data_type == "f" and not is_harmless(cell.value, book):
                shown = str(getattr(cell.value, "text", cell.value))[:80]
                write_text(cell, f"（公式已停用）{shown}")
                silenced.append(f"{sheet.title}!{cell.coordinate}")
            if cell.hyperlink is not None:
                cell.hyperlink = None
    return silenced


def is_harmless(formula: object, book: Workbook) -> bool:
    """Whether it counts and compares cells of this workbook's own sheets and does nothing else."""
    text = _LITERAL.sub("", formula) if isinstance(formula, str) else ""
    named = {one.upper() for one in _FUNCTION.findall(text)}
    sheets = {(quoted or plain).replace("''", "'") for quoted, plain in _OF_SHEET.findall(text)}
    rest = _OF_SHEET.sub("", text)
    return (
        bool(text)
        and named <= _SAFE_FUNCTIONS
        and sheets <= set(book.sheetnames)
        and not any(sign in rest for sign in "[|!\"'")
    )


def _is_harmless_list(one: Any, book: Workbook) -> bool:
    told = [formula for formula in (one.formula1, one.formula2) if formula]
    return all(is_harmless(f"={formula}" if formula else "", book) for formula in told)


def _drop_harmful_rules(sheet: Worksheet, book: Workbook) -> list[str]:
    """Leave the formats by condition and the drop-down lists that are harmless; returns where others were."""
    kept, dropped = ConditionalFormattingList(), []
    for ranges in sheet.conditional_formatting:
        for rule in ranges.rules:
            if all(is_harmless(f"={formula}", book) for formula in rule.formula):
                kept.add(str(ranges.sqref), rule)
            else:
                dropped.append(str(ranges.sqref))
    sheet.conditional_formatting = kept
    lists = sheet.data_validations.dataValidation
    harmless = [one for one in lists if _is_harmless_list(one, book)]
    dropped += [str(one.sqref) for one in lists if one not in harmless]
    sheet.data_validations.dataValidation = harmless
    return dropped


def _keep_plain_names(names: Any, book: Workbook) -> None:
    """A name may hide a formula that calls out: only those of plain ranges stay."""
    for name, one in list(names.items()):
        text = str(one.attr_text or "")
        if one.hidden or not (_PLAIN_RANGE.match(text) and is_harmless(f"={text}", book)):
            del names[name]


def _cells(sheet: Worksheet) -> Iterator[Any]:
    for row in sheet.iter_rows():
        yield from row


# --- rows that grow ---------------------------------------------------------------------------------


def make_room(book: Workbook, sheet: Worksheet, *, first: int, last: int, count: int) -> None:
    """Put `count` rows in below the table's last (rows from 1), like its first; what names cells follows."""
    has_model = last >= first
    below = max(last, first - 1) + 1

    def grown(top: int, bottom: int) -> tuple[int, int]:
        if top >= below:
            return top + count, bottom + count
        return top, bottom + count if bottom >= below - 1 else bottom

    _move_below(sheet, below, count)
    for one in book.worksheets:
        for cell in _cells(one):
            if cell.data_type == "f" and isinstance(cell.value, str):
                is_own = one.title == sheet.title
                cell.value = _follow(cell.value, sheet.title, grown, is_own=is_own)
    _follow_ranges(sheet, grown)
    for names in (book.defined_names, sheet.defined_names):
        _follow_names(names, sheet.title, grown)
    # Without a row of its own the table's looks are those of its heading, without the weight.
    model = first if has_model else max(first - 1, 1)
    looks = [sheet.cell(model, column) for column in range(1, sheet.max_column + 1)]
    spans = [
        (one.min_col, one.max_col)
        for one in sheet.merged_cells.ranges
        if has_model and one.min_row == one.max_row == model
    ]
    for row in range(below, below + count):
        _dress(sheet, looks, row, has_model=has_model)
        for left, right in spans:
            # merge_cells compares with all merges so far: five thousand rows would take half a minute.
            span = MergedCellRange(
                sheet, f"{get_column_letter(left)}{row}:{get_column_letter(right)}{row}"
            )
            sheet.merged_cells.ranges.add(span)
            sheet._clean_merge_range(span)


def _move_below(sheet: Worksheet, below: int, count: int) -> None:
    heights = {
        number: (one.height, one.hidden)
        for number, one in sheet.row_dimensions.items()
        if number >= below
    }
    for number in heights:
        sheet.row_dimensions[number].height, sheet.row_dimensions[number].hidden = None, False
    for number, (height, hidden) in heights.items():
        moved = sheet.row_dimensions[number + count]
        moved.height, moved.hidden = height, hidden
    for one in sheet.row_breaks.brk:
        if one.id >= below:
            one.id += count
    if sheet.max_row < below:
        return
    merges = [one for one in sheet.merged_cells.ranges if one.min_row >= below]
    bounds = [(one.min_row, one.min_col, one.max_row, one.max_col) for one in merges]
    for one in merges:
        sheet.unmerge_cells(str(one))
    width = get_column_letter(sheet.max_column)
    sheet.move_range(f"A{below}:{width}{sheet.max_row}", rows=count)
    for top, left, bottom, right in bounds:
        sheet.merge_cells(
            start_row=top + count, start_column=left, end_row=bottom + count, end_column=right
        )


def _follow(formula: str, title: str, grown: Grow, *, is_own: bool) -> str:
    """The formula with references into the grown sheet as far as they now reach; literals stay."""

    def moved(found: re.Match[str]) -> str:
        named = found["sheet"]
        plain = named[:-1].strip("'").replace("''", "'") if named else ""
        if (named and plain != title) or (not named and not is_own):
            return found[0]
        top = int(found["top"])
        new_top, new_bottom = grown(top, int(found["bottom"] or top))
        if not found["right"]:
            # A single cell of the table's last row stays that cell.
            return f"{named or ''}{found['left']}{new_top}"
        return f"{named or ''}{found['left']}{new_top}:{found['right']}{new_bottom}"

    parts = re.split(r'("[^"]*")', formula)
    return "".join(part if part.startswith('"') else _REFERENCE.sub(moved, part) for part in parts)


def _follow_ranges(sheet: Worksheet, grown: Grow) -> None:
    for one in sheet.data_validations.dataValidation:
        one.sqref = MultiCellRange(_wider(str(one.sqref), grown))
    kept = ConditionalFormattingList()
    for ranges in sheet.conditional_formatting:
        for rule in ranges.rules:
            kept.add(_wider(str(ranges.sqref), grown), rule)
    sheet.conditional_formatting = kept
    if sheet.auto_filter.ref:
        sheet.auto_filter.ref = _wider(sheet.auto_filter.ref, grown)
    areas = re.findall(
        r"\$?([A-Z]{1,3})\$?([0-9]+):\$?([A-Z]{1,3})\$?([0-9]+)", sheet.print_area or ""
    )
    if areas:
        told = []
        for left, top, right, bottom in areas:
            first, last = grown(int(top), int(bottom))
            told.append(f"{left}{first}:{right}{last}")
        sheet.print_area = ",".join(told)


def _wider(ranges: str, grown: Grow) -> str:
    return " ".join(_follow(one, "", grown, is_own=True) for one in ranges.split())


def _follow_names(names: Any, title: str, grown: Grow) -> None:
    for name, one in list(names.items()):
        names[name] = DefinedName(
            name, attr_text=_follow(str(one.attr_text), title, grown, is_own=False)
        )


def _dress(sheet: Worksheet, looks: Sequence[Any], row: int, *, has_model: bool) -> None:
    """Looks, height and formulas of the model row; under a heading alone, its borders without its weight."""
    for column, like in enumerate(looks, start=1):
        cell = sheet.cell(row, column)
        if like.has_style and has_model:
            cell._style = copy(like._style)
        elif like.has_style:
            cell.border, cell.alignment = copy(like.border), copy(like.alignment)
        if has_model and like.data_type == "f" and isinstance(like.value, str):
            cell.value = _for_row(like.value, like.row, row)
    if has_model:
        sheet.row_dimensions[row].height = sheet.row_dimensions[looks[0].row].height


def _for_row(formula: str, model: int, row: int) -> str:
    """A formula of the model row, of its own row instead; what is fixed with $ stays."""

    def moved(found: re.Match[str]) -> str:
        if found["sheet"]:
            return found[0]
        top, bottom = found["top"], found["bottom"]
        if not found["left"].endswith("$") and int(top) == model:
            top = str(row)
        if bottom and not found["right"].endswith("$") and int(bottom) == model:
            bottom = str(row)
        return f"{found['left']}{top}" + (f":{found['right']}{bottom}" if bottom else "")

    parts = re.split(r'("[^"]*")', formula)
    return "".join(part if part.startswith('"') else _REFERENCE.sub(moved, part) for part in parts)
