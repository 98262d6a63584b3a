"""A sealing process killed at any instant: no acknowledged entry is lost, and the next sealing makes all whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kuai.guard import actions
from kuai.kit.store import Store

PREPARE = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
"""
WORK = """
import sys, django; django.setup()
from django.conf import settings
from kuai.guard import ledger
from kuai.guard.types import Actor, Role
from kuai.kit.clock import utc_now
while True:
    for _ in range(3):
        reference = ledger.record_entry(actor=Actor("w", Role.GRID_WORKER), action="person.read",
            object_kind="person", object_refs=("person:P-00000001-K",), at=utc_now())
        print(reference, flush=True)
    ledger.seal_pending(settings.STORE, now=utc_now())
"""
FINISH = """
import django; django.setup()
from django.conf import settings
from kuai.guard import ledger
from kuai.kit.clock import utc_now
ledger.seal_pending(settings.STORE, now=utc_now())
print(*ledger.find_row_faults(settings.STORE), sep="\\n")
"""


@pytest.mark.parametrize(
    "kills", [3, pytest.param(100, marks=pytest.mark.torture)], ids=lambda kills: f"{kills}-kills"
)
def test_a_killed_sealer_loses_nothing_and_leaves_a_ledger_that_verifies(
    tmp_path: Path, kills: int
) -> None:
    store = Store(tmp_path / "store").create()
    dice = random.Random(kills)
    acknowledged: set[str] = set()
    run(store, PREPARE)
    for _ in range(kills):
        acknowledged |= set(work_until_killed(store, seconds=dice.uniform(0.05, 0.8)))
        assert run(store, FINISH).strip() == ""
        entries = store.root / "ledger" / "entries-000000000001.jsonl"
        verdict = actions.verify_ledger_file(entries, entries.with_name("checkpoints.txt"))
        assert verdict.is_whole, verdict.faults
        written = entries.read_text()
        assert all(reference in written for reference in acknowledged)
    assert acknowledged


def surroundings(store: Store) -> dict[str, str]:
    settings = {"KUAI_STORE": str(store.root), "DJANGO_SETTINGS_MODULE": "kuai.web.settings"}
    foreign = ("KUAI_DATABASE_URL", "KUAI_KEYS")
    return {name: value for name, value in os.environ.items() if name not in foreign} | settings


def run(store: Store, code: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", code],
        env=surroundings(store),
        check=True,
        capture_output=True,
        text=True,
    )
    return finished.stdout


def work_until_killed(store: Store, *, seconds: float) -> list[str]:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORK], env=surroundings(store), stdout=subprocess.PIPE, text=True
    )
    assert worker.stdout is not None
    first = worker.stdout.readline()
    time.sleep(seconds)
    worker.send_signal(signal.SIGKILL)
    rest, _ = worker.communicate()
    # The last line may be cut by the kill: only whole ones were acknowledged.
    whole = (first + rest).rpartition("\n")[0]
    return whole.split()
