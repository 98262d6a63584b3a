"""Random histories of codes: worlds of persons that live through merges, cuts, absences, newcomers and moves.

Many worlds go through one build together: each has its own persons, and they share only the serial numbers.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from kuai.kit.engine import use_tables, write_table
from kuai.kit.progress import SILENT
from kuai.linkage.types import ORGANISATION_LINK
from kuai.registry import types
from kuai.registry.identifying import (
    BuildFrame,
    identify,
    mark_identity,
    open_identity,
    read_identity,
    write_identity,
)
from kuai.sources.types import (
    ACCOUNT_MENTION,
    ADDRESS_MENTION,
    EVENT_MENTION,
    ORGANISATION_MENTION,
)

OPERATIONS = (
    "merge",
    "undo_merge",
    "cut",
    "undo_cut",
    "rebuild",
    "newcomer",
    "away",
    "back",
    "move",
)
Operation = tuple[str, int, int]
DAY = date(2026, 10, 31)
NOBODY_ELSE = (
    ORGANISATION_MENTION,
    ORGANISATION_LINK,
    EVENT_MENTION,
    ACCOUNT_MENTION,
    ADDRESS_MENTION,
)


@dataclass
class PersonWorld:
    """What is true of a few persons, and what people decided of their mentions."""

    name: str
    sizes: Sequence[int]
    groups: dict[str, int] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    merges: dict[int, tuple[str, str]] = field(default_factory=dict)
    cuts: dict[int, frozenset[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    has_moved: bool = False

    def __post_init__(self) -> None:
        for group, size in enumerate(self.sizes):
            for _ in range(size):
                self._add(group)

    def _add(self, group: int) -> None:
        self.groups[f"{self.name}-{len(self.groups):02d}"] = group

    @property
    def is_calm(self) -> bool:
        """Nothing decided is in force and nobody is away."""
        return not (self.merges or self.cuts or self.away)

    def apply(self, operation: Operation, *, sequence: int) -> None:
        kind, first, second = operation
        getattr(self, f"_{kind}")(first, second, sequence)

    def calm_down(self) -> None:
        self.merges, self.cuts, self.away = {}, {}, set()

    def _merge(self, first: int, second: int, sequence: int) -> None:
        # Only what a build has shown can be decided on.
        known = sorted(self.seen)
        self.merges[sequence] = (known[first % len(known)], known[second % len(known)])

    def _undo_merge(self, first: int, _: int, __: int) -> None:
        if self.merges:
            del self.merges[sorted(self.merges)[first % len(self.merges)]]

    def _cut(self, first: int, second: int, sequence: int) -> None:
        groups = sorted(set(self.groups.values()))
        members = sorted(
            key for key in self.seen if self.groups[key] == groups[first % len(groups)]
        )
        leaving = frozenset(key for place, key in enumerate(members) if second >> place & 1)
        if leaving and len(leaving) < len(members):
            self.cuts[sequence] = leaving

    def _undo_cut(self, first: int, _: int, __: int) -> None:
        if self.cuts:
            del self.cuts[sorted(self.cuts)[first % len(self.cuts)]]

    def _rebuild(self, *_: int) -> None:
        pass

    def _newcomer(self, first: int, second: int, _: int) -> None:
        most = max(self.groups.values()) + 1
        for _ in range(1 + second % 3):
            self._add(first % (most + 1))

    def _away(self, first: int, _: int, __: int) -> None:
        # Never all: a build of nothing is none.
        keys = sorted(self.groups)
        self.away = {key for place, key in enumerate(keys) if first >> place % 7 & 1} - {keys[-1]}

    def _back(self, *_: int) -> None:
        self.away = set()

    def _move(self, first: int, second: int, _: int) -> None:
        keys, groups = sorted(self.groups), sorted(set(self.groups.values()))
        self.groups[keys[first % len(keys)]] = groups[second % len(groups)]
        self.has_moved = True

    def clusters(self) -> dict[str, str]:
        """The cluster of every mention that is here, named by its first."""
        here = sorted(set(self.groups) - self.away)
        root = {key: key for key in here}

        def find(key: str) -> str:
            while root[key] != key:
                key = root[key]
            return key

        def tie(left: str, right: str) -> None:
            ends = sorted((find(left), find(right)))
            root[ends[1]] = ends[0]

        first: dict[tuple[Any, ...], str] = {}
        for key in here:
            part = (self.groups[key], *(key in leaving for leaving in self.cuts.values()))
            tie(first.setdefault(part, key), key)
        for left, right in self.merges.values():
            if left in root and right in root:
                tie(left, right)
        return {key: find(key) for key in here}

    def decisions(self) -> Iterator[tuple[int, str, str, str]]:
        for sequence, pair in self.merges.items():
            for key in sorted(set(pair)):
                yield sequence, "same", "subject", key
        for sequence, leaving in self.cuts.items():
            group = {self.groups[key] for key in leaving}
            for key in sorted(leaving):
                yield sequence, "split", "subject", key
            for key in sorted(self.seen - leaving):
                if self.groups[key] in group:
                    yield sequence, "split", "staying", key


@dataclass(frozen=True)
class Identity:
    """What a build left: its folder and its identity tables."""

    core: Path
    code_of: dict[str, str]
    ledger: dict[str, dict[str, Any]]
    events: list[dict[str, Any]]
    homes: dict[str, tuple[str, bool]]

    def living(self, code: str) -> str:
        for _ in self.ledger:
            target = self.ledger[code]["merged_into"]
            if target is None:
                return code
            code = target
        raise AssertionError(f"{code} leads nowhere")


def build_identity(
    connection: duckdb.DuckDBPyConnection,
    worlds: Sequence[PersonWorld],
    folder: Path,
    *,
    previous: Identity | None,
    number: int,
    shuffle: random.Random | None = None,
) -> Identity:
    """One build of all worlds: the registry's own steps and files, without the relations."""
    rows = [pair for world in worlds for pair in world.clusters().items()]
    decided = [row for world in worlds for row in world.decisions()]
    if shuffle:
        shuffle.shuffle(rows)
        shuffle.shuffle(decided)
    _register_inputs(connection, rows, decided)
    earlier = read_identity(connection, previous.core) if previous else None
    open_identity(connection, earlier)
    frame = BuildFrame(version=f"b-20261031-{number:012x}", as_of=DAY, folder=folder)
    identify(connection, frame, line=SILENT.begin("identify"))
    made = write_identity(connection, frame)
    made[types.MENTION_ELEMENT.name] = write_table(
        connection,
        types.MENTION_ELEMENT,
        "select *, null as address_code, null as grade from element_mention"
        " join identified using (element, mention_no) join reason_number using (reason_no)",
        folder,
    )
    mark_identity(frame, made, previous=earlier)
    for world in worlds:
        world.seen |= set(world.groups) - world.away
    return read_tables(folder)


