"""Door for what people decide and review (needs Django; bulk work goes through `actions`)."""

from kuai.registry.deciding import (
    close_review,
    open_review,
    record_decision,
    withdraw_decision,
)
from kuai.registry.engine.decision_kinds import DecisionKind

__all__ = ["DecisionKind", "close_review", "open_review", "record_decision", "withdraw_decision"]
