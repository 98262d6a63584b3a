"""Doors of registered forms that read: forms, fillings, coverage, what a person on a list is told."""

from __future__ import annotations

from datetime import date

from kuai.guard.types import Actor
from kuai.kit.errors import Refusal
from kuai.services.forms.coverage import count_coverage
from kuai.services.forms.engine.form_fields import (
    NEVER_FILLED,
    FormField,
    fields_about,
    form_fields,
)
from kuai.services.forms.fillings import find_released_list, list_unknown_cells, view_filling
from kuai.services.forms.known import list_known_cells
from kuai.services.forms.letters import list_letters
from kuai.services.forms.models import FormFilling, RegisteredForm
from kuai.services.forms.registering import (
    APPROVERS,
    area_for,
    get_form,
    purposes_of_forms,
    view_of,
)
from kuai.services.forms.types import FormView

__all__ = [
    "APPROVERS",
    "NEVER_FILLED",
    "FormField",
    "count_coverage",
    "fields_about",
    "find_released_list",
    "form_fields",
    "get_registered_form",
    "list_fillings",
    "list_forms",
    "list_known_cells",
    "list_letters",
    "list_unknown_cells",
    "may_fill",
    "purposes_of_forms",
    "view_filling",
]


def list_forms(*, on: date) -> tuple[FormView, ...]:
    """Every registered form, newest first."""
    forms = RegisteredForm.objects.prefetch_related("moves").order_by("-pk")
    return tuple(view_of(form, on=on) for form in forms)


def get_registered_form(number: str, *, on: date) -> FormView:
    """One form; refuses an unknown number."""
    return view_of(get_form(number), on=on)


def may_fill(number: str, actor: Actor) -> bool:
    """Whether the form's ground is this actor's."""
    try:
        area_for(get_form(number), actor)
    except Refusal:
        return False
    return True


def list_fillings(number: str, *, limit: int = 50) -> tuple[dict[str, object], ...]:
    """Who filled and released this form when, newest first: counts, no values."""
    rows = FormFilling.objects.filter(form__number=number).order_by("-pk")[:limit]
    return tuple(
        {
            "uuid": str(row.uuid),
            "state": row.state,
            "is_over": row.ended_at is not None,
            "rows": row.counts.get("rows", 0),
            "prepared_by": row.prepared_by,
            "prepared_at": row.prepared_at,
            "released_by": row.released_by,
            "released_at": row.released_at,
            "reason": row.reason,
            "is_learned": row.is_learned,
        }
        for row in rows
    )
