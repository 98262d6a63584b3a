"""Who comes to declarations: anybody at a door; the person at their own home; staff who ask people, never officers."""

from __future__ import annotations

from kuai.guard.access import route_rule
from kuai.guard.types import Role

HANDLES_DECLARATIONS = (Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK, Role.GRID_WORKER)
PRINTS_DOORS = (Role.SUBDISTRICT_CLERK, Role.DATA_STEWARD)

answers_own_home = route_rule("declare.own_home", purpose="own_data", roles=(Role.RESIDENT,))
# Counts from ten on, questions by number: no name, so a purpose that issues no ticket.
sees_declarations = route_rule("declare.view", purpose="fact_upkeep", roles=HANDLES_DECLARATIONS)
takes_question_ticket = route_rule(
    "declare.ticket", purpose="fact_upkeep", roles=HANDLES_DECLARATIONS
)
settles_questions = route_rule("declare.settle", purpose="fact_upkeep", roles=HANDLES_DECLARATIONS)
opens_declaration = route_rule(
    "declare.open", purpose="residence_registration", roles=HANDLES_DECLARATIONS, tickets="person"
)
# What somebody says at the window: the clerk writes it down and reads nothing that was there before.
WINDOWS = (Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK)
takes_declarations = route_rule("declare.counter", purpose="fact_upkeep", roles=WINDOWS)
prints_doors = route_rule("declare.doors", purpose="address_upkeep", roles=PRINTS_DOORS)
