"""The stories' own hands: the real command in a process of its own, and what lies in a store afterwards."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from kuai.demo_city.actions import generate_city
from kuai.kit.store import Store, read_json, write_json
from tests.stories.warm_kuai import warm_kuai

TOWN_DAY = date(2026, 10, 31)
LONGEST_COMMAND_S = 300
# What a story's command must not inherit: it has a store, keys and work database of its own.
OF_THE_TEST_RUN = ("KUAI_STORE", "KUAI_KEYS", "KUAI_DATABASE_URL", "KUAI_DEBUG", "KUAI_THREADS")
BUILD_EXIT_REFUSED, BUILD_EXIT_FAULTY, BUILD_EXIT_USAGE = 3, 4, 2


@dataclass(frozen=True)
class Answer:
    """What a command said and how it ended."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        """The answer of a command run with --json."""
        return json.loads(self.stdout)

    @property
    def sentences(self) -> str:
        """What it said on stderr, without the line breaks of the terminal's width."""
        return "".join(line.strip() for line in self.stderr.splitlines())


def environment(settings: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a story's command: the test run's, less its store and database."""
    kept = {name: value for name, value in os.environ.items() if name not in OF_THE_TEST_RUN}
    # Wide, because sentences are looked for as wholes.
    return {**kept, "COLUMNS": "400", "PYTHONWARNINGS": "ignore", **(settings or {})}


def command_line(*words: object) -> list[str]:
    return [str(Path(sys.executable).parent / "kuai"), *(str(word) for word in words)]


def run_kuai(
    *words: object, settings: Mapping[str, str] | None = None, cold: bool = False
) -> Answer:
    """Run `kuai WORDS` to its end: forked from the warm one, or, `cold` or with settings, started anew."""
    if not (cold or settings):
        return run_warm(*words)
    done = subprocess.run(
        command_line(*words),
        env=environment(settings),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=LONGEST_COMMAND_S,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def run_warm(*words: object, login: str = "", typed: str = "") -> Answer:
    """Run `kuai WORDS` in a process forked from this worker's warm kuai, as the system's user `login` if named."""
    request = {
        "words": [str(word) for word in words],
        "environment": environment(),
        "folder": str(Path.cwd()),
        "login": login,
    }
    warm = warm_kuai(environment())
    return Answer(*warm.run(request, typed=typed, timeout=LONGEST_COMMAND_S))


def run_well(
    *words: object, settings: Mapping[str, str] | None = None, cold: bool = False
) -> Answer:
    """Run `kuai WORDS`, which must succeed."""
    answer = run_kuai(*words, settings=settings, cold=cold)
    assert answer.exit_code == 0, f"kuai {words} -> {answer.exit_code}\n{answer.stderr[-3000:]}"
    return answer


def build(package: Path, store: Path, *, cold: bool = False) -> dict[str, Any]:
    """`kuai build PACKAGE --store STORE --json`, which must succeed."""
    return run_well("build", package, "--store", store, "--json", cold=cold).json()


def kill_build_after(seconds: float, package: Path, store: Path) -> bool:
    """Start a build, kill its whole process group after `seconds`; False if it was over before."""
    running = subprocess.Popen(
        command_line("build", package, "--store", store, "--json"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        said, _ = running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        return True
    assert running.returncode == 0, said.decode()[-3000:]
    return False


def make_town(folder: Path, *, rooms: int = 400, seed: int = 7, profile: str = "planted") -> Path:
    """A demo city's package in `folder`."""
    generate_city(folder, rooms=rooms, seed=seed, profile=profile, as_of=TOWN_DAY)
    return folder


def copy_town(town: Path, target: Path, **changes: Any) -> Path:
    """A copy of a package whose description has `changes`."""
    shutil.copytree(town, target)
    if changes:
        describe(target, lambda description: description.update(changes))
    return target


def describe(town: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a package's description in place."""
    description = read_json(town / "datapackage.json")
    change(description)
    write_json(town / "datapackage.json", description)


def resource_of(town: Path, name: str) -> dict[str, Any]:
    resources = read_json(town / "datapackage.json")["resources"]
    return next(one for one in resources if one["name"] == name)


def read_extract(town: Path, name: str) -> list[dict[str, str]]:
    """The rows of a CSV resource as texts."""
    resource = resource_of(town, name)
    with (town / resource["path"]).open(encoding=resource["encoding"], newline="") as stream:
        return list(csv.DictReader(stream))


def write_extract(town: Path, name: str, rows: list[dict[str, str]]) -> None:
    """Replace the rows of a CSV resource, in its encoding."""
    resource = resource_of(town, name)
    with (town / resource["path"]).open("w", encoding=resource["encoding"], newline="") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read_truth(town: Path, name: str) -> list[dict[str, str]]:
    with (town / "truth" / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def same_keys(of: Path, store: Path) -> Path:
    """Prepare `store` to work under copies of the keys of the store at `of`, data keys left out."""
    store.mkdir(parents=True)
    shutil.copy(of / "keyring", store / "keyring")
    shutil.copytree(Store(of).keys, Store(store).keys, ignore=shutil.ignore_patterns("data"))
    return store


def core_of(store: Path) -> Path:
    """The core folder of the published build."""
    return Store(store).current_build() / "core"


def bytes_by_file(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def read_core(store: Path, table: str) -> list[dict[str, Any]]:
    """A core table of the published build as rows."""
    return pq.read_table(core_of(store) / f"{table}.parquet").to_pylist()


def readable_text(path: Path) -> bytes:
    """All that anybody could read in a file: its bytes, and of Parquet the decoded columns too."""
    text = path.read_bytes()
    if path.suffix != ".parquet":
        return text
    columns = pq.read_table(path).columns
    written = (
        str(value)
        for column in columns
        for value in pa.compute.unique(column).to_pylist()
        if value is not None
    )
    return text + "\x1f".join(written).encode()


def leftovers(store: Path) -> list[str]:
    """Half-written files and scratch in a store or its keys."""
    halves = [
        str(path)
        for root in (store, Store(store).keys)
        for path in root.rglob("*")
        if path.name.endswith(".part")
    ]
    return halves + [str(path) for path in (store / "scratch").rglob("*") if path.is_file()]


def tree_of(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file below `folder` with size and time of its last change, to see whether anything was touched."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def once_a_run(shared: Path, name: str, make: Callable[[Path], object]) -> Path:
    """`shared/name`, made by the first worker of the run that asks; the others wait for it."""
    target = shared / name
    with _locked(shared / f"{name}.lock"):
        if not (shared / f"{name}.done").exists():
            make(target)
            (shared / f"{name}.done").touch()
    return target


def seconds_of(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
