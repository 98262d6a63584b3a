"""Broken and malicious files: each gives a receipt that adds up or a readable fault; the parent lives, quickly."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import pytest

from kuai.guard.types import Zone
from kuai.kit.errors import DataFault
from kuai.kit.store import Store
from kuai.sources.actions import receive_file
from kuai.sources.engine import reading_limits
from tests.modules.sources.mutations import mutate

# Words of parsers and of Python that an office must never read.
UNREADABLE = re.compile(
    r"Traceback|Error|Exception|panic|calamine|None|0x|\\x|[a-z]{4,}_[a-z]+|xml:"
)
SECONDS = 10.0
CHUNK = 50


def receive_mutation(store: Store, folder: Path, number: int) -> str:
    """Receive one mutated file; returns the fault's code or `received`. Asserts what must hold for every file."""
    kind, content = mutate(number)
    path = folder / f"{number}.dat"
    path.write_bytes(content)
    began = time.monotonic()
    try:
        taken = receive_file(store, path, source="fuzz", period=f"p{number}", zone=Zone.CORE)
        fault = None
    except DataFault as refusal:
        taken, fault = None, refusal
    assert time.monotonic() - began < SECONDS, (kind, number)
    assert not list(store.scratch.iterdir()), (kind, number)
    path.unlink()
    if taken is not None:
        snapshot, receipt = taken
        assert receipt.received > 0, (kind, number)
        assert snapshot.rows == receipt.kept, (kind, number)
        return "received"
    assert fault is not None
    reads_well(fault, file=path.name, of=(kind, number))
    assert not (store.vault / "core" / "fuzz" / f"p{number}").exists(), (kind, number)
    return fault.code


def reads_well(fault: DataFault, *, file: str, of: tuple[str, int]) -> None:
    """A fault names the file, says in Chinese what is wrong and what to do, and quotes no parser."""
    said = str(fault)
    assert fault.where.file == file, of
    assert fault.remedy, (of, said)
    assert re.search("[\u4e00-\u9fff]{4,}", fault.sentence), (of, said)
    assert not UNREADABLE.search(said.replace(file, "")), (of, said)


# Each of the 16 kinds of mutation fifteen times and more; make torture has 20,000 files.
@pytest.mark.parametrize("first", range(0, 250, CHUNK))
def test_250_mutated_files_each_get_a_receipt_or_a_reason(store, tmp_path, first):
    outcomes = Counter(receive_mutation(store, tmp_path, n) for n in range(first, first + CHUNK))
    assert outcomes["received"] > 0
    assert len(outcomes) > 3


def test_no_child_may_take_more_than_a_gigabyte_for_a_small_file():
    """Because a limit of the kernel holds it, memory needs no measuring file by file."""
    limits = reading_limits.limits_for(100_000, is_workbook=True)
    assert limits.memory_most <= 1 << 30
    assert limits.wall_seconds < SECONDS


@pytest.mark.torture
def test_20000_mutated_files_each_get_a_receipt_or_a_reason(store, tmp_path):
    outcomes = Counter(receive_mutation(store, tmp_path, n) for n in range(1000, 21_000))
    assert outcomes["received"] > 1000
    assert len(outcomes) > 10
