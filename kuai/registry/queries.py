"""The reads of the registry that others may call. Needs Django."""

from kuai.registry.believing import (
    Belief,
    ElementState,
    RelationState,
    find_belief,
    state_of,
)
from kuai.registry.code_history import (
    CodeHistory,
    CodeStep,
    read_code_history,
    resolve_code,
    resolve_codes,
)
from kuai.registry.deciding import DecisionView, list_decisions, verified_level
from kuai.registry.facts import Statement, list_statements, published_sequence
from kuai.registry.overlay import (
    FactWord,
    contested_facts,
    facts_out_of_use,
    statuses_over,
    statuses_since,
)
from kuai.registry.resolving import resolve_person

__all__ = [
    "Belief",
    "ElementState",
    "RelationState",
    "find_belief",
    "state_of",
    "CodeHistory",
    "CodeStep",
    "DecisionView",
    "FactWord",
    "Statement",
    "contested_facts",
    "facts_out_of_use",
    "list_decisions",
    "list_statements",
    "published_sequence",
    "read_code_history",
    "resolve_code",
    "resolve_codes",
    "resolve_person",
    "statuses_over",
    "statuses_since",
    "verified_level",
]
