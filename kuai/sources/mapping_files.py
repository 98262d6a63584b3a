"""Where mappings are kept and how one is made for a delivery: a steward's file wins over a new suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from kuai.guard.actions import open_sealed
from kuai.guard.types import SourceRegistration, Zone
from kuai.kit.atomic_files import write_text
from kuai.kit.errors import Breakdown, DataFault, Where
from kuai.kit.progress import SILENT, Progress
from kuai.kit.receipt import Receipt
from kuai.kit.store import Store
from kuai.sources.engine import suggesting
from kuai.sources.engine.dictionary import load_dictionary
from kuai.sources.engine.mappings import (
    Mapping,
    find_columns,
    find_mapping_faults,
    parse_mapping,
    write_mapping,
)
from kuai.sources.mapping_steps import map_delivery
from kuai.sources.types import MentionSet, SnapshotRef

# Three windows, because files are often sorted: the head of a list may be all of one street.
SAMPLE_WINDOWS = 3
WINDOW_ROWS = 1_000


def mapping_path(store: Store, source: str) -> Path:
    """Where the mapping of `source` is kept."""
    return store.root / "mappings" / f"{source}.yaml"


def read_mapping(store: Store, source: str) -> Mapping | None:
    """The kept mapping of `source`, None if there is none; a DataFault names what is wrong with the file."""
    path = mapping_path(store, source)
    if not path.exists():
        return None
    mapping = parse_mapping(path.read_text(encoding="utf-8"), file_name=path.name)
    if mapping.source != source:
        raise DataFault(
            "mapping.other_source",
            f"这是来源“{mapping.source}”的映射，不是“{source}”的",
            where=Where(file=path.name),
            remedy="改正 source 一项",
        )
    return mapping


def save_mapping(store: Store, mapping: Mapping) -> Path:
    """Keep `mapping` for the next builds; refuses (DataFault) a faulty one and leaves the old. May be repeated."""
    faults = find_mapping_faults(mapping, load_dictionary())
    if faults:
        raise DataFault(
            "mapping.faulty",
            "；".join(faults),
            where=Where(file=mapping_path(store, mapping.source).name),
            remedy="改正后再保存；原来的映射没有变",
        )
    path = mapping_path(store, mapping.source)
    write_text(path, write_mapping(mapping))
    return path


def suggest_mapping(store: Store, snapshot: SnapshotRef, *, zone: Zone) -> Mapping:
    """A mapping suggested from headings and a sample of the sealed rows. Keeps nothing."""
    columns = (
        [[] for _ in snapshot.headings] if not snapshot.rows else _sample(store, snapshot, zone)
    )
    return suggesting.suggest_mapping(snapshot.source, snapshot.headings, columns)


def settle_mapping(store: Store, snapshot: SnapshotRef, *, zone: Zone) -> Mapping:
    """The kept mapping of the snapshot's source; else the suggestion, which is then kept."""
    kept = read_mapping(store, snapshot.source)
    if kept is not None:
        return kept
    suggested = suggest_mapping(store, snapshot, zone=zone)
    save_mapping(store, suggested)
    return suggested


@dataclass
class ColumnChoice:
    """Which columns of a source's delivery may be sealed: those that its mapping takes in, and no other.

    One choice for one delivery: the mapping it was settled by is the one the delivery is then mapped by.
    """

    store: Store
    source: str
    mapping: Mapping | None

    def wanted(self, headings: Sequence[str]) -> tuple[int, ...] | None:
        """The numbers of the columns that the mapping takes in; None while there is no mapping."""
        return None if self.mapping is None else _columns_taken(self.mapping, headings)

    def settle(self, headings: Sequence[str], rows: pa.Table) -> tuple[int, ...]:
        """The same; without a mapping, one is first suggested from `rows` (c0..cN, not yet sealed) and kept."""
        if self.mapping is None:
            suggested = suggesting.suggest_mapping(
                self.source, headings, _sample_rows(rows, len(headings))
            )
            save_mapping(self.store, suggested)
            self.mapping = suggested
        return _columns_taken(self.mapping, headings)

    @property
    def settled(self) -> Mapping:
        """The mapping that the delivery was received by."""
        if self.mapping is None:
            raise Breakdown(f"the columns of {self.source} were not settled")
        return self.mapping


def column_choice(store: Store, source: str) -> ColumnChoice:
    """How to choose what is sealed of a delivery of `source`: give it to `receive_parts` or `receive_file`.

    A DataFault names what is wrong with the kept mapping. May be repeated.
    """
    return ColumnChoice(store, source, read_mapping(store, source))


def _columns_taken(mapping: Mapping, headings: Sequence[str]) -> tuple[int, ...]:
    if not mapping.refused:
        # What the delivery lacks is told by the map stage.
        return tuple(sorted(find_columns(mapping, headings)[0]))
    if mapping.template in load_dictionary().templates:
        return ()
    # Of a source of unknown kind nobody can say yet what it is good for: sealed whole until a steward does.
    return tuple(range(len(headings)))


def _sample_rows(rows: pa.Table, width: int) -> list[list[str | None]]:
    windows = [rows.slice(begin, end - begin) for begin, end in _windows(rows.num_rows)]
    table = pa.concat_tables(windows)
    return [table.column(f"c{number}").to_pylist() for number in range(width)]


def map_snapshot(
    store: Store,
    snapshot: SnapshotRef,
    mapping: Mapping,
    *,
    registration: SourceRegistration,
    as_of: date,
    progress: Progress = SILENT,
) -> tuple[MentionSet, Receipt]:
    """Write the mention tables of a delivery and seal its identity values in the registration's zone.

    Refuses a faulty mapping, a care source registered outside care, purposes the source's agreement does not
    permit, and the address library. A source refused as a whole gives empty tables and a receipt that says so.
    May be repeated: unchanged input is recognised, changed input replaces the tables.
    """
    return map_delivery(
        store, snapshot, mapping, registration=registration, as_of=as_of, progress=progress
    )


def _sample(store: Store, snapshot: SnapshotRef, zone: Zone) -> list[list[str | None]]:
    names = [f"c{number}" for number in range(len(snapshot.headings))]
    parts = []
    for begin, end in _windows(snapshot.rows):
        parts.append(
            open_sealed(
                store,
                zone=zone,
                source=snapshot.source,
                period=snapshot.period,
                name="snapshot",
                columns=names,
                rows=(begin, end),
            )
        )
    table = pa.concat_tables(parts)
    return [table.column(name).to_pylist() for name in names]


def _windows(rows: int) -> list[tuple[int, int]]:
    if rows <= SAMPLE_WINDOWS * WINDOW_ROWS:
        return [(0, rows)]
    step = (rows - WINDOW_ROWS) // (SAMPLE_WINDOWS - 1)
    return [(place * step, place * step + WINDOW_ROWS) for place in range(SAMPLE_WINDOWS)]
