"""The mapping of a source as the page shows it: each column, what it is read as, taken or not, and why."""

from __future__ import annotations

from dataclasses import dataclass

from kuai.sources import actions as sources
from kuai.web.doors import current_store


@dataclass(frozen=True)
class ColumnLine:
    """One column of a delivery."""

    heading: str
    meaning: str
    is_taken: bool
    reason: str


def list_columns(source: str) -> list[ColumnLine]:
    """The columns of the source's mapping; empty before one exists."""
    mapping = sources.read_mapping(current_store(), source)
    if mapping is None:
        return []
    return [
        ColumnLine(
            heading=column.heading,
            meaning=" · ".join(word for word in (column.field, column.role) if word),
            is_taken=column.is_taken,
            reason=column.refused or column.reason,
        )
        for column in mapping.columns
    ]
