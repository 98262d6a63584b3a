"""How often firms are inspected is the city's own table: read as it stands, refused with its line where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from kuai.kit.errors import DataFault
from kuai.rules.interval_table import HEADINGS, read_example, read_intervals

HEAD = ",".join(HEADINGS)


def table(root: Path, *lines: str) -> Path:
    (root / "rules").mkdir()
    text = "\n".join(lines) + "\n"
    (root / "rules" / "inspection_intervals.csv").write_text(text, encoding="utf-8-sig")
    return root


def test_the_citys_table_is_read_in_order_and_none_is_none(tmp_path: Path) -> None:
    assert read_intervals(tmp_path) is None
    root = table(tmp_path, HEAD, "消防安全,B,365", "", "安全生产, A ,730")
    assert read_intervals(root) == (("安全生产", "A", 730), ("消防安全", "B", 365))
    assert len(read_example()) == 24


@pytest.mark.parametrize(
    ("lines", "row"),
    [
        (["类别,等级,天数"], 1),
        ([HEAD, "消防安全,B,一年"], 2),
        ([HEAD, "消防安全,B,365", "消防安全,,30"], 3),
        ([HEAD, "消防安全,B,0"], 2),
        ([HEAD, "消防安全,B,365", "消防安全,B,180"], 3),
    ],
)
def test_a_wrong_line_is_told_with_its_number_and_what_to_do(
    tmp_path: Path, lines: list[str], row: int
) -> None:
    with pytest.raises(DataFault) as told:
        read_intervals(table(tmp_path, *lines))
    assert told.value.where.row == row
    assert told.value.remedy
