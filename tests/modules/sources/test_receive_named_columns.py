"""DBF and JSON come in as CSV does: sums, quarantine with reasons, sealing; what is no table is refused by name."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from kuai.kit.errors import DataFault
from kuai.kit.store import Store
from kuai.sources import actions as sources
from kuai.sources.engine import reading_dbf
from tests.modules.sources.dbf_files import dbf_bytes, write_dbf
from tests.modules.sources.deliveries import HEADINGS, PEOPLE, opened, receive

COLUMNS = (("姓名", "C", 12), ("证件号码", "C", 18), ("地址", "C", 40), ("登记日期", "D", 8))
ROWS = [(*row[:3], "20210501") for row in PEOPLE]


def rows_of(store: Store) -> list[tuple[str, ...]]:
    table = opened(store).to_pydict()
    names = [name for name in table if name != "row_no"]
    return list(zip(*(table[name] for name in names), strict=True))


def reasons(store: Store) -> list[tuple[int, str]]:
    table = opened(store, "quarantine").to_pydict()
    return list(zip(table["sheet_row"], table["code"], strict=True))


# --- DBF ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "language", "found"),
    [
        ("gbk", 0x4D, "gb18030"),
        ("gbk", 0x00, "gb18030"),
        ("gbk", 0x03, "gb18030"),
        ("utf-8", 0x00, "utf-8"),
    ],
)
def test_a_dbf_is_read_in_the_code_page_it_is_written_in(
    store: Store, tmp_path: Path, encoding: str, language: int, found: str
) -> None:
    path = write_dbf(tmp_path, COLUMNS, ROWS, encoding=encoding, language=language)
    snapshot, receipt = receive(store, path)
    # A DBF has ten bytes for a field's name, which are three characters in UTF-8.
    assert all(map(str.startswith, HEADINGS, snapshot.headings))
    assert (receipt.received, receipt.kept) == (3, 3)
    assert (receipt.notes["format"], receipt.notes["encoding"]) == ("dbf", found)
    assert rows_of(store) == [(*row[:3], "2021-05-01") for row in PEOPLE]


def test_every_type_of_field_comes_in_as_text(store: Store, tmp_path: Path) -> None:
    columns = (
        ("N", "N", 8), ("F", "F", 8), ("L", "L", 1), ("I", "I", 4), ("B", "B", 8), ("Y", "Y", 8),
        ("T", "T", 8), ("M", "M", 10), ("V", "C", 4),
    )  # fmt: skip
    row = (
        "  12.50", "-3", "T", struct.pack("<i", -7), struct.pack("<d", 0.1),
        struct.pack("<q", -12_345_000), struct.pack("<ii", 2_459_336, 3_600_000), "5", "x\x00",
    )  # fmt: skip
    _, receipt = receive(store, write_dbf(tmp_path, columns, [row], version=0x30))
    assert rows_of(store) == [
        ("12.50", "-3", "TRUE", "-7", "0.1", "-1234.5", "2021-05-01 01:00:00", "", "x")
    ]
    assert receipt.notes["memo_columns"] == ["M"]


def test_half_a_character_sends_its_row_back(store: Store, tmp_path: Path) -> None:
    columns = (("姓名", "C", 5), *COLUMNS[1:])
    rows = [("张三", *ROWS[0][1:]), ("欧阳小明", *ROWS[1][1:])]
    _, receipt = receive(store, write_dbf(tmp_path, columns, rows))
    assert (receipt.received, receipt.kept, receipt.quarantined) == (2, 1, 1)
    assert reasons(store) == [(2, "cell.undecodable")]


def test_deleted_records_are_no_rows_and_are_told(store: Store, tmp_path: Path) -> None:
    path = write_dbf(tmp_path, COLUMNS, ROWS, deleted=frozenset({1}))
    _, receipt = receive(store, path)
    assert (receipt.received, receipt.notes["deleted_records"]) == (2, 1)
    assert [row[0] for row in rows_of(store)] == ["张三", "王五"]


def a_cut(content: bytes) -> bytes:
    return content[:-60]


def another_length(content: bytes) -> bytes:
    return content[:10] + struct.pack("<H", 40) + content[12:]


def without_an_end_of_fields(content: bytes) -> bytes:
    return content[:160] + b"x" + content[161:]


def a_strange_record(content: bytes) -> bytes:
    return content[:161] + b"?" + content[162:]


@pytest.mark.parametrize(
    "spoil", [a_cut, another_length, without_an_end_of_fields, a_strange_record]
)
def test_a_damaged_dbf_is_refused_whole(
    store: Store, tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "people.dbf"
    path.write_bytes(spoil(dbf_bytes(COLUMNS, ROWS)))
    with pytest.raises(DataFault) as refused:
        receive(store, path)
    assert refused.value.code == "file.damaged"
    assert "DBF" in refused.value.sentence


# --- JSON ---------------------------------------------------------------------------------------------


def as_objects() -> list[dict[str, str]]:
    return [dict(zip(HEADINGS, row, strict=True)) for row in PEOPLE]


def as_array() -> str:
    return json.dumps(as_objects(), ensure_ascii=False, indent=1)


def as_lines() -> str:
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in as_objects()) + "\n\n"


def in_a_wrapper() -> str:
    return json.dumps({"code": 0, "data": as_objects(), "tags": []}, ensure_ascii=False)


@pytest.mark.parametrize("write", [as_array, as_lines, in_a_wrapper])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_json_is_read_as_a_table(
    store: Store, tmp_path: Path, write: Callable[[], str], encoding: str
) -> None:
    path = tmp_path / "people.json"
    path.write_text(write(), encoding=encoding)
    snapshot, receipt = receive(store, path)
    assert snapshot.headings == HEADINGS
    assert (receipt.received, receipt.kept, receipt.notes["format"]) == (3, 3, "json")
    assert rows_of(store) == [tuple(row) for row in PEOPLE]


def test_one_level_of_nesting_has_dotted_names_and_numbers_keep_their_digits(
    store: Store, tmp_path: Path
) -> None:
    text = (
        '[{"姓名": "张三", "住址": {"路": "一路", "号": 1.50, "坐标": [1, 2]},'
        ' "面积": 90071992547409931, "在租": true},'
        ' {"姓名": "李四", "备注": null}]'
    )
    (tmp_path / "people.json").write_text(text, encoding="utf-8")
    snapshot, receipt = receive(store, tmp_path / "people.json")
    assert snapshot.headings == ("姓名", "住址.路", "住址.号", "住址.坐标", "面积", "在租", "备注")
    assert rows_of(store) == [
        ("张三", "一路", "1.50", '["1","2"]', "90071992547409931", "TRUE", ""),
        ("李四", "", "", "", "", "", ""),
    ]
    assert receipt.notes["nested_deeper"] == ["住址.坐标"]


def test_a_line_that_is_no_object_is_sent_back_with_its_number(
    store: Store, tmp_path: Path
) -> None:
    lines = as_lines().splitlines()
    lines[1:1] = ['{"姓名": "半', "[1, 2]", '{"姓名": "甲", "姓名": "乙"}', '{"姓名": NaN}']
    (tmp_path / "people.jsonl").write_text("\n".join(lines), encoding="utf-8")
    _, receipt = receive(store, tmp_path / "people.jsonl")
    assert (receipt.received, receipt.kept, receipt.quarantined) == (7, 3, 4)
    broken, doubled = "row.not_an_object", "row.doubled_name"
    assert reasons(store) == [(2, broken), (3, broken), (4, doubled), (5, broken)]


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": "x"}, {"a": NaN}, {"a": "\\ud800"}, {"a": "\\u0000"}, {"a": "\\ud83d\\ude00"}]',
        '{"a": "x"}\n{"a": NaN}\n{"a": "\\udc00"}\n{"\\ud800": "y"}\n{"a": "\\ud83d\\ude00"}\n',
        '{"data": [{"a": "x"}, {"a": "\\ud800"}, {"a": "\\u0000"}, {"a": "\\udc00"}, {"a": "\\ud83d\\ude00"}]}',
        '{"n": NaN, "data": [{"a": "x"}, '
        '{"a": NaN}, {"a": 1, "a": 2}, {"a": "\\u0000"}, {"a": "\\ud83d\\ude00"}], "s": ["y"]}',
        '{\n"data": [\n{"a": "x"},\n{"a": -Infinity}, {"a": NaN}, {"a": 1, "a": 2},\n{"a": "\\ud83d\\ude00"}]\n}',
    ],
)
def test_values_that_are_no_text_send_back_their_row_and_no_other(
    store: Store, tmp_path: Path, text: str
) -> None:
    (tmp_path / "odd.json").write_text(text, encoding="utf-8")
    _, receipt = receive(store, tmp_path / "odd.json")
    assert (receipt.received, receipt.kept, receipt.quarantined) == (5, 2, 3)
    assert rows_of(store) == [("x",), ("😀",)]


@pytest.mark.parametrize("wrapped", [False, True])
def test_an_array_over_many_chunks_loses_nothing(
    store: Store, tmp_path: Path, wrapped: bool
) -> None:
    rows = [
        {"编号": f"{n:07}", "地址": "龙华区民治街道一路1号" * 12, "次数": n} for n in range(9_000)
    ]
    rows.insert(4_000, {"编号": "甲", "地址": '"}],[{"', "次数": 0})
    value = {"code": 0, "page": {"of": 1}, "行": rows, "end": "]}"} if wrapped else rows
    (tmp_path / "rows.json").write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    _, receipt = receive(store, tmp_path / "rows.json")
    assert receipt.kept == 9_001
    assert rows_of(store)[4_000] == ("甲", '"}],[{"', "0")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[{"a": "b"}, {"a": ', "file.broken_json"),
        ('[{"a": "b"} {"a": "c"}]', "file.broken_json"),
        ('[{"a": "b"}', "file.broken_json"),
        ("[[1, 2], [3]]", "file.no_rows"),
        ("[{}]", "file.no_rows"),
        ("[" * 200_000, "file.broken_json"),
        ('{"code": 0, "data": [{"a": "b"}, {"a": "c"}', "file.broken_json"),
        ('{"code": 0, "data": [{"a": "b"}], "data": [{"a": "c"}]}', "file.broken_json"),
        ('{"code": 0, "data": [{"a": "b"}],}', "file.broken_json"),
        (
            '{"code": 0, "data": [{"a": "b"}]}\n{"code": 1, "data": [{"a": "c"}]}',
            "file.broken_json",
        ),
        (json.dumps([{f"k{n}": "x"} for n in range(1_100)]), "file.too_wide"),
    ],
)
def test_json_that_is_no_table_is_refused_whole(
    store: Store, tmp_path: Path, text: str, code: str
) -> None:
    (tmp_path / "rows.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataFault) as refused:
        receive(store, tmp_path / "rows.json")
    assert refused.value.code == code


def test_a_csv_that_begins_with_a_bracket_is_still_csv(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("[姓名],证件号码,地址\n张三,440380199001011239,一路1号\n", encoding="utf-8")
    _, receipt = receive(store, path)
    assert receipt.notes["format"] == "csv"


def test_a_folder_of_such_files_is_a_package_and_gets_mappings(
    store: Store, tmp_path: Path
) -> None:
    folder = tmp_path / "package"
    folder.mkdir()
    write_dbf(folder, COLUMNS, ROWS)
    (folder / "rows.json").write_text(as_array(), encoding="utf-8")
    package = sources.read_package(folder)
    assert {resource.name for resource in package.resources} == {"people", "rows"}
    for resource in package.resources:
        choice = sources.column_choice(store, resource.name)
        sources.receive_parts(
            store, resource.paths, source=resource.name, period="0001",
            zone=sources.recognise_zone, columns=choice,
        )  # fmt: skip
        fields = {column.heading: column.field for column in choice.settled.columns}
        assert fields["证件号码"] == "person.id_number"
        assert choice.settled.template in ("residents", "person_list")


@pytest.mark.parametrize(
    "text",
    [
        '[{"姓名":"甲"},{"姓名":"乙"}]\n[{"姓名":"丙"}]',
        '{"code":0,"msg":"ok","data":[]}',
        '{"rows":[{"姓名":"甲"}],"heads":[{"姓名":"乙"}]}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_json_of_which_rows_would_be_lost_is_refused_whole(
    store: Store, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "people.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataFault):
        receive(store, path)


def test_a_dbf_with_rows_behind_its_count_is_refused(store: Store, tmp_path: Path) -> None:
    path = write_dbf(tmp_path, COLUMNS, ROWS)
    content = bytearray(path.read_bytes())
    content[4:8] = struct.pack("<I", 1)
    path.write_bytes(content)
    with pytest.raises(DataFault, match="没有计入"):
        receive(store, path)


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ((0, 0), ""),
        ((2_460_000, 0), "2023-02-24"),
        ((2_460_000, 35_999_999), "2023-02-24 10:00:00"),
        ((2_460_000, 86_399_999), "2023-02-25"),
        ((2_460_000, -1), "2460000:-1"),
        ((2_460_000, 90_000_000), "2460000:90000000"),
        ((-5, 0), "-5:0"),
        ((2_147_483_647, 0), "2147483647:0"),
    ],
)
def test_an_instant_of_no_calendar_stays_as_it_was_stored(
    stored: tuple[int, int], shown: str
) -> None:
    assert reading_dbf._instant(*stored) == shown
