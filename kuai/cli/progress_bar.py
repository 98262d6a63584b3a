"""Progress in a terminal: one line a piece of work, with rate and time left, once it runs over two seconds."""

from __future__ import annotations

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from kuai.kit.progress import ProgressTask

SHOWN_AFTER_SECONDS = 2


class _RateColumn(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {task.fields['measure']}/秒" if speed else "", style="dim")


class TerminalTask:
    """One line of the display."""

    def __init__(self, display: RichProgress, task: TaskID) -> None:
        self.display = display
        self.task = task

    def advance(self, amount: int = 1) -> None:
        self.display.update(self.task, advance=amount)

    def set_total(self, total: int) -> None:
        self.display.update(self.task, total=total)


class TerminalProgress:
    """Writes to stderr, so that what a command prints on stdout stays clean for pipes and `--json`."""

    def __init__(self) -> None:
        self.display = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[measure]}"),
            _RateColumn(),
            TimeElapsedColumn(),
            TextColumn("剩余"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=False,
        )

    def begin(self, label: str, *, total: int | None = None, measure: str = "行") -> TerminalTask:
        return TerminalTask(
            self.display, self.display.add_task(label, total=total, measure=measure)
        )

    def end(self, task: ProgressTask) -> None:
        if not isinstance(task, TerminalTask):
            return
        entry = self.display.tasks[self.display.task_ids.index(task.task)]
        # What was over in a blink leaves no line behind: a build has dozens of such steps.
        if (entry.elapsed or 0) < SHOWN_AFTER_SECONDS:
            self.display.remove_task(task.task)
        else:
            self.display.update(task.task, total=entry.completed, completed=entry.completed)

    def __enter__(self) -> TerminalProgress:
        self.display.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.display.stop()
