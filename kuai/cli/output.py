"""How answers and failures look in a terminal."""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from kuai.cli.progress_bar import TerminalProgress
from kuai.kit.errors import Breakdown, DataFault, Refusal
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt

console = Console()
errors = Console(stderr=True)

EXIT_REFUSED = 3
EXIT_FAULTY_INPUT = 4
EXIT_BROKEN = 5


def write_json_answer(value: Any) -> None:
    """The answer as JSON on stdout, nothing else."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")


def show_steps(steps: Sequence[tuple[str, str]], *, as_json: bool) -> None:
    """An explanation, a line a step; or the same as JSON."""
    if as_json:
        write_json_answer([{"step": step, "text": text} for step, text in steps])
        return
    for step, text in steps:
        console.print(f"[bold]{step}[/]  {text}", highlight=False)


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Progress]:
    """Progress on stderr, or none where nobody looks."""
    if quiet:
        yield SILENT
        return
    with TerminalProgress() as progress:
        yield progress


def require_folder_of(out: Path) -> None:
    """Refuse, before any work, an answer that could not be written in the end."""
    if not out.parent.is_dir():
        raise Refusal(
            "output.no_folder", f"没有文件夹 {out.parent}。", next_step="先建好它，或换一个位置。"
        )
    if out.is_dir():
        raise Refusal(
            "output.is_folder", f"{out} 是文件夹，不是文件。", next_step="在后面加上文件名。"
        )
    if not os.access(out.parent, os.W_OK):
        raise Refusal(
            "output.not_writable",
            f"文件夹 {out.parent} 不能写。",
            next_step="换一个位置，或请管理员开放写权限。",
        )


def require_other_file(out: Path, *sources: Path) -> None:
    """Refuse to write an answer over what it is read from."""
    for source in sources:
        if out.exists() and source.exists() and out.samefile(source):
            raise Refusal(
                "output.is_input",
                f"结果不能写到读入的文件 {source.name} 上。",
                next_step="用 -o 写到另一个文件。",
            )


def receipt_table(title: str, receipts: tuple[Receipt, ...]) -> Table:
    """Receipts as a table whose rows add up."""
    table = Table(title=title)
    for heading in ("环节", "收到", "留用", "不收", "退回", "单位"):
        table.add_column(
            heading, justify="right" if heading in ("收到", "留用", "不收", "退回") else "left"
        )
    for receipt in receipts:
        counts = (receipt.received, receipt.kept, receipt.refused, receipt.quarantined)
        table.add_row(receipt.stage, *(f"{count:,}" for count in counts), receipt.what)
    return table


def show_failure(failure: Exception) -> int:
    """Say what went wrong, where and what to do next; returns the exit code. Never a traceback: it may hold values."""
    if isinstance(failure, Refusal):
        errors.print(f"[bold red]不能这样做：[/]{failure.sentence}", highlight=False)
        if failure.next_step:
            errors.print(f"  下一步：{failure.next_step}", highlight=False)
        return EXIT_REFUSED
    if isinstance(failure, DataFault):
        place = str(failure.where)
        errors.print(
            f"[bold red]文件有误：[/]{place + '：' if place else ''}{failure.sentence}",
            highlight=False,
        )
        if failure.remedy:
            errors.print(f"  怎么改：{failure.remedy}", highlight=False)
        return EXIT_FAULTY_INPUT
    if isinstance(failure, Breakdown):
        errors.print(f"[bold red]机器出错：[/]{failure}", highlight=False)
        errors.print(
            "  下一步：运行 kuai doctor 查看缺什么；已完成的环节不会丢，重新运行会接着做。",
            highlight=False,
        )
        return EXIT_BROKEN
    raise failure


def show_unexpected(failure: Exception) -> int:
    """A fault of the programme: say its kind and place. Not its text: that may hold a value of somebody's row."""
    if isinstance(failure, OSError) and failure.filename and failure.strerror:
        errors.print(
            f"[bold red]机器出错：[/]读写不了 {failure.filename}：{failure.strerror}",
            highlight=False,
        )
        errors.print("  下一步：检查路径、权限和磁盘空间；已完成的环节不会丢。", highlight=False)
        return EXIT_BROKEN
    frames = traceback.extract_tb(failure.__traceback__)
    place = next(
        (
            f"{Path(one.filename).name}:{one.lineno}"
            for one in reversed(frames)
            if "kuai" in one.filename
        ),
        "",
    )
    errors.print(f"[bold red]程序出错：[/]{type(failure).__name__} {place}", highlight=False)
    errors.print(
        "  已完成的环节不会丢。请把这一行告诉维护人员；KUAI_DEBUG=1 可看全部细节（可能含数据，勿外传）。",
        highlight=False,
    )
    return EXIT_BROKEN
