"""The catalogue of counters: what each figure means, and which ones count persons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from kuai.blocks.engine.cells import SMALLEST_SHOWN_COUNT

__all__ = [
    "SMALLEST_SHOWN_COUNT",
    "Counter",
    "PersonTable",
    "all_counters",
    "cell_tables",
    "counter_catalogue",
    "happening_tables",
    "person_tables",
]
CATALOGUE_FILE = Path(__file__).parents[1] / "counters.yaml"


@dataclass(frozen=True)
class Counter:
    """One figure of a block. `table` is empty unless it counts persons or their homes."""

    key: str
    title_zh: str
    title_en: str
    definition_zh: str
    group: str
    table: str
    part_of: str
    is_hidden: bool
    # What comes from a home is its people's: of a building or a drawn area it is told by cells, in tens.
    is_from_homes: bool

    @property
    def counts_persons(self) -> bool:
        return bool(self.table)


@dataclass(frozen=True)
class PersonTable:
    """Counters that share their cells; `part_of` is the counter their figures add up to, empty if none."""

    name: str
    keys: tuple[str, ...]
    part_of: str


@cache
def all_counters() -> dict[str, Counter]:
    """All counters by key, in the order they are shown; also those that are never shown."""
    entries = yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8"))["counters"]
    return {
        entry["key"]: Counter(
            key=entry["key"],
            title_zh=entry["zh"],
            title_en=entry["en"],
            definition_zh=entry["definition"],
            group=entry["group"],
            table=entry.get("table", ""),
            part_of=entry.get("part_of", ""),
            is_hidden=bool(entry.get("hidden", False)),
            is_from_homes=bool(entry.get("from_homes", False)),
        )
        for entry in entries
    }


@cache
def counter_catalogue() -> dict[str, Counter]:
    """The counters that are shown, by key."""
    return {key: counter for key, counter in all_counters().items() if not counter.is_hidden}


@cache
def person_tables() -> tuple[PersonTable, ...]:
    """The tables of persons; one that adds up to another's counter comes after it."""
    tables: dict[str, PersonTable] = {}
    for counter in all_counters().values():
        if counter.table:
            known = tables.get(counter.table, PersonTable(counter.table, (), counter.part_of))
            tables[counter.table] = PersonTable(
                known.name, (*known.keys, counter.key), known.part_of
            )
    return tuple(sorted(tables.values(), key=lambda table: bool(table.part_of)))


@cache
def happening_tables() -> tuple[PersonTable, ...]:
    """What happens at homes, each counter with cells of its own."""
    return tuple(
        PersonTable(key, (key,), "")
        for key, counter in all_counters().items()
        if counter.is_from_homes
    )


def cell_tables() -> tuple[PersonTable, ...]:
    """All tables published by cells, in the order of the serving files."""
    return (*person_tables(), *happening_tables())
