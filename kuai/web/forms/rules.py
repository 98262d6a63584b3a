"""Who comes to registered forms: stewards register, another person approves, clerks fill and release on own ground."""

from __future__ import annotations

from kuai.guard.access import route_rule
from kuai.guard.types import Role

SEES_FORMS = (Role.DATA_STEWARD, Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK)
REGISTERS_FORMS = (Role.DATA_STEWARD,)
APPROVES_FORMS = (Role.DATA_STEWARD, Role.DEPARTMENT_CLERK)
FILLS_FORMS = (Role.SUBDISTRICT_CLERK, Role.DEPARTMENT_CLERK)

# Forms, counts and letters: nobody is named.
sees_forms = route_rule("forms.view", purpose="form_keeping", roles=SEES_FORMS)
registers_forms = route_rule("forms.register", purpose="form_keeping", roles=REGISTERS_FORMS)
approves_forms = route_rule("forms.approve", purpose="form_keeping", roles=APPROVES_FORMS)
# Whom a sheet is about is read by the ticket that the filling issues to whoever fills or releases it.
fills_forms = route_rule("forms.fill", purpose="form_keeping", roles=FILLS_FORMS)
releases_forms = route_rule("forms.release", purpose="form_keeping", roles=FILLS_FORMS)
sends_back_forms = route_rule("forms.send_back", purpose="form_keeping", roles=SEES_FORMS)
