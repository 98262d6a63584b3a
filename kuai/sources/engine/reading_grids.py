"""Reads a form's sheets as they lie, cell by cell, in the child process: titles, merged cells, formulas, blanks.

Other than a delivery a form may have no row at all. Called by the sandbox alone; knows nothing of store or vault.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string

from kuai.kit.errors import DataFault, Where
from kuai.sources.engine.detecting_format import FileFormat, detect_format
from kuai.sources.engine.reading import allow_memory
from kuai.sources.engine.reading_scan import refuse_sparse_sheet, scan_workbook
from kuai.sources.engine.reading_sheets import Workbook, cell_text
from kuai.sources.engine.reading_text import PlainRows, TextTable

GRID_FILE = "grid.json"
# A form that people fill: the longest list of a sub-district we know has some thousand rows.
MOST_ROWS = 6_000
MOST_COLUMNS = 120
MOST_SHEETS = 20
# Unpacked; a form with pictures and styles of a thousand cells stays below a tenth of this.
MOST_UNPACKED = 40 * 1024 * 1024
# Thinner than this a row (points) or column (characters) is hidden for whoever looks.
LEAST_HEIGHT, LEAST_WIDTH = 3.0, 0.6
# Parts of a workbook that are not carried over, and what an office calls them.
_NOT_CARRIED = (
    ("xl/charts/", "图表"),
    ("xl/ctrlprops/", "按钮、下拉框等控件"),
    ("xl/activex/", "控件"),
    ("xl/vbaproject.bin", "宏"),
    ("xl/externallinks/", "指向别的文件的链接"),
    ("xl/pivottables/", "数据透视表"),
    ("xl/diagrams/", "图示"),
    ("xl/embeddings/", "嵌入的文件"),
    ("xl/media/", "图片"),
)
_NEWER_LISTS = b"x14:dataValidation "


@dataclass(frozen=True)
class GridResult:
    """What the child tells: the format, and that the grid lies in its scratch folder."""

    format: str
    sheets: int
    not_carried: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_grids(job: dict[str, Any]) -> GridResult:
    """Write the sheets of `job["path"]` as JSON to its scratch folder; a DataFault if it is no form of ours."""
    path, name = Path(job["path"]), str(job["file_name"])
    kind = detect_format(path, name=name)
    readers = {FileFormat.XLSX: _xlsx, FileFormat.XLS: _xls, FileFormat.CSV: _csv}
    if kind not in readers:
        raise DataFault(
            "form.kind",
            "这不是要填的表格",
            where=Where(file=name),
            remedy="请交 XLSX、XLS 或 CSV 形式的空白表或半填表。",
        )
    sheets = readers[kind](path, name)
    content = json.dumps(sheets, ensure_ascii=False)
    (Path(job["scratch"]) / GRID_FILE).write_text(content, encoding="utf-8")
    not_carried = _not_carried(path) if kind is FileFormat.XLSX else ()
    return GridResult(kind.value, len(sheets), not_carried)


def _not_carried(path: Path) -> tuple[str, ...]:
    """What the workbook has that the filled one will lack, in the words of an office."""
    with zipfile.ZipFile(path) as archive:
        names = {name.lower(): name for name in archive.namelist()}
        found = {
            word: None
            for part, word in _NOT_CARRIED
            if any(name.startswith(part) for name in names)
        }
        sheets = [names[name] for name in names if name.startswith("xl/worksheets/sheet")]
        if any(_NEWER_LISTS in archive.read(name) for name in sheets):
            found["引用别的工作表的下拉选项"] = None
    return tuple(found)


def _require_modest(rows: int, columns: int, *, file: str, sheet: str) -> None:
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        raise DataFault(
            "form.too_large",
            f"表有 {rows} 行 {columns} 列，填表最多 {MOST_ROWS} 行 {MOST_COLUMNS} 列",
            where=Where(file=file, sheet=sheet),
            remedy="请删去表格外面的空行空列，或按社区拆成几份。",
        )


def _xlsx(path: Path, name: str) -> list[dict[str, Any]]:
    scan = scan_workbook(path, name=name, advance=lambda _: None)
    if scan.unpacked_bytes > MOST_UNPACKED or len(scan.sheets) > MOST_SHEETS:
        raise DataFault(
            "form.swollen",
            "文件解压后大得不像一张要填的表",
            where=Where(file=name),
            remedy="请把表复制到新的空白工作簿再交。",
        )
    for tab, sheet in scan.sheets.items():
        refuse_sparse_sheet(sheet, file=name, sheet=tab)
        _require_modest(sheet.last_row, sheet.last_column, file=name, sheet=tab)
    with path.open("rb") as stream:
        book = load_workbook(stream, data_only=False, keep_vba=False, keep_links=False)
    return [_grid(sheet, name) for sheet in book.worksheets if sheet.sheet_state == "visible"]


def _grid(sheet: Any, name: str) -> dict[str, Any]:
    _require_modest(sheet.max_row, sheet.max_column, file=name, sheet=sheet.title)
    rows, formulas = [], []
    for number, cells in enumerate(sheet.iter_rows()):
        row = []
        for place, cell in enumerate(cells):
            if cell.data_type == "f":
                formulas.append([number, place])
            # A format that shows nothing hides what stands there from whoever opens the sheet.
            row.append("" if cell.number_format == ";;;" else _text(cell.value))
        rows.append(row)
    merges = [
        [one.min_row - 1, one.min_col - 1, one.max_row - 1, one.max_col - 1]
        for one in sheet.merged_cells.ranges
    ]
    return {
        "name": sheet.title,
        "rows": rows,
        "merges": sorted(merges),
        "formulas": formulas,
        "hidden_rows": _hidden_rows(sheet),
        "hidden_columns": _hidden_columns(sheet),
    }


def _hidden_rows(sheet: Any) -> list[int]:
    return sorted(
        number - 1
        for number, one in sheet.row_dimensions.items()
        if one.hidden or (one.height is not None and one.height < LEAST_HEIGHT)
    )


def _hidden_columns(sheet: Any) -> list[int]:
    found: set[int] = set()
    for letter, one in sheet.column_dimensions.items():
        if one.hidden or (one.customWidth and one.width < LEAST_WIDTH):
            first = one.min or column_index_from_string(letter)
            found |= set(range(first - 1, min(one.max or first, MOST_COLUMNS)))
    return sorted(found)


def _text(value: Any) -> str:
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    if isinstance(value, (str, bool, int, float, datetime, date)):
        return cell_text(float(value) if type(value) is int else value).strip()
    return "" if value is None else str(getattr(value, "text", value)).strip()


def _xls(path: Path, name: str) -> list[dict[str, Any]]:
    book = Workbook(path, name=name, scan=None)
    sheets = []
    for tab in book.tabs[:MOST_SHEETS]:
        table = book.open_sheet(tab, allow_memory=allow_memory)
        rows: list[list[str]] = []
        for columns in table.batches(lambda _: None):
            rows += [list(row) for row in zip(*columns, strict=True)]
            _require_modest(len(rows), len(columns), file=name, sheet=tab)
        merges = [[top, left, bottom, right] for (top, left), (bottom, right) in table.merges]
        sheets.append({"name": tab, "rows": rows, "merges": merges, "formulas": []})
    return [one for one in sheets if one["rows"]]


def _csv(path: Path, name: str) -> list[dict[str, Any]]:
    table = TextTable(path, name=name)
    table.refuse_if_empty()
    rows: list[list[str]] = []
    for batch in table.batches(lambda _: None):
        rows += batch.as_rows() if isinstance(batch, PlainRows) else [list(row) for row in batch]
        width = max((len(row) for row in rows), default=0)
        _require_modest(len(rows), width, file=name, sheet="")
    return [{"name": "表", "rows": rows, "merges": [], "formulas": []}]
