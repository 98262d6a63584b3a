"""`kuai wash` on files: every form in and out, columns as they were, complete or not at all, clear about bad input."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from kuai.address import file_wash, sheets
from kuai.address.actions import ADDED_COLUMNS, library_of_build, wash_file
from kuai.address.libraries import read_library_file
from kuai.address.reading import library_table, read_delivered_library
from kuai.kit.errors import DataFault, Refusal
from tests.modules.address.builders import invented_table

# A cell's instant has no zone, as Excel keeps it.
INSTANT = datetime.fromisoformat("2026-03-04T05:06:00")
TEXTS = ["石桥村三巷5号302", "", "石桥三巷7号101", "石桥村三巷5号302", "上海市浦东新区某路1号"]
GRADES = ["B", "D", "C", "B", "D"]


@pytest.fixture
def library_csv(tmp_path: Path) -> Path:
    path = tmp_path / "library.csv"
    pa_csv.write_csv(invented_table(), path)
    return path


def write_csv(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


def write_workbook(path: Path, rows: list[list[object]], *, sheet: str = "表") -> Path:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active["A1"] = "填表说明"
    page = book.create_sheet(sheet)
    for row in rows:
        page.append(row)
    book.save(path)
    return path


def an_input(folder: Path, form: str) -> Path:
    path = folder / f"in.{form}"
    if form == "csv":
        return write_csv(path, [["号", "地址"], *([str(n), text] for n, text in enumerate(TEXTS))])
    if form == "xlsx":
        return write_workbook(path, [["号", "地址"], *([n, text] for n, text in enumerate(TEXTS))])
    pq.write_table(pa.table({"号": range(len(TEXTS)), "地址": TEXTS}), path)
    return path


def read_rows(path: Path) -> list[list[object]]:
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as stream:
            return [list(row) for row in csv.reader(stream)]
    if path.suffix == ".xlsx":
        sheet = openpyxl.load_workbook(path).active
        return [[cell for cell in row] for row in sheet.iter_rows(values_only=True)]
    table = pq.read_table(path)
    return [table.column_names, *(list(row.values()) for row in table.to_pylist())]


@pytest.mark.parametrize("taken", ["csv", "xlsx", "parquet"])
@pytest.mark.parametrize("given", ["csv", "xlsx", "parquet"])
def test_every_form_goes_in_and_out_in_order(
    library_csv: Path, tmp_path: Path, taken: str, given: str
) -> None:
    out = tmp_path / f"out.{given}"
    receipt = wash_file(library_csv, an_input(tmp_path, taken), text_column="地址", out=out)
    rows = read_rows(out)
    assert rows[0] == ["号", "地址", *ADDED_COLUMNS]
    assert [row[4] for row in rows[1:]] == GRADES
    assert [str(row[0]) for row in rows[1:]] == ["0", "1", "2", "3", "4"]
    assert [row[1] or "" for row in rows[1:]] == TEXTS
    assert receipt.notes["grade_B"] == 2
    assert receipt.received == receipt.kept == 5


def test_parquet_keeps_the_types_of_its_columns(library_csv: Path, tmp_path: Path) -> None:
    table = pa.table(
        {
            "地址": pa.array(TEXTS).dictionary_encode(),
            "日": [date(2026, 1, 1)] * 5,
            "多": pa.array([[1, 2]] * 5),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    wash_file(
        library_csv, tmp_path / "in.parquet", text_column="地址", out=tmp_path / "out.parquet"
    )
    washed = pq.read_table(tmp_path / "out.parquet")
    assert washed["日"].type == pa.date32()
    assert washed["多"].to_pylist() == [[1, 2]] * 5
    assert washed["grade"].to_pylist() == GRADES


def test_a_workbook_keeps_the_kinds_of_its_cells_and_skips_its_title(
    library_csv: Path, tmp_path: Path
) -> None:
    rows: list[list[object]] = [
        ["2026 年登记表"],
        ["地址", "数", "日", "编码"],
        ["石桥村三巷5号302", 12, INSTANT, "0441234567890123456789012"],
        [None, None, None, None],
        ["石桥村三巷5号303", 1.5, None, "=1+1"],
    ]
    write_workbook(tmp_path / "in.xlsx", rows)
    receipt = wash_file(
        library_csv, tmp_path / "in.xlsx", text_column="地址", out=tmp_path / "out.xlsx"
    )
    washed = read_rows(tmp_path / "out.xlsx")
    assert washed[0][:4] == ["地址", "数", "日", "编码"]
    assert washed[1][1:4] == [12, INSTANT, "0441234567890123456789012"]
    assert washed[2][1] == 1.5
    assert (receipt.kept, receipt.notes["rows_above_heading"]) == (2, 1)


def test_a_text_that_looks_like_a_formula_stays_text(library_csv: Path, tmp_path: Path) -> None:
    write_csv(tmp_path / "in.csv", [["地址", "备注"], ["石桥村三巷5号", "=cmd|' /C calc'!A0"]])
    wash_file(library_csv, tmp_path / "in.csv", text_column="地址", out=tmp_path / "out.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "out.xlsx").active["B2"]
    assert (cell.data_type, cell.value) == ("s", "=cmd|' /C calc'!A0")


def test_many_batches_give_what_one_gives(
    library_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [row["标准地址"] for row in invented_table().to_pylist()] + TEXTS
    source = write_csv(tmp_path / "in.csv", [["地址"], *([text] for text in texts)])
    wash_file(library_csv, source, text_column="地址", out=tmp_path / "one.csv")
    monkeypatch.setattr(sheets, "BATCH_ROWS", 37)
    wash_file(library_csv, source, text_column="地址", out=tmp_path / "many.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "many.csv").read_bytes()


def test_a_fault_far_down_leaves_nothing_and_the_old_file_as_it_was(
    library_csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "BATCH_ROWS", 10)
    rows = [["地址", "b"], *([["石桥社区", "x"]] * 35), ["石桥社区", "x", "y"]]
    write_csv(tmp_path / "in.csv", rows)
    (tmp_path / "out.csv").write_text("旧的", encoding="utf-8")
    with pytest.raises(DataFault, match="3 格") as refused:
        wash_file(library_csv, tmp_path / "in.csv", text_column="地址", out=tmp_path / "out.csv")
    assert refused.value.where.row == 37
    assert (tmp_path / "out.csv").read_text("utf-8") == "旧的"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "library.csv", "out.csv"]


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_columns_of_ours_and_a_missing_column_are_refused(
    library_csv: Path, tmp_path: Path, form: str
) -> None:
    source = an_input(tmp_path, form)
    with pytest.raises(DataFault, match="找不到列“住址”"):
        wash_file(library_csv, source, text_column="住址", out=tmp_path / "out.csv")
    wash_file(library_csv, source, text_column="地址", out=tmp_path / f"once.{form}")
    with pytest.raises(DataFault, match="address_code"):
        wash_file(
            library_csv, tmp_path / f"once.{form}", text_column="地址", out=tmp_path / "out.csv"
        )


@pytest.mark.parametrize("name", ["in.xls", "in.txt", "in", "in.xlsx.bak"])
def test_a_form_we_do_not_take_is_refused_by_name(
    library_csv: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("地址\n石桥社区\n", encoding="utf-8")
    with pytest.raises(Refusal, match="不认识这种文件"):
        wash_file(library_csv, tmp_path / name, text_column="地址", out=tmp_path / "out.csv")


@pytest.mark.parametrize("form", ["xlsx", "parquet", "csv"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"\x00" * 400])
def test_a_damaged_file_is_a_fault_of_the_file(
    library_csv: Path, tmp_path: Path, form: str, content: bytes
) -> None:
    (tmp_path / f"in.{form}").write_bytes(content)
    with pytest.raises(DataFault):
        wash_file(
            library_csv, tmp_path / f"in.{form}", text_column="地址", out=tmp_path / "out.csv"
        )
    assert not (tmp_path / "out.csv").exists()


def test_a_cell_far_out_is_refused_before_it_costs_memory(
    library_csv: Path, tmp_path: Path
) -> None:
    path = tmp_path / "in.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        page = book.add_worksheet()
        page.write(0, 0, "地址")
        page.write(1_048_575, 16_383, "x")
    with pytest.raises(DataFault, match="展开后太大"):
        wash_file(library_csv, path, text_column="地址", out=tmp_path / "out.csv")


def test_a_workbook_that_lies_about_its_size_is_refused(library_csv: Path, tmp_path: Path) -> None:
    write_workbook(tmp_path / "good.xlsx", [["地址"], ["石桥社区"]])
    with (
        zipfile.ZipFile(tmp_path / "good.xlsx") as good,
        zipfile.ZipFile(tmp_path / "in.xlsx", "w", zipfile.ZIP_DEFLATED) as bad,
    ):
        for part in good.infolist():
            bad.writestr(part, good.read(part))
        bad.writestr("xl/worksheets/sheet9.xml", b"x" * (1 << 20))
    content = bytearray((tmp_path / "in.xlsx").read_bytes())
    place = content.rfind(b"PK\x01\x02")
    content[place + 24 : place + 28] = (1000).to_bytes(4, "little")
    (tmp_path / "in.xlsx").write_bytes(content)
    with pytest.raises(DataFault, match="损坏"):
        wash_file(library_csv, tmp_path / "in.xlsx", text_column="地址", out=tmp_path / "out.csv")


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_a_library_comes_in_other_forms_too(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"library.{form}"
    table = invented_table()
    if form == "parquet":
        pq.write_table(table, path)
    else:
        write_workbook(path, [table.column_names, *(list(r.values()) for r in table.to_pylist())])
    assert read_library_file(path).entries.num_rows == table.num_rows
    source = an_input(tmp_path, "csv")
    wash_file(path, source, text_column="地址", out=tmp_path / "out.csv")
    assert [row[4] for row in read_rows(tmp_path / "out.csv")[1:]] == GRADES


def test_the_library_of_a_build_is_taken_as_it_is_frozen(tmp_path: Path) -> None:
    entries = library_table(read_delivered_library(invented_table()))
    pq.write_table(entries, tmp_path / "address_entry.parquet")
    source = an_input(tmp_path, "csv")
    wash_file(library_of_build(tmp_path), source, text_column="地址", out=tmp_path / "out.csv")
    assert [row[4] for row in read_rows(tmp_path / "out.csv")[1:]] == GRADES
    with pytest.raises(Refusal, match="没有统一地址库"):
        library_of_build(tmp_path / "nothing")


def run_kuai(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [str(Path(sys.executable).parent / "kuai"), "wash", *words]
    return subprocess.run(command, input=given, capture_output=True, timeout=60)


def test_the_command_reads_stdin_and_writes_stdout(library_csv: Path) -> None:
    given = "号,地址\n1,石桥村三巷5号302\n2,\n".encode("gb18030")
    done = run_kuai("-", "--text-column", "地址", "--library", str(library_csv), given=given)
    assert done.returncode == 0, done.stderr.decode()
    rows = list(csv.reader(io.StringIO(done.stdout.decode())))
    assert rows[0] == ["号", "地址", *ADDED_COLUMNS]
    assert [row[4] for row in rows[1:]] == ["B", "D"]
    assert "B：1" in done.stderr.decode()


def test_the_command_says_what_is_missing(library_csv: Path, tmp_path: Path) -> None:
    source = an_input(tmp_path, "csv")
    done = run_kuai(str(source), "--text-column", "地址", "-o", str(tmp_path / "out.csv"))
    assert done.returncode == 3
    assert "--library" in done.stderr.decode()
    done = run_kuai(str(source), "--text-column", "地址", "--store", str(tmp_path / "store"))
    assert done.returncode == 3
    assert "还没有建好的版本" in done.stderr.decode()


def test_the_columns_that_are_added_are_the_published_ones() -> None:
    assert file_wash.ADDED_COLUMNS == (
        "address_code",
        "level",
        "grade",
        "matched_text",
        "explanation",
        "candidates",
    )
