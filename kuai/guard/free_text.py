"""What people write by hand and we keep (reasons, wordings, names of places) tells of nobody. A door; no Django."""

from __future__ import annotations

from kuai.guard.engine.somebodys_numbers import (
    FIRST_LOOK,
    MAY_TELL,
    NAME,
    PHONE_OR_CARD,
    find_somebody,
    require_nobody,
)
from kuai.kit.errors import Refusal

__all__ = [
    "FIRST_LOOK",
    "LONGEST_REASON",
    "MAY_TELL",
    "NAME",
    "PHONE_OR_CARD",
    "find_somebody",
    "require_nobody",
    "require_reason",
]

LONGEST_REASON = 400


def require_reason(
    reason: str, *, what: str, area: str, longest: int = LONGEST_REASON, next_step: str = ""
) -> str:
    """The reason as it is kept; refuses none, a long one and one that tells of somebody.

    `what` is the act in words; `area` begins the refusal's code (`library.reason`, `library.personal`).
    """
    said = reason.strip()
    if not said:
        raise Refusal(f"{area}.reason", f"{what}要写明理由。")
    if len(said) > longest:
        raise Refusal(f"{area}.reason", f"理由最长 {longest} 字。")
    require_nobody(said, what="理由", code=f"{area}.personal", next_step=next_step)
    return said
