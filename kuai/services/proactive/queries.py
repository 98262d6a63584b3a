"""Doors of offers that read: rules with state and precision, one's own offers, entitlements nobody answered."""

from __future__ import annotations

from kuai.services.proactive.looking import (
    finding_of,
    is_about_person,
    list_rule_findings,
    tell_deadline,
)
from kuai.services.proactive.offering import count_unanswered, list_missed, list_own_offers
from kuai.services.proactive.rule_life import (
    find_asked,
    list_standings,
    list_states,
    precision_of,
    state_of,
)

__all__ = [
    "count_unanswered",
    "find_asked",
    "finding_of",
    "is_about_person",
    "list_missed",
    "list_own_offers",
    "list_rule_findings",
    "list_standings",
    "list_states",
    "precision_of",
    "state_of",
    "tell_deadline",
]
