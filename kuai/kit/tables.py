"""Bulk tables as declared things: every column has a type, a sensitivity and a reason to exist.

A stage may only write a table that is declared here-wise; the declaration is what the house tests, the data
dictionary and lineage read. Sensitivity grades follow GB/T 43697-2024 practice (4-standards 4.2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path


class Sensitivity(IntEnum):
    """L1 public, L2 internal, L3 sensitive (names, contact, address of a person), L4 highly sensitive.

    Anything of a child under 14 is L4 whatever its column says: see `effective_level`.
    """

    L1 = 1
    L2 = 2
    L3 = 3
    L4 = 4


def effective_level(level: Sensitivity, *, is_child_under_14: bool) -> Sensitivity:
    """The grade of one value: L4 if it belongs to a child under 14 (PIPL art. 28), else its column's."""
    return Sensitivity.L4 if is_child_under_14 else level


@dataclass(frozen=True)
class Column:
    """A column of a bulk table. `type` is a DuckDB type; `meaning` is one line for the data dictionary."""

    name: str
    type: str
    level: Sensitivity
    meaning: str


@dataclass(frozen=True)
class BulkTable:
    """A declared table. `row` answers "what does one row mean?"; `order_by` makes its files deterministic."""

    name: str
    owner: str
    row: str
    retention: str
    columns: tuple[Column, ...]
    order_by: tuple[str, ...]
    zone: str = "core"

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


@dataclass(frozen=True)
class TableRef:
    """A table at rest, as it travels between rooms: declared shape, files (Parquet), row count."""

    table: BulkTable
    paths: tuple[Path, ...]
    rows: int
    content_hash: str = ""

    @property
    def name(self) -> str:
        return self.table.name


@dataclass
class TableCatalogue:
    """All declared bulk tables of the house; each room adds its own when its `types` is imported."""

    tables: dict[str, BulkTable] = field(default_factory=dict)

    def declare(self, table: BulkTable) -> BulkTable:
        """Add `table`; the same name twice is a fault of the programmer."""
        known = self.tables.setdefault(table.name, table)
        if known != table:
            raise ValueError(f"bulk table {table.name!r} is declared twice")
        return table


CATALOGUE = TableCatalogue()
