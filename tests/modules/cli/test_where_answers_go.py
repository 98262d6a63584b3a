"""Where `wash`, `link`, `parse-address` and `block` write and read: what is refused before any work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import Workbook

from kuai.cli.output import EXIT_FAULTY_INPUT, EXIT_REFUSED
from tests.modules.cli.operators import run_as

SHEET = "地址\n坪山区坪山街道金牛西路12号阳光花园3栋501室\n"
PARSE = ("parse-address", "--text-column", "地址")


def test_an_answer_is_never_written_over_what_it_is_read_from(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text(SHEET, encoding="utf-8")
    answers = [
        run_as("anne", *PARSE, source, "-o", source),
        run_as("anne", "wash", "--library", source, "--text-column", "地址", source, "-o", source),
        run_as("anne", "link", source, "-o", source),
    ]
    assert [answer.exit_code for answer in answers] == [EXIT_REFUSED] * 3
    assert all("in.csv" in answer.stderr for answer in answers)
    assert source.read_text(encoding="utf-8") == SHEET


@pytest.mark.parametrize("out", ["", "missing/out.csv"])
def test_a_place_that_holds_no_file_is_refused(tmp_path: Path, out: str) -> None:
    source = tmp_path / "in.csv"
    source.write_text(SHEET, encoding="utf-8")
    answer = run_as("anne", *PARSE, source, "-o", tmp_path / out)
    assert answer.exit_code == EXIT_REFUSED
    assert "文件夹" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_links_are_not_written_as_a_sheet(tmp_path: Path) -> None:
    answer = run_as("anne", "link", tmp_path / "in.parquet", "-o", tmp_path / "out.csv")
    assert answer.exit_code == EXIT_REFUSED
    assert "Parquet" in answer.stderr


def test_a_workbook_called_csv_is_read_as_what_it_is(tmp_path: Path) -> None:
    book = Workbook()
    for line in SHEET.splitlines():
        book.active.append([line])
    book.save(tmp_path / "in.xlsx")
    source = (tmp_path / "in.xlsx").rename(tmp_path / "in.csv")
    answer = run_as("anne", *PARSE, source, "-o", tmp_path / "out.csv")
    assert answer.exit_code == 0, answer.stderr
    assert "501室" in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_an_old_workbook_called_csv_is_told(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 8)
    answer = run_as("anne", *PARSE, source, "-o", tmp_path / "out.csv")
    assert answer.exit_code == EXIT_FAULTY_INPUT
    assert "xlsx" in answer.stderr


def test_a_block_is_asked_by_code_or_by_polygon_not_both(tmp_path: Path) -> None:
    polygon = tmp_path / "p.geojson"
    polygon.write_text(json.dumps({"type": "Polygon"}), encoding="utf-8")
    answer = run_as("anne", "block", "440309", "--polygon", polygon, "--store", tmp_path)
    assert answer.exit_code == EXIT_REFUSED
    assert "--polygon" in answer.stderr
