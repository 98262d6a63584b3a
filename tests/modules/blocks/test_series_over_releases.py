"""A release with other counters, or a store whose cells are lost, goes on in tens: no exact figure stands beside one
published before."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing

import duckdb
import numpy as np
import pytest

from kuai.blocks import counting
from kuai.blocks.engine.cells import STEP
from kuai.blocks.queries import compare_dates
from kuai.blocks.reading import BlockReader
from kuai.kit.errors import Refusal
from tests.modules.blocks.builders import pack
from tests.modules.blocks.test_attack import BANDS, BLOCKS, LEAVES, LIBRARY, people_of

OLD_BAND = "residents_6_17"
SPLIT = ("residents_6_13", "residents_14_17")


def figures_of(reader: BlockReader) -> dict[tuple[str, str], int]:
    return {
        (code, one.key): one.figure
        for code in BLOCKS
        for one in reader.get_block(code).counters
        if one.counts_persons and one.figure is not None
    }


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """One build, and a month later's people: one or two have moved in or away in most buildings."""
    chance = random.Random(7)
    first = np.array([[0, 14, 12, 40 + leaf, 11, 0, 0] for leaf in range(len(LEAVES))])
    second = first.copy()
    for leaf in range(0, len(LEAVES), 2):
        second[leaf, chance.choice((1, 3, 4))] += chance.choice((-1, 1, 2))
    facts, persons = people_of(first)
    folder = tmp_path_factory.mktemp("released")
    return pack(folder, LIBRARY, facts, persons=persons), people_of(second), second


def as_of_another_release(reader: BlockReader, folder, *, change: str = "") -> BlockReader:
    """A copy of the build with its table of cells' figures as `change` selects it; gone without."""
    core = folder / "old" / "core"
    shutil.copytree(reader.core, core)
    file = core / "cell_figure.parquet"
    if change:
        duckdb.sql(f"copy ({change.format(file=file)}) to '{folder}/new.parquet'")
        shutil.move(folder / "new.parquet", file)
    else:
        file.unlink()
    return BlockReader(folder / "old")


def test_a_split_age_band_goes_on_from_the_cells_and_figures_already_published(town, tmp_path):
    """The old release had one band for what are two now."""
    first, (facts, persons), _ = town
    merged = (
        f"select person_table, cell_no, case when counter in {SPLIT} then '{OLD_BAND}' else counter end as counter,"
        " sum(begun_with)::bigint as begun_with, sum(figure)::bigint as figure, series from '{file}' group by all"
    )
    old = as_of_another_release(first, tmp_path, change=merged)
    new = pack(tmp_path / "new", LIBRARY, facts, persons=persons, before=old, version="b-2")
    assert new.series == first.series
    before, now = figures_of(first), figures_of(new)
    shared = {at for at in before.keys() & now.keys() if at[1] not in SPLIT}
    assert len(shared) > 40
    assert {(now[at] - before[at]) % STEP for at in shared} == {0}
    was, is_now = (
        {
            code: figures[code, SPLIT[0]] + figures[code, SPLIT[1]]
            for code in BLOCKS
            if (code, SPLIT[0]) in figures
        }
        for figures in (before, now)
    )
    assert is_now.keys() & was.keys()
    assert {(is_now[code] - was[code]) % STEP for code in is_now.keys() & was.keys()} == {0}
    for code in BLOCKS:
        parts = [now.get((code, band)) for band in BANDS]
        if None not in parts:
            assert sum(parts) == now[code, "residents"]


def test_a_counter_that_is_new_among_published_ones_begins_in_tens(town, tmp_path):
    """The old release did not count households: they do not begin exact now."""
    first, (facts, persons), _ = town
    old = as_of_another_release(
        first, tmp_path, change="select * from '{file}' where counter <> 'households'"
    )
    new = pack(tmp_path / "new", LIBRARY, facts, persons=persons, before=old, version="b-2")
    households = [figure for (_, key), figure in figures_of(new).items() if key == "households"]
    assert max(households) > 0
    assert {figure % STEP for figure in households} == {0}


def test_where_the_cells_of_the_build_before_are_lost_everything_goes_on_in_tens(town, tmp_path):
    first, (facts, persons), second = town
    old = as_of_another_release(first, tmp_path)
    new = pack(tmp_path / "new", LIBRARY, facts, persons=persons, before=old, version="b-2")
    now = figures_of(new)
    assert now
    assert {figure % STEP for figure in now.values()} == {0}
    true = int(second.sum())
    assert abs(now["440399", "residents"] - true) < STEP
    assert new.series == "b-2"
    moved = [one for one in compare_dates(first, new, "440399") if one.key == "residents"]
    assert [one.difference for one in moved] == [None]
    assert "整十" in " ".join(new.get_block("440399").notes)


def test_a_new_exact_series_would_tell_who_moved(town, tmp_path, monkeypatch):
    """What the tests above hold: without going on, October less November is one person."""
    first, (facts, persons), _ = town
    monkeypatch.setattr(counting, "_read_kept", lambda *_: (None, ""))
    new = pack(tmp_path / "new", LIBRARY, facts, persons=persons, before=first, version="b-2")
    before, now = figures_of(first), figures_of(new)
    moved = {abs(now[at] - before[at]) for at in before.keys() & now.keys()}
    assert {1, 2} & moved


def test_a_build_of_another_release_shows_no_figure_under_anothers_name(town, tmp_path):
    """Columns are known by name; where a build names none, its places are told and its figures refused."""
    first = town[0]
    for change, says in (
        ("update meta set value = replace(value, '\"owners\"', '\"gone\"')", ""),
        ("delete from meta where key = 'counters'", "重新运行 kuai build"),
    ):
        core = tmp_path / str(bool(says)) / "core"
        shutil.copytree(first.core, core)
        with closing(sqlite3.connect(core / "serving.sqlite3")) as serving:
            serving.execute(change)
            serving.commit()
        reader = BlockReader(core.parent)
        assert reader.path_of(BLOCKS[1]) == first.path_of(BLOCKS[1])
        if says:
            with pytest.raises(Refusal, match=says):
                reader.get_block("440399")
            continue
        ours, theirs = (
            {one.key: one.figure for one in r.get_block("440399").counters} for r in (reader, first)
        )
        assert ours == {key: figure for key, figure in theirs.items() if key != "owners"}
        area = {one.key for one in reader.count_area(codes=["440399"]).counters}
        assert "owners" not in area
        assert "residents" in area
