"""Doors of registered forms that write: register and decide, take a sheet in, release it, write a refusal letter."""

from __future__ import annotations

from kuai.services.forms.fillings import (
    correct_headings,
    drop_filling,
    end_old_fillings,
    fetch_filled,
    prepare_filling,
    release_filling,
)
from kuai.services.forms.letters import read_letter, write_refusal_letter
from kuai.services.forms.registering import decide_form, register_form

__all__ = [
    "correct_headings",
    "decide_form",
    "drop_filling",
    "end_old_fillings",
    "fetch_filled",
    "prepare_filling",
    "read_letter",
    "register_form",
    "release_filling",
    "write_refusal_letter",
]