def read_tables(core: Path) -> Identity:
    def rows(table: str) -> list[dict[str, Any]]:
        return pq.read_table(core / f"{table}.parquet").to_pylist()

    return Identity(
        core=core,
        code_of={row["mention_key"]: row["code"] for row in rows("mention_element")},
        ledger={row["code"]: row for row in rows("identity_ledger")},
        events=rows("identity_event"),
        homes={
            row["mention_key"]: (row["home_code"], row["has_vote"]) for row in rows("mention_home")
        },
    )


def _register_inputs(
    connection: duckdb.DuckDBPyConnection,
    rows: Sequence[tuple[str, str]],
    decided: Sequence[tuple[int, str, str, str]],
) -> None:
    keys, clusters = [key for key, _ in rows], [cluster for _, cluster in rows]
    # A row's place is its name's: the order in which rows come must not matter, their place in the file does.
    place = {key: number for number, key in enumerate(sorted(keys))}
    usual = {"source": "police", "period": "0001", "role": "subject"}
    tables = {
        "person_mention": {
            "mention_key": keys,
            "record_key": keys,
            "row_no": [place[key] for key in keys],
            **{name: [value] * len(keys) for name, value in usual.items()},
        },
        "person_link": {
            "mention_key": keys,
            "cluster_key": clusters,
            "match_probability": [1.0] * len(keys),
            "reason": ["号码相同"] * len(keys),
            "quarantined": [False] * len(keys),
        },
        "decision": {
            "sequence": pa.array([row[0] for row in decided], pa.int64()),
            "kind": pa.array([row[1] for row in decided], pa.string()),
            "part": pa.array([row[2] for row in decided], pa.string()),
            "subject": pa.array([row[3] for row in decided], pa.string()),
        },
    }
    for name, columns in tables.items():
        connection.register("given", pa.table(columns))
        connection.execute(f"create or replace temp table {name} as select * from given")
        connection.unregister("given")
    for table in NOBODY_ELSE:
        use_tables(connection, table, [])
    connection.execute(
        "create or replace temp table row_link (relation varchar, from_mention varchar, to_mention varchar)"
    )
    connection.execute(
        "create or replace temp table address_wash (mention_key varchar, address_code varchar)"
    )
