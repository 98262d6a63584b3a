"""What does not fit in memory is written encrypted into a folder of one's own, or not at all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from kuai.kit import engine as bulk

CANARY = b"440380199001011234"
# Repeated and never equal, as identity numbers are; far more than the memory below holds.
ROWS = f"select '{CANARY.decode()}' || i as number, md5(i::varchar) as mixed from range(900_000) as r(i)"


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def spilled(tmp_path: Path, *, in_clear: bool) -> bytes:
    connection = bulk.open_engine(
        spill_to=tmp_path, memory_limit="48MB", threads=1, spills_in_clear=in_clear
    )
    connection.execute("set preserve_insertion_order = false")
    connection.execute(f"create temp table kept as {ROWS}").fetchall()
    left = bytes_below(tmp_path)
    found = connection.execute(
        "select count(*), count(distinct number) from kept where number like $prefix || '%'",
        {"prefix": CANARY.decode()},
    ).fetchall()
    connection.close()
    assert found == [(900_000, 900_000)]
    return left


def test_spilled_values_would_be_seen_in_clear(tmp_path: Path) -> None:
    left = spilled(tmp_path, in_clear=True)
    assert left.count(CANARY) > 1000


def test_spilled_values_lie_encrypted(tmp_path: Path) -> None:
    left = spilled(tmp_path, in_clear=False)
    assert len(left) > 1_000_000
    assert left.count(CANARY) == 0


def test_only_the_owner_may_look_into_a_folder_of_spilled_values(tmp_path: Path) -> None:
    with bulk.engine(spill_to=tmp_path / "spill") as connection:
        connection.execute("select 1").fetchall()
        modes = [folder.stat().st_mode & 0o777 for folder in (tmp_path / "spill").iterdir()]
    assert modes == [0o700]


def test_an_engine_without_a_folder_writes_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    connection = bulk.open_engine(memory_limit="48MB", threads=1)
    with pytest.raises(duckdb.OutOfMemoryException):
        connection.execute(f"create temp table kept as {ROWS}").fetchall()
    connection.close()
    assert list(tmp_path.rglob("*")) == []


def test_what_a_killed_engine_left_goes_with_the_next(tmp_path: Path) -> None:
    # No process has this number: the kernel's largest is 2^22.
    dead, living = tmp_path / "9999999-1", tmp_path / "1-1"
    for folder in (dead, living):
        folder.mkdir()
        (folder / "duckdb_temp_storage").write_bytes(b"left")
    bulk.open_engine(spill_to=tmp_path).close()
    assert not dead.exists()
    assert living.exists()


def test_what_does_not_fit_on_many_threads_is_done_on_fewer(tmp_path: Path) -> None:
    sql = (
        "copy (select i, md5(i::varchar) as a, md5((i * 7)::varchar) as b from range(600000) t(i) order by b)"
        f" to '{tmp_path}/sorted.parquet' (format parquet)"
    )
    connection = bulk.open_engine(spill_to=tmp_path / "spill", memory_limit="60MB", threads=8)
    with pytest.raises(duckdb.OutOfMemoryException):
        connection.execute(sql)
    bulk.run_within_memory(connection, sql)
    counted = connection.execute(f"select count(*) from '{tmp_path}/sorted.parquet'").fetchall()
    assert counted == [(600_000,)]
    assert connection.execute("select current_setting('threads')").fetchall() == [(8,)]
    connection.close()
