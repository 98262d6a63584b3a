"""Reads of linkage: which keys there are, how sure each is, and what it says."""

from __future__ import annotations

from kuai.linkage.engine.agreements import (
    Agreement,
    MatchWeight,
    match_weights,
    read_agreements,
)
from kuai.linkage.engine.keys import PERSON_KEYS, LinkKey
from kuai.linkage.engine.organisations import ORGANISATION_KEYS

__all__ = [
    "Agreement",
    "MatchWeight",
    "list_organisation_keys",
    "list_person_keys",
    "match_weights",
    "read_agreements",
]


def list_person_keys() -> tuple[LinkKey, ...]:
    """Every reason to hold two person mentions for one, strongest first."""
    return PERSON_KEYS


def list_organisation_keys() -> tuple[LinkKey, ...]:
    """Every reason to hold two organisation mentions for one, strongest first."""
    return ORGANISATION_KEYS
