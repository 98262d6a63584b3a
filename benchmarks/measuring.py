"""Measure a command: wall seconds and the peak memory of its whole process tree."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SAMPLE_EVERY_SECONDS = 0.2
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    """What a command took. Peak memory is the largest sum of proportional set sizes (PSS) ever sampled."""

    seconds: float
    peak_gb: float
    exit_code: int
    output: str
    # Of the command and of all its descendants that were waited for.
    cpu_seconds: float = 0.0


def measure(command: list[str], *, env: dict[str, str] | None = None) -> Measured:
    """Run `command` to its end."""
    began, worked = time.perf_counter(), _cpu_seconds_of_children()
    process = subprocess.Popen(
        command,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    peak = [0]
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, done))
    watcher.start()
    output, _ = process.communicate()
    done.set()
    watcher.join()
    return Measured(
        time.perf_counter() - began,
        peak[0] / 1e9,
        process.returncode,
        output,
        _cpu_seconds_of_children() - worked,
    )


def _cpu_seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _watch(root: int, peak: list[int], done: threading.Event) -> None:
    while not done.wait(SAMPLE_EVERY_SECONDS):
        peak[0] = max(peak[0], sum(_proportional_bytes(pid) for pid in _tree(root)))


def _tree(root: int) -> list[int]:
    """`root` and its living descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += parents.get(pid, [])
    return found


def _proportional_bytes(pid: int) -> int:
    """Memory of a process with shared pages counted once among their sharers."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0
