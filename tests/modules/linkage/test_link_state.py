"""A state beside the link of files: who comes later is linked as if everybody had come at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.invented_persons import invent_rows
from kuai.kit.element_codes import codes_of
from kuai.kit.errors import DataFault
from kuai.linkage.actions import link_file
from kuai.linkage.link_state import read_answers

ROWS = {
    profile: invent_rows(2500, seed=11, profile=profile).drop(["truth"])
    for profile in ("easy", "hard")
}


def answers(folder: Path) -> dict[str, tuple[str, float, str]]:
    """row_id -> first row_id of its cluster, probability, reason."""
    rows = read_answers(duckdb.connect(), folder).to_pylist()
    first: dict[int, str] = {}
    for row in rows:
        founder = row["founder_row_no"]
        first[founder] = min(first.get(founder, row["row_id"]), row["row_id"])
    return {
        row["row_id"]: (first[row["founder_row_no"]], row["match_probability"], row["reason"])
        for row in rows
    }


def write(path: Path, rows: pa.Table) -> Path:
    pq.write_table(rows, path)
    return path


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    profile=st.sampled_from(sorted(ROWS)),
    seed=st.integers(0, 10_000),
    shares=st.lists(st.floats(0.01, 0.4), min_size=1, max_size=2),
)
def test_rows_that_come_in_parts_are_linked_as_if_they_had_come_at_once(
    tmp_path_factory: pytest.TempPathFactory, profile: str, seed: int, shares: list[float]
) -> None:
    folder = tmp_path_factory.mktemp("state")
    rows = ROWS[profile]
    cuts = np.cumsum([0.0, 1 - sum(shares), *shares])
    drawn = np.random.default_rng(seed).random(len(rows))
    out = folder / "out.parquet"
    for place, (low, high) in enumerate(zip(cuts[:-1], [*cuts[1:-1], 1.1], strict=True)):
        part = rows.filter(pa.array((drawn >= low) & (drawn < high)))
        link_file(write(folder / f"{place}.parquet", part), out, state=folder / "grown")
    everything = write(folder / "all.parquet", rows)
    link_file(everything, out, state=folder / "whole", figures_of=folder / "grown")
    assert answers(folder / "grown") == answers(folder / "whole")


def test_a_second_delivery_looks_at_few_rows_again(tmp_path: Path) -> None:
    rows, out = ROWS["easy"], tmp_path / "out.parquet"
    link_file(write(tmp_path / "a.parquet", rows.slice(0, 2450)), out, state=tmp_path / "state")
    link_file(write(tmp_path / "b.parquet", rows.slice(2450)), out, state=tmp_path / "state")
    looked_at = set(pq.read_table(out)["row_id"].to_pylist())
    assert set(rows.slice(2450)["row_id"].to_pylist()) <= looked_at
    assert len(looked_at) < 500


def test_a_row_that_came_before_is_refused_and_the_state_stays(tmp_path: Path) -> None:
    given, out = write(tmp_path / "a.parquet", ROWS["easy"]), tmp_path / "out.parquet"
    link_file(given, out, state=tmp_path / "state")
    before = answers(tmp_path / "state")
    with pytest.raises(DataFault, match="此前的批次"):
        link_file(given, out, state=tmp_path / "state")
    assert answers(tmp_path / "state") == before


def test_nothing_of_a_person_lies_open_in_the_state(tmp_path: Path) -> None:
    rows = ROWS["easy"].slice(0, 600)
    link_file(write(tmp_path / "a.parquet", rows), tmp_path / "out.parquet", state=tmp_path / "s")
    told = {
        value.encode()
        for column in ("name", "id_number", "phone", "room_code")
        for value in rows[column].to_pylist()
        if value and len(value) > 2
    }
    numbers = {
        int(value[:17]) for value in rows["id_number"].to_pylist() if value and value[:17].isdigit()
    }
    files = [path for path in (tmp_path / "s").rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        content = path.read_bytes()
        assert not [value for value in told if value in content], path.name
    for path in (tmp_path / "s" / "linked").rglob("*.parquet"):
        for column in pq.read_table(path).columns:
            if pa.types.is_integer(column.type):
                assert not numbers & set(column.to_pylist())


def test_rows_of_a_source_that_sorts_first_renumber_nobody(tmp_path: Path) -> None:
    rows = ROWS["easy"].slice(0, 600)
    state, out = tmp_path / "state", tmp_path / "out.parquet"
    link_file(write(tmp_path / "first.parquet", rows), out, state=state)
    coded = pq.read_table(out, columns=["row_id", "person_code"]).to_pylist()
    before = {row["row_id"]: row["person_code"] for row in coded}
    later = rows.slice(0, 200).set_column(
        rows.column_names.index("row_id"), "row_id", pa.array([f"later{n}" for n in range(200)])
    )
    sources = pa.array(["0 first of all"] * 200)
    later = later.set_column(later.column_names.index("source"), "source", sources)
    link_file(write(tmp_path / "later.parquet", later), out, state=state)
    told = read_answers(duckdb.connect(), state).to_pylist()
    founders = {row["row_id"]: row["founder_row_no"] for row in told}
    assert sum(founders[name] < 600 for name in before) == len(before)
    assert sum(founders[f"later{n}"] < 600 for n in range(200)) > 150
    codes = codes_of("person", np.array([founders[name] for name in before]) + 1)
    assert codes.tolist() == list(before.values())


@pytest.fixture(scope="module")
def two_deliveries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a state of two deliveries, and a file `new.parquet` for it."""
    folder = tmp_path_factory.mktemp("two_deliveries")
    rows = ROWS["easy"]
    for place, (begin, length) in enumerate(((0, 400), (400, 50))):
        part = write(folder / f"{place}.parquet", rows.slice(begin, length))
        link_file(part, folder / "out.parquet", state=folder / "state")
    write(folder / "new.parquet", rows.slice(450, 50))
    return folder


