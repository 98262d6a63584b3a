"""How often firms of a class are inspected: the table that the city published, as a file of the store. Private.

Nobody's interval is in the code: without the city's table no firm of a real store is due.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TypeAlias

from kuai.kit.errors import DataFault, Where

# Kind of inspection, class, days between two.
Interval: TypeAlias = tuple[str, str, int]
PLACE = Path("rules") / "inspection_intervals.csv"
# Figures of nobody, for invented firms; its headings are the form.
EXAMPLE = Path(__file__).parent / "inspection_intervals.example.csv"
HEADINGS = ("检查类别", "检查等级", "间隔天数")
LONGEST_DAYS = 3660


def read_intervals(root: Path) -> tuple[Interval, ...] | None:
    """The table of the store at `root`; None if it has none. A faulty one is a DataFault with its line."""
    path = root / PLACE
    return _read(path, shown=str(PLACE)) if path.is_file() else None


def read_example() -> tuple[Interval, ...]:
    """The example of the house."""
    return _read(EXAMPLE, shown=EXAMPLE.name)


def _read(path: Path, *, shown: str) -> tuple[Interval, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
    except UnicodeDecodeError:
        raise _fault(shown, 1, "不是 UTF-8", "另存为 CSV UTF-8") from None
    if not lines or tuple(cell.strip() for cell in lines[0]) != HEADINGS:
        raise _fault(shown, 1, "表头不对", f"写成 {','.join(HEADINGS)}")
    found: dict[tuple[str, str], int] = {}
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        category, grade, days = (cell.strip() for cell in (*cells, "", "", "")[:3])
        if not category or not grade or not days.isdecimal() or not 1 <= int(days) <= LONGEST_DAYS:
            raise _fault(
                shown,
                number,
                "每行要有检查类别、检查等级、间隔天数",
                f"天数写 1 到 {LONGEST_DAYS} 的整数",
            )
        if (category, grade) in found:
            raise _fault(shown, number, "这一类别和等级前面已经写过", "只留一行")
        found[category, grade] = int(days)
    return tuple((*key, days) for key, days in sorted(found.items()))


def _fault(shown: str, row: int, sentence: str, remedy: str) -> DataFault:
    return DataFault("rule.intervals", sentence, where=Where(file=shown, row=row), remedy=remedy)
