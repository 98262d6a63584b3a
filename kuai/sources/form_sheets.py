"""Forms that offices send to be filled: their sheets read safely, their headings read by our dictionary. A door.

What is read is not a delivery: nothing is sealed here and nothing kept.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from kuai.kit.errors import DataFault, Where
from kuai.kit.store import Store
from kuai.sources.engine.dictionary import load_dictionary
from kuai.sources.engine.reading_grids import GRID_FILE
from kuai.sources.engine.reading_headings import HeadingReading, fold_heading, read_heading
from kuai.sources.engine.sandbox import read_safely

__all__ = [
    "LARGEST_FORM_BYTES",
    "FormSheet",
    "HeadingReading",
    "ReadForm",
    "fold_heading",
    "meanings_of_heading",
    "read_form",
]

LARGEST_FORM_BYTES = 5 * 1024 * 1024
Span = tuple[int, int, int, int]


@dataclass(frozen=True)
class FormSheet:
    """One visible sheet: all cells as text, from 0; merged ranges as (top, left, bottom, right); places of formulas.

    `hidden_rows`, `hidden_columns`: what whoever opens the sheet does not see.
    """

    name: str
    rows: tuple[tuple[str, ...], ...]
    merges: tuple[Span, ...]
    formulas: frozenset[tuple[int, int]]
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()


@dataclass(frozen=True)
class ReadForm:
    """The visible sheets of a file, what it was (xlsx, xls, csv) and which of its parts will not be carried over."""

    format: str
    sheets: tuple[FormSheet, ...]
    not_carried: tuple[str, ...] = ()


def read_form(store: Store, content: bytes, *, file_name: str) -> ReadForm:
    """The sheets of a form, parsed in a limited child process; a DataFault says in words why it cannot be read."""
    if not 0 < len(content) <= LARGEST_FORM_BYTES:
        raise DataFault(
            "form.size",
            "文件是空的，或超过 5 MB",
            where=Where(file=file_name),
            remedy="请交一份不带图片的空白表或半填表。",
        )
    folder = store.scratch / f"form-{secrets.token_hex(8)}"
    folder.mkdir(parents=True, mode=0o700)
    try:
        path = folder / "form"
        path.write_bytes(content)
        job = {
            "reads": "grid",
            "path": str(path.resolve()),
            "file_name": file_name,
            "scratch": str(folder.resolve()),
        }
        is_packed = content.startswith((b"PK", b"\xd0\xcf"))
        report = read_safely(
            job, size=len(content), is_workbook=is_packed, on_progress=lambda _: None
        )
        found = json.loads((folder / GRID_FILE).read_text(encoding="utf-8"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return ReadForm(
        str(report["format"]),
        tuple(_sheet(one) for one in found),
        tuple(map(str, report.get("not_carried", ()))),
    )


def _sheet(found: dict[str, object]) -> FormSheet:
    rows: Sequence[Sequence[str]] = found["rows"]  # type: ignore[assignment]
    width = max((len(row) for row in rows), default=0)
    spans: Sequence[Sequence[int]] = found["merges"]  # type: ignore[assignment]
    formulas: Sequence[Sequence[int]] = found["formulas"]  # type: ignore[assignment]
    return FormSheet(
        name=str(found["name"]),
        rows=tuple((*map(str, row), *[""] * (width - len(row))) for row in rows),
        merges=tuple((one[0], one[1], one[2], one[3]) for one in spans),
        formulas=frozenset((one[0], one[1]) for one in formulas),
        hidden_rows=frozenset(found.get("hidden_rows", ())),  # type: ignore[call-overload]
        hidden_columns=frozenset(found.get("hidden_columns", ())),  # type: ignore[call-overload]
    )


def meanings_of_heading(heading: str) -> list[HeadingReading]:
    """What our dictionary says a heading may mean, best first; empty if its words say nothing."""
    return read_heading(heading, load_dictionary())