@pytest.fixture
def damaged(two_deliveries: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may damage."""
    shutil.copytree(two_deliveries, tmp_path / "copy")
    return tmp_path / "copy"


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil(path: Path) -> None:
    """Leave the footer as it is."""
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("name", ["link_state_row", "link_state_group"])
@pytest.mark.parametrize("damage", [cut_short, spoil, Path.unlink])
def test_a_damaged_table_of_the_state_is_told_with_its_place_and_what_to_do(
    damaged: Path, name: str, damage: Callable[[Path], None]
) -> None:
    linked = damaged / "state" / "linked"
    damage(linked / "0000" / f"{name}.parquet")
    with pytest.raises(DataFault) as told:
        link_file(damaged / "new.parquet", damaged / "out.parquet", state=damaged / "state")
    assert told.value.code == "state_damaged"
    assert f"{name}.parquet" in told.value.where.file
    assert "备份" in told.value.remedy
    assert sorted(path.name for path in linked.iterdir() if path.name.isdigit()) == ["0000", "0001"]


def test_answers_of_a_damaged_state_are_not_read(damaged: Path) -> None:
    cut_short(damaged / "state" / "linked" / "0001" / "link_state_row.parquet")
    with pytest.raises(DataFault, match="已损坏"):
        answers(damaged / "state")
    with pytest.raises(DataFault, match="没有状态"):
        answers(damaged / "elsewhere")


def test_a_missing_delivery_is_noticed(damaged: Path) -> None:
    shutil.rmtree(damaged / "state" / "linked" / "0000")
    with pytest.raises(DataFault, match="缺少批次 0000"):
        link_file(damaged / "new.parquet", damaged / "out.parquet", state=damaged / "state")


def test_a_table_that_lost_rows_is_noticed(damaged: Path) -> None:
    path = damaged / "state" / "linked" / "0000" / "link_state_row.parquet"
    rows = pq.read_table(path)
    write(path, rows.slice(0, len(rows) - 5))
    with pytest.raises(DataFault, match="已损坏"):
        link_file(damaged / "new.parquet", damaged / "out.parquet", state=damaged / "state")


@pytest.mark.parametrize("name", ["row", "person_shared_phone"])
def test_a_missing_sealed_table_is_told_and_not_taken_for_an_empty_one(
    damaged: Path, name: str
) -> None:
    found = [path for path in (damaged / "state" / "vault").rglob(f"{name}.sealed")]
    next(path for path in found if path.parent.name == "0000").unlink()
    with pytest.raises(DataFault) as told:
        link_file(damaged / "new.parquet", damaged / "out.parquet", state=damaged / "state")
    assert told.value.code == "state_damaged"
    assert "0000" in told.value.where.file


def test_a_state_whose_tokens_were_made_otherwise_is_refused(damaged: Path) -> None:
    form = damaged / "state" / "linked" / "0001" / "form.txt"
    form.write_text("groups-1 duckdb-1.0\n", encoding="utf-8")
    with pytest.raises(DataFault, match="另一版本"):
        link_file(damaged / "new.parquet", damaged / "out.parquet", state=damaged / "state")
