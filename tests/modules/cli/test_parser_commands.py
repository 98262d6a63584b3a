"""`kuai parse-address`: through pipes, as JSON, and what it refuses; `kuai train-parser` tells its score."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from kuai.cli.output import EXIT_FAULTY_INPUT, EXIT_REFUSED
from tests.modules.cli.operators import run_as

TEXT = "坪山区坪山街道金牛西路12号阳光花园3栋501室"


def test_a_pipe_gets_the_rows_with_their_segments_and_nothing_else() -> None:
    words = ("parse-address", "-", "--text-column", "地址", "-o", "-")
    answer = run_as("anne", *words, typed=f"编号,地址\n1,{TEXT}\n2,\n")
    assert answer.exit_code == 0, answer.stderr
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert [row["编号"] for row in rows] == ["1", "2"]
    segments = json.loads(rows[0]["segments"])
    assert "".join(text for _, text in segments) == TEXT
    assert ["roomno", "501室"] in segments
    assert rows[1]["segments"] == "[]"


def test_json_and_rows_cannot_both_go_to_stdout() -> None:
    words = ("parse-address", "-", "--text-column", "地址", "-o", "-", "--json")
    assert run_as("anne", *words, typed="地址\n").exit_code == EXIT_REFUSED


def test_a_missing_column_is_told_by_name(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("地址\n坪山\n", encoding="utf-8")
    words = ("parse-address", source, "--text-column", "住址", "-o", tmp_path / "out.csv")
    answer = run_as("anne", *words)
    assert answer.exit_code == EXIT_FAULTY_INPUT
    assert "住址" in answer.stderr
    assert not (tmp_path / "out.csv").exists()


def test_training_tells_its_score(tmp_path: Path) -> None:
    out = tmp_path / "model.npz"
    words = ("train-parser", "-o", out, "--invented", "300", "--width", "8", "--json")
    answer = run_as("anne", *words)
    assert answer.exit_code == 0, answer.stderr
    assert {"f1", "rows_right", "seed"} <= set(answer.json()["notes"])
    assert out.exists()
