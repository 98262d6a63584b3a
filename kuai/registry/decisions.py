"""Door for what people decide and review (needs Django; bulk work goes through `actions`)."""

from kuai.registry.deciding import record_decision, withdraw_decision
from kuai.registry.engine.decision_kinds import (
    LEVELS,
    DecisionKind,
    EvidenceKind,
    Objection,
    Objector,
    VerifiedLevel,
)
from kuai.registry.freezing import freeze_decisions, last_sequence
from kuai.registry.reviewing import close_review, open_review

__all__ = [
    "LEVELS",
    "DecisionKind",
    "EvidenceKind",
    "Objection",
    "Objector",
    "VerifiedLevel",
    "close_review",
    "freeze_decisions",
    "last_sequence",
    "open_review",
    "record_decision",
    "withdraw_decision",
]
