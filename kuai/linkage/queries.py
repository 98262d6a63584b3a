"""Reads of linkage: which keys there are, how sure each is, and what it says."""

from __future__ import annotations

from kuai.linkage.engine.keys import PERSON_KEYS, LinkKey
from kuai.linkage.engine.organisations import ORGANISATION_KEYS


def list_person_keys() -> tuple[LinkKey, ...]:
    """Every reason to hold two person mentions for one, strongest first."""
    return PERSON_KEYS


def list_organisation_keys() -> tuple[LinkKey, ...]:
    """Every reason to hold two organisation mentions for one, strongest first."""
    return ORGANISATION_KEYS
