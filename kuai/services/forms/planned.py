"""Everything decided about one sheet, and how it is told: counts, notes, a masked sample. Private."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from kuai.guard import access
from kuai.services.forms.engine.filling import FormRow, PlannedCell
from kuai.services.forms.engine.form_fields import NEVER_FILLED, ROW_NUMBER, form_fields
from kuai.services.forms.engine.layouts import FormLayout, Sheet, other_sheets
from kuai.services.forms.listing import Listed, is_long_number, is_whole
from kuai.services.forms.models import FormFilling, RegisteredForm
from kuai.services.forms.types import ColumnCount
from kuai.sources.form_sheets import ReadForm, meanings_of_heading

SAMPLE_ROWS = 8


@dataclass(frozen=True)
class Planned:
    """Everything decided about one sheet."""

    layout: FormLayout
    sections: tuple[FormLayout, ...]
    sheets: tuple[Sheet, ...]
    read: ReadForm
    cells: tuple[PlannedCell, ...]
    rows: int
    listed: Listed
    unrecognised: int
    unseen: int
    titles: Mapping[str, str]
    version: str
    torn_numbers: int = 0
    lending_sources: int = 0
    guessed: int = 0


def counts_of(filling: FormFilling, planned: Planned) -> dict[str, object]:
    """The sums of a filling, column by column; what its row in the database keeps of the sheet."""
    by_column: dict[str, Counter[str]] = defaultdict(Counter)
    for cell in planned.cells:
        by_column[cell.field][cell.state.value] += 1
    columns = [
        asdict(
            ColumnCount(
                place, one.heading, one.field, dict(by_column[one.field]) if one.field else {},
                one.field in filling.form.fields,
            )
        )
        for place, one in enumerate(planned.layout.columns)
    ]  # fmt: skip
    return {
        "rows": planned.rows,
        "generated": len(planned.listed.codes),
        "unrecognised": planned.unrecognised,
        "left_out": planned.listed.left_out,
        "columns": columns,
        "notes": notes_of(filling.form, planned),
    }


def notes_of(form: RegisteredForm, planned: Planned) -> list[str]:
    """What whoever releases, and the office, should know; no value."""
    notes = []
    if not planned.lending_sources:
        notes.append(
            "没有一个来源的协议允许这张报表的用途，所以什么也填不上。请数据管理员与来源单位核对协议，再交一次。"
        )
    elif form.list_kind and not planned.listed.codes:
        notes.append("在您的区域里，现在没有符合这张名单条件的对象。")
    if planned.layout.fields & NEVER_FILLED:
        notes.append("身份证号一列不由系统填写：这是最高级别的资料，请办理时当面核对。")
    extra = [
        one.heading
        for one in planned.layout.columns
        if one.field
        and one.field not in form.fields
        and one.field not in (*NEVER_FILLED, ROW_NUMBER)
    ]
    if extra:
        notes.append(f"准入时没有登记的栏目没有填：{'、'.join(extra)}。")
    notes += _notes_on_sheets(form, planned)
    if planned.guessed:
        notes.append(
            f"有 {planned.guessed} 行像是在试，没有填：同一个姓名配了许多号码、日期或住址，"
            "或只写了姓名、多数又不在名单里。"
        )
    if planned.torn_numbers:
        notes.append(
            f"有 {planned.torn_numbers} 个身份证号不像原来的号码：这一列可能被当成数字，末几位已经丢失。"
            "请把这一列设为文本，重新填写再交。"
        )
    if "person.deliver_home" in planned.layout.fields & set(form.fields):
        notes.append("“是否送达到户”在放行时才由单独存放的分区给出是或否，不说明原因。")
    if planned.listed.left_out:
        notes.append(f"有 {planned.listed.left_out} 个对象因登记有矛盾或异议没有列入，正在核对。")
    if planned.unrecognised:
        notes.append(
            f"有 {planned.unrecognised} 行认不出是谁（或不在本区域、不在这张表的名单里），没有填。"
        )
    return notes


def _notes_on_sheets(form: RegisteredForm, planned: Planned) -> list[str]:
    """What of the workbook was not filled, and what of it does not come back."""
    notes = []
    read = planned.read
    places = {one.sheet for one in planned.sections}
    if len(places) > 1 and form.list_kind and not planned.layout.is_cards:
        first = planned.sheets[planned.layout.sheet].name
        notes.append(f"栏目相同的工作表有 {len(places)} 张，名单都写在“{first}”里。")
    others = other_sheets(
        planned.sheets, planned.sections, form.about, read_heading=meanings_of_heading
    )
    if others:
        notes.append(f"另有 {len(others)} 张工作表栏目不同，没有填：请每种栏目单独交一份。")
    if any(one.hidden_rows or one.hidden_columns for one in planned.sheets):
        notes.append("表里有隐藏的行或列：看不见的不读也不填。要填的请取消隐藏再交。")
    if read.format == "xls":
        notes.append(
            "这是旧格式（.xls）：文字和合并都在，字体、列宽、公式和打印设置没有带过来。"
            "要原样交回，请先另存为 .xlsx 再交。"
        )
    if read.not_carried:
        notes.append(f"原表里的{'、'.join(read.not_carried)}没有带过来，请从原表补上。")
    unread = _unread_twins(planned.sections)
    if unread:
        notes.append(
            f"同样的栏目有两组，栏目不全相同，只填左边一组：{'、'.join(unread)}。"
            "右边如果也是要填的人，请接到下面再交。"
        )
    return notes


def _unread_twins(sections: Sequence[FormLayout]) -> list[str]:
    """Headings that stand there again word for word, and are in no block that is filled."""
    first = sections[0]
    known = {one.heading for one in first.columns if one.field}
    filled = {
        one.column
        for section in sections
        if section.sheet == first.sheet
        for one in section.columns
        if one.field
    }
    return [
        one.heading for one in first.columns if one.heading in known and one.column not in filled
    ]


def count_torn(rows: Sequence[FormRow]) -> int:
    """Numbers that a program took for an amount: eighteen digits of which the last were rounded away."""
    given = [row.given.get("person.id_number", "") for row in rows if not row.code]
    return sum(
        1 for one in given if "E+" in one.upper() or (is_long_number(one) and not is_whole(one))
    )


def sample_of(planned: Planned) -> list[list[dict[str, str]]]:
    """The first rows with masks in place of values."""
    rows: dict[tuple[int, int, int], list[PlannedCell]] = defaultdict(list)
    for cell in planned.cells:
        rows[(cell.copy, cell.section, cell.row)].append(cell)
    order = [one.field for one in planned.layout.columns]
    sample = []
    for key in sorted(rows)[:SAMPLE_ROWS]:
        by_field = {cell.field: cell for cell in rows[key]}
        sample.append([_masked(by_field.get(field)) for field in order])
    return sample


def _masked(cell: PlannedCell | None) -> dict[str, str]:
    if cell is None:
        return {"text": "", "state": ""}
    if not cell.is_filled:
        return {"text": "", "state": cell.state.value}
    entry = form_fields()[cell.field]
    text = str(access.mask(entry.tells, cell.value) or "") if entry.tells else cell.value
    return {"text": text, "state": cell.state.value}
