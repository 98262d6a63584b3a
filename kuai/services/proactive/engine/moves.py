"""The lives of a rule and of an offer as tables: every move that is not in them is refused."""

from __future__ import annotations

from kuai.kit.errors import Refusal
from kuai.services.proactive.types import OfferState, RuleState

RULE_MOVES: frozenset[tuple[RuleState, RuleState]] = frozenset(
    {
        (RuleState.DRAFT, RuleState.REHEARSED),
        (RuleState.REHEARSED, RuleState.REHEARSED),
        (RuleState.REHEARSED, RuleState.LIVE),
        (RuleState.LIVE, RuleState.SUSPENDED),
        # Back only over a new rehearsal and a new signature.
        (RuleState.SUSPENDED, RuleState.REHEARSED),
        (RuleState.DRAFT, RuleState.WITHDRAWN),
        (RuleState.REHEARSED, RuleState.WITHDRAWN),
        (RuleState.LIVE, RuleState.WITHDRAWN),
        (RuleState.SUSPENDED, RuleState.WITHDRAWN),
    }
)
OFFER_MOVES: frozenset[tuple[OfferState, OfferState]] = frozenset(
    {
        (OfferState.WAITING, OfferState.OFFERED),
        (OfferState.WAITING, OfferState.LAPSED),
        (OfferState.OFFERED, OfferState.ACCEPTED),
        (OfferState.OFFERED, OfferState.DECLINED),
        (OfferState.OFFERED, OfferState.LAPSED),
        # Found again after it was gone.
        (OfferState.LAPSED, OfferState.WAITING),
        # Late is not too late.
        (OfferState.LAPSED, OfferState.ACCEPTED),
        (OfferState.LAPSED, OfferState.DECLINED),
    }
)


def require_rule_move(start: RuleState, end: RuleState) -> None:
    """Refuse what the table does not have."""
    if (start, end) not in RULE_MOVES:
        raise Refusal(
            "rule.move",
            f"这条规则现在是“{start.value}”，不能变为“{end.value}”。",
            next_step="先演练（kuai rules rehearse），再由负责人签字（kuai rules sign）。",
        )


def require_offer_move(start: OfferState, end: OfferState) -> None:
    """Refuse what the table does not have."""
    if (start, end) not in OFFER_MOVES:
        raise Refusal(
            "offer.move", "这项服务已经走到别的一步。", next_step="请刷新，看它现在的状态。"
        )
