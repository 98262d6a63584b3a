"""No file can kill, fill or stop the process that receives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from kuai.kit.errors import DataFault
from kuai.sources.engine import reading_limits, reading_scan, sandbox
from kuai.sources.engine.reading import ReadingJob
from kuai.sources.engine.reading_limits import MIB, ReadingLimits
from tests.modules.sources.deliveries import (
    HEADINGS,
    PEOPLE,
    kept_rows,
    receive,
    rewrite_part,
    write_csv,
    write_xlsx,
)

FAR_CELL = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
)


def far_cell_workbook(folder: Path) -> Path:
    """A workbook of 5 KB with one cell in the last corner of its sheet."""
    path = rewrite_part(
        write_xlsx(folder, [HEADINGS, *PEOPLE], name="far.xlsx"),
        "xl/worksheets/sheet1.xml",
        FAR_CELL,
    )
    assert path.stat().st_size < 8_000
    return path


def run(path: Path, scratch: Path, **limits: float) -> dict:
    """Read `path` in a child under narrow limits."""
    scratch.mkdir(exist_ok=True)
    bounds = {
        "wall_seconds": 9.0,
        "memory_bytes": 1024 * MIB,
        "memory_most": 1024 * MIB,
        "file_bytes": 512 * MIB,
        **limits,
    }
    job = ReadingJob(path=str(path), file_name=path.name, scratch=str(scratch))
    return sandbox.read_safely(
        job.as_json(),
        size=path.stat().st_size,
        is_workbook=True,
        on_progress=lambda _: None,
        limits=ReadingLimits(**bounds),
    )


def test_one_stray_cell_in_the_last_corner_is_refused_with_its_place(store, tmp_path):
    began = time.monotonic()
    with pytest.raises(DataFault) as caught:
        receive(store, far_cell_workbook(tmp_path))
    assert caught.value.code == "sheet.stray_cell"
    assert (caught.value.where.sheet, caught.value.where.row) == ("数据", 1_048_576)
    assert "16384" in caught.value.sentence
    assert time.monotonic() - began < 10


PARSE_UNSCANNED = f"""
import sys
from python_calamine import CalamineWorkbook
from kuai.sources.engine import sandbox
from kuai.sources.engine.sandbox import ReadingLimits
sandbox._set_limits(ReadingLimits(9.0, {1024 * MIB}, {1024 * MIB}, {MIB}))
CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0)
"""


def test_that_cell_does_abort_the_parser_without_our_scan(tmp_path):
    """The reason for scan and child: should calamine learn to refuse it, this test says so."""
    path = far_cell_workbook(tmp_path)
    # An interpreter of its own: a fork of a test process with threads can wait for ever.
    ended = subprocess.run(
        [sys.executable, "-c", PARSE_UNSCANNED, str(path)], check=False, capture_output=True
    )
    assert ended.returncode == -signal.SIGABRT


def test_a_child_that_the_parser_aborts_becomes_a_sentence(tmp_path):
    """The grid of five million cells does not fit into what is left of 450 MB: the parser aborts, we live."""
    path = tmp_path / "wide.xlsx"
    write_xlsx(tmp_path, [HEADINGS], name="wide.xlsx")
    rows = b"".join(
        b'<row r="%d"><c r="A%d"><v>1</v></c><c r="XA%d"><v>1</v></c></row>' % (n, n, n)
        for n in range(1, 7900)
    )
    rewrite_part(
        path,
        "xl/worksheets/sheet1.xml",
        FAR_CELL.split(b"<row")[0] + rows + b"</sheetData></worksheet>",
    )
    with pytest.raises(DataFault) as caught:
        run(path, tmp_path / "scratch", memory_bytes=450 * MIB, memory_most=450 * MIB)
    assert caught.value.code == "file.too_big"


def test_too_slow_a_reading_is_stopped(tmp_path):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE * 100_000])
    began = time.monotonic()
    with pytest.raises(DataFault) as caught:
        run(path, tmp_path / "scratch", wall_seconds=0.2)
    assert caught.value.code == "file.too_slow"
    assert time.monotonic() - began < 5


def test_too_much_written_is_stopped(tmp_path):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE * 50_000])
    with pytest.raises(DataFault) as caught:
        run(path, tmp_path / "scratch", file_bytes=MIB)
    assert caught.value.code == "file.too_big"
    assert sum(file.stat().st_size for file in (tmp_path / "scratch").iterdir()) <= 2 * MIB


def test_a_zip_bomb_is_refused_before_it_unfolds(store, tmp_path):
    path = write_xlsx(tmp_path, [HEADINGS, *PEOPLE])
    rewrite_part(path, "xl/sharedStrings.xml", b"<sst>" + b" " * (300 * MIB) + b"</sst>")
    assert path.stat().st_size < MIB
    with pytest.raises(DataFault) as caught:
        receive(store, path)
    assert caught.value.code == "file.zip_bomb"


def test_a_directory_that_lies_about_a_parts_size_is_not_believed(tmp_path):
    path = tmp_path / "liar.xlsx"
    write_xlsx(tmp_path, [HEADINGS, *PEOPLE], name="liar.xlsx")
    rewrite_part(path, "xl/sharedStrings.xml", b"<sst>" + b" " * (64 * MIB) + b"</sst>")
    content = path.read_bytes()
    size = (64 * MIB + len(b"<sst></sst>")).to_bytes(4, "little")
    path.write_bytes(content.replace(size, (1000).to_bytes(4, "little")))
    with pytest.raises(DataFault) as caught:
        reading_scan.scan_workbook(path, name="liar.xlsx", advance=lambda _: None)
    assert caught.value.code in {"file.damaged", "file.zip_bomb"}


def test_doubled_parts_are_refused(tmp_path):
    path = write_xlsx(tmp_path, [HEADINGS, *PEOPLE])
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/worksheets/sheet1.xml", FAR_CELL)
    with pytest.raises(DataFault) as caught:
        reading_scan.scan_workbook(path, name=path.name, advance=lambda _: None)
    assert caught.value.code == "file.odd_package"


def test_a_killed_reading_room_is_replaced(store, tmp_path):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE])
    receive(store, path)
    with sandbox.borrowed_room() as room:
        watcher = room._process
    os.kill(watcher.pid, signal.SIGKILL)
    watcher.wait()
    receive(store, write_csv(tmp_path, [HEADINGS, *PEOPLE[:2]]))
    assert kept_rows(store) == list(PEOPLE[:2])


def test_the_child_sees_no_secret_of_ours(monkeypatch):
    monkeypatch.setenv("KUAI_KEYS", "/somewhere/secret")
    room = sandbox.ReadingRoom()
    try:
        environment = Path(f"/proc/{room._process.pid}/environ").read_bytes()
    finally:
        room.close()
    assert b"KUAI_KEYS" not in environment


def test_the_watcher_dies_with_its_parent():
    room = sandbox.ReadingRoom()
    assert room._process.stdin is not None
    room._process.stdin.close()
    assert room._process.wait(timeout=5) == 0
    room.close()


def test_a_room_started_by_a_thread_outlives_that_thread(store, tmp_path):
    """Web servers read in threads that end; the reading room must stay for the next one."""
    sandbox.close_rooms()
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE])
    thread = threading.Thread(target=run, args=(path, tmp_path / "scratch"))
    thread.start()
    thread.join()
    with sandbox.borrowed_room() as room:
        watcher = room._process.pid
    run(path, tmp_path / "scratch")
    with sandbox.borrowed_room() as room:
        assert room._process.pid == watcher


def test_the_child_dies_when_the_parent_is_killed(tmp_path):
    """A parent that is killed while a long reading runs leaves no process behind."""
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE * 200_000])
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    script = (
        "import sys; from kuai.sources.engine import sandbox, reading;"
        "job = reading.ReadingJob(path=sys.argv[1], file_name='x', scratch=sys.argv[2]);"
        "sandbox.read_safely(job.as_json(), size=1, is_workbook=False,"
        " on_progress=lambda done: print(done, flush=True))"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(path), str(scratch)], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    parent.stdout.readline()
    parent.kill()
    parent.wait()
    time.sleep(1)
    sizes = [file.stat().st_size for file in scratch.iterdir()]
    time.sleep(0.5)
    assert [file.stat().st_size for file in scratch.iterdir()] == sizes


def test_many_small_files_do_not_start_many_interpreters(store, tmp_path):
    sandbox.close_rooms()
    rooms = set()
    for count in range(12):
        write_csv(tmp_path, [HEADINGS, *PEOPLE, *[PEOPLE[0]] * count])
        run(tmp_path / "people.csv", tmp_path / "scratch")
        with sandbox.borrowed_room() as room:
            rooms.add(room)
    assert len(rooms) == 1


def test_limits_grow_with_honest_files_only():
    small = reading_limits.limits_for(5_000, is_workbook=True)
    big = reading_limits.limits_for(60 * MIB, is_workbook=True)
    assert small.wall_seconds < 10
    assert small.memory_most == 1024 * MIB
    assert big.wall_seconds > 200
    assert big.memory_bytes == 1024 * MIB
    assert big.memory_most > 4 * 1024 * MIB
