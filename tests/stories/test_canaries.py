"""A thousand numbers and names are planted in a town's extracts; none of them is in anything a build leaves behind.

Looked for in every file of a store and of its keys, freed pages, statistics and dictionaries included, in what
commands say, in temporary files while stages run and after they were killed: as UTF-8, GB18030, UTF-16, base64, hex and
as hashes without a key. A backup holds none either, its database's freed pages included.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kuai.flows.queries import list_sources
from kuai.guard.types import Zone
from kuai.kit.store import Store
from kuai.sources.actions import write_refused_sheet
from tests.stories import canaries, planting, towns

FEWEST_VALUES = 1000
# Sealed, and a few bytes of keys: what looks like noise may lie there. Everything else is searched and must be empty.
NOISE_BITS = 7.2
STAGES = ("receive", "map", "link")


@pytest.fixture(scope="session")
def planted_town(town: Path, shared_by_workers: Path) -> Path:
    return towns.once_a_run(
        shared_by_workers, "planted-town", lambda target: planting.plant(town, target)
    )


@pytest.fixture(scope="module")
def people() -> list[planting.Planted]:
    return planting.invented_people()


@pytest.fixture(scope="module")
def finder(people: list[planting.Planted]) -> canaries.Finder:
    values = {value for one in people for value in one.values}
    assert len(values) >= FEWEST_VALUES
    return canaries.Finder(values, canaries.ways_of_writing)


def found_in(finder: canaries.Finder, *roots: Path) -> dict[str, int]:
    """How many planted values each file holds, of those that hold any."""
    counts = {
        str(path.relative_to(root.parent)): finder.count(canaries.texts_of(path))
        for root in roots
        for path in canaries.files_below(root)
    }
    return {name: count for name, count in counts.items() if count}


# --- the search itself --------------------------------------------------------------------------------


def test_the_planted_values_would_be_seen(planted_town: Path, finder: canaries.Finder) -> None:
    seen = [
        finder.count(canaries.texts_of(path))
        for path in canaries.files_below(planted_town / "extracts")
    ]
    assert sum(seen) > FEWEST_VALUES


def test_a_value_is_seen_however_it_is_written_and_wherever_it_stands(
    people: list[planting.Planted], finder: canaries.Finder
) -> None:
    missed = [
        (way, offset)
        for one in people[:5]
        for value in one.values
        for way, written in canaries.ways_of_writing(value)
        for offset in range(9)
        # Two characters' worth of base64 in the middle of a text is no more than chance.
        if len(written) >= canaries.SHORT
        and not finder.count(b"." * offset + written + b"." * (9 - offset))
    ]
    assert missed == []


# --- what a build leaves ------------------------------------------------------------------------------


class Watch:
    """Looks, over and over, at every file below some folders while something else runs."""

    def __init__(self, finder: canaries.Finder, *folders: Path) -> None:
        self._finder, self._folders = finder, folders
        self._over = threading.Event()
        self._seen: dict[Path, tuple[int, int]] = {}
        self.found: dict[str, int] = {}
        self.looked_at: set[str] = set()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.02):
            for root in self._folders:
                # os.walk, because it goes on where a folder vanishes under it.
                for folder, _, names in os.walk(root):
                    for name in names:
                        self._look(Path(folder) / name)

    def _look(self, path: Path) -> None:
        try:
            state = path.stat()
            if not path.is_file() or self._seen.get(path) == (state.st_size, state.st_mtime_ns):
                return
            count = self._finder.count(path.read_bytes())
        except OSError:
            # Gone meanwhile: temporary files are.
            return
        self._seen[path] = (state.st_size, state.st_mtime_ns)
        # Through a link without a name only the process itself comes to what it is reading.
        if count and not path.is_symlink():
            self.found[str(path)] = count
        self.looked_at.add(path.name)


@pytest.fixture(scope="module")
def planted_store(
    planted_town: Path, tmp_path_factory: pytest.TempPathFactory, finder: canaries.Finder
) -> tuple[Path, towns.Answer, Watch]:
    """The store built from the planted town, what the command said, what was seen in temporary files meanwhile."""
    folder = tmp_path_factory.mktemp("planted")
    store, temporary = folder / "store", folder / "tmp"
    temporary.mkdir()
    with Watch(finder, store / "scratch", temporary) as watch:
        said = towns.run_well(
            "build",
            planted_town,
            "--store",
            store,
            "--json",
            settings={"TMPDIR": str(temporary), "KUAI_MEMORY_LIMIT": "600MB"},
        )
    assert said.json()["receipt"]["received"] > 1000
    return store, said, watch


def test_no_file_of_a_store_or_of_its_keys_holds_a_planted_value(
    planted_store: tuple[Path, towns.Answer, Watch], finder: canaries.Finder
) -> None:
    store = planted_store[0]
    kinds = {path.suffix for path in canaries.files_below(store)}
    assert {".parquet", ".sealed", ".sqlite3", ".json", ".yaml"} <= kinds
    assert found_in(finder, store, Store(store).keys) == {}


def test_no_temporary_file_holds_a_planted_value_while_a_build_runs(
    planted_store: tuple[Path, towns.Answer, Watch],
) -> None:
    watch = planted_store[2]
    assert {"rows.arrow", "person_link.parquet"} <= watch.looked_at
    assert watch.found == {}


def test_the_sealed_files_are_noise_to_whoever_has_no_key(
    planted_store: tuple[Path, towns.Answer, Watch],
) -> None:
    sealed = [path for path in canaries.files_below(planted_store[0]) if path.suffix == ".sealed"]
    big = [path for path in sealed if path.stat().st_size > 4096]
    assert len(big) > 8
    assert [path.name for path in sealed if path.parent.parts[-4] != "vault"] == []
    assert [path.name for path in big if canaries.entropy_of(path.read_bytes()) < NOISE_BITS] == []


def test_a_backup_holds_no_planted_value_though_nothing_of_it_is_sealed_anew(
    planted_store: tuple[Path, towns.Answer, Watch], finder: canaries.Finder, tmp_path: Path
) -> None:
    made = towns.run_well("backup", tmp_path / "data", "--store", planted_store[0], "--json").json()
    assert not made["sealed"]
    assert made["files"] > 100
    assert found_in(finder, tmp_path / "data") == {}


def test_a_copy_of_the_store_without_its_keys_opens_nothing(
    planted_store: tuple[Path, towns.Answer, Watch], tmp_path: Path
) -> None:
    """What a stolen backup is worth: the files are there, the values are not."""
    copy = tmp_path / "copied"
    shutil.copytree(planted_store[0], copy)
    said = towns.run_kuai(
        "sources", "refused", "water_usage", "-o", tmp_path / "x.xlsx", "--store", copy
    )
    assert said.exit_code != 0
    assert not (tmp_path / "x.xlsx").exists()


def _seen_of(stage: str, store: Path) -> bool:
    """Has this stage left its first trace?"""
    traces = {
        "receive": "scratch/receive-*/0000/rows.arrow",
        "map": "extracts/*/*/*.parquet",
        "link": "scratch/b-*/core/person_link.parquet",
    }
    return any(store.glob(traces[stage]))


def _kill_build_when(
    is_there: Callable[[], bool], package: Path, store: Path, temporary: Path
) -> None:
    running = subprocess.Popen(
        towns.command_line("build", package, "--store", store, "--json"),
        env=towns.environment({"TMPDIR": str(temporary)}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while running.poll() is None and not is_there():
        time.sleep(0.005)
    assert running.poll() is None, "the build was over before its stage was seen"
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def test_a_build_killed_in_any_stage_leaves_no_planted_value(
    planted_town: Path, tmp_path: Path, finder: canaries.Finder
) -> None:
    store, temporary = tmp_path / "store", tmp_path / "tmp"
    temporary.mkdir()
    left: dict[str, dict[str, int]] = {}
    for stage in STAGES:
        _kill_build_when(lambda: _seen_of(stage, store), planted_town, store, temporary)  # noqa: B023 - called at once
        left[stage] = found_in(finder, store, Store(store).keys, temporary)
    assert left == dict.fromkeys(STAGES, {})


def test_a_sheet_of_refused_rows_holds_no_value_of_a_real_store(
    planted_store: tuple[Path, towns.Answer, Watch], finder: canaries.Finder, tmp_path: Path
) -> None:
    store = Store(planted_store[0])
    line = next(one for one in list_sources(store) if one.source == "water_usage")
    place = {"zone": Zone.CORE, "source": line.source, "period": line.period}
    written = write_refused_sheet(store, target=tmp_path / "back.xlsx", **place)
    assert written > 30
    assert found_in(finder, tmp_path) == {}
    write_refused_sheet(store, target=tmp_path / "back.xlsx", **place, with_values=True)
    assert found_in(finder, tmp_path) != {}


# --- what commands say and write ----------------------------------------------------------------------


def test_no_command_says_or_writes_a_planted_value(
    planted_store: tuple[Path, towns.Answer, Watch],
    planted_town: Path,
    tmp_path: Path,
    finder: canaries.Finder,
) -> None:
    store = tmp_path / "store"
    shutil.copytree(planted_store[0], store)
    shutil.copytree(Store(planted_store[0]).keys, Store(store).keys)
    out = tmp_path / "out"
    out.mkdir()
    at = ("--store", store)
    organisation = towns.read_core(store, "organisation")[0]["organisation_code"]
    reading: list[tuple[object, ...]] = [
        ("block", "440310", "--json"),
        ("sources", "list"),
        ("sources", "list", "--json"),
        ("export", "mentions", "-o", out / "mentions.csv"),
        ("explain", "mention", "police_residents", "3"),
        ("explain", "mention", "rental_filings", "0", "--json"),
        ("explain", "relation", "5"),
        ("explain", "organisation", organisation),
        ("doctor",),
    ]
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda words: towns.run_well(*words, *at), reading))
    said += [
        planted_store[1],
        # Refused to whoever has no account: what a refusal says is looked through too.
        towns.run_kuai("cases", "list", *at),
        towns.run_well("build", planted_town, *at),
        towns.run_well("ledger", "seal", *at),
        towns.run_well("ledger", "export", "-o", out / "ledger", *at),
    ]
    assert all(answer.stdout + answer.stderr for answer in said)
    assert [finder.count((one.stdout + one.stderr).encode()) for one in said] == [0] * len(said)
    assert {path.suffix for path in canaries.files_below(out)} >= {".csv", ".jsonl"}
    assert found_in(finder, out) == {}
