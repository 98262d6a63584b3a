"""What a stage did with what it was given. A receipt whose sums do not add up cannot exist."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kuai.kit.errors import Breakdown


@dataclass(frozen=True)
class Receipt:
    """received = kept + refused + quarantined, in rows of `what`; `notes` are figures, never values of rows.

    refused: rows the mapping or the law keeps out. quarantined: faulty rows that go back to their office.
    """

    stage: str
    received: int
    kept: int
    refused: int = 0
    quarantined: int = 0
    what: str = "rows"
    notes: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Receipt, ...] = ()

    def __post_init__(self) -> None:
        counts = (self.received, self.kept, self.refused, self.quarantined)
        if min(counts) < 0 or self.received != sum(counts[1:]):
            raise Breakdown(
                f"{self.stage}: {self.received} {self.what} received, but {self.kept} kept + {self.refused} refused"
                f" + {self.quarantined} quarantined = {sum(counts[1:])}"
            )

    @classmethod
    def total(
        cls, stage: str, parts: tuple[Receipt, ...], *, what: str = "rows", **notes: Any
    ) -> Receipt:
        """The sum of `parts`, which it keeps."""
        return cls(
            stage=stage,
            received=sum(part.received for part in parts),
            kept=sum(part.kept for part in parts),
            refused=sum(part.refused for part in parts),
            quarantined=sum(part.quarantined for part in parts),
            what=what,
            notes=notes,
            parts=parts,
        )

    def as_json(self) -> dict[str, Any]:
        """Plain data for receipts on disk and `--json`."""
        return {
            "stage": self.stage,
            "what": self.what,
            "received": self.received,
            "kept": self.kept,
            "refused": self.refused,
            "quarantined": self.quarantined,
            "notes": dict(self.notes),
            "parts": [part.as_json() for part in self.parts],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Receipt:
        """Inverse of `as_json`."""
        return cls(
            stage=value["stage"],
            received=value["received"],
            kept=value["kept"],
            refused=value["refused"],
            quarantined=value["quarantined"],
            what=value["what"],
            notes=value["notes"],
            parts=tuple(cls.from_json(part) for part in value["parts"]),
        )
