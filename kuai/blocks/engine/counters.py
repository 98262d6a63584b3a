"""The catalogue of counters: what each figure means, and which ones count persons."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

CATALOGUE_FILE = Path(__file__).parents[1] / "counters.yaml"
# Below ten a count of persons may point at somebody (2-architecture, decided 11; GB/T 37964 practice k >= 10).
SMALLEST_SHOWN_COUNT = 10


@dataclass(frozen=True)
class Counter:
    """One figure of a block."""

    key: str
    title_zh: str
    title_en: str
    definition_zh: str
    counts_persons: bool


@cache
def counter_catalogue() -> dict[str, Counter]:
    """All counters by key, in the order they are shown."""
    entries = yaml.safe_load(CATALOGUE_FILE.read_text(encoding="utf-8"))["counters"]
    return {
        entry["key"]: Counter(
            key=entry["key"],
            title_zh=entry["zh"],
            title_en=entry["en"],
            definition_zh=entry["definition"],
            counts_persons=bool(entry["persons"]),
        )
        for entry in entries
    }
