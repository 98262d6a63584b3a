"""Lines without a quote are read by columns; what the row-by-row parser would have made of them, they become."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kuai.sources.engine import reading_limits
from kuai.sources.engine.reading import ReadingJob, read_delivery
from kuai.sources.engine.reading_text import PlainRows, TextTable

_CELL = st.text(
    st.sampled_from("张三ab1 \t\u3000\x00\x0b\x0c\x1c\x85\u2028\ufeff'NA-;|'"), max_size=5
)
_LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> TextTable:
    path = tmp_path_factory.mktemp("plain") / "plain.csv"
    path.write_text("姓名,地址,电话\n张三,一路1号,1\n李四,二路2号,2\n", encoding="utf-8")
    return TextTable(path, name=path.name)


@given(
    st.lists(st.lists(_CELL, min_size=3, max_size=3), min_size=1, max_size=6),
    _LINE_ENDS,
    st.booleans(),
)
def test_plain_lines_become_the_same_rows(
    table: TextTable, cells: list[list[str]], line_end: str, ends: bool
) -> None:
    written = line_end.join(",".join(row) for row in cells) + (line_end if ends else "")
    # As an open file gives them: with newline="" a StringIO does not part them at a lone carriage return.
    lines = list(io.TextIOWrapper(io.BytesIO(written.encode()), encoding="utf-8", newline=""))
    by_columns = table._parse_unquoted(lines)
    if by_columns is not None:
        assert by_columns.as_rows() == list(csv.reader(lines))


def test_ordinary_lines_take_the_quick_way(table: TextTable) -> None:
    rows = table._parse_unquoted(["张三,NA,\n", " 李四,一路 1号,0\r\n"])
    assert isinstance(rows, PlainRows)
    assert rows.as_rows() == [["张三", "NA", ""], [" 李四", "一路 1号", "0"]]
    assert rows[1:].as_rows() == [[" 李四", "一路 1号", "0"]]


@pytest.mark.parametrize(
    "odd", ['张三,"一,路",1\n', "张三,一路\n", "\n", "a,b,c,d\n", "a,b\nc,d\n"]
)
def test_odd_lines_are_left_to_the_careful_parser(table: TextTable, odd: str) -> None:
    assert table._parse_unquoted([odd, "李四,二路,2\n"]) is None


def test_rows_beyond_the_sample_keep_their_numbers_and_places(tmp_path: Path) -> None:
    lines = [f"人{number},一路{number}号\n" for number in range(reading_limits.ROWS_SAMPLED + 900)]
    lines[700] = "\n"
    lines[800] = "只有一格\n"
    path = tmp_path / "rows.csv"
    path.write_text("姓名,地址\n" + "".join(lines), encoding="gb18030")
    result = read_delivery(ReadingJob(str(path), path.name, str(tmp_path)), lambda _: None)
    assert result.kept == len(lines) - 2
    assert result.empty_rows == 1
    assert dict(result.reasons) == {"cells.too_few": 1}
    assert result.next_row_no == len(lines) - 1
