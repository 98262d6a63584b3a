"""Reads delivered files in limited child processes, so that no file can kill, fill or stop this one.

A reading room is a second interpreter without threads or secrets that has the parsers loaded. For every file
it forks a child with limits on memory, processor time and written bytes, watches the clock and reports how the
child ended. It never parses itself. Forking from there costs milliseconds; starting an interpreter, 300.
"""

from __future__ import annotations

import atexit
import ctypes
import errno
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from kuai.kit.errors import Breakdown, DataFault, Where
from kuai.sources.engine.reading_limits import ReadingLimits, limits_for

Report = dict[str, Any]
OnProgress = Callable[[int], None]

# How long the parent waits beyond the child's limit before it gives up on the whole reading room.
GRACE_SECONDS = 5.0
# Progress is reported at most this often.
REPORT_EVERY_SECONDS = 0.2
# A report line is short: headings and counts.
REPORT_BYTES = 4 * 1024 * 1024
IDLE_ROOMS = 2

_PR_SET_PDEATHSIG = 1
_SPLIT = "请拆成几个小一些的文件，或另存为 CSV 后再交。"
_REPACK = "请把数据复制到新的空白工作簿后再交；仍不行就拆成几个文件。"
_RESAVE = "请用 Excel 或 WPS 打开确认，另存为新的 .xlsx 或 .csv 后再交。"


class ReadingRoom:
    """One watcher interpreter. Serves one file at a time; `read` may be called again and again."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        # Because the child must not see keys or passwords, it gets no environment but the search path.
        environment = {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
            "ARROW_DEFAULT_MEMORY_POOL": "system",
            "MALLOC_ARENA_MAX": "1",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from kuai.sources.engine.sandbox import serve; serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
        self._buffer = b""

    def read(self, job: Report, limits: ReadingLimits, on_progress: OnProgress) -> Report:
        """The child's last report; `Breakdown` if the reading room itself is gone."""
        request = json.dumps({"job": job, "limits": asdict(limits)}) + "\n"
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(request.encode())
            self._process.stdin.flush()
            return self._await_report(limits.wall_seconds + GRACE_SECONDS, on_progress)
        except OSError as error:
            self.close()
            raise Breakdown("the reading room ended") from error

    def _await_report(self, seconds: float, on_progress: OnProgress) -> Report:
        deadline = time.monotonic() + seconds
        answer: Report = {}
        while True:
            line = self._next_line(deadline)
            report = _parsed(line)
            if "done" in report:
                on_progress(report["done"])
            elif "ended" in report:
                return {**answer, **report}
            elif report:
                answer = report

    def _next_line(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        stream = self._process.stdout.fileno()
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([stream], [], [], max(0.0, deadline - time.monotonic()))
            block = os.read(stream, 65536) if ready else b""
            if not block or len(self._buffer) > REPORT_BYTES:
                self.close()
                raise Breakdown("the reading room gave no answer")
            self._buffer += block
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line

    @property
    def is_usable(self) -> bool:
        """Alive, and ours: after a fork the other process must not read our answers."""
        return self._owner == os.getpid() and self._process.poll() is None

    def close(self) -> None:
        """End the watcher; a child that is reading dies with it."""
        if self._owner != os.getpid():
            return
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None and not stream.closed:
                try:
                    stream.close()
                except OSError:
                    continue


def _parsed(line: bytes) -> Report:
    try:
        report = json.loads(line)
    except ValueError:
        # Half a line of a child that was killed while it reported.
        return {}
    return report if isinstance(report, dict) else {}


_idle: list[ReadingRoom] = []
_idle_lock = threading.Lock()


@contextmanager
def borrowed_room() -> Iterator[ReadingRoom]:
    """An idle reading room or a new one; it is kept for the next file if it still works."""
    with _idle_lock:
        room = next((room for room in _idle if room.is_usable), None)
        if room is not None:
            _idle.remove(room)
    room = room or ReadingRoom()
    kept = False
    try:
        yield room
        with _idle_lock:
            kept = room.is_usable and len(_idle) < IDLE_ROOMS
            if kept:
                _idle.append(room)
    finally:
        if not kept:
            room.close()


@atexit.register
def close_rooms() -> None:
    """End idle reading rooms."""
    with _idle_lock:
        while _idle:
            _idle.pop().close()


def read_safely(
    job: Report,
    *,
    size: int,
    is_workbook: bool,
    on_progress: OnProgress,
    limits: ReadingLimits | None = None,
) -> Report:
    """Read one file in a limited child. Returns the reading's result or raises a DataFault; never hangs.

    A reading room that died is replaced once: it may have been killed from outside.
    """
    bounds = limits or limits_for(size, is_workbook=is_workbook)
    for attempt in (1, 2):
        try:
            with borrowed_room() as room:
                report = room.read(job, bounds, on_progress)
            break
        except Breakdown:
            if attempt == 2:
                raise
    return _outcome(report, job["file_name"])


def _outcome(report: Report, file_name: str) -> Report:
    if "result" in report:
        result: Report = report["result"]
        return result
    where = Where(file=file_name)
    if "fault" in report:
        fault = report["fault"]
        raise DataFault(
            fault["code"],
            fault["sentence"],
            where=Where(**fault["where"]),
            remedy=fault["remedy"],
        )
    ended = report.get("failed") or report.get("ended", "")
    if ended == "disk":
        raise Breakdown("no room left in the scratch folder") from OSError(
            errno.ENOSPC, "disk full"
        )
    if ended == "time":
        raise DataFault("file.too_slow", "读取用时超过上限，已停止", where=where, remedy=_SPLIT)
    if ended == "memory":
        # A broken length field asks for as much memory as a huge sheet, so both are named.
        raise DataFault(
            "file.too_big",
            "读取所需内存超过上限，已停止（表格范围过大，或文件已损坏）",
            where=where,
            remedy=_REPACK,
        )
    raise DataFault("file.unreadable", "文件内部结构有错，读取中止", where=where, remedy=_RESAVE)


# ---- below: inside the reading room and its children ----


def serve() -> None:
    """The watcher's loop: one request a line, one child a request. Ends when the parent does."""
    # Loaded here, before any child exists, so that a child starts with everything in memory.
    from kuai.sources.engine import reading, reading_grids  # noqa: F401, PLC0415

    while True:
        line = sys.stdin.readline()
        if not line:
            return
        request = json.loads(line)
        bounds = ReadingLimits(**request["limits"])
        child = os.fork()
        if child == 0:
            _read_in_child(reading, request["job"], bounds)
        ended, peak = _watch(child, bounds.wall_seconds)
        # The line break first: a killed child may have left half a line.
        report = {"ended": ended, "peak_bytes": peak}
        os.write(1, b"\n" + json.dumps(report).encode() + b"\n")


def _watch(child: int, seconds: float) -> tuple[str, int]:
    """Wait for the child, kill it when its time is up, say how it ended and how much memory it held at most."""
    descriptor = os.pidfd_open(child)
    try:
        # Standard input speaks during a reading only when the parent is gone.
        ready, _, _ = select.select([descriptor, 0], [], [], seconds)
        if descriptor not in ready:
            os.kill(child, signal.SIGKILL)
        _, status, usage = os.wait4(child, 0)
    finally:
        os.close(descriptor)
    return _ending(status, was_killed=descriptor not in ready), usage.ru_maxrss * 1024


def _ending(status: int, *, was_killed: bool) -> str:
    if was_killed or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU):
        return "time"
    # Rust aborts when memory is refused to it; the kernel kills when the machine has none.
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGABRT, signal.SIGKILL):
        return "memory"
    return "well" if status == 0 else "badly"


