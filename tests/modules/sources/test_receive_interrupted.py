"""A receiving that is broken off leaves the old state or none, and can be repeated."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kuai.guard.types import Zone
from kuai.kit.errors import DataFault, Refusal
from kuai.sources.actions import get_snapshot
from tests.modules.sources.deliveries import HEADINGS, PEOPLE, kept_rows, receive, write_csv


class Interrupting:
    """A progress that does something when a line with this label moves on."""

    def __init__(self, label: str, act: Callable[[], None]) -> None:
        self.label, self.act = label, act

    def begin(self, label: str, *, total: int | None = None, measure: str = "行") -> Interrupting:
        self.running = label
        return self

    def advance(self, amount: int = 1) -> None:
        if self.running.startswith(self.label):
            self.act()

    def set_total(self, total: int) -> None:
        raise AssertionError("the total is known from the start")

    def end(self, task: Interrupting) -> None:
        self.running = ""


def power_cut() -> None:
    raise KeyboardInterrupt


def test_broken_off_while_reading_the_old_snapshot_stays(store, tmp_path):
    receive(store, write_csv(tmp_path, [HEADINGS, *PEOPLE]))
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE[:1]])
    with pytest.raises(KeyboardInterrupt):
        receive(store, path, progress=Interrupting("读取", power_cut))
    assert kept_rows(store) == list(PEOPLE)
    assert list(store.scratch.iterdir()) == []


def test_broken_off_while_sealing_there_is_no_half_snapshot_and_a_repeat_mends_it(store, tmp_path):
    receive(store, write_csv(tmp_path, [HEADINGS, *PEOPLE]))
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE[:1]])
    with pytest.raises(KeyboardInterrupt):
        receive(store, path, progress=Interrupting("封存", power_cut))
    with pytest.raises(Refusal, match="还没有收到"):
        get_snapshot(store, zone=Zone.CORE, source="people", period="2026-11")
    assert list(store.scratch.iterdir()) == []
    _, receipt = receive(store, path)
    assert receipt.notes["already_received"] is False
    assert kept_rows(store) == list(PEOPLE[:1])


def test_a_file_that_grows_while_it_is_read_is_refused(store, tmp_path):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE])

    def grow() -> None:
        with path.open("ab") as stream:
            stream.write(b"more,1,2,3\r\n")

    with pytest.raises(DataFault, match="被改动"):
        receive(store, path, progress=Interrupting("读取", grow))
    assert not list(store.vault.rglob("*.*"))


SCRIPT = """
import sys
from pathlib import Path
from kuai.guard.types import Zone
from kuai.kit.store import Store
from kuai.sources.actions import receive_file
receive_file(Store(Path(sys.argv[1])), Path(sys.argv[2]), source="people", period="2026-11", zone=Zone.CORE)
"""


@pytest.mark.parametrize("seconds", [0.6, 0.9, 1.3])
def test_killed_at_any_moment_it_can_be_repeated(store, tmp_path, seconds):
    path = write_csv(tmp_path, [HEADINGS, *PEOPLE * 60_000])
    run = subprocess.Popen([sys.executable, "-c", SCRIPT, str(store.root), str(path)])
    time.sleep(seconds)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    snapshot, receipt = receive(store, path)
    assert (snapshot.rows, receipt.received) == (180_000, 180_000)
    assert list(store.scratch.iterdir()) == []
    assert not [part for part in Path(store.vault).rglob("*.part")]
