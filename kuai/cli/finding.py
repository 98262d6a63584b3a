"""One thing the doctor looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `is_needed`: without it Kuai does not run; else only a part is missing."""

    what: str
    is_well: bool
    state: str
    remedy: str = ""
    is_needed: bool = True

    def as_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)
