"""What yes/no sources said of a person, found under whatever code the person was asked about."""

from __future__ import annotations

from datetime import date

from kuai.kit.store import Store
from kuai.registry import queries as registry
from kuai.sources import asking


def list_answers_of(
    store: Store, code: str, *, purpose: str, on: date
) -> tuple[asking.AnswerFact, ...]:
    """Answers still valid on that day, for that purpose; codes merge, so those of every code that leads to this one.

    Refuses a code that was never given. The caller has a ticket and enters the look.
    """
    living = registry.resolve_code(code, store=store)
    history = registry.read_code_history(living, store=store)
    subjects = {f"person:{one}" for one in (code, living, *history.merged_here)}
    return asking.list_answers(sorted(subjects), purpose=purpose, on=on)
