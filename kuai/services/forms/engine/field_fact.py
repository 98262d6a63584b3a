"""What is held of one field of one row, by permitted sources. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class FieldFact:
    """A value with its standing, or why no side is taken (`conflict`). `is_backed`: a second source says so too."""

    value: str = ""
    status: str = ""
    source: str = ""
    day: date | None = None
    conflict: str = ""
    is_backed: bool = False


Facts = dict[str, dict[str, FieldFact]]
