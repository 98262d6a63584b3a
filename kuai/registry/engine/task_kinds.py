"""Which relations of a person the work of one purpose may look at: one step, nothing more. Pure.

What is not here shows no relation at all. Never: parts in events, guardianship, contact points of others.
"""

from __future__ import annotations

from collections.abc import Mapping

TASK_KINDS: Mapping[str, tuple[str, ...]] = {
    "record_review": ("PH_HUKOU", "PH_RESIDE"),
    "residence_registration": ("PH_HUKOU", "PH_RESIDE", "PH_RENT"),
    "rental_management": ("PH_OWN", "PH_LET", "PH_RENT"),
    "grid_visit": ("PH_RESIDE", "PH_RENT"),
    "proactive_benefit": ("PH_HUKOU", "PH_RESIDE"),
    "administrative_inspection": ("PL_LEGALREP", "PL_OFFICER"),
    "approval": ("PL_LEGALREP", "PL_SHARE"),
}


def kinds_for(purpose: str) -> tuple[str, ...]:
    """The kinds of relation that work of this purpose may see."""
    return TASK_KINDS.get(purpose, ())
