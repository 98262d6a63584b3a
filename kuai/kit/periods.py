"""Half-open periods of days with a precision. `valid_to` is the first day on which it is no longer true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Precision(StrEnum):
    """How exactly the day is known; a month or year is stored as its first day."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Period:
    """[valid_from, valid_to). None means open: unknown beginning, or not ended as far as anybody said."""

    valid_from: date | None = None
    valid_to: date | None = None
    precision: Precision = Precision.DAY

    def __post_init__(self) -> None:
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError(
                f"a period cannot end ({self.valid_to}) before it begins ({self.valid_from})"
            )

    def holds_on(self, day: date) -> bool:
        """Was it true on `day`?"""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day < self.valid_to
        )

    def overlaps(self, other: Period) -> bool:
        """Do the two share at least one day?"""
        starts_before_end = (
            self.valid_from is None or other.valid_to is None or self.valid_from < other.valid_to
        )
        ends_after_start = (
            self.valid_to is None or other.valid_from is None or other.valid_from < self.valid_to
        )
        return starts_before_end and ends_after_start and not self.is_empty and not other.is_empty

    @property
    def is_empty(self) -> bool:
        """A period of no day (it began and ended on the same one)."""
        return self.valid_from is not None and self.valid_from == self.valid_to
