"""The reads of the registry that others may call. Needs Django."""

from kuai.registry.deciding import DecisionView, list_decisions
from kuai.registry.resolving import resolve_person

__all__ = ["DecisionView", "list_decisions", "resolve_person"]
