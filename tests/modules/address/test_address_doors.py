"""The doors of `address`: libraries are read or refused whole, mentions and files are washed row by row."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import sqlglot

from kuai.address import batch
from kuai.address.actions import (
    ADDED_COLUMNS,
    read_division_library,
    read_library,
    wash_file,
    wash_mentions,
)
from kuai.address.queries import explain_text, open_library
from kuai.address.reading import library_table, read_delivered_library
from kuai.kit.engine import engine, read_sql
from kuai.kit.errors import DataFault
from kuai.kit.tables import CATALOGUE, BulkTable, Column, Sensitivity, TableRef
from tests.modules.address.builders import invented_library, invented_table

MENTIONS = BulkTable(
    name="mentions_for_address_tests",
    owner="tests",
    row="a text",
    retention="none",
    columns=(
        Column("mention_key", "VARCHAR", Sensitivity.L1, "key"),
        Column("text", "VARCHAR", Sensitivity.L1, "text"),
    ),
    order_by=("mention_key",),
)


@pytest.fixture
def library_csv(tmp_path: Path) -> Path:
    path = tmp_path / "library.csv"
    pa_csv.write_csv(invented_table(), path)
    return path


def changed(row: int, column: str, value: str) -> pa.Table:
    values = invented_table()[column].to_pylist()
    values[row] = value
    table = invented_table()
    return table.set_column(table.column_names.index(column), column, pa.array(values))


def test_a_library_becomes_the_declared_table(library_csv: Path, tmp_path: Path) -> None:
    with engine() as connection:
        ref, receipt = read_library(connection, library_csv, tmp_path / "out")
    assert ref.rows == receipt.kept == invented_table().num_rows
    assert pq.read_schema(ref.paths[0]).names == list(ref.table.column_names)
    assert receipt.notes["building"] == 19


def test_the_same_library_gives_the_same_bytes(tmp_path: Path) -> None:
    with engine() as connection:
        first, _ = read_library(connection, invented_table(), tmp_path / "a")
        again, _ = read_library(connection, invented_table(), tmp_path / "b")
    assert first.paths[0].read_bytes() == again.paths[0].read_bytes()


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("地址编码", "", "code_unreadable"),
        ("地址编码", "44030100A", "code_unreadable"),
        ("地址编码", "440301", "code_twice"),
        ("级别", "单元", "level_unknown"),
        ("上级编码", "999999", "parent_unknown"),
        ("上级编码", "440301001001010000100000", "parent_unknown"),
        ("标准地址", "", "text_empty"),
    ],
)
def test_a_faulty_row_is_refused_with_row_and_column(
    tmp_path: Path, column: str, value: str, code: str
) -> None:
    with engine() as connection, pytest.raises(DataFault) as refused:
        read_library(connection, changed(5, column, value), tmp_path / "out")
    assert refused.value.code == f"address.library_{code}"
    assert (refused.value.where.row, refused.value.where.column) == (7, column)
    assert not (tmp_path / "out").exists()


def test_a_room_under_a_community_is_refused(tmp_path: Path) -> None:
    room = next(i for i, row in enumerate(invented_table().to_pylist()) if row["级别"] == "房屋")
    with engine() as connection, pytest.raises(DataFault) as refused:
        read_library(connection, changed(room, "上级编码", "440301001001"), tmp_path / "out")
    assert refused.value.code == "address.library_room_without_building"


def test_a_library_without_a_column_is_refused(tmp_path: Path) -> None:
    with engine() as connection, pytest.raises(DataFault, match="缺少列：标准地址"):
        read_library(connection, invented_table().drop(["标准地址"]), tmp_path / "out")


def test_a_coordinate_that_is_no_number_is_refused(tmp_path: Path) -> None:
    table = invented_table()
    table = table.append_column("经度", pa.array(["114.1"] * (table.num_rows - 1) + ["东经"]))
    with engine() as connection, pytest.raises(DataFault) as refused:
        read_library(connection, table, tmp_path / "out")
    assert refused.value.where.column == "经度"


def mentions_in(folder: Path, texts: list[str | None]) -> TableRef:
    path = folder / "mentions.parquet"
    keys = [f"m{number:03d}" for number in range(len(texts))]
    pq.write_table(pa.table({"mention_key": keys, "text": pa.array(texts, pa.string())}), path)
    return TableRef(MENTIONS, (path,), len(texts))


def test_mentions_are_washed_one_answer_each(tmp_path: Path) -> None:
    texts = [
        "石桥村三巷5号302",
        None,
        "石桥村三巷5号302",
        "石桥三巷7号101",
        "上海市浦东新区某路1号",
    ]
    with engine() as connection:
        library, _ = read_library(connection, invented_table(), tmp_path / "library")
        ref, receipt = wash_mentions(
            connection,
            mentions=[mentions_in(tmp_path, texts)],
            library=library,
            folder=tmp_path / "out",
        )
    rows = pq.read_table(ref.paths[0]).to_pylist()
    assert [row["grade"] for row in rows] == ["B", "D", "B", "C", "D"]
    assert rows[1]["address_code"] is None
    assert rows[1]["explanation"] == "没有写地址"
    assert rows[0]["address_code"] == rows[2]["address_code"]
    assert len(json.loads(rows[3]["candidates"])) == 2
    assert receipt.notes == {"grade_B": 2, "grade_C": 1, "grade_D": 2}
    assert set(ref.table.column_names) == set(CATALOGUE.tables["address_wash"].column_names)


def write_rows(path: Path, rows: list[list[str]], encoding: str = "utf-8") -> None:
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows(rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_keeps_its_columns_and_order(
    library_csv: Path, tmp_path: Path, encoding: str
) -> None:
    rows = [
        ["key", "地址", "备注"],
        ["1", "石桥村三巷5号302", "a"],
        ["2", "", "b"],
        ["3", "石桥村三巷5号302", ""],
    ]
    write_rows(tmp_path / "in.csv", rows, encoding)
    receipt = wash_file(
        library_csv, tmp_path / "in.csv", text_column="地址", out=tmp_path / "out.csv"
    )
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        washed = list(csv.reader(stream))
    assert washed[0] == [*rows[0], *ADDED_COLUMNS]
    assert [row[:3] for row in washed[1:]] == rows[1:]
    assert [row[5] for row in washed[1:]] == ["B", "D", "B"]
    assert receipt.received == receipt.kept == 3


def test_a_missing_text_column_is_refused_and_nothing_is_written(
    library_csv: Path, tmp_path: Path
) -> None:
    write_rows(tmp_path / "in.csv", [["key"], ["1"]])
    with pytest.raises(DataFault, match="找不到列“地址”"):
        wash_file(library_csv, tmp_path / "in.csv", text_column="地址", out=tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_blank_lines_of_one_column_stay_rows(library_csv: Path, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("地址\n石桥村三巷5号\n\n石桥社区\n", encoding="utf-8")
    receipt = wash_file(
        library_csv, tmp_path / "in.csv", text_column="地址", out=tmp_path / "out.csv"
    )
    assert receipt.received == 3


def test_a_row_wider_than_the_heading_is_refused_with_its_line(
    library_csv: Path, tmp_path: Path
) -> None:
    (tmp_path / "in.csv").write_text(
        "key,地址\n1,石桥村三巷5号\n2,石桥村,三巷5号\n", encoding="utf-8"
    )
    with pytest.raises(DataFault, match="3 格") as refused:
        wash_file(library_csv, tmp_path / "in.csv", text_column="地址", out=tmp_path / "out.csv")
    assert refused.value.where.row == 3
    assert not (tmp_path / "out.csv").exists()


def test_an_absent_input_and_a_clashing_column_are_refused(
    library_csv: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataFault, match="找不到要清洗的文件"):
        wash_file(library_csv, tmp_path / "no.csv", text_column="地址", out=tmp_path / "out.csv")
    write_rows(tmp_path / "in.csv", [["地址", "grade"], ["x", "y"]])
    with pytest.raises(DataFault, match="grade"):
        wash_file(library_csv, tmp_path / "in.csv", text_column="地址", out=tmp_path / "out.csv")


def test_workers_give_the_same_answers_as_one_process() -> None:
    library = batch.index_of(library_table(read_delivered_library(invented_table())))
    texts = [row["标准地址"] for row in invented_table().to_pylist()] + ["石桥三巷7号101", ""]
    assert batch.wash_texts(texts, library, workers=2) == batch.wash_texts(
        texts, library, workers=1
    )


def test_the_packaged_divisions_are_a_library(tmp_path: Path) -> None:
    with engine() as connection:
        ref, receipt = read_division_library(connection, tmp_path)
    assert receipt.notes == {"community": 783, "district": 9, "subdistrict": 79}
    library = open_library(ref)
    for text, grade, ending in (
        ("深圳市坪山新区坑梓街道秀新社区某路1号", "B", "坪山区坑梓街道秀新社区"),
        ("深圳市龙岗区坪山镇某工业区", "B", "坪山区坪山街道"),
        ("深圳市宝安区龙华街道清湖社区某路1号", "B", "龙华区龙华街道清湖社区"),
        ("深圳市宝安区公明办事处某村", "B", "光明区公明街道"),
        ("深圳市光明新区某路", "B", "光明区"),
        ("深圳市大鹏新区葵涌街道某路", "B", "葵涌街道"),
        ("深圳市南山区松坪山某路1号", "A", "南山区"),
        ("深圳市福田区深南大道1006号", "A", "福田区"),
        ("深圳市龙岗区龙岗大道1号", "A", "龙岗区"),
        ("深圳市罗湖区翠竹路18号", "A", "罗湖区"),
        ("深圳市深南中路24号", "D", ""),
    ):
        answer = library.wash_text(text)
        assert (answer.grade, answer.matched_text.endswith(ending)) == (grade, True), (text, answer)


def test_explain_tells_every_step() -> None:
    steps = {
        step.title: step.words
        for step in invented_library().explain_text("青湾区石桥三巷7号101(近学校)")
    }
    assert steps["读作"] == "青湾区（区）｜石桥三巷（地名）｜7号（门牌）｜101（房号）"
    assert steps["括号里的附注"] == "近学校"
    assert "石桥老村三巷" in steps["地名"]
    assert "房号 20/20" in steps["候选得分"]
    assert "只差" in steps["为何不是第二名"]
    assert "老村" in steps["怎样能确定"]
    assert steps["结论"].startswith("C")


def test_explain_takes_a_delivered_file(library_csv: Path) -> None:
    assert explain_text(library_csv, "石桥村三巷5号")[-1].title == "理由"


@pytest.mark.parametrize("step", ["address_entry", "address_wash"])
def test_steps_are_carried_to_spark(step: str) -> None:
    from kuai.address import actions

    sql = read_sql(actions.__file__, step)
    assert sqlglot.transpile(sql, read="duckdb", write="spark")
    assert duckdb.extract_statements(sql)
