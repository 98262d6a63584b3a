"""What a link run did, in counts that may stand in a receipt."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class LinkFigures:
    """Counts only; no value of any row."""

    mentions: int
    clusters: int
    quarantined: int
    edges_by_key: dict[str, int] = field(default_factory=dict)
    edges_cut: int = 0
    shared_values: dict[str, int] = field(default_factory=dict)
    edges_parted: int = 0
    decisions_waiting: int = 0
    decisions_contradicted: int = 0
    suspicions: dict[str, int] = field(default_factory=dict)

    def as_notes(self) -> dict[str, object]:
        """For `Receipt.notes`."""
        return {
            "clusters": self.clusters,
            "quarantined_mentions": self.quarantined,
            "edges_by_key": self.edges_by_key,
            "edges_cut": self.edges_cut,
            "shared_values": self.shared_values,
            "edges_parted": self.edges_parted,
            "decisions_waiting": self.decisions_waiting,
            "decisions_contradicted": self.decisions_contradicted,
            "suspicions": self.suspicions,
        }
