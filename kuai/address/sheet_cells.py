"""Rows and cells of sheets, whatever file they lie in: a heading found, a column as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from kuai.kit.errors import DataFault, Where

# One batch in memory at a time; enough rows that workers have something to share.
BATCH_ROWS = 200_000
# Offices put a title above the heading; further down it is no heading any more.
ROWS_ABOVE_HEADING = 20
EXACT_WHOLE_NUMBER = 1e15

# The cells of one column: texts (CSV), cells of a workbook, or an Arrow column (Parquet).
Cells = Sequence[Any]


@dataclass(frozen=True)
class OpenSheet:
    """A heading and the rows below it, as batches of columns. `rows` is None where only reading tells."""

    heading: tuple[str, ...]
    batches: Iterator[Sequence[Cells]]
    rows: int | None = None
    rows_above: int = 0


def cell_text(cell: Any) -> str:  # noqa: PLR0911 - one answer a kind of cell
    """One cell as a person reads it."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return _number_text(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        seconds = round(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return str(cell)


def _number_text(number: float) -> str:
    if number.is_integer() and abs(number) < EXACT_WHOLE_NUMBER:
        return str(int(number))
    text = format(number, ".15g")
    return format(Decimal(text), "f") if "e" in text else text


def cells_of(column: Cells) -> list[Any]:
    """The column as a list."""
    return column if isinstance(column, list) else list(_unpacked(column))


def _unpacked(column: Any) -> Iterable[Any]:
    return column.to_pylist() if hasattr(column, "to_pylist") else column


def texts_of(column: Cells) -> list[str]:
    """The column's cells as text."""
    cells = cells_of(column)
    if set(map(type, cells)) <= {str}:
        return cells
    return [cell if type(cell) is str else cell_text(cell) for cell in cells]


def find_heading(
    rows: Sequence[Sequence[str]], text_column: str, file: str, *, sheet: str = ""
) -> int:
    """Which of the first rows is the heading: the first that holds `text_column`."""
    for number, row in enumerate(rows[:ROWS_ABOVE_HEADING]):
        if text_column in row:
            return number
    first = rows[0] if rows else ()
    raise DataFault(
        "address.text_column_missing",
        f"找不到列“{text_column}”",
        where=Where(file=file, sheet=sheet, row=1, column=text_column),
        remedy=f"该文件的列：{'、'.join(cell for cell in first if cell) or '（空文件）'}",
    )
