"""The closed set of what people may decide, and how many keys each kind names (decision 0002)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from kuai.kit.errors import Refusal


class DecisionKind(StrEnum):
    """Each has one defined effect on the build and on the overlay; the module LINK gives them to the build."""

    SAME = "same"
    DIFFERENT = "different"
    SPLIT = "split"
    CONFIRM = "confirm"
    OBJECT = "object"
    VERIFY = "verify"
    END = "end"
    ALIAS = "alias"
    LIFE_CYCLE = "life_cycle"
    WITHDRAW = "withdraw"


# (fewest, most) keys a decision of the kind names.
KEY_COUNTS: dict[DecisionKind, tuple[int, int]] = {
    DecisionKind.SAME: (2, 50),
    DecisionKind.DIFFERENT: (2, 2),
    DecisionKind.SPLIT: (2, 50),
    DecisionKind.CONFIRM: (1, 1),
    DecisionKind.OBJECT: (1, 1),
    DecisionKind.VERIFY: (1, 1),
    DecisionKind.END: (1, 1),
    DecisionKind.ALIAS: (2, 2),
    DecisionKind.LIFE_CYCLE: (1, 50),
    DecisionKind.WITHDRAW: (0, 0),
}


def require_keys_fit(kind: DecisionKind, subjects: Sequence[str]) -> None:
    """Refuse a decision that names too few, too many or repeated keys."""
    fewest, most = KEY_COUNTS[kind]
    if len(set(subjects)) != len(subjects) or not fewest <= len(subjects) <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} 到 {most}"
        raise Refusal("decision.keys", f"“{kind.value}”要写明 {wanted} 个不同的编码或记录。")
