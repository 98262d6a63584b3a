"""What crosses the door of `demo_city`: the report on a generated city."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROFILES = ("easy", "hard", "planted")


@dataclass(frozen=True)
class LinkageCeiling:
    """Best pairs precision, recall and F1 any linker can reach with what the rows hold (see README.md)."""

    precision: float
    recall: float
    f1: float
    mentions: int
    lone_mentions: int


@dataclass(frozen=True)
class CityReport:
    """What was written where: rows a resource, seconds, and the package's own linkage ceiling."""

    package: Path
    rooms: int
    buildings: int
    persons: int
    organisations: int
    rows: Mapping[str, int]
    seconds: float
    ceiling: LinkageCeiling
    lacking: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data for `--json`."""
        return {
            "package": str(self.package),
            "rooms": self.rooms,
            "buildings": self.buildings,
            "persons": self.persons,
            "organisations": self.organisations,
            "rows": dict(self.rows),
            "seconds": round(self.seconds, 1),
            "ceiling": {
                "precision": round(self.ceiling.precision, 5),
                "recall": round(self.ceiling.recall, 5),
                "f1": round(self.ceiling.f1, 5),
                "mentions": self.ceiling.mentions,
                "lone_mentions": self.ceiling.lone_mentions,
            },
            "lacking": {name: list(attributes) for name, attributes in self.lacking.items()},
        }
