"""Leaves a line in the ledger for each look that a rule asks a line for."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from kuai.guard.access import record_entry
from kuai.kit.clock import utc_now


def note_look(
    request: HttpRequest, action: str, *, kind: str, refs: tuple[str, ...] = (), **more: Any
) -> None:
    """Record who did `action` to the things `refs` of `kind`, under the purpose of the route's rule."""
    rule = request.route_rule  # type: ignore[attr-defined]
    record_entry(
        actor=request.actor,  # type: ignore[attr-defined]
        action=action,
        object_kind=kind,
        object_refs=refs,
        purpose=rule.purpose if rule else "",
        at=utc_now(),
        **more,
    )
