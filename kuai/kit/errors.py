"""The three ways a thing can fail. Nothing else is raised on purpose.

Refusal: the answer is no. DataFault: this row (or file) is bad, the rest goes on. Breakdown: the machine
failed; stop and keep the cause. No message carries personal data: say where, never what the value was.
"""

from __future__ import annotations

from dataclasses import dataclass


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error
    """The answer is no. Shown to the person who asked, with what to do next."""

    def __init__(self, code: str, sentence: str, *, next_step: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.sentence}{' ' + self.next_step if self.next_step else ''}"


@dataclass(frozen=True)
class Where:
    """The place of a fault in what was delivered. `row` and `column` count as the office sees them, from 1."""

    file: str = ""
    sheet: str = ""
    row: int | None = None
    column: str = ""

    def __str__(self) -> str:
        parts = [
            f"文件 {self.file}" if self.file else "",
            f"工作表 {self.sheet}" if self.sheet else "",
        ]
        parts.append(f"第 {self.row} 行" if self.row is not None else "")
        parts.append(f"“{self.column}”列" if self.column else "")
        return " ".join(part for part in parts if part)


class DataFault(Exception):  # noqa: N818 - an outcome of a row, often returned rather than raised
    """This file or row cannot be taken. Carries where it is, what is wrong and how to mend it."""

    def __init__(
        self, code: str, sentence: str, *, where: Where | None = None, remedy: str = ""
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.where = where or Where()
        self.remedy = remedy

    def __str__(self) -> str:
        place = str(self.where)
        return "：".join(part for part in (place, self.sentence) if part) + (
            f"。{self.remedy}" if self.remedy else ""
        )


class Breakdown(Exception):  # noqa: N818
    """The machine failed (disk, worker, database). Always raised `from` its cause; the runner decides on retry."""
