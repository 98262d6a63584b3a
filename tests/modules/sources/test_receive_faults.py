"""Faulty rows go to quarantine with their reason; faulty files are refused with place and remedy."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from kuai.kit.errors import DataFault
from kuai.kit.receipt import Receipt
from tests.modules.sources.deliveries import (
    HEADINGS,
    PEOPLE,
    csv_bytes,
    kept_rows,
    opened,
    receive,
    rewrite_part,
    write_csv,
    write_xlsx,
)


def refused(store) -> list[tuple[int, int, str, str]]:
    """(row_no, row in the file, code, reason) of the quarantined rows, by number."""
    rows = opened(store, "quarantine").to_pylist()
    return sorted((row["row_no"], row["sheet_row"], row["code"], row["reason"]) for row in rows)


def adds_up(receipt: Receipt) -> bool:
    return receipt.received == receipt.kept + receipt.quarantined


@pytest.mark.parametrize(
    ("line", "code", "reason"),
    [
        ("赵六,1", "cells.too_few", "只有 2 个单元格，表头有 4 列"),
        ("赵六,1,2,3,4", "cells.too_many", "有 5 个单元格，表头只有 4 列"),
        ("姓名,证件号码,地址,登记日期", "row.heading_again", "这一行是重复的表头"),
        ("赵六,1\x01,2,3", "cell.control", "“证件号码”列有看不见的控制字符"),
        ("赵六,1,2\ufffd,3", "cell.undecodable", "“地址”列有认不出的字符（乱码）"),
        ("赵六,1,#REF!,3", "cell.formula_error", "“地址”列是公式错误（如 #REF!）"),
        (f"赵六,1,{'长' * 32768},3", "cell.too_long", "“地址”列超过 32767 个字"),
        ('赵六,"1,2,3', "cells.unpaired_quote", "引号不成对，分不清单元格"),
    ],
)
@pytest.mark.parametrize("place", [0, 2, 3])
def test_a_faulty_row_is_quarantined_with_its_reason(store, tmp_path, line, code, reason, place):
    lines = csv_bytes([HEADINGS, *PEOPLE]).decode().splitlines()
    lines.insert(place + 1, line)
    path = tmp_path / "people.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _, receipt = receive(store, path)
    assert refused(store) == [(place, place + 2, code, reason)]
    assert kept_rows(store) == list(PEOPLE)
    assert opened(store).column("row_no").to_pylist() == [n for n in range(4) if n != place]
    assert adds_up(receipt)
    assert receipt.notes["reasons"] == {code: 1}


def test_the_greatest_cell_that_excel_takes_is_kept(store, tmp_path):
    row = ("赵六", "1", "长" * 32767, "3")
    receive(store, write_csv(tmp_path, [HEADINGS, row]))
    assert kept_rows(store) == [row]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_undecodable_bytes_cost_their_row_only(store, tmp_path, encoding):
    content = csv_bytes([HEADINGS, *PEOPLE, *PEOPLE], encoding=encoding)
    broken = content.replace("王五".encode(encoding), "王".encode(encoding) + b"\xff", 1)
    path = tmp_path / "people.csv"
    path.write_bytes(broken)
    snapshot, receipt = receive(store, path)
    assert snapshot.encoding == encoding
    assert [(number, code) for number, _, code, _ in refused(store)] == [(2, "cell.undecodable")]
    assert receipt.kept == 5
    assert receipt.notes["undecodable_lines"] == 1


def test_an_unpaired_quote_does_not_swallow_the_rows_after_it(store, tmp_path):
    lines = ["编号,内容", *[f"{n},内容{n}" for n in range(1000)]]
    lines[501] = '500,"内容'
    path = tmp_path / "requests.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    _, receipt = receive(store, path)
    assert (receipt.received, receipt.kept) == (1000, 999)
    assert refused(store)[0][:3] == (500, 502, "cells.unpaired_quote")


def test_two_unpaired_quotes_do_not_pair_with_each_other(store, tmp_path):
    lines = ["编号,内容", *[f"{n},内容{n}" for n in range(50)]]
    lines[11], lines[21] = '10,"内容', '20,内容"'
    path = tmp_path / "requests.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    _, receipt = receive(store, path)
    assert (receipt.received, refused(store)[0][0]) == (50, 10)
    assert receipt.kept == 49


def test_formula_errors_of_a_sheet_are_seen(store, tmp_path):
    path = tmp_path / "sheet.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEADINGS, *PEOPLE]):
            sheet.write_row(number, 1, row)
        sheet.write_formula(2, 3, "=VLOOKUP(1,A1:B2,9)", None, "#REF!")
    _, receipt = receive(store, path)
    assert refused(store) == [(1, 3, "cell.formula_error", "“地址”列是公式错误（如 #REF!）")]
    assert kept_rows(store) == [PEOPLE[0], PEOPLE[2]]
    assert adds_up(receipt)


def test_cells_beyond_a_sheets_heading_are_refused_not_dropped(store, tmp_path):
    rows = [HEADINGS, *PEOPLE, ("赵六", "1", "2", "3", "", "多"), *PEOPLE]
    receive(store, write_xlsx(tmp_path, rows))
    assert [row[:3] for row in refused(store)] == [(3, 5, "cells.too_many")]
    assert opened(store, "quarantine").column("extra").to_pylist() == ['["多"]']
    assert kept_rows(store) == [*PEOPLE, *PEOPLE]


def test_blank_rows_of_a_sheet_keep_the_numbers_of_the_others(store, tmp_path):
    blank = ("", "", "", "")
    _, receipt = receive(store, write_xlsx(tmp_path, [HEADINGS, PEOPLE[0], blank, PEOPLE[1]]))
    assert opened(store).column("row_no").to_pylist() == [0, 2]
    assert (receipt.received, receipt.notes["empty_rows"]) == (2, 1)


def fault_of(store, path: Path) -> DataFault:
    """The fault that refuses the file; nothing of it stays anywhere."""
    with pytest.raises(DataFault) as caught:
        receive(store, path)
    assert list(store.scratch.iterdir()) == []
    assert not list(store.vault.rglob("*.*"))
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"\r\n\r\n  \n", "file.empty"),
        (b"%PDF-1.7 ...", "file.not_a_table"),
        (b"\x1f\x8b\x08\x00abc", "file.not_a_table"),
        (b"\x89PNG\r\n\x1a\n", "file.not_a_table"),
        (b"PK\x03\x04 and nothing else", "file.damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "file.not_a_table"),
        ("<html><table><tr><td>姓名</td></tr></table>".encode(), "file.web_page"),
        (b"<?xml version='1.0'?><Workbook/>", "file.xml"),
        (bytes(range(256)) * 8, "file.encoding"),
        ("姓名,地址\n".encode(), "file.no_rows"),
        (
            csv_bytes([HEADINGS, *PEOPLE], encoding="gb18030").decode("latin-1").encode(),
            "file.garbled",
        ),
        (csv_bytes([HEADINGS] * 4).decode("gb18030", "ignore").encode(), "file.garbled"),
        ("姓�,地址\n甲,乙\n".encode(), "file.garbled"),
        (csv_bytes(PEOPLE), "file.no_heading"),
        (
            "张三,龙华区民治街道一路1号101\n李四,龙华区民治街道一路1号102\n".encode(),
            "file.no_heading",
        ),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(store, tmp_path, content, code):
    path = tmp_path / "delivery.xls"
    path.write_bytes(content)
    fault = fault_of(store, path)
    assert fault.code == code
    assert fault.where.file == "delivery.xls"


def test_a_refusal_names_no_value_of_the_file(store, tmp_path):
    path = tmp_path / "people.csv"
    path.write_bytes(csv_bytes(PEOPLE))
    text = str(fault_of(store, path))
    assert not any(cell in text for person in PEOPLE for cell in person)


def test_an_encrypted_workbook_is_named_as_such(store, tmp_path):
    path = tmp_path / "secret.xlsx"
    stream = "EncryptedPackage".encode("utf-16-le")
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + stream)
    assert fault_of(store, path).code == "file.encrypted"


def test_a_zip_of_tables_asks_to_be_unpacked(store, tmp_path):
    path = tmp_path / "tables.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("people.csv", csv_bytes([HEADINGS, *PEOPLE]))
    fault = fault_of(store, path)
    assert (fault.code, "解压" in fault.remedy) == ("file.not_a_table", True)


def test_a_hidden_or_empty_workbook_is_refused(store, tmp_path):
    path = tmp_path / "empty.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet()
    assert fault_of(store, path).code == "file.empty"


def test_a_missing_file_is_named(store, tmp_path):
    assert fault_of(store, tmp_path / "none.csv").code == "file.missing"
    assert fault_of(store, tmp_path).code == "file.missing"


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_a_truncated_workbook_is_refused(store, tmp_path, share):
    path = write_xlsx(tmp_path, [HEADINGS, *PEOPLE * 50])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    assert fault_of(store, path).code == "file.damaged"


def test_entity_declarations_in_a_workbook_are_refused(store, tmp_path):
    path = write_xlsx(tmp_path, [HEADINGS, *PEOPLE])
    trick = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst>&a;</sst>'
    rewrite_part(path, "xl/sharedStrings.xml", trick)
    assert fault_of(store, path).code == "file.xml_entity"


def test_a_bad_file_leaves_the_snapshot_before_it_untouched(store, tmp_path):
    receive(store, write_csv(tmp_path, [HEADINGS, *PEOPLE]))
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"%PDF-1.7")
    with pytest.raises(DataFault):
        receive(store, bad)
    assert kept_rows(store) == list(PEOPLE)


def test_scratch_of_a_killed_run_is_swept(store, tmp_path):
    dead = store.scratch / "receive-999999999-00ff"
    dead.mkdir()
    (dead / "rows.arrow").write_bytes(b"raw values")
    alive = store.scratch / f"receive-{os.getpid()}-00ff"
    alive.mkdir()
    receive(store, write_csv(tmp_path, [HEADINGS, *PEOPLE]))
    assert [folder.name for folder in store.scratch.iterdir()] == [alive.name]
