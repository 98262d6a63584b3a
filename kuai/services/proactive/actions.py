"""Doors of offers that write: rehearse, sign, suspend rules; record answers; hand offers over; accept or decline."""

from __future__ import annotations

from kuai.services.proactive.looking import answer_finding, open_finding, take_finding_ticket
from kuai.services.proactive.offering import answer_offer, hand_over
from kuai.services.proactive.rule_life import (
    note_findings,
    record_answer,
    rehearse_rule,
    sign_rule,
    suspend_rule,
    withdraw_rule,
)

__all__ = [
    "answer_finding",
    "answer_offer",
    "hand_over",
    "note_findings",
    "open_finding",
    "record_answer",
    "rehearse_rule",
    "sign_rule",
    "suspend_rule",
    "take_finding_ticket",
    "withdraw_rule",
]
