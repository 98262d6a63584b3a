"""How far a long piece of work is, written into its row for the page that asks every second."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from kuai.kit.clock import utc_now
from kuai.kit.errors import DataFault
from kuai.kit.progress import ProgressTask

SECONDS_BETWEEN_WRITES = 0.5


class TrackedRow(Protocol):
    """A row with the columns of progress."""

    step: str
    done: int
    total: int | None
    measure: str
    changed_at: datetime

    def save(self, *, update_fields: Iterable[str]) -> None: ...


class RowTask:
    """One step of the work, as the kit's ProgressTask."""

    def __init__(self, row: TrackedRow, label: str, total: int | None, measure: str) -> None:
        self.row = row
        self.row.step, self.row.done = label[:120], 0
        self.row.total, self.row.measure = total, measure
        self.written_at = 0.0
        self.write()

    def advance(self, amount: int = 1) -> None:
        """Count, and write twice a second at most."""
        self.row.done += amount
        if time.monotonic() - self.written_at >= SECONDS_BETWEEN_WRITES:
            self.write()

    def set_total(self, total: int) -> None:
        """The size became known."""
        self.row.total = total

    def write(self) -> None:
        """Into the row, for the page that asks every second."""
        self.written_at = time.monotonic()
        self.row.changed_at = utc_now()
        self.row.save(update_fields=["step", "done", "total", "measure", "changed_at"])


class RowProgress:
    """The kit's Progress over a row."""

    def __init__(self, row: TrackedRow) -> None:
        self.row = row

    def begin(self, label: str, *, total: int | None = None, measure: str = "行") -> RowTask:
        """A new step."""
        return RowTask(self.row, label, total, measure)

    def end(self, task: ProgressTask) -> None:
        """The step is over."""
        if isinstance(task, RowTask):
            task.write()


def place_and_fault(fault: DataFault) -> str:
    """Where and what, as one sentence; how to mend it is the row's next step and not said twice."""
    place = str(fault.where)
    return f"{place}：{fault.sentence}。" if place else f"{fault.sentence}。"
