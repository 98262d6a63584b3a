"""How long work tells where it stands. Rooms report through this protocol; entrances decide how it looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class ProgressTask(Protocol):
    """One running piece of work."""

    def advance(self, amount: int = 1) -> None:
        """Another `amount` of its measure is done."""

    def set_total(self, total: int) -> None:
        """The size became known (or better known)."""


class Progress(Protocol):
    """Where progress is shown: a terminal, a web page, nowhere."""

    def begin(self, label: str, *, total: int | None = None, measure: str = "行") -> ProgressTask:
        """Open a line for `label`; `measure` is what is counted (行, 文件, MB)."""

    def end(self, task: ProgressTask) -> None:
        """The piece of work is over."""


class _SilentTask:
    def advance(self, amount: int = 1) -> None:
        pass

    def set_total(self, total: int) -> None:
        pass


class SilentProgress:
    """Shows nothing. The default below the entrances."""

    def begin(self, label: str, *, total: int | None = None, measure: str = "行") -> ProgressTask:  # noqa: ARG002
        return _SilentTask()

    def end(self, task: ProgressTask) -> None:
        pass


SILENT = SilentProgress()


@contextmanager
def progress_line(
    progress: Progress, label: str, *, total: int | None = None, measure: str = "行"
) -> Iterator[ProgressTask]:
    """`begin` and `end` around a block."""
    task = progress.begin(label, total=total, measure=measure)
    try:
        yield task
    finally:
        progress.end(task)
