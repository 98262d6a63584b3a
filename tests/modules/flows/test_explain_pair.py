"""`kuai explain pair`: the records through which two rows became one are named, however many stand between."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kuai.flows import explain_pair

ROWS = [f"list:{letter}#subject" for letter in "abcde"]


def test_the_records_between_two_rows_are_named(tmp_path: Path) -> None:
    # a - b - c - d are one person, e is somebody else.
    _write(tmp_path, ties=list(zip(ROWS[:3], ROWS[1:4], strict=True)))
    sides = [ROWS[:1], ROWS[3:4]]
    between = explain_pair._between(tmp_path, [["P-1"], ["P-1"]])
    told = explain_pair._ties(tmp_path, sides, between)
    assert [step for step, _ in told] == ["关联", "关联", "关联", "经由"]
    assert "list 第 1 行" in told[-1][1]
    assert "list 第 2 行" in told[-1][1]
    assert "list 第 3 行" not in told[-1][1]


def test_two_rows_tied_to_one_another_name_no_third(tmp_path: Path) -> None:
    _write(tmp_path, ties=[(ROWS[0], ROWS[1])])
    between = explain_pair._between(tmp_path, [["P-1"], ["P-1"]])
    told = explain_pair._ties(tmp_path, [ROWS[:1], ROWS[1:2]], between)
    assert [step for step, _ in told] == ["关联"]


def test_between_two_persons_nobody_is_looked_for(tmp_path: Path) -> None:
    _write(tmp_path, ties=[])
    assert explain_pair._between(tmp_path, [["P-1"], ["P-2"]]) == {}


def _write(core: Path, *, ties: list[tuple[str, str]]) -> None:
    mentions = [
        {
            "element": "person",
            "mention_key": key,
            "code": "P-2" if key == ROWS[4] else "P-1",
            "source": "list",
            "row_no": number,
            "role": "subject",
        }
        for number, key in enumerate(ROWS)
    ]
    columns = ("left_mention", "right_mention")
    kept = {"key_code": "phone_name", "match_probability": 0.997, "is_kept": True}
    rows = [dict(zip(columns, tie, strict=True)) | kept for tie in ties]
    schema = pa.schema(
        [
            ("left_mention", pa.string()),
            ("right_mention", pa.string()),
            ("key_code", pa.string()),
            ("match_probability", pa.float64()),
            ("is_kept", pa.bool_()),
        ]
    )
    pq.write_table(pa.Table.from_pylist(mentions), core / "mention_element.parquet")
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), core / "person_tie.parquet")