def _read_in_child(reading: Any, job: Report, bounds: ReadingLimits) -> None:
    """Everything the child does. Leaves by _exit alone, so that nothing of the watcher runs twice."""
    status = 1
    try:
        _die_with_parent()
        _set_limits(bounds)
        _tell(_attempt(reading, job))
        status = 0
    finally:
        os._exit(status)


def _attempt(reading: Any, job: Report) -> Report:
    try:
        if job.get("reads") == "grid":
            return {"result": _grids(job)}
        reporter = _Reporter()
        result = reading.read_delivery(reading.ReadingJob.from_json(job), reporter.advance)
        reporter.tell_rest()
        return {"result": result.as_json()}
    except DataFault as fault:
        return {
            "fault": {
                "code": fault.code,
                "sentence": fault.sentence,
                "where": asdict(fault.where),
                "remedy": fault.remedy,
            }
        }
    except MemoryError:
        return {"failed": "memory"}
    except OSError as error:
        failures = {errno.ENOSPC: "disk", errno.EFBIG: "memory", errno.ENOMEM: "memory"}
        return {"failed": failures.get(error.errno or 0, "badly")}
    except BaseException:  # noqa: BLE001 - a Rust panic is a BaseException; the parent gives the sentence
        return {"failed": "badly"}


def _grids(job: Report) -> Report:
    from kuai.sources.engine import reading_grids  # noqa: PLC0415 - loaded by `serve`; reading imports this file

    result: Report = reading_grids.read_grids(job).as_json()
    return result


def _set_limits(bounds: ReadingLimits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_most))
    seconds = int(bounds.wall_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (bounds.file_bytes, bounds.file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    # Writing too much then raises an error that becomes a sentence, instead of a death without one.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    os.umask(0o077)


def _die_with_parent() -> None:
    # For the child of the watcher alone: of a parent with threads, the kernel would mean the thread.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class _Reporter:
    """Tells the parent how far the reading is, a few times a second."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()
        self._amount = 0

    def advance(self, amount: int) -> None:
        self._amount += amount
        moment = time.monotonic()
        if moment - self._told_at >= REPORT_EVERY_SECONDS:
            self.tell_rest()
            self._told_at = moment

    def tell_rest(self) -> None:
        """What was not told yet."""
        _tell({"done": self._amount})
        self._amount = 0


def _tell(report: Report) -> None:
    content = json.dumps(report).encode() + b"\n"
    while content:
        content = content[os.write(1, content) :]
