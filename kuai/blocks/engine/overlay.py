"""Which counters of premises a fact is in, and what changes when facts go out of use or come back. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kuai.blocks.types import PlacedChange, PlacedFact

FACTS_OF_PREMISES = ("LH_REGISTERED", "LH_OPERATE", "HE_OCCUR", "HT_UTILITY")
_FIRM_KINDS = {"enterprise": "firms_enterprise", "sole_trader": "firms_sole_trader"}
LEGAL_KINDS = ("enterprise", "cooperative", "institution", "other")
_EVENT_KINDS = {"request": "requests", "inspection": "inspections", "case": "cases"}


def premises_counters(relation: str, element: Mapping[str, Any]) -> tuple[str, ...]:
    """The counters that a fact of this type counts in, by what is known of its firm or event; as the build counts."""
    kind = element.get("kind") or ""
    if relation == "LH_REGISTERED" and element.get("state") != "ended":
        return ("firms", _FIRM_KINDS.get(kind, "firms_other"), *_state_and_section(element))
    if relation == "LH_OPERATE":
        return ("firms_operating",)
    if relation == "HT_UTILITY":
        return ("water_accounts",)
    if relation == "HE_OCCUR" and kind in _EVENT_KINDS:
        has_failed = kind == "inspection" and "不合格" in (element.get("outcome") or "")
        return (_EVENT_KINDS[kind], *(("inspections_failed",) if has_failed else ()))
    return ()


def _state_and_section(firm: Mapping[str, Any]) -> Iterable[str]:
    yield "firms_active" if firm.get("state") == "active" else "firms_state_unknown"
    # What a sole trader does is a person's, and who is of no known kind may be one: decision 0035.
    if firm.get("kind") in LEGAL_KINDS:
        yield f"firms_section_{(firm.get('industry_section') or 'unknown').lower()}"


def changes_between(
    before: Iterable[PlacedFact], after: Iterable[PlacedFact], leaf_of: Callable[[str], str]
) -> tuple[PlacedChange, ...]:
    """What the counters change by. An element counts once a building, however many facts put it there.

    Give all facts of an element in both, not only those that were decided on.
    """
    counted, counts = (
        {(fact.counter, leaf_of(fact.place_code), fact.element) for fact in facts}
        for facts in (before, after)
    )
    changes: dict[tuple[str, str], int] = {}
    for step, gone_or_come in ((-1, counted - counts), (1, counts - counted)):
        for counter, leaf, _element in gone_or_come:
            changes[counter, leaf] = changes.get((counter, leaf), 0) + step
    return tuple(
        PlacedChange(counter, leaf, difference)
        for (counter, leaf), difference in sorted(changes.items())
        if difference
    )
