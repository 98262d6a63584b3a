"""Who comes to questions: whoever holds a link; staff who ask people. No officer, no leader: nobody enforces by it."""

from __future__ import annotations

from kuai.guard.access import route_rule
from kuai.guard.types import Role

ASKS_QUESTIONS = (Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK, Role.GRID_WORKER)
SENDS_QUESTIONS = (Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK)

# Questions, codes and sums: nobody is named, so a purpose that issues no ticket.
sees_questions = route_rule("questions.view", purpose="fact_upkeep", roles=ASKS_QUESTIONS)
takes_ticket = route_rule("questions.ticket", purpose="fact_upkeep", roles=ASKS_QUESTIONS)
settles_question = route_rule("questions.settle", purpose="fact_upkeep", roles=ASKS_QUESTIONS)
draws_sheets = route_rule("questions.visit", purpose="fact_upkeep", roles=ASKS_QUESTIONS)
# Phones are read one by one by the ticket of a question, in the room that sends, and never shown.
sends_messages = route_rule("questions.send", purpose="fact_upkeep", roles=SENDS_QUESTIONS)
# Who sees in whose name the night sends: no question, no person; so leaders may, and may stop it.
sees_mandates = route_rule(
    "questions.mandates", purpose="block_statistics", roles=(*SENDS_QUESTIONS, Role.LEADER)
)
ends_mandates = route_rule(
    "questions.mandate_end", purpose="block_statistics", roles=(*SENDS_QUESTIONS, Role.LEADER)
)
gives_mandates = route_rule("questions.mandate", purpose="fact_upkeep", roles=SENDS_QUESTIONS)
opens_person = route_rule(
    "questions.open", purpose="residence_registration", roles=ASKS_QUESTIONS, tickets="person"
)
