"""The reads others may call: wash one text, explain one text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from kuai.address.batch import index_of, index_of_files
from kuai.address.engine.explaining import explain_trail
from kuai.address.engine.grading import SCORE_CEILINGS
from kuai.address.engine.several import AddressSpan, wash_all
from kuai.address.engine.washing import Washer
from kuai.address.libraries import read_library_file
from kuai.address.reading import library_table, read_delivered_library
from kuai.address.types import ExplainStep, WashedAddress
from kuai.kit.tables import TableRef

__all__ = [
    "SCORE_CEILINGS",
    "AddressSpan",
    "AnyLibrary",
    "OpenLibrary",
    "explain_text",
    "open_library",
]
AnyLibrary: TypeAlias = TableRef | Path | pa.Table


class OpenLibrary:
    """A library ready for single texts (portal, `kuai explain`). Opening 600,000 entries takes seconds: keep it."""

    def __init__(
        self,
        library: AnyLibrary,
        *,
        aliases: TableRef | pa.Table | None = None,
        successions: TableRef | pa.Table | None = None,
    ) -> None:
        other = {"aliases": _table_of(aliases), "successions": _table_of(successions)}
        if isinstance(library, TableRef):
            index = index_of_files(library.paths, **other)
        else:
            index = index_of(_entries_of(library), **other)
        self._washer = Washer(index)

    def wash_text(self, text: str) -> WashedAddress:
        """The answer for one text, the same as the batch gives."""
        return self._washer.wash(text)

    def wash_texts(self, texts: Iterable[str]) -> list[WashedAddress]:
        """One answer a text, in order, in this process; for files and millions there is `actions.wash_file`."""
        return [self._washer.wash(text) for text in texts]

    def wash_all(self, text: str) -> list[AddressSpan]:
        """Every address of a text that holds several, in order, each with where it stands and its answer."""
        return wash_all(text, self.wash_text)

    def explain_text(self, text: str) -> list[ExplainStep]:
        """What each step saw, in order, ending with the grade and why."""
        return explain_trail(text, self._washer.follow(text), self._washer.index)

    def place_part(self, text: str) -> str:
        """The part of the text that says where, in the one spelling: what an alias of it keeps."""
        return self._washer.follow(text).place_part


def open_library(
    library: AnyLibrary,
    *,
    aliases: TableRef | pa.Table | None = None,
    successions: TableRef | pa.Table | None = None,
) -> OpenLibrary:
    """Open a washed build's `address_entry` (TableRef), a delivered CSV, XLSX or Parquet (Path) or an entry table.

    `aliases` and `successions` are those frozen with it.
    """
    return OpenLibrary(library, aliases=aliases, successions=successions)


def explain_text(library: AnyLibrary, text: str) -> list[ExplainStep]:
    """Steps of the wash of `text`, for `kuai explain address`."""
    return open_library(library).explain_text(text)


def _table_of(table: TableRef | pa.Table | None) -> pa.Table | None:
    if isinstance(table, TableRef):
        parts = [pq.read_table(path) for path in table.paths]
        return pa.concat_tables(parts) if parts else None
    return table


def _entries_of(library: Path | pa.Table) -> pa.Table:
    if isinstance(library, Path):
        return read_library_file(library).entries
    if "地址编码" in library.column_names:
        return library_table(read_delivered_library(library))
    return library
