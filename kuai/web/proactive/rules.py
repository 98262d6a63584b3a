"""Who comes to offers: the person they are for; clerks and stewards see rules and counts, no person."""

from __future__ import annotations

from kuai.guard.access import route_rule
from kuai.guard.types import Role

OWNS_RULES = (Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK)

answers_own_offers = route_rule("offers.own", purpose="own_data", roles=(Role.RESIDENT,))
# An office's own findings, opened one by one: a person by masks and by the ticket of the finding alone.
ANSWERS_FINDINGS = (Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK)
lists_findings = route_rule("offers.findings", purpose="fact_upkeep", roles=ANSWERS_FINDINGS)
opens_finding = route_rule(
    "offers.open_finding", purpose="proactive_benefit", roles=ANSWERS_FINDINGS, tickets="person"
)
# States, sums from ten on and errors by cause: nobody is named.
owns_rules = route_rule("offers.rules", purpose="fact_upkeep", roles=OWNS_RULES)
